//! Warehouses, delivery options and the carriers a shop may name. Lists are the shop's own: ids differ by market.

use super::read::{flag, id, list, text};
use super::{Call, Spec, TikTok, TikTokError, paths};
use crate::domain::ids::{DeliveryOptionId, ProviderId, WarehouseId};
use crate::domain::region::Region;

/// A warehouse of the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warehouse {
    /// TikTok's id.
    pub id: WarehouseId,
    /// Its name; may be empty.
    pub name: String,
    /// `SALES_WAREHOUSE`, not one for returns.
    pub sales: bool,
    /// `ENABLED`.
    pub enabled: bool,
    /// The shop's default.
    pub default: bool,
    /// Two-letter region: one end of the route in the EU.
    pub region: Option<Region>,
}

/// A way of delivery from a warehouse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryOption {
    /// TikTok's id; leads to the carriers.
    pub id: DeliveryOptionId,
    /// For display.
    pub name: String,
    /// `STANDARD`, `EXPRESS`, `ECONOMY`, `SEND_BY_SELLER`, ….
    pub kind: String,
}

/// A carrier that the shop may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShippingProvider {
    /// What a push sends.
    pub id: ProviderId,
    /// What people read.
    pub name: String,
}

impl TikTok {
    /// The shop's warehouses.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn warehouses(&self, call: Call<'_>) -> Result<Vec<Warehouse>, TikTokError> {
        let answer = self.send(Spec::read(call, paths::WAREHOUSES)).await?;
        let warehouses = list(answer.data()?, "warehouses").iter().filter_map(|w| {
            let region = text(super::read::field(w, "address"), "region_code");
            Some(Warehouse {
                id: id(w, "id")?,
                name: text(w, "name").unwrap_or_default(),
                sales: text(w, "type").is_none_or(|kind| kind == "SALES_WAREHOUSE"),
                enabled: text(w, "effect_status").is_none_or(|status| status == "ENABLED"),
                default: flag(w, "is_default"),
                region: region.map(|code| Region::new(&code)),
            })
        });
        Ok(warehouses.collect())
    }

    /// The ways of delivery from a warehouse.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn delivery_options(
        &self,
        call: Call<'_>,
        warehouse: &WarehouseId,
    ) -> Result<Vec<DeliveryOption>, TikTokError> {
        let answer = self.send(Spec::read(call, paths::delivery_options(warehouse))).await?;
        let options = list(answer.data()?, "delivery_options").iter().filter_map(|option| {
            Some(DeliveryOption {
                id: id(option, "id")?,
                name: text(option, "name").unwrap_or_default(),
                kind: text(option, "type").unwrap_or_default(),
            })
        });
        Ok(options.collect())
    }

    /// The carriers of a delivery option. `route` (from the warehouse's region to the buyer's) is needed in the five EU
    /// markets since 2026-03-26.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do.
    pub async fn shipping_providers(
        &self,
        call: Call<'_>,
        option: &DeliveryOptionId,
        route: Option<(&Region, &Region)>,
    ) -> Result<Vec<ShippingProvider>, TikTokError> {
        let mut spec = Spec::read(call, paths::shipping_providers(option));
        if let Some((from, to)) = route {
            spec = spec.query("warehouse_region", from.as_str()).query("buyer_region", to.as_str());
        }
        let answer = self.send(spec).await?;
        let providers = list(answer.data()?, "shipping_providers").iter();
        let provider = |p| Some(ShippingProvider { id: id(p, "id")?, name: text(p, "name").unwrap_or_default() });
        Ok(providers.filter_map(provider).collect())
    }
}
