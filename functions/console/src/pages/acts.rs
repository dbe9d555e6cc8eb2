//! What a button beside a parcel or an order does. Whatever is not the member's is not there; what cannot be done is said
//! in words, and nothing is changed then.

use super::acts_forms::address;
use super::order::{Asked, asked};
use crate::answer;
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use waybill::domain::connection::Shop;
use waybill::domain::ids::{StoreId, TikTokOrderId};
use waybill::domain::parcel::{Parcel, Phase};
use waybill::domain::reason::Reason;
use waybill::domain::tracking::TrackingNumber;
use waybill::flows::acts::{self, Act, Actor, ChooseError, Effect};
use waybill::flows::carriers::map::MapError;
use waybill::flows::views::order::Meant;
use waybill::table::error::TableError;
use waybill::table::keys;
use waybill::table::maps::MapScope;
use waybill::table::orders::Known;
use waybill::web::form::of_path_part;

/// Characters of any field; the acts have narrower limits of their own.
const LONGEST: usize = 500;
/// Items that one parcel may be given at once.
const MOST_LINES: usize = 200;

/// An act's outcome in words; `Err`: nothing was changed.
type Said = Result<String, String>;

/// `POST /orders/{id}`.
pub(super) async fn press(visit: &Visit<'_>, member: &Member, id: &str) -> Result<Response<Body>, TableError> {
    let name = of_path_part(id).trim().to_owned();
    let word = visit.form.get("do").unwrap_or_default();
    // A row says by itself which one is meant; it must be one of the order's that the address names.
    let parcel = match named(visit, member).await? {
        Named::Parcel(parcel) if acts::is_meant(&parcel, &name) => Some(*parcel),
        Named::Parcel(_) | Named::Foreign => return Ok(answer::missing(visit.app)),
        Named::None => None,
    };
    let (meant, shops) = match &parcel {
        Some(_) => (Meant::default(), super::shops::shops(visit, member).await?),
        None => match asked(visit, member, id).await? {
            Some(Asked { meant, shops, .. }) => (meant, shops),
            None => return Ok(answer::missing(visit.app)),
        },
    };
    let actor = visit.actor(member);
    let said = match (word, parcel) {
        ("note" | "evidence", None) => added(visit, &actor, &meant.orders, word == "evidence").await?,
        ("dismiss" | "confirm", None) => of_order(visit, &actor, &meant.orders, &meant.parcels, word).await?,
        ("retry", None) => {
            let asking: Vec<Parcel> = meant.parcels.into_iter().filter(asks).collect();
            settled(visit, &actor, &Act::Retry, &asking).await?
        }
        (_, None) => Err("Say which parcel is meant: press the button beside it.".to_owned()),
        ("fields", Some(parcel)) => fields_again(visit, &actor, &shops, &parcel).await?,
        ("map", Some(parcel)) => map(visit, &actor, &shops, &parcel).await?,
        ("correct", Some(parcel)) => correct(visit, &actor, &parcel).await?,
        (word, Some(parcel)) => match act_of(visit, word, &parcel).await? {
            Ok(act) => settled(visit, &actor, &act, &[parcel]).await?,
            Err(why) => Err(why),
        },
    };
    let words = said.unwrap_or_else(|why| format!("Nothing was changed: {why}"));
    Ok(visit.go_on(&back(visit, &address(&name)), &words))
}

/// Whether something is to be done about it.
pub(super) fn asks(parcel: &Parcel) -> bool {
    parcel.listed || matches!(parcel.state.phase(), Phase::Open | Phase::Waiting)
}

/// Where the answer leads: a page of ours, as the form says.
fn back(visit: &Visit<'_>, otherwise: &str) -> String {
    let back = visit.form.get("back").unwrap_or_default();
    let path = back.split('?').next().unwrap_or_default();
    let ours = path == "/attention" || path.strip_prefix("/orders/").is_some_and(|rest| !rest.is_empty());
    let plain = back.len() <= 700 && back.bytes().all(|byte| byte.is_ascii_graphic()) && !back.contains('\\');
    if ours && plain { back.to_owned() } else { otherwise.to_owned() }
}

enum Named {
    None,
    Foreign,
    Parcel(Box<Parcel>),
}

