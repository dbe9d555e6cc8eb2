//! Nothing is lost when webhooks are: what a poll finds, which subscriptions are made again, what a merchant who leaves
//! takes along.

use std::time::Duration;
use waybill::domain::connection::{StoreSettings, StoreStatus};
use waybill::domain::ids::ShopId;
use waybill::domain::platform::Platform;
use waybill::flows::connect::store as connect_store;
use waybill::flows::intake::subscriptions as keep_subscriptions;
use waybill::stores::subscriptions::Goal;
use waybill_model::stores::{IdField, Kind, Mischief, Plugin, Way};
use waybill_tests::world::stores::{Front, KINDS};
use waybill_tests::world::{SHOP, World};

const ORDER: &str = "576000000000000017";
const NUMBER: &str = "9310215860339224995564";
/// The platforms whose API can be read.
const READABLE: [Kind; 7] = [
    Kind::Shopify,
    Kind::WooCommerce(Plugin::Ast),
    Kind::BigCommerce,
    Kind::Magento(Way::MageOs),
    Kind::Magento(Way::Mageplaza),
    Kind::Magento(Way::IoEvents),
    Kind::Magento(Way::CommerceWebhooks),
];
/// The platforms whose API makes subscriptions.
const SUBSCRIBABLE: [Kind; 4] =
    [Kind::Shopify, Kind::WooCommerce(Plugin::Ast), Kind::BigCommerce, Kind::Magento(Way::MageOs)];

/// A world with one store of this kind and one paid order on both sides.
async fn town(kind: Kind) -> (World, Front, u64) {
    let world = World::new().await;
    world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 1)]).place();
    let front = world.open_store(kind).await;
    let twin = front.model.order().line("MUG-BLUE", 1).tiktok(IdField::Main, ORDER).place();
    (world, front, twin)
}

