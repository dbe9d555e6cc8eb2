//! What TikTok tells about an order beside its state: of which kind it is, its times and deadlines, and whether there is
//! an address. Never who the buyer is.
//!
//! Source: TikTok Shop Partner Center, Get Order Detail (202507), Order status, changelog to August 2026.

use crate::domain::ids::TikTokOrderId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long a buyer may cancel freely after paying, where the order does not pass through ON_HOLD.
pub const REMORSE: SignedDuration = SignedDuration::from_hours(1);

/// `order_type`. It may be empty, and new words appear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderType {
    /// `NORMAL`.
    Normal,
    /// `PRE_ORDER`: ships after its release.
    PreOrder,
    /// `MADE_TO_ORDER`: longer handling time.
    MadeToOrder,
    /// `BACK_ORDER`: longer handling time.
    BackOrder,
    /// Another word, verbatim: `AUCTION`, `ZERO_LOTTERY`, or one that this version does not know. Ships like any order.
    Other(String),
}

impl OrderType {
    /// Reads TikTok's word, in any case. Empty is `None`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        Some(match word.to_ascii_uppercase().as_str() {
            "" => return None,
            "NORMAL" => Self::Normal,
            "PRE_ORDER" => Self::PreOrder,
            "MADE_TO_ORDER" => Self::MadeToOrder,
            "BACK_ORDER" => Self::BackOrder,
            _ => Self::Other(word.chars().take(40).collect()),
        })
    }
}

/// The seller's own handling time, as `handling_duration` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handling {
    /// How many days.
    pub days: u16,
    /// Business days; else calendar days.
    pub business: bool,
}

/// Whether an order follows from another one. Such orders have ids of their own, and stores often know only the first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Placed by the buyer.
    #[default]
    Placed,
    /// Replaces what went wrong in another order, which TikTok may not name.
    ReplacementOf(Option<TikTokOrderId>),
    /// Sent in exchange for what another order brought.
    ExchangeOf(Option<TikTokOrderId>),
}

impl Origin {
    /// The order it follows from, where TikTok names it.
    #[must_use]
    pub fn source(&self) -> Option<&TikTokOrderId> {
        match self {
            Self::Placed => None,
            Self::ReplacementOf(order) | Self::ExchangeOf(order) => order.as_ref(),
        }
    }
}

/// Brazil: `need_upload_invoice`. Until the invoice is there TikTok refuses to ship (21004006, 21004019, 21004020).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invoice {
    /// `NO_NEED`, `UNKNOWN`, or not told: nothing stands in the way that we know of.
    #[default]
    NotNeeded,
    /// `NEED_INVOICE`: the seller must upload it.
    Missing,
    /// `INVOICE_PROCESSING`: TikTok checks it.
    Checking,
    /// `INVOICE_UPLOADED`.
    Uploaded,
    /// A word that this version does not know, verbatim.
    Unknown(String),
}

impl Invoice {
    /// Reads TikTok's word, in any case.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word.trim().to_ascii_uppercase().as_str() {
            "" | "NO_NEED" | "UNKNOWN" => Self::NotNeeded,
            "NEED_INVOICE" => Self::Missing,
            "INVOICE_PROCESSING" => Self::Checking,
            "INVOICE_UPLOADED" => Self::Uploaded,
            _ => Self::Unknown(word.trim().chars().take(40).collect()),
        }
    }

    /// For people, where it stands in the way.
    #[must_use]
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::Checking => "TikTok is checking the invoice of this order; the number is sent by itself afterwards",
            _ => "upload the invoice of this order in Seller Center; the number is sent by itself once TikTok has it",
        }
    }

    /// TikTok would refuse the number now.
    #[must_use]
    pub fn stands_in_the_way(&self) -> bool {
        matches!(self, Self::Missing | Self::Checking)
    }
}

/// Of which kind an order is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderKind {
    /// Normal, pre-order, …; `None` where TikTok leaves it empty.
    pub order_type: Option<OrderType>,
    /// A pre-order ships from then on. Payment is authorised a day earlier, so it has no paid time until then.
    pub release: Option<Timestamp>,
    /// The seller's handling time.
    pub handling: Option<Handling>,
    /// Placed, a replacement, or an exchange.
    pub origin: Origin,
    /// TikTok suggests to send the orders of one group in one parcel: same buyer, same address. A suggestion only.
    pub combine_group: Option<String>,
    /// The seller told TikTok not to group (`N/A`).
    pub combine_refused: bool,
    /// Brazil's invoice.
    pub invoice: Invoice,
    /// `is_on_hold_order`: it has been or will be in ON_HOLD. `None`: TikTok did not say.
    pub passes_hold: Option<bool>,
    /// `is_subscription_order`.
    pub subscription: bool,
}

