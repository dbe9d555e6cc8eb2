use super::*;
use crate::domain::order::OrderState;
use crate::domain::samples::{line_ids, order, parcel, show};
use proptest::prelude::*;

fn shared(mut parcel: Parcel, numbers: u32) -> Parcel {
    parcel.sources[0].sharing = numbers;
    parcel
}

#[test]
fn a_parcel_takes_what_the_store_says_is_in_it() {
    let order = order("AWAITING_SHIPMENT", &["MUG", "MUG", "CAP"]);
    for (lines, expected) in [
        (&[][..], Ok(vec![1, 2, 3])),
        (&[("MUG", 2), ("CAP", 1)][..], Ok(vec![1, 2, 3])),
        (&[("mug ", 1)][..], Ok(vec![1])),
        (&[("CAP", 1)][..], Ok(vec![3])),
        (&[("CAP", 2)][..], Err(Unclear::TooMany)),
        (&[("HAT", 1)][..], Err(Unclear::UnknownSku)),
        (&[("", 1)][..], Err(Unclear::UnknownSku)),
        // Other stock codes, but as many units as the whole order has.
        (&[("X-1", 2), ("X-2", 1)][..], Ok(vec![1, 2, 3])),
        // A free gift beside everything that is open.
        (&[("MUG", 2), ("CAP", 1), ("GIFT", 1)][..], Ok(vec![1, 2, 3])),
        // The gift might be the cap under another name.
        (&[("MUG", 2), ("GIFT", 2)][..], Err(Unclear::UnknownSku)),
        (&[("MUG", 0), ("CAP", 1)][..], Ok(vec![3])),
    ] {
        let taken = allocate(&parcel("A", "f1", lines), &[], &order);
        assert_eq!(taken, expected.map(|ids: Vec<usize>| line_ids(&ids)), "{lines:?}");
    }
}

#[test]
fn part_of_a_unit_is_no_unit_that_anybody_may_choose_for_a_person() {
    let order = order("AWAITING_SHIPMENT", &["MUG", "MUG", "CAP"]);
    let mut half = parcel("A", "f1", &[("MUG", 2), ("CAP", 1)]);
    half.sources[0].lines[0].part = true;
    assert_eq!(allocate(&half, &[], &order), Err(Unclear::PartOfUnit));
    assert_eq!(allocate_package(&half, &[], &order), None);
    // Sent for the unit that a person chose: nothing is missing that was only rounded up.
    let mut shown = order.clone();
    show(&mut shown, &[1, 3], "A", "P1", "K1");
    assert_eq!(missing_units(&half, &[], &shown, "A"), None);
    half.sources[0].present = false;
    assert_ne!(allocate(&half, &[], &order), Err(Unclear::PartOfUnit), "what the store took back says nothing");
}

#[test]
fn shipped_cancelled_and_reserved_units_are_not_taken_again() {
    let mut order = order("PARTIALLY_SHIPPING", &["MUG", "MUG", "MUG", "CAP"]);
    show(&mut order, &[1], "OLD", "P1", "K1");
    order.lines[3].state = OrderState::Cancelled;
    let mut other = parcel("B", "f2", &[("MUG", 1)]);
    other.chosen = line_ids(&[2]);
    assert_eq!(allocate(&parcel("A", "f1", &[("MUG", 1)]), &[&other], &order), Ok(line_ids(&[3])));
    assert_eq!(allocate(&parcel("A", "f1", &[]), &[&other], &order), Ok(line_ids(&[3])));
    assert_eq!(allocate(&parcel("A", "f1", &[("CAP", 1)]), &[&other], &order), Err(Unclear::NothingOpen));
}

#[test]
fn two_numbers_for_the_same_single_unit_are_both_held() {
    let order = order("AWAITING_SHIPMENT", &["MUG"]);
    let (a, b) = (parcel("A", "f1", &[("MUG", 1)]), parcel("B", "f2", &[("MUG", 1)]));
    assert_eq!(allocate(&a, &[&b], &order), Err(Unclear::Contested));
    assert_eq!(allocate(&b, &[&a], &order), Err(Unclear::Contested));
}

