//! Store connections, shop connections and webhook addresses.

use super::codec::{Item, Reader, Writer};
use super::error::TableError;
use super::keys::{self, Key};
use super::{If, Table};
use crate::domain::connection::{Shop, StoreConnection};
use crate::domain::ids::{AccountId, HookId, ShopId, StoreId, StoreOrderId, TikTokOrderId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A row with the revision it was read at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The contents.
    pub row: T,
    /// Zero: not stored yet.
    pub rev: u64,
}

/// A webhook address: whose it is and, sealed, what signs its deliveries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// The store.
    pub store: StoreId,
    /// The store's account; part of what the seal binds.
    pub account: AccountId,
    /// Where this row is; part of what the seal binds.
    #[serde(skip)]
    pub key: Key,
    /// The sealed secrets of this address; `None` where the app's secret signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secrets: Option<String>,
}

fn write<T: Serialize>(
    key: Key,
    kind: &str,
    row: &T,
    rev: u64,
    place: Option<keys::IndexKey>,
) -> Result<Item, TableError> {
    Ok(Writer::new(key, kind).number("rev", i128::from(rev)).json("body", row)?.list(place).done())
}

fn read<T: DeserializeOwned>(item: &Item) -> Result<Versioned<T>, TableError> {
    let reader = Reader(item);
    Ok(Versioned { row: reader.json("body")?, rev: reader.number("rev")? })
}

impl Table {
    pub(super) async fn body_get<T: DeserializeOwned>(
        &self,
        key: &Key,
        strong: bool,
    ) -> Result<Option<Versioned<T>>, TableError> {
        self.get(key, strong).await?.as_ref().map(read).transpose()
    }

    pub(super) async fn body_put<T: Serialize>(
        &self,
        key: Key,
        kind: &str,
        row: &mut Versioned<T>,
        place: Option<keys::IndexKey>,
    ) -> Result<(), TableError> {
        let condition = if row.rev == 0 { If::Absent } else { If::Counter("rev", row.rev) };
        self.put(write(key, kind, &row.row, row.rev + 1, place)?, condition).await?;
        row.rev += 1;
        Ok(())
    }

