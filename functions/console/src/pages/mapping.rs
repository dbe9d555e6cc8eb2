//! What the stores' carrier names mean: seen names, both levels, a test, and the way back.

use super::list::{self, Choice, Links, ROWS};
use crate::answer;
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use waybill::carriers::{Action, Catalogue, identify_in_shop};
use waybill::domain::connection::Shop;
use waybill::domain::ids::ShopId;
use waybill::flows::acts;
use waybill::flows::carriers::lists::list_words;
use waybill::flows::carriers::map::MapError;
use waybill::flows::carriers::match_parcel::{Maps, question, recognised};
use waybill::flows::views::mapping::{self, HEAD, MapRow};
use waybill::flows::views::rows::{Part, cells};
use waybill::table::error::TableError;
use waybill::table::maps::MapScope;

/// Signs of the longest name that a form may carry.
const LONGEST: usize = 200;
/// A shop has a few hundred carriers at most.
const CARRIERS: usize = 1_000;

#[derive(Serialize)]
struct Row {
    name: String,
    shop: String,
    shop_id: String,
    scope: &'static str,
    means: Option<String>,
    verdict: &'static str,
    suggestion: Option<String>,
    why: Option<String>,
    count: u64,
    waiting: u64,
    seen: String,
    saved: String,
}

impl Row {
    fn of(row: MapRow, shops: &list::Shops) -> Self {
        let zone = shops.zone(&row.shop);
        let by = row.author.as_deref().map(|author| format!(" by {author}")).unwrap_or_default();
        Self {
            shop: shops.name(&row.shop).to_owned(),
            shop_id: row.shop,
            name: row.store_carrier,
            scope: row.scope,
            means: row.tiktok_carrier,
            verdict: match row.verdict {
                "open" => "needs a match",
                "gone" => "its carrier left the list",
                "recognised" => "known by itself",
                other => other,
            },
            suggestion: row.suggestion,
            why: row.why,
            count: row.count,
            waiting: row.waiting,
            seen: row.last_seen.map(|at| list::short(at, &zone)).unwrap_or_default(),
            saved: row.saved.map(|at| format!("{}{by}", list::short(at, &zone))).unwrap_or_default(),
        }
    }
}

/// What a test of one name came to.
#[derive(Serialize)]
struct Tested {
    name: String,
    number: String,
    said: String,
    tone: &'static str,
}

/// `GET /mapping`.
pub(super) async fn page(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    shown(visit, member, None, None).await
}

async fn shown(
    visit: &Visit<'_>,
    member: &Member,
    said: Option<String>,
    fault: Option<String>,
) -> Result<Response<Body>, TableError> {
    let Some(shops) = list::shops(visit, member).await? else { return Ok(answer::missing(visit.app)) };
    let rows = mapping::rows(visit.app, &shops.asked).await?;
    let part = Part::of(rows, visit.query.get("after"), ROWS);
    let links: Links = list::links(visit, "/mapping", &[("shop", shops.chosen.as_str())], part.next.as_deref());
    let rows: Vec<Row> = part.rows.into_iter().map(|row| Row::of(row, &shops)).collect();
    let mut carriers = Vec::new();
    for shop in &shops.asked {
        let list = visit.app.table.providers_latest(&shop.id).await?;
        let names = list.into_iter().flat_map(|list| list.providers).map(|provider| provider.name);
        carriers.extend(names.take(CARRIERS));
    }
    carriers.sort_by_key(|name| name.to_lowercase());
    carriers.dedup();
    let tested = match shops.asked.first() {
        Some(shop) => tested(visit, shop).await?,
        None => None,
    };
    let places: Vec<Choice> = std::iter::once(Choice::new("", "All shops of the account", &shops.chosen))
        .chain(shops.all.iter().map(|shop| Choice::new(shop.id.as_str(), &shop.name, &shops.chosen)))
        .collect();
    let status = if fault.is_some() { 422 } else { 200 };
    let values = context! {
        rows, links, carriers, said, fault, tested, places, shops => shops.choices(), chosen => shops.chosen,
        any => !shops.all.is_empty(), ..member.frame("mapping")
    };
    Ok(answer::page(visit.app, status, "mapping.html", values))
}

