//! The meta key that a person set for a plug-in we do not know: a number, a list of numbers, or objects that hold some.

use super::merge::{Entry, Line};
use super::order::{LineItem, Meta, OrderBody};
use super::trackings::first_meta;
use super::value::{field, in_order, text, unfolded};
use crate::domain::connection::StoreSettings;
use serde_json::{Map, Value};

/// Fields that hold a number, in the spelling of [`bare`]; earlier ones win.
const NUMBERS: [&str; 13] = [
    "trackingnumber",
    "trackingcode",
    "trackingno",
    "tracktrace",
    "trackandtrace",
    "shipmentidcs",
    "trackingnumbers",
    "trackingid",
    "awb",
    "barcode",
    "number",
    "code",
    "tracking",
];
/// Fields that hold a carrier's name. A code of the plug-in's own is none.
const CARRIERS: [&str; 10] = [
    "carriername",
    "carrier",
    "provider",
    "trackingprovider",
    "company",
    "slug",
    "shipper",
    "shippingservice",
    "couriername",
    "courier",
];
/// Objects inside objects that are looked into.
const DEEPEST: usize = 6;

/// The key that a person set, and after a `|` the key of the carrier's name.
pub(super) struct Keys<'a> {
    number: &'a str,
    carrier: &'a str,
}

impl<'a> Keys<'a> {
    pub(super) fn of(settings: &'a StoreSettings) -> Self {
        let field = settings.tracking_field.as_deref().unwrap_or_default();
        let (number, carrier) = field.split_once('|').unwrap_or((field, ""));
        Self { number: number.trim(), carrier: carrier.trim() }
    }

    pub(super) fn is(&self, meta: &Meta) -> bool {
        !self.number.is_empty() && meta.key.get() == Some(self.number)
    }

    /// What the order's own entry holds.
    pub(super) fn of_order(&self, meta: &Meta, order: &OrderBody) -> Vec<Entry> {
        entries("field", &meta.value, first_meta(&order.meta_data.0, &[self.carrier]), &[])
    }

    /// What an order line's entries hold; the line is what travels.
    pub(super) fn of_line(&self, line: &LineItem, order: &OrderBody, whole: &Line) -> Vec<Entry> {
        let carrier = || {
            let keys = [self.carrier];
            first_meta(&line.meta_data.0, &keys).or_else(|| first_meta(&order.meta_data.0, &keys))
        };
        let own = line.meta_data.0.iter().filter(|meta| self.is(meta));
        own.flat_map(|meta| entries("field", &meta.value, carrier(), std::slice::from_ref(whole))).collect()
    }
}

/// The entries in a value of any shape.
pub(super) fn entries(source: &'static str, value: &Value, carrier: Option<String>, lines: &[Line]) -> Vec<Entry> {
    let mut found = Vec::new();
    collect(value, carrier.as_deref(), DEEPEST, &mut |id, fields| {
        found.push(Entry { source, id, fields, lines: lines.to_vec() });
    });
    found
}

type Put<'a> = &'a mut dyn FnMut(Option<String>, Vec<(String, Option<String>)>);

fn collect(value: &Value, carrier: Option<&str>, depth: usize, put: Put<'_>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    let value = unfolded(value);
    match value.as_ref() {
        Value::Array(items) => items.iter().for_each(|item| collect(item, carrier, depth, put)),
        Value::Object(entries) => {
            let own = named(entries, &CARRIERS).and_then(text);
            let carrier = own.as_deref().or(carrier);
            let Some(number) = named(entries, &NUMBERS) else {
                let inner = in_order(entries).map(|(_, inner)| unfolded(inner));
                inner.filter(|v| v.is_object() || v.is_array()).for_each(|v| collect(&v, carrier, depth, put));
                return;
            };
            match unfolded(number).as_ref() {
                Value::Array(items) if items.iter().all(|item| text(item).is_some()) => {
                    let fields = items.iter().filter_map(|item| Some((text(item)?, carrier.map(str::to_owned))));
                    put(field(&value, &["tracking_id", "id"]), fields.collect());
                }
                inner @ (Value::Array(_) | Value::Object(_)) => collect(inner, carrier, depth, put),
                inner => {
                    if let Some(number) = text(inner) {
                        put(field(&value, &["tracking_id", "id"]), vec![(number, carrier.map(str::to_owned))]);
                    }
                }
            }
        }
        value => {
            if let Some(number) = text(value) {
                put(None, vec![(number, carrier.map(str::to_owned))]);
            }
        }
    }
}

/// The first of these fields that is there and not empty, however it is spelled.
fn named<'a>(entries: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    let filled = |value: &&Value| text(value).is_some() || value.is_array() || value.is_object();
    names
        .iter()
        .find_map(|name| entries.iter().find(|(key, value)| bare(key) == *name && filled(value)).map(|(_, v)| v))
}

/// `tracking_no`, `trackingNo` and `Tracking-No` are one name.
fn bare(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
