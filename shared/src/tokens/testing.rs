//! What the tests of this room share.

use crate::domain::clock::{Clock, Entropy};
use jiff::{SignedDuration, Timestamp};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Repeatable bytes that differ from call to call.
pub(crate) fn entropy(seed: u64) -> Entropy {
    let state = AtomicU64::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    Entropy::new(move |bytes| {
        for byte in bytes {
            // SplitMix64.
            let mut z = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (z >> 56) as u8;
        }
    })
}

/// A clock that a test moves.
#[derive(Clone)]
pub(crate) struct Hands(Arc<Mutex<Duration>>);

impl Hands {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    pub(crate) fn forward(&self, by: Duration) {
        *self.0.lock().expect("unpoisoned") += by;
    }

    pub(crate) fn clock(&self) -> Clock {
        let (wall, steady) = (self.clone(), self.clone());
        let read = |hands: &Self| *hands.0.lock().expect("unpoisoned");
        Clock::new(move || start() + SignedDuration::try_from(read(&wall)).expect("in range"), move || read(&steady))
    }
}

pub(crate) fn start() -> Timestamp {
    "2026-11-03T10:00:00Z".parse().expect("a time")
}
