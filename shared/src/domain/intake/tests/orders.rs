//! Which order a message names, and what comes of another one.

use super::*;

fn naming(order: &str, shipment: Shipment) -> Fulfilment {
    Fulfilment { link: OrderLink::Found(TikTokOrderId::parse(order).expect("id")), ..message(vec![shipment]) }
}

/// Number → TikTok order and state.
fn orders(rows: &[Parcel]) -> Vec<(String, String, String)> {
    let of = |row: &Parcel| {
        let order = row.tiktok_order().map_or("-", TikTokOrderId::as_str).to_owned();
        Some((row.number.as_ref()?.key(), order, row.state.to_string()))
    };
    rows.iter().filter_map(of).collect()
}

#[test]
fn a_shipment_that_names_another_order_takes_its_unsent_number_there() {
    let first = naming(ONE, shipment("f1", 1, Ship, &["A"]));
    let mut rows = after(std::slice::from_ref(&first));
    (rows[0].state, rows[0].due) = (ParcelState::NeedsAttention(Reason::OrderNotFound), None);
    let writes = absorb(&rows, &naming(TWO, shipment("f1", 2, Ship, &["A"])), &store(), false, at(2000));
    assert_eq!(orders(&writes), [("A".into(), TWO.into(), "QUEUED".into())]);
    assert_eq!(writes[0].apart, None, "it keeps its key");
    // The older message comes again.
    assert!(absorb(&writes, &first, &store(), false, at(3000)).is_empty());
}

#[test]
fn parcels_that_name_different_orders_keep_to_their_own() {
    let rows = after(&[
        naming(ONE, shipment("f1", 1, Ship, &["A"])),
        naming(TWO, shipment("f2", 2, Ship, &["B"])),
        message(vec![shipment("f3", 3, Ship, &["C"])]),
    ]);
    let said: Vec<_> = orders(&rows).into_iter().map(|(number, order, _)| (number, order)).collect();
    assert_eq!(said, [("A".into(), ONE.into()), ("B".into(), TWO.into()), ("C".to_owned(), "-".to_owned())]);
}

#[test]
fn one_number_for_two_orders_is_two_parcels_with_keys_of_their_own() {
    let messages = [naming(ONE, shipment("f1", 1, Ship, &["A"])), naming(TWO, shipment("f2", 1, Ship, &["A"]))];
    let rows = after(&messages);
    assert_eq!(
        orders(&rows),
        [("A".into(), ONE.into(), "RECEIVED".into()), ("A".into(), TWO.into(), "RECEIVED".into())]
    );
    let keys: Vec<String> = rows.iter().map(|row| crate::table::keys::parcel(row).sk).collect();
    assert_eq!(keys, ["ORDER#1042#PARCEL#A".to_owned(), format!("ORDER#1042#PARCEL#A~{TWO}")]);
    for message in &messages {
        assert!(absorb(&rows, message, &store(), false, at(3000)).is_empty(), "a repeat finds its own row");
    }
    let gone = naming(TWO, shipment("f2", 2, Cancelled, &["A"]));
    let writes = absorb(&rows, &gone, &store(), false, at(3000));
    assert_eq!(orders(&writes), [("A".into(), TWO.into(), "SKIPPED(CANCELLED)".into())]);
}

#[test]
fn a_number_that_was_sent_for_the_older_order_is_listed_with_both() {
    let mut rows = after(&[naming(ONE, shipment("f1", 1, Ship, &["A"]))]);
    (rows[0].state, rows[0].due) = (ParcelState::Accepted, None);
    rows[0].sent = Some(crate::domain::samples::sent("A", &[1], 0));
    let corrected = naming(TWO, shipment("f1", 2, Ship, &["A"]));
    let writes = absorb(&rows, &corrected, &store(), false, at(2000));
    let new = &writes[0];
    assert_eq!((new.state.to_string(), new.due), ("NEEDS_ATTENTION(ORDER_AMBIGUOUS)".to_owned(), None));
    let words = &new.events.last().expect("an event").detail;
    assert!(words.contains(ONE) && words.contains(TWO), "{words}");
    assert_eq!(new.apart.as_ref().map(TikTokOrderId::as_str), Some(TWO));
    assert!(writes[1].is_withdrawn() && writes[1].sent.is_some(), "what was sent is not forgotten: {writes:?}");
}

