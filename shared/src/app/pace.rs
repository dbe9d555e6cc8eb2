//! How fast: per shop (calls a second), and all shops together (calls in flight).

use crate::domain::clock::Clock;
use crate::domain::ids::ShopId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// TikTok's advice for a start (September 2026): 1 to 3 writes and 3 to 10 reads a second, for each app and shop.
const WRITES_A_SECOND: f64 = 2.0;
const READS_A_SECOND: f64 = 5.0;
/// Never slower than one call in four seconds, or a shop would not come back.
const SLOWEST: f64 = 0.25;
/// A refusal without `Retry-After` pauses the shop this long.
const PAUSE: Duration = Duration::from_secs(1);
/// A shop has at most this many calls in flight.
pub(crate) const PER_SHOP: usize = 8;
/// Together: from, to.
const FEWEST: f64 = 8.0;
const MOST: f64 = 128.0;
/// After an outage the first calls are probes.
const PROBES: f64 = 3.0;
/// Many refusals of one moment count once.
const CUT_AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// What a call does, and so which rate it counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
}

/// The rates learnt so far, by shop. Lives as long as the process.
#[derive(Debug, Default)]
pub struct Paces(Mutex<HashMap<ShopId, Arc<Pace>>>);

impl Paces {
    /// A shop's pace, for one run. This process does not know what another one just did for the shop: its first calls
    /// come a gap later, so that both together keep the rate.
    pub(crate) fn of(&self, shop: &ShopId, clock: &Clock) -> Arc<Pace> {
        let mut shops = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pace = Arc::clone(shops.entry(shop.clone()).or_default());
        pace.taken_over(clock.steady());
        pace
    }
}

/// One shop's rates: calls of a kind start at even gaps, so that no window of a second holds more than its share.
#[derive(Debug)]
pub(crate) struct Pace(Mutex<Rates>);

#[derive(Debug)]
struct Rates {
    reads: Bucket,
    writes: Bucket,
    paused_until: Duration,
}

#[derive(Debug)]
struct Bucket {
    usual: f64,
    rate: f64,
    /// The next place in the queue.
    next: Duration,
    /// No call starts before: the last one's start and a gap.
    free: Duration,
}

impl Bucket {
    fn new(usual: f64) -> Self {
        Self { usual, rate: usual, next: Duration::ZERO, free: Duration::ZERO }
    }
}

impl Default for Pace {
    fn default() -> Self {
        let rates = Rates {
            reads: Bucket::new(READS_A_SECOND),
            writes: Bucket::new(WRITES_A_SECOND),
            paused_until: Duration::ZERO,
        };
        Self(Mutex::new(rates))
    }
}

impl Pace {
    fn taken_over(&self, now: Duration) {
        let mut rates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for kind in [Kind::Read, Kind::Write] {
            let bucket = rates.bucket(kind);
            bucket.free = bucket.free.max(now + Duration::from_secs_f64(1.0 / bucket.rate));
            bucket.next = bucket.next.max(bucket.free);
        }
    }

    /// How long the next call would wait for its place. Takes none.
    pub(crate) fn wait(&self, kind: Kind, clock: &Clock) -> Duration {
        let mut rates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let paused = rates.paused_until;
        let bucket = rates.bucket(kind);
        bucket.next.max(bucket.free).max(paused).saturating_sub(clock.steady())
    }

    /// Waits for the next place of a call; `None`, and no place taken, when it would come after `latest`.
    pub(crate) async fn place(&self, kind: Kind, clock: &Clock, latest: Duration) -> Option<()> {
        let wait = {
            let mut rates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let now = clock.steady();
            let paused = rates.paused_until;
            let bucket = rates.bucket(kind);
            let start = now.max(bucket.next).max(paused);
            if start > latest {
                return None;
            }
            bucket.next = start + Duration::from_secs_f64(1.0 / bucket.rate);
            start - now
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Some(())
    }

    /// The call starts now: its place came, and it got through to where calls are made. Calls that had to wait there
    /// would start together, and a pause may have begun meanwhile: then the answer is how much longer to wait.
    pub(crate) fn start(&self, kind: Kind, clock: &Clock) -> Result<(), Duration> {
        let mut rates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock.steady();
        let paused = rates.paused_until;
        let bucket = rates.bucket(kind);
        let earliest = bucket.free.max(paused);
        if now < earliest {
            return Err(earliest - now);
        }
        bucket.free = now + Duration::from_secs_f64(1.0 / bucket.rate);
        Ok(())
    }

    /// TikTok asked to slow down: half the rate, and a pause.
    pub(crate) fn refused(&self, kind: Kind, asked: Option<Duration>, clock: &Clock) {
        let mut rates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = clock.steady() + asked.unwrap_or(PAUSE);
        rates.paused_until = rates.paused_until.max(until);
        let bucket = rates.bucket(kind);
        bucket.rate = (bucket.rate / 2.0).max(SLOWEST);
    }

    /// A clean answer: a tenth faster, up to the usual rate.
    pub(crate) fn answered(&self, kind: Kind) {
        let mut rates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = rates.bucket(kind);
        bucket.rate = (bucket.rate * 1.1).min(bucket.usual);
    }
}

impl Rates {
    fn bucket(&mut self, kind: Kind) -> &mut Bucket {
        match kind {
            Kind::Read => &mut self.reads,
            Kind::Write => &mut self.writes,
        }
    }
}

/// How many calls are in flight together: halved on refusals and failures, one more after each clean answer.
#[derive(Debug)]
pub(crate) struct Flow {
    state: Mutex<FlowState>,
    freed: Notify,
}

#[derive(Debug)]
struct FlowState {
    limit: f64,
    in_flight: usize,
    cut: Duration,
}

/// A call in flight; dropping it makes room.
#[derive(Debug)]
pub(crate) struct InFlight<'a>(&'a Flow);

