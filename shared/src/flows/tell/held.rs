//! Mails about parcels that need a hand: a carrier without a match (7), numbers that TikTok refused (8).

use crate::app::App;
use crate::carriers::{Catalogue, LiveList, Provider};
use crate::domain::connection::Shop;
use crate::domain::parcel::{Parcel, Sent};
use crate::domain::reason::Reason;
use crate::domain::tracking::TrackingNumber;
use crate::flows::tell::links;
use crate::flows::tell::{Mails, TellError, tell};
use crate::flows::views::attention::{Attention, Held, OpenName, for_owner};
use crate::flows::views::warning::{Warning, edits_left};
use crate::flows::views::words::words;
use crate::mail::letters;
use crate::mail::number_letters::{self, Refusal};
use crate::mail::zone;
use crate::table::mails::MailStep;
use jiff::Timestamp;

/// Rows of one mail; a longer list says "and more" by its count.
const MOST: usize = 200;

/// Tells a shop's people about its attention list: each new carrier at once and then daily, refusals since the last
/// look.
///
/// # Errors
/// [`TellError`].
pub async fn run(app: &App, shop: &Shop) -> Result<Mails, TellError> {
    let attention = Attention::of(app, &shop.id).await?;
    let (carriers, refusals) = (carriers(app, shop, &attention).await?, refusals(app, shop, attention).await?);
    let unfinished = carriers.unfinished || refusals.unfinished;
    Ok(Mails { sent: carriers.sent + refusals.sent, unfinished })
}

async fn carriers(app: &App, shop: &Shop, attention: &Attention) -> Result<Mails, TellError> {
    let mut mails = Mails::default();
    let today = zone::date(app.clock.now(), &zone::of(shop));
    // A parcel without any name asks for another remedy: the carrier belongs into the store.
    for OpenName { name: carrier, folded, waiting, sample } in attention.names(app).await? {
        if folded.is_empty() {
            continue;
        }
        let orders = waiting as u64;
        let step = MailStep { shop: shop.id.clone(), kind: "7", cycle: folded, step: today.clone() };
        let url = links::page(app, &format!("/shops/{}", shop.id));
        let told = tell(app, shop, step, async || {
            let guesses = guesses(app, shop, &sample).await?;
            Ok(letters::new_carrier(shop, &carrier, orders, &guesses, &url))
        });
        mails.note(told.await?);
    }
    Ok(mails)
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

async fn refusals(app: &App, shop: &Shop, attention: Attention) -> Result<Mails, TellError> {
    let mut mails = Mails::default();
    let since = shop.consent.refusals_told.unwrap_or(shop.connected);
    let new = attention.only(|entry| entry.since > since && !for_owner(entry.reason));
    let Some(newest) = new.entries().iter().map(|entry| entry.since).max() else { return Ok(mails) };
    let rows = new.rows(app, MOST).await?;
    let mut refused: Vec<Refusal> = Vec::new();
    for Held { parcel, .. } in rows.iter().filter(|held| held.parcel.answer.as_ref().is_some_and(|a| a.code != 0)) {
        let left = corrected(app, parcel).await?.map(|sent| edits_left(&sent, app.clock.now()));
        refused.extend(refusal(parcel, left));
    }
    let warned: Vec<Refusal> = rows.iter().filter_map(|held| warning(&held.parcel, app.clock.now())).collect();
    let url = links::page(app, &format!("/attention?shop={}", shop.id));
    for (cycle, numbers) in [("refused", refused), ("warned", warned)] {
        if numbers.is_empty() {
            continue;
        }
        let step = newest.as_millisecond().to_string();
        let step = MailStep { shop: shop.id.clone(), kind: "8", cycle: cycle.to_owned(), step };
        let told = tell(app, shop, step, async || {
            Ok(match cycle {
                "warned" => number_letters::warnings(shop, &numbers, &url),
                _ => number_letters::refusals(shop, &numbers, &url),
            })
        });
        mails.note(told.await?);
    }
    if mails.unfinished {
        return Ok(mails);
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
    Ok(mails)
}

/// What TikTok has from us for a parcel whose correction it refused: its own number under another carrier, or the number
/// that its shipment had before.
async fn corrected(app: &App, parcel: &Parcel) -> Result<Option<Sent>, TellError> {
    if parcel.sent.is_some() {
        return Ok(parcel.sent.clone());
    }
    let rows = app.table.order_rows(&parcel.store, &parcel.order, false).await?.parcels;
    let shares = |row: &Parcel| parcel.sources.iter().any(|source| row.source(&source.shipment).is_some());
    let before = rows.into_iter().filter(|row| row.number != parcel.number && row.is_withdrawn() && shares(row));
    Ok(before.filter_map(|row| row.sent).max_by_key(|sent| sent.at))
}

/// A parcel whose number TikTok refused, with TikTok's words; of a refused correction also what is left of it.
fn refusal(parcel: &Parcel, left: Option<String>) -> Option<Refusal> {
    let answer = parcel.answer.as_ref().filter(|answer| answer.code != 0)?;
    let (reason, tiktok) = (parcel.state.reason()?, format!("{} {}", answer.code, answer.message));
    told(parcel, words(parcel, reason), tiktok, left)
}

/// A number that TikTok took and warns about, with its words and what can still be done.
fn warning(parcel: &Parcel, now: Timestamp) -> Option<Refusal> {
    let warning = Warning::of(parcel, &[], now)?;
    let left = Some(warning.left());
    told(parcel, (Reason::AcceptedWithWarning.sentence(), warning.remedy), warning.words, left)
}

fn told(
    parcel: &Parcel,
    (sentence, remedy): (&'static str, &'static str),
    tiktok: String,
    left: Option<String>,
) -> Option<Refusal> {
    Some(Refusal {
        order: parcel.order_name.clone().unwrap_or_else(|| parcel.order.to_string()),
        number: parcel.number.as_ref()?.as_str().to_owned(),
        carrier: parcel.carrier.clone().unwrap_or_else(|| "no carrier".to_owned()),
        tiktok,
        sentence,
        remedy,
        left,
    })
}
