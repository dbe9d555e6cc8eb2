//! Both ways to keep TikTok's tokens, asked the same promises over real HTTP: the table behind its own protocol, Secrets
//! Manager behind its own, two processes that share nothing in memory.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use waybill::app::{App, Parts, system_clock};
use waybill::aws::{LocalAws, local_config};
use waybill::config::Config;
use waybill::domain::clock::{Clock, Entropy};
use waybill::domain::connection::Shop;
use waybill::domain::ids::{AccountId, OpenId, ShopId};
use waybill::domain::private::Private;
use waybill::domain::region::AppRegion;
use waybill::flows::access::shop::{self as access, AccessError, keep_tokens, open_row, shop_access};
use waybill::flows::connect::shop as connect_shop;
use waybill::outbound::Outbound;
use waybill::outbound::guard::AllowList;
use waybill::table::accounts::Account;
use waybill::table::error::TableError;
use waybill::table::keys;
use waybill::telemetry::Sink;
use waybill::tiktok::authorise::TokenAnswer;
use waybill::tokens::{GrantError, KeyRing, OpenError, SecretFault, SecretNames, SecretsManager, with_tiktok_app};
use waybill_model::tiktok::{Call, ModelTikTok, ShopSpec};
use waybill_tests::openapi::OpenApi;
use waybill_tests::world::SHOP;
use waybill_tests::world::net::{API, AUTH, Net};
use waybill_tests::world::secrets_service::SecretsService;

const HOUR: u64 = 3600;

/// An installation whose table and secrets are services on ports.
struct Site {
    kind: &'static str,
    tiktok: ModelTikTok,
    secrets: SecretsService,
    table_url: String,
    secrets_url: String,
    skipped: Arc<AtomicI64>,
    processes: AtomicU64,
    _tasks: JoinSet<()>,
}

impl Site {
    async fn new(kind: &'static str) -> Self {
        let mut tasks = JoinSet::new();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let table_url = format!("http://{}", listener.local_addr().expect("an address"));
        let database = dynoxide::Database::memory().expect("a table");
        tasks.spawn(async move {
            drop(dynoxide::server::serve_with_shutdown(listener, database, std::future::pending()).await);
        });
        let secrets = SecretsService::default();
        let secrets_url = secrets.serve(&mut tasks).await;
        let skipped = Arc::new(AtomicI64::new(0));
        let tiktok = ModelTikTok::new(clock(&skipped), 5);
        // The strict reading: a refresh kills the refresh token that it used.
        tiktok.configure(|settings| settings.rotate_refresh = true);
        let processes = AtomicU64::new(0);
        let site = Self { kind, tiktok, secrets, table_url, secrets_url, skipped, processes, _tasks: tasks };
        site.furnish().await;
        site
    }

    /// Table, keys, app credentials, an account and a connected shop.
    async fn furnish(&self) {
        let app = self.process();
        let names = SecretNames::new("waybill").expect("names");
        waybill::tokens::init(app.secrets.store().as_ref(), &names, &app.entropy).await.expect("secrets");
        app.table.create_if_missing().await.expect("table");
        let (store, name, ours) = (app.secrets.store(), &names.app, self.tiktok.app(AppRegion::Us));
        let known = store.get(name, None).await.expect("there");
        let secret = SecretString::from(ours.secret.clone());
        let text = with_tiktok_app(name, &known.text, AppRegion::Us, &ours.key, &secret, &ours.service_id);
        store.put(name, &text.expect("text")).await.expect("put");
        let account = Account {
            id: account(),
            name: "Tiny Mugs".into(),
            email: Private::new("owner@tiny-mugs.example".into()),
            created: app.clock.now(),
        };
        app.table.account_create(&account).await.expect("account");
        self.tiktok.add_shop(ShopSpec::new(SHOP, "US"));
        self.consent(&self.process()).await;
    }

    /// The owner says yes.
    async fn consent(&self, app: &App) {
        let tokens = self.tiktok.authorise(&[SHOP]).expect("authorised");
        let answer = TokenAnswer::read(tokens.answer().to_string().as_bytes()).expect("tokens");
        connect_shop::connect(app, &account(), AppRegion::Us, answer).await.expect("connected");
    }

    /// A process of its own: nothing in memory.
    fn process(&self) -> App {
        let number = self.processes.fetch_add(1, Ordering::Relaxed);
        let config = Config::parse(|name| match name {
            "PUBLIC_URL" => Some("https://waybill.example".into()),
            "TIKTOK_API_URL" => Some(API.into()),
            "TIKTOK_AUTH_URL" => Some(AUTH.into()),
            "TOKEN_STORE" => Some(self.kind.into()),
            _ => None,
        });
        let (clock, entropy) = (clock(&self.skipped), entropy(number));
        let aws = |url: &str| local_config(&LocalAws::at(url), &clock, None).expect("aws");
        let client = aws_sdk_secretsmanager::Client::new(&aws(&self.secrets_url));
        let outbound =
            Outbound::in_process(Arc::new(Net::new(self.tiktok.clone(), OpenApi::tiktok())), AllowList::default());
        App::new(Parts {
            config: config.expect("settings"),
            aws: aws(&self.table_url),
            secrets: Arc::new(SecretsManager::new(client, entropy.clone())),
            clock,
            entropy,
            outbound,
            metrics: Sink::new(|_| {}),
        })
        .expect("app")
    }

