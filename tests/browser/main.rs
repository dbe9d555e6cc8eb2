//! The town that a real browser visits: `waybill serve` as a person runs it, the model TikTok Shop beside it, and a clock
//! that the visitor moves: Debian's libfaketime shows the program's processes the same time that the model has.
//! Driven by `tests/browser/visit.py`: `browser-town FOLDER WAYBILL FAKETIME_LIBRARY`.
//!
//! Prints one JSON line with the addresses, then obeys the commands on its standard input, one a line, and answers each
//! with one JSON line: `skip HOURS`, `tick`, `push COUNT`, `parked`, `revoke`, `ship COUNT CARRIER`, `visit`, `mails`,
//! `neighbour`.
#![allow(clippy::expect_used, clippy::print_stdout, clippy::disallowed_methods, reason = "a test's own program")]

use ring::hmac;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use waybill::app::system_clock;
use waybill::domain::clock::Clock;
use waybill::domain::region::AppRegion;
use waybill_model::tiktok::{ModelTikTok, ShopSpec};
use waybill_tests::world::{fulfilment, shopify_order};

const SHOP: &str = "7494049642642441621";
const SECOND: &str = "7494049642642441622";
const NEIGHBOUR: &str = "owner@second-mugs.example";
const OWNER: &str = "owner@tiny-mugs.example";
const STORE: &str = "tiny-mugs.myshopify.com";
const SECRET: &str = "browser-hook-secret";
/// What is asked for has happened by then, or the visitor is told how far it came.
const PATIENCE: Duration = Duration::from_secs(30);

struct Town {
    program: PathBuf,
    folder: PathBuf,
    environment: Vec<(String, String)>,
    tiktok: ModelTikTok,
    skipped: Arc<AtomicI64>,
    hook: Option<String>,
    shipped: u64,
    pushed: usize,
}

