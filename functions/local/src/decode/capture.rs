//! A captured delivery: the request, what signed it, and the store's answers to the reads that follow.

use super::CapturedFile;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use waybill::domain::connection::StoreSettings;
use waybill::domain::platform::Platform;
use waybill::stores::{Delivery, HookSecrets, StoreAccess, StoreCredentials, delivery_time, static_header};

/// Adobe's keys: the merchant's own one, and the two of I/O Events by path.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Keys {
    #[serde(default)]
    adobe_commerce_webhooks: Option<String>,
    #[serde(default)]
    adobe_io_events: BTreeMap<String, String>,
    #[serde(default)]
    adobe_io_client_id: Option<String>,
}

#[derive(Deserialize)]
struct CaptureFile {
    #[serde(default)]
    sample: Option<String>,
    #[serde(default)]
    platform: Option<String>,
    request: CapturedRequest,
    #[serde(default)]
    signing_secret: Option<String>,
    #[serde(default)]
    previous_secret: Option<String>,
    #[serde(default)]
    settings: StoreSettings,
    #[serde(default)]
    follow_ups: Vec<FollowUp>,
}

#[derive(Deserialize)]
struct CapturedRequest {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    path_and_query: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body_text: Option<String>,
    #[serde(default)]
    body: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct FollowUp {
    request: String,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: Option<Box<RawValue>>,
    #[serde(skip)]
    used: bool,
}

/// A capture, ready to be verified and read.
pub(super) struct Capture {
    pub(super) platform: Platform,
    pub(super) delivery: Delivery,
    pub(super) secrets: HookSecrets,
    pub(super) settings: StoreSettings,
    /// When the delivery came, by its own account.
    pub(super) now: Timestamp,
    follow_ups: Vec<FollowUp>,
}

impl Capture {
    pub(super) fn parse(file: &CapturedFile<'_>, keys: &Keys) -> Result<Self, String> {
        let parsed: CaptureFile = serde_json::from_slice(file.bytes)
            .map_err(|error| format!("not a captured delivery: {error}; see the README beside the samples"))?;
        let request = parsed.request;
        let method = request.method.as_deref().unwrap_or("POST");
        let delivery = Delivery {
            method: Method::from_bytes(method.as_bytes()).map_err(|_| "request.method is no HTTP method")?,
            headers: header_map(&request.headers),
            query: request.path_and_query.and_then(|path| Some(path.split_once('?')?.1.to_owned())),
            body: match (request.body_text, request.body) {
                (Some(text), _) => Bytes::from(text),
                (None, Some(body)) => Bytes::from(body.get().to_owned()),
                (None, None) => Bytes::new(),
            },
        };
        let hints = [parsed.platform.as_deref(), parsed.sample.as_deref(), Some(file.name)];
        let platform = hints.into_iter().flatten().find_map(named_platform).unwrap_or_else(|| guessed(&delivery));
        let secrets = HookSecrets {
            current: parsed.signing_secret.map(SecretString::from),
            previous: parsed.previous_secret.map(SecretString::from),
            // The static header's value is not in the file: what was sent is taken as right. Every hook that we make at
            // BigCommerce has one, so a delivery without it is nobody's.
            header: static_header(&delivery)
                .or_else(|| (platform == Platform::BigCommerce).then(|| SecretString::from("not sent"))),
            public_keys: keys
                .adobe_io_events
                .iter()
                .map(|(path, pem)| (path.clone(), pem.clone()))
                .chain(keys.adobe_commerce_webhooks.iter().map(|pem| ("commerce".to_owned(), pem.clone())))
                .collect(),
            // Without keys nothing of Adobe's can be judged but its check of an address.
            client_id: keys.adobe_io_client_id.clone().or_else(|| Some("not sent".to_owned())),
        };
        let now = delivery_time(platform, &delivery).unwrap_or(file.modified);
        let settings = parsed.settings;
        Ok(Self { platform, delivery, secrets, settings, now, follow_ups: parsed.follow_ups })
    }

    /// Credentials that no store ever sees: the answers come from the file.
    pub(super) fn access(&self) -> StoreAccess {
        let secret = || SecretString::from("captured");
        StoreAccess {
            platform: self.platform,
            base: "https://store.invalid".to_owned(),
            credentials: match self.platform {
                Platform::WooCommerce => StoreCredentials::Basic { key: secret(), secret: secret() },
                _ => StoreCredentials::Token(secret()),
            },
            settings: self.settings.clone(),
        }
    }

    /// The first unused answer whose request has the same method and path. Queries are not compared: whoever captured the
    /// answers may have paged or filtered differently.
    pub(super) fn answer_to(&mut self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let path = request.uri().path();
        let follow_up = self.follow_ups.iter_mut().find(|follow_up| {
            let mut words = follow_up.request.split_whitespace();
            let same_method = words.next().is_some_and(|word| word.eq_ignore_ascii_case(request.method().as_str()));
            let captured = words.next().unwrap_or_default();
            let captured = captured.split('?').next().unwrap_or_default();
            let both_graphql = captured.ends_with("/graphql.json") && path.ends_with("/graphql.json");
            !follow_up.used && same_method && (both_graphql || captured.ends_with(path))
        })?;
        follow_up.used = true;
        let body = follow_up.body.as_ref().map(|body| body.get()).filter(|text| *text != "null").unwrap_or_default();
        let mut response = Response::new(Bytes::from(body.to_owned()));
        *response.status_mut() = follow_up.status.and_then(|code| code.try_into().ok()).unwrap_or_default();
        *response.headers_mut() = header_map(&follow_up.headers);
        Some(response)
    }

    /// A Shopify update that is not a carrier's event.
    pub(super) fn is_plain_update(&self) -> bool {
        let topic = ["x-shopify-topic", "shopify-topic"].into_iter().find_map(|name| self.delivery.headers.get(name));
        let body: Value = serde_json::from_slice(&self.delivery.body).unwrap_or_default();
        topic.is_some_and(|topic| topic == "fulfillments/update")
            && body.get("shipment_status").is_none_or(Value::is_null)
    }
}

fn header_map(headers: &BTreeMap<String, String>) -> HeaderMap {
    headers
        .iter()
        .filter_map(|(name, value)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_bytes(value.as_bytes()).ok()?))
        })
        .collect()
}

/// The platform that a path or a name speaks of: `samples/shopify/01.json`, `shopify/01`, `Shopify`.
fn named_platform(text: &str) -> Option<Platform> {
    text.rsplit(['/', '\\']).find_map(Platform::parse)
}

/// The platform that sends such headers.
fn guessed(delivery: &Delivery) -> Platform {
    let has = |prefix: &str| delivery.headers.keys().any(|name| name.as_str().starts_with(prefix));
    if has("x-shopify-") || has("shopify-") {
        Platform::Shopify
    } else if has("x-wc-webhook-") || delivery.body.starts_with(b"webhook_id=") {
        Platform::WooCommerce
    } else if has("webhook-signature") {
        let body: Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
        if body.get("scope").is_some() { Platform::BigCommerce } else { Platform::Generic }
    } else {
        Platform::Magento
    }
}
