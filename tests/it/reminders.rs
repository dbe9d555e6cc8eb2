//! Ninety days of one connection: each mail of the ladder once, the refusal, the mail's link, and everything goes on.

use std::time::Duration;
use waybill::domain::ids::ShopId;
use waybill::domain::parcel::ParcelState;
use waybill::domain::reason::Reason;
use waybill_model::tiktok::{Call, Fault, FaultRule};
use waybill_tests::world::browser::{Browser, ORIGIN};
use waybill_tests::world::{SHOP, World, fulfilment, mail_subject, mail_text, shopify_order};

const ORDERS: [&str; 2] = ["576000000000000017", "576000000000000025"];
const HOUR: Duration = Duration::from_secs(3600);

/// Ticks every twelve hours, as long as the story needs.
async fn days(world: &World, days: u32) {
    for _ in 0..days * 2 {
        world.time.skip(12 * HOUR);
        world.tick().await;
    }
}

/// USPS numbers with good check digits, by the store's order.
fn usps(order: u64) -> String {
    format!("94001000000000000000{}", [13, 20, 37][usize::try_from(order % 1042).expect("small")])
}

async fn ship(world: &World, store: &waybill::flows::connect::store::Added, number: u64, tiktok: &str) {
    world.tiktok.order(SHOP, tiktok).lines(&[("MUG-BLUE", 1)]).place();
    let version = world.time.now().to_string();
    let parcel = usps(number);
    let parcel = fulfilment(number, number, &version, "USPS", &[&parcel], &[("MUG-BLUE", 1)]);
    let body = shopify_order(number, tiktok, &version, &[parcel]);
    assert_eq!(world.shopify(store, "orders/fulfilled", &body).await.status(), 200);
}

fn reconnect_link(mail: &str) -> String {
    let text = mail_text(mail);
    let start = text.find(&format!("{ORIGIN}/reconnect?t=")).unwrap_or_else(|| panic!("no link: {text}"));
    text[start..].split_whitespace().next().expect("a link").to_owned()
}

#[tokio::test(start_paused = true)]
async fn ninety_days_end_in_a_reconnect_and_nothing_is_lost() {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    world.tick().await;
    days(&world, 89).await;
    let subjects: Vec<String> = world.mails().iter().map(|mail| mail_subject(mail)).collect();
    let left: Vec<&str> = subjects.iter().filter_map(|s| s.rsplit('(').next()?.strip_suffix(')')).collect();
    let ladder = ["30 days left", "14 days left", "7 days left", "3 days left", "2 days left", "1 day left"];
    assert_eq!(left, ladder, "{subjects:?}");

    // The day is over and TikTok still accepts: everything runs.
    days(&world, 2).await;
    let last = world.mails().pop().expect("a mail");
    assert!(mail_subject(&last).contains("overdue - tracking still runs"), "{}", mail_subject(&last));
    ship(&world, &store, 1042, ORDERS[0]).await;
    let run = world.push().await;
    assert_eq!(run.pushed, 1, "{run:?} {:?}", world.rows(&store.store.id, "1042").await);

    // TikTok refuses. The shop is parked and told of, its parcels wait.
    world.tiktok.revoke(SHOP);
    for (number, order) in [(1043, ORDERS[1]), (1044, "576000000000000033")] {
        ship(&world, &store, number, order).await;
    }
    let run = world.push().await;
    assert_eq!((run.pushed, run.parked_shops), (0, 1), "{run:?}");
    world.tick().await;
    let refused = world.mails().pop().expect("a mail");
    assert_eq!(mail_subject(&refused), format!("Model shop {SHOP}: TikTok Shop disconnected - tracking is paused"));
    assert!(
        mail_text(&refused).contains("105002") && mail_text(&refused).contains("Trackings waiting: 2"),
        "{}",
        mail_text(&refused)
    );
    let told = world.mails().len();
    world.tick().await;
    assert_eq!(world.mails().len(), told, "each step once");

    // Scanners open the link and press what they find: nothing is used up.
    let link = reconnect_link(&refused);
    for method in ["HEAD", "GET", "GET"] {
        let mut scanner = Browser::default();
        let page = scanner.send(&world, method, &link, "").await;
        assert_eq!((page.status, page.location.as_str()), (303, "/reconnect"));
        assert_eq!(Browser::default().post(&world, "/reconnect", &[]).await.status, 403);
    }

    // The owner opens it, presses the button, says yes.
    let mut owner = Browser::default();
    owner.get(&world, &link).await;
    let page = owner.get(&world, "/reconnect").await;
    assert!(page.text.contains("Tracking is paused since"), "{}", page.text);
    let csrf = page.field("csrf");
    let consent = owner.post(&world, "/reconnect", &[("csrf", &csrf)]).await;
    assert_eq!(consent.status, 303, "{}", consent.text);
    let done = owner.consent(&world, &consent.location).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert!(done.text.contains("Connected again") && done.text.contains("2 trackings"), "{}", done.text);

    // Everything goes on by itself, and the owner hears how it went.
    assert_eq!(world.push().await.pushed, 2);
    for number in ["1043", "1044"] {
        assert_eq!(world.rows(&store.store.id, number).await[0].state, ParcelState::Accepted);
    }
    world.time.skip(HOUR / 12);
    world.tick().await;
    let resumed = world.mails().pop().expect("a mail");
    assert_eq!(mail_subject(&resumed), format!("Model shop {SHOP}: reconnected, 2 trackings sent"));
    days(&world, 3).await;
    let about_access = |mail: &String| mail_subject(mail).contains("connect");
    let last = world.mails().into_iter().rev().find(about_access).expect("a mail");
    assert_eq!(mail_subject(&last), mail_subject(&resumed), "reminders stop");

    // The old link explains itself.
    let mut late = Browser::default();
    late.get(&world, &link).await;
    let page = late.get(&world, "/reconnect").await;
    assert_eq!(page.status, 410);
    assert!(page.text.contains("Already reconnected"), "{}", page.text);
}

