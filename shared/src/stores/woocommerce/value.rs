//! Reading what plug-ins put into a meta entry: any JSON, JSON as text, or PHP's own notation.

use super::php;
use crate::stores::exact;
use crate::stores::json::{Quantity, Text};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// Times that a value may be wrapped in a text of another notation.
const WRAPPED: usize = 3;

/// The value itself, where a text holds it in JSON or in PHP's notation.
pub(super) fn unfolded(value: &Value) -> Cow<'_, Value> {
    let mut value = Cow::Borrowed(value);
    for _ in 0..WRAPPED {
        let Value::String(text) = value.as_ref() else { break };
        let trimmed = text.trim();
        let inner = if trimmed.starts_with(['[', '{']) {
            exact::from_slice(trimmed.as_bytes()).ok()
        } else {
            php::parsed(trimmed)
        };
        match inner {
            Some(inner) => value = Cow::Owned(inner),
            None => break,
        }
    }
    value
}

/// Text or a number with all its digits; trimmed; never empty.
pub(super) fn text(value: &Value) -> Option<String> {
    match unfolded(value).as_ref() {
        value @ (Value::String(_) | Value::Number(_)) => Text::deserialize(value).ok().and_then(Text::take),
        _ => None,
    }
}

/// The first of these fields that holds text.
pub(super) fn field(entry: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(entry.get(*name)?))
}

/// Units.
pub(super) fn quantity(value: &Value) -> Option<Quantity> {
    Quantity::deserialize(value).ok()
}

/// Something is there: not `null`, `false`, `""`, `0`, and not an empty list. PHP thinks so too.
pub(super) fn is_set(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(Value::String(text)) => !matches!(text.trim(), "" | "0" | "a:0:{}" | "[]" | "{}"),
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(entries)) => !entries.is_empty(),
    }
}

/// The elements of a list, of an object that stands for a list, or of a text that holds one. An object that is itself an
/// entry is its only element.
pub(super) fn elements(value: &Value) -> Vec<Value> {
    match unfolded(value).into_owned() {
        Value::Array(items) => items,
        Value::Object(entries) if entries.is_empty() => Vec::new(),
        Value::Object(entries) if entries.values().any(|v| v.is_object() || v.is_array()) && !is_entry(&entries) => {
            in_order(&entries).map(|(_, value)| value.clone()).collect()
        }
        entry @ Value::Object(_) => vec![entry],
        _ => Vec::new(),
    }
}

/// Sorted as text, "10" would come before "2", and VillaTheme's last entry is the one that counts.
pub(super) fn in_order(entries: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let mut entries: Vec<(&String, &Value)> = entries.iter().collect();
    entries.sort_by_key(|(key, _)| key.parse::<u64>().unwrap_or(u64::MAX));
    entries.into_iter()
}

fn is_entry(entries: &Map<String, Value>) -> bool {
    ["tracking_number", "trackings", "item_id", "tracking_code", "tracking", "label_id"]
        .iter()
        .any(|key| entries.contains_key(*key))
}
