//! What stores send in the field: plug-ins, number notations and places that the first samples did not have.

use super::machines::access;
use super::plugins::{fulfilment, read, told};
use super::read_unchecked;
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Fulfilment, OrderLink};
use crate::domain::platform::Platform;
use crate::stores::{Delivery, LookUp, Notice, Step, ThinNotice, adapter, look_up};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

fn meta(key: &str, value: Value) -> Value {
    json!([{ "key": key, "value": value }])
}

#[test]
fn each_plug_in_of_the_field_is_read() {
    let labels = json!([
        { "label_id": 2, "tracking": "A2", "carrier_id": "usps", "service_name": "USPS - Ground", "status": "PURCHASED", "refund": null },
        { "label_id": 1, "tracking": "A1", "carrier_id": "usps", "refund": { "status": "pending" } },
        { "label_id": 3, "tracking": "A3", "error": "no such address" },
        { "label_id": 4, "tracking": "A4", "status": "PURCHASE_ERROR" },
        { "label_id": 5, "tracking": null, "status": "PURCHASE_IN_PROGRESS" },
        { "label_id": 6, "tracking": "A6", "service_name": "UPS - Ground", "refund": false }]);
    for (name, meta, expected) in [
        ("WooCommerce Shipping", meta("wcshipping_labels", labels.clone()), vec!["A2 usps []", "A6 UPS - Ground []"]),
        (
            "its forerunner, as JSON text",
            meta("wc_connect_labels", json!(labels.to_string())),
            vec!["A2 usps []", "A6 UPS - Ground []"],
        ),
        ("one label alone", meta("wcshipping_labels", json!({ "label_id": 2, "tracking": "A2" })), vec!["A2 - []"]),
        (
            "PluginHive's source; its result repeats the numbers",
            json!([{ "key": "wf_wc_shipment_source", "value": { "shipment_id_cs": "A1,A2", "shipping_service": "usps" } },
                { "key": "wf_wc_shipment_result", "value": { "tracking_info": [{ "tracking_id": "A1" }] } }]),
            vec!["A1 usps + A2 usps []"],
        ),
        (
            "a number and a provider as they are",
            json!([{ "key": "_tracking_provider", "value": "usps" }, { "key": "_tracking_number", "value": "A1" }]),
            vec!["A1 usps []"],
        ),
        (
            "the same without the underscore, the provider's own name first",
            json!([{ "key": "tracking_number", "value": "A1" }, { "key": "tracking_provider", "value": "custom" },
                { "key": "custom_tracking_provider", "value": "Example Courier" }]),
            vec!["A1 Example Courier []"],
        ),
        (
            "YITH premium",
            json!([{ "key": "ywot_tracking_code", "value": "A1" }, { "key": "ywot_carrier_name", "value": "" },
                { "key": "ywot_carrier_id", "value": "DPD_UK" }]),
            vec!["A1 DPD_UK []"],
        ),
        (
            "VillaTheme on the order",
            json!([{ "key": "_wot_tracking_carrier", "value": "dhl" }, { "key": "_wot_tracking_number", "value": "A1" }]),
            vec!["A1 dhl []"],
        ),
        (
            "PayPal Payments: whole lines by number",
            meta("_ppcp_paypal_tracking_info_meta_name", json!({ "A1": [301], "A2": ["302", 999] })),
            vec!["A1 - [MUG×2]", "A2 - [CAP×1]"],
        ),
        ("PayPal Payments with nothing", meta("_ppcp_paypal_tracking_info_meta_name", json!([])), vec![]),
        (
            "PHP's own notation, wrapped once more",
            meta(
                "_wc_shipment_tracking_items",
                json!("s:48:\"a:1:{i:0;a:1:{s:15:\"tracking_number\";s:2:\"A1\";}}\";"),
            ),
            vec!["A1 - []"],
        ),
        (
            "own field: an object with a list inside",
            meta(
                "_my_tracking",
                json!({ "label_url": "https://x.example/7.pdf", "tracking_number": ["A1", "A2"], "carrier_code": "DHL" }),
            ),
            vec!["A1 - + A2 - []"],
        ),
        (
            "own field: other names",
            meta(
                "_my_tracking",
                json!([{ "trackingNo": "A1", "shipper": "UPS" }, { "track_trace": "A2" },
                { "tracktrace": "A3" }, { "shipment_id_cs": "A4,A5", "shipping_service": "usps" }]),
            ),
            vec!["A1 UPS []", "A2 - []", "A3 - []", "A4 usps + A5 usps []"],
        ),
        (
            "own field: objects by id",
            meta("_my_tracking", json!({ "1234": { "track_trace": "A1", "company": "PostNL" } })),
            vec!["A1 PostNL []"],
        ),
        (
            "own field: PHP's notation",
            meta("_my_tracking", json!("a:2:{i:0;s:2:\"A1\";i:1;a:1:{s:10:\"trackingNo\";i:123456;}}")),
            vec!["A1 - []", "123456 - []"],
        ),
    ] {
        assert_eq!(told(meta), expected, "{name}");
    }
}

