//! Which carriers TikTok takes, by each shop's own list or the bundled one.

use super::list;
use crate::answer;
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use waybill::carriers::{Catalogue, bundled_list};
use waybill::domain::connection::Shop;
use waybill::flows::acts;
use waybill::flows::carriers::lists::{ListError, RefreshError, list_words, lost_mappings, refresh};
use waybill::flows::carriers::match_parcel::Maps;
use waybill::table::error::TableError;

#[derive(Serialize)]
struct ShopLists {
    id: String,
    name: String,
    region: String,
    words: String,
    live: bool,
    lists: Vec<List>,
    gone: Vec<Gone>,
    lost: Vec<String>,
}

#[derive(Serialize)]
struct List {
    route: String,
    names: Vec<String>,
}

#[derive(Serialize)]
struct Gone {
    name: String,
    since: String,
}

/// `GET /carriers`.
pub(super) async fn page(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    shown(visit, member, None).await
}

async fn shown(visit: &Visit<'_>, member: &Member, said: Option<String>) -> Result<Response<Body>, TableError> {
    let Some(shops) = list::shops(visit, member).await? else { return Ok(answer::missing(visit.app)) };
    let mut all = Vec::new();
    for shop in &shops.asked {
        all.push(of_shop(visit, shop).await?);
    }
    let values = context! {
        all, said, shops => shops.choices(), ..member.frame("carriers")
    };
    Ok(answer::page(visit.app, 200, "carriers.html", values))
}

async fn of_shop(visit: &Visit<'_>, shop: &Shop) -> Result<ShopLists, TableError> {
    let (app, zone) = (visit.app, waybill::mail::zone::of(shop));
    let kept = app.table.providers_all(&shop.id).await?;
    let newest = kept.iter().map(|entry| &entry.list).max_by_key(|list| list.fetched);
    let words = list_words(shop, newest, app.clock.now());
    let mut lists: Vec<List> = Vec::new();
    for entry in &kept {
        let mut names: Vec<String> = entry.list.providers.iter().map(|provider| provider.name.clone()).collect();
        names.sort_by_key(|name| name.to_lowercase());
        // Several delivery options mostly share one list.
        if !lists.iter().any(|known| known.route == entry.route && known.names == names) {
            lists.push(List { route: entry.route.clone(), names });
        }
    }
    if kept.is_empty() {
        let listed = bundled_list(Catalogue::bundled(), &shop.region);
        let names = listed.iter().filter(|listed| listed.core).map(|listed| listed.name.to_string()).collect();
        lists.push(List { route: String::new(), names });
    }
    let mut gone: Vec<Gone> = kept
        .iter()
        .flat_map(|entry| &entry.list.gone)
        .map(|gone| Gone { name: gone.name.clone(), since: list::short(gone.since, &zone) })
        .collect();
    gone.sort_by(|a, b| a.name.cmp(&b.name));
    gone.dedup_by(|a, b| a.name == b.name);
    let maps = Maps::read(app, shop, false).await?;
    let lost = lost_mappings(shop, &maps, &kept)
        .into_iter()
        .map(|lost| match lost.gone_since {
            Some(since) => format!(
                "{} means {}, which left the list by {}.",
                lost.store_carrier,
                lost.tiktok_carrier,
                list::short(since, &zone)
            ),
            None => format!("{} means {}, which is not on the list.", lost.store_carrier, lost.tiktok_carrier),
        })
        .collect();
    Ok(ShopLists {
        id: shop.id.to_string(),
        name: shop.name.clone(),
        region: shop.region.to_string(),
        words,
        live: !kept.is_empty(),
        lists,
        gone,
        lost,
    })
}

/// `POST /carriers`: reads a shop's list from TikTok now.
pub(super) async fn act(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let id = visit.form.get("shop").unwrap_or_default();
    let Some(shop) = super::own_shop(visit, member, id).await? else { return Ok(answer::missing(visit.app)) };
    let said = match refresh(visit.app, &shop).await {
        Ok(done) => {
            let (new, gone) = (done.change.added.len(), done.change.removed.len());
            let said = format!("{new} new, {gone} gone, {} tracking numbers queued again", done.queued);
            acts::carriers_read(visit.app, &visit.actor(member), &shop, &said).await?;
            format!("{}: read from TikTok just now. {said}.", shop.name)
        }
        Err(RefreshError::List(ListError::Table(error))) => return Err(error),
        Err(error) => {
            tracing::warn!(shop.id = %shop.id, error = &error as &dyn std::error::Error, "carrier list not read");
            format!(
                "{}: TikTok did not give its list just now. The one below still counts; try again in a minute.",
                shop.name
            )
        }
    };
    shown(visit, member, Some(said)).await
}
