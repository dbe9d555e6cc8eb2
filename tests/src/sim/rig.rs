//! Plays a script: deliveries, ticks, crashes and time.

mod steps;

use super::living::{Crash, Living, Role, answer};
use super::script::{Script, Step};
use super::stores::{self, Post};
use super::{Report, check};
use crate::world::calls::{Cut, Frozen};
use crate::world::stores::Front;
use crate::world::watch::Watch;
use crate::world::wire::{NO_LAG, TableFaults};
use crate::world::{HOOK_SECRET, Process, World, shopify_order, signed_request};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::level_filters::LevelFilter;
use waybill::domain::ids::ShopId;
use waybill::flows::connect::store::Added;
use waybill::table::keys::Shard;
use waybill::telemetry::{Captured, Sink, Style};
use waybill_model::chance::Chance;

/// The schedule's rate.
const TICK: Duration = Duration::from_secs(60);
/// Lambda's own limit: a handler that still runs is ended.
const FUNCTION: Duration = Duration::from_secs(58);
/// Everything acknowledged is where it belongs by then.
const BOUNDED: Duration = Duration::from_secs(30 * 3600);

/// A delivery on its way.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// To which store's address.
    pub store: usize,
    /// Its topic.
    pub topic: &'static str,
    /// Its body.
    pub body: Value,
    /// When the store triggered it.
    pub triggered: String,
    tries: u32,
}

pub(super) enum Done {
    Saved,
    Tick { worker: usize, alive: bool, polls: u64 },
    Slow { alive: bool },
    Post { post: Box<Post>, status: Option<u16>, words: String },
    Hook { delivery: Delivery, status: Option<u16>, words: String },
}

/// A world, a script and what is under way.
pub struct Rig {
    /// The world.
    pub world: World,
    /// The script.
    pub script: Script,
    /// Its connected stores.
    pub stores: Vec<Added>,
    /// Log lines.
    pub log: Captured,
    /// Answers to deliveries.
    pub answers: Vec<String>,
    /// What did not hold so far.
    pub problems: Vec<String>,
    /// Chance of the rig itself.
    pub chance: Chance,
    /// Model stores.
    pub(super) fronts: Vec<Front>,
    /// Their deliveries on the way.
    pub(super) posts: Vec<(Instant, Post)>,
    /// The process of the slow schedule.
    pub(super) slow: Living,
    /// Its tick is under way.
    pub(super) slow_busy: bool,
    pub(super) hooks: Living,
    workers: Vec<Living>,
    busy: Vec<bool>,
    processes: u64,
    waiting: Vec<(Instant, Delivery)>,
    pub(super) running: FuturesUnordered<LocalBoxFuture<'static, Done>>,
    /// Mappings were saved and no sweep has followed yet.
    pub(super) unswept: bool,
    drop_at: Option<u64>,
    survived: bool,
    polls: u64,
    shards: Vec<Shard>,
    /// Frozen already.
    froze: bool,
    seed: u64,
    _guard: Option<tracing::subscriber::DefaultGuard>,
}

impl Rig {
    /// Sets the scene.
    pub async fn new(seed: u64, script: Script, crash: Crash) -> Self {
        let world = World::empty(seed).await;
        let (sink, log) = Sink::memory();
        let guard = seed.is_multiple_of(4).then(|| {
            let subscriber = waybill::telemetry::subscriber(LevelFilter::DEBUG, Style::Json, world.time.clock(), sink);
            tracing::subscriber::set_default(subscriber)
        });
        let mut shards = BTreeSet::new();
        for (id, region) in &script.shops {
            let shop = world.connect_shop(id, region).await;
            // Numbers of one carrier stand for those of any: what doubts do is told elsewhere.
            let doubts =
                |shop: &mut waybill::domain::connection::Shop| std::mem::take(&mut shop.settings.hold_on_mismatch);
            world.app.table.shop_change(&shop, doubts).await.expect("changed");
            shards.insert(Shard::of(&ShopId::parse(id.as_str()).expect("id")));
        }
        let mut stores = Vec::new();
        for (number, shops) in script.stores.iter().enumerate() {
            let ids: Vec<&str> = shops.iter().map(|shop| script.shops[*shop].0.as_str()).collect();
            stores.push(world.connect_store(&format!("store-{number}.myshopify.com"), &ids).await);
        }
        let fronts = stores::open(&world, &script).await;
        for order in &script.orders {
            let builder = world.tiktok.order(&script.shops[order.shop].0, &order.id).lines(&order.lines);
            builder.status(order.status).place();
        }
        let models: Vec<_> = fronts.iter().map(|front| front.model.clone()).collect();
        let watch = |role| {
            let watch = Watch::new(world.eyes(models.clone()));
            if role == Role::Webhook { watch.each_handler() } else { watch }
        };
        let dies = |role, number| {
            let deaths = if crash.role == role { crash.calls.clone() } else { Vec::new() };
            Living::new(world.process(number), deaths, crash.watched.then(|| watch(role)))
        };
        let (hooks, slow) = (dies(Role::Webhook, 1), dies(Role::Slow, 90));
        let others = (1..script.workers as u64).map(|n| Living::new(world.process(2 + n), Vec::new(), None));
        let workers = std::iter::once(dies(Role::Push, 2)).chain(others).collect();
        let busy = vec![false; script.workers];
        Self {
            world,
            stores,
            log,
            answers: Vec::new(),
            problems: Vec::new(),
            chance: Chance::new(seed ^ 0x5eed),
            fronts,
            posts: Vec::new(),
            slow,
            slow_busy: false,
            hooks,
            workers,
            busy,
            processes: 100,
            waiting: Vec::new(),
            running: FuturesUnordered::new(),
            unswept: false,
            drop_at: crash.poll,
            survived: crash.survived,
            polls: 0,
            shards: shards.into_iter().collect(),
            froze: false,
            seed,
            script,
            _guard: guard,
        }
    }

