//! Messages of a store whose contents are still to be read.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::keys::{self, Key};
use super::parcels::KEPT;
use super::{If, Table};
use crate::domain::ids::{ShopId, StoreId};
use jiff::Timestamp;

/// A store's message that names things without their contents: the reads are still to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    /// Where it is.
    pub key: Key,
    /// The store.
    pub store: StoreId,
    /// The shop whose shard works on it.
    pub shop: ShopId,
    /// What the message said, as JSON text.
    pub body: String,
    /// When work on it is due.
    pub due: Timestamp,
    /// When it came.
    pub received: Timestamp,
    /// Failed tries.
    pub attempts: u32,
    /// The fence.
    pub rev: u64,
}

impl NoticeRow {
    /// A new notice about a shipment of an order; either may be empty when the message does not name it.
    #[must_use]
    pub fn new(store: &StoreId, shop: &ShopId, order: &str, shipment: &str, body: String, now: Timestamp) -> Self {
        let key = keys::notice(store, order, shipment);
        let (store, shop) = (store.clone(), shop.clone());
        Self { key, store, shop, body, due: now, received: now, attempts: 0, rev: 0 }
    }
}

impl Table {
    /// Writes a notice if nobody changed it since it was read.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when somebody did.
    pub async fn notice_put(&self, notice: &mut NoticeRow) -> Result<(), TableError> {
        let condition = if notice.rev == 0 { If::Absent } else { If::Counter("rev", notice.rev) };
        let row = Writer::new(notice.key.clone(), "notice")
            .number("rev", i128::from(notice.rev + 1))
            .text("store", notice.store.as_str())
            .text("shop", notice.shop.as_str())
            .text("body", notice.body.clone())
            .time("due", notice.due)
            .time("received", notice.received)
            .number("tries", i128::from(notice.attempts))
            .list(Some(keys::push_due(&notice.shop, notice.due)))
            .ttl(notice.received + KEPT);
        self.put(row.done(), condition).await?;
        notice.rev += 1;
        Ok(())
    }

    /// A notice by its key.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn notice_get(&self, key: &Key) -> Result<Option<NoticeRow>, TableError> {
        let Some(item) = self.get(key, true).await? else { return Ok(None) };
        let row = Reader(&item);
        Ok(Some(NoticeRow {
            key: row.key()?,
            store: row.parsed("store", StoreId::parse)?,
            shop: row.parsed("shop", ShopId::parse)?,
            body: row.text("body")?,
            due: row.time("due")?,
            received: row.time("received")?,
            attempts: row.number("tries")?,
            rev: row.number("rev")?,
        }))
    }

    /// Forgets a notice whose contents are stored, unless a newer one took its place.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when one did.
    pub async fn notice_delete(&self, notice: &NoticeRow) -> Result<(), TableError> {
        self.delete_if(&notice.key, "rev", notice.rev).await
    }
}
