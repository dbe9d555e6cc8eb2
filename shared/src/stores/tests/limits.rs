//! One delivery holds at most 200 of anything, on every platform, and is judged in one pass.

use super::read_unchecked;
use crate::domain::platform::Platform;
use crate::stores::error::StoreError;
use crate::stores::{Delivery, Notice};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method};
use serde_json::{Value, json};

fn delivery(name: &'static str, value: &str, body: &Value) -> Delivery {
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static(name), value.parse().expect("a value"));
    Delivery { method: Method::POST, headers, query: None, body: Bytes::from(body.to_string()) }
}

fn number(n: usize) -> String {
    format!("1Z{n:016}")
}

/// Deliveries with so many numbers, shipments or lines.
fn full_of(count: usize) -> Vec<(&'static str, Platform, Delivery)> {
    let all = || (0..count).map(number);
    let lines: Vec<Value> = (0..count).map(|n| json!({ "sku": format!("S{n}"), "quantity": 1, "qty": 1 })).collect();
    let shopify = |extra: Value| {
        let mut body = json!({ "id": 1, "order_id": 2, "status": "success" });
        body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        delivery("x-shopify-topic", "fulfillments/create", &body)
    };
    let entry = |number: String| json!({ "tracking_number": number });
    let woo = |value: Value| {
        let meta = json!([{ "key": "_wc_shipment_tracking_items", "value": value }]);
        delivery("x-wc-webhook-topic", "order.updated", &json!({ "id": 1, "status": "completed", "meta_data": meta }))
    };
    let magento = |tracks: Vec<Value>, items: &[Value]| {
        let data = json!({ "entity_id": 1, "order_id": 2, "tracks": tracks, "items": items });
        delivery("x-magento-signature", "00", &json!({ "data": data }))
    };
    let fulfillments: Vec<Value> = all()
        .enumerate()
        .map(|(n, number)| json!({ "id": n + 1, "order_id": 2, "status": "success", "tracking_number": number }))
        .collect();
    let order = json!({ "id": 2, "name": "#2", "fulfillments": fulfillments });
    vec![
        (
            "numbers of a fulfillment",
            Platform::Shopify,
            shopify(json!({ "tracking_numbers": all().collect::<Vec<_>>() })),
        ),
        (
            "numbers in one text",
            Platform::Shopify,
            shopify(json!({ "tracking_number": all().collect::<Vec<_>>().join(",") })),
        ),
        ("lines of a fulfillment", Platform::Shopify, shopify(json!({ "tracking_number": "A1", "line_items": lines }))),
        ("fulfillments of an order", Platform::Shopify, delivery("x-shopify-topic", "orders/fulfilled", &order)),
        ("trackings of an order", Platform::WooCommerce, woo(all().map(entry).collect())),
        (
            "tracks of a shipment",
            Platform::Magento,
            magento(all().map(|n| json!({ "track_number": n })).collect(), &[]),
        ),
        ("items of a shipment", Platform::Magento, magento(vec![json!({ "track_number": "A1" })], &lines)),
    ]
}

#[test]
fn two_hundred_are_taken_and_one_more_is_too_many_on_every_platform() {
    for (name, platform, delivery) in full_of(200) {
        assert!(matches!(read_unchecked(platform, &delivery), Ok(Notice::Fulfilled(_))), "{platform}, {name}");
    }
    // The largest body that is read holds some 90,000: each is looked at once, and the list is refused as a whole.
    for count in [201, 10_000] {
        for (name, platform, delivery) in full_of(count) {
            let refused = read_unchecked(platform, &delivery);
            let Err(StoreError::TooMany { what, order, shipment }) = &refused else {
                panic!("{platform}, {name}: {refused:?}")
            };
            assert!(order.is_some() && !what.is_empty(), "{platform}, {name}: a person must know which order");
            // A list of the whole order is read as a whole again; one shipment of it by itself.
            let whole = name.ends_with("of an order");
            assert_eq!(shipment.is_none(), whole, "{platform}, {name}");
        }
    }
}

#[test]
fn a_number_that_is_repeated_ten_thousand_times_is_one() {
    let body = json!({ "id": 1, "order_id": 2, "status": "success", "tracking_numbers": vec!["A1"; 10_000] });
    let delivery = delivery("x-shopify-topic", "fulfillments/create", &body);
    let Ok(Notice::Fulfilled(found)) = read_unchecked(Platform::Shopify, &delivery) else { panic!("readable") };
    assert_eq!(found.shipments[0].parcels.len(), 1);
}
