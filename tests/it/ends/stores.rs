//! Q, R and T: stores that cannot be read, hang, or leave and come back.

use super::{ONE, parcel};
use futures_util::FutureExt as _;
use waybill_model::ModelAnswer;
use waybill_model::stores::{IdField, Kind, Mischief, Plugin};
use waybill_model::tiktok::Status;
use waybill_tests::sim::script::usps;
use waybill_tests::world::{SHOP, World, fulfilment};

#[tokio::test(start_paused = true)]
async fn revoked_keys_and_a_thin_webhook() {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let front = world.open_store(Kind::WooCommerce(Plugin::Core)).await;
    front.model.subscribe_all(&front.added.webhook_url);
    let twin = front.model.order().line("MUG", 1).tiktok(IdField::Main, ONE).place();
    world.delivered(&front).await;
    front.model.misbehave(Mischief::Unauthorised, None);
    let number = usps(1);
    front.model.fulfil(twin, &[], &[&number], "USPS").expect("shipped");
    world.delivered(&front).await;
    world.hours(12).await;
    world.quiet(&twin.to_string()).await;
    world.hours(36).await;
    let held = world.held().await;
    let row = held.0.iter().find(|row| row["reason"] == "STORE_UNREADABLE");
    let row = row.unwrap_or_else(|| panic!("the shipment is on no list: {:?}", held.0));
    assert_eq!((row["store_order"].as_str(), row["who"].as_str()), (Some(twin.to_string().as_str()), Some("merchant")));
    // New keys: what waited is read and sent.
    front.model.behave();
    world.retry(&twin.to_string()).await;
    world.hours(3).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet(&twin.to_string()).await;
}

/// Days later it is still the store that cannot be read, not an order that nobody can name.
#[tokio::test(start_paused = true)]
async fn a_parcel_that_cannot_be_read_is_never_called_one_without_an_order() {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let front = world.open_store(Kind::WooCommerce(Plugin::Core)).await;
    front.model.subscribe_all(&front.added.webhook_url);
    let twin = front.model.order().line("MUG", 1).tiktok(IdField::Main, ONE).place();
    front.model.misbehave(Mischief::Unauthorised, None);
    front.model.fulfil(twin, &[], &[&usps(1)], "USPS").expect("shipped");
    world.delivered(&front).await;
    world.hours(78).await;
    let held = world.held().await;
    let twin = twin.to_string();
    let reasons: Vec<_> = held.0.iter().filter(|row| row["store_order"] == twin.as_str()).collect();
    assert!(reasons.len() == 1 && reasons[0]["reason"] == "STORE_UNREADABLE", "{reasons:?}");
}

#[tokio::test(start_paused = true)]
async fn one_store_hangs() {
    let world = World::everyday("US").await;
    let slow = world.connect_store("slow.myshopify.com", &[SHOP]).await;
    world.net.host("slow.myshopify.com", Box::new(|_| async { ModelAnswer::Hang }.boxed()));
    let at = world.time.now().to_string();
    for n in 0..220 {
        let body = fulfilment(n, 5_000 + n, &at, "USPS", &[&usps(100 + n)], &[("MUG", 1)]);
        assert_eq!(world.shopify(&slow, "fulfillments/create", &body).await.status(), 200);
    }
    world.time.skip(std::time::Duration::from_secs(1));
    let other = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let number = usps(1);
    world.tell(&other, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.push().await;
    world.push().await;
    world.holds(SHOP, ONE, &[&number]).await;
}

#[tokio::test(start_paused = true)]
async fn store_removed_and_back() {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).status(Status::OnHold).place();
    let front = world.open_store(Kind::Shopify).await;
    front.model.subscribe_all(&front.added.webhook_url);
    let twin = front.model.order().line("MUG", 1).tiktok(IdField::Main, ONE).place();
    let number = usps(1);
    front.model.fulfil(twin, &[], &[&number], "USPS").expect("shipped");
    world.delivered(&front).await;
    world.minutes(5).await;
    let store = front.added.store.id.as_str();
    let (said, attention) = world.command(&["store", "remove", store]).await;
    assert!(attention, "it asks before anything is lost: {said:?}");
    let words: String = said.iter().map(serde_json::Value::to_string).collect();
    assert!(words.contains(&number), "what waits is named: {words}");
    world.command(&["store", "remove", store, "--yes"]).await;
    world.hours(20).await;
    world.holds(SHOP, ONE, &["-"]).await;
    world.connect_again(&front).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&number]).await;
}

/// Shipped by hand while nobody was connected: done, and nobody is asked about it.
#[tokio::test(start_paused = true)]
async fn what_a_first_poll_finds_and_tiktok_shows_under_another_number_is_closed() {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let front = world.open_store(Kind::Shopify).await;
    let twin = front.model.order().line("MUG", 1).tiktok(IdField::Main, ONE).place();
    world.command(&["store", "remove", front.added.store.id.as_str(), "--yes"]).await;
    front.model.fulfil(twin, &[], &[&usps(1)], "USPS").expect("shipped");
    let by_hand = usps(2);
    world.tiktok.ship_elsewhere(SHOP, ONE, &[], &by_hand, "7117858858072016686");
    world.hours(48).await;
    world.connect_again(&front).await;
    world.hours(3).await;
    world.holds(SHOP, ONE, &[&by_hand]).await;
    world.quiet(&twin.to_string()).await;
}
