//! Where WooCommerce's plug-ins keep trackings. Every reader takes any JSON and gives what it understands.

use super::order::{LineItem, Meta, OrderBody};
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Shipment, ShipmentStatus, StoreLine, StoreParcel, Version};
use crate::domain::ids::ShipmentId;
use crate::stores::json::Quantity;
use crate::stores::numbers_in;
use serde_json::Value;

/// More entries than an order has parcels; bounds the work of a broken list.
const MOST_ENTRIES: usize = 500;

/// One tracking entry of one plug-in.
struct Entry {
    /// Which plug-in wrote it; begins the shipment's id.
    source: &'static str,
    /// The plug-in's own id of the entry.
    id: Option<String>,
    /// Number fields and the carrier of each. A field may hold several numbers.
    fields: Vec<(String, Option<String>)>,
    lines: Vec<StoreLine>,
}

/// Every parcel of the order, each once. Two plug-ins may hold the same one: the entry that names items wins.
pub(super) fn shipments(order: &OrderBody, settings: &StoreSettings, version: Version) -> Vec<Shipment> {
    let mut entries = Vec::new();
    for meta in &order.meta_data.0 {
        match meta.key.or_empty() {
            // The official plug-in and zorem's AST share the key.
            "_wc_shipment_tracking_items" => {
                entries.extend(elements(&meta.value).iter().filter_map(|e| official(e, order)))
            }
            "_aftership_tracking_items" => {
                entries.extend(elements(&meta.value).iter().filter_map(|e| aftership(e, order)))
            }
            "_aftership_fulfillments" => {
                entries.extend(elements(&meta.value).iter().filter_map(|e| aftership_fulfillment(e, order)));
            }
            "_aftership_tracking_number" => {
                entries.extend(plain("aftership", &meta.value, order, "_aftership_tracking_provider_name"));
            }
            "_ost_tracking_items" => entries.extend(elements(&meta.value).iter().filter_map(pluginhive)),
            "ywot_tracking_code" => entries.extend(plain("ywot", &meta.value, order, "ywot_carrier_name")),
            key => {
                let (own, carrier) = own_field(settings);
                if !key.is_empty() && own == Some(key) {
                    entries.extend(own_entries(&meta.value, order, carrier));
                }
            }
        }
    }
    entries.extend(order.line_items.0.iter().filter_map(villatheme));
    merged(entries, version)
}

/// The key that a person set, and after a `|` the key of the carrier's name.
fn own_field(settings: &StoreSettings) -> (Option<&str>, &str) {
    match settings.tracking_field.as_deref().map(|field| field.split_once('|').unwrap_or((field, ""))) {
        Some((number, carrier)) => (Some(number.trim()), carrier.trim()),
        None => (None, ""),
    }
}

fn official(entry: &Value, order: &OrderBody) -> Option<Entry> {
    Some(Entry {
        source: "wst",
        id: field(entry, &["tracking_id"]),
        fields: vec![(
            field(entry, &["tracking_number"])?,
            field(entry, &["custom_tracking_provider", "tracking_provider"]),
        )],
        // AST Pro only.
        lines: elements(entry.get("products_list").unwrap_or(&Value::Null))
            .iter()
            .filter_map(|item| named_line(item, &["item_id"], &["qty", "quantity"], &["product", "product_id"], order))
            .collect(),
    })
}

fn aftership(entry: &Value, order: &OrderBody) -> Option<Entry> {
    Some(Entry {
        source: "aftership",
        id: field(entry, &["tracking_id"]),
        fields: vec![(field(entry, &["tracking_number"])?, field(entry, &["slug"]))],
        lines: aftership_lines(entry.get("line_items"), order),
    })
}

