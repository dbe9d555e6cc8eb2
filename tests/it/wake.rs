//! Deliveries wake the push through the table's stream: what is told, to whom, and what happens when news are lost, doubled
//! or late.

use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use tracking_push::{Call, answer};
use waybill::domain::ids::ShopId;
use waybill::flows::connect::store::Added;
use waybill::flows::push::Summary;
use waybill::table::keys::Shard;
use waybill::table::leases::Lease;
use waybill_tests::sim::script::usps;
use waybill_tests::template::{Template, members, text};
use waybill_tests::world::{SHOP, World, fulfilment, shopify_order};

const AT: &str = "2026-11-21T09:00:00Z";

/// The table's rows by key, as a stream of keys would compare them.
fn rows(world: &World) -> BTreeMap<(String, String), Value> {
    let key = |row: &Value| (text(&row["pk"]["S"]), text(&row["sk"]["S"]));
    world.wire.all_rows(world.app.table.name()).into_iter().map(|row| (key(&row), row)).collect()
}

/// What the stream says between two states of the table.
fn told(before: &BTreeMap<(String, String), Value>, after: &BTreeMap<(String, String), Value>) -> Vec<Value> {
    let record = |(pk, sk): &(String, String), name: &str| {
        json!({
            "eventID": "c4ca4238a0b923820dcc509a6f75849b", "eventName": name, "eventSource": "aws:dynamodb",
            "dynamodb": {"Keys": {"pk": {"S": pk}, "sk": {"S": sk}}, "StreamViewType": "KEYS_ONLY"},
        })
    };
    let new = after.keys().filter(|key| !before.contains_key(*key)).map(|key| record(key, "INSERT"));
    let changed = after.iter().filter(|(key, row)| before.get(*key).is_some_and(|known| known != *row));
    let gone = before.keys().filter(|key| !after.contains_key(*key)).map(|key| record(key, "REMOVE"));
    new.chain(changed.map(|(key, _)| record(key, "MODIFY"))).chain(gone).collect()
}

/// What of it the template's mapping lets through.
fn let_through(records: Vec<Value>) -> Vec<Value> {
    let mapping = Template::read().resource("TrackingPushNews");
    let pattern = text(&mapping["FilterCriteria"]["Filters"][0]["Pattern"]);
    let pattern: Value = serde_json::from_str(&pattern).expect("a pattern");
    records.into_iter().filter(|record| matches(&pattern, record)).collect()
}

/// Lambda's filters, as far as ours uses them.
/// Source: Lambda developer guide, "Control which events Lambda sends to your function", filter rule syntax.
fn matches(pattern: &Value, value: &Value) -> bool {
    match pattern {
        Value::Object(_) => members(pattern).all(|(name, inner)| matches(inner, &value[name])),
        Value::Array(any) => any.iter().any(|one| match one["prefix"].as_str() {
            Some(prefix) => value.as_str().is_some_and(|text| text.starts_with(prefix)),
            None => one == value,
        }),
        other => panic!("no pattern: {other}"),
    }
}

async fn wake(world: &World, records: &[Value]) -> Summary {
    let call: Call = serde_json::from_value(json!({"Records": records})).expect("the function's event");
    answer(&world.app, &call).await.expect("an answer")
}

/// An order at TikTok, and its parcel told by the store. Gives what the stream tells of the delivery.
async fn ship(world: &World, store: &Added, n: u64) -> Vec<Value> {
    world.tiktok.order(SHOP, &order(n)).line("MUG-BLUE", 1).place();
    let before = rows(world);
    let parcel = fulfilment(n, 1000 + n, AT, "USPS", &[&usps(n)], &[("MUG-BLUE", 1)]);
    let body = shopify_order(1000 + n, &order(n), AT, &[parcel]);
    assert_eq!(world.shopify(store, "orders/fulfilled", &body).await.status(), 200);
    let_through(told(&before, &rows(world)))
}

fn order(n: u64) -> String {
    format!("5760000000000{n:05}")
}

fn changes(world: &World) -> usize {
    world.tiktok.with_journal(|journal| journal.changes.len())
}

async fn town() -> (World, Added) {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    // What a first run reads once.
    world.push().await;
    (world, store)
}

#[tokio::test(start_paused = true)]
async fn a_new_parcel_wakes_its_shops_push_and_what_follows_wakes_nobody() {
    let (world, store) = town().await;
    let news = ship(&world, &store, 1).await;
    assert_eq!(news.len(), 1, "{news:?}");
    let keys = &news[0]["dynamodb"]["Keys"];
    assert!(text(&keys["sk"]["S"]).ends_with(&format!("#PARCEL#{}", usps(1))), "{keys}");
    let (before, lines) = (rows(&world), world.metrics.lines().len());
    let summary = wake(&world, &news).await;
    assert_eq!((summary.pushed, summary.busy_shards), (1, 0), "{summary:?}");
    assert_eq!(world.at_tiktok(SHOP, &order(1)), [usps(1)]);
    assert_eq!(let_through(told(&before, &rows(&world))), Vec::<Value>::new(), "a push wakes no push");
    // The alarm for a schedule that stands still counts the schedule's runs only.
    let said = world.metrics.lines()[lines..].join("\n");
    assert!(said.contains("\"pushed\":1") && !said.contains("push_runs"), "{said}");
    world.push().await;
    assert!(world.metrics.lines().last().expect("a line").contains("\"push_runs\":1"));
}

