//! BigCommerce: deliveries with ids only, v2 orders and shipments, v3 hooks.

use super::book::{Happening, IdField, Parcel, Progress, StoreOrder, What};
use super::hooks::{Subscription, post, standard_webhook};
use super::{Shelf, json_answer, json_body};
use crate::answer::{query_pairs, respond};
use crate::canary::BUYER;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{Request, Response};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// Hooks one client may have per scope.
const MOST_HOOKS: usize = 10;

impl Shelf {
    pub(super) fn bigcommerce_delivery(
        &mut self,
        happening: &Happening,
        hook: &Subscription,
    ) -> Option<Request<Bytes>> {
        let order = happening.order.as_ref()?;
        let shipment = |id: u64| json!({"type": "shipment", "id": id, "orderId": order.id});
        let moved = |to: u8| json!({"type": "order", "id": order.id, "status": {"previous_status_id": 11, "new_status_id": to}});
        let data = match (&happening.what, hook.topic.as_str()) {
            (What::ParcelMade(id), "store/shipment/created") => shipment(*id),
            (What::ParcelEdited(id), "store/shipment/updated") => shipment(*id),
            (What::ParcelCancelled(id), "store/shipment/deleted") => shipment(*id),
            (What::ParcelMade(_) | What::ParcelCancelled(_), "store/order/statusUpdated") => moved(status(order).0),
            (What::OrderCancelled, "store/order/statusUpdated") => moved(5),
            _ => return None,
        };
        let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, data.to_string().as_bytes());
        let body = json!({
            "scope": hook.topic, "store_id": "1001197568", "data": data, "hash": HEXLOWER.encode(digest.as_ref()),
            "created_at": happening.at.as_second(), "producer": format!("stores/{}", self.account.domain),
        })
        .to_string();
        let id = format!("msg_{}", self.chance.hex(1));
        // The key is the client secret's text itself.
        let signed = standard_webhook(&id, self.now(), self.secret_of(hook).as_bytes(), &body);
        let mut headers = vec![("content-type", "application/json"), ("accept", "*/*")];
        headers.extend(signed.iter().map(|(name, value)| (*name, value.as_str())));
        headers.extend(hook.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        post(&hook.address, &headers, body)
    }

    pub(super) fn bigcommerce_api(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        let token = request.headers().get("x-auth-token").and_then(|token| token.to_str().ok());
        if token != Some(self.account.access_token.as_str()) {
            return json_answer(401, &json!({"status": 401, "title": "Unauthorized"}));
        }
        let base = format!("/stores/{}/", self.account.domain);
        let path = request.uri().path().strip_prefix(&base).unwrap_or_default().to_owned();
        let query = query_pairs(request.uri().query().unwrap_or_default());
        let parts: Vec<&str> = path.split('/').collect();
        match (request.method().as_str(), parts.as_slice()) {
            ("GET", ["v2", "orders"]) => self.bigcommerce_orders(&query),
            ("GET", ["v2", "orders", id, rest @ ..]) => self.bigcommerce_order(id, rest, &query),
            (method, ["v3", "orders", id, "metafields", rest @ ..]) => {
                self.bigcommerce_metafields(method, id, rest, &json_body(request))
            }
            ("GET", ["v3", "hooks"]) => {
                let list: Vec<Value> = self.hooks.iter().map(|hook| self.hook_view(hook)).collect();
                let size = 50.max(list.len());
                let pages = json!({"total": list.len(), "count": list.len(), "per_page": size, "current_page": 1, "total_pages": 1});
                json_answer(200, &json!({"data": list, "meta": {"pagination": pages}}))
            }
            ("POST", ["v3", "hooks"]) => self.bigcommerce_subscribe(&json_body(request)),
            (method, ["v3", "hooks", id]) => self.bigcommerce_hook(method, id, &json_body(request)),
            _ => missing(),
        }
    }

    fn bigcommerce_orders(&self, query: &[(String, String)]) -> Response<Bytes> {
        let from = value(query, "min_date_modified").map(date);
        if from == Some(None) {
            return json_answer(400, &json!([{"status": 400, "message": "The field 'min_date_modified' is invalid."}]));
        }
        let mut orders: Vec<&StoreOrder> = self.orders.values().filter(|order| !order.deleted).collect();
        orders.retain(|order| from.flatten().is_none_or(|from| order.updated >= from));
        match value(query, "sort").unwrap_or("id:asc") {
            "date_modified:asc" => orders.sort_by_key(|order| (order.updated, order.id)),
            "date_modified:desc" => orders.sort_by_key(|order| std::cmp::Reverse((order.updated, order.id))),
            _ => {}
        }
        list(query, 250, orders.into_iter().map(|order| self.bigcommerce_view(order)).collect())
    }

