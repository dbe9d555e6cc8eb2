//! From a store's words and a number to one entry of the shop's live carrier list. Ids come from that list only.

use crate::carriers::carrier::Carrier;
use crate::carriers::catalogue::{Approval, Approved, Catalogue, market};
use crate::carriers::field::{Number, Reading, Scope};
use crate::carriers::names::{How, Kind, Service};
use crate::carriers::provider::Provider;
use crate::carriers::suggest::{Candidate, Choice};
use crate::carriers::text::{join, tidy_name};
use crate::carriers::verdict::{Action, Named, Verdict, hold};
use crate::carriers::wishes::Wishes;
use crate::domain::ids::ProviderId;
use crate::domain::platform::Platform;
use crate::domain::reason::Reason;
use crate::domain::region::Region;
use serde::Serialize;

/// Characters of the longest mapping key: two names that differ only behind it count as one.
const LONGEST_KEY: usize = 200;

/// What is asked about one parcel.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The store's word for the carrier.
    pub store_name: Option<&'a str>,
    /// The number as the store gave it.
    pub number: &'a str,
    /// The shop's market.
    pub region: &'a Region,
    /// Where the word comes from.
    pub platform: Option<Platform>,
    /// TikTok's carrier name that the merchant mapped the store's word to.
    pub merchant_choice: Option<&'a str>,
    /// The order's and the shipment's own numbers, names and ids: never tracking numbers.
    pub references: &'a [&'a str],
    /// The shop's setting and a person's confirmation.
    pub wishes: Wishes,
}

/// How the provider was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The merchant's mapping.
    Mapping,
    /// The store wrote the provider's own name.
    ProviderName,
    /// The store's word is a known name of the carrier.
    Name(How),
    /// No usable name; the number can only be this carrier's.
    Number,
}

/// Sent all the same, and the merchant is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The code.
    pub reason: Reason,
    /// In a merchant's words.
    pub why: String,
}

/// The answer for one parcel.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// Send it like this.
    Provider {
        /// The entry of the live list.
        provider: Provider,
        /// The carrier's key; absent for one the carrier data does not know.
        carrier: Option<String>,
        /// The carrier's canonical form: what TikTok gets and what its answers are compared with.
        number: String,
        /// How the provider was found.
        way: Way,
        /// What the decision rests on.
        why: String,
        /// Something the merchant should know.
        warning: Option<Warning>,
    },
    /// Do not send it.
    Hold {
        /// The code.
        reason: Reason,
        /// In a merchant's words.
        why: String,
        /// Up to three entries of the live list, likeliest first.
        candidates: Vec<Candidate>,
    },
}

#[derive(Debug)]
struct Entry<'c> {
    provider: Provider,
    joined: String,
    carrier: Option<&'c Carrier>,
}

/// A decision and what it rests on.
pub(super) struct Judged<'l> {
    pub(super) named: Named<'l>,
    /// `None`: the mapping leads nowhere, so nobody looked.
    pub(super) reading: Option<Reading<'l>>,
    pub(super) verdict: Verdict<'l>,
    /// The entry to send it with; `None` exactly when it is held.
    pub(super) provider: Option<&'l Provider>,
    pub(super) way: Way,
}

/// A shop's live list, read once and then asked for every parcel of the shop.
#[derive(Debug)]
pub struct LiveList<'c> {
    catalogue: &'c Catalogue,
    region: Region,
    entries: Vec<Entry<'c>>,
    approved: Approved,
}

impl<'c> LiveList<'c> {
    /// Recognises the carrier behind each entry of one market's list. The same entry may come several times, once per
    /// delivery option.
    #[must_use]
    pub fn new(catalogue: &'c Catalogue, region: &Region, live: &[Provider]) -> Self {
        let mut ids = std::collections::HashSet::new();
        let entries: Vec<Entry<'c>> = live
            .iter()
            .filter(|provider| ids.insert(&provider.id))
            .map(|provider| Entry {
                provider: provider.clone(),
                joined: join(&tidy_name(&provider.name)),
                carrier: carrier_of(catalogue, &provider.name, region),
            })
            .collect();
        let known = entries.iter().filter_map(|entry| entry.carrier);
        let approved = Approved::only(catalogue, region, "this shop's carrier list at TikTok".into(), known);
        Self { catalogue, region: region.clone(), entries, approved }
    }

    /// Finds the provider for one parcel of the list's market, or says why it must wait.
    #[must_use]
    pub fn resolve(&self, question: &Question<'_>) -> Resolution {
        let Judged { reading, verdict, provider, way, .. } = self.judge(question);
        let (Some(provider), Some(number)) = (provider, verdict.number) else {
            let reason = verdict.reason.unwrap_or(Reason::CarrierUnmapped);
            let number = reading.as_ref().and_then(|reading| reading.only());
            return self.held(question, number, reason, verdict.why);
        };
        let warning = verdict.reason.map(|reason| Warning { reason, why: verdict.why.clone() });
        Resolution::Provider {
            provider: provider.clone(),
            carrier: verdict.carrier.map(|carrier| carrier.key.clone()),
            number,
            way,
            why: verdict.why,
            warning,
        }
    }

