//! Where a tracking number is on its way to TikTok, and where it may go from there.

use crate::domain::reason::Reason;
use std::fmt;

/// Where a tracking number is on its way to TikTok.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ParcelState {
    /// Stored; its TikTok order may still be unknown.
    Received,
    /// Number and carrier passed the checks before any call.
    Checked,
    /// Waits for its turn or its next try.
    Queued,
    /// Chosen lines are saved; a call may be under way.
    Sending,
    /// TikTok answered code 0.
    Accepted,
    /// TikTok answered code 0 with a warning.
    AcceptedWithWarning,
    /// TikTok answered code 0, and another order has the same number: one parcel, or a mistake.
    AcceptedShared,
    /// Accepted, and the order shows Ready to ship.
    AwaitingScan,
    /// The carrier scanned it.
    InTransit,
    /// Delivered.
    Delivered,
    /// Waits by itself for what its reason names.
    Held(Reason),
    /// Waits for a carrier mapping.
    NeedsMapping(Reason),
    /// Waits for the owner to reconnect.
    NeedsReauth(Reason),
    /// Waits for a person.
    NeedsAttention(Reason),
    /// A write got no readable answer: read back before anything else.
    OutcomeUnknown,
    /// Certainly not to be sent.
    Skipped(Reason),
    /// The store sent a newer number for the same shipment.
    Superseded,
    /// Lost by time or failed deliveries.
    Lost,
    /// Past its delivery limit.
    Delayed,
    /// A person closed it with a note.
    Dismissed,
}

/// Where a state stands in the big picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Work is due by itself.
    Open,
    /// On the attention list until something changes.
    Waiting,
    /// TikTok holds the number.
    Done,
    /// Closed without being sent.
    Closed,
}

impl ParcelState {
    /// The state for a reason: mapping reasons need a mapping, authorisation a reconnect, the rest a person.
    #[must_use]
    pub fn for_reason(reason: Reason) -> Self {
        use Reason as R;
        match reason {
            R::CarrierMissing | R::CarrierUnmapped | R::CarrierNotApproved => Self::NeedsMapping(reason),
            R::AuthExpired | R::AuthRevoked | R::ScopeMissing => Self::NeedsReauth(reason),
            R::Unpaid | R::OnHold | R::PreOrder => Self::Held(reason),
            R::CancelRequested | R::TrackingMissing | R::RateLimited | R::TikTokError => Self::Held(reason),
            R::NotSellerShipping | R::FulfilledByTikTok | R::NotTikTok | R::Cancelled | R::TikTokTracks => {
                Self::Skipped(reason)
            }
            _ => Self::NeedsAttention(reason),
        }
    }

    /// The reason, where a state has one.
    #[must_use]
    pub fn reason(self) -> Option<Reason> {
        match self {
            Self::Held(r)
            | Self::NeedsMapping(r)
            | Self::NeedsReauth(r)
            | Self::NeedsAttention(r)
            | Self::Skipped(r) => Some(r),
            Self::OutcomeUnknown => Some(Reason::OutcomeUnknown),
            Self::AcceptedWithWarning => Some(Reason::AcceptedWithWarning),
            Self::AcceptedShared => Some(Reason::TrackingShared),
            _ => None,
        }
    }

    /// TikTok has the number, and a person is asked about it all the same.
    #[must_use]
    pub fn is_listed_although_done(self) -> bool {
        matches!(self, Self::AcceptedWithWarning | Self::AcceptedShared)
    }

    /// Open, waiting, done or closed.
    #[must_use]
    pub fn phase(self) -> Phase {
        match self {
            Self::Received | Self::Checked | Self::Queued | Self::Sending | Self::OutcomeUnknown => Phase::Open,
            Self::Held(_) | Self::NeedsMapping(_) | Self::NeedsReauth(_) | Self::NeedsAttention(_) => Phase::Waiting,
            Self::Accepted
            | Self::AcceptedWithWarning
            | Self::AcceptedShared
            | Self::AwaitingScan
            | Self::InTransit
            | Self::Delivered
            | Self::Lost
            | Self::Delayed => Phase::Done,
            Self::Skipped(_) | Self::Superseded | Self::Dismissed => Phase::Closed,
        }
    }

