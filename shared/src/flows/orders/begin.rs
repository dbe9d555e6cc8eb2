//! What makes a visit due: a shop that is connected, TikTok's word, an acceptance, a person.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::ids::{AccountId, ShopId, TikTokOrderId};
use crate::domain::region::AppRegion;
use crate::domain::telling::Telling;
use crate::domain::visit::{QUARTER, Visit};
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
            Some(known) if known.row.account == shop.account => {
                if known.row.app == Some(shop.app) && known.row.due.is_some_and(|due| due <= by) {
                    return Ok(());
                }
                known
            }
            other => {
                let rev = other.map_or(0, |other| other.rev);
                Versioned { row: Visit::begin(shop.account.clone(), shop.app, by), rev }
            }
        };
        visit.row.due = Some(visit.row.due.map_or(by, |due| due.min(by)));
        visit.row.app = Some(shop.app);
        match app.table.visit_put(&shop.id, &mut visit).await {
            Err(TableError::Conflict) => {}
            other => return other,
        }
    }
}

/// A webhook of TikTok's, signed by this app, spoke of orders. `false`: the row of visits does not say that the shop is
/// this app's, and nothing was written.
///
/// # Errors
/// [`TableError`].
pub async fn hint(app: &App, shop: &ShopId, region: AppRegion) -> Result<bool, TableError> {
    let now = app.clock.now();
    let visit = app.table.visit_change(shop, |visit| visit.app == Some(region) && visit.hint(now)).await?;
    Ok(visit.is_some_and(|visit| visit.app == Some(region)))
}

/// The same for a shop that is known to be the app's: a row of an earlier version learns it.
///
/// # Errors
/// [`TableError`].
pub async fn hint_anew(app: &App, shop: &Shop) -> Result<(), TableError> {
    let now = app.clock.now();
    let change = app.table.visit_change(&shop.id, |visit| {
        let learns = visit.app.replace(shop.app) != Some(shop.app);
        visit.hint(now) || learns
    });
    change.await.map(drop)
}

/// TikTok accepted numbers: their orders are looked at a quarter of an hour later. A visit that comes earlier anyway is
/// not written down again, which in a busy shop would be a row of many kilobytes with every push.
///
/// # Errors
/// [`TableError`].
pub async fn accepted(app: &App, shop: &ShopId, numbers: &[(TikTokOrderId, String)]) -> Result<(), TableError> {
    let Some((first, _)) = numbers.first() else { return Ok(()) };
    let at = app.clock.now() + QUARTER;
    let visit = app.table.visit_change(shop, |visit| visit.accepted(numbers, at)).await?;
    let Some(visit) = visit.filter(|visit| visit.due.is_some()) else { return Ok(()) };
    if visit.looks.iter().any(|look| look.at == at && look.order == *first) {
        return Ok(());
    }
    app.table.looks_put(shop, &visit.account, at, numbers).await
}

/// Something of a shop is about to be listed: its people are told soon.
///
/// # Errors
/// [`TableError`].
pub async fn listed(app: &App, shop: &ShopId) -> Result<(), TableError> {
    let now = app.clock.now();
    app.table.telling_change(shop, |telling| telling.listed(now)).await.map(drop)
}

/// A shop has something to be told of: somebody looks within the hour.
///
/// # Errors
/// [`TableError`].
pub async fn told(app: &App, shop: &ShopId) -> Result<(), TableError> {
    let now = app.clock.now();
    app.table.telling_change(shop, |telling| telling.soon(now)).await.map(drop)
}

/// A shop's rows are in their lists: a visit is due, and telling where there is something to tell. `false`: something was
/// missing (a row of an earlier version, a shop freed without a new consent, a crash between two rows) and is there now.
///
/// # Errors
/// [`TableError`].
pub async fn in_order(app: &App, shop: &Shop) -> Result<bool, TableError> {
    if shop.parked.is_some() {
        return Ok(true);
    }
    let ours = |account: &AccountId| *account == shop.account;
    let visit = app.table.visit_get(&shop.id).await?.filter(|visit| ours(&visit.row.account));
    let telling = app.table.telling_get(&shop.id).await?.filter(|telling| ours(&telling.row.account));
    let visited = visit.is_some_and(|visit| visit.row.due.is_some());
    let told = match telling {
        None => false,
        Some(telling) if telling.row.due.is_some() => true,
        Some(_) => !has_to_tell(app, shop).await?,
    };
    if !visited || !told {
        connected(app, shop).await?;
    }
    Ok(visited && told)
}

/// Whether there is anything that people of a shop may have to be told of, now or at a time.
///
/// # Errors
/// [`TableError`].
pub async fn has_to_tell(app: &App, shop: &Shop) -> Result<bool, TableError> {
    Ok(shop.settings.weekly_report || app.table.has_clocks(&shop.id).await? || app.table.has_held(&shop.id).await?)
}

/// A removed shop is not visited, and TikTok's word about it makes nothing due. How far its visits had come is kept: when it
/// comes back they go on there, and it says whose the shop was.
///
/// # Errors
/// [`TableError`].
pub async fn gone(app: &App, shop: &ShopId) -> Result<(), TableError> {
    let change = app.table.visit_change(shop, |visit| {
        let was_visited = visit.due.is_some() || visit.app.is_some();
        (visit.due, visit.app) = (None, None);
        was_visited
    });
    change.await.map(drop)
}

/// A parked shop is not visited.
///
/// # Errors
/// [`TableError`].
pub async fn parked(app: &App, shop: &ShopId) -> Result<(), TableError> {
    app.table.visit_change(shop, |visit| visit.due.take().is_some()).await.map(drop)
}
