//! Shopify's next events, the successor of classic webhooks (general from API 2026-10, some topics only).
//!
//! The body says which resource changed and how, and names it by global ids; the rest depends on the query of the
//! subscription. So an event is a hint: its order is read. Source: Shopify, "Events delivery structure".

use super::header;
use super::webhook::parsed;
use crate::domain::ids::StoreOrderId;
use crate::stores::error::StoreError;
use crate::stores::json::{Text, moment};
use crate::stores::{Notice, ThinNotice, Verified};
use serde::Deserialize;
use serde_json::Value;

/// Before an order's number in its global id.
const ORDER: &str = "gid://shopify/Order/";
/// Objects inside objects that are looked into.
const DEEPEST: usize = 12;

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    action: Text,
    /// The ids of what changed, by the names of the query's variables.
    #[serde(default)]
    query_variables: Value,
    /// Paths with ids inside.
    #[serde(default)]
    fields_changed: Value,
    /// What the subscription's query gave.
    #[serde(default)]
    data: Value,
}

/// Reads an event by its topic, the name of a resource.
pub(super) fn read(delivery: &Verified<'_>, topic: &str) -> Result<Notice, StoreError> {
    if !matches!(topic.to_ascii_lowercase().as_str(), "order" | "fulfillment") {
        return Ok(Notice::NotForUs);
    }
    let event: Event = parsed(&delivery.delivery.body)?;
    let order = [&event.query_variables, &event.fields_changed, &event.data]
        .into_iter()
        .find_map(|part| order_in(part, DEEPEST))
        .ok_or(StoreError::Unreadable("the event names no order"))?;
    if topic.eq_ignore_ascii_case("order") && event.action.get() == Some("delete") {
        return Ok(Notice::Deleted(order));
    }
    let at = header(delivery.delivery, "triggered-at").and_then(moment).unwrap_or(delivery.now);
    Ok(Notice::Thin(ThinNotice { order: Some(order), shipment: None, deleted: false, at, known: None }))
}

/// The first order that a value names.
fn order_in(value: &Value, depth: usize) -> Option<StoreOrderId> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::String(text) => {
            let (_, rest) = text.split_once(ORDER)?;
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            StoreOrderId::parse(rest.get(..digits)?).ok()
        }
        Value::Array(items) => items.iter().find_map(|item| order_in(item, depth)),
        Value::Object(entries) => entries.values().find_map(|inner| order_in(inner, depth)),
        _ => None,
    }
}
