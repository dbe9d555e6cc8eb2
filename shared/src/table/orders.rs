//! TikTok's orders: one row each, and the lists of their clocks.

use super::codec::{Item, Reader, Writer};
use super::error::TableError;
use super::keys::{self, ClockPlace, DUE, IndexKey, Key};
use super::{If, Table};
use crate::domain::ids::{AccountId, ShopId, StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::order_row::{Attention, OrderRow, Place};
use crate::domain::reason::Reason;
use jiff::{SignedDuration, Timestamp};

mod compact;

/// An open order is forgotten this long after its last change.
const OPEN_KEPT: SignedDuration = SignedDuration::from_hours(120 * 24);
/// An ended one earlier.
const ENDED_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A TikTok order and the store orders that belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The order.
    pub row: OrderRow,
    /// Store and store order.
    pub stores: Vec<(StoreId, StoreOrderId)>,
}

/// An entry of a shop's list of clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockEntry {
    /// What its key says.
    pub at: ClockPlace,
    /// It stands in LATE.
    pub late: bool,
}

impl Table {
    /// An order. Not strongly read unless asked: a write of it is conditional.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn tiktok_order(
        &self,
        shop: &ShopId,
        order: &TikTokOrderId,
        strong: bool,
    ) -> Result<Option<OrderRow>, TableError> {
        let item = self.get(&keys::tiktok_order(shop, order), strong).await?;
        item.as_ref().map(|item| read(shop, order, item)).transpose()
    }

    /// Writes an order if nobody changed it since it was read (`rev`), and counts `rev` up.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when somebody did.
    pub async fn tiktok_order_put(&self, row: &mut OrderRow) -> Result<(), TableError> {
        let condition = if row.rev == 0 { If::Absent } else { If::Counter("rev", row.rev) };
        self.put(write(row, row.rev + 1)?, condition).await?;
        row.rev += 1;
        Ok(())
    }

    /// An order with the store orders that belong to it: one query.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn tiktok_order_known(&self, shop: &ShopId, order: &TikTokOrderId) -> Result<Option<Known>, TableError> {
        let (first, last) = keys::tiktok_order_rows(order);
        let rows = self.rows_between(&keys::shop(shop), (&first, &last), None, false).await?;
        Ok(known(shop, &rows)?.pop())
    }

    /// Every order of a shop with its store orders, by TikTok's id. Rows of another account are left out.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn tiktok_orders(&self, shop: &ShopId, account: &AccountId) -> Result<Vec<Known>, TableError> {
        let rows = self.rows(&keys::shop(shop), keys::ORDERS, false).await?;
        let mut all = known(shop, &rows)?;
        all.retain(|known| known.row.account == *account);
        Ok(all)
    }

    /// The entries of a shop's clocks with a deadline up to `until`, nearest first.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn clocks(&self, shop: &ShopId, until: Timestamp) -> Result<Vec<ClockEntry>, TableError> {
        let from = keys::due_from(Timestamp::UNIX_EPOCH);
        let entries = self.listed_between(&keys::clock_list(shop), &from, &keys::due_by(until)).await?;
        Ok(entries.iter().filter_map(|place| entry(place, false)).collect())
    }

    /// The nearest entry of a shop's clocks with a deadline after `now`.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn clock_ahead(&self, shop: &ShopId, now: Timestamp) -> Result<Option<ClockEntry>, TableError> {
        let first = self.listed_first(&keys::clock_list(shop), &keys::due_by(now)).await?;
        Ok(first.and_then(|place| entry(&place, false)))
    }

    /// The nearest entries of a shop's clocks.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn clocks_first(&self, shop: &ShopId, most: usize) -> Result<Vec<ClockEntry>, TableError> {
        let all = keys::due_by(Timestamp::MAX);
        let entries = self.listed_until(&keys::clock_list(shop), &all, most).await?;
        Ok(entries.iter().filter_map(|listed| entry(&listed.place, false)).collect())
    }

    /// The entries of a shop's late orders, by their next deadline.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn late(&self, shop: &ShopId) -> Result<Vec<ClockEntry>, TableError> {
        let entries = self.listed_in(DUE, &keys::late_list(shop), "").await?;
        Ok(entries.iter().filter_map(|listed| entry(&listed.place, true)).collect())
    }

    /// Whether a clock runs in a shop.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn has_clocks(&self, shop: &ShopId) -> Result<bool, TableError> {
        let lists = [keys::clock_list(shop), keys::late_list(shop)];
        Ok(self.is_listed(keys::DUE, &lists[0]).await? || self.is_listed(keys::DUE, &lists[1]).await?)
    }

    /// The orders of a shop that stand on its attention list, with the reason as the list has it.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn tiktok_orders_held(
        &self,
        shop: &ShopId,
        prefix: &str,
    ) -> Result<Vec<(TikTokOrderId, Reason, Timestamp)>, TableError> {
        let listed = self.listed_in(keys::LIST, &keys::held_list(shop), prefix).await?;
        Ok(listed
            .into_iter()
            .filter_map(|entry| {
                let (reason, since) = keys::read_held(&entry.place)?;
                Some((keys::tiktok_order_of(&entry.key)?, reason, since))
            })
            .collect())
    }

    /// The other orders of a combine group.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn combine_group(&self, account: &AccountId, group: &str) -> Result<Vec<Key>, TableError> {
        let listed = self.listed_in(keys::FIND, &keys::find_group(account, group), "").await?;
        Ok(listed.into_iter().map(|entry| entry.key).collect())
    }
}

