//! B and D: trouble that passes, and one bad order among good ones.

use super::{ONE, TWO, parcel};
use waybill_model::stores::{IdField, Kind, Mischief};
use waybill_model::tiktok::{Call, Fault, FaultRule};
use waybill_tests::sim::script::usps;
use waybill_tests::world::{SHOP, World};

#[tokio::test(start_paused = true)]
async fn store_hiccup_after_a_long_pause() {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let front = world.open_store(Kind::Shopify).await;
    front.model.subscribe_all(&front.added.webhook_url);
    let twin = front.model.order().line("MUG", 1).tiktok(IdField::Main, ONE).place();
    world.tiktok.revoke(SHOP);
    world.hear().await;
    let number = usps(1);
    front.model.fulfil(twin, &[], &[&number], "USPS").expect("shipped");
    world.delivered(&front).await;
    world.hours(25).await;
    world.connect_shop_again(SHOP).await;
    front.model.misbehave(Mischief::Status(503), Some(1));
    world.hours(3).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet(&twin.to_string()).await;
}

#[tokio::test(start_paused = true)]
async fn lost_answer_after_many_look_ups() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.hours(16).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tiktok.inject(FaultRule::new(Fault::HangAfter).on(&[Call::MarkPackage]).times(1));
    world.hours(3).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
    let (rows, _) = world.command(&["order", "W1"]).await;
    assert_eq!(rows[0]["state"], "ACCEPTED", "{rows:?}");
}

#[tokio::test(start_paused = true)]
async fn many_answers_lost() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let number = usps(1);
    world.tiktok.inject(FaultRule::new(Fault::HangBefore).on(&[Call::MarkPackage]).times(12));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.hours(20).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn temporary_for_thirty_hours() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let number = usps(1);
    world.tiktok.inject(FaultRule::new(Fault::Code(21_008_300)).on(&[Call::MarkPackage]));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.hours(12).await;
    world.quiet("W1").await;
    world.hours(18).await;
    assert!(world.held().await.about(&number).is_some(), "a day of trouble is listed: {}", world.told("W1").await);
    world.tiktok.heal();
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
}

#[tokio::test(start_paused = true)]
async fn one_bad_order_in_a_batch() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let orders: Vec<String> = (1..=6).map(|n| format!("57600000000000000{n}")).collect();
    for (n, order) in (1..).zip(&orders) {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
        let body = parcel(&world, &format!("W{n}"), order, "1", &usps(n), &[("MUG", 1)]);
        world.tell(&store, body).await;
    }
    world.tiktok.inject(FaultRule::new(Fault::Code(10_006_402)).on(&[Call::GetOrders]).id(&orders[2]));
    world.hours(2).await;
    for (n, order) in (1..).zip(&orders) {
        let number = usps(n);
        world.holds(SHOP, order, &[if n == 3 { "-" } else { &number }]).await;
    }
    let held = world.held().await;
    assert!(held.0.iter().all(|row| row["number"] == *usps(3)), "{:?}", held.0);
    assert_ne!(held.reason(&usps(3)), "SCOPE_MISSING", "the code speaks of one order, not of the app's rights");
}

/// The refusal was about showing the order, not about the number: once the order is read, it says nothing any more.
#[tokio::test(start_paused = true)]
async fn a_read_that_was_refused_holds_a_number_until_the_order_is_read() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    world.tiktok.inject(FaultRule::new(Fault::Code(10_006_402)).on(&[Call::GetOrders]).id(ONE));
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.hours(3).await;
    assert!(world.held().await.about(&number).is_some(), "{}", world.told("W1").await);
    world.tiktok.heal();
    world.hours(3).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
}

/// Z: a refusal that repeats after lost answers becomes known by a read that is newer for certain.
#[tokio::test(start_paused = true)]
async fn a_number_of_another_order_is_told_although_the_first_answers_were_lost() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    for order in [ONE, TWO] {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).recipient(order).place();
    }
    let number = usps(1);
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    world.minutes(10).await;
    world.tiktok.inject(FaultRule::new(Fault::ResetAfter).writes(true).times(3));
    world.tell(&store, parcel(&world, "W2", TWO, "1", &number, &[("MUG", 1)])).await;
    world.hours(4).await;
    world.holds(SHOP, TWO, &["-"]).await;
    world.listed(&number, &["TRACKING_DUPLICATE"]).await;
}

/// Z: the call arrived, its answer did not, and reads show it late. That TikTok then refuses the order's status says only
/// that: nobody is asked for anything, and the number counts once a read shows it.
#[tokio::test(start_paused = true)]
async fn a_refusal_after_a_lost_answer_is_no_verdict_while_reads_are_behind() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ONE).lines(&[("MUG", 1)]).place();
    let number = usps(1);
    world.tiktok.configure(|settings| settings.read_lag = jiff::SignedDuration::from_mins(10));
    world.hours(1).await;
    world.tiktok.inject(FaultRule::new(Fault::ResetAfter).on(&[Call::MarkPackage]).times(1));
    world.tell(&store, parcel(&world, "W1", ONE, "1", &number, &[("MUG", 1)])).await;
    for minute in 1..=30 {
        world.minute().await;
        if minute == 1 {
            world.tiktok.inject(FaultRule::new(Fault::Code(21_011_003)).on(&[Call::MarkPackage]).times(2));
        }
        let held = world.held().await;
        assert!(held.about(&number).is_none(), "minute {minute}: {:?}", held.0);
    }
    world.hours(2).await;
    world.holds(SHOP, ONE, &[&number]).await;
    world.quiet("W1").await;
    let (rows, _) = world.command(&["order", "W1"]).await;
    assert_eq!(rows[0]["state"], "ACCEPTED", "{rows:?}");
}

/// X: the code passes, and still only the one order waits for it.
#[tokio::test(start_paused = true)]
async fn an_order_whose_reads_fail_for_hours_keeps_nobody_waiting() {
    let world = World::everyday("US").await;
    let store = world.warehouse("wh", &[SHOP]).await;
    let orders: Vec<String> = (1..=6).map(|n| format!("57600000000000000{n}")).collect();
    world.tiktok.inject(FaultRule::new(Fault::Code(36_009_003)).on(&[Call::GetOrders]).id(&orders[2]));
    for (n, order) in (1..).zip(&orders) {
        world.tiktok.order(SHOP, order).lines(&[("MUG", 1)]).place();
        let body = parcel(&world, &format!("W{n}"), order, "1", &usps(n), &[("MUG", 1)]);
        world.tell(&store, body).await;
    }
    world.minutes(15).await;
    for (n, order) in (1..).zip(&orders) {
        let number = usps(n);
        world.holds(SHOP, order, &[if n == 3 { "-" } else { &number }]).await;
    }
    world.tiktok.heal();
    world.hours(2).await;
    world.holds(SHOP, &orders[2], &[&usps(3)]).await;
}