    /// Whether the move is legal. Every write of a state goes through here.
    ///
    /// Open and waiting states may become each other and everything else. What TikTok accepted moves along the
    /// carrier's scans, may be superseded by a newer number, or goes back to the queue when the store changes its
    /// carrier or takes the number back into use. Closed states reopen only through the queue.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        use ParcelState as S;
        if self == next {
            return true;
        }
        match (self.phase(), next.phase()) {
            (Phase::Open | Phase::Waiting, _) => {
                !matches!(next, S::AwaitingScan | S::InTransit | S::Delivered | S::Lost | S::Delayed)
                    || matches!(self, S::Sending | S::OutcomeUnknown)
            }
            (Phase::Done, Phase::Done) => done_moves(self, next),
            (Phase::Done, Phase::Open) => matches!(next, S::Received | S::Queued),
            (Phase::Done, Phase::Waiting) => false,
            (Phase::Done, Phase::Closed) => {
                matches!(next, S::Superseded | S::Dismissed | S::Skipped(Reason::Cancelled))
            }
            (Phase::Closed, Phase::Open) => matches!(next, S::Received | S::Queued),
            (Phase::Closed, Phase::Closed) => {
                matches!((self, next), (S::Skipped(_), _) | (S::Superseded, S::Skipped(Reason::Cancelled)))
            }
            // The store took a number off again: its shipment waits for a new one.
            (Phase::Closed, Phase::Waiting) => next == S::Held(Reason::TrackingMissing),
            (Phase::Closed, Phase::Done) => false,
        }
    }

    fn parts(self) -> (&'static str, Option<Reason>) {
        match self {
            Self::Received => ("RECEIVED", None),
            Self::Checked => ("CHECKED", None),
            Self::Queued => ("QUEUED", None),
            Self::Sending => ("SENDING", None),
            Self::Accepted => ("ACCEPTED", None),
            Self::AcceptedWithWarning => ("ACCEPTED_WITH_WARNING", None),
            Self::AcceptedShared => ("ACCEPTED_SHARED", None),
            Self::AwaitingScan => ("AWAITING_SCAN", None),
            Self::InTransit => ("IN_TRANSIT", None),
            Self::Delivered => ("DELIVERED", None),
            Self::Held(r) => ("HELD", Some(r)),
            Self::NeedsMapping(r) => ("NEEDS_MAPPING", Some(r)),
            Self::NeedsReauth(r) => ("NEEDS_REAUTH", Some(r)),
            Self::NeedsAttention(r) => ("NEEDS_ATTENTION", Some(r)),
            Self::OutcomeUnknown => ("OUTCOME_UNKNOWN", None),
            Self::Skipped(r) => ("SKIPPED", Some(r)),
            Self::Superseded => ("SUPERSEDED", None),
            Self::Lost => ("LOST", None),
            Self::Delayed => ("DELAYED", None),
            Self::Dismissed => ("DISMISSED", None),
        }
    }

    /// Reads what [`fmt::Display`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (word, reason) = match text.strip_suffix(')').and_then(|t| t.split_once('(')) {
            Some((word, code)) => (word, Some(Reason::parse(code)?)),
            None => (text, None),
        };
        Some(match (word, reason) {
            ("RECEIVED", None) => Self::Received,
            ("CHECKED", None) => Self::Checked,
            ("QUEUED", None) => Self::Queued,
            ("SENDING", None) => Self::Sending,
            ("ACCEPTED", None) => Self::Accepted,
            ("ACCEPTED_WITH_WARNING", None) => Self::AcceptedWithWarning,
            ("ACCEPTED_SHARED", None) => Self::AcceptedShared,
            ("AWAITING_SCAN", None) => Self::AwaitingScan,
            ("IN_TRANSIT", None) => Self::InTransit,
            ("DELIVERED", None) => Self::Delivered,
            ("HELD", Some(r)) => Self::Held(r),
            ("NEEDS_MAPPING", Some(r)) => Self::NeedsMapping(r),
            ("NEEDS_REAUTH", Some(r)) => Self::NeedsReauth(r),
            ("NEEDS_ATTENTION", Some(r)) => Self::NeedsAttention(r),
            ("OUTCOME_UNKNOWN", None) => Self::OutcomeUnknown,
            ("SKIPPED", Some(r)) => Self::Skipped(r),
            ("SUPERSEDED", None) => Self::Superseded,
            ("LOST", None) => Self::Lost,
            ("DELAYED", None) => Self::Delayed,
            ("DISMISSED", None) => Self::Dismissed,
            _ => return None,
        })
    }
}

