//! The carrier data, read once: who carries parcels, under which names, with which numbers, in which markets.

use crate::carriers::carrier::{Carrier, Fit, Listing};
use crate::carriers::likeness::Likeness;
use crate::carriers::name_index::NameIndex;
use crate::carriers::shape::{LONGEST, RawShape, Shape, ShapeError};
use crate::carriers::web_domain::domain_of_template;
use crate::domain::region::Region;
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

const CARRIERS: &str = include_str!("../../data/carriers/carriers.json");
const META: &str = include_str!("../../data/carriers/carriers-meta.json");
const STORE_NAMES: &str = include_str!("../../data/carriers/store-carrier-names.json");

/// Why carrier data cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// Not the JSON we read.
    #[error("the carrier data does not have the expected form")]
    Form(#[from] serde_json::Error),
    /// A shape cannot be used.
    #[error("the carrier data holds a shape that cannot be used")]
    Shape(#[from] ShapeError),
}

#[derive(Deserialize)]
struct RawCarrier {
    key: String,
    name: String,
    aliases: Vec<String>,
    platform_aliases: BTreeMap<String, Vec<String>>,
    regions: BTreeMap<String, Listing>,
    formats: Vec<RawShape>,
    note: Option<String>,
    tracking_url_template: Option<String>,
}

#[derive(Deserialize)]
struct RawMeta {
    junk: RawJunk,
}

#[derive(Deserialize)]
struct RawJunk {
    exact_casefold: Vec<String>,
}

/// All carriers with their indexes.
#[derive(Debug)]
pub struct Catalogue {
    carriers: Vec<Carrier>,
    /// Shapes by the length of the text: (carrier, shape).
    by_length: Vec<Vec<(usize, usize)>>,
    /// Whole fields that are no number, lower case.
    pub(super) placeholders: HashSet<String>,
    /// Those of several words.
    pub(super) phrases: Vec<String>,
    /// Registrable web domains of carriers and who uses them.
    pub(super) domains: BTreeMap<String, Vec<usize>>,
    pub(super) names: NameIndex,
    pub(super) likeness: Likeness,
}

static BUNDLED: LazyLock<Catalogue> = LazyLock::new(|| {
    // A test reads the same bytes, so this cannot fail in a build that passed it. An empty catalogue holds everything.
    Catalogue::from_json(CARRIERS, META, STORE_NAMES)
        .unwrap_or_else(|_| Catalogue::assemble(Vec::new(), HashSet::new(), BTreeMap::new(), &[]))
});

impl Catalogue {
    /// The catalogue that is compiled in; read on first use.
    #[must_use]
    pub fn bundled() -> &'static Self {
        &BUNDLED
    }

    /// Reads carrier data, its companion, and the name lists that the platforms ship.
    ///
    /// # Errors
    /// [`CatalogueError`] when either is not what we read.
    pub fn from_json(carriers: &str, meta: &str, store_names: &str) -> Result<Self, CatalogueError> {
        let raw: Vec<RawCarrier> = serde_json::from_str(carriers)?;
        let meta: RawMeta = serde_json::from_str(meta)?;
        let mut listed = Vec::new();
        names_below(&serde_json::from_str(store_names)?, &mut listed);
        let mut all = Vec::with_capacity(raw.len());
        let mut domains: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, carrier) in raw.into_iter().enumerate() {
            if let Some(domain) = carrier.tracking_url_template.as_deref().and_then(domain_of_template) {
                domains.entry(domain).or_default().push(index);
            }
            let shapes = carrier.formats.into_iter().map(Shape::build).collect::<Result<_, _>>()?;
            all.push(Carrier {
                key: carrier.key,
                name: carrier.name,
                aliases: carrier.aliases,
                listings: carrier.regions,
                shapes,
                note: carrier.note,
                index,
                platform_names: carrier.platform_aliases,
            });
        }
        let placeholders = meta.junk.exact_casefold.into_iter().map(|word| word.to_lowercase()).collect();
        Ok(Self::assemble(all, placeholders, domains, &listed))
    }

    fn assemble(
        carriers: Vec<Carrier>,
        placeholders: HashSet<String>,
        domains: BTreeMap<String, Vec<usize>>,
        listed: &[String],
    ) -> Self {
        let mut by_length = vec![Vec::new(); LONGEST + 1];
        for carrier in &carriers {
            for (at, shape) in carrier.shapes.iter().enumerate() {
                for slot in by_length.iter_mut().take(shape.lengths().end() + 1).skip(*shape.lengths().start()) {
                    slot.push((carrier.index, at));
                }
            }
        }
        let names = NameIndex::build(&carriers, listed);
        let likeness = Likeness::build(carriers.len(), names.joined_names());
        let phrases = placeholders.iter().filter(|text| text.contains(' ')).cloned().collect();
        Self { carriers, by_length, placeholders, phrases, domains, names, likeness }
    }

    /// Every carrier, in the order of the data.
    #[must_use]
    pub fn carriers(&self) -> &[Carrier] {
        &self.carriers
    }

    /// The carrier of a key.
    #[must_use]
    pub fn carrier(&self, key: &str) -> Option<&Carrier> {
        self.names.by_key.get(key).and_then(|at| self.carriers.get(*at))
    }

    /// The shapes that count in one market: a country's letters in front count in that country only.
    pub(super) fn fits_in(&self, compact: &str, approved: &Approved) -> Vec<Fit<'_>> {
        let mut fits = self.fits(compact);
        fits.retain(|fit| !fit.shape.is_abroad(compact, approved.market.as_deref()));
        fits
    }

    /// Every shape that a compact text has, also those whose check digit fails; strongest first.
    #[must_use]
    pub fn fits(&self, compact: &str) -> Vec<Fit<'_>> {
        let shapes = self.by_length.get(compact.len()).map_or(&[][..], Vec::as_slice);
        let mut fits: Vec<Fit<'_>> = shapes
            .iter()
            .filter_map(|(carrier, shape)| {
                let carrier = self.carriers.get(*carrier)?;
                let shape = carrier.shapes.get(*shape)?;
                shape.test(compact).map(|check| Fit { carrier, shape, check })
            })
            .collect();
        fits.sort_by_key(|fit| (!fit.check.fits(), std::cmp::Reverse(fit.shape.strength)));
        fits
    }
}

