//! The push of many shops: how it grows with its workers, how it comes back after an outage, and who waits for whom.

use super::measure::{burnt, memory};
use super::{share, takes_time};
use futures_util::future::join_all;
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use waybill::domain::ids::ShopId;
use waybill::domain::platform::Platform;
use waybill::flows::connect::store::{self as connect_store, Added, NewStore};
use waybill::table::keys::SHARDS;
use waybill_model::tiktok::{Change, Fault, FaultRule, Outcome};
use waybill_tests::sim::script::usps;
use waybill_tests::world::crowd::crowd_shop;
use waybill_tests::world::{HOOK_SECRET, Process, World, fulfilment, shopify_order};

/// When the next run of the schedule comes.
const MINUTE: Duration = Duration::from_secs(60);
const VERSION: &str = "2026-11-21T09:00:00Z";

/// Shops of accounts of their own, each with a store.
pub(super) struct Town {
    pub(super) world: World,
    pub(super) stores: Vec<Added>,
    parcels: u64,
    /// When each number was taken by the webhook, by the model's clock.
    told: HashMap<String, jiff::Timestamp>,
}

impl Town {
    pub(super) async fn new(shops: usize) -> Self {
        let world = World::empty(7).await;
        world.wire.without_lists();
        let ids = world.crowd((0..shops).map(crowd_shop)).await;
        let mut stores = Vec::new();
        for (n, shop) in ids.iter().enumerate() {
            stores.push(store(&world, shop, n).await);
        }
        // First imports, before there is an order.
        world.push().await;
        world.push().await;
        Self { world, stores, parcels: 0, told: HashMap::new() }
    }

    /// An order of this shop is placed and shipped: its webhook comes in.
    async fn ships(&mut self, shop: usize) {
        self.parcels += 1;
        let (n, number) = (self.parcels, usps(self.parcels));
        let order = format!("5760000000{n:08}");
        self.world.tiktok.order(&crowd_shop(shop), &order).line("MUG-BLUE", 1).place();
        let parcel = fulfilment(n, 5_900_000_000_000 + n, VERSION, "USPS", &[&number], &[("MUG-BLUE", 1)]);
        let body = shopify_order(5_900_000_000_000 + n, &order, VERSION, &[parcel]);
        assert_eq!(self.world.shopify(&self.stores[shop], "orders/fulfilled", &body).await.status(), 200);
        self.told.insert(number, self.world.time.now());
    }

    pub(super) fn accepted(&self) -> u64 {
        self.world.tiktok.with_journal(|journal| journal.changes.len() as u64)
    }

    /// Seconds from webhook to acceptance of the numbers of these shops, sorted.
    fn waits(&self, of: impl Fn(&Change) -> bool) -> Vec<f64> {
        let mut waits: Vec<f64> = self.world.tiktok.with_journal(|journal| {
            let wait = |change: &Change| Some(change.at.duration_since(*self.told.get(&change.number)?).as_secs_f64());
            journal.changes.iter().filter(|change| of(change)).filter_map(wait).collect()
        });
        waits.sort_by(f64::total_cmp);
        waits
    }

    /// Calls so far, and how many TikTok refused for their rate.
    fn calls(&self) -> (u64, u64) {
        self.world.tiktok.with_journal(|journal| {
            let refused = |outcome: &Outcome| matches!(outcome, Outcome::Answered { http: 429, .. });
            let over = journal.requests.iter().filter(|seen| refused(&seen.outcome)).count();
            (journal.requests.len() as u64, over as u64)
        })
    }

    /// The most writes that a shop had in any second.
    fn most_writes_a_second(&self) -> usize {
        self.world.tiktok.with_journal(|journal| {
            let mut seconds: HashMap<(&str, u64), usize> = HashMap::new();
            for change in &journal.changes {
                *seconds.entry((&change.shop, change.elapsed.as_secs())).or_default() += 1;
            }
            seconds.into_values().max().unwrap_or_default()
        })
    }
}

async fn store(world: &World, shop: &ShopId, n: usize) -> Added {
    let row = world.app.table.shop_get(shop, true).await.expect("read").expect("there").row;
    let secrets = json!({"webhook_secret": HOOK_SECRET, "access_token": "shpat_world"});
    let new = NewStore {
        account: row.account,
        platform: Platform::Shopify,
        shops: vec![shop.clone()],
        address: format!("store-{n}.myshopify.com"),
        settings: Default::default(),
        secrets: serde_json::from_value(secrets).expect("secrets"),
    };
    connect_store::add(&world.app, new).await.expect("store")
}

/// Workers, each with its share of the shards.
struct Workers(Vec<(Process, tracking_push::Event)>);

impl Workers {
    fn new(world: &World, count: u8) -> Self {
        let each = SHARDS / count;
        let shards = |n: u8| (n * each..(n + 1) * each).collect();
        Self((0..count).map(|n| (world.process(u64::from(n)), tracking_push::Event { shards: shards(n) })).collect())
    }

    /// One run of each, at once.
    async fn run(&self) {
        let runs = self.0.iter().map(|(process, event)| tracking_push::handle(&process.app, event));
        for run in join_all(runs).await {
            run.expect("these shards exist");
        }
    }

