//! What a parcel costs at the table, by path. What a run costs whatever its number of parcels (the lease of a shard, the
//! shop's carrier list) is in the same measurement with a parcel for each shop, and is taken off. The numbers are printed.

use http::Request;
use lambda_http::Body;
use std::time::Duration;
use waybill::domain::cost::{
    A_PUSH, A_VISIT, PARCEL_TO_ACCEPTANCE, REPEATED, STORED, STORED_PARCEL, TIKTOK_WEBHOOK, TO_ACCEPTANCE,
};
use waybill::domain::ids::ShopId;
use waybill::domain::region::AppRegion;
use waybill::flows::connect::store::Added;
use waybill::table::Usage;
use waybill::table::keys::{INDEXES, Index};
use waybill_model::tiktok::{ModelTikTok, Notification};
use waybill_tests::sim::script::usps;
use waybill_tests::world::wire::TableFaults;
use waybill_tests::world::{SHOP, World, fulfilment, shopify_order};

const SHOPS: u64 = 4;
/// More in each shop than in the world that it is compared with.
const MORE: u64 = 25;

fn less(after: Usage, before: Usage) -> Usage {
    Usage {
        write_requests: after.write_requests - before.write_requests,
        write_units: after.write_units - before.write_units,
        read_units: after.read_units - before.read_units,
    }
}

/// What one more parcel costs: write requests, write units, read units.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn each(many: Usage, few: Usage) -> [f64; 3] {
    let more = less(many, few);
    [more.write_requests as f64, more.write_units, more.read_units].map(|all| all / (SHOPS * MORE) as f64)
}

async fn all_post(world: &World, stores: &[Added], parcels: u64) -> Usage {
    let before = world.app.table.usage();
    for (shop, store) in stores.iter().enumerate() {
        for n in 0..parcels {
            let id = 1000 * shop as u64 + n;
            let (order, version) = (5_900_000_001_000 + id, "2026-11-21T09:00:00Z");
            let parcel = fulfilment(id, order, version, "USPS", &[&usps(id)], &[("MUG-BLUE", 1)]);
            let body = shopify_order(order, &format!("5760000000000{id:05}"), version, &[parcel]);
            assert_eq!(world.shopify(store, "orders/fulfilled", &body).await.status(), 200);
        }
    }
    less(world.app.table.usage(), before)
}

/// TikTok says of each order that it moved.
async fn all_move(world: &World, parcels: u64) -> Usage {
    let before = world.app.table.usage();
    for shop in 0..SHOPS {
        let id = shop_id(shop);
        for n in 0..parcels {
            let order = world.tiktok.order_now(&id, &order_id(shop, n)).expect("the order");
            let notice = Notification::order_status(&id, &order, world.time.now());
            let (mut parts, body) = world.tiktok.webhook(&notice).expect("request").into_parts();
            parts.uri = parts.uri.path().parse().expect("path");
            let request = Request::from_parts(parts, Body::Binary(body.to_vec()));
            let answer = store_webhook::handle(&world.app, request).await.expect("never fails");
            assert_eq!(answer.status(), 200);
        }
    }
    less(world.app.table.usage(), before)
}

fn shop_id(shop: u64) -> String {
    format!("749404964264244{shop:04}")
}

fn order_id(shop: u64, n: u64) -> String {
    format!("5760000000000{:05}", 1000 * shop + n)
}

