//! Signing in by a mailed link. A mail scanner opens links, runs scripts and posts forms: so the link alone signs nobody
//! in. The browser that asked for it holds a cookie; any other one must type the code that the first one shows.

use crate::app::App;
use crate::domain::clock::{Clock, Entropy};
use crate::domain::ids::AccountId;
use crate::domain::people::Person;
use crate::flows::connect::member;
use crate::flows::tell::links;
use crate::mail::{self, Mailer, letters};
use crate::table::Table;
use crate::table::accounts::email_hash;
use crate::table::error::TableError;
use crate::table::once::{Pace, Session, hashed};
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A mailed link works this long.
pub const LINK_MINUTES: u64 = 15;
/// One that an operator printed works this long.
pub const PRINTED_HOURS: i64 = 24;
/// A signed-in browser stays so as long as it comes back within this time.
pub const SESSION_HOURS: i64 = 7 * 24;
/// Its session is moved on when less than this is left: one write a day at most.
const RENEW_HOURS: i64 = 6 * 24;
/// Characters of the longest address to go on to.
const LONGEST_TARGET: usize = 500;
/// A link is used up by so many wrong codes: of 40 bits, nobody guesses one.
const TRIES: u8 = 5;
/// Mails to one address: whoever asks, whether or not it has an account.
const MAILS: Pace = Pace { gap: SignedDuration::from_mins(1), most: 5, window: SignedDuration::from_hours(1) };
const KIND: &str = "login";
/// No `0`/`O`, no `1`/`I`: people read it off a screen.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

#[derive(Serialize, Deserialize)]
struct Ticket {
    /// Under another name than before there were people: a program that knows no roles would take everybody for an owner.
    #[serde(rename = "of", alias = "account")]
    account: AccountId,
    /// Hash of the person's address; absent: the account's founder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// Hash of the asking browser's cookie; absent when an operator printed the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    browser: Option<String>,
    /// Hash of the code that the asking browser shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Wrong codes so far.
    #[serde(default, skip_serializing_if = "is_zero")]
    wrong: u8,
    /// When it is over; absent on tickets of an earlier version, which are over within minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// The page that was asked for before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}

/// What the asking browser gets. The same for an address that nobody has.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its cookie.
    pub browser: String,
    /// Shown on its page.
    pub code: String,
}

/// What a login link asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// A press of a button.
    Button,
    /// The code that the asking browser shows.
    Code,
    /// Unknown, used, or too old.
    Shut,
}

/// What came of a press of a login link's button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered {
    /// Signed in.
    In {
        /// The browser's secret.
        secret: String,
        /// The page that was asked for before.
        target: Option<String>,
        /// The person is in several accounts, and has to say which one to look at.
        several: bool,
    },
    /// The code is another one; the link may be tried again.
    WrongCode {
        /// So often.
        left: u8,
    },
    /// A code is asked for and none was typed.
    NoCode,
    /// Unknown, used, or too old.
    Shut,
}

/// A fresh secret of 256 bits, safe in an address and a cookie.
#[must_use]
pub fn secret(app: &App) -> String {
    BASE64URL_NOPAD.encode(&app.entropy.bytes::<32>())
}

/// Makes a link for an operator to hand over to an account's founder.
///
/// # Errors
/// [`TableError`].
pub async fn printed_link(app: &App, account: &AccountId) -> Result<String, TableError> {
    printed(app, account, None).await
}

/// Makes a link for an operator to hand over to one of an account's people.
///
/// # Errors
/// [`TableError`].
pub async fn printed_link_for(app: &App, account: &AccountId, person: &Person) -> Result<String, TableError> {
    printed(app, account, Some(email_hash(person.email.reveal()))).await
}

async fn printed(app: &App, account: &AccountId, person: Option<String>) -> Result<String, TableError> {
    let token = secret(app);
    let until = app.clock.now() + SignedDuration::from_hours(PRINTED_HOURS);
    let ticket = Ticket {
        account: account.clone(),
        person,
        browser: None,
        code: None,
        wrong: 0,
        until: Some(until),
        target: None,
    };
    app.table.once_put(&token, KIND, &ticket, until).await?;
    Ok(links::page(app, &format!("/login/{token}")))
}

