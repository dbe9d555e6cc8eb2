//! TikTok's own webhooks, read at the edge: the envelope, and what each type says. They are hints: repeated, late, swapped
//! and lost ones exist, so nothing here is a fact about an order before the order itself was read.
//!
//! Source: TikTok Shop Partner Center, webhooks overview and the pages of types 1, 3, 4, 6, 7, 11, 12, 36.

use super::read::{field, flag, id, list, text, time, whole};
use crate::domain::ids::{PackageId, ShopId, TikTokOrderId};
use crate::domain::order::{CancelledBy, OrderState};
use jiff::Timestamp;
use serde_json::Value;

/// The most orders of one package message that are looked at. A number carries at most 20 orders.
const MOST_ORDERS: usize = 100;

/// A message whose signature was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The shop it is about.
    pub shop: ShopId,
    /// When TikTok made it. Repeats keep it and come up to 15.5 hours later.
    pub sent: Timestamp,
    /// TikTok's id, equal on repeats; type 3 has been seen without.
    pub id: Option<String>,
    /// TikTok's number of the type.
    pub kind: i64,
    /// What it says to us.
    pub news: News,
}

/// What a message says to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Type 1: an order's status moved.
    Status {
        /// The order.
        order: TikTokOrderId,
        /// Its state when the message was made.
        state: OrderState,
        /// It has been or will be in ON_HOLD, if told.
        passes_hold: Option<bool>,
        /// When the state was reached.
        at: Option<Timestamp>,
    },
    /// Type 3: the recipient's address changed.
    Address {
        /// The order.
        order: TikTokOrderId,
    },
    /// Type 4: packages were split, combined, or taken apart. It says nothing about the carrier.
    Packages {
        /// The orders, each once.
        orders: Vec<TikTokOrderId>,
        /// The packages, each once.
        packages: Vec<PackageId>,
        /// What happened, verbatim: `SPLIT`, `COMBINE`, `CANCEL_COMBINE`, ….
        change: String,
    },
    /// Type 6: the seller took the authorisation back.
    Deauthorised,
    /// Type 7: the authorisation ends then.
    Ends(Timestamp),
    /// Type 11: a cancellation was asked for, refused or carried out.
    Cancellation {
        /// The order.
        order: TikTokOrderId,
        /// Who asked.
        by: Option<CancelledBy>,
        /// How it stands.
        step: CancelStep,
    },
    /// Type 12: a return, refund or replacement moved on.
    Return {
        /// The order.
        order: TikTokOrderId,
        /// TikTok's word of the step. Its cancelled step has two spellings; both are kept as they come.
        step: String,
    },
    /// Type 36: an invoice was uploaded, checked or refused (Brazil).
    Invoice {
        /// The orders, each once.
        orders: Vec<TikTokOrderId>,
    },
    /// A type that is not for us, one that this version does not know, or one without the ids it should have.
    Nothing,
}

/// `cancel_status` of type 11, without its prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CancelStep {
    /// Asked for; the seller has not answered.
    Pending,
    /// Granted.
    Success,
    /// Withdrawn, or refused by the seller.
    Cancelled,
    /// Carried out.
    Complete,
    /// A word that this version does not know, verbatim.
    Unknown(String),
}

/// A body that is none of TikTok's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAMessage {
    /// No JSON object, or one without type and time.
    #[error("the body is not TikTok's envelope")]
    NoEnvelope,
    /// Its time lies outside of every calendar.
    #[error("the message's time is none")]
    NoTime,
    /// Without a shop nobody can be told.
    #[error("the message names no shop")]
    NoShop,
}

