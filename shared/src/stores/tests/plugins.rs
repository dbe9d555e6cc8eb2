//! WooCommerce's plug-ins, one row for each shape that they write.

use super::read_unchecked;
use crate::domain::fulfilment::{Fulfilment, OrderLink};
use crate::domain::platform::Platform;
use crate::stores::{Delivery, Notice};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

pub(super) fn read(body: &Value) -> Notice {
    let mut headers = HeaderMap::new();
    headers.insert("x-wc-webhook-topic", HeaderValue::from_static("order.updated"));
    let delivery = Delivery { method: Method::POST, headers, query: None, body: Bytes::from(body.to_string()) };
    read_unchecked(Platform::WooCommerce, &delivery).expect("readable")
}

pub(super) fn fulfilment(meta: Value) -> Fulfilment {
    let body = json!({ "id": 1, "number": "1", "status": "processing", "date_modified_gmt": "2026-11-21T10:00:00",
        "line_items": [{ "id": 301, "sku": "MUG", "quantity": 2, "product_id": 50, "variation_id": 0, "meta_data": [] },
            { "id": 302, "sku": "CAP", "quantity": 1, "product_id": 51, "variation_id": 52, "meta_data": [] }],
        "meta_data": meta });
    match read(&body) {
        Notice::Fulfilled(fulfilment) => fulfilment,
        other => panic!("{other:?}"),
    }
}

/// `number carrier [sku×quantity …]` for each parcel; parcels of one shipment are joined with ` + `.
pub(super) fn told(meta: Value) -> Vec<String> {
    let shipments = fulfilment(meta).shipments;
    let one = |shipment: &crate::domain::fulfilment::Shipment| {
        let parcels: Vec<String> = shipment
            .parcels
            .iter()
            .map(|p| format!("{} {}", p.number.as_str(), p.carrier.as_deref().unwrap_or("-")))
            .collect();
        let lines: Vec<String> = shipment.lines.iter().map(|line| format!("{}×{}", line.sku, line.quantity)).collect();
        format!("{} [{}]", parcels.join(" + "), lines.join(" "))
    };
    shipments.iter().map(one).collect()
}

#[test]
fn each_shape_of_each_plug_in_is_read() {
    let meta = |key: &str, value: Value| json!([{ "key": key, "value": value }]);
    for (name, meta, expected) in [
        (
            "the official plug-in after a delete: a list with a gap is an object",
            meta(
                "_wc_shipment_tracking_items",
                json!({ "1": { "tracking_number": "A1", "tracking_provider": "usps", "custom_tracking_provider": "" } }),
            ),
            vec!["A1 usps []"],
        ),
        (
            "numbers as numbers, blanks around them, and an entry without a number",
            meta(
                "_wc_shipment_tracking_items",
                json!([{ "tracking_number": 9400100000000000017_u64 }, { "tracking_number": " B2 " }, { "tracking_number": "" }]),
            ),
            vec!["9400100000000000017 - []", "B2 - []"],
        ),
        (
            "AST Pro names the items, by line or by product",
            meta(
                "_wc_shipment_tracking_items",
                json!([{ "tracking_number": "A1", "tracking_provider": "ups",
                "products_list": [{ "product": "50", "item_id": "301", "qty": "1" }, { "product": "52", "item_id": "", "qty": 1 }] }]),
            ),
            vec!["A1 ups [MUG×1 CAP×1]"],
        ),
        (
            "AST Pro's list as an object, with a line that is not in the order any more",
            meta(
                "_wc_shipment_tracking_items",
                json!([{ "tracking_number": "A1", "products_list": { "0": { "item_id": 999, "qty": 3 } } }]),
            ),
            vec!["A1 - [×3]"],
        ),
        (
            "AfterShip joins several numbers with commas",
            meta(
                "_aftership_tracking_items",
                json!([{ "slug": "royal-mail", "tracking_number": "A1, A2", "line_items": [{ "id": 301, "quantity": 2 }] }]),
            ),
            vec!["A1 royal-mail + A2 royal-mail [MUG×2]"],
        ),
        (
            "AfterShip's newer copy",
            meta(
                "_aftership_fulfillments",
                json!([{ "id": "f1", "items": [{ "id": 302, "quantity": 1 }], "trackings": [{ "slug": "ups", "tracking_number": "A1" }] }]),
            ),
            vec!["A1 ups [CAP×1]"],
        ),
        (
            "AfterShip's newer copy with two numbers, which share the items",
            meta(
                "_aftership_fulfillments",
                json!([{ "id": "f1", "items": [{ "id": 301, "quantity": 2 }], "trackings": [{ "slug": "ups", "tracking_number": "A1" }, { "slug": "fedex", "tracking_number": "A2, A1" }] }]),
            ),
            vec!["A1 ups + A2 fedex [MUG×2]"],
        ),
        (
            "AfterShip's list and its newer copy: no item is counted twice",
            json!([{ "key": "_aftership_tracking_items", "value": [{ "slug": "ups", "tracking_number": "A1", "line_items": [{ "id": 301, "quantity": 1 }] }] },
                { "key": "_aftership_fulfillments", "value": [{ "id": "f1", "items": [{ "id": 301, "quantity": 1 }], "trackings": [{ "slug": "ups", "tracking_number": "A1" }] }] }]),
            vec!["A1 ups [MUG×1]"],
        ),
        (
            "AfterShip's mirror of the first number adds nothing",
            json!([{ "key": "_aftership_tracking_number", "value": "A1" }, { "key": "_aftership_tracking_provider_name", "value": "ups" },
                { "key": "_aftership_tracking_items", "value": [{ "slug": "ups", "tracking_number": "a1", "line_items": [{ "id": 301, "quantity": 1 }] }] }]),
            vec!["a1 ups [MUG×1]"],
        ),
        (
            "PluginHive",
            meta(
                "_ost_tracking_items",
                json!([{ "tracking_number": "A1", "carrier_id": "dhl", "carrier_name": "DHL", "date_shipped": 1 }]),
            ),
            vec!["A1 DHL []"],
        ),
        (
            "a key that a person set, with the carrier beside it",
            json!([{ "key": "_my_carrier", "value": "Example Courier" }, { "key": "_my_tracking", "value": "A1; A2" }]),
            vec!["A1 Example Courier + A2 Example Courier []"],
        ),
        (
            "a key that a person set, as JSON text",
            meta("_my_tracking", json!("[{\"number\":\"A1\",\"provider\":\"ups\"},{\"number\":\"A2\"}]")),
            vec!["A1 ups []", "A2 - []"],
        ),
        (
            "two plug-ins with one parcel: the entry that names items wins, in its own order",
            json!([{ "key": "_wc_shipment_tracking_items", "value": [{ "tracking_number": "A 1", "tracking_provider": "usps" }, { "tracking_number": "B2", "tracking_provider": "ups" }] },
                { "key": "_aftership_tracking_items", "value": [{ "slug": "", "tracking_number": "a1", "line_items": [{ "id": 301, "quantity": 1 }] }] }]),
            vec!["B2 ups []", "a1 usps [MUG×1]"],
        ),
        (
            "more than ten entries in an object stay in their order",
            meta(
                "_wc_shipment_tracking_items",
                json!({ "10": { "tracking_number": "LAST" }, "2": { "tracking_number": "FIRST" }, "9": { "tracking_number": "MIDDLE" } }),
            ),
            vec!["FIRST - []", "MIDDLE - []", "LAST - []"],
        ),
        ("nothing that we know", json!({ "0": { "key": "x", "value": { "a": [1] } } }), vec![]),
        ("no meta at all", json!(""), vec![]),
    ] {
        assert_eq!(told(meta), expected, "{name}");
    }
}

