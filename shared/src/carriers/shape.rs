//! One shape of one carrier's numbers: a pattern, a check digit, and how much a match is worth.

use crate::carriers::check::{Answer, Check};
use crate::carriers::pattern::{DIGITS, Groups, Pattern, bit};
use crate::carriers::text::holds_word;
use serde::{Deserialize, Serialize};

/// Longest number worth looking at. TikTok publishes no limit; 6 to 40 is the working bound of the carrier data.
pub const LONGEST: usize = 40;
/// Shortest text that can be a number.
pub const SHORTEST: usize = 6;

/// How much a match of the shape says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// Only confirms a carrier that somebody named.
    Weak,
    /// Other carriers use it too: region, name or check digit decide.
    Shared,
    /// Points at this carrier alone, or at the few that share it.
    Exclusive,
}

/// How well a shape is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Confidence {
    /// Two or more independent sources.
    Confirmed,
    /// One source.
    Single,
    /// A guess.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Enforce {
    Hard,
    Advisory,
    None,
}

/// The part of a matching text that TikTok gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extract {
    Whole,
    /// The groups, without USPS routing (420 and the ZIP code) in front.
    Groups,
    /// Bytes from..to of the text; matched text is ASCII.
    Slice(usize, usize),
}

/// The shape as the data writes it.
#[derive(Debug, Deserialize)]
pub(super) struct RawShape {
    id: String,
    regex: String,
    check: Option<Check>,
    enforce: Enforce,
    strength: Strength,
    confidence: Confidence,
    extract: Option<String>,
    note: Option<String>,
    #[serde(default)]
    example_numbers: Vec<String>,
    #[serde(default)]
    country_prefix: bool,
}

/// A shape that is ready to match.
#[derive(Debug)]
pub struct Shape {
    /// The shape's name within its carrier.
    pub id: String,
    /// How much a match says.
    pub strength: Strength,
    /// How well the shape is known.
    pub confidence: Confidence,
    /// What a person should know about it.
    pub note: Option<String>,
    /// Numbers that have this shape, from public sources.
    pub examples: Vec<String>,
    check: Option<Check>,
    enforce: Enforce,
    extract: Extract,
    pattern: Pattern,
    country_prefix: bool,
    fixed: Vec<u64>,
}

/// What the check digit says about a text that has the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckResult {
    /// The check digit is right.
    Passed,
    /// The check digit is wrong: this is not a number of the shape.
    Failed,
    /// No check digit is known for the shape.
    NotKnown,
    /// A check digit is known but not trusted; it is right.
    AdvisoryPassed,
    /// A check digit is known but not trusted; it is wrong.
    AdvisoryFailed,
    /// The check digit is right, but the prefix or suffix belongs to another carrier.
    OtherIssuer,
    /// The check digit is wrong, and the prefix or suffix belongs to another carrier.
    OtherIssuerFailed,
}

impl CheckResult {
    /// Whether the text counts as a number of the shape.
    #[must_use]
    pub fn fits(self) -> bool {
        matches!(self, Self::Passed | Self::NotKnown | Self::AdvisoryPassed | Self::AdvisoryFailed)
    }
}

/// Why a shape of the data cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ShapeError {
    /// The pattern does not parse, or holds something we do not match.
    #[error("shape {0}: the pattern does not parse")]
    Pattern(String),
    /// The instruction what to extract is not one we know.
    #[error("shape {0}: unknown extraction")]
    Extract(String),
}

impl Shape {
    pub(super) fn build(raw: RawShape) -> Result<Self, ShapeError> {
        let pattern = Pattern::parse(&raw.regex).ok_or_else(|| ShapeError::Pattern(raw.id.clone()))?;
        let extract = match raw.extract.as_deref() {
            Some("the 9... part, without 420+ZIP") => Extract::Groups,
            Some("last 12 digits") => Extract::Slice(22, 34),
            Some("digits 17-28") => Extract::Slice(16, 28),
            Some("digits 8-21") => Extract::Slice(7, 21),
            Some(_) => return Err(ShapeError::Extract(raw.id)),
            // Consolidators print the same routing in front of a USPS number; it never goes to TikTok.
            None if raw.regex.starts_with(r"^(?:420\d{5}") || raw.regex.starts_with(r"^420\d{5}") => Extract::Groups,
            None => Extract::Whole,
        };
        let fixed = pattern.fixed().collect();
        Ok(Self {
            country_prefix: raw.country_prefix,
            fixed,
            id: raw.id,
            strength: raw.strength,
            confidence: raw.confidence,
            note: raw.note,
            examples: raw.example_numbers,
            check: raw.check,
            enforce: raw.enforce,
            extract,
            pattern,
        })
    }

    /// The shape and its check digit settle the matter: a failing check means no match.
    #[must_use]
    pub fn is_hard(&self) -> bool {
        self.enforce == Enforce::Hard && self.check.is_some()
    }

    /// Several sources know the shape, and it says more than "possible": a number that misses every such shape is odd.
    #[must_use]
    pub fn is_telling(&self) -> bool {
        self.confidence == Confidence::Confirmed && self.strength != Strength::Weak && self.enforce != Enforce::Advisory
    }

    /// Any digits of the right count match: such a shape confirms nothing against another carrier's.
    #[must_use]
    pub fn is_some_digits(&self) -> bool {
        self.check.is_none() && self.pattern.digits_only()
    }

    /// Characters that stand at the beginning of every number of the shape (`SPX`, `TBA`): the more, the surer.
    #[must_use]
    pub fn fixed_characters(&self) -> usize {
        self.fixed.len()
    }

