//! What trackings cost at the table while they come one after the other: each order from its creation to its end, with
//! TikTok's webhooks, the pushes that the stream starts, both schedules, and every visit that falls due.

use super::push::Town;
use super::takes_time;
use http::Request;
use lambda_http::Body;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use waybill::domain::ids::StoreId;
use waybill::table::Usage;
use waybill_local::host;
use waybill_model::tiktok::Notification;
use waybill_tests::sim::script::usps;
use waybill_tests::world::crowd::crowd_shop;
use waybill_tests::world::{Process, World, fulfilment, shopify_order};

/// News are gathered for so long.
const WINDOW: Duration = Duration::from_secs(2);
/// Shards of the stream, each with its own gathering.
const LANES: u64 = 4;
/// Minutes from an order's creation to what comes next. A real one takes days; the daily look at it is beside this.
const SHIPS: u64 = 30;
const SCANS: u64 = 50;
const ARRIVES: u64 = 80;
const ENDS: u64 = 110;
/// Minutes until as many orders end as come, and minutes that are measured.
const FILLING: u64 = 120;
const MEASURED: u64 = 60;

/// Who uses the table.
const WHO: [&str; 5] = ["webhooks of stores", "webhooks of TikTok", "pushes by news", "pushes by schedule", "ticks"];

struct Life {
    town: Town,
    spent: [(u64, Usage); 5],
    news: Process,
    schedule: Process,
}

fn plus(sum: Usage, after: Usage, before: Usage) -> Usage {
    Usage {
        write_requests: sum.write_requests + after.write_requests - before.write_requests,
        write_units: sum.write_units + after.write_units - before.write_units,
        read_units: sum.read_units + after.read_units - before.read_units,
    }
}

impl Life {
    fn count(&mut self, who: usize, (after, before): (Usage, Usage)) {
        let (times, sum) = &mut self.spent[who];
        *times += 1;
        *sum = plus(*sum, after, before);
    }

    fn usage(&self) -> Usage {
        self.town.world.app.table.usage()
    }

    /// TikTok tells how an order stands.
    async fn told(&mut self, shop: &str, order: &str) {
        let world: &World = &self.town.world;
        let order = world.tiktok.order_now(shop, order).expect("the order");
        let notice = Notification::order_status(shop, &order, world.time.now());
        let (mut parts, body) = world.tiktok.webhook(&notice).expect("request").into_parts();
        parts.uri = parts.uri.path().parse().expect("path");
        let before = self.usage();
        let request = Request::from_parts(parts, Body::Binary(body.to_vec()));
        let answer = store_webhook::handle(&self.town.world.app, request).await.expect("never fails");
        assert_eq!(answer.status(), 200);
        self.count(1, (self.usage(), before));
    }

    /// The store tells, twice.
    async fn ships(&mut self, shop: usize, n: u64) -> (StoreId, u64) {
        let before = self.usage();
        let version = self.town.world.time.now().to_string();
        let (id, number) = (5_900_000_000_000 + n, usps(n));
        let parcel = fulfilment(n, id, &version, "USPS", &[&number], &[("MUG-BLUE", 1)]);
        let body = shopify_order(id, &order(n), &version, &[parcel]);
        for _ in 0..2 {
            let world = &self.town.world;
            assert_eq!(world.shopify(&self.town.stores[shop], "orders/fulfilled", &body).await.status(), 200);
        }
        self.count(0, (self.usage(), before));
        (self.town.stores[shop].store.id.clone(), id)
    }
}

fn order(n: u64) -> String {
    format!("5760000000{n:08}")
}

fn news(rows: &[(StoreId, u64)]) -> tracking_push::Call {
    let record = |(store, order): &(StoreId, u64)| json!({"dynamodb": {"Keys": {"pk": {"S": format!("STORE#{store}")}, "sk": {"S": format!("ORDER#{order}#PARCEL#1")}}}});
    let records: Vec<Value> = rows.iter().map(record).collect();
    serde_json::from_value(json!({"Records": records})).expect("news")
}

