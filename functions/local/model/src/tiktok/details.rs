//! What makes an order special: its kind, its own deadlines, how TikTok shows it, and what the clock does to it.

use super::order::{Order, PackageStatus, Status};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Fields of a deadline with the hours after placing at which the model puts it by itself.
pub(super) const DEADLINES: [(&str, i64); 7] = [
    ("rts_sla_time", 48),
    ("tts_sla_time", 72),
    ("delivery_sla_time", 6 * 24),
    ("shipping_due_time", 7 * 24),
    ("collection_due_time", 10 * 24),
    ("delivery_due_time", 15 * 24),
    ("cancel_order_sla_time", 7 * 24),
];

/// Beside the plain order.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// `order_type`; NORMAL when not said.
    pub order_type: Option<String>,
    /// A pre-order: held until then, unpaid and without an address until the hold ends.
    pub release: Option<Timestamp>,
    /// The order that this one replaces.
    pub replaces: Option<String>,
    /// The order that this one is an exchange for.
    pub exchange_of: Option<String>,
    /// `auto_combine_group_id`.
    pub combine_group: Option<String>,
    /// `is_on_hold_order`; true when not said: since early 2026 every order passes the hold.
    pub passes_hold: Option<bool>,
    /// The address is masked in every status.
    pub masked: bool,
    /// `need_upload_invoice`, when it shall differ from what the order needs.
    pub invoice: Option<String>,
    /// Deadlines by field; `None`: TikTok leaves the field out. Those not named here count from placing.
    pub deadlines: BTreeMap<&'static str, Option<Timestamp>>,
    /// Every read that names this order is refused with this code.
    pub reads_refused: Option<i64>,
    /// So many more answers leave this order out without a word.
    pub left_out: u32,
    /// Its open package was joined with those of other orders.
    pub combined: bool,
    /// Search never shows it; a read by id does.
    pub only_by_id: bool,
    /// This word is shown as its status.
    pub status_word: Option<String>,
    /// The carrier scans what has a number at this time, and delivers it at that one.
    pub carried: Option<(Timestamp, Timestamp)>,
}

impl Order {
    /// A deadline as TikTok shows it.
    pub(super) fn deadline(&self, field: &'static str, hours: i64) -> Option<i64> {
        match self.details.deadlines.get(field) {
            Some(own) => own.map(Timestamp::as_second),
            None => Some(self.due(hours)),
        }
    }

    /// The next thing that time alone does to it, if its moment has come: the hold ends, the carrier moves, TikTok
    /// cancels.
    pub(super) fn next_by_clock(&self, now: Timestamp, auto_cancel: bool) -> Option<(Timestamp, ByClock)> {
        let hold = self.hold_over(now).map(|at| (at, ByClock::Release));
        let waits = |status| self.packages.iter().any(|package| package.status == status);
        let carried = self.details.carried.and_then(|(scan, delivery)| {
            if scan <= now && waits(PackageStatus::Processing) {
                Some((scan, ByClock::Scan))
            } else if delivery <= now && waits(PackageStatus::Fulfilling) {
                Some((delivery, ByClock::Deliver))
            } else {
                None
            }
        });
        let cancelled = self.cancelled_by_clock().filter(|at| auto_cancel && *at <= now);
        [hold, carried, cancelled.map(|at| (at, ByClock::Cancel))].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// When TikTok cancels it by itself: the field that belongs to its status.
    fn cancelled_by_clock(&self) -> Option<Timestamp> {
        let (field, hours) = match self.status {
            Status::AwaitingShipment | Status::PartiallyShipping => DEADLINES[3],
            Status::AwaitingCollection => DEADLINES[4],
            Status::InTransit => DEADLINES[5],
            _ => return None,
        };
        self.deadline(field, hours).and_then(|second| Timestamp::from_second(second).ok())
    }

    /// Does what time does.
    pub(super) fn by_clock(&mut self, what: ByClock, at: Timestamp) {
        match what {
            ByClock::Release => self.release(),
            ByClock::Scan => {
                self.move_packages(PackageStatus::Processing, PackageStatus::Fulfilling, "Picked up by carrier", at);
            }
            ByClock::Deliver => {
                self.move_packages(PackageStatus::Fulfilling, PackageStatus::Completed, "Delivered", at);
            }
            ByClock::Cancel => self.cancel("SYSTEM"),
        }
    }

    /// Moves every package of one status on, with the carrier's event. `false`: there was none.
    pub(super) fn move_packages(&mut self, from: PackageStatus, to: PackageStatus, words: &str, at: Timestamp) -> bool {
        let mut moved = false;
        for package in self.packages.iter_mut().filter(|package| package.status == from) {
            package.status = to;
            package.updated = at;
            moved = true;
        }
        if !moved {
            return false;
        }
        self.events.push((words.to_owned(), at));
        let all = |status| self.packages.iter().all(|package| package.status >= status);
        if self.open_lines().is_empty() {
            if all(PackageStatus::Completed) {
                self.status = Status::Delivered;
            } else if self.status == Status::AwaitingCollection {
                self.status = Status::InTransit;
            }
        }
        true
    }

    /// Cancels it; what was not shipped yet never will be.
    pub(super) fn cancel(&mut self, by: &str) {
        self.status = Status::Cancelled;
        self.cancelled_by = Some(by.to_owned());
        self.cancel_requested = None;
        for package in self.packages.iter_mut().filter(|package| package.shipped.is_none()) {
            package.status = PackageStatus::Cancelled;
        }
    }
}

/// What time alone does to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByClock {
    Release,
    Scan,
    Deliver,
    Cancel,
}

/// So long after now, or now itself at the end of all times.
pub(super) fn after(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.checked_add(time).unwrap_or(now)
}
