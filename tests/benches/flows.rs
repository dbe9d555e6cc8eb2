//! What the webhook and the push cost and how fast they are, with the real flows, the SDK, the table's emulator and the
//! model TikTok Shop in one process: `cargo bench -p waybill-tests --bench flows`.
//!
//! Two clocks. *Processor time* is what the code and the emulator burn together. *Waiting* is virtual: pauses and
//! TikTok's answering time pass without being waited for, so that a run shows how well the time of one worker is used,
//! whatever machine this is.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "the table is what it is for; what fails ends it")]

#[path = "growth/measure.rs"]
mod measure;

use measure::{alone, burnt, memory};
use std::time::Duration;
use tokio::time::Instant;
use waybill_local::host;
use waybill_model::tiktok::{Fault, FaultRule};
use waybill_tests::sim::script::usps;
use waybill_tests::world::{World, fulfilment, shopify_order};

/// When the next run of the schedule comes.
const TICK: Duration = Duration::from_secs(60);
/// How many calls one worker has in flight at most, and how many writes a shop takes in a second.
const IN_FLIGHT: f64 = 128.0;
const WRITES: f64 = 2.0;
const VERSION: &str = "2026-11-21T09:00:00Z";

/// A world with shops, each with a store of its own.
struct Town {
    world: World,
    stores: Vec<(String, waybill::flows::connect::store::Added)>,
    parcels: u64,
}

impl Town {
    async fn new(shops: usize) -> Self {
        let world = World::empty(7).await;
        let mut stores = Vec::new();
        for n in 0..shops {
            let id = format!("7494049642642{n:06}");
            world.connect_shop(&id, "US").await;
            stores.push((id.clone(), world.connect_store(&format!("store-{n}.myshopify.com"), &[&id]).await));
        }
        Self { world, stores, parcels: 0 }
    }

    /// An order of this shop is placed and shipped: its webhook comes in. Returns how long the answer took.
    async fn ships(&mut self, shop: usize) -> Duration {
        self.parcels += 1;
        let (n, number) = (self.parcels, usps(self.parcels));
        let (id, store) = &self.stores[shop];
        let order = format!("5760000000{n:08}");
        self.world.tiktok.order(id, &order).line("MUG-BLUE", 1).place();
        let parcel = fulfilment(n, 5_900_000_000_000 + n, VERSION, "USPS", &[&number], &[("MUG-BLUE", 1)]);
        let body = shopify_order(5_900_000_000_000 + n, &order, VERSION, &[parcel]);
        let before = burnt();
        assert_eq!(self.world.shopify(store, "orders/fulfilled", &body).await.status(), 200);
        burnt() - before
    }

    async fn all_ship(&mut self, each: usize) {
        for shop in 0..self.stores.len() {
            for _ in 0..each {
                self.ships(shop).await;
            }
        }
    }

    fn accepted(&self) -> usize {
        self.world.tiktok.with_journal(|journal| journal.changes.len())
    }

    fn calls(&self) -> usize {
        self.world.tiktok.with_journal(|journal| journal.requests.len())
    }
}

fn share(sorted: &[Duration], part: f64) -> Duration {
    let at = (sorted.len() as f64 * part) as usize;
    sorted[at.min(sorted.len() - 1)]
}

fn webhook() {
    alone(async {
        let mut town = Town::new(1).await;
        let mut took = Vec::new();
        for _ in 0..2000 {
            took.push(town.ships(0).await);
        }
        took.sort_unstable();
        println!(
            "webhook, stored          p50 {:>6.2} ms   p99 {:>6.2} ms processor time, emulator and signing by the store included",
            share(&took, 0.5).as_secs_f64() * 1e3,
            share(&took, 0.99).as_secs_f64() * 1e3,
        );
    });
}

/// One run of the schedule with more work than it can do.
fn push(shops: usize, latency: Duration) {
    alone(async {
        let mut town = Town::new(shops).await;
        town.all_ship(100).await;
        if !latency.is_zero() {
            town.world.tiktok.inject(FaultRule::new(Fault::Delay(latency)));
        }
        let (calls, start, before) = (town.calls(), Instant::now(), burnt());
        host::push(&town.world.app).await;
        let (took, burnt) = (start.elapsed().as_secs_f64(), burnt() - before);
        let (pushed, calls) = (town.accepted() as f64, (town.calls() - calls) as f64);
        let by_shops = shops as f64 * WRITES;
        let by_calls = if latency.is_zero() { f64::INFINITY } else { IN_FLIGHT / latency.as_secs_f64() };
        let (rate, bound, what) = if by_shops < by_calls * pushed / calls {
            (pushed / took, by_shops, "writes a shop takes")
        } else {
            (calls / took, by_calls, "calls in flight ÷ latency")
        };
        println!(
            "push, {shops:>3} shops, {:>3} ms  {:>7.1} parcels/s, {:.2} of the bound ({what}); {:.2} ms processor time each",
            latency.as_millis(),
            pushed / took,
            rate / bound,
            burnt.as_secs_f64() * 1e3 / pushed.max(1.0),
        );
    });
}

fn drain() {
    alone(async {
        let mut town = Town::new(200).await;
        town.all_ship(250).await;
        town.world.tiktok.inject(FaultRule::new(Fault::Delay(Duration::from_millis(350))));
        let (start, before, (resident, _)) = (Instant::now(), burnt(), memory());
        let wanted = town.accepted() + 50_000;
        let mut ticks = 0;
        while town.accepted() < wanted && ticks < 60 {
            let tick = Instant::now();
            host::push(&town.world.app).await;
            tokio::time::sleep_until(tick + TICK).await;
            ticks += 1;
        }
        let (_, highest) = memory();
        println!(
            "drain of 50,000 parcels  {:>7.1} min, {ticks} runs of one worker at 350 ms; {:.2} ms processor time each; {:.0} MiB more than before (emulator and model included)",
            start.elapsed().as_secs_f64() / 60.0,
            (burnt() - before).as_secs_f64() * 1e3 / 50_000.0,
            highest - resident,
        );
    });
}

/// Small shops get one parcel each in every minute while a big one drains.
fn beside_a_big_shop() {
    alone(async {
        let mut town = Town::new(101).await;
        for _ in 0..20_000 {
            town.ships(0).await;
        }
        town.world.tiktok.inject(FaultRule::new(Fault::Delay(Duration::from_millis(350))));
        let mut due = std::collections::HashMap::new();
        for _ in 0..10 {
            let tick = Instant::now();
            for shop in 1..town.stores.len() {
                town.ships(shop).await;
                due.insert(usps(town.parcels), town.world.time.now());
            }
            host::push(&town.world.app).await;
            tokio::time::sleep_until(tick + TICK).await;
        }
        host::push(&town.world.app).await;
        let mut ages: Vec<Duration> = town.world.tiktok.with_journal(|journal| {
            let age = |change: &waybill_model::tiktok::Change| {
                let since = due.get(&change.number)?;
                Duration::try_from(change.at.duration_since(*since)).ok()
            };
            journal.changes.iter().filter_map(age).collect()
        });
        ages.sort_unstable();
        println!(
            "100 small shops beside one with 20,000   p50 {:.1} s   p99 {:.1} s from webhook to TikTok; {} of {} sent",
            share(&ages, 0.5).as_secs_f64(),
            share(&ages, 0.99).as_secs_f64(),
            ages.len(),
            due.len(),
        );
    });
}

fn main() {
    webhook();
    for shops in [1, 200] {
        for latency in [0, 50, 350] {
            push(shops, Duration::from_millis(latency));
        }
    }
    beside_a_big_shop();
    drain();
}
