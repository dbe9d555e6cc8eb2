//! Tokens to refresh, and stores whose merchant left.

use super::shop as remind_shop;
use crate::app::App;
use crate::domain::connection::StoreStatus;
use crate::domain::ids::StoreId;
use crate::flows::access::shop::{AccessError, app_credentials, open_row, refresh};
use crate::flows::connect::store as connect_store;
use crate::table::error::TableError;
use crate::table::keys::{self, Key};
use crate::tokens::Grant;
use jiff::SignedDuration;

/// A refresh that failed is tried again after this long.
const RETRY: SignedDuration = SignedDuration::from_mins(15);

/// Refreshes tokens that are due. `false`: somebody else did.
pub(super) async fn refresh_due(app: &App, key: &Key) -> Result<bool, AccessError> {
    let now = app.clock.now();
    let Some(mut row) = app.table.sealed_get(key).await? else { return Ok(false) };
    if row.due.is_none_or(|due| due > now) || row.refreshing_until.is_some_and(|until| until > now) {
        return Ok(false);
    }
    let Ok(grant) = serde_json::from_str::<Grant>(&row.facts) else { return Ok(false) };
    let tokens = open_row(app, &row).await?;
    let credentials = app_credentials(app, grant.app).await?;
    match refresh(app, &credentials, row.clone(), &tokens).await {
        Ok(_) => Ok(true),
        Err(AccessError::Table(TableError::Conflict)) => Ok(false),
        Err(AccessError::Ended { version }) => {
            // TikTok refused for good: nobody asks again before the owner has consented.
            for id in app.table.account_shops(&grant.account).await? {
                let shop = app.table.shop_get(&id, true).await?.map(|shop| shop.row);
                if shop.is_some_and(|shop| shop.app == grant.app && shop.open_id == grant.open_id) {
                    remind_shop::park(app, &id, version).await;
                }
            }
            if let Some(mut read) = app.table.sealed_get(key).await?.filter(|read| read.version == version) {
                read.due = None;
                app.table.sealed_put(&mut read).await?;
            }
            Err(AccessError::Ended { version })
        }
        Err(error) => {
            // Not due again at once: TikTok may be down, and the push flow refreshes when it must.
            if let Some(read) = app.table.sealed_get(key).await? {
                row = read;
                row.due = Some(now + RETRY);
                app.table.sealed_put(&mut row).await?;
            }
            Err(error)
        }
    }
}

/// The merchant left: tokens go at once, and every row when the platform asked for it.
pub(super) async fn clean_up(app: &App, id: &StoreId) -> Result<(), AccessError> {
    // Read before the connection: credentials of a merchant who comes back meanwhile are newer, and stay.
    let credentials = app.table.sealed_get(&keys::store_token(id)).await?;
    let Some(mut store) = app.table.store_get(id, true).await? else { return Ok(()) };
    match store.row.status {
        StoreStatus::Erasing => {
            connect_store::remove(app, id).await?;
        }
        StoreStatus::Uninstalled => {
            if let Some(seen) = &credentials {
                match app.table.sealed_delete_seen(seen).await {
                    Ok(()) | Err(TableError::Conflict) => {}
                    Err(other) => return Err(other.into()),
                }
            }
            store.row.due = None;
            store.row.poll_due = None;
            app.table.store_put(&mut store).await?;
        }
        StoreStatus::Connected => {
            store.row.due = None;
            app.table.store_put(&mut store).await?;
        }
    }
    Ok(())
}
