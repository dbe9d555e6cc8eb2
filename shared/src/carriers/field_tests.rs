use super::*;
use crate::domain::region::Region;
use proptest::prelude::*;
use serde::Deserialize;

fn read_in(raw: &str, region: Option<&str>, named: Option<&str>, references: &[&str]) -> Reading<'static> {
    let catalogue = Catalogue::bundled();
    let region = region.map(Region::new);
    let approved = Approved::bundled(catalogue, region.as_ref());
    let named = named.and_then(|key| catalogue.carrier(key));
    catalogue.read(raw, &Scope { approved: &approved, named, references })
}

fn numbers(reading: &Reading<'_>) -> Vec<String> {
    reading.numbers.iter().map(|number| number.canonical.clone()).collect()
}

#[test]
fn every_worked_field_of_the_data_reads_as_written_there() {
    #[derive(Deserialize)]
    struct Meta {
        field_cases: Vec<Field>,
    }
    #[derive(Deserialize)]
    struct Field {
        raw: String,
        expect: Vec<String>,
    }
    let meta: Meta = serde_json::from_str(include_str!("../../data/carriers/carriers-meta.json")).expect("JSON");
    assert!(meta.field_cases.len() >= 16);
    for case in meta.field_cases {
        let reading = read_in(&case.raw, None, None, &[]);
        assert_eq!(numbers(&reading), case.expect, "{:?} {reading:?}", case.raw);
    }
}

#[test]
fn numbers_are_found_however_people_write_them() {
    for (raw, region, named, expected) in [
        ("9400\u{a0}1112–0620_6406.2607 87", "US", None, vec!["9400111206206406260787"]),
        ("9400 1112&nbsp;0620 6406&#160;2607 87", "US", None, vec!["9400111206206406260787"]),
        ("(420) 78745 9400 1112 0620 6406 2607 87", "US", None, vec!["9400111206206406260787"]),
        ("420787459400111206206406260787", "US", Some("fedex"), vec!["9400111206206406260787"]),
        ("1Z999AA10123456784 1Z5R89390357567127", "US", None, vec!["1Z999AA10123456784", "1Z5R89390357567127"]),
        ("1Z999AA10123456784 and 1Z5R89390357567127", "US", None, vec!["1Z999AA10123456784", "1Z5R89390357567127"]),
        ("RB123456785GB | rb 1234 5678 5 gb", "UK", None, vec!["RB123456785GB"]),
        ("UPS: 1Z 999 AA1 01 2345 6784", "US", None, vec!["1Z999AA10123456784"]),
        ("UPS, 1Z999AA10123456784", "US", None, vec!["1Z999AA10123456784"]),
        ("Your parcel has the number 9400 1112 0620 6406 2607 87.", "US", None, vec!["9400111206206406260787"]),
        ("1234/12345670", "ES", Some("nacex"), vec!["123412345670"]),
        ("H 06R4 A 101129962 3", "UK", None, vec!["H06R4A1011299623"]),
        ("AB-123 456 789", "US", Some("better_trucks"), vec!["AB123456789"]),
        ("https://www.ups.com/track?tracknum=1Z999AA10123456784", "US", None, vec!["1Z999AA10123456784"]),
        ("https://tracking.bettertrucks.com/AB123456789", "US", None, vec!["AB123456789"]),
    ] {
        assert_eq!(numbers(&read_in(raw, Some(region), named, &[])), expected, "{raw}");
    }
}

