use super::*;
use crate::domain::connection::{Consent, ShopSettings};
use crate::domain::ids::OpenId;
use crate::domain::order::{CancelledBy, PackageState};
use crate::domain::region::AppRegion;
use crate::domain::samples::order as sample;

pub(crate) fn shop(account: &str) -> Shop {
    Shop {
        id: ShopId::parse("7494049642642441621").expect("id"),
        account: AccountId::parse(account).expect("id"),
        name: "Tiny Mugs".into(),
        region: Region::new("US"),
        app: AppRegion::Us,
        open_id: OpenId::parse("o").expect("id"),
        cipher: String::new(),
        parked: None,
        hold_until: None,
        resting: None,
        settings: ShopSettings::default(),
        connected: Timestamp::UNIX_EPOCH,
        consent: Consent::default(),
        label_warning: None,
        learned: crate::domain::connection::Learned::default(),
    }
}

fn at(text: &str) -> Timestamp {
    format!("2026-11-{text}:00Z").parse().expect("time")
}

/// An order as TikTok shows it at a time, with its number from AWAITING_COLLECTION on.
fn order(status: &str, updated: &str) -> TikTokOrder {
    let mut order = sample(status, &["MUG", "MUG", "CAP"]);
    order.update_time = Some(at(updated));
    order.times.created = Some(at("10T15:00"));
    let sent = UnitState::of(&order.state);
    if (UnitState::Accepted..=UnitState::Completed).contains(&sent) {
        for line in &mut order.lines {
            line.tracking = Some("9400100000000000000017".into());
            line.package = PackageId::parse("1153000000000000001").ok();
            line.shipped = Some(at("11T09:00"));
        }
    }
    order
}

fn row(order: &TikTokOrder, begun: &str) -> OrderRow {
    match OrderRow::news(None, &shop("a1"), order, at(begun)) {
        News::Row(row) => *row,
        News::Nothing => panic!("not kept"),
    }
}

fn then(known: &OrderRow, order: &TikTokOrder, begun: &str) -> Option<OrderRow> {
    match OrderRow::news(Some(known), &shop("a1"), order, at(begun)) {
        News::Row(row) => Some(*row),
        News::Nothing => None,
    }
}

fn settled(row: &OrderRow, now: &str) -> OrderRow {
    let (mut row, shop) = (row.clone(), shop("a1"));
    row.settle(&Rules::of(&shop), at(now));
    row
}

fn listed(row: &OrderRow) -> Option<&'static str> {
    row.attention.as_ref().map(|entry| entry.reason.code())
}

#[test]
fn a_newer_time_wins_whatever_its_state_and_an_older_one_never() {
    let moving = row(&order("IN_TRANSIT", "12T10:00"), "12T10:05");
    let back = then(&moving, &order("AWAITING_SHIPMENT", "12T11:00"), "12T11:05").expect("newer");
    assert_eq!(back.facts.state, OrderState::AwaitingShipment);
    assert!(back.events.kept.iter().any(|event| event.code == "b:o"), "{:?}", back.events.kept);
    assert_eq!(then(&back, &order("DELIVERED", "12T10:30"), "12T12:00"), None, "older");
    let cancelled = row(&order("CANCELLED", "12T10:00"), "12T10:05");
    let taken_back = then(&cancelled, &order("AWAITING_SHIPMENT", "12T10:01"), "12T10:06").expect("newer");
    assert!(!taken_back.is_ended(), "its clocks count again");
}

#[test]
fn with_equal_or_missing_times_the_later_read_wins_and_the_state_never_goes_back() {
    for time in [Some(at("12T10:00")), None] {
        let of = |status: &str| TikTokOrder { update_time: time, ..order(status, "12T10:00") };
        let known = row(&of("AWAITING_COLLECTION"), "12T10:05");
        assert!(then(&known, &of("IN_TRANSIT"), "12T10:06").is_some());
        assert_eq!(then(&known, &of("AWAITING_SHIPMENT"), "12T10:06"), None, "back");
        assert_eq!(then(&known, &of("IN_TRANSIT"), "12T10:04"), None, "an earlier read");
    }
}

#[test]
fn what_says_nothing_new_is_not_written() {
    let known = row(&order("AWAITING_SHIPMENT", "12T10:00"), "12T10:05");
    assert_eq!(then(&known, &order("AWAITING_SHIPMENT", "12T10:00"), "12T10:10"), None);
    let delivered = row(&order("DELIVERED", "12T10:00"), "12T10:05");
    assert_eq!(then(&delivered, &order("COMPLETED", "20T10:00"), "20T10:05"), None, "delivered is the end for us");
    let unpaid = OrderRow::news(None, &shop("a1"), &order("UNPAID", "12T10:00"), at("12T10:05"));
    assert_eq!(unpaid, News::Nothing, "an order that nobody paid makes no row");
}