#[tokio::test(start_paused = true)]
async fn a_correction_wakes_the_push_too() {
    let (world, store) = town().await;
    let news = ship(&world, &store, 1).await;
    assert_eq!(wake(&world, &news).await.pushed, 1);
    let (before, later) = (rows(&world), "2026-11-21T09:05:00Z");
    let parcel = fulfilment(1, 1001, later, "USPS", &[&usps(2)], &[("MUG-BLUE", 1)]);
    let body = shopify_order(1001, &order(1), later, &[parcel]);
    assert_eq!(world.shopify(&store, "orders/fulfilled", &body).await.status(), 200);
    let news = let_through(told(&before, &rows(&world)));
    assert_eq!(wake(&world, &news).await.corrected, 1, "{news:?}");
    assert_eq!(world.at_tiktok(SHOP, &order(1)), [usps(2)]);
}

#[tokio::test(start_paused = true)]
async fn news_that_are_lost_doubled_or_late_lose_nothing_and_send_nothing_twice() {
    let (world, store) = town().await;
    // Lost: the schedule finds it.
    drop(ship(&world, &store, 1).await);
    assert_eq!(world.push().await.pushed, 1);
    // Doubled, beside a run of the schedule, each in a process of its own.
    let news = ship(&world, &store, 2).await;
    let call: Call = serde_json::from_value(json!({"Records": news})).expect("the function's event");
    let (one, two) = (world.process(1), world.process(2));
    let (first, second, schedule) = tokio::join!(answer(&one.app, &call), answer(&two.app, &call), world.push());
    let pushed = [first.expect("an answer"), second.expect("an answer"), schedule].map(|summary| summary.pushed);
    assert_eq!(pushed.iter().sum::<u64>(), 1, "{pushed:?}");
    // Late: it is done.
    let late = ship(&world, &store, 3).await;
    assert_eq!(world.push().await.pushed, 1);
    tokio::time::sleep(Duration::from_secs(50)).await;
    assert_eq!(wake(&world, &late).await.pushed, 0);
    for n in 1..=3 {
        assert_eq!(world.at_tiktok(SHOP, &order(n)), [usps(n)], "{n}");
    }
    assert_eq!(changes(&world), 3, "each once");
}

#[tokio::test(start_paused = true)]
async fn news_wait_for_whoever_has_the_shard_and_after_five_seconds_leave_it_to_the_schedule() {
    let (world, store) = town().await;
    let shard = Shard::of(&ShopId::parse(SHOP).expect("id"));
    let take = || world.app.table.lease_take(shard, "another", world.time.now());
    // Another run has looked at the shard, and is still at work.
    assert!(matches!(take().await.expect("table"), Lease::Taken { .. }));
    let news = ship(&world, &store, 1).await;
    let ends = async {
        tokio::time::sleep(Duration::from_millis(1700)).await;
        world.app.table.lease_release(shard, "another").await.expect("released");
    };
    let (summary, ()) = tokio::join!(wake(&world, &news), ends);
    assert_eq!((summary.pushed, summary.busy_shards), (1, 0), "{summary:?}");
    // That one goes on for longer.
    assert!(matches!(take().await.expect("table"), Lease::Taken { .. }));
    let news = ship(&world, &store, 2).await;
    let start = tokio::time::Instant::now();
    let summary = wake(&world, &news).await;
    assert_eq!((summary.pushed, summary.busy_shards), (0, 1), "{summary:?}");
    assert!((5..7).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    world.app.table.lease_release(shard, "another").await.expect("released");
    assert_eq!(world.push().await.pushed, 1);
    assert_eq!(changes(&world), 2);
}

/// A shop's rate is two writes a second: whoever has a hundred due must not keep the stream from all others.
#[tokio::test(start_paused = true)]
async fn a_rush_of_one_shop_keeps_the_stream_for_seconds_only() {
    let (world, store) = town().await;
    let mut news = Vec::new();
    for n in 1..=60 {
        news.extend(ship(&world, &store, n).await);
    }
    let start = tokio::time::Instant::now();
    let summary = wake(&world, &news).await;
    assert!((5..60).contains(&summary.pushed), "{summary:?}");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(world.push().await.pushed, 60 - summary.pushed);
    assert_eq!(changes(&world), 60);
}

#[tokio::test(start_paused = true)]
async fn news_of_a_store_that_is_gone_and_of_rows_that_are_none_of_a_stores_do_nothing() {
    let (world, _) = town().await;
    let record = |pk: &str, sk: &str| json!({"dynamodb": {"Keys": {"pk": {"S": pk}, "sk": {"S": sk}}}});
    let records = [record("STORE#nobody", "ORDER#1#PARCEL#1Z"), record("SHOP#1", "VISIT"), record("", "")];
    assert_eq!(wake(&world, &records).await, Summary::default());
    for nonsense in [json!({}), json!({"Records": [{}]}), json!({"shards": "all"}), json!(null)] {
        assert!(serde_json::from_value::<Call>(nonsense.clone()).is_err(), "{nonsense}");
    }
}

#[test]
fn the_stream_is_read_without_blocking_and_only_where_it_is_wanted() {
    let template = Template::read();
    let mapping = template.resource("TrackingPushNews");
    assert!(text(&mapping["EventSourceArn"]).contains(":table/waybill/stream/"), "{mapping}");
    assert_eq!(mapping["FunctionName"], template.resource("TrackingPushFunction")["FunctionName"]);
    // A batch that failed is the schedule's: it must not come again before what is newer.
    assert_eq!((&mapping["MaximumRetryAttempts"], &mapping["StartingPosition"]), (&json!(0), &json!("LATEST")));
    assert_eq!(mapping["MaximumRecordAgeInSeconds"], 60);
    assert_eq!(mapping["MaximumBatchingWindowInSeconds"], 2, "`waybill cost --ways` and the guide count with it");
    let without = template.with(&[("WakeUp", json!("schedule"))]);
    assert_eq!(without.resources("AWS::Lambda::EventSourceMapping").len(), 0);
    assert!(without.resource("Table")["StreamSpecification"].is_null());
}
