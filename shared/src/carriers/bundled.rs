//! The lists that ship with the product: to show and to suggest while no shop's own list is at hand, never to send.

use crate::carriers::carrier::Carrier;
use crate::carriers::catalogue::{Approved, Catalogue, market};
use crate::carriers::field::Scope;
use crate::carriers::suggest::{Candidate, Choice};
use crate::domain::region::Region;
use serde::Serialize;

/// One carrier of a bundled list: to show and to suggest while no live list is at hand, never to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// The carrier's key.
    pub carrier: String,
    /// TikTok's name for it.
    pub name: String,
    /// It stands on the short list that ships with the product (ten for the UK, fifteen for the US).
    pub core: bool,
}

/// The bundled list of a market; empty where none is known. The live list always wins.
#[must_use]
pub fn bundled_list(catalogue: &Catalogue, region: &Region) -> Vec<Listed> {
    let of_market = |carrier: &Carrier| {
        let listing = carrier.listings.get(market(region)).filter(|listing| listing.approved == Some(true))?;
        let core = listing.list_sources.iter().any(|source| source == "L0");
        Some(Listed { carrier: carrier.key.clone(), name: listing.tiktok_name.clone(), core })
    };
    catalogue.carriers().iter().filter_map(of_market).collect()
}

/// The likeliest carriers of a market's bundled list for a store's word nobody mapped: while no live list is at hand.
#[must_use]
pub fn suggest_bundled(
    catalogue: &Catalogue,
    region: &Region,
    store_name: Option<&str>,
    number: Option<&str>,
) -> Vec<Candidate> {
    let approved = Approved::bundled(catalogue, Some(region));
    let scope = Scope { approved: &approved, named: None, references: &[] };
    let reading = number.map(|number| catalogue.read(number, &scope));
    let choices: Vec<Choice<'_>> = approved
        .carriers(catalogue)
        .map(|carrier| Choice { name: tiktok_name(carrier, region), carrier: Some(carrier), provider: None })
        .collect();
    catalogue.rank(store_name, reading.as_ref().and_then(|reading| reading.only()), &choices)
}

fn tiktok_name<'c>(carrier: &'c Carrier, region: &Region) -> &'c str {
    carrier.listings.get(market(region)).map_or(&carrier.name, |listing| &listing.tiktok_name)
}