/// `?test=` with `&number=`: what a push of that shop would do, without doing it.
async fn tested(visit: &Visit<'_>, shop: &Shop) -> Result<Option<Tested>, TableError> {
    let field = |name: &str| visit.query.get(name).unwrap_or_default().trim().chars().take(LONGEST).collect::<String>();
    let (name, number) = (field("test"), field("number"));
    if visit.query.get("test").is_none() {
        return Ok(None);
    }
    let maps = Maps::read(visit.app, shop, false).await?;
    let Some(list) = visit.app.table.providers_latest(&shop.id).await? else {
        let said = list_words(shop, None, visit.app.clock.now());
        let said = format!("Nothing can be said yet: this shop has {said}. Refresh it on the page Carriers.");
        return Ok(Some(Tested { name, number, said, tone: "soon" }));
    };
    let live = recognised(shop, &list);
    let words = Some(name.as_str()).filter(|name| !name.is_empty());
    if number.is_empty() {
        let (said, tone) = match maps.choice(&name) {
            Some(choice) => (format!("It means {choice}, as somebody saved."), ""),
            None if live.knows(&name, None) => ("It is known by itself: nobody has to map it.".to_owned(), ""),
            None => match live.suggest(words, None).first() {
                Some(likely) => (format!("It waits for a match. Likely: {} ({}).", likely.name, likely.why), "soon"),
                None => ("It waits for a match, and no carrier of the list is alike.".to_owned(), "soon"),
            },
        };
        return Ok(Some(Tested { name, number, said, tone }));
    }
    let line = identify_in_shop(Catalogue::bundled(), &live, &question(&number, words, &maps, shop, false));
    let (verdict, tone) = match line.verdict {
        Action::Push => ("It would be sent", ""),
        Action::Warn => ("It would be sent, with a warning", "soon"),
        Action::Hold => ("It would be held", "now"),
    };
    let code = line.reason.map(|reason| format!(" ({})", reason.code())).unwrap_or_default();
    Ok(Some(Tested { name, number, said: format!("{verdict}{code}: {}", line.why), tone }))
}

/// `POST /mapping`: saves one, or takes one away.
pub(super) async fn act(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let field = |name: &str| visit.form.get(name).map(|text| text.chars().take(LONGEST + 1).collect::<String>());
    let scope = match field("shop").unwrap_or_default().as_str() {
        "" => MapScope::Account(member.account.clone()),
        id => match super::own_shop(visit, member, id).await? {
            Some(shop) => MapScope::Shop(ShopId::clone(&shop.id)),
            None => return Ok(answer::missing(visit.app)),
        },
    };
    let Some(words) = field("carrier") else {
        return shown(visit, member, None, Some("Nothing was saved: the form is incomplete.".into())).await;
    };
    let actor = visit.actor(member);
    let name = if words.trim().is_empty() { "A parcel without a carrier name".to_owned() } else { words.clone() };
    let (app, account) = (visit.app, &member.account);
    let done = match visit.form.get("do") {
        Some("remove") => acts::unmap(app, &actor, account, &scope, &words).await.map(|()| {
            format!("{name} is not mapped any more. Parcels that were sent stay as they are; new ones ask again.")
        }),
        _ => {
            let carrier = field("provider").unwrap_or_default();
            let queued = acts::map(app, &actor, account, &scope, &words, &carrier).await;
            queued.map(|n| format!("Saved: {name} means {carrier}. Tracking numbers queued: {n}."))
        }
    };
    match done {
        Ok(said) => shown(visit, member, Some(said), None).await,
        Err(MapError::Table(error)) => Err(error),
        Err(error) => shown(visit, member, None, Some(format!("Nothing was changed: {error}."))).await,
    }
}

/// `GET /mapping.csv`.
pub(super) async fn csv(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let Some(shops) = list::shops(visit, member).await? else { return Ok(answer::missing(visit.app)) };
    let rows = mapping::rows(visit.app, &shops.asked).await?;
    Ok(answer::csv("mapping", &HEAD, rows.iter().map(|row| cells(row, &HEAD))))
}
