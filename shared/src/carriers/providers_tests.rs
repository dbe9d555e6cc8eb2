use super::*;
use crate::carriers::bundled::bundled_list;
use crate::carriers::wishes::Mismatch;
use proptest::prelude::*;

fn list(names: &[&str]) -> Vec<Provider> {
    let provider = |(at, name): (usize, &&str)| Provider {
        id: ProviderId::parse(format!("70000000000000000{at:02}")).expect("an id"),
        name: (*name).to_owned(),
    };
    names.iter().enumerate().map(provider).collect()
}

const US: &[&str] = &[
    "USPS",
    "UPS",
    "FedEx",
    "DHL express",
    "DHL eCommerce",
    "Amazon Logistics",
    "LaserShip",
    "OnTrac",
    "GLS US",
    "GLS USA",
    "Foo Van Lines",
];
const UK: &[&str] = &["Royal Mail", "EVRi", "DPD UK", "Yodel UK", "Parcel Force", "DHL UK", "UPS UK"];

fn ask(store: Option<&str>, number: &str, region: &str, choice: Option<&str>, live: &[&str]) -> Resolution {
    let region = Region::new(region);
    let question = Question {
        store_name: store,
        number,
        region: &region,
        platform: None,
        merchant_choice: choice,
        references: &[],
        wishes: Wishes::default(),
    };
    resolve(Catalogue::bundled(), &question, &list(live))
}

fn outcome(resolution: &Resolution) -> Result<&str, Reason> {
    match resolution {
        Resolution::Provider { provider, .. } => Ok(&provider.name),
        Resolution::Hold { reason, .. } => Err(*reason),
    }
}

#[test]
fn a_parcel_goes_to_the_entry_of_the_live_list_that_is_its_carrier() {
    for (store, number, region, choice, live, expected) in [
        (Some("usps ground advantage"), "9400111206206406260787", "US", None, US, Ok("USPS")),
        (Some("Hermes"), "H06R4A1011299623", "GB", None, UK, Ok("EVRi")),
        (Some("Parcelforce 24"), "PF8170563", "GB", None, UK, Ok("Parcel Force")),
        (Some("DPD"), "15501234567890", "GB", None, UK, Ok("DPD UK")),
        (Some("UPS"), "1Z999AA10123456784", "GB", None, UK, Ok("UPS UK")),
        (Some("DHL"), "3318810025", "US", None, US, Ok("DHL express")),
        (Some("DHL"), "GM2988643647314989", "US", None, US, Ok("DHL eCommerce")),
        (Some("DHL"), "ABC12345678", "US", None, US, Err(Reason::CarrierUnmapped)),
        (Some("DHL eCommerce"), "GM2988643647314989", "US", None, US, Ok("DHL eCommerce")),
        (Some("GLS"), "123456780", "US", None, US, Ok("GLS US")),
        (Some("GLS USA"), "123456780", "US", None, US, Ok("GLS USA")),
        (Some("foo van lines"), "FV-123 456", "US", None, US, Ok("Foo Van Lines")),
        (Some("Foo Van Lines"), "1Z999AA10123456784", "US", None, US, Err(Reason::CarrierFormatMismatch)),
        (Some("Bob's van"), "1Z999AA10123456784", "US", None, US, Ok("UPS")),
        (Some("Bob's van"), "BV123456", "US", None, US, Err(Reason::CarrierUnmapped)),
        (Some("Bob's van"), "BV123456", "US", Some("Foo Van Lines"), US, Ok("Foo Van Lines")),
        (Some("Evri"), "H06R4A1011299623", "GB", Some("Hermes"), UK, Ok("EVRi")),
        (Some("USPS"), "1Z999AA10123456784", "US", Some("UPS"), US, Ok("UPS")),
        (Some("USPS"), "1Z999AA10123456784", "US", Some("Vanished Ltd"), US, Err(Reason::CarrierNotApproved)),
        (Some("Tuffnells"), "TF123456", "GB", None, UK, Err(Reason::CarrierNotApproved)),
        (Some("Royal Mail"), "WM882441264GB", "US", None, US, Err(Reason::CarrierNotApproved)),
        (Some("Other"), "ABC12345678", "US", None, US, Err(Reason::CarrierMissing)),
        (None, "1Z999AA10123456784", "US", None, US, Ok("UPS")),
        (None, "N/A", "US", None, US, Err(Reason::TrackingInvalid)),
        (Some("UPS"), "1Z999AA10123456784", "US", None, &[], Err(Reason::CarrierNotApproved)),
        (Some("Royal Mail 48"), "ABC12345678", "GB", None, UK, Err(Reason::CarrierNotApproved)),
        (Some("Royal Mail 48"), "WM882441264GB", "GB", Some("Royal Mail"), UK, Ok("Royal Mail")),
    ] {
        let resolution = ask(store, number, region, choice, live);
        assert_eq!(outcome(&resolution), expected, "{store:?} {number} {choice:?}: {resolution:?}");
    }
}

