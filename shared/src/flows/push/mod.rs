//! Due parcels → TikTok → next state. One run of the schedule.
//!
//! ```text
//! shards given → what is due → lease → by shop: read orders, decide, send, write down → release
//! ```
//!
//! No new work after 45 s; every outside call is given what is left until 55 s; a lease lives 75 s, longer than the
//! function, so that an expired lease means a dead owner.

mod another_call;
mod apply;
mod dry;
mod find;
mod hints;
mod holds;
pub mod judge;
mod labels;
mod lists;
mod names;
mod orders;
mod record;
mod reshipped;
mod resolve;
mod shop;
mod shop_run;
mod split;
mod summary;
mod taken;
mod twins;
mod untaken;
mod visit;

use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::ids::{ShopId, StoreId};
use crate::flows::calls::{Budget, ShopCalls, breaker};
use crate::flows::orders::begin;
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use crate::table::keys::{self, Shard};
use crate::table::leases::Lease;
use crate::table::parcels::Due;
use crate::telemetry::{Metric, emit_metrics, metric};
use data_encoding::HEXLOWER;
pub use dry::{Outlook, Verdict, outlooks};
use futures_util::stream;
use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};
pub use holds::{Judged, is_young, judge_held};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
pub use summary::Summary;
use summary::{Tally, one};
pub use visit::{Visited, visit_now};

/// No new work after this.
const WORK: Duration = Duration::from_secs(45);
/// Every outside call ends by then.
const END: Duration = Duration::from_secs(55);
/// Look-ups in stores are slow and not urgent: they start only in the first part of a run.
const LOOK_UPS: Duration = Duration::from_secs(25);
/// After so many failures in a row a store rests for the run.
const FAILURES_OF_A_STORE: u32 = 3;
/// The length of the lease minus the longest call that may start just before its end, on a clock that goes on while the
/// process is suspended.
const LEASE: Duration = Duration::from_secs(75 - 10);
/// What a worker had under way when it died has ended by then: TikTok's calls take eight seconds at most.
const AFTER_DEATH: Duration = Duration::from_secs(15);
/// How long a run may take, from its start.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// Nothing starts after this.
    work: Duration,
    /// Every outside call has ended by then.
    end: Duration,
}

const BY_SCHEDULE: Span = Span { work: WORK, end: END };
/// What comes behind such a run waits for it, whosever it is; what is left is the schedule's.
const BY_NEWS: Span = Span { work: Duration::from_secs(5), end: Duration::from_secs(20) };
/// Somebody else works on a shard: it is looked at again after this long.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Entries of one shop taken up at a time: what its rate allows in a run, and a little more.
const FAIR_SHARE: usize = 128;
/// Shards listed at the same time.
const LISTED_TOGETHER: usize = 16;
/// Shops worked on at the same time; their calls are limited further.
const SHOPS_TOGETHER: usize = 256;

/// Store orders in memory at the same time, over all shops: each takes up to 20 kB while it is worked on.
const ORDERS_TOGETHER: usize = 2048;

/// One run under way.
struct Run<'a> {
    app: &'a App,
    started: Duration,
    budget: Budget,
    tally: Tally,
    /// Failed look-ups by store: one that does not answer rests for the run.
    slow: Mutex<HashMap<StoreId, u32>>,
    /// Shops whose people will be told of what this run lists.
    told: Mutex<BTreeSet<ShopId>>,
    /// Held during a careful call: if the worker dies, one parcel alone is known to have been under way.
    alone: tokio::sync::Mutex<()>,
    /// Nothing is written and nothing is sent: somebody only wants to know.
    looks: bool,
}

/// A shard that is ours.
#[derive(Clone, Copy, Debug)]
struct Held {
    shard: Shard,
    /// The last owner crashed: a shop's parcels one at a time, of all shops one call, and a try is counted before it.
    careful: bool,
    /// By the clock that counts suspension.
    until: Duration,
}

impl<'a> Run<'a> {
    /// `looks`: it changes nothing.
    fn new(app: &'a App, budget: Budget, looks: bool) -> Self {
        let (started, tally) = (app.clock.steady(), Tally::default());
        let (slow, told, alone) = Default::default();
        Self { app, started, budget, tally, slow, told, alone, looks }
    }

