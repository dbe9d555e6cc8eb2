//! To TikTok's consent page and back, told through the console's handler.

use std::time::Duration;
use waybill::domain::ids::ShopId;
use waybill_local::model::tiktok::ShopSpec;
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
    assert_eq!(browser.get(&world, "/connect/tiktok/us").await.location, "/login", "nobody is signed in");
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
