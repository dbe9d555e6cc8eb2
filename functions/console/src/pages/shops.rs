//! The connections of an account.

use super::{connect, held};
use crate::answer;
use crate::view::{SettingsView, ShopView, StoreView};
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use waybill::domain::connection::Shop;
use waybill::flows::acts::{self, settings};
use waybill::flows::views::attention::Attention;
use waybill::mail::zone;
use waybill::table::accounts::TroubleKind;
use waybill::table::error::TableError;

pub(super) async fn shops(visit: &Visit<'_>, member: &Member) -> Result<Vec<Shop>, TableError> {
    let mut shops = Vec::new();
    for id in visit.app.table.account_shops(&member.account).await? {
        if let Some(shop) = visit.app.table.shop_get(&id, true).await?.filter(|s| s.row.account == member.account) {
            shops.push(shop.row);
        }
    }
    Ok(shops)
}

async fn views(visit: &Visit<'_>, shops: &[Shop]) -> Result<Vec<ShopView>, TableError> {
    let mut views = Vec::new();
    for shop in shops {
        views.push(ShopView::of(visit.app, shop).await?);
    }
    // What needs somebody comes first.
    views.sort_by_key(|view| !view.urgent);
    Ok(views)
}

/// Mails that do not arrive, in words: the one thing that no mail can tell.
pub(super) async fn mail_trouble(visit: &Visit<'_>, member: &Member) -> Result<Option<String>, TableError> {
    let Some(trouble) = visit.app.table.mail_trouble_get(&member.account).await? else { return Ok(None) };
    let day = zone::date(trouble.since, &jiff::tz::TimeZone::UTC);
    Ok(Some(match trouble.kind {
        TroubleKind::Bounced => {
            format!("Our mail to this account came back on {day}. Check the address with your operator.")
        }
        TroubleKind::Complained => {
            format!(
                "A mail of ours was marked as spam on {day}, so the mail service may send no more. Ask your operator."
            )
        }
    }))
}

pub(super) async fn list(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let rows = shops(visit, member).await?;
    let mut stores = Vec::new();
    for id in visit.app.table.account_stores(&member.account).await? {
        if let Some(store) = visit.app.table.store_get(&id, false).await?.filter(|s| s.row.account == member.account) {
            let heard = visit.app.table.heard_get(&id).await?;
            stores.push(StoreView::of(&store.row, &rows, heard));
        }
    }
    let shops = views(visit, &rows).await?;
    let mail_trouble = mail_trouble(visit, member).await?;
    let values = context! { shops, stores, mail_trouble, ..member.frame("shops") };
    Ok(answer::page(visit.app, 200, "shops.html", values))
}

pub(super) async fn one(visit: &Visit<'_>, member: &Member, id: &str) -> Result<Response<Body>, TableError> {
    let Some(shop) = super::own_shop(visit, member, id).await? else { return Ok(answer::missing(visit.app)) };
    shown(visit, member, &shop, None).await
}

async fn shown(
    visit: &Visit<'_>,
    member: &Member,
    shop: &Shop,
    said: Option<String>,
) -> Result<Response<Body>, TableError> {
    let attention = Attention::of(visit.app, &shop.id).await?;
    let held = held::of(visit, shop, &attention, &attention.counts()).await?;
    let settings = SettingsView::of(shop);
    let shop = ShopView::with(visit.app, shop, &attention.counts()).await?;
    let values = context! { shop, held, said, settings, ..member.frame("shops") };
    Ok(answer::page(visit.app, 200, "shop.html", values))
}

pub(super) async fn act(visit: &Visit<'_>, member: &Member, id: &str) -> Result<Response<Body>, TableError> {
    let Some(shop) = super::own_shop(visit, member, id).await? else { return Ok(answer::missing(visit.app)) };
    let here = format!("/shops/{}", shop.id);
    match visit.form.get("do") {
        Some("reconnect") => connect::start(visit, member, shop.app, Some(&shop)).await,
        Some("settings") => {
            let field = |name: &str| visit.form.get(name).map(|text| text.chars().take(100).collect());
            let said = match settings::settle(visit.app, &visit.actor(member), &shop, field).await? {
                Ok(said) if said.is_empty() => "Nothing differs from what was set before.".to_owned(),
                Ok(said) => format!("Saved. {}.", said.join("; ")),
                Err(fault) => format!("Nothing was saved: {fault}."),
            };
            let Some(shop) = super::own_shop(visit, member, id).await? else { return Ok(answer::missing(visit.app)) };
            shown(visit, member, &shop, Some(said)).await
        }
        Some("map") => {
            let said = held::map(visit, member, &shop).await?;
            shown(visit, member, &shop, Some(said)).await
        }
        Some(word @ ("pause" | "resume")) => {
            settings::pause(visit.app, &visit.actor(member), &shop, word == "pause").await?;
            Ok(answer::redirect(&here))
        }
        Some("remove") => match acts::remove_shop(visit.app, &visit.actor(member), &shop).await {
            Ok(()) => Ok(answer::redirect("/shops")),
            Err(error) => {
                tracing::error!(shop.id = %shop.id, error = &error as &dyn std::error::Error, "shop not removed");
                Ok(answer::broken(visit.app))
            }
        },
        _ => Ok(answer::redirect(&here)),
    }
}
