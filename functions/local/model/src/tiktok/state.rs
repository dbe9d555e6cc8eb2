//! What the model keeps.

use super::faults::FaultRule;
use super::journal::Journal;
use super::order::{Order, Record};
use super::providers::Provider;
use super::webhooks::{Mischief, Notification};
use crate::chance::Chance;
use jiff::{SignedDuration, Timestamp};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;
use tokio::time::Instant;
use waybill::domain::clock::Clock;
use waybill::domain::region::AppRegion;

/// One of the two apps.
#[derive(Clone, Debug)]
pub struct App {
    /// US or the rest of the world.
    pub region: AppRegion,
    /// Public key.
    pub key: String,
    /// Signs requests and webhooks.
    pub secret: String,
    /// Names the app on the consent page.
    pub service_id: String,
    /// Where the consent page sends the seller back to.
    pub redirect: String,
    /// Where webhooks go unless a shop has its own address. Empty: nowhere.
    pub webhook_url: String,
}

/// One authorisation: the tokens of one seller for one app.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub app: AppRegion,
    pub open_id: String,
    pub seller: String,
    pub base_region: String,
    pub user_type: i64,
    pub shops: Vec<String>,
    pub scopes: Vec<String>,
    /// The end of the authorisation, which is the end of its refresh tokens.
    pub ends: Timestamp,
    /// Access tokens with their ends, newest last.
    pub access: Vec<(String, Timestamp)>,
    /// Refresh tokens that still work, newest last.
    pub refresh: Vec<String>,
    pub revoked: bool,
}

/// A code from the consent page.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub shops: Vec<String>,
    pub app: AppRegion,
    pub until: Timestamp,
}

/// A shop.
#[derive(Clone, Debug)]
pub(super) struct Shop {
    pub id: String,
    pub name: String,
    pub region: String,
    pub cipher: String,
    pub app: AppRegion,
    pub seller: String,
    pub seller_type: &'static str,
    pub active: bool,
    /// The seller is not suspended.
    pub seller_active: bool,
    /// First numbers go by order; else by package.
    pub by_order: bool,
    pub warehouse: String,
    /// Further warehouses with their regions.
    pub more_warehouses: Vec<(String, String)>,
    /// Lists of carriers of their own, by the region of the warehouse.
    pub lists: BTreeMap<String, Vec<Provider>>,
    /// So many more lists come back empty.
    pub empty_lists: u32,
    /// Images of products that were told: width, height, address. Every other product has one that keeps all rules.
    pub images: BTreeMap<String, Vec<(u32, u32, String)>>,
    /// The Seller Shipping option; `None` when the shop has not switched it on.
    pub seller_option: Option<String>,
    /// The option shipped by TikTok.
    pub tiktok_option: String,
    pub providers: Vec<Provider>,
    pub orders: BTreeMap<String, Record>,
    pub webhooks: BTreeMap<String, Webhook>,
    pub reads: VecDeque<Instant>,
    pub writes: VecDeque<Instant>,
}

/// One webhook setting of a shop.
#[derive(Clone, Debug)]
pub(super) struct Webhook {
    pub address: String,
    pub created: Timestamp,
    pub updated: Timestamp,
}

/// Requests one shop may make in any second; above that, HTTP 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Reads a second.
    pub reads: usize,
    /// Writes a second.
    pub writes: usize,
    /// Whether the 429 names the seconds to wait.
    pub retry_after: Option<Duration>,
}

impl RateLimits {
    /// No limit.
    pub const OFF: Self = Self { reads: usize::MAX, writes: usize::MAX, retry_after: None };
}

impl Default for RateLimits {
    /// The upper end of TikTok's advice of September 2026: 3 writes and 10 reads a second.
    fn default() -> Self {
        Self { reads: 10, writes: 3, retry_after: Some(Duration::from_secs(1)) }
    }
}

