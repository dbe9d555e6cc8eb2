//! Whose a shop was before it was removed, and what its people left behind.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::keys::{self, Key};
use super::{If, Table};
use crate::domain::ids::{AccountId, ShopId};

impl Table {
    /// The account that a removed shop was of. `None`: it was never removed by a program that notes it.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn shop_former(&self, shop: &ShopId) -> Result<Option<AccountId>, TableError> {
        let row = self.get(&keys::former(shop), true).await?;
        let account = row.map(|item| Reader(&item).text("account")).transpose()?;
        Ok(account.and_then(|account| AccountId::parse(&account).ok()))
    }

    /// Notes it.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn shop_former_put(&self, shop: &ShopId, account: &AccountId) -> Result<(), TableError> {
        let row = Writer::new(keys::former(shop), "former").text("account", account.as_str());
        self.put(row.done(), If::Always).await
    }

    /// Deletes what people of an account made of a shop, and the carrier names of its stores: another account comes.
    ///
    /// # Errors
    /// [`TableError`]; what is left goes with the next call.
    pub async fn shop_forget(&self, shop: &ShopId) -> Result<(), TableError> {
        for item in self.rows(&keys::shop(shop), keys::SEEN, true).await? {
            let row = Reader(&item);
            self.delete(&Key { pk: row.text(super::PK)?, sk: row.text(super::SK)? }).await?;
        }
        self.delete(&keys::shop_map(shop)).await?;
        self.delete(&keys::former(shop)).await
    }
}
