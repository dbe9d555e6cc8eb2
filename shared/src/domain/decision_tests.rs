use super::*;
use crate::domain::ids::StoreId;
use crate::domain::samples::{at, line_ids, order, parcel, sent, show};

fn usps(number: &str) -> Carried {
    Carried { number: number.into(), provider: ProviderId::parse("P1").expect("id"), provider_name: "USPS".into() }
}

fn us() -> Rules {
    Rules { region: Region::new("US"), cancel_brake: true, hold_samples: false, first_call: None }
}

fn decided(parcel: &Parcel, others: &[&Parcel], order: &TikTokOrder) -> Decision {
    let number = parcel.number.as_ref().map_or_else(String::new, TrackingNumber::key);
    decide(parcel, &usps(&number), others, order, &us(), at(1000))
}

fn word(decision: &Decision) -> String {
    match decision {
        Decision::Push { through: Through::Order { whole: true }, .. } => "push the whole order".into(),
        Decision::Push { lines, save_first, .. } => format!("push {} lines, save first: {save_first}", lines.len()),
        Decision::Correct { package, edits, .. } => format!("correct {package:?}, edit {edits}"),
        Decision::Done { lines, .. } => format!("done with {}", lines.len()),
        Decision::Wait { reason, until } => format!("wait {reason} until {}", until.as_second()),
        Decision::Hold { reason, .. } => format!("hold {reason}"),
        Decision::Close(state) => format!("close {state}"),
        Decision::CloseAndList(state) => format!("close and list {state}"),
    }
}

#[test]
fn every_order_status_decides_as_the_status_table_says() {
    for (status, expected) in [
        ("UNPAID", "wait UNPAID until 4600"),
        ("ON_HOLD", "wait ON_HOLD until 4600"),
        ("PAID", "push the whole order"),
        ("AWAITING_SHIPMENT", "push the whole order"),
        ("PARTIALLY_SHIPPING", "push the whole order"),
        ("AWAITING_COLLECTION", "hold LINES_UNMATCHED"),
        ("IN_TRANSIT", "hold LINES_UNMATCHED"),
        ("DELIVERED", "hold LINES_UNMATCHED"),
        ("COMPLETED", "hold LINES_UNMATCHED"),
        ("CANCELLED", "close and list SKIPPED(CANCELLED)"),
        ("CANCEL", "close and list SKIPPED(CANCELLED)"),
        ("SHINY_NEW", "hold UNKNOWN_STATUS"),
    ] {
        assert_eq!(word(&decided(&parcel("A", "f1", &[]), &[], &order(status, &["MUG"]))), expected, "{status}");
    }
}

#[test]
fn a_number_that_tiktok_shows_already_is_done_in_every_status_that_can_show_it() {
    for status in ["PARTIALLY_SHIPPING", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED"] {
        let mut order = order(status, &["MUG", "MUG"]);
        show(&mut order, &[1, 2], "a-1 2", "P9", "K1");
        assert_eq!(word(&decided(&parcel("A12", "f1", &[]), &[], &order)), "done with 2", "{status}");
    }
}

#[test]
fn an_order_on_hold_is_looked_at_again_when_its_hour_ends() {
    let mut order = order("ON_HOLD", &["MUG"]);
    order.paid_time = Some(at(500));
    assert_eq!(word(&decided(&parcel("A", "f1", &[]), &[], &order)), "wait ON_HOLD until 4100");
    order.paid_time = Some(at(-9000));
    assert_eq!(word(&decided(&parcel("A", "f1", &[]), &[], &order)), "wait ON_HOLD until 4600");
}

#[test]
fn what_tiktok_ships_itself_is_skipped_with_the_reason() {
    let mut by_tiktok = order("AWAITING_SHIPMENT", &["MUG"]);
    by_tiktok.shipping_type = Some("TIKTOK".into());
    assert_eq!(word(&decided(&parcel("A", "f1", &[]), &[], &by_tiktok)), "close SKIPPED(NOT_SELLER_SHIPPING)");
    by_tiktok.fulfillment_type = Some("FULFILLMENT_BY_TIKTOK".into());
    assert_eq!(word(&decided(&parcel("A", "f1", &[]), &[], &by_tiktok)), "close SKIPPED(FULFILLED_BY_TIKTOK)");
}

