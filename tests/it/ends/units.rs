//! E, F, J, L and M: which units a number stands on.

use super::{ONE, parcel};
use serde_json::Value;
use std::time::Duration;
use waybill_tests::sim::script::usps;
use waybill_tests::world::{SHOP, World, fulfilment, shopify_order};

const STORE: &str = "tiny-mugs.myshopify.com";

fn now(world: &World) -> String {
    world.time.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A Shopify order with these fulfilments as the store tells it now.
fn told(world: &World, fulfilments: &[Value]) -> Value {
    shopify_order(1042, ONE, &now(world), fulfilments)
}

#[tokio::test(start_paused = true)]
async fn two_warehouse_orders_in_one_box() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1), ("CAP", 1)]).place();
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.minutes(5).await;
    world.tell(&store, parcel(&world, "W2", ONE, "1", &number, &[("CAP", 1)])).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&number, &number]).await;
    world.quiet("W2").await;
}

#[tokio::test(start_paused = true)]
async fn second_fulfillment_with_the_same_number() {
    let world = World::everyday("US").await;
    let store = world.connect_store(STORE, &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1), ("CAP", 1)]).place();
    let number = usps(1);
    let first = fulfilment(1, 1042, &now(&world), "USPS", &[&number], &[("MUG", 1)]);
    world.shopify(&store, "orders/partially_fulfilled", &told(&world, std::slice::from_ref(&first))).await;
    world.minutes(5).await;
    world.holds(SHOP, ONE, &[&number, "-"]).await;
    let second = fulfilment(2, 1042, &now(&world), "USPS", &[&number], &[("CAP", 1)]);
    world.shopify(&store, "orders/fulfilled", &told(&world, &[first, second])).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&number, &number]).await;
    world.quiet("1042").await;
}

#[tokio::test(start_paused = true)]
async fn one_fulfillment_three_numbers() {
    let world = World::everyday("US").await;
    let store = world.connect_store(STORE, &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 3)]).place();
    let numbers = [usps(1), usps(2), usps(3)];
    let named: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let all = fulfilment(1, 1042, &now(&world), "USPS", &named, &[("MUG", 3)]);
    world.shopify(&store, "orders/fulfilled", &told(&world, &[all])).await;
    world.hours(2).await;
    let mut at = world.at_tiktok(SHOP, ONE);
    at.sort();
    assert_eq!(at, numbers, "{}", world.told("1042").await);
    world.quiet("1042").await;
}

#[tokio::test(start_paused = true)]
async fn gift_in_the_first_of_two_parcels() {
    let world = World::everyday("US").await;
    let store = world.connect_store(STORE, &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1), ("CAP", 1)]).place();
    let (mug, cap) = (usps(1), usps(2));
    let first = fulfilment(1, 1042, &now(&world), "USPS", &[&mug], &[("MUG", 1), ("STICKER", 1)]);
    world.shopify(&store, "orders/partially_fulfilled", &told(&world, std::slice::from_ref(&first))).await;
    world.minutes(5).await;
    let at = world.at_tiktok(SHOP, ONE);
    assert_eq!(at[1], "-", "the cap is not in the first parcel");
    let second = fulfilment(2, 1042, &now(&world), "USPS", &[&cap], &[("CAP", 1)]);
    world.shopify(&store, "orders/fulfilled", &told(&world, &[first, second])).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&mug, &cap]).await;
    world.quiet("1042").await;
}

#[tokio::test(start_paused = true)]
async fn cancelled_and_made_anew_of_a_part() {
    let world = World::everyday("US").await;
    let store = world.connect_store(STORE, &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1), ("CAP", 1)]).place();
    let (void, fresh) = (usps(1), usps(2));
    let mut first = fulfilment(1, 1042, &now(&world), "USPS", &[&void], &[("MUG", 1)]);
    world.shopify(&store, "orders/partially_fulfilled", &told(&world, std::slice::from_ref(&first))).await;
    world.minutes(5).await;
    world.holds(SHOP, ONE, &[&void, "-"]).await;
    first["status"] = "cancelled".into();
    first["updated_at"] = now(&world).into();
    let second = fulfilment(2, 1042, &now(&world), "USPS", &[&fresh], &[("MUG", 1)]);
    world.shopify(&store, "orders/partially_fulfilled", &told(&world, &[first, second])).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&fresh, "-"]).await;
    world.quiet("1042").await;
}

