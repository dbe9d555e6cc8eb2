//! Numbers that TikTok took with a warning leave the attention list when their package is scanned or their order is over;
//! those that two orders have, when their order is over.

use crate::app::App;
use crate::domain::deadline::Stage;
use crate::domain::order_row::{OrderRow, UnitState};
use crate::domain::parcel::{Parcel, ParcelState};
use crate::domain::tracking::same_number;
use crate::table::error::TableError;
use crate::table::keys;

/// Whether the news of an order can end a warning: a package was scanned, or the order ended. Looked at before any parcel
/// is read, so that an order pays for it twice at most.
pub(super) fn may_end(known: &OrderRow, row: &OrderRow) -> bool {
    let moved = |row: &OrderRow| row.facts.packages.iter().filter(|package| is_past_scan(package.state)).count();
    let ended = |row: &OrderRow| row.facts.stage() == Stage::Ended;
    moved(row) > moved(known) || ended(row) && !ended(known)
}

/// Takes the parcels off the list whose warning is over.
pub(super) async fn end(app: &App, known: &OrderRow, row: &OrderRow) -> Result<(), TableError> {
    let Some(known) = app.table.tiktok_order_known(&row.shop, &known.order).await? else { return Ok(()) };
    for (store, order) in &known.stores {
        for parcel in app.table.order_rows(store, order, false).await?.parcels {
            if is_over(&parcel, row) {
                unlist(app, parcel, row).await?;
            }
        }
    }
    Ok(())
}

async fn unlist(app: &App, mut parcel: Parcel, row: &OrderRow) -> Result<(), TableError> {
    let key = keys::parcel(&parcel);
    loop {
        parcel.warning_is_over();
        match app.table.parcel_put(&mut parcel).await {
            Err(TableError::Conflict) => {}
            other => return other,
        }
        match app.table.parcel_get(&key).await?.filter(|parcel| is_over(parcel, row)) {
            Some(found) => parcel = found,
            None => return Ok(()),
        }
    }
}

fn is_over(parcel: &Parcel, row: &OrderRow) -> bool {
    let Some(sent) = parcel.sent.as_ref().filter(|_| parcel.state.is_listed_although_done()) else {
        return false;
    };
    let is_its_own = |number: &Option<String>| number.as_deref().is_some_and(|n| same_number(&sent.number, n));
    let scanned = row.facts.packages.iter().any(|package| is_its_own(&package.number) && is_past_scan(package.state));
    // A scan says nothing about whose parcel it is.
    let scanned = scanned && parcel.state == ParcelState::AcceptedWithWarning;
    parcel.listed && parcel.tiktok_order() == Some(&row.order) && (scanned || row.facts.stage() == Stage::Ended)
}

fn is_past_scan(state: UnitState) -> bool {
    matches!(state, UnitState::InTransit | UnitState::Delivered | UnitState::Completed)
}
