//! TikTok's orders and packages, and what their states mean for us.

use crate::domain::ids::{DeliveryOptionId, LineItemId, PackageId, ProviderId, TikTokOrderId, WarehouseId};
pub use crate::domain::order_facts::{
    Cancellation, CancelledBy, Component, Deadlines, Handling, Invoice, OrderKind, OrderTimes, OrderType, Origin,
    REMORSE, ShipTo,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Our state of a TikTok order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Placed, not paid.
    AwaitingPayment,
    /// Paid; the buyer may still cancel.
    OnHold,
    /// Nothing shipped.
    AwaitingShipment,
    /// Some lines shipped.
    PartiallyShipped,
    /// Every line has a number; no carrier scan yet.
    ReadyToShip,
    /// Scanned, delivered or completed; which of them is kept.
    Shipped(Shipped),
    /// Cancelled.
    Cancelled,
    /// A value this version does not know; shown verbatim.
    Unknown(String),
}

/// How far a shipped order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shipped {
    /// The carrier scanned it.
    InTransit,
    /// Delivered.
    Delivered,
    /// No more returns possible.
    Completed,
}

/// What an order's state allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushRule {
    /// Wait; the state changes by itself.
    Wait,
    /// Send numbers for open lines.
    Push,
    /// A number may only be corrected.
    CorrectOnly,
    /// Nothing any more; the order is past it.
    No,
    /// Never: cancelled or unknown.
    Never,
}

impl OrderState {
    /// Reads TikTok's word, in any case. Webhook type 1 spells `CANCELLED` as `CANCEL`; `PAID` is an old alias.
    #[must_use]
    pub fn parse(status: &str) -> Self {
        match status.trim().to_ascii_uppercase().as_str() {
            "UNPAID" => Self::AwaitingPayment,
            "ON_HOLD" => Self::OnHold,
            "PAID" | "AWAITING_SHIPMENT" => Self::AwaitingShipment,
            "PARTIALLY_SHIPPING" => Self::PartiallyShipped,
            "AWAITING_COLLECTION" => Self::ReadyToShip,
            "IN_TRANSIT" => Self::Shipped(Shipped::InTransit),
            "DELIVERED" => Self::Shipped(Shipped::Delivered),
            "COMPLETED" => Self::Shipped(Shipped::Completed),
            "CANCELLED" | "CANCEL" => Self::Cancelled,
            _ => Self::Unknown(status.chars().take(40).collect()),
        }
    }

    /// What may be sent in this state.
    #[must_use]
    pub fn push_rule(&self) -> PushRule {
        match self {
            Self::AwaitingPayment | Self::OnHold => PushRule::Wait,
            Self::AwaitingShipment | Self::PartiallyShipped => PushRule::Push,
            Self::ReadyToShip | Self::Shipped(Shipped::InTransit) => PushRule::CorrectOnly,
            Self::Shipped(Shipped::Delivered | Shipped::Completed) => PushRule::No,
            Self::Cancelled | Self::Unknown(_) => PushRule::Never,
        }
    }

    /// The words shown to people.
    #[must_use]
    pub fn shown_as(&self) -> String {
        match self {
            Self::AwaitingPayment => "Waiting for payment".to_owned(),
            Self::OnHold => "Buyer may still cancel".to_owned(),
            Self::AwaitingShipment => "Awaiting shipment".to_owned(),
            Self::PartiallyShipped => "Partly shipped".to_owned(),
            Self::ReadyToShip => "Ready to ship, no scan yet".to_owned(),
            Self::Shipped(Shipped::InTransit) => "In transit".to_owned(),
            Self::Shipped(Shipped::Delivered) => "Delivered".to_owned(),
            Self::Shipped(Shipped::Completed) => "Completed".to_owned(),
            Self::Cancelled => "Cancelled".to_owned(),
            Self::Unknown(value) => format!("Unknown: {value}"),
        }
    }

    fn rank(&self) -> Option<u8> {
        match self {
            Self::AwaitingPayment => Some(0),
            Self::OnHold => Some(1),
            Self::AwaitingShipment => Some(2),
            Self::PartiallyShipped => Some(3),
            Self::ReadyToShip => Some(4),
            Self::Shipped(Shipped::InTransit) => Some(5),
            Self::Shipped(Shipped::Delivered) => Some(6),
            Self::Shipped(Shipped::Completed) => Some(7),
            Self::Cancelled | Self::Unknown(_) => None,
        }
    }

    /// Whether news of `next` may replace this state: states move forward only, except that a cancellation wins over
    /// everything but Delivered and Completed. An unknown value is believed, so that it is seen.
    #[must_use]
    pub fn may_become(&self, next: &Self) -> bool {
        match (self, next) {
            (Self::Shipped(Shipped::Delivered | Shipped::Completed), Self::Cancelled) => false,
            (_, Self::Cancelled | Self::Unknown(_)) | (Self::Unknown(_), _) => true,
            (Self::Cancelled, _) => false,
            (from, to) => from.rank() <= to.rank(),
        }
    }

    /// The state after news: forward only, and an older `update_time` never overwrites a newer one.
    #[must_use]
    pub fn after(self, seen_at: Timestamp, next: Self, next_at: Timestamp) -> (Self, Timestamp) {
        if next_at >= seen_at && self.may_become(&next) { (next, next_at) } else { (self, seen_at) }
    }
}

