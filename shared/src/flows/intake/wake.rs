//! Where a delivery that was just stored made work: for a process that need not wait for the next minute.

use crate::app::App;
use crate::domain::ids::ShopId;
use crate::domain::platform::Platform;
use crate::flows::intake::store_webhook::{Route, app_store, connected, hook_of};
use crate::stores::Delivery;
use crate::table::error::TableError;
use crate::table::keys::Shard;
use serde::Deserialize;

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
    let mut shards: Vec<Shard> = store.iter().flat_map(|store| &store.shops).map(Shard::of).collect();
    shards.sort_unstable();
    shards.dedup();
    Ok(shards)
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