    /// Calls for a shop in this run.
    fn calls(&'a self, shop: Versioned<Shop>, writes_end: Option<Duration>) -> ShopCalls<'a> {
        if self.looks {
            ShopCalls::looking(self.app, &self.budget, shop)
        } else {
            ShopCalls::new(self.app, &self.budget, shop, writes_end)
        }
    }

    fn elapsed(&self) -> Duration {
        self.app.clock.steady().saturating_sub(self.started)
    }

    fn may_start(&self) -> bool {
        self.budget.may_start(&self.app.clock)
    }

    fn may_look_up(&self) -> bool {
        self.elapsed() < LOOK_UPS && !self.budget.breaker.is_open()
    }

    /// Before something of a shop is listed: its people are told soon. Once a run; a crash after it costs a look.
    async fn will_be_told(&self, shop: &ShopId) {
        let first = self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(shop.clone());
        if first && let Err(error) = begin::listed(self.app, shop).await {
            tracing::warn!(shop.id = %shop, error = &error as &dyn std::error::Error, "what is listed is told late");
        }
    }

    /// Whether a store has failed so often in this run that it is not asked any more.
    fn is_slow(&self, store: &StoreId) -> bool {
        let slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        slow.get(store).is_some_and(|failures| *failures >= FAILURES_OF_A_STORE)
    }

    /// Counts what a look-up did; an answer clears the count.
    fn looked_up(&self, store: &StoreId, failed: bool) {
        let mut slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        if failed {
            *slow.entry(store.clone()).or_default() += 1;
        } else {
            slow.remove(store);
        }
    }

    /// What is left for an outside call.
    fn left(&self) -> Duration {
        self.budget.left(&self.app.clock)
    }
}

/// Works on what is due in these shards until it is done or the time is up.
pub async fn run(app: &App, shards: &[Shard]) -> Summary {
    let summary = within(app, shards, BY_SCHEDULE).await;
    let mut metrics = summary.metrics(app.tiktok.clock_offset().as_secs_f64());
    // Only the schedule's: a schedule that stands still must not hide behind news.
    metrics.push(Metric::count(metric::PUSH_RUNS, 1));
    emit_metrics(&app.metrics, "tracking-push", app.clock.now(), &metrics);
    summary
}

/// This process alone works on the table, and begins: whoever has a lease is dead. Its shards wait until what it had under way
/// has ended, and not until the lease does.
///
/// # Errors
/// [`TableError`].
pub async fn take_over(app: &App) -> Result<(), TableError> {
    let until = app.clock.now() + AFTER_DEATH;
    let all = (0..keys::SHARDS).filter_map(Shard::new);
    stream::iter(all)
        .map(|shard| app.table.lease_of_the_dead(shard, until))
        .buffer_unordered(LISTED_TOGETHER)
        .try_collect()
        .await
}

/// Works at once, and shortly, on shards in which something has just come up. News may be lost, doubled or late: leases keep
/// two runs apart, each run reads what is due now, and the schedule finds what no news told.
pub async fn on_news(app: &App, shards: &[Shard]) -> Summary {
    if shards.is_empty() {
        return Summary::default();
    }
    let started = app.clock.steady();
    let mut all = within(app, shards, BY_NEWS).await;
    // Whoever has a shard may have looked at it before this came.
    while all.busy_shards > 0 && app.clock.steady().saturating_sub(started) < BY_NEWS.work {
        tokio::time::sleep(LOOK_AGAIN).await;
        let busy = within(app, shards, BY_NEWS).await;
        all = Summary { busy_shards: 0, ..all }.and(&busy);
    }
    let metrics = all.metrics(app.tiktok.clock_offset().as_secs_f64());
    emit_metrics(&app.metrics, "tracking-push", app.clock.now(), &metrics);
    all
}

async fn within(app: &App, shards: &[Shard], span: Span) -> Summary {
    let before = app.table.usage();
    let now = app.clock.now();
    let resting = match app.table.breaker_get().await {
        Ok(until) => until,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "breaker not read, going on without it");
            None
        }
    };
    let careful = resting.is_some_and(|until| until + breaker::REST * 10 > now);
    let run = Run::new(app, Budget::new(&app.clock, span.work, span.end, careful), false);
    let mut oldest = Duration::ZERO;
    if resting.is_some_and(|until| until > now) {
        one(&run.tally.breaker_open);
    } else {
        let me = HEXLOWER.encode(&app.entropy.bytes::<8>());
        let mut todo: Vec<Shard> = shards.to_vec();
        // A shop's share may be smaller than its queue: look again while that helps and time is left.
        while !todo.is_empty() && run.may_start() {
            let done = run.tally.summary();
            let (again, age) = round(&run, &me, &todo).await;
            oldest = oldest.max(age);
            todo = if progress(&run.tally.summary()) > progress(&done) { again } else { Vec::new() };
        }
        if run.budget.breaker.is_open() {
            one(&run.tally.breaker_open);
            if let Err(error) = app.table.breaker_put(app.clock.now() + breaker::REST).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "breaker not stored");
            }
        }
    }
    let after = app.table.usage();
    let (parked, resting) = run.budget.stopped_shops();
    run.tally.parked_shops.fetch_add(parked, Ordering::Relaxed);
    run.tally.resting_shops.fetch_add(resting, Ordering::Relaxed);
    Summary {
        oldest_due_seconds: oldest.as_secs_f64(),
        write_units: after.write_units - before.write_units,
        read_units: after.read_units - before.read_units,
        ..run.tally.summary()
    }
}

