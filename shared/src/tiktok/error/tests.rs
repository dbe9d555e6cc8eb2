use super::codes::TABLE;
use super::*;
use crate::domain::reason::Who;
use Class as C;
use Reason as R;

fn of_write(code: i64) -> Class {
    classify(Some(code), "", 200, Effect::Write)
}

#[test]
fn every_documented_code_has_its_class() {
    let tiktok_rule = C::Hold(R::TikTokRule);
    let busy = C::Retry(R::TikTokError);
    let bug = C::Operator(R::Internal);
    for (codes, class) in [
        // 10.1, common.
        (vec![36009002, 36009037], C::Retry(R::RateLimited)),
        (vec![36009003], busy),
        (vec![36009007], C::OutcomeUnknown),
        (vec![36009009, 36009010, 36009014, 36009021, 36009022, 36009023], bug),
        (vec![36009033, 106001], C::RestApp(R::AppRefused)),
        (vec![36009043, 36009044], C::RestShop(R::ShopInactive)),
        (vec![106013], C::RestShop(R::ShopCipherWrong)),
        (vec![101000], C::ReloadShops),
        (vec![105001, 105002, 105003, 105004], C::RefreshToken),
        (vec![105005], C::Park(R::ScopeMissing)),
        (vec![10006402], C::Hold(R::TikTokRule)),
        (vec![21008111, 21011028], C::NotThisShop),
        // Token host.
        (vec![36004004], C::ConsentAgain),
        (vec![36004005], C::Park(R::AuthExpired)),
        (vec![98001004], bug),
        (vec![98001005, 98001006], C::RestApp(R::AppRefused)),
        // Orders.
        (vec![10002014, 10002015, 10037002, 10037003, 10037004], busy),
        // Fulfilment.
        (
            vec![
                11001027, 11001031, 11005010, 11006005, 11006026, 11007010, 21001003, 21001008, 21001011, 21001029,
                21001043, 21001055, 21008300, 21022026, 21022029, 21022030, 21034006, 21042001, 21042076,
            ],
            busy,
        ),
        (vec![11028006, 21004012, 21011022], C::Hold(R::TrackingInvalid)),
        (vec![21004015, 21022032], C::Hold(R::CarrierFormatMismatch)),
        (vec![21004016], C::Hold(R::CarrierNotApproved)),
        (vec![21011025, 21034012, 21011026], C::NumberUsed),
        (
            vec![21008099, 11006021, 21011006, 21011020, 21011040, 21042056, 21011027, 21008042, 21022025],
            C::AlreadyDone,
        ),
        (vec![21011044], C::Wait(R::OnHold)),
        (vec![10007002], C::Wait(R::TikTokError)),
        (vec![21011041, 21011042, 25001010], C::Hold(R::Cancelled)),
        (vec![21011030, 21011050], C::Hold(R::EditWindowClosed)),
        (vec![21042057, 21032001, 21011003], tiktok_rule),
        (vec![21011007, 21008044], C::Hold(R::CancelRequested)),
        (vec![21008025], C::Hold(R::FulfilledByTikTok)),
        (vec![21011004], C::Hold(R::NotSellerShipping)),
        (vec![21008106], C::OtherCall),
        (vec![21011048, 21011029], C::Hold(R::LinesUnmatched)),
        (vec![21011033, 21011046, 21011035, 21011036, 21022028, 11006013, 11007009, 11007016], tiktok_rule),
        (vec![21011043], busy),
        (vec![21011049], tiktok_rule),
        (vec![21011051, 21011052], C::EditUsed),
        (vec![21011008, 21011012, 21011013, 21004024, 21004006, 21004019, 21004020, 21021010, 21014009], tiktok_rule),
        ((11021009..=11021025).collect(), tiktok_rule),
        (vec![21001001, 11001002, 11050001, 11005004], bug),
        // Logistics.
        (vec![21008116], C::Hold(R::CarrierNotApproved)),
        (vec![21008117], C::Hold(R::NotSellerShipping)),
        // Nobody's.
        (vec![1, -5, 105006, 36009999, 21011999], C::Unlisted),
    ] {
        for code in codes {
            assert_eq!(of_write(code), class, "{code}");
        }
    }
}

