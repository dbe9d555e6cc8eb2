//! Orders and parcels of a store, and what a merchant does with them.

use super::{Kind, ModelStore, Shelf};
use jiff::Timestamp;

/// Where a store keeps the TikTok order id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdField {
    /// The platform's best field: Shopify custom attribute, WooCommerce `tiktok_order_id`, BigCommerce
    /// `external_order_id`, Magento `channel_order_id`, the generic body's own field.
    Main,
    /// The order's note, in a sentence.
    Note,
    /// The order's name or number, with a prefix (BigCommerce has none and uses the customer's message).
    Name,
}

/// A line of a store order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The store's line id.
    pub id: u64,
    /// Stock code.
    pub sku: String,
    /// Units ordered.
    pub quantity: u32,
}

/// A parcel: fulfillment, shipment, or tracking entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The store's id.
    pub id: u64,
    /// One or several numbers; several share carrier and lines.
    pub numbers: Vec<String>,
    /// The store's word for the carrier.
    pub carrier: String,
    /// Line id and units.
    pub lines: Vec<(u64, u32)>,
    /// Taken back.
    pub cancelled: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

/// A store order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreOrder {
    /// The store's id.
    pub id: u64,
    /// What the merchant calls it.
    pub name: String,
    /// The TikTok order id and where it stands; none for an order of the store's own.
    pub tiktok: Vec<(IdField, String)>,
    /// Lines.
    pub items: Vec<Item>,
    /// Parcels, oldest first.
    pub parcels: Vec<Parcel>,
    /// Fields that others wrote into it, by the platform's name: `namespace.key`, `_key`; comments each as `comment`.
    pub fields: Vec<(String, String)>,
    /// When it was cancelled.
    pub cancelled: Option<Timestamp>,
    /// Moved to the bin.
    pub deleted: bool,
    /// When it was placed.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
}

impl StoreOrder {
    /// The TikTok id in a field.
    pub(super) fn id_in(&self, field: IdField) -> Option<&str> {
        self.tiktok.iter().find(|(place, _)| *place == field).map(|(_, id)| id.as_str())
    }

    /// The note, with the id in a sentence.
    pub(super) fn note(&self) -> Option<String> {
        self.id_in(IdField::Note).map(|id| format!("TikTok Shop order {id}"))
    }

    /// Units of a line that are in parcels.
    pub(super) fn shipped(&self, line: u64) -> u32 {
        let live = self.parcels.iter().filter(|parcel| !parcel.cancelled);
        live.flat_map(|parcel| &parcel.lines).filter(|(id, _)| *id == line).map(|(_, quantity)| quantity).sum()
    }

    /// Nothing, a part, or everything is in parcels.
    pub(super) fn progress(&self) -> Progress {
        let open = self.items.iter().any(|item| self.shipped(item.id) < item.quantity);
        let any = self.items.iter().any(|item| self.shipped(item.id) > 0);
        match (any, open) {
            (false, _) => Progress::None,
            (true, true) => Progress::Part,
            (true, false) => Progress::All,
        }
    }

    pub(super) fn item(&self, line: u64) -> Option<&Item> {
        self.items.iter().find(|item| item.id == line)
    }
}

/// How much of an order is in parcels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    None,
    Part,
    All,
}

/// Something that a platform may tell about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    ParcelMade(u64),
    ParcelEdited(u64),
    ParcelCancelled(u64),
    OrderEdited,
    OrderCancelled,
    OrderDeleted,
    Uninstalled,
    Compliance(String),
    /// WooCommerce's greeting of a new webhook.
    Ping(u64),
}

/// What happened, with the order as it was then.
#[derive(Clone, Debug)]
pub(super) struct Happening {
    /// Counts actions: one click of the merchant may cause several deliveries.
    pub action: u64,
    pub at: Timestamp,
    pub what: What,
    pub order: Option<StoreOrder>,
}

impl Shelf {
    pub(super) fn tell(&mut self, what: What, order: Option<u64>) {
        let order = order.and_then(|id| self.orders.get(&id).cloned());
        let happening = Happening { action: self.fresh(), at: self.now(), what, order };
        self.happened.push(happening);
    }

    /// Changes an order and moves its time on.
    fn edit<T>(&mut self, order: u64, edit: impl FnOnce(&mut StoreOrder) -> Option<T>) -> Option<T> {
        let now = self.now();
        let order = self.orders.get_mut(&order).filter(|order| !order.deleted)?;
        let result = edit(order)?;
        order.updated = now;
        Some(result)
    }
}

impl ModelStore {
    /// Starts an order; [`OrderBuilder::place`] puts it into the store.
    #[must_use]
    pub fn order(&self) -> OrderBuilder {
        OrderBuilder { store: self.clone(), tiktok: Vec::new(), lines: Vec::new() }
    }

    /// A copy of an order.
    #[must_use]
    pub fn order_now(&self, order: u64) -> Option<StoreOrder> {
        self.shelf().orders.get(&order).cloned()
    }

    /// Ships lines (stock code and units; empty means everything that is left) under these numbers, and gives the
    /// parcel's id. `None` for an unknown or cancelled order, or when there is nothing to ship.
    pub fn fulfil(&self, order: u64, lines: &[(&str, u32)], numbers: &[&str], carrier: &str) -> Option<u64> {
        let mut shelf = self.shelf();
        let (id, now) = (shelf.fresh(), shelf.now());
        let id = match shelf.kind {
            Kind::Shopify => 5_100_000_000_000 + id,
            _ => id,
        };
        let made = shelf.edit(order, |order| {
            let rest = |item: &Item| (item.id, item.quantity.saturating_sub(order.shipped(item.id)));
            let lines: Vec<(u64, u32)> = if lines.is_empty() {
                order.items.iter().map(rest).filter(|(_, left)| *left > 0).collect()
            } else {
                let find =
                    |(sku, units): &(&str, u32)| order.items.iter().find(|i| i.sku == *sku).map(|i| (i.id, *units));
                lines.iter().filter_map(find).collect()
            };
            if lines.is_empty() || order.cancelled.is_some() {
                return None;
            }
            order.parcels.push(Parcel {
                id,
                numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
                carrier: carrier.to_owned(),
                lines,
                cancelled: false,
                created: now,
                updated: now,
            });
            Some(id)
        })?;
        shelf.tell(What::ParcelMade(made), Some(order));
        Some(made)
    }

