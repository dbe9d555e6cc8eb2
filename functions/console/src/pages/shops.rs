//! The connections of an account.

use super::{connect, held, shop_fields};
use crate::answer;
use crate::view::{SettingsView, ShopView, StoreView};
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use waybill::domain::connection::Shop;
use waybill::domain::people::{Person, Role};
use waybill::flows::acts::{self, settings};
use waybill::flows::views::attention::Attention;
use waybill::mail::zone;
use waybill::table::accounts::{MailTrouble, TroubleKind, email_hash};
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
    let troubles = visit.app.table.mail_troubles(&member.account).await?;
    let mut said: Vec<String> = troubles.account.iter().map(|trouble| account_trouble(*trouble)).collect();
    for person in &member.people.people {
        let email = person.email.reveal();
        if let Some(trouble) = troubles.people.get(&email_hash(email)) {
            said.push(format!("{email}: {}. See the address under People.", trouble_words(*trouble)));
        }
    }
    Ok((!said.is_empty()).then(|| said.join(" ")))
}

fn account_trouble(trouble: MailTrouble) -> String {
    let day = zone::date(trouble.since, &jiff::tz::TimeZone::UTC);
    match trouble.kind {
        TroubleKind::Bounced | TroubleKind::Refused => {
            format!("Our mail to this account came back on {day}. Check the address with your operator.")
        }
        TroubleKind::Complained => {
            format!(
                "A mail of ours was marked as spam on {day}, so the mail service may send no more. Ask your operator."
            )
        }
    }
}

/// What is wrong with a person's address.
pub(super) fn trouble_words(trouble: MailTrouble) -> String {
    let day = zone::date(trouble.since, &jiff::tz::TimeZone::UTC);
    match trouble.kind {
        TroubleKind::Bounced => format!("our mail came back on {day}"),
        TroubleKind::Complained => format!("our mail was marked as spam on {day}"),
        TroubleKind::Refused => format!("the mail service has taken no mail for this address since {day}"),
    }
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
    let readers = readers(visit, member, shop).await?;
    let fields = shop_fields::rules(shop);
    let account_address = visit.app.table.account_get(&member.account).await?.map(|row| row.email.reveal().clone());
    let shop = ShopView::with(visit.app, shop, &attention.counts()).await?;
    let values = context! { shop, held, said, settings, readers, fields, account_address, ..member.frame("shops") };
    Ok(answer::page(visit.app, 200, "shop.html", values))
}

/// One of the people, who may get the mails about a shop.
#[derive(Serialize)]
struct ReaderView<'a> {
    email: &'a str,
    role: Role,
    listed: bool,
    trouble: Option<String>,
}

async fn readers<'a>(visit: &Visit<'_>, member: &'a Member, shop: &Shop) -> Result<Vec<ReaderView<'a>>, TableError> {
    let troubles = visit.app.table.mail_troubles(&member.account).await?.people;
    let view = |person: &'a Person| {
        let email = person.email.reveal();
        let trouble = troubles.get(&email_hash(email)).copied().map(trouble_words);
        ReaderView { email, role: person.role, listed: shop.settings.mail_to.has(email), trouble }
    };
    Ok(member.people.people.iter().map(view).collect())
}

/// A field of the form of settings. Boxes with one name are a list.
fn typed(visit: &Visit<'_>, name: &str) -> Option<String> {
    if name == "mail_to" {
        let boxes: Vec<&str> = visit.form.all(name).collect();
        return (!boxes.is_empty()).then(|| boxes.join(","));
    }
    visit.form.get(name).map(|text| text.chars().take(100).collect())
}

pub(super) async fn act(visit: &Visit<'_>, member: &Member, id: &str) -> Result<Response<Body>, TableError> {
    let Some(shop) = super::own_shop(visit, member, id).await? else { return Ok(answer::missing(visit.app)) };
    let here = format!("/shops/{}", shop.id);
    match visit.form.get("do") {
        Some("reconnect") => connect::start(visit, member, shop.app, Some(&shop)).await,
        Some("settings") => {
            let said = match settings::settle(visit.app, &visit.actor(member), &shop, |name| typed(visit, name)).await?
            {
                Ok(said) if said.is_empty() => "Nothing differs from what was set before.".to_owned(),
                Ok(said) => format!("Saved: {}.", said.join("; ")),
                Err(fault) => format!("Nothing was saved: {fault}."),
            };
            let Some(shop) = super::own_shop(visit, member, id).await? else { return Ok(answer::missing(visit.app)) };
            shown(visit, member, &shop, Some(said)).await
        }
        Some("map") => {
            let said = held::map(visit, member, &shop).await?;
            shown(visit, member, &shop, Some(said)).await
        }
        Some(word @ ("set-field" | "remove-field")) => {
            let said = match word {
                "set-field" => shop_fields::set(visit, member, &shop).await?,
                _ => shop_fields::remove(visit, member, &shop).await?,
            };
            let Some(shop) = super::own_shop(visit, member, id).await? else { return Ok(answer::missing(visit.app)) };
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
