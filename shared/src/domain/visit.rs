//! When a shop's orders are read next, and how far that has come. Pure: the machine that does it is `flows::orders`.

use crate::domain::ids::{AccountId, TikTokOrderId};
use crate::domain::region::AppRegion;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// TikTok's webhook brings a visit to this near.
pub const SOON: SignedDuration = SignedDuration::from_mins(5);
/// After trouble, after a find that no webhook told, after an acceptance.
pub const QUARTER: SignedDuration = SignedDuration::from_mins(15);
/// While orders are open.
pub const HOURLY: SignedDuration = SignedDuration::from_hours(1);
/// Else; and how often every open order is read whatever happens.
pub const DAILY: SignedDuration = SignedDuration::from_hours(24);
/// Again after a conflict, or when a webhook came in the middle.
pub const AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// Search is behind, and clocks are skewed: a visit begins so much before the newest time stored.
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// The same on the first visit of an hour.
pub const LONG_OVERLAP: SignedDuration = SignedDuration::from_mins(70);
/// An older watermark is worth less than reading what is open.
pub const STALE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A first import sets the watermark this far back.
pub const IMPORT_OVERLAP: SignedDuration = SignedDuration::from_mins(30);

/// The states of open orders, in the order in which a first import reads them.
pub const OPEN_STATES: [&str; 5] =
    ["AWAITING_SHIPMENT", "PARTIALLY_SHIPPING", "ON_HOLD", "AWAITING_COLLECTION", "IN_TRANSIT"];

/// How far a first import has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Import {
    /// Which of [`OPEN_STATES`] is being read.
    pub state: usize,
    /// Orders of this state placed before were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Orders read.
    pub read: u64,
    /// When it began.
    pub began: Timestamp,
}

/// An order to look at again: TikTok accepted a number for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The order.
    pub order: TikTokOrderId,
    /// The number.
    pub number: String,
    /// When to look.
    pub at: Timestamp,
}

/// A shop's row of visits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Whose shop it is: another account begins anew.
    pub account: AccountId,
    /// The app that its seller said yes to: a webhook of the other one is not about it. Absent in rows of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppRegion>,
    /// The next visit. `None`: the shop is parked or gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// The newest `update_time` that is stored, by TikTok's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<Timestamp>,
    /// A first import under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<Import>,
    /// When the last first import ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Timestamp>,
    /// Orders to look at again, as far as this row was written for them anyway. The others have rows of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<Look>,
    /// Orders that have rows of their own were looked at up to here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<Timestamp>,
    /// A webhook came while the visit was due: it is made once more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// A webhook brought the visit forward: what it finds was told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub told: bool,
    /// When the last visit was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// When every open order was last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<Timestamp>,
    /// When TikTok last refused to show a product's images: the app has no scope for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images_refused: Option<Timestamp>,
    /// Orders that TikTok ships, as far as they were seen.
    #[serde(default)]
    pub not_ours: u64,
    /// Orders that the seller ships, as far as they were seen.
    #[serde(default)]
    pub ours: u64,
}

impl Visit {
    /// Of a shop that was just connected: due at once.
    #[must_use]
    pub fn begin(account: AccountId, app: AppRegion, now: Timestamp) -> Self {
        Self {
            account,
            app: Some(app),
            due: Some(now),
            watermark: None,
            import: None,
            imported: None,
            looks: Vec::new(),
            looked: None,
            again: false,
            told: false,
            last: None,
            round: None,
            images_refused: None,
            not_ours: 0,
            ours: 0,
        }
    }

    /// TikTok said that something moved. `false`: nothing to write.
    pub fn hint(&mut self, now: Timestamp) -> bool {
        match self.due {
            Some(due) if due > now + SOON => {
                self.due = Some(now + SOON);
                self.told = true;
                true
            }
            Some(due) if due <= now && !self.again => {
                self.again = true;
                true
            }
            _ => false,
        }
    }

    /// TikTok accepted numbers, whose orders are looked at then. `false`: the row need not be written, since a visit comes
    /// no later and asks for looks beside it; the numbers are not in it.
    pub fn accepted(&mut self, numbers: &[(TikTokOrderId, String)], at: Timestamp) -> bool {
        let later = self.due.is_some_and(|due| due > at);
        if later {
            self.due = Some(at);
            let look =
                |(order, number): &(TikTokOrderId, String)| Look { order: order.clone(), number: number.clone(), at };
            self.looks.extend(numbers.iter().map(look));
        }
        later
    }

    /// Whether the search by change is worth less than an import.
    #[must_use]
    pub fn needs_import(&self, now: Timestamp) -> bool {
        self.watermark.is_none_or(|mark| mark < now - STALE)
    }

    /// Whether the daily round is due.
    #[must_use]
    pub fn round_is_due(&self, now: Timestamp) -> bool {
        self.round.is_none_or(|last| last + DAILY <= now)
    }

    /// Whether this is the first visit of its hour.
    #[must_use]
    pub fn is_first_of_hour(&self, now: Timestamp) -> bool {
        self.last.is_none_or(|last| last.as_second() / 3600 != now.as_second() / 3600)
    }

    /// The next visit after one that ended well at `now`; `ahead` is the first look that has a row of its own.
    #[must_use]
    pub fn next(&self, now: Timestamp, found: bool, open: bool, ahead: Option<Timestamp>) -> Timestamp {
        let usual = if found && !self.told {
            QUARTER
        } else if open {
            HOURLY
        } else {
            DAILY
        };
        let looks = self.looks.iter().map(|look| look.at).chain(ahead).min();
        looks.map_or(now + usual, |look| look.min(now + usual).max(now + AGAIN))
    }
}
