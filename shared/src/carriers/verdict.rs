//! Push, warn or hold: the decision before any call to TikTok, as one table of rules.
//!
//! TikTok lets a number be corrected once, so a doubtful one waits for a person. Source: carrier fact sheet, sections 7,
//! 8 and 13. The shop's setting decides only about a number that fits nobody; a number that fits somebody else is held
//! whatever the setting says.

use crate::carriers::carrier::{Carrier, Fit, distinct};
use crate::carriers::catalogue::{Approval, Approved, Catalogue};
use crate::carriers::claims::Case;
use crate::carriers::field::{Reading, Source};
use crate::carriers::junk::Junk;
use crate::carriers::names::{How, Kind, NameAnswer, Service};
use crate::carriers::shape::{CheckResult, Strength};
use crate::carriers::wishes::{Mismatch, Wishes};
use crate::domain::reason::Reason;
use serde::Serialize;

/// What happens with the parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Send it.
    Push,
    /// Send it and tell the merchant.
    Warn,
    /// Do not send it; a person decides.
    Hold,
}

/// Who carries the parcel, as far as anybody said.
#[derive(Clone, Debug)]
pub enum Named<'c> {
    /// One carrier of the catalogue, and what the name says about the service.
    Carrier(&'c Carrier, Service),
    /// The same, but the name was not spelt like that: a first doubt.
    Misspelt(&'c Carrier, Service),
    /// A carrier on the shop's live list that the catalogue does not know.
    Unlisted,
    /// A name that several carriers share in this market.
    Open(Vec<&'c Carrier>, Service),
    /// A name that is no carrier's, or nobody's we know.
    Unknown,
    /// No name at all.
    Missing,
}

impl<'c> Named<'c> {
    /// From the answer for a name.
    #[must_use]
    pub fn from_answer(answer: &NameAnswer<'c>) -> Self {
        match (answer.kind, answer.carrier) {
            (Kind::Carrier, Some(_)) if answer.open => Self::Open(answer.candidates.clone(), answer.service),
            (Kind::Carrier, Some(carrier)) if answer.how == Some(How::Spelling) => {
                Self::Misspelt(carrier, answer.service)
            }
            (Kind::Carrier, Some(carrier)) => Self::Carrier(carrier, answer.service),
            (Kind::SaysNothing, _) => Self::Missing,
            (Kind::Carrier | Kind::NoCarrier | Kind::Several | Kind::Unknown, _) => Self::Unknown,
        }
    }

    /// The one carrier that was named.
    #[must_use]
    pub fn carrier(&self) -> Option<&'c Carrier> {
        match self {
            Self::Carrier(carrier, _) | Self::Misspelt(carrier, _) => Some(carrier),
            Self::Unlisted | Self::Open(..) | Self::Unknown | Self::Missing => None,
        }
    }
}

/// The decision.
#[derive(Clone, Debug)]
pub struct Verdict<'c> {
    /// What happens.
    pub action: Action,
    /// The code; `None` exactly when the parcel is simply sent.
    pub reason: Option<Reason>,
    /// In a merchant's words.
    pub why: String,
    /// The carrier to send it with; `None` while held, and for a carrier the catalogue does not know.
    pub carrier: Option<&'c Carrier>,
    /// The number to send.
    pub number: Option<String>,
    /// Carriers of the list that fit the number better, likeliest first.
    pub better: Vec<&'c Carrier>,
}

/// Shapes of labels that Royal Mail does not track. Source: carrier data, note of `royal_mail.barcode2d_21`.
const UNTRACKED_SHAPES: &[(&str, &str)] =
    &[("royal_mail", "barcode2d_21"), ("royal_mail", "barcode2d_16"), ("royal_mail", "barcode2d_20")];

/// Whether the name was written as the carrier writes it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelt {
    Right,
    Nearly,
}