#[test]
fn no_code_stands_in_two_rows() {
    let mut seen = std::collections::HashSet::new();
    for code in TABLE.iter().flat_map(|(codes, ..)| codes.iter()) {
        assert!(seen.insert(code), "{code}");
    }
}

#[test]
fn the_words_of_36009004_decide() {
    let (bug, app) = (C::Operator(R::Internal), C::RestApp(R::AppRefused));
    let cipher = C::RestShop(R::ShopCipherWrong);
    for (words, class) in [
        ("Required `sign` query parameter is missing", app),
        ("Required signature is missing.", app),
        ("Invalid `timestamp`: below 0", C::ClockSkew),
        ("Invalid credentials. 'timestamp' is older than 5 minutes", C::ClockSkew),
        ("\"Timestamp\" is more than 30 seconds ahead", C::ClockSkew),
        ("Invalid credentials. Invalid `app_key` query parameter.", app),
        ("Invalid credentials. The `access_token` query parameter is invalid.", C::RefreshToken),
        ("Invalid credentials. The 'x-tts-access-token' header is invalid.", C::RefreshToken),
        ("THE X-TTS-ACCESS-TOKEN HEADER IS MISSING", C::RefreshToken),
        ("Unexpected identifier: `shop_cipher`", cipher),
        ("unexpected identifier 'category_asset_cipher'", cipher),
        ("Invalid `shop_id`", C::ReloadShops),
        ("Missing or invalid parameter `warehouse_region`.", C::RouteNeeded),
        ("Invalid `version`", bug),
        ("Something else entirely", C::Unlisted),
        ("the design of assignments", C::Unlisted),
        ("", C::Unlisted),
    ] {
        assert_eq!(classify(Some(36_009_004), words, 400, Effect::Write), class, "{words}");
    }
}

#[test]
fn a_lost_answer_is_asked_again_after_a_read_and_unknown_after_a_write() {
    for (code, status) in [
        (Some(36_009_007), 200),
        (Some(36_009_003), 500),
        (Some(36_009_003), 503),
        (Some(77), 502),
        (None, 500),
        (None, 503),
        (None, 504),
        (None, 200),
        (None, 302),
        (None, 401),
        (None, 404),
        (Some(0), 500),
    ] {
        assert_eq!(classify(code, "", status, Effect::Write), C::OutcomeUnknown, "{code:?} {status}");
        assert_eq!(classify(code, "", status, Effect::Read), C::Retry(R::TikTokError), "{code:?} {status}");
    }
}

#[test]
fn a_decided_code_stands_whatever_the_status() {
    for status in [200, 400, 401, 429, 500, 503] {
        assert_eq!(classify(Some(105_002), "", status, Effect::Write), C::RefreshToken, "{status}");
        assert_eq!(classify(Some(36_009_002), "", status, Effect::Write), C::Retry(R::RateLimited), "{status}");
        assert_eq!(classify(Some(21_011_022), "", status, Effect::Write), C::Hold(R::TrackingInvalid), "{status}");
    }
    for code in [None, Some(77)] {
        assert_eq!(classify(code, "", 429, Effect::Write), C::Retry(R::RateLimited), "{code:?}");
    }
}

fn error(code: i64) -> TikTokError {
    let class = of_write(code);
    TikTokError { code: Some(code), class, ..TikTokError::local("TikTok's words", class, None) }
}

