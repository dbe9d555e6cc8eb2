//! Every limit of an order, met or not: what reports and proofs compare with what happened.

use super::{OrderRow, Rules, UnitState};
use crate::domain::deadline::{self, Clock, Deadline, Facts, Stage};
use jiff::Timestamp;

impl OrderRow {
    /// Its clocks as they ran from the start, nearest first.
    #[must_use]
    pub fn limits(&self, rules: &Rules<'_>) -> Vec<Deadline> {
        let facts = &self.facts;
        deadline::unmet(&Facts {
            market: rules.market,
            created: facts.created,
            release: facts.release,
            handling: facts.handling,
            pace: facts.pace(),
            named: &facts.named,
            edited: rules.edited,
            stage: Stage::Open,
            unscanned_since: None,
            any_accepted: !facts.packages.is_empty(),
            failed_twice: None,
        })
    }

    /// One of them.
    #[must_use]
    pub fn limit(&self, rules: &Rules<'_>, clock: Clock) -> Option<Deadline> {
        self.limits(rules).into_iter().find(|deadline| deadline.clock == clock)
    }

    /// The first scan: TikTok's time of it, else when the order was first seen past it.
    #[must_use]
    pub fn first_scan(&self) -> Option<Timestamp> {
        self.facts.scanned.or_else(|| self.seen_in(&[UnitState::InTransit, UnitState::Delivered, UnitState::Completed]))
    }

    /// The delivery: TikTok's time of it, else when the order was first seen delivered.
    #[must_use]
    pub fn delivery(&self) -> Option<Timestamp> {
        self.facts.delivered.or_else(|| self.seen_in(&[UnitState::Delivered, UnitState::Completed]))
    }

    fn seen_in(&self, states: &[UnitState]) -> Option<Timestamp> {
        let is = |code: &str| {
            states.iter().any(|state| ["s", "i"].iter().any(|kind| code == format!("{kind}:{}", state.letter())))
        };
        self.events.kept.iter().find(|event| is(&event.code)).map(|event| event.at)
    }
}
