//! What the next push would do with an order, and why: the push's own judging. Nothing is written at TikTok or in the
//! table; TikTok is read, one call a second.

use crate::answer;
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use waybill::flows::acts::Scope;
use waybill::flows::push::Verdict;
use waybill::flows::views::explain::{Explained, explain};
use waybill::mail::zone;
use waybill::table::error::TableError;
use waybill::web::form;

/// Parcels on the page; an order has a few.
const MOST: usize = 40;

#[derive(Serialize)]
struct Told {
    number: String,
    verdict: &'static str,
    tone: &'static str,
    sentence: Option<&'static str>,
    checks: Vec<Looked>,
    /// Method and path; what is sent.
    call: Option<(String, String)>,
    until: Option<String>,
    next_step: String,
}

#[derive(Serialize)]
struct Looked {
    check: &'static str,
    ok: bool,
    said: String,
}

pub(super) async fn page(visit: &Visit<'_>, member: &Member, id: &str) -> Result<Response<Body>, TableError> {
    let app = visit.app;
    let name = form::of_path_part(id);
    let found = explain(app, &Scope::Account(member.account.clone()), &name).await?;
    if found.is_empty() {
        return Ok(answer::missing(app));
    }
    let mut rows = Vec::new();
    for row in found.into_iter().take(MOST) {
        rows.push(told(visit, row).await?);
    }
    let values = context! {
        name, rows, order => format!("/orders/{}", form::path_part(&name)), ..member.frame("orders")
    };
    Ok(answer::page(app, 200, "explain.html", values))
}

async fn told(visit: &Visit<'_>, row: Explained) -> Result<Told, TableError> {
    let (verdict, tone) = match row.verdict {
        Verdict::Push => ("would be sent", ""),
        Verdict::Correct => ("would be corrected at TikTok", ""),
        Verdict::Done => ("TikTok has it", ""),
        Verdict::Wait => ("waits", "soon"),
        Verdict::Hold => ("needs a hand", "now"),
        Verdict::Close => ("is not sent", "off"),
    };
    let zone = match waybill::domain::ids::ShopId::parse(&row.shop) {
        Ok(shop) => visit.app.table.shop_get(&shop, false).await?.map(|shop| zone::of(&shop.row)),
        Err(_) => None,
    };
    let zone = zone.unwrap_or(jiff::tz::TimeZone::UTC);
    let checks = row.checks.into_iter().map(|check| Looked { check: check.check, ok: check.ok, said: check.said });
    Ok(Told {
        number: row.number.unwrap_or_else(|| "without a number".to_owned()),
        verdict,
        tone,
        sentence: row.sentence,
        checks: checks.collect(),
        call: row.call.map(|call| (format!("{} {}", call.method, call.path), call.body.to_string())),
        until: row.until.map(|until| zone::moment(until, &zone)),
        next_step: row.next_step,
    })
}
