//! The endpoint for any warehouse, 3PL or shop system: a Standard Webhooks signature around our own documented body.
//!
//! The description for other people is [`OPENAPI`]; a test holds its examples against this code.

use super::error::StoreError;
use super::{Delivery, HookSecrets, Notice, StoreAdapter, Verified, signature};
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{
    Fulfilment, OrderLink, Shipment, ShipmentStatus, StoreLine, StoreParcel, Version, whole_units,
};
use crate::domain::ids::{ShipmentId, StoreOrderId, TikTokOrderId};
use crate::domain::numbers::numbers_in;
use crate::domain::tracking::TrackingNumber;
use crate::stores::limits::{self, LONGEST_NAME, MOST};
use crate::stores::order_id::Search;
use data_encoding::{BASE64, BASE64_NOPAD};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

/// OpenAPI 3 description of the endpoint, as JSON.
pub const OPENAPI: &str = include_str!("openapi.json");

/// Characters of the field with the numbers at most, and of one number: a carrier's link is the longest.
const LONGEST_FIELD: usize = 20_000;
const LONGEST_NUMBER: usize = 500;
/// What the body may hold besides: a sender's own fields are left alone.
const FIELDS: [&str; 10] = [
    "tiktok_order_id",
    "order_id",
    "shipment_id",
    "carrier",
    "tracking_number",
    "lines",
    "updated_at",
    "version",
    "cancelled",
    "order_cancelled",
];
/// Other names that senders give to our fields.
const OTHER_NAMES: [(&str, &str); 21] = [
    ("trackingno", "tracking_number"),
    ("trackingnr", "tracking_number"),
    ("trackingcode", "tracking_number"),
    ("trackingid", "tracking_number"),
    ("trackingnumbers", "tracking_number"),
    ("tracking", "tracking_number"),
    ("carriername", "carrier"),
    ("carriercode", "carrier"),
    ("courier", "carrier"),
    ("shippingcarrier", "carrier"),
    ("provider", "carrier"),
    ("items", "lines"),
    ("lineitems", "lines"),
    ("tiktokid", "tiktok_order_id"),
    ("tiktokorder", "tiktok_order_id"),
    ("tiktokordernumber", "tiktok_order_id"),
    ("ordernumber", "order_id"),
    ("orderno", "order_id"),
    ("canceled", "cancelled"),
    ("ordercanceled", "order_cancelled"),
    ("modifiedat", "updated_at"),
];

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
        known_fields(body)?;
        fulfilment(body, settings, delivery.now).and_then(limits::checked).map(Notice::Fulfilled)
    }
}

/// The keys a secret may stand for. Libraries of Standard Webhooks decode `whsec_…` (and often a bare secret) from
/// base64; people who sign by hand use the text itself.
fn keys(secret: &str) -> Vec<Vec<u8>> {
    let bare = secret.strip_prefix("whsec_").unwrap_or(secret);
    let decoded = BASE64
        .decode(bare.as_bytes())
        .or_else(|_| BASE64_NOPAD.decode(bare.as_bytes()))
        .ok()
        .filter(|key| key.len() >= 16);
    let mut keys = vec![secret.as_bytes().to_vec()];
    keys.extend(decoded);
    keys
}

fn wrong(field: impl Into<String>, remedy: &'static str) -> StoreError {
    StoreError::Field { field: field.into(), remedy }
}

/// Refuses a field that is one of ours misspelt: silently ignored, a parcel would go out without its lines or its carrier.
fn known_fields(body: &Map<String, Value>) -> Result<(), StoreError> {
    for field in body.keys().filter(|field| !FIELDS.contains(&field.as_str())) {
        if let Some(meant) = meant(field, &FIELDS, &OTHER_NAMES) {
            // Both spellings side by side are a sender's own business.
            if !body.contains_key(meant) {
                return Err(wrong(shown(field), did_you_mean(meant)));
            }
        }
    }
    Ok(())
}

/// The field that a name stands for: the same letters, another usual name, or one typing error away.
fn meant(name: &str, fields: &[&'static str], others: &[(&str, &'static str)]) -> Option<&'static str> {
    let bare = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(40).collect()
    };
    let own = bare(name);
    let same = fields.iter().find(|field| bare(field) == own).copied();
    let other = || others.iter().find(|(other, _)| *other == own).map(|(_, field)| *field);
    let near = || fields.iter().find(|field| field.len() >= 5 && is_near(&own, &bare(field))).copied();
    same.or_else(other).or_else(near)
}

/// One letter too many, too few, wrong, or two neighbours swapped; two such errors in a long word.
fn is_near(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *y && b[j - 1] == *x {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().is_some_and(|errors| *errors <= if b.len() >= 10 { 2 } else { 1 })
}

fn did_you_mean(field: &str) -> &'static str {
    match field {
        "tiktok_order_id" => "there is no such field: did you mean tiktok_order_id?",
        "order_id" => "there is no such field: did you mean order_id?",
        "shipment_id" => "there is no such field: did you mean shipment_id?",
        "carrier" => "there is no such field: did you mean carrier?",
        "tracking_number" => "there is no such field: did you mean tracking_number?",
        "lines" => "there is no such field: did you mean lines?",
        "updated_at" => "there is no such field: did you mean updated_at?",
        "version" => "there is no such field: did you mean version?",
        "cancelled" => "there is no such field: did you mean cancelled?",
        "sku" => "there is no such field: did you mean sku?",
        "quantity" => "there is no such field: did you mean quantity?",
        _ => "there is no such field: did you mean order_cancelled?",
    }
}

