//! Every move of a parcel between the queue, the attention list and its end. Nothing else writes `due`, `waits_for`,
//! `attempts` or `crashes`, so that the four always fit the state (`it/architecture` looks).

use crate::domain::clock::Entropy;
use crate::domain::decision::Carried;
use crate::domain::history::{EventKind, Plain};
use crate::domain::ids::{LineItemId, PackageId, ShopId};
use crate::domain::parcel::{Answer, Parcel, ParcelState, Phase, Sent, Tried, WaitsFor};
use crate::domain::reason::Reason;
use crate::domain::retry;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Read-backs after lost answers until a person is asked.
const READ_BACKS: u32 = 12;
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
    /// What TikTok's support asks for.
    pub request_id: Option<String>,
    /// How we know.
    pub event: Plain,
}

/// How long a failure that should pass is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// 1, 5, 15, 60 minutes, then hourly for a day; then a person is asked.
    Day,
    /// Two tries: nobody knows what it means.
    Twice,
    /// For as long as it takes, an hour at a time.
    Hourly,
}

impl Patience {
    fn tries(self) -> u32 {
        match self {
            Self::Day => 27,
            Self::Twice => 2,
            Self::Hourly => u32::MAX,
        }
    }
}

impl Parcel {
    fn is_open_or_waiting(&self) -> bool {
        matches!(self.state.phase(), Phase::Open | Phase::Waiting)
    }

    fn due_now(&mut self, now: Timestamp) {
        self.due = Some(now);
        self.waits_for = None;
    }

    fn out_of_work(&mut self) {
        self.due = None;
        self.waits_for = None;
    }

    /// Work starts anew, in this open state, with every try still ahead. `false`: the state table says no, and nothing
    /// changed.
    pub fn start_over(&mut self, state: ParcelState, now: Timestamp) -> bool {
        if self.advance(state, now).is_err() {
            return false;
        }
        self.due_now(now);
        self.attempts = 0;
        self.crashes = 0;
        true
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
        if self.advance(ParcelState::Queued, now).is_ok() {
            self.due_now(now);
        }
    }

    /// TikTok spoke of the order: judged now. `false`: it cannot be.
    pub fn judge_now(&mut self, now: Timestamp) -> bool {
        if self.state.phase() == Phase::Waiting && self.advance(ParcelState::Queued, now).is_err() {
            return false;
        }
        self.due_now(now);
        self.note(now, Plain::OrderMoved, "");
        true
    }

    /// Taken up by the worker. One that waited for a time is decided about anew; the reason named what was.
    pub fn take_up(&mut self, now: Timestamp) {
        if self.state.phase() == Phase::Waiting {
            let _ = self.advance(ParcelState::Queued, now);
        }
    }

    /// Due no later than now; a state that is not open stays as it is.
    pub fn bring_forward(&mut self, now: Timestamp) {
        if self.state.phase() == Phase::Open {
            self.due = Some(self.due.map_or(now, |due| due.min(now)));
        }
    }

    /// Another shop's shard takes it over, now.
    pub fn hand_to(&mut self, shop: &ShopId, now: Timestamp) {
        self.shop.clone_from(shop);
        self.due = Some(now);
        self.note(now, Plain::NextShop, "");
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
        self.chosen.clear();
        self.attempts = 0;
        self.crashes = 0;
        self.answer = done.warning.as_ref().map(|message| Answer {
            code: 0,
            message: message.clone(),
            request_id: done.request_id.clone().unwrap_or_default(),
        });
        self.note(now, done.event, done.carried.provider_name.clone());
        let state = if done.warning.is_some() { ParcelState::AcceptedWithWarning } else { ParcelState::Accepted };
        let changed_meanwhile = self.carrier != done.carrier_words;
        if self.is_open_or_waiting() && !changed_meanwhile && self.advance(state, now).is_ok() {
            self.out_of_work();
        }
    }

    /// Leaves the queue for the attention list.
    pub fn hold(&mut self, reason: Reason, detail: &str, waits_for: WaitsFor, now: Timestamp) {
        if !self.is_open_or_waiting() {
            return;
        }
        if self.advance(ParcelState::for_reason(reason), now).is_ok() {
            self.due = None;
            self.waits_for = Some(waits_for);
            self.note(now, reason, detail);
        }
    }

    /// Stays in the queue with a reason and a later time.
    pub fn wait(&mut self, reason: Reason, until: Timestamp, now: Timestamp) {
        if !self.is_open_or_waiting() {
            return;
        }
        if self.state.reason() != Some(reason) {
            self.note(now, reason, "");
        }
        if self.advance(ParcelState::Held(reason), now).is_ok() {
            self.due = Some(until);
        }
    }

    /// Closes without sending.
    pub fn close(&mut self, state: ParcelState, now: Timestamp) {
        if self.advance(state, now).is_ok() {
            self.out_of_work();
            self.note(now, Plain::Closed, state.to_string());
        }
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
        }
    }

    /// The answer to a write was lost: read back before anything else.
    pub fn unknown(&mut self, tried: &Tried, entropy: &Entropy, now: Timestamp) {
        self.tried = Some(tried.clone());
        self.attempts += 1;
        self.crashes = 0;
        if self.attempts > READ_BACKS {
            self.hold(Reason::TikTokError, "many answers were lost in a row", WaitsFor::Person, now);
            return;
        }
        self.note(now, Plain::AnswerLost, "");
        if self.is_open_or_waiting() && self.advance(ParcelState::OutcomeUnknown, now).is_ok() {
            self.due = Some(retry::read_back(entropy, now));
        }
    }

    /// TikTok's words are kept. An answer came, so whatever ended the last owner was not this call.
    pub fn answered(&mut self, answer: Answer) {
        self.answer = Some(answer);
        self.crashes = 0;
    }

    /// A failure that should pass: tried again, never before `asked`; held when patience ends.
    pub fn again(
        &mut self,
        reason: Reason,
        words: &str,
        patience: Patience,
        asked: Option<Duration>,
        entropy: &Entropy,
        now: Timestamp,
    ) {
        self.attempts += 1;
        if self.attempts > patience.tries() {
            self.hold(reason, words, WaitsFor::Person, now);
            return;
        }
        let gap = if patience == Patience::Hourly { 4 } else { self.attempts };
        self.wait(reason, retry::next_try(gap, asked, entropy, now), now);
    }

    /// Nobody can say yet which TikTok order it is: by the retry schedule, for a day; then a person must say.
    pub fn not_found_yet(&mut self, detail: &str, entropy: &Entropy, now: Timestamp) {
        self.attempts += 1;
        let day = SignedDuration::try_from(retry::GIVE_UP_AFTER).unwrap_or_default();
        if now.duration_since(self.received) >= day {
            self.hold(Reason::OrderNotFound, detail, WaitsFor::Person, now);
        } else {
            self.due = Some(retry::next_try(self.attempts, None, entropy, now));
        }
    }

    /// Its worker panicked.
    pub fn crashed(&mut self, entropy: &Entropy, now: Timestamp) {
        self.attempts += 1;
        self.crashes += 1;
        if self.crashes >= CRASHES {
            self.hold(Reason::Internal, "working on it failed three times", WaitsFor::Person, now);
        } else {
            self.wait(Reason::TikTokError, retry::next_try(self.attempts, None, entropy, now), now);
        }
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