fn progress(summary: &Summary) -> u64 {
    summary.pushed + summary.corrected + summary.reconciled + summary.held + summary.skipped + summary.waiting
}

/// One pass over the shards. Returns those in which some shop has more than its share, and the age of the oldest entry.
async fn round(run: &Run<'_>, me: &str, shards: &[Shard]) -> (Vec<Shard>, Duration) {
    let listed: Vec<Option<(Held, Vec<Due>, bool)>> =
        stream::iter(shards).map(|shard| list(run, me, *shard)).buffer_unordered(LISTED_TOGETHER).collect().await;
    let (mut again, mut oldest) = (Vec::new(), Duration::ZERO);
    let mut shops: BTreeMap<ShopId, (Held, Vec<Due>)> = BTreeMap::new();
    let mut open: BTreeMap<Shard, AtomicUsize> = BTreeMap::new();
    let now = run.app.clock.now();
    for (lease, due, more) in listed.into_iter().flatten() {
        if more {
            again.push(lease.shard);
        }
        for entry in due {
            let age = now.duration_since(entry.at);
            oldest = oldest.max(Duration::try_from(age).unwrap_or_default());
            let shop = shops.entry(entry.shop.clone()).or_insert_with(|| {
                *open.entry(lease.shard).or_default().get_mut() += 1;
                (lease, Vec::new())
            });
            shop.1.push(entry);
        }
    }
    let share = (ORDERS_TOGETHER / shops.len().max(1)).max(1);
    // Where there is more than a run can do, whoever has waited longest is not left to the next one.
    let mut shops: Vec<(ShopId, (Held, Vec<Due>))> = shops.into_iter().collect();
    shops.sort_by_key(|(_, (_, due))| due.first().map(|entry| entry.at));
    let (careful, usual): (Vec<_>, Vec<_>) = shops.into_iter().partition(|(_, (lease, _))| lease.careful);
    for shops in [usual, careful] {
        stream::iter(shops)
            .for_each_concurrent(SHOPS_TOGETHER, |(shop, (lease, due))| {
                let left = open.get(&lease.shard);
                async move {
                    contained(run, lease, shop, due, share).await;
                    // Others may wait for the shard: it is given back with the last of its shops, not with the last of all.
                    if left.is_none_or(|left| left.fetch_sub(1, Ordering::Relaxed) == 1) {
                        release(run.app, lease.shard, me).await;
                    }
                }
            })
            .await;
    }
    (again, oldest)
}

async fn release(app: &App, shard: Shard, me: &str) {
    if let Err(error) = app.table.lease_release(shard, me).await {
        tracing::warn!(shard = shard.number(), error = &error as &dyn std::error::Error, "lease not released");
    }
}

/// One shop's bad data must not end the run of all others.
async fn contained(run: &Run<'_>, lease: Held, shop: ShopId, due: Vec<Due>, share: usize) {
    if AssertUnwindSafe(shop::work(run, lease, &shop, due, share)).catch_unwind().await.is_err() {
        one(&run.tally.panics);
        tracing::error!(shop.id = %shop, "working on a shop panicked");
    }
}

/// What is due in a shard, and its lease. Nothing due: no lease, no write.
async fn list(run: &Run<'_>, me: &str, shard: Shard) -> Option<(Held, Vec<Due>, bool)> {
    let table = &run.app.table;
    let log = |error: &crate::table::error::TableError, what: &'static str| {
        tracing::warn!(shard = shard.number(), error = error as &dyn std::error::Error, "{what}");
    };
    let (due, more) = match table.push_due(shard, run.app.clock.now(), FAIR_SHARE).await {
        Ok((due, _)) if due.is_empty() => return None,
        Ok(listed) => listed,
        Err(error) => {
            log(&error, "shard not listed");
            return None;
        }
    };
    let asked = run.app.clock.steady();
    let careful = match table.lease_take(shard, me, run.app.clock.now()).await {
        Ok(Lease::Taken { crashed }) => crashed,
        Ok(Lease::Busy) => {
            one(&run.tally.busy_shards);
            return None;
        }
        Err(error) => {
            log(&error, "shard not leased");
            return None;
        }
    };
    if careful {
        one(&run.tally.careful_shards);
        tracing::warn!(shard = shard.number(), "the last owner of this shard crashed: working with care");
    }
    let parcels = due.iter().filter(|entry| keys::is_of_store(&entry.key)).count();
    run.tally.due.fetch_add(parcels as u64, Ordering::Relaxed);
    Some((Held { shard, careful, until: asked + LEASE }, due, more))
}
