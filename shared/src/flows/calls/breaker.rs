//! Notices within a run that TikTok as a whole is down, so that an outage of hours costs no row a write.

use crate::domain::ids::ShopId;
use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// All calls rest this long.
pub(crate) const REST: Duration = Duration::from_secs(30);
const WINDOW: Duration = Duration::from_secs(10);
const CALLS: usize = 20;
const SHOPS: usize = 3;

/// Calls of the last ten seconds.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    open: AtomicBool,
    calls: Mutex<VecDeque<(Duration, ShopId, bool)>>,
}

impl Breaker {
    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Counts a call. Opens at twenty calls of at least three shops of which half failed.
    pub(crate) fn count(&self, now: Duration, shop: &ShopId, failed: bool) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push_back((now, shop.clone(), failed));
        while calls.front().is_some_and(|(at, _, _)| now.saturating_sub(*at) > WINDOW) {
            calls.pop_front();
        }
        let failures = calls.iter().filter(|(_, _, failed)| *failed).count();
        if calls.len() >= CALLS && failures * 2 >= calls.len() {
            let shops: HashSet<&ShopId> = calls.iter().filter(|(_, _, f)| *f).map(|(_, shop, _)| shop).collect();
            if shops.len() >= SHOPS {
                self.open.store(true, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop(n: usize) -> ShopId {
        ShopId::parse(n.to_string()).expect("id")
    }

    #[test]
    fn it_takes_twenty_calls_of_three_shops_half_of_them_failed() {
        for (shops, failing, open) in [(3, 2, true), (2, 2, false), (3, 3, false)] {
            let breaker = Breaker::default();
            for i in 0..24 {
                breaker.count(Duration::from_millis(i as u64), &shop(i % shops), i % failing == 0);
            }
            assert_eq!(breaker.is_open(), open, "{shops} shops, every {failing}th failed");
        }
    }

    #[test]
    fn failures_spread_over_minutes_do_not_open_it() {
        let breaker = Breaker::default();
        for i in 0..60 {
            breaker.count(Duration::from_secs(i as u64), &shop(i % 3), true);
        }
        assert!(!breaker.is_open());
    }
}
