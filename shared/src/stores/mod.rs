//! The stores' side, sans I/O: adapters build requests and read bytes, somebody else sends them.
//!
//! One contract, one closed list of platforms, identical file names per platform.

pub mod error;

use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Fulfilment, OrderLink};
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::domain::platform::Platform;
use bytes::Bytes;
use error::StoreError;
use http::HeaderMap;
use jiff::Timestamp;
use secrecy::SecretString;

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
}

/// A delivery that names an order or shipment without its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThinNotice {
    /// The order, where the delivery names it.
    pub order: Option<StoreOrderId>,
    /// The shipment, where the delivery names it.
    pub shipment: Option<ShipmentId>,
    /// The shipment was deleted.
    pub deleted: bool,
    /// When it happened by the store's clock, else when it arrived.
    pub at: Timestamp,
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