#[test]
fn a_pending_cancel_request_brakes_unless_the_shop_says_otherwise() {
    let mut order = order("AWAITING_SHIPMENT", &["MUG"]);
    order.cancel_requested = true;
    let parcel = parcel("A", "f1", &[]);
    assert_eq!(word(&decided(&parcel, &[], &order)), "hold CANCEL_REQUESTED");
    let rules = Rules { cancel_brake: false, ..us() };
    assert_eq!(word(&decide(&parcel, &usps("A"), &[], &order, &rules, at(1000))), "push the whole order");
}

#[test]
fn sample_orders_follow_the_shops_setting() {
    let mut order = order("AWAITING_SHIPMENT", &["MUG"]);
    order.sample = true;
    let parcel = parcel("A", "f1", &[]);
    assert_eq!(word(&decided(&parcel, &[], &order)), "push the whole order");
    let rules = Rules { hold_samples: true, ..us() };
    assert_eq!(word(&decide(&parcel, &usps("A"), &[], &order, &rules, at(1000))), "hold SAMPLE_ORDER");
}

#[test]
fn a_part_of_the_order_names_its_lines_and_saves_them_first() {
    let order = order("AWAITING_SHIPMENT", &["MUG", "MUG", "CAP"]);
    assert_eq!(word(&decided(&parcel("A", "f1", &[("MUG", 1)]), &[], &order)), "push 1 lines, save first: true");
    let other = parcel("B", "f2", &[("CAP", 1)]);
    assert_eq!(word(&decided(&parcel("A", "f1", &[("MUG", 2)]), &[&other], &order)), "push 2 lines, save first: true");
}

#[test]
fn saved_lines_are_kept_even_when_others_would_fit() {
    let mut first = parcel("A", "f1", &[("MUG", 1)]);
    first.chosen = line_ids(&[2]);
    let decision = decided(&first, &[], &order("AWAITING_SHIPMENT", &["MUG", "MUG"]));
    assert!(matches!(decision, Decision::Push { lines, .. } if lines == line_ids(&[2])));
}

#[test]
fn a_number_of_somebody_else_is_never_overwritten() {
    let mut order = order("AWAITING_COLLECTION", &["MUG"]);
    show(&mut order, &[1], "THEIRS", "P1", "K1");
    assert_eq!(word(&decided(&parcel("A", "f1", &[]), &[], &order)), "hold ALREADY_SHIPPED");
}

/// Order with our first number on it, the parcel that carried it (withdrawn), and the newer one.
fn edited(edits: u32) -> (TikTokOrder, Parcel, Parcel) {
    let mut order = order("AWAITING_COLLECTION", &["MUG"]);
    show(&mut order, &[1], "A", "P1", "K1");
    let mut old = parcel("A", "f1", &[]);
    old.state = ParcelState::Superseded;
    old.sources[0].present = false;
    old.sent = Some(sent("A", &[1], edits));
    let mut new = parcel("B", "f1", &[]);
    new.sources[0].version.changed = 2;
    (order, old, new)
}

#[test]
fn a_newer_number_of_the_store_corrects_ours_once() {
    let (order, old, new) = edited(0);
    assert_eq!(word(&decided(&new, &[&old], &order)), "correct None, edit 1");
    let (order, old, new) = edited(1);
    assert_eq!(word(&decided(&new, &[&old], &order)), "hold EDIT_USED");
}

#[test]
fn a_correction_after_72_hours_or_delivery_goes_to_a_ticket() {
    let (mut order, old, new) = edited(0);
    let late = at(100 + 72 * 3600 + 1);
    assert_eq!(word(&decide(&new, &usps("B"), &[&old], &order, &us(), late)), "hold EDIT_WINDOW_CLOSED");
    order.state = OrderState::parse("DELIVERED");
    assert_eq!(word(&decided(&new, &[&old], &order)), "hold EDIT_WINDOW_CLOSED");
}

