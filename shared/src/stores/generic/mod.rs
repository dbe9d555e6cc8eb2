//! The endpoint for any warehouse, 3PL or shop system: a Standard Webhooks signature around our own documented body.
//!
//! The description for other people is [`OPENAPI`]; a test holds its examples against this code.

use super::error::StoreError;
use super::{Delivery, HookSecrets, Notice, StoreAdapter, Verified, signature};
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Fulfilment, OrderLink, Shipment, ShipmentStatus, StoreLine, StoreParcel, Version};
use crate::domain::ids::{ShipmentId, StoreOrderId, TikTokOrderId};
use crate::domain::tracking::TrackingNumber;
use crate::stores::numbers_in;
use crate::stores::order_id::Search;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

/// OpenAPI 3 description of the endpoint, as JSON.
pub const OPENAPI: &str = include_str!("openapi.json");

/// Lines of one shipment at most.
const MOST_LINES: usize = 1000;
/// Units of one line at most.
const MOST_UNITS: u64 = 100_000;
/// Characters of a carrier's name or an order's name at most.
const LONGEST_NAME: usize = 200;

/// Any sender that signs our documented body.
pub(crate) struct Generic;

impl StoreAdapter for Generic {
    fn verify<'a>(
        &self,
        delivery: &'a Delivery,
        secrets: &HookSecrets,
        now: Timestamp,
    ) -> Result<Verified<'a>, StoreError> {
        let keys: Vec<Vec<u8>> = signature::signing_secrets(secrets).flat_map(|s| keys(s.expose_secret())).collect();
        signature::standard_webhooks(&keys, delivery, now)?;
        Ok(Verified { delivery, now, signed: true })
    }

    fn read(&self, delivery: &Verified<'_>, settings: &StoreSettings) -> Result<Notice, StoreError> {
        let body: Value = serde_json::from_slice(&delivery.delivery.body)
            .map_err(|_| wrong("body", "send one JSON object in UTF-8"))?;
        let body = body.as_object().ok_or_else(|| wrong("body", "send one JSON object"))?;
        fulfilment(body, settings, delivery.now).map(Notice::Fulfilled)
    }
}

/// The keys a secret may stand for. Libraries of Standard Webhooks decode `whsec_…` (and often a bare secret) from
/// base64; people who sign by hand use the text itself.
fn keys(secret: &str) -> Vec<Vec<u8>> {
    let bare = secret.strip_prefix("whsec_").unwrap_or(secret);
    let decoded = STANDARD.decode(bare).or_else(|_| STANDARD_NO_PAD.decode(bare)).ok().filter(|key| key.len() >= 16);
    let mut keys = vec![secret.as_bytes().to_vec()];
    keys.extend(decoded);
    keys
}

fn wrong(field: impl Into<String>, remedy: &'static str) -> StoreError {
    StoreError::Field { field: field.into(), remedy }
}

fn fulfilment(body: &Map<String, Value>, settings: &StoreSettings, now: Timestamp) -> Result<Fulfilment, StoreError> {
    let tiktok = text(body, "tiktok_order_id", "send TikTok's order number as text of digits, or leave it out")?;
    let tiktok = match tiktok {
        Some(id) => Some(TikTokOrderId::parse(&id).map_err(|_| {
            wrong(
                "tiktok_order_id",
                "send TikTok's order number: digits only, as text, for example \"576000000000000017\"",
            )
        })?),
        None => None,
    };
    let order_text = text(body, "order_id", "send the order's number in your system as text, or leave it out")?;
    let order = match (&order_text, &tiktok) {
        (Some(id), _) => StoreOrderId::parse(id)
            .map_err(|_| wrong("order_id", "send at most 200 characters without control characters"))?,
        (None, Some(id)) => {
            StoreOrderId::parse(id.as_str()).map_err(|_| wrong("tiktok_order_id", "send digits only"))?
        }
        (None, None) => {
            return Err(wrong(
                "tiktok_order_id",
                "send tiktok_order_id, or order_id if you do not know TikTok's number",
            ));
        }
    };
    let link = match tiktok {
        Some(id) => OrderLink::Found(id),
        None => {
            let mut search = Search::default();
            order_text.iter().for_each(|text| match settings.order_id_field.as_deref() {
                Some("order_id") => search.own_field(text),
                _ => search.free_text(text),
            });
            search.link(false)
        }
    };
    let version = version(body, now)?;
    if flag(body, "order_cancelled")? {
        let cancelled = Some(version);
        return Ok(Fulfilment {
            order,
            order_name: order_text,
            link,
            cancelled,
            shipments: Vec::new(),
            complete: None,
        });
    }
    let shipment = shipment(body, version)?;
    Ok(Fulfilment { order, order_name: order_text, link, cancelled: None, shipments: vec![shipment], complete: None })
}

