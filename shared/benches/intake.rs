//! What a delivery costs before the table: its signature over the raw bytes, and reading its body. Measured with the
//! captured deliveries of each platform, and once with a body of the largest size that is read.
#![allow(missing_docs, reason = "criterion's macros make public functions")]
#![allow(clippy::expect_used, reason = "a capture that cannot be read ends the benchmark")]

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use ring::hmac;
use serde_json::Value;
use std::hint::black_box;
use waybill::domain::connection::StoreSettings;
use waybill::domain::platform::Platform;
use waybill::stores::{Delivery, HookSecrets, adapter, delivery_time, static_header};

const CAPTURES: [(&str, Platform, &str); 7] = [
    ("shopify", Platform::Shopify, "shopify/01-fulfillments-create-single.json"),
    ("woocommerce", Platform::WooCommerce, "woocommerce/03-order-updated-ast-two-packages.json"),
    ("bigcommerce", Platform::BigCommerce, "bigcommerce/01-shipment-created.json"),
    ("magento_mage_os", Platform::Magento, "magento/01-mageos-shipment-created.json"),
    ("magento_io_events", Platform::Magento, "magento/04-io-events-track-saved.json"),
    ("magento_commerce_webhooks", Platform::Magento, "magento/08-commerce-webhook-track-after.json"),
    ("magento_mageplaza", Platform::Magento, "magento/09-mageplaza-new-shipment.json"),
];

fn file(path: &str) -> Value {
    let path = format!("{}/../tests/fixtures/stores/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).expect("a capture")).expect("JSON")
}

fn capture(path: &str) -> (Delivery, HookSecrets) {
    let (file, keys) = (file(path), file("magento/public_keys.json"));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let header = |(name, value): (&String, &Value)| {
        let name: HeaderName = name.parse().expect("a name");
        let value: HeaderValue = value.as_str().expect("text").parse().expect("a value");
        (name, value)
    };
    let headers: HeaderMap = file["request"]["headers"].as_object().expect("headers").iter().map(header).collect();
    let body = Bytes::from(text(&file["request"]["body_text"]).expect("a body"));
    let delivery = Delivery { method: Method::POST, headers, query: None, body };
    let io_keys = keys["adobe_io_events"].as_object().expect("keys").iter();
    let secrets = HookSecrets {
        current: text(&file["signing_secret"]).map(Into::into),
        previous: None,
        header: static_header(&delivery),
        public_keys: io_keys
            .filter_map(|(path, pem)| Some((path.clone(), text(pem)?)))
            .chain(text(&keys["adobe_commerce_webhooks"]).map(|pem| ("commerce".to_owned(), pem)))
            .collect(),
        client_id: text(&keys["adobe_io_client_id"]),
    };
    (delivery, secrets)
}

/// A warehouse's parcel, signed as its library would.
fn parcel() -> (Delivery, HookSecrets) {
    let body = r#"{"tiktok_order_id":"576000000000000017","shipment_id":"SO-1042-1","carrier":"USPS",
        "tracking_number":"9310215860339224995564","lines":[{"sku":"MUG-BLUE","quantity":2},{"sku":"CAP-RED","quantity":1}]}"#;
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"intake-secret");
    let tag = BASE64.encode(hmac::sign(&key, format!("msg_1.1795253747.{body}").as_bytes()).as_ref());
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("webhook-id", "msg_1"), ("webhook-timestamp", "1795253747"), ("webhook-signature", &format!("v1,{tag}"))]
    {
        headers.insert(HeaderName::from_static(name), value.parse().expect("a value"));
    }
    let secrets = HookSecrets { current: Some("intake-secret".to_owned().into()), ..HookSecrets::default() };
    (Delivery { method: Method::POST, headers, query: None, body: Bytes::from_static(body.as_bytes()) }, secrets)
}

fn intake(criterion: &mut Criterion) {
    let settings = StoreSettings::default();
    let captures = CAPTURES.map(|(name, platform, path)| (name, platform, capture(path)));
    for (name, platform, (delivery, secrets)) in captures.into_iter().chain([("generic", Platform::Generic, parcel())])
    {
        let now = delivery_time(platform, &delivery).unwrap_or(Timestamp::UNIX_EPOCH);
        let read = || {
            let verified = adapter(platform).verify(black_box(&delivery), &secrets, now).expect("a good signature");
            adapter(platform).read(&verified, &settings).expect("a readable body")
        };
        criterion.bench_function(&format!("intake/{name}"), |bench| bench.iter(read));
    }
    // More numbers than anybody ships, signed: looked at once each, refused as a whole.
    let numbers: Vec<String> = (0..10_000).map(|n| format!("1Z{n:016}")).collect();
    let body =
        serde_json::json!({ "id": 1, "order_id": 2, "status": "success", "tracking_numbers": numbers }).to_string();
    let (mut delivery, mut secrets) = capture(CAPTURES[0].2);
    secrets.current = Some("intake-secret".to_owned().into());
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"intake-secret"), body.as_bytes());
    delivery.headers.insert("x-shopify-hmac-sha256", BASE64.encode(tag.as_ref()).parse().expect("a value"));
    delivery.body = Bytes::from(body);
    let shopify = adapter(Platform::Shopify);
    criterion.bench_function("intake/ten_thousand_numbers", |bench| {
        bench.iter(|| {
            let verified = shopify.verify(black_box(&delivery), &secrets, Timestamp::UNIX_EPOCH).expect("signed");
            shopify.read(&verified, &settings).is_err()
        });
    });
    // A stranger's largest body: hashed, refused, never parsed.
    let (mut delivery, secrets) = capture(CAPTURES[0].2);
    delivery.body = Bytes::from(vec![b'['; 2 * 1024 * 1024]);
    criterion.bench_function("intake/two_mib_of_a_stranger", |bench| {
        bench
            .iter(|| adapter(Platform::Shopify).verify(black_box(&delivery), &secrets, Timestamp::UNIX_EPOCH).is_err());
    });
}

criterion_group!(benches, intake);
criterion_main!(benches);
