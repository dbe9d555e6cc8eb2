//! Subscriptions, and the deliveries they cause.

use super::book::{Happening, What};
use super::{Kind, ModelStore, Shelf, Way};
use crate::hmac;
use bytes::Bytes;
use data_encoding::BASE64;
use http::Request;
use jiff::Timestamp;

/// The key behind a secret: base64 after `whsec_`, else the text as it is.
pub(super) fn key_behind(secret: &str) -> Vec<u8> {
    let decoded = secret.strip_prefix("whsec_").and_then(|text| BASE64.decode(text.as_bytes()).ok());
    decoded.unwrap_or_else(|| secret.as_bytes().to_vec())
}

/// One webhook subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The store's id.
    pub id: u64,
    /// The platform's word for the event.
    pub topic: String,
    /// Where deliveries go.
    pub address: String,
    /// Signs its deliveries; the store's own secret when none.
    pub secret: Option<String>,
    /// Headers that are sent along (BigCommerce).
    pub headers: Vec<(String, String)>,
    /// Switched on.
    pub active: bool,
    /// Failures in a row.
    pub failures: u32,
    /// When it was made.
    pub created: Timestamp,
}

/// One delivery on its way.
#[derive(Debug)]
pub struct Outgoing {
    /// The subscription that caused it; 0 for WooCommerce's ping.
    pub hook: u64,
    /// The platform's topic.
    pub topic: String,
    /// The signed request.
    pub request: Request<Bytes>,
}

/// Failures in a row after which a platform gives a subscription up.
fn patience(kind: Kind) -> Option<u32> {
    match kind {
        Kind::Shopify => Some(8),
        Kind::WooCommerce(_) => Some(7),
        Kind::BigCommerce => Some(12),
        Kind::Magento(_) | Kind::Generic => None,
    }
}

/// The topics a tracking client wants.
fn wanted(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Shopify => &["fulfillments/create", "fulfillments/update", "orders/cancelled", "app/uninstalled"],
        Kind::WooCommerce(_) => &["order.updated", "order.deleted"],
        Kind::BigCommerce => {
            &["store/shipment/created", "store/shipment/updated", "store/shipment/deleted", "store/order/statusUpdated"]
        }
        Kind::Magento(Way::MageOs) => &["sales.shipment.created", "sales.order.cancelled"],
        Kind::Magento(Way::Mageplaza) => &["new_shipment"],
        Kind::Magento(Way::IoEvents) => &["com.adobe.commerce.observer.sales_order_shipment_track_save_after"],
        Kind::Magento(Way::CommerceWebhooks) => &["observer.sales_order_shipment_track_save_after"],
        Kind::Generic => &["parcel"],
    }
}

impl ModelStore {
    /// Subscribes by hand, as in the store's own settings.
    pub fn subscribe(&self, topic: &str, address: &str, secret: Option<&str>) -> u64 {
        let mut shelf = self.shelf();
        let headers = vec![shelf.account.header.clone()];
        shelf.subscribe(topic, address, secret.map(str::to_owned), headers)
    }

    /// Subscribes to everything a tracking client wants, at one address.
    pub fn subscribe_all(&self, address: &str) {
        for topic in wanted(self.kind()) {
            self.subscribe(topic, address, None);
        }
    }

    /// The subscriptions there are.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.shelf().hooks.clone()
    }

    /// Takes a subscription away behind the client's back.
    pub fn drop_subscription(&self, hook: u64) {
        self.shelf().hooks.retain(|known| known.id != hook);
    }

    /// Takes every subscription away.
    pub fn drop_subscriptions(&self) {
        self.shelf().hooks.clear();
    }

    /// Switches a subscription off behind the client's back. Shopify knows no such state: there it is deleted.
    pub fn disable_subscription(&self, hook: u64) {
        let mut shelf = self.shelf();
        if shelf.kind == Kind::Shopify {
            shelf.hooks.retain(|known| known.id != hook);
        }
        for known in shelf.hooks.iter_mut().filter(|known| known.id == hook) {
            known.active = false;
        }
    }

    /// Everything that is to be delivered by now, in order, once. What nobody subscribed to is lost.
    pub fn deliveries(&self) -> Vec<Outgoing> {
        let mut shelf = self.shelf();
        let happened = std::mem::take(&mut shelf.happened);
        let merged = shelf.merge(happened);
        let mut out = Vec::new();
        for happening in &merged {
            out.extend(shelf.deliver(happening));
            if happening.what == What::Uninstalled {
                shelf.hooks.clear();
            }
        }
        out
    }

    /// Signs a delivery for another try: where a platform signs a time, every try has its own.
    pub fn sign_again(&self, outgoing: &mut Outgoing) {
        let shelf = self.shelf();
        let hook = shelf.hooks.iter().find(|known| known.id == outgoing.hook);
        let secret = hook.map_or(shelf.account.secret.as_str(), |hook| shelf.secret_of(hook));
        let key = match shelf.kind {
            Kind::BigCommerce => secret.as_bytes().to_vec(),
            Kind::Generic => key_behind(secret),
            Kind::Shopify | Kind::WooCommerce(_) | Kind::Magento(_) => return,
        };
        let text = |name: &str| Some(outgoing.request.headers().get(name)?.to_str().ok()?.to_owned());
        let (Some(id), Ok(body)) = (text("webhook-id"), std::str::from_utf8(outgoing.request.body())) else { return };
        for (name, value) in standard_webhook(&id, shelf.now(), &key, body) {
            if let Ok(value) = http::HeaderValue::from_str(&value) {
                outgoing.request.headers_mut().insert(name, value);
            }
        }
    }

    /// Tells the store how a delivery was answered: a status, or none for no answer. Enough failures in a row end the
    /// subscription as the platform ends it; whether the platform would try again is the caller's play.
    pub fn answered(&self, hook: u64, status: Option<u16>) {
        let mut shelf = self.shelf();
        let kind = shelf.kind;
        let success = status.is_some_and(|status| match kind {
            // WooCommerce counts redirects it does not follow as success.
            Kind::WooCommerce(_) => (200..=302).contains(&status),
            _ => (200..300).contains(&status),
        });
        let Some(known) = shelf.hooks.iter_mut().find(|known| known.id == hook) else {
            return;
        };
        known.failures = if success { 0 } else { known.failures + 1 };
        if patience(kind).is_some_and(|most| known.failures >= most) {
            known.active = false;
            if kind == Kind::Shopify {
                shelf.hooks.retain(|known| known.id != hook);
            }
        }
    }
}

