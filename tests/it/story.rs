//! The main job, told through the handlers: a signed delivery in, a number at TikTok.

use std::time::Duration;
use waybill::domain::parcel::ParcelState;
use waybill_model::tiktok::{Call, Fault, FaultRule};
use waybill_tests::sim::script::usps;
use waybill_tests::world::wire::TableFaults;
use waybill_tests::world::{HOOK_SECRET, SHOP, World, fulfilment, shopify_order, signed_request};

const ORDER: &str = "576000000000000017";

#[tokio::test(start_paused = true)]
async fn a_shipment_with_its_order_id_reaches_tiktok_with_the_next_tick() {
    let world = World::new().await;
    world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 2), ("CAP-RED", 1)]).place();
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let parcel = fulfilment(
        1,
        1042,
        "2026-11-21T09:00:00Z",
        "USPS",
        &["9310215860339224995564"],
        &[("MUG-BLUE", 2), ("CAP-RED", 1)],
    );
    let body = shopify_order(1042, ORDER, "2026-11-21T09:00:00Z", &[parcel]);
    let answer = world.shopify(&store, "orders/fulfilled", &body).await;
    assert_eq!(answer.status(), 200);
    let summary = world.push().await;
    assert_eq!((summary.due, summary.pushed, summary.held), (1, 1, 0), "{summary:?}");
    assert_eq!(world.at_tiktok(SHOP, ORDER), ["9310215860339224995564"; 3]);
    let row = world.row(&store.store.id, "1042", "9310215860339224995564").await;
    assert_eq!(row.state, ParcelState::Accepted);
    assert_eq!(row.due, None);
}

/// TikTok refuses a correction by order once the order has two packages, and a lost answer may have made the second one.
#[tokio::test(start_paused = true)]
async fn a_correction_behind_a_lost_answer_waits_until_the_order_is_read_again() {
    let world = World::new().await;
    world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 2), ("CAP-RED", 1)]).place();
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let (mug, cap, changed_cap) = (usps(1), usps(2), usps(3));
    let (first, second) = ("2026-11-21T09:00:00Z", "2026-11-21T09:05:00Z");
    let cap_line = [("CAP-RED", 1)];
    let body = shopify_order(1042, ORDER, first, &[fulfilment(2, 1042, first, "USPS", &[&cap], &cap_line)]);
    assert_eq!(world.shopify(&store, "orders/fulfilled", &body).await.status(), 200);
    assert_eq!(world.push().await.pushed, 1);

    let parcels = [
        fulfilment(1, 1042, second, "USPS", &[&mug], &[("MUG-BLUE", 2)]),
        fulfilment(2, 1042, second, "USPS", &[&changed_cap], &cap_line),
    ];
    let body = shopify_order(1042, ORDER, second, &parcels);
    assert_eq!(world.shopify(&store, "orders/fulfilled", &body).await.status(), 200);
    world.tiktok.inject(FaultRule::new(Fault::HangAfter).on(&[Call::MarkPackage]).times(1));
    let summary = world.push().await;
    assert_eq!((summary.unknown, summary.held, summary.corrected), (1, 0, 0), "{summary:?}");
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        world.push().await;
    }
    assert_eq!(world.at_tiktok(SHOP, ORDER), [mug.clone(), mug, changed_cap]);
}

/// Two deliveries of one order cross: each is stored before it can see the other, either of them first.
#[tokio::test(start_paused = true)]
async fn a_number_and_its_edit_that_cross_on_the_way_end_with_the_edit_at_tiktok() {
    let mut crossed = [0, 0];
    for gap in (0..30).step_by(3) {
        let world = World::new().await;
        world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 2)]).place();
        let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
        let (first, edited) = (usps(1), usps(2));
        world.wire.set_faults(TableFaults { latency: Duration::from_millis(20), ..TableFaults::default() });
        let process = world.process(2);
        let told = |number: &str, version: &str, after: u64| {
            let parcel = fulfilment(1, 1042, version, "USPS", &[number], &[("MUG-BLUE", 2)]);
            let body = shopify_order(1042, ORDER, version, &[parcel]).to_string().into_bytes();
            let request = signed_request(&store, "orders/fulfilled", body, HOOK_SECRET, version);
            let app = process.app.clone();
            async move {
                tokio::time::sleep(Duration::from_millis(after)).await;
                store_webhook::handle(&app, request).await.expect("never fails").status().as_u16()
            }
        };
        let newer = told(&edited, "2026-11-21T09:01:00Z", 0);
        let older = told(&first, "2026-11-21T09:00:00Z", gap);
        assert_eq!(futures_util::future::join(newer, older).await, (200, 200));
        let rows = world.rows(&store.store.id, "1042").await;
        if let [one, two] = &rows[..]
            && one.due.is_some()
            && two.due.is_some()
        {
            let oldest = if one.received <= two.received { one } else { two };
            let newer_first = oldest.number.as_ref().is_some_and(|number| number.as_str() == edited);
            crossed[usize::from(newer_first)] += 1;
        }
        world.push().await;
        assert_eq!(world.at_tiktok(SHOP, ORDER), [edited.clone(), edited], "a gap of {gap} ms");
    }
    assert!(crossed.iter().all(|times| *times > 0), "they did not cross in both ways: {crossed:?}");
}

/// The number is at TikTok, and nothing of ours says so.
#[tokio::test(start_paused = true)]
async fn a_number_whose_sender_died_right_after_is_corrected_when_the_store_has_replaced_it_meanwhile() {
    let world = World::new().await;
    world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 2)]).place();
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let (first, edited) = (usps(1), usps(2));
    let tell = async |number: &str, version: &str| {
        let parcel = fulfilment(1, 1042, version, "USPS", &[number], &[("MUG-BLUE", 2)]);
        let body = shopify_order(1042, ORDER, version, &[parcel]);
        assert_eq!(world.shopify(&store, "orders/fulfilled", &body).await.status(), 200);
    };
    tell(&first, "2026-11-21T09:00:00Z").await;
    world.tiktok.inject(FaultRule::new(Fault::HangAfter).on(&[Call::MarkPackage]).times(1));
    let died = tokio::time::timeout(Duration::from_secs(3), world.push()).await;
    assert!(died.is_err(), "it was to wait for TikTok's answer: {died:?}");
    tell(&edited, "2026-11-21T09:05:00Z").await;
    tokio::time::sleep(Duration::from_secs(120)).await;
    let summary = world.push().await;
    assert_eq!((summary.corrected, summary.held), (1, 0), "{summary:?}");
    assert_eq!(world.at_tiktok(SHOP, ORDER), [edited.clone(), edited]);
}