/// Every time that TikTok notes on an order, as far as it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderTimes {
    /// `create_time`.
    pub created: Option<Timestamp>,
    /// `rts_time`: TikTok took a number for it.
    pub shipped: Option<Timestamp>,
    /// `collection_time`: it became IN_TRANSIT, which is the carrier's first scan.
    pub collected: Option<Timestamp>,
    /// `delivery_time`.
    pub delivered: Option<Timestamp>,
    /// `cancel_time`.
    pub cancelled: Option<Timestamp>,
    /// `request_cancel_time`: the buyer asked to cancel.
    pub cancel_requested: Option<Timestamp>,
}

/// Every deadline that TikTok puts on an order, under TikTok's names. Often only some come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadlines {
    /// `rts_sla_time`: ship until then.
    pub rts_sla: Option<Timestamp>,
    /// `tts_sla_time`: hand over to the carrier until then.
    pub tts_sla: Option<Timestamp>,
    /// `delivery_sla_time`: deliver until then.
    pub delivery_sla: Option<Timestamp>,
    /// `shipping_due_time`: cancelled by TikTok when not AWAITING_COLLECTION by then.
    pub shipping_due: Option<Timestamp>,
    /// `collection_due_time`: cancelled by TikTok when not IN_TRANSIT by then.
    pub collection_due: Option<Timestamp>,
    /// `delivery_due_time`: cancelled by TikTok when not DELIVERED by then.
    pub delivery_due: Option<Timestamp>,
    /// `cancel_order_sla_time`: superseded by the three before (January 2024); counts only where none of them came.
    pub cancel_order_sla: Option<Timestamp>,
}

/// Whether TikTok shows an address. The address itself is never kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipTo {
    /// Readable.
    Present,
    /// Asterisks.
    Masked,
    /// No address, or one whose fields are all empty.
    #[default]
    Missing,
}

/// Who cancelled an order or a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelledBy {
    /// `SELLER`.
    Seller,
    /// `BUYER`.
    Buyer,
    /// `SYSTEM`: TikTok's clock.
    System,
    /// `OPERATOR`: a person at TikTok. On units only.
    Operator,
    /// A word that this version does not know, verbatim.
    Unknown(String),
}

impl CancelledBy {
    /// Reads TikTok's word, in any case. Empty is `None`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        Some(match word.to_ascii_uppercase().as_str() {
            "" => return None,
            "SELLER" => Self::Seller,
            "BUYER" => Self::Buyer,
            "SYSTEM" => Self::System,
            "OPERATOR" => Self::Operator,
            _ => Self::Unknown(word.chars().take(40).collect()),
        })
    }

    /// The word shown to people.
    #[must_use]
    pub fn shown_as(&self) -> &str {
        match self {
            Self::Seller => "the seller",
            Self::Buyer => "the buyer",
            Self::System => "TikTok's clock",
            Self::Operator => "TikTok",
            Self::Unknown(word) => word,
        }
    }
}

/// How an order was cancelled. TikTok's free text about it is display text in the buyer's language and is not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    /// Who did it, where TikTok says.
    pub by: Option<CancelledBy>,
    /// TikTok's code of the reason, such as `seller_cancel_reason_out_of_stock`; never display text.
    pub code: Option<String>,
}

/// A part of a bundle: a line stands for `units` pieces of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The merchant's stock code of the part; may be empty.
    pub seller_sku: String,
    /// TikTok's id of the stock code.
    pub sku_id: Option<String>,
    /// Pieces of it in one unit of the line, at least 1.
    pub units: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_tiktok_are_read_in_any_case_and_unknown_ones_kept() {
        assert_eq!(OrderType::parse("pre_order"), Some(OrderType::PreOrder));
        assert_eq!(OrderType::parse("AUCTION"), Some(OrderType::Other("AUCTION".into())));
        assert_eq!(OrderType::parse(" "), None);
        assert_eq!(CancelledBy::parse("operator"), Some(CancelledBy::Operator));
        assert_eq!(CancelledBy::parse("ROBOT").as_ref().map(CancelledBy::shown_as), Some("ROBOT"));
        assert_eq!(CancelledBy::parse(""), None);
    }

    #[test]
    fn an_invoice_stands_in_the_way_until_it_is_there() {
        for (word, invoice, blocks) in [
            ("", Invoice::NotNeeded, false),
            ("NO_NEED", Invoice::NotNeeded, false),
            ("UNKNOWN", Invoice::NotNeeded, false),
            ("NEED_INVOICE", Invoice::Missing, true),
            ("invoice_processing", Invoice::Checking, true),
            ("INVOICE_UPLOADED", Invoice::Uploaded, false),
            ("INVOICE_LOST", Invoice::Unknown("INVOICE_LOST".into()), false),
        ] {
            let read = Invoice::parse(word);
            assert_eq!(read.stands_in_the_way(), blocks, "{word}");
            assert_eq!(read, invoice);
        }
    }
}
