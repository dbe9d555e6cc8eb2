//! What the model promises, asked through its front door.

mod authorisation;
mod corrections;
mod faults;
mod field;
mod gate;
mod reads;
mod shapes;
mod shipping;
mod webhooks;

use super::*;
use crate::canary::BUYER;
use http::{Method, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};
use waybill::domain::region::AppRegion;

const START: i64 = 1_795_255_200;
const SHOP: &str = "7494000000000000001";
const ORDER: &str = "576000000000000017";
const USPS: &str = "7117858858072016686";
const UPS: &str = "7117859084333745966";

/// One shop, authorised, with a clock that the test moves.
struct Desk {
    model: ModelTikTok,
    tokens: Tokens,
    seconds: Arc<AtomicI64>,
    region: &'static str,
    shop: String,
}

/// An envelope that came back.
#[derive(Debug)]
struct Envelope {
    http: u16,
    code: i64,
    message: String,
    data: Value,
}

impl Desk {
    fn new(region: &'static str) -> Self {
        let seconds = Arc::new(AtomicI64::new(START));
        let hands = seconds.clone();
        let clock =
            Clock::new(move || Timestamp::from_second(hands.load(Ordering::Relaxed)).unwrap(), || Duration::ZERO);
        let model = ModelTikTok::new(clock, 1);
        model.add_shop(ShopSpec::new(SHOP, region));
        model.configure(|settings| settings.rates = RateLimits::OFF);
        let tokens = model.authorise(&[SHOP]).unwrap();
        Self { model, tokens, seconds, region, shop: SHOP.to_owned() }
    }

    fn us() -> Self {
        Self::new("US")
    }

    fn later(&self, time: SignedDuration) {
        self.seconds.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    fn app(&self) -> App {
        self.model.app(if self.region == "US" { AppRegion::Us } else { AppRegion::Row })
    }

    /// A request as a right client sends it; `query` without the common parameters.
    fn request(&self, method: &str, path: &str, query: &[(&str, &str)], body: Option<&Value>) -> Request<Bytes> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let app = self.app();
        let mut pairs: Vec<(String, String)> = query.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
        pairs.push(("app_key".into(), app.key.clone()));
        pairs.push(("timestamp".into(), self.seconds.load(Ordering::Relaxed).to_string()));
        if !path.starts_with("/authorization") && !path.starts_with("/seller") {
            pairs.push(("shop_cipher".into(), self.model.cipher(&self.shop)));
        }
        let sign = sign::request(&app.secret, path, &pairs, "application/json", body.as_bytes());
        pairs.push(("sign".into(), sign));
        let encode = crate::answer::encode;
        let query: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={}", encode(v))).collect();
        Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(format!("{path}?{}", query.join("&")))
            .header("content-type", "application/json; charset=utf-8")
            .header("x-tts-access-token", &self.tokens.access_token)
            .body(Bytes::from(body))
            .unwrap()
    }

    async fn send(&self, request: Request<Bytes>) -> Envelope {
        read(self.model.handle(request).await.reply().unwrap())
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Envelope {
        self.send(self.request("GET", path, query, None)).await
    }

    async fn post(&self, path: &str, query: &[(&str, &str)], body: Value) -> Envelope {
        self.send(self.request("POST", path, query, Some(&body))).await
    }

    fn mark_request(&self, order: &str, lines: &[String], number: &str, provider: &str) -> Request<Bytes> {
        let mut body = json!({"tracking_number": number, "shipping_provider_id": provider});
        if !lines.is_empty() {
            body["order_line_item_ids"] = json!(lines);
        }
        self.request("POST", &format!("/fulfillment/202309/orders/{order}/packages"), &[], Some(&body))
    }

    async fn mark(&self, order: &str, lines: &[String], number: &str, provider: &str) -> Envelope {
        self.send(self.mark_request(order, lines, number, provider)).await
    }

    async fn correct(&self, order: &str, number: &str, provider: &str) -> Envelope {
        let body = json!({"tracking_number": number, "shipping_provider_id": provider});
        self.post(&format!("/fulfillment/202309/orders/{order}/shipping_info/update"), &[], body).await
    }

    async fn correct_package(&self, package: &str, number: &str, provider: &str) -> Envelope {
        let body = json!({"tracking_number": number, "shipping_provider_id": provider});
        self.post(&format!("/fulfillment/202309/packages/{package}/shipping_info/update"), &[], body).await
    }

    async fn read_order(&self, order: &str) -> Value {
        self.get("/order/202507/orders", &[("ids", order)]).await.data["orders"][0].clone()
    }

    fn status(&self, order: &str) -> &'static str {
        self.model.order_now(&self.shop, order).unwrap().status.word()
    }
}

fn read(response: Response<Bytes>) -> Envelope {
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    Envelope {
        http: response.status().as_u16(),
        code: body["code"].as_i64().unwrap(),
        message: body["message"].as_str().unwrap().to_owned(),
        data: body["data"].clone(),
    }
}
