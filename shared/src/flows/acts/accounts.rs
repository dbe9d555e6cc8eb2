//! Accounts are made, renamed and taken away: by whoever runs commands on the installation, in the audit.

use super::{Actor, noted};
use crate::app::App;
use crate::domain::ids::AccountId;
use crate::table::accounts::{Account, email_hash};
use crate::table::error::TableError;

/// Makes an account. The person of its address owns it.
///
/// # Errors
/// [`TableError::Conflict`] when the address has an account already.
pub async fn add_account(app: &App, actor: &Actor, account: &Account) -> Result<(), TableError> {
    app.table.account_create(account).await?;
    noted(app, actor, &account.id, "add account", &account.name, "the account was made".to_owned()).await
}

/// Gives an account another name.
///
/// # Errors
/// [`TableError::Conflict`] when it was taken away meanwhile.
pub async fn rename_account(app: &App, actor: &Actor, account: &AccountId, name: &str) -> Result<(), TableError> {
    let old = app.table.account_get(account).await?.map(|row| row.name).unwrap_or_default();
    app.table.account_rename(account, name).await?;
    if old == name {
        return Ok(());
    }
    noted(app, actor, account, "rename account", name, format!("was called {old}")).await
}

/// Takes an account away, with its people. What is connected for it must be gone. Its audit stays as long as it was to be
/// kept. Safe to repeat.
///
/// # Errors
/// [`TableError`].
pub async fn remove_account(app: &App, actor: &Actor, account: &AccountId) -> Result<(), TableError> {
    let Some(row) = app.table.account_get(account).await? else { return Ok(()) };
    noted(app, actor, account, "remove account", &row.name, "the account and its people are taken away".to_owned())
        .await?;
    if let Some(kept) = app.table.people_get(account).await? {
        for person in &kept.people.people {
            let hash = email_hash(person.email.reveal());
            app.table.membership_delete(&hash, account).await?;
            app.table.person_trouble_delete(account, &hash).await?;
        }
    }
    app.table.people_delete(account).await?;
    app.table.account_delete(account, row.email.reveal()).await
}
