//! What one run did: the function's answer and its metric line.

use crate::telemetry::{Metric, Unit, metric};
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// Counts of one run.
        #[derive(Clone, Debug, Default, PartialEq, Serialize)]
        pub struct Summary {
            $($(#[$doc])* pub $name: u64,)*
            /// Age of the oldest entry that was due when the run began, in seconds.
            pub oldest_due_seconds: f64,
            /// Write units of the table, index included.
            pub write_units: f64,
            /// Read units of the table.
            pub read_units: f64,
        }

        impl Summary {
            /// What two runs did, the second right after the first.
            #[must_use]
            pub(super) fn and(self, next: &Self) -> Self {
                Self {
                    $($name: self.$name + next.$name,)*
                    oldest_due_seconds: self.oldest_due_seconds.max(next.oldest_due_seconds),
                    write_units: self.write_units + next.write_units,
                    read_units: self.read_units + next.read_units,
                }
            }
        }

        /// The counters while the run goes on.
        #[derive(Debug, Default)]
        pub(super) struct Tally {
            $(pub(super) $name: AtomicU64,)*
        }

        impl Tally {
            pub(super) fn summary(&self) -> Summary {
                Summary { $($name: self.$name.load(Ordering::Relaxed),)* ..Summary::default() }
            }
        }
    };
}

counts! {
    /// Entries that were due.
    due,
    /// First numbers that TikTok accepted.
    pushed,
    /// Corrections that TikTok accepted.
    corrected,
    /// Numbers that a read found at TikTok: an earlier answer was lost.
    reconciled,
    /// Put on the attention list.
    held,
    /// Of those, for reasons inside this program or unknown to it.
    held_unexpected,
    /// To be tried again later.
    retried,
    /// Waiting for the order (unpaid, on hold).
    waiting,
    /// Closed without sending.
    skipped,
    /// Writes whose answer was lost.
    unknown,
    /// Left for the next run: no time, or the row changed meanwhile.
    left,
    /// Shops that wait for their owner.
    parked_shops,
    /// Shops that rest after failures.
    resting_shops,
    /// Shards taken over from a crashed owner.
    careful_shards,
    /// Shards that somebody else works on.
    busy_shards,
    /// Reads from stores.
    look_ups,
    /// Shops whose orders were read.
    visits,
    /// Orders read in those visits.
    orders_read,
    /// Of those, new or moved.
    orders_changed,
    /// Panics that were contained.
    panics,
    /// One when calls to TikTok rest for all shops.
    breaker_open,
}

pub(super) fn one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Summary {
    /// The metric line of the run, without the count of the schedule's runs. Counts of rare trouble are written when there
    /// is some: a metric is paid by the hours in which it has values.
    #[must_use]
    pub fn metrics(&self, clock_offset_seconds: f64) -> Vec<Metric> {
        let trouble = [
            Metric::count(metric::RECONCILED, self.reconciled),
            Metric::count(metric::HELD_UNEXPECTED, self.held_unexpected),
            Metric::count(metric::CAREFUL_MODE, self.careful_shards),
        ];
        let mut metrics = vec![
            Metric::seconds(metric::OLDEST_DUE_AGE, self.oldest_due_seconds),
            Metric::count(metric::PUSHED, self.pushed + self.corrected),
            Metric::count(metric::HELD, self.held),
            Metric::count(metric::BREAKER_OPEN, self.breaker_open),
            Metric { name: metric::CLOCK_OFFSET, unit: Unit::Seconds, value: clock_offset_seconds },
        ];
        metrics.extend(trouble.into_iter().filter(|metric| metric.value > 0.0));
        metrics
    }
}