/// So many trackings a minute, spread evenly over shops.
pub async fn life(shops: usize, a_minute: u64) {
    let town = Town::new(shops).await;
    takes_time(&town.world);
    let (news_by, schedule) = (town.world.process(1), town.world.process(2));
    let mut life = Life { town, spent: Default::default(), news: news_by, schedule };
    let mut sent_before = 0;
    let (mut came, mut told) = (0_u64, HashMap::<u64, bool>::new());
    for minute in 0..FILLING + MEASURED {
        if minute == FILLING {
            life.spent = Default::default();
            sent_before = life.town.accepted();
        }
        let began = Instant::now();
        let before = life.schedule.app.table.usage();
        let all = tracking_push::Event { shards: (0..64).collect() };
        tracking_push::handle(&life.schedule.app, &all).await.expect("shards");
        life.count(3, (life.schedule.app.table.usage(), before));
        if minute % 5 == 0 {
            let before = life.usage();
            host::tick(&life.town.world.app).await;
            life.count(4, (life.usage(), before));
        }
        let mut fresh: Vec<Vec<(StoreId, u64)>> = vec![Vec::new(); LANES as usize];
        for part in 0..60 / WINDOW.as_secs() {
            let parts = 60 / WINDOW.as_secs();
            let turn = |minutes: u64| {
                let born = minute.checked_sub(minutes)?;
                let at = |part: u64| born * a_minute + a_minute * part / parts;
                Some(at(part)..at(part + 1))
            };
            let shop_of = |n: u64| (n as usize) % shops;
            for n in turn(0).into_iter().flatten() {
                came += 1;
                life.town.world.tiktok.order(&crowd_shop(shop_of(n)), &order(n)).line("MUG-BLUE", 1).place();
                life.told(&crowd_shop(shop_of(n)), &order(n)).await;
            }
            for n in turn(SHIPS).into_iter().flatten() {
                let row = life.ships(shop_of(n), n).await;
                fresh[(n % LANES) as usize].push(row);
            }
            for lane in &mut fresh {
                let rows = std::mem::take(lane);
                if !rows.is_empty() {
                    let before = life.news.app.table.usage();
                    tracking_push::answer(&life.news.app, &news(&rows)).await.expect("answer");
                    life.count(2, (life.news.app.table.usage(), before));
                }
            }
            for n in turn(SHIPS + 1).into_iter().flatten() {
                told.insert(n, true);
                life.told(&crowd_shop(shop_of(n)), &order(n)).await;
            }
            for (minutes, what) in [(SCANS, 0), (ARRIVES, 1), (ENDS, 2)] {
                for n in turn(minutes).into_iter().flatten() {
                    let (shop, id) = (crowd_shop(shop_of(n)), order(n));
                    let tiktok = &life.town.world.tiktok;
                    match what {
                        0 => tiktok.scan(&shop, &id),
                        1 => tiktok.deliver(&shop, &id),
                        _ => tiktok.complete(&shop, &id),
                    };
                    life.told(&shop, &id).await;
                }
            }
            let next = began + WINDOW * u32::try_from(part + 1).expect("small");
            tokio::time::sleep_until(next).await;
        }
    }
    let trackings = (life.town.accepted() - sent_before) as f64;
    println!(
        "{shops} shops, {a_minute} trackings a minute; units for each of {trackings} trackings ({came} orders came)"
    );
    let mut sum = Usage::default();
    for (who, (times, usage)) in WHO.iter().zip(life.spent) {
        sum = plus(sum, usage, Usage::default());
        println!(
            "  {who:<20}{times:>7} runs {:>8.2} written {:>8.2} read",
            usage.write_units / trackings,
            usage.read_units / trackings
        );
    }
    println!("  together {:>29.2} written {:>8.2} read", sum.write_units / trackings, sum.read_units / trackings);
}
