//! One tracking number of one store order: its state, its legal moves, and what is kept about it.

use crate::domain::fulfilment::{OrderLink, StoreLine, Version};
use crate::domain::ids::{LineItemId, PackageId, ProviderId, ShipmentId, ShopId, StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::reason::Reason;
use crate::domain::tracking::TrackingNumber;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
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
            R::Unpaid | R::OnHold | R::CancelRequested | R::TrackingMissing | R::RateLimited | R::TikTokError => {
                Self::Held(reason)
            }
            R::NotSellerShipping | R::FulfilledByTikTok | R::NotTikTok | R::Cancelled => Self::Skipped(reason),
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
            _ => None,
        }
    }

    /// Open, waiting, done or closed.
    #[must_use]
    pub fn phase(self) -> Phase {
        match self {
            Self::Received | Self::Checked | Self::Queued | Self::Sending | Self::OutcomeUnknown => Phase::Open,
            Self::Held(_) | Self::NeedsMapping(_) | Self::NeedsReauth(_) | Self::NeedsAttention(_) => Phase::Waiting,
            Self::Accepted
            | Self::AcceptedWithWarning
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
        S::Accepted | S::AcceptedWithWarning => 0,
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

/// Everything kept about one parcel. No buyer, no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The store connection that reported it.
    pub store: StoreId,
    /// The store's order.
    pub order: StoreOrderId,
    /// What merchants call that order.
    pub order_name: Option<String>,
    /// The number; `None` for a shipment that the store marked shipped without one (or cancelled before we saw one).
    pub number: Option<TrackingNumber>,
    /// The store's word for the carrier.
    pub carrier: Option<String>,
    /// The shipments that carry the number, and what they hold.
    pub sources: Vec<Source>,
    /// What is known about the TikTok order.
    pub link: OrderLink,
    /// The TikTok shop whose shard works on it.
    pub shop: ShopId,
    /// Its state.
    pub state: ParcelState,
    /// When work on it is due next; set exactly while it is in the PUSH list.
    pub due: Option<Timestamp>,
    /// When we first stored it.
    pub received: Timestamp,
    /// When the state last changed.
    pub changed: Timestamp,
    /// Tries since the last good news.
    pub attempts: u32,
    /// Owners that died, or panicked, while they worked on it.
    pub crashes: u32,
    /// A person said that number and carrier are right as they stand: a doubt only warns.
    pub confirmed: bool,
    /// Shops of the store that turned out not to have the TikTok order.
    pub shops_tried: u32,
    /// The line items this parcel takes, decided once and saved before the call.
    pub chosen: Vec<LineItemId>,
    /// What TikTok accepted from us.
    pub sent: Option<Sent>,
    /// A call whose answer we do not know: what it carried.
    pub tried: Option<Tried>,
    /// What a hold waits for.
    pub waits_for: Option<WaitsFor>,
    /// TikTok's last answer, verbatim, cut to 200 characters.
    pub answer: Option<Answer>,
    /// The last things that happened, oldest first, at most [`Parcel::EVENTS`].
    pub events: Vec<Event>,
    /// The poll found it, not a webhook.
    pub healed: bool,
    /// The fence: every change says `IF rev = :seen`.
    pub rev: u64,
}

/// One shipment of the store that carries (or carried) the number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The store's shipment.
    #[serde(rename = "s")]
    pub shipment: ShipmentId,
    /// The newest version of it that spoke about this number.
    #[serde(rename = "v")]
    pub version: Version,
    /// At that version the shipment carried the number; `false`: it was taken off or cancelled.
    #[serde(rename = "p")]
    pub present: bool,
    /// How many numbers shared the lines at that version.
    #[serde(rename = "n", default = "one", skip_serializing_if = "is_one")]
    pub sharing: u32,
    /// What was inside; empty: not said.
    #[serde(rename = "l", default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<StoreLine>,
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_one(n: &u32) -> bool {
    *n == 1
}

/// What TikTok accepted from us for a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The canonical number that was sent.
    pub number: String,
    /// The carrier's id.
    pub provider: ProviderId,
    /// The carrier's name on the list of that day.
    pub provider_name: String,
    /// The line items it stands on.
    pub lines: Vec<LineItemId>,
    /// TikTok's package.
    pub package: Option<PackageId>,
    /// When.
    pub at: Timestamp,
    /// When the items were first shipped: the 72 hours of correction count from here.
    pub shipped_at: Timestamp,
    /// Corrections used for these items so far, this one included.
    pub edits: u32,
}

/// A write to TikTok whose answer was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// The canonical number.
    pub number: String,
    /// The carrier's id.
    pub provider: ProviderId,
    /// The carrier's name.
    pub provider_name: String,
    /// It was a correction.
    pub correction: bool,
    /// When.
    pub at: Timestamp,
}

/// What would free a hold. Stored, so that a change of it requeues, even one that raced with the hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitsFor {
    /// A carrier map newer than these versions (shop, account), or another carrier list.
    Mapping {
        /// Version of the shop's map.
        shop: u64,
        /// Version of the account's default map.
        account: u64,
    },
    /// A grant newer than this token version.
    Grant(u64),
    /// Another status of the order than this one.
    OrderStatus(String),
    /// A newer message of the store.
    Store,
    /// A person.
    Person,
}

/// TikTok's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Code in the envelope; 0 is success.
    pub code: i64,
    /// Message or warning, cut to 200 characters.
    pub message: String,
    /// What TikTok's support asks for.
    pub request_id: String,
}

/// One thing that happened to a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    #[serde(rename = "t")]
    pub at: Timestamp,
    /// What: a short constant word.
    #[serde(rename = "e")]
    pub what: String,
    /// A detail, never about a person.
    #[serde(rename = "d", default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// A move that the state table does not allow: a bug, caught before it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a parcel cannot go from {from} to {to}")]
pub struct IllegalMove {
    /// From.
    pub from: ParcelState,
    /// To.
    pub to: ParcelState,
}

impl Parcel {
    /// Events kept in the row.
    pub const EVENTS: usize = 10;

    /// Moves to another state.
    ///
    /// # Errors
    /// [`IllegalMove`] when the table of legal moves says no; nothing is changed then.
    pub fn advance(&mut self, to: ParcelState, now: Timestamp) -> Result<(), IllegalMove> {
        if !self.state.may_become(to) {
            return Err(IllegalMove { from: self.state, to });
        }
        self.state = to;
        self.changed = now;
        Ok(())
    }

    /// Notes an event, dropping the oldest beyond the limit. The first one is kept: it says where the number came from.
    pub fn note(&mut self, at: Timestamp, what: &str, detail: impl Into<String>) {
        if self.events.len() >= Self::EVENTS {
            self.events.remove(1);
        }
        let detail: String = detail.into();
        self.events.push(Event { at, what: what.to_owned(), detail: detail.chars().take(120).collect() });
    }

    /// No shipment of the store carries the number any more: replaced, taken off or cancelled.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        !self.sources.iter().any(|source| source.present)
    }

    /// The source entry of a shipment.
    #[must_use]
    pub fn source(&self, shipment: &ShipmentId) -> Option<&Source> {
        self.sources.iter().find(|source| source.shipment == *shipment)
    }

    /// The TikTok order, once known.
    #[must_use]
    pub fn tiktok_order(&self) -> Option<&TikTokOrderId> {
        match &self.link {
            OrderLink::Found(id) => Some(id),
            _ => None,
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
