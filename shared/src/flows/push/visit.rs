//! A shop's visit, by the holder of its shard: after the parcels, with the same calls.

use super::orders::Group;
use super::shop_run::ShopRun;
use super::summary::one;
use super::{Budget, END, Held, LEASE, Run, WORK};
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::ids::{ShopId, TikTokOrderId};
use crate::domain::order::TikTokOrder;
use crate::domain::parcel::{Parcel, Phase};
use crate::flows::orders::walk::Done;
use crate::flows::orders::{Broken, begin, keep, visit};
use crate::table::error::TableError;
use crate::table::keys::Shard;
use crate::table::leases::Lease;
use crate::table::parcels::Pointer;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use std::sync::atomic::Ordering;

/// What became of a visit that a person asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visited {
    /// It was made.
    Made(Done),
    /// Somebody else talks for the shop's shard, and makes the visit.
    Busy,
    /// Somebody else made it, or the shop is not visited.
    NotDue,
}

/// Makes a shop's visit now, if it is due and nobody else talks for its shard.
///
/// # Errors
/// [`TableError`].
pub async fn visit_now(app: &App, id: &ShopId) -> Result<Visited, TableError> {
    let shard = Shard::of(id);
    let me = HEXLOWER.encode(&app.entropy.bytes::<8>());
    let asked = app.clock.steady();
    let careful = match app.table.lease_take(shard, &me, app.clock.now()).await? {
        Lease::Taken { crashed } => crashed,
        Lease::Busy => return Ok(Visited::Busy),
    };
    let budget = Budget::new(&app.clock, WORK, END, false);
    let run = Run::new(app, budget, false);
    let visited = match app.table.shop_get(id, true).await? {
        Some(shop) if shop.row.parked.is_none() => {
            let row = shop.row.clone();
            let shop = ShopRun::new(&run, Some(Held { shard, careful, until: asked + LEASE }), shop);
            Box::pin(visit::run(app, &row, &shop.calls)).await
        }
        _ => Ok(None),
    };
    app.table.lease_release(shard, &me).await?;
    match visited {
        Ok(done) => Ok(done.map_or(Visited::NotDue, Visited::Made)),
        Err(Broken::Table(error)) => Err(error),
        Err(_) => Ok(Visited::NotDue),
    }
}

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
pub(super) async fn keep_read<'a>(shop: &ShopRun<'_>, orders: impl Iterator<Item = &'a TikTokOrder>, begun: Timestamp) {
    let row = shop.calls.shop().await;
    let orders: Vec<TikTokOrder> = orders.cloned().collect();
    if let Err(error) = keep::keep(shop.run.app, &row, &orders, begun).await {
        tracing::warn!(shop.id = %shop.id, error = &error as &dyn std::error::Error, "orders read and not kept");
    }
}

/// The store order of a group of which nothing was decided yet under a known TikTok order.
pub(super) fn undecided(group: &Group) -> Option<Pointer> {
    let first = |row: &Parcel| row.state.phase() == Phase::Open && row.attempts == 0 && row.sent.is_none();
    // A person may hold a parcel before anything was decided about it.
    let held = |row: &Parcel| row.held_by.is_some() && row.due.is_some();
    let row = group.rows.iter().find(|row| row.tiktok_order().is_none() || first(row) || held(row))?;
    Some(Pointer {
        store: row.store.clone(),
        order: row.order.clone(),
        account: group.store.account.clone(),
        name: row.order_name.clone(),
        received: group.rows.iter().map(|row| row.received).min().unwrap_or(row.received),
    })
}

/// Before the first decision about parcels of a known order, their store orders are noted beside it: TikTok's own news
/// about the order finds its parcels by them. While that cannot be noted nothing is decided: the parcels stay due.
pub(super) async fn point(shop: &ShopRun<'_>, fresh: &[(TikTokOrderId, Pointer)]) -> Option<()> {
    let app = shop.run.app;
    for (order, to) in fresh {
        let put = app.table.order_pointer_put(&shop.id, order, to, app.clock.now());
        if let Err(error) = put.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "store order not noted beside its TikTok order");
            // A name that the table refuses would be refused for ever, and the number goes out all the same.
            if error.is_passing() {
                return None;
            }
        }
    }
    Some(())
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
