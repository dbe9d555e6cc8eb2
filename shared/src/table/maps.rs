//! Carrier maps, lists of shipping providers, and carrier names that had no match.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::keys::{self, Key};
use super::{If, Table};
use crate::domain::ids::{AccountId, ProviderId, ShopId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A carrier list is used for a day.
pub const PROVIDERS_FRESH: SignedDuration = SignedDuration::from_hours(24);

/// Which map: a shop's own, or the account's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapScope {
    /// For one shop.
    Shop(ShopId),
    /// For every shop of an account that has no entry of its own.
    Account(AccountId),
}

impl MapScope {
    fn key(&self) -> Key {
        match self {
            Self::Shop(shop) => keys::shop_map(shop),
            Self::Account(account) => keys::account_map(account),
        }
    }
}

/// A carrier map with the version that holds wait for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CarrierMap {
    /// Counts every change; zero: never saved.
    pub version: u64,
    /// The entries.
    pub entries: Vec<MapEntry>,
}

/// One line of a carrier map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapEntry {
    /// The store's words; blank stands for "no carrier named".
    pub store_carrier: String,
    /// TikTok's carrier by name; its id comes from the live list at the moment of sending.
    pub tiktok_carrier: String,
    /// Who saved it.
    pub author: String,
    /// When.
    pub saved: Timestamp,
}

/// One entry of a shop's carrier list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderRow {
    /// TikTok's id.
    pub id: ProviderId,
    /// TikTok's name.
    pub name: String,
}

/// A carrier list as it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderList {
    /// Its carriers.
    pub providers: Vec<ProviderRow>,
    /// When.
    pub fetched: Timestamp,
}

impl Table {
    /// A carrier map; an empty one of version 0 when none was saved.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn map_get(&self, scope: &MapScope, strong: bool) -> Result<CarrierMap, TableError> {
        let Some(item) = self.get(&scope.key(), strong).await? else { return Ok(CarrierMap::default()) };
        let row = Reader(&item);
        Ok(CarrierMap { version: row.number("ver")?, entries: row.json("entries")? })
    }

    /// Saves a map whose `version` is the one it was read at, and counts it up.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when somebody saved in between.
    pub async fn map_put(&self, scope: &MapScope, map: &mut CarrierMap) -> Result<(), TableError> {
        let condition = if map.version == 0 { If::Absent } else { If::Counter("ver", map.version) };
        let next = map.version + 1;
        let row = Writer::new(scope.key(), "map").number("ver", i128::from(next)).json("entries", &map.entries)?;
        self.put(row.done(), condition).await?;
        map.version = next;
        Ok(())
    }

    /// A shop's carriers for a delivery option and route, as last fetched.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn providers_get(
        &self,
        shop: &ShopId,
        option: &str,
        route: &str,
    ) -> Result<Option<ProviderList>, TableError> {
        let Some(item) = self.get(&keys::providers(shop, option, route), false).await? else { return Ok(None) };
        let row = Reader(&item);
        Ok(Some(ProviderList { providers: row.json("list")?, fetched: row.time("fetched")? }))
    }

    /// The carrier list that was fetched last for a shop, whatever its option and route: to suggest from, never to send.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn providers_latest(&self, shop: &ShopId) -> Result<Option<ProviderList>, TableError> {
        let mut latest: Option<ProviderList> = None;
        for item in self.rows(&keys::shop(shop), keys::PROVIDER_LISTS, false).await? {
            let row = Reader(&item);
            let list = ProviderList { providers: row.json("list")?, fetched: row.time("fetched")? };
            if latest.as_ref().is_none_or(|known| known.fetched < list.fetched) {
                latest = Some(list);
            }
        }
        Ok(latest)
    }

    /// Stores a carrier list.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn providers_put(
        &self,
        shop: &ShopId,
        option: &str,
        route: &str,
        list: &ProviderList,
    ) -> Result<(), TableError> {
        let row = Writer::new(keys::providers(shop, option, route), "providers")
            .json("list", &list.providers)?
            .time("fetched", list.fetched);
        self.put(row.done(), If::Always).await
    }
}
