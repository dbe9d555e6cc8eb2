//! TikTok's own messages, through the webhook handler.

use bytes::Bytes;
use http::Request;
use jiff::SignedDuration;
use lambda_http::Body;
use std::time::Duration;
use waybill::domain::ids::ShopId;
use waybill::domain::reason::Reason;
use waybill::domain::reauthorisation::EndSource;
use waybill_local::model::tiktok::Notification;
use waybill_tests::world::{SHOP, World, mail_subject};

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
    let grant = waybill::flows::access::grant_facts(&world.app, &row).await.expect("read");
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
