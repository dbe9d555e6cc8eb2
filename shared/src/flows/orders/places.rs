//! Rows of earlier versions have no place in the index of numbers: a search reads past them, and a number that comes again
//! on another order is not noticed. Once for each store, in the daily round of one of its shops, what may still matter is
//! given its place.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::ids::StoreId;
use crate::domain::parcel::{Parcel, Phase};
use crate::table::error::TableError;
use jiff::{SignedDuration, Timestamp};

/// Rows written in one round; the next one goes on.
const A_ROUND: usize = 500;
/// A number that was sent longer ago may come again.
const LATELY: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Gives the rows of the shop's stores their places, where that was never done.
///
/// # Errors
/// [`TableError`]; the next round goes on.
pub(super) async fn give(app: &App, shop: &Shop) -> Result<(), TableError> {
    for id in app.table.account_stores(&shop.account).await? {
        let Some(store) = app.table.store_get(&id, false).await? else { continue };
        if !store.row.placed && store.row.account == shop.account && store.row.shops.contains(&shop.id) {
            of_store(app, &id, shop).await?;
        }
    }
    Ok(())
}

async fn of_store(app: &App, id: &StoreId, shop: &Shop) -> Result<(), TableError> {
    let now = app.clock.now();
    let rows = app.table.parcels_where(id, |row| row.account.is_none() && matters(row, now)).await?;
    let all = rows.len() <= A_ROUND;
    for mut row in rows.into_iter().take(A_ROUND) {
        row.belong_to(&shop.account);
        match app.table.parcel_put(&mut row).await {
            // Whoever wrote it meanwhile gave it its place.
            Ok(()) | Err(TableError::Conflict) => {}
            Err(other) => return Err(other),
        }
    }
    if !all {
        return Ok(());
    }
    if let Some(mut store) = app.table.store_get(id, true).await? {
        store.row.placed = true;
        match app.table.store_put(&mut store).await {
            // The next round finds nothing left to do, and notes it.
            Ok(()) | Err(TableError::Conflict) => app.stores.forget(id),
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// Its number is on its way, or TikTok took it lately.
fn matters(row: &Parcel, now: Timestamp) -> bool {
    let lately = row.sent.as_ref().is_some_and(|sent| now.duration_since(sent.at) < LATELY);
    row.number.is_some() && (lately || matches!(row.state.phase(), Phase::Open | Phase::Waiting))
}
