//! C, G and K: which order a number is for, what an id means, and who sent what.

use super::{ONE, TWO, parcel, with};
use serde_json::json;
use waybill_model::stores::{IdField, Kind};
use waybill_model::tiktok::{Call, Fault, FaultRule};
use waybill_tests::sim::script::usps;
use waybill_tests::world::{SHOP, World};

#[tokio::test(start_paused = true)]
async fn one_warehouse_order_two_tiktok_orders_two_numbers() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    for order in [ONE, TWO] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
    }
    let (first, second) = (usps(1), usps(2));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &first, &[("MUG", 1)])).await;
    world.minutes(3).await;
    world.tell(&store, parcel(&world, "W1", TWO, "2", &second, &[("MUG", 1)])).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&first]).await;
    world.holds(SHOP, TWO, &[&second]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn one_warehouse_order_two_tiktok_orders_one_number() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    for order in [ONE, TWO] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).recipient("one buyer").place();
    }
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.tell(&store, parcel(&world, "W1", TWO, "2", &number, &[("MUG", 1)])).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.holds(SHOP, TWO, &[&number]).await;
}

#[tokio::test(start_paused = true)]
async fn wrong_order_id_corrected() {
    for wait in [0, 26] {
        let world = World::everyday("US").await;
        let store = world.warehouse("wh", &[SHOP]).await;
        world.tiktok.order(SHOP, TWO).lines(&[("MUG", 1)]).place();
        let number = usps(1);
        world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
        world.minutes(5).await;
        world.hours(wait).await;
        world.tell(&store, parcel(&world, "W1", TWO, "1", &number, &[("MUG", 1)])).await;
        world.hours(2).await;
        world.holds(SHOP, TWO, &[&number]).await;
        world.quiet("W1").await;
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_attribute_corrected() {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, TWO).lines(&[("MUG", 1)]).place();
    let front = world.open_store(Kind::Shopify).await;
    front.model.subscribe_all(&front.added.webhook_url);
    let twin = front.model.order().line("MUG", 1).tiktok(IdField::Main, ONE).place();
    let number = usps(1);
    front.model.fulfil(twin, &[], &[&number], "USPS").expect("shipped");
    world.delivered(&front).await;
    world.hours(26).await;
    world.listed(&number, &["ORDER_NOT_FOUND"]).await;
    assert!(front.model.rename(twin, IdField::Main, TWO));
    world.delivered(&front).await;
    world.retry(&twin.to_string()).await;
    world.hours(2).await;
    world.holds(SHOP, TWO, &[&number]).await;
    world.quiet(&twin.to_string()).await;
}

#[tokio::test(start_paused = true)]
async fn two_warehouse_orders_with_the_same_parcel_id() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1), ("CAP", 1)]).place();
    let (mug, cap) = (usps(1), usps(2));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &mug, &[("MUG", 1)])).await;
    world.time.skip(std::time::Duration::from_secs(1));
    world.tell(&store, parcel(&world, "W2", ONE, "1", &cap, &[("CAP", 1)])).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&mug, &cap]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn two_stores_disagree() {
    let world = World::everyday("US").await;
    let (first, second) = (world.warehouse("one", &[SHOP]).await, world.warehouse("two", &[SHOP]).await);
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let (sent, other) = (usps(1), usps(2));
    world.tell(&first, parcel(&world, "A1", ONE, "1", &sent, &[("MUG", 1)])).await;
    world.minutes(5).await;
    world.tell(&second, parcel(&world, "B1", ONE, "1", &other, &[("MUG", 1)])).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&sent]).await;
    let held = world.held().await;
    assert!(!held.reason(&other).is_empty(), "{}", world.told("B1").await);
    assert_ne!(held.reason(&other), "ALREADY_SHIPPED", "the first number is ours: {}", world.told("B1").await);
}

