//! A shop's visit, by the holder of its shard: after the parcels, with the same calls.

use super::Run;
use super::shop_run::ShopRun;
use super::summary::one;
use crate::domain::connection::Shop;
use crate::domain::ids::ShopId;
use crate::domain::order::TikTokOrder;
use crate::flows::orders::{begin, keep, visit};
use crate::table::error::TableError;
use jiff::Timestamp;
use std::sync::atomic::Ordering;

/// Makes the visit, when it is due.
pub(super) async fn make(shop: &ShopRun<'_>) {
    let row = shop.calls.shop().await;
    match visit::run(shop.run.app, &row, &shop.calls).await {
        Ok(Some(done)) => {
            one(&shop.run.tally.visits);
            shop.run.tally.orders_read.fetch_add(done.orders, Ordering::Relaxed);
            shop.run.tally.orders_changed.fetch_add(done.kept.new + done.kept.moved, Ordering::Relaxed);
        }
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(shop.id = %shop.id, error = &error as &dyn std::error::Error, "a visit was not written down");
        }
    }
}

/// What the push's own read says is kept like everything else. The parcels do not wait for it to succeed: a visit reads
/// the orders again.
pub(super) async fn keep_read<'a>(
    shop: &ShopRun<'_>,
    orders: impl Iterator<Item = &'a TikTokOrder>,
    begun: Timestamp,
) {
    let row = shop.calls.shop().await;
    let orders: Vec<TikTokOrder> = orders.cloned().collect();
    if let Err(error) = keep::keep(shop.run.app, &row, &orders, begun).await {
        tracing::warn!(shop.id = %shop.id, error = &error as &dyn std::error::Error, "orders read and not kept");
    }
}

/// The orders of accepted numbers are looked at again.
pub(super) async fn look_later(shop: &ShopRun<'_>) {
    let accepted = std::mem::take(&mut *shop.accepted.lock().await);
    if let Err(error) = begin::accepted(shop.run.app, &shop.id, &accepted).await {
        tracing::warn!(shop.id = %shop.id, error = &error as &dyn std::error::Error, "no later look at what was accepted");
    }
}

/// A shop that is parked or gone is not visited: reconnecting makes the visit due again.
pub(super) async fn not_visited(run: &Run<'_>, shop: Option<&Shop>, id: &ShopId) {
    let parked = shop.is_none_or(|shop| shop.parked.is_some());
    let outcome: Result<(), TableError> = if parked { begin::parked(run.app, id).await } else { Ok(()) };
    if let Err(error) = outcome {
        tracing::warn!(shop.id = %id, error = &error as &dyn std::error::Error, "a visit stays due");
    }
}
