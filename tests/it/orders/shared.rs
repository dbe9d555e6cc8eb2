//! One number on two orders: one parcel where TikTok combines by number, a mistake elsewhere.

use serde_json::json;
use waybill_model::tiktok::Call;
use waybill_tests::sim::script::usps;
use waybill_tests::world::everyday::{parcel, with};
use waybill_tests::world::{SHOP, World, fulfilment, shopify_order};

const FIRST: &str = "576000000000000017";
const SECOND: &str = "576000000000000018";

/// Two orders of one recipient, each reported with the same number by a warehouse, an hour apart.
async fn twice(market: &str, number: &str, carrier: &str, group: Option<&str>) -> World {
    let world = World::everyday(market).await;
    let warehouse = world.warehouse("wh", &[SHOP]).await;
    for order in [FIRST, SECOND] {
        let order = world.tiktok.order(SHOP, order).line("MUG", 1).recipient("one");
        match group {
            Some(group) => order.group(group).place(),
            None => order.place(),
        };
    }
    world.minute().await;
    for order in [FIRST, SECOND] {
        let body = parcel(&world, order, order, order, number, &[("MUG", 1)]);
        world.tell(&warehouse, with(body, &json!({"carrier": carrier}))).await;
        world.minutes(60).await;
    }
    world
}

#[tokio::test(start_paused = true)]
async fn a_number_of_two_orders_is_sent_for_both_and_asked_about_with_both_named() {
    let number = usps(17);
    let world = twice("US", &number, "USPS", None).await;
    world.holds(SHOP, FIRST, &[&number]).await;
    world.holds(SHOP, SECOND, &[&number]).await;
    let row = world.listed(&number, &["TRACKING_SHARED"]).await;
    assert_eq!((&row["tiktok_order"], &row["command"]), (&json!(SECOND), &json!(format!("waybill confirm {number}"))));
    assert!(row["detail"].as_str().is_some_and(|detail| detail.contains(FIRST)), "{row}");
    let (_, attention) = world.command(&["confirm", SECOND]).await;
    assert!(!attention);
    world.hours(30).await;
    assert_eq!(world.held().await.reason(&number), "", "{}", world.told(SECOND).await);
}

#[tokio::test(start_paused = true)]
async fn a_correction_of_one_of_two_settles_it() {
    let number = usps(17);
    let world = twice("US", &number, "USPS", None).await;
    world.listed(&number, &["TRACKING_SHARED"]).await;
    world.command(&["correct", SECOND, "--number", &usps(99)]).await;
    world.minutes(5).await;
    world.holds(SHOP, SECOND, &[&usps(99)]).await;
    world.quiet(SECOND).await;
}

