//! What TikTok's rules say by market, as dated data. A new rule is a line.

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The numbers of a policy. What a market's rules do not say is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Numbers {
    /// Business days to a tracking number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rts: Option<u16>,
    /// Business days to the first scan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan: Option<u16>,
    /// Business days to delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliver: Option<u16>,
    /// Business days until TikTok cancels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_cancel: Option<u16>,
    /// The same for goods with a handling time of their own, counted from the dispatch limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_cancel_handling: Option<u16>,
    /// The same for pre-orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_cancel_pre_order: Option<u16>,
    /// Calendar days without a scan after which a parcel counts as lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u16>,
    /// Business days without a scan after which the buyer may ask for the money back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund: Option<u16>,
}

/// A market's rules from a day on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Two-letter market.
    pub market: &'static str,
    /// The word of its source, for example `us`.
    pub word: &'static str,
    /// For orders created from this day on, in the market's zone.
    pub valid_from: Date,
    /// What it says.
    pub numbers: Numbers,
    /// Where it was read.
    pub source: &'static str,
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy:{}-{}", self.word, self.valid_from)
    }
}

const NONE: Numbers = Numbers {
    rts: None,
    scan: None,
    deliver: None,
    auto_cancel: None,
    auto_cancel_handling: None,
    auto_cancel_pre_order: None,
    lost: None,
    refund: None,
};
const FIVE_TO_DELIVER: Numbers = Numbers { deliver: Some(5), ..NONE };
const IRELAND_AND_SPAIN: Numbers =
    Numbers { rts: Some(2), scan: Some(3), deliver: Some(5), auto_cancel: Some(7), ..NONE };

/// Every policy, the later one of a market last.
pub const POLICIES: &[Policy] = &[
    Policy {
        market: "US",
        word: "us",
        valid_from: date(2025, 10, 1),
        numbers: Numbers { rts: Some(2), lost: Some(10), refund: Some(7), auto_cancel: Some(7), ..NONE },
        source: "Seller University US, dispatch time (October 2025)",
    },
    Policy {
        market: "US",
        word: "us",
        valid_from: date(2026, 1, 26),
        numbers: Numbers {
            rts: Some(2),
            scan: Some(2),
            deliver: Some(6),
            auto_cancel: Some(7),
            auto_cancel_handling: Some(4),
            auto_cancel_pre_order: Some(5),
            lost: Some(10),
            refund: Some(7),
        },
        source: "Seller University US: dispatched is the first scan since 26 January 2026; automatic cancellation (January 2026)",
    },
    Policy {
        market: "GB",
        word: "uk",
        valid_from: date(2024, 10, 1),
        numbers: Numbers { rts: Some(2), ..NONE },
        source: "Press, October 2024: two business days to dispatch",
    },
    Policy {
        market: "GB",
        word: "uk",
        valid_from: date(2025, 8, 25),
        numbers: Numbers { rts: Some(2), deliver: Some(5), ..NONE },
        source: "Press: on-time delivery at five business days in the UK and EU since 25 August 2025",
    },
    Policy {
        market: "IE",
        word: "ie",
        valid_from: date(2025, 8, 25),
        numbers: IRELAND_AND_SPAIN,
        source: "M2E Pro's documentation of Ireland (undated); delivery as in the UK and EU since 25 August 2025",
    },
    Policy {
        market: "ES",
        word: "es",
        valid_from: date(2025, 8, 25),
        numbers: IRELAND_AND_SPAIN,
        source: "M2E Pro's documentation of Spain (undated); delivery as in the UK and EU since 25 August 2025",
    },
    Policy {
        market: "DE",
        word: "de",
        valid_from: date(2025, 8, 25),
        numbers: FIVE_TO_DELIVER,
        source: "Press: on-time delivery at five business days in the UK and EU since 25 August 2025",
    },
    Policy {
        market: "FR",
        word: "fr",
        valid_from: date(2025, 8, 25),
        numbers: FIVE_TO_DELIVER,
        source: "Press: on-time delivery at five business days in the UK and EU since 25 August 2025",
    },
    Policy {
        market: "IT",
        word: "it",
        valid_from: date(2025, 8, 25),
        numbers: FIVE_TO_DELIVER,
        source: "Press: on-time delivery at five business days in the UK and EU since 25 August 2025",
    },
];

/// The rules that were in force in a market on a day.
#[must_use]
pub fn on(market: &str, day: Date) -> Option<&'static Policy> {
    POLICIES.iter().rev().find(|policy| policy.market == market && policy.valid_from <= day)
}