#[test]
fn a_plug_in_that_writes_again_sends_no_second_parcel() {
    let entry = |id: &str, items: Value| json!({ "tracking_id": id, "tracking_number": "A1", "tracking_provider": "usps", "products_list": items });
    let both = json!([{ "item_id": 301, "qty": 2 }, { "item_id": 302, "qty": 1 }]);
    let cap = json!([{ "item_id": 302, "qty": 1 }]);
    let one_mug = json!([{ "item_id": 301, "qty": 1 }]);
    for (name, entries, expected) in [
        ("a retry", vec![both.clone(), both.clone(), both.clone()], "A1 usps [MUG×2 CAP×1]"),
        ("a retry of a part", vec![one_mug.clone(), one_mug.clone()], "A1 usps [MUG×1]"),
        ("a real addition", vec![one_mug.clone(), cap.clone()], "A1 usps [MUG×1 CAP×1]"),
        ("never more than was ordered", vec![both, cap, one_mug], "A1 usps [MUG×2 CAP×1]"),
    ] {
        let entries: Vec<Value> =
            entries.into_iter().enumerate().map(|(n, items)| entry(&format!("t{n}"), items)).collect();
        assert_eq!(told(meta("_wc_shipment_tracking_items", json!(entries))), [expected], "{name}");
    }
}

