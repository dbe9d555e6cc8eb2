//! Who may sign in to an and as what.

use super::{Failure, Output, account_of};
use crate::output::{Row, local};
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use waybill::app::App;
use waybill::domain::ids::AccountId;
use waybill::domain::people::{INVITED_DAYS, Refused, Role, address};
use waybill::flows::acts::Actor;
use waybill::flows::acts::people::{self, PeopleError};

/// Which account.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// Mail address of the account, where there are several.
    #[arg(long, value_name = "EMAIL")]
    pub account: Option<String>,
}

async fn of(app: &App, which: &Which) -> Result<AccountId, Failure> {
    if let Some(email) = &which.account {
        return account_of(app, email).await;
    }
    match app.table.accounts_list().await?.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Failure::attention("there is no account", "Make one: waybill account add.")),
        _ => Err(Failure::usage("there are several accounts", "Name one: --account EMAIL.")),
    }
}

/// A person, or somebody who was asked.
#[derive(Serialize)]
struct PersonRow {
    account: String,
    person: String,
    role: Role,
    /// `in`, `invited`, or `too old`.
    state: &'static str,
    /// In since then, or asked then.
    since: Timestamp,
    invited_by: Option<String>,
    /// The invitation works until then.
    until: Option<Timestamp>,
}

impl Row for PersonRow {
    const HEAD: &'static [&'static str] = &["person", "role", "state", "since", "invited by"];
    fn cells(&self, zone: &TimeZone) -> Vec<String> {
        let by = self.invited_by.clone().unwrap_or_default();
        vec![self.person.clone(), self.role.to_string(), self.state.to_owned(), local(self.since, zone), by]
    }
}

/// `waybill account people`. True when an invitation has become too old.
///
/// # Errors
/// No such account, or the table.
pub async fn list(app: &App, which: &Which, output: &mut Output) -> Result<bool, Failure> {
    let id = of(app, which).await?;
    let Some(kept) = app.table.people_get(&id).await? else { return Err(PeopleError::Gone.into()) };
    let now = app.clock.now();
    let inside = kept.people.people.iter().map(|person| PersonRow {
        account: id.to_string(),
        person: person.email.reveal().clone(),
        role: person.role,
        state: "in",
        since: person.since,
        invited_by: person.by.clone(),
        until: None,
    });
    let asked = kept.people.invitations.iter().map(|invitation| PersonRow {
        account: id.to_string(),
        person: invitation.email.reveal().clone(),
        role: invitation.role,
        state: if invitation.until > now { "invited" } else { "too old" },
        since: invitation.at,
        invited_by: Some(invitation.by.clone()),
        until: Some(invitation.until),
    });
    let rows: Vec<PersonRow> = inside.chain(asked).collect();
    output.rows(&rows, "Nobody may sign in.")?;
    Ok(rows.iter().any(|row| row.state == "too old"))
}

#[derive(Serialize)]
struct Asked<'a> {
    account: &'a str,
    person: &'a str,
    role: Role,
    until: Timestamp,
    mailed: bool,
    link: &'a str,
}

/// `waybill account invite`. True when the mail did not leave.
///
/// # Errors
/// Wrong use, or the person is in already.
pub async fn invite(app: &App, which: &Which, person: &str, role: &str, output: &mut Output) -> Result<bool, Failure> {
    let (id, role) = (of(app, which).await?, role_of(role)?);
    let done = people::invite(app, &Actor::command_line(), &id, person, role).await?;
    let email = done.email.reveal();
    let row =
        Asked { account: id.as_str(), person: email, role, until: done.until, mailed: done.mailed, link: &done.link };
    let way =
        if done.mailed { "was asked by mail" } else { "may come in, but the mail did not leave: hand the link over" };
    let said = format!("{email} {way}. As {role}; once, within {INVITED_DAYS} days: {}", done.link);
    output.done(&row, said)?;
    Ok(!done.mailed)
}

#[derive(Serialize)]
struct Changed<'a> {
    account: &'a str,
    person: &'a str,
    role: Option<Role>,
}

/// `waybill account role`.
///
/// # Errors
/// Wrong use, nobody of that address, or the last owner.
pub async fn role(app: &App, which: &Which, person: &str, role: &str, output: &mut Output) -> Result<bool, Failure> {
    let (id, role) = (of(app, which).await?, role_of(role)?);
    people::set_role(app, &Actor::command_line(), &id, person, role).await?;
    let row = Changed { account: id.as_str(), person: &address(person), role: Some(role) };
    output.done(&row, format!("{} is {role} now.", address(person)))?;
    Ok(false)
}

/// `waybill account remove-person`.
///
/// # Errors
/// Nobody of that address, or the last owner.
pub async fn remove(app: &App, which: &Which, person: &str, output: &mut Output) -> Result<bool, Failure> {
    let (id, actor, email) = (of(app, which).await?, Actor::command_line(), address(person));
    let said = match people::remove(app, &actor, &id, person).await {
        Err(PeopleError::Refused(Refused::NoPerson)) => {
            people::revoke(app, &actor, &id, person).await?;
            format!("The invitation of {email} works no more.")
        }
        other => {
            other?;
            format!("{email} may not sign in any more, and is signed out.")
        }
    };
    output.done(&Changed { account: id.as_str(), person: &email, role: None }, said)?;
    Ok(false)
}

fn role_of(word: &str) -> Result<Role, Failure> {
    Role::parse(word).ok_or_else(|| Failure::usage(format!("{word} is no role"), "Give reader, operator or owner."))
}

impl From<PeopleError> for Failure {
    fn from(error: PeopleError) -> Self {
        let next = match &error {
            PeopleError::Address => return Self::usage(error.to_string(), "Write it like person@shop.example."),
            PeopleError::Table(_) => {
                return match error {
                    PeopleError::Table(table) => table.into(),
                    other => Self::bug(other),
                };
            }
            PeopleError::Refused(Refused::LastOwner) => "Invite one: waybill account invite PERSON --role owner.",
            PeopleError::Refused(Refused::Known(_)) => "To change it: waybill account role PERSON ROLE.",
            PeopleError::Refused(_) | PeopleError::Gone | PeopleError::TooSoon => "See waybill account people.",
        };
        Self::attention(error.to_string(), next)
    }
}
