//! Parcels and links of a store.

mod found;
mod row;
mod stored;

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::keys::{self, Key, Shard};
use super::{If, Listed, Table};
use crate::domain::ids::{AccountId, ShopId, StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::parcel::Parcel;
use crate::domain::reason::Reason;
use jiff::{SignedDuration, Timestamp};
use row::{parcel_read, parcel_write};
use std::collections::HashMap;

/// Rows are forgotten this long after their last change, unless they still wait for something.
pub const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Everything known about one store order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderRows {
    /// Its parcels, and its shipments without a number.
    pub parcels: Vec<Parcel>,
    /// A person's or another system's word on which TikTok order it is.
    pub link: Option<TikTokOrderId>,
}

/// A store order beside the TikTok order that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// The store.
    pub store: StoreId,
    /// Its order.
    pub order: StoreOrderId,
    /// Whose store it is.
    pub account: AccountId,
    /// The name people know the order under.
    pub name: Option<String>,
    /// When its oldest parcel came in; never changes.
    pub received: Timestamp,
}

/// An entry of a shop's attention list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldEntry {
    /// The row.
    pub key: Key,
    /// Why it waits.
    pub reason: Reason,
    /// Since when.
    pub since: Timestamp,
}

/// An entry of the PUSH list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The row.
    pub key: Key,
    /// Since when.
    pub at: Timestamp,
    /// For which shop.
    pub shop: ShopId,
}

