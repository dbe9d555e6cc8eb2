//! Every name of every carrier, ready for look-ups.

use crate::carriers::carrier::Carrier;
use crate::carriers::text::{join, tidy_name, words};
use crate::carriers::vocabulary::{EXTRA_NAMES, FAMILIES, FAMILY_SPELLINGS, Family, SERVICE_NAMES, WHOLE_NAME_ONLY};
use crate::carriers::wording::COMPANY_TAILS;
use crate::domain::platform::Platform;
use std::collections::{HashMap, HashSet};

/// A typing error is looked for in brands of at least so many letters; shorter ones have too many neighbours.
pub(super) const SHORTEST_BRAND: usize = 5;

/// Names and keys, ready for look-ups.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    pub(super) by_key: HashMap<String, usize>,
    pub(super) by_name: HashMap<String, Entry>,
    /// Characters of the longest joined name.
    pub(super) longest: usize,
    /// Brands of one word, by first letter.
    pub(super) brands: HashMap<char, Vec<String>>,
    /// TikTok's names: (market, joined name) → carrier.
    by_tiktok: HashMap<String, Vec<(String, usize)>>,
    /// Every name on the platforms' own lists, joined.
    pub(super) listed: HashSet<String>,
    /// Names of several words.
    pub(super) phrases: Vec<(Vec<String>, String)>,
    /// Names in scripts that write no blanks between words.
    pub(super) unparted: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct Entry {
    family: Option<&'static Family>,
    pub(super) aliases: Vec<Alias>,
}

#[derive(Debug)]
pub(super) struct Alias {
    carrier: usize,
    pub(super) lower: String,
    platform: Option<String>,
    own: bool,
}

/// What a matched name stands for.
pub(super) struct Found {
    pub(super) members: Vec<usize>,
    pub(super) likeliest: Option<usize>,
}

impl std::fmt::Debug for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl NameIndex {
    pub(super) fn build(carriers: &[Carrier], listed: &[String]) -> Self {
        let listed = listed.iter().map(|name| name_of(name)).collect();
        let mut index = Self { listed, ..Self::default() };
        for carrier in carriers {
            index.by_key.insert(carrier.key.clone(), carrier.index);
            index.add(carrier.index, &carrier.name, None, true);
            let tiktok = carrier.listings.values().flat_map(|listing| listing.tiktok_names());
            for name in carrier.aliases.iter().map(String::as_str).chain(tiktok) {
                index.add(carrier.index, name, None, false);
            }
            for (market, listing) in &carrier.listings {
                for name in listing.tiktok_names() {
                    index.by_tiktok.entry(name_of(name)).or_default().push((market.clone(), carrier.index));
                }
            }
            for (platform, names) in &carrier.platform_names {
                for name in names {
                    index.add(carrier.index, name, Some(platform), false);
                }
            }
        }
        for carrier in carriers {
            for name in [&carrier.name].into_iter().chain(carrier.listings.values().map(|listing| &listing.tiktok_name))
            {
                let tidy = tidy_name(name);
                let mut parts = words(&tidy);
                // "Tazmanian Freight Systems" is known as Tazmanian Freight: two words are still a name.
                while parts.len() > 2 && parts.last().is_some_and(|last| COMPANY_TAILS.contains(last)) {
                    parts.pop();
                    if !index.by_name.contains_key(&parts.concat()) {
                        index.add(carrier.index, &parts.join(" "), None, false);
                    }
                }
            }
        }
        for (key, name) in EXTRA_NAMES {
            if let Some(carrier) = index.by_key.get(*key).copied() {
                index.add(carrier, name, None, false);
            }
        }
        for family in FAMILIES.iter().filter(|family| family.members.iter().any(|m| index.by_key.contains_key(*m))) {
            index.by_name.entry(family.name.to_owned()).or_default().family = Some(family);
            for (spelling, _) in FAMILY_SPELLINGS.iter().filter(|(_, name)| *name == family.name) {
                index.by_name.entry((*spelling).to_owned()).or_default().family = Some(family);
            }
        }
        index.longest = index.by_name.keys().map(|name| name.chars().count()).max().unwrap_or(0);
        let unparted = |name: &&String| name.chars().count() > 1 && name.chars().all(is_unparted);
        index.unparted = index.by_name.keys().filter(unparted).cloned().collect();
        let mut seen = HashSet::new();
        index.phrases.retain(|phrase| seen.insert(phrase.clone()));
        index
    }

