//! Who may do what in an account: invited by mail, taken in, given another role, taken out; each in the audit. Whether the
//! one who acts is an owner is asked of the very row that is changed: of two owners who take each other out at once, one
//! finds that the other was faster.
//!
//! An invitation lives in that row, not beside it: taking it up is one write, so it works once, and it moves with a backup.
//! It makes only its address's person a person here. Whoever holds the link and not that mailbox gains nothing by it.

use super::{Actor, noted};
use crate::app::App;
use crate::domain::ids::AccountId;
use crate::domain::people::{self, Invitation, People, Person, Refused, Role};
use crate::domain::private::Private;
use crate::flows::connect::login::secret;
use crate::flows::tell::links;
use crate::mail::{self, people_letters};
use crate::table::accounts::email_hash;
use crate::table::error::TableError;
use crate::table::once::{Pace, hashed};
use jiff::{SignedDuration, Timestamp};

/// Invitations to one address, whoever sends them.
const MAILS: Pace = Pace { gap: SignedDuration::from_mins(1), most: 5, window: SignedDuration::from_hours(24) };

/// The people of an account were not changed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The rules.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The address is none.
    #[error("this is no mail address: give one like person@shop.example")]
    Address,
    /// There is no such account.
    #[error("there is no such account any more")]
    Gone,
    /// The address was invited a moment ago, or five times today.
    #[error("this address was invited a moment ago; wait a minute, and no more than five times a day")]
    TooSoon,
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// An invitation that stands.
#[derive(Debug)]
pub struct Invited {
    /// Whom.
    pub email: Private<String>,
    /// As what.
    pub role: Role,
    /// Until when its link works.
    pub until: Timestamp,
    /// Its link: for the mail, and for whoever runs this machine.
    pub link: String,
    /// The mail left.
    pub mailed: bool,
}

/// Asks somebody by mail; an address that was asked before gets a new link, and the old one works no more.
///
/// # Errors
/// [`PeopleError`].
pub async fn invite(
    app: &App,
    actor: &Actor,
    account: &AccountId,
    email: &str,
    role: Role,
) -> Result<Invited, PeopleError> {
    let address = people::address(email);
    let plausible = crate::config::MailAddress::parse(&address).is_ok() && address.contains('.');
    if !plausible || address.len() > 254 {
        return Err(PeopleError::Address);
    }
    let (now, token) = (app.clock.now(), secret(app));
    let Some(kept) = app.table.people_get(account).await? else { return Err(PeopleError::Gone) };
    // Before the count: what is refused anyway uses nothing up.
    may_change(actor, &kept.people)?;
    if let Some(person) = kept.people.find(&address) {
        return Err(Refused::Known(person.role).into());
    }
    if !app.table.paced(&format!("invitation mail {}", email_hash(&address)), MAILS, now).await? {
        return Err(PeopleError::TooSoon);
    }
    let until = people::invited_until(now);
    let invitation = Invitation {
        email: Private::new(address.clone()),
        role,
        at: now,
        by: actor.who.clone(),
        until,
        mark: hashed(&token),
    };
    change(app, actor, account, |people| people.invite(invitation.clone())).await?;
    noted(app, actor, account, "invite", &address, format!("asked to come in as {role}, until {until}")).await?;
    let link = links::page(app, &format!("/invitation/{account}/{token}"));
    let mailed = mail_out(app, account, &invitation, &link).await;
    Ok(Invited { email: invitation.email, role, until, link, mailed })
}

/// Whether the mail left; a fault of it takes nothing back.
async fn mail_out(app: &App, account: &AccountId, invitation: &Invitation, link: &str) -> bool {
    let name = match app.table.account_get(account).await {
        Ok(Some(row)) => row.name,
        Ok(None) | Err(_) => return false,
    };
    let letter = people_letters::invitation(&name, invitation.role, &invitation.by, invitation.until, link);
    let Ok(message) = mail::render(&letter) else { return false };
    match app.mailer.send(&invitation.email, &message, &app.clock, &app.entropy).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(account.id = %account, error = &error as &dyn std::error::Error, "invitation not mailed");
            false
        }
    }
}

/// Takes an open invitation back.
///
/// # Errors
/// [`PeopleError`].
pub async fn revoke(app: &App, actor: &Actor, account: &AccountId, email: &str) -> Result<(), PeopleError> {
    change(app, actor, account, |people| people.revoke(email)).await?;
    Ok(noted(app, actor, account, "revoke", &people::address(email), "the invitation works no more".into()).await?)
}

/// Gives somebody another role.
///
/// # Errors
/// [`PeopleError`].
pub async fn set_role(
    app: &App,
    actor: &Actor,
    account: &AccountId,
    email: &str,
    role: Role,
) -> Result<(), PeopleError> {
    let (old, people) = change(app, actor, account, |people| people.set_role(email, role)).await?;
    settle_mails(app, account, &people).await?;
    if old == role {
        return Ok(());
    }
    Ok(noted(app, actor, account, "role", &people::address(email), format!("is {role} now, was {old}")).await?)
}

