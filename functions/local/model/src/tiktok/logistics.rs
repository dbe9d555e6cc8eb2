//! Warehouses, delivery options, carriers.

use super::codes::{Answer, Refusal};
use super::field::list_of;
use super::gate::Asked;
use super::state::{Shop, State};
use serde_json::{Value, json};

/// Markets whose carriers depend on the route, since 2026-03-26.
const BY_ROUTE: [&str; 5] = ["ES", "IE", "IT", "DE", "FR"];

impl State {
    pub(super) fn warehouses(&self, asked: &Asked<'_>) -> Answer {
        let shop = self.shops.get(asked.shop).ok_or_else(|| Refusal::of(101_000))?;
        let main = (shop.warehouse.clone(), shop.region.clone());
        let all = std::iter::once(&main).chain(&shop.more_warehouses).map(|(id, region)| {
            let main = *id == shop.warehouse;
            json!({
                "id": id, "entity_id": id, "name": if main { "Main warehouse" } else { "Other warehouse" },
                "effect_status": "ENABLED", "type": "SALES_WAREHOUSE",
                "sub_type": if main { "DOMESTIC_WAREHOUSE" } else { "CB_OVERSEA_WAREHOUSE" }, "is_default": main,
                "address": {"region": region, "region_code": region, "distict": "", "city": "Sampletown"},
            })
        });
        Ok(json!({"warehouses": all.collect::<Vec<_>>()}))
    }

    pub(super) fn delivery_options(&self, asked: &Asked<'_>) -> Answer {
        let shop = self.shops.get(asked.shop).ok_or_else(|| Refusal::of(101_000))?;
        if shop.warehouse != asked.id && !shop.more_warehouses.iter().any(|(id, _)| id == asked.id) {
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

    pub(super) fn providers(&mut self, asked: &Asked<'_>) -> Answer {
        let shop = self.shops.get_mut(asked.shop).ok_or_else(|| Refusal::of(101_000))?;
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
            if by_route(shop) && !region(name) {
                return Err(Refusal::parameter(format!("Missing or invalid parameter `{name}`.")));
            }
        }
        if shop.empty_lists > 0 {
            shop.empty_lists -= 1;
            return Ok(json!({"shipping_providers": []}));
        }
        let from = asked.parameter("warehouse_region").filter(|_| by_route(shop)).unwrap_or_default();
        let of_route = list_of(shop, from);
        let list: Vec<Value> =
            of_route.iter().filter(|provider| provider.enabled).map(|p| json!({"id": p.id, "name": p.name})).collect();
        Ok(json!({"shipping_providers": list}))
    }
}

impl State {
    pub(super) fn get_product(&self, asked: &Asked<'_>) -> Answer {
        let shop = self.shops.get(asked.shop).ok_or_else(|| Refusal::of(101_000))?;
        let usual = vec![(800, 800, "https://p.example/usual.jpg".to_owned())];
        let images = shop.images.get(asked.id).unwrap_or(&usual).iter();
        let images: Vec<Value> = images
            .map(|(w, h, url)| json!({"width": w, "height": h, "uri": "tos-model/1", "urls": [url], "thumb_urls": [url]}))
            .collect();
        Ok(json!({"id": asked.id, "title": "Model product", "status": "ACTIVATE", "main_images": images}))
    }
}

/// Whether the shop's carriers depend on the route.
pub(super) fn by_route(shop: &Shop) -> bool {
    BY_ROUTE.contains(&shop.region.as_str()) || !shop.lists.is_empty()
}

fn option(id: &str, name: &str, kind: &str) -> Value {
    json!({
        "id": id, "name": name, "type": kind, "description": name, "platform": ["TIKTOK_SHOP"],
        "weight_limit": {"max_weight": 50_000, "min_weight": 0, "unit": "GRAM"},
        "dimension_limit": {"max_height": 200, "max_length": 200, "max_width": 200, "unit": "CM"},
    })
}
