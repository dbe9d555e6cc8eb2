//! The stores' side, sans I/O: adapters build requests and read bytes, somebody else sends them.
//!
//! One contract, one closed list of platforms, identical file names per platform.

mod answer;
mod bigcommerce;
pub mod connect;
pub mod custom_fields;
pub mod error;
mod exact;
pub mod generic;
mod json;
mod limits;
pub mod magento;
mod order_id;
pub mod platforms;
pub mod poll;
mod shopify;
mod signature;
pub mod subscriptions;
#[cfg(test)]
mod tests;
mod woocommerce;

use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Fulfilment, OrderLink};
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::domain::platform::Platform;
use bytes::Bytes;
use error::StoreError;
use http::HeaderMap;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// One request from a store, unread: bytes and headers.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The HTTP method.
    pub method: http::Method,
    /// As received; names compare without case.
    pub headers: HeaderMap,
    /// The raw query string, without `?`.
    pub query: Option<String>,
    /// The exact body. Signatures cover these bytes.
    pub body: Bytes,
}

/// What authenticates a store's deliveries. Which of them apply depends on the platform.
#[derive(Clone, Debug, Default)]
pub struct HookSecrets {
    /// Signing secret (Shopify: client secret or the hook's own; WooCommerce: webhook secret; BigCommerce: client secret;
    /// Mage-OS: verification token; generic: Standard Webhooks secret).
    pub current: Option<SecretString>,
    /// The secret before the last rotation: still accepted.
    pub previous: Option<SecretString>,
    /// BigCommerce, Mageplaza: the static header secret, compared in constant time.
    pub header: Option<SecretString>,
    /// Adobe: RSA public keys in PEM by path (`/prod/keys/…`), and under `"commerce"` the merchant's own.
    pub public_keys: Vec<(String, String)>,
    /// Adobe I/O: our client id, compared with `recipientclientid`.
    pub client_id: Option<String>,
}

/// A delivery whose signature holds. Only an adapter's `verify` makes one, so nobody can skip that step.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'a> {
    pub(in crate::stores) delivery: &'a Delivery,
    /// When it arrived.
    pub(in crate::stores) now: Timestamp,
    /// Registration checks come without a signature; nothing else may be read from such a delivery.
    pub(in crate::stores) signed: bool,
}

/// What a delivery says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Shipments, with everything needed or with the order still to be read ([`OrderLink::NotRead`]).
    Fulfilled(Fulfilment),
    /// Ids only: the shipments themselves must be read from the store.
    Thin(ThinNotice),
    /// The order was deleted in the store.
    Deleted(StoreOrderId),
    /// The merchant removed our app.
    Uninstalled,
    /// A privacy request; `topic` as the platform names it. `shop/redact` erases the store's rows.
    Compliance {
        /// For example `customers/redact`.
        topic: String,
    },
    /// A harmless creation ping.
    Ping,
    /// The platform checks our address: answer with this text.
    EchoChallenge(String),
    /// The platform asks us to open this address within minutes (Adobe I/O).
    ValidationUrl(String),
    /// A signed body that is an error message of the store; `lost_rights` calls for an alarm.
    ErrorBody {
        /// The store's own user lost its rights: nothing useful will come any more.
        lost_rights: bool,
    },
    /// A topic or state that we never use.
    NotForUs,
    /// Several events in one delivery (Adobe I/O), in the sender's order. Never nested.
    Batch(Vec<Notice>),
}

/// A delivery that names an order or shipment without its contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThinNotice {
    /// The order, where the delivery names it.
    pub order: Option<StoreOrderId>,
    /// The shipment, where the delivery names it.
    pub shipment: Option<ShipmentId>,
    /// The shipment was deleted.
    pub deleted: bool,
    /// When it happened by the store's clock, else when it arrived.
    pub at: Timestamp,
    /// What the delivery said already, where it said something (WooCommerce's own fulfillments): saves a read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Box<Known>>,
}

/// The part of an order that a delivery carried, when its shipments must still be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Order, name, TikTok id, and the shipments that the delivery did carry.
    pub fulfilment: Fulfilment,
    /// Stock codes by the store's id of the order line.
    pub lines: Vec<(String, String)>,
    /// WooCommerce's own fulfillments are still to be read; otherwise only the order's notes are.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub fulfillments: bool,
}

fn yes() -> bool {
    true
}

/// One platform: how it signs and what it says. Stateless.
pub trait StoreAdapter: Sync {
    /// Checks the signature over the raw bytes, in constant time, with the current and the previous secret.
    ///
    /// # Errors
    /// [`StoreError::BadSignature`] (answer 401) when missing, wrong, or outside the signed time window.
    fn verify<'a>(
        &self,
        delivery: &'a Delivery,
        secrets: &HookSecrets,
        now: Timestamp,
    ) -> Result<Verified<'a>, StoreError>;

    /// Reads a verified body.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] for a signed body that is not what the platform documents: answer 200 and poll.
    fn read(&self, delivery: &Verified<'_>, settings: &StoreSettings) -> Result<Notice, StoreError>;

    /// The body that the sender wants to see with our 200, where it wants one.
    fn reply(&self, _delivery: &Delivery) -> Option<&'static str> {
        None
    }
}

