//! From the entries of all plug-ins to the parcels of an order, each once.

use super::order::{LineItem, OrderBody};
use super::trackings::units;
use super::value::field;
use crate::domain::fulfilment::{Shipment, ShipmentStatus, StoreLine, StoreParcel, Version};
use crate::domain::ids::ShipmentId;
use crate::domain::numbers::numbers_in;
use crate::stores::json::Quantity;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// One tracking entry of one plug-in.
pub(super) struct Entry {
    /// Which plug-in wrote it; begins the shipment's id.
    pub(super) source: &'static str,
    /// The plug-in's own id of the entry.
    pub(super) id: Option<String>,
    /// Number fields and the carrier of each. A field may hold several numbers.
    pub(super) fields: Vec<(String, Option<String>)>,
    pub(super) lines: Vec<Line>,
}

/// Units of one order line in a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Line {
    /// Where the line stands in the order; `None`: it is not there (any more).
    pub(super) at: Option<usize>,
    pub(super) sku: String,
    pub(super) quantity: u32,
    /// Part of a unit was made whole.
    pub(super) part: bool,
}

/// The order's lines, found by what plug-ins call them.
#[derive(Default)]
pub(super) struct Lines<'a> {
    lines: &'a [LineItem],
    by_id: HashMap<&'a str, usize>,
    by_product: HashMap<&'a str, usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(order: &'a OrderBody) -> Self {
        let lines = &order.line_items.0;
        let (mut by_id, mut by_product) = (HashMap::new(), HashMap::new());
        for (at, line) in lines.iter().enumerate() {
            line.id.get().map(|id| by_id.entry(id).or_insert(at));
            for product in [line.variation_id.get(), line.product_id.get()].into_iter().flatten() {
                by_product.entry(product).or_insert(at);
            }
        }
        Self { lines, by_id, by_product }
    }

    /// All units of a line of this order.
    pub(super) fn whole(&self, line: &LineItem) -> Line {
        let at = line.id.get().and_then(|id| self.by_id.get(id)).copied();
        Line { at, sku: line.sku.or_empty().to_owned(), quantity: line.quantity.0, part: line.quantity.1 }
    }

    /// All units of the line with this id.
    pub(super) fn by_id(&self, id: &str) -> Option<Line> {
        self.by_id.get(id).and_then(|at| self.lines.get(*at)).map(|line| self.whole(line))
    }

    /// A line of a parcel, by the id of the order line, else by the product. A line that cannot be found keeps its quantity
    /// with an empty stock code: to leave it out would say that the parcel holds less than it does.
    pub(super) fn named(
        &self,
        item: &Value,
        line_keys: &[&str],
        quantity_keys: &[&str],
        product_keys: &[&str],
    ) -> Option<Line> {
        let Quantity(quantity, part) = units(item, quantity_keys)?;
        let by_id = field(item, line_keys).and_then(|id| self.by_id.get(id.as_str()).copied());
        let at = by_id.or_else(|| self.by_product.get(field(item, product_keys)?.as_str()).copied());
        let sku = at.and_then(|at| self.lines.get(at)).map(|line| line.sku.or_empty().to_owned());
        Some(Line { at, sku: sku.unwrap_or_default(), quantity, part })
    }

    /// Lines as the parcel's contents: each order line once, and no more units of it than were ordered.
    fn contents(&self, lines: Vec<Line>) -> Vec<StoreLine> {
        let mut contents: Vec<StoreLine> = Vec::new();
        let mut places: HashMap<usize, usize> = HashMap::new();
        for line in lines {
            let Some(at) = line.at else {
                contents.push(StoreLine { part: line.part, ..StoreLine::new(line.sku, line.quantity) });
                continue;
            };
            let ordered = self.lines.get(at).map(|line| line.quantity.0).filter(|n| *n > 0).unwrap_or(u32::MAX);
            match places.get(&at).and_then(|place| contents.get_mut(*place)) {
                Some(known) => {
                    known.quantity = known.quantity.saturating_add(line.quantity).min(ordered);
                    known.part |= line.part;
                }
                None => {
                    places.insert(at, contents.len());
                    let quantity = line.quantity.min(ordered);
                    contents.push(StoreLine { part: line.part, ..StoreLine::new(line.sku, quantity) });
                }
            }
        }
        contents
    }
}

/// A shipment in the making.
struct Built {
    source: &'static str,
    id: Option<String>,
    parcels: Vec<StoreParcel>,
    lines: Vec<Line>,
    /// What was added already: a plug-in that writes the same entry again sends no second parcel.
    added: HashSet<Vec<Line>>,
}

pub(super) fn merged(entries: Vec<Entry>, lines: &Lines<'_>, version: Version) -> Vec<Shipment> {
    let mut built: Vec<Built> = Vec::new();
    // Which shipment holds a number.
    let mut holders: HashMap<String, usize> = HashMap::new();
    for entry in entries {
        let mut fresh: Vec<StoreParcel> = Vec::new();
        let mut own = HashSet::new();
        for (text, carrier) in &entry.fields {
            for number in numbers_in(text) {
                let key = number.key();
                if !own.insert(key.clone()) {
                    continue;
                }
                let Some(known) = holders.get(&key).and_then(|at| built.get_mut(*at)) else {
                    fresh.push(StoreParcel { number, carrier: carrier.clone() });
                    continue;
                };
                let Some(at) = known.parcels.iter().position(|parcel| parcel.number.key() == key) else { continue };
                if known.lines.is_empty() && !entry.lines.is_empty() {
                    let old = known.parcels.remove(at);
                    fresh.push(StoreParcel { number, carrier: carrier.clone().or(old.carrier) });
                    continue;
                }
                if known.source == entry.source && known.parcels.len() == 1 && known.added.insert(entry.lines.clone()) {
                    known.lines.extend(entry.lines.iter().cloned());
                }
                if let Some(parcel) = known.parcels.get_mut(at) {
                    parcel.carrier = parcel.carrier.take().or_else(|| carrier.clone());
                }
            }
        }
        if fresh.is_empty() {
            continue;
        }
        holders.extend(fresh.iter().map(|parcel| (parcel.number.key(), built.len())));
        let added = HashSet::from([entry.lines.clone()]);
        built.push(Built { source: entry.source, id: entry.id, parcels: fresh, lines: entry.lines, added });
    }
    let mut ids: HashSet<ShipmentId> = HashSet::new();
    let mut shipments = Vec::new();
    for Built { source, id, parcels, lines: inside, .. } in built {
        let Some(first) = parcels.first() else { continue };
        let number = first.number.key();
        let mut id = format!("{source}:{}", id.as_deref().unwrap_or(&number));
        if ShipmentId::parse(&id).is_ok_and(|id| ids.contains(&id)) {
            id = format!("{id}:{number}");
        }
        let head = |length| number.chars().take(length).collect::<String>();
        let Ok(id) = ShipmentId::parse(&id)
            .or_else(|_| ShipmentId::parse(format!("{source}:{}~{:08x}", head(40), crc32fast::hash(id.as_bytes()))))
        else {
            continue;
        };
        ids.insert(id.clone());
        let lines = lines.contents(inside);
        shipments.push(Shipment { id, version, status: ShipmentStatus::Shipped, parcels, lines });
    }
    shipments
}