#[test]
fn villathemes_history_ends_with_the_current_number_and_lines_share_parcels() {
    let line = |id: u32, sku: &str, history: &str| json!({ "id": id, "sku": sku, "quantity": 2, "meta_data": [{ "key": "_vi_wot_order_item_tracking_data", "value": history }] });
    let body = json!({ "id": 1, "number": "1", "status": "completed", "date_modified_gmt": "2026-11-21T10:00:00", "meta_data": [], "line_items": [
        line(1, "MUG", r#"[{"tracking_number":"OLD","carrier_name":"UPS"},{"tracking_number":"N1","carrier_name":"","carrier_slug":"dhl"}]"#),
        line(2, "CAP", r#"[{"tracking_number":"N1","carrier_slug":"dhl"}]"#),
        line(3, "PEN", r#"[{"tracking_number":"","carrier_slug":"dhl"}]"#),
        line(4, "BAG", "not json")] });
    let Notice::Fulfilled(found) = read(&body) else { panic!("an order") };
    let [shipment] = found.shipments.as_slice() else { panic!("one shipment: {:?}", found.shipments) };
    assert_eq!(shipment.parcels.first().map(|p| (p.number.as_str(), p.carrier.as_deref())), Some(("N1", Some("dhl"))));
    let lines: Vec<(&str, u32)> = shipment.lines.iter().map(|line| (line.sku.as_str(), line.quantity)).collect();
    assert_eq!(lines, [("MUG", 2), ("CAP", 2)]);
}

#[test]
fn ids_of_parcels_stay_the_same_from_message_to_message_and_never_repeat() {
    let meta = json!([{ "key": "_wc_shipment_tracking_items", "value": [
        { "tracking_number": "A1", "tracking_id": "t" }, { "tracking_number": "A2", "tracking_id": "t" }, { "tracking_number": "A3" }] }]);
    let ids =
        |meta: Value| fulfilment(meta).shipments.into_iter().map(|s| s.id.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(meta.clone()), ["wst:t", "wst:t:A2", "wst:A3"]);
    assert_eq!(ids(meta.clone()), ids(meta));
}

#[test]
fn only_keys_that_promise_an_order_number_are_searched_for_tiktoks() {
    let link = |key: &str, value: Value| fulfilment(json!([{ "key": key, "value": value }])).link;
    for (key, value, found) in [
        ("tiktok_order_id", json!("576000000000000017"), true),
        ("_tiktok_order_id", json!(576000000000000017_u64), true),
        ("_my_plugin_tiktok_order", json!("tts-576000000000000017"), true),
        ("marketplace_order_number", json!("576000000000000017"), true),
        ("_billing_phone", json!("576000000000000017"), false),
        ("_tiktok_tracking_number", json!("576000000000000017"), false),
        ("_some_key", json!("576000000000000017"), false),
        ("tiktok_order_id", json!(["576000000000000017"]), false),
    ] {
        assert_eq!(matches!(link(key, value), OrderLink::Found(_)), found, "{key}");
    }
}

#[test]
fn an_order_that_cannot_be_built_is_no_order() {
    for (body, expected) in [
        (json!({ "code": "woocommerce_rest_shop_order_invalid_id" }), Notice::ErrorBody { lost_rights: false }),
        (json!({ "code": "woocommerce_rest_cannot_view" }), Notice::ErrorBody { lost_rights: true }),
    ] {
        assert_eq!(read(&body), expected);
    }
}