/// Takes somebody out: every session of theirs ends with its next request.
///
/// # Errors
/// [`PeopleError`].
pub async fn remove(app: &App, actor: &Actor, account: &AccountId, email: &str) -> Result<(), PeopleError> {
    let ((), people) = change(app, actor, account, |people| people.remove(email)).await?;
    let address = people::address(email);
    let hash = email_hash(&address);
    app.table.membership_delete(&hash, account).await?;
    app.table.person_trouble_delete(account, &hash).await?;
    settle_mails(app, account, &people).await?;
    off_all_lists(app, account, &address).await?;
    Ok(noted(app, actor, account, "remove person", &address, "may not sign in here any more".into()).await?)
}

/// Mails of an account go to one of its owners: if the one who had them is none any more, to the one who is it longest.
async fn settle_mails(app: &App, account: &AccountId, people: &People) -> Result<(), TableError> {
    let Some(row) = app.table.account_get(account).await? else { return Ok(()) };
    let owners = || people.people.iter().filter(|person| person.role == Role::Owner);
    if owners().any(|owner| owner.email == row.email) {
        return Ok(());
    }
    match owners().min_by_key(|owner| owner.since) {
        Some(owner) => app.table.account_mail_to(account, owner.email.reveal()).await,
        None => Ok(()),
    }
}

/// Who leaves gets no mail from that moment on, whatever the lists say; here their name leaves them too.
async fn off_all_lists(app: &App, account: &AccountId, email: &str) -> Result<(), TableError> {
    for shop in app.table.account_shops(account).await? {
        app.table.shop_change(&shop, |row| row.account == *account && row.settings.mail_to.leave(email)).await?;
    }
    Ok(())
}

/// What an invitation's link says before it is taken up. `None`: unknown, used, revoked, too old, or another account's.
///
/// # Errors
/// [`TableError`].
pub async fn look(app: &App, account: &AccountId, token: &str) -> Result<Option<Asked>, TableError> {
    let Some(kept) = app.table.people_get(account).await? else { return Ok(None) };
    let Some(invitation) = kept.people.of_mark(&hashed(token), app.clock.now()) else { return Ok(None) };
    let Some(row) = app.table.account_get(account).await? else { return Ok(None) };
    Ok(Some(Asked { name: row.name, invitation: invitation.clone() }))
}

/// An invitation that waits.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What the account calls itself.
    pub name: String,
    /// The invitation.
    pub invitation: Invitation,
}

/// Takes an invitation up: its address's person may sign in from now on. Nobody is signed in by it.
///
/// # Errors
/// [`PeopleError`].
pub async fn accept(app: &App, from: &str, account: &AccountId, token: &str) -> Result<Person, PeopleError> {
    let mark = hashed(token);
    let Some(asked) = look(app, account, token).await? else { return Err(Refused::NoInvitation.into()) };
    // First: a pointer that leads nowhere is passed over, a person without one cannot sign in.
    app.table.membership_put(&email_hash(asked.invitation.email.reveal()), account).await?;
    // Whoever comes in anew stands on no list, even if a removal ended half-way once.
    off_all_lists(app, account, asked.invitation.email.reveal()).await?;
    let now = app.clock.now();
    let (person, _) = edit(app, account, |people| people.accept(&mark, now)).await?;
    let actor = Actor { who: person.email.reveal().clone(), from: from.to_owned() };
    let said = format!("took up the invitation as {}", person.role);
    noted(app, &actor, account, "join", person.email.reveal(), said).await?;
    Ok(person)
}

/// Whether this actor changes people: whoever runs commands on the machine, and owners.
fn may_change(actor: &Actor, people: &People) -> Result<(), Refused> {
    let owner = people.find(&actor.who).is_some_and(|person| person.role == Role::Owner);
    if owner || *actor == Actor::command_line() { Ok(()) } else { Err(Refused::NotAnOwner) }
}

async fn change<T>(
    app: &App,
    actor: &Actor,
    account: &AccountId,
    mut rule: impl FnMut(&mut People) -> Result<T, Refused>,
) -> Result<(T, People), PeopleError> {
    edit(app, account, |people| {
        may_change(actor, people)?;
        rule(people)
    })
    .await
}

async fn edit<T>(
    app: &App,
    account: &AccountId,
    mut rule: impl FnMut(&mut People) -> Result<T, Refused>,
) -> Result<(T, People), PeopleError> {
    loop {
        let Some(mut kept) = app.table.people_get(account).await? else { return Err(PeopleError::Gone) };
        let before = kept.people.clone();
        let done = rule(&mut kept.people)?;
        if kept.people == before {
            return Ok((done, kept.people));
        }
        match app.table.people_put(account, &kept).await {
            Ok(()) => return Ok((done, kept.people)),
            Err(TableError::Conflict) => {}
            Err(other) => return Err(other.into()),
        }
    }
}
