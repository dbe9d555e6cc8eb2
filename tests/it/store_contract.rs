//! The same promises asked of every platform and way, through the real handler.

use bytes::Bytes;
use http::{HeaderValue, Request};
use std::time::Duration;
use waybill::domain::parcel::{Parcel, ParcelState, Phase};
use waybill::flows::connect::store as connect_store;
use waybill_model::stores::{IdField, Kind, Way};
use waybill_tests::world::stores::{Front, KINDS, PREVIOUS, copy_of};
use waybill_tests::world::{SHOP, World, text};

const ORDER: &str = "576000000000000017";
const A: &str = "9310215860339224995564";
const B: &str = "9474824340957450782691";
const C: &str = "9534697944047198300361";

/// A world with one store of this kind, subscribed, and an order of two mugs on both sides.
async fn town(kind: Kind) -> (World, Front, u64) {
    let world = World::new().await;
    world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 2)]).place();
    let front = world.open_store(kind).await;
    front.model.subscribe_all(&front.added.webhook_url);
    let twin = front.model.order().line("MUG-BLUE", 2).tiktok(IdField::Main, ORDER).place();
    // Pings and the order's own creation.
    world.deliver(&front).await;
    (world, front, twin)
}

/// The store's order as our rows name it.
fn order_id(front: &Front, twin: u64) -> String {
    match front.model.kind() {
        Kind::Generic => front.model.order_now(twin).expect("an order").name,
        _ => twin.to_string(),
    }
}

/// Ways whose bodies say neither when something happened nor what it is now.
fn is_timeless(kind: Kind) -> bool {
    matches!(kind, Kind::Magento(Way::Mageplaza | Way::CommerceWebhooks))
}

/// What a delivery about one shipment looks like on this platform.
fn shipped(front: &Front, twin: u64, number: &str) -> Vec<Request<Bytes>> {
    front.model.fulfil(twin, &[("MUG-BLUE", 1)], &[number], "USPS").expect("shipped");
    let requests: Vec<_> = front.model.deliveries().into_iter().map(|outgoing| outgoing.request).collect();
    assert!(!requests.is_empty());
    requests
}

async fn receive_all(world: &World, requests: &[Request<Bytes>]) -> Vec<u16> {
    let mut answers = Vec::new();
    for request in requests {
        answers.push(world.receive(copy_of(request)).await.status().as_u16());
    }
    answers
}

fn all(answers: &[u16], status: u16) -> bool {
    !answers.is_empty() && answers.iter().all(|answer| *answer == status)
}

/// Number and whether it counts, of every row of an order; what was read at another moment may differ in nothing else.
fn state(rows: &[Parcel]) -> Vec<(String, bool)> {
    let number = |row: &Parcel| row.number.as_ref().map_or(String::new(), |number| number.key());
    let mut state: Vec<_> = rows.iter().map(|row| (number(row), !matches!(row.state.phase(), Phase::Closed))).collect();
    state.sort();
    state
}

