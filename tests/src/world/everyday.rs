//! Everyday worlds: stores and warehouses that tell by signed deliveries, both schedules as time passes, TikTok's own
//! webhooks on the way back, and what a person sees and types. Nothing here looks into a row.

use super::browser::Browser;
use super::stores::Front;
use super::{HOOK_SECRET, SHOP, World, text};
use ring::hmac;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use waybill::domain::connection::StoreSettings;
use waybill::domain::ids::{AccountId, ShopId};
use waybill::domain::platform::Platform;
use waybill::domain::region::AppRegion;
use waybill::flows::connect::shop as connect_shop;
use waybill::flows::connect::store::{self as connect_store, Added, NewStore};
use waybill::tiktok::authorise::TokenAnswer;
use waybill_local::cli;
use waybill_local::commands::Output;

/// The second shop of worlds that have two.
pub const SECOND_SHOP: &str = "7494049642642441622";

/// How far the runs of a quiet hour are apart, by the time that has passed: a try is never later than its gap allows by
/// more than this.
fn pace(passed: Duration) -> Duration {
    match passed.as_secs() / 60 {
        0..10 => Duration::from_secs(60),
        10..60 => Duration::from_secs(300),
        60..360 => Duration::from_secs(900),
        _ => Duration::from_secs(1800),
    }
}

/// A person's look at everything that asks for a hand.
#[derive(Clone, Debug)]
pub struct Held(pub Vec<Value>);

impl Held {
    /// The entry about a number.
    #[must_use]
    pub fn about(&self, number: &str) -> Option<&Value> {
        self.0.iter().find(|row| row["number"] == *number)
    }

