//! `waybill explain` says what the next push then does, and changes nothing: no row, no place in a list, no call that
//! writes.

use serde_json::{Value, json};
use std::time::Duration;
use waybill_model::stores::{IdField, Kind};
use waybill_model::tiktok::{Call, Fault, FaultRule, Seen, Status};
use waybill_tests::sim::script::usps;
use waybill_tests::world::everyday::{SECOND_SHOP, parcel, with};
use waybill_tests::world::{SHOP, World};

const ONE: &str = "576000000000000001";
const TWO: &str = "576000000000000002";

/// What `explain` says; every row and every place in a list is the same afterwards, nothing was sent, and its reads kept a
/// second between them.
async fn explained(world: &World, x: &str) -> (Vec<Value>, bool) {
    let table = world.app.table.name().to_owned();
    let rows = world.wire.all_rows(&table);
    let places = world.wire.listed("");
    let asked = world.tiktok.with_journal(|journal| journal.requests.len());
    let said = world.command(&["explain", x]).await;
    assert_eq!(world.wire.all_rows(&table), rows, "a row was written: {said:?}");
    assert_eq!(world.wire.listed(""), places, "a list changed: {said:?}");
    let seen: Vec<Seen> = world.tiktok.with_journal(|journal| journal.requests[asked..].to_vec());
    assert!(seen.iter().all(|seen| !seen.changed && seen.call.is_none_or(|call| !call.is_write())), "{seen:?}");
    let mut reads: Vec<(Option<String>, Duration)> = seen.into_iter().map(|seen| (seen.shop, seen.elapsed)).collect();
    reads.sort();
    for pair in reads.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        assert!(pair[1].1 - pair[0].1 >= Duration::from_secs(1), "two reads within a second: {pair:?}");
    }
    said
}

/// The row about a number.
async fn about(world: &World, number: &str) -> Value {
    let (rows, attention) = explained(world, number).await;
    let row = rows.iter().find(|row| row["number"] == number).unwrap_or_else(|| panic!("{number}: {rows:?}")).clone();
    assert_eq!(attention, rows.iter().any(|row| row["verdict"] == "hold"), "{rows:?}");
    for field in ["order", "checks", "next_step", "read_at"] {
        assert!(!row[field].is_null() && row[field] != "", "{field}: {row}");
    }
    assert!(row["checks"].as_array().is_some_and(|checks| !checks.is_empty()), "{row}");
    if row["verdict"] == "wait" {
        let until: jiff::Timestamp = row["until"].as_str().and_then(|at| at.parse().ok()).expect("a time");
        assert!(until > world.time.now(), "{row}");
    }
    row
}

/// Explains a number, lets one push run for real, and compares.
async fn agrees(world: &World, number: &str, verdict: &str, reason: Option<&str>) -> Value {
    let row = about(world, number).await;
    assert_eq!((row["verdict"].as_str(), row["reason"].as_str()), (Some(verdict), reason), "{row}");
    let before = world.net.numbers().len();
    world.push().await;
    let of_it = |call: &(String, Value)| call.1.to_string().contains(number);
    let sent: Vec<Value> = world.net.numbers()[before..]
        .iter()
        .filter(|call| of_it(call))
        .map(|(path, body)| json!({"method": "POST", "path": path, "body": body}))
        .collect();
    let promised: Vec<Value> = Some(row["call"].clone()).filter(|call| !call.is_null()).into_iter().collect();
    assert_eq!(sent, promised, "{row}");
    let sends = matches!(verdict, "push" | "correct");
    assert_eq!(promised.len(), usize::from(sends), "{row}");
    let (now, _) = world.command(&["order", number]).await;
    let now = now.iter().find(|row| row["number"] == number).expect("known").clone();
    let state = now["state"].as_str().unwrap_or_default();
    match verdict {
        "push" | "correct" | "done" => assert!(state.starts_with("ACCEPTED"), "{state}, and explained was {row}"),
        "close" => {
            assert!(state.starts_with("SKIPPED") || state == "SUPERSEDED" || state == "DISMISSED", "{state}: {row}")
        }
        "hold" => assert_eq!(now["reason"].as_str(), reason, "{now}"),
        _ => assert!(world.held().await.reason(number).is_empty() || reason == Some("SHOP_GONE"), "{now}"),
    }
    row
}

