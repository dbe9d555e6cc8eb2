//! Which acts stand as forms beside a parcel or an order, the one that settles its reason first.

use crate::visit::Visit;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use waybill::domain::connection::Shop;
use waybill::domain::order_row::UnitState;
use waybill::domain::parcel::{Parcel, ParcelState, Phase};
use waybill::domain::reason::{Auto, Reason};
use waybill::flows::acts::corrections_left;
use waybill::flows::carriers::unmatched::Likely;
use waybill::table::error::TableError;
use waybill::table::keys;
use waybill::table::orders::Known;
use waybill::web::form::path_part;

/// A shop has a few hundred carriers at most; a page names so many.
const CARRIERS: usize = 400;
/// Boxes to tick for the items of one parcel.
const MOST_BOXES: u32 = 60;

/// The forms of one parcel or order.
#[derive(Debug, Serialize)]
pub(super) struct Forms {
    /// Where they are sent.
    action: String,
    /// The words of the acts; the first one settles the reason.
    acts: Vec<&'static str>,
    /// It can be held here, with the note of its dismissal.
    hold: bool,
    /// Something is to be settled: the first form stands open.
    open: bool,
    /// The parcel's store and row; blank: the act is about the order.
    store: String,
    row: String,
    shop: String,
    /// The parcel's number, for people who hear the page.
    number: String,
    carrier: String,
    /// The best guess of a carrier.
    guess: Option<String>,
    /// The shop's list stands on the page under this id.
    list: Option<String>,
    /// Open units of the order, one each.
    boxes: Vec<String>,
    /// Corrections left, in words.
    edits: Option<String>,
    /// Where the answer leads.
    back: String,
}

impl Forms {
    /// What can be done with a parcel. `reason`: why it is on the list; `known`: its order, where it was read.
    pub(super) fn of_parcel(
        parcel: &Parcel,
        reason: Option<Reason>,
        known: Option<&Known>,
        back: &str,
        now: Timestamp,
    ) -> Self {
        let name = parcel.tiktok_order().map_or_else(|| parcel.order.to_string(), ToString::to_string);
        Self {
            action: address(&name),
            acts: acts_of(parcel, reason, now),
            hold: may_be_held(parcel, reason),
            open: parcel.listed || reason == Some(Reason::ShopGone),
            store: parcel.store.to_string(),
            row: keys::parcel(parcel).sk,
            shop: parcel.shop.to_string(),
            number: parcel.number.as_ref().map_or_else(String::new, |number| number.as_str().to_owned()),
            carrier: parcel.carrier.clone().unwrap_or_default(),
            guess: None,
            list: None,
            boxes: known.map(boxes).unwrap_or_default(),
            edits: edits(parcel, now),
            back: back.to_owned(),
        }
    }

    /// What can be done with an order that stands on the list by itself.
    pub(super) fn of_order(known: &Known, reason: Reason, back: &str) -> Self {
        let row = &known.row;
        let acts = if reason == Reason::SiblingOpen { vec!["confirm", "dismiss"] } else { vec!["dismiss"] };
        Self {
            action: address(row.order.as_str()),
            acts,
            hold: false,
            open: true,
            store: String::new(),
            row: String::new(),
            shop: row.shop.to_string(),
            number: row.sibling_number.clone().unwrap_or_default(),
            carrier: String::new(),
            guess: None,
            list: None,
            boxes: Vec::new(),
            edits: None,
            back: back.to_owned(),
        }
    }

    /// With the carriers to choose from.
    pub(super) fn with_carriers(self, list: Option<String>, guess: Option<String>) -> Self {
        Self { list, guess, ..self }
    }

    /// As a row of a list has them: what settles the reason, and what closes it. The rest stands on the order's page.
    pub(super) fn short(mut self) -> Self {
        let first = self.acts.first().copied();
        self.acts.retain(|act| Some(*act) == first || *act == "dismiss");
        self
    }

    pub(super) fn asks_for_carriers(&self) -> bool {
        self.acts.iter().any(|act| matches!(*act, "map" | "correct"))
    }
}

/// The address of a store's order, whatever else has its name.
pub(super) fn store_address(store: &str, order: &str) -> String {
    format!("{}?store={}", address(order), path_part(store))
}

/// The shop's carriers, for people to choose from.
pub(super) async fn carrier_names(visit: &Visit<'_>, shop: &Shop) -> Result<Vec<String>, TableError> {
    let mut names = Likely::read(visit.app, shop).await?.carriers;
    names.truncate(CARRIERS);
    Ok(names)
}

/// The page of an order, by any of its names.
pub(super) fn address(name: &str) -> String {
    format!("/orders/{}", path_part(name))
}

