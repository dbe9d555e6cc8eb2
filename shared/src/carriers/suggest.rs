//! The likeliest carriers for a name nobody mapped yet: likeness of names and what the number says. Ranks, never decides.

use crate::carriers::carrier::{Carrier, Fit};
use crate::carriers::catalogue::Catalogue;
use crate::carriers::field::Number;
use crate::carriers::likeness::{pieces, shared};
use crate::carriers::names::Kind;
use crate::carriers::provider::Provider;
use crate::carriers::shape::{CheckResult, Strength};
use crate::carriers::text::{join, tidy_name};
use serde::Serialize;

/// How many are shown.
const SHOWN: usize = 3;
/// Likeness (percent) below which a name says nothing.
const FAINT: u32 = 45;

/// One carrier that could be meant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    /// TikTok's name for it in this market.
    pub name: String,
    /// Its key; absent for a carrier on the live list that the carrier data does not know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The shop's provider; absent where only a bundled list was at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<Provider>,
    /// 0 to 100: higher is likelier.
    pub score: u32,
    /// What speaks for it.
    pub why: String,
}

/// One entry of a list to choose from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a> {
    pub(super) name: &'a str,
    pub(super) carrier: Option<&'a Carrier>,
    pub(super) provider: Option<&'a Provider>,
}

impl Catalogue {
    /// The three likeliest choices; empty when neither name nor number points anywhere.
    pub(super) fn rank(
        &self,
        name: Option<&str>,
        number: Option<&Number<'_>>,
        choices: &[Choice<'_>],
    ) -> Vec<Candidate> {
        // A word that names no carrier ("Other") resembles none: only the number speaks.
        let says = |name: &&str| !matches!(self.by_name(name, None, None).kind, Kind::SaysNothing);
        let name = name.filter(says).map(|name| name.chars().take(100).collect::<String>());
        let joined = name.map(|name| join(&tidy_name(&name)));
        let asked = joined.as_deref().filter(|joined| !joined.is_empty()).map(pieces);
        let mut ranked: Vec<(u32, usize, u32, Option<&Fit<'_>>)> = Vec::new();
        for (at, choice) in choices.iter().enumerate() {
            let alike = asked.as_ref().map_or(0, |asked| self.likeness(asked, choice));
            let of_carrier = |fit: &&Fit<'_>| choice.carrier.is_some_and(|carrier| carrier.index == fit.carrier.index);
            let fit = number.and_then(|number| number.fits.iter().find(of_carrier));
            let evidence = fit.map_or(0, weight);
            let alike = if alike < FAINT { 0 } else { alike };
            let score = (alike + evidence).min(100);
            if score > 0 {
                ranked.push((score, at, alike, fit));
            }
        }
        ranked.sort_by_key(|(score, at, ..)| (std::cmp::Reverse(*score), *at));
        let candidate = |(score, at, alike, fit): &(u32, usize, u32, Option<&Fit<'_>>)| {
            let choice = choices.get(*at)?;
            let mut why = Vec::new();
            if *alike > 0 {
                why.push(format!("the names are {alike} % alike"));
            }
            if let Some(fit) = fit {
                why.push(match fit.check {
                    CheckResult::Passed => format!("the number fits {} and its check digit is right", fit.shape.id),
                    CheckResult::Failed | CheckResult::OtherIssuerFailed => {
                        format!("the number has the shape {}, but its check digit is wrong", fit.shape.id)
                    }
                    CheckResult::NotKnown
                    | CheckResult::AdvisoryPassed
                    | CheckResult::AdvisoryFailed
                    | CheckResult::OtherIssuer => format!("the number fits {}", fit.shape.id),
                });
            }
            Some(Candidate {
                name: choice.name.to_owned(),
                carrier: choice.carrier.map(|carrier| carrier.key.clone()),
                provider: choice.provider.cloned(),
                score: *score,
                why: why.join("; "),
            })
        };
        ranked.iter().take(SHOWN).filter_map(candidate).collect()
    }

    /// Percent of shared two-letter pieces with the closest name of the choice.
    fn likeness(&self, asked: &[u64], choice: &Choice<'_>) -> u32 {
        // A name that the catalogue knows is among the carrier's names already.
        match choice.carrier {
            Some(carrier) => self.likeness.of(asked, carrier.index),
            None => shared(asked, &pieces(&join(&tidy_name(choice.name)))),
        }
    }
}

/// What a fit adds, in points of a hundred.
fn weight(fit: &Fit<'_>) -> u32 {
    match (fit.check, fit.shape.strength) {
        (CheckResult::Failed | CheckResult::OtherIssuerFailed, _) => 5,
        (CheckResult::Passed, Strength::Exclusive) => 60,
        (_, Strength::Exclusive) => 45,
        (CheckResult::Passed, Strength::Shared) => 30,
        (_, Strength::Shared) => 20,
        (_, Strength::Weak) => 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carriers::catalogue::Approved;
    use crate::carriers::field::Scope;
    use crate::domain::region::Region;

    fn top(name: &str, number: &str, region: &str) -> Vec<Candidate> {
        let catalogue = Catalogue::bundled();
        let approved = Approved::bundled(catalogue, Some(&Region::new(region)));
        let scope = Scope { approved: &approved, named: None, references: &[] };
        let reading = catalogue.read(number, &scope);
        let choices: Vec<_> = approved
            .carriers(catalogue)
            .map(|carrier| Choice { name: &carrier.name, carrier: Some(carrier), provider: None })
            .collect();
        catalogue.rank(Some(name), reading.only(), &choices)
    }

    #[test]
    fn the_likeliest_carriers_come_first_and_say_why() {
        let ranked = top("Royl Maill", "WM882441264GB", "GB");
        assert_eq!(ranked[0].carrier.as_deref(), Some("royal_mail"));
        assert!(ranked[0].why.contains("alike") && ranked[0].why.contains("check digit is right"), "{}", ranked[0].why);
        assert!(ranked.len() <= 3 && ranked.is_sorted_by_key(|c| std::cmp::Reverse(c.score)));
        let by_number = top("Bob's van", "1Z999AA10123456784", "US");
        assert_eq!(by_number[0].carrier.as_deref(), Some("ups"));
        assert_eq!(top("", "", "US"), vec![]);
    }
}
