//! WooCommerce 9.8 (core fulfillments: 10.1): deliveries as its queue sends them, and REST v3.

mod plugins;

use super::book::{Happening, IdField, Parcel, Progress, StoreOrder, What};
use super::hooks::{Subscription, post};
use super::own_fields::own_meta;
use super::{Plugin, Shelf, json_body, php};
use crate::answer::{query_pairs, respond};
use crate::canary::BUYER;
use crate::hmac;
use bytes::Bytes;
use data_encoding::BASE64;
use http::{Request, Response};
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use plugins::{core, meta, villatheme};
use serde_json::{Value, json};

impl Shelf {
    pub(super) fn woocommerce_delivery(
        &mut self,
        plugin: Plugin,
        happening: &Happening,
        hook: &Subscription,
    ) -> Option<Request<Bytes>> {
        if let What::Ping(id) = happening.what {
            // The greeting of a new webhook: form data, no signature, none of the usual headers.
            let headers = [("content-type", "application/x-www-form-urlencoded")];
            return Some(id)
                .filter(|id| *id == hook.id)
                .and_then(|id| post(&hook.address, &headers, format!("webhook_id={id}")));
        }
        let order = happening.order.as_ref()?;
        let body = match (&happening.what, hook.topic.as_str()) {
            (What::OrderDeleted, "order.deleted") => json!({"id": order.id}),
            (What::OrderDeleted, _) | (_, "order.deleted") => return None,
            // The queue ran after the order was gone: a validly signed error.
            (_, "order.updated") if order.deleted => gone(),
            (_, "order.updated") => self.woocommerce_order(plugin, order),
            _ => return None,
        };
        let body = php::json(&body);
        let signature = hmac::base64(unescape(self.secret_of(hook)).as_bytes(), &[body.as_bytes()]);
        let event = hook.topic.split('.').nth(1).unwrap_or_default();
        let source = format!("https://{}/", self.account.domain);
        let id = hook.id.to_string();
        // Not an id of the delivery: a hash of webhook and second, so two orders of one second share it.
        let second = self.now().as_second().to_string();
        let delivery = hmac::hex(b"delivery", &[id.as_bytes(), second.as_bytes()]);
        let headers = [
            ("user-agent", "WooCommerce/9.8.1 Hookshot (WordPress/6.8.1)"),
            ("content-type", "application/json"),
            ("x-wc-webhook-source", source.as_str()),
            ("x-wc-webhook-topic", &hook.topic),
            ("x-wc-webhook-resource", "order"),
            ("x-wc-webhook-event", event),
            ("x-wc-webhook-signature", &signature),
            ("x-wc-webhook-id", &id),
            ("x-wc-webhook-delivery-id", &delivery[..32]),
        ];
        post(&hook.address, &headers, body)
    }