/// Webhooks, the same again, pushes, TikTok's webhooks.
async fn measured(parcels: u64) -> [Usage; 4] {
    let world = World::empty(1).await;
    let mut stores = Vec::new();
    for shop in 0..SHOPS {
        let id = shop_id(shop);
        world.connect_shop(&id, "US").await;
        stores.push(world.connect_store(&format!("store-{shop}.myshopify.com"), &[&id]).await);
        for n in 0..parcels {
            world.tiktok.order(&id, &order_id(shop, n)).line("MUG-BLUE", 1).place();
        }
    }
    let webhook = all_post(&world, &stores, parcels).await;
    let duplicate = all_post(&world, &stores, parcels).await;
    let before = world.app.table.usage();
    for _ in 0..4 {
        world.push().await;
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
    assert_eq!(world.tiktok.with_journal(|journal| journal.changes.len() as u64), SHOPS * parcels);
    let push = less(world.app.table.usage(), before);
    [webhook, duplicate, push, all_move(&world, parcels).await]
}

#[tokio::test(start_paused = true)]
async fn a_parcel_and_its_order_cost_little_over_ten_write_units_and_a_duplicate_writes_nothing() {
    let (few, many) = (measured(1).await, measured(1 + MORE).await);
    let [webhook, duplicate, push, tiktok] = [0, 1, 2, 3].map(|path| each(many[path], few[path]));
    let together = [0, 1, 2].map(|unit| webhook[unit] + push[unit]);
    println!("a parcel            write requests  write units  read units");
    for (path, [requests, writes, reads]) in [
        ("webhook", webhook),
        ("duplicate", duplicate),
        ("push", push),
        ("together", together),
        ("of TikTok's", tiktok),
    ] {
        println!("{path:<20}{requests:>14.2}{writes:>13.2}{reads:>12.2}");
    }
    assert!(duplicate[0].abs() < f64::EPSILON, "a duplicate writes");
    assert!(duplicate[2] <= REPEATED.reads, "a duplicate reads {} units", duplicate[2]);
    let [_, writes, reads] = together;
    // The parcel: four, one beside its order, and two for what it is found by: its number, its order's name. The order: two when it comes in, three when TikTok takes the number, and
    // its share of the shop's row that notes the later look.
    assert!(writes <= TO_ACCEPTANCE.writes, "{writes} write units");
    assert!(reads <= TO_ACCEPTANCE.reads, "{reads} read units");
    // What the cost command shows is what is measured, not a guess that stays when the code gets better.
    assert!(writes > TO_ACCEPTANCE.writes - 1.0, "{writes} write units: domain/cost.rs says more");
    assert!(reads > TO_ACCEPTANCE.reads - 1.0, "{reads} read units: domain/cost.rs says more");
    // The visit that it brings forward is one for many orders.
    let [_, writes, reads] = tiktok;
    assert!(writes <= TIKTOK_WEBHOOK.writes && reads <= TIKTOK_WEBHOOK.reads, "{writes} {reads}");
}

/// Where numbers come one after the other, each has a push for itself: its lease and what it reads of the shop are no
/// smaller than the parcel's own part. And a visit that webhooks bring forward comes every five minutes.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
#[tokio::test(start_paused = true)]
async fn a_push_and_a_visit_cost_beside_their_numbers_what_the_cost_command_says() {
    const ROUNDS: u64 = 20;
    let world = World::empty(1).await;
    let shop = world.connect_shop(&shop_id(0), "US").await;
    let stores = [world.connect_store("store-0.myshopify.com", &[&shop_id(0)]).await];
    for n in 0..=ROUNDS {
        world.tiktok.order(&shop_id(0), &order_id(0, n)).line("MUG-BLUE", 1).place();
    }
    world.push().await;
    world.push().await;
    // One before, which brings the visit near and learns what the shop's carriers are.
    all_post(&world, &stores, 1).await;
    let shards = [waybill::table::keys::Shard::of(&shop)];
    waybill::flows::push::on_news(&world.app, &shards).await;
    let before = world.app.table.usage();
    for n in 1..=ROUNDS {
        // Of these, one is new.
        all_post(&world, &stores, n + 1).await;
        waybill::flows::push::on_news(&world.app, &shards).await;
    }
    let repeats = (1..=ROUNDS).map(|n| n as f64).sum::<f64>() * REPEATED.reads;
    let all = less(world.app.table.usage(), before);
    assert_eq!(world.tiktok.with_journal(|journal| journal.changes.len() as u64), ROUNDS + 1);
    let of_a_push = |all: f64, of_a_parcel: f64| all / ROUNDS as f64 - of_a_parcel;
    let writes = of_a_push(all.write_units, PARCEL_TO_ACCEPTANCE.writes);
    let reads = of_a_push(all.read_units - repeats, PARCEL_TO_ACCEPTANCE.reads);
    println!("a push beside its numbers: {writes:.2} write units, {reads:.2} read units");
    assert!((A_PUSH.writes - 1.0..=A_PUSH.writes).contains(&writes), "{writes}");
    assert!((A_PUSH.reads - 1.0..=A_PUSH.reads).contains(&reads), "{reads}");

    // Until no search by change goes back as far as these orders.
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(61 * 60)).await;
        world.push().await;
    }
    let before = world.app.table.usage();
    waybill::flows::orders::begin::hint(&world.app, &shop, AppRegion::Us).await.expect("hint");
    tokio::time::sleep(Duration::from_secs(5 * 60)).await;
    // What the other lists hold is nobody's.
    let lists = f64::from(waybill::table::keys::SHARDS - 1) / 2.0;
    let summary = waybill_local::host::push(&world.app).await;
    assert_eq!(summary.visits, 1);
    let visit = less(world.app.table.usage(), before);
    // The last orders are searched again, and each is compared with its row.
    let reads = visit.read_units - lists - summary.orders_read as f64 / 2.0;
    println!("a visit: {:.2} write units, {reads:.2} read units", visit.write_units);
    let visited = (visit.write_units, reads);

    for step in [ModelTikTok::scan, ModelTikTok::deliver] {
        for n in 0..=ROUNDS {
            assert!(step(&world.tiktok, &shop_id(0), &order_id(0, n)));
        }
        tokio::time::sleep(Duration::from_secs(70 * 60)).await;
        world.push().await;
    }
    let rows = world.wire.all_rows(world.app.table.name());
    let bytes = |kinds: &[&str]| {
        let of = rows.iter().filter(|row| row["kind"]["S"].as_str().is_some_and(|kind| kinds.contains(&kind)));
        of.map(stored).sum::<usize>() as f64 / (ROUNDS + 1) as f64
    };
    let (parcel, order) = (bytes(&["parcel", "order pointer"]), bytes(&["order"]));
    let each = parcel + order;
    println!("a delivered order and its parcel: {each:.0} bytes, lists included; the parcel alone: {parcel:.0}");
    let (writes, reads) = visited;
    assert!((A_VISIT.writes - 1.0..=A_VISIT.writes).contains(&writes), "{writes}");
    assert!((A_VISIT.reads - 1.5..=A_VISIT.reads).contains(&reads), "{reads}");
    assert!((STORED * 0.9..=STORED).contains(&each), "{each}");
    assert!(parcel <= STORED_PARCEL, "{parcel}");
}

