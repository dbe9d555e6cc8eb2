//! The reason catalogue: everything a merchant can read about a parcel that is not simply done.
//!
//! One table. A code has a sentence, a remedy, who acts, and whether it is tried again by itself.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Who has to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// The people who ship: mapping, numbers, choices.
    Merchant,
    /// The shop's owner: only the main account can authorise.
    Owner,
    /// Whoever runs this installation.
    Operator,
    /// Waiting is enough.
    Nobody,
}

impl Who {
    /// The word shown to people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merchant => "merchant",
            Self::Owner => "shop owner",
            Self::Operator => "operator",
            Self::Nobody => "nobody",
        }
    }
}

/// What makes us try again without a person pressing a button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Auto {
    /// Never by itself.
    No,
    /// By the retry schedule.
    Yes,
    /// When the order is read again.
    OnReRead,
    /// When the order or the request changes.
    OnChange,
    /// When the order or its items can be matched again.
    OnReMatch,
    /// When the store sends something newer.
    OnUpdate,
    /// When a carrier mapping or the carrier list changes.
    OnMapping,
    /// When a person decides.
    OnDecision,
    /// When the shop is authorised again.
    OnReconnect,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $who:ident, $auto:ident, $sentence:literal, $remedy:literal;)*) => {
        /// Why a parcel is held, skipped or needs a hand.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// Every code, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The code: stable, in rows, answers and links.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What happened, in a merchant's words.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }

            /// What to do about it.
            #[must_use]
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$name => $remedy,)* }
            }

            /// Who acts.
            #[must_use]
            pub fn who(self) -> Who {
                match self { $(Self::$name => Who::$who,)* }
            }

            /// Whether and when it is tried again by itself.
            #[must_use]
            pub fn auto(self) -> Auto {
                match self { $(Self::$name => Auto::$auto,)* }
            }
        }
    };
}