#[test]
fn what_no_check_digit_confirms_is_not_cut_out_of_text() {
    for (raw, region, named) in [
        ("Evri H06R4A1011299623", "UK", Some("evri")),
        ("Tracking: 12345678", "UK", Some("panther")),
        ("Panther 12345678", "UK", Some("panther")),
        ("RB123456785GB / see notes", "UK", None),
        ("1Z999AA10123456784, N/A", "US", None),
        ("1Z999AA10123456785 (UPS)", "US", Some("ups")),
        ("АB12345678", "US", Some("better_trucks")),
        ("9.40011E+21", "US", Some("usps")),
        ("https://www.ups.com/track?tracknum=1Z999AA10123456785", "US", Some("ups")),
        ("https://example.com/?tracknum=1Z999AA10123456784", "US", Some("ups")),
        ("gid://shopify/Fulfillment/1Z999AA10123456784", "US", Some("ups")),
    ] {
        let reading = read_in(raw, Some(region), named, &[]);
        assert_eq!(numbers(&reading), Vec::<String>::new(), "{raw}");
        assert!(reading.junk.is_some(), "{raw}");
    }
}

#[test]
fn the_orders_own_number_is_never_a_tracking_number() {
    let own = ["#1Z-999 AA10123456784", "", "  "];
    assert_eq!(read_in("1Z999AA10123456784", Some("US"), None, &own).junk, Some(Junk::OwnReference));
    assert_eq!(read_in("1Z5R89390357567127", Some("US"), None, &own).junk, None);
}

#[test]
fn a_link_whose_number_stands_behind_a_hash_only_shows_it() {
    let reading =
        read_in("https://www.royalmail.com/track-your-item#/tracking-results/RA123456785GB", Some("UK"), None, &[]);
    assert_eq!((numbers(&reading), reading.junk), (vec![], Some(Junk::Link)));
    assert_eq!(reading.shown.as_deref(), Some("RA123456785GB"));
}

#[test]
fn a_field_of_any_length_is_read_in_bounded_work() {
    for piece in ["1", "é", "1Z999AA10123456784 ", "a,", "/ ", "\u{fdfa}", "https://ups.com/ "] {
        for size in [300, 1_999, 2_000, 50_000] {
            let raw: String = piece.chars().cycle().take(size).collect();
            let _ = read_in(&raw, None, None, &["x"]);
        }
    }
    assert_eq!(read_in(&"9".repeat(50_000), None, None, &[]).junk, Some(Junk::TooLong));
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(raw in "\\PC{0,120}") {
        let reading = read_in(&raw, Some("US"), Some("ups"), &[&raw]);
        prop_assert!(reading.numbers.len() <= MOST_PIECES * MOST_WORDS);
    }

    #[test]
    fn text_like_a_tracking_field_is_read_without_panic(
        raw in "(1Z|420|GB|H0|[0-9]{2,12}|[A-Z]{1,3}|[ ,;/|+&.#-]| and |https://www\\.ups\\.com/\\?|tracknum=|é){0,14}"
    ) {
        let reading = read_in(&raw, None, None, &[]);
        prop_assert!(reading.junk.is_some() || !reading.numbers.is_empty());
    }

    #[test]
    fn the_canonical_form_of_a_number_is_its_own_canonical_form(
        raw in "(420[0-9]{5})?(9[1-5][0-9]{20}|1Z[A-Z0-9]{15}[0-9]|[0-9]{10,34}|[A-Z]{2}[0-9]{9}GB)"
    ) {
        let once = read_in(&raw, None, None, &[]);
        for number in numbers(&once) {
            let twice = read_in(&number, None, None, &[]);
            if let [again] = numbers(&twice).as_slice() {
                prop_assert_eq!(again, &number);
            }
        }
    }

    #[test]
    fn spaces_and_case_never_change_what_is_read(number in "[A-Z]{0,3}[0-9]{6,16}", gap in 1..6_usize) {
        let grouped: Vec<String> = number.chars().collect::<Vec<_>>().chunks(gap).map(|c| c.iter().collect()).collect();
        let plain = read_in(&number, Some("GB"), None, &[]);
        let written = read_in(&grouped.join(" ").to_lowercase(), Some("GB"), None, &[]);
        // Single characters may read as words of their own; the joined text always comes first.
        if plain.numbers.iter().any(|n| n.fits.iter().any(crate::carriers::Fit::speaks)) && written.junk.is_none() {
            prop_assert_eq!(numbers(&written), numbers(&plain));
        }
    }
}
