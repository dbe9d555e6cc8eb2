//! What to do with a parcel, without doing it: checks, decision, and the call that would go out. Pure. The push applies
//! the plan, the reading of held parcels compares it, and an explanation shows it.

use super::another_call::Instead;
use crate::domain::connection::Shop;
use crate::domain::decision::{Carried, Decision, Rules, decide, done_without_carrier, gate, goes, hold};
use crate::domain::ids::TikTokOrderId;
use crate::domain::labels::LabelRule;
use crate::domain::order::TikTokOrder;
use crate::domain::parcel::{HeldBy, Parcel, WaitsFor};
use crate::domain::reason::{Auto, Reason};
use crate::flows::calls::Sending;
use crate::flows::carriers::match_parcel::{Maps, Match};
use jiff::Timestamp;

/// What a parcel is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The parcel.
    pub row: &'a Parcel,
    /// Every other parcel of the TikTok order, whichever store reported it.
    pub others: &'a [&'a Parcel],
    /// The order as just read.
    pub order: &'a TikTokOrder,
    /// What the shop's people set.
    pub rules: &'a Rules,
    /// Now.
    pub now: Timestamp,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// Which: `shop`, `find`, `store`, `order`, `carrier`, `number`, `label`, `items`, `images`, `person`.
    pub check: &'static str,
    /// It lets the parcel go on.
    pub ok: bool,
    /// What was found, for people.
    pub said: String,
}

/// What would be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The decision.
    pub decision: Decision,
    /// Number and carrier as TikTok gets them, once both are known.
    pub carried: Option<Carried>,
    /// What a hold for the carrier's sake waits for.
    pub mapping: Option<WaitsFor>,
    /// What the merchant should know although it is sent.
    pub warning: Option<String>,
    /// TikTok counts this carrier's numbers only from labels that it sold, and it did not sell this one.
    pub label: Option<&'static LabelRule>,
    /// Other orders of the account that have this number at TikTok.
    pub shared: Vec<TikTokOrderId>,
    /// It stands in for a call that TikTok refused.
    pub instead: Option<Instead>,
    /// What was looked at, in this order.
    pub checks: Vec<Check>,
}

impl Plan {
    fn of(decision: Decision, checks: Vec<Check>) -> Self {
        let (carried, mapping, warning, label) = (None, None, None, None);
        Self { decision, carried, mapping, warning, label, shared: Vec::new(), instead: None, checks }
    }

    /// The same parcel, held after all.
    #[must_use]
    pub fn held(mut self, reason: Reason, said: &str) -> Self {
        self.checks.push(failed("number", said));
        Self { decision: hold(reason, said, WaitsFor::Person), ..self }
    }

    /// A person holds the parcel: what TikTok has and what is over stays so, and nothing is sent.
    #[must_use]
    pub fn held_by(self, by: &HeldBy) -> Self {
        if matches!(self.decision, Decision::Done { .. } | Decision::Close(_) | Decision::CloseAndList(_)) {
            return self;
        }
        let mut checks = self.checks;
        checks.push(failed("person", &format!("{} holds it here: {}", by.who, by.note)));
        Self::of(hold(Reason::HeldByPerson, "", WaitsFor::Person), checks)
    }

    /// The call that would go out now, if one would.
    #[must_use]
    pub fn call(&self) -> Option<Sending> {
        match &self.decision {
            Decision::Push { lines, through, .. } => Some(Sending::first(through.clone(), lines.clone())),
            Decision::Correct { lines, package, edits, shipped_at } => Some(Sending::Correction {
                package: package.clone(),
                lines: lines.clone(),
                edits: *edits,
                shipped_at: *shipped_at,
            }),
            _ => None,
        }
    }

    /// When it is looked at again, if it only has to wait.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        match &self.decision {
            Decision::Wait { until, .. } => Some(*until),
            _ => None,
        }
    }
}

/// What can be said before the carrier is known. `None`: the carrier decides with.
#[must_use]
pub fn before_carrier(case: &Case<'_>) -> Option<Plan> {
    let Case { row, others, order, rules, now } = *case;
    if let Some(end) = goes(row, others) {
        return Some(Plan::of(Decision::Close(end), vec![failed("store", "the store has replaced or cancelled it")]));
    }
    let mut checks = vec![passed("store", "the store ships it under this number")];
    if let Some(decision) = gate(row, order, rules, now) {
        checks.push(failed("order", &order.state.shown_as()));
        return Some(Plan::of(decision, checks));
    }
    let (carried, decision) = done_without_carrier(row, others, order)?;
    checks.push(passed("order", &order.state.shown_as()));
    checks.push(passed("items", "TikTok shows the number on every item"));
    Some(Plan { carried: Some(carried), ..Plan::of(decision, checks) })
}

/// The whole judgement, the carrier's match at hand.
#[must_use]
pub fn with_carrier(case: &Case<'_>, matched: Match, maps: &Maps) -> Plan {
    let Case { row, others, order, rules, now } = *case;
    let mut checks =
        vec![passed("store", "the store ships it under this number"), passed("order", &order.state.shown_as())];
    match matched {
        Match::Hold { reason, detail } => {
            checks.push(failed("carrier", if detail.is_empty() { reason.sentence() } else { &detail }));
            let waits_for = if reason.auto() == Auto::OnMapping { maps.version() } else { WaitsFor::Store };
            let mut plan = Plan::of(Decision::Hold { reason, detail, waits_for }, checks);
            plan.mapping = Some(maps.version());
            plan
        }
        Match::Carried { carried, warning } => {
            checks.push(passed("carrier", &carried.provider_name));
            let decision = decide(row, &carried, others, order, rules, now);
            checks.push(match &decision {
                Decision::Hold { reason, detail, .. } => {
                    failed("items", if detail.is_empty() { reason.sentence() } else { detail })
                }
                Decision::Done { .. } => passed("items", "TikTok shows the number on every item"),
                Decision::Push { lines, .. } | Decision::Correct { lines, .. } => {
                    passed("items", &format!("{} of the order's items", lines.len()))
                }
                _ => failed("items", "the order does not take a number now"),
            });
            let mapping = Some(maps.version());
            Plan { carried: Some(carried), mapping, warning, ..Plan::of(decision, checks) }
        }
    }
}

/// The shop offers no Seller Shipping for this order, so there is no carrier to choose.
#[must_use]
pub fn without_option() -> Plan {
    let words = "the shop has no Seller Shipping option for this order";
    Plan::of(hold(Reason::CarrierNotApproved, words, WaitsFor::Store), vec![failed("carrier", words)])
}

/// What a shop's settings say about a push.
#[must_use]
pub fn rules(shop: &Shop) -> Rules {
    Rules {
        region: shop.region.clone(),
        cancel_brake: shop.settings.cancel_brake,
        hold_samples: shop.settings.hold_samples,
        first_call: shop.learned.first_call,
    }
}

pub(super) fn passed(check: &'static str, said: &str) -> Check {
    Check { check, ok: true, said: said.to_owned() }
}

pub(super) fn failed(check: &'static str, said: &str) -> Check {
    Check { check, ok: false, said: said.to_owned() }
}
