//! Where WooCommerce's plug-ins keep trackings. Every reader takes any JSON and gives what it understands.
//!
//! Source: the plug-ins' own code, and public readers of their meta; see the arms of [`shipments`].

use super::merge::{Entry, Line, Lines, merged};
use super::order::{LineItem, Meta, OrderBody};
use super::own_field;
use super::value::{elements, field, in_order, is_set, quantity, text, unfolded};
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Shipment, Version};
use crate::stores::json::Quantity;
use serde_json::Value;

/// Every parcel of the order, each once. Two plug-ins may hold the same one: the entry that names items wins.
pub(super) fn shipments(order: &OrderBody, settings: &StoreSettings, version: Version) -> Vec<Shipment> {
    let lines = Lines::of(order);
    let own = own_field::Keys::of(settings);
    let mut entries = Vec::new();
    for meta in &order.meta_data.0 {
        let value = &meta.value;
        match meta.key.or_empty() {
            // The official plug-in and zorem's AST share the key.
            "_wc_shipment_tracking_items" => {
                entries.extend(elements(value).iter().filter_map(|e| official(e, &lines)));
            }
            "_aftership_tracking_items" => entries.extend(elements(value).iter().filter_map(|e| aftership(e, &lines))),
            "_aftership_fulfillments" => {
                entries.extend(elements(value).iter().filter_map(|e| aftership_fulfillment(e, &lines)));
            }
            "_aftership_tracking_number" => {
                entries.extend(plain("aftership", value, order, &["_aftership_tracking_provider_name"]));
            }
            // WooCommerce Shipping, and the plug-in before it.
            "wcshipping_labels" | "wc_connect_labels" => entries.extend(elements(value).iter().filter_map(label)),
            "_ost_tracking_items" => entries.extend(elements(value).iter().filter_map(pluginhive)),
            "wf_wc_shipment_source" => entries.extend(pluginhive_source(value)),
            // YITH: the free edition writes the carrier's name, the premium one its id.
            "ywot_tracking_code" => {
                entries.extend(plain("ywot", value, order, &["ywot_carrier_name", "ywot_carrier_id"]))
            }
            "_wot_tracking_number" => entries.extend(plain("vi", value, order, &["_wot_tracking_carrier"])),
            "_ppcp_paypal_tracking_info_meta_name" => entries.extend(paypal(value, &lines)),
            // ShipStation's fallback, Metakocka, Shipment Tracking before 1.4.
            "_tracking_number" | "tracking_number" if !own.is(meta) => {
                const CARRIERS: [&str; 4] = [
                    "_custom_tracking_provider",
                    "custom_tracking_provider",
                    "_tracking_provider",
                    "tracking_provider",
                ];
                entries.extend(own_field::entries("plain", value, first_meta(&order.meta_data.0, &CARRIERS), &[]));
            }
            _ if own.is(meta) => entries.extend(own.of_order(meta, order)),
            _ => {}
        }
    }
    for line in &order.line_items.0 {
        let whole = lines.whole(line);
        entries.extend(villatheme(line, &whole));
        entries.extend(own.of_line(line, order, &whole));
    }
    merged(entries, &lines, version)
}

fn official(entry: &Value, lines: &Lines<'_>) -> Option<Entry> {
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
            .filter_map(|item| lines.named(item, &["item_id"], &["qty", "quantity"], &["product", "product_id"]))
            .collect(),
    })
}

fn aftership(entry: &Value, lines: &Lines<'_>) -> Option<Entry> {
    Some(Entry {
        source: "aftership",
        id: field(entry, &["tracking_id"]),
        fields: vec![(field(entry, &["tracking_number"])?, field(entry, &["slug"]))],
        lines: aftership_lines(entry.get("line_items"), lines),
    })
}

/// The trackings of one fulfillment share its items; which number took which is not said.
fn aftership_fulfillment(entry: &Value, lines: &Lines<'_>) -> Option<Entry> {
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
        lines: aftership_lines(entry.get("items").or_else(|| entry.get("line_items")), lines),
    })
}

fn aftership_lines(items: Option<&Value>, lines: &Lines<'_>) -> Vec<Line> {
    elements(items.unwrap_or(&Value::Null))
        .iter()
        .filter_map(|item| lines.named(item, &["id", "item_id"], &["quantity", "qty"], &[]))
        .collect()
}

