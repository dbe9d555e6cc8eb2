//! Tokens between two consents: refreshed, refused, taken away, and secrets that change meanwhile.

use secrecy::SecretString;
use std::time::Duration;
use waybill::domain::ids::ShopId;
use waybill::domain::reason::Reason;
use waybill::domain::region::AppRegion;
use waybill::flows::access::shop::{AccessError, shop_access};
use waybill::tokens::{KeyRing, with_tiktok_app};
use waybill_model::tiktok::{Call, Fault, FaultRule};
use waybill_tests::world::{SHOP, World, fulfilment, mail_subject, shopify_order};

const DAY: Duration = Duration::from_secs(24 * 3600);
const ORDER: &str = "576000000000000017";
const NUMBER: &str = "9400100000000000000013";

async fn shop(world: &World) -> waybill::domain::connection::Shop {
    world.app.table.shop_get(&ShopId::parse(SHOP).expect("id"), true).await.expect("read").expect("there").row
}

fn refreshes(world: &World) -> usize {
    world.tiktok.with_journal(|journal| journal.requests.iter().filter(|r| r.call == Some(Call::RefreshToken)).count())
}

async fn ship(world: &World) -> waybill::flows::connect::store::Added {
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 1)]).place();
    let version = world.time.now().to_string();
    let parcel = fulfilment(1, 1042, &version, "USPS", &[NUMBER], &[("MUG-BLUE", 1)]);
    let body = shopify_order(1042, ORDER, &version, &[parcel]);
    assert_eq!(world.shopify(&store, "orders/fulfilled", &body).await.status(), 200);
    store
}

