//! Announced shipments that are still to be read from their store: after a day of failures a person sees them.

use crate::app::App;
use crate::domain::connection::StoreConnection;
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::domain::intake::{is_unread, unread};
use crate::domain::parcel::{ParcelState, Phase};
use crate::domain::retry;
use crate::flows::access::store::PendingRead;
use crate::stores::ThinNotice;
use crate::table::error::TableError;
use crate::table::notices::NoticeRow;

/// A notice could not be read once more. One that waits for a day shows on the attention list, and is still tried.
///
/// # Errors
/// [`TableError`]; the next try shows it.
pub async fn failed(app: &App, store: &StoreConnection, notice: &NoticeRow) -> Result<(), TableError> {
    let now = app.clock.now();
    let waited = now.duration_since(notice.received);
    if waited < jiff::SignedDuration::try_from(retry::GIVE_UP_AFTER).unwrap_or_default() {
        return Ok(());
    }
    let Ok(PendingRead::Notice(thin)) = serde_json::from_str(&notice.body) else { return Ok(()) };
    let Some(order) = &thin.order else { return Ok(()) };
    let known = app.table.order_rows(&store.id, order, true).await?.parcels;
    let Some(mut row) = unread(&known, store, order, thin.shipment.as_ref(), notice.received, now) else {
        return Ok(());
    };
    tracing::warn!(store.id = %store.id, "a shipment could not be read for a day");
    match app.table.parcel_put(&mut row).await {
        Err(TableError::Conflict) => Ok(()),
        other => other,
    }
}

/// What an order's notices announced was read: nothing is missing any more.
///
/// # Errors
/// [`TableError`].
pub async fn settled(app: &App, store: &StoreConnection, order: &StoreOrderId) -> Result<(), TableError> {
    for mut row in app.table.order_rows(&store.id, order, true).await?.parcels {
        if is_unread(&row) && row.state.phase() != Phase::Closed {
            row.close(ParcelState::Superseded, app.clock.now());
            match app.table.parcel_put(&mut row).await {
                Ok(()) | Err(TableError::Conflict) => {}
                Err(other) => return Err(other),
            }
        }
    }
    Ok(())
}

/// A person asks for it: what a row shows as unread is read with the next run.
///
/// # Errors
/// [`TableError`].
pub async fn read_soon(app: &App, row: &crate::domain::parcel::Parcel) -> Result<bool, TableError> {
    let shipment = row.sources.first().map_or("", |source| source.shipment.as_str());
    let shipment = shipment.split_once(':').map_or("", |(_, id)| id);
    let key = crate::table::keys::notice(&row.store, row.order.as_str(), shipment);
    loop {
        let now = app.clock.now();
        let mut notice = match app.table.notice_get(&key).await? {
            Some(notice) => NoticeRow { due: now, ..notice },
            // Nothing waits to be read: it was told, and held too much.
            None => {
                let (order, known) = (Some(row.order.clone()), None);
                let shipment_id = ShipmentId::parse(shipment).ok();
                let thin = ThinNotice { order, shipment: shipment_id, deleted: false, at: now, known };
                let body = serde_json::to_string(&PendingRead::Notice(thin)).unwrap_or_default();
                // One try is counted, so that the row goes when the read comes through.
                let new = NoticeRow::new(&row.store, &row.shop, row.order.as_str(), shipment, body, now);
                NoticeRow { attempts: 1, ..new }
            }
        };
        match app.table.notice_put(&mut notice).await {
            Ok(()) => return Ok(true),
            Err(TableError::Conflict) => {}
            Err(other) => return Err(other),
        }
    }
}
