//! A carrier mapping that a person saves or takes away, in the audit.

use super::{Actor, noted};
use crate::app::App;
use crate::domain::ids::AccountId;
use crate::flows::carriers::map::{self, Imported, MapError};
use crate::table::maps::{MapEntry, MapScope};

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
    noted(app, actor, account, "map", words, said).await?;
    Ok(queued)
}

/// Saves many mappings in one go, each with the author and time it carries; words that are mapped already keep what they
/// have.
///
/// # Errors
/// [`MapError`]; nothing is saved or kept in the audit then.
pub async fn import_maps(
    app: &App,
    actor: &Actor,
    account: &AccountId,
    scope: &MapScope,
    entries: Vec<MapEntry>,
) -> Result<Imported, MapError> {
    let done = map::import(app, scope, entries).await?;
    if done.saved > 0 {
        let said = format!("{} mappings read in {}; {} queued again", done.saved, level(scope), done.queued_again);
        noted(app, actor, account, "import mappings", "carriers", said).await?;
    }
    Ok(done)
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
    Ok(noted(app, actor, account, "unmap", words, said).await?)
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
