//! What `waybill identify` prints: one line per number, with everything that explains it.

use crate::carriers::carrier::{Carrier, Fit};
use crate::carriers::catalogue::{Approval, Approved, Catalogue, market};
use crate::carriers::field::{Reading, Scope, Source};
use crate::carriers::junk::Junk;
use crate::carriers::names::Service;
use crate::carriers::provider::Provider;
use crate::carriers::providers::{LiveList, Question};
use crate::carriers::shape::{CheckResult, Confidence, Strength};
use crate::carriers::verdict::{Action, Named, Verdict};
use crate::carriers::wishes::{Mismatch, Wishes};
use crate::domain::reason::Reason;
use crate::domain::region::Region;
use serde::Serialize;

/// One shape that a number has.
#[derive(Clone, Debug, Serialize)]
pub struct Match {
    /// The carrier's key.
    pub carrier: String,
    /// The name people know.
    pub name: String,
    /// `carrier.shape`.
    pub format: String,
    /// How much a match says.
    pub strength: Strength,
    /// What the check digit says.
    pub check: CheckResult,
    /// How well the shape is known.
    pub confidence: Confidence,
    /// Whether the list takes the carrier; absent: only the live list knows.
    pub approved: Option<bool>,
}

/// A number taken out of other text or a link.
#[derive(Clone, Debug, Serialize)]
pub struct Rescued {
    /// The canonical number.
    pub number: String,
    /// Its shapes that count.
    pub carriers: Vec<Match>,
}

/// What would be sent.
#[derive(Clone, Debug, Serialize)]
pub struct Outgoing {
    /// The carrier's key.
    pub carrier: Option<String>,
    /// TikTok's name for it in this market.
    pub tiktok_name: Option<String>,
    /// The entry of the shop's own list; absent where only a bundled list was at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The number in canonical form.
    pub number: String,
}

/// The answer for one number.
#[derive(Clone, Debug, Serialize)]
pub struct IdentifyLine {
    /// As given.
    pub number: String,
    /// The whole text as `0-9A-Z`.
    pub normalized: String,
    /// The form for TikTok, where the text is one number.
    pub canonical: Option<String>,
    /// The market; absent: any.
    pub region: Option<String>,
    /// The key of the carrier that was named.
    pub claimed_carrier: Option<String>,
    /// The text is a number of the named carrier; without one, of any carrier in `expected_carriers`.
    pub valid: bool,
    /// Carriers of the market whose number the text as given can be: exclusive and shared shapes only.
    pub expected_carriers: Vec<String>,
    /// The shapes behind `expected_carriers`, one per carrier.
    pub carriers: Vec<Match>,
    /// Shapes that do not count: weak ones, other markets' carriers, wrong check digits.
    pub other_matches: Vec<Match>,
    /// The shape of the named carrier, else the strongest one.
    pub format: Option<String>,
    /// Why the text as given is no number.
    pub junk: Option<Junk>,
    /// Every number in the text, canonical.
    pub numbers: Vec<String>,
    /// Where they stand.
    pub source: Source,
    /// The one number found in other text or a link.
    pub rescued: Option<Rescued>,
    /// `push`, `warn` or `hold`.
    pub verdict: Action,
    /// The code when not `push`.
    pub reason: Option<Reason>,
    /// Why, in a merchant's words.
    pub why: String,
    /// What would be sent.
    pub push: Option<Outgoing>,
    /// Carriers of the list that fit better.
    pub better: Vec<String>,
    /// Which list of approved carriers was used.
    pub list: String,
    /// What happens by the shop's setting with a number that fits nobody: `warn` or `hold`.
    pub setting: Mismatch,
}

/// Answers for one number by the bundled lists. `carrier` is a key or any name a store would give.
#[must_use]
pub fn identify_line(
    catalogue: &Catalogue,
    number: &str,
    region: Option<&Region>,
    carrier: Option<&str>,
    wishes: Wishes,
) -> IdentifyLine {
    let approved = Approved::bundled(catalogue, region);
    let named = named(catalogue, carrier, region, &approved);
    let claimed = claimed_by(&named);
    let on_list = claimed.filter(|carrier| approved.of(carrier) != Approval::No);
    let reading = catalogue.read(number, &Scope { approved: &approved, named: on_list, references: &[] });
    let verdict = catalogue.decide(&reading, &named, &approved, wishes);
    let asked = Asked { number, region, carrier, approved: &approved, wishes };
    line_of(&asked, &named, &reading, verdict, None)
}

/// Answers for one number as the push of a shop would: its own list, the merchant's mapping and the shop's setting.
#[must_use]
pub fn identify_in_shop(catalogue: &Catalogue, list: &LiveList<'_>, question: &Question<'_>) -> IdentifyLine {
    let judged = list.judge(question);
    let (approved, wishes) = (list.approved(), question.wishes);
    let reading = judged.reading.unwrap_or_else(|| {
        catalogue.read(question.number, &Scope { approved, named: None, references: question.references })
    });
    let region = Some(question.region);
    let asked = Asked { number: question.number, region, carrier: question.store_name, approved, wishes };
    line_of(&asked, &judged.named, &reading, judged.verdict, judged.provider)
}

fn claimed_by<'c>(named: &Named<'c>) -> Option<&'c Carrier> {
    match named {
        Named::Open(carriers, _) => carriers.first().copied(),
        one => one.carrier(),
    }
}

/// The question behind a line.
struct Asked<'a> {
    number: &'a str,
    region: Option<&'a Region>,
    carrier: Option<&'a str>,
    approved: &'a Approved,
    wishes: Wishes,
}

