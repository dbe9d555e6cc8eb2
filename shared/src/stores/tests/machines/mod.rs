//! The machines against scripted stores: what they ask for, and what they make of the answers.

mod polls;
mod subscriptions;

use crate::domain::fulfilment::{Fulfilment, ShipmentStatus, StoreLine};
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::domain::platform::Platform;
use crate::stores::error::StoreError;
use crate::stores::{LookUp, Step, StoreAccess, StoreCredentials, ThinNotice, look_up};
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) const NOW: &str = "2026-11-21T12:00:00Z";

fn now() -> Timestamp {
    NOW.parse().expect("a moment")
}

pub(super) fn access(platform: Platform) -> StoreAccess {
    let secret = |text: &str| text.to_owned().into();
    let credentials = match platform {
        Platform::WooCommerce => StoreCredentials::Basic { key: secret("ck_1"), secret: secret("cs_1") },
        Platform::Magento => StoreCredentials::OAuth1 {
            consumer_key: secret("k"),
            consumer_secret: secret("s"),
            token: secret("t"),
            token_secret: secret("ts"),
        },
        _ => StoreCredentials::Token(secret("token")),
    };
    StoreAccess { platform, base: "https://store.example".to_owned(), credentials, settings: Default::default() }
}

fn answer(status: u16, body: &Value) -> Response<Bytes> {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Response::builder().status(status).body(Bytes::from(body)).expect("a response")
}

/// What was asked, for a person: method, path, query and the names of a GraphQL call.
fn asked(request: &Request<Bytes>) -> String {
    let path = request.uri().path_and_query().map(|path| path.as_str().to_owned()).unwrap_or_default();
    format!("{} {path}", request.method())
}

fn order(id: &str) -> StoreOrderId {
    StoreOrderId::parse(id).expect("an id")
}

fn thin(id: &str, shipment: Option<&str>) -> ThinNotice {
    ThinNotice {
        order: Some(order(id)),
        shipment: shipment.map(|id| ShipmentId::parse(id).expect("an id")),
        deleted: false,
        at: "2026-11-21T10:00:00Z".parse().expect("a moment"),
        known: None,
    }
}

/// Runs a look-up; `store` answers by path.
fn looked_up(
    platform: Platform,
    what: LookUp,
    mut store: impl FnMut(&Request<Bytes>) -> (u16, Value),
) -> Result<Option<Fulfilment>, StoreError> {
    let mut machine = look_up(&access(platform), what)?;
    let mut step = machine.step(None, now())?;
    for _ in 0..100 {
        match step {
            Step::Send(request) => {
                let (status, body) = store(&request);
                step = machine.step(Some(&answer(status, &body)), now())?;
            }
            Step::Done(found) => return Ok(Some(found)),
            Step::Gone => return Ok(None),
        }
    }
    panic!("the look-up does not end");
}

const WITH_API: [Platform; 4] = [Platform::Shopify, Platform::WooCommerce, Platform::BigCommerce, Platform::Magento];

#[test]
fn each_refusal_of_a_store_says_what_to_do() {
    for platform in WITH_API {
        for (status, body, expected) in [
            (401, json!({}), "Unauthorised"),
            (403, json!({}), "Unauthorised"),
            (429, json!({}), "Throttled"),
            (500, json!({}), "Unavailable"),
            (301, json!({}), "Unavailable"),
            (200, json!("<html>"), "Unavailable"),
        ] {
            let result = looked_up(platform, LookUp::Link { order: order("7") }, |_| (status, body.clone()));
            let error = format!("{:?}", result.expect_err("an error"));
            assert!(error.starts_with(expected), "{platform} {status}: {error}");
        }
    }
}

#[test]
fn graphql_refuses_with_status_200_as_well() {
    let throttled = json!({
        "errors": [{ "message": "Throttled", "extensions": { "code": "THROTTLED" } }],
        "extensions": { "cost": { "requestedQueryCost": 110, "throttleStatus": { "currentlyAvailable": 10, "restoreRate": 50.0 } } }
    });
    let denied = json!({ "errors": [{ "message": "x", "extensions": { "code": "ACCESS_DENIED" } }], "data": null });
    let broken = json!({ "errors": [{ "message": "Internal error" }] });
    let link = || LookUp::Link { order: order("7") };
    match looked_up(Platform::Shopify, link(), |_| (200, throttled.clone())) {
        Err(StoreError::Throttled { after }) => assert_eq!(after.map(|d| d.as_secs()), Some(2)),
        other => panic!("{other:?}"),
    }
    assert!(matches!(
        looked_up(Platform::Shopify, link(), |_| (200, denied.clone())),
        Err(StoreError::Unauthorised { status: 403 })
    ));
    assert!(matches!(looked_up(Platform::Shopify, link(), |_| (200, broken.clone())), Err(StoreError::Unavailable(_))));
    assert!(matches!(looked_up(Platform::Shopify, link(), |_| (200, json!({ "data": { "order": null } }))), Ok(None)));
}