/// The trackings of one fulfillment share its items; which number took which is not said.
fn aftership_fulfillment(entry: &Value, order: &OrderBody) -> Option<Entry> {
    let trackings = elements(entry.get("trackings").unwrap_or(&Value::Null));
    let fields: Vec<(String, Option<String>)> = trackings
        .iter()
        .filter_map(|one| Some((field(one, &["tracking_number"])?, field(one, &["slug", "courier_name"]))))
        .collect();
    let first = trackings.first().filter(|_| !fields.is_empty())?;
    Some(Entry {
        // Not the name of the older list: it is a copy, and its items must not be counted twice.
        source: "aftership-fulfillment",
        id: field(entry, &["id"]).or_else(|| field(first, &["tracking_id", "id"])),
        fields,
        lines: aftership_lines(entry.get("items").or_else(|| entry.get("line_items")), order),
    })
}

fn aftership_lines(items: Option<&Value>, order: &OrderBody) -> Vec<StoreLine> {
    elements(items.unwrap_or(&Value::Null))
        .iter()
        .filter_map(|item| named_line(item, &["id", "item_id"], &["quantity", "qty"], &[], order))
        .collect()
}

fn pluginhive(entry: &Value) -> Option<Entry> {
    Some(Entry {
        source: "ost",
        id: None,
        fields: vec![(field(entry, &["tracking_number"])?, field(entry, &["carrier_name", "carrier_id"]))],
        lines: Vec::new(),
    })
}

/// VillaTheme keeps, for each order line, JSON text with the history of its tracking; the last element is current.
fn villatheme(line: &LineItem) -> Option<Entry> {
    let meta = line.meta_data.0.iter().find(|meta| meta.key.get() == Some("_vi_wot_order_item_tracking_data"))?;
    let history = elements(&meta.value);
    let current = history.last()?;
    Some(Entry {
        source: "vi",
        id: None,
        fields: vec![(field(current, &["tracking_number"])?, field(current, &["carrier_name", "carrier_slug"]))],
        lines: vec![StoreLine { sku: line.sku.or_empty().to_owned(), quantity: line.quantity.0 }],
    })
}

/// A meta entry that is the number itself, with the carrier's name in another one.
fn plain(source: &'static str, value: &Value, order: &OrderBody, carrier_key: &str) -> Option<Entry> {
    let carrier = order.meta_data.0.iter().find(|meta| meta.key.get() == Some(carrier_key));
    Some(Entry {
        source,
        id: None,
        fields: vec![(text(value)?, carrier.and_then(|Meta { value, .. }| text(value)))],
        lines: Vec::new(),
    })
}

/// The key that a person set: a number, a list of numbers, or a list of objects that hold one.
fn own_entries(value: &Value, order: &OrderBody, carrier_key: &str) -> Vec<Entry> {
    let is_json = text(value).is_some_and(|text| text.starts_with(['[', '{']));
    if let Some(entry) = plain("field", value, order, carrier_key).filter(|_| !is_json) {
        return vec![entry];
    }
    let object = |entry: &Value| {
        Some(Entry {
            source: "field",
            id: field(entry, &["tracking_id", "id"]),
            fields: vec![(
                field(entry, &["tracking_number", "tracking_code", "number", "code", "tracking"])?,
                field(entry, &["carrier_name", "carrier", "provider", "tracking_provider", "company", "slug"]),
            )],
            lines: Vec::new(),
        })
    };
    elements(value)
        .iter()
        .filter_map(|entry| plain("field", entry, order, carrier_key).or_else(|| object(entry)))
        .collect()
}

