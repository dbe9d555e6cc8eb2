//! Captured deliveries: what a store sent, what our reads were answered, and what must come of it.

use crate::world::fixture;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use waybill::domain::connection::StoreSettings;
use waybill::domain::platform::Platform;
use waybill::stores::{Delivery, delivery_time};

/// Captures that speak of the same order as an earlier one, and therefore come after it.
pub const AFTER: [(&str, &str); 6] = [
    ("shopify/02", "shopify/01"),
    ("shopify/04", "shopify/03"),
    ("shopify/05", "shopify/03"),
    ("shopify/07", "shopify/01"),
    ("woocommerce/04", "woocommerce/03"),
    ("bigcommerce/04", "bigcommerce/03"),
];

/// One capture.
#[derive(Debug)]
pub struct Sample {
    /// Its path, as `shopify/01-….json`.
    pub name: String,
    /// Who sent it.
    pub platform: Platform,
    /// The whole file.
    pub file: Value,
}

/// All of them, in the order of their names.
#[must_use]
pub fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for platform in [Platform::Shopify, Platform::WooCommerce, Platform::BigCommerce, Platform::Magento] {
        let folder = format!("{}/fixtures/stores/{platform}", env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(folder).expect("samples") {
            let name = entry.expect("a file").file_name().into_string().expect("a name");
            let file: Value = serde_json::from_slice(&fixture(&format!("stores/{platform}/{name}"))).expect("JSON");
            if file.get("request").is_some() {
                samples.push(Sample { name: format!("{platform}/{name}"), platform, file });
            }
        }
    }
    samples.sort_by(|left, right| left.name.cmp(&right.name));
    samples
}

impl Sample {
    /// A text at a place of the file.
    #[must_use]
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.file.pointer(pointer).and_then(Value::as_str)
    }

    /// The headers as they were sent.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let pairs = self.file["request"]["headers"].as_object().expect("headers").iter();
        let header = |(name, value): (&String, &Value)| {
            (
                name.parse::<HeaderName>().expect("a name"),
                value.as_str().expect("text").parse::<HeaderValue>().expect("v"),
            )
        };
        pairs.map(header).collect()
    }

    /// The request, to this path of ours.
    #[must_use]
    pub fn request(&self, path: &str) -> Request<Bytes> {
        let query = self.text("/request/path_and_query").and_then(|path| Some(path.split_once('?')?.1.to_owned()));
        let body = self.text("/request/body_text").unwrap_or_default().to_owned();
        let uri = query.map_or(path.to_owned(), |query| format!("{path}?{query}"));
        let method = self.text("/request/method").unwrap_or("POST");
        let mut request = Request::builder().method(method).uri(uri).body(Bytes::from(body)).expect("a request");
        *request.headers_mut() = self.headers();
        request
    }

    /// When it was sent.
    #[must_use]
    pub fn moment(&self) -> Timestamp {
        let request = self.request("/");
        let (method, headers, body) = (request.method().clone(), request.headers().clone(), request.body().clone());
        let delivery = Delivery { method, headers, query: None, body };
        let told = delivery_time(self.platform, &delivery);
        told.unwrap_or_else(|| "2026-11-21T10:15:47Z".parse().expect("a moment"))
    }

    /// What must come of it.
    #[must_use]
    pub fn action(&self) -> &str {
        self.text("/expected/action").expect("an action")
    }

    /// Numbers in their plain form, with carrier, sorted.
    #[must_use]
    pub fn expected(&self) -> Vec<(String, Option<String>)> {
        let shipments = self.file["expected"]["shipments"].as_array().cloned().unwrap_or_default();
        let one = |shipment: &Value| {
            let number = shipment["tracking_number_normalized"].as_str().expect("a number").to_owned();
            (number, shipment["carrier_name"].as_str().map(str::to_owned))
        };
        let mut expected: Vec<_> = shipments.iter().map(one).collect();
        expected.sort();
        expected
    }
}

/// Adobe's public keys and our client id there.
#[must_use]
pub fn keys() -> Value {
    serde_json::from_slice(&fixture("stores/magento/public_keys.json")).expect("JSON")
}

/// What a person hands over to connect the store of a capture: address, secrets, settings.
#[must_use]
pub fn connection(sample: &Sample, site: &str) -> (String, Value, StoreSettings) {
    let secret = sample.text("/signing_secret").unwrap_or("not-in-the-capture");
    let headers = sample.headers();
    let fixed = ["x-tracking-auth", "authorization", "x-webhook-secret"];
    let fixed = fixed.into_iter().find_map(|name| headers.get(name)?.to_str().ok()).unwrap_or("not-in-the-capture");
    let (address, secrets, way) = match sample.platform {
        Platform::Shopify => {
            ("tiny-mugs.myshopify.com", json!({"webhook_secret": secret, "access_token": "shpat_captured"}), None)
        }
        Platform::WooCommerce => (
            site,
            json!({"webhook_secret": secret, "consumer_key": "ck_captured", "consumer_secret": "cs_captured"}),
            None,
        ),
        Platform::BigCommerce => {
            ("abc12fake", json!({"client_secret": secret, "header_secret": fixed, "access_token": "captured"}), None)
        }
        _ => (
            site,
            json!({
                "webhook_secret": secret, "header_secret": fixed, "access_token": "captured",
                "public_key": keys()["adobe_commerce_webhooks"], "client_id": keys()["adobe_io_client_id"],
            }),
            Some("mage-os".to_owned()),
        ),
    };
    (address.to_owned(), secrets, StoreSettings { way, ..StoreSettings::default() })
}

/// A store, and Adobe's key host beside it, that answer as captured. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Answers(Arc<Mutex<(Vec<Value>, usize)>>);

impl Answers {
    /// From now on it answers as in this capture.
    ///
    /// # Panics
    /// After another panic.
    pub fn of(&self, sample: &Sample) {
        let follow_ups = sample.file["follow_ups"].as_array().cloned().unwrap_or_default();
        self.0.lock().expect("unpoisoned").0 = follow_ups;
    }

    /// Requests that were answered as captured, so far.
    ///
    /// # Panics
    /// After another panic.
    #[must_use]
    pub fn given(&self) -> usize {
        self.0.lock().expect("unpoisoned").1
    }

    /// The captured answer to a request, as often as it is asked for; 404 to everything else.
    ///
    /// # Panics
    /// On a capture that is none.
    #[must_use]
    pub fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let path = request.uri().path();
        if let Some(key) = keys()["adobe_io_events"][path].as_str() {
            return Response::new(Bytes::from(key.to_owned()));
        }
        let mut answers = self.0.lock().expect("unpoisoned");
        let fits = |follow_up: &&Value| {
            let mut words = follow_up["request"].as_str().expect("a request").split_whitespace();
            let method = words.next() == Some(request.method().as_str());
            let captured = words.next().unwrap_or_default().split('?').next().unwrap_or_default();
            method && (captured == path || (path.ends_with("graphql.json") && captured.ends_with("graphql.json")))
        };
        let Some(follow_up) = answers.0.iter().find(fits) else {
            return Response::builder().status(404).body(Bytes::from_static(b"{}")).expect("an answer");
        };
        let status = follow_up["status"].as_u64().unwrap_or(200);
        let body = if follow_up["body"].is_null() { String::new() } else { follow_up["body"].to_string() };
        let answer = Response::builder().status(u16::try_from(status).expect("a status")).body(Bytes::from(body));
        answers.1 += 1;
        answer.expect("an answer")
    }
}
