//! What a webhook of Shopify says.

use super::{OrderFields, events, header, parcels, status};
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Fulfilment, OrderLink, Shipment, Version};
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::stores::error::StoreError;
use crate::stores::json::{List, Quantity, Text, moment};
use crate::stores::{Notice, Verified, exact, limits};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Body of `fulfillments/*`, and an entry of an order's `fulfillments`. Address and e-mail of the buyer are not read.
#[derive(Deserialize)]
struct FulfillmentBody {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    order_id: Text,
    #[serde(default)]
    name: Text,
    #[serde(default)]
    status: Text,
    #[serde(default)]
    updated_at: Text,
    #[serde(default)]
    tracking_company: Text,
    #[serde(default)]
    tracking_number: Text,
    #[serde(default)]
    tracking_numbers: List<Text>,
    #[serde(default)]
    line_items: List<Line>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    sku: Text,
    /// In this fulfillment; `fulfillable_quantity` would be what is left on the order.
    #[serde(default)]
    quantity: Quantity,
}

#[derive(Deserialize)]
struct OrderBody {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    name: Text,
    #[serde(default)]
    note: Text,
    #[serde(default)]
    tags: Text,
    #[serde(default)]
    note_attributes: List<Attribute>,
    #[serde(default)]
    source_name: Text,
    #[serde(default)]
    source_identifier: Text,
    #[serde(default)]
    cancelled_at: Text,
    #[serde(default)]
    updated_at: Text,
    #[serde(default)]
    fulfillments: List<FulfillmentBody>,
}

#[derive(Deserialize)]
struct Attribute {
    #[serde(default)]
    name: Text,
    #[serde(default)]
    value: Text,
}

/// Reads a signed delivery by its topic.
pub(super) fn read(delivery: &Verified<'_>, settings: &StoreSettings) -> Result<Notice, StoreError> {
    let topic = header(delivery.delivery, "topic").ok_or(StoreError::Unreadable("the topic header is missing"))?;
    if !topic.contains('/') {
        return events::read(delivery, topic);
    }
    let seen = header(delivery.delivery, "triggered-at").and_then(moment).unwrap_or(delivery.now);
    let body = &delivery.delivery.body;
    match topic {
        "fulfillments/create" | "fulfillments/update" => {
            fulfillment_notice(&parsed(body)?, seen).and_then(limits::checked).map(Notice::Fulfilled)
        }
        "orders/fulfilled" | "orders/partially_fulfilled" | "orders/cancelled" => {
            let order = order_notice(&parsed(body)?, topic == "orders/cancelled", seen, settings)?;
            limits::checked(order).map(Notice::Fulfilled)
        }
        "app/uninstalled" => Ok(Notice::Uninstalled),
        "customers/data_request" | "customers/redact" | "shop/redact" => {
            Ok(Notice::Compliance { topic: topic.to_owned() })
        }
        _ => Ok(Notice::NotForUs),
    }
}

pub(super) fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, StoreError> {
    exact::from_slice(body).map_err(|_| StoreError::Unreadable("it is not a JSON object"))
}

fn fulfillment_notice(body: &FulfillmentBody, seen: Timestamp) -> Result<Fulfilment, StoreError> {
    let order = body
        .order_id
        .id()
        .and_then(|id| StoreOrderId::parse(id).ok())
        .ok_or(StoreError::Unreadable("order_id is missing"))?;
    // `#1042.1` is the first fulfillment of order `#1042`; names are free text, only the last dot counts.
    let order_name = body.name.get().map(|name| match name.rsplit_once('.') {
        Some((order, counter)) if !order.is_empty() && counter.bytes().all(|b| b.is_ascii_digit()) => order.to_owned(),
        _ => name.to_owned(),
    });
    let shipment = shipment(body, seen)?;
    Ok(Fulfilment {
        order,
        order_name,
        link: OrderLink::NotRead,
        cancelled: None,
        shipments: vec![shipment],
        complete: None,
    })
}

fn shipment(body: &FulfillmentBody, seen: Timestamp) -> Result<Shipment, StoreError> {
    let id = body
        .id
        .id()
        .and_then(|id| ShipmentId::parse(id).ok())
        .ok_or(StoreError::Unreadable("the fulfillment's id is missing"))?;
    let status = status(body.status.get().ok_or(StoreError::Unreadable("the fulfillment's status is missing"))?);
    let changed = body.updated_at.get().and_then(moment).unwrap_or(seen);
    let company = body.tracking_company.get();
    let listed = body.tracking_numbers.0.iter().chain(std::iter::once(&body.tracking_number)).filter_map(Text::get);
    let parcels = parcels(listed.map(|number| (number, company)));
    let lines = body
        .line_items
        .0
        .iter()
        .filter(|line| line.quantity.0 > 0)
        .map(|line| line.quantity.of_sku(line.sku.or_empty()))
        .collect();
    Ok(Shipment { id, version: Version::new(changed, seen), status, parcels, lines })
}

fn order_notice(
    body: &OrderBody,
    cancelled_topic: bool,
    seen: Timestamp,
    settings: &StoreSettings,
) -> Result<Fulfilment, StoreError> {
    let order = body
        .id
        .id()
        .and_then(|id| StoreOrderId::parse(id).ok())
        .ok_or(StoreError::Unreadable("the order's id is missing"))?;
    let fields = OrderFields {
        name: body.name.get(),
        note: body.note.get(),
        source_name: body.source_name.get(),
        source_identifier: body.source_identifier.get(),
        tags: body.tags.or_empty().split(',').map(str::trim).collect(),
        attributes: body.note_attributes.0.iter().map(|a| (a.name.or_empty(), a.value.or_empty())).collect(),
    };
    let cancelled_at = body.cancelled_at.get().and_then(moment);
    let cancelled = (cancelled_topic || cancelled_at.is_some())
        .then(|| Version::new(cancelled_at.or_else(|| body.updated_at.get().and_then(moment)).unwrap_or(seen), seen));
    let shipments = body.fulfillments.0.iter().map(|entry| shipment(entry, seen)).collect::<Result<Vec<_>, _>>()?;
    Ok(Fulfilment {
        order,
        order_name: body.name.get().map(str::to_owned),
        link: fields.link(settings),
        cancelled,
        shipments,
        // The list is whole, but Shopify never takes a fulfillment away: it says that it was cancelled.
        complete: None,
    })
}
