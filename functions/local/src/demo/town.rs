//! The demo's outside world and an installation in the middle of it, each behind a loopback port of its own.

use crate::commands::Failure;
use crate::host;
use crate::stack::{Options, Stack};
use data_encoding::HEXLOWER;
use secrecy::SecretString;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use waybill::app::{App, system_clock, system_entropy};
use waybill::config::Config;
use waybill::domain::clock::Clock;
use waybill::domain::connection::StoreSettings;
use waybill::domain::ids::{AccountId, ShopId};
use waybill::domain::platform::Platform;
use waybill::domain::private::Private;
use waybill::domain::region::AppRegion;
use waybill::flows::connect::store::{self as connect_store, NewStore};
use waybill::flows::{access::store::StoreSecrets, connect::shop as connect_shop};
use waybill::table::accounts::Account;
use waybill::telemetry::{self, LevelFilter, Sink, Style};
use waybill::tiktok::authorise::TokenAnswer;
use waybill::tokens::with_tiktok_app;
use waybill_model::stores::{Kind, ModelStore, Plugin, Way};
use waybill_model::tiktok::{ModelTikTok, ShopSpec};
use waybill_model::{self};

/// The demo's TikTok shop.
pub(super) const SHOP: &str = "7494049642642441621";

/// A store of the demo and its platform.
pub(super) struct Shopfront {
    pub(super) platform: Platform,
    pub(super) store: ModelStore,
}

/// Everything, running.
pub(super) struct Town {
    pub(super) app: Arc<App>,
    pub(super) tiktok: ModelTikTok,
    pub(super) stores: Vec<Shopfront>,
    pub(super) account: AccountId,
    pub(super) origin: String,
    skipped: Arc<AtomicI64>,
    folder: PathBuf,
    _stack: Stack,
    _tasks: JoinSet<()>,
}

impl Drop for Town {
    fn drop(&mut self) {
        // Only this demo's own keys and test credentials are in it.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Town {
    /// Builds it: TikTok, four stores, an installation with an account, a shop, and the stores connected.
    pub(super) async fn build(port: u16) -> Result<Self, Failure> {
        let skipped = Arc::new(AtomicI64::new(0));
        let clock = skipping(&skipped);
        let entropy = system_entropy();
        let seed = u64::from_le_bytes(entropy.bytes());
        let mut tasks = JoinSet::new();
        let tiktok = ModelTikTok::new(clock.clone(), seed);
        let tiktok_port = {
            let model = tiktok.clone();
            let answer = move |request| {
                let model = model.clone();
                async move { model.handle(request).await }
            };
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            let port = listener.local_addr()?.port();
            tasks.spawn(async move { drop(waybill_model::serve(listener, answer).await) });
            port
        };
        let kinds = [
            (Platform::Shopify, Kind::Shopify),
            (Platform::WooCommerce, Kind::WooCommerce(Plugin::Ast)),
            (Platform::BigCommerce, Kind::BigCommerce),
            (Platform::Magento, Kind::Magento(Way::MageOs)),
        ];
        let mut stores = Vec::new();
        for (platform, kind) in kinds {
            let store = ModelStore::new(kind, clock.clone(), seed);
            let model = store.clone();
            let answer = move |request| {
                let model = model.clone();
                async move { model.handle(request).await }
            };
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            let port = listener.local_addr()?.port();
            tasks.spawn(async move { drop(waybill_model::serve(listener, answer).await) });
            stores.push((platform, store, port));
        }
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        for region in AppRegion::ALL {
            let back = format!("{origin}/connect/tiktok/{region}/callback");
            let hooks = format!("{origin}/hooks/tiktok/{region}");
            tiktok.configure_app(region, |app| {
                app.redirect = back;
                app.webhook_url = hooks;
            });
        }
        let folder = std::env::temp_dir().join(format!("waybill-demo-{}", HEXLOWER.encode(&entropy.bytes::<8>())));
        let config = settings(&origin, tiktok_port, &stores)?;
        telemetry::init(LevelFilter::OFF, Style::Human, clock.clone());
        let metrics = Sink::new(|_| {});
        let options = Options {
            config,
            clock,
            entropy,
            folder: folder.clone(),
            in_memory: true,
            metrics,
            outbound: None,
            claim: None,
        };
        let stack = Stack::start(options).await?;
        let app = Arc::clone(&stack.app);
        let served = Arc::clone(&app);
        tasks.spawn(async move { host::serve(served, listener).await });
        let account = people_and_shop(&app, &tiktok).await?;
        let fronts = stores.iter().map(|(platform, store, _)| Shopfront { platform: *platform, store: store.clone() });
        let town = Self {
            app,
            tiktok,
            stores: fronts.collect(),
            account,
            origin,
            skipped,
            folder,
            _stack: stack,
            _tasks: tasks,
        };
        for (platform, store, port) in &stores {
            town.connect(*platform, store, *port).await?;
        }
        Ok(town)
    }

    /// Lets time pass at once, for everybody.
    pub(super) fn skip(&self, time: Duration) {
        self.skipped.fetch_add(i64::try_from(time.as_millis()).unwrap_or_default(), Ordering::Relaxed);
    }

    /// TikTok's webhooks that wait to be delivered arrive.
    pub(super) async fn hear(&self) {
        for webhook in self.tiktok.take_webhooks() {
            drop(self.app.outbound.send(webhook, Duration::from_secs(5)).await);
        }
    }

    /// The subjects of the mails so far, oldest first.
    pub(super) fn mails(&self) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(self.folder.join("mail")) else { return Vec::new() };
        let mut files: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
        files.sort();
        let subject = |file: &PathBuf| {
            let text = std::fs::read_to_string(file).ok()?;
            text.lines().find_map(|line| line.strip_prefix("Subject: ")).map(str::to_owned)
        };
        files.iter().filter_map(subject).collect()
    }

