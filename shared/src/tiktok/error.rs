//! TikTok's refusals: from codes to what the caller does next ([`Class`]), what a refusal is about ([`About`] and the
//! questions beside it), and what a person is told ([`Shown`]).

mod about;
mod codes;
mod shown;

pub use about::About;
pub use shown::{Frees, Shown, own_words};

use crate::domain::reason::Reason;
use crate::outbound::OutboundError;
use std::time::Duration;

/// What a call does at TikTok; decides what a lost answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Changes nothing: a lost answer is asked for again.
    Read,
    /// Changes something, and there is no idempotency key: after a lost answer, read before anything else.
    Write,
}

/// What the caller does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Try again by the retry schedule, never before [`TikTokError::retry_after`].
    Retry(Reason),
    /// A write that may have happened: read the order before anything else.
    OutcomeUnknown,
    /// Refresh the access token once and repeat; if that does not help, park the shop as `AUTH_EXPIRED`.
    RefreshToken,
    /// The authorisation itself cannot do this: park the shop until its owner reconnects.
    Park(Reason),
    /// The consent's code is wrong, used or too old: start the consent again.
    ConsentAgain,
    /// The shop's key or id does not fit the token: read the authorised shops again, repeat once.
    ReloadShops,
    /// The request's time is off. The clock's offset was learnt from this answer: repeat once.
    ClockSkew,
    /// An order or package of another shop. One such id refuses a whole read: halve it to find which.
    NotThisShop,
    /// The lines have a number already: read; ours is done, another is `ALREADY_SHIPPED`.
    AlreadyDone,
    /// The number is in use: read; ours is done, else `TRACKING_DUPLICATE`.
    NumberUsed,
    /// The one correction is used: after an unknown outcome read first, else `EDIT_USED`.
    EditUsed,
    /// The order's own state forbids it for now: due again at the order's next state.
    Wait(Reason),
    /// A person of the shop must act: hold with this reason.
    Hold(Reason),
    /// The operator must act: alarm, hold, no retry.
    Operator(Reason),
    /// TikTok refuses our app: its signature, secret, key or address. The app rests; nothing is written on parcels.
    RestApp(Reason),
    /// TikTok refuses the shop: inactive, or its key. The shop rests; nothing is written on parcels.
    RestShop(Reason),
    /// This market, or this kind of seller, takes the other call for a first number.
    OtherCall,
    /// The list of carriers is asked for with the route: regions of warehouse and buyer.
    RouteNeeded,
    /// A code this version does not know: hold, show TikTok's words, two automatic tries at most.
    Unlisted,
}

impl Class {
    /// What a merchant is shown while this lasts.
    #[must_use]
    pub fn reason(self) -> Reason {
        match self {
            Self::Retry(reason)
            | Self::Park(reason)
            | Self::Wait(reason)
            | Self::Hold(reason)
            | Self::Operator(reason)
            | Self::RestApp(reason)
            | Self::RestShop(reason) => reason,
            Self::OutcomeUnknown => Reason::OutcomeUnknown,
            Self::RefreshToken | Self::ConsentAgain => Reason::AuthExpired,
            Self::ReloadShops => Reason::ShopCipherWrong,
            Self::ClockSkew | Self::RouteNeeded => Reason::TikTokError,
            Self::OtherCall => Reason::RegionUnsupported,
            Self::NotThisShop => Reason::OrderNotFound,
            Self::AlreadyDone => Reason::AlreadyShipped,
            Self::NumberUsed => Reason::TrackingDuplicate,
            Self::EditUsed => Reason::EditUsed,
            Self::Unlisted => Reason::Unlisted,
        }
    }
}

/// A call that did not succeed.
#[derive(Debug, thiserror::Error)]
#[error("TikTok: {} {message}", code.map_or_else(|| "no code,".to_owned(), |code| code.to_string()))]
pub struct TikTokError {
    /// TikTok's code, if an envelope came.
    pub code: Option<i64>,
    /// TikTok's words (at most 200 characters, our secrets removed), else ours.
    pub message: String,
    /// TikTok's id of the request: its support asks for it.
    pub request_id: Option<String>,
    /// HTTP status, if an answer came.
    pub http_status: Option<u16>,
    /// Not before; from `Retry-After`, at most a day.
    pub retry_after: Option<Duration>,
    /// What to do next.
    pub class: Class,
    /// No answer, or none that could be read whole.
    #[source]
    pub source: Option<OutboundError>,
}

/// "Signature is invalid".
const SIGNATURE: i64 = 106_001;

impl TikTokError {
    /// TikTok did not take our signature: the app's secret may have been replaced a moment ago.
    #[must_use]
    pub fn is_signature(&self) -> bool {
        self.code == Some(SIGNATURE)
    }

    /// Without an answer.
    pub(super) fn unanswered(source: OutboundError, effect: Effect) -> Self {
        let class = if source.surely_not_sent() { Class::Retry(Reason::TikTokError) } else { lost(effect) };
        Self::local("no answer", class, Some(source))
    }

