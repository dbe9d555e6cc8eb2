//! Which parcels a person means by the name of an order, a number or a shipment.

use crate::app::App;
use crate::domain::ids::{AccountId, ShopId, StoreId, StoreOrderId};
use crate::domain::parcel::Parcel;
use crate::domain::tracking::TrackingNumber;
use crate::table::error::TableError;

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
/// # Errors
/// The table.
pub async fn find(app: &App, scope: &Scope, x: &str) -> Result<Vec<Parcel>, TableError> {
    let x = x.trim();
    let mut found = Vec::new();
    for store in scope.stores(app).await? {
        let direct = match StoreOrderId::parse(x) {
            Ok(id) => app.table.order_rows(&store, &id, true).await?.parcels,
            Err(_) => Vec::new(),
        };
        if direct.is_empty() {
            found.extend(app.table.parcels_where(&store, |parcel| is_meant(parcel, x)).await?);
        } else {
            found.extend(direct);
        }
    }
    found.sort_by(|left, right| {
        (&left.store, &left.order, left.received).cmp(&(&right.store, &right.order, right.received))
    });
    Ok(found)
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
    let Ok(wanted) = TrackingNumber::parse(x) else { return false };
    let ours = parcel.number.as_ref().is_some_and(|number| number.key() == wanted.key());
    ours || parcel.sent.as_ref().is_some_and(|sent| sent.number == wanted.key())
}