#[test]
fn an_order_that_is_gone_is_told_from_a_site_that_is() {
    for (platform, body, gone) in [
        (Platform::WooCommerce, json!({ "code": "woocommerce_rest_shop_order_invalid_id" }), true),
        (Platform::WooCommerce, json!({ "code": "rest_no_route" }), false),
        (Platform::WooCommerce, json!("<html>"), false),
        (Platform::BigCommerce, json!([{ "status": 404 }]), true),
        (Platform::Magento, json!({ "message": "No such entity" }), true),
        (Platform::Shopify, json!({ "errors": "Not Found" }), false),
    ] {
        let result = looked_up(platform, LookUp::Link { order: order("7") }, |_| (404, body.clone()));
        assert_eq!(matches!(result, Ok(None)), gone, "{platform}: {result:?}");
    }
}

#[test]
fn credentials_of_the_wrong_kind_are_refused_before_anything_is_sent() {
    for platform in WITH_API {
        let access = StoreAccess { credentials: StoreCredentials::None, ..access(platform) };
        let refused = look_up(&access, LookUp::Link { order: order("7") }).err();
        assert!(matches!(refused, Some(StoreError::Unauthorised { status: 0 })), "{platform}");
    }
    assert!(look_up(&access(Platform::Generic), LookUp::Link { order: order("7") }).is_err());
}

#[test]
fn a_request_carries_its_credential_where_logs_do_not_look() {
    for (platform, header, begins) in [
        (Platform::Shopify, "x-shopify-access-token", "token"),
        (Platform::WooCommerce, "authorization", "Basic Y2tfMTpjc18x"),
        (Platform::BigCommerce, "x-auth-token", "token"),
        (Platform::Magento, "authorization", "OAuth oauth_consumer_key=\"k\""),
    ] {
        let mut machine = look_up(&access(platform), LookUp::Link { order: order("7") }).expect("a machine");
        let Ok(Step::Send(request)) = machine.step(None, now()) else { panic!("{platform}") };
        let value = request.headers().get(header).expect("the credential");
        assert!(value.is_sensitive() && value.as_bytes().starts_with(begins.as_bytes()), "{platform}");
        assert!(!format!("{request:?}").contains("Y2tfMTpjc18x"), "{platform}");
    }
}

#[test]
fn a_large_shopify_fulfillment_is_read_page_by_page() {
    let page = |from: u32, next: Option<&str>| {
        let nodes: Vec<Value> =
            (from..from + 2).map(|n| json!({ "quantity": n, "lineItem": { "sku": format!("S{n}") } })).collect();
        json!({ "nodes": nodes, "pageInfo": { "hasNextPage": next.is_some(), "endCursor": next } })
    };
    let mut calls = 0;
    let found = looked_up(Platform::Shopify, LookUp::Shipments(thin("7", None)), |request| {
        calls += 1;
        let body: Value = serde_json::from_slice(request.body()).expect("JSON");
        match body.pointer("/variables/after").and_then(Value::as_str) {
            None => (
                200,
                json!({ "data": { "order": { "legacyResourceId": "7", "name": "#7", "fulfillments": [
                { "legacyResourceId": "71", "status": "SUCCESS", "updatedAt": "2026-11-21T10:15:40Z",
                  "trackingInfo": [{ "company": "UPS", "number": "1Z0000000000000001" }],
                  "fulfillmentLineItems": page(1, Some("c1")) },
                { "legacyResourceId": "72", "status": "CANCELLED", "updatedAt": "2026-11-21T10:15:40Z",
                  "trackingInfo": [], "fulfillmentLineItems": page(1, None) }] } } }),
            ),
            Some("c1") => (200, json!({ "data": { "node": { "fulfillmentLineItems": page(3, Some("c2")) } } })),
            Some("c2") => (200, json!({ "data": { "node": { "fulfillmentLineItems": page(5, None) } } })),
            other => panic!("{other:?}"),
        }
    });
    let found = found.expect("an answer").expect("an order");
    assert_eq!(calls, 3);
    let quantities: Vec<u32> = found.shipments.iter().flat_map(|s| &s.lines).map(|line| line.quantity).collect();
    assert_eq!(quantities, [1, 2, 3, 4, 5, 6, 1, 2]);
    assert_eq!(found.shipments.last().map(|s| s.status), Some(ShipmentStatus::Cancelled));
}

