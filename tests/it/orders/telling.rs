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

#[tokio::test(start_paused = true)]
async fn a_week_is_reported_on_monday_to_those_who_asked_for_it() {
    let world = world().await;
    // A Saturday: two Mondays in nine days.
    world.hours(24 * 4).await;
    assert_eq!(told(&world, "weekly tracking report").len(), 0, "nobody asked");
    world.command(&["shop", "set", SHOP, "--weekly-report", "yes"]).await;
    world.hours(24 * 7).await;
    let subjects = told(&world, "weekly tracking report");
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    let mails = world.mails();
    let mail = mails.iter().find(|mail| mail_subject(mail).contains("weekly")).expect("a mail");
    let text = mail_text(mail);
    for words in ["Orders: ", "Numbers that TikTok has: 0", "Late dispatch (estimate)", "switched off"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_mapped_carrier_that_leaves_the_list_is_told_once_with_its_mapping() {
    let world = world().await;
    world.command(&["map", "set", "Blue Van", "OnTrac", "--shop", SHOP]).await;
    world.tiktok.set_provider(SHOP, "7132721393761781550", false);
    world.hours(24 * 4).await;
    let subjects = told(&world, "carrier list changed");
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    let mails = world.mails();
    let mail = mails.iter().find(|mail| mail_subject(mail).contains("carrier list")).expect("a mail");
    let text = mail_text(mail);
    assert!(text.contains("Blue Van") && text.contains("OnTrac") && text.contains("/mapping?shop="), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_disconnected_shop_is_told_the_nearest_deadline_that_is_still_ahead() {
    let world = world().await;
    world.minutes(5).await;
    let near = world.time.now() + Duration::from_secs(2 * 3600);
    world.tiktok.move_deadline(SHOP, ORDER, "rts_sla_time", Some(near));
    world.tiktok.change_order(SHOP, ORDER, |order| order.updated += Duration::from_secs(1));
    world.minutes(70).await;
    // Without its webhook: the refusal of a call is what tells.
    world.tiktok.revoke(SHOP);
    drop(world.tiktok.take_webhooks());
    world.hours(30).await;
    let mails = world.mails();
    let mails: Vec<_> = mails.iter().filter(|mail| mail_subject(mail).contains("disconnected")).collect();
    let (first, last) = (mail_text(mails.first().expect("a mail")), mail_text(mails.last().expect("a mail")));
    assert!(mails.len() >= 2 && first.contains("Nearest deadline") && last.contains("Nearest deadline"), "{last}");
    let line = |text: &str| text.lines().find(|line| line.contains("Nearest deadline")).unwrap_or_default().to_owned();
    assert_ne!(line(&first), line(&last), "the first one has passed meanwhile");
    assert!(line(&last).contains(ORDER), "{last}");
}
