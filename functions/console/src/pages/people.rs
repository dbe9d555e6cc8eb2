//! The people of the account, and those who were asked.

use super::gate::spoken;
use super::list;
use super::shops::trouble_words;
use crate::answer;
use crate::visit::{Member, Visit};
use jiff::Timestamp;
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use waybill::domain::people::{INVITED_DAYS, Role};
use waybill::flows::acts::people::{self, PeopleError};
use waybill::table::accounts::email_hash;
use waybill::table::error::TableError;

#[derive(Serialize)]
struct PersonRow<'a> {
    email: &'a str,
    role: Role,
    since: String,
    by: &'a str,
    me: bool,
    /// Why mails do not reach them.
    trouble: Option<String>,
}

#[derive(Serialize)]
struct InvitationRow<'a> {
    email: &'a str,
    role: Role,
    at: String,
    by: &'a str,
    until: String,
    over: bool,
}

#[derive(Serialize)]
struct RoleRow {
    word: &'static str,
    words: &'static str,
}

/// `GET /people`.
pub(super) async fn page(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    shown(visit, member, None).await
}

async fn shown(visit: &Visit<'_>, member: &Member, fault: Option<String>) -> Result<Response<Body>, TableError> {
    let zone =
        super::shops::shops(visit, member).await?.first().map_or(jiff::tz::TimeZone::UTC, waybill::mail::zone::of);
    let when = |at: Timestamp| list::short(at, &zone);
    let now = visit.app.clock.now();
    let troubles = visit.app.table.mail_troubles(&member.account).await?.people;
    let rows: Vec<PersonRow<'_>> = member
        .people
        .people
        .iter()
        .map(|person| PersonRow {
            email: person.email.reveal(),
            role: person.role,
            since: when(person.since),
            by: person.by.as_deref().unwrap_or_default(),
            me: person.email == member.person.email,
            trouble: troubles.get(&email_hash(person.email.reveal())).copied().map(trouble_words),
        })
        .collect();
    let invitations: Vec<InvitationRow<'_>> = member
        .people
        .invitations
        .iter()
        .map(|invitation| InvitationRow {
            email: invitation.email.reveal(),
            role: invitation.role,
            at: when(invitation.at),
            by: &invitation.by,
            until: when(invitation.until),
            over: invitation.until <= now,
        })
        .collect();
    let roles = Role::ALL.map(|role| RoleRow { word: role.as_str(), words: role.explained() });
    let status = if fault.is_some() { 422 } else { 200 };
    let values = context! {
        rows, invitations, roles, fault, said => visit.said(), days => INVITED_DAYS,
        ..member.frame("people")
    };
    Ok(visit.heard(answer::page(visit.app, status, "people.html", values)))
}

/// `POST /people`: only owners come here.
pub(super) async fn act(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let (app, account, actor) = (visit.app, &member.account, visit.actor(member));
    let email: String = visit.form.get("email").unwrap_or_default().trim().chars().take(255).collect();
    let role = visit.form.get("role").and_then(Role::parse);
    let done = match (visit.form.get("do"), role) {
        (Some("invite"), Some(role)) => invited(people::invite(app, &actor, account, &email, role).await),
        (Some("again"), _) => match member.people.invited(&email).map(|invitation| invitation.role) {
            Some(role) => invited(people::invite(app, &actor, account, &email, role).await),
            None => return shown(visit, member, Some(format!("Nothing was sent: nobody asked {email}."))).await,
        },
        (Some("revoke"), _) => people::revoke(app, &actor, account, &email)
            .await
            .map(|()| format!("The invitation of {email} works no more.")),
        (Some("role"), Some(role)) => people::set_role(app, &actor, account, &email, role)
            .await
            .map(|()| format!("{email} is {} now.", spoken(role))),
        (Some("remove"), _) => people::remove(app, &actor, account, &email)
            .await
            .map(|()| format!("{email} may not sign in here any more, and is signed out.")),
        _ => return shown(visit, member, Some("Nothing was changed: the form is incomplete.".to_owned())).await,
    };
    match done {
        Ok(said) => Ok(visit.go_on("/people", &said)),
        Err(PeopleError::Table(error)) => Err(error),
        Err(error) => shown(visit, member, Some(format!("Nothing was changed: {error}."))).await,
    }
}

fn invited(done: Result<people::Invited, PeopleError>) -> Result<String, PeopleError> {
    done.map(|invited| {
        let (email, role) = (invited.email.reveal(), spoken(invited.role));
        if invited.mailed {
            format!("{email} was asked by mail to come in as {role}; the link works once, for {INVITED_DAYS} days.")
        } else {
            format!(
                "{email} may come in as {role}, but the mail did not leave. Ask your operator about mails, then press \
                 Invite again."
            )
        }
    })
}
