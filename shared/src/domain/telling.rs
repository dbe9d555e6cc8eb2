//! When a shop's people are told next, and up to when they were. Pure.

use crate::domain::ids::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Alerts go out at most so often.
pub const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// The index is behind and clocks are skewed: what was written later is for the next window.
pub const SETTLED: SignedDuration = SignedDuration::from_mins(10);
/// Alerts are due so many hours before a deadline, the most urgent last.
pub const ALERTS: [i64; 3] = [24, 12, 4];

/// A shop's row of telling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    /// Whose shop it is.
    pub account: AccountId,
    /// When it is looked at next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Alerts that were due up to here are told.
    pub looked_until: Timestamp,
    /// A window that is being told: whoever finds it finishes it first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<(Timestamp, Timestamp)>,
    /// The last local date for which a digest was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Lost, delayed and cancelled parcels listed up to here are told (mail 9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcels_told: Option<Timestamp>,
}

impl Telling {
    /// Of a shop that was connected at `connected`.
    #[must_use]
    pub fn begin(account: AccountId, connected: Timestamp, now: Timestamp) -> Self {
        let looked_until = connected - HOUR;
        Self { account, due: Some(now), looked_until, window: None, digest: None, parcels_told: Some(connected) }
    }

    /// The window to tell at `now`: the stored one, else the next. `None`: nothing has passed since.
    #[must_use]
    pub fn window_at(&self, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let next = (self.looked_until, now - SETTLED);
        self.window.or_else(|| (next.1 > next.0).then_some(next))
    }
}

/// The most urgent alert of a deadline that falls into a window: hours before it. An alert is due at
/// `max(deadline - T, since)`; one that is due when the deadline has passed is none.
#[must_use]
pub fn alert_in(due: Timestamp, since: Timestamp, window: (Timestamp, Timestamp)) -> Option<i64> {
    ALERTS.into_iter().rev().find(|hours| {
        let at = (due - SignedDuration::from_hours(*hours)).max(since);
        at < due && at > window.0 && at <= window.1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + seconds).expect("time")
    }

    #[test]
    fn of_several_alerts_in_a_window_only_the_most_urgent_is_told() {
        let hour = 3600;
        let due = at(48 * hour);
        for (since, window, hours) in [
            (0, (23 * hour, 24 * hour), Some(24)),
            (0, (24 * hour, 25 * hour), None),
            (0, (35 * hour, 36 * hour), Some(12)),
            (0, (43 * hour, 44 * hour), Some(4)),
            // Everything at once: a shop was connected late, or the deadline was moved to three hours from now.
            (0, (10 * hour, 45 * hour), Some(4)),
            (45 * hour, (44 * hour, 46 * hour), Some(4)),
            (45 * hour, (46 * hour, 47 * hour), None),
            (49 * hour, (48 * hour, 50 * hour), None),
        ] {
            assert_eq!(alert_in(due, at(since), (at(window.0), at(window.1))), hours, "{since} {window:?}");
        }
    }
}
