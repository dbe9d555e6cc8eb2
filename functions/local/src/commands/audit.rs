//! `waybill audit`: who did what, when, from where.

use super::{Failure, Output};
use crate::output::{Row, local};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use waybill::app::App;
use waybill::table::audit::AuditEntry;

/// How far back without `--since`.
const DAYS: i64 = 30;

#[derive(Serialize)]
struct AuditRow {
    account: String,
    #[serde(flatten)]
    entry: AuditEntry,
}

impl Row for AuditRow {
    const HEAD: &'static [&'static str] = &["when", "who", "from", "act", "of", "what it did"];
    fn cells(&self, zone: &TimeZone) -> Vec<String> {
        let AuditEntry { at, who, from, act, of, said } = &self.entry;
        vec![local(*at, zone), who.clone(), from.clone(), act.clone(), of.clone(), said.clone()]
    }
}

/// Shows the acts of all accounts, oldest first.
///
/// # Errors
/// A time that is none (2), or the table.
pub async fn run(app: &App, since: Option<&str>, output: &mut Output) -> Result<bool, Failure> {
    let since = match since {
        None => app.clock.now() - SignedDuration::from_hours(24 * DAYS),
        Some(text) => moment(text)?,
    };
    let mut rows = Vec::new();
    for id in app.table.accounts_list().await? {
        let entries = app.table.audit_since(&id, since).await?;
        rows.extend(entries.into_iter().map(|entry| AuditRow { account: id.to_string(), entry }));
    }
    rows.sort_by_key(|row| row.entry.at);
    output.rows(&rows, "Nobody did anything since then.")?;
    Ok(false)
}

/// A moment (`2026-11-26T08:00:00Z`) or a day (`2026-11-26`, its beginning in UTC).
fn moment(text: &str) -> Result<Timestamp, Failure> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    text.parse().ok().or_else(day).ok_or_else(|| {
        Failure::usage(format!("{text} is no time"), "Write --since 2026-11-26 or --since 2026-11-26T08:00:00Z.")
    })
}
