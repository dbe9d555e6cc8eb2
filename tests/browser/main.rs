//! The town that a real browser visits: the functions as `waybill serve` hosts them, the model TikTok Shop and a store,
//! each behind a port of its own, and a clock that the visitor moves. Driven by `tests/browser/visit.py`.
//!
//! Prints one JSON line with the addresses, then obeys the commands on its standard input, one a line, and answers each
//! with one JSON line: `skip HOURS`, `tick`, `push`, `revoke`, `ship COUNT CARRIER`, `mails`.
#![allow(clippy::expect_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a test's own program")]

use base64::Engine as _;
use http::Request;
use lambda_http::Body;
use ring::hmac;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use waybill::app::{App, system_clock, system_entropy};
use waybill::config::Config;
use waybill::domain::clock::Clock;
use waybill::domain::connection::StoreSettings;
use waybill::domain::ids::{AccountId, ShopId};
use waybill::domain::platform::Platform;
use waybill::domain::private::Private;
use waybill::domain::region::AppRegion;
use waybill::flows::connect_store::{self, Added, NewStore};
use waybill::table::accounts::Account;
use waybill::telemetry::Sink;
use waybill::tokens::with_tiktok_app;
use waybill_local::host;
use waybill_local::model;
use waybill_local::model::tiktok::{ModelTikTok, ShopSpec};
use waybill_local::stack::{Options, Stack};
use waybill_tests::world::{fulfilment, shopify_order};

const SHOP: &str = "7494049642642441621";
const SECRET: &str = "browser-hook-secret";

struct Town {
    app: Arc<App>,
    tiktok: ModelTikTok,
    skipped: Arc<AtomicI64>,
    folder: PathBuf,
    store: Option<Added>,
    shipped: u64,
}

#[tokio::main]
async fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("a folder"));
    let skipped = Arc::new(AtomicI64::new(0));
    let clock = clock(&skipped);
    let tiktok = ModelTikTok::new(clock.clone(), 7);
    tiktok.add_shop(ShopSpec { name: "Tiny Mugs US".into(), ..ShopSpec::new(SHOP, "US") });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let outside = format!("127.0.0.1:{}", listener.local_addr().expect("an address").port());
    let answering = tiktok.clone();
    tokio::spawn(model::serve(listener, move |request| {
        let model = answering.clone();
        async move { model.handle(request).await }
    }));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    for region in AppRegion::ALL {
        tiktok.configure_app(region, |app| app.redirect = format!("{origin}/connect/tiktok/{region}/callback"));
    }
    let config = Config::parse(|name| match name {
        "PUBLIC_URL" => Some(origin.clone()),
        "TIKTOK_API_URL" | "TIKTOK_AUTH_URL" => Some(format!("http://{outside}")),
        "TIKTOK_CONSENT_URL_US" | "TIKTOK_CONSENT_URL_ROW" => Some(format!("http://{outside}/open/authorize")),
        "OUTBOUND_ALLOW" => Some(outside.clone()),
        _ => None,
    });
    let options = Options {
        config: config.expect("settings"),
        clock,
        entropy: system_entropy(),
        folder: folder.clone(),
        in_memory: true,
        metrics: Sink::new(|_| {}),
        outbound: None,
    };
    let stack = Stack::start(options).await.expect("an installation");
    let app = Arc::clone(&stack.app);
    tokio::spawn(host::serve(Arc::clone(&app), listener));
    let link = furnish(&app, &tiktok).await;
    println!("{}", json!({"origin": origin, "login": link, "shop": SHOP}));
    let mut town = Town { app, tiktok, skipped, folder, store: None, shipped: 0 };
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let words: Vec<&str> = line.split_whitespace().collect();
        println!("{}", town.obey(&words).await);
    }
}

fn clock(skipped: &Arc<AtomicI64>) -> Clock {
    let (system, wall, steady) = (system_clock(), Arc::clone(skipped), Arc::clone(skipped));
    let other = system.clone();
    Clock::new(
        move || system.now() + jiff::SignedDuration::from_millis(wall.load(Ordering::Relaxed)),
        move || other.steady() + Duration::from_millis(steady.load(Ordering::Relaxed).try_into().expect("forward")),
    )
}

