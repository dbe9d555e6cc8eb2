//! What the model stores promise: one story told to every platform, and each platform's own habits.

mod apis;
mod deliveries;
mod oauth;

use super::*;
use crate::answer::encode;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

const START: i64 = 1_795_255_200;
const TIKTOK: &str = "576000000000000017";
const HOOK: &str = "https://waybill.example/hooks/x";

const PLUGINS: [Plugin; 6] =
    [Plugin::Official, Plugin::Ast, Plugin::AfterShip, Plugin::VillaTheme, Plugin::PluginHive, Plugin::Core];

fn kinds() -> Vec<Kind> {
    let mut kinds = vec![Kind::Shopify, Kind::BigCommerce, Kind::Generic];
    kinds.extend([Way::MageOs, Way::Mageplaza, Way::IoEvents, Way::CommerceWebhooks].map(Kind::Magento));
    kinds.extend(PLUGINS.map(Kind::WooCommerce));
    kinds
}

/// A store with a clock that the test moves.
struct Desk {
    store: ModelStore,
    seconds: Arc<AtomicI64>,
}

impl Desk {
    fn new(kind: Kind) -> Self {
        let seconds = Arc::new(AtomicI64::new(START));
        let hands = seconds.clone();
        let now = move || Timestamp::from_second(hands.load(Ordering::Relaxed)).unwrap();
        let store = ModelStore::new(kind, Clock::new(now, || Duration::ZERO), 1);
        Self { store, seconds }
    }

    /// The same, subscribed and with its greetings out of the way.
    fn subscribed(kind: Kind) -> Self {
        let desk = Self::new(kind);
        desk.store.subscribe_all(HOOK);
        desk.store.deliveries();
        desk
    }

    fn later(&self, time: SignedDuration) {
        self.seconds.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    fn order(&self) -> u64 {
        self.store.order().tiktok(IdField::Main, TIKTOK).line("MUG-BLUE", 2).line("CAP-RED", 1).place()
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Value) -> Response<Bytes> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.store.handle(request.body(Bytes::from(body)).unwrap()).await.reply().unwrap()
    }

    /// A call with the right credentials of the platform.
    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let account = self.store.account();
        let key = format!("{}:{}", account.consumer_key, account.consumer_secret);
        let basic = format!("Basic {}", data_encoding::BASE64.encode(key.as_bytes()));
        let bearer = format!("Bearer {}", account.access_token);
        let header = match self.store.kind() {
            Kind::Shopify => ("x-shopify-access-token", account.access_token.as_str()),
            Kind::BigCommerce => ("x-auth-token", account.access_token.as_str()),
            Kind::WooCommerce(_) => ("authorization", basic.as_str()),
            Kind::Magento(_) | Kind::Generic => ("authorization", bearer.as_str()),
        };
        let response = self.send(method, path, &[header], body).await;
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
    }

    async fn graphql(&self, query: &str, variables: Value) -> Value {
        self.call("POST", "/admin/api/2026-07/graphql.json", json!({"query": query, "variables": variables})).await.1
    }
}

fn header<'a>(delivery: &'a Outgoing, name: &str) -> &'a str {
    delivery.request.headers().get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
}

fn body(delivery: &Outgoing) -> Value {
    serde_json::from_slice(delivery.request.body()).unwrap()
}

fn topics(deliveries: &[Outgoing]) -> Vec<&str> {
    deliveries.iter().map(|delivery| delivery.topic.as_str()).collect()
}
