//! Which parcels a person means by the name of an order, a number or a shipment.

use crate::app::App;
use crate::domain::ids::{AccountId, ShopId, StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::parcel::Parcel;
use crate::domain::reason::Reason;
use crate::domain::tracking::same_number;
use crate::table::error::TableError;
use crate::table::keys::{self, Key};
use std::collections::{BTreeMap, BTreeSet};

/// Parcels without a TikTok order that are read for a search by name.
const MOST_WAITING: usize = 500;

/// Whose parcels are looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's: whoever holds the installation.
    All,
    /// Only this account's.
    Account(AccountId),
}

impl Scope {
    async fn accounts(&self, app: &App) -> Result<Vec<AccountId>, TableError> {
        match self {
            Self::All => app.table.accounts_list().await,
            Self::Account(account) => Ok(vec![account.clone()]),
        }
    }

    /// Its stores.
    ///
    /// # Errors
    /// The table.
    pub async fn stores(&self, app: &App) -> Result<Vec<StoreId>, TableError> {
        let mut stores = Vec::new();
        for account in self.accounts(app).await? {
            stores.extend(app.table.account_stores(&account).await?);
        }
        Ok(stores)
    }

    /// Its shops.
    ///
    /// # Errors
    /// The table.
    pub async fn shops(&self, app: &App) -> Result<Vec<ShopId>, TableError> {
        let mut shops = Vec::new();
        for account in self.accounts(app).await? {
            shops.extend(app.table.account_shops(&account).await?);
        }
        Ok(shops)
    }
}

/// The parcels that a person means by `x`, by store order, oldest first: a TikTok order, a store's order (id or name), a
/// tracking number, or a shipment.
///
/// Found by key and by one query of `find` each for a number and a name. Only where these give nothing are the stores' rows
/// read: for a shipment, and for rows that an earlier version wrote.
///
/// # Errors
/// The table.
pub async fn find(app: &App, scope: &Scope, x: &str) -> Result<Vec<Parcel>, TableError> {
    let x = x.trim();
    let stores = scope.stores(app).await?;
    let mut found = match by_key(app, scope, &stores, x).await {
        Ok(found) => found,
        Err(error) => {
            // The index may still be building.
            tracing::warn!(error = &error as &dyn std::error::Error, "the stores' rows are read instead of the index");
            Vec::new()
        }
    };
    if found.is_empty() {
        for store in &stores {
            found.extend(app.table.parcels_where(store, |parcel| is_meant(parcel, x)).await?);
        }
    }
    found.sort_by(|left, right| {
        (&left.store, &left.order, left.received).cmp(&(&right.store, &right.order, right.received))
    });
    Ok(found)
}

async fn by_key(app: &App, scope: &Scope, stores: &[StoreId], x: &str) -> Result<Vec<Parcel>, TableError> {
    let mut orders: BTreeSet<(StoreId, StoreOrderId)> = BTreeSet::new();
    if let Ok(id) = StoreOrderId::parse(x) {
        orders.extend(stores.iter().map(|store| (store.clone(), id.clone())));
    }
    if let Ok(id) = TikTokOrderId::parse(x) {
        for shop in scope.shops(app).await? {
            orders.extend(app.table.order_pointers(&shop, &id).await?);
        }
    }
    let mut keys: BTreeSet<Key> = BTreeSet::new();
    let mut is_a_name = false;
    for account in scope.accounts(app).await? {
        keys.extend(app.table.parcels_found(&account, x).await?);
        // People leave out the sign before Shopify's order numbers.
        for name in [x.to_owned(), format!("#{x}")] {
            let named = app.table.orders_found(&account, &name).await?;
            is_a_name |= !named.is_empty();
            orders.extend(named);
        }
    }
    if is_a_name {
        keys.extend(without_order(app, scope, stores).await?);
    }
    orders.retain(|(store, _)| stores.contains(store));
    let mut found: BTreeMap<Key, Parcel> = BTreeMap::new();
    for (store, order) in &orders {
        let rows = app.table.order_rows(store, order, true).await?.parcels;
        let whole = order.as_str() == x;
        found.extend(rows.into_iter().filter(|row| whole || is_meant(row, x)).map(|row| (keys::parcel(&row), row)));
    }
    for key in keys {
        if found.contains_key(&key) {
            continue;
        }
        let read = app.table.parcel_get(&key).await?;
        found.extend(read.filter(|row| stores.contains(&row.store) && is_meant(row, x)).map(|row| (key, row)));
    }
    Ok(found.into_values().collect())
}

/// Parcels whose TikTok order nobody knows have no place under their name, and stand on the attention list.
async fn without_order(app: &App, scope: &Scope, stores: &[StoreId]) -> Result<Vec<Key>, TableError> {
    let mut entries = Vec::new();
    for shop in scope.shops(app).await? {
        entries.extend(app.table.held_reasons(&shop).await?);
    }
    for store in stores {
        entries.extend(app.table.store_held_reasons(store).await?);
    }
    let nameless = [Reason::OrderNotFound, Reason::OrderAmbiguous, Reason::TrackingMissing];
    entries.retain(|entry| nameless.contains(&entry.reason) && keys::is_of_store(&entry.key));
    Ok(entries.into_iter().map(|entry| entry.key).take(MOST_WAITING).collect())
}

/// Whether a person means this parcel: by its TikTok order, the store's order id or name, its number or its shipment.
#[must_use]
pub fn is_meant(parcel: &Parcel, x: &str) -> bool {
    let x = x.trim();
    let name = parcel.order_name.as_deref();
    // People leave out the sign before Shopify's order numbers.
    let named = name == Some(x) || name.and_then(|name| name.strip_prefix('#')).is_some_and(|name| name == x);
    named
        || parcel.order.as_str() == x
        || parcel.tiktok_order().is_some_and(|id| id.as_str() == x)
        || parcel.sources.iter().any(|source| source.shipment.as_str() == x)
        || is_number(parcel, x)
}

fn is_number(parcel: &Parcel, x: &str) -> bool {
    let is = |number: &str| !number.is_empty() && same_number(number, x);
    parcel.number.as_ref().is_some_and(|number| is(number.as_str()))
        || parcel.sent.as_ref().is_some_and(|sent| is(&sent.number))
}