    fn bigcommerce_order(&self, id: &str, rest: &[&str], query: &[(String, String)]) -> Response<Bytes> {
        let order = id.parse().ok().and_then(|id: u64| self.orders.get(&id)).filter(|order| !order.deleted);
        let Some(order) = order else {
            return missing();
        };
        let live = || order.parcels.iter().filter(|parcel| !parcel.cancelled);
        match rest {
            [] => json_answer(200, &self.bigcommerce_view(order)),
            ["products"] => list(query, 250, order.items.iter().map(|item| product(order, item)).collect()),
            // No shipments: 204 and an empty body.
            ["shipments"] => list(query, 250, live().map(|parcel| shipment(order, parcel)).collect()),
            ["shipments", id] => {
                let found = live().find(|parcel| parcel.id.to_string() == *id);
                found.map_or_else(missing, |parcel| json_answer(200, &shipment(order, parcel)))
            }
            _ => missing(),
        }
    }

    fn bigcommerce_subscribe(&mut self, body: &Value) -> Response<Bytes> {
        let (Some(scope), Some(address)) = (body["scope"].as_str(), body["destination"].as_str()) else {
            return json_answer(422, &json!({"status": 422, "title": "scope and destination are required"}));
        };
        if self.hooks.iter().filter(|hook| hook.topic == scope).count() >= MOST_HOOKS {
            return json_answer(422, &json!({"status": 422, "title": "Too many webhooks for this scope"}));
        }
        let id = self.subscribe(scope, address, None, headers_of(body));
        let hook = self.hooks.iter_mut().find(|hook| hook.id == id);
        let view = hook.map(|hook| {
            hook.active = body["is_active"].as_bool().unwrap_or(true);
            hook.clone()
        });
        json_answer(200, &json!({"data": view.map(|hook| self.hook_view(&hook)), "meta": {}}))
    }

    fn bigcommerce_hook(&mut self, method: &str, id: &str, body: &Value) -> Response<Bytes> {
        let Some(place) = self.hooks.iter().position(|hook| hook.id.to_string() == id) else {
            return json_answer(404, &json!({"status": 404, "title": "Webhook not found"}));
        };
        if method == "DELETE" {
            let gone = self.hooks.remove(place);
            return json_answer(200, &json!({"data": self.hook_view(&gone), "meta": {}}));
        }
        if method == "PUT" {
            let hook = &mut self.hooks[place];
            if let Some(active) = body["is_active"].as_bool() {
                hook.active = active;
                hook.failures = 0;
            }
            if let Some(address) = body["destination"].as_str() {
                address.clone_into(&mut hook.address);
            }
            if body["headers"].is_object() {
                hook.headers = headers_of(body);
            }
        }
        json_answer(200, &json!({"data": self.hook_view(&self.hooks[place]), "meta": {}}))
    }

    fn hook_view(&self, hook: &Subscription) -> Value {
        let headers: serde_json::Map<String, Value> =
            hook.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        json!({
            "id": hook.id, "client_id": "model-client", "store_hash": self.account.domain, "scope": hook.topic,
            "destination": hook.address, "headers": headers, "is_active": hook.active,
            "created_at": hook.created.as_second(), "updated_at": hook.created.as_second(),
        })
    }

    fn bigcommerce_view(&self, order: &StoreOrder) -> Value {
        let (id, word) = status(order);
        let shipped: u32 = order.items.iter().map(|item| order.shipped(item.id)).sum();
        let resource = |name: &str| {
            let path = format!("/orders/{}/{name}", order.id);
            json!({"url": format!("https://api.bigcommerce.com/stores/{}/v2{path}", self.account.domain), "resource": path})
        };
        json!({
            "id": order.id, "customer_id": 0, "date_created": rfc(order.created), "date_modified": rfc(order.updated),
            "date_shipped": "", "status_id": id, "status": word, "items_shipped": shipped,
            "staff_notes": order.note().unwrap_or_default(),
            "customer_message": order.id_in(IdField::Name).unwrap_or_default(),
            "order_source": if order.tiktok.is_empty() { "www" } else { "external" }, "channel_id": 1,
            "external_source": if order.tiktok.is_empty() { Value::Null } else { "TIKTOK-CONNECTOR".into() },
            "external_id": null, "external_order_id": order.id_in(IdField::Main), "is_deleted": false,
            "billing_address": address(), "products": resource("products"), "shipping_addresses": resource("shippingaddresses"),
        })
    }
}

