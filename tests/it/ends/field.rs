//! Markets that this version does not know, and deliveries as stores really write them.

use super::{ONE, TWO, parcel, with};
use data_encoding::{BASE64, HEXLOWER};
use proptest::prelude::*;
use ring::hmac;
use serde_json::{Value, json};
use waybill::domain::connection::{Learned, StoreSettings};
use waybill::domain::ids::ShopId;
use waybill::domain::platform::Platform;
use waybill::domain::region::FirstCall;
use waybill_model::tiktok::Call;
use waybill_tests::sim::script::usps;
use waybill_tests::world::{HOOK_SECRET, SHOP, World, fulfilment, shopify_order};

const THREE: &str = "576000000000000003";
const DHL_PAKET: (&str, &str) = ("7038796963025782530", "DHL Paket");

async fn learned(world: &World) -> Learned {
    let shop = world.app.table.shop_get(&ShopId::parse(SHOP).expect("id"), true).await.expect("table");
    shop.expect("a shop").row.learned
}

/// A warehouse reports an order's parcel; five minutes pass.
async fn tell(world: &World, store: &waybill::flows::connect::store::Added, order: &str, number: &str, carrier: &str) {
    let body = parcel(world, order, order, "1", number, &[("MUG", 1)]);
    world.tell(store, with(body, &json!({"carrier": carrier}))).await;
    world.minutes(5).await;
}

fn first_calls(world: &World) -> (usize, usize) {
    (world.tiktok.calls(Call::MarkPackage), world.tiktok.calls(Call::ShipPackage))
}