/// A sender's name of a field as it can be shown to the sender.
fn shown(field: &str) -> String {
    field.chars().filter(|c| !limits::is_control(*c)).take(60).collect()
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
            .ok()
            .filter(|id| !id.as_str().chars().any(limits::is_control))
            .ok_or_else(|| wrong("order_id", "send at most 200 characters without control and direction characters"))?,
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
    let field = text(body, "tracking_number", "send the parcel's tracking number as text")?;
    if field.as_ref().is_some_and(|field| field.chars().count() > LONGEST_FIELD) {
        return Err(wrong("tracking_number", "send at most 200 numbers in at most 20000 characters"));
    }
    let numbers: Vec<TrackingNumber> = field.as_deref().map(numbers_in).unwrap_or_default();
    if numbers.len() > MOST {
        return Err(wrong("tracking_number", "send at most 200 numbers with one parcel"));
    }
    // A text beyond the longest number is kept as its head and a checksum, which nobody can track.
    if numbers.iter().any(|number| number.as_str().contains('~'))
        || field.as_deref().is_some_and(|field| numbers.len() == 1 && field.chars().count() > LONGEST_NUMBER)
    {
        return Err(wrong("tracking_number", "send a number of at most 500 characters"));
    }
    let id = text(body, "shipment_id", "send your own id of this parcel as text, or leave it out")?;
    let id = match (&id, numbers.first()) {
        (Some(id), _) => id.clone(),
        // A link may be longer than an id.
        (None, Some(number)) => Some(number.key())
            .filter(|key| key.len() <= LONGEST_NAME)
            .unwrap_or_else(|| format!("number~{:08x}", crc32fast::hash(number.key().as_bytes()))),
        (None, None) if cancelled => return Err(wrong("shipment_id", "say which parcel is cancelled")),
        (None, None) => return Err(wrong("tracking_number", "send the parcel's tracking number as text")),
    };
    let id = ShipmentId::parse(&id)
        .ok()
        .filter(|id| !id.as_str().chars().any(limits::is_control))
        .ok_or_else(|| wrong("shipment_id", "send at most 200 characters without control and direction characters"))?;
    if numbers.is_empty() && !cancelled {
        return Err(wrong("tracking_number", "send the parcel's tracking number as text"));
    }
    let carrier = text(body, "carrier", "send the carrier's name as text, for example \"USPS\"")?;
    if let Some(name) = &carrier {
        if name.chars().count() > LONGEST_NAME {
            return Err(wrong("carrier", "send the carrier's name in at most 200 characters"));
        }
        if name.chars().any(limits::is_control) {
            return Err(wrong("carrier", "send the carrier's name without control and direction characters"));
        }
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
    if lines.len() > MOST {
        return Err(wrong("lines", "send at most 200 lines with one parcel"));
    }
    let line = |(index, line): (usize, &Value)| {
        for field in line.as_object().into_iter().flat_map(Map::keys) {
            const OTHER: [(&str, &str); 4] =
                [("qty", "quantity"), ("amount", "quantity"), ("units", "quantity"), ("sellersku", "sku")];
            if let Some(meant) = meant(field, &["sku", "quantity"], &OTHER)
                && line.get(meant).is_none()
            {
                return Err(wrong(format!("lines[{index}].{}", shown(field)), did_you_mean(meant)));
            }
        }
        let sku = line.get("sku").and_then(Value::as_str).map(str::trim).filter(|sku| !sku.is_empty());
        let sku = sku.ok_or_else(|| wrong(format!("lines[{index}].sku"), "send the item's SKU as text"))?;
        if sku.chars().count() > LONGEST_NAME || sku.chars().any(limits::is_control) {
            return Err(wrong(
                format!("lines[{index}].sku"),
                "send at most 200 characters without control and direction characters",
            ));
        }
        // `1.0` is an integer in JSON Schema's words, and decimals of warehouses are written so, often as text. Part of a
        // unit is the sender's to settle: elsewhere it waits for a person, here an answer reaches who wrote it.
        let quantity = match line.get("quantity") {
            Some(Value::Number(number)) => whole_units(&number.to_string()),
            Some(Value::String(text)) => whole_units(text),
            _ => None,
        };
        let quantity = quantity.ok_or_else(|| {
            wrong(format!("lines[{index}].quantity"), "send the units in this parcel as a whole number from 1 up")
        })?;
        Ok(StoreLine::new(sku, quantity))
    };
    lines.iter().enumerate().map(line).collect()
}

/// `version` is the sender's own counter, `updated_at` a moment; either orders the states of one parcel. Without both, the
/// order of arrival does.
fn version(body: &Map<String, Value>, now: Timestamp) -> Result<Version, StoreError> {
    match body.get("version") {
        None | Some(Value::Null) => {}
        // A counter and a moment are two clocks: nobody could say which of two states is the newer one.
        Some(_) if body.get("updated_at").is_some_and(|moment| !moment.is_null()) => {
            return Err(wrong("version", "send either version or updated_at, and the same one with every change"));
        }
        Some(value) => {
            let whole = value.as_f64().filter(|n| n.fract() == 0.0 && *n < 9.0e15).map(|n| n as i64);
            let number = value.as_i64().or(whole).filter(|number| *number >= 0);
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
