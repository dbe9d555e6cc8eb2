//! How an order gets in, and how its row stays true.

use super::{row, shop};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;
use waybill::domain::region::AppRegion;
use waybill::flows::orders::{begin, board};
use waybill_model::canary::BUYER;
use waybill_model::tiktok::{Call, Status};
use waybill_tests::world::{SHOP, World};

#[tokio::test(start_paused = true)]
async fn every_open_order_of_the_seller_is_known_after_connecting_and_nothing_of_its_buyer() {
    let world = World::everyday("US").await;
    let place = |id: &str| world.tiktok.order(SHOP, id).line("MUG", 2).line("CAP", 1);
    for (id, status) in [
        ("576000000000000001", Status::AwaitingShipment),
        ("576000000000000002", Status::OnHold),
        ("576000000000000003", Status::Unpaid),
    ] {
        place(id).status(status).place();
    }
    place("576000000000000004").shipped_by_tiktok().place();
    place("576000000000000005").fulfilled_by_tiktok().place();
    place("576000000000000006").masked().place();
    place("576000000000000007").sample().place();
    world.minute().await;
    let (rows, _) = world.command(&["orders"]).await;
    let seen: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["order"].as_str().unwrap_or_default(),
                row["state"].clone(),
                row["skipped"].clone(),
                row["kind"].clone(),
            )
        })
        .collect();
    let expect =
        |order, state: &str, skipped: Option<&str>, kind: &str| (order, json!(state), json!(skipped), json!(kind));
    assert_eq!(
        seen,
        [
            expect("576000000000000001", "awaiting_shipment", None, "normal"),
            expect("576000000000000002", "on_hold", None, "normal"),
            expect("576000000000000004", "awaiting_shipment", Some("NOT_SELLER_SHIPPING"), "normal"),
            expect("576000000000000005", "awaiting_shipment", Some("FULFILLED_BY_TIKTOK"), "normal"),
            expect("576000000000000006", "awaiting_shipment", Some("ADDRESS_MASKED"), "normal"),
            expect("576000000000000007", "awaiting_shipment", None, "sample"),
        ],
        "an order that nobody paid makes no row"
    );
    let names: BTreeSet<&str> = rows[0].as_object().expect("an object").keys().map(String::as_str).collect();
    let contract = [
        "order",
        "shop",
        "state",
        "tiktok_status",
        "created",
        "updated",
        "imported",
        "skipped",
        "ship_to",
        "kind",
        "sibling",
        "units",
        "units_open",
        "numbers",
        "clock",
        "due",
        "due_source",
        "late",
        "store_orders",
    ];
    assert_eq!(names, contract.into_iter().collect());
    assert_eq!((&rows[0]["units"], &rows[0]["units_open"], &rows[0]["clock"]), (&json!(3), &json!(3), &json!("RTS")));
    assert_eq!(
        (&rows[2]["clock"], &rows[4]["clock"]),
        (&json!(null), &json!("RTS")),
        "a masked order keeps its clocks"
    );
    let table = world.wire.all_rows(world.app.table.name());
    let table: String = table.iter().map(ToString::to_string).collect();
    assert!(table.contains("576000000000000001"));
    for buyer in BUYER {
        assert!(!table.contains(buyer), "{buyer} is in the table");
    }
}

#[tokio::test(start_paused = true)]
async fn what_no_webhook_told_is_found_within_the_hour_and_an_older_word_changes_nothing() {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, "576000000000000001").line("MUG", 1).place();
    world.minute().await;
    world.tiktok.cancel(SHOP, "576000000000000001", "BUYER");
    world.tiktok.order(SHOP, "576000000000000002").line("MUG", 1).place();
    drop(world.tiktok.take_webhooks());
    world.minutes(61).await;
    assert_eq!(row(&world, "576000000000000001").await["state"], "cancelled");
    assert_eq!(row(&world, "576000000000000002").await["state"], "awaiting_shipment");
}

#[tokio::test(start_paused = true)]
async fn a_webhook_brings_the_visit_forward_to_five_minutes() {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, "576000000000000001").line("MUG", 1).place();
    world.minute().await;
    world.minutes(20).await;
    world.tiktok.cancel(SHOP, "576000000000000001", "BUYER");
    world.minutes(7).await;
    assert_eq!(row(&world, "576000000000000001").await["tiktok_status"], "CANCELLED");
}

#[tokio::test(start_paused = true)]
async fn a_webhook_in_the_middle_of_a_visit_makes_another_one() {
    let world = World::everyday("US").await;
    world.minute().await;
    let shop = shop(&world).await;
    begin::due_by(&world.app, &shop, world.time.now()).await.expect("due");
    begin::hint(&world.app, &shop.id, AppRegion::Us).await.expect("hint");
    let visit = || async { world.app.table.visit_get(&shop.id).await.expect("table").expect("a visit").row };
    assert!(visit().await.again);
    world.push().await;
    let after = visit().await;
    assert!(
        !after.again && after.due.is_some_and(|due| due <= world.time.now() + Duration::from_secs(61)),
        "{after:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn many_open_orders_come_in_page_by_page_at_most_one_read_a_second() {
    let world = World::everyday("US").await;
    for n in 0..250 {
        world.tiktok.order(SHOP, &format!("5760000000000{n:05}")).line("MUG", 1).place();
    }
    let (_, attention) = world.command(&["orders", "refresh"]).await;
    assert!(!attention);
    assert_eq!(board::orders(&world.app, &shop(&world).await).await.expect("table").len(), 250);
    let searches = world.tiktok.calls(Call::SearchOrders);
    assert!(searches <= 12, "{searches} searches");
    let busiest = world.tiktok.with_journal(|journal| journal.busiest(SHOP, false, Duration::from_secs(1)));
    assert!(busiest <= 2, "{busiest} reads within a second");
}

#[tokio::test(start_paused = true)]
async fn a_row_costs_two_units_when_it_comes_in_and_none_while_nothing_moves() {
    let mut costs = Vec::new();
    for orders in [1, 41] {
        let world = World::everyday("US").await;
        for n in 0..orders {
            world.tiktok.order(SHOP, &format!("5760000000000{n:05}")).line("MUG", 1).place();
        }
        let before = world.app.table.usage();
        world.command(&["orders", "refresh"]).await;
        let imported = world.app.table.usage();
        world.time.skip(Duration::from_secs(120));
        world.command(&["orders", "refresh"]).await;
        let again = world.app.table.usage();
        costs.push([
            imported.write_units - before.write_units,
            imported.read_units - before.read_units,
            again.write_units - imported.write_units,
        ]);
    }
    let each: Vec<f64> = (0..3).map(|unit| (costs[1][unit] - costs[0][unit]) / 40.0).collect();
    println!(
        "an order comes in: {:.2} write units, {:.2} read units; unchanged: {:.2} write units",
        each[0], each[1], each[2]
    );
    assert!(each[0] <= 2.0 && each[1] <= 1.0, "{each:?}");
    assert!(each[2].abs() < f64::EPSILON, "{each:?}");
}
