//! From a store's word for a carrier to a carrier: exact, normalised, whole words, one typing error. Never by substring.
//!
//! The merchant's own mapping comes before all this and the number's shape after it; both belong to the caller.

use crate::carriers::catalogue::{Carrier, Catalogue, market};
use crate::carriers::text::{join, one_typo, tidy_name, words};
use crate::carriers::vocabulary::{
    EXTRA_NAMES, FAMILIES, FAMILY_SPELLINGS, Family, MARKET_WORDS, NO_CARRIER, SAYS_NOTHING, SERVICE_NAMES,
    SERVICE_WORDS, WHOLE_NAME_ONLY,
};
use crate::domain::platform::Platform;
use crate::domain::region::Region;
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// Bytes of the longest name worth reading. No platform's list has a third of it.
const LONGEST_NAME: usize = 300;
/// Words read of one name: bounds the work on a name of single letters.
const MOST_WORDS: usize = 24;
/// A typing error is looked for in brands of at least so many letters; shorter ones have too many neighbours.
const SHORTEST_BRAND: usize = 5;

/// How a name was matched, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// The name itself, in any case.
    Exact,
    /// The name without punctuation, signs and accents.
    Normalised,
    /// The longest known name that stands in it as whole words.
    Tokens,
    /// A known name with one typing error.
    Spelling,
}

/// What the name says about the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Nothing.
    Unsaid,
    /// A tracked one.
    Tracked,
    /// Sold tracked and untracked under names alike: Royal Mail 24 and 48. The number tells.
    Doubtful,
    /// In so many words, an untracked one.
    Untracked,
}

/// What kind of name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One carrier, or one family of which the market or the number decides.
    Carrier,
    /// Empty, "Other", "Custom": the store names no carrier.
    SaysNothing,
    /// A way of shipping, a shop's rate, software or a broker.
    NoCarrier,
    /// Two or more carriers at once.
    Several,
    /// Nothing we know.
    Unknown,
}

/// The answer for one name.
#[derive(Clone, Debug)]
pub struct NameAnswer<'c> {
    /// What kind of name it is.
    pub kind: Kind,
    /// The carrier; the likeliest one where [`NameAnswer::open`].
    pub carrier: Option<&'c Carrier>,
    /// The name alone leaves several carriers: [`NameAnswer::candidates`] lists them.
    pub open: bool,
    /// Every carrier the name can mean.
    pub candidates: Vec<&'c Carrier>,
    /// How it was matched.
    pub how: Option<How>,
    /// The known name that matched, without blanks and punctuation.
    pub matched: Option<String>,
    /// What it says about the service.
    pub service: Service,
}

/// Names and keys, ready for look-ups.
#[derive(Debug, Default)]
pub(super) struct NameIndex {
    pub(super) by_key: HashMap<String, usize>,
    by_name: HashMap<String, Entry>,
    /// Characters of the longest joined name.
    longest: usize,
    /// Brands of one word, by first letter.
    brands: HashMap<char, Vec<String>>,
    /// TikTok's names: (market, joined name) → carrier.
    by_tiktok: HashMap<String, Vec<(String, usize)>>,
    /// Every name on the platforms' own lists, joined.
    listed: HashSet<String>,
    /// Names of several words.
    phrases: Vec<(Vec<String>, String)>,
}

#[derive(Debug, Default)]
struct Entry {
    family: Option<&'static Family>,
    aliases: Vec<Alias>,
}

#[derive(Debug)]
struct Alias {
    carrier: usize,
    lower: String,
    platform: Option<String>,
    own: bool,
}

/// What a matched name stands for.
struct Found {
    members: Vec<usize>,
    likeliest: Option<usize>,
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
        let mut seen = HashSet::new();
        index.phrases.retain(|(_, joined)| seen.insert(joined.clone()));
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

