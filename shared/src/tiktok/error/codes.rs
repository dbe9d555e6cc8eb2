//! Every code we know, in the order of TikTok's documentation: common, orders, fulfilment. One row says what the caller
//! does and what the refusal is about.
//!
//! Source: TikTok Shop Partner Center, "Common errors", "Rate limits", the error list of each call, and field reports to
//! November 2026.

use super::About as A;
use super::Class as C;
use super::Rule::{self, Always, ByWords, Internal, Lost};
use crate::domain::reason::Reason as R;

const BUSY: Rule = Always(C::Retry(R::TikTokError));
const OUR_BUG: Rule = Always(C::Operator(R::Internal));
const RULE: Rule = Always(C::Hold(R::TikTokRule));

type Row = (&'static [i64], Rule, Option<A>);

const fn row(codes: &'static [i64], rule: Rule, about: A) -> Row {
    (codes, rule, Some(about))
}

pub(super) const TABLE: &[Row] = &[
    // Too many requests; 36009037 is the hourly limit of a development shop.
    row(&[36_009_002, 36_009_037], Always(C::Retry(R::RateLimited)), A::Rate),
    row(&[36_009_003], Internal, A::Passing),
    // Gateway time-out: the call may have happened.
    row(&[36_009_007], Lost, A::Passing),
    (&[36_009_004], ByWords, None),
    // Unknown path, wrong method, retired version; upload and content type.
    row(&[36_009_009, 36_009_010, 36_009_014, 36_009_021, 36_009_022, 36_009_023], OUR_BUG, A::Call),
    // The caller's address is not on the app's list; signature wrong (or the app's secret was replaced).
    row(&[36_009_033, 106_001], Always(C::RestApp(R::AppRefused)), A::App),
    // Shop or seller inactive.
    row(&[36_009_043, 36_009_044], Always(C::RestShop(R::ShopInactive)), A::Shop),
    // The token does not match the shop's key: a new key, or the shop was left out of the grant.
    row(&[101_000], Always(C::ReloadShops), A::Shop),
    // The shop's key is missing.
    row(&[106_013], Always(C::RestShop(R::ShopCipherWrong)), A::Shop),
    // 105001 not valid, 105002 expired; nobody documents 105003 and 105004 beyond "authentication".
    row(&[105_001, 105_002, 105_003, 105_004], Always(C::RefreshToken), A::Authorisation),
    row(&[105_005], Always(C::Park(R::ScopeMissing)), A::Authorisation),
    // No permission for this one order: the shop goes on.
    row(&[10_006_402], Always(C::Hold(R::TikTokRule)), A::Order),
    row(&[21_008_111, 21_011_028], Always(C::NotThisShop), A::Order),
    // Token host: consent code; refresh token unknown or revoked; parameters; the app is not available.
    row(&[36_004_004], Always(C::ConsentAgain), A::Authorisation),
    row(&[36_004_005], Always(C::Park(R::AuthExpired)), A::Authorisation),
    row(&[98_001_004], OUR_BUG, A::Call),
    row(&[98_001_005, 98_001_006], Always(C::RestApp(R::AppRefused)), A::App),
    // Orders, temporary.
    row(&[10_002_014, 10_002_015, 10_037_002, 10_037_003, 10_037_004], BUSY, A::Passing),
    // Fulfilment, temporary; tracking events busy.
    row(&[11_001_027, 11_001_031, 11_005_010, 11_006_005, 11_006_026, 11_007_010], BUSY, A::Passing),
    row(&[21_001_003, 21_001_008, 21_001_011, 21_001_029, 21_001_043, 21_001_055, 21_008_300], BUSY, A::Passing),
    row(&[21_022_026, 21_022_029, 21_022_030, 21_034_006, 21_042_001, 21_042_076], BUSY, A::Passing),
    // No carrier fits the number; special characters; number or carrier id invalid.
    row(&[11_028_006, 21_004_012, 21_011_022], Always(C::Hold(R::TrackingInvalid)), A::Number),
    // The number does not fit the carrier.
    row(&[21_004_015, 21_022_032], Always(C::Hold(R::CarrierFormatMismatch)), A::Carrier),
    row(&[21_004_016], Always(C::Hold(R::CarrierNotApproved)), A::Carrier),
    // 21011026: one number on more than 20 orders.
    row(&[21_011_025, 21_034_012, 21_011_026], Always(C::NumberUsed), A::Duplicate),
    // Shipped; delivered (21011027); a TikTok label was bought or printed (21008042, 21022025).
    row(
        &[21_008_099, 11_006_021, 21_011_006, 21_011_020, 21_011_040, 21_042_056, 21_011_027, 21_008_042, 21_022_025],
        Always(C::AlreadyDone),
        A::Duplicate,
    ),
    row(&[21_011_044], Always(C::Wait(R::OnHold)), A::Status),
    // "Status does not allow it now", without saying which.
    row(&[10_007_002], Always(C::Wait(R::TikTokError)), A::Status),
    // Cancelled; returned or cancelled.
    row(&[21_011_041, 21_011_042, 25_001_010], Always(C::Hold(R::Cancelled)), A::Status),
    // Delivered: no correction any more, only support helps. Refuses first numbers too.
    row(&[21_011_030], Always(C::Hold(R::EditWindowClosed)), A::Status),
    // Not awaiting shipment; package state; action not allowed.
    row(&[21_042_057, 21_032_001, 21_011_003], RULE, A::Status),
    row(&[21_011_007, 21_008_044], Always(C::Hold(R::CancelRequested)), A::Status),
    row(&[21_008_025], Always(C::Hold(R::FulfilledByTikTok)), A::Status),
    row(&[21_011_004], Always(C::Hold(R::NotSellerShipping)), A::Status),
    // The call is not offered in this market, or not to this kind of seller (a cross-border shop).
    row(&[21_008_106], Always(C::OtherCall), A::Market),
    // Several packages are open, so lines must be named; lines not of this package.
    row(&[21_011_048, 21_011_029], Always(C::Hold(R::LinesUnmatched)), A::Rule),
    // Already combined; split not allowed; split failed without a cause; phones and tablets travel alone.
    row(&[21_011_033, 21_011_046, 21_011_035, 21_011_036, 21_022_028, 11_006_013], RULE, A::Rule),
    // Not shipped yet: the read that led to a correction was ahead of TikTok's own state.
    row(&[21_011_043], BUSY, A::Status),
    // A rule forbids the correction (by order); its window is over; it was used.
    row(&[21_011_049], RULE, A::Rule),
    row(&[21_011_050], Always(C::Hold(R::EditWindowClosed)), A::Correction),
    row(&[21_011_051, 21_011_052], Always(C::EditUsed), A::Correction),
    // Trade or logistics rule; Brazil's invoice; address undeliverable.
    row(&[21_011_008, 21_011_012, 21_011_013, 21_004_024], RULE, A::Rule),
    row(&[21_004_006, 21_004_019, 21_004_020], RULE, A::Rule),
    row(&[21_021_010, 21_014_009], RULE, A::Rule),
    // Labels bought from TikTok.
    row(
        &[
            11_021_009, 11_021_010, 11_021_011, 11_021_012, 11_021_013, 11_021_014, 11_021_015, 11_021_016, 11_021_017,
            11_021_018, 11_021_019, 11_021_020, 11_021_021, 11_021_022, 11_021_023, 11_021_024, 11_021_025,
        ],
        RULE,
        A::Rule,
    ),
    // Tracking events: no supported case; own delivery events are for allow-listed sellers.
    row(&[11_007_009, 11_007_016], RULE, A::Rule),
    // Parameters, warehouse. Options that a shop does not have (21008116) or that TikTok ships (21008117).
    row(&[21_001_001, 11_001_002, 11_050_001, 11_005_004], OUR_BUG, A::Call),
    row(&[21_008_116], Always(C::Hold(R::CarrierNotApproved)), A::Carrier),
    row(&[21_008_117], Always(C::Hold(R::NotSellerShipping)), A::Carrier),
];