    async fn connect(&self, platform: Platform, store: &ModelStore, port: u16) -> Result<(), Failure> {
        let about = store.account();
        let secrets = match platform {
            Platform::Shopify => json!({"webhook_secret": about.secret, "access_token": about.access_token}),
            Platform::WooCommerce => json!({
                "webhook_secret": about.secret, "consumer_key": about.consumer_key, "consumer_secret": about.consumer_secret,
            }),
            Platform::BigCommerce => json!({
                "client_secret": about.secret, "header_secret": about.header.1, "access_token": about.access_token,
            }),
            Platform::Magento => json!({
                "webhook_secret": about.secret, "consumer_key": about.consumer_key, "consumer_secret": about.consumer_secret,
                "access_token": about.token, "token_secret": about.token_secret,
            }),
            Platform::Generic => json!({"webhook_secret": about.secret}),
        };
        let secrets: StoreSecrets = serde_json::from_value(secrets)
            .map_err(|_| Failure::attention("the demo's secrets are not readable", super::FAULT))?;
        let address = match platform {
            Platform::WooCommerce | Platform::Magento => format!("http://127.0.0.1:{port}"),
            _ => about.domain.clone(),
        };
        let way = (platform == Platform::Magento).then(|| "mage-os".to_owned());
        let settings = StoreSettings { way, ..StoreSettings::default() };
        let shop = ShopId::parse(SHOP).map_err(|e| Failure::attention(e.to_string(), super::FAULT))?;
        let new = NewStore { account: self.account.clone(), platform, shops: vec![shop], address, settings, secrets };
        let added = connect_store::add(&self.app, new).await?;
        store.subscribe_all(&added.webhook_url);
        // WooCommerce greets a new subscription with an unsigned ping.
        for ping in store.deliveries() {
            drop(self.app.outbound.send(ping.request, Duration::from_secs(5)).await);
        }
        Ok(())
    }
}

/// The system's clock plus what the story skips, so that an hour's wait takes no hour.
fn skipping(skipped: &Arc<AtomicI64>) -> Clock {
    let system = system_clock();
    let (wall, steady) = (Arc::clone(skipped), Arc::clone(skipped));
    let other = system.clone();
    Clock::new(
        move || system.now() + jiff::SignedDuration::from_millis(wall.load(Ordering::Relaxed)),
        move || {
            other.steady() + Duration::from_millis(u64::try_from(steady.load(Ordering::Relaxed)).unwrap_or_default())
        },
    )
}

fn settings(origin: &str, tiktok: u16, stores: &[(Platform, ModelStore, u16)]) -> Result<Config, Failure> {
    let port_of = |wanted: Platform| stores.iter().find(|(p, _, _)| *p == wanted).map_or(0, |(_, _, port)| *port);
    let local = |port: u16| format!("http://127.0.0.1:{port}");
    let allow: Vec<String> =
        stores.iter().map(|(_, _, port)| *port).chain([tiktok]).map(|port| format!("127.0.0.1:{port}")).collect();
    let config = Config::parse(|name| match name {
        "PUBLIC_URL" => Some(origin.to_owned()),
        "TIKTOK_API_URL" | "TIKTOK_AUTH_URL" => Some(local(tiktok)),
        "TIKTOK_CONSENT_URL_US" | "TIKTOK_CONSENT_URL_ROW" => Some(format!("{}/open/authorize", local(tiktok))),
        "SHOPIFY_API_URL" => Some(local(port_of(Platform::Shopify))),
        "BIGCOMMERCE_API_URL" => Some(local(port_of(Platform::BigCommerce))),
        "OUTBOUND_ALLOW" => Some(allow.join(",")),
        _ => None,
    });
    config.map_err(|e| Failure::attention(e.to_string(), super::FAULT))
}

async fn people_and_shop(app: &App, tiktok: &ModelTikTok) -> Result<AccountId, Failure> {
    let fault = |text: String| Failure::attention(text, super::FAULT);
    let (store, name) = (app.secrets.store(), &app.secrets.names().app);
    for region in AppRegion::ALL {
        let model = tiktok.app(region);
        let known = store.get(name, None).await?;
        let secret = SecretString::from(model.secret.clone());
        let text = with_tiktok_app(name, &known.text, region, &model.key, &secret, &model.service_id)?;
        store.put(name, &text).await?;
    }
    let account = AccountId::parse("demo").map_err(|e| fault(e.to_string()))?;
    let row = Account {
        id: account.clone(),
        name: "Tiny Mugs".into(),
        email: Private::new("owner@tiny-mugs.example".into()),
        created: app.clock.now(),
    };
    app.table.account_create(&row).await?;
    tiktok.add_shop(ShopSpec { name: "Tiny Mugs US".into(), ..ShopSpec::new(SHOP, "US") });
    let tokens = tiktok.authorise(&[SHOP]).ok_or_else(|| fault("the model refuses its own shop".into()))?;
    let answer = TokenAnswer::read(tokens.answer().to_string().as_bytes()).map_err(|e| fault(e.to_string()))?;
    connect_shop::connect(app, &account, AppRegion::Us, answer).await?;
    Ok(account)
}