    /// One run of each; what TikTok would tell of it meanwhile is nobody's here.
    async fn run_untold(&self, world: &World) {
        self.run().await;
        drop(world.tiktok.take_webhooks());
    }

    fn units(&self) -> f64 {
        self.0.iter().map(|(process, _)| process.app.table.usage().write_units).sum()
    }
}

/// Every shop ships two parcels at once.
pub async fn workers(count: u8, shops: usize) {
    let mut town = Town::new(shops).await;
    for _ in 0..2 {
        for shop in 0..shops {
            town.ships(shop).await;
        }
    }
    takes_time(&town.world);
    let workers = Workers::new(&town.world, count);
    let (start, before, (calls, _)) = (Instant::now(), burnt(), town.calls());
    let since = town.world.time.now();
    let wanted = town.parcels;
    let mut runs = 0;
    while town.accepted() < wanted && runs < 60 {
        let run = Instant::now();
        workers.run().await;
        runs += 1;
        if town.accepted() < wanted {
            tokio::time::sleep_until(run + MINUTE).await;
        }
    }
    let mut at: Vec<f64> = town.world.tiktok.with_journal(|journal| {
        journal.changes.iter().map(|change| change.at.duration_since(since).as_secs_f64()).collect()
    });
    at.sort_by(f64::total_cmp);
    let (all, over) = town.calls();
    // While there was work for everybody: until nine of ten were there.
    let most = share(&at, 0.9);
    println!(
        "{count:>2} workers, {shops} shops, {} parcels   {:>7.0} parcels/s until nine of ten are there ({:.1} s), all in {:.1} s, {} runs; {} calls, {over} over a rate, at most {} writes of a shop in a second; {:.2} ms processor time each; ended after {:.1} s",
        town.accepted(),
        at.len() as f64 * 0.9 / most,
        most,
        share(&at, 1.0),
        runs,
        all - calls,
        town.most_writes_a_second(),
        (burnt() - before).as_secs_f64() * 1e3 / wanted as f64,
        start.elapsed().as_secs_f64(),
    );
}

/// TikTok is away for three hours in which every shop ships a hundred parcels; then eight workers.
pub async fn outage(shops: usize) {
    const EACH: usize = 100;
    let mut town = Town::new(shops).await;
    takes_time(&town.world);
    let workers = Workers::new(&town.world, 8);
    let (resident, _) = memory();
    town.world.tiktok.inject(FaultRule::new(Fault::Status(503)));
    for minute in 0..180 {
        let until = shops * EACH * (minute + 1) / 180;
        let tick = Instant::now();
        while (town.parcels as usize) < until {
            let shop = town.parcels as usize % shops;
            town.ships(shop).await;
        }
        workers.run_untold(&town.world).await;
        tokio::time::sleep_until(tick + MINUTE).await;
    }
    let (while_away, sent) = (town.calls().0, town.accepted());
    town.world.tiktok.heal();
    takes_time(&town.world);
    let (start, processor, units, (calls, over)) = (Instant::now(), burnt(), workers.units(), town.calls());
    let mut runs = 0;
    while town.accepted() < town.parcels && runs < 600 {
        let run = Instant::now();
        workers.run_untold(&town.world).await;
        runs += 1;
        tokio::time::sleep_until(run + MINUTE).await;
    }
    let (_, highest) = memory();
    let (all, over_now) = town.calls();
    println!(
        "after 3 h without TikTok: {} numbers of {shops} shops due ({} sent before, {while_away} calls while it was away); eight workers: {:.1} min, {runs} runs; {} calls, {} over a rate, at most {} writes of a shop in a second; {:.1} write units each; {:.2} ms processor time each; {:.0} MiB more than before (table and models included)",
        town.parcels,
        sent,
        start.elapsed().as_secs_f64() / 60.0,
        all - calls,
        over_now - over,
        town.most_writes_a_second(),
        (workers.units() - units) / town.parcels as f64,
        (burnt() - processor).as_secs_f64() * 1e3 / town.parcels as f64,
        highest - resident,
    );
}

/// One shop has very many parcels due; each of the others ships one, spread over five minutes.
pub async fn tenant(others: usize) {
    let mut town = Town::new(others + 1).await;
    let large = 2 * others;
    for _ in 0..large {
        town.ships(0).await;
    }
    takes_time(&town.world);
    let workers = Workers::new(&town.world, 1);
    for minute in 0..5 {
        let tick = Instant::now();
        for shop in (1..=others).filter(|shop| shop % 5 == minute) {
            town.ships(shop).await;
        }
        workers.run().await;
        tokio::time::sleep_until(tick + MINUTE).await;
    }
    for _ in 0..10 {
        let tick = Instant::now();
        workers.run().await;
        tokio::time::sleep_until(tick + MINUTE).await;
    }
    let first = crowd_shop(0);
    let (small, big) = (town.waits(|change| change.shop != first), town.waits(|change| change.shop == first));
    println!(
        "one worker, {others} shops with a parcel each beside one with {large}: they wait p50 {:.1} s, p99 {:.1} s, the longest {:.1} s ({} of {others} sent); the large one has sent {} meanwhile",
        share(&small, 0.5),
        share(&small, 0.99),
        share(&small, 1.0),
        small.len(),
        big.len(),
    );
}
