//! What makes a visit due: a shop that is connected, TikTok's word, an acceptance, a person.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::ids::{ShopId, TikTokOrderId};
use crate::domain::telling::Telling;
use crate::domain::visit::Visit;
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use jiff::Timestamp;

/// Makes a connected shop's visit due, and begins to tell its people. A shop that another account had begins anew.
///
/// # Errors
/// [`TableError`].
pub async fn connected(app: &App, shop: &Shop) -> Result<(), TableError> {
    due_by(app, shop, app.clock.now()).await?;
    loop {
        let now = app.clock.now();
        let begin = || Telling::begin(shop.account.clone(), shop.connected, now);
        let mut telling = match app.table.telling_get(&shop.id).await? {
            Some(known) if known.row.account == shop.account && known.row.due.is_some() => return Ok(()),
            Some(known) if known.row.account == shop.account => {
                Versioned { row: Telling { due: Some(now), ..known.row }, rev: known.rev }
            }
            Some(known) => Versioned { row: begin(), rev: known.rev },
            None => Versioned { row: begin(), rev: 0 },
        };
        match app.table.telling_put(&shop.id, &mut telling).await {
            Err(TableError::Conflict) => {}
            other => return other,
        }
    }
}

/// Makes a shop's visit due by a time at the latest.
///
/// # Errors
/// [`TableError`].
pub async fn due_by(app: &App, shop: &Shop, by: Timestamp) -> Result<(), TableError> {
    loop {
        let mut visit = match app.table.visit_get(&shop.id).await? {
            Some(known) if known.row.account == shop.account => known,
            Some(known) => Versioned { row: Visit::begin(shop.account.clone(), by), rev: known.rev },
            None => Versioned { row: Visit::begin(shop.account.clone(), by), rev: 0 },
        };
        if visit.rev > 0 && visit.row.due.is_some_and(|due| due <= by) {
            return Ok(());
        }
        visit.row.due = Some(by);
        match app.table.visit_put(&shop.id, &mut visit).await {
            Err(TableError::Conflict) => {}
            other => return other,
        }
    }
}

/// TikTok's webhook spoke of orders.
///
/// # Errors
/// [`TableError`].
pub async fn hint(app: &App, shop: &ShopId) -> Result<(), TableError> {
    let now = app.clock.now();
    app.table.visit_change(shop, |visit| visit.hint(now)).await.map(drop)
}

/// TikTok accepted numbers: their orders are looked at a quarter of an hour later.
///
/// # Errors
/// [`TableError`].
pub async fn accepted(app: &App, shop: &ShopId, numbers: &[(TikTokOrderId, String)]) -> Result<(), TableError> {
    if numbers.is_empty() {
        return Ok(());
    }
    let now = app.clock.now();
    app.table.visit_change(shop, |visit| visit.accepted(numbers, now)).await.map(drop)
}

/// A parked shop is not visited.
///
/// # Errors
/// [`TableError`].
pub async fn parked(app: &App, shop: &ShopId) -> Result<(), TableError> {
    app.table.visit_change(shop, |visit| visit.due.take().is_some()).await.map(drop)
}
