//! A store's time range decided anew, by a person.

use super::{Act, Actor, settle};
use crate::app::App;
use crate::domain::connection::StoreConnection;
use crate::domain::fulfilment::Fulfilment;
use crate::flows::intake::replay;
use crate::table::audit::AuditEntry;
use crate::table::error::TableError;

/// What a replay did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Replayed {
    /// Orders that the store showed.
    pub orders: usize,
    /// Rows that were new or had changed.
    pub stored: usize,
    /// Rows that waited and are judged again.
    pub queued: usize,
}

/// Keeps what a store showed, and has judged again what waits of it. Once in the audit as a whole, and once for each
/// parcel that is judged again. The same again changes nothing more.
///
/// # Errors
/// The table. What was done before stays done.
pub async fn replay(
    app: &App,
    actor: &Actor,
    store: &StoreConnection,
    news: &[Fulfilment],
    progress: impl Fn(usize),
) -> Result<Replayed, TableError> {
    let mut done = Replayed::default();
    for order in news {
        let (stored, waiting) = replay::keep(app, store, order).await?;
        let effects = settle(app, actor, &Act::Retry, &waiting, false).await?;
        done.orders += 1;
        done.stored += stored;
        done.queued += effects.iter().filter(|effect| effect.done).count();
        progress(done.orders);
    }
    let entry = AuditEntry {
        at: app.clock.now(),
        who: actor.who.clone(),
        from: actor.from.clone(),
        act: "replay".to_owned(),
        of: store.id.to_string(),
        said: format!("{} orders read again, {} rows changed, {} judged again", done.orders, done.stored, done.queued),
    };
    app.table.audit_put(&store.account, &entry).await?;
    Ok(done)
}
