//! States as rows, commands and pages name them.

use crate::domain::order::{OrderState, Shipped};

/// TikTok's word of a state.
#[must_use]
pub fn tiktok_word(state: &OrderState) -> &str {
    match state {
        OrderState::AwaitingPayment => "UNPAID",
        OrderState::OnHold => "ON_HOLD",
        OrderState::AwaitingShipment => "AWAITING_SHIPMENT",
        OrderState::PartiallyShipped => "PARTIALLY_SHIPPING",
        OrderState::ReadyToShip => "AWAITING_COLLECTION",
        OrderState::Shipped(Shipped::InTransit) => "IN_TRANSIT",
        OrderState::Shipped(Shipped::Delivered) => "DELIVERED",
        OrderState::Shipped(Shipped::Completed) => "COMPLETED",
        OrderState::Cancelled => "CANCELLED",
        OrderState::Unknown(word) => word,
    }
}

/// Our word of a state, for interfaces.
#[must_use]
pub fn state_word(state: &OrderState) -> &'static str {
    match state {
        OrderState::AwaitingPayment => "awaiting_payment",
        OrderState::OnHold => "on_hold",
        OrderState::AwaitingShipment => "awaiting_shipment",
        OrderState::PartiallyShipped => "partially_shipped",
        OrderState::ReadyToShip => "ready_to_ship",
        OrderState::Shipped(_) => "shipped",
        OrderState::Cancelled => "cancelled",
        OrderState::Unknown(_) => "unknown",
    }
}

/// Every word of [`state_word`].
pub const STATE_WORDS: [&str; 8] = [
    "awaiting_payment",
    "on_hold",
    "awaiting_shipment",
    "partially_shipped",
    "ready_to_ship",
    "shipped",
    "cancelled",
    "unknown",
];
