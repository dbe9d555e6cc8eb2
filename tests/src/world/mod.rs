//! A world in one process without sockets: the real clients and flows, the table's emulator, the model TikTok Shop and a
//! store. Time stands still until a test lets it run.

mod bodies;

pub mod browser;
pub mod calls;
pub mod crowd;
pub mod due;
pub mod everyday;
pub mod index;
pub mod net;
pub mod platforms;
pub mod readers;
pub mod secrets_service;
pub mod stores;
pub mod watch;
pub mod wire;

use crate::openapi::OpenApi;
pub use bodies::{fulfilment, mail_subject, mail_text, shopify_order};
use bytes::Bytes;
use calls::Calls;
use jiff::Timestamp;
use lambda_http::Body;
use net::{Line, Net};
use ring::hmac;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::Instant;
use waybill::app::{App, Parts};
use waybill::aws::{self, LocalAws};
use waybill::config::Config;
use waybill::domain::clock::{Clock, Entropy};
use waybill::domain::connection::StoreSettings;
use waybill::domain::ids::{AccountId, ShopId, StoreId, StoreOrderId};
use waybill::domain::parcel::Parcel;
use waybill::domain::platform::Platform;
use waybill::domain::private::Private;
use waybill::domain::region::AppRegion;
use waybill::flows::access::store::StoreSecrets;
use waybill::flows::connect::store::{Added, NewStore};
use waybill::flows::{connect::shop as connect_shop, connect::store as connect_store};
use waybill::mail::Mailer;
use waybill::outbound::Outbound;
use waybill::outbound::guard::AllowList;
use waybill::table::Table;
use waybill::table::accounts::Account;
use waybill::telemetry::{Captured, Sink};
use waybill::tiktok::authorise::TokenAnswer;
use waybill::tokens::{SecretNames, SecretsManager, with_tiktok_app};
use waybill_model::tiktok::{ModelTikTok, ShopSpec};
use wire::Wire;

/// The secret that signs the Shopify hook of a world's store.
pub const HOOK_SECRET: &str = "world-hook-secret";
/// The shop that every world has.
pub const SHOP: &str = "7494049642642441621";

/// Settable time: the runtime's clock (paused in most tests) plus what a test adds.
#[derive(Clone, Debug)]
pub struct Time {
    start: Instant,
    base: i64,
    skipped: Arc<AtomicI64>,
}

impl Time {
    fn new(base: Timestamp) -> Self {
        Self { start: Instant::now(), base: base.as_millisecond(), skipped: Arc::default() }
    }

    /// Lets time pass at once, without waiting.
    pub fn skip(&self, time: Duration) {
        self.skipped.fetch_add(i64::try_from(time.as_millis()).expect("small"), Ordering::Relaxed);
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.start.elapsed().as_millis()).expect("small");
        Timestamp::from_millisecond(self.base + passed + self.skipped.load(Ordering::Relaxed)).expect("in range")
    }

    /// The clock port.
    #[must_use]
    pub fn clock(&self) -> Clock {
        let (wall, steady) = (self.clone(), self.clone());
        Clock::new(
            move || wall.now(),
            move || {
                let skipped = u64::try_from(steady.skipped.load(Ordering::Relaxed)).expect("forward");
                steady.start.elapsed() + Duration::from_millis(skipped)
            },
        )
    }
}

/// Everything a story needs.
pub struct World {
    /// The app under test.
    pub app: Arc<App>,
    /// Time.
    pub time: Time,
    /// TikTok.
    pub tiktok: ModelTikTok,
    /// The network in between.
    pub net: Arc<Net>,
    /// The table's wire.
    pub wire: Wire,
    /// Metric lines.
    pub metrics: Captured,
    /// The account that owns everything.
    pub account: AccountId,
    sink: Sink,
    seed: u64,
    folder: TempDir,
}

/// One process: an app of its own on the same table, and its calls to the outside.
#[derive(Clone)]
pub struct Process {
    /// The app.
    pub app: Arc<App>,
    /// Its calls.
    pub calls: Calls,
}

impl World {
    /// A world with one account, both TikTok apps configured, one US shop connected.
    pub async fn new() -> Self {
        let world = Self::empty(1).await;
        world.connect_shop(SHOP, "US").await;
        world
    }

