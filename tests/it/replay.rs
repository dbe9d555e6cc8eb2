//! `waybill replay` reads a store again for a time: it says what differs, and does it once.

use serde_json::{Value, json};
use waybill_model::stores::{IdField, Kind};
use waybill_tests::sim::script::usps;
use waybill_tests::world::{SHOP, World};

const ONE: &str = "576000000000000001";
const TWO: &str = "576000000000000002";

fn parcels(world: &World) -> Vec<Value> {
    let rows = world.wire.all_rows(world.app.table.name());
    rows.into_iter().filter(|row| row["kind"]["S"] == "parcel").collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_store_shipped_and_never_told_is_shown_first_then_sent_once() {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let front = world.open_store(Kind::Shopify).await;
    let twin = front.model.order().line("MUG", 1).tiktok(IdField::Main, ONE).place();
    front.model.fulfil(twin, &[], &[&usps(1)], "USPS").expect("shipped");
    let store = front.added.store.id.as_str();
    let (rows, attention) = world.command(&["replay", "--store", store, "--since", "2d", "--dry-run"]).await;
    assert!(!attention && rows.len() == 1, "{rows:?}");
    assert_eq!((rows[0]["number"].as_str(), &rows[0]["before"]), (Some(usps(1).as_str()), &Value::Null), "{rows:?}");
    assert!(parcels(&world).is_empty(), "a dry run keeps nothing");
    let (rows, _) = world.command(&["replay", "--store", store, "--since", "2d"]).await;
    assert_eq!(rows.last().map(|row| &row["stored"]), Some(&json!(1)), "{rows:?}");
    world.minutes(5).await;
    world.holds(SHOP, ONE, &[&usps(1)]).await;
    let sent = world.net.numbers().len();
    for _ in 0..2 {
        let (rows, _) = world.command(&["replay", "--store", store, "--since", "2d"]).await;
        assert_eq!(rows, [json!({"store": store, "orders": 1, "stored": 0, "queued": 0})], "nothing differs");
        world.minutes(5).await;
    }
    assert_eq!(world.net.numbers().len(), sent, "nothing is sent twice");
    let (audit, _) = world.command(&["audit"]).await;
    assert_eq!(audit.iter().filter(|entry| entry["act"] == "replay").count(), 3, "{audit:?}");
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_judged_anew_and_what_a_person_dismissed_stays_so() {
    let world = World::everyday("US").await;
    for order in [ONE, TWO] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
    }
    let front = world.open_store(Kind::Shopify).await;
    front.model.subscribe_all(&front.added.webhook_url);
    for (n, order) in [(1, ONE), (2, TWO)] {
        let twin = front.model.order().line("no such code", 4).tiktok(IdField::Main, order).place();
        front.model.fulfil(twin, &[], &[&usps(n)], "USPS").expect("shipped");
    }
    world.delivered(&front).await;
    world.minutes(5).await;
    world.listed(&usps(1), &["LINES_UNMATCHED"]).await;
    world.command(&["dismiss", &usps(2), "--note", "sent by hand"]).await;
    let before = parcels(&world);
    let store = front.added.store.id.as_str();
    let (rows, _) = world.command(&["replay", "--store", store, "--since", "2d", "--dry-run"]).await;
    assert_eq!(rows.len(), 1, "the dismissed one is left alone: {rows:?}");
    assert_eq!((rows[0]["number"].as_str(), rows[0]["after"].as_str()), (Some(usps(1).as_str()), Some("QUEUED")));
    assert_eq!(parcels(&world), before, "a dry run changes no parcel");
    let (rows, _) = world.command(&["replay", "--store", store, "--since", "2d"]).await;
    assert_eq!(rows.last().map(|row| &row["queued"]), Some(&json!(1)), "{rows:?}");
    world.minutes(5).await;
    let (rows, _) = world.command(&["order", &usps(2)]).await;
    assert_eq!(rows[0]["state"], "DISMISSED", "{rows:?}");
    // A time in which nothing happened shows nothing; a store without an API says so.
    let (rows, _) = world.command(&["replay", "--store", store, "--since", "9d", "--until", "5d", "--dry-run"]).await;
    assert!(rows.is_empty(), "{rows:?}");
    let generic = world.warehouse("wh", &[SHOP]).await;
    let (rows, attention) = world.command(&["replay", "--store", generic.store.id.as_str(), "--since", "2d"]).await;
    assert!(attention && rows[0]["status"] == 1, "{rows:?}");
}