/// Reads a body. Verify its signature first: it covers the raw bytes.
///
/// # Errors
/// [`NotAMessage`] says what is missing. Unknown types and odd data are [`News::Nothing`], never errors: TikTok would
/// repeat the message for half a day.
pub fn read(body: &[u8]) -> Result<Message, NotAMessage> {
    let envelope: Value = serde_json::from_slice(body).map_err(|_| NotAMessage::NoEnvelope)?;
    let (Some(kind), Some(seconds)) = (whole(&envelope, "type"), whole(&envelope, "timestamp")) else {
        return Err(NotAMessage::NoEnvelope);
    };
    let sent = Timestamp::from_second(seconds).map_err(|_| NotAMessage::NoTime)?;
    let shop = id(&envelope, "shop_id").ok_or(NotAMessage::NoShop)?;
    let news = news(kind, field(&envelope, "data")).unwrap_or(News::Nothing);
    let id = text(&envelope, "tts_notification_id").filter(|id| id.len() <= 80);
    Ok(Message { shop, sent, id, kind, news })
}

/// `None`: the data lacks what the type should have.
fn news(kind: i64, data: &Value) -> Option<News> {
    Some(match kind {
        1 => News::Status {
            order: id(data, "order_id")?,
            state: OrderState::parse(&word(data, "order_status")),
            passes_hold: (!field(data, "is_on_hold_order").is_null()).then(|| flag(data, "is_on_hold_order")),
            at: time(data, "update_time"),
        },
        3 => News::Address { order: id(data, "order_id")? },
        4 => packages(data)?,
        6 => News::Deauthorised,
        7 => News::Ends(time(data, "expiration_time")?),
        11 => News::Cancellation {
            order: id(data, "order_id")?,
            by: CancelledBy::parse(&word(data, "cancellations_role")),
            step: CancelStep::parse(&word(data, "cancel_status")),
        },
        12 => News::Return { order: id(data, "order_id")?, step: word(data, "return_status") },
        36 => {
            let mut orders: Vec<TikTokOrderId> = ids(data, "order_ids");
            orders.extend(id(data, "order_id"));
            let orders = each_once(orders);
            if orders.is_empty() {
                return None;
            }
            News::Invoice { orders }
        }
        _ => return None,
    })
}

fn packages(data: &Value) -> Option<News> {
    let list = list(data, "package_list");
    let orders = each_once(list.iter().flat_map(|package| ids(package, "order_id_list")).collect());
    let packages = each_once(list.iter().filter_map(|package| id(package, "package_id")).collect());
    (!orders.is_empty()).then(|| News::Packages { orders, packages, change: word(data, "sc_type") })
}

fn ids<T: TryFrom<String>>(data: &Value, key: &str) -> Vec<T> {
    let texts = list(data, key).iter().filter_map(|value| match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    texts.filter_map(|text| T::try_from(text).ok()).collect()
}

fn each_once<T: Ord>(mut ids: Vec<T>) -> Vec<T> {
    ids.sort();
    ids.dedup();
    ids.truncate(MOST_ORDERS);
    ids
}

fn word(data: &Value, key: &str) -> String {
    text(data, key).unwrap_or_default().chars().take(60).collect()
}

impl CancelStep {
    fn parse(word: &str) -> Self {
        let short = word.strip_prefix("CANCELLATION_REQUEST_").unwrap_or(word);
        match short {
            "PENDING" => Self::Pending,
            "SUCCESS" => Self::Success,
            "CANCELLED" | "CANCEL" | "CANCELED" => Self::Cancelled,
            "COMPLETE" | "COMPLETED" => Self::Complete,
            _ => Self::Unknown(word.to_owned()),
        }
    }
}

impl News {
    /// The orders that should be read again.
    #[must_use]
    pub fn orders(&self) -> &[TikTokOrderId] {
        match self {
            Self::Status { order, .. }
            | Self::Address { order }
            | Self::Cancellation { order, .. }
            | Self::Return { order, .. } => std::slice::from_ref(order),
            Self::Packages { orders, .. } | Self::Invoice { orders } => orders,
            Self::Deauthorised | Self::Ends(_) | Self::Nothing => &[],
        }
    }

    /// The order is cancelled, or somebody wants it to be: whatever was about to be sent is judged again.
    #[must_use]
    pub fn is_about_cancelling(&self) -> bool {
        matches!(self, Self::Cancellation { .. } | Self::Status { state: OrderState::Cancelled, .. })
    }
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
