//! What people add to an order: words, links to evidence. Both in the audit.

use super::Actor;
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::ids::TikTokOrderId;
use crate::table::audit::AuditEntry;
use crate::table::error::TableError;
use crate::table::notes::Note;
use jiff::Timestamp;

/// Longest note or address, in characters.
pub const LONGEST_NOTE: usize = 300;

/// A note or an address as it is kept: one line, trimmed.
///
/// # Errors
/// A sentence on what is wrong with it.
pub fn checked_note(text: &str, evidence: bool) -> Result<String, String> {
    let text = text.trim();
    let length = text.chars().count();
    let what = if evidence { "the address" } else { "the note" };
    if length == 0 || length > LONGEST_NOTE {
        return Err(format!("{what} has {length} characters; between 1 and {LONGEST_NOTE} are kept"));
    }
    if !evidence {
        return Ok(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect());
    }
    let url = url::Url::parse(text).map_err(|_| format!("{what} is no address; it begins with https://"))?;
    let web = matches!(url.scheme(), "https" | "http") && url.host_str().is_some_and(|host| !host.is_empty());
    if !web || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(format!("{what} is no address of the web; it begins with https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("{what} holds a password; give one without"));
    }
    Ok(text.to_owned())
}

/// Adds a checked note or address to an order. Gives the moment it stands under.
///
/// # Errors
/// [`TableError`].
pub async fn add_note(
    app: &App,
    actor: &Actor,
    shop: &Shop,
    order: &TikTokOrderId,
    text: &str,
    evidence: bool,
) -> Result<Timestamp, TableError> {
    let note = Note { at: app.clock.now(), who: actor.who.clone(), evidence, text: text.to_owned() };
    let at = app.table.note_put(&shop.account, &shop.id, order, &note).await?;
    let entry = AuditEntry {
        at: note.at,
        who: actor.who.clone(),
        from: actor.from.clone(),
        act: if evidence { "evidence" } else { "note" }.to_owned(),
        of: order.to_string(),
        said: text.to_owned(),
    };
    app.table.audit_put(&shop.account, &entry).await?;
    Ok(at)
}
