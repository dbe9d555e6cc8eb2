use super::*;
use proptest::prelude::*;

const ROWS: [(&str, PushRule, &str); 11] = [
    ("UNPAID", PushRule::Wait, "Waiting for payment"),
    ("ON_HOLD", PushRule::Wait, "Buyer may still cancel"),
    ("PAID", PushRule::Push, "Awaiting shipment"),
    ("AWAITING_SHIPMENT", PushRule::Push, "Awaiting shipment"),
    ("PARTIALLY_SHIPPING", PushRule::Push, "Partly shipped"),
    ("AWAITING_COLLECTION", PushRule::CorrectOnly, "Ready to ship, no scan yet"),
    ("IN_TRANSIT", PushRule::CorrectOnly, "In transit"),
    ("DELIVERED", PushRule::No, "Delivered"),
    ("COMPLETED", PushRule::No, "Completed"),
    ("CANCELLED", PushRule::Never, "Cancelled"),
    ("CANCEL", PushRule::Never, "Cancelled"),
];

#[test]
fn every_status_of_tiktok_has_its_rule_and_its_words() {
    for (word, rule, shown) in ROWS {
        for spelling in [word.to_owned(), word.to_ascii_lowercase()] {
            let state = OrderState::parse(&spelling);
            assert_eq!((state.push_rule(), state.shown_as().as_str()), (rule, shown), "{spelling}");
        }
    }
    let unknown = OrderState::parse("SHINY_NEW");
    assert_eq!(unknown.push_rule(), PushRule::Never);
    assert_eq!(unknown.shown_as(), "Unknown: SHINY_NEW");
}

#[test]
fn every_package_status_has_its_state() {
    for (word, state) in [
        ("TO_FULFILL", PackageState::Planned),
        ("PROCESSING", PackageState::AwaitingScan),
        ("FULFILLING", PackageState::InTransit),
        ("COMPLETED", PackageState::Delivered),
        ("cancelled", PackageState::LostOrDamaged),
        ("NEW", PackageState::Unknown("NEW".into())),
    ] {
        assert_eq!(PackageState::parse(word), state, "{word}");
    }
}

#[test]
fn a_cancellation_wins_over_all_but_delivered_and_completed() {
    for (word, _, _) in ROWS {
        let wins = OrderState::parse(word).may_become(&OrderState::Cancelled);
        assert_eq!(wins, !matches!(word, "DELIVERED" | "COMPLETED"), "{word}");
    }
}

proptest! {
    #[test]
    fn older_news_never_replaces_newer(a in 0usize..11, b in 0usize..11, older in 0i64..1000, newer in 1001i64..2000) {
        let at = |s| Timestamp::from_second(s).unwrap_or_default();
        let (first, second) = (OrderState::parse(ROWS[a].0), OrderState::parse(ROWS[b].0));
        let (state, time) = first.clone().after(at(newer), second, at(older));
        prop_assert_eq!((state, time), (first, at(newer)));
    }

    #[test]
    fn states_only_move_forward(words in prop::collection::vec(0usize..11, 1..8)) {
        let mut state = OrderState::AwaitingPayment;
        let mut time = Timestamp::UNIX_EPOCH;
        for (i, word) in words.into_iter().enumerate() {
            let at = Timestamp::from_second(i as i64 + 1).unwrap_or_default();
            let before = state.clone();
            (state, time) = state.after(time, OrderState::parse(ROWS[word].0), at);
            prop_assert!(before.may_become(&state) || before == state);
        }
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

#[test]
fn an_order_that_never_passes_the_hold_waits_an_hour_after_payment() {
    let mut order = crate::domain::samples::order("AWAITING_SHIPMENT", &["MUG"]);
    order.paid_time = Some(at(1000));
    for (passes_hold, now, ends) in [
        (Some(false), 1000, Some(at(4600))),
        (Some(false), 4599, Some(at(4600))),
        (Some(false), 4600, None),
        (None, 1000, Some(at(4600))),
        (Some(true), 1000, None),
    ] {
        order.kind.passes_hold = passes_hold;
        assert_eq!(order.remorse_ends(at(now)), ends, "{passes_hold:?} {now}");
    }
    order.kind.passes_hold = Some(false);
    order.state = OrderState::PartiallyShipped;
    assert_eq!(order.remorse_ends(at(1000)), None, "somebody ships it already");
    order.state = OrderState::AwaitingShipment;
    order.paid_time = None;
    assert_eq!(order.remorse_ends(at(1000)), None, "nothing to count from");
}

#[test]
fn a_pre_order_waits_for_its_release() {
    let mut order = crate::domain::samples::order("ON_HOLD", &["GAME"]);
    assert_eq!(order.release_ahead(at(5)), None);
    order.kind.release = Some(at(10));
    assert_eq!((order.release_ahead(at(9)), order.release_ahead(at(10))), (Some(at(10)), None));
}

#[test]
fn what_tiktok_ships_or_stores_is_not_ours() {
    let mut order = crate::domain::samples::order("AWAITING_SHIPMENT", &["MUG"]);
    assert!(order.is_seller_shipped());
    order.shipping_type = Some("TIKTOK".into());
    assert!(!order.is_seller_shipped());
    order.shipping_type = None;
    assert!(order.is_seller_shipped());
    order.fulfillment_type = Some("FULFILLMENT_BY_TIKTOK".into());
    assert!(!order.is_seller_shipped());
}
