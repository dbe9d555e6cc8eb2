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
    let signature = format!("v1,{}", BASE64.encode(tag.as_ref()));
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
    let whsec = format!("whsec_{}", BASE64.encode(raw));
    for (secret, key) in [
        (whsec.as_str(), raw.as_slice()),
        (whsec.as_str(), whsec.as_bytes()),
        (BASE64.encode(raw).as_str(), raw.as_slice()),
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
    assert_eq!(shipment.lines, [StoreLine::new("MUG-BLUE", 2)]);
    let [parcel] = shipment.parcels.as_slice() else { panic!("one parcel") };
    assert_eq!((parcel.number.as_str(), parcel.carrier.as_deref()), ("1Z0000000000000001", Some("UPS")));
}

/// So many numbers in one field.
fn numbers(count: u32) -> String {
    (0..count).map(|n| format!("1Z{n:016},")).collect()
}

#[test]
fn a_misspelt_field_is_answered_with_the_one_that_was_meant() {
    for (field, value, named, meant) in [
        ("trackingNumber", json!("X1"), "trackingNumber", "tracking_number"),
        ("tracking_nubmer", json!("X1"), "tracking_nubmer", "tracking_number"),
        ("trackin_number", json!("X1"), "trackin_number", "tracking_number"),
        ("tracking_code", json!("X1"), "tracking_code", "tracking_number"),
        ("Carrier", json!("UPS"), "Carrier", "carrier"),
        ("carier", json!("UPS"), "carier", "carrier"),
        ("carrier_name", json!("UPS"), "carrier_name", "carrier"),
        ("line_items", json!([]), "line_items", "lines"),
        ("updatedAt", json!("2026-11-21T10:15:45Z"), "updatedAt", "updated_at"),
        ("canceled", json!(true), "canceled", "cancelled"),
        ("tiktokOrderId", json!("576000000000000017"), "tiktokOrderId", "tiktok_order_id"),
        ("lines", json!([{ "sku": "A", "qty": 1 }]), "lines[0].qty", "quantity"),
        ("lines", json!([{ "SKU": "A", "quantity": 1 }]), "lines[0].SKU", "sku"),
    ] {
        let mut body = json!({ "order_id": "7", "tracking_number": "X1" });
        let object = body.as_object_mut().expect("an object");
        if meant == "tracking_number" {
            object.remove(meant);
        }
        object.insert(field.to_owned(), value);
        match read(&body) {
            Err(StoreError::Field { field, remedy }) => {
                assert_eq!(field, named);
                assert!(remedy.contains(meant), "{remedy}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
    for field in ["note", "warehouse", "weight", "reference", "lane", "buyer_name", "channel"] {
        let mut body = json!({ "order_id": "7", "tracking_number": "X1" });
        body.as_object_mut().expect("an object").insert(field.to_owned(), json!("x"));
        assert!(read(&body).is_ok(), "{field}: a sender's own field is left alone");
    }
}

#[test]
fn whole_numbers_may_be_written_as_decimals_and_a_link_may_be_long() {
    let link = format!("https://t.example/?a={}&n=1Z0000000000000001", "x".repeat(300));
    let body =
        json!({ "order_id": "7", "tracking_number": link, "version": 3.0, "lines": [{ "sku": "A", "quantity": 1.0 }] });
    let [shipment] = <[_; 1]>::try_from(read(&body).expect("good").shipments).expect("one");
    assert_eq!(shipment.parcels[0].number.as_str(), link);
    assert_eq!((shipment.lines[0].quantity, shipment.version.changed), (1, 3));
    for quantity in [json!(2), json!(2.0), json!("2"), json!("2.0"), json!(" 2.0000 ")] {
        let body = json!({ "order_id": "7", "tracking_number": "X1", "lines": [{ "sku": "A", "quantity": quantity }] });
        assert_eq!(read(&body).expect("good").shipments[0].lines[0].quantity, 2, "{quantity}");
    }
    let most = read(&json!({ "order_id": "7", "tracking_number": numbers(200) })).expect("200 are taken");
    assert_eq!(most.shipments[0].parcels.len(), 200);
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
        (
            json!({ "order_id": "7", "tracking_number": "X", "lines": [{ "sku": "A", "quantity": "1.5" }] }),
            "lines[0].quantity",
        ),
        (
            json!({ "order_id": "7", "tracking_number": "X", "lines": [{ "sku": "A", "quantity": "two" }] }),
            "lines[0].quantity",
        ),
        (
            json!({ "order_id": "7", "tracking_number": "X", "lines": [{ "sku": "A", "quantity": true }] }),
            "lines[0].quantity",
        ),
        (json!({ "order_id": "7", "tracking_number": "X", "updated_at": "yesterday" }), "updated_at"),
        (json!({ "order_id": "7", "tracking_number": "X", "version": "3" }), "version"),
        (
            json!({ "order_id": "7", "tracking_number": "X", "version": 3, "updated_at": "2026-11-21T10:15:45Z" }),
            "version",
        ),
        (json!({ "order_id": "7", "tracking_number": "X", "carrier": "UPS\u{1b}[31m" }), "carrier"),
        (json!({ "order_id": "7", "tracking_number": "X", "carrier": "abc\u{202e}" }), "carrier"),
        (json!({ "order_id": "7", "tracking_number": "X", "carrier": "x".repeat(201) }), "carrier"),
        (json!({ "order_id": "7\u{2066}", "tracking_number": "X" }), "order_id"),
        (json!({ "order_id": "7", "shipment_id": "7\u{202e}", "tracking_number": "X" }), "shipment_id"),
        (json!({ "order_id": "7", "tracking_number": "X1".repeat(260) }), "tracking_number"),
        (json!({ "order_id": "7", "tracking_number": "X1,".repeat(10_000) }), "tracking_number"),
        (json!({ "order_id": "7", "tracking_number": numbers(201) }), "tracking_number"),
        (
            json!({ "order_id": "7", "tracking_number": "X", "lines": vec![json!({ "sku": "A", "quantity": 1 }); 201] }),
            "lines",
        ),
        (
            json!({ "order_id": "7", "tracking_number": "X", "lines": [{ "sku": "A".repeat(201), "quantity": 1 }] }),
            "lines[0].sku",
        ),
        (
            json!({ "order_id": "7", "tracking_number": "X", "lines": [{ "sku": "A", "quantity": 1e9 }] }),
            "lines[0].quantity",
        ),
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