    fn skip(&self, hours: u64) {
        self.skipped.fetch_add(i64::try_from(hours * HOUR * 1000).expect("small"), Ordering::Relaxed);
    }

    fn refreshes(&self) -> usize {
        let journal = self.tiktok.journal();
        journal.requests.iter().filter(|request| request.call == Some(Call::RefreshToken)).count()
    }

    async fn shop(&self, app: &App) -> Shop {
        app.table.shop_get(&ShopId::parse(SHOP).expect("id"), true).await.expect("read").expect("there").row
    }

    /// Another key in front of `{prefix}/kek/token`.
    async fn rotate(&self, app: &App) {
        let name = &app.secrets.names().token;
        let ring = KeyRing::parse(name, &app.secrets.store().get(name, None).await.expect("there").text).expect("ring");
        app.secrets.store().put(name, &ring.rotated(&app.entropy).to_text()).await.expect("put");
    }
}

fn account() -> AccountId {
    AccountId::parse("a1").expect("id")
}

fn clock(skipped: &Arc<AtomicI64>) -> Clock {
    let (system, wall, steady) = (system_clock(), Arc::clone(skipped), Arc::clone(skipped));
    let other = system.clone();
    Clock::new(
        move || system.now() + jiff::SignedDuration::from_millis(wall.load(Ordering::Relaxed)),
        move || other.steady() + Duration::from_millis(steady.load(Ordering::Relaxed).try_into().expect("forward")),
    )
}

fn entropy(seed: u64) -> Entropy {
    let state = AtomicU64::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    Entropy::new(move |bytes| {
        for byte in bytes {
            // SplitMix64.
            let mut z = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (z >> 56) as u8;
        }
    })
}

async fn both<F: AsyncFn(&Site)>(promise: F) {
    for kind in ["sealed", "secrets-manager"] {
        let site = Site::new(kind).await;
        promise(&site).await;
    }
}

async fn token(app: &App, shop: &Shop, refused: Option<u64>) -> Result<(String, u64), AccessError> {
    let access = shop_access(app, shop, refused).await?;
    Ok((access.auth.access_token.expose_secret().to_owned(), access.version))
}

async fn row(app: &App, shop: &Shop) -> waybill::table::tokens::SealedRow {
    app.table.sealed_get(&keys::grant(shop.app, &shop.open_id)).await.expect("read").expect("there")
}