/// A world with a warehouse and one order of a mug and a cap, whose parcel holds both.
async fn usual() -> (World, waybill::flows::connect::store::Added, String) {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1), ("CAP", 1)]).place();
    (world, store, usps(1))
}

#[tokio::test(start_paused = true)]
async fn a_whole_order_goes_out_exactly_as_explained() {
    let (world, store, number) = usual().await;
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1), ("CAP", 1)])).await;
    let row = agrees(&world, &number, "push", None).await;
    assert!(row["call"]["path"].as_str().is_some_and(|path| path.contains(ONE)), "{row}");
    assert_eq!(row["call"]["body"]["tracking_number"], *number);
    world.holds(SHOP, ONE, &[&number, &number]).await;
    agrees(&world, &number, "done", None).await;
}

#[tokio::test(start_paused = true)]
async fn every_name_of_a_parcel_finds_its_explanation() {
    let (world, store, number) = usual().await;
    let body = parcel(&world, "W1", ONE, "S-77", &number, &[("MUG", 1)]);
    world.tell(&store, with(body, &json!({"order_name": "#1042"}))).await;
    for x in [ONE, "W1", number.as_str(), "S-77"] {
        let (rows, attention) = explained(&world, x).await;
        assert_eq!(
            (rows[0]["number"].as_str(), rows[0]["verdict"].as_str()),
            (Some(number.as_str()), Some("push")),
            "{x}"
        );
        assert!(!attention);
    }
    let (rows, attention) = explained(&world, "no such thing").await;
    assert!(attention && rows[0]["status"] == 1, "{rows:?}");
}

#[tokio::test(start_paused = true)]
async fn two_parcels_of_one_order_are_explained_in_the_order_of_the_run() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 2)]).place();
    let (first, second) = (usps(1), usps(2));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &first, &[("MUG", 1)])).await;
    world.time.skip(Duration::from_secs(1));
    world.tell(&store, parcel(&world, "W1", ONE, "2", &second, &[("MUG", 1)])).await;
    let (rows, _) = explained(&world, ONE).await;
    let lines: Vec<&Value> = rows.iter().map(|row| &row["call"]["body"]["order_line_item_ids"]).collect();
    assert!(lines.len() == 2 && lines[0] != lines[1], "each its own mug: {rows:?}");
    agrees(&world, &second, "push", None).await;
    let mut at = world.at_tiktok(SHOP, ONE);
    at.sort();
    assert_eq!(at, [first, second]);
}

