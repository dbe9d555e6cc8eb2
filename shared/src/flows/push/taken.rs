//! What follows when TikTok took a number.

use super::shop_run::ShopRun;
use crate::domain::ids::LineItemId;
use crate::domain::moves::Accepted;
use crate::domain::order::{OrderState, TikTokOrder};
use crate::domain::parcel::Parcel;
use crate::domain::reason::Reason;
use crate::domain::tracking::{TrackingNumber, same_number};
use crate::flows::carriers::map::{requeue, requeue_these};
use crate::table::error::TableError;

/// A number that a correction took off its order may be free for the parcel that TikTok refused it to, in whichever shop
/// of the account that is.
pub(super) async fn free_duplicates(shop: &ShopRun<'_>, before: &[String], now_shown: &str) {
    let mut freed: Vec<&String> = before.iter().filter(|old| !same_number(old, now_shown)).collect();
    freed.sort();
    freed.dedup();
    if freed.is_empty() {
        return;
    }
    let outcome = async {
        let (app, account) = (shop.run.app, shop.calls.shop().await.account);
        let refused = |row: &Parcel| row.state.reason() == Some(Reason::TrackingDuplicate);
        let has = |row: &Parcel| {
            row.number.as_ref().map(TrackingNumber::as_str).is_some_and(|n| freed.iter().any(|old| same_number(old, n)))
        };
        // Rows of earlier versions are in no index: those of this shop are found on its list.
        requeue(app, &shop.id, Reason::TrackingDuplicate.code(), has).await?;
        for number in &freed {
            let keys = app.table.parcels_found(&account, number).await?;
            requeue_these(app, &keys, |row| refused(row) && has(row)).await?;
        }
        Ok::<(), TableError>(())
    };
    if let Err(error) = outcome.await {
        tracing::warn!(shop.id = %shop.id, error = &error as &dyn std::error::Error, "a freed number was not queued");
    }
}

/// The units that the number stands on after a call for some of them.
pub(super) fn together(order: &TikTokOrder, number: &str, lines: &[LineItemId]) -> Vec<LineItemId> {
    let shows =
        |line: &&crate::domain::order::OrderLine| line.tracking.as_ref().is_some_and(|t| same_number(t, number));
    let mut all: Vec<_> = order.lines.iter().filter(shows).map(|line| line.id.clone()).collect();
    all.extend(lines.iter().cloned());
    all.sort();
    all.dedup();
    all
}

/// The order as it is after our call, for the parcels that follow.
pub(super) fn show(order: &mut TikTokOrder, done: &Accepted) {
    for line in &mut order.lines {
        if done.lines.contains(&line.id) {
            line.tracking = Some(done.carried.number.clone());
            line.provider = Some(done.carried.provider.clone());
            line.package.clone_from(&done.package);
            line.state = OrderState::ReadyToShip;
        }
    }
    if matches!(order.state, OrderState::AwaitingShipment | OrderState::PartiallyShipped) {
        let open = order.lines.iter().any(crate::domain::order::OrderLine::is_open);
        order.state = if open { OrderState::PartiallyShipped } else { OrderState::ReadyToShip };
    }
}