#[test]
fn a_withdrawn_or_sent_parcel_is_no_rival() {
    let order = order("AWAITING_SHIPMENT", &["MUG"]);
    let mut gone = parcel("B", "f2", &[("MUG", 1)]);
    gone.sources[0].present = false;
    assert_eq!(allocate(&parcel("A", "f1", &[("MUG", 1)]), &[&gone], &order), Ok(line_ids(&[1])));
}

#[test]
fn numbers_that_share_a_shipment_get_one_unit_each_only_where_nothing_else_is_possible() {
    for (skus, lines, numbers, expected) in [
        (&["MUG", "MUG"][..], &[("MUG", 2)][..], 2, Ok(1)),
        (&["MUG", "MUG", "MUG"][..], &[("MUG", 3)][..], 2, Err(Unclear::SharedLines)),
        (&["MUG", "CAP"][..], &[("MUG", 1), ("CAP", 1)][..], 2, Err(Unclear::SharedLines)),
        (&["MUG", "MUG"][..], &[("MUG", 1)][..], 2, Err(Unclear::SharedLines)),
        (&["MUG", "MUG"][..], &[][..], 2, Ok(1)),
        (&["MUG", "CAP"][..], &[][..], 2, Err(Unclear::SharedLines)),
    ] {
        let taken = allocate(&shared(parcel("A", "f1", lines), numbers), &[], &order("AWAITING_SHIPMENT", skus));
        assert_eq!(taken, expected.map(|id| line_ids(&[id])), "{skus:?} {lines:?} {numbers}");
    }
}

#[test]
fn a_parcel_without_contents_leaves_what_another_one_names() {
    let order = order("AWAITING_SHIPMENT", &["MUG", "CAP"]);
    let named = parcel("B", "f2", &[("CAP", 1)]);
    assert_eq!(allocate(&parcel("A", "f1", &[]), &[&named], &order), Ok(line_ids(&[1])));
    let silent = parcel("B", "f2", &[]);
    assert_eq!(allocate(&parcel("A", "f1", &[]), &[&silent], &order), Err(Unclear::SharedLines));
}

proptest! {
    /// Decided one after the other, two parcels never stand on the same unit.
    #[test]
    fn no_unit_travels_twice(
        skus in prop::collection::vec(prop::sample::select(vec!["A", "B", "C"]), 1..6),
        first in prop::collection::vec((prop::sample::select(vec!["A", "B", "C"]), 1u32..3), 0..3),
        second in prop::collection::vec((prop::sample::select(vec!["A", "B", "C"]), 1u32..3), 0..3),
    ) {
        let order = order("AWAITING_SHIPMENT", &skus);
        let (mut a, b) = (parcel("N1", "f1", &first), parcel("N2", "f2", &second));
        if let Ok(lines) = allocate(&a, &[&b], &order) {
            prop_assert!(!lines.is_empty());
            a.chosen.clone_from(&lines);
            if let Ok(others) = allocate(&b, &[&a], &order) {
                prop_assert!(others.iter().all(|id| !lines.contains(id)));
            }
        }
    }
}

#[test]
fn one_number_that_two_stores_report_does_not_compete_with_itself() {
    let order = order("AWAITING_SHIPMENT", &["MUG", "MUG"]);
    for lines in [&[][..], &[("MUG", 2)][..]] {
        let mut twin = parcel("A", "g1", lines);
        twin.store = crate::domain::ids::StoreId::parse("s2").expect("id");
        assert_eq!(allocate(&parcel("A", "f1", lines), &[&twin], &order), Ok(line_ids(&[1, 2])), "{lines:?}");
    }
}

#[test]
fn a_unit_that_tiktok_took_for_another_parcel_is_taken_even_when_the_read_is_behind() {
    let order = order("AWAITING_SHIPMENT", &["MUG", "MUG"]);
    let mut first = parcel("A", "f1", &[("MUG", 1)]);
    first.state = crate::domain::parcel::ParcelState::Accepted;
    first.sent = Some(crate::domain::samples::sent("A", &[1], 0));
    assert_eq!(allocate(&parcel("B", "f2", &[("MUG", 1)]), &[&first], &order), Ok(line_ids(&[2])));
}
