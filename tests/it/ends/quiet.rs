//! A, B, I, J and N once more: what is held or rests costs nothing while nothing changes, and nobody starves.

use super::{ONE, TWO, parcel};
use futures_util::FutureExt as _;
use serde_json::Value;
use std::time::Duration;
use waybill_model::ModelAnswer;
use waybill_model::tiktok::{Call, External};
use waybill_tests::sim::script::usps;
use waybill_tests::world::everyday::SECOND_SHOP;
use waybill_tests::world::{SHOP, World, fulfilment};

fn parcels(world: &World) -> Vec<Value> {
    let rows = world.wire.all_rows(world.app.table.name());
    rows.into_iter().filter(|row| row["kind"]["S"] == "parcel").collect()
}

/// Ticks of an hour as they are in production, five minutes apart. TikTok's webhooks are lost.
pub(super) async fn hour_of_ticks(world: &World) {
    for _ in 0..12 {
        world.tick().await;
        world.push().await;
        drop(world.tiktok.take_webhooks());
        world.time.skip(Duration::from_secs(300));
    }
}

#[tokio::test(start_paused = true)]
async fn five_hundred_holds_of_a_shop_are_each_judged_within_the_hour_and_cost_no_write_while_nothing_changes() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let orders: Vec<String> = (0..500).map(|n| format!("5760000000000{n:05}")).collect();
    for (n, order) in (0..).zip(&orders) {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
        world.tiktok.ask_to_cancel(SHOP, order);
        world.tell(&store, parcel(&world, &format!("W{n}"), order, "1", &usps(n), &[("MUG", 1)])).await;
    }
    for _ in 0..12 {
        world.push().await;
        world.time.skip(Duration::from_secs(60));
    }
    drop(world.tiktok.take_webhooks());
    assert_eq!(world.held().await.0.len(), 500);
    let before = parcels(&world);
    hour_of_ticks(&world).await;
    assert_eq!(parcels(&world), before, "the same verdict writes nothing");
    for order in &orders {
        assert!(world.tiktok.reject_cancel(SHOP, order));
        drop(world.tiktok.take_webhooks());
    }
    hour_of_ticks(&world).await;
    for _ in 0..12 {
        world.push().await;
        world.time.skip(Duration::from_secs(60));
    }
    let left = world.held().await.0.len();
    assert_eq!(left, 0, "{left} of 500 were not judged within an hour");
}

#[tokio::test(start_paused = true)]
async fn a_number_that_is_used_elsewhere_is_tried_once_and_told_once() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    for order in [ONE, TWO] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
    }
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.minutes(5).await;
    world.tell(&store, parcel(&world, "W2", TWO, "1", &number, &[("MUG", 1)])).await;
    world.hours(1).await;
    let row = world.listed(&number, &["TRACKING_DUPLICATE"]).await;
    assert_eq!(row["who"], "merchant");
    let (before, tried) = (parcels(&world), world.tiktok.calls(Call::MarkPackage));
    let told = |world: &World| world.mails().iter().filter(|mail| mail.contains(&number)).count();
    let mails = told(&world);
    // A quarter of a day is as good as a whole one: the look is hourly.
    for _ in 0..6 {
        hour_of_ticks(&world).await;
    }
    assert_eq!(world.tiktok.calls(Call::MarkPackage), tried, "TikTok was asked again");
    assert_eq!(parcels(&world), before, "the same verdict writes nothing");
    assert!(told(&world) <= mails + 1, "{} mails about it in six hours, and {mails} before", told(&world));
}

