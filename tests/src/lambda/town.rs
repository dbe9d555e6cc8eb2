//! Everything a story of the deployed functions needs: the cloud, the model TikTok Shop, a shop and a store connected.

use super::cloud::Cloud;
use super::gate::Gate;
use super::process::{Sandbox, Start};
use super::{Tools, event};
use crate::sim::script::usps;
use crate::template::{Template, members_of, text};
use crate::world::HOOK_SECRET;
use anyhow::{Context as _, Result, anyhow, bail};
use data_encoding::BASE64;
use ring::hmac;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use waybill::app::{App, Parts, allow_list, system_clock, system_entropy};
use waybill::aws::{self, LocalAws};
use waybill::config::Config;
use waybill::domain::connection::StoreSettings;
use waybill::domain::fulfilment::OrderLink;
use waybill::domain::ids::{AccountId, ShipmentId, ShopId, StoreOrderId, TikTokOrderId};
use waybill::domain::platform::Platform;
use waybill::domain::private::Private;
use waybill::domain::region::AppRegion;
use waybill::domain::tracking::TrackingNumber;
use waybill::flows::access::store::StoreSecrets;
use waybill::flows::connect::store::{Added, NewStore};
use waybill::flows::{connect::shop as connect_shop, connect::store as connect_store};
use waybill::outbound::Outbound;
use waybill::table::accounts::Account;
use waybill::table::keys::{self, Key};
use waybill::telemetry::Sink;
use waybill::tiktok::authorise::TokenAnswer;
use waybill::tokens::{SecretsManager, with_tiktok_app};
use waybill_model::serve;
use waybill_model::tiktok::{ModelTikTok, ShopSpec};

/// A deployed installation with its outside world.
#[derive(Debug)]
pub struct Town {
    /// What was deployed.
    pub template: Template,
    /// AWS.
    pub cloud: Cloud,
    /// TikTok.
    pub tiktok: ModelTikTok,
    /// The operator's own access, as `waybill … --aws` has it.
    pub app: App,
    /// The gates, by function.
    pub gates: BTreeMap<String, Gate>,
    /// What it runs with.
    pub tools: Tools,
    /// What leads to its TikTok.
    pub settings: BTreeMap<String, String>,
    account: AccountId,
    _tasks: JoinSet<()>,
}

