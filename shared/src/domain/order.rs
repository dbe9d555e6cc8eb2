//! TikTok's orders and packages, and what their states mean for us.

use crate::domain::ids::{DeliveryOptionId, LineItemId, PackageId, ProviderId, TikTokOrderId, WarehouseId};
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
    /// When the buyer may no longer cancel freely, if TikTok tells.
    pub paid_time: Option<Timestamp>,
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
}

impl OrderLine {
    /// No number yet, and not cancelled.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.tracking.is_none() && matches!(self.state.push_rule(), PushRule::Push | PushRule::Wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ROWS: [(&str, PushRule, &str); 11] = [
        ("UNPAID", PushRule::Wait, "Waiting for payment"),
        ("ON_HOLD", PushRule::Wait, "Buyer may still cancel"),
        ("PAID", PushRule::Push, "Awaiting shipment"),
        ("AWAITING_SHIPMENT", PushRule::Push, "Awaiting shipment"),
        ("PARTIALLY_SHIPPING", PushRule::Push, "Partly shipped"),
        ("AWAITING_COLLECTION", PushRule::CorrectOnly, "Ready to ship, no scan yet"),
        ("IN_TRANSIT", PushRule::CorrectOnly, "In transit"),
        ("DELIVERED", PushRule::No, "Delivered"),
        ("COMPLETED", PushRule::No, "Completed"),
        ("CANCELLED", PushRule::Never, "Cancelled"),
        ("CANCEL", PushRule::Never, "Cancelled"),
    ];

    #[test]
    fn every_status_of_tiktok_has_its_rule_and_its_words() {
        for (word, rule, shown) in ROWS {
            for spelling in [word.to_owned(), word.to_ascii_lowercase()] {
                let state = OrderState::parse(&spelling);
                assert_eq!((state.push_rule(), state.shown_as().as_str()), (rule, shown), "{spelling}");
            }
        }
        let unknown = OrderState::parse("SHINY_NEW");
        assert_eq!(unknown.push_rule(), PushRule::Never);
        assert_eq!(unknown.shown_as(), "Unknown: SHINY_NEW");
    }

    #[test]
    fn every_package_status_has_its_state() {
        for (word, state) in [
            ("TO_FULFILL", PackageState::Planned),
            ("PROCESSING", PackageState::AwaitingScan),
            ("FULFILLING", PackageState::InTransit),
            ("COMPLETED", PackageState::Delivered),
            ("cancelled", PackageState::LostOrDamaged),
            ("NEW", PackageState::Unknown("NEW".into())),
        ] {
            assert_eq!(PackageState::parse(word), state, "{word}");
        }
    }

    #[test]
    fn a_cancellation_wins_over_all_but_delivered_and_completed() {
        for (word, _, _) in ROWS {
            let wins = OrderState::parse(word).may_become(&OrderState::Cancelled);
            assert_eq!(wins, !matches!(word, "DELIVERED" | "COMPLETED"), "{word}");
        }
    }

    proptest! {
        #[test]
        fn older_news_never_replaces_newer(a in 0usize..11, b in 0usize..11, older in 0i64..1000, newer in 1001i64..2000) {
            let at = |s| Timestamp::from_second(s).unwrap_or_default();
            let (first, second) = (OrderState::parse(ROWS[a].0), OrderState::parse(ROWS[b].0));
            let (state, time) = first.clone().after(at(newer), second, at(older));
            prop_assert_eq!((state, time), (first, at(newer)));
        }

        #[test]
        fn states_only_move_forward(words in prop::collection::vec(0usize..11, 1..8)) {
            let mut state = OrderState::AwaitingPayment;
            let mut time = Timestamp::UNIX_EPOCH;
            for (i, word) in words.into_iter().enumerate() {
                let at = Timestamp::from_second(i as i64 + 1).unwrap_or_default();
                let before = state.clone();
                (state, time) = state.after(time, OrderState::parse(ROWS[word].0), at);
                prop_assert!(before.may_become(&state) || before == state);
            }
        }
    }
}
