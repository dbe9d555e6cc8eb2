//! Moves of a parcel that cannot go on: each is tried again at its time, and listed after a day.

use super::{
    CRASHES, Duration, Entropy, Parcel, ParcelState, Patience, Plain, Reason, Timestamp, Tried, WaitsFor, retry,
};

impl Parcel {
    /// The answer to a write was lost: read back before anything else, for as long as it takes.
    pub fn unknown(&mut self, tried: &Tried, entropy: &Entropy, now: Timestamp) {
        self.tried = Some(tried.clone());
        self.crashes = 0;
        let old = self.ails(Reason::OutcomeUnknown, now);
        self.note_new(now, Plain::AnswerLost, "");
        if self.is_open_or_waiting() && self.advance(ParcelState::OutcomeUnknown, now).is_ok() {
            self.listed = old;
            self.waits_for = None;
            self.due = Some(if self.attempts == 1 {
                retry::read_back(entropy, now)
            } else {
                retry::next_try(self.attempts, None, entropy, now)
            });
        }
    }

    /// A trouble that should pass: tried again, never before `asked`. After a day it is listed, and still tried.
    pub fn again(
        &mut self,
        reason: Reason,
        words: &str,
        patience: Patience,
        asked: Option<Duration>,
        entropy: &Entropy,
        now: Timestamp,
    ) {
        // A call may be under way: it is read back first, whoever holds the parcel.
        let may_stay = self.held_by.is_some() && self.state != ParcelState::OutcomeUnknown;
        if !self.is_open_or_waiting() || (may_stay && self.stays_here(now)) {
            return;
        }
        let old = self.ails(reason, now);
        if patience == Patience::Twice && self.attempts > 2 {
            self.hold(reason, words, WaitsFor::Person, now);
            return;
        }
        let gap = if patience == Patience::Hourly { 4 } else { self.attempts };
        // A write whose answer was lost stays one, whatever the read back met.
        let state = if self.state == ParcelState::OutcomeUnknown { self.state } else { ParcelState::Held(reason) };
        if self.advance(state, now).is_ok() {
            self.note_new(now, reason, "");
            self.listed = old;
            self.waits_for = None;
            self.due = Some(retry::next_try(gap, asked, entropy, now));
        }
    }

    /// Nobody can say yet which TikTok order it is: tried for a day, then a person must say.
    pub fn not_found_yet(&mut self, detail: &str, entropy: &Entropy, now: Timestamp) {
        self.asked.clear();
        if self.held_by.is_some() && self.stays_here(now) {
            return;
        }
        if self.ails(Reason::OrderNotFound, now) {
            self.hold(Reason::OrderNotFound, detail, WaitsFor::Person, now);
        } else {
            self.due = Some(retry::next_try(self.attempts, None, entropy, now));
        }
    }

    /// Its message names an order that no shop of the account has. Listed at once, because the id may be mistyped, and
    /// asked about for a day all the same.
    pub fn nobody_has_it(&mut self, detail: &str, entropy: &Entropy, now: Timestamp) {
        self.asked.clear();
        if self.held_by.is_some() && self.stays_here(now) {
            return;
        }
        let old = self.ails(Reason::OrderNotFound, now);
        let (trouble, tries) = (self.trouble.clone(), self.attempts);
        self.hold(Reason::OrderNotFound, detail, WaitsFor::Person, now);
        if !old {
            (self.trouble, self.attempts) = (trouble, tries);
            self.due = Some(retry::next_try(tries, None, entropy, now));
        }
    }

    /// Its store rests: looked at later, without counting a try.
    pub fn look_later(&mut self, until: Timestamp) {
        if self.due.is_some() {
            self.due = Some(until);
        }
    }

    /// Its worker panicked.
    pub fn crashed(&mut self, entropy: &Entropy, now: Timestamp) {
        self.crashes += 1;
        if self.crashes >= CRASHES {
            self.hold(Reason::Internal, "working on it failed three times", WaitsFor::Person, now);
        } else {
            self.again(Reason::TikTokError, "", Patience::Usual, None, entropy, now);
        }
    }

    /// No shop of the store's account can have the order: listed for the store.
    pub fn set_adrift(&mut self, reason: Reason, detail: &str, now: Timestamp) {
        self.hold(reason, detail, WaitsFor::Person, now);
        self.adrift = true;
    }

    /// Its shop is another account's now: listed for the store, also what TikTok took and a person was asked about.
    pub fn shop_went(&mut self, now: Timestamp) {
        if self.is_open_or_waiting() {
            self.set_adrift(Reason::ShopGone, "another account connected it", now);
        } else {
            (self.due, self.adrift) = (None, self.listed);
        }
    }
}
