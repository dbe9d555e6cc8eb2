//! Which shop has a TikTok order. Every connected, healthy shop of the store's account is asked, whatever state another is
//! in; what was asked is kept with the parcels, so that nobody is asked twice for the same.

use super::orders::Group;
use super::shop::{is_due, load};
use super::shop_run::ShopRun;
use super::{Run, record, resolve, split};
use crate::domain::connection::Shop;
use crate::domain::ids::{AccountId, ShopId, StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::parcel::Parcel;
use crate::domain::reason::Reason;
use crate::flows::calls::order_reads;
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use crate::table::keys;
use crate::table::parcels::Due;
use jiff::{SignedDuration, Timestamp};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A row of a shop that does not send is looked at by every run for so long.
const NEW: SignedDuration = SignedDuration::from_mins(5);
/// Runs of an hour that look at the same old rows, in minutes: one that falls out takes nothing away.
const AT_A_TIME: u64 = 2;

/// An order that is looked for, and the rows that wait for it.
pub(super) type Wanted = (TikTokOrderId, Vec<Group>);

/// What asking the other shops gave.
pub(super) struct Asked {
    /// Orders, by the shop that has them.
    pub(super) found: Vec<(TikTokOrderId, ShopId)>,
    /// Shops that do not have what is still missing.
    without: Vec<ShopId>,
    /// Some shop could not be asked now.
    pub(super) left: bool,
}

/// This shop was asked and does not have these orders: the others are.
pub(super) async fn elsewhere(shop: &ShopRun<'_>, wanted: Vec<Wanted>) {
    let account = shop.calls.shop().await.account;
    let Some(asked) = ask(shop.run, &account, &shop.id, &wanted).await else { return };
    for (id, groups) in wanted {
        let found = asked.found.iter().find(|(order, _)| *order == id).map(|(_, shop)| shop);
        for group in groups {
            let foreign = group.store.account != account;
            // The merchant may have mended the id in the store meanwhile.
            let anew = match found {
                None if !asked.left && !foreign => resolve::named_anew(shop, &group).await,
                _ => None,
            };
            for row in group.rows.into_iter().filter(|row| is_due(row, &shop.id, shop.run)) {
                if let Some(id) = &anew {
                    record::settle(shop, row, |row, now| row.name_anew(id, now)).await;
                    continue;
                }
                conclude(shop.run, row, found, &asked, Some(&shop.id), foreign).await;
            }
        }
    }
}

/// The shop of these rows is parked, paused, resting or gone. Rows that are certainly its own wait for it, unwritten;
/// the others may belong to another shop: they are looked at when they come and then hourly, each in a minute of its own.
/// Where the account has no other shop, nothing is read for them at all.
pub(super) async fn beside(run: &Run<'_>, id: &ShopId, shop: Option<&Shop>, due: &[Due]) {
    let now = run.app.clock.now();
    let mut orders: Vec<(StoreId, StoreOrderId)> = Vec::new();
    for order in due.iter().filter(|entry| has_its_minute(entry, now)).filter_map(|entry| keys::order_of(&entry.key)) {
        if !orders.contains(&order) {
            orders.push(order);
        }
    }
    if let Some(shop) = shop.filter(|_| !orders.is_empty())
        && run.app.table.account_shops(&shop.account).await.is_ok_and(|shops| shops.iter().all(|other| other == id))
    {
        return;
    }
    let mut wanted: Vec<Wanted> = Vec::new();
    for (store, order) in &orders {
        if !run.may_start() {
            return;
        }
        let Some(group) = load(run, id, store, order).await else { continue };
        for mut group in split::by_order(group) {
            group.rows.retain(|row| !is_its_own(row) && is_due(row, id, run));
            if let Some(order) = resolve::known(&group).cloned().filter(|_| !group.rows.is_empty()) {
                group.link(&order);
                wanted.push((order, vec![group]));
            }
        }
    }
    let Some(account) = wanted.first().map(|(_, groups)| groups[0].store.account.clone()) else { return };
    wanted.retain(|(_, groups)| groups[0].store.account == account);
    let Some(asked) = ask(run, &account, id, &wanted).await else { return };
    for (order, groups) in wanted {
        let found = asked.found.iter().find(|(found, _)| *found == order).map(|(_, shop)| shop);
        for row in groups.into_iter().flat_map(|group| group.rows) {
            conclude(run, row, found, &asked, None, false).await;
        }
    }
}

/// A row of a shop that does not send: young ones at every run, then once an hour.
fn has_its_minute(entry: &Due, now: Timestamp) -> bool {
    let mut hasher = DefaultHasher::new();
    (&entry.key.pk, &entry.key.sk).hash(&mut hasher);
    let minute = u64::try_from(now.as_second().div_euclid(60)).unwrap_or_default();
    now.duration_since(entry.at) < NEW || minute % 60 / AT_A_TIME == hasher.finish() % (60 / AT_A_TIME)
}

/// Something of it was sent or chosen in its shop, or TikTok showed the order there.
pub(super) fn is_its_own(row: &Parcel) -> bool {
    row.placed || row.sent.is_some() || row.tried.is_some() || !row.chosen.is_empty()
}

/// Writes down what asking gave for one row. `here`: the row's own shop, which was asked first.
async fn conclude(
    run: &Run<'_>,
    row: Parcel,
    found: Option<&ShopId>,
    asked: &Asked,
    here: Option<&ShopId>,
    foreign: bool,
) {
    let entropy = &run.app.entropy;
    let mut without = asked.without.clone();
    without.extend(here.cloned());
    let known = without.iter().all(|shop| row.asked.contains(shop));
    record::settle_in(run, row, |row, now| match found {
        Some(shop) => row.hand_to(shop, now),
        // The store's account has no such order, and the shop is another account's.
        None if foreign => row.set_adrift(Reason::OrderNotFound, "no shop of this account has the order", now),
        None if here.is_none() && known => {}
        None if here.is_none() => row.remember_asked(&without),
        None if asked.left => row.ask_others_later(&without, entropy, now),
        None => row.nobody_has_it("TikTok knows no such order", entropy, now),
    })
    .await;
}

/// Asks the account's other shops. `None`: the table cannot be read.
pub(super) async fn ask(run: &Run<'_>, account: &AccountId, except: &ShopId, wanted: &[Wanted]) -> Option<Asked> {
    match try_ask(run, account, except, wanted).await {
        Ok(asked) => Some(asked),
        Err(error) => {
            tracing::warn!(shop.id = %except, error = &error as &dyn std::error::Error, "other shops not asked");
            None
        }
    }
}

async fn try_ask(run: &Run<'_>, account: &AccountId, except: &ShopId, wanted: &[Wanted]) -> Result<Asked, TableError> {
    let mut asked = Asked { found: Vec::new(), without: Vec::new(), left: false };
    for id in run.app.table.account_shops(account).await? {
        if id == *except {
            continue;
        }
        let rows = |groups: &[Group]| groups.iter().flat_map(|group| &group.rows).all(|row| row.asked.contains(&id));
        let missing: Vec<TikTokOrderId> = wanted
            .iter()
            .filter(|(order, groups)| !rows(groups) && !asked.found.iter().any(|(found, _)| found == order))
            .map(|(order, _)| order.clone())
            .collect();
        if missing.is_empty() {
            asked.without.push(id);
            continue;
        }
        let Some(shop) = run.app.table.shop_get(&id, true).await?.filter(|shop| is_healthy(shop, account, run)) else {
            asked.left = true;
            continue;
        };
        let calls = run.calls(shop, None);
        match order_reads::orders(&calls, missing).await {
            Ok(read) => {
                let here = read.into_iter().filter(|(_, order)| order.is_ok());
                asked.found.extend(here.map(|(order, _)| (order, id.clone())));
                asked.without.push(id);
            }
            Err(_) => asked.left = true,
        }
    }
    Ok(asked)
}

fn is_healthy(shop: &Versioned<Shop>, account: &AccountId, run: &Run<'_>) -> bool {
    let shop = &shop.row;
    let rests = shop.hold_until.is_some_and(|until| until > run.app.clock.now());
    shop.account == *account && shop.settings.sync && shop.parked.is_none() && !rests
}