#[tokio::test(start_paused = true)]
async fn a_year_of_ticks_refreshes_in_time_and_never_stops_a_shop() {
    let world = World::new().await;
    world.tiktok.configure(|settings| settings.rotate_refresh = true);
    let start = world.time.now();
    for _ in 0..90 {
        world.time.skip(DAY);
        world.tick().await;
        let access = shop_access(&world.app, &shop(&world).await, None).await;
        assert!(access.is_ok(), "{:?} after {}", access.err(), world.time.now().duration_since(start));
    }
    // A token of seven days is refreshed after five to six.
    assert!((13..=18).contains(&refreshes(&world)), "{}", refreshes(&world));
    assert_eq!(shop(&world).await.parked, None);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_whole_ends_nothing_and_is_asked_for_again() {
    let world = World::new().await;
    ship(&world).await;
    let whole = serde_json::json!({"code": 0, "message": "success", "request_id": "r", "data": {
        "access_token": "TTP_x", "refresh_token": "TTP_y", "open_id": "model"}});
    let fault = Fault::Answer { http: 200, content_type: "application/json".into(), body: whole.to_string() };
    world.time.skip(DAY * 8);
    for outcome in ["push", "tick"] {
        world.tiktok.inject(FaultRule::new(fault.clone()).on(&[Call::RefreshToken]));
        if outcome == "push" {
            let run = world.push().await;
            assert_eq!((run.pushed, run.parked_shops), (0, 0), "{run:?}");
        } else {
            assert_eq!(world.tick().await.refresh_failed, 1);
        }
        world.tiktok.heal();
        assert_eq!(shop(&world).await.parked, None, "{outcome}: a missing field is no refusal");
        assert!(world.mails().is_empty());
    }
    assert_eq!(world.push().await.pushed, 1, "the next refresh is whole");
}

#[tokio::test(start_paused = true)]
async fn trouble_at_tiktok_ends_no_authorisation() {
    for fault in [
        Fault::Status(503),
        Fault::Throttle { retry_after: None },
        Fault::Html { committed: false },
        Fault::ResetBefore,
        Fault::Code(36_009_003),
        Fault::BrokenJson { committed: false },
    ] {
        let world = World::new().await;
        world.time.skip(DAY * 8);
        world.tiktok.inject(FaultRule::new(fault.clone()).on(&[Call::RefreshToken]));
        world.tick().await;
        world.push().await;
        assert_eq!(shop(&world).await.parked, None, "{fault:?}");
        world.tiktok.heal();
        assert!(shop_access(&world.app, &shop(&world).await, None).await.is_ok(), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_scope_that_was_taken_away_parks_the_shop_and_a_new_consent_frees_it() {
    let world = World::new().await;
    let store = ship(&world).await;
    world.tick().await;
    world.tiktok.set_scopes(SHOP, &["seller.authorization.info", "seller.order.info", "seller.logistics"]);
    let run = world.push().await;
    assert_eq!(run.pushed, 0, "{run:?}");
    let parked = shop(&world).await.parked.expect("parked");
    assert_eq!(parked.reason, Reason::ScopeMissing);
    world.tick().await;
    let mail = world.mails().pop().expect("a mail");
    assert!(mail_subject(&mail).contains("tracking is paused"), "{}", mail_subject(&mail));
    assert!(waybill_tests::world::mail_text(&mail).contains("Nearest deadline"), "the oldest that waits is named");
    world.connect_shop_again(SHOP).await;
    assert_eq!(world.push().await.pushed, 1);
    assert_eq!(world.rows(&store.store.id, "1042").await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn secrets_that_are_rotated_between_two_calls_stop_nothing() {
    let world = World::new().await;
    ship(&world).await;
    // The keys that seal tokens, under a process that has the old ones in memory.
    let names = world.app.secrets.names();
    let store = world.app.secrets.store();
    let ring = KeyRing::parse(&names.token, &store.get(&names.token, None).await.expect("there").text).expect("ring");
    let process = world.process(7);
    assert!(shop_access(&process.app, &shop(&world).await, None).await.is_ok());
    store.put(&names.token, &ring.rotated(&world.app.entropy).to_text()).await.expect("put");
    world.time.skip(DAY * 8);
    world.tick().await;
    assert!(shop_access(&process.app, &shop(&world).await, None).await.is_ok());
    // The app's own secret: the old one is refused by TikTok, the new one is known after a reload.
    world.tiktok.rotate_app_secret(AppRegion::Us, "model-us-app-secret-rotated");
    let ours = world.tiktok.app(AppRegion::Us);
    let known = store.get(&names.app, None).await.expect("there");
    let secret = SecretString::from(ours.secret.clone());
    let text = with_tiktok_app(&names.app, &known.text, AppRegion::Us, &ours.key, &secret, &ours.service_id);
    store.put(&names.app, &text.expect("text")).await.expect("put");
    assert_eq!(world.push().await.pushed, 1, "one reload, then TikTok takes it");
    assert_eq!((world.at_tiktok(SHOP, ORDER), shop(&world).await.parked), (vec![NUMBER.to_owned()], None));
}

#[tokio::test(start_paused = true)]
async fn a_dead_refresh_token_is_told_once_as_an_end() {
    let world = World::new().await;
    world.tiktok.revoke(SHOP);
    world.time.skip(DAY * 8);
    let before = refreshes(&world);
    let refused = shop_access(&world.app, &shop(&world).await, None).await;
    assert!(matches!(refused, Err(AccessError::Ended { version: 1 })), "{refused:?}");
    for _ in 0..10 {
        world.time.skip(Duration::from_secs(300));
        world.tick().await;
        world.push().await;
    }
    assert!(refreshes(&world) <= before + 3, "a dead token is not asked for again and again: {}", refreshes(&world));
    assert_eq!(shop(&world).await.parked.map(|parked| parked.reason), Some(Reason::AuthExpired));
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_tiktok_asks_for_is_kept_by_both_schedules() {
    let calls = |world: &World| world.tiktok.with_journal(|journal| journal.requests.len());
    for by_push in [false, true] {
        let world = World::new().await;
        ship(&world).await;
        let throttle = Fault::Throttle { retry_after: Some(Duration::from_secs(100)) };
        world.tiktok.inject(FaultRule::new(throttle).times(1));
        let before = calls(&world);
        if by_push {
            world.push().await;
        } else {
            world.tick().await;
        }
        assert_eq!(calls(&world), before + 1, "nothing follows the refusal (push: {by_push})");
        for _ in 0..3 {
            world.time.skip(Duration::from_secs(30));
            world.tick().await;
            world.push().await;
        }
        assert_eq!(calls(&world), before + 1, "nothing within the pause (push: {by_push})");
        world.time.skip(Duration::from_secs(3600));
        world.tick().await;
        world.push().await;
        assert_eq!(world.at_tiktok(SHOP, ORDER), [NUMBER], "then it goes on (push: {by_push})");
    }
}