#[test]
fn two_numbers_in_one_field_of_bigcommerce_are_two_parcels() {
    let found = looked_up(Platform::BigCommerce, LookUp::Shipments(thin("251", Some("12"))), |request| {
        let body = match request.uri().path() {
            "/v2/orders/251/shipments/12" => {
                json!({ "id": 12, "tracking_number": "9400100000000000000017, 9400100000000000000024",
                "shipping_provider": "", "shipping_method": "None", "items": [{ "order_product_id": 188, "quantity": 2 }] })
            }
            "/v2/orders/251" => json!({ "id": 251, "status_id": 2, "external_order_id": "576000000000000017" }),
            "/v2/orders/251/products" => json!([{ "id": 188, "sku": "MUG-BLUE" }]),
            other => panic!("{other}"),
        };
        (200, body)
    });
    let found = found.expect("an answer").expect("an order");
    let [shipment] = found.shipments.as_slice() else { panic!("one shipment") };
    let numbers: Vec<&str> = shipment.parcels.iter().map(|p| p.number.as_str()).collect();
    assert_eq!(numbers, ["9400100000000000000017", "9400100000000000000024"]);
    assert!(shipment.parcels.iter().all(|parcel| parcel.carrier.is_none()), "the word None is no carrier");
    assert_eq!(shipment.lines, [StoreLine::new("MUG-BLUE", 2)]);
}

#[test]
fn a_long_list_of_bigcommerce_is_read_to_its_end() {
    let mut pages = Vec::new();
    let found = looked_up(Platform::BigCommerce, LookUp::Shipments(thin("251", Some("71"))), |request| {
        let body = match request.uri().path() {
            "/v2/orders/251/products" => {
                pages.push(asked(request));
                let count = if pages.len() == 1 { 250 } else { 3 };
                let first = pages.len() * 1000;
                (first..first + count).map(|id| json!({ "id": id, "sku": format!("S{id}") })).collect()
            }
            "/v2/orders/251/shipments/71" => json!({ "id": 71, "tracking_number": "N1", "items": [
                { "order_product_id": 1001, "quantity": 1 }, { "order_product_id": 2002, "quantity": 1 }] }),
            _ => json!({ "id": 251, "status_id": 2 }),
        };
        (200, body)
    });
    let found = found.expect("an answer").expect("an order");
    assert_eq!(pages, ["GET /v2/orders/251/products?limit=250&page=1", "GET /v2/orders/251/products?limit=250&page=2"]);
    let skus: Vec<&str> = found.shipments[0].lines.iter().map(|line| line.sku.as_str()).collect();
    assert_eq!(skus, ["S1001", "S2002"]);
}

#[test]
fn a_magento_shipment_that_is_not_saved_yet_is_waited_for() {
    let missing = |at: &str| {
        let notice = ThinNotice { at: at.parse().expect("a moment"), ..thin("1001", Some("71")) };
        looked_up(Platform::Magento, LookUp::Shipments(notice), |request| match request.uri().path() {
            "/rest/V1/shipment/71" => (404, json!({ "message": "No such entity" })),
            _ => (200, json!({ "entity_id": 1001, "increment_id": "1", "state": "processing" })),
        })
    };
    assert!(matches!(missing("2026-11-21T11:59:00Z"), Err(StoreError::Unavailable(_))));
    let found = missing("2026-11-21T10:00:00Z").expect("an answer").expect("an order");
    assert_eq!(found.shipments.first().map(|s| s.status), Some(ShipmentStatus::Cancelled));
}

#[test]
fn parts_of_a_unit_in_a_magento_shipment_are_rounded_up() {
    let found = looked_up(Platform::Magento, LookUp::Shipments(thin("1001", Some("71"))), |request| {
        match request.uri().path() {
            "/rest/V1/shipment/71" => (
                200,
                json!({ "entity_id": "71", "order_id": "1001", "items": [
            { "sku": "ROPE", "qty": 1.5 }, { "sku": "MUG", "qty": "2.0000" }, { "sku": "NONE", "qty": 0 }], "tracks": "" }),
            ),
            _ => (
                200,
                json!({ "entity_id": 1001, "increment_id": "1", "state": "processing", "payment": [], "extension_attributes": [] }),
            ),
        }
    });
    let lines = found.expect("an answer").expect("an order").shipments.remove(0).lines;
    let lines: Vec<(&str, u32)> = lines.iter().map(|line| (line.sku.as_str(), line.quantity)).collect();
    assert_eq!(lines, [("ROPE", 2), ("MUG", 2)]);
}