/// The texts in the lists of the platforms' names; single texts there are notes and field names.
fn names_below(value: &serde_json::Value, names: &mut Vec<String>) {
    match value {
        serde_json::Value::Array(items) => {
            names.extend(items.iter().filter_map(|item| item.as_str().map(str::to_owned)));
            items.iter().for_each(|item| names_below(item, names));
        }
        serde_json::Value::Object(fields) => fields.values().for_each(|field| names_below(field, names)),
        _ => {}
    }
}

/// The data's key of a market: it writes `UK` where the domain says `GB`.
#[must_use]
pub fn market(region: &Region) -> &str {
    if region.as_str() == "GB" { "UK" } else { region.as_str() }
}

/// Whether TikTok takes a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// It is on the list.
    Yes,
    /// It stood on an old list; only the live list knows.
    AskLiveList,
    /// It is not on the list.
    No,
}

/// The carriers that count for one decision, and which list says so.
#[derive(Clone, Debug)]
pub struct Approved {
    by_carrier: Vec<Approval>,
    market: Option<String>,
    /// Where the list comes from, in a person's words.
    pub list: String,
}

impl Approved {
    /// By the lists in the carrier data; without a market every carrier counts.
    #[must_use]
    pub fn bundled(catalogue: &Catalogue, region: Option<&Region>) -> Self {
        let by_carrier = catalogue.carriers.iter().map(|carrier| match region.map(market) {
            None => Approval::Yes,
            Some(market) => match carrier.listings.get(market).map(|listing| listing.approved) {
                Some(Some(true)) => Approval::Yes,
                Some(None) => Approval::AskLiveList,
                Some(Some(false)) | None => Approval::No,
            },
        });
        let list = match region {
            None => "every known carrier".to_owned(),
            Some(region) => format!("the bundled list for {}", market(region)),
        };
        Self { by_carrier: by_carrier.collect(), market: region.map(|region| market(region).to_owned()), list }
    }

    /// By a list of carriers, for example those behind a shop's live providers.
    #[must_use]
    pub fn only<'c>(
        catalogue: &Catalogue,
        region: &Region,
        list: String,
        carriers: impl IntoIterator<Item = &'c Carrier>,
    ) -> Self {
        let mut by_carrier = vec![Approval::No; catalogue.carriers.len()];
        for carrier in carriers {
            if let Some(slot) = by_carrier.get_mut(carrier.index) {
                *slot = Approval::Yes;
            }
        }
        Self { by_carrier, market: Some(market(region).to_owned()), list }
    }

    /// Whether a carrier counts.
    #[must_use]
    pub fn of(&self, carrier: &Carrier) -> Approval {
        self.by_carrier.get(carrier.index).copied().unwrap_or(Approval::No)
    }

    /// The carriers of the list.
    pub fn carriers<'c>(&'c self, catalogue: &'c Catalogue) -> impl Iterator<Item = &'c Carrier> {
        catalogue.carriers.iter().filter(|carrier| self.of(carrier) == Approval::Yes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carriers::shape::CheckResult;

    #[test]
    fn the_compiled_in_data_is_complete_and_usable() {
        let catalogue = Catalogue::from_json(CARRIERS, META, STORE_NAMES).expect("the data is read");
        assert!(catalogue.carriers().len() > 100);
        for carrier in catalogue.carriers() {
            assert_eq!(catalogue.carrier(&carrier.key).map(|c| &c.name), Some(&carrier.name));
            for shape in &carrier.shapes {
                for example in &shape.examples {
                    let check = shape.test(example);
                    assert!(check.is_some_and(CheckResult::fits), "{} {} {example}", carrier.key, shape.id);
                }
            }
        }
    }

    #[test]
    fn the_notice_of_the_shapes_author_travels_with_the_data() {
        let meta: serde_json::Value = serde_json::from_str(META).expect("JSON");
        let notice = include_str!("../../data/carriers/LICENSE-tracking_number_data");
        for attribution in meta["attribution"].as_array().expect("a list") {
            let copyright = attribution["copyright"].as_str().expect("a text");
            assert!(notice.contains(copyright), "{copyright}");
            assert_eq!(attribution["licence"], "MIT");
        }
        assert!(notice.contains("The above copyright notice and this permission notice shall be included"));
        assert!(include_str!("../../data/carriers/README.md").contains("Copyright (c) 2017 Jeff Keen"));
    }

    #[test]
    fn a_broken_catalogue_is_refused() {
        assert!(matches!(Catalogue::from_json("{}", META, STORE_NAMES), Err(CatalogueError::Form(_))));
    }

    #[test]
    fn the_united_kingdom_is_found_under_both_codes() {
        let catalogue = Catalogue::bundled();
        for code in ["UK", "GB", "gb"] {
            let approved = Approved::bundled(catalogue, Some(&Region::new(code)));
            let royal_mail = catalogue.carrier("royal_mail").expect("known");
            assert_eq!(approved.of(royal_mail), Approval::Yes, "{code}");
            assert_eq!(approved.of(catalogue.carrier("usps").expect("known")), Approval::No, "{code}");
        }
    }
}
