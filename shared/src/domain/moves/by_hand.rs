//! A person's hold: whatever happens to the parcel, it stays here until it is released or TikTok has it.

use super::{Parcel, ParcelState, Phase, Plain, Reason, Timestamp, WaitsFor};
use crate::domain::parcel::HeldBy;

impl Parcel {
    /// A call to TikTok may be under way, or its answer was lost: what it did is read before anything else.
    #[must_use]
    pub fn may_be_under_way(&self) -> bool {
        matches!(self.state, ParcelState::Sending | ParcelState::OutcomeUnknown)
    }

    /// A person holds it. What may be under way is read back first, and held if TikTok does not have it.
    pub fn hold_here(&mut self, by: HeldBy, now: Timestamp) {
        self.note(now, Plain::HeldByHand, by.note.clone());
        self.held_by = Some(by);
        if !self.may_be_under_way() {
            self.stays_here_known(now);
        }
    }

    /// As [`stays_here`](Self::stays_here); where TikTok has not shown its order yet, that is looked up once, so that
    /// TikTok's news and the order's clocks find the parcel.
    pub(super) fn stays_here_known(&mut self, now: Timestamp) -> bool {
        let stays = self.stays_here(now);
        self.due = (stays && !self.placed).then_some(now);
        stays
    }

    /// Stands on the attention list as held by a person. `false`: the state table says no.
    pub(super) fn stays_here(&mut self, now: Timestamp) -> bool {
        let held = ParcelState::NeedsAttention(Reason::HeldByPerson);
        if self.state.phase() == Phase::Closed && self.advance(ParcelState::Queued, now).is_err() {
            return false;
        }
        if self.advance(held, now).is_err() {
            return false;
        }
        self.out_of_work();
        self.waits_for = Some(WaitsFor::Person);
        self.listed = true;
        true
    }

    /// A person released it: what waited here is queued, with every try ahead.
    pub fn release(&mut self, now: Timestamp) {
        self.held_by = None;
        self.note(now, Plain::ReleasedByHand, "");
        if self.state == ParcelState::NeedsAttention(Reason::HeldByPerson) {
            self.start_over(ParcelState::Queued, now);
        }
    }

    /// TikTok has the number: nothing is held any more.
    pub(super) fn hold_ends(&mut self, event: Plain, now: Timestamp) {
        if self.held_by.take().is_some() {
            let ours = matches!(event, Plain::Accepted | Plain::Corrected | Plain::Reconciled);
            self.note(now, Plain::HoldEnded, if ours { "its call was under way when it was held" } else { "" });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::Entropy;
    use crate::domain::moves::Patience;
    use crate::domain::parcel::Tried;
    use crate::domain::samples::{at, parcel};

    fn held() -> Parcel {
        let mut row = parcel("1Z99", "f1", &[]);
        row.placed = true;
        row.hold_here(HeldBy { who: "owner@example.com".into(), since: at(5), note: "the buyer asked".into() }, at(5));
        row
    }

    #[test]
    fn nothing_but_a_release_or_tiktok_takes_a_held_parcel_from_its_place() {
        let entropy = Entropy::new(|bytes| bytes.fill(7));
        let moves: [fn(&mut Parcel, &Entropy); 8] = [
            |row, _| {
                row.queue_again(at(9));
            },
            |row, _| row.queue_after_race(at(9)),
            |row, _| row.hold(Reason::CarrierUnmapped, "", WaitsFor::Store, at(9)),
            |row, _| row.wait(Reason::Unpaid, at(99), at(9)),
            |row, entropy| row.again(Reason::TikTokError, "", Patience::Usual, None, entropy, at(9)),
            |row, entropy| row.not_found_yet("", entropy, at(9)),
            |row, entropy| row.nobody_has_it("", entropy, at(9)),
            |row, entropy| row.crashed(entropy, at(9)),
        ];
        for (n, go) in moves.iter().enumerate() {
            let mut row = held();
            go(&mut row, &entropy);
            assert_eq!(row.state, ParcelState::NeedsAttention(Reason::HeldByPerson), "{n}");
            assert!(row.listed && row.due.is_none() && row.changed == at(5), "{n}");
        }
        let mut row = held();
        row.release(at(9));
        assert_eq!((row.state, row.due, row.held_by), (ParcelState::Queued, Some(at(9)), None));
    }

    #[test]
    fn a_call_that_may_be_under_way_is_read_back_before_its_parcel_is_held() {
        let entropy = Entropy::new(|bytes| bytes.fill(7));
        let mut row = held();
        let tried = Tried {
            number: "1Z99".into(),
            provider: crate::domain::ids::ProviderId::parse("7117858858072016686").expect("id"),
            provider_name: "UPS".into(),
            correction: false,
            at: at(4),
        };
        row.unknown(&tried, &entropy, at(6));
        assert!(row.state == ParcelState::OutcomeUnknown && row.due.is_some(), "the answer was lost after the hold");
        row.again(Reason::TikTokError, "", Patience::Usual, None, &entropy, at(8));
        assert!(row.state == ParcelState::OutcomeUnknown && row.due.is_some() && row.held_by.is_some());
        row.hold(Reason::HeldByPerson, "", WaitsFor::Person, at(9));
        assert_eq!(row.state, ParcelState::NeedsAttention(Reason::HeldByPerson));
        assert_eq!(row.tried, Some(tried), "what was tried is not forgotten");
    }
}
