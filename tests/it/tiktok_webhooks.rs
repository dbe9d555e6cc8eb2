//! TikTok's own messages, through the webhook handler.

use bytes::Bytes;
use http::Request;
use jiff::SignedDuration;
use lambda_http::Body;
use std::time::Duration;
use waybill::domain::ids::ShopId;
use waybill::domain::parcel::ParcelState;
use waybill::domain::reason::Reason;
use waybill::domain::reauthorisation::EndSource;
use waybill_model::tiktok::{Call, Fault, FaultRule, Notification, Status};
use waybill_tests::world::{SHOP, World, fulfilment, mail_subject, shopify_order};

async fn deliver(world: &World, request: Request<Bytes>) -> u16 {
    let (mut parts, body) = request.into_parts();
    parts.uri = parts.uri.path().parse().expect("path");
    let request = Request::from_parts(parts, Body::Binary(body.to_vec()));
    store_webhook::handle(&world.app, request).await.expect("never fails").status().as_u16()
}

async fn shop(world: &World) -> waybill::domain::connection::Shop {
    world.app.table.shop_get(&ShopId::parse(SHOP).expect("id"), true).await.expect("read").expect("there").row
}

#[tokio::test(start_paused = true)]
async fn a_removed_app_parks_the_shop_erases_its_tokens_and_is_told_once() {
    let world = World::new().await;
    world.tick().await;
    world.time.skip(Duration::from_secs(60));
    let notice = Notification::deauthorised(SHOP, world.time.now());
    for _ in 0..2 {
        assert_eq!(deliver(&world, world.tiktok.webhook(&notice).expect("request")).await, 200);
    }
    assert_eq!(shop(&world).await.parked.expect("parked").reason, Reason::AuthRevoked);
    for _ in 0..3 {
        world.tick().await;
        world.time.skip(Duration::from_secs(300));
    }
    let subjects: Vec<String> = world.mails().iter().map(|mail| mail_subject(mail)).collect();
    assert_eq!(subjects, [format!("Model shop {SHOP}: app access was removed in Seller Center")]);
    let row = shop(&world).await;
    let grant = waybill::flows::access::shop::grant_facts(&world.app, &row).await.expect("read");
    assert!(grant.is_none(), "the tokens are gone");
}

#[tokio::test(start_paused = true)]
async fn a_late_repeat_of_a_removal_does_not_undo_a_newer_consent() {
    let world = World::new().await;
    let notice = Notification::deauthorised(SHOP, world.time.now() - SignedDuration::from_hours(10));
    assert_eq!(deliver(&world, world.tiktok.webhook(&notice).expect("request")).await, 200);
    assert_eq!(shop(&world).await.parked, None);
}

