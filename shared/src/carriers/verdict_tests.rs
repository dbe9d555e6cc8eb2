use super::*;
use crate::carriers::field::Scope;
use crate::domain::region::Region;
use proptest::prelude::*;

pub(super) fn decide_with(
    catalogue: &Catalogue,
    number: &str,
    region: &str,
    name: Option<&str>,
    wishes: Wishes,
) -> (Action, Option<Reason>, Option<String>, Option<String>, Vec<String>) {
    let region = Region::new(region);
    let approved = Approved::bundled(catalogue, Some(&region));
    let named = match name {
        None => Named::Missing,
        Some(key) => match catalogue.carrier(key) {
            Some(carrier) => Named::Carrier(carrier, Service::Unsaid),
            None => Named::from_answer(&catalogue.by_name(key, Some(&region), None)),
        },
    };
    let on_list = match &named {
        Named::Carrier(carrier, _) if approved.of(carrier) != Approval::No => Some(*carrier),
        _ => None,
    };
    let reading = catalogue.read(number, &Scope { approved: &approved, named: on_list, references: &[] });
    let verdict = catalogue.decide(&reading, &named, &approved, wishes);
    let better = verdict.better.iter().map(|c| c.key.clone()).collect();
    (verdict.action, verdict.reason, verdict.carrier.map(|c| c.key.clone()), verdict.number, better)
}

pub(super) const STRICT: Wishes = Wishes { mismatch: Mismatch::Hold, confirmed: false };
pub(super) const LENIENT: Wishes = Wishes { mismatch: Mismatch::Warn, confirmed: false };
pub(super) const CONFIRMED: Wishes = Wishes { mismatch: Mismatch::Hold, confirmed: true };