#[tokio::test(start_paused = true)]
async fn corrections_of_number_and_carrier_are_explained_and_a_second_one_is_held() {
    let (world, store, number) = usual().await;
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1), ("CAP", 1)])).await;
    world.minutes(5).await;
    let newer = usps(2);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &newer, &[("MUG", 1), ("CAP", 1)])).await;
    agrees(&world, &newer, "correct", None).await;
    agrees(&world, &number, "close", None).await;
    let third = usps(3);
    world.time.skip(Duration::from_secs(60));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &third, &[("MUG", 1), ("CAP", 1)])).await;
    agrees(&world, &third, "hold", Some("EDIT_USED")).await;
    agrees(&world, &third, "hold", Some("EDIT_USED")).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_order_itself_says_is_explained() {
    for (status, verdict, reason) in [
        (Status::Unpaid, "wait", "UNPAID"),
        (Status::OnHold, "wait", "ON_HOLD"),
        (Status::Cancelled, "close", "CANCELLED"),
    ] {
        let world = World::everyday("US").await;
        let store = world.warehouse("wh", &[SHOP]).await;
        world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).status(status).place();
        let number = usps(1);
        world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
        agrees(&world, &number, verdict, Some(reason)).await;
        agrees(&world, &number, verdict, Some(reason)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_that_tiktok_ships_is_explained_as_closed() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).shipped_by_tiktok().place();
    world.tiktok.order(SHOP, TWO).lines(&[("MUG", 1)]).fulfilled_by_tiktok().place();
    for (n, order, reason) in [(1, ONE, "NOT_SELLER_SHIPPING"), (2, TWO, "FULFILLED_BY_TIKTOK")] {
        let number = usps(n);
        world.tell(&store, parcel(&world, &format!("W{n}"), order, "1", &number, &[("MUG", 1)])).await;
        agrees(&world, &number, "close", Some(reason)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn holds_are_explained_before_and_after_they_are_there() {
    let (world, store, _) = usual().await;
    world.tiktok.order(SHOP, TWO).lines(&[("MUG", 1)]).place();
    world.tiktok.ask_to_cancel(SHOP, TWO);
    let van = "ZZQ17V0001X".to_owned();
    let by_van = with(parcel(&world, "W1", ONE, "1", &van, &[("MUG", 1)]), &json!({"carrier": "Our own van"}));
    let strange = parcel(&world, "W2", ONE, "2", &usps(2), &[("no such code", 5)]);
    let cancelling = parcel(&world, "W3", TWO, "3", &usps(3), &[("MUG", 1)]);
    for (number, body, reason) in [
        (van, by_van, "CARRIER_UNMAPPED"),
        (usps(2), strange, "LINES_UNMATCHED"),
        (usps(3), cancelling, "CANCEL_REQUESTED"),
    ] {
        world.tell(&store, body).await;
        for _ in 0..2 {
            let row = agrees(&world, &number, "hold", Some(reason)).await;
            assert!(
                row["checks"].as_array().is_some_and(|checks| checks.iter().any(|check| check["ok"] == false)),
                "{row}"
            );
        }
    }
    // TikTok's word ends the hold: what is held says so before the next look.
    assert!(world.tiktok.reject_cancel(SHOP, TWO));
    let row = about(&world, &usps(3)).await;
    assert_eq!(row["verdict"], "push", "{row}");
    world.hear().await;
    agrees(&world, &usps(3), "push", None).await;
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_sent_is_explained() {
    let (world, store, number) = usual().await;
    world.tiktok.ship_elsewhere(SHOP, ONE, &[], &usps(9), "7117858858072016686");
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1), ("CAP", 1)])).await;
    agrees(&world, &number, "hold", Some("ALREADY_SHIPPED")).await;
    let (world, store, number) = usual().await;
    world.tiktok.ship_elsewhere(SHOP, ONE, &[], &number, "7117858858072016686");
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1), ("CAP", 1)])).await;
    agrees(&world, &number, "done", None).await;
}

#[tokio::test(start_paused = true)]
async fn the_other_shops_are_looked_through_and_an_order_that_nobody_has_is_held() {
    let world = World::with_two_shops().await;
    let store = world.warehouse("wh", &[SHOP, SECOND_SHOP]).await;
    let (there, nowhere) = (usps(1), usps(2));
    world.tiktok.order(SECOND_SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tell(&store, parcel(&world, "W1", ONE, "1", &there, &[("MUG", 1)])).await;
    let row = about(&world, &there).await;
    assert_eq!((&row["verdict"], &row["shop"]), (&json!("push"), &json!(SECOND_SHOP)), "{row}");
    world.minutes(3).await;
    world.holds(SECOND_SHOP, ONE, &[&there]).await;
    let (path, body) = world.net.numbers().remove(0);
    assert_eq!((&row["call"]["path"], &row["call"]["body"]), (&json!(path), &body));
    world.tell(&store, parcel(&world, "W2", TWO, "1", &nowhere, &[("MUG", 1)])).await;
    agrees(&world, &nowhere, "hold", Some("ORDER_NOT_FOUND")).await;
    agrees(&world, &nowhere, "hold", Some("ORDER_NOT_FOUND")).await;
}

#[tokio::test(start_paused = true)]
async fn a_shop_that_does_not_send_is_the_reason_itself() {
    let (world, store, number) = usual().await;
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.command(&["shop", "pause", SHOP]).await;
    agrees(&world, &number, "wait", Some("SHOP_PAUSED")).await;
    world.command(&["shop", "resume", SHOP]).await;
    let hour = Fault::Throttle { retry_after: Some(Duration::from_secs(3600)) };
    world.tiktok.inject(FaultRule::new(hour).shop(SHOP));
    world.push().await;
    let row = about(&world, &number).await;
    assert_eq!(row["verdict"], "wait", "a shop that rests: {row}");
    world.tiktok.heal();
    world.time.skip(Duration::from_secs(3700));
    world.tiktok.revoke(SHOP);
    // TikTok's refusal is only seen: the shop is not parked by looking. Only the refresh of its token was tried.
    let table = world.app.table.name().to_owned();
    let but_grants =
        |rows: Vec<Value>| -> Vec<Value> { rows.into_iter().filter(|row| row["kind"]["S"] != "token").collect() };
    let before = but_grants(world.wire.all_rows(&table));
    let row = world.command(&["explain", &number]).await.0.remove(0);
    assert_eq!(but_grants(world.wire.all_rows(&table)), before);
    assert_eq!((row["verdict"].as_str(), row["reason"].as_str()), (Some("wait"), Some("AUTH_EXPIRED")), "{row}");
    world.hear().await;
    world.push().await;
    let row = about(&world, &number).await;
    assert_eq!(row["verdict"], "wait", "{row}");
    assert!(row["reason"].as_str().is_some_and(|reason| reason.starts_with("AUTH_")), "{row}");
    world.connect_shop_again(SHOP).await;
    agrees(&world, &number, "push", None).await;
    world.command(&["shop", "remove", SHOP]).await;
    let other = usps(2);
    world.tell(&store, parcel(&world, "W1", ONE, "2", &other, &[("CAP", 1)])).await;
    agrees(&world, &other, "wait", Some("SHOP_GONE")).await;
}

#[tokio::test(start_paused = true)]
async fn a_whole_package_goes_out_as_explained_where_tiktok_ships_packages() {
    let world = World::everyday("SG").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.command(&["shop", "set", SHOP, "--mismatch", "warn"]).await;
    let carrier = waybill_model::tiktok::providers_of("SG").swap_remove(0).name;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let number = "JT0000000000013".to_owned();
    let body = parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)]);
    world.tell(&store, with(body, &json!({"carrier": carrier}))).await;
    let row = agrees(&world, &number, "push", None).await;
    assert_eq!(row["call"]["body"]["self_shipment"]["tracking_number"], *number, "{row}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_explained_by_what_tiktok_shows() {
    let (world, store, number) = usual().await;
    world.tiktok.inject(FaultRule::new(Fault::HangAfter).on(&[Call::MarkPackage]).times(1));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1), ("CAP", 1)])).await;
    world.push().await;
    world.time.skip(Duration::from_secs(120));
    agrees(&world, &number, "done", None).await;
}

