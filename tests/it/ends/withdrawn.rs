//! H, O and S: what is cancelled, corrected late, or taken back.

use super::{ONE, parcel, with};
use serde_json::json;
use std::time::Duration;
use waybill_tests::sim::script::usps;
use waybill_tests::world::{SHOP, World};

/// A number that TikTok has had for so many minutes, and takes back.
async fn taken_back_after(minutes: u64) -> (World, String) {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.minutes(minutes).await;
    world.holds(SHOP, ONE, &[&number]).await;
    assert!(world.tiktok.take_back(SHOP, ONE));
    (world, number)
}

#[tokio::test(start_paused = true)]
async fn order_cancelled_and_taken_back() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let number = usps(1);
    let body = parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)]);
    world.tell(&store, body.clone()).await;
    world.time.skip(Duration::from_secs(5));
    let at = world.time.now().to_string();
    world
        .tell(&store, json!({"order_id": "W1", "tiktok_order_id": ONE, "order_cancelled": true, "updated_at": at}))
        .await;
    world.minutes(5).await;
    world.holds(SHOP, ONE, &["-"]).await;
    world.tell(&store, with(body, &json!({"updated_at": world.time.now().to_string()}))).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn shipped_although_cancelled() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tiktok.cancel(SHOP, ONE, "BUYER");
    world.hear().await;
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &["-"]).await;
    let row = world.listed(&number, &["CANCELLED"]).await;
    assert_eq!(row["who"], "merchant");
}

#[tokio::test(start_paused = true)]
async fn made_seller_shipping_later() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).shipped_by_tiktok().place();
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.hours(1).await;
    world.holds(SHOP, ONE, &["-"]).await;
    assert!(world.tiktok.ship_by_seller(SHOP, ONE));
    world.hours(1).await;
    world.retry("W1").await;
    world.hours(1).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
}

/// TikTok's message is lost, or comes while the shop is disconnected: the next read of the order tells as well.
#[tokio::test(start_paused = true)]
async fn made_seller_shipping_later_and_no_webhook_tells() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).shipped_by_tiktok().place();
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.hours(1).await;
    world.command(&["shop", "remove", SHOP]).await;
    assert!(world.tiktok.ship_by_seller(SHOP, ONE));
    drop(world.tiktok.take_webhooks());
    world.hours(30).await;
    world.connect_shop_again(SHOP).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
}

/// Nobody hears of a cancellation while the shop is away: the first look after it came back finds it, however long it was.
#[tokio::test(start_paused = true)]
async fn cancelled_while_the_shop_was_away() {
    for away in [5, 27, 9 * 24] {
        let world = World::everyday("US").await;
        let store = world.warehouse("wh", &[SHOP]).await;
        world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
        let number = usps(1);
        world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
        world.hours(1).await;
        world.holds(SHOP, ONE, &[&number]).await;
        world.command(&["shop", "remove", SHOP]).await;
        world.tiktok.cancel(SHOP, ONE, "BUYER");
        drop(world.tiktok.take_webhooks());
        world.hours(away).await;
        world.connect_shop_again(SHOP).await;
        world.hours(1).await;
        let row = world.listed(&number, &["CANCELLED_AFTER_DISPATCH"]).await;
        assert_eq!(row["who"], "merchant", "away for {away} hours");
    }
}

/// What TikTok gives back is sent again, whether its message comes or not.
#[tokio::test(start_paused = true)]
async fn taken_back_and_no_webhook_tells() {
    let (world, number) = taken_back_after(120).await;
    drop(world.tiktok.take_webhooks());
    world.hours(26).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn senders_clock_ahead() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let (first, second) = (usps(1), usps(2));
    let tomorrow = world.time.now() + jiff::SignedDuration::from_hours(24);
    let body = parcel(&world, "W1", ONE, "1", &first, &[("MUG", 1)]);
    world.tell(&store, with(body, &json!({"updated_at": tomorrow.to_string()}))).await;
    world.minutes(5).await;
    world.holds(SHOP, ONE, &[&first]).await;
    world.tell(&store, parcel(&world, "W1", ONE, "1", &second, &[("MUG", 1)])).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&second]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn version_counter_after_a_cancellation() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let number = usps(1);
    let version = |version: u32| {
        let mut body = parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)]);
        body["version"] = version.into();
        body.as_object_mut().expect("an object").remove("updated_at");
        body
    };
    world.tell(&store, version(1)).await;
    world.tell(&store, json!({"order_id": "W1", "tiktok_order_id": ONE, "order_cancelled": true, "version": 2})).await;
    world.minutes(5).await;
    world.holds(SHOP, ONE, &["-"]).await;
    world.tell(&store, version(3)).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
}

/// Nobody can tell which of a counter and a moment is newer.
#[tokio::test(start_paused = true)]
async fn a_sender_who_mixes_counters_and_moments_is_told() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let number = usps(1);
    let moment = parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)]);
    let mut counter = with(moment.clone(), &json!({"version": 7}));
    counter.as_object_mut().expect("an object").remove("updated_at");
    world.tell(&store, counter).await;
    world.time.skip(Duration::from_secs(1));
    let (status, words) = world.ask_generic(&store, &moment).await;
    assert_eq!(status, 422, "a moment after a counter: {words}");
    assert!(words.contains("version"), "{words}");
}

/// A sender must learn that its request changed nothing.
#[tokio::test(start_paused = true)]
async fn a_message_that_is_dropped_as_older_says_so() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let older = parcel(&world, "W1", ONE, "1", &usps(1), &[("MUG", 1)]);
    world.time.skip(Duration::from_secs(60));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &usps(2), &[("MUG", 1)])).await;
    let (status, words) = world.ask_generic(&store, &older).await;
    assert_eq!(status, 200, "{words}");
    assert!(words.contains("older"), "{words:?}");
}

#[tokio::test(start_paused = true)]
async fn tiktok_gives_items_back() {
    let (world, number) = taken_back_after(30).await;
    world.hours(3).await;
    let sent_again = world.at_tiktok(SHOP, ONE) == [number.clone()];
    assert!(sent_again || world.held().await.about(&number).is_some(), "{}", world.told("W1").await);
}

/// Soon after it was sent: what comes back to "awaiting shipment" is no echo of the send.
#[tokio::test(start_paused = true)]
async fn items_given_back_minutes_after_they_were_sent_are_noticed() {
    let (world, number) = taken_back_after(5).await;
    world.hours(3).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
}
