//! One shop's share of a run: load what is due, find the TikTok orders, read them, work on each.

use super::orders::{self, Group};
use super::resolve::{self, Resolved};
use super::shop_run::ShopRun;
use super::summary::one;
use super::{Held, Run, find, record, split, visit};
use crate::app::pace::PER_SHOP;
use crate::domain::connection::{Shop, StoreConnection};
use crate::domain::ids::{ShopId, StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::parcel::Parcel;
use crate::flows::access::shop::grant_version;
use crate::flows::calls::Trouble;
use crate::flows::calls::order_reads;
use crate::flows::orders::{begin, fields};
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use crate::table::keys;
use crate::table::parcels::{Due, OrderRows};
use futures_util::stream::{self, StreamExt as _};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

/// TikTok reads at most this many orders in a call.
const ORDERS_A_READ: usize = crate::tiktok::orders::MOST_IDS;

/// Works on one shop's due entries, at most `share` orders at a time; then on its visit, if that is due.
pub(super) async fn work(run: &Run<'_>, lease: Held, id: &ShopId, due: Vec<Due>, share: usize) {
    let visited = due.iter().any(|entry| keys::visited_shop(&entry.key).is_some());
    let (notices, entries): (Vec<Due>, Vec<Due>) =
        due.into_iter().partition(|entry| keys::notice_store(&entry.key).is_some());
    let mut orders: Vec<(StoreId, StoreOrderId)> = Vec::new();
    for order in entries.iter().filter_map(|entry| keys::order_of(&entry.key)) {
        if !orders.contains(&order) {
            orders.push(order);
        }
    }
    let shop = match ready(run, id).await {
        Ok(Some(shop)) => shop,
        Ok(None) => {
            find::beside(run, id, None, &entries).await;
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
        find::beside(run, id, Some(&shop.row), &entries).await;
        return if visited {
            visit::not_visited(run, Some(&shop.row), id).await
        };
    }
    let sends = shop.row.settings.sync;
    if !sends {
        find::beside(run, id, Some(&shop.row), &entries).await;
    }
    let shop = ShopRun::new(run, Some(lease), shop);
    if sends {
        parcels(&shop, &notices, &orders, share).await;
    }
    if visited && run.may_start() {
        Box::pin(visit::make(&shop)).await;
    }
}

/// Orders whose TikTok order is known go first: a store that does not answer delays only its own.
async fn parcels(shop: &ShopRun<'_>, notices: &[Due], orders: &[(StoreId, StoreOrderId)], share: usize) {
    let run = shop.run;
    for entry in notices {
        resolve::read_notice(shop, &entry.key).await;
    }
    let mut unknown: Vec<Group> = Vec::new();
    for chunk in orders.chunks(if shop.careful { 1 } else { share.min(ORDERS_A_READ) }) {
        if !run.may_start() {
            run.tally.left.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            continue;
        }
        let loaded: Vec<Option<Group>> = stream::iter(chunk)
            .map(|(store, order)| load(run, &shop.id, store, order))
            .buffered(PER_SHOP)
            .collect()
            .await;
        let mut groups: Vec<Group> = loaded.into_iter().flatten().collect();
        not_of_the_account(shop, &mut groups).await;
        let groups = groups.into_iter().flat_map(split::by_order);
        let due = groups.filter(|group| group.rows.iter().any(|row| is_due(row, &shop.id, run)));
        let (known, others) = due.partition(|group| resolve::known(group).is_some());
        unknown.extend::<Vec<Group>>(others);
        if work_on(shop, known).await.is_none() {
            unknown.clear();
            break;
        }
    }
    while !unknown.is_empty() && run.may_start() {
        let rest = unknown.split_off(unknown.len().min(if shop.careful { 1 } else { ORDERS_A_READ }));
        if work_on(shop, std::mem::replace(&mut unknown, rest)).await.is_none() {
            break;
        }
    }
    shop.write_sighted().await;
    shop.write_label_warning().await;
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
        // Neither visited nor told of while it was parked.
        Box::pin(begin::connected(run.app, &shop.row)).await?;
        tracing::info!(shop.id = %id, "shop is authorised again");
    }
    Ok(Some(shop))
}

/// Works on some store orders, at most fifty. `None`: the shop is done for this run.
async fn work_on(shop: &ShopRun<'_>, groups: Vec<Group>) -> Option<()> {
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
                fresh.extend(visit::undecided(&group).map(|pointer| (id.clone(), pointer)));
                group.link(&id);
                by_order.entry(id).or_default().push(group);
            }
            Resolved::Later => {}
            Resolved::Stop => return None,
        }
    }
    let ids: Vec<TikTokOrderId> = by_order.keys().cloned().collect();
    let run = shop.run;
    let begun = run.app.clock.now();
    let mut read = match order_reads::orders(&shop.calls, ids).await {
        Ok(read) => read,
        Err(Trouble::Stop | Trouble::Parked | Trouble::TikTok(_)) => return None,
    };
    let (mut here, mut elsewhere) = (Vec::new(), Vec::new());
    for (id, mut groups) in by_order {
        match read.remove(&id) {
            Some(Ok(order)) => {
                groups.iter_mut().for_each(Group::place);
                here.push((order, groups));
            }
            Some(Err(error)) => {
                // This order alone is refused: its parcels show TikTok's words.
                for parcel in
                    groups.into_iter().flat_map(|group| group.rows).filter(|row| is_due(row, &shop.id, shop.run))
                {
                    record::refused_read(shop, parcel, &error).await;
                }
            }
            None => elsewhere.push((id, groups)),
        }
    }
    Box::pin(visit::keep_read(shop, here.iter().map(|(order, _)| order), begun)).await;
    visit::point(shop, &fresh).await?;
    fields::linked(run.app, &shop.calls.shop().await, &fresh).await;
    stream::iter(here)
        .for_each_concurrent(if shop.careful { 1 } else { PER_SHOP }, |(order, groups)| async move {
            orders::work(shop, order, groups).await;
        })
        .await;
    if !elsewhere.is_empty() {
        find::elsewhere(shop, elsewhere).await;
    }
    Some(())
}

/// A store's parcels are worked on only for shops of its own account: this shop has moved to another.
async fn not_of_the_account(shop: &ShopRun<'_>, groups: &mut Vec<Group>) {
    let account = shop.calls.shop().await.account;
    let (ours, foreign) = std::mem::take(groups).into_iter().partition(|group| group.store.account == account);
    *groups = ours;
    for row in foreign.into_iter().flat_map(|group| group.rows).filter(|row| is_due(row, &shop.id, shop.run)) {
        one(&shop.run.tally.held);
        record::settle(shop, row, Parcel::shop_went).await;
    }
}

/// A store order of which something is due for this shop.
pub(super) async fn load(run: &Run<'_>, shop: &ShopId, store: &StoreId, order: &StoreOrderId) -> Option<Group> {
    load_all(run, store, order).await.filter(|group| group.rows.iter().any(|row| is_due(row, shop, run)))
}

/// All rows of a store order, read strongly: the index that named it is behind.
pub(super) async fn load_all(run: &Run<'_>, store: &StoreId, order: &StoreOrderId) -> Option<Group> {
    let app = run.app;
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
            let mut group = Group { store, rows: rows.parcels, manual: rows.link };
            group.own();
            Some(group)
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
pub(super) fn is_due(parcel: &Parcel, shop: &ShopId, run: &Run<'_>) -> bool {
    parcel.due.is_some_and(|due| due <= run.app.clock.now()) && parcel.shop == *shop
}
