//! Every captured delivery over real sockets: posted to a served installation, whose reads go over HTTP to a store that
//! answers as captured, and whose pushes go over HTTP to TikTok's model.

use futures_util::future::join_all;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use waybill::config::Config;
use waybill::domain::clock::Clock;
use waybill::domain::connection::StoreStatus;
use waybill::domain::ids::{AccountId, ShopId};
use waybill::domain::parcel::{Parcel, ParcelState, Phase};
use waybill::domain::private::Private;
use waybill::domain::reason::Reason;
use waybill::domain::region::AppRegion;
use waybill::flows::connect::shop as connect_shop;
use waybill::flows::connect::store::{self as connect_store, Added, NewStore};
use waybill::table::accounts::Account;
use waybill::telemetry::Sink;
use waybill::tiktok::authorise::TokenAnswer;
use waybill::tokens::with_tiktok_app;
use waybill_local::host;
use waybill_local::stack::{Options, Stack};
use waybill_model::tiktok::{ModelTikTok, ShopSpec};
use waybill_model::{self, ModelAnswer};
use waybill_tests::captures::{AFTER, Answers, Sample, connection, samples};
use waybill_tests::world::{SHOP, seeded};

/// A served installation, TikTok, and a store that answers as captured, each behind a port of its own.
struct Street {
    stack: Stack,
    tiktok: ModelTikTok,
    answers: Answers,
    store: SocketAddr,
    origin: String,
    passed: Arc<AtomicI64>,
    client: reqwest::Client,
    _folder: tempfile::TempDir,
    _tasks: JoinSet<()>,
}

async fn port() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

impl Street {
    async fn new() -> Self {
        let (passed, mut tasks) = (Arc::new(AtomicI64::new(0)), JoinSet::new());
        let clock = clock(&passed);
        let (tiktok, answers) = (ModelTikTok::new(clock.clone(), 7), Answers::default());
        let (listener, shop_address) = port().await;
        let model = tiktok.clone();
        tasks.spawn(async move {
            let answer = move |request| {
                let model = model.clone();
                async move { model.handle(request).await }
            };
            drop(waybill_model::serve(listener, answer).await);
        });
        let (listener, store) = port().await;
        let captured = answers.clone();
        tasks.spawn(async move {
            let answer = move |request| {
                let answer = captured.answer(&request);
                async move { ModelAnswer::Reply(answer) }
            };
            drop(waybill_model::serve(listener, answer).await);
        });
        let (listener, address) = port().await;
        let origin = format!("http://{address}");
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config::parse(|name| match name {
            "PUBLIC_URL" => Some(origin.clone()),
            "SHOPIFY_API_URL" | "BIGCOMMERCE_API_URL" | "ADOBE_IO_KEYS_URL" => Some(format!("http://{store}")),
            "OUTBOUND_ALLOW" => Some(format!("{store},{shop_address}")),
            _ if name.starts_with("TIKTOK_") => Some(format!("http://{shop_address}")),
            _ => None,
        });
        let options = Options {
            config: config.expect("settings"),
            clock,
            entropy: seeded(1),
            folder: folder.path().to_owned(),
            in_memory: true,
            metrics: Sink::new(|_| {}),
            outbound: None,
            claim: None,
        };
        let stack = Stack::start(options).await.expect("a stack");
        let served = Arc::clone(&stack.app);
        tasks.spawn(async move { host::serve(served, listener).await });
        waybill::aws::install_crypto();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let street = Self { stack, tiktok, answers, store, origin, passed, client, _folder: folder, _tasks: tasks };
        street.open_shop().await;
        street
    }

