//! Where a number or an order's name is: one query of `find`, whatever number of stores an account has.
//!
//! A row has its place there since it was last written by this version. Rows of earlier versions get theirs with their next
//! write; until then a search that finds nothing reads the stores' rows, as it always did.

use super::super::Table;
use super::super::error::TableError;
use super::super::keys::{self, FIND, Key};
use crate::domain::ids::{AccountId, StoreId, StoreOrderId};
use crate::domain::tracking::found_as;

impl Table {
    /// The parcels of an account with this number, however it is spelt. The index is behind: each is read before anything
    /// is done about it.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn parcels_found(&self, account: &AccountId, number: &str) -> Result<Vec<Key>, TableError> {
        let number = found_as(number);
        if number.is_empty() {
            return Ok(Vec::new());
        }
        let listed = self.listed_in(FIND, &keys::find_number(account, &number), "").await?;
        Ok(listed.into_iter().map(|entry| entry.key).collect())
    }

    /// The store orders of an account that people know under this name, as far as their TikTok order is known.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn orders_found(
        &self,
        account: &AccountId,
        name: &str,
    ) -> Result<Vec<(StoreId, StoreOrderId)>, TableError> {
        let listed = self.listed_in(FIND, &keys::find_name(account, name), "").await?;
        let mut found: Vec<_> = listed.iter().filter_map(|entry| keys::pointed_order(&entry.key)).collect();
        found.sort();
        found.dedup();
        Ok(found)
    }
}
