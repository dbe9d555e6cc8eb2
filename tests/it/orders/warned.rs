//! A number that TikTok took with a warning is not done.

use serde_json::json;
use waybill::flows::connect::store::Added;
use waybill_model::tiktok::{Fault, FaultRule};
use waybill_tests::sim::script::usps;
use waybill_tests::world::{SHOP, World, fulfilment, mail_subject, mail_text, shopify_order};

const ORDER: &str = "576000000000000017";
const WORDS: &str = "This tracking number looks like one of UPS.";

fn number() -> String {
    usps(17)
}

/// The store tells of its one parcel, now with this status.
async fn tells(world: &World, store: &Added, status: &str) {
    let version = world.time.now().to_string();
    let mut parcel = fulfilment(1, 5_900_000_001_042, &version, "USPS", &[&number()], &[("MUG", 1)]);
    parcel["status"] = status.into();
    let order = shopify_order(5_900_000_001_042, ORDER, &version, &[parcel]);
    world.shopify(store, "orders/fulfilled", &order).await;
}

/// A world with one order whose number TikTok took with a warning.
async fn warned() -> World {
    warned_by().await.0
}

/// The same, with the store that told the number.
async fn warned_by() -> (World, Added) {
    let world = World::everyday("US").await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    world.tiktok.order(SHOP, ORDER).line("MUG", 1).place();
    world.minute().await;
    world.tiktok.inject(FaultRule::new(Fault::Warning(WORDS.into())).writes(true).shop(SHOP).times(1));
    tells(&world, &store, "success").await;
    world.minute().await;
    world.holds(SHOP, ORDER, &[&number()]).await;
    (world, store)
}

#[tokio::test(start_paused = true)]
async fn a_warning_is_listed_with_its_words_its_carrier_as_a_command_and_what_is_left() {
    let world = warned().await;
    world.hours(2).await;
    let row = world.listed(&number(), &["ACCEPTED_WITH_WARNING"]).await;
    let command = format!("waybill correct {} --carrier UPS", number());
    assert_eq!((&row["command"], &row["tiktok_order"]), (&json!(command), &json!(ORDER)));
    let detail = row["detail"].as_str().unwrap_or_default();
    assert!(detail.contains(WORDS) && detail.contains("1 correction left, 69 h left"), "{detail}");
    world.hours(71).await;
    let row = world.listed(&number(), &["ACCEPTED_WITH_WARNING"]).await;
    assert!(row["remedy"].as_str().is_some_and(|remedy| remedy.to_lowercase().contains("ticket")), "{row}");
}

#[tokio::test(start_paused = true)]
async fn a_mail_tells_of_a_warning_once_with_words_and_what_is_left() {
    let world = warned().await;
    world.hours(3).await;
    let mails = world.mails();
    let told: Vec<_> = mails.iter().filter(|mail| mail_subject(mail).contains("accepted 1 with a warning")).collect();
    assert_eq!(told.len(), 1, "{:?}", mails.iter().map(|mail| mail_subject(mail)).collect::<Vec<_>>());
    let text = mail_text(told[0]);
    assert!(text.contains(&number()) && text.contains(WORDS) && text.contains("1 correction left"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_warning_leaves_the_list_with_the_first_scan() {
    let world = warned().await;
    world.hours(1).await;
    world.listed(&number(), &["ACCEPTED_WITH_WARNING"]).await;
    world.tiktok.scan(SHOP, ORDER);
    world.minutes(10).await;
    world.quiet(ORDER).await;
}

#[tokio::test(start_paused = true)]
async fn a_warning_stands_when_the_store_takes_the_parcel_back_and_tells_it_again_until_it_is_scanned() {
    for scanned in [false, true] {
        let (world, store) = warned_by().await;
        if scanned {
            world.tiktok.scan(SHOP, ORDER);
            world.minutes(10).await;
        }
        for status in ["cancelled", "success", "cancelled", "success"] {
            world.hours(1).await;
            tells(&world, &store, status).await;
            world.minutes(3).await;
        }
        world.holds(SHOP, ORDER, &[&number()]).await;
        world.hours(2).await;
        if scanned {
            world.quiet(ORDER).await;
        } else {
            let row = world.listed(&number(), &["ACCEPTED_WITH_WARNING"]).await;
            assert!(row["detail"].as_str().is_some_and(|detail| detail.contains(WORDS)), "{row}");
        }
    }
}

/// Words are TikTok's only if it said them: what went wrong on the way warns of nothing.
#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_makes_no_warning() {
    let world = World::everyday("US").await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    world.tiktok.order(SHOP, ORDER).line("MUG", 1).place();
    for (status, silent) in [("success", false), ("cancelled", false), ("success", true)] {
        world.minute().await;
        let silence = silent.then(|| world.tiktok.inject(FaultRule::new(Fault::ResetBefore).shop(SHOP)));
        tells(&world, &store, status).await;
        world.hours(1).await;
        if silence.is_some() {
            world.tiktok.heal();
        }
    }
    world.hours(2).await;
    world.holds(SHOP, ORDER, &[&number()]).await;
    world.quiet(ORDER).await;
}

#[tokio::test(start_paused = true)]
async fn a_warning_leaves_the_list_when_it_is_corrected_or_dismissed() {
    let world = warned().await;
    world.command(&["correct", &number(), "--carrier", "UPS"]).await;
    world.minutes(2).await;
    assert_ne!(world.held().await.reason(&number()), "ACCEPTED_WITH_WARNING", "{}", world.told(ORDER).await);
    let world = warned().await;
    world.command(&["dismiss", &number(), "--note", "the carrier is right"]).await;
    world.hours(2).await;
    world.quiet(ORDER).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_correction_is_told_with_what_is_left_and_goes_out_once_confirmed() {
    let world = warned().await;
    world.hours(3).await;
    world.tiktok.inject(FaultRule::new(Fault::Code(21_004_015)).writes(true).shop(SHOP).times(1));
    world.command(&["correct", &number(), "--number", &usps(18)]).await;
    world.hours(1).await;
    let mails = world.mails();
    let told = mails.iter().map(|mail| mail_text(mail)).find(|text| text.contains("21004015")).expect("a mail");
    assert!(told.contains("1 correction left, 68 h left"), "{told}");
    world.command(&["confirm", &usps(18)]).await;
    world.minutes(3).await;
    world.holds(SHOP, ORDER, &[&usps(18)]).await;
    world.quiet(ORDER).await;
}