#[test]
fn villathemes_units_have_numbers_of_their_own() {
    let unit = |number: &str| json!({ "tracking_number": number, "carrier_slug": "dhl" });
    let line = |first: &str, further: &[&str]| {
        let further: Vec<Value> = further.iter().map(|number| unit(number)).collect();
        json!({ "id": 1, "sku": "MUG", "quantity": 4, "meta_data": [
            { "key": "_vi_wot_order_item_tracking_data", "value": json!([unit("OLD"), unit(first)]).to_string() },
            { "key": "_vi_wot_order_item_tracking_data_by_quantity", "value": json!(further).to_string() },
        ] })
    };
    let told = |line: Value| {
        let Notice::Fulfilled(found) = read(&json!({ "id": 1, "status": "completed", "line_items": [line] })) else {
            panic!()
        };
        let one = |s: &crate::domain::fulfilment::Shipment| {
            format!("{}×{}", s.parcels[0].number.as_str(), s.lines[0].quantity)
        };
        found.shipments.iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(told(line("N1", &["N2", "N3"])), ["N1×1", "N2×1", "N3×1"]);
    assert_eq!(told(line("N1", &["N1", "N2", "N1"])), ["N1×3", "N2×1"]);
    assert_eq!(told(line("N1", &["", "N2"])), ["N1×1", "N2×1"]);
    assert_eq!(told(line("N1", &[])), ["N1×4"]);
}

#[test]
fn an_own_field_of_the_order_lines_says_what_travels() {
    let line = |id: u32, sku: &str, number: &str| {
        json!({ "id": id, "sku": sku, "quantity": 2, "meta_data": [
        { "key": "_my_tracking", "value": number }, { "key": "_my_carrier", "value": "UPS" }] })
    };
    let body = json!({ "id": 1, "status": "completed", "line_items": [line(1, "MUG", "A1"), line(2, "CAP", "A1"), line(3, "PEN", "A2")] });
    let Notice::Fulfilled(found) = read(&body) else { panic!("an order") };
    let lines: Vec<Vec<&str>> =
        found.shipments.iter().map(|s| s.lines.iter().map(|l| l.sku.as_str()).collect()).collect();
    assert_eq!(lines, [vec!["MUG", "CAP"], vec!["PEN"]]);
    assert_eq!(found.shipments[0].parcels[0].carrier.as_deref(), Some("UPS"));
}

#[test]
fn an_orders_own_fields_are_searched_for_tiktoks_number() {
    let link = |extra: Value| {
        let mut body = json!({ "id": 1, "number": "1", "status": "completed" });
        body.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        let Notice::Fulfilled(found) = read(&body) else { panic!("an order") };
        matches!(found.link, OrderLink::Found(_))
    };
    let id = "576910000000000056";
    assert!(link(json!({ "order_key": id, "customer_note": "Tiktok Order" })));
    assert!(link(json!({ "transaction_id": id, "payment_method_title": "TikTok Shop" })));
    assert!(!link(json!({ "transaction_id": id, "payment_method_title": "Card" })), "any payment's number");
    assert!(!link(json!({ "order_key": "wc_order_FAKEKEY02108" })));
}

/// Reads a Shopify delivery under a topic.
fn shopify(topic: &str, body: &str) -> Notice {
    let mut headers = HeaderMap::new();
    headers.insert("shopify-topic", topic.parse().expect("a topic"));
    let delivery =
        Delivery { method: Method::POST, headers, query: None, body: Bytes::copy_from_slice(body.as_bytes()) };
    read_unchecked(Platform::Shopify, &delivery).unwrap_or_else(|error| panic!("{topic}: {error}"))
}

#[test]
fn shopifys_source_identifier_counts_when_anything_speaks_of_tiktok() {
    let link = |tags: &str, attribute: &str| {
        let body = json!({ "id": 1, "name": "#1", "source_name": "3890849", "source_identifier": "576910000000000238",
            "tags": tags, "note_attributes": [{ "name": attribute, "value": "yes" }] });
        let Notice::Fulfilled(found) = shopify("orders/fulfilled", &body.to_string()) else { panic!("an order") };
        matches!(found.link, OrderLink::Found(_))
    };
    assert!(link("TikTok Shop, gift", ""));
    assert!(link("", "From TikTok"));
    assert!(!link("gift", "wrap"));
}

#[test]
fn shopifys_next_events_lead_to_their_order() {
    let order = |notice: Notice| match notice {
        Notice::Thin(ThinNotice { order: Some(order), shipment: None, deleted: false, .. }) => {
            order.as_str().to_owned()
        }
        other => panic!("{other:?}"),
    };
    let event = |topic: &str, rest: Value| {
        let mut body = json!({ "topic": topic, "action": "update", "handle": "waybill" });
        body.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        body.to_string()
    };
    let by_variables = event(
        "Fulfillment",
        json!({ "query_variables": { "fulfillmentId": "gid://shopify/Fulfillment/7", "orderId": "gid://shopify/Order/42" } }),
    );
    assert_eq!(order(shopify("Fulfillment", &by_variables)), "42");
    let by_path = event(
        "Order",
        json!({ "fields_changed": { "added": [], "updated": ["order[id: 'gid://shopify/Order/42'].fulfillments"], "removed": [] } }),
    );
    assert_eq!(order(shopify("Order", &by_path)), "42");
    let before = event("Order", json!({ "fields_changed": ["order[id: 'gid://shopify/Order/42'].tags"] }));
    assert_eq!(order(shopify("Order", &before)), "42");
    let by_data =
        event("Fulfillment", json!({ "data": { "fulfillment": { "order": { "id": "gid://shopify/Order/42" } } } }));
    assert_eq!(order(shopify("Fulfillment", &by_data)), "42");
    assert_eq!(shopify("Product", &event("Product", json!({}))), Notice::NotForUs);
    let deleted =
        json!({ "topic": "Order", "action": "delete", "query_variables": { "orderId": "gid://shopify/Order/42" } });
    assert!(matches!(shopify("Order", &deleted.to_string()), Notice::Deleted(order) if order.as_str() == "42"));
}

#[test]
fn order_notes_are_read_where_the_shop_says_so_and_the_order_has_no_number() {
    let body = json!({ "id": 7, "number": "7", "status": "completed", "meta_data": [{ "key": "tiktok_order_id", "value": "576910000000000056" }] });
    let mut headers = HeaderMap::new();
    headers.insert("x-wc-webhook-topic", HeaderValue::from_static("order.updated"));
    let delivery = Delivery { method: Method::POST, headers, query: None, body: Bytes::from(body.to_string()) };
    let verified = super::super::Verified { delivery: &delivery, now: Timestamp::UNIX_EPOCH, signed: true };
    let plain = adapter(Platform::WooCommerce).read(&verified, &StoreSettings::default()).expect("readable");
    assert!(matches!(plain, Notice::Fulfilled(_)), "nobody asked for notes");
    let settings = StoreSettings { tracking_field: Some("order_notes".to_owned()), ..StoreSettings::default() };
    let Ok(Notice::Thin(notice)) = adapter(Platform::WooCommerce).read(&verified, &settings) else {
        panic!("a further read")
    };
    // As it is stored in between.
    let stored = serde_json::to_string(&notice).expect("JSON");
    let notice: ThinNotice = serde_json::from_str(&stored).expect("the same");
    let access = crate::stores::StoreAccess { settings, ..access(Platform::WooCommerce) };
    let mut machine = look_up(&access, LookUp::Shipments(notice)).expect("a machine");
    let Ok(Step::Send(request)) = machine.step(None, Timestamp::UNIX_EPOCH) else { panic!("a request") };
    assert_eq!(request.uri().path(), "/wp-json/wc/v3/orders/7/notes");
    let notes = json!([{ "id": 3, "note": "Order status changed from processing to completed." },
        { "id": 4, "note": "MUG x 1 shipped via USPS on November 21, 2026 with tracking number 9400100000000000003215." }]);
    let answer = Response::new(Bytes::from(notes.to_string()));
    let Ok(Step::Done(found)) = machine.step(Some(&answer), Timestamp::UNIX_EPOCH) else { panic!("an answer") };
    let [shipment] = found.shipments.as_slice() else { panic!("one parcel: {found:?}") };
    assert_eq!((shipment.id.as_str(), shipment.parcels[0].number.as_str()), ("note:4", "9400100000000000003215"));
    assert_eq!(shipment.parcels[0].carrier.as_deref(), Some("USPS"));
}

/// The numbers of a delivery, by hand-written JSON: what a parser would lose must be in the text.
fn numbers(platform: Platform, headers: &[(&'static str, &str)], body: &str) -> Vec<String> {
    let header =
        |(name, value): &(&'static str, &str)| (HeaderName::from_static(name), value.parse().expect("a value"));
    let headers = headers.iter().map(header).collect();
    let delivery =
        Delivery { method: Method::POST, headers, query: None, body: Bytes::copy_from_slice(body.as_bytes()) };
    let Ok(Notice::Fulfilled(found)) = read_unchecked(platform, &delivery) else { panic!("{platform}: {body}") };
    let Fulfilment { shipments, .. } = found;
    shipments.iter().flat_map(|s| &s.parcels).map(|parcel| parcel.number.as_str().to_owned()).collect()
}

proptest! {
    #[test]
    fn no_digit_is_lost_between_store_and_row(number in "[1-9][0-9]{0,39}(\\.[0-9]{1,8})?([eE][+]?[0-9]{1,2})?") {
        let shopify = format!("{{\"id\":1,\"order_id\":2,\"status\":\"success\",\"tracking_numbers\":[{number}],\"tracking_number\":{number}}}");
        prop_assert_eq!(numbers(Platform::Shopify, &[("x-shopify-topic", "fulfillments/create")], &shopify), [number.clone()]);
        let woo = format!("{{\"id\":1,\"status\":\"completed\",\"meta_data\":[{{\"key\":\"_wc_shipment_tracking_items\",\"value\":[{{\"tracking_number\":{number}}}]}}]}}");
        prop_assert_eq!(numbers(Platform::WooCommerce, &[("x-wc-webhook-topic", "order.updated")], &woo), [number.clone()]);
        let text = format!("{{\"id\":1,\"status\":\"completed\",\"meta_data\":[{{\"key\":\"_wc_shipment_tracking_items\",\"value\":\"[{{\\\"tracking_number\\\":{number}}}]\"}}]}}");
        prop_assert_eq!(numbers(Platform::WooCommerce, &[("x-wc-webhook-topic", "order.updated")], &text), [number.clone()]);
        let magento = format!("{{\"data\":{{\"entity_id\":1,\"order_id\":2,\"tracks\":[{{\"track_number\":{number}}}]}}}}");
        prop_assert_eq!(numbers(Platform::Magento, &[("x-magento-signature", "00")], &magento), [number]);
    }
}

#[test]
fn a_magento_number_that_comes_twice_is_one_parcel_and_the_title_wins() {
    let body = |tracks: Value| json!({ "data": { "entity_id": 1, "order_id": 2, "tracks": tracks } }).to_string();
    let told = |tracks: Value| {
        let mut headers = HeaderMap::new();
        headers.insert("x-magento-signature", HeaderValue::from_static("00"));
        let delivery = Delivery { method: Method::POST, headers, query: None, body: Bytes::from(body(tracks)) };
        let Ok(Notice::Fulfilled(found)) = read_unchecked(Platform::Magento, &delivery) else { panic!("a shipment") };
        found.shipments[0]
            .parcels
            .iter()
            .map(|p| (p.number.key(), p.carrier.clone().unwrap_or_default()))
            .collect::<Vec<_>>()
    };
    let (plain, titled) = (
        json!({ "track_number": "A1", "carrier_code": "ups" }),
        json!({ "track_number": "a1", "title": "United Parcel Service" }),
    );
    for tracks in [json!([plain, titled]), json!([titled, plain]), json!([plain, titled, plain])] {
        assert_eq!(told(tracks), [("A1".to_owned(), "United Parcel Service".to_owned())]);
    }
}

#[test]
fn names_reach_the_row_without_what_a_terminal_obeys() {
    let found = fulfilment(meta(
        "_wc_shipment_tracking_items",
        json!([{ "tracking_number": "A1", "tracking_provider": "UPS\u{1b}[31m\u{202e}" }]),
    ));
    assert_eq!(found.shipments[0].parcels[0].carrier.as_deref(), Some("UPS[31m"));
}