#[test]
fn a_cancelled_order_that_is_shipped_again_is_sent() {
    let ship = |version| message(vec![shipment("f1", version, Ship, &["A"])]);
    let cancel =
        |version| Fulfilment { cancelled: Some(Version { changed: version, seen: version }), ..message(vec![]) };
    let rows = after(&[ship(1), cancel(2), ship(3)]);
    assert_eq!(states(&rows), [("A".into(), "QUEUED".into())]);
    let writes = absorb(&rows, &ship(1), &store(), false, at(3000));
    assert!(writes.is_empty(), "{writes:?}");
    assert_eq!(states(&after(&[ship(1), cancel(2), ship(3), cancel(4)])), [("A".into(), "SKIPPED(CANCELLED)".into())]);
    // Another shipment of the order that was cancelled stays out.
    let other = absorb(&rows, &message(vec![shipment("f2", 2, Ship, &["B"])]), &store(), false, at(3000));
    assert_eq!(states(&other), [("B".into(), "SKIPPED(CANCELLED)".into())]);
}

#[test]
fn a_senders_clock_that_runs_ahead_does_not_shut_out_its_correction() {
    let tell = |rows: &[Parcel], changed: i64, now: i64, number: &str| {
        let mut told = shipment("f1", at(changed).as_millisecond(), Ship, &[number]);
        told.version.seen = at(now).as_millisecond();
        super::super::absorb(rows, &message(vec![told]), &store(), false, at(now)).expect("one kind")
    };
    let (today, tomorrow) = (1_795_000_000, 1_795_086_400);
    let first = tell(&[], tomorrow, today, "A").rows;
    let writes = tell(&first, today + 60, today + 60, "B").rows;
    assert_eq!(states(&writes), [("B".into(), "RECEIVED".into()), ("A".into(), "SUPERSEDED".into())]);
    // The message of the future comes a second time.
    let again = tell(&writes, tomorrow, today + 120, "A");
    assert_eq!(again, Absorbed { rows: Vec::new(), older: true });
    assert_eq!(tell(&first, tomorrow, today + 120, "A"), Absorbed::default(), "a repeat of the newest is no older one");
}

#[test]
fn a_warehouse_that_mixes_counters_and_moments_is_refused_and_one_that_sends_neither_is_not() {
    let warehouse = StoreConnection { platform: Platform::Generic, ..store() };
    let tell = |rows: &[Parcel], changed: i64, seen: i64, number: &str| {
        let mut told = shipment("f1", changed, Ship, &[number]);
        told.version.seen = seen;
        super::super::absorb(
            rows,
            &message(vec![told]),
            &warehouse,
            false,
            Timestamp::from_millisecond(seen).expect("time"),
        )
    };
    let now = 1_795_000_000_000;
    let counted = tell(&[], 7, now, "A").expect("the first").rows;
    assert_eq!(tell(&counted, now - 5, now, "B"), Err(MixedVersions { counted: true }));
    assert_eq!(states(&tell(&counted, 8, now, "B").expect("counted").rows)[0].0, "B");
    assert_eq!(states(&tell(&counted, now + 9, now + 9, "B").expect("by arrival").rows)[0].0, "B");
    let timed = tell(&[], now, now, "A").expect("the first").rows;
    assert_eq!(tell(&timed, 8, now, "B"), Err(MixedVersions { counted: false }));
}

#[test]
fn a_shipment_id_means_nothing_in_another_order() {
    let row = crate::domain::samples::parcel("A", "1", &[]);
    let mut other = crate::domain::samples::parcel("B", "1", &[]);
    other.sources[0].version.changed = 9;
    assert!(is_replaced(&row, &[&other]));
    other.order = StoreOrderId::parse("1043").expect("id");
    assert!(!is_replaced(&row, &[&other]));
}
