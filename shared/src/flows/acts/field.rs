//! What of TikTok's orders is written into the stores' orders.

use super::{Actor, noted};
use crate::app::App;
use crate::domain::connection::{Shop, StoreStatus};
use crate::domain::custom_fields::{BadRule, Path, Rule};
use crate::domain::platform::Platform;
use crate::stores::custom_fields::form;
use crate::table::error::TableError;

/// A rule is not taken.
#[derive(Debug, thiserror::Error)]
pub enum FieldError {
    /// As it stands it is none.
    #[error(transparent)]
    Rule(#[from] BadRule),
    /// None of the shop's stores has such a field.
    #[error("none of the shop's stores has such a field; theirs are {0}")]
    NoStore(String),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Adds a rule to a shop's, in place of one of the same path for the same platforms. Gives the platforms that it is for
/// with what their credentials must be allowed.
///
/// # Errors
/// [`FieldError`]; nothing is saved then.
pub async fn set_field(
    app: &App,
    actor: &Actor,
    shop: &Shop,
    rule: &Rule,
) -> Result<Vec<(Platform, &'static str)>, FieldError> {
    let platforms = platforms(app, shop).await?;
    let fits: Vec<(Platform, &'static str)> = Platform::ALL
        .into_iter()
        .filter(|platform| rule.field.is_of(*platform) && (platforms.is_empty() || platforms.contains(platform)))
        .filter_map(|platform| Some((platform, form(platform)?.1)))
        .collect();
    if fits.is_empty() {
        let theirs =
            platforms.iter().filter_map(|platform| Some(format!("{} ({})", form(*platform)?.0, platform.title())));
        return Err(FieldError::NoStore(theirs.collect::<Vec<_>>().join(", ")));
    }
    // Judged first: a change that is refused must not pass for one.
    rule.clone().put_into(&mut shop.settings.fields.clone())?;
    app.table.shop_change(&shop.id, |row| rule.clone().put_into(&mut row.settings.fields).is_ok()).await?;
    let allowed = if rule.buyer_data { "; it may be about a buyer, and a person allowed it" } else { "" };
    let said = format!("is written to {}{allowed}", rule.field);
    noted(app, actor, &shop.account, "field", rule.path.as_str(), said).await?;
    Ok(fits)
}

/// Takes the rules of a path away. Gives them.
///
/// # Errors
/// The table.
pub async fn remove_field(app: &App, actor: &Actor, shop: &Shop, path: &Path) -> Result<Vec<Rule>, TableError> {
    let gone: Vec<Rule> = shop.settings.fields.iter().filter(|rule| rule.path == *path).cloned().collect();
    if !gone.is_empty() {
        let edit = |row: &mut Shop| {
            row.settings.fields.retain(|rule| rule.path != *path);
            true
        };
        app.table.shop_change(&shop.id, edit).await?;
        noted(app, actor, &shop.account, "field", path.as_str(), "is not written any more".to_owned()).await?;
    }
    Ok(gone)
}

/// The platforms of the shop's connected stores that can be written to, each once.
async fn platforms(app: &App, shop: &Shop) -> Result<Vec<Platform>, TableError> {
    let mut platforms = Vec::new();
    for id in app.table.account_stores(&shop.account).await? {
        let Some(store) = app.table.store_get(&id, true).await?.map(|store| store.row) else { continue };
        let ours = store.status == StoreStatus::Connected && store.shops.contains(&shop.id);
        if ours && form(store.platform).is_some() && !platforms.contains(&store.platform) {
            platforms.push(store.platform);
        }
    }
    Ok(platforms)
}
