//! Who did what, when, from where.

use super::list::{self, FILE_ROWS, ROWS};
use crate::answer;
use crate::visit::{Member, Visit};
use jiff::{SignedDuration, Timestamp};
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use waybill::flows::views::rows::cells;
use waybill::table::audit::AuditEntry;
use waybill::table::error::TableError;
use waybill::web::form;

/// The fields of a row.
const HEAD: [&str; 6] = ["at", "who", "from", "act", "of", "said"];
/// How far back without `?since=`.
const DAYS: i64 = 30;

#[derive(Serialize)]
struct Row {
    at: String,
    who: String,
    from: String,
    act: String,
    of: String,
    said: String,
}

/// Since when, and as it was written; `Err`: it is no day.
fn since(visit: &Visit<'_>) -> Result<(Timestamp, String), String> {
    let text = visit.query.get("since").unwrap_or_default().trim().to_owned();
    if text.is_empty() {
        let ago = visit.app.clock.now().checked_sub(SignedDuration::from_hours(24 * DAYS));
        return Ok((ago.unwrap_or(Timestamp::UNIX_EPOCH), text));
    }
    let day = text.parse::<jiff::civil::Date>().ok().and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
    text.parse().ok().or_else(|| day.map(|day| day.timestamp())).map(|at| (at, text.clone())).ok_or(text)
}

/// `GET /audit`.
pub(super) async fn page(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let (from, text, fault) = match since(visit) {
        Ok((from, text)) => (from, text, false),
        Err(text) => (Timestamp::MAX, text, true),
    };
    let entries = if fault {
        Vec::new()
    } else {
        visit.app.table.audit_before(&member.account, from, visit.query.get("after"), ROWS + 1).await?
    };
    let next = (entries.len() > ROWS).then(|| entries[..ROWS].last().map(|(place, _)| place.clone())).flatten();
    let zone =
        super::shops::shops(visit, member).await?.first().map_or(jiff::tz::TimeZone::UTC, waybill::mail::zone::of);
    let rows: Vec<Row> = entries
        .into_iter()
        .take(ROWS)
        .map(|(_, AuditEntry { at, who, from, act, of, said })| Row {
            at: list::short(at, &zone),
            who,
            from,
            act,
            of,
            said,
        })
        .collect();
    let links = list::links(visit, "/audit", &[("since", text.as_str())], next.as_deref());
    let values = context! { rows, links, since => text, fault, ..member.frame("audit") };
    Ok(answer::page(visit.app, if fault { 422 } else { 200 }, "audit.html", values))
}

/// `GET /audit.csv`.
pub(super) async fn csv(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let Ok((from, text)) = since(visit) else { return page(visit, member).await };
    let entries = visit.app.table.audit_before(&member.account, from, visit.query.get("after"), FILE_ROWS + 1).await?;
    let next = (entries.len() > FILE_ROWS).then(|| entries.get(FILE_ROWS - 1)).flatten();
    let next = next.map(|(place, _)| form::address("/audit.csv", &[("since", &text), ("after", place)]));
    let rows = entries.iter().take(FILE_ROWS).map(|(_, entry)| cells(entry, &HEAD));
    Ok(answer::with_next(answer::csv("audit", &HEAD, rows), next.as_deref()))
}
