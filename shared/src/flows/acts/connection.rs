//! What people do to the connections of an account, in the audit.

use super::{Actor, noted};
use crate::app::App;
use crate::domain::connection::{Shop, StoreConnection};
use crate::domain::ids::AccountId;
use crate::flows::access::shop::AccessError;
use crate::flows::connect::shop::ConnectedShop;
use crate::flows::connect::store_secret::{self, SecretChange, SecretProblem};
use crate::flows::connect::{remove_shop, store as connect_store};
use crate::flows::views::standing::store_name;
use crate::table::audit::AuditEntry;
use crate::table::error::TableError;

/// Notes what a person did to a store.
///
/// # Errors
/// [`TableError`].
pub async fn store_act(
    app: &App,
    actor: &Actor,
    store: &StoreConnection,
    act: &str,
    said: &str,
) -> Result<(), TableError> {
    let entry = AuditEntry {
        at: app.clock.now(),
        who: actor.who.clone(),
        from: actor.from.clone(),
        act: act.to_owned(),
        of: store.id.to_string(),
        said: said.to_owned(),
    };
    app.table.audit_put(&store.account, &entry).await
}

/// Gives a store a name of its people's choice.
///
/// # Errors
/// [`TableError`].
pub async fn rename_store(app: &App, actor: &Actor, store: &StoreConnection, name: &str) -> Result<(), TableError> {
    let old = store_name(store);
    connect_store::rename(app, &store.id, name).await?;
    app.stores.forget(&store.id);
    if old == name {
        return Ok(());
    }
    store_act(app, actor, store, "rename store", &format!("is called {name} now, was {old}")).await
}

/// Changes the secret that signs a store's deliveries: to the one that is given, or to a new one.
///
/// # Errors
/// [`SecretProblem`].
pub async fn change_store_secret(
    app: &App,
    actor: &Actor,
    store: &StoreConnection,
    given: Option<&str>,
) -> Result<SecretChange, SecretProblem> {
    let change = store_secret::set(app, store, given).await?;
    let way = if given.is_some() { "the one that the store made" } else { "made here" };
    store_act(app, actor, store, "store secret", &format!("{} has a new secret, {way}", store_name(store))).await?;
    Ok(change)
}

/// Takes a shop out of its account.
///
/// # Errors
/// [`AccessError`]; doing it again finishes it.
pub async fn remove_shop(app: &App, actor: &Actor, shop: &Shop) -> Result<(), AccessError> {
    remove_shop::run(app, shop).await?;
    let said = format!("{} is disconnected and its tokens are erased", shop.name);
    Ok(noted(app, actor, &shop.account, "remove shop", shop.id.as_str(), said).await?)
}

/// Notes that a person came back from TikTok's consent page.
///
/// # Errors
/// [`TableError`].
pub async fn shop_connected(app: &App, actor: &Actor, connected: &ConnectedShop) -> Result<(), TableError> {
    let ConnectedShop { shop, again } = connected;
    let said = format!("{} is connected{}", shop.name, if *again { " again" } else { "" });
    noted(app, actor, &shop.account, "connect shop", shop.id.as_str(), said).await
}

/// Notes that a person set out to connect a store, or connected one.
///
/// # Errors
/// [`TableError`].
pub async fn store_connecting(
    app: &App,
    actor: &Actor,
    account: &AccountId,
    of: &str,
    said: &str,
) -> Result<(), TableError> {
    noted(app, actor, account, "connect store", of, said.to_owned()).await
}

/// Notes that a person had a shop's carrier list read again, which may queue what waited for it.
///
/// # Errors
/// [`TableError`].
pub async fn carriers_read(app: &App, actor: &Actor, shop: &Shop, said: &str) -> Result<(), TableError> {
    noted(app, actor, &shop.account, "refresh carriers", shop.id.as_str(), said.to_owned()).await
}
