//! Proofs that hold for something else than what they are shown for.

use super::leaving::{SECRET, VICTIM, rows_of, shopify, town};
use bytes::Bytes;
use http::Request;
use lambda_http::Body;
use serde_json::json;
use waybill::domain::connection::StoreStatus;
use waybill_model::hmac;
use waybill_model::stores::{Kind, Way, adobe};
use waybill_tests::world::World;

async fn post(world: &World, url: &str, headers: &[(&str, String)], body: String) -> u16 {
    let path = &url[url.find("/hooks/").expect("a path")..];
    let request = headers.iter().fold(Request::post(path), |request, (name, value)| request.header(*name, value));
    world.receive(request.body(Bytes::from(body)).expect("a request")).await.status().as_u16()
}

#[tokio::test(start_paused = true)]
async fn the_border_between_id_time_and_body_does_not_move() {
    for kind in [Kind::BigCommerce, Kind::Generic] {
        let world = World::new().await;
        let front = world.open_store(kind).await;
        let about = front.model.account();
        let key = about.secret.strip_prefix("whsec_").map_or_else(
            || about.secret.clone().into_bytes(),
            |text| data_encoding::BASE64.decode(text.as_bytes()).expect("base64"),
        );
        let (now, body) = (world.time.now().as_second().to_string(), r#"{"greetings":1}"#);
        // Truly signed by the sender for the id `m.TIME`.
        let signature = format!("v1,{}", hmac::base64(&key, &[format!("m.{now}.{now}.{body}").as_bytes()]));
        let headers = |id: String| {
            [
                ("webhook-id", id),
                ("webhook-timestamp", now.clone()),
                ("webhook-signature", signature.clone()),
                (about.header.0.as_str(), about.header.1.clone()),
            ]
        };
        let before = super::rows(&world);
        let url = &front.added.webhook_url;
        let moved = post(&world, url, &headers("m".to_owned()), format!("{now}.{body}")).await;
        assert_eq!(moved, 401, "{kind:?}");
        let truly = post(&world, url, &headers(format!("m.{now}")), body.to_owned()).await;
        assert_eq!(truly, 401, "{kind:?}: an id with a full stop is no id");
        assert_eq!(super::rows(&world), before, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_of_adobes_that_names_two_recipients_is_for_nobody() {
    let world = World::new().await;
    let front = world.open_store(Kind::Magento(Way::IoEvents)).await;
    let before = super::rows(&world);
    for (one, other) in [(adobe::CLIENT_ID, "somebody-else"), ("somebody-else", adobe::CLIENT_ID)] {
        let body = json!({
            "type": "com.adobe.commerce.observer.sales_order_shipment_track_save_after",
            "recipientclientid": one, "recipient_client_id": other, "data": {"value": {}},
        })
        .to_string();
        let signed = adobe::io_headers([true, true], body.as_bytes());
        let headers: Vec<(&str, String)> = signed.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        assert_eq!(post(&world, &front.added.webhook_url, &headers, body).await, 401, "{one} {other}");
    }
    assert_eq!(super::rows(&world), before);
}

#[tokio::test(start_paused = true)]
async fn the_signed_query_of_somebodys_own_visit_is_no_webhook() {
    let (world, store) = town().await;
    let query = "code=c0de&host=aG9zdA&shop=attacker-dev.myshopify.com&state=s&timestamp=1795690000";
    // The attacker has this from the address bar, in hex.
    let signature = hmac::base64(SECRET.as_bytes(), &[query.as_bytes()]);
    let before = super::rows(&world);
    for topic in ["app/uninstalled", "shop/redact", "fulfillments/create", "orders/fulfilled", "customers/redact"] {
        assert_eq!(shopify(&world, topic, VICTIM, query, Some(&signature)).await, 401, "{topic}");
    }
    assert_eq!(super::rows(&world), before);
    world.tick().await;
    assert!(rows_of(&world, &store) >= 2);
}

#[tokio::test(start_paused = true)]
async fn a_shop_is_what_the_body_says_and_not_what_a_header_says() {
    let (world, store) = town().await;
    let before = super::rows(&world);
    for (topic, body) in [
        ("app/uninstalled", json!({"id": 1, "myshopify_domain": "attacker-dev.myshopify.com"})),
        ("shop/redact", json!({"shop_id": 1, "shop_domain": "attacker-dev.myshopify.com"})),
        ("app/uninstalled", json!({"id": 1})),
        ("shop/redact", json!({"shop_id": 1})),
    ] {
        let status = shopify(&world, topic, VICTIM, &body.to_string(), None).await;
        assert!(status < 500, "{topic} {body}: {status}");
        assert_eq!(super::rows(&world), before, "{topic} {body}");
    }
    let about = json!({"id": 1, "myshopify_domain": VICTIM}).to_string();
    assert_eq!(shopify(&world, "app/uninstalled", VICTIM, &about, None).await, 200);
    let row = world.app.table.store_get(&store, true).await.expect("table").expect("there").row;
    assert_eq!(row.status, StoreStatus::Uninstalled);
}

#[tokio::test(start_paused = true)]
async fn a_magento_address_opens_an_address_of_adobes_only_where_adobe_was_registered() {
    for way in [Way::MageOs, Way::Mageplaza, Way::CommerceWebhooks] {
        let world = World::new().await;
        let front = world.open_store(Kind::Magento(way)).await;
        let before = super::rows(&world);
        let path = front.added.webhook_url.strip_prefix("https://waybill.example").expect("ours").to_owned();
        let body = r#"{"validationUrl":"https://csm.adobe.io/validate?id=1"}"#;
        let request = Request::post(path).header("content-type", "application/json");
        let request = request.body(Body::Text(body.into())).expect("a request");
        let status = store_webhook::handle(&world.app, request).await.expect("never fails").status();
        assert_eq!(status, 401, "{way:?}");
        assert_eq!(super::rows(&world), before, "{way:?}");
    }
}
