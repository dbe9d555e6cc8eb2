//! What stands in number fields and is no tracking number. These rules run before any shape: a phone number stays a
//! phone number even where some carrier's shape would fit it.
//!
//! Source: carrier data, `junk`; carrier fact sheet, section 3.

use crate::carriers::catalogue::Catalogue;
use crate::carriers::forms::plain_form;
use crate::carriers::shape::{LONGEST, SHORTEST};
use serde::Serialize;

/// Why a text is not a tracking number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Junk {
    /// Nothing but blanks and punctuation.
    Empty,
    /// "N/A", "none", "TBC", "pickup", …
    Placeholder,
    /// Holds a word that says there is no number: "see notes", "sent", "untracked", …
    Remark,
    /// No digit at all.
    NoDigit,
    /// One character repeated.
    Repeated,
    /// Digits that only count up or down.
    Run,
    /// Fewer than six characters.
    TooShort,
    /// More than forty characters.
    TooLong,
    /// An e-mail address.
    Email,
    /// A link, or a platform's own id written as one, from which no number can be taken.
    Link,
    /// An order name: "#1001".
    OrderName,
    /// ORDER, INV, PO or TEST and digits.
    OrderNumber,
    /// The order's own number, name or id, or the shipment's.
    OwnReference,
    /// A phone number.
    Phone,
    /// A date.
    Date,
    /// A TikTok order or package id.
    TikTokId,
    /// An id of another system: a GUID, a marketplace's order.
    OtherId,
    /// A postcode.
    Postcode,
    /// What a spreadsheet made of a number: `9.40011E+21`, `301234567.0`. Its digits are lost.
    Spreadsheet,
    /// A carrier's name in place of a number.
    CarrierName,
    /// Text around something that no check digit confirms, or characters that no number has.
    Text,
}

impl Junk {
    /// What a merchant reads.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Empty => "the field is empty",
            Self::Placeholder => "this is a placeholder, not a tracking number",
            Self::Remark => "the field holds a remark; write the tracking number alone",
            Self::NoDigit => "a tracking number has at least one digit",
            Self::Repeated => "one character repeated is not a tracking number",
            Self::Run => "digits that only count up or down are not a tracking number",
            Self::TooShort => "a tracking number has at least 6 characters",
            Self::TooLong => "a tracking number has at most 40 characters",
            Self::Email => "this is an e-mail address",
            Self::Link => "this is a link from which no tracking number can be taken",
            Self::OrderName => "this is an order name",
            Self::OrderNumber => "this is an order, invoice or test number",
            Self::OwnReference => "this is the order's own number",
            Self::Phone => "this is a phone number",
            Self::Date => "this is a date",
            Self::TikTokId => "this is a TikTok order or package id",
            Self::OtherId => "this is another system's id",
            Self::Postcode => "this is a postcode",
            Self::Spreadsheet => {
                "a spreadsheet or a program changed this number and its digits are lost; enter it as printed on the label"
            }
            Self::CarrierName => "this is a carrier's name",
            Self::Text => "there is text around the number, and no check digit confirms which part is the number",
        }
    }
}

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
