use super::*;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use ring::hmac;
use serde_json::json;

const NOW: i64 = 1_795_253_747;

fn delivery(body: &Value, key: &[u8]) -> Delivery {
    let body = body.to_string();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), format!("m1.{NOW}.{body}").as_bytes());
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", HeaderValue::from_static("m1"));
    headers.insert("webhook-timestamp", HeaderValue::from(NOW));
    let signature = format!("v1,{}", STANDARD.encode(tag));
    headers.insert("webhook-signature", signature.parse().expect("a header value"));
    Delivery { method: Method::POST, headers, query: None, body: Bytes::from(body) }
}

fn read_with(body: &Value, secret: &str, key: &[u8]) -> Result<Notice, StoreError> {
    let delivery = delivery(body, key);
    let secrets = HookSecrets { current: Some(secret.to_owned().into()), ..HookSecrets::default() };
    let now = Timestamp::from_second(NOW).expect("a moment");
    let verified = Generic.verify(&delivery, &secrets, now)?;
    Generic.read(&verified, &StoreSettings::default())
}

fn read(body: &Value) -> Result<Fulfilment, StoreError> {
    match read_with(body, "a secret of sufficient length", b"a secret of sufficient length")? {
        Notice::Fulfilled(fulfilment) => Ok(fulfilment),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_secret_signs_as_libraries_use_it_and_as_people_do() {
    let body = json!({ "tiktok_order_id": "576000000000000017", "tracking_number": "1Z0000000000000001" });
    let raw = b"0123456789abcdef0123456789abcdef";
    let whsec = format!("whsec_{}", STANDARD.encode(raw));
    for (secret, key) in [
        (whsec.as_str(), raw.as_slice()),
        (whsec.as_str(), whsec.as_bytes()),
        (STANDARD.encode(raw).as_str(), raw.as_slice()),
        ("just some words", b"just some words".as_slice()),
    ] {
        assert!(read_with(&body, secret, key).is_ok(), "{secret}");
    }
    assert!(read_with(&body, &whsec, b"another key").is_err());
    assert!(read_with(&body, "whsec_", b"").is_err(), "an empty key signs nothing");
}

#[test]
fn every_example_of_the_description_is_understood() {
    let description: Value = serde_json::from_str(OPENAPI).expect("JSON");
    let examples = description
        .pointer("/paths/~1hooks~1generic~1{hook}/post/requestBody/content/application~1json/examples")
        .and_then(Value::as_object)
        .expect("examples");
    assert!(examples.len() >= 5);
    for (name, example) in examples {
        let body = example.get("value").expect("a value");
        let read = read(body).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(read.cancelled.is_some() || !read.shipments.is_empty(), "{name}");
    }
}

#[test]
fn every_field_of_the_description_is_one_that_we_read() {
    let description: Value = serde_json::from_str(OPENAPI).expect("JSON");
    let fields =
        description.pointer("/components/schemas/Parcel/properties").and_then(Value::as_object).expect("fields");
    for field in fields.keys() {
        // A value of a type that no field takes: whoever reads the field must refuse it.
        let mut body = json!({ "tiktok_order_id": "576000000000000017", "order_id": "1", "tracking_number": "X1" });
        body.as_object_mut().expect("an object").insert(field.clone(), json!({ "wrong": 1.5 }));
        assert!(matches!(read(&body), Err(StoreError::Field { field: named, .. }) if named == *field), "{field}");
    }
}

#[test]
fn a_parcel_of_part_of_an_order_is_read_whole() {
    let read = read(&json!({
        "tiktok_order_id": "576000000000000017", "order_id": "SO-1042", "shipment_id": "SO-1042-1", "carrier": " UPS ",
        "tracking_number": " 1Z0000000000000001 ", "lines": [{ "sku": "MUG-BLUE", "quantity": 2 }],
        "updated_at": "2026-11-21T10:15:45Z", "something_else": [1]
    }))
    .expect("a good body");
    assert_eq!(read.order.as_str(), "SO-1042");
    assert_eq!(read.link, OrderLink::Found(TikTokOrderId::parse("576000000000000017").expect("digits")));
    let [shipment] = read.shipments.as_slice() else { panic!("one shipment") };
    assert_eq!(shipment.id.as_str(), "SO-1042-1");
    assert_eq!(shipment.version, Version { changed: 1_795_256_145_000, seen: NOW * 1000 });
    assert_eq!(shipment.lines, [StoreLine { sku: "MUG-BLUE".to_owned(), quantity: 2 }]);
    let [parcel] = shipment.parcels.as_slice() else { panic!("one parcel") };
    assert_eq!((parcel.number.as_str(), parcel.carrier.as_deref()), ("1Z0000000000000001", Some("UPS")));
}

#[test]
fn each_wrong_field_is_named_with_its_remedy() {
    for (body, field) in [
        (json!([]), "body"),
        (json!({}), "tiktok_order_id"),
        (json!({ "tiktok_order_id": 576000000000000017_u64, "tracking_number": "X" }), "tiktok_order_id"),
        (json!({ "tiktok_order_id": "TT-1", "tracking_number": "X" }), "tiktok_order_id"),
        (json!({ "order_id": 7, "tracking_number": "X" }), "order_id"),
        (json!({ "order_id": "a\nb", "tracking_number": "X" }), "order_id"),
        (json!({ "order_id": "7" }), "tracking_number"),
        (json!({ "order_id": "7", "tracking_number": "  " }), "tracking_number"),
        (json!({ "order_id": "7", "tracking_number": 9400 }), "tracking_number"),
        (json!({ "order_id": "7", "cancelled": true }), "shipment_id"),
        (json!({ "order_id": "7", "tracking_number": "X", "cancelled": "no" }), "cancelled"),
        (json!({ "order_id": "7", "tracking_number": "X", "carrier": 1 }), "carrier"),
        (json!({ "order_id": "7", "tracking_number": "X", "lines": {} }), "lines"),
        (json!({ "order_id": "7", "tracking_number": "X", "lines": [7] }), "lines[0].sku"),
        (
            json!({ "order_id": "7", "tracking_number": "X", "lines": [{ "sku": "A", "quantity": 0 }] }),
            "lines[0].quantity",
        ),
        (
            json!({ "order_id": "7", "tracking_number": "X", "lines": [{ "sku": "A", "quantity": 1.5 }] }),
            "lines[0].quantity",
        ),
        (json!({ "order_id": "7", "tracking_number": "X", "updated_at": "yesterday" }), "updated_at"),
        (json!({ "order_id": "7", "tracking_number": "X", "version": "3" }), "version"),
    ] {
        match read(&body) {
            Err(StoreError::Field { field: named, remedy }) => {
                assert_eq!(named, field, "{body}");
                assert!(!remedy.is_empty());
            }
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn an_order_number_that_holds_tiktoks_number_is_a_match() {
    for (order, expected) in [
        ("TTS-576000000000000017", OrderLink::Found(TikTokOrderId::parse("576000000000000017").expect("digits"))),
        ("1042", OrderLink::NotFound),
    ] {
        let read = read(&json!({ "order_id": order, "tracking_number": "X1" })).expect("a good body");
        assert_eq!(read.link, expected, "{order}");
    }
}
