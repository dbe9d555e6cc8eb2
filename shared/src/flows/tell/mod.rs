//! Tells a shop's people something, once: claim, write, send, mark.

pub mod carrier_list;
pub mod feedback;
pub mod held;
pub mod links;
pub mod orders;
pub mod readers;
pub mod weekly;

use crate::app::App;
use crate::domain::connection::Shop;
use crate::flows::tell::links::LinkError;
use crate::flows::tell::readers::Reached;
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
    /// Somebody else is sending it or died while doing so, or one of its readers is still to get it: only another look
    /// tells.
    Unfinished,
}

/// What became of several mails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mails {
    /// Those that went out just now.
    pub sent: u64,
    /// One of them is to be looked at again.
    pub unfinished: bool,
}

impl Mails {
    fn note(&mut self, told: Told) {
        self.sent += u64::from(told == Told::Sent);
        self.unfinished |= told == Told::Unfinished;
    }
}

/// Sends a mail of a shop to its readers if its step was never sent. The letter is written only then.
///
/// # Errors
/// [`TellError`]; nobody has the mail then.
pub async fn tell(
    app: &App,
    shop: &Shop,
    step: MailStep,
    write: impl AsyncFnOnce() -> Result<Letter, TellError>,
) -> Result<Told, TellError> {
    let kind = step.kind;
    let mut claim = match app.table.mail_claim(step, app.clock.now()).await? {
        Claimed::Ours(claim) => claim,
        Claimed::Sent => return Ok(Told::Before),
        Claimed::Elsewhere => return Ok(Told::Unfinished),
    };
    let sent = async {
        let message = mail::render(&write().await?)?;
        readers::send(app, shop, &mut claim, &message).await
    };
    match sent.await {
        Ok(Reached::All) => {
            // Not marked: the claim ages and the mail is sent twice. Once too often is better than never.
            app.table.mail_sent(&mut claim, app.clock.now()).await?;
            tracing::info!(shop.id = %shop.id, mail.kind = kind, "mail sent");
            Ok(Told::Sent)
        }
        Ok(Reached::Part) => {
            app.table.mail_part(&mut claim, app.clock.now()).await?;
            Ok(Told::Unfinished)
        }
        Err(error) => {
            // Who has it stays written down.
            if claim.has_reached_somebody() {
                app.table.mail_part(&mut claim, app.clock.now()).await?;
            } else {
                app.table.mail_unclaim(&claim).await?;
            }
            Err(error)
        }
    }
}