/// The parcel that the form names by its row.
async fn named(visit: &Visit<'_>, member: &Member) -> Result<Named, TableError> {
    let (Some(store), Some(row)) = (visit.form.get("store"), visit.form.get("row")) else { return Ok(Named::None) };
    let Ok(store) = StoreId::parse(store) else { return Ok(Named::Foreign) };
    let known = visit.app.table.store_get(&store, false).await?;
    let Some(key) = keys::named_parcel(&store, row).filter(|_| row.len() <= LONGEST * 2) else {
        return Ok(Named::Foreign);
    };
    if known.is_none_or(|known| known.row.account != member.account) {
        return Ok(Named::Foreign);
    }
    let parcel = visit.app.table.parcel_get(&key).await?;
    Ok(parcel.map_or(Named::Foreign, |parcel| Named::Parcel(Box::new(parcel))))
}

fn field(visit: &Visit<'_>, name: &str) -> String {
    visit.form.get(name).unwrap_or_default().trim().chars().take(LONGEST).collect()
}

/// A note that is asked for.
fn note(visit: &Visit<'_>, evidence: bool) -> Result<String, String> {
    let text = visit.form.get(if evidence { "evidence" } else { "note" }).unwrap_or_default();
    acts::checked_note(text, evidence).map_err(|problem| format!("{problem}."))
}

/// What the word and the fields ask for.
async fn act_of(visit: &Visit<'_>, word: &str, parcel: &Parcel) -> Result<Result<Act, String>, TableError> {
    Ok(match word {
        "retry" => Ok(Act::Retry),
        "confirm" => Ok(Act::Confirm),
        "dismiss" => note(visit, false).map(|note| Act::Dismiss { note }),
        "hold" => note(visit, false).map(|note| Act::Hold { note }),
        "release" => Ok(Act::Release),
        "link" => TikTokOrderId::parse(field(visit, "order"))
            .map(|order| Act::Link { order })
            .map_err(|error| format!("{error}. TikTok's order ids are numbers, as Seller Center shows them.")),
        "choose" => {
            let written = field(visit, "lines");
            let words = visit.form.all("line").map(str::to_owned);
            let words = words.chain(written.split_whitespace().map(str::to_owned));
            let words: Vec<String> = words.filter(|word| !word.is_empty()).take(MOST_LINES + 1).collect();
            if words.is_empty() || words.len() > MOST_LINES {
                return Ok(Err(format!("choose between 1 and {MOST_LINES} items.")));
            }
            match acts::choose(visit.app, parcel, &words).await {
                Ok(lines) => Ok(Act::Choose { lines }),
                Err(ChooseError::Table(error)) => return Err(error),
                Err(error) => Err(format!("{error}.")),
            }
        }
        _ => Err("this button is not known.".to_owned()),
    })
}

/// Custom fields that were given up are tried again.
async fn fields_again(visit: &Visit<'_>, actor: &Actor, shops: &[Shop], parcel: &Parcel) -> Result<Said, TableError> {
    let Some(shop) = shops.iter().find(|shop| shop.id == parcel.shop) else {
        return Ok(Err("the parcel's shop is not connected.".to_owned()));
    };
    let of_order = Some((&parcel.store, &parcel.order));
    Ok(match acts::retry_fields(visit.app, actor, shop, of_order).await? {
        0 => Err("no custom fields of this order were given up.".to_owned()),
        _ => Ok("The custom fields are tried again within five minutes.".to_owned()),
    })
}

/// Does an act, and says what it did.
async fn settled(visit: &Visit<'_>, actor: &Actor, act: &Act, parcels: &[Parcel]) -> Result<Said, TableError> {
    let effects = acts::settle(visit.app, actor, act, parcels, false).await?;
    Ok(told(&effects))
}