/// What a person is told of each code, who acts, what frees the parcel.
#[test]
fn every_code_says_what_a_person_sees_who_acts_and_what_frees_it() {
    use Frees as F;
    let rows: &[(&[i64], R, Who, F)] = &[
        (&[36_009_002, 36_009_037], R::RateLimited, Who::Nobody, F::Time),
        (
            &[36_009_003, 10_002_014, 10_002_015, 10_037_002, 10_037_003, 10_037_004],
            R::TikTokError,
            Who::Nobody,
            F::Time,
        ),
        (
            &[11_001_027, 11_001_031, 11_005_010, 11_006_005, 11_006_026, 11_007_010],
            R::TikTokError,
            Who::Nobody,
            F::Time,
        ),
        (
            &[21_001_003, 21_001_008, 21_001_011, 21_001_029, 21_001_043, 21_001_055],
            R::TikTokError,
            Who::Nobody,
            F::Time,
        ),
        (&[21_008_300, 21_022_026, 21_022_029, 21_022_030, 21_034_006], R::TikTokError, Who::Nobody, F::Time),
        (&[21_042_001, 21_042_076, 21_011_043], R::TikTokError, Who::Nobody, F::Time),
        (&[36_009_007], R::OutcomeUnknown, Who::Nobody, F::Time),
        (
            &[36_009_009, 36_009_010, 36_009_014, 36_009_021, 36_009_022, 36_009_023],
            R::Internal,
            Who::Operator,
            F::Decision,
        ),
        (&[98_001_004, 21_001_001, 11_001_002, 11_050_001, 11_005_004], R::Internal, Who::Operator, F::Decision),
        (&[36_009_033, 106_001, 98_001_005, 98_001_006], R::AppRefused, Who::Operator, F::AppAccepted),
        (&[36_009_043, 36_009_044], R::ShopInactive, Who::Merchant, F::ShopAccepted),
        (&[101_000, 106_013], R::ShopCipherWrong, Who::Operator, F::ShopAccepted),
        (&[105_001, 105_002, 105_003, 105_004, 36_004_004, 36_004_005], R::AuthExpired, Who::Owner, F::Reconnect),
        (&[105_005], R::ScopeMissing, Who::Owner, F::Reconnect),
        (&[10_006_402], R::TikTokRule, Who::Merchant, F::Reconnect),
        (&[21_008_111, 21_011_028], R::OrderNotFound, Who::Merchant, F::StoreChanges),
        (&[11_028_006, 21_004_012, 21_011_022], R::TrackingInvalid, Who::Merchant, F::StoreChanges),
        (&[21_004_015, 21_022_032], R::CarrierFormatMismatch, Who::Merchant, F::Decision),
        (&[21_004_016, 21_008_116], R::CarrierNotApproved, Who::Merchant, F::CarrierChanges),
        (&[21_011_025, 21_034_012, 21_011_026], R::TrackingDuplicate, Who::Merchant, F::StoreChanges),
        (&[21_008_099, 11_006_021, 21_011_006, 21_011_020], R::AlreadyShipped, Who::Merchant, F::Decision),
        (&[21_011_040, 21_042_056, 21_011_027], R::AlreadyShipped, Who::Merchant, F::Decision),
        (&[21_008_042, 21_022_025], R::AlreadyShipped, Who::Merchant, F::OrderMoves),
        (&[21_011_044], R::OnHold, Who::Nobody, F::OrderMoves),
        (&[10_007_002], R::TikTokError, Who::Nobody, F::OrderMoves),
        (&[21_011_041, 21_011_042, 25_001_010], R::Cancelled, Who::Merchant, F::OrderMoves),
        (&[21_011_030, 21_011_050], R::EditWindowClosed, Who::Merchant, F::Decision),
        (&[21_011_051, 21_011_052], R::EditUsed, Who::Merchant, F::Decision),
        (&[21_042_057, 21_032_001, 21_011_003], R::TikTokRule, Who::Merchant, F::OrderMoves),
        (&[21_011_007, 21_008_044], R::CancelRequested, Who::Merchant, F::OrderMoves),
        (&[21_008_025], R::FulfilledByTikTok, R::FulfilledByTikTok.who(), F::OrderMoves),
        (&[21_011_004, 21_008_117], R::NotSellerShipping, R::NotSellerShipping.who(), F::OrderMoves),
        (&[21_008_106], R::RegionUnsupported, Who::Operator, F::Decision),
        (&[21_011_048, 21_011_029], R::LinesUnmatched, Who::Merchant, F::Decision),
        (
            &[21_011_033, 21_011_046, 21_011_035, 21_011_036, 21_022_028, 11_006_013],
            R::TikTokRule,
            Who::Merchant,
            F::OrderMoves,
        ),
        (&[21_004_006, 21_004_019, 21_004_020, 21_021_010, 21_014_009], R::TikTokRule, Who::Merchant, F::OrderMoves),
        (&[21_011_049, 21_011_008, 21_011_012, 21_011_013, 21_004_024], R::TikTokRule, Who::Merchant, F::Decision),
        (
            &[11_007_009, 11_007_016, 11_021_009, 11_021_010, 11_021_011, 11_021_012],
            R::TikTokRule,
            Who::Merchant,
            F::Decision,
        ),
        (
            &[11_021_013, 11_021_014, 11_021_015, 11_021_016, 11_021_017, 11_021_018],
            R::TikTokRule,
            Who::Merchant,
            F::Decision,
        ),
        (&[11_021_019, 11_021_020, 11_021_021, 11_021_022, 11_021_023], R::TikTokRule, Who::Merchant, F::Decision),
        (&[11_021_024, 11_021_025], R::TikTokRule, Who::Merchant, F::Decision),
        // Words decide 36009004; without any it is as unknown as a code that nobody lists.
        (&[36_009_004, 77, 21_019_999], R::Unlisted, Who::Operator, F::Decision),
    ];
    for (codes, reason, who, frees) in rows {
        for code in *codes {
            let shown = error(*code).shown();
            assert_eq!((shown.reason, shown.who, shown.frees), (*reason, *who, *frees), "{code}");
            assert!(shown.sentence.ends_with('.') && shown.remedy.ends_with('.'), "{code}");
            let by_itself = matches!(frees, F::Time | F::AppAccepted | F::ShopAccepted | F::OrderMoves);
            assert_eq!(frees.within().is_some(), by_itself, "{code}");
        }
    }
    for code in TABLE.iter().flat_map(|(codes, ..)| codes.iter()) {
        assert!(rows.iter().any(|(codes, ..)| codes.contains(code)), "{code} is told nowhere");
    }
}