fn done_moves(from: ParcelState, to: ParcelState) -> bool {
    use ParcelState as S;
    let rank = |state| match state {
        S::Accepted | S::AcceptedWithWarning | S::AcceptedShared => 0,
        S::AwaitingScan => 1,
        S::InTransit => 2,
        S::Delayed => 3,
        S::Lost => 4,
        _ => 5,
    };
    rank(to) > rank(from) || (rank(to) == 0 && rank(from) == 0)
}

impl fmt::Display for ParcelState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (word, None) => f.write_str(word),
            (word, Some(reason)) => write!(f, "{word}({reason})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_state() -> impl Strategy<Value = ParcelState> {
        use ParcelState as S;
        let reason = || prop::sample::select(Reason::ALL);
        prop_oneof![
            prop::sample::select(vec![
                S::Received,
                S::Checked,
                S::Queued,
                S::Sending,
                S::Accepted,
                S::AcceptedWithWarning,
                S::AcceptedShared,
                S::AwaitingScan,
                S::InTransit,
                S::Delivered,
                S::OutcomeUnknown,
                S::Superseded,
                S::Lost,
                S::Delayed,
                S::Dismissed,
            ]),
            reason().prop_map(S::Held),
            reason().prop_map(S::NeedsMapping),
            reason().prop_map(S::NeedsReauth),
            reason().prop_map(S::NeedsAttention),
            reason().prop_map(S::Skipped),
        ]
    }

    #[test]
    fn what_tiktok_accepted_never_falls_back_to_a_waiting_list() {
        for done in [ParcelState::Accepted, ParcelState::InTransit, ParcelState::Delivered] {
            for reason in Reason::ALL {
                assert!(!done.may_become(ParcelState::NeedsAttention(*reason)), "{done} -> {reason}");
            }
        }
    }

    #[test]
    fn a_closed_parcel_reopens_only_through_the_queue() {
        for closed in [ParcelState::Superseded, ParcelState::Dismissed, ParcelState::Skipped(Reason::Cancelled)] {
            assert!(closed.may_become(ParcelState::Queued));
            assert!(!closed.may_become(ParcelState::Accepted));
            assert!(!closed.may_become(ParcelState::Sending));
        }
    }

    #[test]
    fn scans_only_move_a_parcel_forward() {
        use ParcelState as S;
        assert!(S::Accepted.may_become(S::AwaitingScan) && S::AwaitingScan.may_become(S::InTransit));
        assert!(S::InTransit.may_become(S::Delivered) && S::Delayed.may_become(S::Lost));
        assert!(!S::Delivered.may_become(S::InTransit) && !S::InTransit.may_become(S::AwaitingScan));
    }

    proptest! {
        #[test]
        fn every_state_is_read_back_as_it_was_written(state in any_state()) {
            prop_assert_eq!(ParcelState::parse(&state.to_string()), Some(state));
        }

        #[test]
        fn any_text_is_a_state_or_nothing(text in "\\PC{0,40}") {
            if let Some(state) = ParcelState::parse(&text) {
                prop_assert_eq!(state.to_string(), text);
            }
        }
    }
}