    /// Replaces numbers and carrier of a parcel.
    pub fn edit_tracking(&self, order: u64, parcel: u64, numbers: &[&str], carrier: &str) -> bool {
        let numbers = numbers.iter().map(|number| (*number).to_owned()).collect();
        self.change_parcel(order, parcel, What::ParcelEdited(parcel), |parcel| {
            parcel.numbers = numbers;
            carrier.clone_into(&mut parcel.carrier);
        })
    }

    /// Takes a parcel back.
    pub fn cancel_parcel(&self, order: u64, parcel: u64) -> bool {
        self.change_parcel(order, parcel, What::ParcelCancelled(parcel), |parcel| parcel.cancelled = true)
    }

    fn change_parcel(&self, order: u64, parcel: u64, what: What, change: impl FnOnce(&mut Parcel)) -> bool {
        let mut shelf = self.shelf();
        let now = shelf.now();
        let done = shelf.edit(order, |order| {
            let parcel = order.parcels.iter_mut().find(|known| known.id == parcel)?;
            change(parcel);
            parcel.updated = now;
            Some(())
        });
        if done.is_some() {
            shelf.tell(what, Some(order));
        }
        done.is_some()
    }

    /// Cancels an order.
    pub fn cancel(&self, order: u64) -> bool {
        let mut shelf = self.shelf();
        let now = shelf.now();
        let done = shelf.edit(order, |order| {
            order.cancelled = Some(now);
            Some(())
        });
        if done.is_some() {
            shelf.tell(What::OrderCancelled, Some(order));
        }
        done.is_some()
    }

    /// The merchant writes another TikTok order id into a field, or the first one.
    pub fn rename(&self, order: u64, field: IdField, id: &str) -> bool {
        let mut shelf = self.shelf();
        let done = shelf.edit(order, |order| {
            order.tiktok.retain(|(known, _)| *known != field);
            order.tiktok.push((field, id.to_owned()));
            Some(())
        });
        if done.is_some() {
            shelf.tell(What::OrderEdited, Some(order));
        }
        done.is_some()
    }

    /// Saves an order without a visible change.
    pub fn touch(&self, order: u64) -> bool {
        let mut shelf = self.shelf();
        let done = shelf.edit(order, |_| Some(()));
        if done.is_some() {
            shelf.tell(What::OrderEdited, Some(order));
        }
        done.is_some()
    }

    /// Moves an order to the bin.
    pub fn delete(&self, order: u64) -> bool {
        let mut shelf = self.shelf();
        let done = shelf.edit(order, |order| {
            order.deleted = true;
            Some(())
        });
        if done.is_some() {
            shelf.tell(What::OrderDeleted, Some(order));
        }
        done.is_some()
    }

    /// The merchant removes the app: its subscriptions go, once the goodbye is sent.
    pub fn uninstall(&self) {
        self.shelf().tell(What::Uninstalled, None);
    }

    /// A privacy request, for example `customers/redact`.
    pub fn compliance(&self, topic: &str) {
        self.shelf().tell(What::Compliance(topic.to_owned()), None);
    }
}

/// A store order in the making.
#[derive(Debug)]
pub struct OrderBuilder {
    store: ModelStore,
    tiktok: Vec<(IdField, String)>,
    lines: Vec<(String, u32)>,
}

impl OrderBuilder {
    /// Adds a line.
    #[must_use]
    pub fn line(mut self, sku: &str, quantity: u32) -> Self {
        self.lines.push((sku.to_owned(), quantity));
        self
    }

    /// It came from TikTok Shop; more than one id makes it ambiguous.
    #[must_use]
    pub fn tiktok(mut self, field: IdField, id: &str) -> Self {
        self.tiktok.push((field, id.to_owned()));
        self
    }

    /// Places the order and gives its id.
    pub fn place(self) -> u64 {
        let mut shelf = self.store.shelf();
        let now = shelf.now();
        let number = 1000 + shelf.fresh();
        let id = match shelf.kind {
            Kind::Shopify => 5_900_000_000_000 + number,
            _ => number,
        };
        let plain = match shelf.kind {
            Kind::Shopify => format!("#{number}"),
            Kind::Magento(_) => format!("10000{number:05}"),
            Kind::Generic => format!("SO-{number}"),
            Kind::WooCommerce(_) | Kind::BigCommerce => number.to_string(),
        };
        let named = self.tiktok.iter().find(|(field, _)| *field == IdField::Name);
        let name = named.map_or(plain, |(_, id)| format!("TT-{id}"));
        let items = self.lines.into_iter().map(|(sku, quantity)| Item { id: shelf.fresh(), sku, quantity }).collect();
        let order = StoreOrder {
            id,
            name,
            tiktok: self.tiktok,
            items,
            parcels: Vec::new(),
            fields: Vec::new(),
            cancelled: None,
            deleted: false,
            created: now,
            updated: now,
        };
        shelf.orders.insert(id, order);
        shelf.tell(What::OrderEdited, Some(id));
        id
    }
}