#[tokio::test]
async fn what_one_process_keeps_another_one_uses_and_nobody_reads_in_the_table() {
    both(async |site| {
        let app = site.process();
        let shop = site.shop(&app).await;
        let (used, _) = token(&app, &shop, None).await.expect("token");
        assert!(used.starts_with("TTP_model_access_"), "{}", site.kind);
        let kept = row(&app, &shop).await;
        let text = format!("{kept:?}");
        assert!(!text.contains("TTP_model_"), "{}: {text}", site.kind);
        let in_secrets = site.secrets.texts().iter().any(|(_, text)| text.contains("TTP_model_"));
        assert_eq!(in_secrets, site.kind == "secrets-manager", "{}", site.kind);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_race_refresh_once_and_use_the_same_tokens() {
    both(async |site| {
        let (one, two) = (site.process(), site.process());
        let shop = site.shop(&one).await;
        for round in 0..6_usize {
            site.skip(24 * 8);
            let both = tokio::join!(token(&one, &shop, None), token(&two, &shop, None));
            let (left, right) = (both.0.expect("token"), both.1.expect("token"));
            assert_eq!(left, right, "{} round {round}", site.kind);
            assert_eq!(site.refreshes(), round + 1, "{}", site.kind);
        }
        // Both were refused the same token at the same time.
        let (_, version) = token(&one, &shop, None).await.expect("token");
        let both = tokio::join!(token(&one, &shop, Some(version)), token(&two, &shop, Some(version)));
        assert_eq!(both.0.expect("token"), both.1.expect("token"));
        assert_eq!(site.refreshes(), 7, "{}", site.kind);
    })
    .await;
}

#[tokio::test]
async fn tokens_that_come_too_late_do_not_replace_newer_ones() {
    both(async |site| {
        let app = site.process();
        let shop = site.shop(&app).await;
        let stale = row(&app, &shop).await;
        let late = open_row(&app, &stale).await.expect("tokens");
        site.skip(24 * 8);
        let (newest, _) = token(&site.process(), &shop, None).await.expect("token");
        let kept = keep_tokens(&app, &account(), AppRegion::Us, &late, &mut stale.clone()).await;
        assert!(matches!(kept, Err(AccessError::Table(TableError::Conflict))), "{}: {kept:?}", site.kind);
        assert_eq!(token(&site.process(), &shop, None).await.expect("token").0, newest, "{}", site.kind);
    })
    .await;
}

#[tokio::test]
async fn what_is_copied_to_another_row_does_not_open() {
    both(async |site| {
        let app = site.process();
        let shop = site.shop(&app).await;
        let mut moved = row(&app, &shop).await;
        moved.key = keys::grant(shop.app, &OpenId::parse("model_us_another").expect("id"));
        let facts: Value = serde_json::from_str(&moved.facts).expect("facts");
        // As it is, and pretending to be the other one's.
        for open_id in [facts["open_id"].clone(), "model_us_another".into()] {
            let mut facts = facts.clone();
            facts["open_id"] = open_id;
            moved.facts = facts.to_string();
            let opened = open_row(&app, &moved).await;
            match (site.kind, &opened) {
                ("sealed", Err(AccessError::Grant(GrantError::Open(OpenError::Tampered)))) => {}
                // The secret's text names its owner; the row is a pointer.
                ("secrets-manager", Err(AccessError::Grant(GrantError::Store(_) | GrantError::Corrupt))) => {}
                ("secrets-manager", Ok(tokens)) if facts["open_id"] == shop.open_id.as_str() => {
                    assert_eq!(tokens.open_id, shop.open_id, "its own tokens, under its own name");
                }
                _ => panic!("{}: {opened:?}", site.kind),
            }
        }
    })
    .await;
}

#[tokio::test]
async fn keys_are_rotated_under_running_processes() {
    both(async |site| {
        let (old, writer) = (site.process(), site.process());
        let shop = site.shop(&old).await;
        token(&old, &shop, None).await.expect("the old key is in memory");
        site.rotate(&writer).await;
        site.skip(24 * 8);
        // Written with the new key by a process that knows it; its reader reloads once.
        let fresh = site.process();
        let (newest, version) = token(&fresh, &shop, None).await.expect("token");
        let before = site.secrets.calls("GetSecretValue");
        assert_eq!(token(&old, &shop, None).await.expect("token"), (newest, version), "{}", site.kind);
        if site.kind == "sealed" {
            assert!(site.secrets.calls("GetSecretValue") > before, "one reload");
            assert!(row(&old, &shop).await.facts.contains("kept"), "sealed in the row");
        }
    })
    .await;
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_and_ends_nothing() {
    let site = Site::new("sealed").await;
    let (app, writer) = (site.process(), site.process());
    let shop = site.shop(&app).await;
    // A key that was rotated in, used, and lost again.
    let names = app.secrets.names();
    let before = app.secrets.store().get(&names.token, None).await.expect("there");
    token(&app, &shop, None).await.expect("token");
    site.rotate(&writer).await;
    site.consent(&site.process()).await;
    app.secrets.store().put(&names.token, &before.text).await.expect("put back");
    let calls = site.secrets.calls("GetSecretValue");
    for _ in 0..20 {
        let refused = token(&app, &shop, None).await;
        let unknown = matches!(refused, Err(AccessError::Grant(GrantError::Open(OpenError::UnknownKey(_)))));
        assert!(unknown, "not an end of the authorisation: {refused:?}");
    }
    assert_eq!(site.secrets.calls("GetSecretValue"), calls + 1, "one reload for all of them");
}

#[tokio::test]
async fn secrets_manager_may_be_down_for_a_day() {
    let site = Site::new("sealed").await;
    let app = site.process();
    let shop = site.shop(&app).await;
    token(&app, &shop, None).await.expect("token");
    site.secrets.down(true);
    for _ in 0..11 {
        site.skip(2);
        token(&app, &shop, None).await.expect("what is in memory still opens");
    }
    site.skip(3);
    let refused = token(&app, &shop, None).await;
    assert!(matches!(refused, Err(AccessError::Secret(SecretFault::Store(_)))), "{refused:?}");
    site.secrets.down(false);
    token(&app, &shop, None).await.expect("back");
}

#[tokio::test]
async fn erased_tokens_are_gone_from_both_places() {
    both(async |site| {
        let app = site.process();
        let shop = site.shop(&app).await;
        access::erase(&app, &keys::grant(shop.app, &shop.open_id)).await.expect("erased");
        let refused = token(&site.process(), &shop, None).await;
        assert!(matches!(refused, Err(AccessError::Ended { .. })), "{}: {refused:?}", site.kind);
        assert!(site.secrets.texts().iter().all(|(_, text)| !text.contains("TTP_model_")), "{}", site.kind);
    })
    .await;
}
