//! A number that TikTok took with a warning: what a person can still do about it, and until when.

use crate::carriers::Provider;
use crate::domain::decision::EDIT_WINDOW;
use crate::domain::parcel::{Parcel, ParcelState, Sent};
use crate::domain::reason::Reason;
use jiff::Timestamp;

/// A warning as a person is shown it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// TikTok's words.
    pub words: String,
    /// The carrier of the shop's list that TikTok names, if it names one.
    pub carrier: Option<String>,
    /// Corrections that TikTok still takes.
    pub edits: u32,
    /// Hours in which it takes them.
    pub hours: i64,
    /// What to do: correct it, or open a ticket once it cannot be corrected.
    pub remedy: &'static str,
}

impl Warning {
    /// Of a parcel at a time. `None`: TikTok does not warn about it. `list`: the shop's carriers.
    #[must_use]
    pub fn of(parcel: &Parcel, list: &[Provider], now: Timestamp) -> Option<Self> {
        let sent = parcel.sent.as_ref().filter(|_| parcel.state == ParcelState::AcceptedWithWarning)?;
        let words = parcel.answer.as_ref().map(|answer| answer.message.clone()).unwrap_or_default();
        let closes = sent.shipped_at + EDIT_WINDOW;
        let (edits, hours, remedy) = match (now > closes, sent.edits) {
            (true, _) => (0, 0, Reason::EditWindowClosed.remedy()),
            (_, 1..) => (0, 0, Reason::EditUsed.remedy()),
            (false, 0) => (1, closes.duration_since(now).as_hours(), Reason::AcceptedWithWarning.remedy()),
        };
        Some(Self { carrier: named(&words, list, &sent.provider_name), words, edits, hours, remedy })
    }

    /// Corrections and hours left, in words.
    #[must_use]
    pub fn left(&self) -> String {
        in_words(self.edits, self.hours)
    }

    /// All of it in one line.
    #[must_use]
    pub fn shown_as(&self) -> String {
        format!("TikTok says: {} ({})", self.words, self.left())
    }
}

/// Corrections and hours left of a number that TikTok has from us, in words; also while a correction of it is refused.
#[must_use]
pub fn edits_left(sent: &Sent, now: Timestamp) -> String {
    let closes = sent.shipped_at + EDIT_WINDOW;
    if now > closes || sent.edits > 0 { in_words(0, 0) } else { in_words(1, closes.duration_since(now).as_hours()) }
}

fn in_words(edits: u32, hours: i64) -> String {
    let edits = if edits == 1 { "1 correction left".to_owned() } else { format!("{edits} corrections left") };
    format!("{edits}, {hours} h left")
}

/// The one carrier of the list that the words name, as whole words; never the one it was sent under. A name inside a longer
/// one does not count, and of two that are named neither is offered: that would be a guess.
fn named(words: &str, list: &[Provider], sent: &str) -> Option<String> {
    let plain = |text: &str| {
        let spaced: String =
            text.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
        format!(" {} ", spaced.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let (words, sent) = (plain(words), plain(sent));
    let fits = |provider: &&Provider| {
        let name = plain(&provider.name);
        name.len() > 3 && name != sent && words.contains(&name)
    };
    let named: Vec<&Provider> = list.iter().filter(fits).collect();
    let inside_another = |one: &&&Provider| {
        let name = plain(&one.name);
        named.iter().any(|other| other.name.len() > one.name.len() && plain(&other.name).contains(&name))
    };
    let mut whole = named.iter().filter(|one| !inside_another(one));
    match (whole.next(), whole.next()) {
        (Some(one), None) => Some(one.name.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ProviderId;

    #[test]
    fn a_carrier_is_offered_only_where_the_words_name_one() {
        let list = ["UPS", "DHL", "DHL eCommerce", "USPS"].map(|name| Provider {
            id: ProviderId::parse(name.replace(" ", "-")).expect("an id"),
            name: name.to_owned(),
        });
        for (words, carrier) in [
            ("This number looks like one of UPS.", Some("UPS")),
            ("Did you mean DHL eCommerce?", Some("DHL eCommerce")),
            ("It may be of UPS or DHL.", None),
            ("The number is not one of USPS.", None),
            ("Check the backups.", None),
        ] {
            assert_eq!(named(words, &list, "USPS").as_deref(), carrier, "{words}");
        }
    }
}