#[test]
fn a_fault_of_the_app_or_the_shop_is_never_that_of_a_parcel() {
    for code in [106_001, 36_009_033, 98_001_005, 98_001_006] {
        assert_eq!((error(code).rests_app(), error(code).rests_shop()), (Some(R::AppRefused), None), "{code}");
    }
    for (code, reason) in [
        (36_009_043, R::ShopInactive),
        (36_009_044, R::ShopInactive),
        (106_013, R::ShopCipherWrong),
        (101_000, R::ShopCipherWrong),
    ] {
        assert_eq!((error(code).rests_app(), error(code).rests_shop()), (None, Some(reason)), "{code}");
    }
    let words = |text| classify(Some(36_009_004), text, 400, Effect::Read);
    assert_eq!(words("Invalid credentials. Invalid `app_key`"), C::RestApp(R::AppRefused));
    // Whoever has to act, it is never the owner: our own fault asks nobody to reconnect.
    for code in TABLE.iter().flat_map(|(codes, ..)| codes.iter()) {
        let error = error(*code);
        if error.rests_app().is_some() || matches!(error.class, C::Operator(_)) {
            assert_eq!((error.shown().who, error.shown().frees == Frees::Reconnect), (Who::Operator, false), "{code}");
            assert!(error.is_of_the_call() && !error.halves_when_repeated(), "{code}: halving finds nothing");
        }
    }
}