    /// A carrier list that came back empty after one that was not: trouble that passes, no verdict about a carrier.
    #[must_use]
    pub fn empty_list() -> Self {
        Self::local("TikTok's list of carriers came back empty", Class::Retry(Reason::TikTokError), None)
    }

    /// Found on our side, before or instead of an answer.
    pub(super) fn local(message: &str, class: Class, source: Option<OutboundError>) -> Self {
        let message = message.to_owned();
        Self { code: None, message, request_id: None, http_status: None, retry_after: None, class, source }
    }
}

/// One row's verdict.
#[derive(Clone, Copy)]
enum Rule {
    Always(Class),
    /// Lost on the way: depends on the call.
    Lost,
    /// Temporary by its words, but a 5xx beside it leaves a write's outcome open.
    Internal,
    /// 36009004: the words decide.
    ByWords,
}

/// What the table says of a code.
fn row(code: i64) -> Option<(Rule, Option<About>)> {
    codes::TABLE.iter().find(|(codes, ..)| codes.contains(&code)).map(|(_, rule, about)| (*rule, *about))
}

/// Every code that the table knows: a test plays each to its end.
pub fn known_codes() -> impl Iterator<Item = i64> {
    codes::TABLE.iter().flat_map(|(codes, ..)| codes.iter().copied())
}

/// Refused because the order's invoice is missing, being checked, or was refused (Brazil).
#[must_use]
pub fn lacks_invoice(code: i64) -> bool {
    matches!(code, 21_004_006 | 21_004_019 | 21_004_020)
}

/// Whether the table knows the code.
pub(super) fn is_listed(code: i64) -> bool {
    row(code).is_some()
}

/// An answer that never came or cannot be read.
fn lost(effect: Effect) -> Class {
    match effect {
        Effect::Read => Class::Retry(Reason::TikTokError),
        Effect::Write => Class::OutcomeUnknown,
    }
}

/// What to do after an answer: TikTok's code decides; where it does not, the HTTP status.
///
/// `code` is `None` for an answer without an envelope (HTML, broken JSON, nothing).
#[must_use]
pub fn classify(code: Option<i64>, message: &str, status: u16, effect: Effect) -> Class {
    let class = by_code(code, message, status, effect);
    if effect == Effect::Write && says_usps_label(message) && is_of_number_or_carrier(class) {
        return Class::Hold(Reason::UspsLabel);
    }
    class
}

fn by_code(code: Option<i64>, message: &str, status: u16, effect: Effect) -> Class {
    match code.and_then(row).map(|(rule, _)| rule) {
        Some(Rule::Always(class)) => class,
        Some(Rule::Lost) => lost(effect),
        Some(Rule::Internal) if status >= 500 => lost(effect),
        Some(Rule::Internal) => Class::Retry(Reason::TikTokError),
        Some(Rule::ByWords) => by_words(message),
        None if status == 429 => Class::Retry(Reason::RateLimited),
        None if status >= 500 => lost(effect),
        None if code.is_some_and(|code| code != 0) => Class::Unlisted,
        None => lost(effect),
    }
}

/// Words in lower case, without the quotes of either kind that TikTok has used.
fn plain(message: &str) -> String {
    message.chars().filter(|c| !matches!(c, '`' | '\'' | '"')).collect::<String>().to_lowercase()
}

fn has_word(plain: &str, word: &str) -> bool {
    plain.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).any(|w| w == word)
}

/// 36009004 means many things; its text has used back-ticks and single quotes.
fn by_words(message: &str) -> Class {
    let plain = plain(message);
    let says = |word: &str| has_word(&plain, word);
    if says("signature") || says("sign") {
        Class::RestApp(Reason::AppRefused)
    } else if says("timestamp") {
        Class::ClockSkew
    } else if says("app_key") {
        Class::RestApp(Reason::AppRefused)
    } else if says("access_token") || says("x-tts-access-token") || plain.contains("access token") {
        Class::RefreshToken
    } else if says("shop_cipher") || says("category_asset_cipher") {
        Class::RestShop(Reason::ShopCipherWrong)
    } else if says("shop_id") {
        Class::ReloadShops
    } else if says("warehouse_region") || says("buyer_region") {
        Class::RouteNeeded
    } else if says("version") {
        Class::Operator(Reason::Internal)
    } else {
        Class::Unlisted
    }
}

/// TikTok counts USPS numbers of US shops only from labels that it sold. The code of that refusal is not known (November
/// 2026), its subject is.
fn says_usps_label(message: &str) -> bool {
    let plain = plain(message);
    has_word(&plain, "usps") && (has_word(&plain, "label") || has_word(&plain, "labels"))
}

fn is_of_number_or_carrier(class: Class) -> bool {
    use Reason::{CarrierFormatMismatch, CarrierNotApproved, TikTokRule, TrackingInvalid};
    match class {
        Class::Unlisted => true,
        Class::Hold(reason) => {
            matches!(reason, CarrierFormatMismatch | CarrierNotApproved | TikTokRule | TrackingInvalid)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
