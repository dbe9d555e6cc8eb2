//! What can go wrong with a store, named by what the caller can do.

use std::time::Duration;

/// A delivery or an answer of a store that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Missing, wrong or too old: answer 401, store nothing.
    #[error("the signature is missing or wrong: {0}")]
    BadSignature(&'static str),
    /// Signed by the store, but not what its platform documents: answer 200, poll that store now.
    #[error("the body is not what the platform documents: {0}")]
    Unreadable(&'static str),
    /// Signed by the store, but more than any order has. Answer 200, work on nothing of it, and show the order to a person.
    #[error(
        "it holds more than {} {what}, more than Waybill takes from one delivery",
        crate::domain::numbers::MOST_NUMBERS
    )]
    TooMany {
        /// Of what, in the plural.
        what: &'static str,
        /// The store's order.
        order: Option<crate::domain::ids::StoreOrderId>,
        /// The shipment that holds too much, where the message is about single ones.
        shipment: Option<crate::domain::ids::ShipmentId>,
    },
    /// Generic endpoint: signed, but one field is wrong. Answer 422 with this text: its reader is a developer.
    #[error("the field {field} is wrong: {remedy}")]
    Field {
        /// Where in the body, for example `lines[2].quantity`.
        field: String,
        /// What to send instead.
        remedy: &'static str,
    },
    /// The store's API refused our credentials.
    #[error("the store refused our credentials (HTTP {status})")]
    Unauthorised {
        /// The HTTP status; 0 when we hold no credentials of the right kind.
        status: u16,
    },
    /// The store asked us to wait.
    #[error("the store asked us to wait")]
    Throttled {
        /// How long, if it said.
        after: Option<Duration>,
    },
    /// The store's API failed or cannot be reached; later it may work.
    #[error("the store cannot answer now: {0}")]
    Unavailable(String),
}

impl StoreError {
    /// Of an order that holds more than is taken at once: what shows a person that there is one. `None`: any other error,
    /// or the order is not known.
    #[must_use]
    pub fn too_much(&self, now: jiff::Timestamp) -> Option<crate::domain::fulfilment::Fulfilment> {
        match self {
            Self::TooMany { order: Some(order), shipment, .. } => {
                crate::domain::intake::too_much(order, shipment.as_ref(), now)
            }
            _ => None,
        }
    }
}