    /// The reason given for a number; empty when it is not on the list.
    #[must_use]
    pub fn reason(&self, number: &str) -> &str {
        self.about(number).and_then(|row| row["reason"].as_str()).unwrap_or_default()
    }
}

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl World {
    /// A world with one shop of this market, whose webhooks come to us.
    pub async fn everyday(region: &str) -> Self {
        let world = Self::empty(1).await;
        for app in AppRegion::ALL {
            let address = format!("https://waybill.example/hooks/tiktok/{app}");
            world.tiktok.configure_app(app, |app| app.webhook_url = address);
        }
        world.connect_shop(SHOP, region).await;
        world
    }

    /// The same with a second shop in the US.
    pub async fn with_two_shops() -> Self {
        let world = Self::everyday("US").await;
        world.connect_shop(SECOND_SHOP, "US").await;
        world
    }

    /// Connects a warehouse that signs the generic body. Shops in the order in which they are asked.
    pub async fn warehouse(&self, name: &str, shops: &[&str]) -> Added {
        self.warehouse_of(&self.account, name, shops).await
    }

    /// The same for another account.
    pub async fn warehouse_of(&self, account: &AccountId, name: &str, shops: &[&str]) -> Added {
        let secrets = serde_json::from_value(json!({"webhook_secret": HOOK_SECRET})).expect("secrets");
        let new = NewStore {
            account: account.clone(),
            platform: Platform::Generic,
            shops: shops.iter().map(|id| ShopId::parse(id).expect("id")).collect(),
            address: name.into(),
            settings: StoreSettings::default(),
            secrets,
        };
        connect_store::add(&self.app, new).await.expect("store")
    }

    /// A warehouse's request, rightly signed. Gives status and body of the answer.
    pub async fn ask_generic(&self, warehouse: &Added, body: &Value) -> (u16, String) {
        let (body, time) = (body.to_string(), self.time.now().as_second());
        let key = hmac::Key::new(hmac::HMAC_SHA256, HOOK_SECRET.as_bytes());
        let tag = hmac::sign(&key, format!("m{time}.{time}.{body}").as_bytes());
        let request = http::Request::post(&warehouse.webhook_url)
            .header("content-type", "application/json")
            .header("webhook-id", format!("m{time}"))
            .header("webhook-timestamp", time)
            .header("webhook-signature", format!("v1,{}", data_encoding::BASE64.encode(tag.as_ref())));
        let answer = self.receive(request.body(body.into()).expect("a request")).await;
        (answer.status().as_u16(), text(&answer))
    }

    /// A warehouse's request that is taken.
    pub async fn tell(&self, warehouse: &Added, body: Value) {
        let (status, words) = self.ask_generic(warehouse, &body).await;
        assert_eq!(status, 200, "{body}: {words}");
    }

    /// One minute: a run of each schedule, and what TikTok has to tell arrives.
    pub async fn minute(&self) {
        self.pass(Duration::from_secs(60)).await;
    }

    async fn pass(&self, time: Duration) {
        self.push().await;
        self.tick().await;
        self.hear().await;
        self.time.skip(time);
    }

    /// TikTok's webhooks that wait to be delivered arrive.
    pub async fn hear(&self) {
        for webhook in self.tiktok.take_webhooks() {
            let answer = self.receive(webhook).await;
            assert_eq!(answer.status(), 200, "{}", text(&answer));
        }
    }

    /// Minutes pass.
    pub async fn minutes(&self, minutes: u64) {
        let (end, mut passed) = (Duration::from_secs(minutes * 60), Duration::ZERO);
        while passed < end {
            let step = pace(passed).min(end - passed);
            self.pass(step).await;
            passed += step;
        }
        self.push().await;
    }

    /// Hours pass.
    pub async fn hours(&self, hours: u64) {
        self.minutes(hours * 60).await;
    }

    /// What a command prints with `--json`, one object a line, and whether something needs attention. Words as behind
    /// `waybill`; a refusal is an object `{"error", "status"}`.
    pub async fn command(&self, words: &[&str]) -> (Vec<Value>, bool) {
        let paper = Paper::default();
        let mut output = Output::to(true, paper.clone());
        let done = cli::on_app(&self.app, words, &mut output).await;
        let bytes = paper.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = String::from_utf8(bytes).expect("text");
        let mut lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let attention = done.unwrap_or_else(|failure| {
            lines.push(json!({"error": failure.to_string(), "status": failure.status()}));
            true
        });
        (lines, attention)
    }

    /// `waybill held`.
    pub async fn held(&self) -> Held {
        Held(self.command(&["held"]).await.0)
    }

    /// The operator stores the app as TikTok has it now: key and secret.
    pub async fn store_app(&self, region: AppRegion) {
        self.configure_app(region).await;
    }

    /// `waybill retry` of an order.
    pub async fn retry(&self, order: &str) {
        self.command(&["retry", order]).await;
    }

    /// Everything that a person sees about an order, for the words of a failing test.
    pub async fn told(&self, order: &str) -> String {
        let (rows, _) = self.command(&["order", order]).await;
        let held = self.held().await;
        format!("{}\nheld: {:?}", serde_json::to_string_pretty(&rows).expect("JSON"), held.0)
    }

    /// TikTok holds exactly these numbers, unit by unit in the order of the lines; `-`: none.
    pub async fn holds(&self, shop: &str, order: &str, numbers: &[&str]) {
        let at = self.at_tiktok(shop, order);
        assert_eq!(at, numbers, "{}", self.told(order).await);
    }

    /// Nothing asks for a hand.
    pub async fn quiet(&self, order: &str) {
        let held = self.held().await;
        assert!(held.0.is_empty(), "{}", self.told(order).await);
    }

    /// A number is on the attention list under one of these reasons, with who acts and a remedy that is not "nothing".
    pub async fn listed(&self, number: &str, reasons: &[&str]) -> Value {
        let held = self.held().await;
        let row = held.about(number).unwrap_or_else(|| panic!("{number} is on no list: {:?}", held.0)).clone();
        let reason = row["reason"].as_str().unwrap_or_default();
        assert!(reasons.contains(&reason), "{reason} is not one of {reasons:?}: {row}");
        let remedy = row["remedy"].as_str().unwrap_or_default();
        assert!(!remedy.is_empty() && !remedy.starts_with("Nothing to do"), "the remedy is none: {row}");
        row
    }

    /// Another account of the installation connects a shop that no account has now.
    pub async fn shop_of_another_account(&self, shop: &str, account: &str) -> Browser {
        let mut browser = Browser::default();
        let account = self.another_account(&mut browser, account, "someone@else.example").await;
        let tokens = self.tiktok.authorise(&[shop]).expect("authorised");
        let answer = TokenAnswer::read(tokens.answer().to_string().as_bytes()).expect("tokens");
        connect_shop::connect(&self.app, &account, AppRegion::Us, answer).await.expect("connected");
        browser
    }

    /// A merchant connects a store again that was removed: as before, with new webhooks.
    pub async fn connect_again(&self, front: &Front) -> Added {
        let address = front.model.account().domain;
        let platform = super::stores::platform(front.model.kind());
        self.connect(platform, address, StoreSettings::default(), &super::stores::secrets(&front.model)).await
    }

    /// Delivers what a model store has to tell.
    pub async fn delivered(&self, front: &Front) {
        let answers = self.deliver(front).await;
        assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    }
}

/// What a warehouse says about a parcel: its own order, TikTok's order, its id of the parcel, the number, what is inside.
/// By USPS, changed now.
#[must_use]
pub fn parcel(world: &World, order: &str, tiktok: &str, id: &str, number: &str, lines: &[(&str, u32)]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity})).collect();
    json!({
        "order_id": order, "tiktok_order_id": tiktok, "shipment_id": id, "tracking_number": number, "carrier": "USPS",
        "lines": lines, "updated_at": world.time.now().to_string(),
    })
}

/// The same with some fields written over.
///
/// # Panics
/// When these are no fields.
#[must_use]
pub fn with(mut body: Value, fields: &Value) -> Value {
    for (name, value) in fields.as_object().expect("fields") {
        body[name] = value.clone();
    }
    body
}
