//! The traps that outsiders set, and the rules behind them. No row may end in a push that cannot be taken back.

use super::*;
use crate::carriers::report_name::carrier_line;
use crate::carriers::wishes::Mismatch;
use crate::domain::platform::Platform;
use proptest::prelude::*;
use serde_json::Value;

fn rows(text: &str) -> Vec<Value> {
    serde_json::from_str(text).expect("labels")
}

fn numbers() -> Vec<Value> {
    rows(include_str!("../../../tests/fixtures/carriers/reported-numbers.json"))
}

fn ask(number: &str, region: &str, carrier: Option<&str>, mismatch: Mismatch) -> IdentifyLine {
    let region = Region::new(region);
    identify_line(Catalogue::bundled(), number, Some(&region), carrier, Wishes { mismatch, confirmed: false })
}

#[test]
fn no_reported_number_is_sent_to_a_carrier_it_must_not_go_to() {
    let mut wrong = Vec::new();
    // The setting never makes the first kind of row dangerous; "warn" sends what fits nobody, which is what it says.
    for row in numbers() {
        let (id, text) = (row["id"].as_str().expect("id"), row["number"].as_str().expect("a number"));
        let line =
            ask(text, row["region"].as_str().expect("a market"), row["claimed_carrier"].as_str(), Mismatch::Hold);
        let sent = line.push.as_ref().and_then(|push| push.carrier.as_deref());
        let never: Vec<&str> = row["never"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let danger = line.push.is_some() && never.iter().any(|never| *never == "*" || Some(*never) == sent);
        let invalid = line.push.is_some() && row["valid"] == false && row["ok_push"].is_null();
        let held = line.push.is_none() && row["valid"] == true && row["debatable"].is_null();
        if danger || invalid || held {
            wrong.push(format!("{id} {text}: {:?} {sent:?} {}", line.verdict, line.why));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_reported_name_means_the_labelled_carrier() {
    let mut wrong = Vec::new();
    for row in rows(include_str!("../../../tests/fixtures/carriers/reported-names.json")) {
        let text = |key: &str| row[key].as_str();
        let region = text("region").map(Region::new);
        let platform = text("platform").and_then(Platform::parse);
        let name = text("value").expect("a name");
        let found = carrier_line(Catalogue::bundled(), name, region.as_ref(), platform).carrier;
        let candidate = row["candidates"].as_array().into_iter().flatten().any(|one| one.as_str() == found.as_deref());
        let free = row["debatable"] == true || (row["ambiguous"] == true && (found.is_none() || candidate));
        if !free && found.as_deref() != text("carrier") {
            wrong.push(format!("{name}: {found:?}, not {:?}", text("carrier")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn anothers_number_is_held_whatever_the_setting() {
    for (number, region, carrier) in [
        ("TBA734803964193", "US", "Better Trucks"),
        ("1Z999AA10123456784", "US", "GLS US"),
        ("9400111206206406260787", "US", "UPS"),
        ("15501234567890", "UK", "DHL"),
        ("JD0002882857300580", "UK", "DX"),
        ("RN123456785US", "UK", "Panther"),
    ] {
        for mismatch in [Mismatch::Warn, Mismatch::Hold] {
            assert_eq!(ask(number, region, Some(carrier), mismatch).verdict, Action::Hold, "{number} {carrier}");
        }
    }
    assert_eq!(ask("9261290983497923666238", "US", Some("UPS"), Mismatch::Hold).verdict, Action::Push);
}

#[test]
fn a_misspelt_name_with_a_number_that_fits_nothing_is_held_under_either_setting() {
    assert_eq!(ask("AB12345678", "UK", Some("Yodell"), Mismatch::Warn).verdict, Action::Hold);
    assert_eq!(ask("AB12345678", "UK", Some("Yodel"), Mismatch::Warn).verdict, Action::Warn);
    assert_eq!(ask("JD0002882857300580", "UK", Some("Yodell"), Mismatch::Warn).verdict, Action::Push);
}

#[test]
fn a_prefix_of_its_own_speaks_only_where_no_name_was_given() {
    for number in ["TBA734803964193", "GFUS01011884214272"] {
        assert_eq!(ask(number, "US", None, Mismatch::Hold).verdict, Action::Push, "{number}");
        assert_eq!(ask(number, "US", Some("Bob's van"), Mismatch::Hold).verdict, Action::Hold, "{number}");
    }
    assert_eq!(ask("1Z999AA10123456784", "US", Some("Bob's van"), Mismatch::Hold).verdict, Action::Push);
}

#[test]
fn a_countrys_letters_in_front_count_in_that_country_only() {
    let amazon = |number: &str| ask(number, "UK", Some("Amazon Logistics"), Mismatch::Hold).verdict;
    assert_eq!((amazon("UK9747846486"), amazon("GB9747846486")), (Action::Push, Action::Push));
    assert_eq!(amazon("PL5108966988"), Action::Hold);
}

#[test]
fn words_and_other_systems_ids_are_no_numbers_of_a_carrier_without_shapes() {
    for text in
        ["TRUCK 7 DOOR 4", "LEFT AT DOOR 24", "ROUTE7 STOP12", "NO 1234567", "FLAT 2 12345678", "PARCEL12345678"]
    {
        assert_eq!(ask(text, "UK", Some("DX"), Mismatch::Warn).verdict, Action::Hold, "{text}");
    }
    assert_eq!(ask("AB 12345678", "UK", Some("DX"), Mismatch::Hold).verdict, Action::Push);
    // A word and digits are not the sixteen characters of Evri, also where their count is right.
    for text in ["PARCEL 1234567890", "BUILDING 12345678"] {
        assert_eq!(ask(text, "UK", Some("Evri"), Mismatch::Warn).verdict, Action::Hold, "{text}");
    }
}

#[test]
fn a_name_counts_as_the_company_is_called_now_and_in_words_that_its_capitals_make() {
    for (name, region, carrier) in [
        ("InPost (formerly Yodel)", "UK", "inpost"),
        ("UPS (formerly FedEx)", "US", "ups"),
        ("USPSFlatRateBox", "US", "usps"),
        ("FedExHomeBox", "US", "fedex"),
    ] {
        let found = carrier_line(Catalogue::bundled(), name, Some(&Region::new(region)), None).carrier;
        assert_eq!(found.as_deref(), Some(carrier), "{name}");
    }
}

proptest! {
    #[test]
    fn a_word_of_another_language_never_changes_a_verdict_by_letters_inside_it(
        before in "[а-яéßñ漢字]{1,6}", brand in "(ups|usps|dpd|evri|yodel|fedex|dhl)", after in "[а-яéßñ漢字]{1,6}"
    ) {
        // The letters of a brand inside a word are no brand.
        let word = format!("{before}{brand}{after}");
        let line = ask("H06R4A1011299623", "UK", Some(&word), Mismatch::Hold);
        prop_assert_eq!(line.claimed_carrier, None, "{}", word);
        // Nor do the letters of a foreign word become part of a number.
        let text = format!("{before}1234{after}5678");
        prop_assert_eq!(ask(&text, "UK", Some("DX"), Mismatch::Warn).verdict, Action::Hold, "{}", text);
    }
}