impl Catalogue {
    /// Decides about one field of one parcel.
    #[must_use]
    pub fn decide<'c>(
        &'c self,
        reading: &Reading<'c>,
        named: &Named<'c>,
        approved: &Approved,
        wishes: Wishes,
    ) -> Verdict<'c> {
        let number = match (&reading.numbers[..], reading.junk) {
            ([number], junk) if junk.is_none() || reading.source == Source::Link => number,
            ([], junk) => {
                let reason = if junk == Some(Junk::Empty) { Reason::TrackingMissing } else { Reason::TrackingInvalid };
                let mut why = format!("not a tracking number: {}", junk.unwrap_or(Junk::NoDigit).sentence());
                if let Some(shown) = &reading.shown {
                    why = format!("{why}; it shows {shown}, which you can enter as the number");
                }
                return hold(reason, why, vec![]);
            }
            (several, _) => {
                let why = format!("the field holds {} numbers; give each parcel its own shipment", several.len());
                return hold(Reason::TrackingInvalid, why, vec![]);
            }
        };
        let speaking =
            number.fits.iter().filter(|fit| fit.speaks() && approved.of(fit.carrier) == Approval::Yes).collect();
        let case = Case { number, approved, wishes, speaking };
        let hinted = || match reading.hint.as_slice() {
            [] => None,
            [carrier] => Some(Named::Carrier(carrier, Service::Unsaid)),
            several => Some(Named::Open(several.to_vec(), Service::Unsaid)),
        };
        match named {
            Named::Carrier(carrier, service) => case.with_carrier(carrier, *service, Spelt::Right),
            Named::Misspelt(carrier, service) => case.with_carrier(carrier, *service, Spelt::Nearly),
            Named::Unlisted => case.with_unlisted(),
            Named::Open(carriers, service) => case.with_open(carriers, *service),
            Named::Unknown => case.without_carrier(Reason::CarrierUnmapped),
            Named::Missing => match hinted() {
                Some(Named::Carrier(carrier, service)) => case.with_carrier(carrier, service, Spelt::Right),
                Some(Named::Open(carriers, service)) => case.with_open(&carriers, service),
                Some(Named::Misspelt(..) | Named::Unlisted | Named::Unknown | Named::Missing) | None => {
                    case.without_carrier(Reason::CarrierMissing)
                }
            },
        }
    }
}

