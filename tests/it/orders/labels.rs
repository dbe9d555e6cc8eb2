//! Numbers whose labels TikTok did not sell, where it counts only its own: sent with a warning, refused with a remedy of
//! their own, and never held by guess.

use super::shop;
use serde_json::json;
use waybill_model::tiktok::{Call, Fault, FaultRule};
use waybill_tests::sim::script::usps;
use waybill_tests::world::everyday::{parcel, with};
use waybill_tests::world::{SHOP, World};

const ORDER: &str = "576000000000000017";

/// A shop of a market with one order, and a warehouse that ships it with USPS.
async fn shipped(market: &str, prepare: impl FnOnce(&World)) -> World {
    let world = World::everyday(market).await;
    let warehouse = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ORDER).line("MUG", 1).place();
    prepare(&world);
    world.minute().await;
    world.tell(&warehouse, parcel(&world, "W1", ORDER, "1", &usps(17), &[("MUG", 1)])).await;
    world.minutes(2).await;
    world
}

fn timeline(order: &serde_json::Value) -> String {
    order["timeline"].to_string()
}

#[tokio::test(start_paused = true)]
async fn a_usps_number_without_tiktoks_label_is_sent_with_a_warning_on_the_parcel_and_the_shop() {
    let world = shipped("US", |_| {}).await;
    world.holds(SHOP, ORDER, &[&usps(17)]).await;
    assert_eq!(world.tiktok.calls(Call::ValidateTracking), 1, "asked once");
    let (rows, _) = world.command(&["order", ORDER]).await;
    assert!(timeline(&rows[0]).contains("only from labels bought at TikTok"), "{rows:?}");
    world.quiet(ORDER).await;
    assert!(shop(&world).await.label_warning.is_some());
    world.hours(24 * 8).await;
    assert_eq!(world.tiktok.calls(Call::ValidateTracking), 1, "a number that is out is not asked about again");
}

#[tokio::test(start_paused = true)]
async fn tiktoks_own_label_has_nothing_to_send_and_asks_nobody() {
    let world = shipped("US", |world| world.tiktok.sell_label(&usps(17))).await;
    world.holds(SHOP, ORDER, &["-"]).await;
    let (rows, _) = world.command(&["order", ORDER]).await;
    assert_eq!((&rows[0]["state"], &rows[0]["who"]), (&json!("SKIPPED(TIKTOK_TRACKS)"), &json!("nobody")));
    world.quiet(ORDER).await;
    assert_eq!(shop(&world).await.label_warning, None);
    let (rows, attention) = world.command(&["explain", ORDER]).await;
    assert_eq!((&rows[0]["verdict"], attention), (&json!("close"), false), "{rows:?}");
}

#[tokio::test(start_paused = true)]
async fn a_seller_whose_labels_tiktok_refuses_gets_the_remedy_of_its_own() {
    let world =
        shipped("US", |world| world.tiktok.configure(|settings| settings.usps_refused = Some(21_019_998))).await;
    let row = world.listed(&usps(17), &["USPS_LABEL"]).await;
    assert!(row["remedy"].as_str().is_some_and(|remedy| remedy.contains("Buy the label at TikTok")), "{row}");
    assert_eq!(row["who"], "merchant");
}

#[tokio::test(start_paused = true)]
async fn a_check_that_fails_or_is_not_allowed_blocks_nothing() {
    let fault = FaultRule::new(Fault::Status(503)).on(&[Call::ValidateTracking]);
    let world = shipped("US", |world| world.tiktok.inject(fault)).await;
    world.holds(SHOP, ORDER, &[&usps(17)]).await;
    assert_eq!(shop(&world).await.label_warning, None, "nothing is said that nobody knows");
    let refused = FaultRule::new(Fault::Code(105_005)).on(&[Call::ValidateTracking]);
    let world = shipped("US", |world| world.tiktok.inject(refused)).await;
    world.holds(SHOP, ORDER, &[&usps(17)]).await;
    assert!(shop(&world).await.parked.is_none(), "a scope of its own parks no shop");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_in_other_markets_for_other_carriers_or_where_a_person_said_no() {
    let world = World::everyday("US").await;
    let warehouse = world.warehouse("wh", &[SHOP]).await;
    world.minute().await;
    for (order, number, carrier) in [("576000000000000018", "1Z999AA10123456784", "UPS"), (ORDER, &usps(18), "USPS")] {
        world.tiktok.order(SHOP, order).line("MUG", 1).place();
        if carrier == "USPS" {
            world.command(&["shop", "set", SHOP, "--label-check", "no"]).await;
        }
        let body = parcel(&world, order, order, order, number, &[("MUG", 1)]);
        world.tell(&warehouse, with(body, &json!({"carrier": carrier}))).await;
        world.minutes(2).await;
        world.holds(SHOP, order, &[number]).await;
    }
    assert_eq!(world.tiktok.calls(Call::ValidateTracking), 0);
}
