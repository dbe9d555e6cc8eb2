//! What `waybill carrier` prints: one line per name, with everything that explains it.

use crate::carriers::catalogue::{Approval, Approved, Catalogue, market};
use crate::carriers::names::{How, Kind, NameAnswer, Service};
use crate::carriers::report::{as_bool, tiktok_name};
use crate::carriers::suggest::{Candidate, Choice};
use crate::domain::platform::Platform;
use crate::domain::reason::Reason;
use crate::domain::region::Region;
use serde::Serialize;

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