#[tokio::test(start_paused = true)]
async fn an_announced_end_moves_the_clock_and_is_named() {
    let world = World::new().await;
    world.tick().await;
    let ends = world.time.now() + SignedDuration::from_hours(24 * 6);
    let notice = Notification::expiring(SHOP, ends, world.time.now());
    assert_eq!(deliver(&world, world.tiktok.webhook(&notice).expect("request")).await, 200);
    let end = shop(&world).await.reauthorise_by(90);
    assert_eq!((end.at.as_second(), end.source), (ends.as_second(), EndSource::Notice));
    world.tick().await;
    assert!(mail_subject(&world.mails().pop().expect("a mail")).contains("6 days left"));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_signed_too_old_or_unknown_changes_nothing() {
    let world = World::new().await;
    let good = || world.tiktok.webhook(&Notification::deauthorised(SHOP, world.time.now())).expect("request");
    let mut forged = good();
    forged.headers_mut().insert("authorization", "00".repeat(32).parse().expect("value"));
    assert_eq!(deliver(&world, forged).await, 401);
    let mut wrong_app = good();
    *wrong_app.uri_mut() = "/hooks/tiktok/row".parse().expect("path");
    assert_eq!(deliver(&world, wrong_app).await, 401);
    let old = Notification::deauthorised(SHOP, world.time.now() - SignedDuration::from_hours(73));
    assert_eq!(deliver(&world, world.tiktok.webhook(&old).expect("request")).await, 401);
    let unknown = Notification { kind: 64, ..Notification::deauthorised(SHOP, world.time.now()) };
    assert_eq!(deliver(&world, world.tiktok.webhook(&unknown).expect("request")).await, 200);
    assert_eq!(shop(&world).await.parked, None);
}

const ORDER: &str = "576000000000000017";
const NUMBER: &str = "9400100000000000000013";

/// A shipment of the store for [`ORDER`].
async fn ship(world: &World) -> waybill::flows::connect::store::Added {
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let version = world.time.now().to_string();
    let parcel = fulfilment(1, 1042, &version, "USPS", &[NUMBER], &[("MUG-BLUE", 1)]);
    let body = shopify_order(1042, ORDER, &version, &[parcel]);
    assert_eq!(world.shopify(&store, "orders/fulfilled", &body).await.status(), 200);
    store
}

/// Delivers what TikTok has to tell, each message `times` times, newest first when `swapped`.
async fn deliver_all(world: &World, times: usize, swapped: bool) -> usize {
    let mut waiting = world.tiktok.take_webhooks();
    if swapped {
        waiting.reverse();
    }
    let count = waiting.len();
    for request in waiting {
        for _ in 0..times {
            let mut copy = Request::new(request.body().clone());
            *copy.method_mut() = request.method().clone();
            *copy.uri_mut() = request.uri().clone();
            *copy.headers_mut() = request.headers().clone();
            assert_eq!(deliver(world, copy).await, 200);
        }
    }
    count
}

#[tokio::test(start_paused = true)]
async fn the_wanted_types_are_set_on_connect_and_repaired_within_three_days_in_a_quiet_shop() {
    let world = World::new().await;
    world.tick().await;
    let set = || {
        world.tiktok.with_journal(|journal| {
            journal.requests.iter().filter(|request| request.call == Some(Call::PutWebhook)).count()
        })
    };
    assert_eq!(set(), 7, "types 1, 3, 4, 6, 7, 11 and 12");
    world.time.skip(Duration::from_secs(25 * 3600));
    world.tick().await;
    assert_eq!(set(), 7, "what is there is left alone");
    world.tiktok.forget_webhook(SHOP, "SELLER_DEAUTHORIZATION");
    world.time.skip(Duration::from_secs(73 * 3600));
    world.tick().await;
    assert_eq!(set(), 8, "what was lost is set again");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_leaves_its_hold_is_sent_at_once() {
    for (times, swapped) in [(1, false), (3, true)] {
        let world = World::new().await;
        world.tick().await;
        world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 1)]).status(Status::OnHold).place();
        let store = ship(&world).await;
        assert_eq!(world.push().await.pushed, 0, "the buyer may still cancel");
        world.time.skip(Duration::from_secs(60));
        assert_eq!(world.push().await.pushed, 0, "not due yet");
        world.tiktok.take_webhooks();
        world.tiktok.release(SHOP, ORDER);
        assert!(deliver_all(&world, times, swapped).await >= 1);
        assert_eq!(world.push().await.pushed, 1, "type 1 makes it due");
        assert_eq!(world.rows(&store.store.id, "1042").await[0].state, ParcelState::Accepted);
    }
}