fn told(effects: &[Effect]) -> Said {
    let one = |effect: &Effect| {
        let what = effect.number.as_ref().map(|number| number.as_str().to_owned());
        let what = what.or_else(|| effect.tiktok_order.as_ref().map(|order| format!("Order {order}")));
        format!("{}: {}.", what.unwrap_or_else(|| "The shipment".to_owned()), effect.said)
    };
    let (done, not): (Vec<&Effect>, Vec<&Effect>) = effects.iter().partition(|effect| effect.done);
    match (done.len(), not.first()) {
        (0, None) => Err("nothing of this order waits.".to_owned()),
        (0, Some(first)) => Err(one(first)),
        (_, None) => Ok(done.iter().map(|effect| one(effect)).collect::<Vec<_>>().join(" ")),
        (_, Some(_)) => {
            let words = done.iter().map(|effect| one(effect)).collect::<Vec<_>>().join(" ");
            Ok(format!("{words} As they were: {}.", not.len()))
        }
    }
}

/// Settles an order that stands on the list by itself; where nothing is listed so, its parcels.
async fn of_order(
    visit: &Visit<'_>,
    actor: &Actor,
    orders: &[(Shop, Known)],
    parcels: &[Parcel],
    word: &str,
) -> Result<Said, TableError> {
    let note = match note(visit, false) {
        Ok(note) => note,
        Err(_) if word == "confirm" => String::new(),
        Err(why) => return Ok(Err(why)),
    };
    let listed = orders.iter().filter(|(_, known)| known.row.attention.is_some());
    let mut effects = Vec::new();
    for (shop, known) in listed {
        effects.push(if word == "dismiss" {
            acts::dismiss_order(visit.app, actor, shop, known, &note, false).await?
        } else {
            acts::same_parcel(visit.app, actor, shop, known, false).await?
        });
    }
    if effects.is_empty() {
        let asking: Vec<Parcel> = parcels.iter().filter(|parcel| asks(parcel)).cloned().collect();
        let act = if word == "dismiss" { Act::Dismiss { note } } else { Act::Confirm };
        return settled(visit, actor, &act, &asking).await;
    }
    Ok(told(&effects))
}

async fn added(visit: &Visit<'_>, actor: &Actor, orders: &[(Shop, Known)], evidence: bool) -> Result<Said, TableError> {
    let text = match note(visit, evidence) {
        Ok(text) => text,
        Err(why) => return Ok(Err(why)),
    };
    if orders.is_empty() {
        return Ok(Err("no TikTok order is known for it yet; link it first.".to_owned()));
    }
    for (shop, known) in orders {
        acts::add_note(visit.app, actor, shop, &known.row.order, &text, evidence).await?;
    }
    let what = if evidence { "Evidence" } else { "Note" };
    Ok(Ok(format!("{what} added; it is kept with the order.")))
}

async fn map(visit: &Visit<'_>, actor: &Actor, shops: &[Shop], parcel: &Parcel) -> Result<Said, TableError> {
    let Some(shop) = shops.iter().find(|shop| shop.id == parcel.shop) else {
        return Ok(Err(Reason::ShopGone.remedy().to_owned()));
    };
    let (words, carrier) = (parcel.carrier.clone().unwrap_or_default(), field(visit, "provider"));
    let scope = MapScope::Shop(shop.id.clone());
    match acts::map(visit.app, actor, &shop.account, &scope, &words, &carrier).await {
        Ok(queued) => {
            let name = if words.trim().is_empty() { "A parcel without a carrier name" } else { words.trim() };
            Ok(Ok(format!("Saved: {name} means {carrier}. Tracking numbers queued: {queued}.")))
        }
        Err(MapError::Table(error)) => Err(error),
        Err(error) => Ok(Err(format!("{error}."))),
    }
}

async fn correct(visit: &Visit<'_>, actor: &Actor, parcel: &Parcel) -> Result<Said, TableError> {
    let (number, carrier) = (field(visit, "number"), field(visit, "carrier"));
    let number = match (!number.is_empty()).then(|| TrackingNumber::parse(&number)).transpose() {
        Ok(number) => number,
        Err(error) => return Ok(Err(format!("{error}."))),
    };
    if carrier.chars().count() > 200 {
        return Ok(Err("a carrier's name has at most 200 characters.".to_owned()));
    }
    Ok(match acts::correct(visit.app, actor, parcel, number.as_ref(), Some(&carrier), false).await? {
        Ok(effect) => told(&[effect]),
        Err(error) => Err(format!("{error}.")),
    })
}
