//! Whole families of answers: every junk rule, every worked field, every market, every shape that several carriers share.

use super::tests::{CONFIRMED, LENIENT, STRICT, decide_with};
use super::*;
use serde_json::Value;

fn meta() -> Value {
    serde_json::from_str(include_str!("../../data/carriers/carriers-meta.json")).expect("JSON")
}

/// No setting, no carrier and no confirmation sends these.
fn never_sent(raw: &str) {
    for name in [None, Some("ups"), Some("better_trucks"), Some("Other"), Some("Bob's van")] {
        for wishes in [STRICT, LENIENT, CONFIRMED] {
            let (action, reason, _, number, _) = decide_with(Catalogue::bundled(), raw, "US", name, wishes);
            assert_eq!((action, number), (Action::Hold, None), "{raw:?} {name:?} {wishes:?}");
            assert!(
                matches!(reason, Some(Reason::TrackingInvalid | Reason::TrackingMissing)),
                "{raw:?} {name:?}: {reason:?}"
            );
        }
    }
}

#[test]
fn every_placeholder_of_the_data_is_held_in_any_case() {
    for word in meta()["junk"]["exact_casefold"].as_array().expect("a list") {
        let word = word.as_str().expect("a text");
        for written in [word.to_owned(), word.to_uppercase(), format!("  {word} ")] {
            never_sent(&written);
        }
    }
}

#[test]
fn each_rule_about_junk_holds() {
    for raw in [
        // No digit, one character, runs, lengths.
        "ABCDEFGHIJ",
        "000000000000",
        "1111 1111 1111",
        "12345678",
        "0123456789",
        "9876543210",
        "A1B2C",
        "A12345678901234567890123456789012345678901",
        // Other things people paste.
        "orders@example.com",
        "1Z999AA10123456784@example.com",
        "gid://shopify/Fulfillment/4567890123",
        "https://example.com/track/1Z999AA10123456784",
        "#1001",
        "#1Z999AA10123456784",
        "+1 555 010 0123",
        "555-010-0123",
        "ORDER 1001234",
        "Order-1001234",
        "INV0012345",
        "PO1234567",
        "2026-11-21",
        "576461413038785752",
        "583461413038785752",
        "1152921504606846976",
        // Remarks and names.
        "sent 12345699",
        "see notes 12345699",
        "collected 21/11 12345699",
        "untracked 12345699",
        "UPS",
        "Royal Mail 48",
        "FedEx Ground",
        // Several numbers.
        "1Z999AA10123456784, 1Z5R89390357567127",
        "9400 1112 0620 6406 2607 87\nTBA010000000000",
        "H123-4567 / see notes",
    ] {
        never_sent(raw);
    }
}