    async fn open_shop(&self) {
        let app = &self.stack.app;
        let (store, name, model) = (app.secrets.store(), &app.secrets.names().app, self.tiktok.app(AppRegion::Us));
        let known = store.get(name, None).await.expect("secret");
        let secret = SecretString::from(model.secret.clone());
        let text = with_tiktok_app(name, &known.text, AppRegion::Us, &model.key, &secret, &model.service_id);
        store.put(name, &text.expect("an app")).await.expect("stored");
        let row = Account {
            id: account(),
            name: "Tiny Mugs".into(),
            email: Private::new("owner@tiny-mugs.example".into()),
            created: app.clock.now(),
        };
        app.table.account_create(&row).await.expect("account");
        self.tiktok.add_shop(ShopSpec::new(SHOP, "US"));
        let tokens = self.tiktok.authorise(&[SHOP]).expect("authorised");
        let answer = TokenAnswer::read(tokens.answer().to_string().as_bytes()).expect("tokens");
        connect_shop::connect(app, &account(), AppRegion::Us, answer).await.expect("connected");
    }

    async fn connect(&self, sample: &Sample) -> Added {
        let (address, secrets, settings) = connection(sample, &format!("http://{}", self.store));
        let new = NewStore {
            account: account(),
            platform: sample.platform,
            shops: vec![ShopId::parse(SHOP).expect("an id")],
            address,
            settings,
            secrets: serde_json::from_value(secrets).expect("secrets"),
        };
        connect_store::add(&self.stack.app, new).await.expect("a store")
    }