/// Mails a link to an account's address, as often as `MAILS` allows. Whether there is such an account does not show: not
/// in the answer, not in its time, not in what a second request does. A browser that asks again keeps its cookie and
/// code, so that the first mail is as good as a second one. `target`: where the link leads in the end.
pub async fn ask(app: &App, email: &str, browser: Option<&str>, target: Option<&str>) -> Asked {
    let target = target.and_then(own_path).map(str::to_owned);
    let known = browser.filter(|browser| BASE64URL_NOPAD.decode(browser.as_bytes()).is_ok_and(|b| b.len() == 32));
    let (token, browser) = (secret(app), known.map_or_else(|| secret(app), str::to_owned));
    let code = code_of(&browser);
    let asked = Asked { browser: browser.clone(), code: code.clone() };
    let link = links::page(app, &format!("/login/{token}"));
    let (table, mailer) = (app.table.clone(), app.mailer.clone());
    let (clock, entropy, email) = (app.clock.clone(), app.entropy.clone(), email.to_owned());
    app.errands
        .run(move || async move {
            let errand = Errand { table, mailer, clock, entropy };
            let ticket = |account, person, until| Ticket {
                account,
                person: Some(person),
                browser: Some(hashed(&browser)),
                code: Some(hashed(&code)),
                wrong: 0,
                until: Some(until),
                target,
            };
            if let Err(error) = errand.run(&email, &token, &link, ticket).await {
                tracing::error!(error = &error as &dyn std::error::Error, "login link not mailed");
            }
        })
        .await;
    asked
}

/// The code that a browser shows: eight characters that follow from its cookie, and tell nothing of it.
fn code_of(browser: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, format!("waybill login code {browser}").as_bytes());
    digest.as_ref().iter().take(8).map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

/// What is done after the answer.
struct Errand {
    table: Table,
    mailer: Mailer,
    clock: Clock,
    entropy: Entropy,
}

