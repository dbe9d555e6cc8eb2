//! Units of an order by stock code and state.

use crate::domain::order::{OrderState, Shipped};

/// How far a unit or a package is. The letter stands in rows for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnitState {
    /// A status that this version does not know. Counts as not sent, so that nothing is forgotten.
    Unknown,
    /// Not paid.
    Unpaid,
    /// The buyer may still cancel.
    OnHold,
    /// No number yet.
    Open,
    /// It has a number; no scan.
    Accepted,
    /// Scanned.
    InTransit,
    /// Delivered.
    Delivered,
    /// No more returns.
    Completed,
    /// Its package is cancelled and the unit is not: lost or damaged.
    Lost,
    /// Cancelled.
    Cancelled,
}

impl UnitState {
    pub(super) const ALL: [Self; 10] = [
        Self::Unknown,
        Self::Unpaid,
        Self::OnHold,
        Self::Open,
        Self::Accepted,
        Self::InTransit,
        Self::Delivered,
        Self::Completed,
        Self::Lost,
        Self::Cancelled,
    ];

    /// Its letter.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Unknown => 'q',
            Self::Unpaid => 'u',
            Self::OnHold => 'h',
            Self::Open => 'o',
            Self::Accepted => 'r',
            Self::InTransit => 't',
            Self::Delivered => 'd',
            Self::Completed => 'c',
            Self::Lost => 'l',
            Self::Cancelled => 'x',
        }
    }

    /// The state of a letter.
    #[must_use]
    pub fn of_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.letter() == letter)
    }

    /// Of a state of TikTok's.
    #[must_use]
    pub fn of(state: &OrderState) -> Self {
        match state {
            OrderState::AwaitingPayment => Self::Unpaid,
            OrderState::OnHold => Self::OnHold,
            OrderState::AwaitingShipment | OrderState::PartiallyShipped => Self::Open,
            OrderState::ReadyToShip => Self::Accepted,
            OrderState::Shipped(Shipped::InTransit) => Self::InTransit,
            OrderState::Shipped(Shipped::Delivered) => Self::Delivered,
            OrderState::Shipped(Shipped::Completed) => Self::Completed,
            OrderState::Cancelled => Self::Cancelled,
            OrderState::Unknown(_) => Self::Unknown,
        }
    }

    /// No number yet, and not cancelled.
    #[must_use]
    pub fn is_open(self) -> bool {
        self <= Self::Open
    }

    /// The word shown to people.
    #[must_use]
    pub fn shown_as(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Unpaid => "not paid",
            Self::OnHold => "on hold",
            Self::Open => "open",
            Self::Accepted => "waits for its first scan",
            Self::InTransit => "in transit",
            Self::Delivered => "delivered",
            Self::Completed => "completed",
            Self::Lost => "lost or damaged",
            Self::Cancelled => "cancelled",
        }
    }
}