    /// A store connection.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn store_get(
        &self,
        id: &StoreId,
        strong: bool,
    ) -> Result<Option<Versioned<StoreConnection>>, TableError> {
        self.body_get(&keys::store_connection(id), strong).await
    }

    /// Writes a store connection if unchanged since it was read.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when somebody changed it.
    pub async fn store_put(&self, store: &mut Versioned<StoreConnection>) -> Result<(), TableError> {
        if store.row.shops.is_empty() {
            return Err(TableError::Refused("a store connection needs at least one shop".into()));
        }
        // At most one list: cleaning up comes before reading again.
        let place = match (store.row.due, store.row.poll_due) {
            (Some(at), _) => Some(keys::auth_due(store.row.id.as_str(), at)),
            (None, Some(at)) => Some(keys::poll_due(store.row.id.as_str(), at)),
            (None, None) => None,
        };
        self.body_put(keys::store_connection(&store.row.id), "store", store, place).await
    }

    /// Applies a change to a store connection as it is now. `false` from the change: nothing is written. `None`: there
    /// is no such store.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn store_change(
        &self,
        id: &StoreId,
        edit: impl Fn(&mut StoreConnection) -> bool,
    ) -> Result<Option<StoreConnection>, TableError> {
        loop {
            let Some(mut store) = self.store_get(id, true).await? else { return Ok(None) };
            if !edit(&mut store.row) {
                return Ok(Some(store.row));
            }
            match self.store_put(&mut store).await {
                Ok(()) => return Ok(Some(store.row)),
                Err(TableError::Conflict) => {}
                Err(other) => return Err(other),
            }
        }
    }

    /// A shop connection.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn shop_get(&self, id: &ShopId, strong: bool) -> Result<Option<Versioned<Shop>>, TableError> {
        self.body_get(&keys::shop_connection(id), strong).await
    }

    /// Writes a shop connection if unchanged since it was read.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when somebody changed it.
    pub async fn shop_put(&self, shop: &mut Versioned<Shop>) -> Result<(), TableError> {
        let place = shop.row.step_due().map(|at| keys::auth_due(shop.row.id.as_str(), at));
        self.body_put(keys::shop_connection(&shop.row.id), "shop", shop, place).await
    }

    /// Applies a change to a shop connection as it is now. `false` from the change: nothing is written. `None`: there
    /// is no such shop.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn shop_change(&self, id: &ShopId, edit: impl Fn(&mut Shop) -> bool) -> Result<Option<Shop>, TableError> {
        loop {
            let Some(mut shop) = self.shop_get(id, true).await? else { return Ok(None) };
            if !edit(&mut shop.row) {
                return Ok(Some(shop.row));
            }
            match self.shop_put(&mut shop).await {
                Ok(()) => return Ok(Some(shop.row)),
                Err(TableError::Conflict) => {}
                Err(other) => return Err(other),
            }
        }
    }

    /// Takes a shop connection away.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn shop_delete(&self, id: &ShopId) -> Result<(), TableError> {
        self.delete(&keys::shop_connection(id)).await
    }

    /// A webhook address by its unguessable part.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn hook_get(&self, id: &HookId) -> Result<Option<Hook>, TableError> {
        self.hook_at(keys::hook(id)).await
    }

    /// The store behind an address of a platform that signs with the app's secret.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn hook_of_address(&self, platform: &str, address: &str) -> Result<Option<Hook>, TableError> {
        self.hook_at(keys::hook_of_address(platform, address)).await
    }

    async fn hook_at(&self, key: Key) -> Result<Option<Hook>, TableError> {
        let found = self.body_get::<Hook>(&key, false).await?;
        Ok(found.map(|found| Hook { key, ..found.row }))
    }

    /// Stores a webhook address.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn hook_put(&self, id: &HookId, hook: &Hook) -> Result<(), TableError> {
        self.put(write(keys::hook(id), "hook", hook, 1, None)?, If::Always).await
    }

    /// Stores the address of a store whose platform signs with the app's secret.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when another store has it.
    pub async fn hook_of_address_put(&self, platform: &str, address: &str, hook: &Hook) -> Result<(), TableError> {
        let key = keys::hook_of_address(platform, address);
        if let Some(found) = self.body_get::<Hook>(&key, true).await?.filter(|found| found.row.store != hook.store) {
            // A crash may have left an address of a store that was never stored.
            if self.store_get(&found.row.store, true).await?.is_some() {
                return Err(TableError::Conflict);
            }
        }
        self.put(write(key, "hook", hook, 1, None)?, If::Always).await
    }

    /// Takes away a store's addresses.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn hooks_delete(&self, store: &StoreConnection) -> Result<(), TableError> {
        if let Some(hook) = &store.hook {
            self.delete(&keys::hook(hook)).await?;
        }
        // Another connection may have an address of its own for the same store: that one stays.
        let key = keys::hook_of_address(store.platform.as_str(), &store.address);
        match self.body_get::<Hook>(&key, true).await? {
            Some(found) if found.row.store == store.id => self.delete(&key).await,
            _ => Ok(()),
        }
    }

    /// Erases every row of a store: its parcels, links, notices, and the connection last, so that a crash in between is
    /// seen and can be repeated.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn store_erase(&self, id: &StoreId) -> Result<usize, TableError> {
        let mut erased = 0;
        let rows = self.rows(&keys::store(id), "", true).await?;
        let last = keys::store_connection(id);
        for item in &rows {
            let key = Reader(item).key()?;
            if key != last {
                if let Some(pointer) = pointer_to(item, id)? {
                    self.delete(&pointer).await?;
                }
                self.delete(&key).await?;
                erased += 1;
            }
        }
        self.delete(&last).await?;
        Ok(erased)
    }
}

/// The note beside its TikTok order that leads to a parcel of this store.
fn pointer_to(item: &Item, store: &StoreId) -> Result<Option<Key>, TableError> {
    let row = Reader(item);
    if row.text_if("tiktok").is_none() || row.text_if("shop").is_none() || row.text_if("order").is_none() {
        return Ok(None);
    }
    let (shop, tiktok) = (row.parsed("shop", ShopId::parse)?, row.parsed("tiktok", TikTokOrderId::parse)?);
    let order = row.parsed("order", StoreOrderId::parse)?;
    Ok(Some(keys::order_pointer(&shop, &tiktok, store, &order)))
}
