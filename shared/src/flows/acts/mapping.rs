//! A carrier mapping that a person saves or takes away, in the audit.

use super::Actor;
use crate::app::App;
use crate::domain::ids::AccountId;
use crate::flows::carriers::map::{self, MapError};
use crate::table::audit::AuditEntry;
use crate::table::error::TableError;
use crate::table::maps::MapScope;

/// Saves a mapping and queues what waits for it. Gives how many.
///
/// # Errors
/// [`MapError`]; nothing is saved or kept in the audit then.
pub async fn map(
    app: &App,
    actor: &Actor,
    account: &AccountId,
    scope: &MapScope,
    words: &str,
    carrier: &str,
) -> Result<usize, MapError> {
    let queued = map::set(app, scope, words, carrier, &actor.who).await?;
    let said = format!("{} means {carrier} {}; {queued} queued again", spoken(words), level(scope));
    keep(app, actor, account, "map", words, said).await?;
    Ok(queued)
}

/// Takes a mapping away. What waits for its words goes on waiting.
///
/// # Errors
/// [`MapError`].
pub async fn unmap(
    app: &App,
    actor: &Actor,
    account: &AccountId,
    scope: &MapScope,
    words: &str,
) -> Result<(), MapError> {
    map::remove(app, scope, words).await?;
    let said = format!("{} is not mapped any more {}", spoken(words), level(scope));
    Ok(keep(app, actor, account, "unmap", words, said).await?)
}

fn spoken(words: &str) -> String {
    if words.trim().is_empty() { "a parcel without a carrier name".to_owned() } else { format!("{words:?}") }
}

fn level(scope: &MapScope) -> String {
    match scope {
        MapScope::Shop(shop) => format!("for shop {shop}"),
        MapScope::Account(_) => "for every shop of the account".to_owned(),
    }
}

async fn keep(
    app: &App,
    actor: &Actor,
    account: &AccountId,
    act: &str,
    of: &str,
    said: String,
) -> Result<(), TableError> {
    let Actor { who, from } = actor.clone();
    let (at, act, of) = (app.clock.now(), act.to_owned(), of.chars().take(200).collect());
    app.table.audit_put(account, &AuditEntry { at, who, from, act, of, said }).await
}
