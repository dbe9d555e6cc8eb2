//! TikTok's refusals: one table from codes to what the caller does next.
//!
//! Source: TikTok Shop Partner Center, "Common errors", "Rate limits" and the error list of each call.

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
            | Self::Operator(reason) => reason,
            Self::OutcomeUnknown => Reason::OutcomeUnknown,
            Self::RefreshToken | Self::ConsentAgain => Reason::AuthExpired,
            Self::ReloadShops => Reason::ShopCipherWrong,
            Self::ClockSkew => Reason::TikTokError,
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

use Class as C;
use Reason as R;
use Rule::{Always, ByWords, Internal, Lost};

const BUSY: Rule = Always(C::Retry(R::TikTokError));
const OUR_BUG: Rule = Always(C::Operator(R::Internal));

/// Every code we know, in the order of TikTok's documentation: common, orders, fulfilment.
const TABLE: &[(&[i64], Rule)] = &[
    // Too many requests; 36009037 is the hourly limit of a development shop.
    (&[36_009_002, 36_009_037], Always(C::Retry(R::RateLimited))),
    (&[36_009_003], Internal),
    // Gateway time-out: the call may have happened.
    (&[36_009_007], Lost),
    (&[36_009_004], ByWords),
    // Unknown path, wrong method, retired version; upload and content type; caller's address not on the app's list.
    (&[36_009_009, 36_009_010, 36_009_014, 36_009_021, 36_009_022, 36_009_023, 36_009_033], OUR_BUG),
    // Shop or seller inactive.
    (&[36_009_043, 36_009_044], Always(C::Hold(R::TikTokRule))),
    // The token does not match the shop's cipher.
    (&[101_000], Always(C::ReloadShops)),
    // 105001 not valid, 105002 expired; nobody documents 105003 and 105004 beyond "authentication".
    (&[105_001, 105_002, 105_003, 105_004], Always(C::RefreshToken)),
    (&[105_005], Always(C::Park(R::ScopeMissing))),
    // Signature wrong, cipher missing.
    (&[106_001, 106_013], OUR_BUG),
    // No permission for this one order: the shop goes on.
    (&[10_006_402], Always(C::Hold(R::ScopeMissing))),
    (&[21_008_111, 21_011_028], Always(C::NotThisShop)),
    // Token host: consent code; refresh token unknown or revoked; parameters.
    (&[36_004_004], Always(C::ConsentAgain)),
    (&[36_004_005], Always(C::Park(R::AuthExpired))),
    (&[98_001_004, 98_001_005, 98_001_006], OUR_BUG),
    // Orders, temporary.
    (&[10_002_014, 10_002_015, 10_037_002, 10_037_003, 10_037_004], BUSY),
    // Fulfilment, temporary.
    (&[11_001_027, 11_001_031, 11_005_010, 11_006_005, 11_006_026], BUSY),
    (&[21_001_003, 21_001_008, 21_001_011, 21_001_029, 21_001_043, 21_001_055, 21_008_300], BUSY),
    (&[21_022_026, 21_022_029, 21_022_030, 21_034_006, 21_042_001, 21_042_076], BUSY),
    // No carrier fits the number; special characters; number or carrier id invalid.
    (&[11_028_006, 21_004_012, 21_011_022], Always(C::Hold(R::TrackingInvalid))),
    // The number does not fit the carrier.
    (&[21_004_015, 21_022_032], Always(C::Hold(R::CarrierFormatMismatch))),
    (&[21_004_016], Always(C::Hold(R::CarrierNotApproved))),
    // 21011026: one number on more than 20 orders.
    (&[21_011_025, 21_034_012, 21_011_026], Always(C::NumberUsed)),
    // Shipped; delivered (21011027); a TikTok label was bought or printed (21008042, 21022025).
    (
        &[21_008_099, 11_006_021, 21_011_006, 21_011_020, 21_011_040, 21_042_056, 21_011_027, 21_008_042, 21_022_025],
        Always(C::AlreadyDone),
    ),
    (&[21_011_044], Always(C::Wait(R::OnHold))),
    // "Status does not allow it now", without saying which.
    (&[10_007_002], Always(C::Wait(R::TikTokError))),
    // Cancelled; returned or cancelled.
    (&[21_011_041, 21_011_042, 25_001_010], Always(C::Hold(R::Cancelled))),
    // Delivered: no correction any more, only support helps.
    (&[21_011_030], Always(C::Hold(R::EditWindowClosed))),
    // Not awaiting shipment; package state; action not allowed.
    (&[21_042_057, 21_032_001, 21_011_003], Always(C::Hold(R::TikTokRule))),
    (&[21_011_007, 21_008_044], Always(C::Hold(R::CancelRequested))),
    (&[21_008_025], Always(C::Hold(R::FulfilledByTikTok))),
    (&[21_011_004], Always(C::Hold(R::NotSellerShipping))),
    (&[21_008_106], Always(C::Operator(R::RegionUnsupported))),
    // Several packages are open, so lines must be named; lines not of this package.
    (&[21_011_048, 21_011_029], Always(C::Hold(R::LinesUnmatched))),
    // Already combined; split not allowed; split failed without a cause.
    (&[21_011_033, 21_011_046, 21_011_035, 21_011_036, 21_022_028], Always(C::Hold(R::TikTokRule))),
    // Not shipped yet: the read that led to a correction was ahead of TikTok's own state.
    (&[21_011_043], BUSY),
    (&[21_011_049], Always(C::Hold(R::TikTokRule))),
    (&[21_011_050], Always(C::Hold(R::EditWindowClosed))),
    (&[21_011_051, 21_011_052], Always(C::EditUsed)),
    // Trade or logistics rule; Brazil's invoice; address undeliverable.
    (&[21_011_008, 21_011_012, 21_011_013, 21_004_024], Always(C::Hold(R::TikTokRule))),
    (&[21_004_006, 21_004_019, 21_004_020], Always(C::Hold(R::TikTokRule))),
    (&[21_021_010, 21_014_009], Always(C::Hold(R::TikTokRule))),
    // Labels bought from TikTok.
    (
        &[
            11_021_009, 11_021_010, 11_021_011, 11_021_012, 11_021_013, 11_021_014, 11_021_015, 11_021_016, 11_021_017,
            11_021_018, 11_021_019, 11_021_020, 11_021_021, 11_021_022, 11_021_023, 11_021_024, 11_021_025,
        ],
        Always(C::Hold(R::TikTokRule)),
    ),
    // Parameters, warehouse. Options that a shop does not have (21008116) or that TikTok ships (21008117).
    (&[21_001_001, 11_001_002, 11_050_001, 11_005_004], OUR_BUG),
    (&[21_008_116], Always(C::Hold(R::CarrierNotApproved))),
    (&[21_008_117], Always(C::Hold(R::NotSellerShipping))),
];

fn rule(code: i64) -> Option<Rule> {
    TABLE.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, rule)| *rule)
}

/// Whether the table knows the code.
pub(super) fn is_listed(code: i64) -> bool {
    rule(code).is_some()
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
    match code.and_then(rule) {
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

/// 36009004 means many things; its text has used back-ticks and single quotes.
fn by_words(message: &str) -> Class {
    let plain: String = message.chars().filter(|c| !matches!(c, '`' | '\'' | '"')).collect::<String>().to_lowercase();
    let says = |word: &str| plain.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).any(|w| w == word);
    if says("signature") || says("sign") {
        Class::Operator(Reason::Internal)
    } else if says("timestamp") {
        Class::ClockSkew
    } else if says("app_key") {
        Class::Operator(Reason::Internal)
    } else if says("access_token") || says("x-tts-access-token") || plain.contains("access token") {
        Class::RefreshToken
    } else if says("shop_cipher") || says("category_asset_cipher") {
        Class::Operator(Reason::ShopCipherWrong)
    } else if says("shop_id") {
        Class::ReloadShops
    } else if says("version") {
        Class::Operator(Reason::Internal)
    } else {
        Class::Unlisted
    }
}

#[cfg(test)]
mod tests;
