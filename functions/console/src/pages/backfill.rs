//! Trackings from a CSV file: brought, previewed with the verdict of every row, sent with one press.

use super::list::{self, Choice, ROWS};
use crate::answer::{self, Problem};
use crate::visit::{Member, Visit};
use futures_util::FutureExt as _;
use lambda_http::{Body, Response};
use minijinja::{Value, context};
use waybill::domain::connection::Shop;
use waybill::flows::acts::bulk;
use waybill::flows::intake::csv::upload::{self, LARGEST, Upload};
use waybill::flows::intake::csv::{self, Judged};
use waybill::flows::orders::begin;
use waybill::flows::push::visit_now;
use waybill::flows::views::backfill::{Counts, HEAD, VerdictRow};
use waybill::flows::views::rows::{Part, cells};
use waybill::table::error::TableError;
use waybill::web::form;

/// `GET /backfill`; with `?t=` the preview of a file.
pub(super) async fn page(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    match visit.query.get("t") {
        None => empty(visit, member, None).await,
        Some(token) => preview(visit, member, token, None).await,
    }
}

async fn empty(visit: &Visit<'_>, member: &Member, fault: Option<String>) -> Result<Response<Body>, TableError> {
    let Some(shops) = list::shops(visit, member).await? else { return Ok(answer::missing(visit.app)) };
    let chosen = visit.form.get("shop").unwrap_or(&shops.chosen);
    let choices: Vec<Choice> = shops.all.iter().map(|shop| Choice::new(shop.id.as_str(), &shop.name, chosen)).collect();
    let status = if fault.is_some() { 422 } else { 200 };
    let text = visit.form.get("text").unwrap_or_default();
    let values = context! { choices, fault, text, ..member.frame("backfill") };
    Ok(answer::page(visit.app, status, "backfill.html", values))
}

/// A file that was brought, with its verdicts as they are now.
struct Brought {
    upload: Upload,
    shop: Shop,
    judged: Judged,
}

async fn brought(visit: &Visit<'_>, member: &Member, token: &str) -> Result<Option<Brought>, TableError> {
    let Some(upload) = upload::find(visit.app, &member.account, token).await? else { return Ok(None) };
    let Some(shop) = super::own_shop(visit, member, upload.shop.as_str()).await? else { return Ok(None) };
    // It was read before it was kept.
    let lines = csv::read(&upload.bytes).unwrap_or_default();
    let judged = csv::judge(visit.app, &shop, &lines).await?;
    Ok(Some(Brought { upload, shop, judged }))
}

async fn preview(
    visit: &Visit<'_>,
    member: &Member,
    token: &str,
    sent: Option<usize>,
) -> Result<Response<Body>, TableError> {
    let Some(Brought { upload, shop, judged }) = brought(visit, member, token).await? else { return Ok(over(visit)) };
    let counts = Counts::of(&judged);
    let rows: Vec<VerdictRow<'_>> = judged.verdicts.iter().map(VerdictRow::of).collect();
    let part = Part::of(rows, visit.query.get("after"), ROWS);
    let rows: Vec<Value> = part.rows.iter().map(Value::from_serialize).collect();
    let links = list::links(visit, "/backfill", &[("t", token)], part.next.as_deref());
    let values = context! {
        rows, links, counts, sent, token, name => upload.name, shop => shop.name, news => judged.news.len(),
        ..member.frame("backfill")
    };
    Ok(answer::page(visit.app, 200, "backfill_preview.html", values))
}

/// `POST /backfill`.
pub(super) async fn act(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    if visit.form.get("do") == Some("send") {
        return send(visit, member).await;
    }
    let id = visit.form.get("shop").unwrap_or_default();
    let Some(shop) = super::own_shop(visit, member, id).await? else { return Ok(answer::missing(visit.app)) };
    let text = visit.form.get("text").unwrap_or_default();
    let (name, bytes) = match &visit.file {
        Some((name, bytes)) => (name.clone(), bytes.clone()),
        None => ("pasted text".to_owned(), text.as_bytes().to_vec()),
    };
    if bytes.len() > LARGEST {
        return empty(visit, member, Some("The file is larger than 2 MB: split it into several.".into())).await;
    }
    if let Err(fault) = csv::read(&bytes) {
        let fault = format!(
            "Nothing was taken: {fault}. Give the columns tiktok_order_id or store_order, tracking_number, carrier."
        );
        return empty(visit, member, Some(fault)).await;
    }
    if shop.parked.is_none() {
        // The orders as TikTok has them now, as far as one visit comes.
        begin::due_by(visit.app, &shop, visit.app.clock.now()).await?;
        visit_now(visit.app, &shop.id).boxed().await?;
    }
    let token = upload::keep(visit.app, &member.account, &Upload { shop: shop.id.clone(), name, bytes }).await?;
    Ok(answer::redirect(&form::address("/backfill", &[("t", &token)])))
}

/// So many orders are kept before the answer; more become a run with a page of its own.
const AT_ONCE: usize = 200;

/// The press: what is good goes the way of webhooks. Pressed twice, the second one sends nothing.
async fn send(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let token = visit.form.get("t").unwrap_or_default();
    let Some(Brought { upload, shop, judged }) = brought(visit, member, token).await? else { return Ok(over(visit)) };
    let actor = visit.actor(member);
    if judged.news.len() > AT_ONCE {
        let (back, file) = (form::address("/backfill", &[("t", token)]), (token, upload.name.as_str()));
        let orders = judged.news.len();
        let run = bulk::keep_file(visit.app, &member.account, &actor, file, orders, &back).await?;
        return super::runs::start(visit, &run).boxed().await;
    }
    let sent = csv::send(visit.app, &shop, &judged, &actor, &upload.name, |_| {}).boxed().await?;
    preview(visit, member, token, Some(sent)).await
}

/// `GET /backfill.csv`: the verdicts.
pub(super) async fn verdicts(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let token = visit.query.get("t").unwrap_or_default();
    let Some(Brought { judged, .. }) = brought(visit, member, token).await? else { return Ok(over(visit)) };
    let rows = judged.verdicts.iter().map(|verdict| cells(&VerdictRow::of(verdict), &HEAD));
    Ok(answer::csv("verdicts", &HEAD, rows))
}

fn over(visit: &Visit<'_>) -> Response<Body> {
    answer::problem(
        visit.app,
        Problem {
            status: 410,
            title: "This file is not kept any more",
            words: "A file waits one hour for its press. Nothing of it was sent since.".into(),
            remedy: "Bring it again: what was sent before is not sent twice.".into(),
            button: Some(("Bring a file", "/backfill".into())),
        },
    )
}