/// What is not documented or differs between sellers, so a test may choose.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Limits per shop.
    pub rates: RateLimits,
    /// Whether a refresh answers with a new refresh token and kills the old one. Not documented.
    pub rotate_refresh: bool,
    /// Whether a refresh moves the end of the authorisation. Not documented.
    pub refresh_extends: bool,
    /// How long an authorisation lasts: the period the seller picks.
    pub authorisation: SignedDuration,
    /// How long an access token lasts.
    pub access_life: SignedDuration,
    /// HTTP status of code 105002: 200 and 401 were both reported.
    pub expired_status: u16,
    /// Reads show the state from this long ago. Set it before the changes that reads shall not see yet: the past is kept
    /// only while it is wanted.
    pub read_lag: SignedDuration,
    /// How long an order may be corrected after shipping.
    pub edit_window: SignedDuration,
    /// Corrections per package.
    pub edits: u32,
    /// Orders that may share one number when they go to the same recipient.
    pub orders_per_number: usize,
    /// Whether a number whose shape belongs to another carrier is refused (21004015) rather than warned about.
    pub refuse_mismatch: bool,
    /// Search shows an order's changes only after this long; reads by id show them at once.
    pub search_lag: SignedDuration,
    /// Page tokens are plain offsets, so pages shift while orders move.
    pub offset_pages: bool,
    /// TikTok cancels by itself what misses its `_due_time`.
    pub auto_cancel: bool,
    /// A USPS number of a US shop whose label TikTok did not sell is refused with this code.
    pub usps_refused: Option<i64>,
    /// What happens to webhooks on their way.
    pub webhooks: Mischief,
    /// How long every answer takes.
    pub latency: Duration,
    /// The model's clock is this far ahead of the clock it was given.
    pub clock_ahead: SignedDuration,
    /// The consent page answers for this seller; the first seller of the app when none is named.
    pub consent_seller: Option<String>,
    /// The seller refuses consent.
    pub consent_refused: bool,
    /// What kind of account consents: 0 a seller's, 1 a creator's, 3 a partner's.
    pub consent_user_type: i64,
    /// The consent covers only these scopes.
    pub consent_scopes: Option<Vec<String>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rates: RateLimits::default(),
            rotate_refresh: false,
            refresh_extends: false,
            authorisation: SignedDuration::from_hours(365 * 24),
            access_life: SignedDuration::from_hours(7 * 24),
            expired_status: 401,
            read_lag: SignedDuration::ZERO,
            edit_window: SignedDuration::from_hours(72),
            edits: 1,
            orders_per_number: 20,
            refuse_mismatch: false,
            search_lag: SignedDuration::ZERO,
            offset_pages: false,
            auto_cancel: false,
            usps_refused: None,
            webhooks: Mischief::default(),
            latency: Duration::ZERO,
            clock_ahead: SignedDuration::ZERO,
            consent_seller: None,
            consent_refused: false,
            consent_user_type: 0,
            consent_scopes: None,
        }
    }
}

/// Where something was found last: a town of ten thousand shops is not walked through for every call. What is remembered is
/// looked at again before it is believed.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Shops by cipher.
    ciphers: RefCell<HashMap<String, String>>,
    /// Places of grants by a token, or by their open id.
    grants: RefCell<HashMap<String, usize>>,
}

/// Everything behind the lock.
#[derive(Debug)]
pub(super) struct State {
    pub clock: Clock,
    pub started: Instant,
    pub settings: Settings,
    pub apps: Vec<App>,
    pub grants: Vec<Grant>,
    pub codes: HashMap<String, Code>,
    pub shops: BTreeMap<String, Shop>,
    /// Which orders of which shop use a number, upper case.
    pub numbers: HashMap<String, BTreeSet<(String, String)>>,
    /// Where a package lies: shop and order.
    pub packages: HashMap<String, (String, String)>,
    pub faults: Vec<FaultRule>,
    pub chance: Chance,
    pub journal: Journal,
    pub outbox: Vec<Notification>,
    /// The orders of a combined package.
    pub combined: HashMap<String, Vec<String>>,
    /// Numbers of labels that TikTok sold, upper case.
    pub labels: BTreeSet<String>,
    pub next_id: u64,
    pub memory: Memory,
}

impl State {
    pub(super) fn shop_of_cipher(&self, cipher: &str) -> Option<&Shop> {
        let id = self.memory.ciphers.borrow().get(cipher).cloned();
        if let Some(shop) = id.and_then(|id| self.shops.get(&id)).filter(|shop| shop.cipher == cipher) {
            return Some(shop);
        }
        let shop = self.shops.values().find(|shop| shop.cipher == cipher)?;
        self.memory.ciphers.borrow_mut().insert(cipher.to_owned(), shop.id.clone());
        Some(shop)
    }