#[test]
fn a_split_order_is_corrected_by_its_package() {
    let (mut order, old, new) = edited(0);
    order.lines.extend(super::super::samples::order("AWAITING_COLLECTION", &["CAP", "CAP"]).lines.split_off(1));
    show(&mut order, &[2], "OTHER", "P1", "K2");
    assert_eq!(word(&decided(&new, &[&old], &order)), "correct Some(PackageId(\"K1\")), edit 1");
}

#[test]
fn going_back_to_a_number_that_a_correction_replaced_needs_a_second_edit() {
    let (mut order, mut first, mut second) = edited(0);
    show(&mut order, &[1], "B", "P1", "K1");
    second.state = ParcelState::Superseded;
    second.sources[0].present = false;
    second.sent = Some(sent("B", &[1], 1));
    first.state = ParcelState::Queued;
    first.sources[0].present = true;
    first.sources[0].version.changed = 3;
    assert_eq!(word(&decided(&first, &[&second], &order)), "hold EDIT_USED");
    show(&mut order, &[1], "A", "P1", "K1");
    second.sent = None;
    assert_eq!(word(&decided(&first, &[&second], &order)), "done with 1");
}

#[test]
fn another_carrier_for_the_same_number_is_a_correction() {
    let (order, _, _) = edited(0);
    let mut same = parcel("A", "f1", &[]);
    same.sent = Some(sent("A", &[1], 0));
    let ups = Carried { provider: ProviderId::parse("P2").expect("id"), ..usps("A") };
    assert_eq!(word(&decide(&same, &ups, &[], &order, &us(), at(1000))), "correct None, edit 1");
    assert_eq!(word(&decided(&same, &[], &order)), "done with 1");
}

#[test]
fn a_new_shipment_after_a_cancelled_one_corrects_its_number() {
    let (order, old, mut new) = edited(0);
    new.sources[0].shipment = crate::domain::ids::ShipmentId::parse("f2").expect("id");
    assert_eq!(word(&decided(&new, &[&old], &order)), "correct None, edit 1");
}

#[test]
fn a_parcel_whose_shipment_moved_on_is_superseded_even_before_its_row_says_so() {
    let (order, _, new) = edited(0);
    let old = parcel("A", "f1", &[]);
    assert_eq!(word(&decided(&old, &[&new], &order)), "close SUPERSEDED");
}

#[test]
fn a_number_that_stands_on_its_own_items_takes_no_other_and_the_heir_of_a_shipment_goes_first() {
    let mut order = order("AWAITING_COLLECTION", &["MUG", "CAP"]);
    show(&mut order, &[1], "A", "P1", "K1");
    show(&mut order, &[2], "B", "P1", "K2");
    // The answer to A was lost; B, beside it, was replaced by C.
    let lost = parcel("A", "f1", &[]);
    let mut old = parcel("B", "f2", &[]);
    old.state = ParcelState::Superseded;
    old.sources[0].present = false;
    old.sent = Some(sent("B", &[2], 0));
    let mut heir = parcel("C", "f2", &[]);
    heir.sources[0].version.changed = 2;
    let stranger = parcel("D", "f3", &[]);
    assert_eq!(word(&decided(&lost, &[&old, &heir], &order)), "done with 1");
    assert_eq!(word(&decided(&lost, &[&old], &order)), "done with 1");
    assert_eq!(word(&decided(&stranger, &[&old, &heir, &lost], &order)), "hold LINES_UNMATCHED");
    assert!(word(&decided(&heir, &[&old, &lost], &order)).starts_with("correct"));
}

#[test]
fn another_stores_shipment_with_the_same_id_replaces_nothing() {
    let order = order("AWAITING_SHIPMENT", &["MUG", "CAP"]);
    let mine = parcel("A", "1", &[("MUG", 1)]);
    let mut theirs = parcel("B", "1", &[("CAP", 1)]);
    theirs.store = StoreId::parse("s2").expect("id");
    theirs.sources[0].version.changed = 9;
    assert_eq!(word(&decided(&mine, &[&theirs], &order)), "push 1 lines, save first: true");
}