fn value<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn headers_of(body: &Value) -> Vec<(String, String)> {
    let map = body["headers"].as_object();
    let pairs = map.into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

pub(super) fn missing() -> Response<Bytes> {
    json_answer(404, &json!([{"status": 404, "message": "The requested resource was not found."}]))
}

/// A page of a v2 list. Empty: 204 without a body.
fn list(query: &[(String, String)], most: usize, rows: Vec<Value>) -> Response<Bytes> {
    let number =
        |name: &str, fallback: usize| value(query, name).and_then(|text| text.parse().ok()).unwrap_or(fallback);
    let (size, page) = (number("limit", 50).clamp(1, most), number("page", 1).max(1));
    let rows: Vec<Value> = rows.into_iter().skip(size.saturating_mul(page - 1)).take(size).collect();
    if rows.is_empty() { respond(204, &[], "") } else { json_answer(200, &Value::Array(rows)) }
}

fn rfc(at: Timestamp) -> String {
    rfc2822::to_string(&at.to_zoned(TimeZone::UTC)).unwrap_or_default()
}

/// Dates are accepted in RFC 2822 and in ISO 8601.
fn date(text: &str) -> Option<Timestamp> {
    let iso = text.parse::<Timestamp>().ok();
    let mail = || rfc2822::parse(text).ok().map(|zoned| zoned.timestamp());
    let plain = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    iso.or_else(mail).or_else(plain)
}

fn status(order: &StoreOrder) -> (u8, &'static str) {
    match order.progress() {
        _ if order.cancelled.is_some() => (5, "Cancelled"),
        Progress::None => (11, "Awaiting Fulfillment"),
        Progress::Part => (3, "Partially Shipped"),
        Progress::All => (2, "Shipped"),
    }
}

fn address() -> Value {
    let [name, surname, mail, phone, street, town, postcode, _] = BUYER;
    json!({
        "first_name": name, "last_name": surname, "street_1": street, "city": town, "zip": postcode,
        "country_iso2": "US", "phone": phone, "email": mail,
    })
}

/// Provider codes BigCommerce knows; any other carrier is an AfterShip slug.
fn provider(carrier: &str) -> Option<&'static str> {
    let known = [("usps", "USPS"), ("fedex", "FedEx"), ("ups", "UPS"), ("royalmail", "Royal Mail")];
    known.iter().find(|(_, name)| name.eq_ignore_ascii_case(carrier)).map(|(code, _)| *code)
}

fn shipment(order: &StoreOrder, parcel: &Parcel) -> Value {
    let code = provider(&parcel.carrier);
    let slug = if code.is_some() { String::new() } else { parcel.carrier.to_lowercase().replace(' ', "-") };
    let items: Vec<Value> = parcel
        .lines
        .iter()
        .map(|(line, units)| json!({"order_product_id": line, "product_id": 70 + line, "quantity": units}))
        .collect();
    json!({
        "id": parcel.id, "order_id": order.id, "customer_id": 0, "order_address_id": 9000 + order.id,
        "date_created": rfc(parcel.created), "tracking_number": parcel.numbers.join(", "), "shipping_method": "None",
        "comments": "", "shipping_provider": code.unwrap_or_default(), "tracking_carrier": slug, "tracking_link": "",
        "shipping_provider_display_name": if code.is_some() { parcel.carrier.as_str() } else { "" },
        "generated_tracking_link": "", "items": items, "billing_address": address(), "shipping_address": address(),
    })
}

fn product(order: &StoreOrder, item: &super::Item) -> Value {
    json!({
        "id": item.id, "order_id": order.id, "product_id": 70 + item.id, "name": item.sku, "sku": item.sku,
        "type": "physical", "quantity": item.quantity, "quantity_shipped": order.shipped(item.id),
        "quantity_refunded": 0, "is_refunded": false, "external_id": null, "parent_order_product_id": null,
    })
}
