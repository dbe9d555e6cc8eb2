//! Mails about orders: once each, in time, and never about what is over.

use std::time::Duration;
use waybill_model::tiktok::Status;
use waybill_tests::world::{SHOP, World, mail_subject, mail_text};

const ORDER: &str = "576000000000000017";

/// Subjects of the mails so far that hold these words.
fn told(world: &World, words: &str) -> Vec<String> {
    world.mails().iter().map(|mail| mail_subject(mail)).filter(|subject| subject.contains(words)).collect()
}

async fn world() -> World {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, ORDER).line("MUG", 1).place();
    world.minute().await;
    world
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_told_at_24_12_and_4_hours_once_each() {
    let world = world().await;
    world.hours(47).await;
    let subjects = told(&world, "due in");
    assert_eq!(subjects.len(), 3, "{subjects:?}");
    for (subject, hours) in subjects.iter().zip(["24 h", "12 h", "4 h"]) {
        assert!(subject.contains(&format!("1 order due in {hours}")), "{subjects:?}");
    }
    let mails = world.mails();
    let mail = mails.iter().find(|mail| mail_subject(mail).contains("due in 24 h")).expect("a mail");
    assert!(mail_text(mail).contains(ORDER), "{}", mail_text(mail));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_was_moved_near_is_told_and_an_order_that_is_over_is_not() {
    let world = world().await;
    let other = "576000000000000018";
    world.tiktok.order(SHOP, other).line("MUG", 1).place();
    world.minutes(70).await;
    let near = world.time.now() + Duration::from_secs(3 * 3600);
    world.tiktok.move_deadline(SHOP, ORDER, "rts_sla_time", Some(near));
    world.tiktok.change_order(SHOP, ORDER, |order| order.updated += Duration::from_secs(1));
    world.tiktok.cancel(SHOP, other, "BUYER");
    world.minutes(150).await;
    let subjects = told(&world, "due in");
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    world.hours(48).await;
    let mails = world.mails();
    assert!(!mails.iter().any(|mail| mail_text(mail).contains(other)), "an order that was cancelled");
}

#[tokio::test(start_paused = true)]
async fn one_digest_a_day_names_what_has_no_number_and_none_comes_when_there_is_nothing() {
    let world = world().await;
    world.hours(46).await;
    let subjects = told(&world, "needs tracking today");
    assert_eq!(subjects.len(), 2, "two mornings in Los Angeles: {subjects:?}");
    world.tiktok.set_status(SHOP, ORDER, Status::Cancelled);
    world.hours(48).await;
    assert_eq!(told(&world, "tracking today").len(), 2, "nothing is left to tell");
}

#[tokio::test(start_paused = true)]
async fn a_parcel_that_is_not_delivered_in_time_is_told_once() {
    let world = world().await;
    let lines =
        world.tiktok.order_now(SHOP, ORDER).expect("order").lines.iter().map(|l| l.id.clone()).collect::<Vec<_>>();
    world.tiktok.ship_elsewhere(SHOP, ORDER, &lines, "9400100000000000000017", "7117858858072016686");
    world.tiktok.scan(SHOP, ORDER);
    world.hours(24 * 7).await;
    let subjects = told(&world, "delayed");
    assert_eq!(subjects.len(), 1, "{subjects:?}: {:?}", told(&world, ""));
    assert!(subjects[0].contains("9400100000000000000017"), "{subjects:?}");
}
