//! What a refusal is about, and what follows from that for everything beside the one call: whether other orders of the
//! same read are told apart, whether the app or the shop rests, whether an unknown outcome stays one.

use super::{Class, TikTokError, row};
use crate::domain::reason::Reason;

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum About {
    /// Too many requests.
    Rate,
    /// TikTok cannot answer now, or its answer was lost. It may be one order's fault all the same.
    Passing,
    /// Our app as a whole: its signature, secret, key, or the address it calls from.
    App,
    /// The shop or its seller as a whole: inactive, or its key does not fit.
    Shop,
    /// The token and what it covers.
    Authorisation,
    /// The request itself: path, version, parameters, clock.
    Call,
    /// This market takes the other call for a first number, or does not offer this one.
    Market,
    /// One order or package that is not this shop's, or that the app may not see.
    Order,
    /// The state of one order or package.
    Status,
    /// A rule of trade, logistics, splitting, invoice or address, for one order.
    Rule,
    /// The number stands somewhere already.
    Duplicate,
    /// The one correction.
    Correction,
    /// The number itself.
    Number,
    /// The carrier, or its delivery option.
    Carrier,
    /// Nobody knows: a code that the table lacks.
    Unknown,
}

impl TikTokError {
    /// What the refusal is about.
    #[must_use]
    pub fn about(&self) -> About {
        match (self.code.and_then(row), self.class) {
            (Some((_, Some(about))), _) => about,
            // A code whose words decide, none at all, or a load balancer's answer: the class says it.
            (_, Class::Retry(Reason::RateLimited)) => About::Rate,
            (_, Class::Retry(_) | Class::OutcomeUnknown) => About::Passing,
            (_, Class::RestApp(_)) => About::App,
            (_, Class::RestShop(_) | Class::ReloadShops) => About::Shop,
            (_, Class::RefreshToken | Class::Park(_) | Class::ConsentAgain) => About::Authorisation,
            (_, Class::ClockSkew | Class::Operator(_) | Class::RouteNeeded) => About::Call,
            (_, Class::OtherCall) => About::Market,
            (_, Class::NotThisShop) => About::Order,
            (_, Class::AlreadyDone | Class::NumberUsed) => About::Duplicate,
            (_, Class::EditUsed) => About::Correction,
            (_, Class::Wait(_)) => About::Status,
            (_, Class::Hold(Reason::UspsLabel)) => About::Carrier,
            (_, Class::Hold(_)) => About::Rule,
            (_, Class::Unlisted) => About::Unknown,
        }
    }

    /// It concerns one order or package and nothing else.
    #[must_use]
    pub fn is_of_one_order(&self) -> bool {
        matches!(
            self.about(),
            About::Order
                | About::Status
                | About::Rule
                | About::Duplicate
                | About::Correction
                | About::Number
                | About::Carrier
        )
    }

    /// It concerns the call whatever orders it names: halving the read finds nothing.
    #[must_use]
    pub fn is_of_the_call(&self) -> bool {
        matches!(
            self.about(),
            About::App | About::Shop | About::Authorisation | About::Call | About::Market | About::Rate
        )
    }

    /// A read of several orders that is refused with this is halved, to find the order it is about. A code that the
    /// table lacks may be one order's; two halves that are refused alike with it end the search.
    #[must_use]
    pub fn halves(&self) -> bool {
        self.is_of_one_order() || self.is_unknown()
    }

    /// The same after the second failure of the same read: then what passes by its name may be one order's fault too.
    #[must_use]
    pub fn halves_when_repeated(&self) -> bool {
        self.halves() || self.about() == About::Passing
    }

    /// A code that the table lacks. It is held and shown in TikTok's words.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.about() == About::Unknown
    }

    /// It passes by itself, and says nothing about order, shop or app.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self.about(), About::Passing | About::Rate)
    }

    /// TikTok refuses our app. Nothing is written on parcels: the app rests with this reason, is probed, and goes on by
    /// itself. Reload the secrets first: they may have been replaced a moment ago ([`TikTokError::is_signature`]).
    #[must_use]
    pub fn rests_app(&self) -> Option<Reason> {
        match self.class {
            Class::RestApp(reason) => Some(reason),
            _ => None,
        }
    }

    /// TikTok refuses this shop. Nothing is written on parcels: the shop rests with this reason, is probed, and goes on
    /// by itself. After [`Class::ReloadShops`] the key was read again first; if the grant does not name the shop any
    /// more, its owner has left it out and must reconnect.
    #[must_use]
    pub fn rests_shop(&self) -> Option<Reason> {
        match self.class {
            Class::RestShop(reason) => Some(reason),
            Class::ReloadShops => Some(Reason::ShopCipherWrong),
            _ => None,
        }
    }

    /// It counts towards the rest of a shop whose calls fail in a row. An internal error may be that of one order in the
    /// read; a missing answer and a gateway's time-out are nobody's.
    #[must_use]
    pub fn counts_for_a_rest(&self) -> bool {
        const GATEWAY_TIME_OUT: i64 = 36_009_007;
        self.about() == About::Passing && self.code.is_none_or(|code| code == 0 || code == GATEWAY_TIME_OUT)
    }

    /// The refusal of a write speaks against the order as it was read: read again before anything is concluded.
    #[must_use]
    pub fn contradicts_the_read(&self) -> bool {
        matches!(self.about(), About::Status | About::Duplicate)
    }

    /// After a write whose answer was lost, this refusal of its repeat proves nothing: the first may have been carried
    /// out, and be the very cause. Read again until the read is newer than the first call.
    #[must_use]
    pub fn after_unknown_stays_unknown(&self) -> bool {
        matches!(
            self.about(),
            About::Status | About::Rule | About::Duplicate | About::Correction | About::Unknown | About::Passing
        )
    }

    /// The market takes the other call for a first number: try that one, and keep which one was accepted.
    #[must_use]
    pub fn wants_the_other_call(&self) -> bool {
        self.class == Class::OtherCall
    }

    /// The order has several open packages: the same call is accepted when it names its lines.
    #[must_use]
    pub fn wants_lines_named(&self) -> bool {
        const NAME_THE_LINES: i64 = 21_011_048;
        self.code == Some(NAME_THE_LINES)
    }

    /// The list of carriers depends on the route in this market: ask again with the regions of warehouse and buyer.
    #[must_use]
    pub fn wants_a_route(&self) -> bool {
        self.class == Class::RouteNeeded
    }

    /// What it means for a first number. Nothing was sent, so a refused *correction* says only that TikTok has a number:
    /// read the order.
    #[must_use]
    pub fn class_of_a_first_number(&self) -> Class {
        match self.class {
            Class::EditUsed | Class::Hold(Reason::EditWindowClosed) => Class::AlreadyDone,
            other => other,
        }
    }
}