    /// A prefix of three letters or more that says whose number it is, with no word behind it ("ASE" of "ASEORDER2026"
    /// says nothing). `text` has the shape.
    #[must_use]
    pub fn is_marked(&self, text: &str) -> bool {
        let letters = self.fixed.iter().filter(|set| **set & DIGITS == 0).count();
        letters >= 3 && !holds_word(text.get(self.fixed.len()..).unwrap_or_default())
    }

    /// Whether a number of the shape can begin with this text, and the text is all of its fixed beginning's letters.
    #[must_use]
    pub fn begins_with(&self, text: &str) -> bool {
        let fits = |(set, byte): (&u64, u8)| bit(byte).is_some_and(|bit| set & bit != 0);
        !text.is_empty() && text.len() <= self.fixed.len() && self.fixed.iter().zip(text.bytes()).all(fits)
    }

    /// The shape begins with a country's letters and counts in that country's market only. `market` as the data writes
    /// it; `None`: every market counts.
    #[must_use]
    pub fn is_abroad(&self, text: &str, market: Option<&str>) -> bool {
        let country = match text.get(..2) {
            Some("GB") => "UK",
            country => country.unwrap_or_default(),
        };
        self.country_prefix && market.is_some_and(|market| market != country)
    }

    /// Modulo 7 lets one number in seven pass, so passing it proves nothing.
    #[must_use]
    pub fn is_proof(&self) -> bool {
        self.is_hard() && !matches!(self.check, Some(Check::Mod7(_)))
    }

    /// Tries a text of upper-case letters and digits. `None`: it does not have the shape.
    #[must_use]
    pub fn test(&self, text: &str) -> Option<CheckResult> {
        let first = text.bytes().next().and_then(bit)?;
        if self.pattern.first & first == 0 || !self.lengths().contains(&text.len()) {
            return None;
        }
        let groups = self.pattern.groups(text)?;
        let Some(check) = &self.check else { return Some(CheckResult::NotKnown) };
        let group = |(from, to): (usize, usize)| text.get(from..to).unwrap_or_default();
        let answer = check.answer(group(groups.payload), group(groups.check), text);
        Some(match (self.enforce, answer) {
            (Enforce::Hard, Answer::Right) => CheckResult::Passed,
            (Enforce::Hard, Answer::Wrong) => CheckResult::Failed,
            (Enforce::Hard, Answer::Elsewhere(true)) => CheckResult::OtherIssuer,
            (Enforce::Hard, Answer::Elsewhere(false)) => CheckResult::OtherIssuerFailed,
            (Enforce::Advisory, Answer::Right) => CheckResult::AdvisoryPassed,
            (Enforce::Advisory, Answer::Wrong | Answer::Elsewhere(_)) => CheckResult::AdvisoryFailed,
            (Enforce::None, _) => CheckResult::NotKnown,
        })
    }

    /// The part of a matching text that TikTok gets; the text itself where nothing is to be dropped.
    #[must_use]
    pub fn canonical<'t>(&self, text: &'t str) -> &'t str {
        match self.extract {
            Extract::Whole => text,
            Extract::Slice(from, to) => text.get(from..to).unwrap_or(text),
            Extract::Groups => match self.pattern.groups(text) {
                Some(Groups { payload, check }) => text.get(payload.0..check.1).unwrap_or(text),
                None => text,
            },
        }
    }

    /// Lengths of text that can match.
    pub(super) fn lengths(&self) -> std::ops::RangeInclusive<usize> {
        self.pattern.lengths.0..=self.pattern.lengths.1.min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(regex: &str, extract: Option<&str>) -> Result<Shape, ShapeError> {
        Shape::build(RawShape {
            id: "sample".into(),
            regex: regex.into(),
            check: None,
            enforce: Enforce::None,
            strength: Strength::Shared,
            confidence: Confidence::Single,
            extract: extract.map(Into::into),
            note: None,
            country_prefix: false,
            example_numbers: vec![],
        })
    }

    #[test]
    fn the_shortcut_by_first_character_and_length_never_hides_a_match() {
        let parcel = shape(r"^(?:\d{8}|[AB]\d{9}|(?:X1)?[PD][A-Z]{2}\d{6})$", None).expect("parses");
        for text in ["12345678", "A123456789", "X1PQR123456", "DQR123456"] {
            assert_eq!(parcel.test(text), Some(CheckResult::NotKnown), "{text}");
        }
        for text in ["", "123456789", "C123456789", "é2345678", "QQR123456"] {
            assert_eq!(parcel.test(text), None, "{text}");
        }
    }

    #[test]
    fn routing_in_front_of_a_parcel_number_is_dropped() {
        let routed = shape(r"^(?:420\d{5}(?:\d{4})?)?(?P<payload>9\d{2})(?P<check>\d)$", None).expect("parses");
        for text in ["9123", "420787459123", "4207874512349123"] {
            assert_eq!(routed.canonical(text), "9123", "{text}");
        }
        let barcode = shape(r"^\d{34}$", Some("last 12 digits")).expect("parses");
        assert_eq!(barcode.canonical("1001921334250001000300779017972697"), "779017972697");
    }

    #[test]
    fn data_that_cannot_be_used_is_refused_at_load() {
        assert!(matches!(shape("^(", None), Err(ShapeError::Pattern(_))));
        assert!(matches!(shape("^1$", Some("the middle")), Err(ShapeError::Extract(_))));
    }
}
