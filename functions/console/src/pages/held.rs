//! What of a shop waits for a hand: each parcel with its reason, and carriers without a match with the shop's own list
//! to choose from.

use crate::visit::{Member, Visit};
use serde::Serialize;
use waybill::domain::connection::Shop;
use waybill::flows::acts;
use waybill::flows::carriers::map::MapError;
use waybill::flows::tell::held::guesses;
use waybill::flows::views::attention::{self, Attention, Counts, Held as HeldParcel};
use waybill::mail::zone;
use waybill::table::error::TableError;
use waybill::table::maps::MapScope;

/// Rows on a page; all are counted above them.
const MOST: usize = 20;
/// Parcels that are read for the names of their carriers: what the page may cost.
const NAMED: usize = 300;
/// A shop has a few hundred carriers at most.
const CARRIERS: usize = 1000;

/// One parcel that waits.
#[derive(Debug, Serialize)]
pub(super) struct HeldRow {
    order: String,
    number: String,
    carrier: String,
    sentence: &'static str,
    remedy: &'static str,
    detail: Option<String>,
    since: String,
}

/// A carrier of the store that means nothing to the shop yet.
#[derive(Debug, Serialize)]
pub(super) struct Unmatched {
    name: String,
    count: usize,
    guesses: Vec<Guess>,
}

#[derive(Debug, Serialize)]
struct Guess {
    name: String,
    why: String,
}

/// Everything about a shop's attention list that its page shows.
#[derive(Debug, Default, Serialize)]
pub(super) struct Held {
    rows: Vec<HeldRow>,
    /// Said when there are more than are shown.
    rest: Option<String>,
    unmatched: Vec<Unmatched>,
    /// More parcels ask for a carrier than were read for their names.
    more: bool,
    carriers: Vec<String>,
}

pub(super) async fn of(
    visit: &Visit<'_>,
    shop: &Shop,
    attention: &Attention,
    counts: &Counts,
) -> Result<Held, TableError> {
    let (app, zone) = (visit.app, zone::of(shop));
    let rows: Vec<HeldRow> = attention.rows(app, MOST).await?.iter().map(|held| row(held, &zone)).collect();
    let mut held = Held { rest: attention::rest(rows.len(), counts), rows, ..Held::default() };
    let (names, all) = attention.names_within(app, NAMED).await?;
    held.more = !all;
    for open in names {
        // Without guesses the list alone has to do.
        let guessed = guesses(app, shop, &open.sample).await.unwrap_or_default();
        let guesses = guessed.into_iter().take(3).map(|(name, why)| Guess { name, why }).collect();
        held.unmatched.push(Unmatched { name: open.name, count: open.waiting, guesses });
    }
    if !held.unmatched.is_empty()
        && let Some(list) = app.table.providers_latest(&shop.id).await?
    {
        held.carriers = list.providers.into_iter().map(|provider| provider.name).take(CARRIERS).collect();
        held.carriers.sort_by_key(|name| name.to_lowercase());
    }
    Ok(held)
}

fn row(held: &HeldParcel, zone: &jiff::tz::TimeZone) -> HeldRow {
    let HeldParcel { parcel, reason, since } = held;
    HeldRow {
        order: parcel.order_name.clone().unwrap_or_else(|| parcel.order.to_string()),
        number: parcel.number.as_ref().map_or_else(|| "no number".to_owned(), |number| number.as_str().to_owned()),
        carrier: parcel.carrier.clone().unwrap_or_else(|| "no carrier".to_owned()),
        sentence: reason.sentence(),
        remedy: reason.remedy(),
        detail: attention::detail(parcel),
        since: zone::moment(*since, zone),
    }
}

/// Saves what a carrier of the store means for this shop. Gives what the page says then.
pub(super) async fn map(visit: &Visit<'_>, member: &Member, shop: &Shop) -> Result<String, TableError> {
    let field = |name: &str| visit.form.get(name).unwrap_or_default().chars().take(200).collect::<String>();
    let (words, carrier) = (field("carrier"), field("provider"));
    if visit.form.get("carrier").is_none() {
        return Ok("Nothing was saved: the form is incomplete.".to_owned());
    }
    let scope = MapScope::Shop(shop.id.clone());
    let actor = visit.actor(member);
    match acts::map(visit.app, &actor, &member.account, &scope, &words, &carrier).await {
        Ok(queued) => {
            let name = if words.trim().is_empty() { "a parcel without a carrier name" } else { &words };
            Ok(format!("Saved: {name} means {carrier}. Tracking numbers queued: {queued}."))
        }
        Err(MapError::Table(error)) => Err(error),
        Err(error) => Ok(format!("Nothing was saved: {error}.")),
    }
}
