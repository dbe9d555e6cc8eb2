//! A shop's carrier mappings for other shops: what will change is shown first.

use super::accounts::{Place, places};
use crate::answer;
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use waybill::domain::connection::Shop;
use waybill::domain::people::Role;
use waybill::flows::acts::{self, Copying, Fate};
use waybill::flows::carriers::map::MapError;
use waybill::table::error::TableError;
use waybill::web::form::Fields;

/// Entries of one shop that are shown; the counts above them are whole.
const ROWS: usize = 40;
/// Shops that are copied to at once.
const MOST: usize = 50;

#[derive(Serialize)]
struct Choice {
    id: String,
    words: String,
    chosen: bool,
}

#[derive(Serialize)]
struct Line {
    name: String,
    means: String,
    there: Option<String>,
    words: &'static str,
    copied: bool,
}

#[derive(Serialize)]
struct Target {
    shop: String,
    copied: usize,
    stay: usize,
    lines: Vec<Line>,
    rest: usize,
}

/// What the form chose: the shop to copy from, those to copy to. `None`: one of them is not this person's to choose.
struct Chosen<'a> {
    from: Option<&'a Shop>,
    to: Vec<&'a Shop>,
}

fn chosen<'a>(places: &'a [Place], fields: &Fields) -> Option<Chosen<'a>> {
    let all = |least: Role| places.iter().filter(move |place| place.role >= least).flat_map(|place| &place.shops);
    let from = match fields.get("from").filter(|id| !id.is_empty()) {
        Some(id) => Some(all(Role::Reader).find(|shop| shop.id.as_str() == id)?),
        None => None,
    };
    let mut to: Vec<&Shop> = Vec::new();
    for id in fields.all("to").take(MOST) {
        let shop = all(Role::Operator).find(|shop| shop.id.as_str() == id)?;
        if from.is_none_or(|from| from.id != shop.id) && !to.iter().any(|known| known.id == shop.id) {
            to.push(shop);
        }
    }
    Some(Chosen { from, to })
}

/// `GET /mapping/copy`.
pub(super) async fn page(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let places = places(visit, member).await?;
    let Some(chosen) = chosen(&places, &visit.query) else { return Ok(answer::missing(visit.app)) };
    shown(visit, member, &places, &chosen, None, None).await
}

async fn shown(
    visit: &Visit<'_>,
    member: &Member,
    places: &[Place],
    chosen: &Chosen<'_>,
    said: Option<String>,
    fault: Option<String>,
) -> Result<Response<Body>, TableError> {
    let name = |shop: &Shop, place: &Place| match places.len() {
        0 | 1 => format!("{} ({})", shop.name, shop.region),
        _ => format!("{} ({}), {}", shop.name, shop.region, place.name),
    };
    let choices = |least: Role, is: &dyn Fn(&Shop) -> bool| -> Vec<Choice> {
        let able = places.iter().filter(|place| place.role >= least);
        able.flat_map(|place| place.shops.iter().map(move |shop| (place, shop)))
            .map(|(place, shop)| Choice { id: shop.id.to_string(), words: name(shop, place), chosen: is(shop) })
            .collect()
    };
    let from = choices(Role::Reader, &|shop| chosen.from.is_some_and(|from| from.id == shop.id));
    let mut to = choices(Role::Operator, &|shop| chosen.to.iter().any(|to| to.id == shop.id));
    to.retain(|choice| chosen.from.is_none_or(|from| from.id.as_str() != choice.id));
    let mut targets = Vec::new();
    if let Some(from) = chosen.from {
        for to in &chosen.to {
            targets.push(target(to, acts::plan_copy(visit.app, from, to).await?));
        }
    }
    let new: usize = targets.iter().map(|target| target.copied).sum();
    let status = if fault.is_some() { 422 } else { 200 };
    let values = context! {
        from, to, targets, new, said, fault, any => places.iter().map(|place| place.shops.len()).sum::<usize>() > 1,
        ..member.frame("mapping")
    };
    Ok(answer::page(visit.app, status, "copy_maps.html", values))
}

fn target(shop: &Shop, plan: Vec<Copying>) -> Target {
    let copied = plan.iter().filter(|one| one.fate == Fate::Copied).count();
    let (stay, rest) = (plan.len() - copied, plan.len().saturating_sub(ROWS));
    let mut plan = plan;
    // What changes, then what somebody may have to look at, then what is the same.
    plan.sort_by_key(|one| match one.fate {
        Fate::Copied => 0,
        Fate::NotListed => 1,
        Fate::Kept => 2,
        Fate::Same => 3,
    });
    let line = |one: Copying| Line {
        name: one.store_carrier,
        means: one.tiktok_carrier,
        there: one.there,
        words: one.fate.words(),
        copied: one.fate == Fate::Copied,
    };
    Target { shop: shop.name.clone(), copied, stay, lines: plan.into_iter().take(ROWS).map(line).collect(), rest }
}

/// `POST /mapping/copy`.
pub(super) async fn act(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let places = places(visit, member).await?;
    let Some(chosen) = chosen(&places, &visit.form) else { return Ok(answer::missing(visit.app)) };
    let (Some(from), false) = (chosen.from, chosen.to.is_empty()) else {
        let fault = "Nothing was copied: choose a shop to copy from and at least one to copy to.".to_owned();
        return shown(visit, member, &places, &chosen, None, Some(fault)).await;
    };
    let actor = visit.actor(member);
    let (mut said, mut fault) = (Vec::new(), Vec::new());
    for to in &chosen.to {
        match acts::copy_maps(visit.app, &actor, from, to).await {
            Ok(done) => said.push(format!("{}: {} copied, {} queued", to.name, done.copied(), done.queued)),
            Err(MapError::Table(error)) => return Err(error),
            Err(error) => fault.push(format!("{}: nothing was copied, {error}", to.name)),
        }
    }
    let words = |all: Vec<String>| (!all.is_empty()).then(|| format!("{}.", all.join("; ")));
    shown(visit, member, &places, &chosen, words(said), words(fault)).await
}
