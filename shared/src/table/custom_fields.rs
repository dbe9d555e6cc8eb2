//! Which orders' custom fields are written, and which are still to be: names of fields only, never a value.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::keys::{self, Key};
use super::{If, Table};
use crate::domain::ids::{ShopId, StoreId, StoreOrderId, TikTokOrderId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Longer than a store's order is worked on: after that a late parcel could have its fields written once more.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// The fields of one store order and TikTok order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldsMark {
    /// The shop whose rules hold.
    pub shop: ShopId,
    /// TikTok's order.
    pub tiktok: TikTokOrderId,
    /// The store.
    pub store: StoreId,
    /// Its order.
    pub order: StoreOrderId,
    /// When the two were linked.
    pub since: Timestamp,
    /// When they are tried next; `None`: finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Failures so far.
    #[serde(default)]
    pub failures: u32,
    /// Looks at the order in which some value was not there.
    #[serde(default)]
    pub looks: u32,
    /// Fields that are written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<String>,
    /// Why the last try failed, in our words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// A mark as it was read.
#[derive(Clone, Debug)]
pub struct StoredMark {
    /// Itself.
    pub mark: FieldsMark,
    rev: u64,
}

fn row(mark: &FieldsMark, rev: u64) -> Result<super::codec::Item, TableError> {
    let place = mark.due.map(|due| keys::poll_due(mark.store.as_str(), due));
    let key = keys::fields(&mark.store, &mark.order, &mark.tiktok);
    let row = Writer::new(key, "fields").number("rev", i128::from(rev)).json("body", mark)?;
    Ok(row.list(place).ttl(mark.since + KEPT).done())
}

impl Table {
    /// Notes that an order's fields are to be written. Nothing happens when they were noted before.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn fields_begin(&self, mark: &FieldsMark) -> Result<(), TableError> {
        match self.put(row(mark, 1)?, If::Absent).await {
            Err(TableError::Conflict) => Ok(()),
            other => other,
        }
    }

    /// A mark that is still to be worked on.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn fields_get(&self, key: &Key) -> Result<Option<StoredMark>, TableError> {
        let Some(item) = self.get(key, true).await? else { return Ok(None) };
        let row = Reader(&item);
        Ok(Some(StoredMark { mark: row.json("body")?, rev: row.number("rev")? }))
    }

    /// Writes what came out, if nobody else did.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when somebody did.
    pub async fn fields_put(&self, stored: &StoredMark) -> Result<(), TableError> {
        self.put(row(&stored.mark, stored.rev + 1)?, If::Counter("rev", stored.rev)).await
    }
}
