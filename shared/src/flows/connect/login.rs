//! Signing in by a mailed link. A mail scanner opens links, runs scripts and posts forms: so the link alone signs nobody
//! in. The browser that asked for it holds a cookie; any other one must type the code that the first one shows.

use crate::app::App;
use crate::domain::ids::AccountId;
use crate::flows::tell::links;
use crate::mail::{self, letters};
use crate::table::error::TableError;
use crate::table::once::{Session, hashed};
use data_encoding::BASE64URL_NOPAD;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// A mailed link works this long.
pub const LINK_MINUTES: u64 = 15;
/// One that an operator printed works this long.
pub const PRINTED_HOURS: i64 = 24;
/// A signed-in browser stays so this long.
pub const SESSION_HOURS: i64 = 12;
const KIND: &str = "login";
/// No `0`/`O`, no `1`/`I`: people read it off a screen.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

#[derive(Serialize, Deserialize)]
struct Ticket {
    account: AccountId,
    /// Hash of the asking browser's cookie; absent when an operator printed the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    browser: Option<String>,
    /// Hash of the code that the asking browser shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
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

/// A fresh secret of 256 bits, safe in an address and a cookie.
#[must_use]
pub fn secret(app: &App) -> String {
    BASE64URL_NOPAD.encode(&app.entropy.bytes::<32>())
}

/// Makes a link for an operator to hand over.
///
/// # Errors
/// [`TableError`].
pub async fn printed_link(app: &App, account: &AccountId) -> Result<String, TableError> {
    let token = secret(app);
    let until = app.clock.now() + SignedDuration::from_hours(PRINTED_HOURS);
    let ticket = Ticket { account: account.clone(), browser: None, code: None };
    app.table.once_put(&token, KIND, &ticket, until).await?;
    Ok(links::page(app, &format!("/login/{token}")))
}

/// Mails a link to an account's address. Whether there is such an account does not show.
///
/// # Errors
/// [`TableError`].
pub async fn ask(app: &App, email: &str) -> Result<Asked, TableError> {
    let (token, browser) = (secret(app), secret(app));
    let code: String = app.entropy.bytes::<8>().iter().map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect();
    let found = app.table.account_of_email(email).await?;
    if let Some(account) = found {
        let minutes = i64::try_from(LINK_MINUTES).unwrap_or(15);
        let until = app.clock.now() + SignedDuration::from_mins(minutes);
        let ticket = Ticket { account: account.clone(), browser: Some(hashed(&browser)), code: Some(hashed(&code)) };
        app.table.once_put(&token, KIND, &ticket, until).await?;
        if let Some(account) = app.table.account_get(&account).await? {
            let letter = letters::login(&links::page(app, &format!("/login/{token}")), LINK_MINUTES);
            let sent = match mail::render(&letter) {
                Ok(message) => app.mailer.send(&account.email, &message, &app.clock, &app.entropy).await,
                Err(_) => Err(mail::MailFault::Form),
            };
            if let Err(error) = sent {
                tracing::error!(error = &error as &dyn std::error::Error, "login link not mailed");
            }
        }
    }
    Ok(Asked { browser, code })
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

/// Signs a browser in and uses the link up. A missing code uses nothing up; a wrong one does. Returns the browser's
/// secret.
///
/// # Errors
/// [`TableError`].
pub async fn enter(
    app: &App,
    token: &str,
    browser: Option<&str>,
    code: Option<&str>,
) -> Result<Option<String>, TableError> {
    let now = app.clock.now();
    let door = look(app, token, browser).await?;
    let code = code.map(|code| code.trim().to_uppercase()).filter(|code| !code.is_empty());
    if door == Door::Shut || (door == Door::Code && code.is_none()) {
        return Ok(None);
    }
    let Some(ticket): Option<Ticket> = app.table.once_take(token, KIND, now).await? else { return Ok(None) };
    let typed = code.is_some_and(|code| ticket.code.as_deref() == Some(hashed(&code).as_str()));
    if !typed && !is_theirs(&ticket, browser) {
        return Ok(None);
    }
    if ticket.browser.is_some() && app.table.mail_trouble_get(&ticket.account).await?.is_some() {
        // The mailed link has arrived: whatever was wrong with the address is over.
        app.table.mail_trouble_delete(&ticket.account).await?;
    }
    let secret = secret(app);
    let until = now + SignedDuration::from_hours(SESSION_HOURS);
    app.table.session_put(&secret, &Session { account: ticket.account, until }).await?;
    Ok(Some(secret))
}