impl Flow {
    /// `careful`: right after an outage.
    pub(crate) fn new(careful: bool) -> Self {
        let limit = if careful { PROBES } else { FEWEST };
        Self { state: Mutex::new(FlowState { limit, in_flight: 0, cut: Duration::ZERO }), freed: Notify::new() }
    }

    pub(crate) async fn enter(&self) -> InFlight<'_> {
        loop {
            let freed = self.freed.notified();
            {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and 128")]
                let limit = state.limit as usize;
                if state.in_flight < limit.max(1) {
                    state.in_flight += 1;
                    return InFlight(self);
                }
            }
            freed.await;
        }
    }

    pub(crate) fn clean(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.limit = (state.limit + 1.0).min(MOST);
        drop(state);
        self.freed.notify_one();
    }

    pub(crate) fn trouble(&self, clock: &Clock) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock.steady();
        if now.saturating_sub(state.cut) >= CUT_AT_MOST_EVERY {
            state.limit = (state.limit / 2.0).max(1.0);
            state.cut = now;
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).in_flight -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        let start = tokio::time::Instant::now();
        Clock::new(|| jiff::Timestamp::UNIX_EPOCH, move || start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_holds_more_writes_than_the_shops_rate() {
        let (clock, pace) = (clock(), Pace::default());
        let mut starts = Vec::new();
        for _ in 0..20 {
            pace.place(Kind::Write, &clock, Duration::MAX).await.expect("time");
            starts.push(clock.steady());
        }
        for first in &starts {
            let in_window = starts.iter().filter(|s| *s >= first && **s < *first + Duration::from_secs(1)).count();
            assert!(in_window <= 2, "{in_window} from {first:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn calls_that_waited_together_do_not_start_together() {
        let (clock, pace) = (clock(), Pace::default());
        for _ in 0..3 {
            pace.place(Kind::Write, &clock, Duration::MAX).await.expect("time");
        }
        tokio::time::sleep(Duration::from_secs(9)).await;
        let mut starts = Vec::new();
        for _ in 0..3 {
            while let Err(wait) = pace.start(Kind::Write, &clock) {
                tokio::time::sleep(wait).await;
            }
            starts.push(clock.steady().as_millis());
        }
        assert_eq!(starts, [10_000, 10_500, 11_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_waits_in_its_place_keeps_a_pause_that_begins_meanwhile() {
        let (clock, pace) = (clock(), Pace::default());
        pace.place(Kind::Write, &clock, Duration::MAX).await.expect("time");
        pace.refused(Kind::Read, Some(Duration::from_secs(7)), &clock);
        assert_eq!(pace.start(Kind::Write, &clock), Err(Duration::from_secs(7)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_pauses_for_as_long_as_asked_and_halves_the_rate() {
        let (clock, pace) = (clock(), Pace::default());
        pace.refused(Kind::Write, Some(Duration::from_secs(7)), &clock);
        assert_eq!(pace.place(Kind::Write, &clock, Duration::from_secs(6)).await, None);
        pace.place(Kind::Write, &clock, Duration::MAX).await.expect("time");
        assert_eq!(clock.steady(), Duration::from_secs(7));
        pace.place(Kind::Write, &clock, Duration::MAX).await.expect("time");
        assert_eq!(clock.steady(), Duration::from_secs(8));
    }

    #[tokio::test(start_paused = true)]
    async fn calls_in_flight_start_at_eight_grow_while_clean_and_halve_on_trouble() {
        let (clock, flow) = (clock(), Flow::new(false));
        let mut held = Vec::new();
        for _ in 0..8 {
            held.push(flow.enter().await);
        }
        assert!(tokio::time::timeout(Duration::from_millis(1), flow.enter()).await.is_err());
        flow.clean();
        held.push(flow.enter().await);
        tokio::time::sleep(Duration::from_secs(2)).await;
        flow.trouble(&clock);
        held.truncate(4);
        assert!(tokio::time::timeout(Duration::from_millis(1), flow.enter()).await.is_err());
        held.truncate(3);
        drop(flow.enter().await);
    }

    #[tokio::test(start_paused = true)]
    async fn two_processes_that_take_turns_keep_the_rate_together() {
        let (clock, paces) = (clock(), [Paces::default(), Paces::default()]);
        let shop = ShopId::parse("7494049642642441621").expect("id");
        let mut starts = Vec::new();
        for turn in 0..12 {
            let pace = paces[turn % 2].of(&shop, &clock);
            for _ in 0..3 {
                pace.place(Kind::Read, &clock, Duration::MAX).await.expect("time");
                pace.start(Kind::Read, &clock).expect("its place came");
                starts.push(clock.steady());
            }
        }
        for first in &starts {
            let in_window = starts.iter().filter(|s| *s >= first && **s < *first + Duration::from_secs(1)).count();
            assert!(in_window <= 5, "{in_window} from {first:?}");
        }
    }
}
