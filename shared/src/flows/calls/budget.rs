//! What a caller can spend on calls: time, calls in flight, and a breaker for TikTok as a whole.

use super::breaker::Breaker;
use crate::app::pace::Flow;
use crate::domain::clock::Clock;
use crate::domain::reason::Reason;
use crate::domain::region::AppRegion;
use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;

/// A few calls beside other work: a consent, the daily look after a shop, a command.
const SHORT: (Duration, Duration) = (Duration::from_secs(40), Duration::from_secs(50));

/// Reads that only look keep this distance.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Handed to every [`super::ShopCalls`] of one run, and shared by them.
#[derive(Debug)]
pub struct Budget {
    latest_start: Duration,
    end: Duration,
    pub(crate) flow: Flow,
    pub(crate) breaker: Breaker,
    parked: AtomicU64,
    resting: AtomicU64,
    looked: Mutex<Option<Duration>>,
    rung: std::sync::Mutex<BTreeSet<(AppRegion, Reason)>>,
}

impl Budget {
    /// From now: nothing starts after `work`, and every call has ended at `end`. `careful`: right after an outage, so
    /// the first calls are probes.
    #[must_use]
    pub fn new(clock: &Clock, work: Duration, end: Duration, careful: bool) -> Self {
        let now = clock.steady();
        Self {
            latest_start: now + work,
            end: now + end,
            flow: Flow::new(careful),
            breaker: Breaker::default(),
            parked: AtomicU64::new(0),
            resting: AtomicU64::new(0),
            looked: Mutex::new(None),
            rung: std::sync::Mutex::default(),
        }
    }

    /// For a few calls.
    #[must_use]
    pub fn short(clock: &Clock) -> Self {
        Self::new(clock, SHORT.0, SHORT.1, false)
    }

    /// Whether new work may start.
    #[must_use]
    pub fn may_start(&self, clock: &Clock) -> bool {
        clock.steady() < self.latest_start && !self.breaker.is_open()
    }

    /// The latest moment, on the steady clock, at which a call may start.
    pub(crate) fn latest_start(&self) -> Duration {
        self.latest_start
    }

    /// What is left for an outside call.
    #[must_use]
    pub fn left(&self, clock: &Clock) -> Duration {
        self.end.saturating_sub(clock.steady())
    }

    /// Waits until a second has passed since the last read that only looked, at whatever shop or store.
    pub(crate) async fn next_look(&self, clock: &Clock) {
        let last = *self.looked.lock().await;
        if let Some(last) = last {
            tokio::time::sleep(BETWEEN_LOOKS.saturating_sub(clock.steady().saturating_sub(last))).await;
        }
    }

    /// Such a read begins now.
    pub(crate) async fn looked(&self, clock: &Clock) {
        *self.looked.lock().await = Some(clock.steady());
    }

    /// Whether a refusal of one of our apps is the first of its kind: it rings once, however many shops meet it.
    pub(crate) fn rings(&self, app: AppRegion, reason: Reason) -> bool {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner).insert((app, reason))
    }

    pub(crate) fn count_parked(&self) {
        self.parked.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_resting(&self) {
        self.resting.fetch_add(1, Ordering::Relaxed);
    }

    /// Shops parked and shops put to rest so far.
    #[must_use]
    pub fn stopped_shops(&self) -> (u64, u64) {
        (self.parked.load(Ordering::Relaxed), self.resting.load(Ordering::Relaxed))
    }
}