    pub(super) fn part(&mut self, of: Duration) -> Duration {
        of.mul_f64((self.chance.bits() >> 11) as f64 / (1u64 << 53) as f64)
    }

    /// A store's order as it is now goes out, once or twice, soon or late.
    pub fn deliver(&mut self, delivery: Delivery, most: Duration) {
        let copies = if self.chance.happens(0.25) { 2 } else { 1 };
        for _ in 0..copies {
            let at = Instant::now() + self.part(most);
            self.waiting.push((at, delivery.clone()));
        }
    }

    /// Plays the script, then lets things come to rest, then checks.
    pub async fn run(mut self) -> Report {
        let start = Instant::now();
        let steps = std::mem::take(&mut self.script.steps);
        let mut steps: Vec<(Duration, Step)> = steps;
        steps.sort_by_key(|(at, _)| *at);
        let mut steps = std::collections::VecDeque::from(steps);
        self.world.wire.set_faults(self.script.table);
        for rule in self.script.faults.clone() {
            self.world.tiktok.inject(rule);
        }
        let lag = self.script.read_lag;
        self.world.tiktok.configure(|settings| settings.read_lag = jiff::SignedDuration::try_from(lag).expect("small"));
        let mut ticks: Vec<Instant> =
            (0..self.workers.len()).map(|_| start + self.part(Duration::from_secs(20))).collect();
        let mut slow = start + self.part(stores::SLOW);
        let end = start + self.script.lasts;
        loop {
            let now = Instant::now();
            while let Some((_, step)) = steps.pop_front_if(|(at, _)| start + *at <= now) {
                self.step(step);
            }
            self.send_due(now);
            if slow <= now {
                slow += stores::SLOW;
                self.slow_tick();
            }
            for (worker, tick) in ticks.iter_mut().enumerate() {
                if *tick <= now {
                    *tick += TICK;
                    self.tick(worker);
                }
            }
            if now >= end && steps.is_empty() {
                break;
            }
            let mut next = *ticks.iter().min().expect("a worker");
            next = next.min(end.max(now + Duration::from_millis(1)));
            next = self.sooner(next.min(slow));
            next = steps.front().map_or(next, |(at, _)| next.min(start + *at));
            self.wait(next).await;
        }
        self.heal_stores().await;
        self.rest().await;
        self.people().await;
        self.quiet().await;
        check::all(&mut self).await;
        self.promises(self.seed).await;
        let accepted = self.world.tiktok.with_journal(|journal| journal.changes.len());
        let roles = [&self.workers[0], &self.hooks, &self.slow];
        let (calls, ends) = (roles.map(Living::calls), roles.map(Living::ends));
        let log = if self.problems.is_empty() { Vec::new() } else { self.log.lines() };
        Report { problems: self.problems, calls, polls: self.polls, ends, accepted, took: start.elapsed(), log }
    }

    /// The next moment at which something is to be delivered, or this one.
    fn sooner(&self, moment: Instant) -> Instant {
        let moments = self.waiting.iter().map(|(at, _)| *at).chain(self.posts.iter().map(|(at, _)| *at));
        moments.fold(moment, Instant::min)
    }

    /// Nothing is on its way any more, and nobody works.
    pub(super) async fn settle_down(&mut self) {
        while !self.running.is_empty() || !self.waiting.is_empty() || !self.posts.is_empty() {
            let now = Instant::now();
            self.send_due(now);
            let next = self.sooner(now + TICK);
            self.wait(next).await;
        }
    }

