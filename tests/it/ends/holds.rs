//! I and N: what frees a hold, and what asks nobody for anything.

use super::{ONE, TWO, parcel};
use waybill_model::tiktok::{Call, Fault, FaultRule};
use waybill_tests::sim::script::usps;
use waybill_tests::world::{SHOP, World};

#[tokio::test(start_paused = true)]
async fn duplicate_freed_by_the_correction() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    for order in [ONE, TWO] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
    }
    let (first, second) = (usps(1), usps(2));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &second, &[("MUG", 1)])).await;
    world.minutes(5).await;
    world.tell(&store, parcel(&world, "W2", TWO, "1", &second, &[("MUG", 1)])).await;
    world.minutes(30).await;
    world.holds(SHOP, TWO, &["-"]).await;
    world.listed(&second, &["TRACKING_DUPLICATE", "TRACKING_SHARED"]).await;
    world.tell(&store, parcel(&world, "W1", ONE, "1", &first, &[("MUG", 1)])).await;
    world.hours(3).await;
    world.holds(SHOP, ONE, &[&first]).await;
    world.holds(SHOP, TWO, &[&second]).await;
    world.quiet("W2").await;
}

#[tokio::test(start_paused = true)]
async fn order_left_out_of_one_answer() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let empty = Fault::Answer {
        http: 200,
        content_type: "application/json".into(),
        body:
            r#"{"code":0,"message":"Success","request_id":"20261121185500010203040506070809AB","data":{"orders":[]}}"#
                .into(),
    };
    world.tiktok.inject(FaultRule::new(empty).on(&[Call::GetOrders]).times(1));
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn package_market_split_by_the_seller() {
    let world = World::everyday("SG").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.command(&["shop", "set", SHOP, "--mismatch", "warn"]).await;
    let carrier = waybill_model::tiktok::providers_of("SG").swap_remove(0).name;
    let lines = world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1), ("CAP", 1)]).place();
    let (mug, cap) = ("JT0000000000013".to_owned(), "JT0000000000020".to_owned());
    for (id, number, sku) in [("1", &mug, "MUG"), ("2", &cap, "CAP")] {
        let mut body = parcel(&world, "W1", ONE, id, number, &[(sku, 1)]);
        body["carrier"] = carrier.as_str().into();
        world.tell(&store, body).await;
    }
    world.minutes(30).await;
    world.holds(SHOP, ONE, &["-", "-"]).await;
    let row = world.held().await.about(&mug).expect("listed").to_string();
    assert!(row.to_lowercase().contains("split"), "the remedy is to split: {row}");
    assert!(world.tiktok.split(SHOP, ONE, &[&lines[..1], &lines[1..]]));
    world.hours(3).await;
    world.holds(SHOP, ONE, &[&mug, &cap]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn second_reporter_with_an_unknown_carrier() {
    let world = World::everyday("US").await;
    let (first, second) = (world.warehouse("one", &[SHOP]).await, world.warehouse("two", &[SHOP]).await);
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let number = usps(1);
    world.tell(&first, parcel(&world, "A1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.minutes(5).await;
    let mut body = parcel(&world, "B1", ONE, "1", &number, &[("MUG", 1)]);
    body["carrier"] = "Our own van".into();
    world.tell(&second, body).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("B1").await;
}

#[tokio::test(start_paused = true)]
async fn held_since_stays() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tiktok.ask_to_cancel(SHOP, ONE);
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.minutes(10).await;
    let since = world.listed(&number, &["CANCEL_REQUESTED"]).await["since"].clone();
    let (before, _) = world.command(&["order", "W1"]).await;
    world.hours(6).await;
    assert_eq!(world.listed(&number, &["CANCEL_REQUESTED"]).await["since"], since);
    let (after, _) = world.command(&["order", "W1"]).await;
    assert_eq!(before[0]["events"], after[0]["events"], "the same verdict again is no event");
}

/// The buyer's request is settled; the hold ends with TikTok's word, also where an answer of TikTok's was lost before.
#[tokio::test(start_paused = true)]
async fn a_cancellation_that_the_seller_refused_lets_the_number_go() {
    for lost in [false, true] {
        let world = World::everyday("US").await;
        let store = world.warehouse("wh", &[SHOP]).await;
        world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
        let number = usps(1);
        if lost {
            world.tiktok.inject(FaultRule::new(Fault::HangBefore).on(&[Call::MarkPackage]).times(1));
            world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
            world.minute().await;
        }
        world.tiktok.ask_to_cancel(SHOP, ONE);
        world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
        world.hours(30).await;
        world.listed(&number, &["CANCEL_REQUESTED"]).await;
        world.holds(SHOP, ONE, &["-"]).await;
        assert!(world.tiktok.reject_cancel(SHOP, ONE));
        world.minutes(10).await;
        world.holds(SHOP, ONE, &[&number]).await;
    }
}
