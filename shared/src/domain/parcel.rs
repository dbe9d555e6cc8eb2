//! One tracking number of one store order: what is kept about it.

use crate::domain::fulfilment::{OrderLink, StoreLine, Version};
pub use crate::domain::history::{Event, EventKind, Plain};
use crate::domain::ids::{
    AccountId, LineItemId, PackageId, ProviderId, ShipmentId, ShopId, StoreId, StoreOrderId, TikTokOrderId,
};
pub use crate::domain::parcel_state::{ParcelState, Phase};
use crate::domain::reason::Reason;
use crate::domain::tracking::TrackingNumber;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything kept about one parcel. No buyer, no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The store connection that reported it.
    pub store: StoreId,
    /// Whose store that is: its number is found under this account. Absent on rows of earlier versions.
    pub account: Option<AccountId>,
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
    /// The number has another row for another TikTok order (a combined parcel, or one whose order was corrected after it was
    /// sent): the order that this row was made for, which ends its key.
    pub apart: Option<TikTokOrderId>,
    /// The TikTok shop whose shard works on it.
    pub shop: ShopId,
    /// Its state.
    pub state: ParcelState,
    /// When work on it is due next; set exactly while it is in the PUSH list. A listed row may be due too.
    pub due: Option<Timestamp>,
    /// When we first stored it.
    pub received: Timestamp,
    /// When the state last changed.
    pub changed: Timestamp,
    /// Tries in the present trouble.
    pub attempts: u32,
    /// Owners that died, or panicked, while they worked on it.
    pub crashes: u32,
    /// A person said that number and carrier are right as they stand: a doubt only warns.
    pub confirmed: bool,
    /// TikTok showed the order in this shop; until then every shop of the account may have it.
    pub placed: bool,
    /// Shops that were asked for the order and do not have it. A retry or a newer message empties it.
    pub asked: Vec<ShopId>,
    /// What has gone wrong without a break, and since when.
    pub trouble: Option<Ailment>,
    /// It is on the attention list, also while it is still tried.
    pub listed: bool,
    /// No shop of the store's account is known to have the order: it is listed for the store, not for `shop`.
    pub adrift: bool,
    /// The line items this parcel takes, decided once and saved before the call.
    pub chosen: Vec<LineItemId>,
    /// What TikTok accepted from us.
    pub sent: Option<Sent>,
    /// A call whose answer we do not know: what it carried.
    pub tried: Option<Tried>,
    /// What a hold waits for.
    pub waits_for: Option<WaitsFor>,
    /// A person holds it here: it is not sent before it is released, whatever else happens to it.
    pub held_by: Option<HeldBy>,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The store's shipment.
    pub shipment: ShipmentId,
    /// The newest version of it that spoke about this number.
    pub version: Version,
    /// At that version the shipment carried the number; `false`: it was taken off or cancelled.
    pub present: bool,
    /// How many numbers shared the lines at that version.
    pub sharing: u32,
    /// What was inside; empty: not said.
    pub lines: Vec<StoreLine>,
    /// The moment its sender claimed, where that lay in the future and was cut to the receipt, in milliseconds: a repeat
    /// of that message is known by it.
    pub ahead: Option<i64>,
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

/// A trouble that goes on: another kind starts anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ailment {
    /// What goes wrong.
    pub kind: Reason,
    /// Its first moment.
    pub since: Timestamp,
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

/// A person's word that a parcel stays here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBy {
    /// A signed-in person's account, or the command line.
    #[serde(rename = "w")]
    pub who: String,
    /// Since when.
    #[serde(rename = "s")]
    pub since: Timestamp,
    /// Why, in that person's words; at most 300 characters, never about a buyer.
    #[serde(rename = "n")]
    pub note: String,
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

    /// What is inside was rounded up: it claims nothing by itself, a person chooses.
    #[must_use]
    pub fn names_part_of_a_unit(&self) -> bool {
        self.sources.iter().filter(|source| source.present).flat_map(|source| &source.lines).any(|line| line.part)
    }

    /// Says whose store it is, where a row of an earlier version does not.
    pub fn belong_to(&mut self, account: &AccountId) {
        self.account.get_or_insert_with(|| account.clone());
    }

    /// A parcel of which nothing is known yet but whose it is: not stored, and not due.
    #[must_use]
    pub fn new(store: StoreId, order: StoreOrderId, shop: ShopId, now: Timestamp) -> Self {
        Self {
            store,
            account: None,
            order,
            order_name: None,
            number: None,
            carrier: None,
            sources: Vec::new(),
            link: OrderLink::NotRead,
            apart: None,
            shop,
            state: ParcelState::Received,
            due: None,
            received: now,
            changed: now,
            attempts: 0,
            crashes: 0,
            confirmed: false,
            placed: false,
            asked: Vec::new(),
            trouble: None,
            listed: false,
            adrift: false,
            chosen: Vec::new(),
            sent: None,
            tried: None,
            waits_for: None,
            held_by: None,
            answer: None,
            events: Vec::new(),
            healed: false,
            rev: 0,
        }
    }

    /// Moves to another state.
    ///
    /// # Errors
    /// [`IllegalMove`] when the table of legal moves says no; nothing is changed then.
    pub fn advance(&mut self, to: ParcelState, now: Timestamp) -> Result<(), IllegalMove> {
        if !self.state.may_become(to) {
            return Err(IllegalMove { from: self.state, to });
        }
        // The same state again is no change: since when it stands stays.
        if self.state != to {
            self.state = to;
            self.changed = now;
        }
        Ok(())
    }

    /// No shipment of the store carries the number any more: replaced, taken off or cancelled.
    #[must_use]
    pub fn is_withdrawn(&self) -> bool {
        !self.sources.iter().any(|source| source.present)
    }

    /// Every shop of the store is asked anew for its TikTok order.
    pub fn forget_asked(&mut self) {
        self.asked.clear();
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