    /// The decision about one parcel with everything it rests on: what a push acts on and `identify --shop` prints.
    pub(super) fn judge(&self, question: &Question<'_>) -> Judged<'_> {
        let (catalogue, approved) = (self.catalogue, &self.approved);
        let answer = question.store_name.map(|name| catalogue.by_name(name, Some(&self.region), question.platform));

        let mut fixed = None;
        let mut way = Way::Number;
        let mut named = answer.as_ref().map_or(Named::Missing, Named::from_answer);
        if let Some(choice) = question.merchant_choice {
            let Some(entry) = self.chosen(choice) else {
                let why = format!("your mapping names {choice}, which is not on this shop's carrier list at TikTok");
                let verdict = hold(Reason::CarrierNotApproved, why, vec![]);
                return Judged { named: Named::Unknown, reading: None, verdict, provider: None, way: Way::Mapping };
            };
            named = entry.carrier.map_or(Named::Unlisted, |carrier| Named::Carrier(carrier, Service::Unsaid));
            (fixed, way) = (Some(&entry.provider), Way::Mapping);
        } else if let (Some(name), Some(answer)) = (question.store_name, &answer) {
            let usable = !matches!(answer.kind, Kind::SaysNothing | Kind::NoCarrier);
            if let Some(entry) = self.same_name(name).filter(|_| usable) {
                named = entry.carrier.map_or(Named::Unlisted, |carrier| Named::Carrier(carrier, answer.service));
                (fixed, way) = (Some(&entry.provider), Way::ProviderName);
            } else if let Some(how) = answer.how.filter(|_| answer.kind == Kind::Carrier) {
                way = Way::Name(how);
            }
        }

        // A carrier that the shop cannot use must not change how the number is read.
        let on_list = named.carrier().filter(|carrier| approved.of(carrier) != Approval::No);
        let scope = Scope { approved, named: on_list, references: question.references };
        let reading = catalogue.read(question.number, &scope);
        let mut verdict = catalogue.decide(&reading, &named, approved, question.wishes);
        let by_carrier = || verdict.carrier.and_then(|carrier| self.of_carrier(carrier, question.store_name));
        let provider = if verdict.action == Action::Hold { None } else { fixed.or_else(by_carrier) };
        if provider.is_none() && verdict.action != Action::Hold {
            let why = "the shop's list holds this carrier more than once; choose the right entry once".to_owned();
            verdict = hold(Reason::CarrierUnmapped, why, vec![]);
        }
        Judged { named, reading: Some(reading), verdict, provider, way }
    }

    /// The carriers behind the entries.
    pub(super) fn approved(&self) -> &Approved {
        &self.approved
    }

    /// The three likeliest entries for a store's word nobody mapped, with a number seen under it.
    #[must_use]
    pub fn suggest(&self, store_name: Option<&str>, number: Option<&str>) -> Vec<Candidate> {
        let scope = Scope { approved: &self.approved, named: None, references: &[] };
        let reading = number.map(|number| self.catalogue.read(number, &scope));
        self.rank(store_name, reading.as_ref().and_then(|reading| reading.only()))
    }

    /// The entry that a TikTok carrier name means here: what a mapping may be saved with. `None`: not on the list, or
    /// several entries.
    #[must_use]
    pub fn by_tiktok_name(&self, name: &str) -> Option<&Provider> {
        self.chosen(name).map(|entry| &entry.provider)
    }

    /// Whether a store's word, as it stands, leads to an entry: nobody has to map it.
    #[must_use]
    pub fn knows(&self, name: &str, platform: Option<Platform>) -> bool {
        let answer = self.catalogue.by_name(name, Some(&self.region), platform);
        let usable = !matches!(answer.kind, Kind::SaysNothing | Kind::NoCarrier);
        let listed = |carrier: &&Carrier| !answer.open && self.approved.of(carrier) == Approval::Yes;
        usable && (self.same_name(name).is_some() || answer.carrier.filter(listed).is_some())
    }

    /// The carrier's key behind each entry, in the order of the list; `None`: the carrier data does not know it.
    pub fn entries(&self) -> impl Iterator<Item = (&Provider, Option<&str>)> {
        self.entries.iter().map(|entry| (&entry.provider, entry.carrier.map(|carrier| carrier.key.as_str())))
    }

    /// The entry with this very name; two entries that differ only in punctuation are told apart by the exact text.
    fn same_name(&self, name: &str) -> Option<&Entry<'c>> {
        let lower = name.trim().to_lowercase();
        let mut exact = self.entries.iter().filter(|entry| entry.provider.name.trim().to_lowercase() == lower);
        if let (Some(entry), None) = (exact.next(), exact.next()) {
            return Some(entry);
        }
        let joined = join(&tidy_name(name));
        let mut alike = self.entries.iter().filter(|entry| !joined.is_empty() && entry.joined == joined);
        if let (Some(entry), None) = (alike.next(), alike.next()) { Some(entry) } else { None }
    }