fn line_of(
    asked: &Asked<'_>,
    named: &Named<'_>,
    reading: &Reading<'_>,
    verdict: Verdict<'_>,
    provider: Option<&Provider>,
) -> IdentifyLine {
    let Asked { number, region, carrier, approved, wishes } = *asked;
    let claimed = claimed_by(named);
    let line = |fit: &Fit<'_>| as_match(fit, approved);
    let unnamed = claimed.is_none();
    let counts = |fit: &&Fit<'_>| {
        let alone = !unnamed || fit.shape.strength != Strength::Exclusive || fit.stands_alone(&reading.normalized);
        fit.speaks() && alone && approved.of(fit.carrier) == Approval::Yes
    };
    let typed = reading.typed();
    let fits = typed.map_or(&[][..], |number| number.fits.as_slice());
    let carriers = one_each(fits.iter().filter(counts)).map(line).collect::<Vec<_>>();
    let other_matches = fits.iter().filter(|fit| !counts(fit)).map(line).collect();
    let of_claimed = |fit: &&Fit<'_>| claimed.is_some_and(|carrier| carrier.key == fit.carrier.key);
    let valid = match claimed {
        Some(_) => {
            // A number that another carrier has the better claim to is not this one's.
            let outdone = verdict.reason == Some(Reason::CarrierFormatMismatch);
            !outdone && fits.iter().any(|fit| of_claimed(&fit) && fit.check.fits())
        }
        None => !carriers.is_empty() && carrier.is_none(),
    };
    let best = fits.iter().find(of_claimed).or_else(|| fits.iter().find(counts));
    let rescued = reading.only().filter(|_| typed.is_none()).map(|number| Rescued {
        number: number.canonical.clone(),
        carriers: one_each(number.fits.iter().filter(counts)).map(line).collect(),
    });
    let push = verdict.number.map(|number| Outgoing {
        carrier: verdict.carrier.map(|carrier| carrier.key.clone()),
        tiktok_name: provider
            .map(|provider| provider.name.clone())
            .or_else(|| verdict.carrier.and_then(|carrier| tiktok_name(carrier, region))),
        provider: provider.map(|provider| provider.id.as_str().to_owned()),
        number,
    });
    IdentifyLine {
        number: number.to_owned(),
        normalized: reading.normalized.clone(),
        canonical: typed.map(|number| number.canonical.clone()),
        region: region.map(|region| market(region).to_owned()),
        claimed_carrier: claimed.map(|carrier| carrier.key.clone()),
        valid,
        expected_carriers: keys(&carriers),
        carriers,
        other_matches,
        format: best.map(format_name),
        junk: reading.junk,
        numbers: reading.numbers.iter().map(|number| number.canonical.clone()).collect(),
        source: reading.source,
        rescued,
        verdict: verdict.action,
        reason: verdict.reason,
        why: verdict.why,
        push,
        better: verdict.better.iter().map(|carrier| carrier.key.clone()).collect(),
        list: approved.list.clone(),
        setting: wishes.mismatch,
    }
}

/// A key is taken as such; a name, or a key that another carrier of the market also goes by, as a store's word.
fn named<'c>(
    catalogue: &'c Catalogue,
    carrier: Option<&str>,
    region: Option<&Region>,
    approved: &Approved,
) -> Named<'c> {
    let Some(text) = carrier else { return Named::Missing };
    let answer = catalogue.by_name(text, region, None);
    let Some(by_key) = catalogue.carrier(text.trim()) else { return Named::from_answer(&answer) };
    let listed = |carrier: &Carrier| approved.of(carrier) != Approval::No;
    if !listed(by_key) && answer.carrier.is_some_and(listed) {
        return Named::from_answer(&answer);
    }
    Named::Carrier(by_key, Service::Unsaid)
}

fn as_match(fit: &Fit<'_>, approved: &Approved) -> Match {
    Match {
        carrier: fit.carrier.key.clone(),
        name: fit.carrier.name.clone(),
        format: format_name(fit),
        strength: fit.shape.strength,
        check: fit.check,
        confidence: fit.shape.confidence,
        approved: as_bool(approved.of(fit.carrier)),
    }
}

pub(super) fn as_bool(approval: Approval) -> Option<bool> {
    match approval {
        Approval::Yes => Some(true),
        Approval::No => Some(false),
        Approval::AskLiveList => None,
    }
}

fn format_name(fit: &Fit<'_>) -> String {
    format!("{}.{}", fit.carrier.key, fit.shape.id)
}

pub(super) fn tiktok_name(carrier: &Carrier, region: Option<&Region>) -> Option<String> {
    region.and_then(|region| carrier.listings.get(market(region))).map(|listing| listing.tiktok_name.clone())
}

/// The strongest fit of each carrier; fits come strongest first.
fn one_each<'a, 'c: 'a>(fits: impl Iterator<Item = &'a Fit<'c>>) -> impl Iterator<Item = &'a Fit<'c>> {
    let mut seen = std::collections::HashSet::new();
    fits.filter(move |fit| seen.insert(fit.carrier.index))
}

/// Sorted, so that the same question prints the same line.
fn keys(matches: &[Match]) -> Vec<String> {
    let mut keys: Vec<String> = matches.iter().map(|m| m.carrier.clone()).collect();
    keys.sort();
    keys
}

#[cfg(test)]
#[path = "reported_tests.rs"]
mod reported_tests;
#[cfg(test)]
#[path = "report_tests.rs"]
mod tests;
