//! Two accounts, random console calls: nobody sees or moves anything of the other.

use serde_json::Value;
use std::collections::BTreeMap;
use waybill::domain::ids::ShopId;
use waybill_model::chance::Chance;
use waybill_model::tiktok::ShopSpec;
use waybill_tests::world::browser::{Browser, Page};
use waybill_tests::world::{SHOP, World};

const OTHER: &str = "7494049642642441639";
/// Enough to try every pair of address and form a few times.
const CALLS: usize = 1000;

/// Rows by key that name any of these words in their key.
fn rows_of(world: &World, words: &[String]) -> BTreeMap<String, String> {
    let mut rows = BTreeMap::new();
    for row in world.wire.all_rows(world.app.table.name()) {
        let key =
            format!("{} {}", row["pk"]["S"].as_str().unwrap_or_default(), row["sk"]["S"].as_str().unwrap_or_default());
        if words.iter().any(|word| key.contains(word.as_str())) {
            rows.insert(key, Value::to_string(&row));
        }
    }
    rows
}

#[tokio::test(start_paused = true)]
async fn two_accounts_never_meet() {
    let world = World::empty(11).await;
    for (id, name) in [(SHOP, "Alpha Mugs"), (OTHER, "Beta Bowls")] {
        world.tiktok.add_shop(ShopSpec { name: name.into(), ..ShopSpec::new(id, "US") });
    }
    let mut alpha = Browser::default();
    alpha.sign_in(&world).await;
    let mut beta = Browser::default();
    let theirs = world.another_account(&mut beta, "b2", "owner@beta.example").await;
    for (browser, seller) in [(&mut alpha, SHOP), (&mut beta, OTHER)] {
        world.tiktok.configure(|settings| settings.consent_seller = Some(format!("Seller {seller}")));
        let page = browser.get(&world, "/connect/tiktok/us").await;
        assert_eq!(browser.consent(&world, &page.location).await.status, 200);
        let csrf = browser.get(&world, "/connect/generic").await.field("csrf");
        let name = if seller == SHOP { "Alpha warehouse" } else { "Beta warehouse" };
        let form = [("csrf", csrf.as_str()), ("shop", seller), ("address", name)];
        assert_eq!(browser.post(&world, "/connect/generic", &form).await.status, 200);
    }
    let store = world.app.table.account_stores(&world.account).await.expect("read").remove(0).to_string();
    let their_store = world.app.table.account_stores(&theirs).await.expect("read").remove(0).to_string();
    // What a guest could have heard of the other one: ids, and a reconnect link that somebody forwarded.
    let shop = world.app.table.shop_get(&ShopId::parse(SHOP).expect("id"), true).await.expect("read").expect("there");
    let forwarded = waybill::flows::tell::links::reconnect(&world.app, &shop.row).await.expect("link");
    let secret = ["Alpha Mugs", SHOP, &store, "owner@tiny-mugs.example"].map(str::to_owned);
    let mine = [SHOP.to_owned(), store.clone(), "ACCOUNT#a1".into()];
    let before = rows_of(&world, &mine);
    assert!(before.len() >= 5, "{:?}", before.keys());
    let paths = [
        "/".to_owned(),
        "/shops".into(),
        format!("/shops/{SHOP}"),
        format!("/shops/{OTHER}"),
        format!("/stores/{store}"),
        format!("/stores/{their_store}x"),
        "/connect".into(),
        "/connect/tiktok/us".into(),
        "/connect/generic".into(),
        "/connect/magento".into(),
        "/connect/woocommerce".into(),
        "/connect/woocommerce/return?success=1".into(),
        "/connect/bigcommerce/claim?t=x".into(),
        "/attention".into(),
        "/mapping".into(),
        format!("/orders/{SHOP}"),
    ];
    let mut chance = Chance::new(29);
    let mut pick = |most: usize| usize::try_from(chance.bits() % most as u64).expect("small");
    let csrf = beta.get(&world, "/").await.field("csrf");
    let fields: [(&str, &[&str]); 6] = [
        ("do", &["pause", "remove", "reconnect", "map"]),
        ("shop", &[SHOP, OTHER]),
        ("address", &["Third warehouse", "tiny-mugs.example", "Alpha warehouse"]),
        ("carrier", &["USPS", "Alpha post"]),
        ("token", &["x", ""]),
        ("csrf", &[&csrf, &csrf, &csrf, "1.AAAA"]),
    ];
    for call in 0..CALLS {
        let path = &paths[pick(paths.len())];
        let page: Page = if pick(2) == 0 {
            beta.get(&world, path).await
        } else {
            let mut form: Vec<(&str, &str)> = Vec::new();
            for (name, values) in &fields {
                if *name == "csrf" || pick(3) > 0 {
                    form.push((name, values[pick(values.len())]));
                }
            }
            beta.post(&world, path, &form).await
        };
        let said = format!("{} {:?}", page.text, page.headers).replace("&#x2f;", "/");
        for word in &secret {
            assert!(!said.contains(word.as_str()), "call {call} to {path} shows {word}: {}", page.text);
        }
        assert!(page.status < 500, "call {call} to {path}: {}", page.text);
        if !beta.has("__Host-sid") {
            panic!("call {call} to {path} signed out");
        }
    }
    // A forwarded link shows the one shop it is about, and only starts a consent.
    beta.get(&world, &forwarded).await;
    assert_eq!(rows_of(&world, &mine), before, "nothing of the other account has moved");
    let page = alpha.get(&world, "/shops").await;
    assert!(page.text.contains("Alpha Mugs") && !page.text.contains("Beta"), "{}", page.text);
}
