//! The first import: every open order of any age, state by state, oldest first. How far it has come stands in the visit's
//! row, so that it goes on after a crash, and is shown.

use super::walk::{PAGE, Walk};
use super::{Broken, Reads};
use crate::domain::visit::{IMPORT_OVERLAP, Import, OPEN_STATES};
use crate::tiktok::orders::{OrderQuery, OrderTime};
use jiff::{SignedDuration, Timestamp};

/// A shop is visited once a day at least; one whose last visit is longer ago was not connected.
const AWAY: SignedDuration = SignedDuration::from_hours(26);

/// Begins one. The watermark is stored first: what changes while the import runs is found by it.
pub(super) async fn begin<R: Reads>(walk: &mut Walk<'_, R>, now: Timestamp) -> Result<(), Broken> {
    walk.visit.row.watermark = Some(now - IMPORT_OVERLAP);
    walk.visit.row.import = Some(Import { began: now, ..Import::default() });
    // The import is a round of its own, unless the shop was away: an order that was known before may have ended since, and
    // an import does not show it.
    let away = walk.visit.row.last.is_some_and(|last| now.duration_since(last) > AWAY);
    if !away {
        walk.visit.row.round = Some(now);
    }
    walk.note().await
}

/// Goes on with one, page by page, until it is done or the time is up.
pub(super) async fn go_on<R: Reads>(walk: &mut Walk<'_, R>) -> Result<(), Broken> {
    while let Some(import) = walk.visit.row.import.clone() {
        let Some(state) = OPEN_STATES.get(import.state) else {
            walk.visit.row.import = None;
            walk.visit.row.imported = Some(walk.app.clock.now());
            tracing::info!(shop.id = %walk.shop.id, orders = import.read, "open orders imported");
            return Ok(());
        };
        let before = walk.done.orders;
        let query = OrderQuery {
            by: OrderTime::Created,
            from: import.from,
            to: None,
            status: Some((*state).to_owned()),
            seller_shipped: false,
            page_size: PAGE,
            page_token: None,
        };
        let pages = walk.pages(
            query,
            |order| order.times.created,
            |visit, last| {
                if let Some(import) = &mut visit.import {
                    import.from = Some(last);
                }
            },
        );
        let outcome = pages.await;
        if let Some(import) = &mut walk.visit.row.import {
            import.read += walk.done.orders - before;
            if outcome.is_ok() {
                import.state += 1;
                import.from = None;
            }
        }
        outcome?;
    }
    Ok(())
}
