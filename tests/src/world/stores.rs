//! Model stores in a world: on the network, connected, and delivering through the real handler.

use super::{SHOP, World};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::FutureExt as _;
use futures_util::future::{Ready, ready};
use http::{Request, Response};
use lambda_http::Body;
use serde_json::{Value, json};
use waybill::domain::connection::{StoreConnection, StoreSettings};
use waybill::domain::ids::ShopId;
use waybill::domain::platform::Platform;
use waybill::flows::connect::store::{self as connect_store, Added, NewStore};
use waybill_model::ModelAnswer;
use waybill_model::stores::{Kind, ModelStore, Plugin, Way, adobe};

/// Every platform, and where Magento's ways differ, each of them.
pub const KINDS: [Kind; 8] = [
    Kind::Shopify,
    Kind::WooCommerce(Plugin::Ast),
    Kind::BigCommerce,
    Kind::Magento(Way::MageOs),
    Kind::Magento(Way::Mageplaza),
    Kind::Magento(Way::IoEvents),
    Kind::Magento(Way::CommerceWebhooks),
    Kind::Generic,
];

/// A secret that an earlier rotation left.
pub const PREVIOUS: &str = "model-store-secret-of-before";

/// A store and its connection.
#[derive(Debug)]
pub struct Front {
    /// The store.
    pub model: ModelStore,
    /// How it is connected.
    pub added: Added,
}

/// What our platform is called for a kind of store.
#[must_use]
pub fn platform(kind: Kind) -> Platform {
    match kind {
        Kind::Shopify => Platform::Shopify,
        Kind::WooCommerce(_) => Platform::WooCommerce,
        Kind::BigCommerce => Platform::BigCommerce,
        Kind::Magento(_) => Platform::Magento,
        Kind::Generic => Platform::Generic,
    }
}

/// The secrets that a merchant hands over for a model store.
#[must_use]
pub fn secrets(model: &ModelStore) -> Value {
    let about = model.account();
    match model.kind() {
        Kind::Shopify => {
            json!({"webhook_secret": about.secret, "previous_secret": PREVIOUS, "access_token": about.access_token})
        }
        Kind::WooCommerce(_) => json!({
            "webhook_secret": about.secret, "previous_secret": PREVIOUS,
            "consumer_key": about.consumer_key, "consumer_secret": about.consumer_secret,
        }),
        Kind::BigCommerce => json!({
            "client_secret": about.secret, "previous_secret": PREVIOUS, "header_secret": about.header.1,
            "access_token": about.access_token,
        }),
        Kind::Magento(way) => {
            let mut secrets = json!({
                "consumer_key": about.consumer_key, "consumer_secret": about.consumer_secret,
                "access_token": about.token, "token_secret": about.token_secret,
            });
            match way {
                Way::MageOs => secrets["webhook_secret"] = about.secret.into(),
                Way::Mageplaza => secrets["header_secret"] = about.header.1.into(),
                Way::IoEvents => secrets["client_id"] = adobe::CLIENT_ID.into(),
                // Two keys one after the other while the merchant changes them.
                Way::CommerceWebhooks => secrets["public_key"] = adobe::PUBLIC.concat().into(),
            }
            if matches!(way, Way::MageOs | Way::Mageplaza) {
                secrets["previous_secret"] = PREVIOUS.into();
            }
            secrets
        }
        Kind::Generic => json!({"webhook_secret": about.secret, "previous_secret": PREVIOUS}),
    }
}

impl World {
    /// Opens a model store, puts it on the network and connects it. Its webhooks are not subscribed yet.
    pub async fn open_store(&self, kind: Kind) -> Front {
        let model = ModelStore::new(kind, self.time.clock(), 7);
        let host = match kind {
            Kind::BigCommerce => "api.bigcommerce.com".to_owned(),
            _ => model.account().domain,
        };
        let answering = model.clone();
        self.net.host(
            &host,
            Box::new(move |request| {
                let model = answering.clone();
                async move { model.handle(request).await }.boxed()
            }),
        );
        let address = match kind {
            Kind::WooCommerce(_) | Kind::Magento(_) => format!("https://{host}"),
            _ => model.account().domain,
        };
        let way = match kind {
            Kind::Magento(way) => Some(way_name(way).to_owned()),
            _ => None,
        };
        if kind == Kind::Magento(Way::IoEvents) {
            self.net.host("static.adobeioevents.com", Box::new(|request| adobe_keys(&request).boxed()));
        }
        let added = self
            .connect(platform(kind), address, StoreSettings { way, ..StoreSettings::default() }, &secrets(&model))
            .await;
        Front { model, added }
    }

