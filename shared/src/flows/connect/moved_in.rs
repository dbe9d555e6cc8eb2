//! A shop that comes to an account from another one: what the other account's people made of it, and their parcels, stay
//! behind.

use crate::app::App;
use crate::domain::ids::{AccountId, ShopId, StoreId};
use crate::table::error::TableError;
use crate::table::keys::{self, Key};
use crate::table::maps::MapScope;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use std::collections::BTreeSet;

/// Rows written at the same time.
const TOGETHER: usize = 16;

/// What parcels of other accounts wait for in a shop waits in the lists of their stores from now on; their carrier map, and
/// the names that their stores used, go. Done before the shop is connected, so that its new account never sees them. Safe to
/// repeat.
///
/// # Errors
/// [`TableError`].
pub(super) async fn clear_out(app: &App, shop: &ShopId, account: &AccountId) -> Result<(), TableError> {
    if app.table.visit_get(shop).await?.is_some_and(|visit| visit.row.account != *account) {
        app.table.seen_delete(shop).await?;
        app.table.map_delete(&MapScope::Shop(shop.clone())).await?;
    }
    let held = app.table.held_reasons(shop).await?;
    if held.is_empty() {
        return Ok(());
    }
    let own: BTreeSet<StoreId> = app.table.account_stores(account).await?.into_iter().collect();
    let foreign = held.into_iter().map(|entry| entry.key);
    let foreign = foreign.filter(|key| keys::order_of(key).is_some_and(|(store, _)| !own.contains(&store)));
    stream::iter(foreign)
        .map(|key| async move { leave(app, &key, shop).await })
        .buffer_unordered(TOGETHER)
        .try_collect()
        .await
}

async fn leave(app: &App, key: &Key, shop: &ShopId) -> Result<(), TableError> {
    while let Some(mut parcel) = app.table.parcel_get(key).await?.filter(|row| row.listed && row.shop == *shop) {
        parcel.shop_went(app.clock.now());
        match app.table.parcel_put(&mut parcel).await {
            Err(TableError::Conflict) => {}
            other => return other,
        }
    }
    Ok(())
}
