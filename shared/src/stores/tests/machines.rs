//! The machines against scripted stores: what they ask for, and what they make of the answers.

use crate::domain::fulfilment::{Fulfilment, OrderLink, ShipmentStatus, StoreLine};
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::domain::platform::Platform;
use crate::stores::error::StoreError;
use crate::stores::poll::{PollCursor, PollQuery, PollStep, poll};
use crate::stores::subscriptions::{Goal, Report, SubscriptionStep, Wanted, hand_steps, subscriptions};
use crate::stores::{LookUp, Step, StoreAccess, StoreCredentials, ThinNotice, look_up};
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use proptest::prelude::*;
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
    assert_eq!(shipment.lines, [StoreLine { sku: "MUG-BLUE".to_owned(), quantity: 2 }]);
}

#[test]
fn a_long_list_of_bigcommerce_is_read_to_its_end() {
    let mut pages = Vec::new();
    let found = looked_up(Platform::BigCommerce, LookUp::Shipments(thin("251", None)), |request| {
        let body = match request.uri().path() {
            "/v2/orders/251/shipments" => {
                pages.push(asked(request));
                let count = if pages.len() == 1 { 250 } else { 3 };
                let first = pages.len() * 1000;
                (first..first + count).map(|id| json!({ "id": id, "tracking_number": format!("N{id}") })).collect()
            }
            _ => json!({ "id": 251, "status_id": 2 }),
        };
        (200, body)
    });
    let found = found.expect("an answer").expect("an order");
    assert_eq!(
        pages,
        ["GET /v2/orders/251/shipments?limit=250&page=1", "GET /v2/orders/251/shipments?limit=250&page=2"]
    );
    assert_eq!(found.shipments.len(), 253);
    assert!(found.complete.is_some());
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

/// Runs a poll to its end: what was asked, what was found, the cursors and the watermark.
fn polled(
    platform: Platform,
    query: PollQuery,
    mut store: impl FnMut(&Request<Bytes>) -> (u16, Value),
) -> (Vec<String>, Vec<Fulfilment>, Vec<Option<PollCursor>>, Timestamp) {
    let mut machine = poll(&access(platform), query).expect("a machine");
    let (mut asks, mut found, mut cursors) = (Vec::new(), Vec::new(), Vec::new());
    let mut step = machine.step(None, now()).expect("a step");
    for _ in 0..200 {
        step = match step {
            PollStep::Send(request) => {
                asks.push(asked(&request));
                let (status, body) = store(&request);
                machine.step(Some(&answer(status, &body)), now()).expect("a step")
            }
            PollStep::Found { fulfilments, cursor } => {
                found.extend(fulfilments);
                cursors.push(cursor);
                machine.step(None, now()).expect("a step")
            }
            PollStep::Done { watermark } => return (asks, found, cursors, watermark),
        };
    }
    panic!("the poll does not end");
}

fn since() -> PollQuery {
    let since = "2026-11-21T10:00:00Z".parse().expect("a moment");
    PollQuery { since, open_orders: Vec::new(), resume: None }
}

fn numbers(found: &[Fulfilment]) -> Vec<String> {
    found.iter().flat_map(|f| &f.shipments).flat_map(|s| &s.parcels).map(|p| p.number.as_str().to_owned()).collect()
}

#[test]
fn a_poll_of_woocommerce_follows_the_time_and_then_asks_for_open_orders() {
    let entry = |id: u32, second: u32| {
        json!({ "id": id, "number": id.to_string(), "status": "processing", "created_via": "rest-api",
            "date_modified_gmt": format!("2026-11-21T11:{:02}:{:02}", second / 60, second % 60),
            "meta_data": [{ "key": "_wc_shipment_tracking_items", "value": [{ "tracking_number": format!("N{id}") }] }] })
    };
    let query = PollQuery { open_orders: vec![order("5"), order("6")], ..since() };
    let (asks, found, cursors, watermark) = polled(Platform::WooCommerce, query, |request| {
        let query = request.uri().query().expect("a query");
        let body = if query.contains("include=") {
            json!([entry(5, 0)])
        } else if query.contains("modified_after=2026-11-21T10:00:00") {
            (0..100).map(|n| entry(100 + n, n)).collect()
        } else {
            json!([entry(199, 99), entry(300, 200)])
        };
        (200, body)
    });
    let list = "GET /wp-json/wc/v3/orders?modified_after";
    let rest = "&dates_are_gmt=true&orderby=modified&order=asc&per_page=100&page=1";
    assert_eq!(
        asks,
        [
            format!("{list}=2026-11-21T10:00:00{rest}"),
            format!("{list}=2026-11-21T11:01:38{rest}"),
            "GET /wp-json/wc/v3/orders?include=5,6&per_page=100".to_owned(),
        ]
    );
    assert_eq!(found.len(), 103);
    assert_eq!(cursors.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(watermark, now());
}

#[test]
fn a_poll_of_woocommerce_reads_the_fulfillments_of_its_core() {
    let (asks, found, _, _) = polled(Platform::WooCommerce, since(), |request| match request.uri().path() {
        "/wp-json/wc/v3/orders" => (
            200,
            json!([{ "id": 1206, "number": "1206", "date_modified_gmt": "2026-11-21T11:00:00",
            "meta_data": [{ "key": "_fulfillment_status", "value": "fulfilled" }], "line_items": [{ "id": 301, "sku": "MUG", "quantity": 1 }] }]),
        ),
        "/wp-json/wc/v3/orders/1206/fulfillments" => (
            200,
            json!([{ "id": 31, "is_fulfilled": true, "meta_data": [
            { "key": "_tracking_number", "value": "1Z0000000000000059" }, { "key": "_shipment_provider", "value": "other" },
            { "key": "_provider_name", "value": "Example Courier" }, { "key": "_items", "value": [{ "item_id": 301, "qty": "1" }] }] }]),
        ),
        other => panic!("{other}"),
    });
    assert_eq!(asks.len(), 2);
    assert_eq!(numbers(&found), ["1Z0000000000000059"]);
    let carrier = found.first().and_then(|f| f.shipments.first()).and_then(|s| s.parcels.first()?.carrier.clone());
    assert_eq!(carrier.as_deref(), Some("Example Courier"));
}

#[test]
fn a_poll_of_bigcommerce_reads_shipments_only_where_there_can_be_some() {
    let (asks, found, _, _) = polled(Platform::BigCommerce, since(), |request| match request.uri().path() {
        "/v2/orders" => (
            200,
            json!([
            { "id": 1, "status_id": 2, "items_shipped": 1, "date_modified": "Sat, 21 Nov 2026 11:00:00 +0000", "external_order_id": "576000000000000017" },
            { "id": 2, "status_id": 11, "items_shipped": 0, "external_order_id": "576000000000000024" },
            { "id": 3, "status_id": 2, "items_shipped": 1, "order_source": "www" }]),
        ),
        "/v2/orders/1/shipments" => (200, json!([{ "id": 9, "tracking_number": "N1", "items": [] }])),
        other => panic!("{other}"),
    });
    assert_eq!(
        asks.first().map(String::as_str),
        Some("GET /v2/orders?min_date_modified=2026-11-21T10%3A00%3A00Z&sort=date_modified%3Aasc&limit=250&page=1")
    );
    assert_eq!(asks.len(), 2, "{asks:?}");
    assert_eq!(numbers(&found), ["N1"]);
    assert_eq!(
        found.iter().map(|f| (f.order.as_str(), f.complete.is_some())).collect::<Vec<_>>(),
        [("1", true), ("2", true)]
    );
}

#[test]
fn a_poll_of_bigcommerce_takes_an_empty_answer_as_nothing_new() {
    let (_, found, cursors, watermark) = polled(Platform::BigCommerce, since(), |_| (204, Value::Null));
    assert_eq!((found.len(), cursors, watermark), (0, vec![None], now()));
}

#[test]
fn a_poll_of_magento_asks_for_shipments_cancellations_and_open_orders() {
    let query = PollQuery { open_orders: vec![order("7"), order("8")], ..since() };
    let shipment = |id: u32, order: u32| json!({ "entity_id": id, "order_id": order, "tracks": [{ "track_number": format!("N{id}"), "title": "DHL" }] });
    let (asks, found, cursors, _) = polled(Platform::Magento, query, |request| {
        let query = percent_encoding::percent_decode_str(request.uri().query().unwrap_or_default())
            .decode_utf8_lossy()
            .into_owned();
        let body = match request.uri().path() {
            "/rest/V1/orders" => {
                json!({ "items": [{ "entity_id": 5, "state": "canceled", "increment_id": "5" }], "total_count": 1 })
            }
            _ if query.contains("[value]=7,8") => json!({ "items": [shipment(9, 7)], "total_count": 1 }),
            _ if query.contains("[currentPage]=2") => json!({ "items": [shipment(3, 2)], "total_count": 101 }),
            _ => {
                assert!(
                    query.contains("[field]=updated_at&") && query.contains("[value]=2026-11-21 10:00:00&"),
                    "{query}"
                );
                json!({ "items": [shipment(1, 1), shipment(2, 1)], "total_count": 101 })
            }
        };
        (200, body)
    });
    assert_eq!(asks.len(), 4, "{asks:?}");
    assert_eq!(numbers(&found), ["N1", "N2", "N3", "N9"]);
    assert_eq!(found.first().map(|f| (f.shipments.len(), f.link.clone())), Some((2, OrderLink::NotRead)));
    assert!(found.iter().any(|f| f.cancelled.is_some()));
    let pages: Vec<&str> = cursors.iter().flatten().map(|cursor| cursor.page.as_str()).collect();
    assert_eq!(pages, ["shipments:2", "cancelled:1", "open:1"]);
}

#[test]
fn a_poll_of_shopify_reads_large_orders_one_by_one() {
    let fulfillment = |id: u32| {
        json!({ "legacyResourceId": id.to_string(), "status": "SUCCESS", "updatedAt": "2026-11-21T11:00:00Z",
        "trackingInfo": [{ "company": "UPS", "number": format!("N{id}") }],
        "fulfillmentLineItems": { "nodes": [], "pageInfo": { "hasNextPage": false, "endCursor": null } } })
    };
    let many: Vec<Value> = (1..=5).map(fulfillment).collect();
    let more: Vec<Value> = (1..=7).map(fulfillment).collect();
    let (asks, found, cursors, _) = polled(Platform::Shopify, since(), |request| {
        let body: Value = serde_json::from_slice(request.body()).expect("JSON");
        if body.pointer("/variables/id").is_some() {
            return (200, json!({ "data": { "order": { "legacyResourceId": "2", "fulfillments": more } } }));
        }
        assert_eq!(body.pointer("/variables/query"), Some(&json!("updated_at:>='2026-11-21T10:00:00Z'")));
        let (nodes, next) = match body.pointer("/variables/after").and_then(Value::as_str) {
            None => (
                json!([{ "legacyResourceId": "1", "fulfillments": [fulfillment(11)] },
                { "legacyResourceId": "2", "fulfillments": many },
                { "legacyResourceId": "3", "fulfillments": [] },
                { "legacyResourceId": "4", "sourceName": "web", "fulfillments": [fulfillment(41)] }]),
                Some("c"),
            ),
            Some(_) => (json!([{ "legacyResourceId": "5", "cancelledAt": "2026-11-21T11:00:00Z" }]), None),
        };
        (
            200,
            json!({ "data": { "orders": { "nodes": nodes, "pageInfo": { "hasNextPage": next.is_some(), "endCursor": next } } } }),
        )
    });
    assert_eq!(asks.len(), 3);
    let orders: Vec<(&str, usize)> = found.iter().map(|f| (f.order.as_str(), f.shipments.len())).collect();
    assert_eq!(orders, [("1", 1), ("2", 7), ("5", 0)]);
    assert_eq!(cursors.iter().map(|c| c.as_ref().map(|c| c.page.as_str())).collect::<Vec<_>>(), [Some("c"), None]);
}

#[test]
fn a_poll_goes_on_from_a_kept_cursor() {
    let cursor =
        PollCursor { since: now(), page: "3".to_owned(), watermark: "2026-11-21T09:00:00Z".parse().expect("a moment") };
    let query = PollQuery { resume: Some(cursor.clone()), ..since() };
    let (asks, _, _, watermark) = polled(Platform::WooCommerce, query, |_| (200, json!([])));
    assert!(
        asks.first().is_some_and(|ask| ask.contains("modified_after=2026-11-21T12:00:00&") && ask.ends_with("page=3")),
        "{asks:?}"
    );
    assert_eq!(watermark, cursor.watermark);
}

/// A store that keeps subscriptions as its API does.
struct Hooks(Vec<Value>, usize);

impl Hooks {
    fn serve(&mut self, platform: Platform, request: &Request<Bytes>) -> (u16, Value) {
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        self.1 += 1;
        let path = request.uri().path();
        let id = path.rsplit('/').next().and_then(|id| id.parse::<u64>().ok());
        match (platform, request.method().as_str()) {
            (Platform::Shopify, _) => {
                let query = body.get("query").and_then(Value::as_str).unwrap_or_default();
                let hook = |id: &Value, topic: &Value| json!({ "id": id, "topic": topic, "uri": body.pointer("/variables/hook/uri"), "format": "JSON" });
                let variable = |name: &str| body.pointer(&format!("/variables/{name}")).cloned().unwrap_or_default();
                if query.contains("webhookSubscriptionCreate") {
                    self.0.push(hook(&json!(format!("gid://{}", self.1)), &variable("topic")));
                } else if query.contains("webhookSubscriptionDelete") {
                    self.0.retain(|hook| hook.get("id") != Some(&variable("id")));
                } else if query.contains("webhookSubscriptionUpdate") {
                    self.set("id", &variable("id"), &[("format", json!("JSON"))]);
                } else {
                    return (200, json!({ "data": { "webhookSubscriptions": { "nodes": self.0 } } }));
                }
                (200, json!({ "data": { "result": { "userErrors": [] } } }))
            }
            (Platform::WooCommerce, "GET") => (200, json!(self.0)),
            (Platform::BigCommerce, "GET") => {
                (200, json!({ "data": self.0, "meta": { "pagination": { "current_page": 1, "total_pages": 1 } } }))
            }
            (_, "GET") => (200, json!({ "items": self.0, "total_count": self.0.len() })),
            (Platform::Magento, method) => {
                let mut event = body.get("asyncEvent").cloned().unwrap_or_default();
                if method == "POST" {
                    event["subscription_id"] = json!(self.1);
                    event["status"] = json!(true);
                    self.0.push(event);
                } else {
                    self.set("subscription_id", &json!(id), &[("status", event["status"].clone())]);
                }
                (200, json!({}))
            }
            (_, "POST") => {
                let mut hook = body;
                hook["id"] = json!(self.1);
                self.0.push(hook);
                (201, json!({}))
            }
            (_, "PUT") => {
                let fields: Vec<(&str, Value)> =
                    body.as_object().into_iter().flatten().map(|(k, v)| (k.as_str(), v.clone())).collect();
                self.set("id", &json!(id), &fields);
                (200, json!({}))
            }
            (_, _) => {
                self.0.retain(|hook| hook.get("id") != Some(&json!(id)));
                (200, json!({}))
            }
        }
    }

    fn set(&mut self, key: &str, id: &Value, fields: &[(&str, Value)]) {
        for hook in self.0.iter_mut().filter(|hook| hook.get(key) == Some(id)) {
            for (name, value) in fields {
                hook[*name] = value.clone();
            }
        }
    }
}

fn kept(platform: Platform, goal: Goal, hooks: &mut Hooks) -> Report {
    let wanted = Wanted {
        address: "https://waybill.example/hooks/x/abc".to_owned(),
        secret: Some("wordsanddigits1".to_owned().into()),
        header: Some("headersecret".to_owned().into()),
    };
    let mut machine = subscriptions(&access(platform), wanted, goal).expect("a machine");
    let mut step = machine.step(None, now()).expect("a step");
    for _ in 0..50 {
        match step {
            SubscriptionStep::Send(request) => {
                let (status, body) = hooks.serve(platform, &request);
                step = machine.step(Some(&answer(status, &body)), now()).expect("a step");
            }
            SubscriptionStep::Done(report) => return report,
        }
    }
    panic!("the comparison does not end");
}

#[test]
fn subscriptions_are_made_noticed_when_gone_repaired_and_taken_away() {
    for (platform, count, asleep) in [
        (Platform::Shopify, 4, ("format", json!("XML"))),
        (Platform::WooCommerce, 2, ("status", json!("disabled"))),
        (Platform::BigCommerce, 4, ("is_active", json!(false))),
        (Platform::Magento, 3, ("status", json!(false))),
    ] {
        let mut hooks = Hooks(Vec::new(), 0);
        let made = kept(platform, Goal::Ensure, &mut hooks);
        assert_eq!(
            (made.repaired.len(), made.in_place.len(), made.refused.len()),
            (count, 0, 0),
            "{platform} {made:?}"
        );
        let again = kept(platform, Goal::Ensure, &mut hooks);
        assert_eq!((again.repaired.len(), again.in_place.len()), (0, count), "{platform}");

        hooks.0[0][asleep.0] = asleep.1;
        let lost = hooks.0.pop().expect("a subscription");
        let checked = kept(platform, Goal::Check, &mut hooks);
        assert_eq!((checked.missing.len(), checked.repaired.len()), (2, 0), "{platform} {checked:?}");
        let repaired = kept(platform, Goal::Ensure, &mut hooks);
        assert_eq!(repaired.repaired, checked.missing, "{platform}");

        hooks.0.push(lost);
        let double = kept(platform, Goal::Ensure, &mut hooks);
        assert_eq!((double.removed.len(), double.in_place.len()), (1, count), "{platform} {double:?}");
        let removed = kept(platform, Goal::Remove, &mut hooks);
        assert_eq!(removed.removed.len(), count, "{platform}");
        let nothing = kept(platform, Goal::Check, &mut hooks);
        assert_eq!(nothing.missing.len(), count, "{platform}");
    }
}

#[test]
fn a_subscription_that_belongs_to_somebody_else_is_left_alone() {
    let mut hooks = Hooks(
        vec![
            json!({ "id": 1, "topic": "order.updated", "status": "active", "delivery_url": "https://other.example/" }),
        ],
        0,
    );
    kept(Platform::WooCommerce, Goal::Remove, &mut hooks);
    assert_eq!(hooks.0.len(), 1);
}

#[test]
fn every_platform_and_way_can_be_set_up_by_hand() {
    let ways = [None, Some("mage-os"), Some("io-events"), Some("commerce-webhooks"), Some("mageplaza")];
    for platform in Platform::ALL {
        for way in ways {
            let steps = hand_steps(platform, way, "https://waybill.example/hooks/x/abc");
            assert!(
                steps.iter().any(|step| step.contains("https://waybill.example/hooks/x/abc")),
                "{platform} {way:?}"
            );
            assert!(!steps.iter().any(|step| step.contains("{address}")), "{platform} {way:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_store_answers_no_machine_panics(status in prop_oneof![Just(200_u16), Just(204), Just(404), 100..600_u16],
        answers in prop::collection::vec(super::any_json(), 1..6)) {
        for platform in WITH_API {
            let mut turn = 0;
            let mut store = |_: &Request<Bytes>| {
                turn += 1;
                (status, answers.get(turn % answers.len()).cloned().unwrap_or_default())
            };
            let _ = looked_up(platform, LookUp::Shipments(thin("7", Some("9"))), &mut store);
            let _ = looked_up(platform, LookUp::Shipments(thin("7", None)), &mut store);
            let mut machine = poll(&access(platform), PollQuery { open_orders: vec![order("7")], ..since() }).expect("a machine");
            let mut sent = None;
            for _ in 0..20 {
                match machine.step(sent.as_ref(), now()) {
                    Ok(PollStep::Send(request)) => {
                        let (status, body) = store(&request);
                        sent = Some(answer(status, &body));
                    }
                    Ok(PollStep::Found { .. }) => sent = None,
                    Ok(PollStep::Done { .. }) | Err(_) => break,
                }
            }
        }
    }
}
