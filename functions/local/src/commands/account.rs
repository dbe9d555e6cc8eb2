//! The people of this installation.

use super::{Failure, Output, account_of};
use data_encoding::BASE32_NOPAD;
use serde_json::json;
use waybill::app::App;
use waybill::domain::ids::AccountId;
use waybill::domain::private::Private;
use waybill::flows::connect::login;
use waybill::table::accounts::Account;
use waybill::table::error::TableError;

/// `waybill account add`.
///
/// # Errors
/// Wrong use, or the address has an account.
pub async fn add(app: &App, name: &str, email: &str, output: &mut Output) -> Result<bool, Failure> {
    let plausible = email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    if !plausible {
        return Err(Failure::usage("--email is no mail address", "Give one like owner@shop.example."));
    }
    let id = AccountId::parse(BASE32_NOPAD.encode(&app.entropy.bytes::<10>()).to_lowercase());
    let id = id.map_err(|e| Failure::attention(e.to_string(), "This is a fault of the program."))?;
    let account = Account {
        id: id.clone(),
        name: name.to_owned(),
        email: Private::new(email.to_owned()),
        created: app.clock.now(),
    };
    match app.table.account_create(&account).await {
        Err(TableError::Conflict) => {
            return Err(Failure::attention("this mail address has an account already", "Use it, or another address."));
        }
        other => other?,
    }
    output.object(&json!({"account": id.as_str(), "name": name}))?;
    Ok(false)
}

/// `waybill login-link`: a link that signs one browser in, for an operator to hand over.
///
/// # Errors
/// There is no such account.
pub async fn login_link(app: &App, email: &str, output: &mut Output) -> Result<bool, Failure> {
    let account = account_of(app, email).await?;
    let link = login::printed_link(app, &account).await?;
    output.object(&json!({"link": link, "works_once_within_hours": login::PRINTED_HOURS}))?;
    Ok(false)
}

/// Every account of this installation.
///
/// # Errors
/// The table.
pub async fn all(app: &App) -> Result<Vec<AccountId>, Failure> {
    Ok(app.table.accounts_list().await?)
}
