//! Model stores: the merchants' side of the outside world.
//!
//! One [`ModelStore`] for all platforms, so that one story can be told to each of them: place an order, fulfil it, edit
//! the tracking, cancel. What differs, a file per platform knows: what its webhooks look like and how they are signed,
//! what its API answers, what it does not tell. Signatures and bodies follow the platforms' own documentation and the
//! sources of their plug-ins; nothing here is shared with the client that reads them.

pub mod adobe;
mod bigcommerce;
mod book;
mod consent;
mod generic;
mod graphql;
mod hooks;
mod magento;
mod mischief;
mod oauth1;
mod own_fields;
mod php;
mod shopify;
mod shopify_api;
mod woocommerce;

#[cfg(test)]
mod tests;

pub use book::{IdField, Item, OrderBuilder, Parcel, StoreOrder};
pub use consent::{CLIENT_ID, Merchant};
pub use hooks::{Outgoing, Subscription};
pub use mischief::Mischief;

use crate::chance::Chance;
use crate::{ModelAnswer, serve};
use book::Happening;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::net::TcpListener;
use waybill::domain::clock::Clock;

/// Which platform a model store plays, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Shopify, API version 2026-07.
    Shopify,
    /// WooCommerce with one way of keeping tracking numbers.
    WooCommerce(Plugin),
    /// BigCommerce.
    BigCommerce,
    /// Magento 2 with one way of telling.
    Magento(Way),
    /// A warehouse that uses the generic endpoint. It has no API to read.
    Generic,
}

/// Where WooCommerce keeps tracking numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plugin {
    /// The official Shipment Tracking: order meta, no items.
    Official,
    /// zorem Advanced Shipment Tracking: the same key, more fields.
    Ast,
    /// AfterShip: slug, items, several numbers joined by commas.
    AfterShip,
    /// VillaTheme: JSON text in the meta of line items.
    VillaTheme,
    /// PluginHive: order meta of its own.
    PluginHive,
    /// Core fulfillments: not in the body, read from an address of their own.
    Core,
}

/// How Magento tells about shipments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Mage-OS async events: whole shipments, hexadecimal HMAC. Nothing is sent when a track is edited.
    MageOs,
    /// Mageplaza webhooks: ids only, a static header.
    Mageplaza,
    /// Adobe I/O Events: every saved track as a cloud event, signed with two RSA keys.
    IoEvents,
    /// Adobe Commerce Webhooks: every saved track as a flat body, RSA over its base64 text.
    CommerceWebhooks,
}

/// Addresses and secrets of a store. All are invented.
#[derive(Clone, Debug)]
pub struct Account {
    /// Shopify: the myshopify.com name. BigCommerce: the store hash. Others: the site's host.
    pub domain: String,
    /// Signs webhooks, unless a subscription has a secret of its own.
    pub secret: String,
    /// Header with which BigCommerce and Mageplaza prove themselves.
    pub header: (String, String),
    /// Shopify, BigCommerce and (as Bearer) Magento.
    pub access_token: String,
    /// WooCommerce and Magento.
    pub consumer_key: String,
    /// WooCommerce and Magento.
    pub consumer_secret: String,
    /// Magento.
    pub token: String,
    /// Magento.
    pub token_secret: String,
    /// Magento: whether the access token alone is accepted; off by default since 2.4.4.
    pub bearer: bool,
    /// Adobe: which of the two keys really sign.
    pub signers: [bool; 2],
    /// The site's time zone, whole hours from UTC: WooCommerce's plain dates are local.
    pub utc_offset: i64,
}

/// One request a store received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// When.
    pub at: Timestamp,
    /// `GET /path`, without the query.
    pub what: String,
    /// HTTP status of the answer; none when there was no answer.
    pub status: Option<u16>,
}

/// Everything a store keeps.
#[derive(Debug)]
struct Shelf {
    kind: Kind,
    account: Account,
    clock: Clock,
    chance: Chance,
    next: u64,
    orders: BTreeMap<u64, StoreOrder>,
    hooks: Vec<Subscription>,
    happened: Vec<Happening>,
    mischief: Vec<(Mischief, Option<u32>)>,
    nonces: BTreeSet<String>,
    visits: Vec<Visit>,
    issued: consent::Issued,
    merchant: Merchant,
}

