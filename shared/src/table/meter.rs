//! What the table charged, counted.

use aws_sdk_dynamodb::types::ConsumedCapacity;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the table cost so far. A failed condition reports no units but is billed, so requests are counted too.
#[derive(Debug, Default)]
pub struct Meter {
    pub(super) write_requests: AtomicU64,
    /// In hundredths, since an eventually consistent read costs half a unit.
    write_units: AtomicU64,
    read_units: AtomicU64,
}

/// A reading of the [`Meter`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Requests that write.
    pub write_requests: u64,
    /// Write units, index included.
    pub write_units: f64,
    /// Read units.
    pub read_units: f64,
}

impl Meter {
    pub(super) fn add(&self, write: bool, capacity: Option<&ConsumedCapacity>) {
        let units = capacity.and_then(ConsumedCapacity::capacity_units).unwrap_or_default();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "units are small and positive")]
        let hundredths = (units * 100.0).round() as u64;
        let counter = if write { &self.write_units } else { &self.read_units };
        counter.fetch_add(hundredths, Ordering::Relaxed);
    }

    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    pub(super) fn read(&self) -> Usage {
        let units = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64 / 100.0;
        Usage {
            write_requests: self.write_requests.load(Ordering::Relaxed),
            write_units: units(&self.write_units),
            read_units: units(&self.read_units),
        }
    }
}
