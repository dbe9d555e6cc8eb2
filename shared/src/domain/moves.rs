//! Every move of a parcel between the queue, the attention list and its end. Nothing else writes `due`, `waits_for`,
//! `attempts` or `crashes`, so that the four always fit the state (`it/architecture` looks).

mod by_hand;
mod trouble;

use crate::domain::clock::Entropy;
use crate::domain::decision::Carried;
use crate::domain::fulfilment::OrderLink;
use crate::domain::history::{EventKind, Plain};
use crate::domain::ids::{LineItemId, PackageId, ShopId, TikTokOrderId};
use crate::domain::parcel::{Ailment, Answer, Parcel, ParcelState, Phase, Sent, Tried, WaitsFor};
use crate::domain::reason::{Auto, Reason};
use crate::domain::retry;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// A trouble of this age is listed, and still tried.
const LISTED_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// A parcel that crashed its owner, or panicked, this often is held.
pub const CRASHES: u32 = 3;

/// What TikTok holds for a parcel: the answer to our call, or what a read found.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// Number and carrier.
    pub carried: Carried,
    /// The store's word for the carrier when the call was made.
    pub carrier_words: Option<String>,
    /// The units it stands on.
    pub lines: Vec<LineItemId>,
    /// TikTok's package.
    pub package: Option<PackageId>,
    /// Corrections used.
    pub edits: u32,
    /// When the units were first shipped.
    pub shipped_at: Timestamp,
    /// TikTok's words of warning.
    pub warning: Option<String>,
    /// Other orders that have this number.
    pub shared: Vec<TikTokOrderId>,
    /// What TikTok's support asks for.
    pub request_id: Option<String>,
    /// How we know.
    pub event: Plain,
}

/// How a trouble is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// 1, 5, 15, 60 minutes, then hourly; after a day listed, and still tried.
    Usual,
    /// Two tries, then a person is asked: nobody knows what it means.
    Twice,
    /// An hour at a time from the start.
    Hourly,
}

/// Orders as a person reads them: `order 1`, `orders 1 and 2`.
#[must_use]
pub fn orders_in_words(orders: &[TikTokOrderId]) -> String {
    match orders {
        [only] => format!("order {only}"),
        [first, second] => format!("orders {first} and {second}"),
        [first, rest @ ..] => format!("order {first} and {} others", rest.len()),
        [] => String::new(),
    }
}

impl Parcel {
    fn is_open_or_waiting(&self) -> bool {
        matches!(self.state.phase(), Phase::Open | Phase::Waiting)
    }

    fn due_now(&mut self, now: Timestamp) {
        self.due = Some(now);
        self.waits_for = None;
        (self.listed, self.adrift) = (false, false);
    }

    fn out_of_work(&mut self) {
        self.due = None;
        self.waits_for = None;
        self.trouble = None;
        (self.listed, self.adrift) = (false, false);
    }

    /// Counts a failure of this kind. Another kind starts anew. Returns whether the trouble is a day old.
    fn ails(&mut self, kind: Reason, now: Timestamp) -> bool {
        if self.trouble.as_ref().is_none_or(|trouble| trouble.kind != kind) {
            self.trouble = Some(Ailment { kind, since: now });
            self.attempts = 0;
        }
        self.attempts = self.attempts.saturating_add(1);
        self.trouble.as_ref().is_some_and(|trouble| now.duration_since(trouble.since) >= LISTED_AFTER)
    }

    /// Notes a reason unless it is the last thing that was noted: ten events are ten different events.
    fn note_new(&mut self, now: Timestamp, what: impl Into<EventKind>, detail: &str) {
        let what = what.into();
        let detail: String = detail.chars().take(120).collect();
        if !self.events.last().is_some_and(|last| last.what == what && last.detail == detail) {
            self.note(now, what, detail);
        }
    }

    /// Notes once what a merchant should know beside what becomes of the parcel.
    pub fn warn(&mut self, reason: Reason, detail: &str, now: Timestamp) {
        if !self.events.iter().any(|event| event.what.reason() == Some(reason)) {
            self.note(now, reason, detail);
        }
    }

    /// Work starts anew, in this open state, with every try still ahead. `false`: the state table says no, and nothing
    /// changed.
    pub fn start_over(&mut self, state: ParcelState, now: Timestamp) -> bool {
        if self.held_by.is_some() {
            self.asked.clear();
            return self.stays_here_known(now);
        }
        if self.advance(state, now).is_err() {
            return false;
        }
        self.due_now(now);
        self.attempts = 0;
        self.crashes = 0;
        self.trouble = None;
        self.asked.clear();
        true
    }

    /// Whether a person may have it tried again: everything that is not final, also what waits for a time, and what was
    /// closed for a reason that may have passed.
    #[must_use]
    pub fn may_be_retried(&self) -> bool {
        let sendable = self.number.is_some() && !self.is_withdrawn();
        let open = matches!(self.state.phase(), Phase::Open | Phase::Waiting);
        sendable && (open || matches!(self.state, ParcelState::Skipped(_)))
    }

