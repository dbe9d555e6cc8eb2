//! Setting the scene: shops, authorisations, orders.

use super::ModelTikTok;
use super::calls::Call;
use super::details::Details;
use super::order::{Line, Order, Package, PackageStatus, Record, Status};
use super::providers;
use super::ship::BY_ORDER;
use super::state::{App, Shop};
use super::webhooks::Notification;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use waybill::domain::region::AppRegion;

/// How long the buyer may cancel freely.
const HOLD: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn default_apps() -> Vec<App> {
    let app = |region: AppRegion| App {
        region,
        key: format!("model{region}key"),
        secret: format!("model-{region}-app-secret-4c29a1f3"),
        service_id: format!("7400000000000000{}", if region == AppRegion::Us { "001" } else { "002" }),
        redirect: format!("http://127.0.0.1/connect/tiktok/{region}/callback"),
        webhook_url: String::new(),
    };
    AppRegion::ALL.map(app).to_vec()
}

/// What a new shop is like.
#[derive(Clone, Debug)]
pub struct ShopSpec {
    /// TikTok's shop id.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Two-letter market.
    pub region: String,
    /// Whose shop it is; sellers with several shops give one authorisation for all of them.
    pub seller: String,
    /// Whether the shop has the Seller Shipping option.
    pub seller_shipping: bool,
    /// Whether the shop sells across a border.
    pub cross_border: bool,
}

impl ShopSpec {
    /// A shop with Seller Shipping, of a seller of its own.
    #[must_use]
    pub fn new(id: &str, region: &str) -> Self {
        Self {
            id: id.into(),
            name: format!("Model shop {id}"),
            region: region.into(),
            seller: format!("Seller {id}"),
            seller_shipping: true,
            cross_border: false,
        }
    }
}

/// The answer to a consent or a refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The authorising user.
    pub open_id: String,
    /// For the header `x-tts-access-token`.
    pub access_token: String,
    /// Its end.
    pub access_until: Timestamp,
    /// For the next access token.
    pub refresh_token: String,
    /// Its end, which is the end of the authorisation.
    pub refresh_until: Timestamp,
    /// Display name.
    pub seller_name: String,
    /// Two-letter region.
    pub base_region: String,
    /// 0 seller, 1 creator, 3 partner.
    pub user_type: i64,
    /// Granted scopes.
    pub scopes: Vec<String>,
}

impl Tokens {
    /// TikTok's whole token answer, as `waybill shop add` reads it.
    #[must_use]
    pub fn answer(&self) -> Value {
        json!({"code": 0, "message": "success", "request_id": "20261121185500010203040506070809AB", "data": self.data()})
    }
}

impl ModelTikTok {
    /// The app of a region, with its credentials.
    ///
    /// # Panics
    /// Never: both apps exist from the start and cannot be removed.
    #[must_use]
    pub fn app(&self, region: AppRegion) -> App {
        let found = self.state().app_of(region).cloned();
        found.unwrap_or_else(|| default_apps().swap_remove(usize::from(region == AppRegion::Row)))
    }

    /// Changes an app: its secret, its redirect address, where its webhooks go.
    pub fn configure_app(&self, region: AppRegion, edit: impl FnOnce(&mut App)) {
        if let Some(app) = self.state().apps.iter_mut().find(|app| app.region == region) {
            edit(app);
        }
    }

    /// Opens a shop. It answers nobody before a seller has authorised an app for it.
    pub fn add_shop(&self, spec: ShopSpec) {
        let mut state = self.state();
        let warehouse = state.fresh_id("7000");
        let seller_option = state.fresh_id("7091");
        let tiktok_option = state.fresh_id("7092");
        let app = if spec.region == "US" { AppRegion::Us } else { AppRegion::Row };
        let family = if app == AppRegion::Us { "TTP" } else { "ROW" };
        // Holds `-`, `_` and padding, which must survive signing and encoding.
        let cipher = format!("{family}_{}-_{}==", state.chance.hex(1), spec.id);
        let shop = Shop {
            id: spec.id.clone(),
            name: spec.name,
            cipher,
            app,
            seller: spec.seller,
            seller_type: if spec.cross_border { "CROSS_BORDER" } else { "LOCAL" },
            active: true,
            seller_active: true,
            by_order: BY_ORDER.contains(&spec.region.as_str()),
            more_warehouses: Vec::new(),
            lists: BTreeMap::new(),
            empty_lists: 0,
            images: BTreeMap::new(),
            warehouse,
            seller_option: Some(seller_option).filter(|_| spec.seller_shipping),
            tiktok_option,
            providers: providers::of_region(&spec.region),
            region: spec.region,
            orders: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            reads: VecDeque::new(),
            writes: VecDeque::new(),
        };
        state.shops.insert(spec.id, shop);
    }

    /// Authorises the app for these shops of one seller, as if the seller had consented just now.
    /// `None` when there is no such shop.
    #[must_use]
    pub fn authorise(&self, shops: &[&str]) -> Option<Tokens> {
        let mut state = self.state();
        let ids: Vec<String> = shops.iter().map(|id| (*id).to_owned()).collect();
        let app = state.shops.get(ids.first()?)?.app;
        let open_id = state.authorise(app, &ids)?;
        state.issue(&open_id, true)
    }

    /// A shop's cipher, empty for an unknown shop.
    #[must_use]
    pub fn cipher(&self, shop: &str) -> String {
        self.state().shops.get(shop).map(|shop| shop.cipher.clone()).unwrap_or_default()
    }

