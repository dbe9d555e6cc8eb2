//! The reason catalogue, walked: for each reason a world that has it, the remedy as a person does it, and the end of it.
//! Reasons of orders (late, lost, not scanned ...) and of whole stores have their worlds where they are named below.

use serde_json::{Value, json};
use std::time::Duration;
use waybill::domain::reason::Reason;
use waybill::flows::connect::store::Added;
use waybill_model::stores::{IdField, Kind};
use waybill_model::tiktok::{Call, Fault, FaultRule, Status};
use waybill_tests::sim::script::usps;
use waybill_tests::world::{SHOP, World};

const ONE: &str = "576000000000000001";
const TWO: &str = "576000000000000002";
/// A number that looks like nobody's.
const ODD: &str = "ZZQ17V0001X";

/// How a reason is settled.
enum Settled {
    /// In a world of this file.
    Here,
    /// In the test of this name.
    There(&'static str),
    /// Nothing stores it on a parcel: it is shown beside another one, or the shop rests with it.
    Shown(&'static str),
}

fn settled(reason: Reason) -> Settled {
    use Reason as R;
    match reason {
        R::CarrierUnmapped
        | R::CarrierMissing
        | R::CarrierFormatMismatch
        | R::TrackingInvalid
        | R::TrackingMissing
        | R::TrackingDuplicate
        | R::OrderNotFound
        | R::OrderAmbiguous
        | R::LinesUnmatched
        | R::CancelRequested
        | R::Cancelled
        | R::AlreadyShipped
        | R::EditUsed
        | R::EditWindowClosed
        | R::AuthRevoked
        | R::ShopPaused
        | R::UnknownStatus
        | R::Unlisted
        | R::TikTokError
        | R::OutcomeUnknown
        | R::Unpaid
        | R::OnHold
        | R::NotSellerShipping => Settled::Here,
        R::PreOrder => {
            Settled::There("ends::tiktok::a_pre_order_waits_for_its_release_in_words_of_its_own_and_costs_a_read_a_day")
        }
        R::HeldByPerson => Settled::There("desk_pages::hand_holds"),
        R::ShopGone => Settled::There("ends::shops::shop_removed_and_back"),
        R::StoreUnreadable => Settled::There("ends::stores::revoked_keys_and_a_thin_webhook"),
        R::FulfilledByTikTok => Settled::There("explain::an_order_that_tiktok_ships_is_explained_as_closed"),
        R::RateLimited => Settled::There("ends::shops::a_resting_shop_beside_a_healthy_one"),
        R::NotTikTok => Settled::There("explain::a_stores_own_order_is_read_to_say_which_tiktok_order_it_is"),
        R::AuthExpired | R::ScopeMissing => Settled::Shown("parks the shop, as AUTH_REVOKED does"),
        R::AppRefused | R::ShopInactive | R::ShopCipherWrong => Settled::Shown("the app or shop rests"),
        R::RegionUnsupported | R::Internal => Settled::Shown("a fault of ours: dismissed as EDIT_USED is"),
        R::SampleOrder | R::TikTokRule | R::UspsLabel | R::CarrierNotApproved => {
            Settled::Shown("dismissed, retried or mapped as its neighbours here are")
        }
        R::NoShipTo | R::AddressMasked | R::ImageRules => Settled::Shown("said of an order, not of a parcel"),
        R::TrackingShared => Settled::There("orders::shared"),
        R::TikTokTracks => Settled::There("orders::labels"),
        R::AcceptedWithWarning
        | R::AcceptedNotMoved
        | R::NotScanned
        | R::Late
        | R::Delayed
        | R::Lost
        | R::CancelledAfterDispatch
        | R::SiblingOpen => Settled::There("orders::after"),
    }
}

fn parcel(world: &World, tiktok: &str, number: &str, fields: &Value) -> Value {
    let mut body = json!({
        "order_id": "W1", "tiktok_order_id": tiktok, "shipment_id": "1", "tracking_number": number, "carrier": "USPS",
        "lines": [{"sku": "MUG", "quantity": 1}], "updated_at": world.time.now().to_string(),
    });
    for (name, value) in fields.as_object().expect("fields") {
        body[name] = value.clone();
    }
    body
}

/// A world with one order of a mug, and a warehouse.
async fn usual() -> (World, Added) {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    (world, store)
}

/// The warehouse told of a parcel of the first order, and it stands under this reason. `who` acts as the catalogue says.
async fn stands(world: &World, store: &Added, number: &str, fields: &Value, reason: Reason) {
    world.tell(store, parcel(world, ONE, number, fields)).await;
    world.minutes(5).await;
    let row = world.listed(number, &[reason.code()]).await;
    assert_eq!(row["who"], reason.who().as_str());
    assert!(row["command"].as_str().is_some_and(|command| command.starts_with("waybill ")), "{row}");
}

/// A command that a person types, which does something.
async fn act(world: &World, words: &[&str]) {
    let (said, attention) = world.command(words).await;
    assert!(!attention, "{words:?}: {said:?}");
}

/// TikTok has the number, and nobody is asked for anything.
async fn sent(world: &World, number: &str) {
    world.minutes(10).await;
    world.holds(SHOP, ONE, &[number]).await;
    world.quiet("W1").await;
}

/// The parcel left every list and stays away.
async fn dismissed(world: &World, number: &str) {
    act(world, &["dismiss", number, "--note", "settled by hand"]).await;
    world.hours(2).await;
    world.quiet("W1").await;
}

#[test]
fn every_reason_says_where_it_is_settled() {
    for reason in Reason::ALL {
        match settled(*reason) {
            Settled::Here => {}
            Settled::There(test) | Settled::Shown(test) => assert!(!test.is_empty(), "{reason}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_carrier_or_a_number_is_settled_by_its_remedy() {
    for (carrier, name) in [("Our own van", Reason::CarrierUnmapped), ("", Reason::CarrierMissing)] {
        let (world, store) = usual().await;
        world.command(&["shop", "set", SHOP, "--mismatch", "warn"]).await;
        stands(&world, &store, ODD, &json!({"carrier": carrier}), name).await;
        act(&world, &["map", "set", carrier, "USPS", "--shop", SHOP]).await;
        sent(&world, ODD).await;
    }
    let (world, store) = usual().await;
    stands(&world, &store, ODD, &json!({}), Reason::CarrierFormatMismatch).await;
    act(&world, &["confirm", ODD]).await;
    sent(&world, ODD).await;
    // Not a number at all.
    let (world, store) = usual().await;
    stands(&world, &store, "0000000000", &json!({}), Reason::TrackingInvalid).await;
    act(&world, &["correct", "0000000000", "--number", &usps(2)]).await;
    sent(&world, &usps(2)).await;
    let (world, store) = usual().await;
    world.tiktok.order(SHOP, TWO).lines(&[("MUG", 1)]).place();
    let other = parcel(&world, TWO, &usps(1), &json!({"order_id": "W2"}));
    world.tell(&store, other).await;
    world.minutes(5).await;
    stands(&world, &store, &usps(1), &json!({}), Reason::TrackingDuplicate).await;
    let (said, attention) = world.command(&["correct", "W1", "--number", &usps(2)]).await;
    assert!(!attention, "{said:?}");
    sent(&world, &usps(2)).await;
}

#[tokio::test(start_paused = true)]
async fn a_shipment_without_a_number_leaves_the_list_when_the_store_has_one() {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let front = world.open_store(Kind::Shopify).await;
    front.model.subscribe_all(&front.added.webhook_url);
    let twin = front.model.order().line("MUG", 1).tiktok(IdField::Main, ONE).place();
    let shipment = front.model.fulfil(twin, &[], &[], "USPS").expect("shipped");
    world.delivered(&front).await;
    world.minutes(5).await;
    let held = world.held().await;
    assert!(held.0.iter().any(|row| row["reason"] == "TRACKING_MISSING"), "{:?}", held.0);
    world.time.skip(Duration::from_secs(2));
    assert!(front.model.edit_tracking(twin, shipment, &[&usps(1)], "USPS"));
    world.delivered(&front).await;
    world.minutes(10).await;
    world.holds(SHOP, ONE, &[&usps(1)]).await;
    world.quiet(&twin.to_string()).await;
}

#[tokio::test(start_paused = true)]
async fn which_order_and_which_items_are_settled_by_a_persons_word() {
    let (world, store) = usual().await;
    stands(&world, &store, &usps(1), &json!({"tiktok_order_id": TWO}), Reason::OrderNotFound).await;
    act(&world, &["link", "W1", ONE]).await;
    sent(&world, &usps(1)).await;
    let (world, store) = usual().await;
    let strange = json!({"lines": [{"sku": "no such code", "quantity": 3}]});
    stands(&world, &store, &usps(1), &strange, Reason::LinesUnmatched).await;
    act(&world, &["choose", &usps(1), "MUG"]).await;
    sent(&world, &usps(1)).await;
    let world = World::everyday("US").await;
    for order in [ONE, TWO] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
    }
    let front = world.open_store(Kind::Shopify).await;
    front.model.subscribe_all(&front.added.webhook_url);
    let twin = front.model.order().line("MUG", 1).tiktok(IdField::Main, ONE).tiktok(IdField::Note, TWO).place();
    front.model.fulfil(twin, &[], &[&usps(1)], "USPS").expect("shipped");
    world.delivered(&front).await;
    world.minutes(5).await;
    if world.held().await.reason(&usps(1)) == "ORDER_AMBIGUOUS" {
        act(&world, &["link", &twin.to_string(), ONE]).await;
    }
    world.minutes(10).await;
    world.holds(SHOP, ONE, &[&usps(1)]).await;
}

#[tokio::test(start_paused = true)]
async fn what_only_tiktok_or_a_ticket_can_change_is_dismissed_or_goes_on_with_tiktoks_word() {
    let (world, store) = usual().await;
    world.tiktok.ask_to_cancel(SHOP, ONE);
    stands(&world, &store, &usps(1), &json!({}), Reason::CancelRequested).await;
    assert!(world.tiktok.reject_cancel(SHOP, ONE));
    world.hear().await;
    sent(&world, &usps(1)).await;
    // A second correction, and one after the window.
    for (wait, reason) in [(0, Reason::EditUsed), (80, Reason::EditWindowClosed)] {
        let (world, store) = usual().await;
        world.tell(&store, parcel(&world, ONE, &usps(1), &json!({}))).await;
        world.minutes(5).await;
        if reason == Reason::EditUsed {
            world.tell(&store, parcel(&world, ONE, &usps(2), &json!({}))).await;
            world.minutes(5).await;
        }
        world.time.skip(Duration::from_secs(wait * 3600));
        stands(&world, &store, &usps(3), &json!({}), reason).await;
        dismissed_of(&world, &usps(3)).await;
    }
    let (world, store) = usual().await;
    world.tiktok.ship_elsewhere(SHOP, ONE, &[], &usps(9), "7117858858072016686");
    stands(&world, &store, &usps(1), &json!({}), Reason::AlreadyShipped).await;
    dismissed(&world, &usps(1)).await;
    let (world, store) = usual().await;
    world.tiktok.cancel(SHOP, ONE, "BUYER");
    stands(&world, &store, &usps(1), &json!({}), Reason::Cancelled).await;
    dismissed(&world, &usps(1)).await;
}

/// As [`dismissed`], where the order itself may stand on a list of its own.
async fn dismissed_of(world: &World, number: &str) {
    act(world, &["dismiss", number, "--note", "a ticket is open"]).await;
    world.hours(1).await;
    assert!(world.held().await.about(number).is_none(), "{}", world.told("W1").await);
}

#[tokio::test(start_paused = true)]
async fn what_stops_a_whole_shop_goes_on_when_the_shop_does() {
    let (world, store) = usual().await;
    world.tiktok.revoke(SHOP);
    world.hear().await;
    world.tell(&store, parcel(&world, ONE, &usps(1), &json!({}))).await;
    world.minutes(5).await;
    let (rows, _) = world.command(&["explain", &usps(1)]).await;
    assert!(rows[0]["reason"].as_str().is_some_and(|reason| reason.starts_with("AUTH_")), "{rows:?}");
    world.connect_shop_again(SHOP).await;
    sent(&world, &usps(1)).await;
    let (world, store) = usual().await;
    act(&world, &["shop", "pause", SHOP]).await;
    world.tell(&store, parcel(&world, ONE, &usps(1), &json!({}))).await;
    world.minutes(5).await;
    let (rows, _) = world.command(&["explain", &usps(1)]).await;
    assert_eq!(rows[0]["reason"], Reason::ShopPaused.code(), "{rows:?}");
    act(&world, &["shop", "resume", SHOP]).await;
    sent(&world, &usps(1)).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_operator_is_told_of_goes_on_with_a_retry() {
    let (world, store) = usual().await;
    world.tiktok.show_status(SHOP, ONE, Some("BRAND_NEW_WORD"));
    stands(&world, &store, &usps(1), &json!({}), Reason::UnknownStatus).await;
    world.tiktok.show_status(SHOP, ONE, None);
    act(&world, &["retry", &usps(1)]).await;
    sent(&world, &usps(1)).await;
    let (world, store) = usual().await;
    world.tiktok.inject(FaultRule::new(Fault::Code(98_765_432)).on(&[Call::MarkPackage]));
    world.tell(&store, parcel(&world, ONE, &usps(1), &json!({}))).await;
    world.hours(1).await;
    world.listed(&usps(1), &[Reason::Unlisted.code()]).await;
    world.tiktok.heal();
    act(&world, &["retry", &usps(1)]).await;
    sent(&world, &usps(1)).await;
}

#[tokio::test(start_paused = true)]
async fn what_nobody_has_to_act_on_comes_right_while_time_passes() {
    for fault in [Fault::Code(21_008_300), Fault::HangAfter] {
        let (world, store) = usual().await;
        world.tiktok.inject(FaultRule::new(fault).on(&[Call::MarkPackage]).times(1));
        world.tell(&store, parcel(&world, ONE, &usps(1), &json!({}))).await;
        sent(&world, &usps(1)).await;
    }
    for status in [Status::Unpaid, Status::OnHold] {
        let world = World::everyday("US").await;
        let store = world.warehouse("wh", &[SHOP]).await;
        world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).status(status).place();
        world.tell(&store, parcel(&world, ONE, &usps(1), &json!({}))).await;
        world.minutes(5).await;
        world.quiet("W1").await;
        if status == Status::Unpaid {
            world.tiktok.pay(SHOP, ONE);
        }
        world.tiktok.release(SHOP, ONE);
        world.hear().await;
        world.hours(3).await;
        world.holds(SHOP, ONE, &[&usps(1)]).await;
    }
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).shipped_by_tiktok().place();
    world.tell(&store, parcel(&world, ONE, &usps(1), &json!({}))).await;
    world.minutes(10).await;
    world.quiet("W1").await;
    let (rows, _) = world.command(&["order", &usps(1)]).await;
    assert_eq!((&rows[0]["reason"], &rows[0]["who"]), (&json!("NOT_SELLER_SHIPPING"), &json!("nobody")), "{rows:?}");
}
