//! What follows an acceptance, and what a person is shown about it.

use super::{deadline, listed, row, shop};
use serde_json::json;
use waybill_model::tiktok::{Call, Fault, FaultRule, Status};
use waybill_tests::sim::script::usps;
use waybill_tests::world::everyday::parcel;
use waybill_tests::world::{SHOP, World, fulfilment, shopify_order};

const ORDER: &str = "576000000000000017";

fn number() -> String {
    usps(17)
}

/// A world with one order whose number TikTok has taken.
async fn sent() -> World {
    let world = World::everyday("US").await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    world.tiktok.order(SHOP, ORDER).line("MUG", 1).place();
    world.minute().await;
    let version = world.time.now().to_string();
    let parcel = fulfilment(1, 5_900_000_001_042, &version, "USPS", &[&number()], &[("MUG", 1)]);
    world.shopify(&store, "orders/fulfilled", &shopify_order(5_900_000_001_042, ORDER, &version, &[parcel])).await;
    world.minute().await;
    assert_eq!(world.at_tiktok(SHOP, ORDER), [number()]);
    world
}

/// TikTok accepted a number and does not show it any more, and no webhook of its says so.
fn forgets(world: &World, order: &str) {
    world.tiktok.set_status(SHOP, order, Status::AwaitingShipment);
    world.tiktok.change_order(SHOP, order, |order| order.packages.clear());
    drop(world.tiktok.take_webhooks());
}

/// The entry of the usual order while its number does not show.
fn not_moved() -> (String, String, String) {
    (ORDER.to_owned(), "ACCEPTED_NOT_MOVED".to_owned(), number())
}

#[tokio::test(start_paused = true)]
async fn ready_to_ship_is_confirmed_a_quarter_of_an_hour_after_acceptance() {
    let world = sent().await;
    drop(world.tiktok.take_webhooks());
    world.minutes(17).await;
    let shown = row(&world, ORDER).await;
    assert_eq!((&shown["state"], &shown["numbers"]), (&json!("ready_to_ship"), &json!([number()])));
    assert_eq!((&shown["units_open"], &shown["clock"]), (&json!(0), &json!("SCAN")));
    assert_eq!(listed(&world).await, []);
}

#[tokio::test(start_paused = true)]
async fn an_accepted_number_that_does_not_show_is_listed_until_it_does() {
    let world = sent().await;
    forgets(&world, ORDER);
    world.minutes(26).await;
    assert_eq!(listed(&world).await, [not_moved()]);
}

/// The look that a correction asked for is gone with the shop; the one for the first number is still kept.
#[tokio::test(start_paused = true)]
async fn a_number_that_was_corrected_is_not_missed_when_the_shop_comes_back() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ORDER).line("MUG", 1).place();
    // A visit is near when the number is taken, and none is when it is corrected.
    world.minutes(2).await;
    world.tell(&store, parcel(&world, "W1", ORDER, "1", &usps(1), &[("MUG", 1)])).await;
    world.minutes(40).await;
    drop(world.tiktok.take_webhooks());
    world.tell(&store, parcel(&world, "W1", ORDER, "1", &usps(2), &[("MUG", 1)])).await;
    world.minutes(30).await;
    assert_eq!(world.at_tiktok(SHOP, ORDER), [usps(2)]);
    world.command(&["shop", "remove", SHOP]).await;
    world.hours(2).await;
    world.connect_shop_again(SHOP).await;
    world.hours(2).await;
    assert_eq!(listed(&world).await, []);
}

/// TikTok refuses to show one order: the others of its visit are looked at, nothing is said of it, and the shop does not rest.
#[tokio::test(start_paused = true)]
async fn an_order_that_cannot_be_read_keeps_no_other_back() {
    const BAD: &str = "576000000000000024";
    let world = sent().await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, BAD).line("MUG", 1).place();
    world.tell(&store, parcel(&world, "W1", BAD, "1", &usps(24), &[("MUG", 1)])).await;
    world.minute().await;
    assert_eq!(world.at_tiktok(SHOP, BAD), [usps(24)]);
    world.tiktok.inject(FaultRule::new(Fault::Code(10_006_402)).on(&[Call::GetOrders]).id(BAD));
    for order in [ORDER, BAD] {
        forgets(&world, order);
    }
    world.minutes(26).await;
    assert_eq!(listed(&world).await, [not_moved()]);
    assert_eq!(shop(&world).await.hold_until, None);
    world.tiktok.heal();
    world.hours(3).await;
    world.holds(SHOP, BAD, &[&usps(24)]).await;
    assert!(listed(&world).await.iter().all(|entry| entry.0 != BAD));
}