    /// A person asked: what waits is queued. `false`: it cannot be.
    pub fn queue_again(&mut self, now: Timestamp) -> bool {
        let queued = self.start_over(ParcelState::Queued, now);
        if queued {
            self.note(now, Plain::QueuedAgain, "");
        }
        queued
    }

    /// What a hold waited for came between the decision and its write: queued, tries as they were.
    pub fn queue_after_race(&mut self, now: Timestamp) {
        if self.held_by.is_none() && self.advance(ParcelState::Queued, now).is_ok() {
            self.due_now(now);
        }
    }

    /// TikTok spoke of the order: judged now, where it stands. A hold stays listed until another verdict is there.
    pub fn judge_now(&mut self, now: Timestamp) {
        self.due = Some(now);
    }

    /// Judged again, and nothing changed: as it was before it became due.
    pub fn as_it_was(&mut self) {
        self.due = None;
    }

    /// Due no later than now; a state that is not open stays as it is.
    pub fn bring_forward(&mut self, now: Timestamp) {
        if self.state.phase() == Phase::Open {
            self.due = Some(self.due.map_or(now, |due| due.min(now)));
        }
    }

    /// Another shop's shard takes it over, now. There nothing was tried yet.
    pub fn hand_to(&mut self, shop: &ShopId, now: Timestamp) {
        self.shop.clone_from(shop);
        self.due = Some(now);
        self.attempts = 0;
        self.asked.clear();
        self.placed = true;
        (self.listed, self.adrift, self.trouble) = (false, false, None);
        let _ = self.advance(ParcelState::Queued, now);
        self.note(now, Plain::NextShop, "");
    }

    /// These shops do not have the order. It waits for the shop that could not be asked.
    pub fn remember_asked(&mut self, asked: &[ShopId]) {
        for shop in asked {
            if !self.asked.contains(shop) {
                self.asked.push(shop.clone());
            }
        }
    }

    /// These shops do not have the order; others could not be asked now. Until then nothing is concluded.
    pub fn ask_others_later(&mut self, asked: &[ShopId], entropy: &Entropy, now: Timestamp) {
        self.remember_asked(asked);
        self.attempts = self.attempts.saturating_add(1);
        self.due = Some(retry::next_try(self.attempts, None, entropy, now));
    }

    /// What must be known if the worker dies in the call that follows: the chosen units, and (careful) that it was tried.
    /// `false`: the row may not be sent from where it stands.
    pub fn about_to_send(&mut self, chosen: Option<&[LineItemId]>, careful: bool, now: Timestamp) -> bool {
        if let Some(lines) = chosen.filter(|_| self.sent.is_none()) {
            self.chosen = lines.to_vec();
        }
        if careful {
            self.crashes += 1;
        }
        self.state == ParcelState::OutcomeUnknown || self.advance(ParcelState::Sending, now).is_ok()
    }

    /// TikTok holds the number. A row that the store changed meanwhile keeps its new work, and what was sent.
    pub fn accept(&mut self, done: &Accepted, now: Timestamp) {
        self.sent = Some(Sent {
            number: done.carried.number.clone(),
            provider: done.carried.provider.clone(),
            provider_name: done.carried.provider_name.clone(),
            lines: done.lines.clone(),
            package: done.package.clone(),
            at: now,
            shipped_at: done.shipped_at,
            edits: done.edits,
        });
        self.tried = None;
        self.hold_ends(done.event, now);
        self.placed = true;
        self.chosen.clear();
        self.attempts = 0;
        self.crashes = 0;
        // A plain yes is kept by its request id: TikTok's support asks for it. What only a read found has none.
        self.answer = (done.warning.is_some() || done.request_id.is_some()).then(|| Answer {
            code: 0,
            message: done.warning.clone().unwrap_or_default(),
            request_id: done.request_id.clone().unwrap_or_default(),
        });
        self.note(now, done.event, done.carried.provider_name.clone());
        let shared = !done.shared.is_empty() && !self.confirmed;
        if shared {
            self.note_new(now, Reason::TrackingShared, &orders_in_words(&done.shared));
        }
        // TikTok's own warning says more; the other order stands in the timeline.
        let state = match (&done.warning, shared) {
            (Some(_), _) => ParcelState::AcceptedWithWarning,
            (None, true) => ParcelState::AcceptedShared,
            (None, false) => ParcelState::Accepted,
        };
        let changed_meanwhile = self.carrier != done.carrier_words;
        if self.is_open_or_waiting() && !changed_meanwhile && self.advance(state, now).is_ok() {
            self.out_of_work();
            // A warning is not done: it stays on the list until it is scanned, over, corrected or dismissed. So does a
            // number that two orders have, until a person says which it is.
            self.listed = state.is_listed_although_done();
        }
    }