/// One row: number, market, named carrier → with the strict setting, with the lenient one, after a confirmation.
#[test]
fn the_table_of_verdicts() {
    use Action::{Hold, Push, Warn};
    use Reason::{
        CarrierFormatMismatch as Format, CarrierMissing as Missing, CarrierNotApproved as NotApproved,
        CarrierUnmapped as Unmapped, TrackingInvalid as Invalid,
    };
    for (number, region, name, strict, lenient, confirmed) in [
        // The named carrier, a number of its own.
        ("1Z999AA10123456784", "US", Some("ups"), (Push, None), Push, Push),
        ("9261290983497923666238", "US", Some("fedex"), (Push, None), Push, Push),
        ("9261290983497923666238", "US", Some("osm_worldwide"), (Push, None), Push, Push),
        ("EB463362466GB", "GB", Some("royal_mail"), (Push, None), Push, Push),
        ("WM882441264GB", "GB", Some("parcelforce"), (Push, None), Push, Push),
        ("C40000000000001", "US", Some("ontrac"), (Push, None), Push, Push),
        // No shape is public: sane is enough, unless the number surely belongs to someone else.
        ("ABC12345678", "US", Some("better_trucks"), (Push, None), Push, Push),
        ("1Z999AA10123456784", "US", Some("better_trucks"), (Hold, Some(Format)), Hold, Warn),
        // A number that fits nobody: the setting decides, also where the carrier's shapes are not known well.
        ("AB12345678", "US", Some("spee_dee"), (Hold, Some(Format)), Warn, Warn),
        ("UUX9737868115933631", "US", Some("uniuni"), (Hold, Some(Format)), Warn, Warn),
        ("77873461805", "US", Some("old_dominion"), (Hold, Some(Format)), Warn, Warn),
        ("363133156338", "JP", Some("yamato"), (Hold, Some(Format)), Warn, Warn),
        // Well known shapes, and none fits.
        ("JC0002356595975811", "GB", Some("evri"), (Hold, Some(Format)), Warn, Warn),
        ("940734633028603073801", "US", Some("usps"), (Hold, Some(Format)), Warn, Warn),
        // The right shape with a wrong check digit is a typing error, whatever the setting.
        ("1Z999AA10123456785", "US", Some("ups"), (Hold, Some(Invalid)), Hold, Warn),
        ("JV406888102GB", "GB", Some("royal_mail"), (Hold, Some(Invalid)), Hold, Warn),
        ("155043301706593", "GB", Some("dpd_uk"), (Hold, Some(Invalid)), Hold, Warn),
        // Another carrier's number.
        ("1Z999AA10123456784", "US", Some("usps"), (Hold, Some(Format)), Hold, Warn),
        ("WM882441264GB", "GB", Some("evri"), (Hold, Some(Format)), Hold, Warn),
        // The market does not take the carrier: no setting and no confirmation helps.
        ("9400111206206406260787", "GB", Some("usps"), (Hold, Some(NotApproved)), Hold, Hold),
        ("WM882441264GB", "US", Some("royal_mail"), (Hold, Some(NotApproved)), Hold, Hold),
        ("YT2762054702803274", "US", Some("yunexpress"), (Hold, Some(NotApproved)), Hold, Hold),
        ("1Z999AA10123456784", "GB", Some("ups"), (Warn, Some(NotApproved)), Warn, Warn),
        // Untracked services.
        ("320019254000221BB4EFC", "GB", Some("royal_mail"), (Hold, Some(Invalid)), Hold, Warn),
        ("320019254000221BB4EFC", "GB", Some("Royal Mail 48"), (Hold, Some(NotApproved)), Hold, Warn),
        ("WM882441264GB", "GB", Some("Royal Mail 48"), (Push, None), Push, Push),
        ("WM882441264GB", "GB", Some("Royal Mail untracked"), (Hold, Some(NotApproved)), Hold, Warn),
        // Nobody named a carrier: an exclusive shape of one carrier speaks, everything else waits.
        ("1Z999AA10123456784", "US", None, (Push, None), Push, Push),
        ("GFUS01011884214272", "US", Some("Bob's van"), (Hold, Some(Unmapped)), Hold, Hold),
        ("GFUS01011884214272", "US", Some("Other"), (Push, None), Push, Push),
        ("1Z999AA10123456784", "US", Some("Other"), (Push, None), Push, Push),
        ("1Z999AA10123456785", "US", None, (Hold, Some(Invalid)), Hold, Hold),
        ("477179081230", "US", None, (Hold, Some(Missing)), Hold, Hold),
        ("ABC12345678", "US", Some("Bob's van"), (Hold, Some(Unmapped)), Hold, Hold),
        ("ABC12345678", "US", Some("Custom"), (Hold, Some(Missing)), Hold, Hold),
        ("9400111206206406260787", "GB", None, (Hold, Some(Missing)), Hold, Hold),
        // Families of shapes that several carriers share.
        ("LH36302481", "US", None, (Hold, Some(Missing)), Hold, Hold),
        ("LH36302481", "US", Some("ontrac"), (Push, None), Push, Push),
        ("LH36302481", "US", Some("LaserShip/OnTrac"), (Push, None), Push, Push),
        ("JJD0002255380054291", "GB", None, (Hold, Some(Missing)), Hold, Hold),
        ("JJD0002255380054291", "GB", Some("yodel"), (Push, None), Push, Push),
        ("C06A4A1011299623", "GB", None, (Hold, Some(Missing)), Hold, Hold),
        ("H06R4A1011299623", "GB", None, (Hold, Some(Missing)), Hold, Hold),
        ("3318810025", "GB", None, (Hold, Some(Missing)), Hold, Hold),
        ("402266107154", "JP", None, (Hold, Some(Missing)), Hold, Hold),
        // "DHL" in the US: the number decides, or a person.
        ("3318810025", "US", Some("DHL"), (Push, None), Push, Push),
        ("GM2988643647314989", "US", Some("DHL"), (Push, None), Push, Push),
        ("420112139261290983497923666238", "US", Some("DHL"), (Push, None), Push, Push),
        ("ABC12345678", "US", Some("DHL"), (Hold, Some(Unmapped)), Hold, Hold),
        // Junk is never sent, confirmed or not.
        ("N/A", "US", Some("ups"), (Hold, Some(Invalid)), Hold, Hold),
        ("000000000000", "US", Some("fedex"), (Hold, Some(Invalid)), Hold, Hold),
        ("1Z999AA10123456784, 1Z5R89390357567127", "US", Some("ups"), (Hold, Some(Invalid)), Hold, Hold),
    ] {
        let run = |wishes| decide_with(Catalogue::bundled(), number, region, name, wishes);
        let (action, reason, carrier, sent, _) = run(STRICT);
        assert_eq!((action, reason), strict, "{number} {region} {name:?}");
        assert_eq!(run(LENIENT).0, lenient, "{number} {region} {name:?} lenient");
        assert_eq!(run(CONFIRMED).0, confirmed, "{number} {region} {name:?} confirmed");
        assert_eq!(action != Hold, carrier.is_some() && sent.is_some(), "{number} {region} {name:?}");
        assert_eq!(action == Push, reason.is_none());
    }
}