#[test]
fn a_read_is_halved_for_what_one_order_can_cause() {
    for (code, at_once, repeated) in [
        (21_008_111, true, true),
        (10_006_402, true, true),
        (21_011_041, true, true),
        // Nobody knows: it may be one order's.
        (77, true, true),
        // It passes, or hides one bad order: only the second failure tells.
        (36_009_003, false, true),
        (10_037_002, false, true),
        (36_009_007, false, true),
        (36_009_002, false, false),
        (106_001, false, false),
        (36_009_044, false, false),
        (36_009_014, false, false),
        (101_000, false, false),
        (105_002, false, false),
        (105_005, false, false),
        (36_009_033, false, false),
    ] {
        let error = error(code);
        assert_eq!((error.halves(), error.halves_when_repeated()), (at_once, repeated), "{code}");
        assert_eq!(error.is_of_one_order(), at_once && code != 77, "{code}");
    }
    let lost = TikTokError::local("no answer", C::Retry(R::TikTokError), None);
    assert!(lost.is_passing() && lost.halves_when_repeated() && lost.counts_for_a_rest());
    assert!(error(36_009_007).counts_for_a_rest());
    assert!(!error(36_009_003).counts_for_a_rest(), "one order's fault does not let the shop rest");
    assert!(!error(21_011_022).counts_for_a_rest() && !error(36_009_002).counts_for_a_rest());
}

#[test]
fn after_a_lost_answer_a_refusal_of_status_or_rule_proves_nothing() {
    for code in
        [21_011_049, 21_011_030, 21_011_051, 21_042_057, 21_011_006, 21_011_025, 21_011_041, 10_007_002, 21_011_043, 77]
    {
        assert!(error(code).after_unknown_stays_unknown(), "{code}");
    }
    // These speak about what was sent now, whatever became of the call before.
    for code in [21_004_012, 11_028_006, 21_004_015, 106_001, 36_009_044, 105_002] {
        assert!(!error(code).after_unknown_stays_unknown(), "{code}");
    }
    for code in [21_011_006, 21_011_041, 21_042_057, 21_011_044, 21_011_004, 21_008_025, 21_011_030] {
        assert!(error(code).contradicts_the_read(), "{code}");
    }
    assert!(!error(21_011_049).contradicts_the_read() && !error(21_004_015).contradicts_the_read());
}

#[test]
fn a_first_number_has_no_edit_window() {
    for code in [21_011_030, 21_011_050, 21_011_051, 21_011_052] {
        assert_eq!(error(code).class_of_a_first_number(), C::AlreadyDone, "{code}: read what TikTok shows");
    }
    assert_eq!(error(21_011_022).class_of_a_first_number(), C::Hold(R::TrackingInvalid));
}

#[test]
fn a_refusal_can_ask_for_another_call() {
    assert!(error(21_008_106).wants_the_other_call() && !error(21_011_048).wants_the_other_call());
    assert!(error(21_011_048).wants_lines_named() && !error(21_011_029).wants_lines_named());
    let class = classify(Some(36_009_004), "Missing parameter `buyer_region`", 400, Effect::Read);
    assert!(TikTokError::local("", class, None).wants_a_route());
}

#[test]
fn a_usps_number_without_tiktoks_label_has_a_remedy_of_its_own() {
    let words = "USPS tracking numbers must come from labels purchased on TikTok Shop";
    for code in [77, 21_011_022, 21_004_015, 21_004_016, 21_011_012] {
        assert_eq!(classify(Some(code), words, 200, Effect::Write), C::Hold(R::UspsLabel), "{code}");
    }
    assert_eq!(classify(Some(21_011_006), words, 200, Effect::Write), C::AlreadyDone);
    assert_eq!(classify(Some(77), "Choose USPS or another carrier", 200, Effect::Write), C::Unlisted);
    assert_eq!(error(77).about(), About::Unknown);
    let usps = TikTokError { code: Some(77), ..TikTokError::local(words, C::Hold(R::UspsLabel), None) };
    assert_eq!((usps.about(), usps.shown().frees), (About::Carrier, Frees::StoreChanges));
}
