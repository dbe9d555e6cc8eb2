//! What strangers may send: every input of the corpus to every platform, then random changes of it. Nothing may panic,
//! nothing unsigned may be believed, nothing may take long.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use proptest::prelude::*;
use ring::hmac;
use std::sync::LazyLock;
use waybill::domain::connection::StoreSettings;
use waybill::domain::platform::Platform;
use waybill::outbound::guard::{AllowList, check_url};
use waybill::stores::error::StoreError;
use waybill::stores::{Delivery, HookSecrets, Notice, adapter};
use waybill_model::stores::adobe;

const SECRET: &str = "corpus-secret";
const NOW: i64 = 1_795_253_747;
/// Headers in which a sender proves itself, or names what it sends.
const HEADERS: [&str; 18] = [
    "x-shopify-hmac-sha256",
    "x-shopify-shop-domain",
    "x-shopify-triggered-at",
    "x-wc-webhook-signature",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
    "x-tracking-auth",
    "authorization",
    "x-magento-signature",
    "x-adobe-digital-signature-1",
    "x-adobe-public-key1-path",
    "x-adobe-digital-signature-2",
    "x-adobe-public-key2-path",
    "x-webhook-secret",
    "x-adobe-event-code",
    "x-adobe-commerce-webhook-signature",
    "content-type",
];

static PAYLOADS: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| files("payloads"));
static VALUES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| files("headers"));
static URLS: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| files("urls"));

fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = format!("{}/fixtures/corpus/stores/{folder}", env!("CARGO_MANIFEST_DIR"));
    let file = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("a file").path();
        (path.display().to_string(), std::fs::read(&path).expect("bytes"))
    };
    let files: Vec<_> = std::fs::read_dir(folder).expect("the corpus").map(file).collect();
    assert!(files.len() >= 15);
    files
}

fn secrets() -> HookSecrets {
    HookSecrets {
        current: Some(SECRET.to_owned().into()),
        previous: Some("corpus-secret-of-before".to_owned().into()),
        header: Some("corpus-header".to_owned().into()),
        public_keys: ["-----BEGIN PUBLIC KEY-----", adobe::PUBLIC[0]]
            .map(|pem| ("commerce".to_owned(), pem.to_owned()))
            .to_vec(),
        client_id: Some("corpus-client".to_owned()),
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).expect("a moment")
}

fn tag(text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), text).as_ref().to_vec()
}

/// The body as this platform would have signed it, under every topic that it sends.
fn signed(platform: Platform, body: &[u8]) -> Vec<Delivery> {
    let base64 = |tag: &[u8]| data_encoding::BASE64.encode(tag.as_ref());
    let standard = || {
        let tag = tag(&[b"msg_1.", NOW.to_string().as_bytes(), b".", body].concat());
        vec![
            ("webhook-id", "msg_1".to_owned()),
            ("webhook-timestamp", NOW.to_string()),
            ("webhook-signature", format!("v1,{}", base64(&tag))),
            ("x-tracking-auth", "corpus-header".to_owned()),
        ]
    };
    let variants: Vec<Vec<(&str, String)>> = match platform {
        Platform::Shopify => ["fulfillments/create", "orders/fulfilled", "orders/cancelled", "shop/redact", "é"]
            .map(|topic| {
                let topic = topic.replace('é', "unknown/topic");
                vec![("x-shopify-topic", topic), ("x-shopify-hmac-sha256", base64(&tag(body)))]
            })
            .to_vec(),
        Platform::WooCommerce => ["order.updated", "order.deleted", "action.x"]
            .map(|topic| vec![("x-wc-webhook-topic", topic.to_owned()), ("x-wc-webhook-signature", base64(&tag(body)))])
            .to_vec(),
        Platform::BigCommerce | Platform::Generic => vec![standard()],
        Platform::Magento => vec![
            vec![("x-magento-signature", HEXLOWER.encode(tag(body).as_ref()))],
            vec![("x-tracking-auth", "corpus-header".to_owned())],
            vec![
                ("x-tracking-auth", "corpus-header".to_owned()),
                ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ],
            vec![("x-adobe-commerce-webhook-signature", adobe::commerce_header([true, true], body).1)],
        ],
    };
    let delivery = |headers: Vec<(&str, String)>| {
        let headers = headers
            .into_iter()
            .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_str(&value).expect("a value")));
        let body = Bytes::copy_from_slice(body);
        Delivery { method: Method::POST, headers: headers.collect::<HeaderMap>(), query: None, body }
    };
    variants.into_iter().map(delivery).collect()
}

/// The body as an event of Adobe's, inside an envelope that is meant for us: alone, and in a list.
fn events(body: &[u8]) -> Vec<Delivery> {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let event = serde_json::json!({
        "type": "com.adobe.commerce.observer.sales_order_shipment_save_after", "recipientclientid": "corpus-client",
        "time": value, "data": {"value": value},
    });
    let bodies = [event.to_string(), serde_json::json!([event, event]).to_string()];
    let delivery = |body: String| {
        let headers = adobe::io_headers([false, true], body.as_bytes()).into_iter();
        let headers = headers.map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")));
        Delivery { method: Method::POST, headers: headers.collect::<HeaderMap>(), query: None, body: body.into() }
    };
    bodies.map(delivery).to_vec()
}

