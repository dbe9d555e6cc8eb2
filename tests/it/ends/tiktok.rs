//! W to Z, and the kinds of orders that TikTok has: what a merchant gets when the app, the shop, the order, the list or the
//! clock is not as usual.

use super::quiet::hour_of_ticks;
use super::{ONE, TWO, parcel, with};
use jiff::SignedDuration;
use serde_json::json;
use std::time::Duration;
use waybill::domain::connection::Shop;
use waybill::domain::ids::ShopId;
use waybill::domain::region::AppRegion;
use waybill_model::tiktok::{Call, Fault, FaultRule, Status};
use waybill_tests::sim::script::usps;
use waybill_tests::world::{SHOP, World};

const THREE: &str = "576000000000000003";

/// Three orders of a mug, and a warehouse that has shipped each.
async fn three_told(world: &World) {
    let store = world.warehouse("wh", &[SHOP]).await;
    for (n, order) in (1..).zip([ONE, TWO, THREE]) {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
        world.tell(&store, parcel(world, &format!("W{n}"), order, "1", &usps(n), &[("MUG", 1)])).await;
    }
}

async fn all_three_there(world: &World) {
    for (n, order) in (1..).zip([ONE, TWO, THREE]) {
        world.holds(SHOP, order, &[&usps(n)]).await;
        world.quiet(order).await;
    }
}