fn shipment(body: &Map<String, Value>, version: Version) -> Result<Shipment, StoreError> {
    let cancelled = flag(body, "cancelled")?;
    // Several numbers in the field share the lines, as they do on every other platform.
    let mut numbers: Vec<TrackingNumber> = Vec::new();
    let field = text(body, "tracking_number", "send the parcel's tracking number as text")?;
    for number in field.iter().flat_map(|field| numbers_in(field)) {
        if !numbers.iter().any(|known| known.key() == number.key()) {
            numbers.push(number);
        }
    }
    let id = text(body, "shipment_id", "send your own id of this parcel as text, or leave it out")?;
    let id = match (&id, numbers.first()) {
        (Some(id), _) => id.clone(),
        (None, Some(number)) => number.key(),
        (None, None) if cancelled => return Err(wrong("shipment_id", "say which parcel is cancelled")),
        (None, None) => return Err(wrong("tracking_number", "send the parcel's tracking number as text")),
    };
    let id = ShipmentId::parse(&id)
        .map_err(|_| wrong("shipment_id", "send at most 200 characters without control characters"))?;
    if numbers.is_empty() && !cancelled {
        return Err(wrong("tracking_number", "send the parcel's tracking number as text"));
    }
    let carrier = text(body, "carrier", "send the carrier's name as text, for example \"USPS\"")?;
    if carrier.as_ref().is_some_and(|name| name.chars().count() > LONGEST_NAME) {
        return Err(wrong("carrier", "send the carrier's name in at most 200 characters"));
    }
    let status = if cancelled { ShipmentStatus::Cancelled } else { ShipmentStatus::Shipped };
    let parcels = numbers.into_iter().map(|number| StoreParcel { number, carrier: carrier.clone() }).collect();
    Ok(Shipment { id, version, status, parcels, lines: lines(body)? })
}

fn lines(body: &Map<String, Value>) -> Result<Vec<StoreLine>, StoreError> {
    let lines = match body.get("lines") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(lines)) => lines,
        Some(_) => {
            return Err(wrong("lines", "send a list of {\"sku\",\"quantity\"}, or leave it out for all open items"));
        }
    };
    if lines.len() > MOST_LINES {
        return Err(wrong("lines", "send at most 1000 lines"));
    }
    let line = |(index, line): (usize, &Value)| {
        let sku = line.get("sku").and_then(Value::as_str).map(str::trim).filter(|sku| !sku.is_empty());
        let sku = sku.ok_or_else(|| wrong(format!("lines[{index}].sku"), "send the item's SKU as text"))?;
        let quantity = line.get("quantity").and_then(Value::as_u64).filter(|n| (1..=MOST_UNITS).contains(n));
        let quantity = quantity.and_then(|n| u32::try_from(n).ok()).ok_or_else(|| {
            wrong(format!("lines[{index}].quantity"), "send the units in this parcel as a whole number from 1 up")
        })?;
        Ok(StoreLine { sku: sku.to_owned(), quantity })
    };
    lines.iter().enumerate().map(line).collect()
}

/// `version` is the sender's own counter, `updated_at` a moment; either orders the states of one parcel. Without both, the
/// order of arrival does.
fn version(body: &Map<String, Value>, now: Timestamp) -> Result<Version, StoreError> {
    match body.get("version") {
        None | Some(Value::Null) => {}
        Some(value) => {
            let number = value.as_i64().filter(|number| *number >= 0);
            let changed = number.ok_or_else(|| wrong("version", "send a whole number that grows with every change"))?;
            return Ok(Version { changed, seen: now.as_millisecond() });
        }
    }
    const REMEDY: &str = "send the moment of the change as RFC 3339, for example \"2026-11-21T10:15:45Z\"";
    let Some(text) = text(body, "updated_at", REMEDY)? else { return Ok(Version::new(now, now)) };
    let changed = text.parse::<Timestamp>().map_err(|_| wrong("updated_at", REMEDY))?;
    Ok(Version::new(changed, now))
}

/// A text field. Blank and `null` count as absent; another type is the sender's mistake.
fn text(body: &Map<String, Value>, field: &'static str, remedy: &'static str) -> Result<Option<String>, StoreError> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Some(_) => Err(wrong(field, remedy)),
    }
}

fn flag(body: &Map<String, Value>, field: &'static str) -> Result<bool, StoreError> {
    match body.get(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(wrong(field, "send true or false, or leave it out")),
    }
}

#[cfg(test)]
mod tests;
