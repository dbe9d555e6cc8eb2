//! Shopify's deliveries: topics, headers and bodies of API version 2026-07.

use super::Shelf;
use super::book::{Happening, IdField, Parcel, Progress, StoreOrder, What};
use super::hooks::{Subscription, post};
use crate::canary::BUYER;
use crate::hmac;
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

/// The version this model speaks.
pub(super) const VERSION: &str = "2026-07";

impl Shelf {
    pub(super) fn shopify_delivery(&mut self, happening: &Happening, hook: &Subscription) -> Option<Request<Bytes>> {
        let body = self.shopify_body(happening, &hook.topic)?.to_string();
        let signature = hmac::base64(self.secret_of(hook).as_bytes(), &[body.as_bytes()]);
        let bits = self.chance.bits();
        let webhook_id = format!("{:08x}-0000-4000-8000-{:012x}", bits >> 32, bits & 0xffff_ffff);
        // Every delivery of one click has the same event id: it names the action, not the delivery.
        let event_id = format!("11111111-0000-4000-8000-{:012}", happening.action);
        let triggered = happening.at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string();
        let headers = [
            ("content-type", "application/json"),
            ("user-agent", "Shopify-Captain-Hook"),
            ("x-shopify-topic", &hook.topic),
            ("x-shopify-hmac-sha256", &signature),
            ("x-shopify-shop-domain", &self.account.domain),
            ("x-shopify-api-version", VERSION),
            ("x-shopify-webhook-id", &webhook_id),
            ("x-shopify-triggered-at", &triggered),
            ("x-shopify-event-id", &event_id),
        ];
        post(&hook.address, &headers, body)
    }

    fn shopify_body(&self, happening: &Happening, topic: &str) -> Option<Value> {
        let order = happening.order.as_ref();
        let parcel = |id: u64| {
            let order = order?;
            order.parcels.iter().find(|parcel| parcel.id == id).map(|parcel| fulfillment(order, parcel))
        };
        match (&happening.what, topic) {
            (What::ParcelMade(id), "fulfillments/create") => parcel(*id),
            // There is no cancel topic: a cancelled fulfillment is an update.
            (What::ParcelEdited(id) | What::ParcelCancelled(id), "fulfillments/update") => parcel(*id),
            (What::ParcelMade(_), "orders/fulfilled") => {
                order.filter(|order| order.progress() == Progress::All).map(order_body)
            }
            (What::ParcelMade(_), "orders/partially_fulfilled") => {
                order.filter(|order| order.progress() == Progress::Part).map(order_body)
            }
            (What::OrderCancelled, "orders/cancelled") => order.map(order_body),
            (_, "orders/updated") => order.map(order_body),
            (What::Uninstalled, "app/uninstalled") => {
                Some(json!({"id": 954_889, "name": "Tiny Mugs", "domain": self.account.domain,
                    "myshopify_domain": self.account.domain, "email": BUYER[2]}))
            }
            (What::Compliance(wanted), topic) if wanted == topic => Some(json!({
                "shop_id": 954_889, "shop_domain": self.account.domain,
                "customer": {"id": 191_167, "email": BUYER[2], "phone": BUYER[3]}, "orders_to_redact": [],
            })),
            _ => None,
        }
    }
}

fn status(parcel: &Parcel) -> &'static str {
    if parcel.cancelled { "cancelled" } else { "success" }
}

/// `#1042.1`: the order's name and a counter.
fn counter(order: &StoreOrder, parcel: &Parcel) -> String {
    let place = order.parcels.iter().position(|known| known.id == parcel.id).unwrap_or_default();
    format!("{}.{}", order.name, place + 1)
}

fn line(order: &StoreOrder, line: u64, quantity: u32) -> Option<Value> {
    let item = order.item(line)?;
    Some(json!({
        "id": 14_000_000_000_000_u64 + item.id, "variant_id": 14_100_000_000_000_u64 + item.id, "title": item.sku,
        "quantity": quantity, "sku": item.sku, "fulfillment_service": "manual", "requires_shipping": true,
        "fulfillable_quantity": item.quantity.saturating_sub(order.shipped(line)), "price": "12.00", "properties": [],
        "admin_graphql_api_id": format!("gid://shopify/LineItem/{}", 14_000_000_000_000_u64 + item.id),
    }))
}

fn fulfillment(order: &StoreOrder, parcel: &Parcel) -> Value {
    let [name, surname, mail, phone, street, town, postcode, _] = BUYER;
    let lines: Vec<Value> = parcel.lines.iter().filter_map(|(id, units)| line(order, *id, *units)).collect();
    let company = Some(parcel.carrier.as_str()).filter(|carrier| !carrier.is_empty());
    let urls: Vec<String> = parcel.numbers.iter().map(|number| format!("https://track.example/{number}")).collect();
    json!({
        "id": parcel.id, "order_id": order.id, "status": status(parcel), "created_at": parcel.created.to_string(),
        "service": "manual", "updated_at": parcel.updated.to_string(), "tracking_company": company,
        "shipment_status": null, "location_id": 70_000_000_001_u64, "origin_address": null, "email": mail,
        "destination": {
            "first_name": name, "last_name": surname, "address1": street, "phone": phone, "city": town,
            "zip": postcode, "country_code": "US", "name": format!("{name} {surname}"),
        },
        "line_items": lines, "tracking_number": parcel.numbers.first(), "tracking_numbers": parcel.numbers,
        "tracking_url": urls.first(), "tracking_urls": urls, "receipt": {}, "name": counter(order, parcel),
        "admin_graphql_api_id": format!("gid://shopify/Fulfillment/{}", parcel.id),
    })
}