/// App credentials and an account. Gives its login link.
async fn furnish(app: &App, tiktok: &ModelTikTok) -> String {
    let (store, name) = (app.secrets.store(), &app.secrets.names().app);
    for region in AppRegion::ALL {
        let ours = tiktok.app(region);
        let known = store.get(name, None).await.expect("a secret");
        let secret = SecretString::from(ours.secret.clone());
        let text = with_tiktok_app(name, &known.text, region, &ours.key, &secret, &ours.service_id);
        store.put(name, &text.expect("a text")).await.expect("stored");
    }
    let account = AccountId::parse("tiny-mugs").expect("an id");
    let row = Account {
        id: account.clone(),
        name: "Tiny Mugs".into(),
        email: Private::new("owner@tiny-mugs.example".into()),
        created: app.clock.now(),
    };
    app.table.account_create(&row).await.expect("an account");
    waybill::flows::login::printed_link(app, &account).await.expect("a link")
}

impl Town {
    async fn obey(&mut self, words: &[&str]) -> Value {
        match words {
            ["skip", hours] => {
                let hours: i64 = hours.parse().expect("hours");
                self.skipped.fetch_add(hours * 3_600_000, Ordering::Relaxed);
                json!({"now": self.app.clock.now().to_string()})
            }
            ["tick"] => serde_json::to_value(host::tick(&self.app).await).expect("a summary"),
            ["push"] => serde_json::to_value(host::push(&self.app).await).expect("a summary"),
            ["revoke"] => {
                self.tiktok.revoke(SHOP);
                json!({})
            }
            ["ship", count, carrier @ ..] => self.ship(count.parse().expect("a number"), &carrier.join(" ")).await,
            ["mails"] => self.mails(),
            _ => json!({"unknown": words}),
        }
    }

    /// Parcels of the store, through the webhook.
    async fn ship(&mut self, count: u64, carrier: &str) -> Value {
        if self.store.is_none() {
            let secrets = json!({"webhook_secret": SECRET});
            let new = NewStore {
                account: AccountId::parse("tiny-mugs").expect("an id"),
                platform: Platform::Shopify,
                shops: vec![ShopId::parse(SHOP).expect("an id")],
                address: "tiny-mugs.myshopify.com".into(),
                settings: StoreSettings { subscribed_by_hand: true, ..StoreSettings::default() },
                secrets: serde_json::from_value(secrets).expect("secrets"),
            };
            self.store = Some(connect_store::add(&self.app, new).await.expect("a store"));
        }
        let store = self.store.as_ref().expect("a store");
        let mut answers = Vec::new();
        for _ in 0..count {
            self.shipped += 1;
            let (id, order) = (1041 + self.shipped, format!("5760000000000{:05}", self.shipped));
            self.tiktok.order(SHOP, &order).lines(&[("MUG-BLUE", 1)]).place();
            let version = self.app.clock.now().to_string();
            let number = format!("TBRTTOWN{:04}", self.shipped);
            let parcel = fulfilment(id, id, &version, carrier, &[&number], &[("MUG-BLUE", 1)]);
            let body = shopify_order(id, &order, &version, &[parcel]).to_string();
            let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
            let tag = base64::engine::general_purpose::STANDARD.encode(hmac::sign(&key, body.as_bytes()));
            let path = url::Url::parse(&store.webhook_url).expect("an address").path().to_owned();
            let request = Request::post(path)
                .header("X-Shopify-Topic", "orders/fulfilled")
                .header("X-Shopify-Hmac-Sha256", tag)
                .header("X-Shopify-Shop-Domain", "tiny-mugs.myshopify.com")
                .header("X-Shopify-Triggered-At", version)
                .body(Body::Text(body))
                .expect("a request");
            answers.push(host::route(&self.app, request).await.status().as_u16());
        }
        json!({"answers": answers})
    }

    /// The mails so far, as files, oldest first.
    fn mails(&self) -> Value {
        let Ok(folder) = std::fs::read_dir(self.folder.join("mail")) else { return json!([]) };
        let mut files: Vec<PathBuf> = folder.flatten().map(|entry| entry.path()).collect();
        files.sort();
        json!(files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>())
    }
}
