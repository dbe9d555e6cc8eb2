use super::*;

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
        (vec![36009009, 36009010, 36009014, 36009021, 36009022, 36009023, 36009033, 106001, 106013], bug),
        (vec![36009043, 36009044], tiktok_rule),
        (vec![101000], C::ReloadShops),
        (vec![105001, 105002, 105003, 105004], C::RefreshToken),
        (vec![105005], C::Park(R::ScopeMissing)),
        (vec![10006402], C::Hold(R::ScopeMissing)),
        (vec![21008111, 21011028], C::NotThisShop),
        // Token host.
        (vec![36004004], C::ConsentAgain),
        (vec![36004005], C::Park(R::AuthExpired)),
        (vec![98001004, 98001005, 98001006], bug),
        // Orders.
        (vec![10002014, 10002015, 10037002, 10037003, 10037004], busy),
        // Fulfilment.
        (
            vec![
                11001027, 11001031, 11005010, 11006005, 11006026, 21001003, 21001008, 21001011, 21001029, 21001043,
                21001055, 21008300, 21022026, 21022029, 21022030, 21034006, 21042001, 21042076,
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
        (vec![21008106], C::Operator(R::RegionUnsupported)),
        (vec![21011048, 21011029], C::Hold(R::LinesUnmatched)),
        (vec![21011033, 21011046, 21011035, 21011036, 21022028], tiktok_rule),
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
    for code in TABLE.iter().flat_map(|(codes, _)| codes.iter()) {
        assert!(seen.insert(code), "{code}");
    }
}

#[test]
fn the_words_of_36009004_decide() {
    let bug = C::Operator(R::Internal);
    for (words, class) in [
        ("Required `sign` query parameter is missing", bug),
        ("Required signature is missing.", bug),
        ("Invalid `timestamp`: below 0", C::ClockSkew),
        ("Invalid credentials. 'timestamp' is older than 5 minutes", C::ClockSkew),
        ("\"Timestamp\" is more than 30 seconds ahead", C::ClockSkew),
        ("Invalid credentials. Invalid `app_key` query parameter.", bug),
        ("Invalid credentials. The `access_token` query parameter is invalid.", C::RefreshToken),
        ("Invalid credentials. The 'x-tts-access-token' header is invalid.", C::RefreshToken),
        ("THE X-TTS-ACCESS-TOKEN HEADER IS MISSING", C::RefreshToken),
        ("Unexpected identifier: `shop_cipher`", C::Operator(R::ShopCipherWrong)),
        ("unexpected identifier 'category_asset_cipher'", C::Operator(R::ShopCipherWrong)),
        ("Invalid `shop_id`", C::ReloadShops),
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