    /// Everything outside is well again.
    pub(super) fn heal(&mut self) {
        self.world.wire.set_faults(TableFaults { index_lag: NO_LAG, ..TableFaults::default() });
        self.world.tiktok.heal();
        self.world.tiktok.configure(|settings| settings.read_lag = jiff::SignedDuration::ZERO);
        self.drop_at = None;
        self.workers.iter_mut().chain([&mut self.hooks, &mut self.slow]).for_each(Living::spare);
        self.froze = true;
    }

    /// Time passes until nothing is left to do.
    pub(super) async fn rest(&mut self) {
        self.heal();
        let from = Instant::now();
        loop {
            self.settle_down().await;
            let mut listed = self.world.wire.listed("PUSH#");
            // Visits are due for ever; I1 is about parcels.
            listed.retain(|(_, _, key)| key.1 != "VISIT");
            let Some(first) = listed.iter().map(|(_, place, _)| due(place)).min() else {
                if self.swept().await {
                    continue;
                }
                break;
            };
            if from.elapsed() > BOUNDED {
                let left: Vec<String> =
                    listed.iter().map(|(list, place, key)| format!("{list} {place} {}", key.1)).collect();
                self.problems.push(format!("I1: still on a list after 30 quiet hours: {left:?}"));
                for (id, _) in self.script.shops.clone() {
                    let id = ShopId::parse(id).expect("id");
                    let shop = self.world.app.table.shop_get(&id, true).await;
                    let (parked, rests) = shop.ok().flatten().map(|s| (s.row.parked, s.row.hold_until)).unzip();
                    self.problems.push(format!("    its shop: parked {parked:?}, rests until {rests:?}"));
                }
                break;
            }
            let now = self.world.time.now().as_millisecond();
            let wait = Duration::from_millis(u64::try_from(first - now).unwrap_or_default()).max(TICK);
            // What has not moved in an hour of ticks is asked less often.
            let wait = if from.elapsed() > TICK * 60 { wait.max(TICK * 30) } else { wait };
            tokio::time::sleep(wait).await;
            self.tick(0);
        }
    }

    /// Waits for the next thing to end, at most until then.
    async fn wait(&mut self, until: Instant) {
        let done = tokio::select! {
            biased;
            Some(done) = self.running.next(), if !self.running.is_empty() => Some(done),
            () = tokio::time::sleep_until(until) => None,
        };
        if let Some(done) = done {
            self.done(done).await;
        }
    }

    async fn done(&mut self, done: Done) {
        match done {
            Done::Saved => {}
            Done::Tick { worker, alive, polls } => {
                self.busy[worker] = false;
                self.polls += polls;
                if !alive {
                    self.restart(worker);
                }
            }
            Done::Slow { alive } => {
                self.slow_busy = false;
                if !alive {
                    let next = self.another();
                    self.slow.replace(next);
                }
            }
            Done::Post { post, status, words } => self.posted(*post, status, words),
            Done::Hook { mut delivery, status, words } => {
                if self.answers.len() < 200 {
                    self.answers.push(words);
                }
                if status.is_some_and(|status| (200..300).contains(&status)) {
                    check::durable(self, &delivery).await;
                } else {
                    // Every store sends again what was not acknowledged.
                    delivery.tries += 1;
                    let at = Instant::now() + Duration::from_secs(20) * delivery.tries.min(30);
                    self.waiting.push((at, delivery));
                }
                self.revive_hooks();
            }
        }
    }

    /// A process that nobody knows yet.
    fn another(&mut self) -> Process {
        self.processes += 1;
        self.world.process(self.processes)
    }

    /// A webhook process that died is started again.
    pub(super) fn revive_hooks(&mut self) {
        if self.hooks.now().calls.is_dead() {
            let next = self.another();
            self.hooks.replace(next);
        }
    }

    /// A worker died: the next tick starts another process.
    fn restart(&mut self, worker: usize) {
        let next = self.another();
        self.workers[worker].replace(next);
    }

    fn send_due(&mut self, now: Instant) {
        self.send_posts(now);
        let (due, later) = std::mem::take(&mut self.waiting).into_iter().partition(|(at, _)| *at <= now);
        self.waiting = later;
        for (_, delivery) in due {
            let store = &self.stores[delivery.store];
            let body = delivery.body.to_string().into_bytes();
            let request = signed_request(store, delivery.topic, body, HOOK_SECRET, &delivery.triggered);
            let answered = answer(self.hooks.now().clone(), request);
            let done = answered.map(|(status, words)| Done::Hook { delivery, status, words });
            self.running.push(done.boxed_local());
        }
    }
}

fn due(place: &str) -> i64 {
    place.split('#').next().and_then(|ms| ms.parse().ok()).unwrap_or_default()
}
