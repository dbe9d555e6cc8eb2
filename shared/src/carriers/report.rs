//! What `waybill identify` and `waybill carrier` print: one line per question, with everything that explains it.

use crate::carriers::catalogue::{Approval, Approved, Carrier, Catalogue, Fit, market};
use crate::carriers::field::{Scope, Source};
use crate::carriers::junk::Junk;
use crate::carriers::names::{How, Kind, NameAnswer, Service};
use crate::carriers::shape::{CheckResult, Confidence, Strength};
use crate::carriers::suggest::{Candidate, Choice};
use crate::carriers::verdict::{Action, Named, Wishes};
use crate::domain::platform::Platform;
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
}

/// The answer for one carrier name.
#[derive(Clone, Debug, Serialize)]
pub struct CarrierLine {
    /// As given.
    pub name: String,
    /// The market; absent: any.
    pub region: Option<String>,
    /// Where the name comes from.
    pub platform: Option<Platform>,
    /// The carrier's key; null: no carrier.
    pub carrier: Option<String>,
    /// The name people know.
    pub carrier_name: Option<String>,
    /// TikTok's name for it in this market.
    pub tiktok_name: Option<String>,
    /// Whether the list takes it; null: only the live list knows, or there is no carrier.
    pub approved: Option<bool>,
    /// The name alone leaves several carriers.
    pub ambiguous: bool,
    /// Those carriers.
    pub candidates: Vec<String>,
    /// What kind of name it is.
    pub kind: Kind,
    /// How it was matched.
    pub how: Option<How>,
    /// The known name that matched.
    pub matched: Option<String>,
    /// What the name says about the service.
    pub service: Service,
    /// The code that a parcel of this name would be held with; null: none for the name's sake.
    pub reason: Option<Reason>,
    /// Why, in a merchant's words.
    pub why: String,
    /// Other carriers of the market that are likest, best first.
    pub alternatives: Vec<Candidate>,
    /// Which list of approved carriers was used.
    pub list: String,
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
    let claimed = match &named {
        Named::Carrier(carrier, _) | Named::Misspelt(carrier, _) => Some(*carrier),
        Named::Open(carriers, _) => carriers.first().copied(),
        Named::Unlisted | Named::Unknown | Named::Missing => None,
    };
    let on_list = claimed.filter(|carrier| approved.of(carrier) != Approval::No);
    let reading = catalogue.read(number, &Scope { approved: &approved, named: on_list, references: &[] });
    let verdict = catalogue.decide(&reading, &named, &approved, wishes);

    let line = |fit: &Fit<'_>| as_match(fit, &approved);
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
        tiktok_name: verdict.carrier.and_then(|carrier| tiktok_name(carrier, region)),
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
        list: approved.list,
    }
}

/// Answers for one carrier name by the bundled lists.
#[must_use]
pub fn carrier_line(
    catalogue: &Catalogue,
    name: &str,
    region: Option<&Region>,
    platform: Option<Platform>,
) -> CarrierLine {
    let approved = Approved::bundled(catalogue, region);
    let answer = catalogue.by_name(name, region, platform);
    let approval = answer.carrier.map(|carrier| approved.of(carrier));
    let (reason, why) = explain(&answer, approval, &approved);
    let choices: Vec<Choice<'_>> = approved
        .carriers(catalogue)
        .filter(|carrier| answer.carrier.is_none_or(|answer| answer.key != carrier.key))
        .map(|carrier| {
            let listing = region.and_then(|region| carrier.listings.get(market(region)));
            let name = listing.map_or(carrier.name.as_str(), |listing| listing.tiktok_name.as_str());
            Choice { name, carrier: Some(carrier), provider: None }
        })
        .collect();
    CarrierLine {
        name: name.to_owned(),
        region: region.map(|region| market(region).to_owned()),
        platform,
        carrier: answer.carrier.map(|carrier| carrier.key.clone()),
        carrier_name: answer.carrier.map(|carrier| carrier.name.clone()),
        tiktok_name: answer.carrier.and_then(|carrier| tiktok_name(carrier, region)),
        approved: approval.and_then(as_bool),
        ambiguous: answer.open,
        candidates: answer.candidates.iter().map(|carrier| carrier.key.clone()).collect(),
        kind: answer.kind,
        how: answer.how,
        matched: answer.matched.clone(),
        service: answer.service,
        reason,
        why,
        alternatives: catalogue.rank(Some(name), None, &choices),
        list: approved.list,
    }
}

fn explain(answer: &NameAnswer<'_>, approval: Option<Approval>, approved: &Approved) -> (Option<Reason>, String) {
    let Some(carrier) = answer.carrier else {
        return match answer.kind {
            Kind::SaysNothing => (Some(Reason::CarrierMissing), "the name says no carrier".into()),
            Kind::NoCarrier => {
                (Some(Reason::CarrierUnmapped), "this is a way of shipping or a program, not a carrier".into())
            }
            Kind::Several => (Some(Reason::CarrierUnmapped), "the name holds more than one carrier".into()),
            Kind::Carrier | Kind::Unknown => (Some(Reason::CarrierUnmapped), "no known carrier has this name".into()),
        };
    };
    let name = &carrier.name;
    if answer.service == Service::Untracked {
        return (
            Some(Reason::CarrierNotApproved),
            format!("{name}, but an untracked service, which TikTok does not count"),
        );
    }
    if approval == Some(Approval::No) {
        return (Some(Reason::CarrierNotApproved), format!("{name} is not on {}", approved.list));
    }
    let how = match answer.how {
        Some(How::Exact) => "by its name",
        Some(How::Normalised) => "by its name, written differently",
        Some(How::Tokens) => "by the words of its name",
        Some(How::Spelling) => "by its name with one typing error",
        None => "",
    };
    let mut why = format!("{name}, {how}");
    if answer.open {
        let names: Vec<&str> = answer.candidates.iter().map(|carrier| carrier.name.as_str()).collect();
        why = format!("{why}; the name alone can mean {}: market or number decide", names.join(", "));
    }
    if answer.service == Service::Doubtful {
        why = format!("{why}; sold tracked and untracked, the number tells");
    }
    if approval == Some(Approval::AskLiveList) {
        why = format!("{why}; only the shop's live list knows whether TikTok takes it");
    }
    (None, why)
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

fn as_bool(approval: Approval) -> Option<bool> {
    match approval {
        Approval::Yes => Some(true),
        Approval::No => Some(false),
        Approval::AskLiveList => None,
    }
}

fn format_name(fit: &Fit<'_>) -> String {
    format!("{}.{}", fit.carrier.key, fit.shape.id)
}

fn tiktok_name(carrier: &Carrier, region: Option<&Region>) -> Option<String> {
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
