//! Tracking numbers as a store gives them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest text kept: a carrier's link with all its parameters. Anything longer is no tracking number (TikTok takes 50
/// characters at most) and is held as invalid; its head and a checksum keep it apart from others of its kind.
const LONGEST: usize = 500;
/// The same for other scripts, whose upper case may be longer: the number is part of a row's key.
const LONGEST_FOREIGN: usize = 200;

/// Whether two texts are the same number: case and separators aside.
#[must_use]
pub fn same_number(a: &str, b: &str) -> bool {
    found_as(a) == found_as(b)
}

/// The form in which spellings of a number count as one: letters and digits, upper case.
#[must_use]
pub fn found_as(number: &str) -> String {
    number.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// A parcel's number in the store's own words: outer blanks trimmed, at least one character.
///
/// Two forms matter. [`TrackingNumber::key`] (upper case, no white space) identifies the parcel in our table; the
/// carrier's canonical form, made by the carrier rules, is compared with TikTok and sent to it.
/// `Display` and `Debug` show the last four characters only.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrackingNumber(String);

/// The text held nothing but blanks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tracking number is empty")]
pub struct EmptyNumber;

impl TrackingNumber {
    /// Trims outer white space and control characters.
    ///
    /// # Errors
    /// [`EmptyNumber`] when nothing is left.
    pub fn parse(text: &str) -> Result<Self, EmptyNumber> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control() || is_invisible(c));
        if text.is_empty() {
            return Err(EmptyNumber);
        }
        if text.len() <= if text.is_ascii() { LONGEST } else { LONGEST_FOREIGN } {
            return Ok(Self(text.to_owned()));
        }
        let head: String = text.chars().take(LONGEST_FOREIGN / 8).collect();
        Ok(Self(format!("{head}~{:08x}", crc32fast::hash(text.as_bytes()))))
    }

    /// As the store gave it, trimmed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Upper case without any white space: the parcel's identity within its store order.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.chars().filter(|c| !c.is_whitespace() && !is_invisible(*c)).flat_map(char::to_uppercase).collect()
    }

    /// For logs and texts that strangers may read: the last four characters.
    #[must_use]
    pub fn masked(&self) -> String {
        let tail: Vec<char> = self.0.chars().rev().take(4).collect();
        let hidden = self.0.chars().count() > tail.len();
        let tail: String = tail.into_iter().rev().collect();
        if hidden { format!("…{tail}") } else { "…".to_owned() }
    }
}

/// Zero-width characters that copying from web pages leaves behind.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

impl TryFrom<String> for TrackingNumber {
    type Error = EmptyNumber;
    fn try_from(text: String) -> Result<Self, EmptyNumber> {
        Self::parse(&text)
    }
}

impl From<TrackingNumber> for String {
    fn from(number: TrackingNumber) -> String {
        number.0
    }
}

impl fmt::Display for TrackingNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for TrackingNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrackingNumber({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> TrackingNumber {
        TrackingNumber::parse(text).expect("not empty")
    }

    #[test]
    fn spaces_and_case_do_not_make_another_parcel() {
        assert_eq!(number(" 9400 1000\t0000 ").key(), "940010000000");
        assert_eq!(number("1z0000000000000001").key(), number("1Z 0000 0000 0000 0001").key());
    }

    #[test]
    fn a_blank_number_is_refused() {
        for text in ["", "   ", "\u{feff}\n"] {
            assert_eq!(TrackingNumber::parse(text), Err(EmptyNumber), "{text:?}");
        }
    }

    #[test]
    fn a_number_is_shown_by_its_last_four_characters() {
        assert_eq!(number("9400100000000000000017").to_string(), "…0017");
        assert_eq!(number("0017").to_string(), "…");
    }

    proptest! {
        #[test]
        fn the_key_form_is_stable(text in "\\PC{1,300}") {
            if let Ok(first) = TrackingNumber::parse(&text) {
                prop_assert!(first.as_str().len() <= LONGEST);
                if let Ok(second) = TrackingNumber::parse(&first.key()) {
                    prop_assert_eq!(second.key(), TrackingNumber::parse(&second.key()).map(|n| n.key()).unwrap_or_default());
                }
            }
        }
    }
}