#[tokio::test(start_paused = true)]
async fn an_order_that_tiktok_does_not_show_just_now_waits_for_its_next_try() {
    let (world, store, number) = usual().await;
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1), ("CAP", 1)])).await;
    world.tiktok.refuse_reads(SHOP, ONE, Some(21_008_300));
    let row = about(&world, &number).await;
    assert_eq!(row["verdict"], "wait", "{row}");
    world.tiktok.refuse_reads(SHOP, ONE, None);
    agrees(&world, &number, "push", None).await;
}

#[tokio::test(start_paused = true)]
async fn a_stores_own_order_is_read_to_say_which_tiktok_order_it_is() {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let front = world.open_store(Kind::Shopify).await;
    front.model.subscribe_all(&front.added.webhook_url);
    let (ours, other) = (
        front.model.order().line("MUG", 1).tiktok(IdField::Main, ONE).place(),
        front.model.order().line("MUG", 1).place(),
    );
    for (n, twin) in (1..).zip([ours, other]) {
        front.model.fulfil(twin, &[], &[&usps(n)], "USPS").expect("shipped");
    }
    world.delivered(&front).await;
    let (mine, foreign) = (about(&world, &usps(1)).await, about(&world, &usps(2)).await);
    assert_eq!(mine["verdict"], "push", "{mine}");
    assert!(foreign["verdict"] == "wait" || foreign["verdict"] == "close", "{foreign}");
    agrees(&world, &usps(1), "push", None).await;
}

#[tokio::test(start_paused = true)]
async fn a_dismissed_parcel_and_an_order_without_one_are_explained() {
    let (world, store, number) = usual().await;
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("no such code", 5)])).await;
    world.minutes(5).await;
    world.command(&["dismiss", &number, "--note", "sent by hand"]).await;
    agrees(&world, &number, "close", None).await;
    world.tiktok.order(SHOP, TWO).lines(&[("MUG", 1)]).place();
    world.hours(1).await;
    let (rows, attention) = explained(&world, TWO).await;
    assert!(!attention && rows[0]["verdict"] == "wait" && rows[0]["number"].is_null(), "{rows:?}");
    assert!(rows[0]["next_step"].as_str().is_some_and(|step| step.contains("add the number")), "{rows:?}");
}