impl Town {
    /// Builds it from the template.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn build(tools: &Tools) -> Result<Self> {
        let template = Template::read();
        let cloud = Cloud::start(tools, &template).await?;
        let mut tasks = JoinSet::new();
        let (tiktok, settings) = model_tiktok(&mut tasks).await?;
        let mut gates = BTreeMap::new();
        for function in template.functions().into_keys() {
            let gate = Gate::open(&template, &function, &cloud.url).await?;
            gates.insert(function, gate);
        }
        let app = operator(&template, &settings, &cloud.url)?;
        let account = AccountId::parse("a1").map_err(|e| anyhow!("{e}"))?;
        let town = Self { template, cloud, tiktok, app, gates, tools: tools.clone(), settings, account, _tasks: tasks };
        people(&town.app, &town.account, &town.tiktok).await?;
        Ok(town)
    }

    /// Opens a shop at TikTok, connects it and a Shopify store that sells there.
    ///
    /// # Errors
    /// When something is refused.
    pub async fn connect(&self, shop: &str, domain: &str) -> Result<Added> {
        add_shop(&self.app, &self.account, &self.tiktok, shop).await?;
        add_store(&self.app, &self.account, shop, domain).await
    }

    /// The shop's owner consented this many days ago, and nobody has looked since.
    ///
    /// # Errors
    /// When there is no such shop.
    pub async fn consented(&self, shop: &str, days: i64) -> Result<()> {
        let (id, now) = (ShopId::parse(shop).map_err(|e| anyhow!("{e}"))?, self.app.clock.now());
        let changed = self.app.table.shop_change(&id, |shop| {
            shop.consent.granted = Some(now - jiff::SignedDuration::from_hours(24 * days));
            shop.consent.next_step = Some(now);
            true
        });
        changed.await?.map(drop).context("no such shop")
    }

    /// Where its pages are.
    #[must_use]
    pub fn origin(&self) -> String {
        self.template.environment("console").remove("PUBLIC_URL").unwrap_or_default()
    }

    /// A sandbox of a function that does nothing, and panics when asked to.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn floor(&self) -> Result<Sandbox> {
        Sandbox::of_binary(&self.tools, &self.tools.binaries.join("examples/empty")).await
    }

    /// A sandbox of a function.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn sandbox(&self, function: &str, timeout: Option<u64>) -> Result<Sandbox> {
        let aws = self.gates[function].url.clone();
        let start = Start { function: function.into(), aws, settings: self.settings.clone(), timeout };
        Sandbox::start(&self.tools, &self.template, &start).await
    }

    /// The event of a signed Shopify delivery, as the function's own address hands it on.
    ///
    /// # Errors
    /// When the store's address is not ours.
    pub fn delivery(&self, store: &Added, body: &[u8], secret: &str, encoded: bool) -> Result<Value> {
        signed(store, &origin(&self.app), body, secret, encoded, &self.app.clock.now().to_string())
    }

    /// The events of the push schedules, as the template has them.
    #[must_use]
    pub fn push_events(&self) -> Vec<Value> {
        let inputs = self.template.resources("AWS::Scheduler::Schedule");
        let inputs = inputs.iter().map(|(_, schedule)| text(&schedule["Target"]["Input"]));
        inputs.filter(|input| input.contains("shards")).filter_map(|input| serde_json::from_str(&input).ok()).collect()
    }

    /// The numbers TikTok holds for an order, one a line item; `-` where there is none.
    #[must_use]
    pub fn at_tiktok(&self, shop: &str, order: &str) -> Vec<String> {
        let Some(order) = self.tiktok.order_now(shop, order) else { return Vec::new() };
        let number = |id: &str| order.package_of(id).and_then(|package| package.number.clone());
        order.lines.iter().map(|line| number(&line.id).unwrap_or_else(|| "-".into())).collect()
    }
}

/// An installation with one store, on whatever an environment's AWS variables name. For measurements.
#[derive(Debug)]
pub struct Operator {
    /// TikTok.
    pub tiktok: ModelTikTok,
    /// What leads to it.
    pub settings: BTreeMap<String, String>,
    app: App,
    account: AccountId,
    store: Added,
    origin: String,
    _tasks: JoinSet<()>,
}

impl Operator {
    /// The event of a signed delivery of its store.
    ///
    /// # Errors
    /// When the store's address is not ours.
    pub fn delivery(&self, body: &[u8]) -> Result<Value> {
        signed(&self.store, &self.origin, body, HOOK_SECRET, true, "2026-11-21T09:00:00Z")
    }

    /// Parcels of new shops that are all due now: rows like that of the first store's order, which must be there. Gives
    /// their keys.
    ///
    /// # Errors
    /// When something is refused.
    pub async fn backlog(&self, shops: u64, each: u64) -> Result<Vec<Key>> {
        let mut rows = Vec::new();
        let first = StoreOrderId::parse("1042").map_err(|e| anyhow!("{e}"))?;
        let known = self.app.table.order_rows(&self.store.store.id, &first, true).await?;
        let known = known.parcels.into_iter().next().context("the first order")?;
        for shop in 0..shops {
            let id = format!("74940496426{shop:08}");
            add_shop(&self.app, &self.account, &self.tiktok, &id).await?;
            let store = add_store(&self.app, &self.account, &id, &format!("store-{shop}.myshopify.com")).await?;
            for parcel in 0..each {
                let serial = shop * each + parcel + 1;
                let tiktok = format!("57600{serial:013}");
                self.tiktok.order(&id, &tiktok).line("MUG-BLUE", 1).place();
                let mut row = known.clone();
                row.store = store.store.id.clone();
                row.shop = ShopId::parse(&id).map_err(|e| anyhow!("{e}"))?;
                row.order = StoreOrderId::parse(serial.to_string()).map_err(|e| anyhow!("{e}"))?;
                row.number = Some(TrackingNumber::parse(&usps(serial)).map_err(|e| anyhow!("{e}"))?);
                row.sources[0].shipment = ShipmentId::parse(serial.to_string()).map_err(|e| anyhow!("{e}"))?;
                row.sources[0].lines[0].quantity = 1;
                row.link = OrderLink::Found(TikTokOrderId::parse(&tiktok).map_err(|e| anyhow!("{e}"))?);
                row.due = Some(self.app.clock.now());
                row.rev = 0;
                self.app.table.parcel_put(&mut row).await?;
                rows.push(keys::parcel(&row));
            }
        }
        Ok(rows)
    }
}

