//! Takes a shop out of an account: its tokens go at once, what TikTok holds stays there.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::flows::access::shop::{AccessError, erase};
use crate::flows::orders::begin;
use crate::table::keys;

/// Removes a shop. Tokens that other shops of the account share stay. Safe to repeat.
///
/// # Errors
/// [`AccessError`].
pub async fn run(app: &App, shop: &Shop) -> Result<(), AccessError> {
    let mut shared = false;
    for id in app.table.account_shops(&shop.account).await? {
        let other = app.table.shop_get(&id, true).await?.map(|other| other.row);
        shared |= other.is_some_and(|other| {
            other.id != shop.id && other.app == shop.app && other.open_id == shop.open_id && other.parked.is_none()
        });
    }
    if !shared {
        erase(app, &keys::grant(shop.app, &shop.open_id)).await?;
    }
    begin::gone(app, &shop.id).await?;
    app.table.telling_delete(&shop.id).await?;
    app.table.shop_delete(&shop.id).await?;
    app.table.account_shop_delete(&shop.account, &shop.id).await?;
    tracing::info!(shop.id = %shop.id, "shop removed");
    Ok(())
}
