//! The console's doors: who gets in, what a scanner can do, and what a stranger sees.

use waybill::domain::ids::AccountId;
use waybill::domain::private::Private;
use waybill::flows::connect::login;
use waybill::table::accounts::Account;
use waybill_model::stores::adobe;
use waybill_tests::world::browser::{Browser, ORIGIN};
use waybill_tests::world::{SHOP, World, fulfilment, mail_text, shopify_order};

fn login_link(mail: &str) -> String {
    let text = mail_text(mail);
    let start = text.find(&format!("{ORIGIN}/login/")).unwrap_or_else(|| panic!("no link: {text}"));
    text[start..].split_whitespace().next().expect("a link").to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_mailed_link_signs_in_the_browser_that_asked_and_no_scanner() {
    let world = World::new().await;
    let mut browser = Browser::default();
    let page = browser.post(&world, "/login", &[("email", "Owner@Tiny-Mugs.example ")]).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let link = login_link(&world.mails().pop().expect("a mail"));
    for method in ["HEAD", "GET", "GET", "POST", "POST"] {
        let mut scanner = Browser::default();
        scanner.send(&world, method, &link, "").await;
        assert!(!scanner.has("__Host-sid"), "{method}");
    }
    assert_eq!(browser.post(&world, &link, &[]).await.location, "/");
    assert!(browser.has("__Host-sid"));
    assert_eq!(browser.get(&world, "/shops").await.status, 200);
    assert_eq!(browser.post(&world, &link, &[]).await.status, 410, "it works once");
}

#[tokio::test(start_paused = true)]
async fn another_browser_needs_the_code_that_the_first_one_shows() {
    let world = World::new().await;
    let mut desk = Browser::default();
    let page = desk.post(&world, "/login", &[("email", "owner@tiny-mugs.example")]).await;
    let code =
        page.text.split("class=\"code\">").nth(1).and_then(|rest| rest.split('<').next()).expect("a code").to_owned();
    let link = login_link(&world.mails().pop().expect("a mail"));
    let mut phone = Browser::default();
    assert!(phone.get(&world, &link).await.text.contains("name=\"code\""));
    assert_eq!(phone.post(&world, &link, &[("code", &code.to_lowercase())]).await.location, "/");
    assert!(phone.has("__Host-sid"));
}

#[tokio::test(start_paused = true)]
async fn nobody_learns_which_addresses_have_an_account() {
    let world = World::new().await;
    let page = Browser::default().post(&world, "/login", &[("email", "nobody@nowhere.example")]).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("class=\"code\"") && world.mails().is_empty());
}

#[tokio::test(start_paused = true)]
async fn mails_that_do_not_arrive_are_shown_until_one_does() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let event = |kind: &str, to: &str| {
        let text = format!(r#"{{"job":"mail","kind":"{kind}","to":["{to}"]}}"#);
        serde_json::from_str::<reauth_reminder::Event>(&text).expect("an event")
    };
    for (kind, to, kept) in [
        ("Delivery", "owner@tiny-mugs.example", 0),
        ("Bounce", "nobody@nowhere.example", 0),
        ("Complaint", "Owner <Owner@tiny-mugs.example>", 1),
        ("Bounce", "owner@tiny-mugs.example", 1),
    ] {
        let summary = reauth_reminder::handle(&world.app, &event(kind, to)).await;
        assert_eq!(summary.mails_refused, kept, "{kind} {to}");
        let shown = browser.get(&world, "/").await.text.contains("Mails do not reach you");
        assert_eq!(shown, kept == 1, "{kind} {to}");
    }
    let page = browser.get(&world, "/shops").await;
    assert!(page.text.contains("came back on") && !page.text.contains("owner@"), "{}", page.text);
    // A mailed link that is used shows that mails arrive again.
    let mut again = Browser::default();
    again.post(&world, "/login", &[("email", "owner@tiny-mugs.example")]).await;
    let link = login_link(&world.mails().pop().expect("a mail"));
    assert_eq!(again.post(&world, &link, &[]).await.location, "/");
    assert!(!again.get(&world, "/").await.text.contains("Mails do not reach you"));
}

#[tokio::test(start_paused = true)]
async fn a_carrier_without_a_match_is_chosen_on_the_shops_page_and_what_waits_goes_out() {
    let world = World::new().await;
    let store = world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
    let orders = ["576000000000000017", "576000000000000025"];
    for (place, order) in orders.iter().enumerate() {
        let number = 1042 + place as u64;
        world.tiktok.order(SHOP, order).lines(&[("MUG-BLUE", 1)]).place();
        let version = world.time.now().to_string();
        let parcel =
            fulfilment(number, number, &version, "Our own van", &[&format!("VN55500{number}")], &[("MUG-BLUE", 1)]);
        let body = shopify_order(number, order, &version, &[parcel]);
        assert_eq!(world.shopify(&store, "orders/fulfilled", &body).await.status(), 200);
    }
    world.push().await;
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let here = format!("/shops/{SHOP}");
    let page = browser.get(&world, &here).await;
    assert!(page.text.contains("Which carrier is Our own van?") && page.text.contains("VN555001042"), "{}", page.text);
    assert!(page.text.contains("<option>UPS</option>"), "the shop's own list: {}", page.text);
    let csrf = page.field("csrf");
    let form = [("csrf", csrf.as_str()), ("do", "map"), ("carrier", "Our own van"), ("provider", "Better Trucks")];
    let page = browser.post(&world, &here, &form).await;
    assert!(page.text.contains("Tracking numbers queued: 2."), "{}", page.text);
    assert_eq!(world.push().await.pushed, 2);
    let page = browser.post(&world, &here, &form).await;
    assert!(page.text.contains("Nothing was saved"), "{}", page.text);
}