/// Makes the table where the environment says, and connects a store.
///
/// # Errors
/// When something is refused.
pub async fn operator_at(template: &Template, environment: &BTreeMap<String, String>) -> Result<Operator> {
    let at = |name: &str| LocalAws::at(environment.get(name).cloned().unwrap_or_default());
    let mut tasks = JoinSet::new();
    let (tiktok, hosts) = model_tiktok(&mut tasks).await?;
    let mut settings = template.environment("console");
    settings.extend(hosts.clone());
    let config = Config::parse(|name| settings.get(name).cloned())?;
    let (clock, entropy) = (system_clock(), system_entropy());
    let aws = aws::local_config(&at("AWS_ENDPOINT_URL_DYNAMODB"), &clock, None)?;
    let vault = aws::local_config(&at("AWS_ENDPOINT_URL_SECRETS_MANAGER"), &clock, None)?;
    let secrets = Arc::new(SecretsManager::new(aws_sdk_secretsmanager::Client::new(&vault), entropy.clone()));
    let outbound = Outbound::over_network(allow_list(&config));
    let metrics = Sink::new(|_| {});
    let app = App::new(Parts { config, clock, entropy, aws, secrets, outbound, metrics })?;
    app.table.create_if_missing().await?;
    let account = AccountId::parse("a1").map_err(|e| anyhow!("{e}"))?;
    let shop = "7494049642642441621";
    people(&app, &account, &tiktok).await?;
    add_shop(&app, &account, &tiktok, shop).await?;
    let store = add_store(&app, &account, shop, "tiny-mugs.myshopify.com").await?;
    let origin = origin(&app);
    Ok(Operator { tiktok, settings: hosts, app, account, store, origin, _tasks: tasks })
}

/// The model TikTok Shop on a port of its own, and the settings that lead to it.
async fn model_tiktok(tasks: &mut JoinSet<()>) -> Result<(ModelTikTok, BTreeMap<String, String>)> {
    let tiktok = ModelTikTok::new(system_clock(), 7);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let host = listener.local_addr()?.to_string();
    let model = tiktok.clone();
    let answer = move |request| {
        let model = model.clone();
        async move { model.handle(request).await }
    };
    tasks.spawn(async move { drop(serve(listener, answer).await) });
    let places = [
        ("TIKTOK_API_URL", ""),
        ("TIKTOK_AUTH_URL", ""),
        ("TIKTOK_CONSENT_URL_US", "/open/authorize"),
        ("TIKTOK_CONSENT_URL_ROW", "/open/authorize"),
    ];
    let mut settings: BTreeMap<String, String> =
        places.iter().map(|(name, path)| ((*name).to_owned(), format!("http://{host}{path}"))).collect();
    settings.insert("OUTBOUND_ALLOW".into(), host);
    Ok((tiktok, settings))
}

