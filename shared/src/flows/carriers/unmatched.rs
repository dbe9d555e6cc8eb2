//! Carrier names that parcels were held for: what a merchant is asked to map, with the likeliest answers.

use crate::app::App;
use crate::carriers::{Candidate, Catalogue, LiveList, suggest_bundled};
use crate::domain::connection::Shop;
use crate::domain::parcel::{EventKind, Parcel, Plain};
use crate::domain::reason::Reason;
use crate::domain::region::Region;
use crate::domain::tracking::TrackingNumber;
use crate::flows::carriers::lists::list_words;
use crate::flows::carriers::match_parcel::{Maps, folded, recognised};
use crate::flows::views::attention::Attention;
use crate::table::error::TableError;
use crate::table::seen::{SeenCarrier, Sighting};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// Characters kept of a name.
const LONGEST_NAME: usize = 200;
/// What a parcel's history says when the store named another carrier.
const RENAMED: EventKind = EventKind::Plain(Plain::CarrierChanged);

/// Whether a hold asks for a mapping.
#[must_use]
pub fn asks_for_a_name(reason: Reason) -> bool {
    matches!(reason, Reason::CarrierUnmapped | Reason::CarrierMissing | Reason::CarrierNotApproved)
}

/// The sighting to record before a parcel is held for its carrier's name; `None` when it was counted under this name
/// before.
#[must_use]
pub fn sighting(parcel: &Parcel, now: Timestamp) -> Option<Sighting> {
    let since_renamed = parcel.events.iter().rev().take_while(|event| event.what != RENAMED);
    let mut reasons = since_renamed.filter_map(|event| event.what.reason());
    if reasons.any(asks_for_a_name) {
        return None;
    }
    Some(Sighting {
        name: parcel.carrier.as_deref().unwrap_or_default().chars().take(LONGEST_NAME).collect(),
        order: parcel.order_name.clone().unwrap_or_else(|| parcel.order.to_string()),
        number: parcel.number.as_ref().map(|number| number.as_str().to_owned()),
        at: now,
    })
}

/// What is known about a shop's carriers, read once for many names.
#[derive(Debug)]
pub struct Likely {
    live: Option<LiveList<'static>>,
    maps: Maps,
    region: Region,
    /// The names of the shop's list, by their letters; empty while it was not read.
    pub carriers: Vec<String>,
    /// Which list they come from, in words.
    pub words: String,
}

impl Likely {
    /// Reads a shop's maps and its list.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn read(app: &App, shop: &Shop) -> Result<Self, TableError> {
        let maps = Maps::read(app, shop, false).await?;
        let list = app.table.providers_latest(&shop.id).await?;
        let names = list.iter().flat_map(|list| list.providers.iter().map(|provider| provider.name.clone()));
        let mut carriers: Vec<String> = names.collect();
        carriers.sort_by_key(|name| name.to_lowercase());
        Ok(Self {
            live: list.as_ref().map(|list| recognised(shop, list)),
            maps,
            region: shop.region.clone(),
            carriers,
            words: list_words(shop, list.as_ref(), app.clock.now()),
        })
    }

    /// The three likeliest carriers of a parcel, each with what speaks for it; none where its name is mapped already.
    #[must_use]
    pub fn of(&self, parcel: &Parcel) -> Vec<Candidate> {
        let name = parcel.carrier.as_deref().unwrap_or_default();
        let number = parcel.number.as_ref().map(TrackingNumber::as_str);
        if self.is_answered(name, true) { Vec::new() } else { self.suggest(name, number) }
    }

    /// Somebody said what the name means, and the shop has that carrier; or nothing waits and the list knows the name.
    fn is_answered(&self, name: &str, waits: bool) -> bool {
        match self.maps.choice(name) {
            Some(choice) => self.live.as_ref().is_none_or(|live| live.by_tiktok_name(choice).is_some()),
            // Nothing waits, and the name has become a carrier of the list by itself.
            None => !waits && self.live.as_ref().is_some_and(|live| live.knows(name, None)),
        }
    }

    fn suggest(&self, name: &str, number: Option<&str>) -> Vec<Candidate> {
        let name = Some(name).filter(|name| !name.is_empty());
        match &self.live {
            Some(live) => live.suggest(name, number),
            None => suggest_bundled(Catalogue::bundled(), &self.region, name, number),
        }
    }
}

/// A store's carrier name that needs a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suggestion {
    /// The name as the store sends it; blank: the store names no carrier.
    pub store_carrier: String,
    /// Parcels held for it so far.
    pub count: u64,
    /// Parcels that wait for it now.
    pub waiting: u64,
    /// When the first parcel was held for it.
    pub first_seen: Timestamp,
    /// The last.
    pub last_seen: Timestamp,
    /// The store's order of the last.
    pub sample_order: String,
    /// Its number, as the store gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_number: Option<String>,
    /// The three likeliest carriers, each with what speaks for it.
    pub candidates: Vec<Candidate>,
    /// Which list they come from.
    pub list: String,
}

/// The names of a shop that nobody has mapped, most waiting parcels first.
///
/// # Errors
/// [`TableError`].
pub async fn suggestions(app: &App, shop: &Shop) -> Result<Vec<Suggestion>, TableError> {
    let seen = app.table.seen_all(&shop.id).await?;
    if seen.is_empty() {
        return Ok(Vec::new());
    }
    let likely = Likely::read(app, shop).await?;
    let names = Attention::of(app, &shop.id).await?.names(app).await?;
    let waiting: BTreeMap<String, u64> = names.into_iter().map(|name| (name.folded, name.waiting as u64)).collect();
    let suggestion = |seen: SeenCarrier| {
        let name = seen.last.name;
        let waiting = waiting.get(&folded(&name)).copied().unwrap_or_default();
        if likely.is_answered(&name, waiting > 0) {
            return None;
        }
        let candidates = likely.suggest(&name, seen.last.number.as_deref());
        Some(Suggestion {
            count: seen.count,
            waiting,
            first_seen: seen.first,
            last_seen: seen.last.at,
            sample_order: seen.last.order,
            sample_number: seen.last.number,
            candidates,
            list: likely.words.clone(),
            store_carrier: name,
        })
    };
    let mut open: Vec<Suggestion> = seen.into_iter().filter_map(suggestion).collect();
    open.sort_by_key(|one| (std::cmp::Reverse(one.waiting), std::cmp::Reverse(one.last_seen)));
    Ok(open)
}
