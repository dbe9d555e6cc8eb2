//! Connections under crashes: a process dies around one of its outside calls while it connects, refreshes or reminds;
//! then others go on, people press buttons again, and what must hold is checked.

mod stores;

mod check;

use crate::world::browser::{Browser, Page};
use crate::world::calls::Side;
use crate::world::watch::{Ends, Watch};
use crate::world::{Process, SHOP, World, fulfilment, mail_text, shopify_order};
use bytes::Bytes;
use lambda_http::Body;
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use waybill::app::App;
use waybill::domain::connection::Shop;
use waybill::domain::ids::ShopId;
use waybill::flows::access::store::store_access;
use waybill::flows::connect::store::Added;
use waybill::table::keys::Shard;
use waybill::telemetry::{Captured, Sink, Style};
use waybill_model::stores::{Kind, ModelStore, Plugin};
use waybill_model::tiktok::ShopSpec;

/// What a process does when it dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// TikTok's answer to a first consent.
    Connect,
    /// The same for a parked shop with parcels that wait.
    Reconnect,
    /// The slow tick refreshes a token; TikTok replaces the refresh token.
    Refresh,
    /// A push finds its token refused and refreshes it; TikTok replaces the refresh token.
    RefreshInPush,
    /// A reminder is due.
    Remind,
    /// TikTok refused: the shop is told of.
    Refused,
    /// The seller took the authorisation back: tokens are erased, the shop is told of.
    Removed,
    /// What waited was sent: the shop is told how it went.
    Resumed,
    /// Shopify's answer to a consent.
    StoreYes,
    /// A store's token is renewed.
    StoreRenewal,
    /// A WooCommerce site hands its keys over.
    StoreKeys,
}

impl Scene {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Connect,
        Self::Reconnect,
        Self::Refresh,
        Self::RefreshInPush,
        Self::Remind,
        Self::Refused,
        Self::Removed,
        Self::Resumed,
        Self::StoreYes,
        Self::StoreRenewal,
        Self::StoreKeys,
    ];
}

/// What came out.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What did not hold.
    pub problems: Vec<String>,
    /// Outside calls of the process.
    pub calls: u64,
    /// Where it could end.
    pub ends: Ends,
}

const DAY: Duration = Duration::from_secs(24 * 3600);
const ORDERS: [(&str, &str); 2] =
    [("576000000000000017", "9400100000000000000013"), ("576000000000000025", "9400100000000000000020")];
/// What must never stand in a row, a log line, a page or a mail.
const SECRETS: [&str; 6] = ["TTP_model_", "model-us-app-secret", "ROW_model_code", "shpat_", "shprt_", "cs_model77aa"];

/// Plays a scene with at most one death; without one, it is noted where there could be one.
///
/// # Panics
/// When the scene cannot be set.
#[must_use]
pub fn play(scene: Scene, death: Option<(u64, Side)>) -> Outcome {
    fastrand::seed(1);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let mut stage = Box::pin(Stage::set(scene)).await;
        let process = stage.world.process(1);
        let watch = Watch::new(stage.world.eyes(Vec::new()));
        match death {
            Some((call, side)) => process.calls.kill(call, side),
            None => process.calls.watch(watch.clone(), 0),
        }
        Box::pin(stage.act(&process)).await;
        let calls = process.calls.count();
        Box::pin(stage.recover()).await;
        Box::pin(stage.check(death.is_some())).await;
        Outcome { problems: stage.problems, calls, ends: watch.ends() }
    })
}

