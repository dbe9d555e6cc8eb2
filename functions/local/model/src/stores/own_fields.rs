//! Fields that other programs write into orders: Shopify's and BigCommerce's metafields, WooCommerce's meta data,
//! Magento's comments.

use super::bigcommerce::missing;
use super::book::{StoreOrder, What};
use super::graphql::Field;
use super::{ModelStore, Shelf, json_answer};
use bytes::Bytes;
use http::Response;
use serde_json::{Value, json};

/// Metafields that Shopify takes in one call.
const MOST_METAFIELDS: usize = 25;

fn put(order: &mut StoreOrder, name: String, value: &str) {
    match order.fields.iter_mut().find(|(known, _)| *known == name) {
        Some((_, known)) => value.clone_into(known),
        None => order.fields.push((name, value.to_owned())),
    }
}

fn is_word(text: &str, least: usize) -> bool {
    (least..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// What a plug-in keeps, and what others wrote.
pub(super) fn own_meta(mut meta: Value, order: &StoreOrder) -> Value {
    let own = order.fields.iter().enumerate();
    let own = own.map(|(place, (key, value))| json!({"id": 90_000 + place, "key": key, "value": value}));
    if let Some(list) = meta.as_array_mut() {
        list.extend(own);
    }
    meta
}

impl ModelStore {
    /// Somebody else writes a comment into an order.
    pub fn comment(&self, order: u64, text: &str) {
        if let Some(order) = self.shelf().own(order) {
            order.fields.push(("comment".to_owned(), text.to_owned()));
        }
    }
}

impl Shelf {
    fn own(&mut self, id: u64) -> Option<&mut StoreOrder> {
        self.orders.get_mut(&id).filter(|order| !order.deleted)
    }

    /// All or none.
    pub(super) fn set_metafields(&mut self, field: &Field) -> Result<Value, String> {
        let list = field.args.get("metafields").and_then(Value::as_array).ok_or("Argument 'metafields' is required")?;
        let errors = |place: usize, part: &str, code: &str| {
            let error = json!({
                "field": ["metafields", place.to_string(), part], "message": "is invalid", "code": code, "elementIndex": null,
            });
            Ok(json!({"metafields": [], "userErrors": [error]}))
        };
        if list.len() > MOST_METAFIELDS {
            return errors(0, "metafields", "LESS_THAN_OR_EQUAL_TO");
        }
        let mut taken = Vec::new();
        for (place, given) in list.iter().enumerate() {
            let text = |name: &str| given[name].as_str().unwrap_or_default();
            let owner = text("ownerId").strip_prefix("gid://shopify/Order/").and_then(|id| id.parse::<u64>().ok());
            let Some(owner) = owner.filter(|id| self.own(*id).is_some()) else {
                return errors(place, "ownerId", "INVALID_OWNER");
            };
            if !is_word(text("namespace"), 3) || !is_word(text("key"), 2) {
                return errors(place, "key", "INVALID");
            }
            let value = text("value");
            match text("type") {
                "single_line_text_field" if value.is_empty() => return errors(place, "value", "BLANK"),
                "single_line_text_field" if value.contains('\n') => return errors(place, "value", "INVALID_VALUE"),
                "single_line_text_field" => {}
                _ => return errors(place, "type", "INVALID_TYPE"),
            }
            taken.push((owner, format!("{}.{}", text("namespace"), text("key")), value.to_owned()));
        }
        for (owner, name, value) in taken {
            if let Some(order) = self.own(owner) {
                put(order, name, &value);
            }
        }
        Ok(json!({"metafields": [], "userErrors": []}))
    }

    /// Replaces known keys, adds others. The order is saved, so its webhook fires.
    pub(super) fn set_meta(&mut self, id: u64, body: &Value) -> Option<StoreOrder> {
        let now = self.now();
        let order = self.own(id)?;
        for given in body["meta_data"].as_array().into_iter().flatten() {
            if let (Some(key), Some(value)) = (given["key"].as_str(), given["value"].as_str()) {
                put(order, key.to_owned(), value);
            }
        }
        order.updated = now;
        let order = order.clone();
        self.tell(What::OrderEdited, Some(id));
        Some(order)
    }

    pub(super) fn bigcommerce_metafields(
        &mut self,
        method: &str,
        id: &str,
        rest: &[&str],
        body: &Value,
    ) -> Response<Bytes> {
        let Some(order) = id.parse().ok().and_then(|id| self.own(id)) else {
            return missing();
        };
        let view = |place: usize, (name, value): &(String, String)| {
            let (namespace, key) = name.split_once('.').unwrap_or_default();
            json!({
                "id": 7_000 + place, "namespace": namespace, "key": key, "value": value, "permission_set": "read",
                "resource_type": "order", "resource_id": id.parse::<u64>().unwrap_or_default(),
            })
        };
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        match (method, rest) {
            ("GET", []) => {
                let list: Vec<Value> =
                    order.fields.iter().enumerate().map(|(place, field)| view(place, field)).collect();
                json_answer(200, &json!({"data": list, "meta": {"pagination": {"total": list.len()}}}))
            }
            ("POST", []) => {
                let permissions = ["app_only", "read", "write", "read_and_sf_access", "write_and_sf_access"];
                let name = format!("{}.{}", text("namespace"), text("key"));
                if !permissions.contains(&text("permission_set"))
                    || !is_word(text("namespace"), 1)
                    || text("value").is_empty()
                {
                    return json_answer(422, &json!({"status": 422, "title": "JSON data is missing or invalid"}));
                }
                if order.fields.iter().any(|(known, _)| *known == name) {
                    return json_answer(409, &json!({"status": 409, "title": "The metafield exists already"}));
                }
                order.fields.push((name, text("value").to_owned()));
                let place = order.fields.len() - 1;
                json_answer(200, &json!({"data": view(place, &order.fields[place]), "meta": {}}))
            }
            ("PUT", [which]) => {
                let place = which.parse::<usize>().ok().and_then(|which| which.checked_sub(7_000));
                match place.and_then(|place| order.fields.get_mut(place)) {
                    Some((_, known)) => {
                        text("value").clone_into(known);
                        json_answer(200, &json!({"data": {}, "meta": {}}))
                    }
                    None => missing(),
                }
            }
            _ => missing(),
        }
    }

    /// Adds a comment where a body is given, else lists them. `None`: no such order.
    pub(super) fn magento_comments(&mut self, id: &str, body: Option<&Value>) -> Option<Response<Bytes>> {
        let order = self.own(id.parse().ok()?)?;
        let Some(body) = body else {
            let comment =
                |(_, text): &(String, String)| json!({"comment": text, "entity_name": "order", "parent_id": id});
            let items: Vec<Value> = order.fields.iter().map(comment).collect();
            return Some(json_answer(200, &json!({"items": items, "total_count": items.len()})));
        };
        let history = &body["statusHistory"];
        let whole =
            ["is_customer_notified", "is_visible_on_front", "parent_id"].iter().all(|key| history[*key].is_u64());
        let Some(text) = history["comment"].as_str().filter(|_| whole) else {
            return Some(json_answer(400, &json!({"message": "\"%fieldName\" is required. Enter and try again."})));
        };
        order.fields.push(("comment".to_owned(), text.to_owned()));
        Some(json_answer(200, &json!(true)))
    }
}