#[tokio::test(start_paused = true)]
async fn ticks_that_were_missed_are_caught_up_with_one_mail() {
    let world = World::new().await;
    world.tick().await;
    world.time.skip(HOUR * 24 * 88);
    for _ in 0..3 {
        world.time.skip(HOUR / 12);
        world.tick().await;
    }
    let subjects: Vec<String> = world.mails().iter().map(|mail| mail_subject(mail)).collect();
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    assert!(subjects[0].contains("2 days left"), "{subjects:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_refresh_parks_the_shop_and_tells_its_owner_daily_then_weekly() {
    let world = World::new().await;
    world.tick().await;
    world.tiktok.revoke(SHOP);
    days(&world, 8).await;
    let shop =
        world.app.table.shop_get(&ShopId::parse(SHOP).expect("id"), true).await.expect("read").expect("there").row;
    let parked = shop.parked.expect("parked");
    assert_eq!(parked.reason, Reason::AuthExpired);
    let wait = world.time.now().duration_since(parked.since);
    let before = world.mails().len();
    let expected = usize::try_from(wait.as_hours() / 24).expect("small") + 1;
    assert!(before.abs_diff(expected) <= 1, "{before} mails after {wait:?}");
    days(&world, 35).await;
    let total = world.mails().len();
    assert!((14 + 2..=14 + 5).contains(&total), "fourteen daily mails, then one a week: {total}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_refresh_answer_ends_parked_told_and_with_nothing_lost() {
    let world = World::new().await;
    world.tiktok.configure(|settings| settings.rotate_refresh = true);
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    world.tick().await;
    world.tiktok.inject(FaultRule::new(Fault::ResetAfter).on(&[Call::RefreshToken]).times(1));
    days(&world, 8).await;
    ship(&world, &store, 1042, ORDERS[0]).await;
    world.push().await;
    world.tick().await;
    let subjects: Vec<String> = world.mails().iter().map(|mail| mail_subject(mail)).collect();
    assert!(subjects.iter().any(|s| s.contains("disconnected - tracking is paused")), "{subjects:?}");
    let row = &world.rows(&store.store.id, "1042").await[0];
    assert!(row.due.is_some(), "it waits where it is: {:?}", row.state);
}
