//! Warehouses, delivery options, carriers.

use super::codes::{Answer, Refusal};
use super::gate::Asked;
use super::state::State;
use serde_json::{Value, json};

/// Markets whose carriers depend on the route, since 2026-03-26.
const BY_ROUTE: [&str; 5] = ["ES", "IE", "IT", "DE", "FR"];

impl State {
    pub(super) fn warehouses(&self, asked: &Asked<'_>) -> Answer {
        let shop = self.shops.get(asked.shop).ok_or_else(|| Refusal::of(101_000))?;
        Ok(json!({"warehouses": [{
            "id": shop.warehouse, "entity_id": shop.warehouse, "name": "Main warehouse", "effect_status": "ENABLED",
            "type": "SALES_WAREHOUSE", "sub_type": "DOMESTIC_WAREHOUSE", "is_default": true,
            "address": {"region": shop.region, "region_code": shop.region, "distict": "", "city": "Sampletown"},
        }]}))
    }

    pub(super) fn delivery_options(&self, asked: &Asked<'_>) -> Answer {
        let shop = self.shops.get(asked.shop).ok_or_else(|| Refusal::of(101_000))?;
        if shop.warehouse != asked.id {
            return Err(Refusal::of(11_005_004));
        }
        if asked.parameter("scope").is_some_and(|scope| !["WAREHOUSE", "PRODUCT"].contains(&scope)) {
            return Err(Refusal::parameter("Invalid parameter `scope`."));
        }
        let mut options = vec![option(&shop.tiktok_option, "Standard Shipping", "STANDARD")];
        if let Some(id) = &shop.seller_option {
            options.push(option(id, "Shipped by seller", "SEND_BY_SELLER"));
        }
        Ok(json!({"delivery_options": options}))
    }

    pub(super) fn providers(&self, asked: &Asked<'_>) -> Answer {
        let shop = self.shops.get(asked.shop).ok_or_else(|| Refusal::of(101_000))?;
        if shop.tiktok_option == asked.id {
            return Err(Refusal::of(21_008_117));
        }
        if shop.seller_option.as_deref() != Some(asked.id) {
            return Err(Refusal::of(21_008_116));
        }
        let region = |name: &str| {
            let value = asked.parameter(name).unwrap_or_default();
            value.len() == 2 && value.bytes().all(|b| b.is_ascii_uppercase())
        };
        for name in ["warehouse_region", "buyer_region"] {
            if BY_ROUTE.contains(&shop.region.as_str()) && !region(name) {
                return Err(Refusal::parameter(format!("Missing or invalid parameter `{name}`.")));
            }
        }
        let enabled = shop.providers.iter().filter(|provider| provider.enabled);
        let list: Vec<Value> = enabled.map(|p| json!({"id": p.id, "name": p.name})).collect();
        Ok(json!({"shipping_providers": list}))
    }
}

fn option(id: &str, name: &str, kind: &str) -> Value {
    json!({
        "id": id, "name": name, "type": kind, "description": name, "platform": ["TIKTOK_SHOP"],
        "weight_limit": {"max_weight": 50_000, "min_weight": 0, "unit": "GRAM"},
        "dimension_limit": {"max_height": 200, "max_length": 200, "max_width": 200, "unit": "CM"},
    })
}