    /// TikTok warned about it, and its package was scanned or its order is over: it leaves the attention list.
    pub fn warning_is_over(&mut self) {
        if self.state.is_listed_although_done() {
            self.listed = false;
        }
    }

    /// A person said that the orders with this number travel in one parcel. `false`: nobody asked.
    pub fn is_one_parcel(&mut self, now: Timestamp) -> bool {
        let asked = self.state == ParcelState::AcceptedShared;
        if asked && self.advance(ParcelState::Accepted, now).is_ok() {
            self.listed = false;
            self.confirmed = true;
            self.note(now, Plain::Confirmed, "");
        }
        asked
    }

    /// The other orders with this number have another one now.
    pub fn stands_alone(&mut self, now: Timestamp) {
        if self.state == ParcelState::AcceptedShared && self.advance(ParcelState::Accepted, now).is_ok() {
            self.listed = false;
            self.note(now, Plain::HoldEnded, "no other order has it any more");
        }
    }

    /// Leaves the queue for the attention list. What comes right by itself is never left to a person: it is listed, and
    /// looked at hourly. The same verdict again changes nothing.
    pub fn hold(&mut self, reason: Reason, detail: &str, waits_for: WaitsFor, now: Timestamp) {
        if !self.is_open_or_waiting() || (self.held_by.is_some() && self.stays_here(now)) {
            return;
        }
        if self.advance(ParcelState::for_reason(reason), now).is_ok() {
            self.note_new(now, reason, detail);
            self.listed = true;
            if reason.auto() == Auto::Yes {
                self.due = Some(now + SignedDuration::from_hours(1));
                self.waits_for = None;
            } else {
                self.due = None;
                self.waits_for = Some(waits_for);
                self.attempts = 0;
                self.trouble = None;
            }
        }
    }

    /// Stays in the queue with a reason and a later time: no trouble, only not yet.
    pub fn wait(&mut self, reason: Reason, until: Timestamp, now: Timestamp) {
        if !self.is_open_or_waiting() || (self.held_by.is_some() && self.stays_here(now)) {
            return;
        }
        if self.advance(ParcelState::Held(reason), now).is_ok() {
            self.note_new(now, reason, "");
            self.due = Some(until);
            self.waits_for = None;
            self.attempts = 0;
            self.trouble = None;
            (self.listed, self.adrift) = (false, false);
        }
    }

    /// Closes without sending.
    pub fn close(&mut self, state: ParcelState, now: Timestamp) {
        let listed = self.listed && self.state == state;
        if self.advance(state, now).is_ok() {
            self.out_of_work();
            self.listed = listed;
            self.note_new(now, Plain::Closed, &state.to_string());
        }
    }

    /// Closes, and is listed until a person has seen it: the parcel may be on its way.
    pub fn close_and_list(&mut self, state: ParcelState, now: Timestamp) {
        if self.state == state && self.listed {
            self.due = None;
            return;
        }
        self.close(state, now);
        self.listed = self.state == state;
    }

    /// The store took the number back. What TikTok holds keeps its state when the store merely cancels: it cannot be
    /// unsent.
    pub fn withdraw(&mut self, state: ParcelState, now: Timestamp) {
        let what = if state == ParcelState::Superseded { Plain::Replaced } else { Plain::CancelledInStore };
        if self.state.phase() == Phase::Done && state != ParcelState::Superseded {
            self.note(now, what, "TikTok holds the number");
        } else if self.state != state && self.advance(state, now).is_ok() {
            self.out_of_work();
            self.note(now, what, "");
        }
    }

    /// A shipment without a number (or cancelled) stands in this state now. Nothing is due.
    pub fn mark(&mut self, state: ParcelState, now: Timestamp) {
        if self.state != state && self.advance(state, now).is_ok() {
            self.due = None;
            self.listed = state.phase() == Phase::Waiting;
        }
    }

    /// A call came back, so whatever ended the last owner was not this call. TikTok's words are kept; where it said
    /// nothing (`None`), an older refusal is no longer the last word, and what it said to an accepted number stands.
    pub fn answered(&mut self, answer: Option<Answer>) {
        self.answer = answer.or_else(|| self.answer.take().filter(|last| last.code == 0));
        self.crashes = 0;
    }

    /// The store's order names another TikTok order than before: begun anew with that one, now.
    pub fn name_anew(&mut self, order: &TikTokOrderId, now: Timestamp) {
        self.link = OrderLink::Found(order.clone());
        self.asked.clear();
        self.due = Some(now);
        self.note(now, Plain::OrderNamed, order.as_str());
    }

    /// Notes an event, dropping the oldest beyond the limit. The first one is kept: it says where the number came from.
    pub fn note(&mut self, at: Timestamp, what: impl Into<EventKind>, detail: impl Into<String>) {
        if self.events.len() >= Self::EVENTS {
            self.events.remove(1);
        }
        let detail: String = detail.into();
        let detail = detail.chars().take(120).collect();
        self.events.push(crate::domain::history::Event { at, what: what.into(), detail });
    }
}
