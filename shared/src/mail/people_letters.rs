//! Mails to people about their own place in an account.

use super::letters::{CALM, Letter, fact, letter};
use super::zone;
use crate::domain::people::Role;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// An invitation to an account.
#[must_use]
pub fn invitation(account: &str, role: Role, by: &str, until: Timestamp, link: &str) -> Letter {
    let heading = format!("You are invited to {account}");
    let mut letter =
        letter(format!("{account}: you are invited to Waybill"), heading, CALM, "See the invitation", link);
    letter.paragraphs = vec![
        "Waybill carries tracking numbers from a store to TikTok Shop. With it you can see how the shops of this account \
         stand."
            .to_owned(),
        "The button opens a page that shows the invitation; one press there takes it up. It needs no password: whenever \
         you sign in, a link comes to this address."
            .to_owned(),
    ];
    letter.facts = vec![
        fact("Account", account),
        fact("Your role", format!("{role}: {}", role.explained())),
        fact(
            "Invited by",
            if by.contains('@') { by.to_owned() } else { "the operator of this installation".to_owned() },
        ),
        fact("Works until", zone::moment(until, &TimeZone::UTC)),
    ];
    letter.after = vec![
        "It is for this address only: forwarded to somebody else, it lets nobody in. You do not know the account? Then \
         nothing needs to be done."
            .to_owned(),
    ];
    letter.footer = "Waybill carries tracking numbers to TikTok Shop.".to_owned();
    letter
}