/// In a busy shop a visit is near anyway when a number is accepted. What is to be looked at then does not make the shop's
/// row of visits grow, which every webhook reads; and no number is forgotten for it, however many there are.
#[tokio::test(start_paused = true)]
async fn a_busy_shop_looks_at_every_accepted_number_and_its_row_of_visits_stays_small() {
    const MINUTES: u64 = 14;
    const EACH: u64 = 25;
    let world = World::everyday("US").await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let order = |n: u64| format!("57600000000000{n:04}");
    for n in 0..MINUTES * EACH {
        world.tiktok.order(SHOP, &order(n)).line("MUG", 1).place();
    }
    world.minutes(5).await;
    for minute in 0..MINUTES {
        let version = world.time.now().to_string();
        for n in minute * EACH..(minute + 1) * EACH {
            let id = 5_900_000_001_042 + n;
            let parcel = fulfilment(n, id, &version, "USPS", &[&usps(n)], &[("MUG", 1)]);
            world.shopify(&store, "orders/fulfilled", &shopify_order(id, &order(n), &version, &[parcel])).await;
        }
        world.minute().await;
        let visit = world.app.table.visit_get(&shop(&world).await.id).await.expect("table").expect("a visit");
        let size = serde_json::to_string(&visit.row).expect("text").len();
        assert!(size < 4_096, "{size} bytes: more than a read unit for each webhook");
    }
    // The looks at the first ones were made by now.
    let lost = [6 * EACH, 9 * EACH + 7, MINUTES * EACH - 1];
    for n in lost {
        forgets(&world, &order(n));
    }
    world.minutes(30).await;
    for n in lost {
        // What TikTok does not show any more is sent again.
        world.holds(SHOP, &order(n), &[&usps(n)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_that_nobody_scans_is_listed_and_leaves_the_list_with_its_scan() {
    let world = sent().await;
    world.hours(66).await;
    assert_eq!(listed(&world).await.first().map(|entry| entry.1.clone()).as_deref(), None);
    world.hours(4).await;
    let entry = (ORDER.to_owned(), "NOT_SCANNED".to_owned(), number());
    assert_eq!(listed(&world).await, [entry], "the scan is due 72 hours after the order");
    world.tiktok.scan(SHOP, ORDER);
    world.minutes(10).await;
    assert_eq!(listed(&world).await, []);
    let shown = row(&world, ORDER).await;
    assert_eq!((&shown["state"], &shown["clock"]), (&json!("shipped"), &json!("DELIVER")));
}

#[tokio::test(start_paused = true)]
async fn a_late_order_stands_first_under_the_clock_that_passed() {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, ORDER).line("MUG", 1).place();
    world.minute().await;
    let ahead = deadline(&world, ORDER).await;
    assert_eq!((&ahead["clock"], &ahead["source"]), (&json!("RTS"), &json!("order:rts_sla_time")));
    assert_eq!((&ahead["bucket"], &ahead["blocker"]), (&json!("later"), &json!(null)));
    world.hours(49).await;
    let late = deadline(&world, ORDER).await;
    assert_eq!((&late["clock"], &late["bucket"], &late["next_clock"]), (&json!("RTS"), &json!("late"), &json!("SCAN")));
    assert!(late["next_step"].as_str().is_some_and(|step| !step.is_empty()));
    assert_eq!(listed(&world).await.first().map(|entry| entry.1.clone()).as_deref(), Some("LATE"));
}

#[tokio::test(start_paused = true)]
async fn an_order_cancelled_after_dispatch_is_listed() {
    let world = sent().await;
    world.tiktok.scan(SHOP, ORDER);
    world.minutes(20).await;
    world.tiktok.set_status(SHOP, ORDER, Status::Cancelled);
    drop(world.tiktok.take_webhooks());
    world.minutes(65).await;
    let entry = (ORDER.to_owned(), "CANCELLED_AFTER_DISPATCH".to_owned(), number());
    assert_eq!(listed(&world).await, [entry]);
}

#[tokio::test(start_paused = true)]
async fn a_sibling_without_a_number_is_asked_about_and_named() {
    let world = sent().await;
    world.minutes(20).await;
    let second = "576000000000000018";
    world.tiktok.order(SHOP, second).line("MUG", 1).replaces(ORDER).place();
    world.minutes(70).await;
    let shown = row(&world, second).await;
    assert_eq!((&shown["kind"], &shown["sibling"]), (&json!("replacement"), &json!(ORDER)));
    let entry = (second.to_owned(), "SIBLING_OPEN".to_owned(), number());
    assert_eq!(listed(&world).await, [entry]);
}

#[tokio::test(start_paused = true)]
async fn two_failed_attempts_make_a_lost_parcel() {
    let world = sent().await;
    world.tiktok.scan(SHOP, ORDER);
    world.hours(73).await;
    world.tiktok.fail_attempt(SHOP, ORDER);
    world.hours(5).await;
    assert_eq!(listed(&world).await, [], "one is none yet");
    world.tiktok.fail_attempt(SHOP, ORDER);
    world.hours(25).await;
    let entry = (ORDER.to_owned(), "LOST".to_owned(), number());
    assert_eq!(listed(&world).await, [entry]);
    world.tiktok.deliver(SHOP, ORDER);
    world.minutes(10).await;
    assert_eq!(listed(&world).await, [], "and it came after all");
}