/// The adapter of a platform.
#[must_use]
pub fn adapter(platform: Platform) -> &'static dyn StoreAdapter {
    match platform {
        Platform::Shopify => &shopify::Shopify,
        Platform::WooCommerce => &woocommerce::WooCommerce,
        Platform::BigCommerce => &bigcommerce::BigCommerce,
        Platform::Magento => &magento::Magento,
        Platform::Generic => &generic::Generic,
    }
}

/// The store that a delivery names itself by, where our app's secret signs for all of them: Shopify's domain.
#[must_use]
pub fn sender(platform: Platform, delivery: &Delivery) -> Option<String> {
    match platform {
        Platform::Shopify => shopify::header(delivery, "shop-domain").map(str::to_lowercase),
        Platform::WooCommerce | Platform::BigCommerce | Platform::Magento | Platform::Generic => None,
    }
}

/// When a delivery happened by its own account, for judging a captured one at its own time.
#[must_use]
pub fn delivery_time(platform: Platform, delivery: &Delivery) -> Option<Timestamp> {
    match platform {
        Platform::Shopify => shopify::header(delivery, "triggered-at").and_then(json::moment),
        Platform::BigCommerce | Platform::Generic => {
            let seconds = signature::header(delivery, "webhook-timestamp")?.parse().ok()?;
            Timestamp::from_second(seconds).ok()
        }
        Platform::WooCommerce | Platform::Magento => {
            let body: serde_json::Value = serde_json::from_slice(&delivery.body).ok()?;
            ["/date_modified_gmt", "/time", "/0/time", "/data/updated_at", "/updated_at"]
                .into_iter()
                .find_map(|path| json::moment(body.pointer(path)?.as_str()?))
        }
    }
}

/// The static secret that a delivery carries in its headers (`X-Tracking-Auth` or `Authorization`).
#[must_use]
pub fn static_header(delivery: &Delivery) -> Option<SecretString> {
    let value = signature::static_candidates(delivery).into_iter().next()?;
    String::from_utf8(value).ok().map(SecretString::from)
}

/// Begins a look-up in a store's API.
///
/// # Errors
/// [`StoreError::Unauthorised`] when the credentials are of a kind that this platform does not take,
/// [`StoreError::Unreadable`] when the platform has no such read or the notice names too little.
pub fn look_up(access: &StoreAccess, what: LookUp) -> Result<Box<dyn LookUpMachine>, StoreError> {
    match access.platform {
        Platform::Shopify => Ok(Box::new(shopify::api::OrderRead::new(access, what)?)),
        Platform::WooCommerce => Ok(Box::new(woocommerce::api::OrderRead::new(access, what)?)),
        Platform::BigCommerce => Ok(Box::new(bigcommerce::api::OrderRead::new(access, what)?)),
        Platform::Magento => Ok(Box::new(magento::api::OrderRead::new(access, what)?)),
        Platform::Generic => Err(StoreError::Unreadable("this store has no API to read from")),
    }
}

/// Credentials and address for reads from a store's API.
#[derive(Clone, Debug)]
pub struct StoreAccess {
    /// Which API.
    pub platform: Platform,
    /// Origin and base path, without a trailing slash (`https://tiny-mugs.myshopify.com`,
    /// `https://api.bigcommerce.com/stores/abc`, the site's origin for WooCommerce and Magento).
    pub base: String,
    /// How calls authenticate.
    pub credentials: StoreCredentials,
    /// What a person set.
    pub settings: StoreSettings,
}

/// How calls to a store's API authenticate.
#[derive(Clone, Debug)]
pub enum StoreCredentials {
    /// None are known: nothing can be read.
    None,
    /// Shopify `X-Shopify-Access-Token`, BigCommerce `X-Auth-Token`, Magento Bearer.
    Token(SecretString),
    /// WooCommerce consumer key and secret as Basic authentication over https.
    Basic {
        /// `ck_…`
        key: SecretString,
        /// `cs_…`
        secret: SecretString,
    },
    /// Magento integration: OAuth 1.0a, HMAC-SHA256.
    OAuth1 {
        /// Consumer key.
        consumer_key: SecretString,
        /// Consumer secret.
        consumer_secret: SecretString,
        /// Access token.
        token: SecretString,
        /// Access token secret.
        token_secret: SecretString,
    },
}

/// What a look-up must find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookUp {
    /// Only which TikTok order a store order is (and whether it is cancelled).
    Link {
        /// The store's order.
        order: StoreOrderId,
    },
    /// Everything a thin notice left out.
    Shipments(ThinNotice),
}

/// One step of a look-up: what to send next, or the answer.
#[derive(Debug)]
pub enum Step {
    /// Send this and hand the answer to the next call.
    Send(http::Request<Bytes>),
    /// Finished. For [`LookUp::Link`] the fulfilment's `shipments` are empty and `complete` is `None`.
    Done(Fulfilment),
    /// The store does not know the order (any more).
    Gone,
}

/// A look-up under way: a small machine that never does I/O itself.
pub trait LookUpMachine: Send {
    /// The first call passes `None`; every further one the answer to the request just sent.
    ///
    /// # Errors
    /// [`StoreError`] says what the caller can do: retry, refresh the credentials, or give up.
    fn step(&mut self, answer: Option<&http::Response<Bytes>>, now: Timestamp) -> Result<Step, StoreError>;
}

/// `link` of a fulfilment that a look-up has filled in.
#[must_use]
pub fn is_resolved(link: &OrderLink) -> bool {
    !matches!(link, OrderLink::NotRead)
}