#[tokio::main]
async fn main() {
    let mut paths = std::env::args().skip(1).map(PathBuf::from);
    let mut path = || paths.next().expect("a folder, the program and libfaketime's library");
    let (folder, program, faketime) = (path(), path(), path());
    waybill::aws::install_crypto();
    let skipped = Arc::new(AtomicI64::new(0));
    let tiktok = ModelTikTok::new(clock(&skipped), 7);
    tiktok.add_shop(ShopSpec { name: "Tiny Mugs US".into(), ..ShopSpec::new(SHOP, "US") });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let outside = listener.local_addr().expect("an address").to_string();
    let answering = tiktok.clone();
    tokio::spawn(waybill_model::serve(listener, move |request| {
        let model = answering.clone();
        async move { model.handle(request).await }
    }));
    let file = folder.join("clock");
    let environment = [
        ("LD_PRELOAD", faketime.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".into()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ("TIKTOK_API_URL", format!("http://{outside}")),
        ("TIKTOK_AUTH_URL", format!("http://{outside}")),
        ("TIKTOK_CONSENT_URL_US", format!("http://{outside}/open/authorize")),
        ("TIKTOK_CONSENT_URL_ROW", format!("http://{outside}/open/authorize")),
        ("OUTBOUND_ALLOW", outside),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let mut town = Town { program, folder, environment, tiktok, skipped, hook: None, shipped: 0, pushed: 0 };
    town.skip(0);
    let (_server, origin) = town.start().await;
    town.environment.push(("PUBLIC_URL".into(), origin.clone()));
    let link = town.waybill(&["login-link", OWNER], "").await["link"].clone();
    println!("{}", json!({"origin": origin, "login": link, "shop": SHOP}));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let words: Vec<&str> = line.split_whitespace().collect();
        println!("{}", town.obey(&words).await);
    }
}

fn clock(skipped: &Arc<AtomicI64>) -> Clock {
    let (system, skipped) = (system_clock(), Arc::clone(skipped));
    let other = system.clone();
    let wall = move || system.now() + jiff::SignedDuration::from_secs(skipped.load(Ordering::Relaxed));
    Clock::new(wall, move || other.steady())
}

impl Town {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--data").arg(self.folder.join("data")).kill_on_drop(true);
        command.envs(self.environment.iter().cloned()).stdin(Stdio::piped()).stdout(Stdio::piped());
        command
    }

    /// A command of the program. Gives its JSON lines' first one.
    async fn waybill(&self, arguments: &[&str], input: &str) -> Value {
        let mut child = self.command(arguments).arg("--json").spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("an input");
        // A command that reads nothing may have ended.
        drop(stdin.write_all(input.as_bytes()).await);
        drop(stdin);
        let output = child.wait_with_output().await.expect("the program ends");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().next().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default()
    }

    /// What the README says: init, credentials, account, serve.
    async fn start(&self) -> (Child, String) {
        self.waybill(&["init"], "").await;
        let mut server = self.command(&["serve", "--port", "0"]).stderr(Stdio::null()).spawn().expect("it starts");
        let mut lines = BufReader::new(server.stdout.take().expect("an output")).lines();
        let line = lines.next_line().await.expect("readable").expect("a line");
        let origin = line.strip_prefix("ready ").expect("ready").to_owned();
        for region in AppRegion::ALL {
            let app = self.tiktok.app(region);
            let name = region.to_string();
            let set = ["app", "set", "--region", &name, "--key", &app.key, "--service-id", &app.service_id];
            self.waybill(&set, &app.secret).await;
            self.tiktok
                .configure_app(region, |app| app.redirect = format!("{origin}/connect/tiktok/{region}/callback"));
        }
        self.waybill(&["account", "add", "--name", "Tiny Mugs", "--email", OWNER], "").await;
        (server, origin)
    }

    async fn obey(&mut self, words: &[&str]) -> Value {
        match words {
            ["skip", hours] => self.skip(hours.parse().expect("hours")),
            ["tick"] => self.waybill(&["remind"], "").await,
            ["push", count] => self.push(count.parse().expect("a number")).await,
            ["parked"] => self.waybill(&["shop", "list"], "").await,
            ["revoke"] => {
                self.tiktok.revoke(SHOP);
                json!({})
            }
            ["visit"] => {
                let read = self.waybill(&["orders", "refresh"], "").await;
                json!({"orders": self.shipped, "read": read})
            }
            ["ship", count, carrier @ ..] => self.ship(count.parse().expect("a number"), &carrier.join(" ")).await,
            ["mails"] => self.mails(),
            ["neighbour"] => self.neighbour().await,
            _ => json!({"unknown": words}),
        }
    }

    fn skip(&self, hours: i64) -> Value {
        let seconds = self.skipped.fetch_add(hours * 3600, Ordering::Relaxed) + hours * 3600;
        // Whole, at once: a process that reads half a line would see another time.
        let (file, next) = (self.folder.join("clock"), self.folder.join("clock.next"));
        std::fs::write(&next, format!("+{seconds}\n")).expect("written");
        std::fs::rename(next, file).expect("renamed");
        json!({"skipped": seconds})
    }

    /// Numbers that TikTok took since it was asked last. The server's own schedule works beside this command.
    async fn push(&mut self, wanted: usize) -> Value {
        let start = tokio::time::Instant::now();
        let mut told = Value::Null;
        loop {
            let accepted = self.tiktok.with_journal(|journal| journal.changes.len());
            // While the server's own run holds the shop, this one sees nothing.
            let settled = !told.is_null() && told["busy_shards"].as_u64().unwrap_or_default() == 0;
            if (accepted >= self.pushed + wanted && settled) || start.elapsed() > PATIENCE {
                let pushed = accepted - std::mem::replace(&mut self.pushed, accepted);
                return json!({"pushed": pushed, "told": told});
            }
            told = self.waybill(&["push"], "").await;
        }
    }

    /// Parcels of the store, through the webhook.
    async fn ship(&mut self, count: u64, carrier: &str) -> Value {
        if self.hook.is_none() {
            let add =
                ["store", "add", "shopify", "--account", OWNER, "--shop", SHOP, "--domain", STORE, "--no-subscribe"];
            let store = self.waybill(&add, &json!({"webhook_secret": SECRET}).to_string()).await;
            self.hook = store["webhook_url"].as_str().map(str::to_owned);
        }
        let hook = self.hook.clone().expect("a store");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut answers = Vec::new();
        for _ in 0..count {
            self.shipped += 1;
            let (id, order) = (1041 + self.shipped, format!("5760000000000{:05}", self.shipped));
            self.tiktok.order(SHOP, &order).lines(&[("MUG-BLUE", 1)]).place();
            let version = clock(&self.skipped).now().to_string();
            // A number that fits its carrier: doubts are told elsewhere.
            let number = match carrier {
                "Amazon Logistics" => format!("TBA{:012}", 300_000_000_000 + self.shipped),
                _ => format!("TBRT77{:05}", self.shipped),
            };
            let parcel = fulfilment(id, id, &version, carrier, &[&number], &[("MUG-BLUE", 1)]);
            let body = shopify_order(id, &order, &version, &[parcel]).to_string();
            let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
            let tag = data_encoding::BASE64.encode(hmac::sign(&key, body.as_bytes()).as_ref());
            let sent =
                http.post(&hook).header("X-Shopify-Topic", "orders/fulfilled").header("X-Shopify-Hmac-Sha256", tag);
            let sent = sent.header("X-Shopify-Shop-Domain", STORE).header("X-Shopify-Triggered-At", version).body(body);
            answers.push(sent.send().await.map_or(0, |answer| answer.status().as_u16()));
        }
        json!({"answers": answers})
    }

    /// Another account with a shop of its own, which asks the first one's owner in. Gives the invitation.
    async fn neighbour(&self) -> Value {
        self.tiktok.add_shop(ShopSpec { name: "Second Mugs US".into(), ..ShopSpec::new(SECOND, "US") });
        let tokens = self.tiktok.authorise(&[SECOND]).expect("authorised").answer().to_string();
        self.waybill(&["account", "add", "--name", "Second Mugs", "--email", NEIGHBOUR], "").await;
        self.waybill(&["shop", "add", "--account", NEIGHBOUR, "--region", "us"], &tokens).await;
        self.waybill(&["account", "invite", OWNER, "--role", "operator", "--account", NEIGHBOUR], "").await
    }

    /// The mails so far, as files, oldest first.
    fn mails(&self) -> Value {
        let Ok(folder) = std::fs::read_dir(self.folder.join("data/mail")) else { return json!([]) };
        let mut files: Vec<PathBuf> = folder.flatten().map(|entry| entry.path()).collect();
        files.sort();
        json!(files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>())
    }
}