#[test]
fn other_markets_ship_whole_packages() {
    let rules = Rules { region: Region::new("MY"), ..us() };
    let mut order = order("AWAITING_SHIPMENT", &["MUG", "CAP"]);
    order.packages = vec![PackageId::parse("K1").expect("id")];
    let whole = decide(&parcel("A", "f1", &[]), &usps("A"), &[], &order, &rules, at(1000));
    assert!(matches!(whole, Decision::Push { through: Through::Package(ref k), .. } if k.as_str() == "K1"));
    let part = decide(&parcel("A", "f1", &[("MUG", 1)]), &usps("A"), &[], &order, &rules, at(1000));
    assert_eq!(word(&part), "hold LINES_UNMATCHED");
}

#[test]
fn chosen_units_that_went_to_another_parcel_are_chosen_anew() {
    let mut order = order("PARTIALLY_SHIPPING", &["MUG", "MUG"]);
    show(&mut order, &[1], "A", "P1", "900");
    let mut first = parcel("A", "f1", &[("MUG", 1)]);
    first.state = ParcelState::Accepted;
    first.sent = Some(sent("A", &[1], 0));
    let mut second = parcel("B", "f2", &[("MUG", 1)]);
    second.chosen = line_ids(&[1]);
    assert_eq!(word(&decided(&second, &[&first], &order)), "push 1 lines, save first: true");
}

#[test]
fn a_number_whose_answer_was_lost_is_corrected_by_the_number_that_replaced_it() {
    let mut order = order("AWAITING_COLLECTION", &["MUG"]);
    show(&mut order, &[1], "A", "P1", "900");
    let mut old = parcel("A", "f1", &[]);
    old.sources[0].present = false;
    old.state = ParcelState::Superseded;
    let tried = crate::domain::parcel::Tried {
        number: "A".into(),
        provider: ProviderId::parse("P1").expect("id"),
        provider_name: "USPS".into(),
        correction: false,
        at: at(900),
    };
    let new = parcel("B", "f1", &[]);
    old.tried = Some(tried.clone());
    assert_eq!(word(&decided(&new, &[&old], &order)), "correct None, edit 1");
    old.tried = Some(crate::domain::parcel::Tried { correction: true, ..tried });
    assert_eq!(word(&decided(&new, &[&old], &order)), "hold EDIT_USED", "the one edit may have been that");
}

#[test]
fn a_number_that_a_process_sent_and_died_is_corrected_by_the_number_that_replaced_it() {
    let mut order = order("AWAITING_COLLECTION", &["MUG"]);
    show(&mut order, &[1], "A", "P1", "900");
    let mut old = parcel("A", "f1", &[]);
    old.sources[0].present = false;
    old.state = ParcelState::Superseded;
    let new = parcel("B", "f1", &[]);
    assert_eq!(word(&decided(&new, &[&old], &order)), "correct None, edit 1");
    // Another store's parcel still carries that number, or the number is none that this store ever named.
    let mut theirs = parcel("A", "x9", &[]);
    theirs.store = StoreId::parse("s2").expect("id");
    assert_eq!(word(&decided(&new, &[&old, &theirs], &order)), "hold LINES_UNMATCHED");
    show(&mut order, &[1], "Z", "P1", "900");
    assert_eq!(word(&decided(&new, &[&old], &order)), "hold ALREADY_SHIPPED");
}

#[test]
fn a_cancellation_stored_in_the_same_moment_as_a_parcel_keeps_it_from_tiktok() {
    let order = order("AWAITING_SHIPMENT", &["MUG"]);
    let mut marker = parcel("X", "*order", &[]);
    (marker.number, marker.sources[0].present) = (None, false);
    marker.state = ParcelState::Skipped(Reason::Cancelled);
    let row = parcel("A", "f1", &[]);
    assert_eq!(word(&decided(&row, &[&marker], &order)), "close SKIPPED(CANCELLED)");
    let mut later = row.clone();
    later.sources[0].version.changed = 2;
    assert_eq!(word(&decided(&later, &[&marker], &order)), "push the whole order");
}