    /// A shop's warehouse and Seller Shipping option.
    #[must_use]
    pub fn warehouse(&self, shop: &str) -> Option<(String, Option<String>)> {
        let state = self.state();
        state.shops.get(shop).map(|shop| (shop.warehouse.clone(), shop.seller_option.clone()))
    }

    /// Starts an order; [`OrderBuilder::place`] puts it into the shop.
    #[must_use]
    pub fn order(&self, shop: &str, id: &str) -> OrderBuilder {
        OrderBuilder {
            model: self.clone(),
            shop: shop.into(),
            id: id.into(),
            lines: Vec::new(),
            status: Status::AwaitingShipment,
            edit: Vec::new(),
        }
    }

    /// How often a call was received.
    #[must_use]
    pub fn calls(&self, call: Call) -> usize {
        self.with_journal(|journal| journal.count(call))
    }
}

type Edit = Box<dyn FnOnce(&mut Order) + Send>;

/// An order in the making.
pub struct OrderBuilder {
    model: ModelTikTok,
    shop: String,
    id: String,
    lines: Vec<(String, u32)>,
    status: Status,
    edit: Vec<Edit>,
}

impl OrderBuilder {
    /// Adds units of a stock code: TikTok makes one line item of each.
    #[must_use]
    pub fn line(mut self, sku: &str, quantity: u32) -> Self {
        self.lines.push((sku.into(), quantity));
        self
    }

    /// Adds several stock codes.
    #[must_use]
    pub fn lines(mut self, lines: &[(&str, u32)]) -> Self {
        self.lines.extend(lines.iter().map(|(sku, quantity)| ((*sku).to_owned(), *quantity)));
        self
    }

    /// The status it starts in. ON_HOLD ends by itself after an hour.
    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        self.status = status;
        self
    }

    /// Orders of one recipient group may share a number where the market combines them.
    #[must_use]
    pub fn recipient(self, group: &str) -> Self {
        let group = group.to_owned();
        self.with(move |order| order.recipient = Some(group))
    }

    /// The buyer's two-letter region; the shop's market when not said.
    #[must_use]
    pub fn buyer_region(self, region: &str) -> Self {
        let region = region.to_owned();
        self.with(move |order| order.buyer_region = region)
    }

    /// Shipped by TikTok, so not ours.
    #[must_use]
    pub fn shipped_by_tiktok(self) -> Self {
        self.with(|order| order.shipping_type = "TIKTOK".into())
    }

    /// Fulfilled by TikTok from its warehouses, so not ours.
    #[must_use]
    pub fn fulfilled_by_tiktok(self) -> Self {
        self.with(|order| order.fulfillment_type = "FULFILLMENT_BY_TIKTOK".into())
    }

    /// Any other change before it is placed.
    #[must_use]
    pub fn with(mut self, edit: impl FnOnce(&mut Order) + Send + 'static) -> Self {
        self.edit.push(Box::new(edit));
        self
    }

    /// Places the order and gives its line item ids, in the order in which the lines were added.
    /// An unknown shop takes no order and gives no ids.
    pub fn place(self) -> Vec<String> {
        let mut state = self.model.state();
        let now = state.now();
        let mut lines = Vec::new();
        for (sku, quantity) in &self.lines {
            let sku_id = state.fresh_id("1729");
            for _ in 0..*quantity {
                let id = state.fresh_id("5770");
                lines.push(Line {
                    id,
                    sku: sku.clone(),
                    sku_id: sku_id.clone(),
                    cancelled: false,
                    gift: false,
                    pieces: Vec::new(),
                });
            }
        }
        let ids: Vec<String> = lines.iter().map(|line| line.id.clone()).collect();
        let package = state.fresh_id("1153");
        let Some(shop) = state.shops.get_mut(&self.shop) else {
            return Vec::new();
        };
        let mut order = Order {
            id: self.id.clone(),
            status: self.status,
            lines,
            packages: Vec::new(),
            shipping_type: "SELLER".into(),
            fulfillment_type: "FULFILLMENT_BY_SELLER".into(),
            delivery_option: shop.seller_option.clone().unwrap_or_else(|| shop.tiktok_option.clone()),
            delivery_option_name: "Shipped by seller".into(),
            warehouse: shop.warehouse.clone(),
            buyer_region: shop.region.clone(),
            recipient: None,
            created: now,
            updated: now,
            hold_until: (self.status == Status::OnHold).then(|| now.checked_add(HOLD).unwrap_or(now)),
            cancel_requested: None,
            times: [None; 4],
            cancelled_by: (self.status == Status::Cancelled).then(|| "BUYER".into()),
            sample: false,
            needs_invoice: false,
            address_changed: false,
            forbidden: None,
            events: Vec::new(),
            event_codes: BTreeMap::new(),
            details: Details::default(),
            external: Vec::new(),
        };
        // Outside the US a package is there from payment on.
        let planned = shop.region != "US" && self.status != Status::Unpaid;
        if planned {
            order.packages.push(Package {
                id: package.clone(),
                lines: ids.clone(),
                number: None,
                provider: None,
                provider_name: String::new(),
                status: PackageStatus::ToFulfill,
                created: now,
                updated: now,
                shipped: None,
                edits: 0,
            });
        }
        for edit in self.edit {
            edit(&mut order);
        }
        if order.shipping_type != "SELLER" {
            order.delivery_option.clone_from(&shop.tiktok_option);
            order.delivery_option_name = "Standard Shipping".into();
        }
        let notice = Notification::order_status(&self.shop, &order, now);
        shop.orders.insert(self.id.clone(), Record::new(order));
        if planned {
            state.packages.insert(package, (self.shop.clone(), self.id));
        }
        state.notify(notice);
        ids
    }
}
