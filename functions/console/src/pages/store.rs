//! One store: its health, its address for webhooks, its secret.

use crate::answer;
use crate::view::StoreView;
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use secrecy::ExposeSecret as _;
use waybill::domain::connection::StoreConnection;
use waybill::domain::ids::StoreId;
use waybill::flows::acts::{change_store_secret, store_act};
use waybill::flows::connect::store as connect_store;
use waybill::flows::connect::store_secret::SecretProblem;
use waybill::flows::intake::subscriptions::webhook_url;
use waybill::mail::zone;
use waybill::stores::subscriptions::hand_steps;
use waybill::table::error::TableError;

async fn own(visit: &Visit<'_>, member: &Member, id: &str) -> Result<Option<StoreConnection>, TableError> {
    let Ok(id) = StoreId::parse(id) else { return Ok(None) };
    let store = visit.app.table.store_get(&id, true).await?.map(|store| store.row);
    Ok(store.filter(|store| store.account == member.account))
}

/// `GET /stores/{id}`.
pub(super) async fn page(visit: &Visit<'_>, member: &Member, id: &str) -> Result<Response<Body>, TableError> {
    let Some(store) = own(visit, member, id).await? else { return Ok(answer::missing(visit.app)) };
    shown(visit, member, &store, Said::default()).await
}

/// What was just done.
#[derive(Default)]
struct Said {
    words: Option<String>,
    /// A new secret, shown once.
    secret: Option<String>,
    fault: Option<String>,
}

async fn shown(
    visit: &Visit<'_>,
    member: &Member,
    store: &StoreConnection,
    said: Said,
) -> Result<Response<Body>, TableError> {
    let shops = super::shops::shops(visit, member).await?;
    let heard = visit.app.table.heard_get(&store.id).await?;
    let zone = shops.first().map_or(jiff::tz::TimeZone::UTC, zone::of);
    let when = |at: Option<jiff::Timestamp>| at.map_or_else(|| "never".to_owned(), |at| zone::moment(at, &zone));
    let url = store.hook.as_ref().map(|_| webhook_url(visit.app, store));
    let steps = url.as_deref().map(|url| hand_steps(store.platform, store.settings.way.as_deref(), url));
    let status = if said.fault.is_some() { 409 } else { 200 };
    let values = context! {
        store => StoreView::of(store, &shops, heard), url, steps => steps.unwrap_or_default(),
        subscribed => when(store.polls.subscriptions_checked), delivered => when(heard.delivered),
        refused_at => heard.refused_at.map(|at| zone::moment(at, &zone)), polled => when(store.polls.asked),
        next_poll => store.poll_due.map(|at| zone::moment(at, &zone)), healed => store.polls.found,
        seen_until => store.polls.watermark.map(|at| zone::moment(at, &zone)),
        field => store.settings.order_id_field, tracking_field => store.settings.tracking_field,
        said => said.words, secret => said.secret, fault => said.fault, ..member.frame("shops")
    };
    Ok(answer::page(visit.app, status, "store.html", values))
}

/// `POST /stores/{id}`.
pub(super) async fn act(visit: &Visit<'_>, member: &Member, id: &str) -> Result<Response<Body>, TableError> {
    let Some(store) = own(visit, member, id).await? else { return Ok(answer::missing(visit.app)) };
    let name = waybill::flows::views::standing::store_name(&store).to_owned();
    match visit.form.get("do") {
        Some("remove") => {
            connect_store::disconnect(visit.app, &store.id).await?;
            store_act(visit.app, &visit.actor(member), &store, "remove store", &format!("{name} is removed")).await?;
            Ok(answer::redirect("/shops"))
        }
        Some("secret") => match change_store_secret(visit.app, &visit.actor(member), &store, None).await {
            Ok(change) => {
                let said = format!("{name} has a new secret");
                let old = if change.header {
                    "The old one counts no more."
                } else {
                    "Deliveries signed with the old one still count."
                };
                let secret = change.made.map(|secret| secret.expose_secret().to_owned());
                shown(visit, member, &store, Said { words: Some(format!("{said}. {old}")), secret, fault: None }).await
            }
            Err(SecretProblem::Table(error)) => Err(error),
            Err(error) => {
                let fault = Some(format!("Nothing was changed: {error}."));
                shown(visit, member, &store, Said { fault, ..Said::default() }).await
            }
        },
        _ => Ok(answer::redirect(&format!("/stores/{}", store.id))),
    }
}