    /// Posts a capture at its own time; status and body of the answer.
    async fn post(&self, store: &Added, sample: &Sample) -> (u16, String) {
        let wait = sample.moment().duration_since(self.stack.app.clock.now()).as_millis();
        self.passed.fetch_add(i64::try_from(wait).expect("small").max(0), Ordering::Relaxed);
        self.answers.of(sample);
        let path = store.webhook_url.strip_prefix(&self.origin).expect("our origin");
        let (head, body) = sample.request(path).into_parts();
        let url = format!("{}{}", self.origin, head.uri);
        let request = self.client.request(head.method, url).headers(without_hop_by_hop(head.headers)).body(body);
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    /// The schedules until nothing more is due.
    async fn work(&self) {
        for _ in 0..3 {
            host::push(&self.stack.app).await;
            self.passed.fetch_add(120_000, Ordering::Relaxed);
        }
    }

    async fn rows(&self, store: &Added) -> Vec<Parcel> {
        self.stack.app.table.parcels_where(&store.store.id, |_| true).await.expect("rows")
    }

    /// The numbers that TikTok holds of an order.
    fn held(&self, order: &str) -> Vec<String> {
        let order = self.tiktok.order_now(SHOP, order).expect("an order");
        order.numbers().into_iter().map(|(number, _)| number.to_owned()).collect()
    }
}

fn account() -> AccountId {
    AccountId::parse("a1").expect("an id")
}

/// A clock that starts shortly before the captures and goes on by itself and by what a test adds.
fn clock(passed: &Arc<AtomicI64>) -> Clock {
    let start: Timestamp = "2026-11-21T09:30:00Z".parse().expect("a moment");
    let (from, wall, steady) = (tokio::time::Instant::now(), Arc::clone(passed), Arc::clone(passed));
    let added = |more: &AtomicI64| Duration::from_millis(u64::try_from(more.load(Ordering::Relaxed)).expect("forward"));
    Clock::new(move || start + from.elapsed() + added(&wall), move || from.elapsed() + added(&steady))
}

/// What belongs to the connection of the capture and not to the message.
fn without_hop_by_hop(mut headers: http::HeaderMap) -> http::HeaderMap {
    for name in ["connection", "host", "content-length", "transfer-encoding", "accept-encoding"] {
        headers.remove(name);
    }
    headers
}

/// Numbers of the captures are invented: a check digit may hold them back, never their order or their lines.
fn held_for_its_number(row: &Parcel) -> bool {
    let number = [
        Reason::TrackingInvalid,
        Reason::CarrierFormatMismatch,
        Reason::CarrierUnmapped,
        Reason::CarrierMissing,
        Reason::CarrierNotApproved,
    ];
    row.state.reason().is_some_and(|reason| number.contains(&reason))
}

fn number_of(row: &Parcel) -> String {
    row.number.as_ref().map(|number| number.key()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_captured_delivery_goes_over_http_all_the_way_to_tiktok() {
    let samples = samples();
    assert_eq!(samples.len(), 42);
    // Each waits for TikTok's pace by the machine's clock, so they go side by side.
    let done = join_all(samples.iter().map(|sample| all_the_way(&samples, sample))).await;
    let (sent, reads) = done.into_iter().fold((0, 0), |(sent, reads), one| (sent + one.0, reads + one.1));
    assert!(sent >= 4 && reads >= 30, "{sent} numbers at TikTok, {reads} reads over HTTP");
}

/// One of them, in a street of its own: how many numbers TikTok has then, and how often the store was read.
async fn all_the_way(samples: &[Sample], sample: &Sample) -> (usize, usize) {
    let (mut sent, name) = (0, sample.name.as_str());
    let street = Street::new().await;
    let store = street.connect(sample).await;
    let earlier = AFTER.iter().find(|(this, _)| name.starts_with(this));
    let earlier = earlier.and_then(|(_, first)| samples.iter().find(|other| other.name.starts_with(first)));
    let orders = [earlier, Some(sample)].into_iter().flatten().filter_map(|one| one.text("/expected/tiktok_order_id"));
    let mut orders: Vec<&str> = orders.collect();
    orders.dedup();
    for order in orders {
        street.tiktok.order(SHOP, order).lines(&[("MUG-BLUE", 2), ("CAP-RED", 2)]).place();
    }
    if let Some(earlier) = earlier {
        assert_eq!(street.post(&store, earlier).await.0, 200, "{name}: the earlier one");
        street.work().await;
    }
    let (status, body) = street.post(&store, sample).await;
    let expected = if sample.action() == "reject" { 401 } else { 200 };
    assert_eq!(status, expected, "{name}: {body}");
    street.work().await;
    let reads = street.answers.given();
    let rows = street.rows(&store).await;
    let live = |row: &&Parcel| row.number.is_some() && row.state.phase() != Phase::Closed;
    let live: Vec<&Parcel> = rows.iter().filter(live).collect();
    match sample.action() {
        "upsert" | "unchanged" => {
            let order = sample.text("/expected/tiktok_order_id").expect("an order");
            for (number, carrier) in sample.expected() {
                let row = live.iter().find(|row| number_of(row) == number);
                let row = row.unwrap_or_else(|| panic!("{name}: {number} is not among {rows:?}"));
                assert_eq!(row.tiktok_order().map(|id| id.as_str()), Some(order), "{name}");
                assert_eq!(row.carrier, carrier, "{name}");
                let there = street.held(order).contains(&number);
                let shared = row.state.reason() == Some(Reason::LinesUnmatched);
                assert!(there || held_for_its_number(row) || shared, "{name}: {row:?}");
                sent += usize::from(there);
            }
        }
        "cancel" | "deleted" | "no_tracking" | "wait" | "not_tiktok" => {
            let gone = live.iter().filter(|row| row.state.phase() != Phase::Done).count();
            assert_eq!(gone, 0, "{name}: {live:?}");
        }
        "ambiguous_tiktok_id" => {
            assert!(live.iter().all(|row| row.state == ParcelState::for_reason(Reason::OrderAmbiguous)), "{name}");
        }
        "echo_challenge" => {
            assert_eq!(Some(body.as_str()), sample.file["expected"]["challenge"].as_str(), "{name}");
        }
        "compliance" => {
            let status = street.stack.app.table.store_get(&store.store.id, true).await.expect("table");
            let erasing = sample.headers().get("x-shopify-topic").is_some_and(|topic| topic == "shop/redact");
            let wanted = if erasing { StoreStatus::Erasing } else { StoreStatus::Connected };
            assert_eq!(status.map(|store| store.row.status), Some(wanted), "{name}");
        }
        "ping" | "ignore_error_body" | "validation_url" | "reject" => assert!(rows.is_empty(), "{name}: {rows:?}"),
        other => panic!("{name}: {other}"),
    }
    if let Some(wanted) = sample.file["expected"].pointer("/reply/body") {
        assert_eq!(serde_json::from_str::<Value>(&body).ok().as_ref(), Some(wanted), "{name}");
    }
    (sent, reads)
}
