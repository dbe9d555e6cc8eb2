//! Custom fields, one way: what a shop's rules take of TikTok's order stands in the store's order, once, on every
//! platform; nothing goes the other way, and nothing about a buyer goes anywhere that nobody allowed.

use super::desk_pages::form;
use serde_json::{Value, json};
use waybill_model::canary::BUYER;
use waybill_model::stores::{IdField, Kind, Mischief, Plugin, Way};
use waybill_tests::world::browser::Browser;
use waybill_tests::world::stores::Front;
use waybill_tests::world::{SHOP, World};

const ORDER: &str = "576000000000000017";
const SECOND: &str = "576000000000000018";
const A: &str = "9310215860339224995564";
const B: &str = "9474824340957450782691";
/// Every platform that can be written to, with the names of two fields there.
const WRITTEN: [(Kind, &str, &str); 4] = [
    (Kind::Shopify, "custom.tiktok_order", "custom.delivery"),
    (Kind::WooCommerce(Plugin::Ast), "_tiktok_order", "_tiktok_delivery"),
    (Kind::BigCommerce, "custom.tiktok_order", "custom.delivery"),
    (Kind::Magento(Way::MageOs), "comment", "comment"),
];

async fn town(kind: Kind) -> (World, Front, u64) {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 2)]).place();
    let front = world.open_store(kind).await;
    front.model.subscribe_all(&front.added.webhook_url);
    let twin = front.model.order().line("MUG-BLUE", 2).tiktok(IdField::Main, ORDER).place();
    world.deliver(&front).await;
    (world, front, twin)
}

async fn set(world: &World, path: &str, field: &str) -> Value {
    let (rows, attention) = world.command(&["field", "set", path, field, "--shop", SHOP]).await;
    assert!(!attention, "{rows:?}");
    rows[0].clone()
}

async fn refused(world: &World, words: &[&str]) -> String {
    let (rows, _) = world.command(words).await;
    assert_eq!(rows[0]["status"], 2, "{words:?}: {rows:?}");
    rows[0]["error"].as_str().unwrap_or_default().to_owned()
}

async fn ship(world: &World, front: &Front, twin: u64, number: &str) {
    front.model.fulfil(twin, &[("MUG-BLUE", 1)], &[number], "USPS").expect("shipped");
    world.delivered(front).await;
}

fn fields(front: &Front, twin: u64) -> Vec<(String, String)> {
    front.model.order_now(twin).expect("an order").fields
}

/// Calls that change something in the store.
fn writes(front: &Front) -> usize {
    let changes = |what: &str| match front.model.kind() {
        // GraphQL: a write is a visit like any other.
        Kind::Shopify => what.starts_with("POST"),
        _ => (what.starts_with("PUT") || what.starts_with("POST")) && what.contains("/orders/"),
    };
    front.model.visits().iter().filter(|visit| changes(&visit.what)).count()
}

