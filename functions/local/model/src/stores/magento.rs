//! Magento 2: two ways of telling, REST reads with search criteria, Mage-OS subscriptions.

use super::book::{Happening, IdField, Parcel, Progress, StoreOrder, What};
use super::hooks::{Subscription, post};
use super::{Shelf, Way, json_answer, json_body, oauth1, php};
use crate::answer::query_pairs;
use crate::canary::BUYER;
use crate::hmac;
use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Shelf {
    pub(super) fn magento_delivery(
        &mut self,
        way: Way,
        happening: &Happening,
        hook: &Subscription,
    ) -> Option<Request<Bytes>> {
        let order = happening.order.as_ref()?;
        let made = match happening.what {
            What::ParcelMade(id) => order.parcels.iter().find(|parcel| parcel.id == id),
            _ => None,
        };
        match (way, hook.topic.as_str()) {
            (Way::MageOs, "sales.shipment.created") => self.mage_os(hook, &shipment(order, made?)),
            (Way::MageOs, "sales.order.cancelled") if happening.what == What::OrderCancelled => {
                self.mage_os(hook, &order_view(order))
            }
            (Way::Mageplaza, "new_shipment") => {
                let parcel = made?;
                let body = json!({
                    "event": "new_shipment", "shipment_id": parcel.id.to_string(), "order_id": order.id.to_string(),
                    "increment_id": increment(parcel),
                });
                let (name, value) = hook.headers.first().unwrap_or(&self.account.header);
                post(&hook.address, &[("content-type", "application/json"), (name, value)], body.to_string())
            }
            _ => None,
        }
    }

    /// No event name, no id, no time: one address per event tells them apart.
    fn mage_os(&self, hook: &Subscription, data: &Value) -> Option<Request<Bytes>> {
        let body = php::json(&json!({"data": data}));
        let signature = hmac::hex(self.secret_of(hook).as_bytes(), &[body.as_bytes()]);
        let headers =
            [("content-type", "application/json"), ("user-agent", "GuzzleHttp/7"), ("x-magento-signature", &signature)];
        post(&hook.address, &headers, body)
    }

    pub(super) fn magento_api(&mut self, request: &Request<Bytes>) -> Response<Bytes> {
        let given = request.headers().get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = self.account.bearer && given == Some(format!("Bearer {}", self.account.access_token).as_str());
        let now = self.now();
        if !bearer && !oauth1::is_valid(request, &self.account, now, &mut self.nonces) {
            let text = "The consumer isn't authorized to access %resources.";
            return json_answer(401, &json!({"message": text, "parameters": {"resources": "Magento_Sales::sales"}}));
        }
        let path = request.uri().path();
        let path = path.strip_prefix("/rest/V1/").or_else(|| path.strip_prefix("/rest/default/V1/"));
        let parts: Vec<&str> = path.unwrap_or_default().split('/').collect();
        let query = query_pairs(request.uri().query().unwrap_or_default());
        match (request.method().as_str(), parts.as_slice()) {
            ("GET", ["orders"]) => search(&query, self.live().map(order_view).collect()),
            ("GET", ["orders", id]) => {
                let order = self.live().find(|order| order.id.to_string() == *id);
                order.map_or_else(missing, |order| json_answer(200, &order_view(order)))
            }
            (method @ ("GET" | "POST"), ["orders", id, "comments"]) => {
                let body = json_body(request);
                self.magento_comments(id, (method == "POST").then_some(&body)).unwrap_or_else(missing)
            }
            ("GET", ["shipments"]) => search(&query, self.shipments()),
            ("GET", ["shipment", id]) => {
                let found =
                    self.shipments().into_iter().find(|shipment| shipment["entity_id"].as_u64() == id.parse().ok());
                found.map_or_else(missing, |shipment| json_answer(200, &shipment))
            }
            ("POST", ["async_event"]) => self.add_async_event(&json_body(request)["asyncEvent"]),
            ("GET", ["async_events"]) => search(&query, self.hooks.iter().map(hook_view).collect()),
            (method @ ("GET" | "PUT"), ["async_event", id]) => {
                let status = json_body(request)["asyncEvent"]["status"].as_bool();
                let Some(hook) = self.hooks.iter_mut().find(|hook| hook.id.to_string() == *id) else {
                    return missing();
                };
                match (method, status) {
                    // Only the status can be changed; there is no call that takes a subscription away.
                    ("PUT", Some(status)) => hook.active = status,
                    ("PUT", None) => return json_answer(400, &json!({"message": "Status is required"})),
                    _ => {}
                }
                json_answer(200, &hook_view(hook))
            }
            _ => json_answer(404, &json!({"message": "Request does not match any route."})),
        }
    }

    fn live(&self) -> impl Iterator<Item = &StoreOrder> {
        self.orders.values().filter(|order| !order.deleted)
    }

    fn shipments(&self) -> Vec<Value> {
        let parcels = |order: &StoreOrder| -> Vec<Value> {
            order.parcels.iter().filter(|parcel| !parcel.cancelled).map(|parcel| shipment(order, parcel)).collect()
        };
        self.live().flat_map(parcels).collect()
    }

    fn add_async_event(&mut self, event: &Value) -> Response<Bytes> {
        let text = |name: &str| event[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let (Some(name), Some(address), Some(token), Some(_)) =
            (text("event_name"), text("recipient_url"), text("verification_token"), text("metadata"))
        else {
            return json_answer(400, &json!({"message": "\"%fieldName\" is required. Enter and try again."}));
        };
        let id = self.subscribe(&name, &address, Some(token), Vec::new());
        let hook = self.hooks.iter().find(|hook| hook.id == id).map(hook_view);
        json_answer(200, &hook.unwrap_or_default())
    }
}

fn missing() -> Response<Bytes> {
    json_answer(
        404,
        &json!({"message": "The entity that was requested doesn't exist. Verify the entity and try again."}),
    )
}

fn hook_view(hook: &Subscription) -> Value {
    json!({
        "subscription_id": hook.id, "event_name": hook.topic, "recipient_url": hook.address, "status": hook.active,
        "subscribed_at": date(hook.created),
    })
}

fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn increment(parcel: &Parcel) -> String {
    format!("{:09}", parcel.id)
}

/// Carrier codes of Magento itself; anything else is `custom` with a title typed by hand.
fn carrier_code(carrier: &str) -> &'static str {
    let known = [
        ("dhl", "DHL"),
        ("fedex", "Federal Express"),
        ("ups", "United Parcel Service"),
        ("usps", "United States Postal Service"),
    ];
    let found = known.iter().find(|(code, title)| code.eq_ignore_ascii_case(carrier) || *title == carrier);
    found.map_or("custom", |(code, _)| code)
}