/// An account, and the credentials of our two apps.
async fn people(app: &App, account: &AccountId, tiktok: &ModelTikTok) -> Result<()> {
    let (store, name) = (app.secrets.store(), &app.secrets.names().app);
    for region in AppRegion::ALL {
        let model = tiktok.app(region);
        let known = store.get(name, None).await?;
        let secret = SecretString::from(model.secret.clone());
        let text = with_tiktok_app(name, &known.text, region, &model.key, &secret, &model.service_id)?;
        store.put(name, &text).await?;
    }
    let row = Account {
        id: account.clone(),
        name: "Tiny Mugs".into(),
        email: Private::new("owner@tiny-mugs.example".into()),
        created: app.clock.now(),
    };
    app.table.account_create(&row).await?;
    Ok(())
}

async fn add_shop(app: &App, account: &AccountId, tiktok: &ModelTikTok, shop: &str) -> Result<()> {
    tiktok.add_shop(ShopSpec::new(shop, "US"));
    let tokens = tiktok.authorise(&[shop]).context("the model's own shop")?;
    let answer = TokenAnswer::read(tokens.answer().to_string().as_bytes()).map_err(|e| anyhow!("{e}"))?;
    connect_shop::connect(app, account, AppRegion::Us, answer).await?;
    Ok(())
}

async fn add_store(app: &App, account: &AccountId, shop: &str, domain: &str) -> Result<Added> {
    let secrets: StoreSecrets =
        serde_json::from_value(json!({"webhook_secret": HOOK_SECRET, "access_token": "shpat_town"}))?;
    let new = NewStore {
        account: account.clone(),
        platform: Platform::Shopify,
        shops: vec![ShopId::parse(shop).map_err(|e| anyhow!("{e}"))?],
        address: domain.into(),
        settings: StoreSettings::default(),
        secrets,
    };
    Ok(connect_store::add(app, new).await?)
}

fn signed(store: &Added, origin: &str, body: &[u8], secret: &str, encoded: bool, now: &str) -> Result<Value> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = BASE64.encode(hmac::sign(&key, body).as_ref());
    let Some(path) = store.webhook_url.strip_prefix(origin) else { bail!("{}", store.webhook_url) };
    let headers = [
        ("X-Shopify-Topic", "orders/fulfilled"),
        ("X-Shopify-Hmac-Sha256", signature.as_str()),
        ("X-Shopify-Shop-Domain", store.store.address.as_str()),
        ("X-Shopify-Triggered-At", now),
        ("Content-Type", "application/json"),
    ];
    Ok(event::at_function_url(event::http("POST", path, &headers, body, encoded)))
}

/// Where deliveries go.
fn origin(app: &App) -> String {
    app.config.hooks_url.as_str().trim_end_matches('/').to_owned()
}

fn operator(template: &Template, settings: &BTreeMap<String, String>, cloud: &str) -> Result<App> {
    let mut environment = template.environment("console");
    environment.extend(settings.clone());
    let config = Config::parse(|name| environment.get(name).cloned())?;
    let (clock, entropy) = (system_clock(), system_entropy());
    let aws = aws::local_config(&LocalAws::at(cloud), &clock, None)?;
    let client = aws_sdk_secretsmanager::Client::new(&aws);
    let secrets = Arc::new(SecretsManager::new(client, entropy.clone()));
    let outbound = Outbound::over_network(allow_list(&config));
    let metrics = Sink::new(|_| {});
    Ok(App::new(Parts { config, clock, entropy, aws, secrets, outbound, metrics })?)
}

/// Whether every statement of every role was needed: what a role allows beyond what was seen.
#[must_use]
pub fn not_seen(template: &Template, function: &str, gate: &Gate) -> Vec<String> {
    let seen = gate.allowed();
    let role = crate::template::iam::Role::of(template, function);
    let mut left = Vec::new();
    for statement in role.statements {
        let keys = &statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
        let index = members_of(&statement["Resource"]).any(|arn| text(arn).contains("/index/"));
        for key in members_of(keys).map(text) {
            let list = if index { "list " } else { "" };
            let end = format!(" {list}{}", key.trim_end_matches('*'));
            if !seen.iter().any(|call| call.ends_with(&end)) {
                left.push(format!("{list}{key}"));
            }
        }
    }
    left
}