#[test]
fn what_tiktok_ships_is_seen_once_and_not_again_until_that_changes() {
    let of = |shipping: &str, status: &str, updated: &str| TikTokOrder {
        shipping_type: Some(shipping.into()),
        ..order(status, updated)
    };
    let known = row(&of("TIKTOK", "AWAITING_SHIPMENT", "12T10:00"), "12T10:05");
    assert_eq!(known.facts.skipped(), Some(Reason::NotSellerShipping));
    assert_eq!(settled(&known, "29T10:00").place, None, "no clock");
    assert_eq!(then(&known, &of("TIKTOK", "IN_TRANSIT", "13T10:00"), "13T10:05"), None);
    let ours = then(&known, &of("SELLER", "AWAITING_SHIPMENT", "13T10:00"), "13T10:05").expect("changed");
    assert_eq!((ours.facts.skipped(), settled(&ours, "13T10:06").place.is_some()), (None, true));
    let stock = TikTokOrder { fulfillment_type: Some("FULFILLMENT_BY_TIKTOK".into()), ..order("ON_HOLD", "12T10:00") };
    assert_eq!(row(&stock, "12T10:05").facts.skipped(), Some(Reason::FulfilledByTikTok));
}

#[test]
fn an_order_without_a_usable_address_is_not_imported_and_keeps_its_clocks() {
    for (ship_to, status, skipped) in [
        (ShipTo::Masked, "AWAITING_SHIPMENT", Some(Reason::AddressMasked)),
        (ShipTo::Missing, "AWAITING_SHIPMENT", Some(Reason::NoShipTo)),
        (ShipTo::Missing, "ON_HOLD", None),
        (ShipTo::Masked, "CANCELLED", None),
        (ShipTo::Present, "AWAITING_SHIPMENT", None),
    ] {
        let known = row(&TikTokOrder { ship_to, ..order(status, "12T10:00") }, "12T10:05");
        assert_eq!(known.facts.skipped(), skipped, "{ship_to:?} {status}");
        assert_eq!(settled(&known, "12T10:06").place.is_some(), status != "CANCELLED", "{ship_to:?} {status}");
    }
}

#[test]
fn an_order_stands_under_its_earliest_clock_and_when_late_under_its_next() {
    let known = row(&order("AWAITING_SHIPMENT", "10T15:00"), "10T15:05");
    let place = |now: &str| settled(&known, now).place.map(|place| (place.clock, place.late));
    // 11 November is a holiday in the US: RTS and SCAN on the 13th, delivery on the 19th, cancelled on the 20th.
    assert_eq!(place("10T15:06"), Some((Clock::Rts, false)));
    assert_eq!(place("14T08:30"), Some((Clock::Deliver, true)));
    assert_eq!(place("20T08:30"), Some((Clock::AutoCancel, true)));
    assert_eq!(place("29T08:30"), Some((Clock::AutoCancel, true)), "else under the last that passed");
    let done = row(&order("DELIVERED", "12T10:00"), "12T10:05");
    assert_eq!(settled(&done, "12T10:06").place, None);
    let first = settled(&known, "10T15:06");
    assert_eq!(settled(&first, "10T18:00").place, first.place, "since stays while the deadline does");
}

#[test]
fn what_follows_the_push_is_listed_when_a_hand_can_still_help() {
    let accepted = row(&order("AWAITING_COLLECTION", "11T09:00"), "11T09:05");
    for (now, reason) in [
        ("11T09:30", None),
        // The scan is due on the 14th at 07:59 UTC.
        ("14T02:00", None),
        ("14T04:00", Some("NOT_SCANNED")),
        ("15T08:00", Some("NOT_SCANNED")),
        ("20T09:00", Some("DELAYED")),
        ("21T10:00", Some("LOST")),
    ] {
        assert_eq!(listed(&settled(&accepted, now)), reason, "{now}");
    }
    let mut fresh = order("AWAITING_COLLECTION", "14T07:00");
    for line in &mut fresh.lines {
        line.shipped = Some(at("14T07:00"));
    }
    assert_eq!(listed(&settled(&row(&fresh, "14T07:05"), "14T07:30")), None, "never in the first hour");
    let open = row(&order("AWAITING_SHIPMENT", "10T15:00"), "10T15:05");
    assert_eq!(listed(&settled(&open, "13T08:00")), None);
    assert_eq!(listed(&settled(&open, "14T08:30")), Some("LATE"));
    let moved = then(&accepted, &order("IN_TRANSIT", "14T05:00"), "14T05:01").expect("news");
    assert_eq!(listed(&settled(&moved, "14T05:02")), None, "it leaves the list with the scan");
}