fn entry(place: &str, late: bool) -> Option<ClockEntry> {
    ClockPlace::read(place).map(|at| ClockEntry { at, late })
}

/// Orders among rows that stand by key: an order's pointers follow it.
pub(super) fn known(shop: &ShopId, rows: &[Item]) -> Result<Vec<Known>, TableError> {
    let mut found: Vec<Known> = Vec::new();
    for item in rows {
        let row = Reader(item);
        let sk = row.text(keys::SK)?;
        if keys::is_tiktok_order(&sk) {
            found.push(Known { row: order_row(shop, item)?, stores: Vec::new() });
        } else if let Some(last) =
            found.last_mut().filter(|last| sk.starts_with(&keys::order_pointers(&last.row.order)))
        {
            last.stores.push((row.parsed("store", StoreId::parse)?, row.parsed("order", StoreOrderId::parse)?));
        }
    }
    Ok(found)
}

fn place_of(row: &OrderRow) -> Option<IndexKey> {
    let place = row.place?;
    let at = ClockPlace { due: place.due, clock: place.clock, since: place.since, order: row.order.clone() };
    let pk = if place.late { keys::late_list(&row.shop) } else { keys::clock_list(&row.shop) };
    Some(IndexKey { pk, sk: at.sk() })
}

fn write(row: &OrderRow, rev: u64) -> Result<Item, TableError> {
    let held = row.attention.as_ref().map(|entry| keys::held(&row.shop, entry.reason, entry.since));
    let group = row.facts.group.as_ref();
    let found = group.map(|group| keys::found(keys::find_group(&row.account, group), row.facts.created));
    let kept = if row.is_ended() { ENDED_KEPT } else { OPEN_KEPT };
    Ok(Writer::new(keys::tiktok_order(&row.shop, &row.order), "order")
        .number("rev", i128::from(rev))
        .text("account", row.account.as_str())
        .json("o", &compact::Row::of(row))?
        .list(place_of(row))
        .attention(held)
        .found_by(found)
        .ttl(row.changed.max(row.seen) + kept)
        .done())
}

/// An order's own row among a shop's rows.
pub(super) fn order_row(shop: &ShopId, item: &Item) -> Result<OrderRow, TableError> {
    let key = Reader(item).key()?;
    let order = keys::tiktok_order_of(&key);
    let order = order.ok_or_else(|| TableError::Corrupt { row: key.sk, problem: "no order's key".into() })?;
    read(shop, &order, item)
}

fn read(shop: &ShopId, order: &TikTokOrderId, item: &Item) -> Result<OrderRow, TableError> {
    let reader = Reader(item);
    let corrupt = || TableError::Corrupt { row: format!("order {order}"), problem: "its body cannot be read".into() };
    let account = reader.parsed("account", AccountId::parse)?;
    let row = reader.json::<compact::Row>("o")?.row(account, shop.clone(), order.clone());
    let mut row = row.ok_or_else(corrupt)?;
    row.rev = reader.number("rev")?;
    let late = reader.text_if(DUE.pk).is_some_and(|list| list == keys::late_list(shop));
    row.place = reader.text_if(DUE.sk).and_then(|sk| ClockPlace::read(&sk)).map(|at| Place {
        due: at.due,
        clock: at.clock,
        since: at.since,
        late,
    });
    if let Some((reason, since)) = reader.text_if(keys::LIST.sk).and_then(|sk| keys::read_held(&sk)) {
        let detail = row.attention.take().map(|entry| entry.detail).unwrap_or_default();
        row.attention = Some(Attention { reason, since, detail });
    } else {
        row.attention = None;
    }
    Ok(row)
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
