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
    /// When the two were linked, or a person last wanted it tried again.
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

impl FieldsMark {
    /// Nothing is tried any more, and something was not written.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        self.due.is_none() && self.trouble.is_some()
    }

    /// A person wants it tried again, with every try ahead.
    pub fn begin_again(&mut self, now: Timestamp) {
        (self.since, self.due, self.failures, self.looks, self.trouble) = (now, Some(now), 0, 0, None);
    }
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
    let given_up = mark.is_given_up().then(|| keys::fields_given_up(&mark.shop, mark.since));
    let row = Writer::new(key, "fields").number("rev", i128::from(rev)).json("body", mark)?;
    Ok(row.list(place).attention(given_up).ttl(mark.since + KEPT).done())
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

    /// What is known of the fields of a store's order, for each TikTok order that it stands for.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn fields_of(&self, store: &StoreId, order: &StoreOrderId) -> Result<Vec<FieldsMark>, TableError> {
        let rows = self.rows(&keys::store(store), &keys::fields_of(order), false).await?;
        rows.iter().map(|item| Reader(item).json("body")).collect()
    }

    /// The store orders of a shop whose fields were given up, longest first.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn fields_given_up(&self, shop: &ShopId) -> Result<Vec<Key>, TableError> {
        let listed = self.listed_in(keys::LIST, &keys::fields_list(shop), "").await?;
        Ok(listed.into_iter().map(|entry| entry.key).collect())
    }
}
