//! Whose labels TikTok counts, as dated data: in some markets a carrier's number counts only where TikTok sold the label. A
//! new rule is a line.
//!
//! Nobody outside knows whether TikTok refuses such a number or takes it and does not count it (it differs by seller), so
//! a number is never held for this rule: it is sent with a warning, and TikTok's refusal has a remedy of its own.

use super::region::Region;
use jiff::civil::{Date, date};
use std::fmt;

/// From a day on, a carrier's numbers count only from labels that TikTok sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelRule {
    /// Two-letter market.
    pub market: &'static str,
    /// The carrier's key in the carrier data.
    pub carrier: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// For numbers sent from this day on.
    pub valid_from: Date,
    /// Where it was read.
    pub source: &'static str,
}

/// Every rule, the later one of a market and carrier last.
pub const LABEL_RULES: &[LabelRule] = &[LabelRule {
    market: "US",
    carrier: "usps",
    name: "USPS",
    valid_from: date(2026, 1, 1),
    source: "TikTok's notice of 14 November 2025 as quoted in ShipStation's community; GeekSeller; Cahoot (December 2025); \
             Racklify (January 2026)",
}];

impl fmt::Display for LabelRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy:{}-{}", self.market.to_ascii_lowercase(), self.valid_from)
    }
}

impl LabelRule {
    /// What a merchant reads.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { market, name, valid_from, .. } = self;
        format!(
            "TikTok did not sell this label; it counts {name} numbers only from labels bought at TikTok ({market}, since \
             {valid_from})"
        )
    }
}

/// The rules of a market that are in force on a day.
pub fn in_force(market: &Region, day: Date) -> impl Iterator<Item = &'static LabelRule> {
    LABEL_RULES.iter().filter(move |rule| rule.market == market.as_str() && rule.valid_from <= day)
}

/// The rule for a carrier of a market on a day.
#[must_use]
pub fn rule(market: &Region, carrier: &str, day: Date) -> Option<&'static LabelRule> {
    in_force(market, day).filter(|rule| rule.carrier == carrier).last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usps_in_the_us_counts_only_from_tiktoks_labels_since_january_2026() {
        let on = |market: &str, carrier: &str, day| rule(&Region::new(market), carrier, day).is_some();
        assert!(on("US", "usps", date(2026, 1, 1)) && on("US", "usps", date(2027, 6, 1)));
        assert!(!on("US", "usps", date(2025, 12, 31)) && !on("US", "ups", date(2026, 6, 1)));
        assert!(!on("GB", "usps", date(2026, 6, 1)));
        for rule in LABEL_RULES {
            assert!(rule.source.len() > 20 && rule.to_string().starts_with("policy:"), "{rule}");
        }
    }
}
