//! `waybill audit`: who did what, when, from where.

use super::{Failure, Output, account_of};
use crate::output::{Row, local};
use clap::Args;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use waybill::app::App;
use waybill::domain::ids::AccountId;
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

/// Since when, and whose.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// A day or a moment; without it the last 30 days.
    #[arg(long, value_name = "T")]
    since: Option<String>,
    /// Only this account: its mail address, or its id, by which a removed one is found too.
    #[arg(long, value_name = "EMAIL|ID")]
    account: Option<String>,
}

/// Shows the acts of all accounts that there are, or of one, oldest first.
///
/// # Errors
/// A time that is none (2), no such account, or the table.
pub async fn run(app: &App, args: &AuditArgs, output: &mut Output) -> Result<bool, Failure> {
    let since = match &args.since {
        None => app.clock.now() - SignedDuration::from_hours(24 * DAYS),
        Some(text) => moment(text)?,
    };
    let accounts = match &args.account {
        None => app.table.accounts_list().await?,
        Some(name) => vec![one(app, name).await?],
    };
    let mut rows = Vec::new();
    for id in accounts {
        let entries = app.table.audit_since(&id, since).await?;
        rows.extend(entries.into_iter().map(|entry| AuditRow { account: id.to_string(), entry }));
    }
    rows.sort_by_key(|row| row.entry.at);
    output.rows(&rows, "Nobody did anything since then.")?;
    Ok(false)
}

/// The account of a mail address or an id. Of a removed one the audit stays, as long as each entry is to be kept.
async fn one(app: &App, name: &str) -> Result<AccountId, Failure> {
    if name.contains('@') {
        return account_of(app, name).await;
    }
    let unknown = || {
        Failure::attention(
            format!("no account {name} is or was here"),
            "See waybill account list --json; of a removed account the id stands in what account remove printed.",
        )
    };
    let id = AccountId::parse(name).map_err(|_| unknown())?;
    let known = app.table.account_get(&id).await?.is_some();
    if known || !app.table.audit_since(&id, Timestamp::UNIX_EPOCH).await?.is_empty() { Ok(id) } else { Err(unknown()) }
}

/// A moment (`2026-11-26T08:00:00Z`) or a day (`2026-11-26`, its beginning in UTC).
fn moment(text: &str) -> Result<Timestamp, Failure> {
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp());
    text.parse().ok().or_else(day).ok_or_else(|| {
        Failure::usage(format!("{text} is no time"), "Write --since 2026-11-26 or --since 2026-11-26T08:00:00Z.")
    })
}