#[test]
fn an_empty_field_is_a_missing_number() {
    assert_eq!(
        decide_with(Catalogue::bundled(), "\u{200b} ", "US", Some("ups"), STRICT).1,
        Some(Reason::TrackingMissing)
    );
}

#[test]
fn a_mismatch_names_the_better_carrier() {
    for (number, region, name, better) in [
        ("1Z999AA10123456784", "US", "usps", "ups"),
        ("WM882441264GB", "GB", "evri", "royal_mail"),
        ("JD0002558958054443", "GB", "dpd_uk", "yodel"),
        ("03733029365567546652", "US", "usps", "fedex"),
    ] {
        assert_eq!(
            decide_with(Catalogue::bundled(), number, region, Some(name), STRICT).4,
            [better],
            "{number} {name}"
        );
    }
}

#[test]
fn the_number_goes_out_in_the_carriers_own_form() {
    for (number, name, sent) in [
        ("420112139261290983497923666238", "DHL", "9261290983497923666238"),
        ("1001921334250001000300779017972697", "fedex", "779017972697"),
        ("33810799560000004380417923803212", "fedex", "438041792380"),
        (" 1z 999 aa1 01 2345 6784 ", "ups", "1Z999AA10123456784"),
    ] {
        assert_eq!(
            decide_with(Catalogue::bundled(), number, "US", Some(name), STRICT).3.as_deref(),
            Some(sent),
            "{number}"
        );
    }
}

/// The data with one more shape, given to a carrier that only the US takes.
fn with_stray_shape(regex: &str, strength: &str) -> Option<Catalogue> {
    let mut data: serde_json::Value =
        serde_json::from_str(include_str!("../../data/carriers/carriers.json")).expect("JSON");
    let carriers = data.as_array_mut().expect("carriers");
    let stray = serde_json::json!({"id": "stray", "regex": regex, "check": null, "enforce": "none", "strength": strength,
        "confidence": "CONFIRMED", "sources": [], "example_numbers": [], "note": null});
    let carrier = carriers.iter_mut().find(|c| c["key"] == "spee_dee").expect("known");
    carrier["formats"].as_array_mut().expect("shapes").push(stray);
    let meta = include_str!("../../data/carriers/carriers-meta.json");
    let names = include_str!("../../data/carriers/store-carrier-names.json");
    Catalogue::from_json(&data.to_string(), meta, names).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn an_extra_shape_never_changes_the_verdict_of_another_market(
        regex in "\\^(\\[A-Z0-9\\]|[0-9A-Z]|\\[A-Z\\])(\\[A-Z0-9\\]\\{[0-9],3[0-9]\\}|[A-Z0-9]{0,6}\\\\d\\{[0-9]{1,2}\\})\\$",
        strength in "exclusive|shared|weak",
        raw in "(1Z|[A-Z]{2}|H0)?[0-9 ]{5,20}(GB|, |[0-9A-Z]{3})?",
    ) {
        if let Some(other) = with_stray_shape(&regex, &strength) {
            for number in [raw.as_str(), "H06R4A1011299623", "WM882441264GB", "Tracking: WM882441264GB", "12 345 678 90"] {
                for name in [None, Some("Royal Mail"), Some("evri"), Some("spee_dee"), Some("Bob's van"), Some("panther")] {
                    let before = decide_with(Catalogue::bundled(), number, "GB", name, STRICT);
                    prop_assert_eq!(decide_with(&other, number, "GB", name, STRICT), before, "{} {:?} {}", number, name, regex);
                }
            }
        }
    }

    #[test]
    fn any_text_gets_a_verdict(raw in "\\PC{0,80}", name in "\\PC{0,40}") {
        let (action, reason, _, number, _) = decide_with(Catalogue::bundled(), &raw, "US", Some(&name), STRICT);
        prop_assert_eq!(action == Action::Hold, number.is_none());
        prop_assert_eq!(action == Action::Push, reason.is_none());
        if let Some(number) = number {
            prop_assert!(number.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()), "{}", number);
        }
    }
}