/// What the decision says where a reason's cause stands in the parcel and the order; `None` where it is found before
/// the decision (order, number, carrier) or after it (TikTok's answer).
fn cause(reason: Reason) -> Option<Decision> {
    use Reason as R;
    let mut order = order("AWAITING_SHIPMENT", &["MUG"]);
    let mut rules = us();
    let parcel = parcel("A", "f1", &[("MUG", 1)]);
    match reason {
        R::NotSellerShipping => order.shipping_type = Some("TIKTOK".into()),
        R::FulfilledByTikTok => order.fulfillment_type = Some("FULFILLMENT_BY_TIKTOK".into()),
        R::Unpaid => order.state = OrderState::parse("UNPAID"),
        R::OnHold => order.state = OrderState::parse("ON_HOLD"),
        R::PreOrder => {
            order.state = OrderState::parse("ON_HOLD");
            order.kind.release = Some(at(9000));
        }
        R::Cancelled => order.state = OrderState::parse("CANCELLED"),
        R::CancelRequested => order.cancel_requested = true,
        R::LinesUnmatched => order = super::super::samples::order("AWAITING_SHIPMENT", &["CAP", "HAT"]),
        R::AlreadyShipped => {
            order.state = OrderState::parse("AWAITING_COLLECTION");
            show(&mut order, &[1], "THEIRS", "P1", "K1");
        }
        R::EditUsed | R::EditWindowClosed => {
            let (order, old, new) = edited(u32::from(reason == R::EditUsed));
            let now = if reason == R::EditUsed { at(1000) } else { at(1000) + EDIT_WINDOW };
            return Some(decide(&new, &usps("B"), &[&old], &order, &rules, now));
        }
        R::SampleOrder => (order.sample, rules.hold_samples) = (true, true),
        R::UnknownStatus => order.state = OrderState::parse("SHINY_NEW"),
        R::NotTikTok
        | R::OrderNotFound
        | R::OrderAmbiguous
        | R::StoreUnreadable
        | R::ShopGone
        | R::ShopPaused
        | R::HeldByPerson => {
            return None;
        }
        R::TrackingMissing | R::TrackingInvalid | R::TrackingDuplicate => return None,
        R::CarrierMissing | R::CarrierUnmapped | R::CarrierNotApproved | R::CarrierFormatMismatch => return None,
        R::AuthExpired | R::AuthRevoked | R::ScopeMissing | R::RegionUnsupported | R::ShopCipherWrong => return None,
        R::RateLimited | R::TikTokError | R::OutcomeUnknown | R::Unlisted | R::TikTokRule | R::Internal => return None,
        R::AppRefused | R::ShopInactive | R::UspsLabel | R::TikTokTracks | R::TrackingShared => return None,
        R::AcceptedWithWarning | R::AcceptedNotMoved => return None,
        // Shown beside an order; an address or a picture never stops a push of what TikTok shows as shippable.
        R::NoShipTo | R::AddressMasked | R::ImageRules => return None,
        // What follows the push is said of orders, never of a parcel that is to be sent.
        R::NotScanned | R::Late | R::Delayed | R::Lost | R::CancelledAfterDispatch | R::SiblingOpen => return None,
    }
    Some(decide(&parcel, &usps("A"), &[], &order, &rules, at(1000)))
}

#[test]
fn every_reason_of_the_catalogue_is_what_its_cause_decides_and_holds_no_longer_than_its_cause() {
    for reason in Reason::ALL.iter().copied() {
        let found = match cause(reason) {
            Some(Decision::Wait { reason, .. } | Decision::Hold { reason, .. }) => Some(reason),
            Some(Decision::Close(state) | Decision::CloseAndList(state)) => state.reason(),
            Some(other) => panic!("{reason}: {}", word(&other)),
            None => Some(reason),
        };
        assert_eq!(found, Some(reason));
        // The cause is gone (mapped, reconnected, answered, decided by a person): whatever it was held for, it goes out.
        let shippable = order("AWAITING_SHIPMENT", &["MUG"]);
        for state in [
            ParcelState::Held(reason),
            ParcelState::NeedsMapping(reason),
            ParcelState::NeedsReauth(reason),
            ParcelState::NeedsAttention(reason),
        ] {
            let mut parcel = parcel("A", "f1", &[("MUG", 1)]);
            parcel.state = state;
            assert_eq!(word(&decided(&parcel, &[], &shippable)), "push the whole order", "{reason}");
        }
    }
}
