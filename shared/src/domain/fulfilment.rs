//! What every store's message becomes: which shipments an order has, and which numbers they carry.

use crate::domain::ids::{ShipmentId, StoreOrderId, TikTokOrderId};
use crate::domain::tracking::TrackingNumber;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a store says about one of its orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fulfilment {
    /// The store's own id of the order.
    pub order: StoreOrderId,
    /// What merchants call the order (`#1042`, a WooCommerce number, a Magento increment id).
    pub order_name: Option<String>,
    /// What the message says about the TikTok order.
    pub link: OrderLink,
    /// The whole order is cancelled in the store since this version.
    pub cancelled: Option<Version>,
    /// The shipments that the message speaks of, in the source's order.
    pub shipments: Vec<Shipment>,
    /// The message lists **all** shipments of the order: whatever is missing from it is gone.
    /// Its value is the version at which the list was complete.
    pub complete: Option<Version>,
}

impl Fulfilment {
    /// The same with names that people can be shown: a control or a mark that turns the direction of text around means
    /// nothing in a name, and would mean something to a terminal, a mail or a page.
    #[must_use]
    pub fn in_plain_names(&self) -> Self {
        let mut plain = self.clone();
        let parcels = plain.shipments.iter_mut().flat_map(|shipment| &mut shipment.parcels);
        for name in parcels.map(|parcel| &mut parcel.carrier).chain([&mut plain.order_name]) {
            let Some(text) = name.as_mut().filter(|text| text.chars().any(is_no_text)) else { continue };
            let shown: String = text.chars().map(|c| if is_no_text(c) { ' ' } else { c }).collect();
            *name = Some(shown.trim().to_owned()).filter(|shown| !shown.is_empty());
        }
        plain
    }
}

/// Controls, and Unicode's marks of direction (UAX #9).
fn is_no_text(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// What is known about the TikTok order of a store order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderLink {
    /// The message does not carry the fields in which an id could stand: read the store's order.
    NotRead,
    /// All fields were read; none holds an id. Some other writer may add it later.
    NotFound,
    /// The store order certainly came through another sales channel.
    OtherChannel,
    /// Exactly one candidate.
    Found(TikTokOrderId),
    /// Several different candidates: a person must choose.
    Ambiguous(Vec<TikTokOrderId>),
}

/// One shipment of a store: a Shopify fulfillment, a Magento shipment, one tracking entry of a WooCommerce plug-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// The store's id of it; edits keep the id.
    pub id: ShipmentId,
    /// Which state of the shipment this is.
    pub version: Version,
    /// Whether it counts.
    pub status: ShipmentStatus,
    /// Its numbers; several share the company and the lines.
    pub parcels: Vec<StoreParcel>,
    /// What is inside. Empty: the store does not say, so everything still open.
    pub lines: Vec<StoreLine>,
}

/// Whether a shipment counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentStatus {
    /// Shipped: push its numbers.
    Shipped,
    /// Not shipped yet, or failed in the store: wait for the next message.
    NotYet,
    /// Cancelled or deleted in the store.
    Cancelled,
    /// More is in it than is taken from one delivery: nothing of it is worked on, and a person sees the order.
    TooMuch,
}

/// One number as the store wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreParcel {
    /// The number.
    pub number: TrackingNumber,
    /// The store's word for the carrier, trimmed; `None` when absent or blank.
    pub carrier: Option<String>,
}

/// Items of one kind in a shipment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreLine {
    /// The merchant's stock code; may be empty.
    pub sku: String,
    /// Units in **this** shipment. Part of one counts as a whole one.
    pub quantity: u32,
    /// The store named part of a unit: TikTok knows whole ones only, so a person says which these are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub part: bool,
}

impl StoreLine {
    /// Whole units.
    #[must_use]
    pub fn new(sku: impl Into<String>, quantity: u32) -> Self {
        Self { sku: sku.into(), quantity, part: false }
    }
}

/// Units of one line at most.
const MOST_UNITS: f64 = 100_000.0;

/// Units as warehouses and spreadsheets write them: `2`, `2.0`, `2.0000`. `None`: none, part of one, too many, or no number.
#[must_use]
pub fn whole_units(text: &str) -> Option<u32> {
    let number: f64 = text.trim().parse().ok()?;
    ((1.0..=MOST_UNITS).contains(&number) && number.fract() == 0.0).then_some(number as u32)
}

/// Orders the states of one shipment. Stores stamp whole seconds, so two edits within one are told apart by the
/// moment at which the store sent (or we read) the state. Both in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Version {
    /// When the shipment changed, by the store's clock.
    pub changed: i64,
    /// When this state was sent or read.
    pub seen: i64,
}

impl Version {
    /// A version from two moments.
    #[must_use]
    pub fn new(changed: Timestamp, seen: Timestamp) -> Self {
        Self { changed: changed.as_millisecond(), seen: seen.as_millisecond() }
    }
}
