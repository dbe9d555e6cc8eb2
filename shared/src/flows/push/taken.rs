//! What follows when TikTok took a number.

use super::shop_run::ShopRun;
use crate::domain::ids::LineItemId;
use crate::domain::moves::Accepted;
use crate::domain::order::{OrderState, TikTokOrder};
use crate::domain::parcel::Parcel;
use crate::domain::reason::Reason;
use crate::domain::tracking::{TrackingNumber, same_number};
use crate::flows::carriers::map::requeue;

/// A number that a correction took off its order may be free for the parcel that TikTok refused it to.
pub(super) async fn free_duplicates(shop: &ShopRun<'_>, before: &[String], now_shown: &str) {
    let free = |row: &Parcel| {
        let number = row.number.as_ref().map(TrackingNumber::as_str);
        number.is_some_and(|n| !same_number(n, now_shown) && before.iter().any(|old| same_number(old, n)))
    };
    if before.iter().all(|old| same_number(old, now_shown)) {
        return;
    }
    if let Err(error) = requeue(shop.run.app, &shop.id, Reason::TrackingDuplicate.code(), free).await {
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
