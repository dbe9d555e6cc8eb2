//! Why a text in a number field is no tracking number.

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
