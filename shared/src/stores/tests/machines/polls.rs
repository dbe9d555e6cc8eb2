//! Polls: where they begin, what they ask for page by page, and where they go on.

use super::{WITH_API, access, answer, asked, looked_up, now, order, thin};
use crate::domain::fulfilment::{Fulfilment, OrderLink};
use crate::domain::platform::Platform;
use crate::stores::LookUp;
use crate::stores::poll::{PollCursor, PollQuery, PollStep, poll};
use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_store_answers_no_machine_panics(status in prop_oneof![Just(200_u16), Just(204), Just(404), 100..600_u16],
        answers in prop::collection::vec(super::super::any_json(), 1..6)) {
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