/// What is paid for a parcel's, an order's or a pointer's row: names and values, and a hundred bytes for itself and for each
/// of its list entries, which have the row's key and their own. Source: DynamoDB developer guide, item sizes.
fn stored(row: &serde_json::Value) -> usize {
    let text = |name: &str| row[name]["S"].as_str().or(row[name]["N"].as_str()).unwrap_or_default().len();
    let with_name = |name: &str| name.len() + text(name);
    let attributes = row.as_object().map(|row| row.keys().map(|name| with_name(name)).sum::<usize>());
    let lists = INDEXES.iter().filter(|index| text(index.pk) > 0);
    let entry = |index: &Index| 100 + ["pk", "sk", index.pk, index.sk].into_iter().map(with_name).sum::<usize>();
    100 + attributes.unwrap_or_default() + lists.map(entry).sum::<usize>()
}

/// A worker takes up hundreds of orders at once; each connection costs it memory and the account a handshake.
#[tokio::test(start_paused = true)]
async fn a_process_asks_the_table_at_most_64_things_at_a_time() {
    let world = World::new().await;
    world.wire.set_faults(TableFaults { latency: Duration::from_millis(20), ..TableFaults::default() });
    let process = world.process(2);
    let shop = ShopId::parse(SHOP).expect("id");
    let asked = (0..300).map(|_| process.app.table.shop_get(&shop, true));
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Some(_)))), "every question is answered");
    assert_eq!(world.wire.busiest(), 64);
}
