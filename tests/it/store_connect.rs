//! Stores connected in the browser: each platform's own way, told through the console's handler.

use bytes::Bytes;
use lambda_http::Body;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use waybill::domain::connection::{StoreConnection, StoreStatus};
use waybill::flows::access::store::store_access;
use waybill_model::stores::{IdField, Kind, ModelStore, Plugin, Way};
use waybill_tests::world::browser::{Browser, Page};
use waybill_tests::world::{SHOP, World};

const ORDER: &str = "576000000000000041";

async fn stores(world: &World) -> Vec<StoreConnection> {
    let mut all = Vec::new();
    for id in world.app.table.account_stores(&world.account).await.expect("read") {
        all.extend(world.app.table.store_get(&id, true).await.expect("read").map(|store| store.row));
    }
    all
}

/// Everything that is stored, as text.
fn rows(world: &World) -> String {
    world.wire.all_rows(world.app.table.name()).iter().map(Value::to_string).collect()
}

/// Sends the form of a platform.
async fn begin(world: &World, browser: &mut Browser, platform: &str, fields: &[(&str, &str)]) -> Page {
    let path = format!("/connect/{platform}");
    let page = browser.get(world, &path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let csrf = page.field("csrf");
    let mut all = vec![("csrf", csrf.as_str()), ("shop", SHOP)];
    all.extend(fields);
    browser.post(world, &path, &all).await
}

async fn signed_in(world: &World) -> Browser {
    let mut browser = Browser::default();
    browser.sign_in(world).await;
    browser
}

async fn shopify_connected(world: &World, browser: &mut Browser, model: &ModelStore) -> Page {
    let page = begin(world, browser, "shopify", &[("address", "tiny-mugs")]).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let back = world.visit_platform(model, &page.location).await;
    browser.get(world, &back).await
}

/// An order of the model store ships, and its webhooks reach us. Gives the answers.
async fn ship(world: &World, model: &ModelStore, number: &str) -> Vec<u16> {
    world.tiktok.order(SHOP, ORDER).lines(&[("MUG-BLUE", 1)]).place();
    let order = model.order().tiktok(IdField::Main, ORDER).line("MUG-BLUE", 1).place();
    model.fulfil(order, &[("MUG-BLUE", 1)], &[number], "USPS").expect("a parcel");
    let mut answers = Vec::new();
    for outgoing in model.deliveries() {
        answers.push(world.receive(outgoing.request).await.status().as_u16());
    }
    answers
}

#[tokio::test(start_paused = true)]
async fn shopify_says_yes_once_and_its_tokens_are_renewed_for_ever() {
    let world = World::new().await;
    let model = world.unconnected_store(Kind::Shopify).await;
    let mut browser = signed_in(&world).await;
    let page = shopify_connected(&world, &mut browser, &model).await;
    assert!(page.status == 200 && page.text.contains("tiny-mugs.myshopify.com"), "{}", page.text);
    let summary = world.tick().await;
    assert!(summary.polls.subscriptions_repaired >= 3, "webhooks are set by the next tick: {summary:?}");
    let answers = ship(&world, &model, "9400100000000000000013").await;
    assert!(!answers.is_empty() && answers.iter().all(|status| *status == 200), "the app's secret signs: {answers:?}");
    assert_eq!(world.push().await.pushed, 1);

    // Days of tokens that live an hour.
    let calls = model.token_calls();
    for _ in 0..20 {
        world.time.skip(Duration::from_secs(24 * 3600));
        world.tick().await;
    }
    let renewed = model.token_calls() - calls;
    assert!((18..=21).contains(&renewed), "{renewed}");
    let store = stores(&world).await.remove(0);
    assert_eq!(store.polls.trouble, None);
    let text = rows(&world);
    assert!(!text.contains("shpat_") && !text.contains("shprt_"), "tokens are sealed");
}

#[tokio::test(start_paused = true)]
async fn two_processes_that_need_a_fresh_store_token_ask_for_one() {
    let world = World::new().await;
    let model = world.unconnected_store(Kind::Shopify).await;
    let mut browser = signed_in(&world).await;
    shopify_connected(&world, &mut browser, &model).await;
    let store = stores(&world).await.remove(0);
    for _ in 0..5 {
        world.time.skip(Duration::from_secs(3600));
        let (one, two) = (world.process(1), world.process(2));
        let before = model.token_calls();
        let both = tokio::join!(store_access(&one.app, &store), store_access(&two.app, &store));
        assert!(both.0.expect("tokens").is_some() && both.1.expect("tokens").is_some());
        assert_eq!(model.token_calls(), before + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_whose_answer_was_lost_is_asked_for_again() {
    let world = World::new().await;
    let model = world.unconnected_store(Kind::Shopify).await;
    let mut browser = signed_in(&world).await;
    shopify_connected(&world, &mut browser, &model).await;
    let store = stores(&world).await.remove(0);
    world.time.skip(Duration::from_secs(3600));
    let process = world.process(1);
    // The process dies with the answer in its hands.
    let (calls, asked) = (process.calls.clone(), model.clone());
    process.calls.on_call(Arc::new(move |_| {
        if asked.token_calls() == 2 {
            calls.die()
        }
    }));
    let died = process.calls.live(store_access(&process.app, &store)).await;
    assert!(died.is_none() && model.token_calls() == 2, "{}", model.token_calls());
    assert!(store_access(&world.app, &store).await.is_err(), "the lease of the dead process is respected");
    world.time.skip(Duration::from_secs(30));
    assert!(store_access(&world.app, &store).await.expect("tokens").is_some());
    assert_eq!(model.token_calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_shopify_store_is_shown_and_comes_back_by_the_same_way() {
    let world = World::new().await;
    let model = world.unconnected_store(Kind::Shopify).await;
    let mut browser = signed_in(&world).await;
    shopify_connected(&world, &mut browser, &model).await;
    world.tick().await;
    model.withdraw();
    world.time.skip(Duration::from_secs(25 * 3600));
    world.tick().await;
    browser.sign_in(&world).await;
    let page = browser.get(&world, "/shops").await;
    assert!(page.text.contains("connect it again") && page.text.contains("/connect/shopify"), "{}", page.text);
    let page = shopify_connected(&world, &mut browser, &model).await;
    assert_eq!(page.status, 200, "{}", page.text);
    world.tick().await;
    let all = stores(&world).await;
    assert_eq!((all.len(), &all[0].polls.trouble, all[0].status), (1, &None, StoreStatus::Connected));
}

#[tokio::test(start_paused = true)]
async fn an_uninstall_erases_the_token_and_a_new_yes_outlives_the_cleaning_up() {
    let world = World::new().await;
    let model = world.unconnected_store(Kind::Shopify).await;
    let mut browser = signed_in(&world).await;
    shopify_connected(&world, &mut browser, &model).await;
    world.tick().await;
    model.uninstall();
    for outgoing in model.deliveries() {
        assert_eq!(world.receive(outgoing.request).await.status(), 200, "{}", outgoing.topic);
    }
    assert_eq!(stores(&world).await[0].status, StoreStatus::Uninstalled);
    world.tick().await;
    let store = stores(&world).await.remove(0);
    assert!(store_access(&world.app, &store).await.expect("read").is_none(), "erased");
    assert_eq!(shopify_connected(&world, &mut browser, &model).await.status, 200);
    world.tick().await;
    let store = stores(&world).await.remove(0);
    assert_eq!(store.status, StoreStatus::Connected);
    assert!(store_access(&world.app, &store).await.expect("read").is_some());
}

#[tokio::test(start_paused = true)]
async fn what_is_no_yes_of_this_store_to_this_browser_connects_nothing() {
    let world = World::new().await;
    let model = world.unconnected_store(Kind::Shopify).await;
    let mut browser = signed_in(&world).await;
    for bad in ["evil.example", "tiny mugs", "tiny@evil", ""] {
        let page = begin(&world, &mut browser, "shopify", &[("address", bad)]).await;
        assert_eq!(page.status, 422, "{bad}");
        assert!(page.text.contains("That is no Shopify shop"), "{}", page.text);
    }
    let page = begin(&world, &mut browser, "shopify", &[("address", "tiny-mugs")]).await;
    let back = world.visit_platform(&model, &page.location).await;
    let cut = back.rsplit_once("&hmac=").expect("signed").0.to_owned();
    let other = back.replace("shop=tiny-mugs", "shop=other-mugs");
    assert_eq!(browser.send(&world, "HEAD", &back, "").await.status, 404, "a scanner");
    assert_eq!(Browser::default().get(&world, &back).await.status, 403, "another browser");
    for (forged, words) in
        [(&cut, "not signed"), (&other, "not signed"), (&back.replace("code=", "code=0"), "not signed")]
    {
        let page = browser.get(&world, forged).await;
        assert!(page.status == 403 && page.text.contains(words), "{forged}: {}", page.text);
    }
    assert!(stores(&world).await.is_empty());
    assert_eq!(browser.get(&world, &back).await.status, 200, "nothing of that used the round up");
    assert_eq!(browser.get(&world, &back).await.status, 410, "it counts once");

    model.merchant(|merchant| merchant.refuses = true);
    let page = begin(&world, &mut browser, "shopify", &[("address", "tiny-mugs")]).await;
    let back = world.visit_platform(&model, &page.location).await;
    assert!(browser.get(&world, &back).await.text.contains("You said no"), "refusal");
    model.merchant(|merchant| {
        merchant.refuses = false;
        merchant.grants = Some("read_products".into());
    });
    let page = begin(&world, &mut browser, "shopify", &[("address", "tiny-mugs")]).await;
    let back = world.visit_platform(&model, &page.location).await;
    let page = browser.get(&world, &back).await;
    assert!(page.status == 409 && page.text.contains("read_orders, read_fulfillments"), "{}", page.text);
    let page = begin(&world, &mut browser, "shopify", &[("address", "tiny-mugs")]).await;
    let back = world.visit_platform(&model, &page.location).await;
    world.time.skip(Duration::from_secs(16 * 60));
    assert_eq!(browser.get(&world, &back).await.status, 410, "too late");
}

#[tokio::test(start_paused = true)]
async fn bigcommerce_installs_from_here_and_asks_which_store_it_is() {
    let world = World::new().await;
    let model = world.unconnected_store(Kind::BigCommerce).await;
    let mut browser = signed_in(&world).await;
    let page = begin(&world, &mut browser, "bigcommerce", &[]).await;
    assert_eq!(page.location, "https://login.bigcommerce.com/app/model-client-id/install");
    let back = world.visit_platform(&model, &page.location).await;
    let page = browser.get(&world, &back).await;
    let page = browser.get(&world, &page.location).await;
    assert!(page.status == 200 && page.text.contains("Connect abc12model"), "{}", page.text);
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    let form = [("csrf", csrf.as_str()), ("token", &token), ("shop", SHOP)];
    let page = browser.post(&world, "/connect/bigcommerce/claim", &form).await;
    assert!(page.status == 200 && page.text.contains("abc12model"), "{}", page.text);
    world.tick().await;
    let answers = ship(&world, &model, "9400100000000000000013").await;
    assert!(!answers.is_empty() && answers.iter().all(|status| *status == 200), "the app's secret signs: {answers:?}");
    for _ in 0..2 {
        // The first run reads what the notice names.
        world.push().await;
        world.time.skip(Duration::from_secs(60));
    }
    assert_eq!(world.at_tiktok(SHOP, ORDER), ["9400100000000000000013"]);
    // The app's secret is rotated: deliveries signed with the new one are taken as well.
    world.register_app(&model, "another-secret").await;
    model.configure(|account| account.secret = "another-secret".into());
    let order = model.order().line("MUG-BLUE", 1).place();
    model.fulfil(order, &[("MUG-BLUE", 1)], &["9400100000000000000020"], "USPS").expect("a parcel");
    let outgoing = model.deliveries();
    assert!(!outgoing.is_empty());
    for outgoing in outgoing {
        assert_eq!(world.receive(outgoing.request).await.status(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn an_install_that_began_at_bigcommerce_waits_for_somebody_who_is_signed_in() {
    let world = World::new().await;
    let model = world.unconnected_store(Kind::BigCommerce).await;
    let install = "https://login.bigcommerce.com/app/model-client-id/install";
    let back = world.visit_platform(&model, install).await;
    let mut panel = Browser::default();
    assert_eq!(panel.send(&world, "HEAD", &back, "").await.status, 404);
    let page = panel.get(&world, &back).await;
    assert!(page.status == 200 && page.text.contains("Continue in a new tab"), "{}", page.text);
    let policy = page.headers["content-security-policy"].to_str().expect("text");
    assert!(policy.ends_with("frame-ancestors https://*.mybigcommerce.com https://login.bigcommerce.com"), "{policy}");
    let text = page.text.replace("&#x2f;", "/");
    let link = text.split("href=\"/connect/bigcommerce/claim").nth(1).and_then(|rest| rest.split('"').next());
    let link = format!("/connect/bigcommerce/claim{}", link.expect("a link"));
    assert!(!rows(&world).contains(&model.account().access_token), "the token waits sealed");
    for method in ["HEAD", "GET", "GET", "POST"] {
        let page = Browser::default().send(&world, method, &link, "").await;
        assert!(page.status != 200 && stores(&world).await.is_empty(), "a scanner's {method}");
    }
    let mut browser = signed_in(&world).await;
    let page = browser.get(&world, &link).await;
    assert!(page.text.contains("abc12model") && page.text.contains("Was it you?"), "{}", page.text);
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    let path = "/connect/bigcommerce/claim";
    let foreign = [("csrf", csrf.as_str()), ("token", &token), ("shop", "7494049642642449999")];
    assert_eq!(browser.post(&world, path, &foreign).await.status, 404, "not the account's shop");
    let good = [("csrf", csrf.as_str()), ("token", &token), ("shop", SHOP)];
    assert_eq!(browser.post(&world, path, &good).await.status, 200);
    assert_eq!(browser.post(&world, path, &good).await.status, 410, "it counts once");
    assert_eq!(stores(&world).await.len(), 1);

    // Opened and removed in the control panel.
    let load = format!("/connect/bigcommerce/load?signed_payload_jwt={}", model.signed_payload());
    assert!(panel.get(&world, &load).await.text.contains("This store is connected"));
    assert_eq!(panel.get(&world, &format!("{load}x")).await.status, 403);
    let removal = load.replace("/load", "/uninstall");
    assert_eq!(panel.get(&world, &format!("{removal}x")).await.status, 401);
    assert_eq!(stores(&world).await[0].status, StoreStatus::Connected);
    for _ in 0..2 {
        assert_eq!(panel.get(&world, &removal).await.status, 200);
        assert_eq!(stores(&world).await[0].status, StoreStatus::Uninstalled);
    }
    world.tick().await;
    let store = stores(&world).await.remove(0);
    assert!(store_access(&world.app, &store).await.expect("read").is_none(), "erased");
}

async fn post_keys(world: &World, request: http::Request<Bytes>) -> u16 {
    let (mut head, body) = request.into_parts();
    head.uri = head.uri.path().parse().expect("path");
    let request = http::Request::from_parts(head, Body::Binary(body.to_vec()));
    console::handle(&world.app, request).await.expect("never fails").status().as_u16()
}

#[tokio::test(start_paused = true)]
async fn woocommerce_hands_its_keys_over_once() {
    let world = World::new().await;
    let model = world.unconnected_store(Kind::WooCommerce(Plugin::Ast)).await;
    let mut browser = signed_in(&world).await;
    for bad in
        ["http://tiny-mugs.example", "https://127.0.0.1", "https://user@shop.example", "ftp://x", "https://shop:8443"]
    {
        assert_eq!(begin(&world, &mut browser, "woocommerce", &[("address", bad)]).await.status, 422, "{bad}");
    }
    let page = begin(&world, &mut browser, "woocommerce", &[("address", "tiny-mugs.example/")]).await;
    assert!(page.location.starts_with("https://tiny-mugs.example/wc-auth/v1/authorize?"), "{}", page.location);
    let (keys, back) = model.approve(&page.location);
    let waiting = browser.get(&world, &back).await;
    assert!(waiting.text.contains("Waiting for the keys"), "{}", waiting.text);
    let again = waybill_tests::world::stores::copy_of(&keys);
    let mut forged = waybill_tests::world::stores::copy_of(&keys);
    let mut body: Value = serde_json::from_slice(forged.body()).expect("json");
    body["user_id"] = "guess".into();
    *forged.body_mut() = Bytes::from(body.to_string());
    assert_eq!(post_keys(&world, forged).await, 410, "a guess");
    assert_eq!(post_keys(&world, keys).await, 200);
    assert_eq!(post_keys(&world, again).await, 410, "a round counts once");
    assert!(browser.get(&world, &back).await.text.contains("tiny-mugs.example"));
    let summary = world.tick().await;
    assert_eq!(summary.polls.subscriptions_repaired, 2, "{summary:?}");
    let answers = ship(&world, &model, "9400100000000000000013").await;
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    world.push().await;
    assert_eq!(world.at_tiktok(SHOP, ORDER), ["9400100000000000000013"]);
    let refused = browser.get(&world, "/connect/woocommerce/return?success=0").await;
    assert!(refused.text.contains("You said no"), "{}", refused.text);
}

#[tokio::test(start_paused = true)]
async fn magento_and_a_warehouse_connect_by_form() {
    let world = World::new().await;
    let model = world.unconnected_store(Kind::Magento(Way::MageOs)).await;
    let about = model.account();
    let mut browser = signed_in(&world).await;
    let keys = [("consumer_key", about.consumer_key.as_str()), ("consumer_secret", &about.consumer_secret)];
    let page = begin(&world, &mut browser, "magento", &[&[("address", "tiny-mugs.example")], &keys[..]].concat()).await;
    assert!(page.status == 422 && page.text.contains("All four keys"), "{}", page.text);
    assert!(!page.text.contains(&about.consumer_secret), "keys are not shown again");
    let more = [("access_token", about.token.as_str()), ("token_secret", &about.token_secret)];
    let all = [&[("address", "tiny-mugs.example")], &keys[..], &more[..]].concat();
    let page = begin(&world, &mut browser, "magento", &all).await;
    assert!(page.status == 200 && page.text.contains("/hooks/magento/"), "{}", page.text);
    assert!(page.text.contains("<h1>Connected: "), "one read worked: {}", page.text);
    let magento = stores(&world).await.swap_remove(0);
    assert!(magento.polls.asked.is_some() && magento.polls.subscriptions_checked.is_some(), "{magento:?}");
    let page = begin(&world, &mut browser, "generic", &[("address", "North warehouse")]).await;
    assert!(page.status == 200 && page.text.contains("whsec_") && page.text.contains("Waiting for the first parcel"));
    assert_eq!(stores(&world).await.len(), 2);
    let page = browser.get(&world, "/shops").await;
    assert!(page.text.contains("North warehouse") && !page.text.contains("whsec_"), "{}", page.text);
    let store = stores(&world).await.into_iter().find(|store| store.address == "North warehouse").expect("there");
    let csrf = page.field("csrf");
    let gone = browser.post(&world, &format!("/stores/{}", store.id), &[("csrf", &csrf), ("do", "remove")]).await;
    assert_eq!((gone.status, stores(&world).await.len()), (303, 1));
}

#[tokio::test(start_paused = true)]
async fn a_store_is_connected_for_shops_of_the_own_account_only() {
    let world = World::new().await;
    world.unconnected_store(Kind::Shopify).await;
    let mut browser = signed_in(&world).await;
    let csrf = browser.get(&world, "/connect/shopify").await.field("csrf");
    for (platform, address) in [("shopify", "tiny-mugs"), ("woocommerce", "tiny-mugs.example"), ("generic", "W")] {
        let path = format!("/connect/{platform}");
        let foreign = [("csrf", csrf.as_str()), ("address", address), ("shop", "7494049642642449999")];
        assert_eq!(browser.post(&world, &path, &foreign).await.status, 404, "{platform}");
        let none = [("csrf", csrf.as_str()), ("address", address)];
        assert_eq!(browser.post(&world, &path, &none).await.status, 422, "{platform}");
        let forged = [("csrf", "1.AAAA"), ("address", address), ("shop", SHOP)];
        assert_eq!(browser.post(&world, &path, &forged).await.status, 403, "{platform}");
    }
    assert!(stores(&world).await.is_empty());
}