/// Our state of a TikTok package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageState {
    /// `TO_FULFILL`.
    Planned,
    /// `PROCESSING`: arranged, waiting for the carrier.
    AwaitingScan,
    /// `FULFILLING`.
    InTransit,
    /// `COMPLETED`.
    Delivered,
    /// `CANCELLED`: usually lost or damaged.
    LostOrDamaged,
    /// A value this version does not know.
    Unknown(String),
}

impl PackageState {
    /// Reads TikTok's word, in any case.
    #[must_use]
    pub fn parse(status: &str) -> Self {
        match status.trim().to_ascii_uppercase().as_str() {
            "TO_FULFILL" => Self::Planned,
            "PROCESSING" => Self::AwaitingScan,
            "FULFILLING" => Self::InTransit,
            "COMPLETED" => Self::Delivered,
            "CANCELLED" => Self::LostOrDamaged,
            _ => Self::Unknown(status.chars().take(40).collect()),
        }
    }
}

/// An order as TikTok shows it, without anything about the buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TikTokOrder {
    /// TikTok's id.
    pub id: TikTokOrderId,
    /// Its state.
    pub state: OrderState,
    /// When that state was reached; orders news.
    pub update_time: Option<Timestamp>,
    /// `SELLER` is ours. `None`: TikTok did not say.
    pub shipping_type: Option<String>,
    /// `FULFILLMENT_BY_SELLER` is ours.
    pub fulfillment_type: Option<String>,
    /// Leads to the carriers.
    pub delivery_option: Option<DeliveryOptionId>,
    /// The warehouse it ships from.
    pub warehouse: Option<WarehouseId>,
    /// Two-letter region of the buyer: part of the route in the EU. Never more of the address.
    pub buyer_region: Option<String>,
    /// A buyer's cancellation request is pending.
    pub cancel_requested: bool,
    /// A sample order.
    pub sample: bool,
    /// TikTok says that the order is split or combined.
    pub split_or_combined: Option<SplitTag>,
    /// When it was paid, if TikTok tells.
    pub paid_time: Option<Timestamp>,
    /// Normal, pre-order, replacement, ….
    pub kind: OrderKind,
    /// When it was placed, shipped, scanned, delivered.
    pub times: OrderTimes,
    /// Every deadline TikTok names.
    pub deadlines: Deadlines,
    /// Whether TikTok shows an address.
    pub ship_to: ShipTo,
    /// Who cancelled it, once it is cancelled.
    pub cancellation: Option<Cancellation>,
    /// Packages TikTok knows for the order (outside the US from payment on).
    pub packages: Vec<PackageId>,
    /// One entry per unit.
    pub lines: Vec<OrderLine>,
}

/// `split_or_combine_tag`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitTag {
    /// One order, several packages.
    Split,
    /// Several orders, one package.
    Combined,
}

/// One unit of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// TikTok's id of the unit.
    pub id: LineItemId,
    /// The merchant's stock code; may be empty.
    pub seller_sku: String,
    /// The unit's own state.
    pub state: OrderState,
    /// The package it travels in.
    pub package: Option<PackageId>,
    /// The number TikTok holds for it.
    pub tracking: Option<String>,
    /// The carrier TikTok holds for it.
    pub provider: Option<ProviderId>,
    /// TikTok's id of the stock code: equal for units of one product variant.
    pub sku_id: Option<String>,
    /// TikTok's id of the product.
    pub product: Option<String>,
    /// A gift: a unit of its own that must be shipped, often unknown to the store.
    pub gift: bool,
    /// What one unit of a bundle consists of; empty for everything else, and in answers of the search.
    pub components: Vec<Component>,
    /// The state of the package it travels in. CANCELLED beside a unit that is not means lost or damaged.
    pub package_state: Option<PackageState>,
    /// When TikTok took its number.
    pub shipped: Option<Timestamp>,
    /// Who cancelled the unit, once it is cancelled.
    pub cancelled_by: Option<CancelledBy>,
}

impl TikTokOrder {
    /// Shipped by the seller from the seller's own stock; what TikTok leaves out counts as ours.
    #[must_use]
    pub fn is_seller_shipped(&self) -> bool {
        let ours = |value: &Option<String>, word: &str| value.as_ref().is_none_or(|v| v.eq_ignore_ascii_case(word));
        ours(&self.shipping_type, "SELLER") && ours(&self.fulfillment_type, "FULFILLMENT_BY_SELLER")
    }

    /// A pre-order whose release is still ahead: then.
    #[must_use]
    pub fn release_ahead(&self, now: Timestamp) -> Option<Timestamp> {
        self.kind.release.filter(|release| *release > now)
    }

    /// Until when nothing may be sent although the status allows it: an order that does not pass through ON_HOLD may
    /// be cancelled freely for an hour after payment. `None`: send.
    ///
    /// Source: TikTok Shop Partner Center, order fulfilment flows (January 2026).
    #[must_use]
    pub fn remorse_ends(&self, now: Timestamp) -> Option<Timestamp> {
        if self.state != OrderState::AwaitingShipment || self.kind.passes_hold == Some(true) {
            return None;
        }
        let end = self.paid_time?.checked_add(REMORSE).ok()?;
        (end > now).then_some(end)
    }
}

impl OrderLine {
    /// No number yet, and not cancelled.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.tracking.is_none() && matches!(self.state.push_rule(), PushRule::Push | PushRule::Wait)
    }
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
