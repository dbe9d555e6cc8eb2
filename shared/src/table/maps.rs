//! Carrier maps, lists of shipping providers, and carrier names that had no match.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::keys::{self, Key};
use super::{If, Table};
use crate::domain::ids::{AccountId, DeliveryOptionId, ProviderId, ShopId};
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

/// A carrier that stood on a shop's list and no longer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoneProvider {
    /// TikTok's id.
    pub id: ProviderId,
    /// TikTok's name.
    pub name: String,
    /// Missing since this reading.
    pub since: Timestamp,
}

/// A carrier list as it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderList {
    /// Its carriers.
    pub providers: Vec<ProviderRow>,
    /// When.
    pub fetched: Timestamp,
    /// Carriers that earlier readings held.
    pub gone: Vec<GoneProvider>,
    /// When a reading last held a new carrier or a new name: what was held before may go now.
    pub grew: Option<Timestamp>,
}

/// A carrier list with the delivery option and route it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionList {
    /// The delivery option.
    pub option: DeliveryOptionId,
    /// `FROM-TO` in markets with routes, else empty.
    pub route: String,
    /// The list.
    pub list: ProviderList,
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

    /// Deletes a map: nobody has said anything.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn map_delete(&self, scope: &MapScope) -> Result<(), TableError> {
        self.delete(&scope.key()).await
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
        provider_list(&Reader(&item)).map(Some)
    }

    /// Every carrier list of a shop, the one that was fetched last in front: to show and to suggest from, never to send.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn providers_all(&self, shop: &ShopId) -> Result<Vec<OptionList>, TableError> {
        let mut lists = Vec::new();
        for item in self.rows(&keys::shop(shop), keys::PROVIDER_LISTS, false).await? {
            let row = Reader(&item);
            let Some((option, route)) = keys::read_providers(&row.text(keys::SK)?) else { continue };
            lists.push(OptionList { option, route, list: provider_list(&row)? });
        }
        lists.sort_by_key(|entry| std::cmp::Reverse(entry.list.fetched));
        Ok(lists)
    }

    /// The carrier list that was fetched last for a shop, whatever its option and route: to suggest from, never to send.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn providers_latest(&self, shop: &ShopId) -> Result<Option<ProviderList>, TableError> {
        Ok(self.providers_all(shop).await?.into_iter().next().map(|entry| entry.list))
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
        let row = if list.gone.is_empty() { row } else { row.json("gone", &list.gone)? };
        let row = match list.grew {
            Some(at) => row.time("grew", at),
            None => row,
        };
        self.put(row.done(), If::Always).await
    }
}

fn provider_list(row: &Reader<'_>) -> Result<ProviderList, TableError> {
    let gone = if row.text_if("gone").is_some() { row.json("gone")? } else { Vec::new() };
    Ok(ProviderList { providers: row.json("list")?, fetched: row.time("fetched")?, gone, grew: row.time_if("grew") })
}