#[tokio::test(start_paused = true)]
async fn package_market_same_item_in_two_packages() {
    let world = World::everyday("SG").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.command(&["shop", "set", SHOP, "--mismatch", "warn"]).await;
    let carrier = waybill_model::tiktok::providers_of("SG").swap_remove(0).name;
    let lines = world.tiktok.order(SHOP, ONE).line("MUG", 1).line("CAP", 1).line("MUG", 1).place();
    assert!(world.tiktok.split(SHOP, ONE, &[&lines[..2], &lines[2..]]));
    world.hear().await;
    let (single, both) = ("JT0000000000013".to_owned(), "JT0000000000020".to_owned());
    let tell = async |id: &str, number: &str, inside: &[(&str, u32)]| {
        let mut body = parcel(&world, "W1", ONE, id, number, inside);
        body["carrier"] = carrier.as_str().into();
        world.tell(&store, body).await;
    };
    tell("1", &single, &[("MUG", 1)]).await;
    world.minutes(3).await;
    // The package of one mug is chosen first, not the first mug.
    world.holds(SHOP, ONE, &["-", "-", &single]).await;
    tell("2", &both, &[("MUG", 1), ("CAP", 1)]).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&both, &both, &single]).await;
    world.quiet("W1").await;
}

/// Every order of telling, and a pause between them: each number gets one of the equal units, and none a second one.
#[tokio::test(start_paused = true)]
async fn equal_units_are_shared_out_whenever_their_numbers_come() {
    for pause in [0, 3] {
        let world = World::everyday("US").await;
        let store = world.warehouse("wh", &[SHOP]).await;
        world.tiktok.order(SHOP, ONE).lines(&[("MUG", 3)]).place();
        let mut numbers = [usps(3), usps(1), usps(2)];
        for (n, number) in numbers.iter().enumerate() {
            world.tell(&store, parcel(&world, "W1", ONE, &n.to_string(), number, &[("MUG", 1)])).await;
            world.minutes(pause).await;
            world.time.skip(Duration::from_secs(1));
        }
        world.hours(2).await;
        let mut at = world.at_tiktok(SHOP, ONE);
        at.sort();
        numbers.sort();
        assert_eq!(at, numbers, "{}", world.told("W1").await);
    }
}

/// The whole order is cancelled in the store and one of its parcels is made anew: it takes the place of the number of its
/// own items, not of the one that was sent last.
#[tokio::test(start_paused = true)]
async fn a_parcel_made_anew_corrects_the_number_of_its_own_items_and_no_other() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1), ("CAP", 1)]).place();
    let (mug, cap, fresh) = (usps(1), usps(2), usps(3));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &mug, &[("MUG", 1)])).await;
    world.minutes(5).await;
    world.tell(&store, parcel(&world, "W1", ONE, "2", &cap, &[("CAP", 1)])).await;
    world.minutes(5).await;
    let at = world.time.now().to_string();
    world.tell(&store, serde_json::json!({"order_id": "W1", "order_cancelled": true, "updated_at": at})).await;
    world.minutes(5).await;
    world.tell(&store, parcel(&world, "W1", ONE, "3", &fresh, &[("MUG", 1)])).await;
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&fresh, &cap]).await;
    world.quiet("W1").await;
}

/// The first shipment's correction is used, and its third number waits for a person. It holds what stands under its
/// second: the unit that is open is the other shipment's.
#[tokio::test(start_paused = true)]
async fn a_number_that_waits_for_an_edit_it_cannot_have_claims_nothing_that_is_open() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 2)]).place();
    let [first, second, third, other] = [1, 2, 3, 4].map(usps);
    for number in [&first, &second, &third] {
        world.tell(&store, parcel(&world, "W1", ONE, "1", number, &[("MUG", 1)])).await;
        world.minutes(10).await;
    }
    world.listed(&third, &["EDIT_USED"]).await;
    world.tell(&store, parcel(&world, "W1", ONE, "2", &other, &[("MUG", 1)])).await;
    world.minutes(10).await;
    world.holds(SHOP, ONE, &[&second, &other]).await;
    assert_eq!(world.held().await.0.len(), 1, "{}", world.told("W1").await);
}