    /// A world with an account and nothing connected. The seed drives all randomness.
    pub async fn empty(seed: u64) -> Self {
        let time = Time::new("2026-11-21T09:00:00Z".parse().expect("time"));
        let clock = time.clock();
        let tiktok = ModelTikTok::new(clock.clone(), seed);
        let net = Arc::new(Net::new(tiktok.clone(), OpenApi::tiktok()));
        let folder = scratch();
        let steady = time.clock();
        let wire = Wire::memory(seed, move || steady.steady());
        let (metrics, captured) = Sink::memory();
        let config = settings();
        let entropy = seeded(seed);
        let names = SecretNames::new(config.secrets_prefix.as_str()).expect("names");
        let app = app(&Calls::default(), &time, &net, &wire.untroubled(), &folder, metrics.clone(), seed);
        waybill::tokens::init(app.secrets.store().as_ref(), &names, &entropy).await.expect("secrets");
        app.table.create_if_missing().await.expect("table");
        let account = AccountId::parse("a1").expect("id");
        let row = Account {
            id: account.clone(),
            name: "Tiny Mugs".into(),
            email: Private::new("owner@tiny-mugs.example".into()),
            created: time.now(),
        };
        app.table.account_create(&row).await.expect("account");
        let (app, sink) = (Arc::new(app), metrics);
        let world = Self { app, time, tiktok, net, wire, metrics: captured, account, sink, seed, folder };
        for region in AppRegion::ALL {
            world.configure_app(region).await;
        }
        world
    }

    /// Starts another process: nothing in memory, the same table, secrets and network.
    #[must_use]
    pub fn process(&self, number: u64) -> Process {
        let calls = Calls::default();
        let seed = self.seed.wrapping_mul(31).wrapping_add(number);
        let wire = self.wire.for_process(&calls);
        let app = app(&calls, &self.time, &self.net, &wire, &self.folder, self.sink.clone(), seed);
        Process { app: Arc::new(app), calls }
    }

    async fn configure_app(&self, region: AppRegion) {
        let model = self.tiktok.app(region);
        let store = self.app.secrets.store();
        let name = &self.app.secrets.names().app;
        let known = store.get(name, None).await.expect("secret");
        let (key, secret) = (model.key.clone(), SecretString::from(model.secret.clone()));
        let text = with_tiktok_app(name, &known.text, region, &key, &secret, &model.service_id).expect("app secret");
        store.put(name, &text).await.expect("stored");
        // Loaded before this app was there.
        let used = self.app.secrets.app().get().await.expect("secrets");
        let _ = self.app.secrets.app().newer_than(&used).await;
        self.time.skip(Duration::from_secs(400));
    }

    /// Opens a shop at TikTok and connects it.
    pub async fn connect_shop(&self, id: &str, region: &str) -> ShopId {
        self.tiktok.add_shop(ShopSpec::new(id, region));
        let tokens = self.tiktok.authorise(&[id]).expect("authorised");
        let answer = TokenAnswer::read(tokens.answer().to_string().as_bytes()).expect("tokens");
        let app = if region == "US" { AppRegion::Us } else { AppRegion::Row };
        connect_shop::connect(&self.app, &self.account, app, answer).await.expect("connected");
        ShopId::parse(id).expect("id")
    }

    /// Connects a Shopify store with a hook of its own.
    pub async fn connect_store(&self, domain: &str, shops: &[&str]) -> Added {
        let secrets: StoreSecrets =
            serde_json::from_value(json!({"webhook_secret": HOOK_SECRET, "access_token": "shpat_world"}))
                .expect("secrets");
        let new = NewStore {
            account: self.account.clone(),
            platform: Platform::Shopify,
            shops: shops.iter().map(|id| ShopId::parse(id).expect("id")).collect(),
            address: domain.into(),
            settings: StoreSettings::default(),
            secrets,
        };
        connect_store::add(&self.app, new).await.expect("store")
    }

    /// Posts a signed Shopify delivery to a store's hook.
    pub async fn shopify(&self, store: &Added, topic: &str, body: &Value) -> http::Response<Body> {
        self.signed(store, topic, body.to_string().into_bytes(), HOOK_SECRET).await
    }

    /// Posts bytes signed with a secret.
    pub async fn signed(&self, store: &Added, topic: &str, body: Vec<u8>, secret: &str) -> http::Response<Body> {
        let request = signed_request(store, topic, body, secret, &self.time.now().to_string());
        store_webhook::handle(&self.app, request).await.expect("never fails")
    }

    /// The seller says yes on TikTok's consent page: where TikTok sends the browser then.
    pub async fn consent(&self, consent_url: &str) -> String {
        let request = http::Request::get(consent_url).body(Bytes::new()).expect("request");
        let answer = self.tiktok.handle(request).await.reply().expect("an answer");
        assert_eq!(answer.status(), 302, "{consent_url}");
        let place = answer.headers()["location"].to_str().expect("text").to_owned();
        place.strip_prefix("http://127.0.0.1").map_or(place.clone(), str::to_owned)
    }

