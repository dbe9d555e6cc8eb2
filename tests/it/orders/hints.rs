//! A refusal whose cause is open, or an order that no store told of, is shown with a possible one, where the product's images
//! break TikTok's rules.

use waybill_model::tiktok::{Call, Fault, FaultRule};
use waybill_tests::sim::script::usps;
use waybill_tests::world::everyday::parcel;
use waybill_tests::world::{SHOP, World};

const ORDER: &str = "576000000000000017";

/// A parcel that TikTok refuses with this code; the product's image is small where `small`.
async fn refused(code: i64, small: bool, prepare: impl FnOnce(&World)) -> World {
    let world = World::everyday("US").await;
    let warehouse = world.warehouse("wh", &[SHOP]).await;
    world.tiktok.order(SHOP, ORDER).line("MUG", 1).place();
    let product = format!("1729{}", world.tiktok.order_now(SHOP, ORDER).expect("order").lines[0].sku_id);
    if small {
        world.tiktok.set_images(SHOP, &product, &[(300, 900, "https://p.example/a.jpg")]);
    }
    prepare(&world);
    world.minute().await;
    world.tiktok.inject(FaultRule::new(Fault::Code(code)).on(&[Call::MarkPackage]));
    world.tell(&warehouse, parcel(&world, "W1", ORDER, "1", &usps(17), &[("MUG", 1)])).await;
    world.hours(1).await;
    world
}

#[tokio::test(start_paused = true)]
async fn broken_image_rules_are_a_possible_cause_beside_the_reason_and_never_the_reason() {
    let world = refused(98_765_432, true, |_| {}).await;
    let row = world.listed(&usps(17), &["TIKTOK_UNLISTED"]).await;
    let detail = row["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("possible cause") && detail.contains("image 1 is small (300 x 900 pixels)"), "{row}");
    assert_eq!(world.tiktok.calls(Call::GetProduct), 1, "looked at once");
}

#[tokio::test(start_paused = true)]
async fn a_known_cause_good_images_or_a_missing_scope_give_no_hint_and_hold_nothing_up() {
    let world = refused(21_004_012, true, |_| {}).await;
    let row = world.listed(&usps(17), &["TRACKING_INVALID"]).await;
    assert!(!row["detail"].to_string().contains("possible cause"), "{row}");
    assert_eq!(world.tiktok.calls(Call::GetProduct), 0, "the cause is known");
    let world = refused(98_765_432, false, |_| {}).await;
    let row = world.listed(&usps(17), &["TIKTOK_UNLISTED"]).await;
    assert!(!row["detail"].to_string().contains("possible cause"), "{row}");
    let refuse = FaultRule::new(Fault::Code(105_005)).on(&[Call::GetProduct]);
    let world = refused(98_765_432, true, |world| world.tiktok.inject(refuse)).await;
    let row = world.listed(&usps(17), &["TIKTOK_UNLISTED"]).await;
    assert!(!row["detail"].to_string().contains("possible cause"), "{row}");
}

#[tokio::test(start_paused = true)]
async fn an_order_that_no_store_got_is_explained_with_its_images_as_a_possible_cause() {
    let world = World::everyday("US").await;
    for (order, width) in [(ORDER, 300), ("576000000000000018", 900)] {
        world.tiktok.order(SHOP, order).line(&format!("MUG-{width}"), 1).place();
        let product = format!("1729{}", world.tiktok.order_now(SHOP, order).expect("order").lines[0].sku_id);
        world.tiktok.set_images(SHOP, &product, &[(width, 900, "https://p.example/a.jpg")]);
    }
    world.hours(2).await;
    let images = async |order: &str| {
        let (rows, _) = world.command(&["explain", order]).await;
        let checks = rows[0]["checks"].as_array().cloned().unwrap_or_default();
        checks.into_iter().find(|check| check["check"] == "images")
    };
    let found = images(ORDER).await.expect("a hint");
    let said = found["said"].as_str().unwrap_or_default();
    assert!(said.contains("possible cause") && said.contains("300 x 900"), "{found}");
    assert_eq!(images("576000000000000018").await, None, "good images are no cause");
    // Without the scope nothing is said, and the rest of the answer stands.
    world.tiktok.inject(FaultRule::new(Fault::Code(105_005)).on(&[Call::GetProduct]));
    assert_eq!(images(ORDER).await, None);
}

/// An order that no store tells of: the products' images as told, then the hours go by.
async fn untold(hours: u64, width: u32, prepare: impl FnOnce(&World)) -> World {
    let world = World::everyday("US").await;
    world.tiktok.order(SHOP, ORDER).lines(&[("MUG", 1), ("CAP", 1)]).place();
    for line in world.tiktok.order_now(SHOP, ORDER).expect("order").lines {
        let product = format!("1729{}", line.sku_id);
        world.tiktok.set_images(SHOP, &product, &[(width, 900, "https://p.example/a.jpg")]);
    }
    prepare(&world);
    world.hours(hours).await;
    world
}

async fn possible_cause(world: &World) -> Option<String> {
    let (rows, _) = world.command(&["order", ORDER]).await;
    rows[0]["possible_cause"].as_str().map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn an_order_that_no_store_told_of_near_its_deadline_is_shown_with_a_possible_cause_after_one_look() {
    let early = untold(2, 300, |_| {}).await;
    assert_eq!(early.tiktok.calls(Call::GetProduct), 0, "there is time: merchants pack for a day");
    assert_eq!(possible_cause(&early).await, None);

    let world = untold(80, 300, |_| {}).await;
    let said = possible_cause(&world).await.expect("a hint");
    assert!(said.contains("image 1 is small (300 x 900 pixels)"), "{said}");
    assert_eq!(world.tiktok.calls(Call::GetProduct), 1, "one product, once, however often it is read");
    // The order itself needs a hand because it is late; the images are not its reason.
    let (rows, _) = world.command(&["held"]).await;
    let row = rows.iter().find(|row| row["tiktok_order"] == ORDER).expect("listed");
    let detail = row["detail"].as_str().unwrap_or_default();
    assert_eq!(row["reason"], "LATE", "{row}");
    assert!(detail.contains("possible cause, never the certain one") && detail.contains("300 x 900"), "{row}");

    // A store tells of it: nobody asks any more.
    let warehouse = world.warehouse("wh", &[SHOP]).await;
    world.tell(&warehouse, parcel(&world, "W1", ORDER, "1", &usps(17), &[("MUG", 1), ("CAP", 1)])).await;
    world.minutes(5).await;
    assert_eq!(possible_cause(&world).await, None);
}

#[tokio::test(start_paused = true)]
async fn good_images_and_a_missing_scope_say_nothing_about_an_order_and_nothing_against_the_shop() {
    let world = untold(80, 900, |_| {}).await;
    assert_eq!(possible_cause(&world).await, None);
    assert_eq!(world.tiktok.calls(Call::GetProduct), 1, "good images are looked at once, too");
    let refuse = || FaultRule::new(Fault::Code(105_005)).on(&[Call::GetProduct]);
    let world = untold(80, 300, |world| world.tiktok.inject(refuse())).await;
    assert_eq!(possible_cause(&world).await, None);
    let calls = world.tiktok.calls(Call::GetProduct);
    assert!((1..=3).contains(&calls), "{calls} calls: without the scope TikTok is asked once a day");
    let (shops, _) = world.command(&["shop", "list"]).await;
    assert_eq!(shops[0]["state"], "connected", "{shops:?}");
}