    pub(super) fn woocommerce_api(&mut self, plugin: Plugin, request: &Request<Bytes>) -> Response<Bytes> {
        let key = format!("{}:{}", self.account.consumer_key, self.account.consumer_secret);
        let basic = format!("Basic {}", BASE64.encode(key.as_bytes()));
        let given = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if given != Some(basic.as_str()) {
            let text = "Sorry, you cannot list resources.";
            return error(401, "woocommerce_rest_cannot_view", text);
        }
        let path = request.uri().path().strip_prefix("/wp-json/wc/v3/").unwrap_or_default().to_owned();
        let query = query_pairs(request.uri().query().unwrap_or_default());
        let parts: Vec<&str> = path.split('/').collect();
        match (request.method().as_str(), parts.as_slice()) {
            ("GET", ["orders"]) => self.woocommerce_orders(plugin, &query),
            ("GET", ["orders", id]) => match self.live_order(id) {
                Some(order) => answer(200, &[], &self.woocommerce_order(plugin, order)),
                None => error(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID."),
            },
            ("GET", ["orders", id, "fulfillments"]) if plugin == Plugin::Core => match self.live_order(id) {
                Some(order) => answer(200, &[], &order.parcels.iter().map(|p| core(order, p)).collect()),
                None => error(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID."),
            },
            ("PUT" | "POST", ["orders", id]) => {
                match id.parse().ok().and_then(|id| self.set_meta(id, &json_body(request))) {
                    Some(order) => answer(200, &[], &self.woocommerce_order(plugin, &order)),
                    None => error(404, "woocommerce_rest_shop_order_invalid_id", "Invalid ID."),
                }
            }
            ("GET", ["webhooks"]) => {
                let status = value(&query, "status").unwrap_or("all");
                let shown = |hook: &&Subscription| status == "all" || status == hook_status(hook);
                let list: Vec<Value> = self.hooks.iter().filter(shown).map(hook_view).collect();
                paged(&query, list)
            }
            ("POST", ["webhooks"]) => self.woocommerce_subscribe(&json_body(request)),
            ("PUT" | "POST", ["webhooks", id]) => self.woocommerce_edit_hook(id, &json_body(request)),
            ("DELETE", ["webhooks", id]) => {
                let found = self.hooks.iter().position(|hook| hook.id.to_string() == *id);
                match found {
                    Some(_) if value(&query, "force") != Some("true") => {
                        error(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.")
                    }
                    Some(place) => answer(200, &[], &hook_view(&self.hooks.remove(place))),
                    None => error(404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID."),
                }
            }
            _ => error(404, "rest_no_route", "No route was found matching the URL and request method."),
        }
    }

    fn live_order(&self, id: &str) -> Option<&StoreOrder> {
        self.orders.get(&id.parse().ok()?).filter(|order| !order.deleted)
    }

    fn woocommerce_orders(&self, plugin: Plugin, query: &[(String, String)]) -> Response<Bytes> {
        let gmt = value(query, "dates_are_gmt") == Some("true");
        let after = value(query, "modified_after").map(|text| self.moment(text, gmt));
        if after == Some(None) {
            return error(400, "rest_invalid_param", "Invalid parameter(s): modified_after");
        }
        let statuses = value(query, "status").filter(|status| *status != "any");
        let include = value(query, "include");
        let listed = |list: Option<&str>, word: &str| list.is_none_or(|list| list.split(',').any(|part| part == word));
        let mut orders: Vec<&StoreOrder> = self.orders.values().filter(|order| !order.deleted).collect();
        orders.retain(|order| {
            after.flatten().is_none_or(|after| order.updated > after)
                && listed(statuses, status(order))
                && listed(include, &order.id.to_string())
        });
        match value(query, "orderby") {
            Some("modified") => orders.sort_by_key(|order| (order.updated, order.id)),
            None | Some("date" | "id") => orders.sort_by_key(|order| (order.created, order.id)),
            Some(_) => return error(400, "rest_invalid_param", "Invalid parameter(s): orderby"),
        }
        if value(query, "order") != Some("asc") {
            orders.reverse();
        }
        paged(query, orders.into_iter().map(|order| self.woocommerce_order(plugin, order)).collect())
    }

    /// A plain date is local time of the site, unless the caller says otherwise.
    fn moment(&self, text: &str, gmt: bool) -> Option<Timestamp> {
        if let Ok(at) = text.parse::<Timestamp>() {
            return Some(at);
        }
        let at = text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
        if gmt { Some(at) } else { at.checked_sub(SignedDuration::from_hours(self.account.utc_offset)).ok() }
    }

    fn woocommerce_subscribe(&mut self, body: &Value) -> Response<Bytes> {
        let (Some(topic), Some(address)) = (body["topic"].as_str(), body["delivery_url"].as_str()) else {
            return error(400, "rest_missing_callback_param", "Missing parameter(s): topic, delivery_url");
        };
        if !["order.created", "order.updated", "order.deleted"].contains(&topic) {
            return error(400, "woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic must be valid.");
        }
        // A secret that is left out is made up, and never returned.
        let made_up = self.chance.hex(2);
        let secret = body["secret"].as_str().map_or(made_up, str::to_owned);
        let id = self.subscribe(topic, address, Some(secret), Vec::new());
        let hook = self.hooks.iter().find(|hook| hook.id == id).map(hook_view);
        answer(201, &[], &hook.unwrap_or_default())
    }

    fn woocommerce_edit_hook(&mut self, id: &str, body: &Value) -> Response<Bytes> {
        let Some(hook) = self.hooks.iter_mut().find(|hook| hook.id.to_string() == id) else {
            return error(404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.");
        };
        let woken = body["status"] == "active" && !hook.active;
        // The count of failures stays: after re-activation the next failure disables the webhook again.
        match body["status"].as_str() {
            Some("active") => hook.active = true,
            Some("paused" | "disabled") => hook.active = false,
            Some(_) => {
                return error(400, "woocommerce_rest_shop_webhook_invalid_status", "Webhook status must be valid.");
            }
            None => {}
        }
        if let Some(address) = body["delivery_url"].as_str() {
            address.clone_into(&mut hook.address);
        }
        if let Some(secret) = body["secret"].as_str() {
            hook.secret = Some(secret.to_owned());
        }
        let (id, view) = (hook.id, hook_view(hook));
        if woken {
            self.tell(What::Ping(id), None);
        }
        answer(200, &[], &view)
    }

    fn woocommerce_order(&self, plugin: Plugin, order: &StoreOrder) -> Value {
        let (local, gmt) = (|at| plain(at, self.account.utc_offset), |at| plain(at, 0));
        let [name, surname, mail, phone, street, town, postcode, _] = BUYER;
        let person = json!({
            "first_name": name, "last_name": surname, "address_1": street, "city": town, "postcode": postcode,
            "country": "US", "email": mail, "phone": phone,
        });
        let lines: Vec<Value> = order
            .items
            .iter()
            .map(|item| {
                json!({
                    "id": item.id, "name": item.sku, "product_id": 500 + item.id, "variation_id": 0,
                    "quantity": item.quantity, "total": "12.00", "sku": item.sku, "price": 12,
                    "meta_data": if plugin == Plugin::VillaTheme { villatheme(order, item.id) } else { json!([]) },
                })
            })
            .collect();
        json!({
            "id": order.id, "parent_id": 0, "status": status(order), "currency": "USD", "version": "9.8.1",
            "date_created": local(order.created), "date_modified": local(order.updated), "total": "42.50",
            "customer_id": 0, "billing": person, "shipping": person, "number": order.name,
            "created_via": if order.tiktok.is_empty() { "checkout" } else { "rest-api" },
            "customer_note": order.note().unwrap_or_default(), "meta_data": own_meta(meta(plugin, order), order), "line_items": lines,
            "refunds": [], "date_created_gmt": gmt(order.created), "date_modified_gmt": gmt(order.updated),
            "_links": {"self": [{"href": format!("https://{}/wp-json/wc/v3/orders/{}", self.account.domain, order.id)}]},
        })
    }
}

fn value<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn answer(status: u16, headers: &[(&str, &str)], body: &Value) -> Response<Bytes> {
    let mut all = vec![("content-type", "application/json; charset=UTF-8")];
    all.extend(headers);
    respond(status, &all, php::json(body))
}

fn error(status: u16, code: &str, message: &str) -> Response<Bytes> {
    answer(status, &[], &json!({"code": code, "message": message, "data": {"status": status}}))
}

fn gone() -> Value {
    json!({"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID.", "data": {"status": 404}})
}

fn paged(query: &[(String, String)], list: Vec<Value>) -> Response<Bytes> {
    let number = |name: &str, fallback: usize| value(query, name).map_or(Some(fallback), |text| text.parse().ok());
    let (Some(size @ 1..=100), Some(page @ 1..)) = (number("per_page", 10), number("page", 1)) else {
        return error(400, "rest_invalid_param", "Invalid parameter(s): per_page, page");
    };
    let (total, pages) = (list.len(), list.len().div_ceil(size));
    let shown: Vec<Value> = list.into_iter().skip(size.saturating_mul(page - 1)).take(size).collect();
    let (total, pages) = (total.to_string(), pages.to_string());
    answer(200, &[("x-wp-total", total.as_str()), ("x-wp-totalpages", pages.as_str())], &Value::Array(shown))
}

/// A date without a zone, in the site's time.
fn plain(at: Timestamp, offset: i64) -> String {
    let hours = i8::try_from(offset).unwrap_or_default();
    Offset::constant(hours.clamp(-25, 25)).to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

fn status(order: &StoreOrder) -> &'static str {
    match order.progress() {
        _ if order.cancelled.is_some() => "cancelled",
        Progress::All => "completed",
        Progress::None | Progress::Part => "processing",
    }
}

fn hook_status(hook: &Subscription) -> &'static str {
    if hook.active { "active" } else { "disabled" }
}

fn hook_view(hook: &Subscription) -> Value {
    json!({
        "id": hook.id, "name": hook.topic, "status": hook_status(hook), "topic": hook.topic, "resource": "order",
        "event": hook.topic.split('.').nth(1), "delivery_url": hook.address, "hooks": [],
        "date_created_gmt": plain(hook.created, 0), "date_modified_gmt": plain(hook.created, 0),
    })
}

/// WooCommerce decodes HTML entities in a secret before it signs.
pub(super) fn unescape(secret: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#039;", "'"), ("&amp;", "&")];
    named.iter().fold(secret.to_owned(), |text, (from, to)| text.replace(from, to))
}

fn live(order: &StoreOrder) -> impl Iterator<Item = &Parcel> {
    order.parcels.iter().filter(|parcel| !parcel.cancelled)
}

/// The slug a plug-in would use for a carrier's name.
fn slug(carrier: &str) -> String {
    carrier.to_lowercase().replace(' ', "-")
}
