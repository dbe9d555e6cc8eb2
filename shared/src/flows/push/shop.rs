//! One shop's share of a run: load what is due, find the TikTok orders, read them, work on each.

use super::orders::{self, Group};
use super::resolve::{self, Resolved};
use super::shop_run::ShopRun;
use super::summary::one;
use super::{Held, Run, record, split, visit};
use crate::app::pace::PER_SHOP;
use crate::domain::connection::{Shop, StoreConnection};
use crate::domain::ids::{ShopId, StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::order::TikTokOrder;
use crate::domain::parcel::{Parcel, Phase, WaitsFor};
use crate::domain::reason::Reason;
use crate::flows::access::shop::grant_version;
use crate::flows::calls::Trouble;
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use crate::table::keys;
use crate::table::parcels::{Due, OrderRows};
use crate::tiktok::Class;
use futures_util::stream::{self, StreamExt as _};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// TikTok reads at most this many orders in a call.
const ORDERS_A_READ: usize = 50;

/// Works on one shop's due entries, on so many orders at a time; then on its visit, if that is due.
pub(super) async fn work(run: &Run<'_>, lease: Held, id: &ShopId, due: Vec<Due>, share: usize) {
    let visited = due.iter().any(|entry| keys::visited_shop(&entry.key).is_some());
    let shop = match ready(run, id).await {
        Ok(Some(shop)) => shop,
        Ok(None) => {
            return if visited {
                visit::not_visited(run, None, id).await
            };
        }
        Err(error) => {
            tracing::warn!(shop.id = %id, error = &error as &dyn std::error::Error, "shop not read");
            return;
        }
    };
    let rests = shop.row.hold_until.is_some_and(|until| until > run.app.clock.now());
    if rests || shop.row.parked.is_some() {
        return if visited {
            visit::not_visited(run, Some(&shop.row), id).await
        };
    }
    let sends = shop.row.settings.sync;
    let shop = ShopRun::new(run, lease, shop);
    if sends {
        parcels(&shop, due, share).await;
    }
    if visited && run.may_start() {
        Box::pin(visit::make(&shop)).await;
    }
}

async fn parcels(shop: &ShopRun<'_>, due: Vec<Due>, share: usize) {
    let run = shop.run;
    let mut orders: Vec<(StoreId, StoreOrderId)> = Vec::new();
    for entry in due {
        if keys::notice_store(&entry.key).is_some() {
            resolve::read_notice(shop, &entry.key).await;
        } else if let Some(order) = keys::order_of(&entry.key)
            && !orders.contains(&order)
        {
            orders.push(order);
        }
    }
    for chunk in orders.chunks(if shop.careful { 1 } else { share.min(ORDERS_A_READ) }) {
        if !run.may_start() {
            run.tally.left.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            continue;
        }
        if work_on(shop, chunk).await.is_none() {
            break;
        }
    }
    shop.write_sighted().await;
    visit::look_later(shop).await;
    run.app.ears.pushed(&run.app.table, &run.app.clock, &shop.id).await;
}

/// The shop. One that is parked comes back when a newer grant is there.
async fn ready(run: &Run<'_>, id: &ShopId) -> Result<Option<Versioned<Shop>>, TableError> {
    let Some(mut shop) = run.app.table.shop_get(id, true).await? else {
        tracing::error!(shop.id = %id, "parcels wait for a shop that is not connected");
        return Ok(None);
    };
    if let Some(parked) = &shop.row.parked {
        if grant_version(run.app, &shop.row).await? <= parked.grant_version {
            one(&run.tally.parked_shops);
            return Ok(Some(shop));
        }
        shop.row.parked = None;
        run.app.table.shop_put(&mut shop).await?;
        tracing::info!(shop.id = %id, "shop is authorised again");
    }
    Ok(Some(shop))
}

/// Works on some store orders, at most fifty. `None`: the shop is done for this run.
async fn work_on(shop: &ShopRun<'_>, chunk: &[(StoreId, StoreOrderId)]) -> Option<()> {
    let loaded: Vec<Option<Group>> =
        stream::iter(chunk).map(|(store, order)| load(shop, store, order)).buffered(PER_SHOP).collect().await;
    let groups = loaded.into_iter().flatten().flat_map(split::by_order);
    let groups: Vec<Group> = groups.filter(|group| group.rows.iter().any(|row| is_due(row, shop))).collect();
    let resolved: Vec<(Group, Resolved)> = stream::iter(groups)
        .map(|group| async move {
            let found = resolve::order_of(shop, &group).await;
            (group, found)
        })
        .buffered(PER_SHOP)
        .collect()
        .await;
    let mut by_order: BTreeMap<TikTokOrderId, Vec<Group>> = BTreeMap::new();
    let mut fresh = Vec::new();
    for (mut group, resolved) in resolved {
        match resolved {
            Resolved::Found(id) => {
                fresh.extend(visit::undecided(&group).into_iter().map(|(store, order)| (id.clone(), store, order)));
                group.link(&id);
                by_order.entry(id).or_default().push(group);
            }
            Resolved::Later => {}
            Resolved::Stop => return None,
        }
    }
    let ids: Vec<TikTokOrderId> = by_order.keys().cloned().collect();
    let begun = shop.run.app.clock.now();
    let mut read = match read_orders(shop, ids).await {
        Ok(read) => read,
        Err(Trouble::Stop | Trouble::Parked) => return None,
        Err(Trouble::TikTok(error)) => {
            // Not one order's fault and not a passing one: every parcel of the chunk shows TikTok's words.
            for parcel in by_order.into_values().flatten().flat_map(|group| group.rows) {
                if is_due(&parcel, shop) {
                    record::refused_read(shop, parcel, &error).await;
                }
            }
            return Some(());
        }
    };
    Box::pin(visit::keep_read(shop, read.values(), begun)).await;
    visit::point(shop, &fresh).await;
    stream::iter(by_order)
        .map(|(id, groups)| (read.remove(&id), groups))
        .for_each_concurrent(if shop.careful { 1 } else { PER_SHOP }, |(order, groups)| async move {
            match order {
                Some(order) => orders::work(shop, order, groups).await,
                None => next_shop(shop, groups).await,
            }
        })
        .await;
    Some(())
}

/// All rows of a store order, read strongly: the index that named it is behind.
async fn load(shop: &ShopRun<'_>, store: &StoreId, order: &StoreOrderId) -> Option<Group> {
    let app = shop.run.app;
    let rows = async {
        let rows: OrderRows = app.table.order_rows(store, order, true).await?;
        let known = app.stores.get(store);
        let connection: Option<StoreConnection> = match known {
            Some(known) => Some(known),
            None => app.table.store_get(store, false).await?.map(|store| store.row),
        };
        if let Some(connection) = &connection {
            app.stores.put(store.clone(), connection.clone());
        }
        Ok::<_, TableError>((rows, connection))
    };
    match rows.await {
        Ok((rows, Some(store))) => {
            let due = rows.parcels.iter().any(|parcel| is_due(parcel, shop));
            due.then_some(Group { store, rows: rows.parcels, manual: rows.link })
        }
        Ok((_, None)) => {
            tracing::error!(store.id = %store, "parcels of a store that is not connected");
            None
        }
        Err(error) => {
            tracing::warn!(store.id = %store, error = &error as &dyn std::error::Error, "order not loaded");
            None
        }
    }
}

/// Whether a row is to be worked on now, by this shop.
pub(super) fn is_due(parcel: &Parcel, shop: &ShopRun<'_>) -> bool {
    parcel.due.is_some_and(|due| due <= shop.run.app.clock.now())
        && matches!(parcel.state.phase(), Phase::Open | Phase::Waiting)
        && parcel.shop == shop.id
}

/// Reads orders, at most fifty a call. One foreign id refuses a whole read: it is halved until the id is found, and
/// missing from the answer then.
pub(super) async fn read_orders(
    shop: &ShopRun<'_>,
    ids: Vec<TikTokOrderId>,
) -> Result<BTreeMap<TikTokOrderId, TikTokOrder>, Trouble> {
    let mut read = BTreeMap::new();
    let mut todo: Vec<Vec<TikTokOrderId>> = ids.chunks(ORDERS_A_READ).map(<[_]>::to_vec).collect();
    while let Some(part) = todo.pop() {
        match shop.calls.order_detail(&part).await {
            Ok(orders) => read.extend(orders.into_iter().map(|order| (order.id.clone(), order))),
            Err(Trouble::TikTok(error)) if error.class == Class::NotThisShop => {
                if part.len() > 1 {
                    let (left, right) = part.split_at(part.len() / 2);
                    todo.extend([left.to_vec(), right.to_vec()]);
                }
            }
            Err(other) => return Err(other),
        }
    }
    Ok(read)
}

/// TikTok does not know the order in this shop. A store may serve several: the next one's shard tries it.
async fn next_shop(shop: &ShopRun<'_>, groups: Vec<Group>) {
    for group in groups {
        let shops = &group.store.shops;
        for parcel in group.rows.into_iter().filter(|parcel| is_due(parcel, shop)) {
            let place = shops.iter().position(|id| *id == parcel.shop).unwrap_or_default();
            let next = shops.get((place + 1) % shops.len().max(1)).cloned();
            record::settle(shop, parcel, |row, now| {
                row.shops_tried += 1;
                match &next {
                    Some(next) if (row.shops_tried as usize) < shops.len() => {
                        row.hand_to(next, now);
                    }
                    _ => row.hold(Reason::OrderNotFound, "TikTok knows no such order", WaitsFor::Person, now),
                }
            })
            .await;
        }
    }
}
