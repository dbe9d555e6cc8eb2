//! The commands, one file each. A command takes the app and a place to write to, and says whether something needs
//! attention (`true`: exit status 1).

pub mod account;
pub mod acts;
pub mod app;
pub mod audit;
pub mod backfill;
pub mod backup;
pub mod carrier;
pub mod carriers;
pub mod completions;
pub mod cost;
pub mod deadlines;
pub mod decode;
pub mod doctor;
pub mod explain;
pub mod field;
pub mod held;
pub mod hold;
pub mod identify;
pub mod init;
pub mod login;
pub mod mail;
pub mod map;
pub mod map_copy;
pub mod missing;
pub mod note;
pub mod order;
pub mod orders;
pub mod people;
pub mod proof;
pub mod replay;
pub mod report;
pub mod schedule;
pub mod serve;
pub mod shop;
pub mod status;
pub mod store;
pub mod transfer;

pub use crate::failure::Failure;
pub use crate::open::{Open, Place, open};
pub use crate::output::Output;
#[cfg(test)]
pub(crate) use crate::output::testing;

use std::io::Read as _;
use waybill::app::App;
use waybill::domain::connection::{Shop, StoreConnection};
use waybill::domain::ids::{AccountId, ShopId};
use waybill::domain::region::AppRegion;

/// What a person pipes in.
///
/// # Errors
/// When standard input is empty or cannot be read.
pub fn standard_input(what: &str) -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    if text.trim().is_empty() {
        return Err(Failure::usage(
            format!("{what} is expected on standard input"),
            "Pipe it in; it is never taken from the command line.",
        ));
    }
    Ok(text)
}

/// One of our two apps.
///
/// # Errors
/// Wrong use.
pub fn app_region(word: &str) -> Result<AppRegion, Failure> {
    AppRegion::parse(word).ok_or_else(|| Failure::usage(format!("--region {word} is unknown"), "Use us or row."))
}

/// The account of a mail address.
///
/// # Errors
/// When there is none.
pub async fn account_of(app: &App, email: &str) -> Result<AccountId, Failure> {
    let found = app.table.account_of_email(email).await?;
    found.ok_or_else(|| Failure::attention("there is no account with this mail address", "See waybill account list."))
}

/// Every connected shop of this installation.
///
/// # Errors
/// The table.
pub async fn all_shops(app: &App) -> Result<Vec<Shop>, Failure> {
    let mut shops = Vec::new();
    for account in app.table.accounts_list().await? {
        for id in app.table.account_shops(&account).await? {
            shops.extend(app.table.shop_get(&id, true).await?.map(|shop| shop.row));
        }
    }
    Ok(shops)
}

/// The shops to look at: the named one, or all.
///
/// # Errors
/// No such shop (1), or no id of a shop (2).
pub async fn shops_named(app: &App, id: Option<&str>) -> Result<Vec<Shop>, Failure> {
    match id {
        None => all_shops(app).await,
        Some(id) => Ok(vec![shop_named(app, id).await?]),
    }
}

/// A connected shop by its id.
///
/// # Errors
/// No such shop.
pub async fn shop_named(app: &App, id: &str) -> Result<Shop, Failure> {
    let none = || Failure::attention(format!("no shop {id} is connected"), "See waybill shop list.");
    let id = ShopId::parse(id).map_err(|_| none())?;
    app.table.shop_get(&id, true).await?.map(|shop| shop.row).ok_or_else(none)
}

/// Every store of this installation.
///
/// # Errors
/// The table.
pub async fn all_stores(app: &App) -> Result<Vec<StoreConnection>, Failure> {
    let mut stores = Vec::new();
    for account in app.table.accounts_list().await? {
        for id in app.table.account_stores(&account).await? {
            stores.extend(app.table.store_get(&id, true).await?.map(|store| store.row));
        }
    }
    Ok(stores)
}
