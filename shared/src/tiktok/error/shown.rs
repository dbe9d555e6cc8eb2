//! What a person is told about a refusal: a true sentence, a remedy, who acts, what frees the parcel, and within which
//! time. The reason's own words hold for most codes; where they would say less than TikTok does, the code has its own.

use super::{About, Class, Effect, TikTokError, classify};
use crate::domain::reason::{Reason, Who};
use jiff::SignedDuration;

/// What ends a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Frees {
    /// Waiting: it is tried again, at the latest after an hour.
    Time,
    /// TikTok takes our app again. It is probed; a new secret is used at once.
    AppAccepted,
    /// TikTok takes the shop again. It is probed.
    ShopAccepted,
    /// The owner authorises the shop again.
    Reconnect,
    /// The order moves at TikTok: its webhook, or the next reading of what is held.
    OrderMoves,
    /// The store names another number, shipment or order.
    StoreChanges,
    /// A carrier is mapped, the shop's list changes, or the store names another carrier.
    CarrierChanges,
    /// A person decides on the parcel, or has it tried again.
    Decision,
}

impl Frees {
    /// Within which time after its cause the parcel goes on by itself. `None`: a person's act is the cause, and what
    /// follows is immediate.
    #[must_use]
    pub fn within(self) -> Option<SignedDuration> {
        match self {
            Self::Time | Self::AppAccepted | Self::ShopAccepted | Self::OrderMoves => {
                Some(SignedDuration::from_hours(1))
            }
            Self::Reconnect | Self::StoreChanges | Self::CarrierChanges | Self::Decision => None,
        }
    }
}

/// What a person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The reason in the catalogue.
    pub reason: Reason,
    /// What happened.
    pub sentence: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// Who does it.
    pub who: Who,
    /// What ends it.
    pub frees: Frees,
}

/// Sentence and remedy of codes of which TikTok says more than the reason does.
const OWN_WORDS: &[(&[i64], &str, &str, Frees)] = &[
    (
        &[21_004_016],
        "TikTok finds no service of this carrier that fits the number.",
        "Check the number in your store, or pick another carrier of the shop's list.",
        Frees::CarrierChanges,
    ),
    (
        &[21_004_006, 21_004_019, 21_004_020],
        "TikTok ships this order only with its invoice, which is missing or not accepted yet.",
        "Upload the invoice in Seller Center; the number is sent by itself once TikTok has it.",
        Frees::OrderMoves,
    ),
    (
        &[21_011_048],
        "The order has several open packages, so TikTok wants to know which items this number is for.",
        "Choose the items for this number.",
        Frees::Decision,
    ),
    (
        &[21_011_033, 21_011_046],
        "TikTok has combined this package with one of another order.",
        "Give every order of the combined package the same number in your store.",
        Frees::OrderMoves,
    ),
    (
        &[21_011_035, 21_011_036, 21_022_028],
        "TikTok does not split this order the way its parcels were packed.",
        "Split the order in Seller Center, whole products only, or send it as one parcel.",
        Frees::OrderMoves,
    ),
    (
        &[11_006_013],
        "Phones and tablets must travel in a package of their own.",
        "Split the order in Seller Center; the number is sent by itself afterwards.",
        Frees::OrderMoves,
    ),
    (
        &[21_021_010, 21_014_009],
        "TikTok says that this address cannot be delivered to.",
        "Ask the buyer for another address in Seller Center, or cancel the order there; this cancellation does not count against you.",
        Frees::OrderMoves,
    ),
    (
        &[21_011_026],
        "This number stands on 20 orders already, the most that TikTok takes.",
        "Check which order the parcel belongs to and correct the number in your store.",
        Frees::StoreChanges,
    ),
    (
        &[21_008_042, 21_022_025],
        "A label was bought at TikTok for this package, so TikTok tracks it itself.",
        "Nothing to send. If the parcel travels with another label, settle it in Seller Center.",
        Frees::OrderMoves,
    ),
    (
        &[21_011_030],
        "The order is delivered, and TikTok takes no other number after that.",
        "Open a ticket with TikTok within 30 days of the order if the number must change.",
        Frees::Decision,
    ),
    (
        &[21_011_049],
        "TikTok's rules do not let the number of this order be changed.",
        "Read TikTok's words on the order page; open a ticket with TikTok if the number must change.",
        Frees::Decision,
    ),
    (
        &[21_042_057, 21_032_001, 21_011_003],
        "TikTok says that the order takes no number in its present state.",
        "Look at the order in Seller Center; it is read again by itself.",
        Frees::OrderMoves,
    ),
    (
        &[10_006_402],
        "TikTok does not let the app see this order.",
        "The shop owner reconnects the shop; if that does not help, ask TikTok's support and name the order.",
        Frees::Reconnect,
    ),
    (
        &[21_008_111, 21_011_028],
        "This order is not one of this shop.",
        "Check the order's number in your store, or connect the shop that it belongs to.",
        Frees::StoreChanges,
    ),
    (
        &[21_008_116],
        "The shop has not switched on the delivery option of this order.",
        "Switch the option on in Seller Center; the list of carriers is read again by itself.",
        Frees::CarrierChanges,
    ),
];

/// Sentence and remedy of a code that says more than its reason does; `None`: it does not, or it has another reason.
#[must_use]
pub fn own_words(code: i64, reason: Reason) -> Option<(&'static str, &'static str)> {
    let (_, sentence, remedy, _) = OWN_WORDS.iter().find(|(codes, ..)| codes.contains(&code))?;
    let its_own = classify(Some(code), "", 200, Effect::Write).reason() == reason;
    its_own.then_some((sentence, remedy))
}

impl TikTokError {
    /// What a person is told, whoever's code it is. TikTok's own words are shown beside it.
    #[must_use]
    pub fn shown(&self) -> Shown {
        let reason = self.class.reason();
        let own = self.code.and_then(|code| OWN_WORDS.iter().find(|(codes, ..)| codes.contains(&code)));
        match own {
            Some((_, sentence, remedy, frees)) => Shown { reason, sentence, remedy, who: reason.who(), frees: *frees },
            None => {
                let (sentence, remedy, who) = (reason.sentence(), reason.remedy(), reason.who());
                Shown { reason, sentence, remedy, who, frees: self.frees(reason) }
            }
        }
    }

    fn frees(&self, reason: Reason) -> Frees {
        match self.class {
            Class::Retry(_) | Class::OutcomeUnknown | Class::ClockSkew => Frees::Time,
            Class::RestApp(_) => Frees::AppAccepted,
            Class::RestShop(_) | Class::ReloadShops => Frees::ShopAccepted,
            Class::RefreshToken | Class::Park(_) | Class::ConsentAgain => Frees::Reconnect,
            Class::Wait(_) => Frees::OrderMoves,
            Class::NotThisShop | Class::NumberUsed => Frees::StoreChanges,
            Class::AlreadyDone | Class::EditUsed => Frees::Decision,
            Class::Operator(_) | Class::Unlisted | Class::OtherCall | Class::RouteNeeded => Frees::Decision,
            Class::Hold(_) => match (self.about(), reason) {
                (About::Status, _) => Frees::OrderMoves,
                (About::Number, _) => Frees::StoreChanges,
                (_, Reason::UspsLabel) => Frees::StoreChanges,
                (About::Carrier, Reason::CarrierFormatMismatch) => Frees::Decision,
                (About::Carrier, Reason::NotSellerShipping) => Frees::OrderMoves,
                (About::Carrier, _) => Frees::CarrierChanges,
                _ => Frees::Decision,
            },
        }
    }
}
