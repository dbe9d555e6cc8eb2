//! What people settle about a shop as a whole, from the console: carriers and whether it sends.

use super::Actor;
use crate::app::App;
use crate::domain::connection::Shop;
use crate::flows::carriers::map::{self, MapError};
use crate::table::audit::AuditEntry;
use crate::table::error::TableError;
use crate::table::maps::MapScope;

/// Says what a store's carrier name means for a shop; every parcel that waits for it is queued. Gives how many.
///
/// # Errors
/// [`MapError`]; nothing is saved then.
pub async fn map_carrier(app: &App, actor: &Actor, shop: &Shop, words: &str, carrier: &str) -> Result<usize, MapError> {
    let queued = map::set(app, &MapScope::Shop(shop.id.clone()), words, carrier, &actor.who).await?;
    let name = if words.trim().is_empty() { "no carrier named" } else { words.trim() };
    noted(app, actor, shop, "map", name, &format!("means {}; {queued} queued", carrier.trim())).await?;
    Ok(queued)
}

/// Stops sending for a shop, or goes on.
///
/// # Errors
/// The table.
pub async fn pause(app: &App, actor: &Actor, shop: &Shop, paused: bool) -> Result<(), TableError> {
    let now = app.clock.now();
    app.table.shop_change(&shop.id, |row| row.pause(paused, &actor.who, now)).await?;
    let (act, said) = if paused { ("pause", "nothing is sent until it is resumed") } else { ("resume", "sends again") };
    noted(app, actor, shop, act, shop.id.as_str(), said).await
}

pub(super) async fn noted(
    app: &App,
    actor: &Actor,
    shop: &Shop,
    act: &str,
    of: &str,
    said: &str,
) -> Result<(), TableError> {
    let entry = AuditEntry {
        at: app.clock.now(),
        who: actor.who.clone(),
        from: actor.from.clone(),
        act: act.to_owned(),
        of: of.to_owned(),
        said: said.to_owned(),
    };
    app.table.audit_put(&shop.account, &entry).await
}
