//! The main job, told through the handlers: a signed delivery in, a number at TikTok.

use serde_json::json;
use waybill::domain::parcel::ParcelState;
use waybill_tests::world::{SHOP, World, fulfilment, shopify_order};

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
    let _ = json!({});
}
