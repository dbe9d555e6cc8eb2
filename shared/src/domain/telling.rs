//! When a shop's people are told next, and up to when they were. Pure.

use crate::domain::ids::{AccountId, StoreId, StoreOrderId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Alerts go out at most so often.
pub const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// The index is behind and clocks are skewed: what was written later is for the next window.
pub const SETTLED: SignedDuration = SignedDuration::from_mins(10);
/// Alerts are due so many hours before a deadline, the most urgent last.
pub const ALERTS: [i64; 3] = [24, 12, 4];

/// Held parcels are judged so often while one of them is young, and people are told while an order is open.
const SWEEP: SignedDuration = SignedDuration::from_mins(55);
/// What was listed is noted so often, at most.
const NOTED: SignedDuration = SignedDuration::from_mins(2);
/// What came up beside the schedule (a hold, a first order) is told after this long: longer than a run of the push lives,
/// so that what it announces is written by then.
pub const SOON: SignedDuration = SignedDuration::from_mins(10);

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
    /// Something was about to be listed then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<Timestamp>,
    /// When the last whole round over the shop's held parcels began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swept: Option<Timestamp>,
    /// A round that goes on: more is held than is judged at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
}

/// A round over held parcels under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sweep {
    /// When it began.
    pub began: Timestamp,
    /// The last store order that was judged.
    pub after: (StoreId, StoreOrderId),
}

impl Telling {
    /// Of a shop that was connected at `connected`.
    #[must_use]
    pub fn begin(account: AccountId, connected: Timestamp, now: Timestamp) -> Self {
        let looked_until = connected - HOUR;
        Self {
            account,
            due: Some(now),
            looked_until,
            window: None,
            digest: None,
            parcels_told: Some(connected),
            listed: None,
            swept: None,
            sweep: None,
        }
    }

    /// Something is to be told that nobody looks for yet. `false`: somebody will, within the hour.
    pub fn soon(&mut self, now: Timestamp) -> bool {
        let later = self.due.is_none_or(|due| due > now + HOUR);
        if later {
            self.due = Some(now + SOON);
        }
        later
    }

    /// Something is about to be listed: it is told soon. `false`: that was noted just now. A look that is under way, or that
    /// begins before the row is written, looks once more.
    pub fn listed(&mut self, now: Timestamp) -> bool {
        let noted = self.listed.is_some_and(|at| at <= now && now.duration_since(at) < NOTED);
        let later = self.due.is_none_or(|due| due > now + SOON);
        if later {
            self.due = Some(now + SOON);
        }
        if later || !noted {
            self.listed = Some(now);
        }
        later || !noted
    }

    /// Whether held parcels are to be judged at `now`.
    #[must_use]
    pub fn sweep_is_due(&self, now: Timestamp) -> bool {
        self.sweep.is_some() || self.swept.is_none_or(|at| now.duration_since(at) >= SWEEP)
    }

    /// When the next window is whole: a look for another reason in between does not put it off.
    #[must_use]
    pub fn next_window(&self, now: Timestamp) -> Timestamp {
        let whole = self.looked_until + HOUR + SETTLED;
        if whole > now { whole } else { now + HOUR }
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
    fn a_look_for_another_reason_does_not_put_the_next_window_off() {
        let minute = 60;
        let account = AccountId::parse("a1").expect("id");
        let telling = Telling { looked_until: at(0), ..Telling::begin(account, at(0), at(0)) };
        assert_eq!(telling.next_window(at(10 * minute)), at(70 * minute));
        assert_eq!(telling.next_window(at(69 * minute)), at(70 * minute));
        assert_eq!(
            telling.next_window(at(70 * minute)),
            at(130 * minute),
            "one that cannot be told now is no reason to spin"
        );
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
