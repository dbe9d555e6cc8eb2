//! Which of the shop's shipping providers a parcel travels with: the merchant's own mapping first, then the shop's live
//! list. Ids only ever come from that list.

use crate::app::App;
use crate::carriers::{Catalogue, Mismatch, Provider, Question, Resolution, Wishes, resolve};
use crate::domain::connection::Shop;
use crate::domain::decision::Carried;
use crate::domain::ids::{DeliveryOptionId, TikTokOrderId, WarehouseId};
use crate::domain::order::TikTokOrder;
use crate::domain::parcel::{Parcel, WaitsFor};
use crate::domain::platform::Platform;
use crate::domain::reason::Reason;
use crate::domain::region::Region;
use crate::table::error::TableError;
use crate::table::maps::{CarrierMap, MapScope, PROVIDERS_FRESH, ProviderList, ProviderRow};
use crate::tiktok::{Call, TikTokError};

/// The kind of delivery option that marks Seller Shipping.
const SELLER_SHIPPING: &str = "SEND_BY_SELLER";

/// A shop's carrier map above its account's default.
#[derive(Clone, Debug, Default)]
pub struct Maps {
    /// The shop's own.
    pub shop: CarrierMap,
    /// The account's.
    pub account: CarrierMap,
}

impl Maps {
    /// Reads both.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn read(app: &App, shop: &Shop, strong: bool) -> Result<Self, TableError> {
        let (own, default) = (MapScope::Shop(shop.id.clone()), MapScope::Account(shop.account.clone()));
        let (shop, account) =
            futures_util::future::try_join(app.table.map_get(&own, strong), app.table.map_get(&default, strong))
                .await?;
        Ok(Self { shop, account })
    }

    /// The TikTok carrier that a person chose for a store's words.
    #[must_use]
    pub fn choice(&self, store_carrier: &str) -> Option<&str> {
        let wanted = folded(store_carrier);
        [&self.shop, &self.account].into_iter().find_map(|map| {
            let entry = map.entries.iter().find(|entry| folded(&entry.store_carrier) == wanted)?;
            Some(entry.tiktok_carrier.as_str())
        })
    }

    /// What a hold waits for: a newer version of either map.
    #[must_use]
    pub fn version(&self) -> WaitsFor {
        WaitsFor::Mapping { shop: self.shop.version, account: self.account.version }
    }
}

/// How two spellings of a store's carrier name are compared.
#[must_use]
pub fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The carriers of an order's delivery option, at most a day old.
///
/// # Errors
/// [`ListError`].
pub async fn live_list(app: &App, shop: &Shop, order: &TikTokOrder, call: Call<'_>) -> Result<ProviderList, ListError> {
    let option = match &order.delivery_option {
        Some(option) => option.clone(),
        None => seller_option(app, order.warehouse.as_ref(), call).await?.ok_or(ListError::NoOption)?,
    };
    let route = route(shop, order);
    let route_key = route.as_ref().map_or_else(String::new, |(from, to)| format!("{from}-{to}"));
    let known = app.table.providers_get(&shop.id, option.as_str(), &route_key).await?;
    if let Some(list) = known.filter(|list| app.clock.now() < list.fetched + PROVIDERS_FRESH) {
        return Ok(list);
    }
    let fetched = app.tiktok.shipping_providers(call, &option, route.as_ref().map(|(from, to)| (from, to))).await?;
    let providers = fetched.into_iter().map(|p| ProviderRow { id: p.id, name: p.name }).collect();
    let list = ProviderList { providers, fetched: app.clock.now() };
    app.table.providers_put(&shop.id, option.as_str(), &route_key, &list).await?;
    Ok(list)
}

/// The key under which lists are shared within a run.
#[must_use]
pub fn list_key(shop: &Shop, order: &TikTokOrder) -> String {
    let option = order.delivery_option.as_ref().map_or("", DeliveryOptionId::as_str);
    let warehouse = order.warehouse.as_ref().map_or("", WarehouseId::as_str);
    let route = route(shop, order).map_or_else(String::new, |(from, to)| format!("{from}-{to}"));
    format!("{option}/{warehouse}/{route}")
}

fn route(shop: &Shop, order: &TikTokOrder) -> Option<(Region, Region)> {
    let to = order.buyer_region.as_ref()?;
    shop.region.needs_route().then(|| (shop.region.clone(), Region::new(to)))
}

/// An order that names no option: the seller's own option of its warehouse.
async fn seller_option(
    app: &App,
    warehouse: Option<&WarehouseId>,
    call: Call<'_>,
) -> Result<Option<DeliveryOptionId>, ListError> {
    let warehouse = match warehouse {
        Some(warehouse) => warehouse.clone(),
        None => {
            let all = app.tiktok.warehouses(call).await?;
            let Some(usual) = all.into_iter().filter(|w| w.sales && w.enabled).max_by_key(|w| w.default) else {
                return Ok(None);
            };
            usual.id
        }
    };
    let options = app.tiktok.delivery_options(call, &warehouse).await?;
    Ok(options.into_iter().find(|option| option.kind == SELLER_SHIPPING).map(|option| option.id))
}

/// The carrier list cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// TikTok.
    #[error(transparent)]
    TikTok(#[from] TikTokError),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Neither the order nor its warehouse names a Seller Shipping option.
    #[error("the shop has no Seller Shipping option for this order")]
    NoOption,
    /// No time is left in this run, or the shop stopped.
    #[error("the run ends")]
    Stop,
}

/// What came out for a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// Send it so.
    Carried {
        /// The provider and the canonical number.
        carried: Carried,
        /// What the merchant should know all the same.
        warning: Option<String>,
    },
    /// Hold it.
    Hold {
        /// Why.
        reason: Reason,
        /// More words.
        detail: String,
    },
}

/// Finds the provider and the form of the number that TikTok gets.
#[must_use]
pub fn match_parcel(parcel: &Parcel, maps: &Maps, list: &ProviderList, platform: Platform, shop: &Shop) -> Match {
    let Some(number) = &parcel.number else {
        return Match::Hold { reason: Reason::TrackingMissing, detail: String::new() };
    };
    let words = parcel.carrier.as_deref();
    let live: Vec<Provider> =
        list.providers.iter().map(|p| Provider { id: p.id.clone(), name: p.name.clone() }).collect();
    let mut references = vec![parcel.order.as_str()];
    references.extend(parcel.order_name.as_deref());
    references.extend(parcel.tiktok_order().map(TikTokOrderId::as_str));
    let mismatch = if shop.settings.hold_on_mismatch { Mismatch::Hold } else { Mismatch::Warn };
    let question = Question {
        store_name: words,
        number: number.as_str(),
        region: &shop.region,
        platform: Some(platform),
        merchant_choice: maps.choice(words.unwrap_or_default()),
        references: &references,
        wishes: Wishes { mismatch, ..Wishes::default() },
    };
    match resolve(Catalogue::bundled(), &question, &live) {
        Resolution::Provider { provider, number, warning, .. } => Match::Carried {
            carried: Carried { number, provider: provider.id, provider_name: provider.name },
            warning: warning.map(|warning| warning.why),
        },
        Resolution::Hold { reason, why, .. } => Match::Hold { reason, detail: why },
    }
}