#[derive(Debug, thiserror::Error)]
enum NotMailed {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Mail(#[from] mail::MailFault),
}

impl Errand {
    async fn run(
        &self,
        email: &str,
        token: &str,
        link: &str,
        ticket: impl FnOnce(AccountId, String, Timestamp) -> Ticket,
    ) -> Result<(), NotMailed> {
        let (now, hash) = (self.clock.now(), email_hash(email));
        // Before it is known whether there is such an account: both kinds of address are counted alike.
        if !self.table.paced(&format!("login mail {hash}"), MAILS, now).await? {
            return Ok(());
        }
        let Some(place) = member::places(&self.table, &hash).await?.into_iter().next() else { return Ok(()) };
        let until = now + SignedDuration::from_mins(i64::try_from(LINK_MINUTES).unwrap_or(15));
        self.table.once_put(token, KIND, &ticket(place.account, hash, until), until).await?;
        let message = mail::render(&letters::login(link, LINK_MINUTES)).map_err(|_| mail::MailFault::Form)?;
        Ok(self.mailer.send(&place.person.email, &message, &self.clock, &self.entropy).await?)
    }
}

/// What a link asks for, without using it up.
///
/// # Errors
/// [`TableError`].
pub async fn look(app: &App, token: &str, browser: Option<&str>) -> Result<Door, TableError> {
    let ticket: Option<Ticket> = app.table.once_peek(token, KIND, app.clock.now()).await?;
    Ok(match ticket {
        None => Door::Shut,
        Some(ticket) if is_theirs(&ticket, browser) => Door::Button,
        Some(_) => Door::Code,
    })
}

fn is_theirs(ticket: &Ticket, browser: Option<&str>) -> bool {
    match &ticket.browser {
        None => true,
        Some(wanted) => browser.is_some_and(|browser| hashed(browser) == *wanted),
    }
}

/// Signs a browser in and uses the link up. A missing code uses nothing up; a wrong one may be typed again, a few times.
///
/// # Errors
/// [`TableError`].
pub async fn enter(app: &App, token: &str, browser: Option<&str>, code: Option<&str>) -> Result<Entered, TableError> {
    let now = app.clock.now();
    let door = look(app, token, browser).await?;
    let code = code.map(|code| code.trim().to_uppercase()).filter(|code| !code.is_empty());
    match door {
        Door::Shut => return Ok(Entered::Shut),
        Door::Code if code.is_none() => return Ok(Entered::NoCode),
        Door::Code | Door::Button => {}
    }
    let Some(ticket): Option<Ticket> = app.table.once_take(token, KIND, now).await? else { return Ok(Entered::Shut) };
    let typed = code.is_some_and(|code| ticket.code.as_deref() == Some(hashed(&code).as_str()));
    if !typed && !is_theirs(&ticket, browser) {
        return again(app, token, ticket).await;
    }
    let Some(kept) = app.table.people_get(&ticket.account).await? else { return Ok(Entered::Shut) };
    let hash = ticket.person.clone().unwrap_or_else(|| email_hash(kept.people.founder.reveal()));
    // Taken out since the link was made.
    let Some(person) = member::of_hash(&kept.people, &hash) else { return Ok(Entered::Shut) };
    if ticket.browser.is_some() {
        arrived(app, &ticket.account, person).await?;
    }
    let (secret, several) = (sign_in(app, &ticket.account, &hash).await?, several(&app.table, &hash).await?);
    Ok(Entered::In { secret, target: ticket.target.as_deref().and_then(own_path).map(str::to_owned), several })
}

/// A mailed link has arrived: whatever was wrong with this person's address is over.
async fn arrived(app: &App, account: &AccountId, person: &Person) -> Result<(), TableError> {
    let (troubles, hash) = (app.table.mail_troubles(account).await?, email_hash(person.email.reveal()));
    if troubles.people.contains_key(&hash) {
        app.table.person_trouble_delete(account, &hash).await?;
    }
    if troubles.account.is_none() {
        return Ok(());
    }
    match app.table.account_get(account).await? {
        Some(row) if row.email == person.email => app.table.mail_trouble_delete(account).await,
        _ => Ok(()),
    }
}

async fn several(table: &Table, hash: &str) -> Result<bool, TableError> {
    Ok(member::places(table, hash).await?.len() > 1)
}

/// Signs a browser in, as the person of this address's hash. Gives the browser's secret.
///
/// # Errors
/// [`TableError`].
pub async fn sign_in(app: &App, account: &AccountId, hash: &str) -> Result<String, TableError> {
    let secret = secret(app);
    let until = app.clock.now() + SignedDuration::from_hours(SESSION_HOURS);
    let several = several(&app.table, hash).await?;
    let session = Session { account: account.clone(), person: Some(hash.to_owned()), several, until };
    app.table.session_put(&secret, &session).await?;
    Ok(secret)
}

/// Lets a browser look at another account of its person. `false`: the person is not in it.
///
/// # Errors
/// [`TableError::Conflict`] when the session was moved or ended meanwhile.
pub async fn switch(app: &App, secret: &str, session: &Session, account: &AccountId) -> Result<bool, TableError> {
    let Some((person, _)) = member::standing(&app.table, session).await? else { return Ok(false) };
    let hash = email_hash(person.email.reveal());
    let places = member::places(&app.table, &hash).await?;
    if !places.iter().any(|place| place.account == *account) {
        return Ok(false);
    }
    let several = places.len() > 1;
    let next = Session { account: account.clone(), person: Some(hash), several, until: session.until };
    app.table.session_move(secret, session, &next).await?;
    Ok(true)
}

/// Who a browser is; one that comes back is kept signed in. `true`: its cookie lives on from now.
///
/// # Errors
/// [`TableError`].
pub async fn session(app: &App, secret: &str) -> Result<Option<(Session, bool)>, TableError> {
    let now = app.clock.now();
    let Some(session) = app.table.session_get(secret, now).await? else { return Ok(None) };
    if session.until.duration_since(now) >= SignedDuration::from_hours(RENEW_HOURS) {
        return Ok(Some((session, false)));
    }
    let until = now + SignedDuration::from_hours(SESSION_HOURS);
    let next = Session { until, ..session.clone() };
    match app.table.session_move(secret, &session, &next).await {
        Ok(()) => Ok(Some((next, true))),
        // Another request moved it, or the person signed out meanwhile: this page is shown, and nothing comes back to life.
        Err(TableError::Conflict) => Ok(Some((session, false))),
        Err(error) => Err(error),
    }
}

/// An address of ours to go on to after signing in; `None`: it may lead elsewhere, or signs out again.
#[must_use]
pub fn own_path(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('/')?;
    let plain = text.len() <= LONGEST_TARGET && text.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    let own = !rest.starts_with('/') && !["login", "logout"].iter().any(|word| rest.starts_with(word));
    (plain && own).then_some(text)
}

/// A wrong code was typed. The ticket was taken first and is put back, so that many tries at once count each.
async fn again(app: &App, token: &str, ticket: Ticket) -> Result<Entered, TableError> {
    let wrong = ticket.wrong.saturating_add(1);
    let (left, Some(until)) = (TRIES.saturating_sub(wrong), ticket.until) else { return Ok(Entered::Shut) };
    if left == 0 {
        return Ok(Entered::Shut);
    }
    app.table.once_put(token, KIND, &Ticket { wrong, ..ticket }, until).await?;
    Ok(Entered::WrongCode { left })
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn only_pages_of_ours_are_gone_on_to() {
        for text in ["/", "/orders?late=1&shop=7", "/shops/7494#settings", "/stores/csv:7"] {
            assert_eq!(own_path(text), Some(text));
        }
        let long = format!("/{}", "a".repeat(600));
        for text in [
            "",
            "orders",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/login/x",
            "/logout",
            "/a\nb",
            &long,
        ] {
            assert_eq!(own_path(text), None, "{text:?}");
        }
    }
}