#[tokio::test(start_paused = true)]
async fn values_of_tiktoks_order_stand_in_the_stores_order_once() {
    for (kind, first, second) in WRITTEN {
        let (world, front, twin) = town(kind).await;
        set(&world, "id", first).await;
        set(&world, "line_items.0.seller_sku", second).await;
        ship(&world, &front, twin, A).await;
        world.minutes(15).await;
        assert_eq!(world.at_tiktok(SHOP, ORDER)[0], A, "{kind:?}");
        let expected: Vec<(String, String)> = match kind {
            Kind::Magento(_) => {
                vec![("comment".into(), format!("TikTok order: id: {ORDER}; line_items.0.seller_sku: MUG-BLUE"))]
            }
            _ => vec![(first.into(), ORDER.into()), (second.into(), "MUG-BLUE".into())],
        };
        let sorted = |mut fields: Vec<(String, String)>| {
            fields.sort();
            fields
        };
        assert_eq!(sorted(fields(&front, twin)), sorted(expected.clone()), "{kind:?}");
        // The store's own news of the change, a further parcel and a day: nothing is written again.
        let before = writes(&front);
        drop(world.deliver(&front).await);
        ship(&world, &front, twin, B).await;
        world.minutes(60).await;
        assert_eq!(sorted(fields(&front, twin)), sorted(expected), "{kind:?}");
        if kind != Kind::Shopify {
            assert_eq!(writes(&front), before, "{kind:?}");
        }
        assert_eq!(world.at_tiktok(SHOP, ORDER), [A, B], "{kind:?}");
        world.quiet(ORDER).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_written_to_delays_no_number_and_gets_the_values_later() {
    for (kind, field, _) in WRITTEN {
        let (world, front, twin) = town(kind).await;
        set(&world, "id", field).await;
        ship(&world, &front, twin, A).await;
        // What the push needs of the store's API it has by now; the write meets a store that is down.
        world.push().await;
        world.push().await;
        assert_eq!(world.at_tiktok(SHOP, ORDER)[0], A, "{kind:?}");
        for mischief in [
            Mischief::Status(503),
            Mischief::NotJson,
            Mischief::ChangedSchema,
            Mischief::Unauthorised,
            Mischief::Throttle(None),
            Mischief::Reset,
        ] {
            front.model.misbehave(mischief, None);
            world.minutes(15).await;
            assert!(fields(&front, twin).is_empty(), "{kind:?}");
            front.model.behave();
        }
        world.minutes(120).await;
        let written = fields(&front, twin);
        assert!(written.len() == 1 && written[0].1.contains(ORDER), "{kind:?}: {written:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn fields_that_were_given_up_are_shown_to_the_merchant_and_tried_again_at_a_word() {
    let (world, front, twin) = town(Kind::WooCommerce(Plugin::Ast)).await;
    set(&world, "id", "_tiktok_order").await;
    ship(&world, &front, twin, A).await;
    world.push().await;
    world.push().await;
    front.model.misbehave(Mischief::Unauthorised, None);
    world.hours(6).await;
    let shown = async || {
        let (rows, _) = world.command(&["order", ORDER]).await;
        rows.iter().find(|row| row["number"] == A).expect("the parcel")["fields"].clone()
    };
    let waits = shown().await;
    assert!(waits["given_up"] == false && waits["trouble"].is_string() && waits["due"].is_string(), "{waits}");
    world.hours(30).await;
    let given_up = shown().await;
    let command = format!("waybill field retry {twin} --shop {SHOP}");
    assert_eq!((&given_up["given_up"], &given_up["command"]), (&json!(true), &json!(command)), "{given_up}");
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let page = browser.get(&world, &format!("/orders/{ORDER}")).await;
    assert!(page.text.contains("Custom fields were not written"), "{}", page.text);
    let health = browser.get(&world, "/health").await;
    assert!(health.text.contains("the custom fields of 1 store order were not written"), "{}", health.text);
    // The store's access is given back.
    front.model.behave();
    let (action, hidden) = form(&page, "fields");
    let mut typed: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    typed.push(("do", "fields"));
    let answer = browser.post(&world, &action, &typed).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    world.minutes(15).await;
    assert_eq!(fields(&front, twin), [("_tiktok_order".to_owned(), ORDER.to_owned())]);
    let written = shown().await;
    assert!(written["given_up"] == false && written["trouble"].is_null(), "{written}");
    let health = browser.get(&world, "/health").await;
    assert!(!health.text.contains("custom fields"), "{}", health.text);
    let (rows, _) = world.command(&["field", "retry", "--shop", SHOP]).await;
    assert_eq!(rows[0]["tried_again"], 0);
    let (audit, _) = world.command(&["audit"]).await;
    assert!(
        audit.iter().any(|entry| entry["act"] == "field" && entry["of"].to_string().contains(&twin.to_string())),
        "{audit:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_there_only_later_is_written_then() {
    let (world, front, twin) = town(Kind::Shopify).await;
    set(&world, "id", "custom.tiktok_order").await;
    set(&world, "collection_time", "custom.collected").await;
    front.model.fulfil(twin, &[], &[A], "USPS").expect("shipped");
    world.delivered(&front).await;
    world.minutes(15).await;
    assert_eq!(fields(&front, twin), [("custom.tiktok_order".to_owned(), ORDER.to_owned())]);
    assert!(world.tiktok.scan(SHOP, ORDER), "scanned");
    world.hours(3).await;
    let written = fields(&front, twin);
    assert!(
        written.iter().any(|(name, value)| name == "custom.collected" && value.parse::<u64>().is_ok()),
        "{written:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_the_write_writes_the_same_again_and_nothing_twice() {
    let (world, front, twin) = town(Kind::Magento(Way::MageOs)).await;
    set(&world, "id", "comment").await;
    ship(&world, &front, twin, A).await;
    world.push().await;
    world.push().await;
    // Somebody, or a run before the crash, wrote it already.
    let text = format!("TikTok order: id: {ORDER}");
    front.model.comment(twin, &text);
    world.minutes(15).await;
    assert_eq!(fields(&front, twin), [("comment".to_owned(), text)]);
}

#[tokio::test(start_paused = true)]
async fn rules_are_listed_replaced_and_removed_and_stand_in_the_audit() {
    let (world, front, twin) = town(Kind::WooCommerce(Plugin::Ast)).await;
    let row = set(&world, "delivery_option_name", "_tiktok_delivery").await;
    let expected =
        json!({"shop": SHOP, "path": "delivery_option_name", "field": "_tiktok_delivery", "buyer_data": false});
    assert_eq!(row, expected);
    set(&world, "delivery_option_name", "_delivery_by_tiktok").await;
    let (rows, _) = world.command(&["field", "list", "--shop", SHOP]).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0]["field"], "_delivery_by_tiktok");
    let (_, attention) = world.command(&["field", "remove", "delivery_option_name", "--shop", SHOP]).await;
    assert!(!attention);
    let (again, attention) = world.command(&["field", "remove", "delivery_option_name", "--shop", SHOP]).await;
    assert!(attention && again[0]["status"] == 1, "{again:?}");
    let (audit, _) = world.command(&["audit"]).await;
    assert_eq!(audit.iter().filter(|entry| entry["act"] == "field").count(), 3, "{audit:?}");
    ship(&world, &front, twin, A).await;
    world.minutes(15).await;
    assert!(fields(&front, twin).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_goes_the_other_way_or_fits_no_store_is_refused_with_a_sentence() {
    let (world, front, twin) = town(Kind::WooCommerce(Plugin::Ast)).await;
    for (path, field, words) in [
        ("_gift_note", "buyer_message", "one way"),
        ("custom.warehouse", "warehouse_id", "one way"),
        ("id", "custom.tiktok_order", "_key (WooCommerce)"),
        ("id", "comment", "_key (WooCommerce)"),
        ("id", "_order_total", "name of your own"),
        ("id", "tiktok", "namespace.key"),
        ("not a path", "_tiktok", "path"),
    ] {
        let said = refused(&world, &["field", "set", path, field, "--shop", SHOP]).await;
        assert!(said.contains(words), "{path} -> {field}: {said}");
    }
    let (rows, _) = world.command(&["field", "list", "--shop", SHOP]).await;
    assert!(rows.is_empty(), "{rows:?}");
    ship(&world, &front, twin, A).await;
    world.minutes(15).await;
    assert!(fields(&front, twin).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_magento_shop_is_told_why_it_gets_a_comment_and_no_attribute() {
    let (world, _front, _) = town(Kind::Magento(Way::MageOs)).await;
    for field in ["custom.tiktok_order", "_tiktok_order"] {
        let said = refused(&world, &["field", "set", "id", field, "--shop", SHOP]).await;
        assert!(said.contains("theirs are comment (Magento"), "{said}");
        assert!(said.contains("no call that writes one attribute of an order"), "{said}");
    }
    set(&world, "id", "comment").await;
}

#[tokio::test(start_paused = true)]
async fn buyer_data_is_refused_until_a_person_allows_that_path_and_then_passed_on_and_never_kept() {
    for (kind, field, _) in WRITTEN {
        let (world, front, twin) = town(kind).await;
        for path in ["buyer_email", "recipient_address.name", "user_id", "something_new"] {
            let said = refused(&world, &["field", "set", path, field, "--shop", SHOP]).await;
            assert!(said.contains("buyer") && said.contains("--allow-buyer-data"), "{path}: {said}");
        }
        let words = ["field", "set", "buyer_email", field, "--shop", SHOP, "--allow-buyer-data"];
        let (rows, attention) = world.command(&words).await;
        assert!(!attention && rows[0]["buyer_data"] == true, "{rows:?}");
        // Allowed is this path, not the next.
        refused(&world, &["field", "set", "buyer_nickname", field, "--shop", SHOP]).await;
        ship(&world, &front, twin, A).await;
        world.minutes(15).await;
        let mail = BUYER[2];
        let written = fields(&front, twin);
        assert!(written.len() == 1 && written[0].1.contains(mail), "{kind:?}: {written:?}");
        let rows = world.wire.all_rows(world.app.table.name());
        assert!(rows.iter().any(|row| row.to_string().contains("FIELDS#")), "{kind:?}: no mark is among the rows");
        for row in rows {
            assert!(!row.to_string().contains(mail), "{kind:?} keeps it: {row}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn rules_of_a_shop_are_for_orders_that_are_linked_from_then_on() {
    let (world, front, twin) = town(Kind::Shopify).await;
    ship(&world, &front, twin, A).await;
    world.minutes(15).await;
    set(&world, "id", "custom.tiktok_order").await;
    world.tiktok.order(SHOP, SECOND).lines(&[("MUG-BLUE", 1)]).place();
    let second = front.model.order().line("MUG-BLUE", 1).tiktok(IdField::Main, SECOND).place();
    ship(&world, &front, second, B).await;
    world.minutes(15).await;
    assert!(fields(&front, twin).is_empty());
    assert_eq!(fields(&front, second), [("custom.tiktok_order".to_owned(), SECOND.to_owned())]);
}