reasons! {
    /// The order's shipping type is not `SELLER`.
    NotSellerShipping = "NOT_SELLER_SHIPPING", Nobody, OnChange,
        "TikTok ships this order.", "Nothing to send. Set Shipping Options to Seller Shipping in Seller Center if that is not what you want.";
    /// The order's fulfilment type is TikTok's.
    FulfilledByTikTok = "FULFILLED_BY_TIKTOK", Nobody, OnChange,
        "This order is Fulfilled by TikTok.", "Nothing to send. Change the product's fulfilment in Seller Center if that is not what you want.";
    /// The store's order came through another sales channel.
    NotTikTok = "NOT_TIKTOK", Nobody, No,
        "This store order did not come from TikTok Shop.", "Nothing to do.";
    /// The order has no usable address.
    NoShipTo = "NO_SHIP_TO", Merchant, OnReRead,
        "No usable Ship To address, so the order was not imported.", "Check the order in Seller Center; it is read again by itself.";
    /// The address is masked.
    AddressMasked = "ADDRESS_MASKED", Merchant, OnReRead,
        "The Ship To address is masked: asterisks mean TikTok Shipping.", "Set Shipping Options to Seller Shipping in Seller Center; the order is read again by itself.";
    /// Not paid yet.
    Unpaid = "UNPAID", Nobody, Yes,
        "Waiting: the order is not paid.", "Nothing to do; it is sent when the order is paid.";
    /// The buyer may still cancel.
    OnHold = "ON_HOLD", Nobody, Yes,
        "Waiting: the buyer may still cancel for about an hour.", "Nothing to do; it is sent when the hold ends.";
    /// On hold until its release.
    PreOrder = "PRE_ORDER", Nobody, Yes,
        "Waiting: this is a pre-order, and TikTok takes no number before its release.", "Nothing to do; it is sent when it is released.";
    /// Cancelled at TikTok or in the store.
    Cancelled = "CANCELLED", Merchant, OnChange,
        "Not sent: the order or shipment is cancelled.", "If the parcel is on its way, stop it or contact the buyer in Seller Center.";
    /// The buyer asked to cancel.
    CancelRequested = "CANCEL_REQUESTED", Merchant, OnChange,
        "Not sent: the buyer asked to cancel.", "Answer the request in Seller Center; it continues by itself after a refusal.";
    /// No TikTok order is known for the store's order.
    OrderNotFound = "ORDER_NOT_FOUND", Merchant, OnReMatch,
        "We cannot tell which TikTok order this parcel belongs to.", "Link the store order to its TikTok order, or dismiss it.";
    /// More than one TikTok order id stands in the store's order.
    OrderAmbiguous = "ORDER_AMBIGUOUS", Merchant, OnReMatch,
        "More than one TikTok order may be meant, and we cannot tell which.", "Choose the right TikTok order for this parcel.";
    /// The parcel's items do not fit the open items of the order.
    LinesUnmatched = "LINES_UNMATCHED", Merchant, OnReMatch,
        "We cannot tell which items of the order this parcel holds.", "Choose the items for this number.";
    /// Shipped in the store without a number.
    TrackingMissing = "TRACKING_MISSING", Merchant, OnUpdate,
        "Marked shipped in the store without a tracking number.", "Add the number to the shipment in your store.";
    /// The number fails a check.
    TrackingInvalid = "TRACKING_INVALID", Merchant, No,
        "The tracking number fails a check.", "Correct the number in your store.";
    /// The number is used elsewhere.
    TrackingDuplicate = "TRACKING_DUPLICATE", Merchant, No,
        "TikTok says this number is already used on another order.", "Check which order the parcel belongs to and correct the number in your store.";
    /// The store names no carrier.
    CarrierMissing = "CARRIER_MISSING", Merchant, OnMapping,
        "The store names no carrier for this parcel.", "Set the carrier in your store, or map an empty name to a carrier.";
    /// The store's carrier has no match yet.
    CarrierUnmapped = "CARRIER_UNMAPPED", Merchant, OnMapping,
        "The store's carrier name has no match at TikTok yet.", "Pick the TikTok carrier once; every waiting parcel of this name is then sent.";
    /// The carrier is not on the shop's list.
    CarrierNotApproved = "CARRIER_NOT_APPROVED", Merchant, OnMapping,
        "TikTok does not accept this carrier for this shop's region and delivery option.", "Pick a carrier of the shop's list, or enable this one in Seller Center.";
    /// The number's shape belongs to another carrier.
    CarrierFormatMismatch = "CARRIER_FORMAT_MISMATCH", Merchant, OnDecision,
        "The number does not look like one of this carrier.", "Confirm that both are right, or change the carrier or the number in your store.";
    /// TikTok has a number that is not ours.
    AlreadyShipped = "ALREADY_SHIPPED", Merchant, No,
        "TikTok already has another tracking number for these items, and it is not ours.", "Leave it if it is right; otherwise correct it in Seller Center. Check whether a second app sends tracking.";
    /// The single correction was used.
    EditUsed = "EDIT_USED", Merchant, No,
        "TikTok allows one correction of a tracking number, and it is used.", "Open a ticket with TikTok within 30 days of the order if the number must change.";
    /// The 72 hours of correction are over.
    EditWindowClosed = "EDIT_WINDOW_CLOSED", Merchant, No,
        "TikTok takes corrections for 72 hours after shipping, and they have passed.", "Open a ticket with TikTok within 30 days of the order if the number must change.";
    /// Refresh did not help (105002).
    AuthExpired = "AUTH_EXPIRED", Owner, OnReconnect,
        "The shop's authorisation has ended (105002).", "The shop owner must reconnect TikTok Shop; waiting parcels are sent by themselves afterwards.";
    /// Taken back in Seller Center.
    AuthRevoked = "AUTH_REVOKED", Owner, OnReconnect,
        "The app's access was removed in Seller Center.", "The shop owner must reconnect TikTok Shop; waiting parcels are sent by themselves afterwards.";
    /// 105005.
    ScopeMissing = "SCOPE_MISSING", Owner, OnReconnect,
        "A permission is missing from the authorisation (105005).", "The operator switches the scope on for the app; then the shop owner reconnects.";
    /// 21008106.
    RegionUnsupported = "REGION_UNSUPPORTED", Operator, No,
        "This shop's market does not take this call.", "Tell the operator of this installation.";
    /// The shop key does not fit.
    ShopCipherWrong = "SHOP_CIPHER_WRONG", Operator, No,
        "TikTok refuses the key of this shop.", "Tell the operator of this installation; reconnecting the shop reads the key again.";
    /// TikTok refuses our app: signature, address or secret.
    AppRefused = "APP_REFUSED", Operator, Yes,
        "TikTok refuses our app: its signature, its address or its secret.", "The operator stores the app's present secret or allows this address in the Partner Center; parcels wait and go on by themselves.";
    /// The shop or its seller is not active.
    ShopInactive = "SHOP_INACTIVE", Merchant, Yes,
        "The shop is not active at TikTok.", "Open the shop again in Seller Center; parcels wait and go on by themselves.";
    /// A USPS number whose label was not bought at TikTok.
    UspsLabel = "USPS_LABEL", Merchant, OnUpdate,
        "TikTok counts USPS numbers only from labels bought at TikTok (US, since January 2026).", "Buy the label at TikTok, or ship with another carrier of the shop's list and correct the number in your store.";
    /// Too many requests.
    RateLimited = "RATE_LIMITED", Nobody, Yes,
        "TikTok asks us to slow down.", "Nothing to do; it is tried again by itself.";
    /// TikTok cannot answer now.
    TikTokError = "TIKTOK_ERROR", Nobody, Yes,
        "TikTok cannot take the number right now.", "Nothing to do; it is tried again by itself.";
    /// A write got no readable answer.
    OutcomeUnknown = "OUTCOME_UNKNOWN", Nobody, Yes,
        "TikTok's answer was lost; we read the order before anything else.", "Nothing to do; it is read back by itself.";
    /// Code 0 with a warning.
    AcceptedWithWarning = "ACCEPTED_WITH_WARNING", Merchant, OnReRead,
        "Accepted, but TikTok warns about the number or carrier.", "Check the carrier: without scans the order may be cancelled.";
    /// Accepted, and the status stayed.
    AcceptedNotMoved = "ACCEPTED_NOT_MOVED", Merchant, OnReRead,
        "Accepted, but the order's status did not change.", "Check the order in Seller Center.";
    /// A possible cause only.
    ImageRules = "IMAGE_RULES", Merchant, No,
        "Possible cause: a product image breaks TikTok's rules.", "Check the product's images in Seller Center.";
    /// A sample order.
    SampleOrder = "SAMPLE_ORDER", Operator, No,
        "This is a sample order, and this shop's setting holds those.", "Change the setting, or send it by hand.";
    /// A status we do not know.
    UnknownStatus = "UNKNOWN_STATUS", Operator, No,
        "TikTok shows a status this version does not know, so nothing is sent.", "Tell the operator of this installation; update Waybill.";
    /// A code outside the catalogue of errors.
    Unlisted = "TIKTOK_UNLISTED", Operator, No,
        "TikTok refused with a code this version does not know.", "Read TikTok's words on the order page, then retry or dismiss.";
    /// TikTok refuses for a rule of trade, invoice or address.
    TikTokRule = "TIKTOK_RULE", Merchant, No,
        "TikTok refuses to ship this order for a rule of its own.", "Read TikTok's words on the order page and settle it in Seller Center.";
    /// The shop is not connected in the store's account.
    ShopGone = "SHOP_GONE", Merchant, OnReconnect,
        "Waits: its TikTok shop is not connected in this account any more.", "Connect the shop again; what waits is sent by itself. Or connect the store with another shop of this account.";
    /// A person paused the shop here.
    ShopPaused = "SHOP_PAUSED", Merchant, OnDecision,
        "Waits: its TikTok shop is paused here.", "Resume the shop (waybill shop resume); what waits is sent by itself.";
    /// A person holds this parcel here.
    HeldByPerson = "HELD_BY_PERSON", Merchant, OnDecision,
        "A person holds this parcel here: nothing of it is sent, and its deadlines go on.", "Release it when it may go.";
    /// What a store announced could not be read for a day, or holds more than is taken at once.
    StoreUnreadable = "STORE_UNREADABLE", Merchant, Yes,
        "Your store told of a shipment of this order, and it cannot be read.", "Give the store working access again (Stores, or waybill store check); the shipment is read by itself within an hour. What holds too much is split in the store, or its numbers are sent with waybill backfill; then waybill retry reads it.";
    /// No scan, and little time is left.
    NotScanned = "NOT_SCANNED", Merchant, OnReRead,
        "Accepted, but the carrier has not scanned the parcel.", "Hand it over, or correct the number once within 72 hours of shipping; it leaves this list with the first scan.";
    /// A clock passed.
    Late = "LATE", Merchant, OnChange,
        "The time for a tracking number has passed.", "Ship it and add the number in your store; TikTok cancels the order by itself later on.";
    /// Not delivered in time.
    Delayed = "DELAYED", Merchant, OnChange,
        "The parcel was not delivered in time.", "Ask the carrier where it is, and tell the buyer in Seller Center.";
    /// Lost, damaged, or given up.
    Lost = "LOST", Merchant, OnChange,
        "The parcel counts as lost: no scan, no receipt, two failed attempts, or the carrier says so.", "Ask the carrier; TikTok may refund the buyer. Dismiss it when it is settled.";
    /// Cancelled, and a parcel is on its way.
    CancelledAfterDispatch = "CANCELLED_AFTER_DISPATCH", Merchant, No,
        "The order was cancelled after the parcel left.", "Stop the parcel if you can; TikTok refunds the buyer. Dismiss it when it is settled.";
    /// The other order of a common parcel has a number.
    SiblingOpen = "SIBLING_OPEN", Merchant, OnDecision,
        "Orders that seem to travel in one parcel do not all have its number.", "If they travel together, give the other order the same number, or confirm this one; else ship it apart, or dismiss this.";
    /// Sent, and another order has the same number.
    TrackingShared = "TRACKING_SHARED", Merchant, OnDecision,
        "Sent; another order of yours has the same number.", "If both travel in one parcel, confirm it; else correct one of the two numbers.";
    /// TikTok sold the label.
    TikTokTracks = "TIKTOK_TRACKS", Nobody, No,
        "TikTok sold the label and tracks this parcel.", "Nothing to send.";
    /// Something in Waybill went wrong.
    Internal = "INTERNAL", Operator, No,
        "Waybill could not work on this parcel and stopped trying.", "Tell the operator of this installation; the log names the parcel.";
}

impl Reason {
    /// The reason of a code, as found in rows and links.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.code() == code)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).ok_or_else(|| serde::de::Error::custom("unknown reason code"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_sentence_and_a_remedy_and_a_code_of_its_own() {
        let mut codes = std::collections::HashSet::new();
        for reason in Reason::ALL {
            assert!(codes.insert(reason.code()), "{reason} twice");
            assert!(reason.sentence().ends_with('.') && reason.remedy().ends_with('.'), "{reason}");
            assert_eq!(Reason::parse(reason.code()), Some(*reason));
        }
    }

    #[test]
    fn what_nobody_has_to_act_on_comes_right_by_itself_or_is_finished() {
        let finished = [Reason::NotTikTok, Reason::NotSellerShipping, Reason::FulfilledByTikTok, Reason::TikTokTracks];
        for reason in Reason::ALL.iter().filter(|r| r.who() == Who::Nobody && !finished.contains(r)) {
            assert_eq!(reason.auto(), Auto::Yes, "{reason}");
        }
    }
}