#[tokio::test(start_paused = true)]
async fn rows_of_a_shop_that_does_not_send_cost_nothing_until_it_sends_again() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.command(&["shop", "pause", SHOP]).await;
    let orders: Vec<String> = (0..100).map(|n| format!("5760000000000{n:05}")).collect();
    for (n, order) in (0..).zip(&orders) {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
        world.tell(&store, parcel(&world, &format!("W{n}"), order, "1", &usps(n), &[("MUG", 1)])).await;
    }
    world.minutes(20).await;
    let (rows, before) = (parcels(&world), world.app.table.usage());
    world.push().await;
    let after = world.app.table.usage();
    assert_eq!(parcels(&world), rows, "no row is written");
    let read = after.read_units - before.read_units;
    // Half a unit for each of the 64 shards, and the shop. Each row that is loaded is another one.
    assert!(read < 45.0, "a run of a paused shop with 100 rows read {read} units");
    world.command(&["shop", "resume", SHOP]).await;
    world.minutes(9).await;
    for (n, order) in (0..).zip(&orders) {
        world.holds(SHOP, order, &[&usps(n)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_that_nobody_had_is_looked_for_again_when_a_shop_is_connected() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.hours(30).await;
    world.listed(&number, &["ORDER_NOT_FOUND"]).await;
    world.connect_shop(SECOND_SHOP, "US").await;
    world.tiktok.order(SECOND_SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.hours(1).await;
    world.holds(SECOND_SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn a_reference_at_tiktok_counts_only_while_one_store_of_its_platform_serves_the_shop() {
    for second_store in [false, true] {
        let world = World::everyday("US").await;
        let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
        // The store itself knows nothing of the order any more.
        let nothing = || {
            let answer = http::Response::builder().header("content-type", "application/json");
            ModelAnswer::Reply(answer.body(r#"{"data":{"order":null}}"#.into()).expect("an answer"))
        };
        world.net.host("tiny-mugs.myshopify.com", Box::new(move |_| async move { nothing() }.boxed()));
        if second_store {
            world.connect_store("other-mugs.myshopify.com", &[SHOP]).await;
        }
        let external = External { id: "1042".into(), platform: "SHOPIFY".into(), lines: Vec::new() };
        world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).with(move |order| order.external.push(external)).place();
        let at = world.time.now().to_string();
        let told = fulfilment(1, 1042, &at, "USPS", &[&usps(1)], &[("MUG", 1)]);
        assert_eq!(world.shopify(&store, "fulfillments/create", &told).await.status(), 200);
        world.minutes(5).await;
        let number = usps(1);
        world.holds(SHOP, ONE, &[if second_store { "-" } else { number.as_str() }]).await;
    }
}

/// Two messages of the same moment: the one that came later holds, whichever number it has.
#[tokio::test(start_paused = true)]
async fn of_two_messages_of_the_same_millisecond_the_later_arrival_wins() {
    for turned in [false, true] {
        let world = World::everyday("US").await;
        let store = world.warehouse("wh", &[SHOP]).await;
        world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
        let (first, second) = if turned { (usps(2), usps(1)) } else { (usps(1), usps(2)) };
        let of = |number: &str| parcel(&world, "W1", ONE, "1", number, &[("MUG", 1)]);
        let (earlier, later) = (of(&first), of(&second));
        world.tell(&store, earlier).await;
        world.time.skip(Duration::from_millis(1));
        world.tell(&store, later).await;
        world.minutes(5).await;
        world.holds(SHOP, ONE, &[&second]).await;
        world.quiet("W1").await;
    }
}

/// TikTok shows the number already: nobody is asked for a carrier that leads nowhere.
#[tokio::test(start_paused = true)]
async fn a_number_that_tiktok_shows_asks_nobody_for_its_carrier() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    // It looks like nobody's number, so only the carrier's name could say whose it is.
    let number = "ZZQ17V0001X";
    world.tiktok.ship_elsewhere(SHOP, ONE, &[], number, "7117858858072016686");
    let mut body = parcel(&world, "W1", ONE, "1", number, &[("MUG", 1)]);
    body["carrier"] = "Our own van".into();
    world.tell(&store, body).await;
    world.minutes(10).await;
    world.holds(SHOP, ONE, &[number]).await;
    world.quiet("W1").await;
}

/// A gift that no store names, and a bundle that the store takes apart.
#[tokio::test(start_paused = true)]
async fn a_gift_and_the_parts_of_a_bundle_go_under_the_number_that_ships_them() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let number = usps(1);
    world.tiktok.order(SHOP, ONE).line("MUG", 1).gift("STICKER", 1).place();
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    let set = usps(2);
    world.tiktok.order(SHOP, TWO).bundle("SET", 1, &[("CUP", 2), ("SPOON", 1)]).place();
    world.tell(&store, parcel(&world, "W2", TWO, "1", &set, &[("CUP", 2), ("SPOON", 1)])).await;
    world.minutes(10).await;
    let both = [world.at_tiktok(SHOP, ONE), world.at_tiktok(SHOP, TWO)];
    assert_eq!(both, [vec![number.clone(), number], vec![set]], "{}", world.told("W1").await);
    world.quiet("W1").await;
}