/// Reads a rightly signed body on every platform.
fn read_everywhere(name: &str, body: &[u8]) {
    let settings = StoreSettings { tracking_field: Some("_custom".into()), ..StoreSettings::default() };
    let mut keys = secrets();
    for path in ["/prod/keys/pub-key-model01.pem", "/prod/keys/pub-key-model02.pem"] {
        keys.public_keys.extend(adobe::published_key(path).map(|key| (path.to_owned(), key.to_owned())));
    }
    for platform in Platform::ALL {
        let adobes = if platform == Platform::Magento { events(body) } else { Vec::new() };
        for delivery in signed(platform, body).into_iter().chain(adobes) {
            let verified = adapter(platform).verify(&delivery, &keys, now());
            // Shopify signs more than webhooks: what is no object, or ends something without naming the shop, is refused.
            let Ok(verified) = verified else {
                assert_eq!(platform, Platform::Shopify, "{name}: a good signature is refused");
                continue;
            };
            match adapter(platform).read(&verified, &settings) {
                Ok(Notice::Fulfilled(news)) => {
                    let numbers: usize = news.shipments.iter().map(|shipment| shipment.parcels.len()).sum();
                    assert!(numbers <= 200, "{platform}, {name}: {numbers} numbers");
                }
                Ok(Notice::ValidationUrl(url)) => assert!(url.starts_with("https://"), "{platform}, {name}"),
                Ok(_) => {}
                Err(StoreError::Unreadable(_) | StoreError::TooMany { .. } | StoreError::Field { .. }) => {}
                Err(other) => panic!("{platform}, {name}: {other}"),
            }
        }
    }
}

/// Offers a header value as every proof there is: it must not be one.
fn refused_everywhere(name: &str, value: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(value) else { return };
    for platform in Platform::ALL {
        for only in HEADERS {
            for all in [false, true] {
                let mut headers = HeaderMap::new();
                for header in HEADERS.iter().filter(|header| all || **header == only) {
                    headers.insert(*header, value.clone());
                }
                let body = Bytes::from_static(b"{\"id\":1,\"order_id\":2}");
                let query = value.to_str().ok().map(|text| format!("challenge={text}"));
                let delivery = Delivery { method: Method::POST, headers, query, body };
                let verdict = adapter(platform).verify(&delivery, &secrets(), now());
                assert!(verdict.is_err(), "{platform}, {name} as {only}");
            }
        }
    }
}

#[test]
fn every_body_of_the_corpus_is_read_or_refused() {
    for (name, body) in PAYLOADS.iter() {
        read_everywhere(name, body);
    }
}

#[test]
fn no_header_of_the_corpus_proves_anything() {
    for (name, value) in VALUES.iter() {
        refused_everywhere(name, value);
    }
}

#[test]
fn no_address_of_the_corpus_passes_the_guard() {
    for (name, url) in URLS.iter() {
        let text = String::from_utf8_lossy(url);
        // A trailing dot and a punycode label without a name behind it are names: the resolver judges them.
        let is_name = ["https://shop.example.:443/", "https://shop.example#@127.0.0.1/"].contains(&text.as_ref());
        assert_eq!(check_url(&text, &AllowList::default()).is_ok(), is_name, "{name}: {text}");
    }
}

/// A few random changes: cut, repeat, overwrite, splice with another one of the corpus.
fn changed(corpus: &[(String, Vec<u8>)], seed: &[(prop::sample::Index, u8, prop::sample::Index)]) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    for (pick, what, at) in seed {
        let other = &corpus[pick.index(corpus.len())].1;
        let other = &other[..other.len().min(4_000)];
        let place = at.index(bytes.len() + 1);
        match what % 4 {
            0 => bytes.truncate(place),
            1 => {
                bytes.truncate(place);
                bytes.extend_from_slice(other);
            }
            2 => drop(bytes.splice(place..place, other.iter().copied())),
            _ => bytes.insert(place, *what),
        }
        bytes.truncate(20_000);
    }
    bytes
}

proptest! {
    #[test]
    fn changed_bodies_are_read_or_refused(seed in prop::collection::vec(any::<(prop::sample::Index, u8, prop::sample::Index)>(), 1..6)) {
        read_everywhere("changed", &changed(&PAYLOADS, &seed));
    }

    #[test]
    fn changed_headers_prove_nothing(seed in prop::collection::vec(any::<(prop::sample::Index, u8, prop::sample::Index)>(), 1..4)) {
        refused_everywhere("changed", &changed(&VALUES, &seed));
    }

    #[test]
    fn changed_addresses_never_reach_a_number(seed in prop::collection::vec(any::<(prop::sample::Index, u8, prop::sample::Index)>(), 1..4)) {
        let bytes = changed(&URLS, &seed);
        let text = String::from_utf8_lossy(&bytes);
        if check_url(&text, &AllowList::default()).is_ok() {
            let url = url::Url::parse(&text).expect("it passed");
            prop_assert!(matches!(url.host(), Some(url::Host::Domain(_))), "{text}");
            prop_assert_eq!(url.scheme(), "https");
        }
    }
}
