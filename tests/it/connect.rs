//! To TikTok's consent page and back, told through the console's handler.

use std::time::Duration;
use waybill::domain::ids::ShopId;
use waybill_model::tiktok::ShopSpec;
use waybill_tests::world::browser::Browser;
use waybill_tests::world::{SHOP, World};

async fn start(world: &World, browser: &mut Browser) -> String {
    let page = browser.get(world, "/connect/tiktok/us").await;
    assert_eq!(page.status, 303, "{}", page.text);
    page.location
}

#[tokio::test(start_paused = true)]
async fn a_first_connection_stores_the_shop_and_sets_what_tiktok_needs() {
    let world = World::empty(3).await;
    world.tiktok.add_shop(ShopSpec { name: "Tiny Mugs".into(), ..ShopSpec::new(SHOP, "US") });
    let mut browser = Browser::default();
    let page = browser.get(&world, "/connect/tiktok/us").await;
    assert!(page.location.starts_with("/login?to="), "nobody is signed in: {}", page.location);
    browser.sign_in(&world).await;
    assert!(browser.get(&world, "/").await.text.contains("No TikTok shop yet"));
    let consent = start(&world, &mut browser).await;
    let callback = world.consent(&consent).await;
    let page = browser.get(&world, &callback).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("Tiny Mugs"));
    let shop =
        world.app.table.shop_get(&ShopId::parse(SHOP).expect("id"), true).await.expect("read").expect("there").row;
    assert_eq!(shop.consent.seller_shipping, Some(true));
    assert!(shop.consent.webhooks_checked.is_some());
    // Replayed: the state counts once.
    assert_eq!(browser.get(&world, &callback).await.status, 410);
    let overview = browser.get(&world, "/").await;
    assert!(overview.text.contains("Tiny Mugs") && overview.text.contains("Days to reconnect"), "{}", overview.text);
    let page = browser.get(&world, &format!("/shops/{SHOP}")).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("a connection is renewed every 90 days"), "{}", page.text);
}

#[tokio::test(start_paused = true)]
async fn a_round_belongs_to_one_browser_and_ten_minutes() {
    let world = World::empty(4).await;
    world.tiktok.add_shop(ShopSpec::new(SHOP, "US"));
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let consent = start(&world, &mut browser).await;
    let callback = world.consent(&consent).await;
    let mut other = Browser::default();
    let page = other.get(&world, &callback).await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("Another browser"), "{}", page.text);
    world.time.skip(Duration::from_secs(601));
    assert_eq!(browser.get(&world, &callback).await.status, 410, "too late");
    assert!(world.app.table.account_shops(&world.account).await.expect("read").is_empty());
}

#[tokio::test(start_paused = true)]
async fn refusals_and_strange_returns_are_pages_with_a_next_step() {
    let world = World::empty(5).await;
    world.tiktok.add_shop(ShopSpec::new(SHOP, "US"));
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let page = browser.get(&world, "/connect/tiktok/us/callback?code=ROW_abc").await;
    assert!(page.text.contains("One more step"), "an install from TikTok's store has no state: {}", page.text);
    world.tiktok.configure(|settings| settings.consent_refused = true);
    let consent = start(&world, &mut browser).await;
    let page = browser.consent(&world, &consent).await;
    assert!(page.text.contains("You said no at TikTok"), "{}", page.text);
}