    fn look_up(&self, joined: &str, market: Option<&str>, platform: Option<Platform>) -> Option<Found> {
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

impl Catalogue {
    /// The carrier that a store's name means. `region` decides between carriers of one name; without it such a name
    /// stays open. `platform` decides between platforms that use one word differently.
    #[must_use]
    pub fn by_name(&self, name: &str, region: Option<&Region>, platform: Option<Platform>) -> NameAnswer<'_> {
        if name.len() > LONGEST_NAME {
            return self.nothing(Kind::Unknown, Service::Unsaid);
        }
        let tidy = tidy_name(name);
        let joined = join(&tidy);
        if SAYS_NOTHING.contains(&joined.as_str()) {
            return self.nothing(Kind::SaysNothing, Service::Unsaid);
        }
        let mut parts = words(&tidy);
        parts.truncate(MOST_WORDS);
        let unsaid = service(&parts, None);
        if NO_CARRIER.contains(&joined.as_str()) {
            return self.nothing(Kind::NoCarrier, unsaid);
        }
        let market = market_in(&parts).or(region.map(market));
        if let Some(found) = self.names.look_up(&joined, market, platform) {
            let lower = name.trim().to_lowercase();
            let entry = self.names.by_name.get(&joined);
            let exact = entry.is_some_and(|e| e.aliases.iter().any(|alias| alias.lower == lower));
            return self.answer(found, if exact { How::Exact } else { How::Normalised }, joined, &parts);
        }
        match self.by_words(&parts, market, platform) {
            Ok(Some((found, matched))) => return self.answer(found, How::Tokens, matched, &parts),
            Err(Several) => return self.nothing(Kind::Several, unsaid),
            Ok(None) => {}
        }
        // A name on a platform's own list is spelt as meant: "Speedy" is not SpeedX.
        let listed = self.names.listed.contains(&joined);
        match self.by_spelling(&joined, &parts, market, platform).filter(|_| !listed) {
            Some((found, matched)) => self.answer(found, How::Spelling, matched, &parts),
            None => self.nothing(Kind::Unknown, unsaid),
        }
    }

    fn nothing(&self, kind: Kind, service: Service) -> NameAnswer<'_> {
        NameAnswer { kind, carrier: None, open: false, candidates: vec![], how: None, matched: None, service }
    }