#[tokio::test(start_paused = true)]
async fn a_buyer_who_asks_to_cancel_stops_the_push_and_one_who_is_refused_lets_it_go_on() {
    let world = World::new().await;
    world.tick().await;
    world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 1)]).place();
    world.tiktok.ask_to_cancel(SHOP, ORDER);
    let store = ship(&world).await;
    deliver_all(&world, 2, false).await;
    assert_eq!(world.push().await.pushed, 0);
    let row = world.rows(&store.store.id, "1042").await.remove(0);
    assert_eq!(row.state.reason(), Some(Reason::CancelRequested), "{:?}", row.state);
    world.tiktok.reject_cancel(SHOP, ORDER);
    assert!(deliver_all(&world, 2, false).await >= 1);
    world.push().await;
    assert_eq!(world.at_tiktok(SHOP, ORDER), [NUMBER], "type 11 releases it");
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_order_is_never_sent_however_its_messages_come() {
    for (times, swapped) in [(1, false), (2, true)] {
        let world = World::new().await;
        world.tick().await;
        world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 1)]).status(Status::OnHold).place();
        let store = ship(&world).await;
        world.push().await;
        world.tiktok.cancel(SHOP, ORDER, "BUYER");
        assert!(deliver_all(&world, times, swapped).await >= 1);
        for _ in 0..3 {
            world.push().await;
            world.time.skip(Duration::from_secs(3600));
        }
        assert_eq!(world.at_tiktok(SHOP, ORDER), ["-"]);
        let row = world.rows(&store.store.id, "1042").await.remove(0);
        assert!(row.due.is_none(), "{:?}", row.state);
    }
}

#[tokio::test(start_paused = true)]
async fn addresses_packages_and_returns_are_taken_and_change_nothing_that_the_read_does_not() {
    let world = World::new().await;
    world.tick().await;
    world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 1)]).place();
    let store = ship(&world).await;
    world.push().await;
    let order = world.tiktok.order_now(SHOP, ORDER).expect("order");
    let now = world.time.now();
    for notice in [
        Notification::address(SHOP, ORDER, now),
        Notification::packages(SHOP, &order, "SPLIT", now),
        Notification::returned(SHOP, ORDER, "RETURN_OR_REFUND_REQUEST_PENDING", now),
    ] {
        for _ in 0..2 {
            let request = world.tiktok.webhook(&notice).expect("request");
            assert_eq!(deliver(&world, request).await, 200, "type {}", notice.kind);
        }
    }
    let changes = || world.tiktok.with_journal(|journal| journal.changes.len());
    let before = changes();
    world.push().await;
    assert_eq!(changes(), before);
    assert_eq!(world.rows(&store.store.id, "1042").await[0].state, ParcelState::Accepted);
}

#[tokio::test(start_paused = true)]
async fn a_new_carrier_and_refused_numbers_are_mailed_once() {
    let world = World::new().await;
    world.tick().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let orders = [ORDER, "576000000000000025", "576000000000000033"];
    for (place, order) in orders.iter().enumerate() {
        let number = 1042 + place as u64;
        world.tiktok.order(SHOP, order).lines(&[("MUG-BLUE", 1)]).place();
        let version = world.time.now().to_string();
        let (carrier, parcel) = match place {
            2 => ("USPS", "9400100000000000000037".to_owned()),
            _ => ("Our own van", format!("VN55500{number}")),
        };
        let parcel = fulfilment(number, number, &version, carrier, &[&parcel], &[("MUG-BLUE", 1)]);
        let body = shopify_order(number, order, &version, &[parcel]);
        assert_eq!(world.shopify(&store, "orders/fulfilled", &body).await.status(), 200);
    }
    world.tiktok.inject(FaultRule::new(Fault::Code(21_004_015)).id(orders[2]));
    world.push().await;
    let subjects = || -> Vec<String> { world.mails().iter().map(|mail| mail_subject(mail)).collect() };
    for _ in 0..8 {
        world.tick().await;
        world.time.skip(Duration::from_secs(300));
    }
    let all = subjects();
    let carriers = all.iter().filter(|subject| subject.contains("new carrier Our own van needs a match (2 orders)"));
    assert_eq!(carriers.count(), 1, "{all:?}");
    let refused = all.iter().filter(|subject| subject.contains("TikTok refused 1 tracking number"));
    assert_eq!(refused.count(), 1, "{all:?}");
    world.time.skip(Duration::from_secs(24 * 3600));
    for _ in 0..4 {
        world.tick().await;
        world.time.skip(Duration::from_secs(300));
    }
    let again = subjects().iter().filter(|subject| subject.contains("new carrier")).count();
    assert_eq!(again, 2, "the carrier is asked for daily while it is open: {:?}", subjects());
}