#[test]
fn each_worked_field_of_the_data_is_sent_as_its_one_number_or_held() {
    // The carrier that each field's number belongs to, in a market that takes it.
    let owners = [("1Z", "ups", "US"), ("94", "usps", "US"), ("77", "fedex", "US"), ("RB", "royal_mail", "GB")];
    for case in meta()["field_cases"].as_array().expect("a list") {
        let raw = case["raw"].as_str().expect("a text");
        let expected: Vec<&str> = case["expect"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        let [number] = expected.as_slice() else {
            never_sent(raw);
            continue;
        };
        let Some((_, carrier, market)) = owners.iter().find(|(start, ..)| number.starts_with(start)) else {
            // An untracked label: a number, but not one that TikTok counts.
            let untracked = decide_with(Catalogue::bundled(), raw, "GB", Some("royal_mail"), STRICT);
            assert_eq!((untracked.0, untracked.1), (Action::Hold, Some(Reason::TrackingInvalid)), "{raw}");
            continue;
        };
        let (action, _, sent_with, sent, _) = decide_with(Catalogue::bundled(), raw, market, Some(carrier), STRICT);
        assert_eq!(
            (action, sent_with.as_deref(), sent.as_deref()),
            (Action::Push, Some(*carrier), Some(*number)),
            "{raw}"
        );
    }
}

#[test]
fn a_carrier_that_a_market_does_not_list_is_refused_there_whatever_the_setting() {
    let catalogue = Catalogue::bundled();
    let mut refused = 0;
    for market in ["US", "GB", "ES", "IE", "DE", "FR", "JP"] {
        let approved = Approved::bundled(catalogue, Some(&crate::domain::region::Region::new(market)));
        for carrier in catalogue.carriers().iter().filter(|carrier| approved.of(carrier) == Approval::No) {
            let examples = carrier.shapes.iter().flat_map(|shape| shape.examples.first());
            let number = examples.map(String::as_str).next().unwrap_or("AB98765432");
            for wishes in [STRICT, LENIENT, CONFIRMED] {
                let (action, reason, ..) = decide_with(catalogue, number, market, Some(&carrier.key), wishes);
                if reason == Some(Reason::TrackingInvalid) {
                    // The field itself is junk in this market: held all the same.
                    assert_eq!(action, Action::Hold);
                    continue;
                }
                assert_eq!(
                    (action, reason),
                    (Action::Hold, Some(Reason::CarrierNotApproved)),
                    "{} in {market}: {number}",
                    carrier.key
                );
                refused += 1;
            }
        }
    }
    assert!(refused > 500, "{refused}");
}

/// Shapes that several carriers share. Without a name each is held and names who it can be; with the name it goes.
#[test]
fn a_shape_that_several_carriers_share_waits_for_a_name_and_says_whose_it_can_be() {
    for (number, market, can_be) in [
        // 10 digits that pass modulo 7: DHL's air waybill or DPD's consignment.
        ("3318810025", "GB", &["dhl_uk", "dpd_uk"][..]),
        // 12 digits with FedEx's check digit.
        ("986578788855", "US", &["fedex"]),
        // 15 digits: GS1 is FedEx Ground.
        ("568283610012734", "US", &["fedex"]),
        // JJD and 16 digits.
        ("JJD0002255380054291", "GB", &["yodel", "dhl_uk"]),
        // One merged network.
        ("LH36302481", "US", &["lasership", "ontrac"]),
        ("1LS711901384521", "US", &["lasership", "ontrac"]),
        // Three carriers of Japan count modulo 7.
        ("402266107154", "JP", &["yamato", "sagawa", "japan_post"]),
        // 14 digits.
        ("98765432109814", "GB", &["dpd_uk"]),
        // 16 digits without a letter.
        ("5945266985722969", "GB", &["evri"]),
    ] {
        let decide = |name| decide_with(Catalogue::bundled(), number, market, name, STRICT);
        let (action, reason, _, _, better) = decide(None);
        assert_eq!((action, reason), (Action::Hold, Some(Reason::CarrierMissing)), "{number}");
        let sorted = |names: Vec<&str>| {
            let mut names = names;
            names.sort_unstable();
            names.into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(sorted(better.iter().map(String::as_str).collect()), sorted(can_be.to_vec()), "{number}");
        for name in can_be {
            assert_eq!(decide(Some(name)).0, Action::Push, "{number} {name}");
        }
    }
}

/// What a consolidator prints on a parcel that USPS delivers is accepted for the consolidator, and guessed as USPS.
#[test]
fn a_postal_label_goes_under_the_consolidator_that_is_named() {
    let label = "9261290983497923666238";
    for partner in ["ups", "fedex", "dhl_ecommerce", "osm_worldwide", "asendia", "first_mile", "aci_logistix", "cirro"]
    {
        let (action, _, carrier, ..) = decide_with(Catalogue::bundled(), label, "US", Some(partner), STRICT);
        assert_eq!((action, carrier.as_deref()), (Action::Push, Some(partner)), "{partner}");
    }
    assert_eq!(decide_with(Catalogue::bundled(), label, "US", None, STRICT).2.as_deref(), Some("usps"));
    let (action, reason, ..) = decide_with(Catalogue::bundled(), label, "US", Some("ontrac"), STRICT);
    assert_eq!((action, reason), (Action::Hold, Some(Reason::CarrierFormatMismatch)));
}