    fn answer(&self, found: Found, how: How, matched: String, parts: &[&str]) -> NameAnswer<'_> {
        let carrier = found.likeliest.and_then(|at| self.carriers().get(at));
        let candidates: Vec<_> = found.members.iter().filter_map(|at| self.carriers().get(*at)).collect();
        NameAnswer {
            kind: if carrier.is_some() { Kind::Carrier } else { Kind::Unknown },
            carrier,
            open: candidates.len() > 1,
            candidates,
            how: carrier.map(|_| how),
            matched: carrier.map(|_| matched),
            service: service(parts, carrier),
        }
    }

    /// The longest known name among whole words; neighbours may be written apart ("Fed Ex").
    fn by_words(
        &self,
        parts: &[&str],
        market: Option<&str>,
        platform: Option<Platform>,
    ) -> Result<Option<(Found, String)>, Several> {
        let mut spans: Vec<(usize, usize, String)> = Vec::new();
        for start in 0..parts.len() {
            let mut joined = String::new();
            let mut letters = 0;
            for (end, part) in parts.iter().enumerate().skip(start) {
                joined.push_str(part);
                letters += part.chars().count();
                if letters > self.names.longest {
                    break;
                }
                let whole_only = WHOLE_NAME_ONLY.contains(&joined.as_str());
                // Two letters are a brand only where a brand stands: in front.
                let too_short = letters < 2 || (letters == 2 && start > 0);
                if !whole_only && !too_short && self.names.by_name.contains_key(&joined) {
                    spans.push((start, end, joined.clone()));
                }
            }
        }
        spans.sort_by_key(|(start, _, joined)| (std::cmp::Reverse(joined.chars().count()), *start));
        let mut kept: Vec<(usize, usize, String)> = Vec::new();
        for span in spans {
            if kept.iter().all(|other| span.1 < other.0 || other.1 < span.0) {
                kept.push(span);
            }
        }
        if kept.iter().any(|(_, _, name)| !SERVICE_NAMES.contains(&name.as_str())) {
            kept.retain(|(_, _, name)| !SERVICE_NAMES.contains(&name.as_str()));
        }
        let mut all: Option<(Found, String)> = None;
        for (_, _, name) in kept {
            let Some(found) = self.names.look_up(&name, market, platform) else { continue };
            all = Some(match all {
                None => (found, name),
                Some((before, first)) => {
                    let members: Vec<usize> =
                        before.members.iter().filter(|m| found.members.contains(m)).copied().collect();
                    let likeliest = before.likeliest.filter(|l| members.contains(l)).or(members.first().copied());
                    if likeliest.is_none() {
                        return Err(Several);
                    }
                    (Found { members, likeliest }, first)
                }
            });
        }
        Ok(all)
    }

    /// One known brand with one typing error; the rest of the name may only describe a service.
    fn by_spelling(
        &self,
        joined: &str,
        parts: &[&str],
        market: Option<&str>,
        platform: Option<Platform>,
    ) -> Option<(Found, String)> {
        let bare: Vec<&str> = parts.iter().copied().filter(|word| !SERVICE_WORDS.contains(word)).collect();
        let bare_joined = bare.concat();
        let mut hits: Vec<&str> = Vec::new();
        for text in [joined, bare_joined.as_str()] {
            if let Some(brands) = text.chars().next().and_then(|first| self.names.brands.get(&first)) {
                hits.extend(brands.iter().map(String::as_str).filter(|brand| one_typo(text, brand)));
            }
        }
        let misspelt = |name: &[String], given: &[&str]| {
            if name.len() != given.len() {
                return false;
            }
            let mut wrong = name.iter().zip(given).filter(|(name, given)| name != *given);
            let near = |(name, given): (&String, &&str)| {
                let same_start = name.chars().next() == given.chars().next();
                same_start && name.chars().count() >= SHORTEST_BRAND && one_typo(name, given)
            };
            wrong.next().is_some_and(near) && wrong.next().is_none()
        };
        let phrases = self.names.phrases.iter().filter(|(name, _)| misspelt(name, parts) || misspelt(name, &bare));
        hits.extend(phrases.map(|(_, joined)| joined.as_str()));
        let mut answer: Option<(Found, String)> = None;
        for hit in hits {
            let found = self.names.look_up(hit, market, platform)?;
            match &answer {
                Some((before, _)) if before.likeliest != found.likeliest => return None,
                Some(_) => {}
                None => answer = Some((found, hit.to_owned())),
            }
        }
        answer
    }
}

/// The name holds two carriers.
struct Several;

/// The market that a name itself mentions; two different ones count as none.
fn market_in(parts: &[&str]) -> Option<&'static str> {
    let mut markets = MARKET_WORDS.iter().filter(|(word, _)| parts.contains(word)).map(|(_, market)| *market);
    let first = markets.next()?;
    markets.all(|market| market == first).then_some(first)
}

/// TikTok counts only Royal Mail's tracked services; untracked 24, 48, first and second class ids are refused.
/// Source: TikTok Shop UK's seller pages on tracking-id validation (2022).
fn service(parts: &[&str], carrier: Option<&Carrier>) -> Service {
    let has = |word: &str| parts.contains(&word);
    let pair = |a: &str, b: &str| parts.windows(2).any(|two| two == [a, b]);
    let negated = ["not", "non", "no", "un", "without"].iter().any(|no| pair(no, "tracked") || pair(no, "tracking"));
    if has("untracked") || has("nontracked") || negated {
        return Service::Untracked;
    }
    if has("tracked") || has("special") || has("guaranteed") {
        return Service::Tracked;
    }
    let by_class = has("class") || pair("1", "st") || pair("2", "nd");
    let plain = has("24") || has("48") || by_class || has("standard") || has("economy") || has("letter");
    if carrier.is_some_and(|c| c.key == "royal_mail") && plain { Service::Doubtful } else { Service::Unsaid }
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