#[tokio::test(start_paused = true)]
async fn a_market_of_tomorrow_is_learned_from_its_first_refusal_and_kept() {
    let world = World::everyday("CH").await;
    world.tiktok.set_ships_by_order(SHOP, false);
    let store = world.warehouse("wh", &[SHOP]).await;
    for order in [ONE, TWO, THREE] {
        world.tiktok.order(SHOP, order).line("MUG", 1).place();
    }
    world.minute().await;
    let number = |n: u32| format!("JT00000000000{n:02}");
    tell(&world, &store, ONE, &number(1), "J&T Express").await;
    world.holds(SHOP, ONE, &[&number(1)]).await;
    assert_eq!((first_calls(&world), learned(&world).await.first_call), ((1, 1), Some(FirstCall::ShipPackage)));
    // Another run, another process: it begins with what the shop took.
    tell(&world, &store, TWO, &number(2), "J&T Express").await;
    world.holds(SHOP, TWO, &[&number(2)]).await;
    assert_eq!(first_calls(&world), (1, 2), "the refused call is not tried again");
    // Markets change.
    world.tiktok.set_ships_by_order(SHOP, true);
    tell(&world, &store, THREE, &number(3), "J&T Express").await;
    world.holds(SHOP, THREE, &[&number(3)]).await;
    assert_eq!(
        (first_calls(&world), learned(&world).await.first_call),
        ((2, 3), Some(FirstCall::MarkPackageAsShipped))
    );
    for order in [ONE, TWO, THREE] {
        world.quiet(order).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_shop_that_is_offered_neither_call_asks_the_operator_after_one_try_of_each() {
    let world = World::everyday("GB").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).line("MUG", 1).place();
    world.minute().await;
    let refuse = |call| {
        let fault = waybill_model::tiktok::Fault::Code(21_008_106);
        world.tiktok.inject(waybill_model::tiktok::FaultRule::new(fault).on(&[call]));
    };
    refuse(Call::MarkPackage);
    refuse(Call::ShipPackage);
    tell(&world, &store, ONE, "1Z999AA10123456784", "UPS UK").await;
    world.hours(2).await;
    world.listed("1Z999AA10123456784", &["REGION_UNSUPPORTED", "CARRIER_NOT_APPROVED", "CARRIER_UNMAPPED"]).await;
    let (by_order, by_package) = first_calls(&world);
    assert!(by_order <= 1 && by_package <= 1, "{by_order} {by_package}");
    assert_eq!(learned(&world).await.first_call, None, "nothing was taken");
}

#[tokio::test(start_paused = true)]
async fn carriers_are_asked_for_by_route_where_tiktok_says_so_and_from_where_the_warehouse_stands() {
    // A market that is not known to ask for a route; its lists depend on one all the same.
    let world = World::everyday("CH").await;
    let berlin = world.tiktok.add_warehouse(SHOP, "DE").expect("a warehouse");
    world.tiktok.set_list(SHOP, "DE", &[DHL_PAKET]);
    let store = world.warehouse("wh", &[SHOP]).await;
    for order in [ONE, TWO] {
        world.tiktok.order(SHOP, order).from_warehouse(&berlin).line("MUG", 1).place();
    }
    world.tiktok.set_ships_by_order(SHOP, true);
    let read = || world.tiktok.calls(Call::GetProviders);
    // No tick before: the push itself meets the refusal.
    let body = parcel(&world, ONE, ONE, "1", "00340434161211000019", &[("MUG", 1)]);
    world.tell(&store, with(body, &json!({"carrier": "DHL Paket"}))).await;
    world.push().await;
    world.holds(SHOP, ONE, &["00340434161211000019"]).await;
    assert_eq!(read(), 2, "refused once, then with the route");
    let kept = learned(&world).await;
    assert!(kept.by_route && kept.homes.values().any(|home| home.as_str() == "DE"), "{kept:?}");
    // A day later the list is read anew, with the route at once.
    world.hours(26).await;
    let before = read();
    tell(&world, &store, TWO, "00340434161211000026", "DHL Paket").await;
    world.holds(SHOP, TWO, &["00340434161211000026"]).await;
    assert!(read() - before <= 1, "{} reads", read() - before);
    assert_eq!(world.tiktok.calls(Call::MarkPackage), 2);
}

fn now(world: &World) -> String {
    world.time.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[tokio::test(start_paused = true)]
async fn an_order_with_more_than_is_taken_is_shown_to_a_person_and_goes_once_it_can_be_read() {
    let world = World::everyday("US").await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).line("MUG", 1).place();
    let numbers: Vec<String> = (1..=201).map(usps).collect();
    let all: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let flood = fulfilment(1, 1042, &now(&world), "USPS", &all, &[("MUG", 1)]);
    assert_eq!(world.shopify(&store, "fulfillments/create", &flood).await.status(), 200);
    let held = world.held().await;
    let row = held.0.iter().find(|row| row["reason"] == "STORE_UNREADABLE");
    let row = row.unwrap_or_else(|| panic!("the order is on no list: {:?}", held.0)).clone();
    assert_eq!((&row["store_order"], &row["who"]), (&json!("1042"), &json!("merchant")));
    assert!(row["detail"].as_str().is_some_and(|detail| detail.contains("more than 200")), "{row}");
    // The same again, and time, change nothing about it.
    world.time.skip(std::time::Duration::from_secs(5));
    assert_eq!(world.shopify(&store, "fulfillments/update", &flood).await.status(), 200);
    world.hours(2).await;
    let held = world.held().await;
    let rows: Vec<&Value> = held.0.iter().filter(|row| row["reason"] == "STORE_UNREADABLE").collect();
    assert!(rows.len() == 1 && rows[0]["since"] == row["since"], "{rows:?}");
    // Another fulfilment of the order says nothing about this one.
    let other = with(fulfilment(2, 1042, &now(&world), "USPS", &[], &[]), &json!({"status": "pending"}));
    world.shopify(&store, "fulfillments/create", &other).await;
    assert!(world.held().await.0.iter().any(|row| row["reason"] == "STORE_UNREADABLE"));
    // The merchant splits it.
    let fine = fulfilment(1, 1042, &now(&world), "USPS", &[&usps(1)], &[("MUG", 1)]);
    let whole = shopify_order(1042, ONE, &now(&world), &[fine]);
    assert_eq!(world.shopify(&store, "orders/fulfilled", &whole).await.status(), 200);
    world.hours(1).await;
    world.holds(SHOP, ONE, &[&usps(1)]).await;
    world.quiet("1042").await;
}

#[tokio::test(start_paused = true)]
async fn part_of_a_unit_waits_for_a_person_and_whole_units_are_read_however_they_are_written() {
    let world = World::everyday("US").await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    for (order, tiktok) in [(1042, ONE), (1043, TWO)] {
        world.tiktok.order(SHOP, tiktok).lines(&[("MUG", 2), ("CAP", 1)]).place();
        let mut sent = fulfilment(order, order, &now(&world), "USPS", &[&usps(order)], &[("MUG", 2)]);
        sent["line_items"][0]["quantity"] = if tiktok == ONE { json!(1.5) } else { json!("2.0") };
        let body = shopify_order(order, tiktok, &now(&world), &[sent]);
        assert_eq!(world.shopify(&store, "orders/partially_fulfilled", &body).await.status(), 200);
    }
    world.hours(2).await;
    world.holds(SHOP, TWO, &[&usps(1043), &usps(1043), "-"]).await;
    world.holds(SHOP, ONE, &["-", "-", "-"]).await;
    let row = world.listed(&usps(1042), &["LINES_UNMATCHED"]).await;
    assert!(row["detail"].as_str().is_some_and(|detail| detail.contains("part of a unit")), "{row}");
    let (said, attention) = world.command(&["choose", &usps(1042), "MUG"]).await;
    assert!(!attention, "{said:?}");
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&usps(1042), "-", "-"]).await;
    world.quiet("1042").await;
}

