//! How the installation does, as far as this account may see it.

use super::list;
use crate::answer;
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use waybill::domain::region::AppRegion;
use waybill::flows::views::shop_now::ShopNow;
use waybill::flows::views::standing::{StoreStanding, store_name};
use waybill::mail::zone;
use waybill::table::error::TableError;

/// One thing that was looked at.
#[derive(Serialize)]
struct Row {
    what: String,
    ok: bool,
    said: String,
    remedy: Option<String>,
    link: Option<String>,
}

impl Row {
    fn new(what: impl Into<String>, ok: bool, said: impl Into<String>) -> Self {
        Self { what: what.into(), ok, said: said.into(), remedy: None, link: None }
    }

    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into()).filter(|_| !self.ok);
        self
    }

    fn link(mut self, link: String) -> Self {
        self.link = Some(link);
        self
    }
}

/// `GET /health`.
pub(super) async fn page(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let app = visit.app;
    let mut rows = vec![
        Row::new("Table", true, "answers"),
        Row::new("Address", app.config.reaches_outside(), app.config.public_url.as_str().trim_end_matches('/'))
            .remedy("Only this machine can reach it: the operator sets PUBLIC_URL."),
    ];
    let apps = app.secrets.app().get().await;
    let set: Vec<&str> = AppRegion::ALL
        .into_iter()
        .filter(|region| apps.as_ref().is_ok_and(|apps| apps.tiktok(*region).is_ok()))
        .map(AppRegion::as_str)
        .collect();
    let said = if set.is_empty() { "none is set up".to_owned() } else { set.join(", ") };
    rows.push(Row::new("TikTok apps", !set.is_empty(), said).remedy("The operator runs waybill app set."));
    let trouble = super::shops::mail_trouble(visit, member).await?;
    let said = trouble.clone().unwrap_or_else(|| "nothing came back".to_owned());
    rows.push(Row::new("Mail", trouble.is_none(), said).remedy("Check the address with your operator."));
    let shops = super::shops::shops(visit, member).await?;
    let (mut waiting, mut held) = (0, 0);
    for shop in &shops {
        let (now, zone) = (ShopNow::of(app, shop).await?, zone::of(shop));
        waiting += now.waiting;
        held += now.held.total;
        let pushed = now.pushed.map_or_else(|| "no push had work yet".to_owned(), |at| list::short(at, &zone));
        let visited = app.table.visit_get(&shop.id).await?.map(|visit| visit.row);
        let read = visited
            .as_ref()
            .and_then(|visit| visit.last)
            .map_or_else(|| "not yet".to_owned(), |at| list::short(at, &zone));
        let import = visited
            .and_then(|visit| visit.import)
            .map(|import| format!("; the first import runs, {} read", import.read));
        let said = format!(
            "{} Last push: {pushed}; orders read: {read}{}; {} wait to be sent.",
            now.said(),
            import.unwrap_or_default(),
            now.waiting
        );
        rows.push(Row::new(&shop.name, now.may_sleep(), said).link(format!("/shops/{}", shop.id)));
    }
    for id in app.table.account_stores(&member.account).await? {
        let Some(store) = app.table.store_get(&id, false).await?.map(|store| store.row) else { continue };
        if store.account != member.account {
            continue;
        }
        let heard = app.table.heard_get(&id).await?;
        let standing = StoreStanding::of(&store, heard);
        let zone = shops.first().map_or(jiff::tz::TimeZone::UTC, zone::of);
        let when = |at: Option<jiff::Timestamp>| at.map_or_else(|| "never".to_owned(), |at| list::short(at, &zone));
        let said = format!(
            "{}; last delivery: {}; last read: {}; refused signatures: {}",
            standing.word(),
            when(heard.delivered),
            when(store.polls.asked),
            heard.refused
        );
        let ok = matches!(standing, StoreStanding::Connected | StoreStanding::Waiting);
        let row = Row::new(store_name(&store), ok, said).remedy(store.polls.trouble.clone().unwrap_or_default());
        rows.push(row.link(format!("/stores/{id}")));
    }
    let bad = rows.iter().filter(|row| !row.ok).count();
    rows.sort_by_key(|row| row.ok);
    let values = context! { rows, bad, waiting, held, ..member.frame("health") };
    Ok(answer::page(app, 200, "health.html", values))
}