fn shipment(order: &StoreOrder, parcel: &Parcel) -> Value {
    let items: Vec<Value> = parcel
        .lines
        .iter()
        .filter_map(|(line, units)| {
            let item = order.item(*line)?;
            Some(json!({
                "entity_id": 8000 + line, "name": item.sku, "parent_id": parcel.id, "price": 12, "sku": item.sku,
                "order_item_id": line, "qty": units,
            }))
        })
        .collect();
    let tracks: Vec<Value> = parcel
        .numbers
        .iter()
        .enumerate()
        .map(|(i, number)| {
            json!({
                "order_id": order.id, "created_at": date(parcel.created), "updated_at": date(parcel.updated),
                "entity_id": parcel.id * 100 + i as u64, "parent_id": parcel.id, "weight": null, "qty": null,
                "description": null, "track_number": number, "title": parcel.carrier,
                "carrier_code": carrier_code(&parcel.carrier),
            })
        })
        .collect();
    json!({
        "entity_id": parcel.id, "increment_id": increment(parcel), "order_id": order.id, "customer_id": null,
        "created_at": date(parcel.created), "updated_at": date(parcel.updated), "store_id": 1, "packages": [],
        "items": items, "tracks": tracks, "comments": [], "extension_attributes": {"source_code": "default"},
    })
}

fn order_view(order: &StoreOrder) -> Value {
    let state = match order.progress() {
        _ if order.cancelled.is_some() => "canceled",
        Progress::All => "complete",
        Progress::None | Progress::Part => "processing",
    };
    let items: Vec<Value> = order
        .items
        .iter()
        .map(|item| {
            json!({
                "item_id": item.id, "order_id": order.id, "sku": item.sku, "product_type": "simple",
                "qty_ordered": item.quantity, "qty_shipped": order.shipped(item.id), "qty_canceled": 0,
                "parent_item_id": null,
            })
        })
        .collect();
    let channel = order.id_in(IdField::Main);
    let (method, title) =
        if order.tiktok.is_empty() { ("checkmo", "Check") } else { ("tiktokshoppayment", "TikTok Shop") };
    let mut info = vec![json!({"key": "payment_method", "value": title})];
    info.extend(channel.map(|id| json!({"key": "channel_order_id", "value": id})));
    // Values only, without their keys.
    let values: Vec<&str> = [Some(title), channel].into_iter().flatten().collect();
    json!({
        "entity_id": order.id, "increment_id": order.name, "state": state, "status": state, "store_id": 1,
        "created_at": date(order.created), "updated_at": date(order.updated), "customer_email": BUYER[2],
        "customer_firstname": BUYER[0], "customer_note": order.note(), "ext_order_id": null, "items": items,
        "payment": {"account_status": null, "additional_information": values, "method": method},
        "status_histories": [], "extension_attributes": {"payment_additional_info": info},
    })
}

