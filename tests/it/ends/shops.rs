//! A and P: which shop an order is in, and whose it is.

use super::{ONE, TWO, parcel, with};
use serde_json::json;
use std::time::Duration;
use waybill_model::tiktok::{Fault, FaultRule};
use waybill_tests::sim::script::usps;
use waybill_tests::world::everyday::SECOND_SHOP;
use waybill_tests::world::{SHOP, World};

#[tokio::test(start_paused = true)]
async fn order_appears_in_the_other_shop() {
    let world = World::with_two_shops().await;
    let store = world.warehouse("wh", &[SECOND_SHOP, SHOP]).await;
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.hours(26).await;
    world.listed(&number, &["ORDER_NOT_FOUND"]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.retry("W1").await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
}

/// The shops were all asked before the order was there; nobody retries.
#[tokio::test(start_paused = true)]
async fn an_order_that_appears_late_in_either_shop_is_found_within_its_first_day_by_itself() {
    for place in [SHOP, SECOND_SHOP] {
        let world = World::with_two_shops().await;
        let store = world.warehouse("wh", &[SECOND_SHOP, SHOP]).await;
        let number = usps(1);
        world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
        world.hours(3).await;
        world.tiktok.order(place, ONE).lines(&[("MUG", 1)]).place();
        world.hours(3).await;
        world.holds(place, ONE, &[&number]).await;
        // What TikTok tells of the order later finds the parcel, whichever shop was asked first.
        let (rows, _) = world.command(&["order", "W1"]).await;
        assert_eq!(rows[0]["tiktok"]["store_orders"], json!(["W1"]), "{rows:?}");
        assert!(world.tiktok.take_back(place, ONE));
        world.hours(1).await;
        world.holds(place, ONE, &[&number]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn shop_removed_and_back() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let number = usps(1);
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).status(waybill_model::tiktok::Status::OnHold).place();
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.minutes(5).await;
    world.command(&["shop", "remove", SHOP]).await;
    world.hours(3).await;
    let held = world.held().await;
    assert!(held.0.iter().any(|row| row["shop"] == SHOP), "the gone shop is on no list: {:?}", held.0);
    let (rows, _) = world.command(&["order", "W1"]).await;
    assert!(rows.iter().all(|row| row["reason"] != "ON_HOLD"), "it waits for its shop, not for the buyer: {rows:?}");
    world.connect_shop_again(SHOP).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn a_resting_shop_beside_a_healthy_one() {
    let world = World::with_two_shops().await;
    let store = world.warehouse("wh", &[SHOP, SECOND_SHOP]).await;
    let hour = Fault::Throttle { retry_after: Some(Duration::from_secs(3600)) };
    world.tiktok.inject(FaultRule::new(hour).shop(SHOP));
    world.tiktok.order(SECOND_SHOP, TWO).lines(&[("MUG", 1)]).place();
    let (resting, healthy) = (usps(1), usps(2));
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tell(&store, parcel(&world, "W1", ONE, "1", &resting, &[("MUG", 1)])).await;
    world.minutes(2).await;
    world.tell(&store, parcel(&world, "W2", TWO, "1", &healthy, &[("MUG", 1)])).await;
    world.minutes(30).await;
    world.holds(SECOND_SHOP, TWO, &[&healthy]).await;
    world.tiktok.heal();
    world.hours(3).await;
    world.holds(SHOP, ONE, &[&resting]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn shop_moves_to_another_account() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.command(&["shop", "remove", SHOP]).await;
    world.shop_of_another_account(SHOP, "b2").await;
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.hours(30).await;
    world.holds(SHOP, ONE, &["-"]).await;
    assert!(world.held().await.about(&number).is_some(), "{}", world.told("W1").await);
}

/// What waited for a person when the shop went leaves its list with it: the new account never sees it.
#[tokio::test(start_paused = true)]
async fn what_waits_in_a_shop_that_moves_to_another_account_stays_with_its_own() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let number = "TBRT0000001".to_owned();
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let by_van = with(parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)]), &json!({"carrier": "Our van"}));
    world.tell(&store, by_van).await;
    world.minutes(10).await;
    world.listed(&number, &["CARRIER_UNMAPPED"]).await;
    world.command(&["map", "set", "Our bike", "UPS", "--shop", SHOP]).await;
    world.command(&["note", ONE, "the neighbour took it, W1"]).await;
    world.command(&["shop", "remove", SHOP]).await;
    let mut theirs = world.shop_of_another_account(SHOP, "b2").await;
    for path in [
        "/",
        "/attention",
        "/orders",
        "/mapping",
        "/deadlines",
        "/report",
        "/health",
        "/carriers",
        "/audit",
        &format!("/orders/{ONE}"),
        &format!("/shops/{SHOP}"),
    ] {
        let page = theirs.get(&world, path).await;
        assert!([200, 404].contains(&page.status), "{path}: {}", page.status);
        for word in ["tbrt0000001", "w1", "our van", "our bike"] {
            assert!(!page.text.to_lowercase().contains(word), "{path} tells {word}: {}", page.text);
        }
    }
    let page = theirs.get(&world, "/attention.csv").await;
    assert_eq!(page.text.lines().count(), 1, "{}", page.text);
    let rows: Vec<_> = world.held().await.0.into_iter().filter(|row| row["number"] == number.as_str()).collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!(rows[0]["reason"], "SHOP_GONE");
    world.hours(2).await;
    world.listed(&number, &["SHOP_GONE"]).await;
}