/// A label of WooCommerce Shipping. One that was refunded or failed is kept in the list; a return label goes the other way.
/// How many of its products are inside is not said.
fn label(entry: &Value) -> Option<Entry> {
    let failed = field(entry, &["status"]).is_some_and(|status| {
        let status = status.to_ascii_uppercase();
        ["ERROR", "FAIL", "REFUND", "VOID", "CANCEL"].iter().any(|word| status.contains(word))
    });
    if failed || ["refund", "error", "is_return"].iter().any(|key| is_set(entry.get(key))) {
        return None;
    }
    Some(Entry {
        source: "wcs",
        id: field(entry, &["label_id"]),
        fields: vec![(field(entry, &["tracking", "tracking_number"])?, field(entry, &["carrier_id", "service_name"]))],
        lines: Vec::new(),
    })
}

fn pluginhive(entry: &Value) -> Option<Entry> {
    Some(Entry {
        source: "ost",
        id: None,
        fields: vec![(field(entry, &["tracking_number"])?, field(entry, &["carrier_name", "carrier_id"]))],
        lines: Vec::new(),
    })
}

/// One object with the numbers joined by commas; `wf_wc_shipment_result` only repeats them.
fn pluginhive_source(value: &Value) -> Option<Entry> {
    let value = unfolded(value);
    Some(Entry {
        source: "wf",
        id: None,
        fields: vec![(field(&value, &["shipment_id_cs"])?, field(&value, &["shipping_service"]))],
        lines: Vec::new(),
    })
}

/// PayPal Payments: each number with the ids of the order lines that it carries, whole lines. It keeps no carrier.
fn paypal(value: &Value, lines: &Lines<'_>) -> Vec<Entry> {
    let value = unfolded(value);
    let entry = |(number, ids): (&String, &Value)| Entry {
        source: "ppcp",
        id: None,
        fields: vec![(number.clone(), None)],
        lines: match ids {
            Value::Array(ids) => ids.iter().filter_map(|id| lines.by_id(&text(id)?)).collect(),
            _ => Vec::new(),
        },
    };
    // A list that starts at zero is PHP's empty map, or holds no numbers.
    value.as_object().into_iter().flat_map(in_order).map(entry).collect()
}

/// VillaTheme keeps, for each order line, JSON text with the history of its tracking; the last element is current. With
/// "track per quantity" that is the first unit, and each further one has its own element in a second list.
fn villatheme(line: &LineItem, whole: &Line) -> Vec<Entry> {
    let meta = |key: &str| line.meta_data.0.iter().find(|meta| meta.key.get() == Some(key)).map(|meta| &meta.value);
    let history = meta("_vi_wot_order_item_tracking_data").map(elements).unwrap_or_default();
    let further = meta("_vi_wot_order_item_tracking_data_by_quantity").map(elements).unwrap_or_default();
    let first_units = if further.is_empty() { whole.quantity } else { 1 };
    let units = history.last().map(|current| (current, first_units)).into_iter();
    let units = units.chain(further.iter().map(|unit| (unit, 1)));
    let mut entries: Vec<Entry> = Vec::new();
    for (unit, quantity) in units {
        let Some(number) = field(unit, &["tracking_number"]) else { continue };
        // Several units of the line may travel under one number.
        let same = entries.iter_mut().find(|entry| entry.fields.first().is_some_and(|(known, _)| *known == number));
        if let Some(counted) = same.and_then(|entry| entry.lines.first_mut()) {
            counted.quantity += quantity;
            continue;
        }
        entries.push(Entry {
            source: "vi",
            id: None,
            fields: vec![(number, field(unit, &["carrier_name", "carrier_slug"]))],
            lines: vec![Line { quantity, ..whole.clone() }],
        });
    }
    entries
}

/// A meta entry that is the number itself, with the carrier's name in another one.
fn plain(source: &'static str, value: &Value, order: &OrderBody, carriers: &[&str]) -> Option<Entry> {
    let carrier = first_meta(&order.meta_data.0, carriers);
    Some(Entry { source, id: None, fields: vec![(text(value)?, carrier)], lines: Vec::new() })
}

/// The first of these keys that holds text.
pub(super) fn first_meta(meta: &[Meta], keys: &[&str]) -> Option<String> {
    keys.iter()
        .find_map(|key| meta.iter().filter(|meta| meta.key.get() == Some(key)).find_map(|meta| text(&meta.value)))
}

/// Whole units of an item, one at least.
pub(super) fn units(item: &Value, keys: &[&str]) -> Option<Quantity> {
    keys.iter().find_map(|key| quantity(item.get(*key)?)).filter(|quantity| quantity.0 > 0)
}