fn merged(entries: Vec<Entry>, version: Version) -> Vec<Shipment> {
    let mut shipments: Vec<(&'static str, Shipment)> = Vec::new();
    for entry in entries.into_iter().take(MOST_ENTRIES) {
        let mut parcels: Vec<StoreParcel> = Vec::new();
        let numbers = entry.fields.iter().flat_map(|(text, carrier)| numbers_in(text).map(move |one| (one, carrier)));
        for (number, carrier) in numbers {
            let key = number.key();
            if parcels.iter().any(|parcel| parcel.number.key() == key) {
                continue;
            }
            let holder = shipments.iter_mut().find_map(|(source, shipment)| {
                let at = shipment.parcels.iter().position(|parcel| parcel.number.key() == key)?;
                Some((*source, shipment, at))
            });
            let Some((source, known, at)) = holder else {
                parcels.push(StoreParcel { number, carrier: carrier.clone() });
                continue;
            };
            if known.lines.is_empty() && !entry.lines.is_empty() {
                let old = known.parcels.remove(at);
                parcels.push(StoreParcel { number, carrier: carrier.clone().or(old.carrier) });
                continue;
            }
            if source == entry.source && known.parcels.len() == 1 {
                known.lines.extend(entry.lines.iter().cloned());
            }
            if let Some(parcel) = known.parcels.get_mut(at) {
                parcel.carrier = parcel.carrier.take().or_else(|| carrier.clone());
            }
        }
        shipments.retain(|(_, shipment)| !shipment.parcels.is_empty());
        let Some(first) = parcels.first() else { continue };
        let id = entry.id.unwrap_or_else(|| first.number.key());
        let mut id = format!("{}:{id}", entry.source);
        if shipments.iter().any(|(_, shipment)| shipment.id.as_str() == id) {
            id = format!("{id}:{}", first.number.key());
        }
        let Ok(id) = ShipmentId::parse(&id).or_else(|_| ShipmentId::parse(format!("{}:?", entry.source))) else {
            continue;
        };
        let status = ShipmentStatus::Shipped;
        shipments.push((entry.source, Shipment { id, version, status, parcels, lines: entry.lines }));
    }
    shipments.into_iter().map(|(_, shipment)| shipment).collect()
}

/// A line of a parcel, by the id of the order line, else by the product. A line that cannot be found keeps its quantity
/// with an empty stock code: to leave it out would say that the parcel holds less than it does.
fn named_line(
    item: &Value,
    line_keys: &[&str],
    quantity_keys: &[&str],
    product_keys: &[&str],
    order: &OrderBody,
) -> Option<StoreLine> {
    let quantity = quantity_keys.iter().find_map(|key| quantity(item.get(*key)?)).filter(|quantity| *quantity > 0)?;
    let line_id = field(item, line_keys);
    let product = field(item, product_keys);
    let lines = &order.line_items.0;
    let line = lines.iter().find(|line| line_id.is_some() && line.id.get() == line_id.as_deref()).or_else(|| {
        lines.iter().find(|line| {
            product.is_some() && [line.variation_id.get(), line.product_id.get()].contains(&product.as_deref())
        })
    });
    Some(StoreLine { sku: line.map(|line| line.sku.or_empty().to_owned()).unwrap_or_default(), quantity })
}

pub(super) fn quantity(value: &Value) -> Option<u32> {
    serde_json::from_value::<Quantity>(value.clone()).ok().map(|quantity| quantity.0)
}

/// The first of these fields that holds text.
pub(super) fn field(entry: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(entry.get(*name)?))
}

/// Text or an exact whole number; trimmed; never empty.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

/// The elements of a list, of an object that stands for a list, or of JSON text that holds one. An object that is itself
/// an entry is its only element.
pub(super) fn elements(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Object(entries) if entries.values().any(|v| v.is_object() || v.is_array()) && !is_entry(entries) => {
            // Sorted as text, "10" would come before "2", and VillaTheme's last entry is the one that counts.
            let mut entries: Vec<(&String, &Value)> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| key.parse::<u64>().unwrap_or(u64::MAX));
            entries.into_iter().map(|(_, value)| value.clone()).collect()
        }
        Value::Object(entries) if entries.is_empty() => Vec::new(),
        Value::Object(_) => vec![value.clone()],
        Value::String(text) if text.trim_start().starts_with(['[', '{']) => serde_json::from_str::<Value>(text)
            .ok()
            .filter(|inner| !inner.is_string())
            .map(|v| elements(&v))
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn is_entry(entries: &serde_json::Map<String, Value>) -> bool {
    ["tracking_number", "trackings", "item_id", "tracking_code"].iter().any(|key| entries.contains_key(*key))
}