#[tokio::test(start_paused = true)]
async fn another_shop_on_reconnect_is_refused_with_both_names() {
    let world = World::new().await;
    world.tiktok.add_shop(ShopSpec { name: "Other Mugs".into(), ..ShopSpec::new("7494049642642441639", "US") });
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let page = browser.get(&world, &format!("/shops/{SHOP}")).await;
    let csrf = page.field("csrf");
    let page = browser.post(&world, &format!("/shops/{SHOP}"), &[("csrf", &csrf), ("do", "reconnect")]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    world.tiktok.configure(|settings| settings.consent_seller = Some("Seller 7494049642642441639".into()));
    let page = browser.consent(&world, &page.location).await;
    assert_eq!(page.status, 409);
    assert!(page.text.contains("Other Mugs") && page.text.contains(&format!("Model shop {SHOP}")), "{}", page.text);
    assert_eq!(world.app.table.account_shops(&world.account).await.expect("read").len(), 1);
}

async fn shops(world: &World) -> usize {
    world.app.table.account_shops(&world.account).await.expect("read").len()
}

#[tokio::test(start_paused = true)]
async fn a_shop_of_another_account_is_refused_and_stays_where_it_is() {
    let world = World::new().await;
    let mut stranger = Browser::default();
    let theirs = world.another_account(&mut stranger, "a2", "else@else.example").await;
    let consent = start(&world, &mut stranger).await;
    let page = stranger.consent(&world, &consent).await;
    assert_eq!(page.status, 409);
    assert!(page.text.contains("another account") && !page.text.contains("Model shop"), "{}", page.text);
    assert!(world.app.table.account_shops(&theirs).await.expect("read").is_empty());
    let shop = world.app.table.shop_get(&ShopId::parse(SHOP).expect("id"), true).await.expect("read").expect("there");
    assert_eq!(shop.row.account, world.account);
}

#[tokio::test(start_paused = true)]
async fn creators_partners_and_consents_with_too_little_connect_nothing() {
    let world = World::empty(6).await;
    world.tiktok.add_shop(ShopSpec::new(SHOP, "US"));
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    for kind in [1, 3] {
        world.tiktok.configure(|settings| settings.consent_user_type = kind);
        let consent = start(&world, &mut browser).await;
        let page = browser.consent(&world, &consent).await;
        assert!(page.status == 403 && page.text.contains("not a seller"), "{kind}: {}", page.text);
    }
    world.tiktok.configure(|settings| {
        settings.consent_user_type = 0;
        settings.consent_scopes = Some(vec!["seller.authorization.info".into(), "seller.order.info".into()]);
    });
    let consent = start(&world, &mut browser).await;
    let page = browser.consent(&world, &consent).await;
    assert_eq!(page.status, 409, "{}", page.text);
    assert!(page.text.contains("seller.fulfillment.basic, seller.logistics"), "{}", page.text);
    assert_eq!(shops(&world).await, 0);
    world.tiktok.configure(|settings| settings.consent_scopes = None);
    let consent = start(&world, &mut browser).await;
    assert_eq!(browser.consent(&world, &consent).await.status, 200);
    assert_eq!(shops(&world).await, 1);
}

#[tokio::test(start_paused = true)]
async fn one_consent_may_cover_several_shops_and_they_share_its_tokens() {
    let world = World::empty(7).await;
    let ids = [SHOP, "7494049642642441639", "7494049642642441647"];
    for id in ids {
        world.tiktok.add_shop(ShopSpec { seller: "One seller".into(), ..ShopSpec::new(id, "US") });
    }
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let consent = start(&world, &mut browser).await;
    let page = browser.consent(&world, &consent).await;
    for id in ids {
        assert!(page.text.contains(&format!("Model shop {id}")), "{}", page.text);
    }
    assert_eq!(shops(&world).await, 3);
    // One of them is removed: the others keep the tokens that they share.
    let path = format!("/shops/{SHOP}");
    let csrf = browser.get(&world, &path).await.field("csrf");
    assert_eq!(browser.post(&world, &path, &[("csrf", &csrf), ("do", "remove")]).await.status, 303);
    let other = world.app.table.shop_get(&ShopId::parse(ids[1]).expect("id"), true).await.expect("read");
    let other = other.expect("there").row;
    assert!(waybill::flows::access::shop::shop_access(&world.app, &other, None).await.is_ok());
    // The whole consent is taken back: all of them wait for the owner.
    world.time.skip(Duration::from_secs(8 * 24 * 3600));
    world.tiktok.revoke(ids[1]);
    world.tick().await;
    for id in &ids[1..] {
        let shop = world.app.table.shop_get(&ShopId::parse(*id).expect("id"), true).await.expect("read");
        assert!(shop.expect("there").row.parked.is_some(), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn both_parts_of_the_world_are_connected_side_by_side() {
    let world = World::empty(8).await;
    world.tiktok.add_shop(ShopSpec::new(SHOP, "US"));
    world.tiktok.add_shop(ShopSpec::new("7494049642642441639", "GB"));
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    for region in ["us", "row"] {
        let page = browser.get(&world, &format!("/connect/tiktok/{region}")).await;
        assert_eq!(browser.consent(&world, &page.location).await.status, 200, "{region}");
    }
    assert_eq!(shops(&world).await, 2);
    // A round of one app is of no use at the other's address.
    let consent = start(&world, &mut browser).await;
    let callback = world.consent(&consent).await.replace("/us/", "/row/");
    assert_eq!(browser.get(&world, &callback).await.status, 410);
}

#[tokio::test(start_paused = true)]
async fn the_option_that_is_off_is_told_with_its_remedy() {
    let world = World::empty(9).await;
    world.tiktok.add_shop(ShopSpec { seller_shipping: false, ..ShopSpec::new(SHOP, "US") });
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let consent = start(&world, &mut browser).await;
    let page = browser.consent(&world, &consent).await;
    assert!(page.text.contains("Seller Shipping is off") && page.text.contains("Shipping Options"), "{}", page.text);
    assert!(browser.get(&world, "/").await.text.contains("Seller Shipping is off"));
}

#[tokio::test(start_paused = true)]
async fn a_code_is_exchanged_once_and_a_scanner_of_the_callback_uses_nothing_up() {
    let world = World::empty(10).await;
    world.tiktok.add_shop(ShopSpec::new(SHOP, "US"));
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let consent = start(&world, &mut browser).await;
    let callback = world.consent(&consent).await;
    for method in ["HEAD", "GET", "GET", "POST"] {
        let page = Browser::default().send(&world, method, &callback, "").await;
        assert!(page.status >= 400, "{method}");
    }
    assert_eq!(browser.send(&world, "HEAD", &callback, "").await.status, 404);
    assert_eq!(browser.get(&world, &callback).await.status, 200, "the owner's own visit still counts");
    let text: String = world.wire.all_rows(world.app.table.name()).iter().map(|row| row.to_string()).collect();
    let state = callback.split("state=").nth(1).and_then(|rest| rest.split('&').next()).expect("a state");
    assert!(!text.contains(state) && !text.contains("TTP_model_"), "states are hashed, tokens sealed");
}