/// The other one of the two: nobody is asked any more about the number that only one order has now.
#[tokio::test(start_paused = true)]
async fn a_correction_of_the_order_that_was_first_settles_it_too() {
    let number = usps(17);
    let world = twice("US", &number, "USPS", None).await;
    world.hours(3).await;
    world.listed(&number, &["TRACKING_SHARED"]).await;
    world.command(&["correct", FIRST, "--number", &usps(99)]).await;
    world.hours(2).await;
    world.holds(SHOP, FIRST, &[&usps(99)]).await;
    world.holds(SHOP, SECOND, &[&number]).await;
    world.quiet(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn a_number_stands_on_twenty_orders_at_the_most() {
    let (world, number) = (World::everyday("US").await, usps(17));
    let warehouse = world.warehouse("wh", &[SHOP]).await;
    let order = |n: usize| format!("5760000000000001{n:02}");
    for n in 1..=21 {
        world.tiktok.order(SHOP, &order(n)).line("MUG", 1).recipient("one").place();
    }
    world.minute().await;
    for n in 1..=21 {
        world.tell(&warehouse, parcel(&world, &order(n), &order(n), &order(n), &number, &[("MUG", 1)])).await;
        world.minutes(2).await;
    }
    world.holds(SHOP, &order(20), &[&number]).await;
    world.holds(SHOP, &order(21), &["-"]).await;
    let held = world.held().await;
    let last = held.0.iter().find(|row| row["tiktok_order"] == order(21).as_str()).expect("the one too many");
    assert_eq!(last["reason"], "TRACKING_DUPLICATE", "{last}");
    assert!(last["detail"].as_str().is_some_and(|detail| detail.contains("no more")), "{last}");
    assert_eq!(world.tiktok.calls(Call::MarkPackage), 20, "TikTok is not asked for what it refuses");
}

#[tokio::test(start_paused = true)]
async fn a_number_that_was_sent_ninety_days_ago_may_come_again() {
    for (days, asked) in [(89, true), (91, false)] {
        let (world, number) = (World::everyday("US").await, usps(17));
        let warehouse = world.warehouse("wh", &[SHOP]).await;
        for order in [FIRST, SECOND] {
            world.tiktok.order(SHOP, order).line("MUG", 1).recipient("one").place();
        }
        world.minute().await;
        let tell = async |order: &str| {
            world.tell(&warehouse, parcel(&world, order, order, order, &number, &[("MUG", 1)])).await;
            world.minutes(5).await;
        };
        tell(FIRST).await;
        let mut row = world.row(&warehouse.store.id, FIRST, &number).await;
        let sent = row.sent.as_mut().expect("sent");
        sent.at -= jiff::SignedDuration::from_hours(24 * days);
        world.app.table.parcel_put(&mut row).await.expect("as if it were long ago");
        tell(SECOND).await;
        world.holds(SHOP, SECOND, &[&number]).await;
        let held = world.held().await;
        let shared = held.0.iter().any(|row| row["reason"] == "TRACKING_SHARED");
        assert_eq!(shared, asked, "{days} days: {:?}", held.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_that_an_earlier_version_sent_is_seen_once_the_rows_have_their_places() {
    let (world, number) = (World::everyday("US").await, usps(17));
    let warehouse = world.warehouse("wh", &[SHOP]).await;
    for order in [FIRST, SECOND] {
        world.tiktok.order(SHOP, order).line("MUG", 1).recipient("one").place();
    }
    world.minute().await;
    world.tell(&warehouse, parcel(&world, FIRST, FIRST, FIRST, &number, &[("MUG", 1)])).await;
    world.minutes(5).await;
    // As an earlier version left them: no place, and a store that was never looked through.
    let mut row = world.row(&warehouse.store.id, FIRST, &number).await;
    row.account = None;
    world.app.table.parcel_put(&mut row).await.expect("as an earlier version wrote it");
    let mut store = world.app.table.store_get(&warehouse.store.id, true).await.expect("table").expect("a store");
    store.row.placed = false;
    world.app.table.store_put(&mut store).await.expect("as an earlier version wrote it");
    world.hours(25).await;
    assert_eq!(world.app.table.parcels_found(&world.account, &number).await.expect("table").len(), 1);
    let store = world.app.table.store_get(&warehouse.store.id, true).await.expect("table").expect("a store");
    assert!(store.row.placed, "it is looked through once");
    world.tell(&warehouse, parcel(&world, SECOND, SECOND, SECOND, &number, &[("MUG", 1)])).await;
    world.minutes(5).await;
    let row = world.listed(&number, &["TRACKING_SHARED"]).await;
    assert!(row["detail"].as_str().is_some_and(|detail| detail.contains(FIRST)), "{row}");
}

#[tokio::test(start_paused = true)]
async fn orders_that_tiktok_groups_share_a_number_without_a_question() {
    let number = usps(17);
    let world = twice("US", &number, "USPS", Some("8800000000000000001")).await;
    world.holds(SHOP, SECOND, &[&number]).await;
    assert_eq!(world.held().await.reason(&number), "", "{}", world.told(SECOND).await);
}

#[tokio::test(start_paused = true)]
async fn where_tiktok_ships_packages_the_second_is_held_and_names_the_first() {
    let number = "JT0000000000013";
    let world = twice("SG", number, "J&T Express", None).await;
    world.holds(SHOP, FIRST, &[number]).await;
    world.holds(SHOP, SECOND, &["-"]).await;
    let row = world.listed(number, &["TRACKING_DUPLICATE"]).await;
    assert_eq!(row["tiktok_order"], SECOND);
    assert!(row["detail"].as_str().is_some_and(|detail| detail.contains(FIRST)), "{row}");
}

#[tokio::test(start_paused = true)]
async fn an_order_is_found_by_its_number_and_by_the_name_people_know_without_reading_a_store() {
    let number = usps(17);
    let world = World::everyday("US").await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    for n in 0..240u64 {
        let (order, tiktok) = (5_900_000_000_000 + n, format!("5760000000001{n:05}"));
        world.tiktok.order(SHOP, &tiktok).line("MUG", 1).place();
        let written = if n == 30 { number.clone() } else { usps(n + 100) };
        let version = world.time.now().to_string();
        let sent = fulfilment(n, order, &version, "USPS", &[&written], &[("MUG", 1)]);
        let mut body = shopify_order(order, &tiktok, &version, &[sent]);
        body["name"] = json!(format!("#{}", 5000 + n));
        world.shopify(&store, "orders/fulfilled", &body).await;
    }
    world.minutes(5).await;
    let spaced = format!("{} {}", &number[..8], &number[8..]);
    for x in [number.as_str(), &spaced, "#5030", "5030", "576000000000100030", "5900000000030"] {
        let before = world.app.table.usage();
        let (rows, _) = world.command(&["order", x]).await;
        let reads = world.app.table.usage().read_units - before.read_units;
        assert_eq!(rows.len(), 1, "{x}: {rows:?}");
        assert_eq!((&rows[0]["number"], &rows[0]["order"]), (&json!(number), &json!("#5030")), "{x}");
        // The store's rows alone are more than twenty.
        assert!(reads < 20.0, "{x}: {reads} read units");
    }
    let (_, attention) = world.command(&["order", "5031x"]).await;
    assert!(attention, "nothing has this name");
}

#[tokio::test(start_paused = true)]
async fn a_row_of_an_earlier_version_is_found_and_gets_its_place_with_its_next_write() {
    let number = usps(17);
    let world = twice("US", &number, "USPS", Some("8800000000000000001")).await;
    let mut rows = Vec::new();
    for id in world.app.table.account_stores(&world.account).await.expect("stores") {
        rows.extend(world.app.table.parcels_where(&id, |_| true).await.expect("rows"));
    }
    for row in &mut rows {
        row.account = None;
        world.app.table.parcel_put(row).await.expect("as an earlier version wrote it");
    }
    let (found, _) = world.command(&["order", &number]).await;
    assert_eq!(found.len(), 2, "{found:?}");
    world.command(&["correct", FIRST, "--number", &usps(18)]).await;
    world.minutes(2).await;
    let places = world.app.table.parcels_found(&world.account, &number).await.expect("table");
    assert_eq!(places.len(), 1, "the row that was written since");
}

#[tokio::test(start_paused = true)]
async fn a_combined_package_waits_until_all_its_orders_name_one_number_and_goes_out_once() {
    let number = "JT0000000000013";
    let world = World::everyday("SG").await;
    let warehouse = world.warehouse("wh", &[SHOP]).await;
    for order in [FIRST, SECOND] {
        world.tiktok.order(SHOP, order).line("MUG", 1).recipient("one").place();
    }
    world.tiktok.combine(SHOP, &[FIRST, SECOND]).expect("combined");
    world.minute().await;
    let tell = async |order: &str, number: &str| {
        let body = parcel(&world, order, order, order, number, &[("MUG", 1)]);
        world.tell(&warehouse, with(body, &json!({"carrier": "J&T Express"}))).await;
    };
    tell(FIRST, number).await;
    world.minutes(3).await;
    let row = world.listed(number, &["SIBLING_OPEN"]).await;
    assert!(row["detail"].as_str().is_some_and(|detail| detail.contains(SECOND)), "{row}");
    assert!(!row["due"].is_null(), "the order's clock runs: {row}");
    let since = row["since"].clone();
    world.hours(3).await;
    assert_eq!(world.listed(number, &["SIBLING_OPEN"]).await["since"], since, "the same verdict writes nothing");
    world.holds(SHOP, FIRST, &["-"]).await;
    tell(SECOND, number).await;
    world.minutes(70).await;
    world.holds(SHOP, FIRST, &[number]).await;
    world.holds(SHOP, SECOND, &[number]).await;
    world.quiet(FIRST).await;
    assert_eq!(world.tiktok.calls(Call::ShipPackage), 1, "one call ships both");
}
