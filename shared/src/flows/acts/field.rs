//! What of TikTok's orders is written into the stores' orders.

use super::{Actor, noted};
use crate::app::App;
use crate::domain::connection::{Shop, StoreStatus};
use crate::domain::custom_fields::{BadRule, Path, Rule};
use crate::domain::ids::{StoreId, StoreOrderId};
use crate::domain::platform::Platform;
use crate::stores::custom_fields::{beside, form};
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
        let theirs = theirs.collect::<Vec<_>>().join(", ");
        let beside = platforms.iter().filter_map(|platform| beside(*platform));
        return Err(FieldError::NoStore([theirs.as_str()].into_iter().chain(beside).collect::<Vec<_>>().join(". ")));
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

/// Tries custom fields again that were given up: of one store order, or all of a shop's. Gives how many store orders.
///
/// # Errors
/// The table.
pub async fn retry_fields(
    app: &App,
    actor: &Actor,
    shop: &Shop,
    only: Option<(&StoreId, &StoreOrderId)>,
) -> Result<usize, TableError> {
    let mut again = 0;
    for key in app.table.fields_given_up(&shop.id).await? {
        // Two tries: a tick may be writing the same row.
        for _ in 0..2 {
            let Some(mut stored) = app.table.fields_get(&key).await? else { break };
            let mark = &mut stored.mark;
            if !mark.is_given_up() || only.is_some_and(|(store, order)| mark.store != *store || mark.order != *order) {
                break;
            }
            mark.begin_again(app.clock.now());
            match app.table.fields_put(&stored).await {
                Ok(()) => {
                    again += 1;
                    break;
                }
                Err(TableError::Conflict) => {}
                Err(other) => return Err(other),
            }
        }
    }
    if again > 0 {
        let what = only.map_or("all", |(_, order)| order.as_str());
        noted(app, actor, &shop.account, "field", what, "custom fields are tried again".to_owned()).await?;
    }
    Ok(again)
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