#[test]
fn a_literal_entry_named_other_is_never_chosen_by_that_word() {
    assert_eq!(outcome(&ask(Some("Other"), "ABC12345678", "US", None, &["Other", "UPS"])), Err(Reason::CarrierMissing));
    assert_eq!(outcome(&ask(Some("Other"), "ABC12345678", "US", Some("Other"), &["Other", "UPS"])), Ok("Other"));
}

#[test]
fn two_entries_alike_are_never_guessed_between() {
    let twins = &["Foo Van", "Foo-Van", "UPS"];
    assert_eq!(outcome(&ask(Some("foo-van"), "ABC12345678", "US", None, twins)), Ok("Foo-Van"));
    assert_eq!(outcome(&ask(Some("FooVan"), "ABC12345678", "US", None, twins)), Err(Reason::CarrierUnmapped));
    assert_eq!(
        outcome(&ask(Some("UPS"), "1Z999AA10123456784", "US", None, &["U.P.S.", "UPS UK Ltd", "U P S"])),
        Err(Reason::CarrierUnmapped)
    );
}

#[test]
fn a_held_parcel_comes_with_entries_of_the_live_list_to_choose_from() {
    let Resolution::Hold { candidates, why, .. } = ask(Some("Foo Vans Limited"), "ABC12345678", "US", None, US) else {
        panic!("held")
    };
    assert_eq!(candidates[0].name, "Foo Van Lines");
    assert!(candidates.len() <= 3 && candidates.iter().all(|c| c.provider.is_some() && !c.why.is_empty()));
    assert!(!why.is_empty());
    let live = list(US);
    let live = LiveList::new(Catalogue::bundled(), &Region::new("US"), &live);
    for nothing in ["Other", "Custom", ""] {
        assert_eq!(live.suggest(Some(nothing), None), [], "{nothing} resembles no carrier");
    }
    let by_number = live.suggest(Some("Bob's van"), Some("1Z999AA10123456784"));
    assert_eq!(by_number[0].name, "UPS");
}

#[test]
fn the_shops_setting_turns_a_mismatch_into_a_warning() {
    let region = Region::new("US");
    let question = Question {
        store_name: Some("USPS"),
        number: "AB12345678",
        region: &region,
        platform: Some(Platform::Shopify),
        merchant_choice: None,
        references: &[],
        wishes: Wishes { mismatch: Mismatch::Warn, confirmed: false },
    };
    // Somebody else's number is held under either setting.
    let other = Question { number: "1Z999AA10123456784", ..question };
    assert!(matches!(resolve(Catalogue::bundled(), &other, &list(US)), Resolution::Hold { .. }));
    let Resolution::Provider { provider, warning, way, .. } = resolve(Catalogue::bundled(), &question, &list(US))
    else {
        panic!("sent")
    };
    assert_eq!((provider.name.as_str(), way), ("USPS", Way::ProviderName));
    assert_eq!(warning.map(|w| w.reason), Some(Reason::CarrierFormatMismatch));
}

#[test]
fn the_bundled_lists_hold_the_ten_and_fifteen_carriers_of_the_brief() {
    for (region, count) in [("GB", 10), ("US", 15)] {
        let bundled = bundled_list(Catalogue::bundled(), &Region::new(region));
        assert_eq!(bundled.iter().filter(|listed| listed.core).count(), count, "{region}");
    }
    assert_eq!(bundled_list(Catalogue::bundled(), &Region::new("MX")), vec![]);
}

#[test]
fn a_changed_list_says_what_vanished_came_and_was_renamed() {
    let before = list(&["USPS", "UPS", "FedEx"]);
    let mut now = before.clone();
    now.remove(0);
    now[0].name = "UPS Ground".into();
    now.push(Provider { id: ProviderId::parse("9").expect("an id"), name: "Veho".into() });
    let change = list_changes(&before, &now);
    assert_eq!(change.removed, [before[0].clone()]);
    assert_eq!(change.added, [now[2].clone()]);
    assert_eq!(change.renamed, [(before[1].clone(), now[0].clone())]);
    assert_eq!(list_changes(&before, &before), ListChange::default());
}

proptest! {
    #[test]
    fn the_provider_always_comes_from_the_live_list(store in "\\PC{0,30}|DHL|UPS|Other", number in "\\PC{0,40}|1Z999AA10123456784", choice in proptest::option::of("UPS|\\PC{0,10}")) {
        match ask(Some(&store), &number, "US", choice.as_deref(), US) {
            Resolution::Provider { provider, .. } => prop_assert!(list(US).contains(&provider)),
            Resolution::Hold { candidates, .. } => {
                prop_assert!(candidates.iter().all(|c| c.provider.as_ref().is_some_and(|p| list(US).contains(p))));
            }
        }
    }
}
