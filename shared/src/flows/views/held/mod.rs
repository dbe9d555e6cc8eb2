//! What of many shops and stores needs a hand, as rows: the same ones on the page, in its file and in `waybill held`.
//! Lists are read whole (keys only), rows only as far as they are shown.

mod lists;
mod place;

use super::attention::{Held, detail};
use super::command::{command_for, command_for_order, command_for_warning, name_of};
use super::warning::Warning;
use super::words::words;
use crate::carriers::{Candidate, Provider};
use crate::domain::connection::Shop;
use crate::domain::deadline::Deadline;
use crate::domain::ids::TikTokOrderId;
use crate::domain::order_row::{OrderRow, Rules, state_word};
use crate::domain::parcel::Parcel;
use crate::domain::reason::Reason;
use crate::flows::carriers::unmatched::Likely;
use crate::table::orders::Known;
use jiff::Timestamp;
pub use lists::{Filter, Group, Lists, Part, Sorted};
use serde::Serialize;

/// One parcel or order that needs a hand.
#[derive(Clone, Debug, Serialize)]
pub struct HeldRow {
    /// What people call the order.
    pub order: String,
    /// The store's id of it.
    pub store_order: Option<String>,
    /// TikTok's.
    pub tiktok_order: Option<String>,
    /// The number, or the one in question.
    pub number: Option<String>,
    /// The store's word for the carrier.
    pub carrier: Option<String>,
    /// The shop.
    pub shop: String,
    /// The state of the parcel, or of the order.
    pub state: String,
    /// Why.
    pub reason: &'static str,
    /// That in words.
    pub sentence: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// The command that settles it.
    pub command: String,
    /// Who acts.
    pub who: &'static str,
    /// Since when.
    pub since: Timestamp,
    /// The nearest deadline of its order, where deadlines are read.
    pub due: Option<Timestamp>,
    /// Of which clock.
    pub clock: Option<&'static str>,
    /// What else is known.
    pub detail: Option<String>,
    /// The store.
    pub store: Option<String>,
    /// The likeliest carriers, where one is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<Candidate>,
    /// Which list they come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<String>,
    /// That deadline, for how near it is.
    #[serde(skip)]
    pub deadline: Option<Deadline>,
    /// What stands behind it.
    #[serde(skip)]
    pub about: About,
}

/// What a row is about.
#[derive(Clone, Debug)]
pub enum About {
    /// A parcel.
    Parcel(Box<Parcel>),
    /// An order that stands on the list by itself.
    Order(Box<Known>),
}

impl HeldRow {
    /// Of a parcel.
    #[must_use]
    pub fn of(held: &Held) -> Self {
        let Held { parcel, reason, since } = held;
        let (sentence, remedy) = words(parcel, *reason);
        Self {
            order: name_of(parcel).to_owned(),
            store_order: Some(parcel.order.to_string()),
            tiktok_order: parcel.tiktok_order().map(TikTokOrderId::to_string),
            number: parcel.number.as_ref().map(|number| number.as_str().to_owned()),
            carrier: parcel.carrier.clone(),
            shop: parcel.shop.to_string(),
            state: parcel.state.to_string(),
            reason: reason.code(),
            sentence,
            remedy,
            command: command_for(parcel, *reason, None),
            who: reason.who().as_str(),
            since: *since,
            due: None,
            clock: None,
            detail: detail(parcel),
            store: Some(parcel.store.to_string()),
            candidates: Vec::new(),
            list: None,
            deadline: None,
            about: About::Parcel(Box::new(parcel.clone())),
        }
    }

    /// Adds the likeliest carriers of a parcel that asks for one.
    pub(super) fn name_carriers(&mut self, likely: &Likely) {
        let (About::Parcel(parcel), Some(reason)) = (&self.about, Reason::parse(self.reason)) else { return };
        let candidates = likely.of(parcel);
        if let Some(best) = candidates.first() {
            self.command = command_for(parcel, reason, Some(&best.name));
            self.list = Some(likely.words.clone());
        }
        self.candidates = candidates;
    }

    /// Adds what TikTok warned about, the carrier that it names as a ready command, and how long that can be done.
    pub(super) fn name_warning(&mut self, carriers: &[Provider], now: Timestamp) {
        let About::Parcel(parcel) = &self.about else { return };
        let Some(warning) = Warning::of(parcel, carriers, now) else { return };
        self.command = command_for_warning(parcel, &warning, &self.command);
        (self.detail, self.remedy) = (Some(warning.shown_as()), warning.remedy);
    }

    /// An order that stands on the list by itself. `None`: it does not any more.
    #[must_use]
    pub fn of_order(known: &Known, shop: &Shop) -> Option<Self> {
        let row = &known.row;
        let entry = row.attention.as_ref()?;
        let clock = row.shown_clock(&Rules::of(shop));
        let number = match entry.reason {
            // Its detail is the other order's number; a late order has none.
            Reason::SiblingOpen | Reason::Late => None,
            _ => Some(entry.detail.clone()).filter(|number| !number.is_empty()),
        };
        let cancelled = || row.facts.cancelled.as_ref().and_then(|(_, how)| how.by.as_ref());
        let detail = match entry.reason {
            Reason::SiblingOpen => {
                let sibling = row.sibling.as_ref().map(ToString::to_string).unwrap_or_default();
                Some(format!("order {sibling} has number {}", entry.detail))
            }
            Reason::CancelledAfterDispatch => cancelled().map(|by| format!("cancelled by {}", by.shown_as())),
            _ => clock.map(|clock| format!("{} {} ({})", clock.clock.word(), clock.due, clock.source)),
        };
        let cause = row.possible_cause(known.stores.len());
        let cause = cause.map(|cause| format!("no store told of it; a possible cause, never the certain one: {cause}"));
        let said: Vec<String> = detail.into_iter().chain(cause).collect();
        let detail = Some(said.join("; ")).filter(|said| !said.is_empty());
        Some(Self {
            order: row.order.to_string(),
            store_order: known.stores.first().map(|(_, order)| order.to_string()),
            tiktok_order: Some(row.order.to_string()),
            number,
            carrier: None,
            shop: row.shop.to_string(),
            state: state_word(&row.facts.state).to_owned(),
            reason: entry.reason.code(),
            sentence: entry.reason.sentence(),
            remedy: entry.reason.remedy(),
            command: command_for_order(&row.order, entry.reason),
            who: entry.reason.who().as_str(),
            since: entry.since,
            due: clock.map(|clock| clock.due),
            clock: clock.map(|clock| clock.clock.word()),
            detail,
            store: known.stores.first().map(|(store, _)| store.to_string()),
            candidates: Vec::new(),
            list: None,
            deadline: clock,
            about: About::Order(Box::new(known.clone())),
        })
    }

    /// The most urgent deadline first; without one by age, behind those that have one.
    #[must_use]
    pub fn urgency(&self) -> (bool, Option<Timestamp>, Timestamp) {
        (self.due.is_none(), self.due, self.since)
    }

    pub(super) fn with_clock(self, row: Option<&OrderRow>, shop: &Shop) -> Self {
        let clock = row.and_then(|row| row.shown_clock(&Rules::of(shop)));
        Self {
            due: clock.map(|clock| clock.due),
            clock: clock.map(|clock| clock.clock.word()),
            deadline: clock,
            ..self
        }
    }
}