fn source(order: &StoreOrder) -> &'static str {
    if order.tiktok.is_empty() { "web" } else { "tiktok" }
}

fn order_body(order: &StoreOrder) -> Value {
    let attributes: Vec<Value> =
        order.id_in(IdField::Main).map(|id| json!({"name": "TikTok Order ID", "value": id})).into_iter().collect();
    let parcels: Vec<Value> = order.parcels.iter().map(|parcel| fulfillment(order, parcel)).collect();
    let lines: Vec<Value> = order.items.iter().filter_map(|item| line(order, item.id, item.quantity)).collect();
    let progress = match order.progress() {
        Progress::None => None,
        Progress::Part => Some("partial"),
        Progress::All => Some("fulfilled"),
    };
    json!({
        "id": order.id, "admin_graphql_api_id": format!("gid://shopify/Order/{}", order.id), "name": order.name,
        "cancelled_at": order.cancelled.map(|at| at.to_string()), "created_at": order.created.to_string(),
        "updated_at": order.updated.to_string(), "email": BUYER[2], "contact_email": BUYER[2],
        "financial_status": "paid", "fulfillment_status": progress, "note": order.note(),
        "note_attributes": attributes, "source_name": source(order), "source_identifier": null,
        "tags": if order.tiktok.is_empty() { "" } else { "TikTok Shop" }, "currency": "USD", "total_price": "42.50",
        "customer": {"id": 7_000_000_000_001_u64, "email": BUYER[2], "first_name": BUYER[0], "last_name": BUYER[1]},
        "shipping_address": {"name": BUYER[0], "address1": BUYER[4], "phone": BUYER[3]},
        "fulfillments": parcels, "line_items": lines, "refunds": [], "shipping_lines": [],
    })
}

/// An order for GraphQL, with every field this model knows.
pub(super) fn node(order: &StoreOrder) -> Value {
    let attributes: Vec<Value> =
        order.id_in(IdField::Main).map(|id| json!({"key": "TikTok Order ID", "value": id})).into_iter().collect();
    let progress = match order.progress() {
        Progress::None => "UNFULFILLED",
        Progress::Part => "PARTIALLY_FULFILLED",
        Progress::All => "FULFILLED",
    };
    let tags: &[&str] = if order.tiktok.is_empty() { &[] } else { &["TikTok Shop"] };
    let lines: Vec<Value> = order
        .items
        .iter()
        .map(|item| {
            json!({
                "id": format!("gid://shopify/LineItem/{}", 14_000_000_000_000_u64 + item.id), "sku": item.sku,
                "quantity": item.quantity, "name": item.sku,
                "unfulfilledQuantity": item.quantity.saturating_sub(order.shipped(item.id)),
            })
        })
        .collect();
    json!({
        "id": format!("gid://shopify/Order/{}", order.id), "legacyResourceId": order.id.to_string(),
        "name": order.name, "sourceName": source(order), "sourceIdentifier": null, "tags": tags, "note": order.note(),
        "customAttributes": attributes, "displayFulfillmentStatus": progress, "email": BUYER[2], "phone": BUYER[3],
        "cancelledAt": order.cancelled.map(|at| at.to_string()), "createdAt": order.created.to_string(),
        "updatedAt": order.updated.to_string(), "test": false,
        "fulfillments": order.parcels.iter().map(|parcel| fulfillment_node(order, parcel)).collect::<Vec<_>>(),
        "lineItems": {"connection": lines},
    })
}

fn fulfillment_node(order: &StoreOrder, parcel: &Parcel) -> Value {
    let company = Some(parcel.carrier.as_str()).filter(|carrier| !carrier.is_empty());
    let tracking: Vec<Value> = parcel
        .numbers
        .iter()
        .map(|number| json!({"company": company, "number": number, "url": format!("https://track.example/{number}")}))
        .collect();
    let lines: Vec<Value> = parcel
        .lines
        .iter()
        .filter_map(|(id, units)| {
            let item = order.item(*id)?;
            let gid = format!("gid://shopify/LineItem/{}", 14_000_000_000_000_u64 + item.id);
            let line = json!({"id": gid, "sku": item.sku, "quantity": item.quantity, "name": item.sku});
            Some(json!({"id": format!("gid://shopify/FulfillmentLineItem/{id}"), "quantity": units, "lineItem": line}))
        })
        .collect();
    json!({
        "id": format!("gid://shopify/Fulfillment/{}", parcel.id), "legacyResourceId": parcel.id.to_string(),
        "name": counter(order, parcel), "status": if parcel.cancelled { "CANCELLED" } else { "SUCCESS" },
        "displayStatus": if parcel.cancelled { "CANCELED" } else { "FULFILLED" },
        "createdAt": parcel.created.to_string(), "updatedAt": parcel.updated.to_string(),
        "trackingInfo": tracking, "fulfillmentLineItems": {"connection": lines},
    })
}
