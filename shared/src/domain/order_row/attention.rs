//! Why an order needs a hand after TikTok took it, or did not.

use super::{OrderRow, Ours, UnitState};
use crate::domain::deadline::{Clock, Deadline, Stage};
use crate::domain::order::OrderState;
use crate::domain::reason::Reason;
use jiff::{SignedDuration, Timestamp};

/// A parcel without a scan is shown this long before the scan is due, so that an hourly look still comes in time.
const NEAR: SignedDuration = SignedDuration::from_hours(5);
/// Carriers do not scan at once.
const FIRST_HOUR: SignedDuration = SignedDuration::from_hours(1);

/// An entry of the attention list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attention {
    /// Why.
    pub reason: Reason,
    /// Since when.
    pub since: Timestamp,
    /// A number or a clock; never about a person.
    pub detail: String,
}

/// The entry that a row deserves now, the most urgent one only.
pub(super) fn of(row: &OrderRow, unmet: &[Deadline], now: Timestamp) -> Option<Attention> {
    let (reason, detail) = reasons(row, unmet, now).into_iter().find(|(reason, _)| !row.dismissed.contains(reason))?;
    let known = row.attention.as_ref().filter(|known| known.reason == reason);
    let since = known.map_or(now, |known| known.since);
    Some(Attention { reason, since, detail })
}

fn reasons(row: &OrderRow, unmet: &[Deadline], now: Timestamp) -> Vec<(Reason, String)> {
    let facts = &row.facts;
    let mut found = Vec::new();
    if facts.ours != Ours::Seller {
        return found;
    }
    let number = || facts.numbers().first().map(|number| (*number).to_owned()).unwrap_or_default();
    if facts.state == OrderState::Cancelled {
        // TikTok has a number of it: a parcel is on its way.
        if !facts.packages.is_empty() {
            found.push((Reason::CancelledAfterDispatch, number()));
        }
        return found;
    }
    let of = |clock| unmet.iter().find(|deadline| deadline.clock == clock);
    let late = |clock| of(clock).filter(|deadline| deadline.is_late(now));
    let lost = facts.units.iter().any(|units| units.state == UnitState::Lost);
    if lost && (facts.stage() != Stage::Ended || facts.delivered.is_none()) {
        let number = facts.packages.iter().find(|package| package.state == UnitState::Lost);
        found.push((Reason::Lost, number.and_then(|package| package.number.clone()).unwrap_or_default()));
    } else if late(Clock::Lost).is_some() {
        found.push((Reason::Lost, number()));
    }
    let stage = facts.stage();
    if stage > Stage::Open && late(Clock::Deliver).is_some() {
        found.push((Reason::Delayed, number()));
    }
    if let (Stage::Accepted, Some(scan)) = (stage, of(Clock::Scan)) {
        let near = now.duration_since(scan.due) >= -NEAR;
        let unscanned = facts.packages.iter().filter(|package| package.state == UnitState::Accepted);
        let unscanned: Vec<_> = unscanned.filter(|package| now.duration_since(package.since) >= FIRST_HOUR).collect();
        if let Some(package) = unscanned.first().filter(|_| near) {
            found.push((Reason::NotScanned, package.number.clone().unwrap_or_default()));
        }
    }
    if let (Some(number), false) = (&row.unmoved, stage == Stage::Ended) {
        found.push((Reason::AcceptedNotMoved, number.clone()));
    }
    if stage == Stage::Open && late(Clock::Rts).is_some() {
        found.push((Reason::Late, Clock::Rts.word().to_owned()));
    }
    if let (Stage::Open, true, Some(number)) = (stage, facts.packages.is_empty(), &row.sibling_number)
        && facts.state != OrderState::OnHold
    {
        found.push((Reason::SiblingOpen, number.clone()));
    }
    found
}
