//! Shops beside each other in one run of the push: a long queue keeps nobody waiting, and neither does the care that
//! follows a crash.

use std::time::Duration;
use tokio::time::Instant;
use waybill::domain::ids::ShopId;
use waybill::flows::connect::store::Added;
use waybill::flows::push::{self, on_news};
use waybill::table::keys::{SHARDS, Shard};
use waybill::table::leases::LEASE_TIME;
use waybill_model::tiktok::{Fault, FaultRule};
use waybill_tests::sim::script::usps;
use waybill_tests::world::crowd::crowd_shop;
use waybill_tests::world::{World, fulfilment, shopify_order};

const AT: &str = "2026-11-21T09:00:00Z";

/// Shops that share no shard, each with a store.
async fn town(shops: usize) -> (World, Vec<(ShopId, Added)>) {
    let world = World::new().await;
    let mut town: Vec<(ShopId, Added)> = Vec::new();
    for n in 0.. {
        let id = ShopId::parse(crowd_shop(n)).expect("an id");
        if town.iter().any(|(other, _)| Shard::of(other) == Shard::of(&id)) {
            continue;
        }
        world.connect_shop(id.as_str(), "US").await;
        let store = world.connect_store(&format!("store-{n}.myshopify.com"), &[id.as_str()]).await;
        town.push((id, store));
        if town.len() == shops {
            break;
        }
    }
    // What a first run reads once.
    world.push().await;
    world.push().await;
    (world, town)
}

/// A worker has every shard, and dies.
async fn dies(world: &World) {
    for shard in (0..SHARDS).map(|n| Shard::new(n).expect("a shard")) {
        world.app.table.lease_take(shard, "a worker that died", world.time.now()).await.expect("taken");
    }
}

fn order(n: u64) -> String {
    format!("5760000000000{n:05}")
}

async fn ship(world: &World, (shop, store): &(ShopId, Added), n: u64) {
    world.tiktok.order(shop.as_str(), &order(n)).line("MUG-BLUE", 1).place();
    let parcel = fulfilment(n, 1000 + n, AT, "USPS", &[&usps(n)], &[("MUG-BLUE", 1)]);
    let body = shopify_order(1000 + n, &order(n), AT, &[parcel]);
    assert_eq!(world.shopify(store, "orders/fulfilled", &body).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_shop_with_a_long_queue_keeps_no_other_shop_waiting_for_the_end_of_the_run() {
    let (world, town) = town(2).await;
    for n in 1..=60 {
        ship(&world, &town[0], n).await;
    }
    ship(&world, &town[1], 61).await;
    let process = world.process(1);
    let small = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        ship(&world, &town[1], 62).await;
        let begun = Instant::now();
        let summary = on_news(&process.app, &[Shard::of(&town[1].0)]).await;
        (summary, begun.elapsed())
    };
    let begun = Instant::now();
    let (run, (news, waited)) = tokio::join!(world.push(), small);
    assert!(begun.elapsed() > Duration::from_secs(25), "two numbers a second: {:?}", begun.elapsed());
    assert_eq!((run.pushed, news.pushed), (61, 1), "{run:?} {news:?}");
    assert!(waited < Duration::from_secs(3), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_one_call_at_a_time_serves_all_shops_alike() {
    const SHOPS: u64 = 8;
    const EACH: u64 = 5;
    let (world, town) = town(SHOPS as usize).await;
    for n in 0..SHOPS * EACH {
        ship(&world, &town[(n % SHOPS) as usize], n).await;
    }
    dies(&world).await;
    assert_eq!(world.push().await.pushed, 0, "it may still be at work");
    world.time.skip(Duration::try_from(LEASE_TIME).expect("positive"));
    world.time.skip(Duration::from_secs(1));
    world.tiktok.inject(FaultRule::new(Fault::Delay(Duration::from_millis(350))));
    let begun = Instant::now();
    let run = world.push().await;
    assert_eq!((run.pushed, run.careful_shards), (SHOPS * EACH, SHOPS), "{run:?}");
    // Forty calls of 350 ms, what is read before the first of them, and not eight times two numbers a second.
    assert!(begun.elapsed() < Duration::from_secs(18), "{:?}", begun.elapsed());
    let mut at: Vec<Duration> =
        world.tiktok.with_journal(|journal| journal.changes.iter().map(|change| change.elapsed).collect());
    at.sort_unstable();
    assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= Duration::from_millis(350)), "one at a time: {at:?}");
    for n in 0..SHOPS * EACH {
        let (_, store) = &town[(n % SHOPS) as usize];
        let row = world.row(&store.store.id, &(1000 + n).to_string(), &usps(n)).await;
        assert_eq!(row.crashes, 0, "what came through is not suspected");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_back_waits_for_what_was_under_way_and_not_for_the_lease_of_the_dead() {
    let (world, town) = town(1).await;
    ship(&world, &town[0], 1).await;
    dies(&world).await;
    push::take_over(&world.app).await.expect("known");
    world.time.skip(Duration::from_secs(14));
    assert_eq!(world.push().await.pushed, 0, "its call may still be under way");
    world.time.skip(Duration::from_secs(2));
    let run = world.push().await;
    assert_eq!((run.pushed, run.careful_shards), (1, 1), "{run:?}");
    // What ended sooner stays as it is.
    push::take_over(&world.app).await.expect("known");
    ship(&world, &town[0], 2).await;
    assert_eq!(world.push().await.pushed, 1);
}

#[tokio::test(start_paused = true)]
async fn where_there_is_more_than_a_run_does_at_once_the_shop_that_has_waited_longest_is_first() {
    const SHOPS: usize = 270;
    let world = World::new().await;
    let mut town = Vec::new();
    for n in 0..SHOPS {
        let id = world.connect_shop(&crowd_shop(n), "US").await;
        let store = world.connect_store(&format!("store-{n}.myshopify.com"), &[id.as_str()]).await;
        town.push((id, store));
    }
    world.push().await;
    // The last one by its id.
    ship(&world, &town[SHOPS - 1], 0).await;
    world.time.skip(Duration::from_secs(30));
    for (n, shop) in (1..).zip(&town[..SHOPS - 1]) {
        ship(&world, shop, n).await;
    }
    world.tiktok.inject(FaultRule::new(Fault::Delay(Duration::from_millis(350))));
    assert_eq!(world.push().await.pushed as usize, SHOPS);
    let sent: Vec<String> =
        world.tiktok.with_journal(|journal| journal.changes.iter().map(|change| change.number.clone()).collect());
    let place = sent.iter().position(|number| *number == usps(0)).expect("sent");
    assert!(place < SHOPS / 2, "{place} of {SHOPS}");
}