/// The number went out under the older id: nobody moves it, and both orders are named.
#[tokio::test(start_paused = true)]
async fn an_id_corrected_after_its_number_was_sent_is_listed_with_both_orders() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    for order in [ONE, TWO] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
    }
    let number = usps(1);
    let body = parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)]);
    world.tell(&store, body.clone()).await;
    world.minutes(5).await;
    world.holds(SHOP, ONE, &[&number]).await;
    let corrected = with(body, &json!({"tiktok_order_id": TWO, "updated_at": world.time.now().to_string()}));
    world.tell(&store, corrected).await;
    world.hours(2).await;
    let held = world.held().await;
    let named = held.0.iter().any(|row| {
        let row = row.to_string();
        row.contains(ONE) && row.contains(TWO)
    });
    assert!(named, "{}", world.told("W1").await);
    world.holds(SHOP, ONE, &[&number]).await;
}

/// Both of the warehouse's orders count parcels from 1. One is cancelled and made anew: the other order's parcel of the
/// same id has nothing to do with it.
#[tokio::test(start_paused = true)]
async fn a_parcel_made_anew_is_found_beside_a_parcel_of_the_same_id_in_another_warehouse_order() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1), ("CAP", 2)]).place();
    let (void, cap, fresh) = (usps(1), usps(2), usps(3));
    let first = parcel(&world, "W1", ONE, "1", &void, &[("MUG", 1)]);
    world.tell(&store, first.clone()).await;
    world.minutes(5).await;
    world.tell(&store, parcel(&world, "W2", ONE, "1", &cap, &[("CAP", 2)])).await;
    world.minutes(5).await;
    let now = world.time.now().to_string();
    world.tell(&store, with(first, &json!({"cancelled": true, "updated_at": now}))).await;
    world.minutes(5).await;
    world.tell(&store, parcel(&world, "W1", ONE, "2", &fresh, &[("MUG", 1)])).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&fresh, &cap, &cap]).await;
    world.quiet("W1").await;
}

/// The shipment that was sent for one order names another: a person says which it is, by the command that the list names.
#[tokio::test(start_paused = true)]
async fn a_shipment_that_names_another_order_after_it_was_sent_is_asked_about_and_linked() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    for order in [ONE, TWO] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).recipient("one buyer").place();
    }
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.minutes(10).await;
    world.holds(SHOP, ONE, &[&number]).await;
    let moved = parcel(&world, "W1", TWO, "1", &number, &[("MUG", 1)]);
    world.tell(&store, moved.clone()).await;
    world.minutes(10).await;
    world.tell(&store, moved).await;
    world.hours(2).await;
    world.holds(SHOP, TWO, &["-"]).await;
    let row = world.listed(&number, &["ORDER_AMBIGUOUS"]).await;
    let detail = row["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(ONE) && detail.contains(TWO), "{row}");
    assert!(row["command"].as_str().is_some_and(|command| command.starts_with("waybill link W1")), "{row}");
    world.command(&["link", "W1", TWO]).await;
    world.minutes(10).await;
    world.holds(SHOP, TWO, &[&number]).await;
}

/// Whether TikTok took a number for the order that a shipment named first is unknown when it names another: a person is
/// asked, unless a read shows that TikTok never took it.
#[tokio::test(start_paused = true)]
async fn another_order_is_named_while_an_answer_is_lost() {
    for taken in [false, true] {
        let world = World::everyday("US").await;
        let store = world.warehouse("wh", &[SHOP]).await;
        for order in [ONE, TWO] {
            world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
        }
        let number = usps(1);
        let lost = if taken { Fault::HangAfter } else { Fault::HangBefore };
        world.tiktok.inject(FaultRule::new(lost).on(&[Call::MarkPackage]).times(1));
        world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
        world.minute().await;
        world.tell(&store, parcel(&world, "W1", TWO, "1", &number, &[("MUG", 1)])).await;
        world.minutes(3).await;
        world.listed(&number, &["ORDER_AMBIGUOUS"]).await;
        world.hours(3).await;
        if taken {
            world.holds(SHOP, ONE, &[&number]).await;
            world.listed(&number, &["ORDER_AMBIGUOUS"]).await;
        } else {
            world.holds(SHOP, ONE, &["-"]).await;
            world.holds(SHOP, TWO, &[&number]).await;
            world.quiet("W1").await;
        }
    }
}
