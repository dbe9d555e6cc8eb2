//! Who gets a mail about a shop, and what happens when one of several addresses does not take it: the others have theirs
//! at once, and it is tried again for a while. An address that took none in that time holds nothing up any more: each mail
//! is tried once, and the people of the account see that it does not arrive.

use super::TellError;
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::people::People;
use crate::domain::private::Private;
use crate::mail::{MailFault, Message};
use crate::table::accounts::{MailTrouble, TroubleKind, email_hash};
use crate::table::error::TableError;
use crate::table::mails::MailClaim;
use jiff::SignedDuration;

/// A mail that some have is tried at the other addresses for so long.
const PATIENCE: SignedDuration = SignedDuration::from_mins(30);

/// How far a mail came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// To all whom it can reach.
    All,
    /// Somebody is still to get it.
    Part,
}

/// Where mails about a shop go now: those of its list who are still people of its account; where nobody is, the account's
/// address. Empty: there is no such account.
///
/// # Errors
/// [`TableError`].
pub async fn of(app: &App, shop: &Shop) -> Result<Vec<Private<String>>, TableError> {
    let list = &shop.settings.mail_to;
    if !list.is_empty() {
        let people: Option<People> = app.table.people_get(&shop.account).await?.map(|kept| kept.people);
        let readers = people.map(|people| list.readers(&people)).unwrap_or_default();
        if !readers.is_empty() {
            return Ok(readers);
        }
    }
    Ok(app.table.account_get(&shop.account).await?.map(|account| account.email).into_iter().collect())
}

/// Sends a claimed mail to those readers who do not have it.
///
/// # Errors
/// The fault of an address when nobody has the mail; the table.
pub(super) async fn send(
    app: &App,
    shop: &Shop,
    claim: &mut MailClaim,
    message: &Message,
) -> Result<Reached, TellError> {
    let readers = of(app, shop).await?;
    if let [only] = readers.as_slice()
        && !claim.has_reached_somebody()
    {
        app.mailer.send(only, message, &app.clock, &app.entropy).await?;
        return Ok(Reached::All);
    }
    let troubled = app.table.mail_troubles(&shop.account).await?.refused();
    // Without any reader it is the address that is missing.
    let (mut fault, mut given_up, mut missing) = (Some(MailFault::Address), Vec::new(), false);
    for reader in &readers {
        let hash = email_hash(reader.reveal());
        let known = troubled.contains(&hash);
        if claim.has_reached(reader.reveal()) {
            continue;
        }
        match app.mailer.send(reader, message, &app.clock, &app.entropy).await {
            Ok(()) => {
                app.table.mail_reached(claim, reader.reveal(), app.clock.now()).await?;
                if known {
                    app.table.person_trouble_delete(&shop.account, &hash).await?;
                }
            }
            Err(error) => {
                tracing::warn!(shop.id = %shop.id, error = &error as &dyn std::error::Error, "an address took no mail");
                fault = Some(error);
                match app.clock.now() >= claim.since + PATIENCE {
                    _ if known => {}
                    true => given_up.push(hash),
                    false => missing = true,
                }
            }
        }
    }
    if !claim.has_reached_somebody()
        && let Some(fault) = fault
    {
        return Err(fault.into());
    }
    for hash in given_up {
        let trouble = MailTrouble { kind: TroubleKind::Refused, since: app.clock.now() };
        app.table.person_trouble_put(&shop.account, &hash, trouble).await?;
    }
    Ok(if missing { Reached::Part } else { Reached::All })
}