/// One delivery's bytes with a number in them that nobody put into quotes.
fn bodies(order: usize, number: &str) -> [(Platform, String); 3] {
    let meta = format!(r#"[{{"key":"_wc_shipment_tracking_items","value":[{{"tracking_number":{number}}}]}}]"#);
    [
        (
            Platform::Shopify,
            format!(r#"{{"id":{order},"order_id":{order},"status":"success","tracking_numbers":[{number}]}}"#),
        ),
        (Platform::WooCommerce, format!(r#"{{"id":{order},"status":"completed","meta_data":{meta}}}"#)),
        (
            Platform::Magento,
            format!(
                r#"{{"data":{{"entity_id":{order},"order_id":{order},"items":[],"tracks":[{{"track_number":{number}}}]}}}}"#
            ),
        ),
    ]
}

fn signed(url: &str, platform: Platform, body: &str, at: &str) -> http::Request<bytes::Bytes> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, HOOK_SECRET.as_bytes()), body.as_bytes());
    let base64 = BASE64.encode(tag.as_ref());
    let request = http::Request::post(url).header("content-type", "application/json");
    let request = match platform {
        Platform::Shopify => request
            .header("x-shopify-topic", "fulfillments/create")
            .header("x-shopify-hmac-sha256", base64)
            .header("x-shopify-shop-domain", "digits.myshopify.com")
            .header("x-shopify-triggered-at", at),
        Platform::WooCommerce => request
            .header("x-wc-webhook-topic", "order.updated")
            .header("x-wc-webhook-resource", "order")
            .header("x-wc-webhook-source", "https://digits.example/")
            .header("x-wc-webhook-signature", base64),
        _ => request.header("x-magento-signature", HEXLOWER.encode(tag.as_ref())),
    };
    request.body(bytes::Bytes::from(body.to_owned())).expect("a request")
}

/// Every number comes out of the rows as it went into the bytes.
async fn all_digits_arrive(numbers: Vec<String>) {
    let world = World::everyday("US").await;
    let mut stores = Vec::new();
    for (platform, address, way) in [
        (Platform::Shopify, "digits.myshopify.com", None),
        (Platform::WooCommerce, "https://digits.example", None),
        (Platform::Magento, "https://digits.example", Some("mage-os".to_owned())),
    ] {
        let secrets = json!({"webhook_secret": HOOK_SECRET});
        let settings = StoreSettings { way, ..StoreSettings::default() };
        stores.push((platform, world.connect(platform, address.to_owned(), settings, &secrets).await));
    }
    for (n, number) in numbers.iter().enumerate() {
        for (platform, body) in bodies(n + 1, number) {
            let (_, store) = stores.iter().find(|(of, _)| *of == platform).expect("a store");
            let answer = world.receive(signed(&store.webhook_url, platform, &body, &now(&world))).await;
            assert_eq!(answer.status(), 200, "{platform}: {number}");
            let rows = world.rows(&store.store.id, &(n + 1).to_string()).await;
            let kept: Vec<&str> = rows.iter().filter_map(|row| Some(row.number.as_ref()?.as_str())).collect();
            assert_eq!(kept, [number.as_str()], "{platform}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn no_digit_is_lost_between_a_stores_bytes_and_the_row(
        numbers in prop::collection::vec("[1-9][0-9]{0,39}", 12), long in "[1-9][0-9]{39}", float in "[1-9][0-9]{0,20}\\.[0-9]{1,19}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
        runtime.block_on(Box::pin(all_digits_arrive(numbers.into_iter().chain([long, float]).collect())));
    }
}
