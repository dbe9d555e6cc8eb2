//! Promises that every platform keeps, on deliveries as they were sent.

mod field;
mod limits;
mod machines;
mod plugins;
mod proof;

use super::error::StoreError;
use super::{Delivery, HookSecrets, Notice, adapter, delivery_time};
use crate::domain::connection::StoreSettings;
use crate::domain::platform::Platform;
use bytes::Bytes;
use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/stores")
}

fn json_file(path: &Path) -> Value {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).expect("JSON")
}

fn headers(value: &Value) -> HeaderMap {
    let pairs = value.as_object().into_iter().flatten();
    pairs
        .map(|(name, value)| {
            let name: HeaderName = name.parse().expect("a header name");
            (name, HeaderValue::from_str(value.as_str().expect("text")).expect("a header value"))
        })
        .collect()
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

fn public_keys(keys: &Value) -> Vec<(String, String)> {
    let pairs = keys.as_object().into_iter().flatten();
    pairs.map(|(path, pem)| (path.clone(), pem.as_str().expect("a key").to_owned())).collect()
}

#[test]
fn every_known_signature_is_accepted_or_refused_as_marked() {
    let file = json_file(&fixtures().join("signature-vectors.json"));
    let mut count = 0;
    for (group, platform) in [
        ("shopify", Platform::Shopify),
        ("woocommerce", Platform::WooCommerce),
        ("bigcommerce", Platform::BigCommerce),
        ("magento_mageos_async_events", Platform::Magento),
        ("magento_adobe_commerce_webhooks", Platform::Magento),
        ("magento_adobe_io_events", Platform::Magento),
    ] {
        let group = file.get(group).expect("a group");
        let mut keys = public_keys(group.get("public_keys").unwrap_or(&Value::Null));
        keys.extend(text(group, "/public_key").map(|pem| ("commerce".to_owned(), pem)));
        let now = group.get("verify_at_unix").and_then(Value::as_i64).unwrap_or_default();
        let now = Timestamp::from_second(now).expect("a moment");
        for vector in group.get("vectors").and_then(Value::as_array).expect("vectors") {
            let name = text(vector, "/name").expect("a name");
            let body = BASE64.decode(text(vector, "/body_base64").expect("a body").as_bytes()).expect("base64");
            let delivery = Delivery {
                method: Method::POST,
                headers: headers(vector.get("headers").expect("headers")),
                query: None,
                body: Bytes::from(body),
            };
            let secret = text(vector, "/secret").map(Into::into);
            let other = Some("another secret".to_owned().into());
            let valid = vector.get("valid").and_then(Value::as_bool).expect("a verdict");
            for (current, previous) in [(secret.clone(), None), (other.clone(), secret.clone())] {
                let client_id = text(group, "/own_client_id");
                let secrets = HookSecrets { current, previous, header: None, public_keys: keys.clone(), client_id };
                match adapter(platform).verify(&delivery, &secrets, now) {
                    Ok(verified) if !valid => {
                        // The one unsigned delivery that is let through says nothing but that it is a ping.
                        let notice = adapter(platform).read(&verified, &StoreSettings::default());
                        assert!(matches!(notice, Ok(Notice::Ping)), "{platform}: {name}");
                    }
                    result => assert_eq!(result.is_ok(), valid, "{platform}: {name}"),
                }
            }
            count += 1;
        }
    }
    assert_eq!(count, 49);
}

struct Sample {
    name: String,
    platform: Platform,
    delivery: Delivery,
    secrets: HookSecrets,
    now: Timestamp,
}

impl Sample {
    fn verified(&self, delivery: &Delivery) -> Result<Result<Notice, StoreError>, StoreError> {
        let adapter = adapter(self.platform);
        let verified = adapter.verify(delivery, &self.secrets, self.now)?;
        Ok(adapter.read(&verified, &StoreSettings::default()))
    }

    /// Whether the delivery is one that needs no signature: pings and registration checks.
    fn unsigned(&self) -> bool {
        let notice = self.verified(&self.delivery).expect("a good sample").expect("a readable sample");
        matches!(notice, Notice::Ping | Notice::EchoChallenge(_) | Notice::ValidationUrl(_))
    }

    /// Headers whose every bit matters.
    fn signature_headers(&self) -> Vec<HeaderName> {
        let names = self.delivery.headers.keys().filter(|name| {
            let name = name.as_str();
            name.ends_with("hmac-sha256")
                || name.ends_with("signature")
                || name == "webhook-id"
                || name == "webhook-timestamp"
        });
        names.cloned().collect()
    }
}

fn samples() -> Vec<Sample> {
    let keys = json_file(&fixtures().join("magento/public_keys.json"));
    let mut public_keys = public_keys(keys.get("adobe_io_events").expect("keys"));
    public_keys.push(("commerce".to_owned(), text(&keys, "/adobe_commerce_webhooks").expect("a key")));
    let mut samples = Vec::new();
    for platform in [Platform::Shopify, Platform::WooCommerce, Platform::BigCommerce, Platform::Magento] {
        for entry in std::fs::read_dir(fixtures().join(platform.as_str())).expect("samples") {
            let path = entry.expect("a file").path();
            if path.ends_with("public_keys.json") {
                continue;
            }
            let file = json_file(&path);
            let delivery = Delivery {
                method: text(&file, "/request/method").expect("a method").parse().expect("a method"),
                headers: headers(file.pointer("/request/headers").expect("headers")),
                query: text(&file, "/request/path_and_query").and_then(|path| Some(path.split_once('?')?.1.to_owned())),
                body: Bytes::from(text(&file, "/request/body_text").expect("a body")),
            };
            let header = super::static_header(&delivery);
            let secrets = HookSecrets {
                current: text(&file, "/signing_secret").map(Into::into),
                previous: None,
                header,
                public_keys: public_keys.clone(),
                client_id: text(&keys, "/adobe_io_client_id"),
            };
            let now = delivery_time(platform, &delivery).unwrap_or(Timestamp::UNIX_EPOCH);
            let name = format!("{platform}/{}", path.file_name().unwrap_or_default().to_string_lossy());
            samples.push(Sample { name, platform, delivery, secrets, now });
        }
    }
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    samples
}

#[test]
fn a_delivery_without_the_right_secret_is_refused_on_every_platform() {
    for sample in samples().iter().filter(|sample| !sample.unsigned()) {
        for secrets in [
            HookSecrets::default(),
            HookSecrets {
                current: Some("another secret".to_owned().into()),
                header: Some("another header".to_owned().into()),
                client_id: Some("another client".to_owned()),
                ..sample.secrets.clone()
            },
        ] {
            let mut secrets = secrets;
            if sample.name.contains("commerce-webhook") {
                secrets.public_keys.clear();
            }
            let result = adapter(sample.platform).verify(&sample.delivery, &secrets, sample.now);
            assert!(matches!(result, Err(StoreError::BadSignature(_))), "{}", sample.name);
        }
    }
}

#[test]
fn a_flipped_bit_in_body_or_signature_is_always_noticed() {
    for sample in samples().iter().filter(|sample| !sample.unsigned() && !sample.name.contains("mageplaza")) {
        let length = sample.delivery.body.len();
        for step in 0..24 {
            let at = step * length / 24;
            let mut body = sample.delivery.body.to_vec();
            body[at] ^= 1 << (step % 8);
            let changed = Delivery { body: Bytes::from(body), ..sample.delivery.clone() };
            assert!(sample.verified(&changed).is_err(), "{}: byte {at}", sample.name);
        }
        let names = sample.signature_headers();
        for name in names {
            let value = sample.delivery.headers.get(&name).expect("the header").as_bytes().to_vec();
            for at in 0..value.len() {
                for bit in 0..8 {
                    let mut value = value.clone();
                    value[at] ^= 1 << bit;
                    let Ok(changed) = HeaderValue::from_bytes(&value) else { continue };
                    let same_hex = sample.platform == Platform::Magento
                        && changed.as_bytes().eq_ignore_ascii_case(sample.delivery.headers[&name].as_bytes());
                    if same_hex {
                        continue;
                    }
                    let mut delivery = sample.delivery.clone();
                    delivery.headers.insert(name.clone(), changed);
                    assert!(sample.verified(&delivery).is_err(), "{}: {name} byte {at} bit {bit}", sample.name);
                }
            }
        }
    }
}

#[test]
fn the_case_of_header_names_does_not_matter_and_a_second_signature_header_does() {
    for sample in samples().iter().filter(|sample| !sample.unsigned()) {
        let mut upper = HeaderMap::new();
        for (name, value) in &sample.delivery.headers {
            upper.insert(
                HeaderName::from_bytes(name.as_str().to_uppercase().as_bytes()).expect("a name"),
                value.clone(),
            );
        }
        let delivery = Delivery { headers: upper, ..sample.delivery.clone() };
        assert!(sample.verified(&delivery).is_ok(), "{}", sample.name);
        for name in sample.signature_headers() {
            let mut delivery = sample.delivery.clone();
            delivery.headers.append(name.clone(), HeaderValue::from_static("AAAA"));
            assert!(sample.verified(&delivery).is_err(), "{}: two values of {name}", sample.name);
        }
    }
}

#[test]
fn shopify_is_understood_without_the_prefix_of_its_headers() {
    for sample in samples().iter().filter(|sample| sample.platform == Platform::Shopify) {
        let mut bare = HeaderMap::new();
        for (name, value) in &sample.delivery.headers {
            let name = name.as_str().strip_prefix("x-").unwrap_or(name.as_str());
            bare.insert(HeaderName::from_bytes(name.as_bytes()).expect("a name"), value.clone());
        }
        let delivery = Delivery { headers: bare, ..sample.delivery.clone() };
        let same = sample.verified(&delivery).expect("accepted").expect("readable");
        assert_eq!(same, sample.verified(&sample.delivery).expect("accepted").expect("readable"), "{}", sample.name);
    }
}

fn any_secrets() -> HookSecrets {
    HookSecrets { current: Some("s".to_owned().into()), header: Some("h".to_owned().into()), ..HookSecrets::default() }
}

/// Reads as if the signature were good: readers must survive whatever a store may sign.
fn read_unchecked(platform: Platform, delivery: &Delivery) -> Result<Notice, StoreError> {
    let verified = super::Verified { delivery, now: Timestamp::UNIX_EPOCH, signed: true };
    let settings = StoreSettings {
        order_id_field: Some("note".to_owned()),
        tracking_field: Some("_my_tracking|_my_carrier".to_owned()),
        ..StoreSettings::default()
    };
    adapter(platform).read(&verified, &settings)
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        "[0-9]{15,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,12}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Replaces one value somewhere in a document.
fn mutated(document: &mut Value, mut path: Vec<prop::sample::Index>, replacement: Value) {
    let Some(step) = path.pop() else {
        *document = replacement;
        return;
    };
    let child = match document {
        Value::Array(items) if !items.is_empty() => {
            let at = step.index(items.len());
            items.get_mut(at)
        }
        Value::Object(map) if !map.is_empty() => {
            let at = step.index(map.len());
            map.values_mut().nth(at)
        }
        _ => None,
    };
    match child {
        Some(child) => mutated(child, path, replacement),
        None => *document = replacement,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_a_reader_panic(body in prop::collection::vec(any::<u8>(), 0..300), header in "[ -~]{0,60}") {
        let mut headers = HeaderMap::new();
        for name in ["x-shopify-topic", "x-shopify-hmac-sha256", "x-wc-webhook-topic", "x-wc-webhook-signature", "webhook-id",
            "webhook-timestamp", "webhook-signature", "x-magento-signature", "x-adobe-digital-signature-1", "authorization"] {
            headers.insert(name, HeaderValue::from_str(&header).expect("printable"));
        }
        let delivery = Delivery { method: Method::POST, headers, query: Some(header.clone()), body: Bytes::from(body) };
        for platform in Platform::ALL {
            prop_assert!(adapter(platform).verify(&delivery, &any_secrets(), Timestamp::UNIX_EPOCH).is_err());
            let _ = read_unchecked(platform, &delivery);
        }
    }

    #[test]
    fn a_changed_sample_is_read_or_refused_and_never_a_panic(
        path in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        replacement in any_json(),
        cut in any::<prop::sample::Index>(),
    ) {
        for sample in samples() {
            if let Ok(mut document) = serde_json::from_slice::<Value>(&sample.delivery.body) {
                mutated(&mut document, path.clone(), replacement.clone());
                let delivery = Delivery { body: Bytes::from(document.to_string()), ..sample.delivery.clone() };
                let _ = read_unchecked(sample.platform, &delivery);
            }
            let length = sample.delivery.body.len();
            let delivery = Delivery { body: sample.delivery.body.slice(..cut.index(length + 1)), ..sample.delivery.clone() };
            let _ = read_unchecked(sample.platform, &delivery);
        }
    }
}
