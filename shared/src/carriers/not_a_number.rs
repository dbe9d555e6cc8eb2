//! What stands in number fields and is no tracking number. These rules run before any shape: a phone number stays a
//! phone number even where some carrier's shape would fit it.
//!
//! Source: carrier data, `junk`; carrier fact sheet, section 3.

use crate::carriers::catalogue::Catalogue;
use crate::carriers::forms::plain_form;
use crate::carriers::junk::Junk;
use crate::carriers::shape::{LONGEST, SHORTEST};

/// Words that make the whole field a remark. Short ones that begin real numbers (NA, X, TBA, TBC) count alone only.
const REMARKS: &[&str] = &[
    "see",
    "note",
    "notes",
    "sent",
    "untracked",
    "collected",
    "collection",
    "pickup",
    "pickups",
    "delivered",
    "shipped",
    "dispatched",
    "despatched",
    "pending",
    "unknown",
    "undefined",
    "none",
    "null",
    "nil",
    "test",
    "stamp",
    "letter",
    "unavailable",
    "tel",
    "phone",
    "mobile",
];

/// Words that, directly before digits, make the text some other number: an order's, an article's, a document's.
const ORDER_WORDS: &[&str] = &[
    "ORDER",
    "ORDERNO",
    "ORDERNUMBER",
    "ORDERID",
    "INV",
    "INVOICE",
    "INVOICENO",
    "PO",
    "PONUMBER",
    "TEST",
    "DEMO",
    "SAMPLE",
    "DUMMY",
    "FAKE",
    "QUOTE",
    "RMA",
    "SHIP",
    "SHIPMENT",
    "TICKET",
    "ISBN",
    "EAN",
    "SKU",
    "ASIN",
    "IMEI",
    "VAT",
];

impl Catalogue {
    /// Rules on the text as written: placeholders, remarks, e-mail, order names, phones, dates.
    /// `text` is tidy (see `text::tidy_number`).
    pub(super) fn junk_as_written(&self, text: &str) -> Option<Junk> {
        let lower = text.to_lowercase();
        if !text.chars().any(char::is_alphanumeric) {
            return Some(if text.is_empty() { Junk::Empty } else { Junk::Placeholder });
        }
        if self.placeholders.contains(lower.as_str())
            || self.placeholders.contains(lower.trim_matches(|c: char| !c.is_alphanumeric()))
        {
            return Some(Junk::Placeholder);
        }
        if text.contains('@') {
            return Some(Junk::Email);
        }
        if text.starts_with('#') {
            return Some(Junk::OrderName);
        }
        if text.starts_with('+') {
            return Some(Junk::Phone);
        }
        let mut words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let phrase = || self.phrases.iter().any(|phrase| holds_phrase(&lower, phrase));
        if words.any(|word| REMARKS.contains(&word)) || phrase() {
            return Some(Junk::Remark);
        }
        plain_form(text)
    }

    /// Rules on the compact form: what stays of a text when only `0-9A-Z` counts.
    pub(super) fn junk_compact(&self, compact: &str) -> Option<Junk> {
        let digits = compact.bytes().filter(u8::is_ascii_digit).count();
        let all_digits = digits == compact.len();
        if digits == 0 {
            let named = self.is_name(compact);
            return Some(if named { Junk::CarrierName } else { Junk::NoDigit });
        }
        if self.is_name(compact) {
            return Some(Junk::CarrierName);
        }
        if compact.len() < SHORTEST {
            return Some(Junk::TooShort);
        }
        if compact.len() > LONGEST {
            return Some(Junk::TooLong);
        }
        let bytes = compact.as_bytes();
        if bytes.windows(2).all(|two| two[0] == two[1]) {
            return Some(Junk::Repeated);
        }
        if all_digits && bytes.len() >= 8 && is_run(bytes) {
            return Some(Junk::Run);
        }
        let letters = compact.bytes().take_while(u8::is_ascii_uppercase).count();
        let (word, rest) = compact.split_at(letters);
        if ORDER_WORDS.contains(&word) && rest.bytes().all(|b| b.is_ascii_digit()) {
            return Some(Junk::OrderNumber);
        }
        let tiktok_order =
            all_digits && compact.len() == 18 && (compact.starts_with("57") || compact.starts_with("58"));
        let tiktok_package = all_digits && compact.len() == 19 && compact.starts_with("115");
        (tiktok_order || tiktok_package).then_some(Junk::TikTokId)
    }

    fn is_name(&self, compact: &str) -> bool {
        // The joined form of a name in `0-9A-Z` is its lower case.
        self.names.knows(&compact.to_ascii_lowercase())
    }
}

/// Whether a phrase of several words stands in the text as whole words.
fn holds_phrase(text: &str, phrase: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(phrase)
        .any(|(at, found)| edge(text[..at].chars().next_back()) && edge(text[at + found.len()..].chars().next()))
}

/// Up or down by one, through 9 to 0 and back ("1234567890123").
fn is_run(digits: &[u8]) -> bool {
    let step = |by: u8| digits.windows(2).all(|two| (two[0] - b'0' + by) % 10 == two[1] - b'0');
    step(1) || step(9)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carriers::text::{compact, tidy_number};

    #[test]
    fn each_kind_of_junk_is_named() {
        let catalogue = Catalogue::bundled();
        for (raw, junk) in [
            ("", Some(Junk::Empty)),
            ("  \u{200b} ", Some(Junk::Empty)),
            ("--", Some(Junk::Placeholder)),
            ("n/a ", Some(Junk::Placeholder)),
            ("N.A.", Some(Junk::Placeholder)),
            ("(none)", Some(Junk::Placeholder)),
            ("TBA", Some(Junk::Placeholder)),
            ("click & collect", Some(Junk::Placeholder)),
            ("see notes", Some(Junk::Placeholder)),
            ("sent 1234567890", Some(Junk::Remark)),
            ("collected in store by Tuesday 12345678", Some(Junk::Remark)),
            ("no tracking 12345678", Some(Junk::Remark)),
            ("ABCDEFGH", Some(Junk::NoDigit)),
            ("000000000000", Some(Junk::Repeated)),
            ("11111-11111-111", Some(Junk::Repeated)),
            ("12345678", Some(Junk::Run)),
            ("1234567890123", Some(Junk::Run)),
            ("987654321", Some(Junk::Run)),
            ("AB123", Some(Junk::TooShort)),
            ("A1234567890123456789012345678901234567890", Some(Junk::TooLong)),
            ("orders@example.com", Some(Junk::Email)),
            ("#1001", Some(Junk::OrderName)),
            ("PO-1234567", Some(Junk::OrderNumber)),
            ("Order 100234", Some(Junk::OrderNumber)),
            ("INV00012345", Some(Junk::OrderNumber)),
            ("+44 20 7946 0018", Some(Junk::Phone)),
            ("(555) 010-0123", Some(Junk::Phone)),
            ("2026-03-14", Some(Junk::Date)),
            ("576461413038785752", Some(Junk::TikTokId)),
            ("1152921504606846976", Some(Junk::TikTokId)),
            ("Royal Mail 48", Some(Junk::CarrierName)),
            ("FedEx", Some(Junk::CarrierName)),
            ("TBC 000000000000", None),
            ("PO123456785GB", None),
            ("NA123456785GB", None),
            ("1Z999AA10123456784", None),
            ("12345677", None),
        ] {
            let tidy = tidy_number(raw);
            let found = catalogue.junk_as_written(&tidy).or_else(|| catalogue.junk_compact(&compact(&tidy)));
            assert_eq!(found, junk, "{raw:?}");
        }
    }
}
