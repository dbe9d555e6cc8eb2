//! Mails about parcels that need a hand: a carrier without a match (7), numbers that TikTok refused (8).

use crate::app::App;
use crate::carriers::{Catalogue, LiveList, Provider};
use crate::domain::connection::Shop;
use crate::domain::parcel::Parcel;
use crate::domain::reason::{Auto, Reason};
use crate::domain::tracking::TrackingNumber;
use crate::flows::carriers::match_parcel::folded;
use crate::flows::tell::links;
use crate::flows::tell::{TellError, Told, tell};
use crate::mail::letters::{self, Refusal};
use crate::mail::zone;
use crate::table::mails::MailStep;
use crate::table::parcels::HeldEntry;
use std::collections::BTreeMap;

/// Rows read for one shop's mails; a longer list says "and more" by its count.
const MOST: usize = 200;

/// Tells a shop's people about its attention list: each new carrier at once and then daily, refusals since the last
/// look. Returns how many mails went out.
///
/// # Errors
/// [`TellError`].
pub async fn run(app: &App, shop: &Shop) -> Result<u64, TellError> {
    let held = app.table.held_reasons(&shop.id).await?;
    Ok(carriers(app, shop, &held).await? + refusals(app, shop, &held).await?)
}

async fn read(app: &App, entries: impl Iterator<Item = &HeldEntry>) -> Result<Vec<Parcel>, TellError> {
    let mut parcels = Vec::new();
    for entry in entries.take(MOST) {
        parcels.extend(app.table.parcel_get(&entry.key).await?.filter(|parcel| parcel.listed));
    }
    Ok(parcels)
}

async fn carriers(app: &App, shop: &Shop, held: &[HeldEntry]) -> Result<u64, TellError> {
    let unmatched =
        held.iter().filter(|entry| entry.reason.auto() == Auto::OnMapping && entry.reason != Reason::CarrierMissing);
    let mut by_name: BTreeMap<String, (Parcel, u64)> = BTreeMap::new();
    for parcel in read(app, unmatched).await? {
        let Some(carrier) = &parcel.carrier else { continue };
        by_name.entry(folded(carrier)).or_insert((parcel, 0)).1 += 1;
    }
    let today = zone::date(app.clock.now(), &zone::of(shop));
    let mut sent = 0;
    for (folded, (sample, orders)) in by_name {
        let carrier = sample.carrier.clone().unwrap_or_default();
        let step = MailStep { shop: shop.id.clone(), kind: "7", cycle: folded, step: today.clone() };
        let url = links::page(app, &format!("/shops/{}", shop.id));
        let told = tell(app, shop, step, async || {
            let guesses = guesses(app, shop, &sample).await?;
            Ok(letters::new_carrier(shop, &carrier, orders, &guesses, &url))
        });
        sent += u64::from(told.await? == Told::Sent);
    }
    Ok(sent)
}

/// The likeliest carriers of the shop's list, each with what speaks for it.
///
/// # Errors
/// [`TellError::Table`].
pub async fn guesses(app: &App, shop: &Shop, sample: &Parcel) -> Result<Vec<(String, String)>, TellError> {
    let list = app.table.providers_latest(&shop.id).await?.map(|list| list.providers).unwrap_or_default();
    let live: Vec<Provider> = list.into_iter().map(|p| Provider { id: p.id, name: p.name }).collect();
    let number = sample.number.as_ref().map(TrackingNumber::as_str);
    let found = LiveList::new(Catalogue::bundled(), &shop.region, &live).suggest(sample.carrier.as_deref(), number);
    Ok(found.into_iter().map(|candidate| (candidate.name, candidate.why)).collect())
}

async fn refusals(app: &App, shop: &Shop, held: &[HeldEntry]) -> Result<u64, TellError> {
    let since = shop.consent.refusals_told.unwrap_or(shop.connected);
    let new = || held.iter().filter(|entry| entry.since > since && entry.reason.auto() != Auto::OnReconnect);
    let Some(newest) = new().map(|entry| entry.since).max() else { return Ok(0) };
    let refused: Vec<Refusal> = read(app, new()).await?.iter().filter_map(refusal).collect();
    let mut sent = 0;
    if !refused.is_empty() {
        let step = newest.as_millisecond().to_string();
        let step = MailStep { shop: shop.id.clone(), kind: "8", cycle: "refused".to_owned(), step };
        let url = links::page(app, &format!("/shops/{}", shop.id));
        let told = tell(app, shop, step, async || Ok(letters::refusals(shop, &refused, &url))).await?;
        sent += u64::from(told == Told::Sent);
        if told == Told::Elsewhere {
            return Ok(sent);
        }
    }
    app.table
        .shop_change(&shop.id, |row| {
            let later = row.consent.refusals_told.is_none_or(|told| told < newest);
            if later {
                row.consent.refusals_told = Some(newest);
            }
            later
        })
        .await?;
    Ok(sent)
}

/// A parcel whose number TikTok refused, with TikTok's words.
fn refusal(parcel: &Parcel) -> Option<Refusal> {
    let answer = parcel.answer.as_ref().filter(|answer| answer.code != 0)?;
    Some(Refusal {
        order: parcel.order_name.clone().unwrap_or_else(|| parcel.order.to_string()),
        number: parcel.number.as_ref()?.as_str().to_owned(),
        carrier: parcel.carrier.clone().unwrap_or_else(|| "no carrier".to_owned()),
        tiktok: format!("{} {}", answer.code, answer.message),
        reason: parcel.state.reason()?,
    })
}