impl Table {
    /// Everything known about a store order. `strong` where a decision to send hangs on it.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn order_rows(
        &self,
        store: &StoreId,
        order: &StoreOrderId,
        strong: bool,
    ) -> Result<OrderRows, TableError> {
        let mut rows = OrderRows::default();
        for item in self.rows(&keys::store(store), &keys::order_prefix(order), strong).await? {
            let reader = Reader(&item);
            if keys::is_link(&reader.text(keys::SK)?) {
                rows.link = Some(reader.parsed("tiktok", TikTokOrderId::parse)?);
            } else {
                rows.parcels.push(parcel_read(&item)?);
            }
        }
        Ok(rows)
    }

    /// One parcel by its key.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn parcel_get(&self, key: &Key) -> Result<Option<Parcel>, TableError> {
        // Lists hold other rows too, such as TikTok's orders.
        if !keys::is_of_store(key) {
            return Ok(None);
        }
        self.get(key, true).await?.as_ref().map(parcel_read).transpose()
    }

    /// The parcels at these keys, in their order, as far as they are there: a few requests however many they are.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn parcels_at(&self, keys: &[Key]) -> Result<Vec<Parcel>, TableError> {
        let of_store = keys.iter().filter(|key| keys::is_of_store(key));
        let mut found = self.get_all(of_store.clone()).await?;
        of_store.filter_map(|key| found.remove(key)).map(|item| parcel_read(&item)).collect()
    }

    /// Writes a parcel if nobody changed it since it was read (`rev`), and counts `rev` up.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when somebody did.
    pub async fn parcel_put(&self, parcel: &mut Parcel) -> Result<(), TableError> {
        let condition = if parcel.rev == 0 { If::Absent } else { If::Counter("rev", parcel.rev) };
        let next = Parcel { rev: parcel.rev + 1, ..parcel.clone() };
        self.put(parcel_write(&next)?, condition).await?;
        *parcel = next;
        Ok(())
    }

    /// What is due in a shard by `now`, oldest first, at most `per_shop` entries of each shop: a shop with a long queue
    /// hides nobody. Says whether any shop has more.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn push_due(
        &self,
        shard: Shard,
        now: Timestamp,
        per_shop: usize,
    ) -> Result<(Vec<Due>, bool), TableError> {
        let mut pages = self.due_pages(&keys::push_list(shard), &keys::due_by(now));
        let mut taken: HashMap<ShopId, usize> = HashMap::new();
        let (mut due, mut more) = (Vec::new(), false);
        while let Some(page) = pages.next().await? {
            for item in &page {
                // A later version may list what this one cannot read: that is left alone, and hides nobody.
                let Some(entry) = due_read(Listed::read(item, keys::DUE)?) else { continue };
                let count = taken.entry(entry.shop.clone()).or_default();
                *count += 1;
                if *count <= per_shop { due.push(entry) } else { more = true }
            }
        }
        Ok((due, more))
    }

    /// The keys of a shop's attention list whose reason starts with a prefix (all: empty).
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn held_keys(&self, shop: &ShopId, reason_prefix: &str) -> Result<Vec<Key>, TableError> {
        let listed = self.held(&keys::held_list(shop), reason_prefix).await?;
        Ok(listed.into_iter().map(|entry| entry.key).collect())
    }

    /// The parcels of a TikTok order that this store reported. Reads all of the store's order rows: for people, not for
    /// the push.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn parcels_where(
        &self,
        store: &StoreId,
        wanted: impl Fn(&Parcel) -> bool,
    ) -> Result<Vec<Parcel>, TableError> {
        let mut found = Vec::new();
        for item in self.rows(&keys::store(store), keys::ORDERS, false).await? {
            if !keys::is_link(&Reader(&item).text(keys::SK)?) {
                let parcel = parcel_read(&item)?;
                if wanted(&parcel) {
                    found.push(parcel);
                }
            }
        }
        Ok(found)
    }

    /// Notes that parcels of a store order wait under a TikTok order, so that TikTok's own news about it finds them, and
    /// so that people find it by the name they know it under.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn order_pointer_put(
        &self,
        shop: &ShopId,
        order: &TikTokOrderId,
        to: &Pointer,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let place = to.name.as_ref().map(|name| keys::found(keys::find_name(&to.account, name), to.received));
        let row = Writer::new(keys::order_pointer(shop, order, &to.store, &to.order), "order pointer")
            .text("store", to.store.as_str())
            .text("order", to.order.as_str())
            .found_by(place)
            .ttl(now + KEPT);
        self.put(row.done(), If::Always).await
    }

    /// The store orders whose parcels wait under a TikTok order.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn order_pointers(
        &self,
        shop: &ShopId,
        order: &TikTokOrderId,
    ) -> Result<Vec<(StoreId, StoreOrderId)>, TableError> {
        let rows = self.rows(&keys::shop(shop), &keys::order_pointers(order), false).await?;
        let pointer = |item| {
            let row = Reader(item);
            Ok((row.parsed("store", StoreId::parse)?, row.parsed("order", StoreOrderId::parse)?))
        };
        rows.iter().map(pointer).collect()
    }

    /// How many entries of a shop are in the PUSH list and were due by then.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn push_waiting(&self, shop: &ShopId, by: Timestamp) -> Result<u64, TableError> {
        let mut pages = self.due_pages(&keys::push_list(Shard::of(shop)), &keys::due_by(by));
        let mut waiting = 0;
        while let Some(page) = pages.next().await? {
            for item in &page {
                let due = due_read(Listed::read(item, keys::DUE)?);
                waiting += u64::from(due.is_some_and(|due| due.shop == *shop && keys::is_of_store(&due.key)));
            }
        }
        Ok(waiting)
    }

    /// Rows of a shop in the queue, whenever they are due, at most `limit`.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn push_waiting_rows(&self, shop: &ShopId, limit: usize) -> Result<Vec<Key>, TableError> {
        let mut pages = self.due_pages(&keys::push_list(Shard::of(shop)), &keys::due_by(Timestamp::MAX));
        let mut rows = Vec::new();
        while let Some(page) = pages.next().await? {
            for item in &page {
                let due = due_read(Listed::read(item, keys::DUE)?);
                if let Some(due) = due.filter(|due| due.shop == *shop && keys::is_of_store(&due.key)) {
                    rows.push(due.key);
                }
                if rows.len() >= limit {
                    return Ok(rows);
                }
            }
        }
        Ok(rows)
    }

    /// How many parcels of a shop wait for a hand, by reason code, and since when the newest of each.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn held_reasons(&self, shop: &ShopId) -> Result<Vec<HeldEntry>, TableError> {
        self.held(&keys::held_list(shop), "").await
    }

    /// Whether anything of a shop needs a hand.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn has_held(&self, shop: &ShopId) -> Result<bool, TableError> {
        let list = keys::held_list(shop);
        // Rows of earlier versions stand in the other index.
        Ok(self.is_listed(keys::LIST, &list).await? || self.is_listed(keys::DUE, &list).await?)
    }

    /// What needs a hand for a store while no shop of its account is known to have the order.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn store_held_reasons(&self, store: &StoreId) -> Result<Vec<HeldEntry>, TableError> {
        self.held(&keys::held_store_list(store), "").await
    }

    /// Earlier versions kept the attention list among what is due; such a row moves when it is written next.
    async fn held(&self, list: &str, reason_prefix: &str) -> Result<Vec<HeldEntry>, TableError> {
        let (now, before) = futures_util::future::try_join(
            self.listed_in(keys::LIST, list, reason_prefix),
            self.listed_in(keys::DUE, list, reason_prefix),
        )
        .await?;
        let mut held: Vec<HeldEntry> = Vec::with_capacity(now.len() + before.len());
        let mut seen = std::collections::HashSet::new();
        for entry in now.into_iter().chain(before) {
            if let Some((reason, since)) = keys::read_held(&entry.place)
                && seen.insert((entry.key.pk.clone(), entry.key.sk.clone()))
            {
                held.push(HeldEntry { key: entry.key, reason, since });
            }
        }
        Ok(held)
    }

    /// Stores a link that a person made.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn link_put(
        &self,
        store: &StoreId,
        order: &StoreOrderId,
        tiktok: &TikTokOrderId,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let row = Writer::new(keys::link(store, order), "link").text("tiktok", tiktok.as_str()).ttl(now + KEPT);
        self.put(row.done(), If::Always).await
    }
}

/// `None`: this version does not know what that is.
fn due_read(entry: Listed) -> Option<Due> {
    let (at, owner) = keys::read_due(&entry.place)?;
    let shop = ShopId::parse(owner).ok()?;
    keys::is_pushed(&entry.key).then_some(Due { at, shop, key: entry.key })
}