#[test]
fn an_order_cancelled_after_its_parcel_left_is_listed_until_dismissed() {
    let accepted = row(&order("AWAITING_COLLECTION", "11T09:00"), "11T09:05");
    let mut news = order("CANCELLED", "12T09:00");
    news.cancellation = Some(Cancellation { by: Some(CancelledBy::Buyer), code: None });
    let cancelled = settled(&then(&accepted, &news, "12T09:05").expect("news"), "12T09:06");
    assert_eq!(listed(&cancelled), Some("CANCELLED_AFTER_DISPATCH"));
    assert_eq!(cancelled.attention.as_ref().map(|a| a.detail.as_str()), Some("9400100000000000000017"));
    let dismissed = OrderRow { dismissed: vec![Reason::CancelledAfterDispatch], ..cancelled };
    assert_eq!(listed(&settled(&dismissed, "12T10:00")), None);
    let open = row(&order("AWAITING_SHIPMENT", "11T09:00"), "11T09:05");
    let never_sent = then(&open, &news, "12T09:05").expect("news");
    assert_eq!(listed(&settled(&never_sent, "12T09:06")), None, "no number, no list");
}

#[test]
fn a_cancelled_package_is_a_lost_parcel_and_a_cancelled_unit_is_not() {
    let mut news = order("IN_TRANSIT", "12T09:00");
    news.lines[0].package_state = Some(PackageState::LostOrDamaged);
    news.lines[1].state = OrderState::Cancelled;
    news.lines[1].package_state = Some(PackageState::LostOrDamaged);
    let known = row(&news, "12T09:05");
    assert_eq!(known.facts.count(|state| state == UnitState::Lost), 1);
    assert_eq!(known.facts.count(|state| state == UnitState::Cancelled), 1);
    assert_eq!(listed(&settled(&known, "12T09:06")), Some("LOST"));
}

#[test]
fn a_number_that_tiktok_accepted_and_does_not_show_is_listed_until_it_does() {
    let open = row(&order("AWAITING_SHIPMENT", "10T15:00"), "10T15:05");
    let unmoved = OrderRow { unmoved: Some("9400 1000-0000 0000 000017".into()), ..open };
    assert_eq!(listed(&settled(&unmoved, "11T09:25")), Some("ACCEPTED_NOT_MOVED"));
    let moved = then(&unmoved, &order("AWAITING_COLLECTION", "11T09:30"), "11T09:31").expect("news");
    assert_eq!(listed(&settled(&moved, "11T09:32")), None);
}

#[test]
fn another_account_begins_anew() {
    let mut known = row(&order("AWAITING_SHIPMENT", "12T10:00"), "12T10:05");
    known.dismissed = vec![Reason::Late];
    known.rev = 3;
    let News::Row(theirs) =
        OrderRow::news(Some(&known), &shop("a2"), &order("AWAITING_SHIPMENT", "12T09:00"), at("13T09:00"))
    else {
        panic!("not kept")
    };
    assert_eq!((theirs.account.as_str(), theirs.dismissed.len(), theirs.rev), ("a2", 0, 3));
}

#[test]
fn the_events_are_chained_and_at_most_ten() {
    let mut chain = Chain::default();
    for minute in 0..15 {
        chain.add(Event::deadline(at(&format!("12T10:{minute:02}"))));
    }
    assert_eq!((chain.kept.len(), chain.dropped, chain.kept[0].at), (10, 5, at("12T10:00")));
    let mut other = Chain::default();
    for minute in 0..15 {
        other.add(if minute == 3 {
            Event::failed(at("12T10:03"))
        } else {
            Event::deadline(at(&format!("12T10:{minute:02}")))
        });
    }
    assert_eq!(other.kept, chain.kept, "the one that differs is not kept any more");
    assert_ne!(other.hash, chain.hash, "and is found all the same");
}

#[test]
fn every_state_has_its_words() {
    for status in [
        "UNPAID",
        "ON_HOLD",
        "AWAITING_SHIPMENT",
        "PARTIALLY_SHIPPING",
        "AWAITING_COLLECTION",
        "IN_TRANSIT",
        "DELIVERED",
        "COMPLETED",
        "CANCELLED",
        "SHINY_NEW",
    ] {
        let state = OrderState::parse(status);
        assert_eq!(tiktok_word(&state), status);
        assert!(STATE_WORDS.contains(&state_word(&state)));
    }
    for state in UnitState::ALL {
        assert_eq!(UnitState::of_letter(state.letter()), Some(state));
    }
}