impl Shelf {
    pub(super) fn subscribe(
        &mut self,
        topic: &str,
        address: &str,
        secret: Option<String>,
        headers: Vec<(String, String)>,
    ) -> u64 {
        let (id, created) = (self.fresh(), self.now());
        let (topic, address) = (topic.to_owned(), address.to_owned());
        self.hooks.push(Subscription { id, topic, address, secret, headers, active: true, failures: 0, created });
        if let Kind::WooCommerce(_) = self.kind {
            self.tell(What::Ping(id), None);
        }
        id
    }

    /// WooCommerce sends the order as it is when the queue runs, and once per order.
    fn merge(&self, happened: Vec<Happening>) -> Vec<Happening> {
        if !matches!(self.kind, Kind::WooCommerce(_)) {
            return happened;
        }
        let mut merged: Vec<Happening> = Vec::new();
        for mut happening in happened {
            let id = happening.order.as_ref().map(|order| order.id);
            let deleted = happening.what == What::OrderDeleted;
            let twin = |known: &Happening| {
                id.is_some()
                    && known.order.as_ref().map(|o| o.id) == id
                    && (known.what == What::OrderDeleted) == deleted
            };
            if !merged.iter().any(twin) {
                happening.order = id.and_then(|id| self.orders.get(&id).cloned());
                merged.push(happening);
            }
        }
        merged
    }

    fn deliver(&mut self, happening: &Happening) -> Vec<Outgoing> {
        let hooks: Vec<Subscription> = self.hooks.iter().filter(|hook| hook.active).cloned().collect();
        let mut out = Vec::new();
        for hook in &hooks {
            let request = match self.kind {
                Kind::Shopify => self.shopify_delivery(happening, hook),
                Kind::WooCommerce(plugin) => self.woocommerce_delivery(plugin, happening, hook),
                Kind::BigCommerce => self.bigcommerce_delivery(happening, hook),
                Kind::Magento(way @ (Way::IoEvents | Way::CommerceWebhooks)) => {
                    out.extend(self.adobe_deliveries(way, happening, hook));
                    None
                }
                Kind::Magento(way) => self.magento_delivery(way, happening, hook),
                Kind::Generic => {
                    out.extend(self.generic_deliveries(happening, hook));
                    None
                }
            };
            out.extend(request.map(|request| Outgoing { hook: hook.id, topic: hook.topic.clone(), request }));
        }
        out
    }

    /// The secret that signs for a subscription.
    pub(super) fn secret_of<'a>(&'a self, hook: &'a Subscription) -> &'a str {
        hook.secret.as_deref().unwrap_or(&self.account.secret)
    }
}

/// Puts a delivery together; `None` when the address is no address.
pub(super) fn post(address: &str, headers: &[(&str, &str)], body: String) -> Option<Request<Bytes>> {
    let mut request = Request::builder().method("POST").uri(address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::from(body)).ok()
}

/// The three headers of Standard Webhooks, with the key as bytes.
pub(super) fn standard_webhook(id: &str, at: Timestamp, key: &[u8], body: &str) -> [(&'static str, String); 3] {
    let time = at.as_second().to_string();
    let text: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", body.as_bytes()];
    let signature = format!("v1,{}", hmac::base64(key, &text));
    [("webhook-id", id.to_owned()), ("webhook-timestamp", time), ("webhook-signature", signature)]
}