/// The words of the acts that a parcel takes.
fn acts_of(parcel: &Parcel, reason: Option<Reason>, now: Timestamp) -> Vec<&'static str> {
    use Reason as R;
    let listed = reason.filter(|_| parcel.listed || parcel.state.phase() == Phase::Waiting || parcel.due.is_none());
    let editable = corrections_left(parcel, now).is_ok();
    let mut acts = match (parcel.state, parcel.state.phase(), listed) {
        (ParcelState::Dismissed | ParcelState::Superseded, ..) => return Vec::new(),
        (_, Phase::Closed, _) if parcel.listed => vec!["retry", "dismiss"],
        (_, Phase::Closed, _) => vec!["retry"],
        (ParcelState::AcceptedWithWarning, ..) => vec!["correct", "dismiss"],
        (ParcelState::AcceptedShared, ..) if parcel.listed => vec!["confirm", "correct", "dismiss"],
        (_, Phase::Done, _) => vec!["correct"],
        (_, _, None) => vec!["retry", "correct", "dismiss"],
        (_, _, Some(reason)) => match reason {
            R::CarrierMissing | R::CarrierUnmapped | R::CarrierNotApproved => vec!["map", "correct", "dismiss"],
            R::CarrierFormatMismatch | R::TrackingInvalid => vec!["confirm", "correct", "dismiss"],
            R::TrackingDuplicate => vec!["correct", "confirm", "dismiss"],
            R::SiblingOpen => vec!["confirm", "correct", "dismiss"],
            R::OrderNotFound | R::OrderAmbiguous => vec!["link", "retry", "dismiss"],
            R::LinesUnmatched => vec!["choose", "retry", "dismiss"],
            R::AuthExpired | R::AuthRevoked | R::ScopeMissing => vec!["reconnect", "dismiss"],
            R::ShopGone => vec!["connect", "dismiss"],
            R::TrackingMissing => vec!["correct", "dismiss"],
            R::UspsLabel => vec!["correct", "retry", "dismiss"],
            R::HeldByPerson => vec!["release", "correct", "dismiss"],
            _ if matches!(reason.auto(), Auto::No | Auto::OnReMatch | Auto::OnDecision) => {
                vec!["dismiss", "retry", "correct"]
            }
            _ => vec!["retry", "correct", "dismiss"],
        },
    };
    if !editable {
        acts.retain(|act| *act != "correct");
    }
    // What waits for an answer of TikTok is held and read back: it can be released all the same.
    let waits = matches!(parcel.state.phase(), Phase::Open | Phase::Waiting);
    if waits && parcel.held_by.is_some() && !acts.contains(&"release") {
        acts.insert(0, "release");
    }
    acts
}

/// Whether something of it could be sent, and nobody holds it yet.
fn may_be_held(parcel: &Parcel, reason: Option<Reason>) -> bool {
    let may_go = matches!(parcel.state.phase(), Phase::Open | Phase::Waiting) && parcel.number.is_some();
    may_go && parcel.held_by.is_none() && reason != Some(Reason::HeldByPerson)
}

/// One box a unit that has no number.
fn boxes(known: &Known) -> Vec<String> {
    let open = known.row.facts.units.iter().filter(|units| units.state == UnitState::Open && !units.sku.is_empty());
    open.flat_map(|units| (0..units.count.min(MOST_BOXES)).map(|_| units.sku.clone()))
        .take(MOST_BOXES as usize)
        .collect()
}

/// How often the number may still change, and for how long.
fn edits(parcel: &Parcel, now: Timestamp) -> Option<String> {
    let sent = parcel.sent.as_ref()?;
    match corrections_left(parcel, now) {
        Ok(Some(left)) if parcel.state.phase() == Phase::Done => {
            let until = sent.shipped_at + waybill::domain::decision::EDIT_WINDOW;
            let time = span(until.duration_since(now));
            Some(format!("TikTok takes {left} correction of this number, for {time} more."))
        }
        Ok(_) => None,
        Err(why) => Some(format!("No correction is left: {why}.")),
    }
}

/// Who holds a parcel here, since when in the shop's time, and why.
pub(super) fn held_words(parcel: &Parcel, zone: &jiff::tz::TimeZone) -> Option<String> {
    let by = parcel.held_by.as_ref()?;
    let since = waybill::mail::zone::moment(by.since, zone);
    let read = if parcel.may_be_under_way() { " A call was under way: TikTok is read first." } else { "" };
    let lost = if parcel.tried.is_some() && read.is_empty() {
        " An answer of TikTok was lost before: it may have the number."
    } else {
        ""
    };
    Some(format!(
        "Held here by {} since {since}: release it when it may go. Why: {}.{read}{lost}",
        by.who,
        by.note.trim_end_matches('.')
    ))
}

/// A span as people say it; the two largest units.
pub(super) fn span(of: SignedDuration) -> String {
    let minutes = of.as_mins().abs();
    let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours, minutes) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// How far a deadline is, or how long it has passed.
pub(super) fn left(due: Timestamp, now: Timestamp) -> String {
    let of = due.duration_since(now);
    if of.is_negative() { format!("{} late", span(of)) } else { format!("{} left", span(of)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_said_in_its_two_largest_units() {
        let minutes = SignedDuration::from_mins;
        for (of, said) in [(0, "0 min"), (59, "59 min"), (200, "3 h 20 min"), (3000, "2 d 2 h"), (-61, "1 h 1 min")] {
            assert_eq!(span(minutes(of)), said);
        }
    }
}
