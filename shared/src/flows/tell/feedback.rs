//! What the mail service says after a mail left: it bounced, or its reader complained. Kept with the account whose address
//! it is, or with every account whose person has it, and shown on their pages, since a mail about it would not arrive
//! either.

use crate::app::App;
use crate::domain::private::Private;
use crate::table::accounts::{MailTrouble, TroubleKind, email_hash};
use crate::table::error::TableError;

/// One event names the recipients of one mail; ours have one.
const MOST: usize = 50;

/// Records trouble for the accounts of these addresses. Gives how many there were.
pub async fn run(app: &App, kind: &str, to: &[Private<String>]) -> u64 {
    // SES: "Bounce", "Complaint", "Reject". Anything else says that a mail is on its way.
    let kind = match kind.to_ascii_lowercase().as_str() {
        "bounce" | "reject" => TroubleKind::Bounced,
        "complaint" => TroubleKind::Complained,
        _ => return 0,
    };
    let mut kept = 0;
    for address in to.iter().take(MOST) {
        match keep(app, kind, address).await {
            Ok(known) => kept += u64::from(known),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a mail's trouble is not written down");
            }
        }
    }
    kept
}

async fn keep(app: &App, kind: TroubleKind, address: &Private<String>) -> Result<bool, TableError> {
    let email = bare(address.reveal());
    let (hash, trouble) = (email_hash(email), MailTrouble { kind, since: app.clock.now() });
    let mut known = false;
    for account in app.table.accounts_of_email(&hash).await? {
        let Some(row) = app.table.account_get(&account).await? else { continue };
        if email_hash(row.email.reveal()) == hash {
            app.table.mail_trouble_put(&account, trouble).await?;
        } else if app.table.people_get(&account).await?.is_some_and(|kept| kept.people.find(email).is_some()) {
            app.table.person_trouble_put(&account, &hash, trouble).await?;
        } else {
            continue;
        }
        known = true;
        tracing::warn!(account.id = %account, reason = kind.as_str(), "mails to an account's people do not arrive");
    }
    Ok(known)
}

/// `Name <a@b.example>` has the address in its brackets.
fn bare(text: &str) -> &str {
    let inside = text.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map_or(text, |(address, _)| address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_with_or_without_its_name() {
        for text in ["a@b.example", "A <a@b.example>", "\"A <x>\" <a@b.example>"] {
            assert_eq!(bare(text), "a@b.example", "{text}");
        }
        for odd in ["", "<", ">", "a>b<"] {
            let _ = bare(odd);
        }
    }
}
