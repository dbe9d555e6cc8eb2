//! What people do to a store's connection, in the audit.

use super::Actor;
use crate::app::App;
use crate::domain::connection::StoreConnection;
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
