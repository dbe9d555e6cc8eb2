//! Where something that was just stored made work: for a process that need not wait for the next minute.

use crate::app::App;
use crate::domain::connection::StoreConnection;
use crate::domain::ids::{ShopId, StoreId};
use crate::domain::platform::Platform;
use crate::flows::intake::store_webhook::{Route, app_store, connected, hook_of};
use crate::stores::Delivery;
use crate::table::error::TableError;
use crate::table::keys::{self, Key, Shard};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The shards of a store's shops. What is known about the store is in memory since the delivery.
///
/// # Errors
/// [`TableError`].
pub async fn of_store(app: &App, route: &Route, delivery: &Delivery) -> Result<Vec<Shard>, TableError> {
    let store = match route {
        Route::ShopifyApp => app_store(app, Platform::Shopify, delivery).await?,
        Route::Hook { hook, .. } => match hook_of(app, hook).await? {
            Some(hook) => connected(app, &hook.store).await?,
            None => None,
        },
    };
    Ok(of_shops(store.iter()))
}

/// The shards of the shops in whose stores these rows are new. Other rows wake nobody.
///
/// # Errors
/// [`TableError`].
pub async fn of_rows(app: &App, rows: &[Key]) -> Result<Vec<Shard>, TableError> {
    let known = |key: &Key| keys::order_of(key).map(|(store, _)| store).or_else(|| keys::notice_store(key));
    let names: BTreeSet<StoreId> = rows.iter().filter_map(known).collect();
    let mut stores = Vec::new();
    for name in &names {
        stores.extend(connected(app, name).await?);
    }
    Ok(of_shops(stores.iter()))
}

fn of_shops<'a>(stores: impl Iterator<Item = &'a StoreConnection>) -> Vec<Shard> {
    let shards: BTreeSet<Shard> = stores.flat_map(|store| &store.shops).map(Shard::of).collect();
    shards.into_iter().collect()
}

/// The shard of the shop that a message of TikTok's is about.
#[must_use]
pub fn of_tiktok(delivery: &Delivery) -> Option<Shard> {
    #[derive(Deserialize)]
    struct Envelope {
        shop_id: String,
    }
    let envelope: Envelope = serde_json::from_slice(&delivery.body).ok()?;
    ShopId::parse(envelope.shop_id).ok().map(|shop| Shard::of(&shop))
}