/// The parcel's number waits without a word that asks its merchant for anything.
async fn no_word_on_parcels(world: &World) {
    for n in 1..=3 {
        let (rows, _) = world.command(&["order", &format!("W{n}")]).await;
        assert!(rows[0]["reason"].is_null() && rows[0]["tiktok_answer"].is_null(), "{rows:?}");
        assert!(world.held().await.about(&usps(n)).is_none(), "{}", world.told(&format!("W{n}")).await);
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_whose_secret_was_reset_rests_without_a_word_on_parcels_and_goes_on_with_the_new_one() {
    let world = World::everyday("US").await;
    world.minute().await;
    world.tiktok.rotate_app_secret(AppRegion::Us, "model-us-app-secret-rotated");
    three_told(&world).await;
    // TikTok signs its webhooks with the new secret as well: none arrives.
    for _ in 0..12 {
        hour_of_ticks(&world).await;
    }
    world.push().await;
    no_word_on_parcels(&world).await;
    let (shops, _) = world.command(&["shop", "list"]).await;
    assert_eq!(shops[0]["state"], "resting", "nobody is asked to reconnect: {shops:?}");
    world.store_app(AppRegion::Us).await;
    world.minutes(61).await;
    all_three_there(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_seller_on_holiday_and_a_shop_left_out_of_the_grant_rest_and_go_on() {
    for left_out in [false, true] {
        let world = World::everyday("US").await;
        world.minute().await;
        if left_out {
            world.tiktok.leave_out_of_grant(SHOP);
        } else {
            world.tiktok.set_seller_active(SHOP, false);
        }
        three_told(&world).await;
        world.hours(48).await;
        no_word_on_parcels(&world).await;
        let (shops, _) = world.command(&["shop", "list"]).await;
        assert_eq!(shops[0]["state"], "resting", "{shops:?}");
        if left_out {
            world.connect_shop_again(SHOP).await;
        } else {
            world.tiktok.set_seller_active(SHOP, true);
        }
        world.minutes(61).await;
        all_three_there(&world).await;
    }
}

/// The correction arrived, its answer did not, and reads are behind: that TikTok refuses the repeat by a rule says nothing.
#[tokio::test(start_paused = true)]
async fn a_correction_whose_answer_was_lost_counts_once_a_read_shows_it() {
    for code in [21_011_049, 21_011_051] {
        let world = World::everyday("US").await;
        let store = world.warehouse("wh", &[SHOP]).await;
        world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
        world.tell(&store, parcel(&world, "W1", ONE, "1", &usps(1), &[("MUG", 1)])).await;
        world.minutes(5).await;
        world.tiktok.configure(|settings| settings.read_lag = SignedDuration::from_mins(10));
        world.hours(1).await;
        let corrections = [Call::UpdateOrderShipping, Call::UpdatePackageShipping];
        world.tiktok.inject(FaultRule::new(Fault::ResetAfter).on(&corrections).times(1));
        world.tell(&store, parcel(&world, "W1", ONE, "1", &usps(2), &[("MUG", 1)])).await;
        world.minute().await;
        world.tiktok.inject(FaultRule::new(Fault::Code(code)).on(&corrections));
        for _ in 0..30 {
            world.minute().await;
            assert!(world.held().await.about(&usps(2)).is_none(), "{code}: {}", world.told("W1").await);
        }
        world.hours(2).await;
        world.holds(SHOP, ONE, &[&usps(2)]).await;
        world.quiet("W1").await;
    }
}

/// Outside the US a first number waits for the seller's answer to an after-sale request; either brake lets it go then.
#[tokio::test(start_paused = true)]
async fn an_after_sale_request_that_is_settled_lets_the_number_go() {
    for brake in [true, false] {
        let world = World::everyday("GB").await;
        let store = world.warehouse("wh", &[SHOP]).await;
        let brakes = |shop: &mut Shop| std::mem::replace(&mut shop.settings.cancel_brake, brake) != brake;
        world.app.table.shop_change(&ShopId::parse(SHOP).expect("id"), brakes).await.expect("table");
        world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
        world.tiktok.ask_to_cancel(SHOP, ONE);
        let number = "H06R4A1011299623";
        let body = parcel(&world, "W1", ONE, "1", number, &[("MUG", 1)]);
        world.tell(&store, with(body, &json!({"carrier": "Evri"}))).await;
        world.hours(2).await;
        world.listed(number, &["CANCEL_REQUESTED"]).await;
        assert!(world.tiktok.reject_cancel(SHOP, ONE));
        world.minutes(10).await;
        world.holds(SHOP, ONE, &[number]).await;
        world.quiet("W1").await;
    }
}

/// The seller switches a masked TikTok Shipping order to Seller Shipping: a webhook tells it, or else a person's retry asks.
#[tokio::test(start_paused = true)]
async fn an_order_that_the_seller_ships_after_all_goes_out() {
    for told in [true, false] {
        let world = World::everyday("US").await;
        let store = world.warehouse("wh", &[SHOP]).await;
        world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).masked().place();
        assert!(world.tiktok.switch_shipping(SHOP, ONE, "TIKTOK"));
        world.tell(&store, parcel(&world, "W1", ONE, "1", &usps(1), &[("MUG", 1)])).await;
        world.minutes(30).await;
        world.holds(SHOP, ONE, &["-"]).await;
        if told {
            assert!(world.tiktok.ship_by_seller(SHOP, ONE));
        } else {
            assert!(world.tiktok.switch_shipping(SHOP, ONE, "SELLER"));
            let (said, attention) = world.command(&["retry", "W1"]).await;
            assert!(!attention && !said.is_empty(), "{said:?}");
        }
        world.minutes(5).await;
        world.holds(SHOP, ONE, &[&usps(1)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_gift_goes_with_the_last_parcel_and_a_part_of_a_bundle_alone_is_held() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).line("MUG", 1).line("CAP", 1).gift("STICKER", 1).place();
    let (mug, cap) = (usps(1), usps(2));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &mug, &[("MUG", 1)])).await;
    world.minutes(10).await;
    world.holds(SHOP, ONE, &[&mug, "-", "-"]).await;
    world.tell(&store, parcel(&world, "W1", ONE, "2", &cap, &[("CAP", 1)])).await;
    world.minutes(10).await;
    world.holds(SHOP, ONE, &[&mug, &cap, &cap]).await;
    world.quiet("W1").await;
    // Two sets: three cups and a spoon are no set more than one.
    world.tiktok.order(SHOP, TWO).bundle("SET", 2, &[("CUP", 2), ("SPOON", 1)]).place();
    let (part, rest) = (usps(3), usps(4));
    world.tell(&store, parcel(&world, "W2", TWO, "1", &part, &[("CUP", 2)])).await;
    world.hours(2).await;
    world.holds(SHOP, TWO, &["-", "-"]).await;
    world.listed(&part, &["LINES_UNMATCHED"]).await;
    // The store says more: it was a set, and the other one follows.
    world.tell(&store, parcel(&world, "W2", TWO, "1", &part, &[("CUP", 2), ("SPOON", 1)])).await;
    world.tell(&store, parcel(&world, "W2", TWO, "2", &rest, &[("SPOON", 1), ("CUP", 2)])).await;
    world.hours(2).await;
    let mut at = world.at_tiktok(SHOP, TWO);
    at.sort();
    assert_eq!(at, [part, rest], "{}", world.told("W2").await);
    world.quiet("W2").await;
}

/// Delivered, broken, and shipped again under the old order in the store: the person is told which order waits for it, and
/// one command sends it there.
#[tokio::test(start_paused = true)]
async fn what_is_shipped_again_under_a_replaced_order_names_the_order_that_waits() {
    for exchange in [false, true] {
        let world = World::everyday("US").await;
        let store = world.warehouse("wh", &[SHOP]).await;
        world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
        world.tell(&store, parcel(&world, "W1", ONE, "1", &usps(1), &[("MUG", 1)])).await;
        world.minutes(5).await;
        world.tiktok.scan(SHOP, ONE);
        world.hours(48).await;
        world.tiktok.deliver(SHOP, ONE);
        world.minutes(70).await;
        // The store is quicker than TikTok: nothing is known of the other order yet.
        world.tell(&store, parcel(&world, "W1", ONE, "2", &usps(2), &[("MUG", 1)])).await;
        world.minutes(10).await;
        world.listed(&usps(2), &["LINES_UNMATCHED", "ALREADY_SHIPPED"]).await;
        let order = world.tiktok.order(SHOP, TWO).line("MUG", 1);
        let order = if exchange { order.exchange_of(ONE) } else { order.replaces(ONE) };
        order.place();
        world.hours(3).await;
        let row = world.listed(&usps(2), &["ORDER_AMBIGUOUS"]).await;
        assert!(row["detail"].as_str().is_some_and(|detail| detail.contains(TWO)), "{row}");
        assert!(row["command"].as_str().is_some_and(|command| command.starts_with("waybill link W1")), "{row}");
        world.holds(SHOP, TWO, &["-"]).await;
        world.command(&["link", "W1", TWO]).await;
        world.minutes(10).await;
        world.holds(SHOP, ONE, &[&usps(1)]).await;
        world.holds(SHOP, TWO, &[&usps(2)]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_parcel_from_a_warehouse_abroad_travels_with_a_carrier_of_that_warehouses_list() {
    let world = World::everyday("FR").await;
    let berlin = world.tiktok.add_warehouse(SHOP, "DE").expect("a warehouse");
    world.tiktok.set_list(SHOP, "DE", &[("7038796963025782530", "DHL Paket")]);
    world.tiktok.set_list(SHOP, "FR", &[("7038794268994963202", "Colissimo")]);
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).from_warehouse(&berlin).line("MUG", 1).place();
    world.minute().await;
    let body = parcel(&world, "W1", ONE, "1", "00340434161211000019", &[("MUG", 1)]);
    world.tell(&store, with(body, &json!({"carrier": "DHL Paket"}))).await;
    world.minutes(10).await;
    world.holds(SHOP, ONE, &["00340434161211000019"]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn a_pre_order_waits_for_its_release_in_words_of_its_own_and_costs_a_read_a_day() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let days = SignedDuration::from_hours(20 * 24);
    world.tiktok.order(SHOP, ONE).pre_order(world.time.now() + days).lines(&[("MUG", 1)]).place();
    world.tell(&store, parcel(&world, "W1", ONE, "1", &usps(1), &[("MUG", 1)])).await;
    world.minutes(5).await;
    let (rows, _) = world.command(&["order", "W1"]).await;
    assert_eq!((&rows[0]["reason"], &rows[0]["who"]), (&json!("PRE_ORDER"), &json!("nobody")), "{rows:?}");
    let said = rows[0]["waits_for"].as_str().unwrap_or_default();
    assert!(said.contains("pre-order") && !said.contains("cancel"), "{said}");
    let (explained, _) = world.command(&["explain", "W1"]).await;
    assert_eq!((&explained[0]["verdict"], &explained[0]["reason"]), (&json!("wait"), &json!("PRE_ORDER")));
    // The daily round reads it; its number waits for the release, and nobody calls it late.
    let before = world.tiktok.calls(Call::GetOrders);
    for _ in 0..19 * 24 {
        world.push().await;
        world.time.skip(Duration::from_secs(3600));
    }
    let reads = world.tiktok.calls(Call::GetOrders) - before;
    assert!(reads <= 20, "{reads} reads in 19 days");
    world.quiet("W1").await;
    world.hours(30).await;
    world.holds(SHOP, ONE, &[&usps(1)]).await;
    world.quiet("W1").await;
}

/// An order that never passes ON_HOLD may be cancelled freely for an hour after payment.
#[tokio::test(start_paused = true)]
async fn an_order_without_a_hold_waits_an_hour_after_payment_and_one_that_had_its_hold_does_not() {
    for never_held in [true, false] {
        let world = World::everyday("US").await;
        let store = world.warehouse("wh", &[SHOP]).await;
        let order = world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]);
        if never_held {
            order.never_held().place()
        } else {
            order.place()
        };
        let number = usps(1);
        world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
        world.minutes(30).await;
        world.holds(SHOP, ONE, &[if never_held { "-" } else { &number }]).await;
        world.quiet("W1").await;
        world.minutes(40).await;
        world.holds(SHOP, ONE, &[&number]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_number_that_fits_no_service_is_said_in_those_words() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tiktok.inject(FaultRule::new(Fault::Code(21_004_016)).on(&[Call::MarkPackage]));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &usps(1), &[("MUG", 1)])).await;
    world.minutes(10).await;
    let row = world.listed(&usps(1), &["CARRIER_NOT_APPROVED"]).await;
    let (rows, _) = world.command(&["order", "W1"]).await;
    for row in [&row, &rows[0]] {
        assert!(row["sentence"].as_str().is_some_and(|said| said.contains("fits the number")), "{row}");
        assert!(row["remedy"].as_str().is_some_and(|said| said.starts_with("Check the number")), "{row}");
    }
    let said = |mail: &String| mail.contains("fits the number") || mail.contains("fits=20the=20number");
    world.hours(2).await;
    assert!(world.mails().iter().any(said) || world.mails().is_empty(), "{:?}", world.mails());
}

#[tokio::test(start_paused = true)]
async fn a_carrier_list_that_comes_back_empty_is_trouble_and_asks_nobody() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tell(&store, parcel(&world, "W1", ONE, "1", &usps(1), &[("MUG", 1)])).await;
    world.minutes(10).await;
    world.holds(SHOP, ONE, &[&usps(1)]).await;
    world.time.skip(Duration::from_secs(25 * 3600));
    world.tiktok.empty_lists(SHOP, 3);
    world.tiktok.order(SHOP, TWO).lines(&[("MUG", 1)]).place();
    world.tell(&store, parcel(&world, "W2", TWO, "1", &usps(2), &[("MUG", 1)])).await;
    for _ in 0..60 {
        world.minute().await;
        assert!(world.held().await.about(&usps(2)).is_none(), "{}", world.told("W2").await);
    }
    world.holds(SHOP, TWO, &[&usps(2)]).await;
    world.quiet("W2").await;
}

/// Brazil: no call goes out while the invoice is missing, and the number goes by itself once it is there.
#[tokio::test(start_paused = true)]
async fn a_missing_invoice_is_asked_for_and_the_number_goes_once_tiktok_has_it() {
    for known in [true, false] {
        let world = World::everyday("BR").await;
        let store = world.warehouse("wh", &[SHOP]).await;
        world.command(&["shop", "set", SHOP, "--mismatch", "warn"]).await;
        world.tiktok.order(SHOP, ONE).line("MUG", 1).needs_invoice().place();
        if !known {
            // The order does not say so yet; the refusal does.
            world.tiktok.change_order(SHOP, ONE, |order| order.details.invoice = Some("UNKNOWN".into()));
        }
        world.minute().await;
        let body = parcel(&world, "W1", ONE, "1", "JT0000000000013", &[("MUG", 1)]);
        world.tell(&store, with(body, &json!({"carrier": "J&T Express"}))).await;
        world.hours(2).await;
        let row = world.listed("JT0000000000013", &["TIKTOK_RULE"]).await;
        assert!(row.to_string().contains("pload the invoice"), "{row}");
        assert_eq!(world.tiktok.calls(Call::ShipPackage), usize::from(!known), "{row}");
        world.tiktok.change_order(SHOP, ONE, |order| {
            order.needs_invoice = false;
            order.details.invoice = Some("INVOICE_UPLOADED".into());
        });
        world.hours(2).await;
        world.holds(SHOP, ONE, &["JT0000000000013"]).await;
        world.quiet("W1").await;
    }
}

/// Half of the order is out, and that half's number is edited: its package is corrected, the other half waits untouched.
#[tokio::test(start_paused = true)]
async fn the_number_of_a_half_shipped_order_is_corrected_by_its_package() {
    for market in ["US", "SG"] {
        let world = World::everyday(market).await;
        let store = world.warehouse("wh", &[SHOP]).await;
        world.command(&["shop", "set", SHOP, "--mismatch", "warn"]).await;
        let lines = world.tiktok.order(SHOP, ONE).line("MUG", 1).line("CAP", 1).place();
        if market == "SG" {
            assert!(world.tiktok.split(SHOP, ONE, &[&lines[..1], &lines[1..]]));
        }
        let carrier = if market == "SG" { "J&T Express" } else { "USPS" };
        let number = |n: u64| if market == "SG" { format!("JT000000000001{n}") } else { usps(n) };
        let tell = async |number: &str, id: &str, sku: &str| {
            let body = parcel(&world, "W1", ONE, id, number, &[(sku, 1)]);
            world.tell(&store, with(body, &json!({"carrier": carrier}))).await;
            world.minutes(10).await;
        };
        tell(&number(1), "1", "MUG").await;
        world.holds(SHOP, ONE, &[&number(1), "-"]).await;
        tell(&number(2), "1", "MUG").await;
        world.holds(SHOP, ONE, &[&number(2), "-"]).await;
        tell(&number(3), "2", "CAP").await;
        world.holds(SHOP, ONE, &[&number(2), &number(3)]).await;
        world.quiet("W1").await;
    }
}

/// Delivered before the first number came: said as what the order shows, never as an edit that is too late.
#[tokio::test(start_paused = true)]
async fn a_first_number_is_never_told_that_the_time_for_edits_is_over() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tiktok.inject(FaultRule::new(Fault::Code(21_011_030)).on(&[Call::MarkPackage]));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &usps(1), &[("MUG", 1)])).await;
    world.minutes(3).await;
    world.quiet("W1").await;
    world.tiktok.ship_elsewhere(SHOP, ONE, &[], &usps(9), "7117858858072016686");
    world.tiktok.set_status(SHOP, ONE, Status::Delivered);
    world.hours(4).await;
    let row = world.listed(&usps(1), &["ALREADY_SHIPPED"]).await;
    assert!(!row.to_string().contains("72 hours"), "{row}");
}