/// One filter: field, value, condition.
type Filter = (String, String, String);

/// The keys of a bracketed parameter: `searchCriteria[filter_groups][0][filters][1][field]`.
fn keys(name: &str) -> Option<Vec<String>> {
    let rest = name.strip_prefix("searchCriteria")?;
    let parts = rest.split('[').skip(1).map(|part| part.strip_suffix(']').map(str::to_owned));
    parts.collect()
}

/// Groups are joined by AND, filters of one group by OR. Underscores and camel case are both understood.
fn search(query: &[(String, String)], mut rows: Vec<Value>) -> Response<Bytes> {
    let mut groups: BTreeMap<(String, String), Filter> = BTreeMap::new();
    let mut sorts: BTreeMap<String, (String, String)> = BTreeMap::new();
    let (mut size, mut page, mut criteria) = (None, 1, false);
    for (name, value) in query {
        let Some(path) = keys(name) else {
            continue;
        };
        criteria = true;
        match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["filter_groups" | "filterGroups", group, "filters", place, part] => {
                let entry = ((*group).to_owned(), (*place).to_owned());
                let filter = groups.entry(entry).or_insert_with(|| (String::new(), String::new(), "eq".to_owned()));
                match *part {
                    "field" => filter.0.clone_from(value),
                    "value" => filter.1.clone_from(value),
                    "condition_type" | "conditionType" => filter.2.clone_from(value),
                    _ => {}
                }
            }
            ["sortOrders" | "sort_orders", place, part] => {
                let sort = sorts.entry((*place).to_owned()).or_insert_with(|| (String::new(), "ASC".to_owned()));
                match *part {
                    "field" => sort.0.clone_from(value),
                    "direction" => sort.1.clone_from(value),
                    _ => {}
                }
            }
            ["pageSize" | "page_size"] => size = value.parse::<usize>().ok().filter(|size| *size > 0),
            ["currentPage" | "current_page"] => page = value.parse::<usize>().unwrap_or(1).max(1),
            _ => {}
        }
    }
    if !criteria {
        return json_answer(
            400,
            &json!({"message": "\"%fieldName\" is required. Enter and try again.", "parameters": {"fieldName": "searchCriteria"}}),
        );
    }
    let mut by_group: BTreeMap<String, Vec<Filter>> = BTreeMap::new();
    for ((group, _), filter) in groups {
        by_group.entry(group).or_default().push(filter);
    }
    if by_group.values().flatten().any(|(field, _, _)| rows.first().is_some_and(|row| row.get(field).is_none())) {
        return json_answer(400, &json!({"message": "Invalid attribute name."}));
    }
    rows.retain(|row| by_group.values().all(|filters| filters.iter().any(|filter| passes(row, filter))));
    for (field, direction) in sorts.values().rev() {
        rows.sort_by(|a, b| compare(&a[field], &b[field]));
        if direction.eq_ignore_ascii_case("DESC") {
            rows.reverse();
        }
    }
    let total = rows.len();
    let size = size.unwrap_or(total.max(1));
    // A page past the end is the last page again, and not an empty one.
    let page = page.min(total.div_ceil(size).max(1));
    let rows: Vec<Value> = rows.into_iter().skip(size * (page - 1)).take(size).collect();
    let shown = json!({"page_size": size, "current_page": page});
    json_answer(200, &json!({"items": rows, "search_criteria": shown, "total_count": total}))
}

fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a.as_u64(), b.as_u64()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_str().cmp(&b.as_str()),
    }
}

fn passes(row: &Value, (field, wanted, condition): &Filter) -> bool {
    let value = match &row[field] {
        Value::Null => return condition == "null",
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let order = match (value.parse::<u64>(), wanted.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => value.as_str().cmp(wanted.as_str()),
    };
    match condition.as_str() {
        "eq" => order.is_eq(),
        "neq" => order.is_ne(),
        "gt" => order.is_gt(),
        "gteq" | "from" => order.is_ge(),
        "lt" => order.is_lt(),
        "lteq" | "to" => order.is_le(),
        "in" => wanted.split(',').any(|part| part == value),
        "notnull" => true,
        _ => false,
    }
}