    /// Connects a store of any platform.
    pub async fn connect(
        &self,
        platform: Platform,
        address: String,
        settings: StoreSettings,
        secrets: &Value,
    ) -> Added {
        let new = NewStore {
            account: self.account.clone(),
            platform,
            shops: vec![ShopId::parse(SHOP).expect("id")],
            address,
            settings,
            secrets: serde_json::from_value(secrets.clone()).expect("secrets"),
        };
        connect_store::add(&self.app, new).await.expect("store")
    }

    /// Hands a request to the webhook function.
    pub async fn receive(&self, request: Request<Bytes>) -> http::Response<Body> {
        let (mut head, body) = request.into_parts();
        head.uri = head.uri.path_and_query().map(|path| path.as_str()).unwrap_or("/").parse().expect("a path");
        let request = Request::from_parts(head, Body::Binary(body.to_vec()));
        store_webhook::handle(&self.app, request).await.expect("never fails")
    }

    /// Delivers everything that a store has to tell. Gives the answers' status codes.
    pub async fn deliver(&self, front: &Front) -> Vec<u16> {
        let mut answers = Vec::new();
        for outgoing in front.model.deliveries() {
            let status = self.receive(outgoing.request).await.status().as_u16();
            front.model.answered(outgoing.hook, Some(status));
            answers.push(status);
        }
        answers
    }

    /// The store connection as stored.
    pub async fn store(&self, front: &Front) -> StoreConnection {
        self.app.table.store_get(&front.added.store.id, true).await.expect("table").expect("a store").row
    }
}

/// A copy of a request.
#[must_use]
pub fn copy_of(request: &Request<Bytes>) -> Request<Bytes> {
    let mut copy = Request::new(request.body().clone());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

impl World {
    /// Posts a body that its platform never sends, rightly signed.
    pub async fn nonsense(&self, front: &Front) -> http::Response<Body> {
        let about = front.model.account();
        let mut body = r#"{"greetings":["from","another","version"]}"#.to_owned();
        let (hex, base64) =
            (signed(&about.secret, body.as_bytes()), |tag: &[u8]| data_encoding::BASE64.encode(tag.as_ref()));
        let mut request = Request::post(&front.added.webhook_url);
        request = match front.model.kind() {
            Kind::Shopify => request
                .header("X-Shopify-Topic", "fulfillments/create")
                .header("X-Shopify-Shop-Domain", &about.domain)
                .header("X-Shopify-Hmac-Sha256", base64(&hex)),
            Kind::WooCommerce(_) => {
                request.header("X-WC-Webhook-Topic", "order.updated").header("X-WC-Webhook-Signature", base64(&hex))
            }
            Kind::BigCommerce | Kind::Generic => {
                let time = self.time.now().as_second();
                let tag = signed(&about.secret, format!("msg_1.{time}.{body}").as_bytes());
                request
                    .header("webhook-id", "msg_1")
                    .header("webhook-timestamp", time)
                    .header("webhook-signature", format!("v1,{}", base64(&tag)))
                    .header(&about.header.0, &about.header.1)
            }
            Kind::Magento(Way::MageOs) => request.header("x-magento-signature", HEXLOWER.encode(&hex)),
            Kind::Magento(Way::Mageplaza) => request.header(&about.header.0, &about.header.1),
            Kind::Magento(Way::IoEvents) => {
                // Meant for us, of a kind that we read, and without its value.
                body = json!({
                    "type": "com.adobe.commerce.observer.sales_order_shipment_track_save_after",
                    "recipientclientid": adobe::CLIENT_ID, "data": {"greetings": true},
                })
                .to_string();
                let headers = adobe::io_headers(about.signers, body.as_bytes());
                headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
            }
            Kind::Magento(Way::CommerceWebhooks) => {
                let (name, value) = adobe::commerce_header(about.signers, body.as_bytes());
                request.header(name, value)
            }
        };
        self.receive(request.body(Bytes::from(body)).expect("a request")).await
    }
}

/// What a way of Magento is called in a store's settings.
#[must_use]
pub fn way_name(way: Way) -> &'static str {
    match way {
        Way::MageOs => "mage-os",
        Way::Mageplaza => "mageplaza",
        Way::IoEvents => "io-events",
        Way::CommerceWebhooks => "commerce-webhooks",
    }
}

/// Adobe's key host.
fn adobe_keys(request: &Request<Bytes>) -> Ready<ModelAnswer> {
    let (status, body) = adobe::published_key(request.uri().path()).map_or((404, ""), |key| (200, key));
    let answer = Response::builder().status(status).body(Bytes::from_static(body.as_bytes()));
    ready(ModelAnswer::Reply(answer.expect("an answer")))
}

fn signed(secret: &str, text: &[u8]) -> Vec<u8> {
    use ring::hmac;
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text).as_ref().to_vec()
}
