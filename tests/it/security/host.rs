//! The host of the functions on one machine: a delivery wakes the push.

use lambda_http::Body;
use std::sync::Arc;
use std::time::Duration;
use waybill_local::host::Host;
use waybill_tests::world::{HOOK_SECRET, SHOP, World, fulfilment, shopify_order, signed_request};

#[tokio::test(start_paused = true)]
async fn a_delivery_is_at_tiktok_within_two_seconds() {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let host = Arc::new(Host::new(Arc::clone(&world.app)));
    let story = async {
        // Between two runs of the schedule.
        tokio::time::sleep(Duration::from_secs(10)).await;
        for n in 0..5_u64 {
            let (order, number) = (format!("57600000000000{n:04}"), format!("940010000000000000{n:04}"));
            world.tiktok.order(SHOP, &order).lines(&[("MUG-BLUE", 1)]).place();
            let version = world.time.now().to_string();
            let parcel = fulfilment(n, 1042 + n, &version, "Better Trucks", &[&number], &[("MUG-BLUE", 1)]);
            let body = shopify_order(1042 + n, &order, &version, &[parcel]).to_string().into_bytes();
            let request = signed_request(&store, "orders/fulfilled", body, HOOK_SECRET, &version);
            let answer: http::Response<Body> = host.take(request).await;
            assert_eq!(answer.status(), 200);
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(world.at_tiktok(SHOP, &order), [number]);
        }
    };
    tokio::select! {
        () = Arc::clone(&host).schedules() => {}
        () = story => {}
    }
}