impl Shelf {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn fresh(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// A store. Clones share one state.
#[derive(Clone, Debug)]
pub struct ModelStore(Arc<Mutex<Shelf>>);

impl ModelStore {
    /// An empty store.
    #[must_use]
    pub fn new(kind: Kind, clock: Clock, seed: u64) -> Self {
        let domain = match kind {
            Kind::Shopify => "tiny-mugs.myshopify.com",
            Kind::BigCommerce => "abc12model",
            _ => "tiny-mugs.example",
        };
        let account = Account {
            domain: domain.into(),
            secret: "model-store-secret-51f0".into(),
            header: ("X-Tracking-Auth".into(), "model-static-header-77aa".into()),
            access_token: "model-access-token-90c1".into(),
            consumer_key: "ck_model51f0".into(),
            consumer_secret: "cs_model77aa".into(),
            token: "model-oauth-token-13".into(),
            token_secret: "model-oauth-secret-14".into(),
            bearer: false,
            signers: [true, true],
            utc_offset: -5,
        };
        let shelf = Shelf {
            kind,
            account,
            clock,
            chance: Chance::new(seed),
            next: 0,
            orders: BTreeMap::new(),
            hooks: Vec::new(),
            happened: Vec::new(),
            mischief: Vec::new(),
            nonces: BTreeSet::new(),
            visits: Vec::new(),
            issued: consent::Issued::default(),
            merchant: Merchant::default(),
        };
        Self(Arc::new(Mutex::new(shelf)))
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        // A panic under the lock is a bug of the model; its state is still the best there is to look at.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which platform it plays.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.shelf().kind
    }

    /// Addresses and secrets.
    #[must_use]
    pub fn account(&self) -> Account {
        self.shelf().account.clone()
    }

    /// Changes addresses and secrets.
    pub fn configure(&self, edit: impl FnOnce(&mut Account)) {
        edit(&mut self.shelf().account);
    }

    /// Misbehaves on API requests: this many times, or until [`ModelStore::behave`].
    pub fn misbehave(&self, how: Mischief, times: Option<u32>) {
        self.shelf().mischief.push((how, times));
    }

    /// Whether it does so.
    #[must_use]
    pub fn misbehaves(&self) -> bool {
        !self.shelf().mischief.is_empty()
    }

    /// Ends all misbehaviour.
    pub fn behave(&self) {
        self.shelf().mischief.clear();
    }

    /// The API requests so far.
    #[must_use]
    pub fn visits(&self) -> Vec<Visit> {
        self.shelf().visits.clone()
    }

    /// Serves the store's API over HTTP until the future is dropped.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let answer = move |request| {
            let store = self.clone();
            async move { store.handle(request).await }
        };
        serve::serve(listener, answer).await
    }

    /// Answers one API request.
    pub async fn handle(&self, request: Request<Bytes>) -> ModelAnswer {
        let (answer, wait) = self.shelf().visit(&request);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        answer
    }
}

impl Shelf {
    fn visit(&mut self, request: &Request<Bytes>) -> (ModelAnswer, std::time::Duration) {
        let (answer, wait) = match self.next_mischief() {
            Some(mischief) => mischief.answer(self.kind, || self.api(request)),
            None => (ModelAnswer::Reply(self.api(request)), std::time::Duration::ZERO),
        };
        let status = match &answer {
            ModelAnswer::Reply(response) => Some(response.status().as_u16()),
            ModelAnswer::Reset | ModelAnswer::Hang => None,
        };
        let what = format!("{} {}", request.method(), request.uri().path());
        self.visits.push(Visit { at: self.now(), what, status });
        (answer, wait)
    }

    fn api(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        if let Some(answer) = self.consent(request) {
            return answer;
        }
        match self.kind {
            Kind::Shopify => self.shopify_api(request),
            Kind::WooCommerce(plugin) => self.woocommerce_api(plugin, request),
            Kind::BigCommerce => self.bigcommerce_api(request),
            Kind::Magento(_) => self.magento_api(request),
            Kind::Generic => crate::answer::respond(404, &[], ""),
        }
    }
}

/// The JSON body of a request; an unreadable one is null.
fn json_body(request: &Request<Bytes>) -> serde_json::Value {
    serde_json::from_slice(request.body()).unwrap_or_default()
}

/// A JSON answer.
fn json_answer(status: u16, body: &serde_json::Value) -> Response<Bytes> {
    crate::answer::respond(status, &[("content-type", "application/json; charset=utf-8")], body.to_string())
}