impl<'c> Case<'_, 'c> {
    fn with_carrier(&self, carrier: &'c Carrier, service: Service, spelt: Spelt) -> Verdict<'c> {
        let name = &carrier.name;
        let approval = self.approved.of(carrier);
        if approval == Approval::No {
            let why = format!("{name} is not on {}", self.approved.list);
            return hold(Reason::CarrierNotApproved, why, self.others(carrier));
        }
        let own: Vec<&Fit<'c>> = self.number.fits.iter().filter(|fit| fit.carrier.index == carrier.index).collect();
        let fitting = own.iter().find(|fit| fit.check.fits() || fit.check == CheckResult::OtherIssuer);
        let proven = fitting.is_some_and(|fit| fit.check == CheckResult::Passed);
        if service == Service::Untracked || (service == Service::Doubtful && !proven) {
            let why = format!(
                "TikTok counts tracked services only, and this {name} service is not; use the number of a tracked one"
            );
            return self.soften(Reason::CarrierNotApproved, why, carrier, vec![]);
        }
        let claims = self.claims(Some(carrier), fitting.copied());
        if let Some(rival) = claims.first() {
            let why = format!("the number looks like {}, not {name}", rival.name);
            return self.soften(Reason::CarrierFormatMismatch, why, carrier, self.listed(&claims));
        }
        if let Some(fit) = fitting {
            if UNTRACKED_SHAPES.contains(&(carrier.key.as_str(), fit.shape.id.as_str())) {
                let why = format!("this is the id of an untracked {name} label, which TikTok does not count");
                return self.soften(Reason::TrackingInvalid, why, carrier, self.others(carrier));
            }
            return self.push(carrier, format!("the number fits {name}: {}", explain(fit)));
        }
        if let Some(typo) = own.iter().find(|fit| fit.check == CheckResult::Failed && fit.shape.is_telling()) {
            let why = format!(
                "the number has the shape of {name} ({}), but its check digit is wrong: probably a typing error",
                typo.shape.id
            );
            return self.soften(Reason::TrackingInvalid, why, carrier, self.others(carrier));
        }
        if spelt == Spelt::Nearly {
            let why = format!("the name is not quite {name}, and the number has no known shape of it: two doubts");
            return self.soften(Reason::CarrierFormatMismatch, why, carrier, self.others(carrier));
        }
        if carrier.shapes.is_empty() {
            return self.push(carrier, format!("no shape of {name} numbers is public; the number is sane"));
        }
        // It fits nobody: the shop's setting decides, however well this carrier's shapes are known.
        let why = if let Some(wrong) = own.iter().find(|fit| fit.check == CheckResult::Failed) {
            format!("the number has a shape of {name} ({}), but its check digit is wrong", wrong.shape.id)
        } else if carrier.shapes.iter().any(crate::carriers::shape::Shape::is_telling) {
            format!("the number has none of the known shapes of {name}")
        } else {
            format!("the number has none of the known shapes of {name}, though there may be more")
        };
        self.mismatch(why, carrier, self.others(carrier))
    }

    fn with_unlisted(&self) -> Verdict<'c> {
        let claims = self.claims(None, None);
        if let Some(rival) = claims.first() {
            let why = format!("the number looks like {}", rival.name);
            let better = self.listed(&claims);
            return if self.wishes.confirmed {
                self.warn(Reason::CarrierFormatMismatch, why, None, better)
            } else {
                hold(Reason::CarrierFormatMismatch, why, better)
            };
        }
        Verdict {
            action: Action::Push,
            reason: None,
            why: "no shape of this carrier's numbers is known; the number is sane".into(),
            carrier: None,
            number: Some(self.number.canonical.clone()),
            better: vec![],
        }
    }

    /// A family name: the number decides, or a person.
    fn with_open(&self, carriers: &[&'c Carrier], service: Service) -> Verdict<'c> {
        let possible: Vec<&'c Carrier> =
            carriers.iter().copied().filter(|c| self.approved.of(c) != Approval::No).collect();
        if let ([], [first, ..]) = (possible.as_slice(), carriers) {
            return self.with_carrier(first, service, Spelt::Right);
        }
        if let [only] = possible.as_slice() {
            return self.with_carrier(only, service, Spelt::Right);
        }
        let fits = |carrier: &&&'c Carrier| {
            self.number.fits.iter().any(|fit| fit.carrier.index == carrier.index && fit.check.fits())
        };
        let fitting: Vec<&'c Carrier> = possible.iter().filter(fits).copied().collect();
        match fitting.as_slice() {
            [only] => self.with_carrier(only, service, Spelt::Right),
            several => {
                let names: Vec<&str> = possible.iter().map(|c| c.name.as_str()).collect();
                let why =
                    format!("the name can mean {}, and the number does not decide; choose once", names.join(" or "));
                hold(Reason::CarrierUnmapped, why, if several.is_empty() { possible } else { fitting })
            }
        }
    }

    /// Nobody named a carrier we know: only an exclusive shape of a single carrier can speak for itself, and only with a
    /// check digit that is right. Where no name was given at all, a prefix that is the carrier's own says as much; beside
    /// a name that we do not know it does not.
    fn without_carrier(&self, reason: Reason) -> Verdict<'c> {
        let candidates = distinct(self.speaking.iter().map(|fit| fit.carrier));
        let unnamed =
            if reason == Reason::CarrierMissing { "no carrier is named" } else { "the carrier name has no match" };
        match (candidates.as_slice(), self.speaking.first()) {
            ([only], Some(fit)) if self.speaks_alone(fit, reason) => {
                if let Some(rival) = self.doubt(fit) {
                    let why = format!("{unnamed}, and the number can be {} or {}", only.name, rival.name);
                    return hold(reason, why, vec![*only, rival]);
                }
                self.push(only, format!("{unnamed}; the number can only be {}: {}", only.name, explain(fit)))
            }
            ([], _) => {
                let typo = self.number.fits.iter().find(|fit| {
                    fit.check == CheckResult::Failed
                        && fit.shape.is_telling()
                        && fit.shape.strength == Strength::Exclusive
                        && self.approved.of(fit.carrier) == Approval::Yes
                });
                if let Some(typo) = typo {
                    let name = &typo.carrier.name;
                    let why =
                        format!("the number has the shape of {name} ({}), but its check digit is wrong", typo.shape.id);
                    return hold(Reason::TrackingInvalid, why, vec![typo.carrier]);
                }
                hold(reason, format!("{unnamed}, and the number fits no carrier on {}", self.approved.list), vec![])
            }
            (several, _) => {
                let names: Vec<&str> = several.iter().map(|c| c.name.as_str()).collect();
                hold(
                    reason,
                    format!("{unnamed}; the number fits {}, which is not enough to decide", names.join(", ")),
                    candidates,
                )
            }
        }
    }

    /// A carrier whose weak but well known shape also fits a number that no check digit confirms: Evri's sixteen
    /// characters may be Royal Mail's sixteen hexadecimal ones.
    fn doubt(&self, best: &Fit<'c>) -> Option<&'c Carrier> {
        let unsure = best.check != CheckResult::Passed;
        let other = self.number.fits.iter().find(|fit| {
            fit.carrier.index != best.carrier.index
                && fit.check.fits()
                && fit.shape.strength == Strength::Weak
                && fit.shape.confidence == crate::carriers::shape::Confidence::Confirmed
                && self.approved.of(fit.carrier) == Approval::Yes
        });
        other.filter(|_| unsure).map(|fit| fit.carrier)
    }

    fn others(&self, carrier: &Carrier) -> Vec<&'c Carrier> {
        distinct(self.speaking.iter().map(|fit| fit.carrier).filter(|other| other.index != carrier.index))
    }

    fn push(&self, carrier: &'c Carrier, why: String) -> Verdict<'c> {
        if self.approved.of(carrier) == Approval::AskLiveList {
            let why = format!(
                "{why}; {} stood on an old list of this market only: the shop's live list decides",
                carrier.name
            );
            return self.warn(Reason::CarrierNotApproved, why, Some(carrier), vec![]);
        }
        let number = Some(self.number.canonical.clone());
        Verdict { action: Action::Push, reason: None, why, carrier: Some(carrier), number, better: vec![] }
    }

    fn warn(&self, reason: Reason, why: String, carrier: Option<&'c Carrier>, better: Vec<&'c Carrier>) -> Verdict<'c> {
        let number = Some(self.number.canonical.clone());
        Verdict { action: Action::Warn, reason: Some(reason), why, carrier, number, better }
    }

    /// Holds, unless a person confirmed it.
    fn soften(&self, reason: Reason, why: String, carrier: &'c Carrier, better: Vec<&'c Carrier>) -> Verdict<'c> {
        if self.wishes.confirmed { self.warn(reason, why, Some(carrier), better) } else { hold(reason, why, better) }
    }

    fn mismatch(&self, why: String, carrier: &'c Carrier, better: Vec<&'c Carrier>) -> Verdict<'c> {
        match self.wishes.mismatch {
            Mismatch::Hold => self.soften(Reason::CarrierFormatMismatch, why, carrier, better),
            Mismatch::Warn => self.warn(Reason::CarrierFormatMismatch, why, Some(carrier), better),
        }
    }
}

/// A parcel that waits.
pub(super) fn hold<'c>(reason: Reason, why: String, better: Vec<&'c Carrier>) -> Verdict<'c> {
    Verdict { action: Action::Hold, reason: Some(reason), why, carrier: None, number: None, better }
}

/// What a fit rests on.
fn explain(fit: &Fit<'_>) -> String {
    let check = match fit.check {
        CheckResult::Passed => "its check digit is right",
        CheckResult::OtherIssuer => "its check digit is right, though the prefix is a sister company's",
        CheckResult::NotKnown => "no check digit is known",
        CheckResult::AdvisoryPassed | CheckResult::AdvisoryFailed => "its check digit is not relied on",
        CheckResult::Failed | CheckResult::OtherIssuerFailed => "its check digit is wrong",
    };
    format!("shape {}, {check}", fit.shape.id)
}

#[cfg(test)]
#[path = "verdict_family_tests.rs"]
mod family_tests;
#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
