//! Parcels and links of a store.

use super::codec::{Item, Reader, Writer};
use super::error::TableError;
use super::keys::{self, Key, Shard};
use super::{If, Listed, Table};
use crate::domain::fulfilment::OrderLink;
use crate::domain::ids::{ShopId, StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::parcel::{Parcel, ParcelState, Phase};
use crate::domain::reason::Reason;
use crate::domain::tracking::TrackingNumber;
use jiff::{SignedDuration, Timestamp};
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
                let entry = due_read(Listed::read(item, keys::DUE)?)?;
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

    /// Notes that parcels of a store order wait under a TikTok order, so that TikTok's own news about it finds them.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn order_pointer_put(
        &self,
        shop: &ShopId,
        order: &TikTokOrderId,
        store: &StoreId,
        store_order: &StoreOrderId,
        now: Timestamp,
    ) -> Result<(), TableError> {
        let row = Writer::new(keys::order_pointer(shop, order, store, store_order), "order pointer")
            .text("store", store.as_str())
            .text("order", store_order.as_str())
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
                let due = due_read(Listed::read(item, keys::DUE)?)?;
                waiting += u64::from(due.shop == *shop && keys::is_of_store(&due.key));
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
                let due = due_read(Listed::read(item, keys::DUE)?)?;
                if due.shop == *shop && keys::is_of_store(&due.key) {
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

fn due_read(entry: Listed) -> Result<Due, TableError> {
    let corrupt = || TableError::Corrupt { row: entry.key.sk.clone(), problem: "its place in the list".into() };
    let (at, owner) = keys::read_due(&entry.place).ok_or_else(corrupt)?;
    let shop = ShopId::parse(owner).map_err(|_| corrupt())?;
    Ok(Due { at, shop, key: entry.key })
}

/// Its place in the list of work, while something is due.
fn due_place(parcel: &Parcel) -> Option<keys::IndexKey> {
    parcel.due.map(|due| keys::push_due(&parcel.shop, due))
}

/// Its place in the attention list: while it waits, and while it is tried although it is listed.
fn list_place(parcel: &Parcel) -> Option<keys::IndexKey> {
    let reason = parcel.state.reason().filter(|_| parcel.listed)?;
    Some(if parcel.adrift {
        keys::held_store(&parcel.store, reason, parcel.changed)
    } else {
        keys::held(&parcel.shop, reason, parcel.changed)
    })
}

/// Rows of earlier versions do not say that they are listed: what waits without a time is.
fn is_listed_by_state(parcel: &Parcel) -> bool {
    parcel.state.phase() == Phase::Waiting && parcel.due.is_none()
}

fn parcel_write(parcel: &Parcel) -> Result<Item, TableError> {
    let waiting = matches!(parcel.state.phase(), Phase::Open | Phase::Waiting);
    let mut row = Writer::new(keys::parcel(parcel), "parcel")
        .number("rev", i128::from(parcel.rev))
        .text("order", parcel.order.as_str())
        .text("store", parcel.store.as_str())
        .text("shop", parcel.shop.as_str())
        .text("state", parcel.state.to_string())
        .text_if("number", parcel.number.as_ref().map(TrackingNumber::as_str))
        .text_if("name", parcel.order_name.clone())
        .text_if("carrier", parcel.carrier.clone())
        .text_if("tiktok", parcel.tiktok_order().map(TikTokOrderId::as_str))
        .text_if("apart", parcel.apart.as_ref().map(TikTokOrderId::as_str))
        .time("received", parcel.received)
        .time("changed", parcel.changed)
        .json("sources", &parcel.sources)?
        .list(due_place(parcel))
        .attention(list_place(parcel));
    if parcel.tiktok_order().is_none() {
        row = row.json("link", &parcel.link)?;
    }
    if let Some(due) = parcel.due {
        row = row.time("due", due);
    }
    if parcel.attempts > 0 {
        row = row.number("tries", i128::from(parcel.attempts));
    }
    if parcel.crashes > 0 {
        row = row.number("crashes", i128::from(parcel.crashes));
    }
    if parcel.confirmed {
        row = row.number("confirmed", 1);
    }
    if parcel.placed {
        row = row.number("placed", 1);
    }
    if !parcel.asked.is_empty() {
        row = row.json("asked", &parcel.asked)?;
    }
    if let Some(trouble) = &parcel.trouble {
        row = row.json("trouble", trouble)?;
    }
    if parcel.listed && !is_listed_by_state(parcel) {
        row = row.number("listed", 1);
    }
    if parcel.adrift {
        row = row.number("adrift", 1);
    }
    if !parcel.chosen.is_empty() {
        row = row.json("chosen", &parcel.chosen)?;
    }
    if let Some(sent) = &parcel.sent {
        row = row.json("sent", sent)?;
    }
    if let Some(tried) = &parcel.tried {
        row = row.json("tried", tried)?;
    }
    if let Some(waits_for) = &parcel.waits_for {
        row = row.json("waits", waits_for)?;
    }
    if let Some(answer) = &parcel.answer {
        row = row.json("answer", answer)?;
    }
    if !parcel.events.is_empty() {
        row = row.json("events", &parcel.events)?;
    }
    if parcel.healed {
        row = row.number("healed", 1);
    }
    // Closed and done rows fade; what still waits for something never does.
    Ok(if waiting { row } else { row.ttl(parcel.changed + KEPT) }.done())
}

fn parcel_read(item: &Item) -> Result<Parcel, TableError> {
    let row = Reader(item);
    let link = match row.text_if("tiktok") {
        Some(_) => OrderLink::Found(row.parsed("tiktok", TikTokOrderId::parse)?),
        None => row.json_if("link")?.unwrap_or(OrderLink::NotRead),
    };
    let mut parcel = Parcel {
        store: row.parsed("store", StoreId::parse)?,
        order: row.parsed("order", StoreOrderId::parse)?,
        order_name: row.text_if("name"),
        number: row.text_if("number").and_then(|text| TrackingNumber::parse(&text).ok()),
        carrier: row.text_if("carrier"),
        sources: row.json("sources")?,
        link,
        apart: row.text_if("apart").and_then(|text| TikTokOrderId::parse(&text).ok()),
        shop: row.parsed("shop", ShopId::parse)?,
        state: row.parsed("state", |text| ParcelState::parse(&text).ok_or(()))?,
        due: row.time_if("due"),
        received: row.time("received")?,
        changed: row.time("changed")?,
        attempts: row.number_if("tries").unwrap_or_default(),
        crashes: row.number_if("crashes").unwrap_or_default(),
        confirmed: row.number_if::<u8>("confirmed").is_some(),
        placed: row.number_if::<u8>("placed").is_some(),
        asked: row.json_if("asked")?.unwrap_or_default(),
        trouble: row.json_if("trouble")?,
        listed: row.number_if::<u8>("listed").is_some(),
        adrift: row.number_if::<u8>("adrift").is_some(),
        chosen: row.json_if("chosen")?.unwrap_or_default(),
        sent: row.json_if("sent")?,
        tried: row.json_if("tried")?,
        waits_for: row.json_if("waits")?,
        answer: row.json_if("answer")?,
        events: row.json_if("events")?.unwrap_or_default(),
        healed: row.number_if::<u8>("healed").is_some(),
        rev: row.number("rev")?,
    };
    parcel.listed |= is_listed_by_state(&parcel);
    Ok(parcel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{at, parcel, sent};

    #[test]
    fn a_parcel_is_read_back_as_it_was_written() {
        let mut row = parcel("1Z 99", "f#1", &[("MUG", 2)]);
        row.sent = Some(sent("1Z99", &[1, 2], 1));
        row.note(at(5), crate::domain::parcel::Plain::Received, "");
        row.state = ParcelState::NeedsMapping(Reason::CarrierUnmapped);
        row.waits_for = Some(crate::domain::parcel::WaitsFor::Mapping { shop: 1, account: 2 });
        (row.due, row.listed) = (None, true);
        row.link = OrderLink::Ambiguous(vec![]);
        let item = parcel_write(&row).expect("writes");
        assert_eq!(parcel_read(&item).expect("reads"), row);
    }

    #[test]
    fn a_parcel_may_be_listed_and_still_tried() {
        let mut row = parcel("A", "f1", &[]);
        let names = |row: &Parcel| {
            let name = |place: Option<keys::IndexKey>| place.map(|p| p.pk.split('#').next().map(str::to_owned));
            (name(due_place(row)).flatten(), name(list_place(row)).flatten())
        };
        let (push, held) = (Some("PUSH".to_owned()), Some("HELD".to_owned()));
        assert_eq!(names(&row), (push.clone(), None));
        (row.state, row.listed) = (ParcelState::Held(Reason::TikTokError), true);
        assert_eq!(names(&row), (push, held.clone()));
        row.due = None;
        assert_eq!(names(&row), (None, held));
        (row.state, row.listed) = (ParcelState::Accepted, false);
        assert_eq!(names(&row), (None, None));
    }

    #[test]
    fn a_hold_of_an_earlier_version_is_still_listed() {
        let mut row = parcel("A", "f1", &[]);
        (row.state, row.due) = (ParcelState::NeedsAttention(Reason::LinesUnmatched), None);
        assert!(parcel_read(&parcel_write(&row).expect("writes")).expect("reads").listed);
    }

    #[test]
    fn a_usual_parcel_fits_into_one_write_unit() {
        let mut row = parcel("9400100000000000000017", "5100000000001", &[("MUG-BLUE", 2), ("CAP-RED", 1)]);
        row.order = StoreOrderId::parse("5900000001042").expect("id");
        row.sent = Some(sent("9400100000000000000017", &[1, 2, 3], 0));
        row.note(at(1_795_000_000), crate::domain::parcel::Plain::Received, "");
        row.note(at(1_795_000_030), crate::domain::parcel::Plain::Accepted, "USPS");
        let item = parcel_write(&row).expect("writes");
        let size: usize = item
            .iter()
            .map(|(name, value)| name.len() + value.as_s().or_else(|_| value.as_n()).map_or(0, String::len))
            .sum();
        assert!(size < 1024, "{size} bytes");
    }

    #[test]
    fn a_row_of_a_later_version_is_corrupt_not_guessed() {
        let mut item = parcel_write(&parcel("A", "f1", &[])).expect("writes");
        item.insert("state".into(), aws_sdk_dynamodb::types::AttributeValue::S("TELEPORTED".into()));
        assert!(matches!(parcel_read(&item), Err(TableError::Corrupt { .. })));
    }
}