    /// The mails so far, oldest first, as files.
    #[must_use]
    pub fn mails(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.folder.path().join("mail")) else { return Vec::new() };
        let mut files: Vec<_> = folder.map(|entry| entry.expect("entry").path()).collect();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).expect("text")).collect()
    }

    /// The rows of a store order.
    pub async fn rows(&self, store: &StoreId, order: &str) -> Vec<Parcel> {
        let order = StoreOrderId::parse(order).expect("id");
        self.app.table.order_rows(store, &order, true).await.expect("rows").parcels
    }

    /// The only row of a store order that carries this number.
    pub async fn row(&self, store: &StoreId, order: &str, number: &str) -> Parcel {
        let rows = self.rows(store, order).await;
        let mut found = rows.into_iter().filter(|row| row.number.as_ref().is_some_and(|n| n.as_str() == number));
        let row = found.next().unwrap_or_else(|| panic!("no row of {number}"));
        assert!(found.next().is_none(), "two rows of {number}");
        row
    }

    /// What TikTok holds for an order: `number provider-name` by line, in line order; `-` where nothing is.
    #[must_use]
    pub fn at_tiktok(&self, shop: &str, order: &str) -> Vec<String> {
        let order = self.tiktok.order_now(shop, order).expect("order");
        let shown = |line: &waybill_model::tiktok::Line| {
            order.package_of(&line.id).and_then(|p| p.number.clone()).unwrap_or_else(|| "-".into())
        };
        order.lines.iter().map(shown).collect()
    }
}

/// A signed Shopify delivery that was triggered at this time.
#[must_use]
pub fn signed_request(
    store: &Added,
    topic: &str,
    body: Vec<u8>,
    secret: &str,
    triggered: &str,
) -> lambda_http::Request {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = data_encoding::BASE64.encode(hmac::sign(&key, &body).as_ref());
    let path = store.webhook_url.strip_prefix("https://waybill.example").expect("our origin");
    http::Request::post(path)
        .header("X-Shopify-Topic", topic)
        .header("X-Shopify-Hmac-Sha256", signature)
        .header("X-Shopify-Shop-Domain", &store.store.address)
        .header("X-Shopify-Triggered-At", triggered)
        .body(Body::Binary(body))
        .expect("request")
}

/// A folder for one world, in memory where there is such a place: thousands of lives need not wait for a disk.
fn scratch() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("folder")
}

fn settings() -> Config {
    Config::parse(|name| match name {
        "PUBLIC_URL" => Some("https://waybill.example".into()),
        "TIKTOK_API_URL" => Some(net::API.into()),
        "TIKTOK_AUTH_URL" => Some(net::AUTH.into()),
        _ => None,
    })
    .expect("settings")
}

fn app(calls: &Calls, time: &Time, net: &Arc<Net>, wire: &Wire, folder: &TempDir, metrics: Sink, seed: u64) -> App {
    let (clock, entropy) = (time.clock(), seeded(seed));
    let client = wire.client();
    let aws = aws::local_config(&LocalAws::at("http://table.example"), &clock, Some(client)).expect("aws");
    let line = Line { net: Arc::clone(net), calls: calls.clone(), readers: wire.readers(), clock: clock.clone() };
    let outbound = Outbound::in_process(Arc::new(line), AllowList::default());
    let secrets = aws_sdk_secretsmanager::Client::new(&aws);
    let secrets = Arc::new(SecretsManager::new(secrets, entropy.clone()));
    // Nobody on this wire looks at AWS's signatures, and many lives make very many calls.
    let mut unsigned = aws.clone().into_builder();
    unsigned.set_credentials_provider(None);
    let table = aws::table_settings(&unsigned.build()).allow_no_auth().build();
    let mut app = App::new(Parts { config: settings(), clock, entropy, aws, secrets, outbound, metrics }).expect("app");
    app.table = Table::new(aws_sdk_dynamodb::Client::from_conf(table), app.config.table.as_str());
    app.with_mailer(Mailer::folder(folder.path().join("mail"), None))
}

/// Reproducible randomness: splitmix64.
#[must_use]
pub fn seeded(seed: u64) -> Entropy {
    let state = AtomicU64::new(seed);
    Entropy::new(move |bytes| {
        for chunk in bytes.chunks_mut(8) {
            let mut z = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    })
}

/// The body of an answer, as text.
#[must_use]
pub fn text(answer: &http::Response<Body>) -> String {
    String::from_utf8_lossy(answer.body().as_ref()).into_owned()
}

/// Bytes of a fixture under `tests/fixtures`.
#[must_use]
pub fn fixture(path: &str) -> Bytes {
    let file = format!("{}/fixtures/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&file).unwrap_or_else(|e| panic!("{file}: {e}")).into()
}
