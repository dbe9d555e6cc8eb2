//! External order references, and webhook settings.

use super::codes::{Answer, Refusal};
use super::gate::Asked;
use super::order::{External, Order};
use super::ship::text;
use super::state::{State, Webhook};
use super::webhooks::{OTHER_EVENTS, TYPES};
use serde_json::{Value, json};

const PLATFORMS: [&str; 10] = [
    "SHOPIFY",
    "WOOCOMMERCE",
    "BIGCOMMERCE",
    "MAGENTO",
    "SALESFORCE_COMMERCE_CLOUD",
    "CHANNEL_ADVISOR",
    "AMAZON",
    "ORDER_MANAGEMENT_SYSTEM",
    "WAREHOUSE_MANAGEMENT_SYSTEM",
    "ERP_SYSTEM",
];

fn view(External { platform, id, lines }: &External) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(ours, theirs)| json!({"id": theirs, "origin_id": ours})).collect();
    json!({"id": id, "platform": platform, "line_items": lines})
}

impl State {
    /// Stores what it can and lists the rest.
    pub(super) fn add_external(&mut self, asked: &Asked<'_>) -> Answer {
        let body = asked.json()?;
        let list = body["orders"].as_array().filter(|list| (1..=100).contains(&list.len()));
        let list = list.ok_or_else(|| Refusal::saying(21_001_001, "Invalid parameters: `orders`."))?;
        let mut errors = Vec::new();
        for entry in list {
            let (order, external) = (text(entry, "id")?, &entry["external_order"]);
            let (id, platform) = (text(external, "id")?, text(external, "platform")?);
            let lines = external["line_items"].as_array().map(Vec::as_slice).unwrap_or_default();
            let pair = |line: &Value| Some((line["origin_id"].as_str()?.to_owned(), line["id"].as_str()?.to_owned()));
            let lines = lines.iter().filter_map(pair).collect();
            let reference = External { platform: platform.clone(), id: id.clone(), lines };
            let known = PLATFORMS.contains(&platform.as_str());
            let stored = known && self.change(asked.shop, &order, |order| store(order, reference)).is_some();
            if !stored {
                errors.push(json!({
                    "code": "21008111", "message": "The order does not belong to this shop.",
                    "detail": {"order_id": order, "external_order": {"id": id, "platform": platform}},
                }));
            }
        }
        Ok(if errors.is_empty() { json!({}) } else { json!({"errors": errors}) })
    }

    pub(super) fn search_external(&self, asked: &Asked<'_>) -> Answer {
        let platform = asked.parameter("platform").filter(|platform| PLATFORMS.contains(platform));
        let platform = platform.ok_or_else(|| Refusal::parameter("Invalid parameter `platform`."))?;
        let id = asked.parameter("external_order_id");
        let id = id.ok_or_else(|| Refusal::parameter("Invalid parameter `external_order_id`."))?;
        let orders = self.shops.get(asked.shop).into_iter().flat_map(|shop| shop.orders.values());
        let found: Vec<Value> = orders
            .flat_map(|record| record.current.external.iter().map(|reference| (&record.current.id, reference)))
            .filter(|(_, reference)| reference.platform == platform && reference.id == id)
            .map(|(order, reference)| json!({"id": order, "external_order": view(reference)}))
            .collect();
        Ok(json!({"orders": found}))
    }

    pub(super) fn get_external(&mut self, asked: &Asked<'_>) -> Answer {
        let order = self.order(asked.shop, asked.id).ok_or_else(|| Refusal::of(21_008_111))?;
        let wanted = asked.parameter("platform");
        let list = order.external.iter().filter(|reference| wanted.is_none_or(|wanted| wanted == reference.platform));
        Ok(json!({"external_orders": list.map(view).collect::<Vec<_>>()}))
    }

    pub(super) fn get_webhooks(&self, asked: &Asked<'_>) -> Answer {
        let shop = self.shops.get(asked.shop).ok_or_else(|| Refusal::of(101_000))?;
        let list: Vec<Value> = shop
            .webhooks
            .iter()
            .map(|(event, hook)| {
                json!({
                    "event_type": event, "address": hook.address, "create_time": hook.created.as_second(),
                    "update_time": hook.updated.as_second(),
                })
            })
            .collect();
        Ok(json!({"total_count": list.len(), "webhooks": list}))
    }

    pub(super) fn put_webhook(&mut self, asked: &Asked<'_>) -> Answer {
        let body = asked.json()?;
        let (event, address) = (known_event(&body)?, text(&body, "address")?);
        // Loopback stands in for the outside in tests and in the demo.
        let local = address.starts_with("http://127.0.0.1") || address.starts_with("http://localhost");
        if address.len() > 255 || !(address.starts_with("https://") || local) {
            return Err(Refusal::parameter("Invalid parameter `address`."));
        }
        let now = self.now();
        let shop = self.shops.get_mut(asked.shop).ok_or_else(|| Refusal::of(101_000))?;
        let fresh = Webhook { address: String::new(), created: now, updated: now };
        let hook = shop.webhooks.entry(event).or_insert(fresh);
        hook.address = address;
        hook.updated = now;
        Ok(json!({}))
    }

    /// Succeeds when nothing was set.
    pub(super) fn delete_webhook(&mut self, asked: &Asked<'_>) -> Answer {
        let event = known_event(&asked.json()?)?;
        let shop = self.shops.get_mut(asked.shop).ok_or_else(|| Refusal::of(101_000))?;
        shop.webhooks.remove(&event);
        Ok(json!({}))
    }
}

fn store(order: &mut Order, reference: External) {
    order.external.retain(|known| (&known.platform, &known.id) != (&reference.platform, &reference.id));
    order.external.push(reference);
}

fn known_event(body: &Value) -> Result<String, Refusal> {
    let event = text(body, "event_type")?;
    let known = TYPES.iter().any(|(_, name)| *name == event) || OTHER_EVENTS.contains(&event.as_str());
    if known { Ok(event) } else { Err(Refusal::parameter("Invalid parameter `event_type`.")) }
}