/// C: while its shop is paused the account's other shop is asked for each of the two orders, and neither parcel takes the
/// other's.
#[tokio::test(start_paused = true)]
async fn two_parcels_of_a_store_order_keep_their_own_orders_while_their_shop_is_paused() {
    let world = World::with_two_shops().await;
    let store = world.warehouse("wh", &[SHOP, SECOND_SHOP]).await;
    world.command(&["shop", "pause", SHOP]).await;
    for order in [ONE, TWO] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
    }
    let (first, second) = (usps(1), usps(2));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &first, &[("MUG", 1)])).await;
    world.tell(&store, parcel(&world, "W1", TWO, "2", &second, &[("MUG", 1)])).await;
    world.hours(3).await;
    world.command(&["shop", "resume", SHOP]).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&first]).await;
    world.holds(SHOP, TWO, &[&second]).await;
    world.quiet("W1").await;
}

/// Nobody could look for it while its shop was away: its day of tries begins when the shop is back.
#[tokio::test(start_paused = true)]
async fn a_number_without_an_order_is_looked_for_a_whole_day_after_its_shop_came_back() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.revoke(SHOP);
    world.hear().await;
    let number = usps(1);
    let mut nameless = parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)]);
    nameless.as_object_mut().expect("an object").remove("tiktok_order_id");
    world.tell(&store, nameless).await;
    world.hours(28).await;
    world.connect_shop_again(SHOP).await;
    world.hours(12).await;
    world.quiet("W1").await;
    world.hours(14).await;
    world.listed(&number, &["ORDER_NOT_FOUND"]).await;
}

/// W: TikTok refuses the shop, not the parcel: the shop stands on the list, the parcel says nothing, and both go on by
/// themselves.
#[tokio::test(start_paused = true)]
async fn a_shop_that_tiktok_closes_for_a_while_leaves_no_word_on_its_parcels() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tiktok.set_active(SHOP, false);
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.hours(3).await;
    world.holds(SHOP, ONE, &["-"]).await;
    assert!(world.held().await.about(&number).is_none(), "{}", world.told("W1").await);
    let (rows, _) = world.command(&["order", "W1"]).await;
    assert!(rows[0]["reason"].is_null() && rows[0]["tiktok_answer"].is_null(), "{rows:?}");
    world.tiktok.set_active(SHOP, true);
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&number]).await;
}