async fn push_twice(world: &World) {
    world.push().await;
    world.time.skip(Duration::from_secs(120));
    world.push().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_webhook_is_found_by_the_next_poll_and_pushed() {
    for kind in READABLE {
        let (world, front, twin) = town(kind).await;
        let first = world.tick().await.polls;
        assert_eq!((first.stores_polled, first.polls_unfinished, first.found_only_by_poll), (1, 0, 0), "{kind:?}");
        world.time.skip(Duration::from_secs(1800));
        front.model.fulfil(twin, &[], &[NUMBER], "USPS").expect("shipped");
        let lost = front.model.deliveries();
        if SUBSCRIBABLE.contains(&kind) {
            assert!(!lost.is_empty(), "{kind:?}: the first tick subscribed");
        }
        assert_eq!(world.tick().await.polls.stores_polled, 0, "{kind:?}: not due yet");
        world.time.skip(Duration::from_secs(2400));
        let found = world.tick().await.polls;
        assert!(found.found_only_by_poll >= 1, "{kind:?}: {found:?}");
        push_twice(&world).await;
        assert_eq!(world.at_tiktok(SHOP, ORDER), [NUMBER], "{kind:?}");
        let row = world.row(&front.added.store.id, &twin.to_string(), NUMBER).await;
        assert!(row.healed, "{kind:?}: the row says that no webhook brought it");
        let store = world.store(&front).await;
        assert_eq!((store.polls.found, store.polls.trouble), (found.found_only_by_poll, None), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_webhook_brought_is_not_news_to_the_poll() {
    for kind in READABLE {
        let (world, front, twin) = town(kind).await;
        front.model.subscribe_all(&front.added.webhook_url);
        front.model.fulfil(twin, &[], &[NUMBER], "USPS").expect("shipped");
        let answers = world.deliver(&front).await;
        assert!(answers.iter().all(|status| *status == 200), "{kind:?}: {answers:?}");
        push_twice(&world).await;
        assert_eq!(world.at_tiktok(SHOP, ORDER), [NUMBER], "{kind:?}");
        let polled = world.tick().await.polls;
        assert_eq!((polled.stores_polled, polled.found_only_by_poll), (1, 0), "{kind:?}: {polled:?}");
        assert!(polled.shipments_seen > 0, "{kind:?}: the poll saw it");
    }
}

#[tokio::test(start_paused = true)]
async fn subscriptions_that_are_gone_or_asleep_are_made_again_within_a_day() {
    for kind in SUBSCRIBABLE {
        for asleep in [false, true] {
            let (world, front, twin) = town(kind).await;
            let made = world.tick().await.polls.subscriptions_repaired;
            assert!(made >= 2, "{kind:?}: {made} subscriptions made at the first tick");
            let before = front.model.subscriptions();
            if asleep && kind != Kind::Shopify {
                before.iter().for_each(|hook| front.model.disable_subscription(hook.id));
            } else {
                front.model.drop_subscriptions();
            }
            world.time.skip(Duration::from_secs(2));
            let report = keep_subscriptions::run(&world.app, &front.added.store, Goal::Check, Duration::from_secs(60));
            assert_eq!(report.await.expect("compared").missing.len() as u64, made, "{kind:?}: noticed");
            world.time.skip(Duration::from_secs(24 * 3600));
            let repaired = world.tick().await.polls.subscriptions_repaired;
            assert_eq!(repaired, made, "{kind:?}, asleep: {asleep}");
            assert_eq!(front.model.subscriptions().iter().filter(|hook| hook.active).count() as u64, made, "{kind:?}");
            // And they deliver what we believe.
            drop(world.deliver(&front).await);
            front.model.fulfil(twin, &[], &[NUMBER], "USPS").expect("shipped");
            let answers = world.deliver(&front).await;
            assert!(!answers.is_empty() && answers.iter().all(|status| *status == 200), "{kind:?}: {answers:?}");
            push_twice(&world).await;
            assert_eq!(world.at_tiktok(SHOP, ORDER), [NUMBER], "{kind:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_misbehaves_is_asked_again_and_nothing_is_skipped() {
    for kind in READABLE {
        let (world, front, _) = town(kind).await;
        world.tick().await;
        for mischief in [
            Mischief::Hang,
            Mischief::Reset,
            Mischief::Redirect("http://127.0.0.1:9001/2018-06-01/runtime".into()),
            Mischief::NotJson,
            Mischief::ChangedSchema,
            Mischief::Status(500),
            Mischief::Throttle(Some(30)),
            Mischief::Unauthorised,
        ] {
            world.time.skip(Duration::from_secs(3700));
            let twin = front.model.order().line("MUG-BLUE", 1).tiktok(IdField::Main, ORDER).place();
            front.model.fulfil(twin, &[], &[NUMBER], "USPS").expect("shipped");
            front.model.misbehave(mischief.clone(), None);
            let before = world.store(&front).await.polls;
            let failed = world.tick().await.polls;
            assert_eq!((failed.polls_unfinished, failed.found_only_by_poll), (1, 0), "{kind:?}, {mischief:?}");
            let after = world.store(&front).await.polls;
            assert!(after.trouble.is_some() && after.watermark == before.watermark, "{kind:?}, {mischief:?}");
            front.model.behave();
            world.time.skip(Duration::from_secs(3700));
            let found = world.tick().await.polls;
            assert!(found.found_only_by_poll >= 1, "{kind:?}, {mischief:?}: {found:?}");
            assert_eq!(world.store(&front).await.polls.trouble, None, "{kind:?}, {mischief:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn polls_come_hourly_while_a_store_ships_and_daily_when_it_sleeps() {
    let (world, front, twin) = town(Kind::Shopify).await;
    let mut polls = Vec::new();
    for hour in 0..96u64 {
        if hour == 2 {
            front.model.fulfil(twin, &[], &[NUMBER], "USPS").expect("shipped");
        }
        polls.push(world.tick().await.polls.stores_polled);
        world.time.skip(Duration::from_secs(3600));
    }
    let count = |from: usize, to: usize| polls[from..to].iter().sum::<u64>();
    assert_eq!(count(0, 24), 24, "hourly on the first day: {polls:?}");
    assert!((1..=3).contains(&count(30, 96)), "daily once nothing moves: {polls:?}");
}

#[tokio::test(start_paused = true)]
async fn two_ticks_at_once_read_a_store_once() {
    let (world, front, _) = town(Kind::Shopify).await;
    let (left, right) = tokio::join!(world.tick(), world.tick());
    assert_eq!(left.polls.stores_polled + right.polls.stores_polled, 1);
    assert!(!front.model.visits().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_disconnected_loses_its_subscriptions_and_every_row() {
    for kind in SUBSCRIBABLE {
        let (world, front, twin) = town(kind).await;
        world.tick().await;
        front.model.fulfil(twin, &[], &[NUMBER], "USPS").expect("shipped");
        world.deliver(&front).await;
        push_twice(&world).await;
        let removed = connect_store::disconnect(&world.app, &front.added.store.id).await.expect("removed");
        assert!(removed.rows >= 1 && removed.by_hand.is_empty(), "{kind:?}: {removed:?}");
        assert!(!front.model.subscriptions().iter().any(|hook| hook.active), "{kind:?}");
        assert!(world.rows(&front.added.store.id, &twin.to_string()).await.is_empty(), "{kind:?}");
        let again = connect_store::disconnect(&world.app, &front.added.store.id).await.expect("nothing left");
        assert_eq!(again, connect_store::Removed::default(), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_reached_is_disconnected_all_the_same_with_steps_for_a_person() {
    let (world, front, _) = town(Kind::WooCommerce(Plugin::Ast)).await;
    front.model.misbehave(Mischief::Reset, None);
    let removed = connect_store::disconnect(&world.app, &front.added.store.id).await.expect("removed");
    assert!(removed.by_hand[0].contains(&front.added.webhook_url), "{removed:?}");
    assert!(world.app.table.store_get(&front.added.store.id, true).await.expect("table").is_none());
}

#[tokio::test(start_paused = true)]
async fn an_uninstall_stops_everything_and_the_next_tick_forgets_the_token() {
    let (world, front, twin) = town(Kind::Shopify).await;
    front.model.subscribe_all(&front.added.webhook_url);
    front.model.uninstall();
    assert_eq!(world.deliver(&front).await, [200]);
    assert_eq!(world.store(&front).await.status, StoreStatus::Uninstalled);
    assert_eq!(world.tick().await.cleaned, 1);
    let access = waybill::flows::access::store::store_access(&world.app, &front.added.store).await.expect("table");
    assert!(access.is_none(), "its token is erased");
    // Nothing is accepted any more, and nobody is told off for it.
    front.model.subscribe_all(&front.added.webhook_url);
    front.model.fulfil(twin, &[], &[NUMBER], "USPS").expect("shipped");
    assert!(world.deliver(&front).await.iter().all(|status| *status == 200));
    assert!(world.rows(&front.added.store.id, &twin.to_string()).await.is_empty());
    world.time.skip(Duration::from_secs(90_000));
    assert_eq!(world.tick().await.polls.stores_polled, 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_to_erase_a_shop_erases_every_row_of_its_store_with_the_next_tick() {
    let (world, front, twin) = town(Kind::Shopify).await;
    front.model.subscribe_all(&front.added.webhook_url);
    front.model.subscribe("shop/redact", &front.added.webhook_url, None);
    front.model.fulfil(twin, &[], &[NUMBER], "USPS").expect("shipped");
    world.deliver(&front).await;
    assert!(!world.rows(&front.added.store.id, &twin.to_string()).await.is_empty());
    front.model.compliance("shop/redact");
    assert!(world.deliver(&front).await.iter().all(|status| *status == 200));
    assert_eq!(world.tick().await.cleaned, 1);
    assert!(world.rows(&front.added.store.id, &twin.to_string()).await.is_empty());
    assert!(world.app.table.store_get(&front.added.store.id, true).await.expect("table").is_none());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_a_store_that_was_removed() {
    for kind in KINDS {
        let (world, front, twin) = town(kind).await;
        let id = front.added.store.id.as_str().to_owned();
        let hook = front.added.store.hook.as_ref().map(|hook| hook.as_str().to_owned()).expect("a hook");
        front.model.subscribe_all(&front.added.webhook_url);
        front.model.fulfil(twin, &[], &[NUMBER], "USPS").expect("shipped");
        assert!(world.deliver(&front).await.iter().all(|status| *status == 200), "{kind:?}");
        world.push().await;
        let second = front.model.order().line("MUG-BLUE", 1).tiktok(IdField::Main, "576000000000000024").place();
        front.model.fulfil(second, &[], &["9534697944047198300361"], "USPS").expect("shipped");
        world.deliver(&front).await;
        let rows = || world.wire.all_rows(world.app.table.name());
        let about = |rows: &[serde_json::Value]| {
            rows.iter().filter(|row| row.to_string().contains(&id) || row.to_string().contains(&hook)).count()
        };
        assert!(about(&rows()) >= 4, "{kind:?}");
        connect_store::disconnect(&world.app, &front.added.store.id).await.expect("removed");
        let left: Vec<_> = rows().into_iter().filter(|row| row.to_string().contains(&id)).collect();
        assert_eq!(about(&rows()), 0, "{kind:?}: {left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_inside_the_network_is_refused_when_it_is_typed() {
    let world = World::new().await;
    for (address, way, field) in [
        ("http://shop.example", None, "--url"),
        ("https://127.0.0.1", None, "--url"),
        ("https://localhost", None, "--url"),
        ("https://user:pass@shop.example", None, "--url"),
        ("https://shop.example:8443", None, "--url"),
        ("https://shop.example", Some("carrier-pigeon"), "--way"),
    ] {
        let new = connect_store::NewStore {
            account: world.account.clone(),
            platform: Platform::Magento,
            shops: vec![ShopId::parse(SHOP).expect("an id")],
            address: address.to_owned(),
            settings: StoreSettings { way: way.map(str::to_owned), ..StoreSettings::default() },
            secrets: serde_json::from_value(serde_json::json!({"webhook_secret": "x"})).expect("secrets"),
        };
        let refused = connect_store::add(&world.app, new).await.expect_err(address).to_string();
        assert!(refused.starts_with(field), "{address}: {refused}");
    }
}
