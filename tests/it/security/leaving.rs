//! What a platform asks for after a merchant has left, and who may say that one has.

use http::Request;
use lambda_http::Body;
use serde_json::json;
use waybill::domain::connection::StoreStatus;
use waybill_model::hmac;
use waybill_model::stores::Kind;
use waybill_tests::world::browser::Browser;
use waybill_tests::world::{SHOP, World, fulfilment, shopify_order};

pub(super) const SECRET: &str = "app-secret-of-ours";
pub(super) const VICTIM: &str = "victim-dev.myshopify.com";

/// A delivery to the app's own address, as Shopify sends and signs it.
pub(super) async fn shopify(world: &World, topic: &str, shop: &str, body: &str, signature: Option<&str>) -> u16 {
    let signature = signature.map_or_else(|| hmac::base64(SECRET.as_bytes(), &[body.as_bytes()]), str::to_owned);
    let request = Request::post("/hooks/shopify")
        .header("X-Shopify-Topic", topic)
        .header("X-Shopify-Shop-Domain", shop)
        .header("X-Shopify-Hmac-Sha256", signature)
        .header("X-Shopify-Triggered-At", world.time.now().to_string())
        .body(Body::Text(body.to_owned()))
        .expect("a request");
    store_webhook::handle(&world.app, request).await.expect("never fails").status().as_u16()
}

/// A world with a store that our Shopify app is installed on, and a parcel of it.
pub(super) async fn town() -> (World, waybill::domain::ids::StoreId) {
    let world = World::new().await;
    let model = waybill_model::stores::ModelStore::new(Kind::Shopify, world.time.clock(), 7);
    world.register_app(&model, SECRET).await;
    let added = world
        .connect(
            waybill::domain::platform::Platform::Shopify,
            VICTIM.into(),
            waybill::domain::connection::StoreSettings::default(),
            &json!({"access_token": "shpat_victim"}),
        )
        .await;
    let version = world.time.now().to_string();
    let parcel = fulfilment(1, 1042, &version, "USPS", &["9400100000000000000013"], &[("MUG-BLUE", 1)]);
    world.tiktok.order(SHOP, "576000000000000017").lines(&[("MUG-BLUE", 1)]).place();
    let body = shopify_order(1042, "576000000000000017", &version, &[parcel]).to_string();
    assert_eq!(shopify(&world, "orders/fulfilled", VICTIM, &body, None).await, 200);
    (world, added.store.id)
}

pub(super) fn rows_of(world: &World, store: &waybill::domain::ids::StoreId) -> usize {
    let rows = super::rows(world);
    rows.iter().filter(|row| row["pk"]["S"] == format!("STORE#{store}")).count()
}

#[tokio::test(start_paused = true)]
async fn a_shop_that_left_is_erased_when_shopify_asks_for_it() {
    let (world, store) = town().await;
    let about = json!({"id": 1, "myshopify_domain": VICTIM}).to_string();
    assert_eq!(shopify(&world, "app/uninstalled", VICTIM, &about, None).await, 200);
    world.tick().await;
    world.time.skip(std::time::Duration::from_secs(48 * 3600));
    assert!(rows_of(&world, &store) >= 2, "its rows are still there");
    // What it ships is heard no more.
    let version = world.time.now().to_string();
    let parcel = fulfilment(2, 1043, &version, "USPS", &["9400100000000000000020"], &[("MUG-BLUE", 1)]);
    let body = shopify_order(1043, "576000000000000025", &version, &[parcel]).to_string();
    let rows = rows_of(&world, &store);
    assert_eq!(shopify(&world, "orders/fulfilled", VICTIM, &body, None).await, 200);
    assert_eq!(rows_of(&world, &store), rows);
    let redact = json!({"shop_id": 1, "shop_domain": VICTIM}).to_string();
    assert_eq!(shopify(&world, "shop/redact", VICTIM, &redact, None).await, 200);
    world.tick().await;
    assert_eq!(rows_of(&world, &store), 0);
    assert_eq!(shopify(&world, "shop/redact", VICTIM, &redact, None).await, 200, "a repeat finds nothing");
}

#[tokio::test(start_paused = true)]
async fn other_users_of_a_bigcommerce_store_cannot_remove_it() {
    use data_encoding::{BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
    let world = World::new().await;
    let model = world.unconnected_store(Kind::BigCommerce).await;
    let settings = waybill::domain::connection::StoreSettings { way: Some("app".into()), ..Default::default() };
    let secrets = json!({"access_token": "bc_token"});
    let added = world
        .connect(waybill::domain::platform::Platform::BigCommerce, model.account().domain, settings, &secrets)
        .await;
    let payload = model.signed_payload();
    let [head, body, _] = payload.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let mut claims: serde_json::Value =
        serde_json::from_slice(&BASE64URL_NOPAD.decode(body.as_bytes()).expect("base64")).expect("JSON");
    claims["user"]["id"] = 2.into();
    let body = BASE64URL_NOPAD.encode(claims.to_string().as_bytes());
    let signed = format!("{head}.{body}");
    let tag = HEXLOWER_PERMISSIVE
        .decode(hmac::hex(model.account().secret.as_bytes(), &[signed.as_bytes()]).as_bytes())
        .expect("hex");
    let theirs = format!("{signed}.{}", BASE64URL_NOPAD.encode(tag.as_ref()));
    let status =
        async || world.app.table.store_get(&added.store.id, true).await.expect("table").expect("there").row.status;
    let mut browser = Browser::default();
    let load = format!("/connect/bigcommerce/load?signed_payload_jwt={theirs}");
    assert_eq!(browser.get(&world, &load).await.status, 200, "they may open it");
    let page = browser.get(&world, &load.replace("/load", "/uninstall")).await;
    assert_eq!((page.status, status().await), (401, StoreStatus::Connected));
    let owners = format!("/connect/bigcommerce/uninstall?signed_payload_jwt={payload}");
    assert_eq!(browser.get(&world, &owners).await.status, 200);
    assert_eq!(status().await, StoreStatus::Uninstalled);
}

#[tokio::test(start_paused = true)]
async fn names_that_act_on_a_terminal_are_stored_as_plain_text() {
    let (world, store) = town().await;
    let version = world.time.now().to_string();
    let carrier = "\u{1b}]0;owned\u{7}\u{1b}[31mRED\u{202e}xpedeF";
    let parcel = fulfilment(3, 1044, &version, carrier, &["1Z999AA10123456784"], &[("MUG-BLUE", 1)]);
    let mut body = shopify_order(1044, "576000000000000017", &version, &[parcel]);
    body["name"] = "#1044\u{1b}[2J".into();
    assert_eq!(shopify(&world, "orders/fulfilled", VICTIM, &body.to_string(), None).await, 200);
    let rows = world.rows(&store, "1044").await;
    assert_eq!(rows.len(), 1);
    let names = format!("{:?} {:?}", rows[0].carrier, rows[0].order_name);
    assert!(names.contains("RED") && names.contains("1044"), "{names}");
    assert!(!names.contains("\\u{"), "{names}");
}
