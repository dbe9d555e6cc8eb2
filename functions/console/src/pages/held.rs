//! What of a shop waits for a hand: each parcel with its reason, and carriers without a match with the shop's own list
//! to choose from.

use crate::visit::{Member, Visit};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use waybill::domain::connection::Shop;
use waybill::domain::reason::{Auto, Reason};
use waybill::flows::carriers::map::{self as map_carrier, MapError};
use waybill::flows::tell::held::guesses;
use waybill::mail::zone;
use waybill::table::error::TableError;
use waybill::table::maps::MapScope;

/// Rows on a page; more are counted above them.
const MOST: usize = 50;
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
    tiktok: Option<String>,
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
    unmatched: Vec<Unmatched>,
    carriers: Vec<String>,
}

pub(super) async fn of(visit: &Visit<'_>, shop: &Shop) -> Result<Held, TableError> {
    let (app, zone) = (visit.app, zone::of(shop));
    let mut entries = app.table.held_reasons(&shop.id).await?;
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.since));
    let mut held = Held::default();
    let mut names: BTreeMap<String, (waybill::domain::parcel::Parcel, usize)> = BTreeMap::new();
    for entry in entries.iter().take(MOST * 4) {
        let Some(parcel) = app.table.parcel_get(&entry.key).await?.filter(|parcel| parcel.due.is_none()) else {
            continue;
        };
        if held.rows.len() < MOST {
            held.rows.push(row(&parcel, entry.reason, entry.since, &zone));
        }
        if entry.reason.auto() == Auto::OnMapping
            && let Some(carrier) = parcel.carrier.clone()
        {
            names.entry(carrier).or_insert((parcel, 0)).1 += 1;
        }
    }
    for (name, (sample, count)) in names {
        // Without guesses the list alone has to do.
        let guessed = guesses(app, shop, &sample).await.unwrap_or_default();
        let guesses = guessed.into_iter().take(3).map(|(name, why)| Guess { name, why }).collect();
        held.unmatched.push(Unmatched { name, count, guesses });
    }
    if !held.unmatched.is_empty()
        && let Some(list) = app.table.providers_latest(&shop.id).await?
    {
        held.carriers = list.providers.into_iter().map(|provider| provider.name).take(CARRIERS).collect();
        held.carriers.sort_by_key(|name| name.to_lowercase());
    }
    Ok(held)
}

fn row(
    parcel: &waybill::domain::parcel::Parcel,
    reason: Reason,
    since: Timestamp,
    zone: &jiff::tz::TimeZone,
) -> HeldRow {
    let answer = parcel.answer.as_ref().filter(|answer| answer.code != 0);
    HeldRow {
        order: parcel.order_name.clone().unwrap_or_else(|| parcel.order.to_string()),
        number: parcel.number.as_ref().map_or_else(|| "no number".to_owned(), |number| number.as_str().to_owned()),
        carrier: parcel.carrier.clone().unwrap_or_else(|| "no carrier".to_owned()),
        sentence: reason.sentence(),
        remedy: reason.remedy(),
        tiktok: answer.map(|answer| format!("{} {}", answer.code, answer.message)),
        since: zone::moment(since, zone),
    }
}

/// Saves what a carrier of the store means for this shop. Gives what the page says then.
pub(super) async fn map(visit: &Visit<'_>, member: &Member, shop: &Shop) -> Result<String, TableError> {
    let field = |name: &str| visit.form.get(name).unwrap_or_default().chars().take(200).collect::<String>();
    let (words, carrier) = (field("carrier"), field("provider"));
    if words.trim().is_empty() {
        return Ok("Nothing was saved: the form was not whole.".to_owned());
    }
    let scope = MapScope::Shop(shop.id.clone());
    match map_carrier::set(visit.app, &scope, &words, &carrier, member.account.as_str()).await {
        Ok(queued) => Ok(format!("Saved: {words} means {carrier}. Trackings that go out now: {queued}.")),
        Err(MapError::Table(error)) => Err(error),
        Err(error) => Ok(format!("Nothing was saved: {error}.")),
    }
}