    /// The entry of the merchant's choice: by its name, else by the only entry of the same carrier (TikTok renames some).
    fn chosen(&self, choice: &str) -> Option<&Entry<'c>> {
        self.same_name(choice).or_else(|| {
            let carrier = carrier_of(self.catalogue, choice, &self.region)?;
            let mut same = self.entries.iter().filter(|entry| entry.carrier.is_some_and(|c| c.index == carrier.index));
            if let (Some(entry), None) = (same.next(), same.next()) { Some(entry) } else { None }
        })
    }

    /// The entry of a carrier. TikTok's US list holds GLS twice, so the market's usual name decides between several.
    fn of_carrier(&self, carrier: &Carrier, store_name: Option<&str>) -> Option<&Provider> {
        let of_this = |entry: &&Entry<'c>| entry.carrier.is_some_and(|c| c.index == carrier.index);
        let same: Vec<&Entry<'c>> = self.entries.iter().filter(of_this).collect();
        if let [only] = same.as_slice() {
            return Some(&only.provider);
        }
        let usual = carrier.listings.get(market(&self.region)).map(|listing| listing.tiktok_name.as_str());
        // Exactly one entry under a wanted name; two that differ only in punctuation stay a person's choice.
        let under = |wanted: &str, form: fn(&str) -> String| {
            let mut named = same.iter().filter(|entry| form(&entry.provider.name) == form(wanted));
            if let (Some(entry), None) = (named.next(), named.next()) { Some(&entry.provider) } else { None }
        };
        store_name.into_iter().chain(usual).find_map(|name| {
            under(name, |text| text.trim().to_lowercase()).or_else(|| under(name, |text| join(&tidy_name(text))))
        })
    }

    fn held(&self, question: &Question<'_>, number: Option<&Number<'_>>, reason: Reason, why: String) -> Resolution {
        let about_carrier = matches!(
            reason,
            Reason::CarrierMissing
                | Reason::CarrierUnmapped
                | Reason::CarrierNotApproved
                | Reason::CarrierFormatMismatch
        );
        let ask = about_carrier || number.is_some();
        let candidates = if ask { self.rank(question.store_name, number) } else { vec![] };
        Resolution::Hold { reason, why, candidates }
    }

    fn rank(&self, name: Option<&str>, number: Option<&Number<'_>>) -> Vec<Candidate> {
        let choices: Vec<Choice<'_>> = self
            .entries
            .iter()
            .map(|entry| Choice { name: &entry.provider.name, carrier: entry.carrier, provider: Some(&entry.provider) })
            .collect();
        self.catalogue.rank(name, number, &choices)
    }
}

/// Finds the provider for one parcel on the shop's live list. For many parcels of one shop make the [`LiveList`] once.
#[must_use]
pub fn resolve(catalogue: &Catalogue, question: &Question<'_>, live: &[Provider]) -> Resolution {
    LiveList::new(catalogue, question.region, live).resolve(question)
}

/// The carrier behind a TikTok name: TikTok's own names of the market first, then exact and normalised names. Nothing
/// vaguer: a list entry that is not clearly one carrier is matched by its own name only.
fn carrier_of<'c>(catalogue: &'c Catalogue, name: &str, region: &Region) -> Option<&'c Carrier> {
    if let Some(carrier) = catalogue.names.by_tiktok_name(market(region), &join(&tidy_name(name))) {
        return catalogue.carriers().get(carrier);
    }
    let answer = catalogue.by_name(name, Some(region), None);
    answer.carrier.filter(|_| !answer.open && matches!(answer.how, Some(How::Exact | How::Normalised)))
}

/// The form in which two spellings of a store's word count as one name ("U.S.P.S." and "usps"): for mapping rows. A word
/// of signs alone is its own key; only a blank one is empty.
#[must_use]
pub fn name_key(name: &str) -> String {
    let head: String = name.chars().take(LONGEST_KEY).collect();
    let joined = join(&tidy_name(&head));
    let key = if joined.is_empty() { head.split_whitespace().collect::<Vec<_>>().join(" ") } else { joined };
    key.chars().take(LONGEST_KEY).collect()
}

/// What changed between two readings of a shop's list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListChange {
    /// Entries that vanished.
    pub removed: Vec<Provider>,
    /// Entries that are new.
    pub added: Vec<Provider>,
    /// Entries that kept their id under another name: (before, now).
    pub renamed: Vec<(Provider, Provider)>,
}

/// Compares two readings of a shop's list by id.
#[must_use]
pub fn list_changes(before: &[Provider], now: &[Provider]) -> ListChange {
    let find = |list: &[Provider], id: &ProviderId| list.iter().find(|provider| provider.id == *id).cloned();
    let mut change = ListChange::default();
    for old in before {
        match find(now, &old.id) {
            None => change.removed.push(old.clone()),
            Some(new) if new.name != old.name => change.renamed.push((old.clone(), new)),
            Some(_) => {}
        }
    }
    change.added = now.iter().filter(|new| find(before, &new.id).is_none()).cloned().collect();
    change
}

#[cfg(test)]
#[path = "providers_tests.rs"]
mod tests;