    /// The place of the grant that fits; `word`: the token or id that it has to fit.
    pub(super) fn place_of_grant(&self, word: &str, fits: impl Fn(&Grant) -> bool) -> Option<usize> {
        let known = self.memory.grants.borrow().get(word).copied();
        if let Some(place) = known.filter(|place| self.grants.get(*place).is_some_and(&fits)) {
            return Some(place);
        }
        let place = self.grants.iter().position(fits)?;
        self.memory.grants.borrow_mut().insert(word.to_owned(), place);
        Some(place)
    }

    pub(super) fn grant_of(&self, open_id: &str) -> Option<&Grant> {
        self.grants.get(self.place_of_grant(open_id, |grant| grant.open_id == open_id)?)
    }

    /// The model's clock.
    pub(super) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        now.checked_add(self.settings.clock_ahead).unwrap_or(now)
    }

    /// The time a read shows.
    pub(super) fn read_time(&self) -> Timestamp {
        let now = self.now();
        now.checked_sub(self.settings.read_lag).unwrap_or(now)
    }

    /// A new id of the family that starts with these digits, unique in this model.
    pub(super) fn fresh_id(&mut self, family: &str) -> String {
        self.next_id += 1;
        let digits = 19usize.saturating_sub(family.len());
        format!("{family}{:0digits$}", self.next_id)
    }

    /// The app of a key.
    pub(super) fn app_of(&self, region: AppRegion) -> Option<&App> {
        self.apps.iter().find(|app| app.region == region)
    }

    /// An order of a shop, brought up to date.
    pub(super) fn order(&mut self, shop: &str, order: &str) -> Option<&mut Order> {
        self.settle(shop, order);
        self.shops.get_mut(shop)?.orders.get_mut(order).map(|record| &mut record.current)
    }

    /// Changes an order, keeps what it looked like before, and tells webhooks when its status moved.
    pub(super) fn change<T>(&mut self, shop: &str, order: &str, edit: impl FnOnce(&mut Order) -> T) -> Option<T> {
        let now = self.now();
        self.change_at(shop, order, now, edit)
    }

    fn change_at<T>(
        &mut self,
        shop: &str,
        order: &str,
        at: Timestamp,
        edit: impl FnOnce(&mut Order) -> T,
    ) -> Option<T> {
        let lags = self.settings.read_lag.is_positive() || self.settings.search_lag.is_positive();
        let record = self.shops.get_mut(shop)?.orders.get_mut(order)?;
        let before = record.current.status;
        if lags {
            record.remember(at);
        }
        let result = edit(&mut record.current);
        let after = record.current.status;
        if after != before {
            record.current.updated = at;
            record.current.stamp(at);
            let notice = Notification::order_status(shop, &record.current, at);
            self.notify(notice);
        }
        Some(result)
    }

    /// What time alone does to an order, one thing after the other.
    fn settle(&mut self, shop: &str, order: &str) {
        let (now, auto_cancel) = (self.now(), self.settings.auto_cancel);
        loop {
            let record = self.shops.get(shop).and_then(|shop| shop.orders.get(order));
            let Some((at, what)) = record.and_then(|record| record.current.next_by_clock(now, auto_cancel)) else {
                return;
            };
            self.change_at(shop, order, at, |order| order.by_clock(what, at));
        }
    }

    /// The same for every order of a shop, before a search.
    pub(super) fn settle_all(&mut self, shop: &str) {
        let (now, auto_cancel) = (self.now(), self.settings.auto_cancel);
        let due: Vec<String> = self
            .shops
            .get(shop)
            .into_iter()
            .flat_map(|shop| shop.orders.iter())
            .filter(|(_, record)| record.current.next_by_clock(now, auto_cancel).is_some())
            .map(|(id, _)| id.clone())
            .collect();
        for order in due {
            self.settle(shop, &order);
        }
    }

    /// Puts a webhook into the outbox if anybody listens.
    pub(super) fn notify(&mut self, notice: Notification) {
        if self.listener(&notice).is_some() {
            self.outbox.push(notice);
        }
    }
}