    fn add(&mut self, carrier: usize, name: &str, platform: Option<&String>, own: bool) {
        let tidy = tidy_name(name);
        let joined = join(&tidy);
        if joined.is_empty() {
            return;
        }
        let parts = words(&tidy);
        if !WHOLE_NAME_ONLY.contains(&joined.as_str()) && !SERVICE_NAMES.contains(&joined.as_str()) {
            if let ([word], Some(first)) = (parts.as_slice(), joined.chars().next()) {
                let brands = self.brands.entry(first).or_default();
                let long = word.chars().count() >= SHORTEST_BRAND && word.chars().all(char::is_alphabetic);
                if long && !brands.contains(&joined) {
                    brands.push(joined.clone());
                }
            } else {
                self.phrases.push((parts.into_iter().map(str::to_owned).collect(), joined.clone()));
            }
        }
        let lower = name.trim().to_lowercase();
        let alias = Alias { carrier, lower, platform: platform.cloned(), own };
        self.by_name.entry(joined).or_default().aliases.push(alias);
    }

    /// Every name of a carrier, joined, for likeness.
    pub(super) fn joined_names(&self) -> impl Iterator<Item = (&str, usize)> {
        self.by_name.iter().flat_map(|(name, entry)| entry.aliases.iter().map(|alias| (name.as_str(), alias.carrier)))
    }

    /// The carrier that TikTok lists under a name in a market, if exactly one.
    pub(super) fn by_tiktok_name(&self, market: &str, joined: &str) -> Option<usize> {
        let mut carriers = self.by_tiktok.get(joined)?.iter().filter(|(m, _)| m == market).map(|(_, carrier)| *carrier);
        let first = carriers.next()?;
        carriers.all(|carrier| carrier == first).then_some(first)
    }

    /// Whether a joined text is a known name.
    pub(super) fn knows(&self, joined: &str) -> bool {
        self.by_name.contains_key(joined)
    }

    pub(super) fn look_up(&self, joined: &str, market: Option<&str>, platform: Option<Platform>) -> Option<Found> {
        let entry = self.by_name.get(joined)?;
        if let Some(family) = entry.family {
            return Some(self.decide(family, market));
        }
        let of_platform = |alias: &&Alias| platform.is_some_and(|p| alias.platform.as_deref() == Some(p.as_str()));
        let mut members = distinct(entry.aliases.iter().filter(of_platform));
        if members.len() != 1 {
            members = distinct(entry.aliases.iter());
        }
        if members.len() > 1 {
            let own = distinct(entry.aliases.iter().filter(|alias| alias.own));
            members = if own.len() == 1 { own } else { members };
        }
        Some(Found { likeliest: members.first().copied(), members })
    }

    fn decide(&self, family: &Family, market: Option<&str>) -> Found {
        let carrier = |key: &&str| self.by_key.get(*key).copied();
        let by_market = family.by_market.iter().find(|(m, _)| Some(*m) == market);
        let key = by_market.map_or(family.otherwise, |(_, key)| key);
        let likeliest = carrier(&key);
        let all = || family.members.iter().filter_map(carrier).collect();
        let members = match market {
            None => all(),
            Some(market) if family.open_in.contains(&market) => all(),
            Some(_) => likeliest.into_iter().collect(),
        };
        Found { members, likeliest }
    }
}

/// Kana and Han.
fn is_unparted(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}

fn name_of(name: &str) -> String {
    join(&tidy_name(name))
}

fn distinct<'a>(aliases: impl Iterator<Item = &'a Alias>) -> Vec<usize> {
    let mut carriers = Vec::new();
    for alias in aliases {
        if !carriers.contains(&alias.carrier) {
            carriers.push(alias.carrier);
        }
    }
    carriers
}