/// A scene under way.
struct Stage {
    scene: Scene,
    world: World,
    browser: Browser,
    /// Where the platform sent the browser.
    callback: String,
    /// A TikTok store connection with parcels.
    store: Option<Added>,
    /// A store that is connected in the browser.
    model: Option<ModelStore>,
    keys: Option<http::Request<Bytes>>,
    pages: Vec<String>,
    log: Captured,
    problems: Vec<String>,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Stage {
    async fn set(scene: Scene) -> Self {
        let world = World::empty(21).await;
        let (sink, log) = Sink::memory();
        let subscriber = waybill::telemetry::subscriber(LevelFilter::DEBUG, Style::Json, world.time.clock(), sink);
        let guard = tracing::subscriber::set_default(subscriber);
        let mut stage = Self {
            scene,
            world,
            browser: Browser::default(),
            callback: String::new(),
            store: None,
            model: None,
            keys: None,
            pages: Vec::new(),
            log,
            problems: Vec::new(),
            _guard: guard,
        };
        Box::pin(stage.prepare()).await;
        stage
    }

    async fn prepare(&mut self) {
        let world = &self.world;
        self.browser.sign_in(world).await;
        if self.scene == Scene::Connect {
            world.tiktok.add_shop(ShopSpec::new(SHOP, "US"));
            let page = self.browser.get(world, "/connect/tiktok/us").await;
            self.callback = world.consent(&page.location).await;
            return;
        }
        world.connect_shop(SHOP, "US").await;
        world.tick().await;
        world.tiktok.configure(|settings| settings.rotate_refresh = true);
        match self.scene {
            Scene::Connect => {}
            Scene::Reconnect | Scene::Resumed => {
                self.ship().await;
                self.world.tiktok.revoke(SHOP);
                push(&self.world.app).await;
                self.world.tick().await;
                let link = self.reconnect_link().expect("a mail with a link");
                let consent = self.press_reconnect(&link).await;
                self.callback = self.world.consent(&consent).await;
                if self.scene == Scene::Resumed {
                    let callback = self.callback.clone();
                    assert_eq!(self.browser.get(&self.world, &callback).await.status, 200);
                    push(&self.world.app).await;
                    self.world.time.skip(Duration::from_secs(300));
                }
            }
            Scene::Refresh => {
                self.ship().await;
                push(&self.world.app).await;
                self.world.time.skip(DAY * 6);
            }
            Scene::RefreshInPush => {
                self.ship().await;
                self.world.tiktok.expire_access(SHOP);
            }
            Scene::Remind => self.world.time.skip(DAY * 60 + Duration::from_secs(3600)),
            Scene::Refused => {
                self.ship().await;
                self.world.tiktok.revoke(SHOP);
                push(&self.world.app).await;
            }
            Scene::Removed => {
                self.world.tiktok.revoke(SHOP);
                for request in self.world.tiktok.take_webhooks() {
                    assert_eq!(self.world.receive(request).await.status(), 200);
                }
                let at = self.world.time.now();
                let notice = waybill_model::tiktok::Notification::deauthorised(SHOP, at);
                let request = self.world.tiktok.webhook(&notice).expect("request");
                assert_eq!(self.world.receive(request).await.status(), 200);
            }
            Scene::StoreYes | Scene::StoreRenewal => {
                let model = self.world.unconnected_store(Kind::Shopify).await;
                self.model = Some(model);
                self.callback = self.store_consent().await;
                if self.scene == Scene::StoreRenewal {
                    let callback = self.callback.clone();
                    assert_eq!(self.browser.get(&self.world, &callback).await.status, 200);
                    self.world.tick().await;
                    self.world.time.skip(DAY + Duration::from_secs(3600));
                }
            }
            Scene::StoreKeys => {
                let model = self.world.unconnected_store(Kind::WooCommerce(Plugin::Ast)).await;
                self.model = Some(model);
                self.keys = Some(self.site_keys().await);
            }
        }
    }

    /// What the process does, until it is done or dead.
    async fn act(&mut self, process: &Process) {
        let app = &process.app;
        match self.scene {
            Scene::Connect | Scene::Reconnect | Scene::StoreYes => {
                let callback = self.callback.clone();
                let visit = self.browser.send_to(app, "GET", &callback, "");
                let page = process.calls.live(visit).await;
                self.pages.extend(page.map(|page| page.text));
            }
            Scene::StoreKeys => {
                let request = self.keys.take().expect("keys");
                drop(process.calls.live(console::handle(app, local(request))).await);
            }
            Scene::RefreshInPush => drop(process.calls.live(push(app)).await),
            _ => drop(process.calls.live(waybill_local::host::tick(app)).await),
        }
    }

    /// Others go on, and people try again what did not work.
    async fn recover(&mut self) {
        self.world.time.skip(Duration::from_secs(60));
        match self.scene {
            Scene::Connect => self.until_connected().await,
            Scene::Reconnect => {
                // The mail's link is still there; after a success it explains itself.
                for _ in 0..4 {
                    if self.shop().await.is_some_and(|shop| shop.parked.is_none()) {
                        break;
                    }
                    let link = self.reconnect_link().expect("a mail with a link");
                    let consent = self.press_reconnect(&link).await;
                    let callback = self.world.consent(&consent).await;
                    let page = self.browser.get(&self.world, &callback).await;
                    self.pages.push(page.text);
                }
            }
            Scene::StoreYes if !self.store_connected().await => {
                let callback = self.store_consent().await;
                let page = self.browser.get(&self.world, &callback).await;
                if page.status != 200 {
                    self.problems.push(format!("the second yes was refused: {}", page.text));
                }
                self.pages.push(page.text);
            }
            Scene::StoreKeys if !self.store_connected().await => {
                let request = self.site_keys().await;
                let answer = console::handle(&self.world.app, local(request)).await.expect("never fails");
                if answer.status() != 200 {
                    self.problems.push(format!("the second hand-over was refused: {answer:?}"));
                }
            }
            _ => {}
        }
        for number in 0..5 {
            // Every tick may be another process.
            let process = self.world.process(10 + number);
            waybill_local::host::tick(&process.app).await;
            push(&process.app).await;
            self.world.time.skip(Duration::from_secs(300));
        }
        let lost = self.shop().await.is_some_and(|shop| shop.parked.is_some());
        // Wherever a refresh token is used up, its answer can be lost with the process that asked.
        if lost && matches!(self.scene, Scene::Refresh | Scene::RefreshInPush | Scene::Refused | Scene::Remind) {
            // A mail that a dead process had claimed is somebody else's after ten minutes.
            for _ in 0..4 {
                if self.reconnect_link().is_some() {
                    break;
                }
                self.world.time.skip(Duration::from_secs(300));
                self.world.tick().await;
            }
            self.parked_rightly().await;
            // The owner reads the mail and says yes: what waited is sent.
            let Some(link) = self.reconnect_link() else { return };
            let consent = self.press_reconnect(&link).await;
            let callback = self.world.consent(&consent).await;
            let page = self.browser.get(&self.world, &callback).await;
            self.pages.push(page.text);
            for _ in 0..3 {
                push(&self.world.app).await;
                self.world.time.skip(Duration::from_secs(300));
                self.world.tick().await;
            }
        }
    }

    async fn shop(&self) -> Option<Shop> {
        let id = ShopId::parse(SHOP).expect("id");
        self.world.app.table.shop_get(&id, true).await.expect("read").map(|shop| shop.row)
    }

    async fn ship(&mut self) {
        let store = self.world.connect_store("tiny-mugs.myshopify.com", &[SHOP]).await;
        for (place, (order, number)) in ORDERS.iter().enumerate() {
            self.world.tiktok.order(SHOP, order).lines(&[("MUG-BLUE", 1)]).place();
            let (id, version) = (1042 + place as u64, self.world.time.now().to_string());
            let parcel = fulfilment(id, id, &version, "USPS", &[number], &[("MUG-BLUE", 1)]);
            let body = shopify_order(id, order, &version, &[parcel]);
            assert_eq!(self.world.shopify(&store, "orders/fulfilled", &body).await.status(), 200);
        }
        self.store = Some(store);
    }

    /// The link of the newest mail that has one.
    fn reconnect_link(&self) -> Option<String> {
        let mails = self.world.mails();
        let text = mails.iter().rev().map(|mail| mail_text(mail)).find(|text| text.contains("/reconnect?t="))?;
        let start = text.find("https://waybill.example/reconnect?t=")?;
        Some(text[start..].split_whitespace().next()?.to_owned())
    }

    /// Opens a mail's link and presses the button. Gives the consent page.
    async fn press_reconnect(&mut self, link: &str) -> String {
        self.browser.get(&self.world, link).await;
        let page = self.browser.get(&self.world, "/reconnect").await;
        assert_eq!(page.status, 200, "{}", page.text);
        let csrf = page.field("csrf");
        self.pages.push(page.text);
        self.browser.post(&self.world, "/reconnect", &[("csrf", &csrf)]).await.location
    }

    async fn until_connected(&mut self) {
        for _ in 0..3 {
            let page = self.browser.get(&self.world, "/").await;
            let there = page.text.contains("Model shop");
            self.pages.push(page.text);
            if there {
                return;
            }
            let page = self.browser.get(&self.world, "/connect/tiktok/us").await;
            let callback = self.world.consent(&page.location).await;
            let page: Page = self.browser.get(&self.world, &callback).await;
            self.pages.push(page.text);
        }
        self.problems.push("three rounds did not connect the shop".into());
    }

    async fn store_connected(&self) -> bool {
        for id in self.world.app.table.account_stores(&self.world.account).await.expect("read") {
            if let Some(store) = self.world.app.table.store_get(&id, true).await.expect("read") {
                return store_access(&self.world.app, &store.row).await.is_ok_and(|access| access.is_some());
            }
        }
        false
    }
}

/// One run of the push schedule over the shard of the one shop.
async fn push(app: &App) {
    let shards = vec![Shard::of(&ShopId::parse(SHOP).expect("id")).number()];
    tracking_push::handle(app, &tracking_push::Event { shards }).await.expect("a shard");
}

/// A request as our handler gets it.
fn local(request: http::Request<Bytes>) -> lambda_http::Request {
    let (mut head, body) = request.into_parts();
    head.uri = head.uri.path().parse().expect("a path");
    http::Request::from_parts(head, Body::Binary(body.to_vec()))
}