#[tokio::test(start_paused = true)]
async fn every_page_forbids_what_it_does_not_need() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    for path in ["/", "/shops", &format!("/shops/{SHOP}"), "/connect", "/login", "/nowhere", "/reconnect"] {
        let page = browser.get(&world, path).await;
        let policy = page.headers.get("content-security-policy").and_then(|v| v.to_str().ok()).unwrap_or_default();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{path}: {policy}");
        assert_eq!(page.headers.get("cache-control").map(|v| v.as_bytes()), Some(b"no-store".as_slice()), "{path}");
        let text = page.text.replace("<script src=\"/keys.js\" defer></script>", "");
        assert!(!text.contains("<script") && !text.contains(" style="), "{path}");
        assert_eq!(text.len() < page.text.len(), policy.contains("; script-src 'self'; "), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
    }
    assert!(browser.get(&world, "/shops").await.text.contains("/keys.js"));
    assert!(!Browser::default().get(&world, "/login").await.text.contains("/keys.js"), "none for strangers");
    let script = browser.get(&world, "/keys.js").await;
    assert_eq!(
        (script.status, script.headers["content-type"].as_bytes()),
        (200, b"text/javascript; charset=utf-8".as_slice())
    );
    assert_eq!(script.headers["x-content-type-options"].as_bytes(), b"nosniff");
}

#[tokio::test(start_paused = true)]
async fn a_form_needs_its_token_and_our_origin() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let path = format!("/shops/{SHOP}");
    assert_eq!(browser.post(&world, &path, &[("do", "pause")]).await.status, 403);
    assert_eq!(browser.post(&world, &path, &[("do", "pause"), ("csrf", "1.AAAA")]).await.status, 403);
    let csrf = browser.get(&world, &path).await.field("csrf");
    assert_eq!(browser.post(&world, &path, &[("do", "pause"), ("csrf", &csrf)]).await.status, 303);
    assert!(browser.get(&world, &path).await.text.contains("Paused"));
}

#[tokio::test(start_paused = true)]
async fn a_foreign_shop_looks_like_none() {
    let world = World::new().await;
    let other = AccountId::parse("a2").expect("id");
    let row = Account {
        id: other.clone(),
        name: "Someone Else".into(),
        email: Private::new("else@else.example".into()),
        created: world.time.now(),
    };
    world.app.table.account_create(&row).await.expect("account");
    let link = login::printed_link(&world.app, &other).await.expect("link");
    let mut stranger = Browser::default();
    stranger.post(&world, &link, &[]).await;
    assert!(stranger.has("__Host-sid"));
    let here = format!("/shops/{SHOP}");
    let csrf = stranger.get(&world, "/").await.field("csrf");
    let none = stranger.get(&world, "/shops/7494049642642449999").await;
    for action in ["pause", "remove", "reconnect"] {
        let page = stranger.post(&world, &here, &[("csrf", &csrf), ("do", action)]).await;
        assert_eq!((page.status, &page.text), (404, &none.text), "{action}");
    }
    assert_eq!(stranger.get(&world, &here).await.text, none.text);
    for path in ["/", "/shops"] {
        let text = stranger.get(&world, path).await.text;
        assert!(!text.contains(SHOP) && !text.contains("Model shop"), "{path}");
    }
    assert!(
        world
            .app
            .table
            .shop_get(&waybill::domain::ids::ShopId::parse(SHOP).expect("id"), true)
            .await
            .expect("read")
            .is_some()
    );
}

#[tokio::test(start_paused = true)]
async fn every_way_of_magento_is_connected_by_its_form_and_a_missing_proof_is_named() {
    let world = World::new().await;
    let mut browser = Browser::default();
    browser.sign_in(&world).await;
    let csrf = browser.get(&world, "/connect/magento").await.field("csrf");
    let key = adobe::PUBLIC[0].replace('\n', "\r\n");
    let cases = [
        ("mage-os", "", "", Ok("async_event")),
        ("mageplaza", "", "", Ok("X-Tracking-Auth")),
        ("io-events", adobe::CLIENT_ID, "", Ok("events:subscribe")),
        ("commerce-webhooks", "", key.as_str(), Ok("data.track.track_number")),
        ("io-events", "", key.as_str(), Err("The client id is missing")),
        ("commerce-webhooks", adobe::CLIENT_ID, "", Err("The public key is missing")),
        ("commerce-webhooks", "", "-----BEGIN PUBLIC KEY-----\nMIIB", Err("The public key cannot be read")),
        ("fax", "", "", Err("give mage-os")),
    ];
    for (serial, (way, client_id, public_key, expected)) in cases.into_iter().enumerate() {
        let address = format!("https://mugs-{serial}.example");
        let mut form = vec![("csrf", csrf.as_str()), ("shop", SHOP), ("address", &address), ("way", way)];
        form.extend([("client_id", client_id), ("public_key", public_key)]);
        form.extend(["consumer_key", "consumer_secret", "access_token", "token_secret"].map(|name| (name, "k")));
        let page = browser.post(&world, "/connect/magento", &form).await;
        match expected {
            Ok(step) => {
                assert!(page.status == 200 && page.text.contains(step), "{way}: {}", page.text);
                // Nobody answers there.
                let said = page.text.contains("It cannot be read") && !page.text.contains("Connected");
                assert!(said, "{way} is no false all-clear: {}", page.text);
            }
            Err(words) => {
                assert!(page.status == 422 && page.text.contains(words), "{way}: {} {}", page.status, page.text);
                let chosen = format!("value=\"{way}\" checked");
                assert!(way == "fax" || page.text.contains(&chosen), "{way} stays chosen: {}", page.text);
            }
        }
    }
    let stores = world.app.table.account_stores(&world.account).await.expect("read");
    assert_eq!(stores.len(), 4, "what was refused left nothing");
}
