//! From a store's word for a carrier to a carrier: exact, normalised, whole words, one typing error. Never by substring.
//!
//! The merchant's own mapping comes before all this and the number's shape after it; both belong to the caller.

use crate::carriers::carrier::Carrier;
use crate::carriers::catalogue::{Catalogue, market};
use crate::carriers::countries::{is_code, market_in};
use crate::carriers::name_index::{Found, NameIndex, SHORTEST_BRAND};
use crate::carriers::text::{join, one_typo, tidy_name, uncamel, words};
use crate::carriers::vocabulary::{FAMILIES, NO_CARRIER, SAYS_NOTHING, SERVICE_NAMES, WHOLE_NAME_ONLY};
use crate::carriers::wording::{BROKERS, FORMERLY, ORDINARY_WORDS, SERVICE_WORDS, SISTERLESS};
use crate::domain::platform::Platform;
use crate::domain::region::Region;
use serde::Serialize;

/// Bytes of the longest name worth reading. No platform's list has a third of it.
const LONGEST_NAME: usize = 300;
/// Words read of one name: bounds the work on a name of single letters.
const MOST_WORDS: usize = 24;

/// Letters of the shortest brand to which a service's words may be glued.
const SHORTEST_GLUED: usize = 3;
/// A carrier that TikTok lists in so many markets is one company everywhere.
const WORLDWIDE: usize = 3;
/// A name of several words is compared as one text from so many letters on.
const LONG_NAME: usize = 8;

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
        // A country in front of a whole name, as payment services write it: "GB_ARROW".
        if let [first, rest @ ..] = parts.as_slice()
            && is_code(first)
            && let Some(found) = self.names.look_up(&rest.concat(), market, platform)
            && !self.is_sister(&found, &rest.concat(), &parts)
        {
            return self.answer(found, How::Tokens, rest.concat(), &parts);
        }
        // "FedExDefault" first as it stands, then as the words that its capitals make of it.
        let apart = tidy_name(&uncamel(name));
        let mut camel = words(&apart);
        camel.truncate(MOST_WORDS);
        for parts in [&parts, &camel] {
            match self.by_words(current(parts, &self.names), market, platform) {
                Ok(Some((found, matched))) if self.is_sister(&found, &matched, parts) => {
                    return self.nothing(Kind::Unknown, unsaid);
                }
                Ok(Some((found, matched))) => return self.answer(found, How::Tokens, matched, parts),
                Err(Several) => return self.nothing(Kind::Several, unsaid),
                Ok(None) => {}
            }
        }
        let glued = self.by_glue(&parts, market, platform).or_else(|| self.by_script(&joined, market, platform));
        if let Some((found, matched)) = glued {
            return self.answer(found, How::Tokens, matched, &parts);
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
        } else {
            // "Zedify Tracked 24" is Zedify's: a product's name speaks only where nothing unknown stands beside it.
            let inside = |at: usize| kept.iter().any(|(start, end, _)| (*start..=*end).contains(&at));
            let plain = |(at, part): (usize, &&str)| inside(at) || SERVICE_WORDS.contains(part);
            if !parts.iter().enumerate().all(plain) {
                kept.clear();
            }
        }
        // A broker sells another carrier's label: "Parcel2Go - Evri" travels with Evri.
        if kept.iter().any(|(_, _, name)| !BROKERS.contains(&name.as_str())) {
            kept.retain(|(_, _, name)| !BROKERS.contains(&name.as_str()));
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
                    match likeliest {
                        Some(_) => (Found { members, likeliest }, first),
                        // "UPS SurePost (USPS)": who sold the label stands in front, who delivers it behind.
                        None if self.delivers_for(&before, &found) => (before, first),
                        None => return Err(Several),
                    }
                }
            });
        }
        Ok(all)
    }

    /// A brand and the words of a service written as one: "evriinternational".
    fn by_glue(&self, parts: &[&str], market: Option<&str>, platform: Option<Platform>) -> Option<(Found, String)> {
        let [first, rest @ ..] = parts else { return None };
        if !rest.iter().all(|part| SERVICE_WORDS.contains(part)) {
            return None;
        }
        let ends = first.char_indices().map(|(at, _)| at).skip(SHORTEST_GLUED);
        let brands = ends.filter_map(|at| first.split_at_checked(at)).filter(|(brand, service)| {
            let known = self.names.knows(brand) && !WHOLE_NAME_ONLY.contains(brand) && !SERVICE_NAMES.contains(brand);
            known && is_service(service)
        });
        let (brand, _) = brands.last()?;
        Some((self.names.look_up(brand, market, platform)?, brand.to_owned()))
    }

    /// A known name in a script that writes no blanks between words: all that stand in the text must be one carrier's.
    fn by_script(&self, joined: &str, market: Option<&str>, platform: Option<Platform>) -> Option<(Found, String)> {
        if joined.is_ascii() {
            return None;
        }
        let known = self.names.unparted.iter().filter(|name| joined.contains(name.as_str()));
        let mut all: Option<(Found, String)> = None;
        for name in known {
            let found = self.names.look_up(name, market, platform)?;
            match &mut all {
                Some((before, _)) if before.likeliest != found.likeliest => return None,
                Some((_, longest)) if longest.len() >= name.len() => {}
                _ => all = Some((found, name.clone())),
            }
        }
        all
    }

    /// A name that mentions another country is not the carrier of that name here, unless the company is one worldwide
    /// or names its services after where they go ("Royal Mail Germany").
    fn is_sister(&self, found: &Found, matched: &str, parts: &[&str]) -> bool {
        // A family's own rule has chosen the company of that country already.
        let family = FAMILIES.iter().any(|family| family.name == matched);
        let (Some(abroad), [only], false) = (market_in(parts), found.members.as_slice(), family) else { return false };
        self.carriers().get(*only).is_some_and(|carrier| {
            let own = carrier.listings.contains_key(abroad);
            (1..WORLDWIDE).contains(&carrier.listings.len()) && !own && !SISTERLESS.contains(&carrier.key.as_str())
        })
    }

    fn delivers_for(&self, seller: &Found, deliverer: &Found) -> bool {
        let carrier = |found: &Found| found.likeliest.and_then(|at| self.carriers().get(at));
        let partner = |carrier: &Carrier| carrier.shapes.iter().any(|shape| shape.id == "impb_partner");
        carrier(seller).is_some_and(partner) && carrier(deliverer).is_some_and(|carrier| carrier.key == "usps")
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
        // Words of the dictionary are spelt as meant: "Postal Service" is not PostNL, "Speed Express" not SpeedX.
        if bare.iter().all(|word| ORDINARY_WORDS.contains(word)) {
            return None;
        }
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
                let meant = ORDINARY_WORDS.contains(given);
                !meant && same_start && name.chars().count() >= SHORTEST_BRAND && one_typo(name, given)
            };
            wrong.next().is_some_and(near) && wrong.next().is_none()
        };
        let phrases = self.names.phrases.iter().filter(|(name, _)| misspelt(name, parts) || misspelt(name, &bare));
        hits.extend(phrases.map(|(_, joined)| joined.as_str()));
        // A slip in a short word of a long name: "Lone Satr Overnight".
        let long = |name: &&(Vec<String>, String)| name.1.chars().count() >= LONG_NAME;
        let slips = self
            .names
            .phrases
            .iter()
            .filter(long)
            .filter(|(_, name)| name.chars().next() == joined.chars().next() && one_typo(joined, name));
        hits.extend(slips.map(|(_, joined)| joined.as_str()));
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

/// The words of a name as the company is called now: "InPost (formerly Yodel)" is InPost. Where only the old name is known
/// ("Acme (formerly Yodel)"), that one counts: the company is the same.
fn current<'p>(parts: &'p [&'p str], names: &NameIndex) -> &'p [&'p str] {
    let Some(at) = parts.iter().position(|part| FORMERLY.contains(part)).filter(|at| *at > 0) else { return parts };
    let (now, before) = parts.split_at(at);
    if (0..now.len()).any(|start| (start..now.len()).any(|end| names.knows(&now[start..=end].concat()))) {
        now
    } else {
        before
    }
}

/// Whether a text is nothing but words of a service, one after the other.
fn is_service(text: &str) -> bool {
    text.is_empty()
        || SERVICE_WORDS
            .iter()
            .filter(|word| word.len() > 2)
            .any(|word| text.strip_prefix(word).is_some_and(is_service))
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
