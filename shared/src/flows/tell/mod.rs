//! Tells a shop's people something, once: claim, write, send, mark.

pub mod carrier_list;
pub mod feedback;
pub mod held;
pub mod links;
pub mod orders;
pub mod weekly;

use crate::app::App;
use crate::domain::connection::Shop;
use crate::flows::tell::links::LinkError;
use crate::mail::{self, BrokenTemplate, Letter, MailFault};
use crate::table::error::TableError;
use crate::table::mails::{Claimed, MailStep};

/// A mail that did not go out; its claim is given back.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// The ledger or a count.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Its link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// Its words.
    #[error(transparent)]
    Template(#[from] BrokenTemplate),
    /// Its way.
    #[error(transparent)]
    Mail(#[from] MailFault),
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It went out just now.
    Sent,
    /// It went out before.
    Before,
    /// Somebody else is sending it, or died while doing so: only another look tells.
    Elsewhere,
}

/// Sends a mail of a shop if its step was never sent. The letter is written only then.
///
/// # Errors
/// [`TellError`].
pub async fn tell(
    app: &App,
    shop: &Shop,
    step: MailStep,
    write: impl AsyncFnOnce() -> Result<Letter, TellError>,
) -> Result<Told, TellError> {
    let kind = step.kind;
    let claim = match app.table.mail_claim(step, app.clock.now()).await? {
        Claimed::Ours(claim) => claim,
        Claimed::Sent => return Ok(Told::Before),
        Claimed::Elsewhere => return Ok(Told::Elsewhere),
    };
    let sent = async {
        let message = mail::render(&write().await?)?;
        let Some(account) = app.table.account_get(&shop.account).await? else { return Err(MailFault::Address.into()) };
        Ok::<_, TellError>(app.mailer.send(&account.email, &message, &app.clock, &app.entropy).await?)
    };
    match sent.await {
        Ok(()) => {
            // Not marked: the claim ages and the mail is sent twice. Once too often is better than never.
            app.table.mail_sent(&claim, app.clock.now()).await?;
            tracing::info!(shop.id = %shop.id, mail.kind = kind, "mail sent");
            Ok(Told::Sent)
        }
        Err(error) => {
            app.table.mail_unclaim(&claim).await?;
            Err(error)
        }
    }
}