/// Runs the push until thin deliveries are read and numbers are sent.
async fn settle(world: &World) {
    for _ in 0..3 {
        world.push().await;
        world.time.skip(Duration::from_secs(120));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_or_missing_signature_is_refused_and_leaves_nothing() {
    for kind in KINDS {
        let (world, front, twin) = town(kind).await;
        let before = world.app.table.usage().write_requests;
        let mut refused = 0;
        for request in shipped(&front, twin, A) {
            let mut tampered = copy_of(&request);
            let mut body = tampered.body().to_vec();
            body.push(b' ');
            *tampered.body_mut() = body.into();
            let mut stripped = copy_of(&request);
            let mut forged = copy_of(&request);
            for name in request.headers().keys() {
                let word = name.as_str();
                let proves = ["signature", "hmac-sha256", "tracking-auth", "signature-1", "signature-2"];
                if proves.iter().any(|part| word.ends_with(part)) {
                    stripped.headers_mut().remove(name);
                    let value = HeaderValue::from_static("v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
                    forged.headers_mut().insert(name, value);
                }
            }
            // A static header covers no body.
            let covers_body = kind != Kind::Magento(Way::Mageplaza);
            for (case, request) in
                [("body", covers_body.then_some(tampered)), ("missing", Some(stripped)), ("forged", Some(forged))]
            {
                let Some(request) = request else { continue };
                let answer = world.receive(request).await;
                assert_eq!(answer.status(), 401, "{kind:?}, {case}");
                refused += 1;
                assert!(text(&answer).contains("\"error\":\"signature\""), "{kind:?}, {case}");
            }
        }
        // Nothing but the count of what was refused, for the person who tries a secret.
        assert_eq!(world.app.table.usage().write_requests, before + refused, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn either_of_two_active_secrets_is_accepted() {
    for kind in KINDS {
        let (world, front, twin) = town(kind).await;
        assert!(all(&receive_all(&world, &shipped(&front, twin, A)).await, 200), "{kind:?}, the current secret");
        let rotate = |secret: &str, signers: [bool; 2]| {
            front.model.configure(|about| {
                about.secret = secret.to_owned();
                about.signers = signers;
                if kind == Kind::Magento(Way::Mageplaza) {
                    about.header.1 = secret.to_owned();
                }
            });
            front.model.drop_subscriptions();
            front.model.subscribe_all(&front.added.webhook_url);
        };
        rotate(PREVIOUS, [false, true]);
        assert!(all(&receive_all(&world, &shipped(&front, twin, B)).await, 200), "{kind:?}, the previous secret");
        rotate("some-other-secret", [false, false]);
        let third = front.model.order().line("MUG-BLUE", 2).place();
        drop(front.model.deliveries());
        assert!(all(&receive_all(&world, &shipped(&front, third, C)).await, 401), "{kind:?}, another secret");
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeated_delivery_is_answered_without_a_write() {
    for kind in KINDS {
        let (world, front, twin) = town(kind).await;
        let requests = shipped(&front, twin, A);
        assert!(all(&receive_all(&world, &requests).await, 200), "{kind:?}");
        for moment in ["at once", "after the push"] {
            let before = world.app.table.usage().write_requests;
            for _ in 0..5 {
                assert!(all(&receive_all(&world, &requests).await, 200), "{kind:?}, {moment}");
            }
            // When the store was last heard is noted every five minutes.
            assert!(world.app.table.usage().write_requests <= before + 1, "{kind:?}, {moment}");
            settle(&world).await;
            // Within the time that BigCommerce and the generic endpoint sign.
            world.time.skip(Duration::from_secs(1));
            // What Mageplaza and Commerce Webhooks send names no moment, so a repeat may be news and is read again.
            if matches!(kind, Kind::BigCommerce | Kind::Generic) || is_timeless(kind) {
                break;
            }
        }
        assert_eq!(world.at_tiktok(SHOP, ORDER)[0], A, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn shuffled_and_repeated_deliveries_end_in_the_same_state() {
    for kind in KINDS {
        let mut states = Vec::new();
        for turn in [0, 1, 3usize] {
            let (world, front, twin) = town(kind).await;
            let mut requests = Vec::new();
            let first = front.model.fulfil(twin, &[("MUG-BLUE", 1)], &[A], "USPS").expect("shipped");
            requests.extend(front.model.deliveries());
            world.time.skip(Duration::from_secs(2));
            front.model.edit_tracking(twin, first, &[B], "USPS");
            requests.extend(front.model.deliveries());
            world.time.skip(Duration::from_secs(2));
            front.model.fulfil(twin, &[("MUG-BLUE", 1)], &[C], "USPS").expect("shipped");
            requests.extend(front.model.deliveries());
            let mut requests: Vec<_> = requests.into_iter().map(|outgoing| outgoing.request).collect();
            let doubled: Vec<_> = requests.iter().map(copy_of).collect();
            requests.extend(doubled);
            let length = requests.len();
            match turn {
                0 => {}
                1 => requests.reverse(),
                _ => requests.rotate_left(turn % length),
            }
            assert!(all(&receive_all(&world, &requests).await, 200), "{kind:?}");
            // Mage-OS tells nothing of an edited track; its poll does.
            if matches!(kind, Kind::Magento(Way::MageOs | Way::Mageplaza)) {
                world.tick().await;
            }
            settle(&world).await;
            states.push(state(&world.rows(&front.added.store.id, &order_id(&front, twin)).await));
        }
        let live: Vec<&str> = states[0].iter().filter(|(_, live)| *live).map(|(number, _)| number.as_str()).collect();
        assert_eq!(live, [B, C], "{kind:?}: {states:?}");
        for other in &states[1..] {
            let live_there: Vec<&str> = other.iter().filter(|(_, live)| *live).map(|(n, _)| n.as_str()).collect();
            assert_eq!(live_there, live, "{kind:?}: {states:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn signed_nonsense_is_answered_200_and_the_store_is_read_at_once() {
    for kind in KINDS {
        let (world, front, twin) = town(kind).await;
        world.tick().await;
        world.time.skip(Duration::from_secs(2));
        front.model.fulfil(twin, &[], &[A], "USPS").expect("shipped");
        drop(front.model.deliveries());
        let nonsense = world.nonsense(&front).await;
        let expected = if kind == Kind::Generic { 422 } else { 200 };
        assert_eq!(nonsense.status().as_u16(), expected, "{kind:?}");
        if kind == Kind::Generic {
            // Its reader is a developer, and there is nothing to read.
            assert!(text(&nonsense).contains("\"error\":\"field\""), "{}", text(&nonsense));
            continue;
        }
        assert!(world.store(&front).await.poll_due.is_some_and(|due| due <= world.time.now()), "{kind:?}");
        assert!(world.tick().await.polls.found_only_by_poll >= 1, "{kind:?}");
        settle(&world).await;
        assert_eq!(world.at_tiktok(SHOP, ORDER), [A, A], "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn while_the_table_is_down_the_sender_is_asked_to_repeat() {
    for kind in KINDS {
        let (world, front, twin) = town(kind).await;
        let requests = shipped(&front, twin, A);
        world.wire.down(true);
        for request in &requests {
            let answer = world.receive(copy_of(request)).await;
            assert_eq!(answer.status(), 503, "{kind:?}");
            assert!(text(&answer).contains("\"error\":\"try_later\""), "{kind:?}");
        }
        world.wire.down(false);
        assert!(all(&receive_all(&world, &requests).await, 200), "{kind:?}");
        settle(&world).await;
        assert_eq!(world.at_tiktok(SHOP, ORDER)[0], A, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn deliveries_of_a_store_that_nobody_knows_are_answered_200_and_leave_nothing() {
    for kind in KINDS {
        let (world, front, twin) = town(kind).await;
        let requests = shipped(&front, twin, A);
        connect_store::remove(&world.app, &front.added.store.id).await.expect("removed");
        // Longer than a warm function remembers an address.
        world.time.skip(Duration::from_secs(90));
        let before = world.app.table.usage().write_requests;
        let answers = receive_all(&world, &requests).await;
        assert!(all(&answers, 200), "{kind:?}: {answers:?}");
        assert_eq!(world.app.table.usage().write_requests, before, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_newer_number_replaces_the_older_of_its_own_shipment_only_and_going_back_ends_at_the_first() {
    for kind in KINDS {
        let (world, front, twin) = town(kind).await;
        let first = front.model.fulfil(twin, &[("MUG-BLUE", 1)], &[A], "USPS").expect("shipped");
        front.model.fulfil(twin, &[("MUG-BLUE", 1)], &[C], "USPS").expect("shipped");
        assert!(all(&world.deliver(&front).await, 200), "{kind:?}");
        // The rows only: what TikTok takes of it is the push's own matter.
        let rows = || async {
            if !matches!(kind, Kind::Shopify | Kind::WooCommerce(_) | Kind::Generic) {
                settle(&world).await;
            }
            world.rows(&front.added.store.id, &order_id(&front, twin)).await
        };
        for number in [B, A] {
            world.time.skip(Duration::from_secs(5));
            assert!(front.model.edit_tracking(twin, first, &[number], "USPS"), "{kind:?}");
            assert!(world.deliver(&front).await.iter().all(|status| *status == 200), "{kind:?}");
            if matches!(kind, Kind::Magento(_)) {
                world.time.skip(Duration::from_secs(7200));
                world.tick().await;
            }
            let live: Vec<(String, bool)> = state(&rows().await).into_iter().filter(|(_, live)| *live).collect();
            let mut expected = vec![(number.to_owned(), true), (C.to_owned(), true)];
            expected.sort();
            assert_eq!(live, expected, "{kind:?} at {number}");
        }
        let rows = rows().await;
        let superseded = rows.iter().find(|row| row.number.as_ref().is_some_and(|number| number.as_str() == B));
        assert!(superseded.is_none_or(|row| row.state == ParcelState::Superseded), "{kind:?}: {superseded:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delivery_is_answered_without_a_call_to_a_store_or_to_tiktok() {
    for kind in KINDS {
        let (world, front, twin) = town(kind).await;
        // Adobe's public keys are fetched once a day, from Adobe.
        receive_all(&world, &shipped(&front, twin, A)).await;
        let requests = shipped(&front, twin, B);
        let calls = world.net.calls();
        assert!(all(&receive_all(&world, &requests).await, 200), "{kind:?}");
        world.nonsense(&front).await;
        assert_eq!(world.net.calls(), calls, "{kind:?}");
    }
}
