mod orders;

use super::*;
use crate::domain::connection::{StoreSettings, StoreStatus};
use crate::domain::fulfilment::StoreLine;
use crate::domain::fulfilment::{ShipmentStatus, StoreParcel};
use crate::domain::ids::{AccountId, ShopId, StoreId, TikTokOrderId};
use crate::domain::parcel::{ParcelState, Phase};
use crate::domain::platform::Platform;
use crate::domain::reason::Reason;
use crate::domain::tracking::TrackingNumber;
use proptest::prelude::*;

/// The rows that a message changes.
fn absorb(known: &[Parcel], news: &Fulfilment, store: &StoreConnection, healed: bool, now: Timestamp) -> Vec<Parcel> {
    super::absorb(known, news, store, healed, now).expect("one kind of versions").rows
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("in range")
}

fn store() -> StoreConnection {
    StoreConnection {
        name: None,
        id: StoreId::parse("s1").expect("id"),
        account: AccountId::parse("a1").expect("id"),
        platform: Platform::Shopify,
        shops: vec![ShopId::parse("7").expect("id")],
        address: "tiny-mugs.myshopify.com".into(),
        hook: None,
        settings: StoreSettings::default(),
        status: StoreStatus::Connected,
        connected: at(0),
        due: None,
        poll_due: None,
        polls: crate::domain::connection::PollState::default(),
        placed: true,
    }
}

fn shipment(id: &str, version: i64, status: ShipmentStatus, numbers: &[&str]) -> Shipment {
    Shipment {
        id: ShipmentId::parse(id).expect("id"),
        version: Version { changed: version, seen: version },
        status,
        parcels: numbers
            .iter()
            .map(|n| StoreParcel { number: TrackingNumber::parse(n).expect("number"), carrier: Some("USPS".into()) })
            .collect(),
        lines: vec![StoreLine::new("MUG", 1)],
    }
}

fn message(shipments: Vec<Shipment>) -> Fulfilment {
    Fulfilment {
        order: StoreOrderId::parse("1042").expect("id"),
        order_name: Some("#1042".into()),
        link: OrderLink::NotRead,
        cancelled: None,
        shipments,
        complete: None,
    }
}

/// Applies messages as the table would: new rows appended, changed rows replaced.
fn after(messages: &[Fulfilment]) -> Vec<Parcel> {
    let mut rows: Vec<Parcel> = Vec::new();
    for (i, message) in messages.iter().enumerate() {
        for mut write in absorb(&rows, message, &store(), false, at(1000 + i as i64)) {
            write.rev += 1;
            let same = |row: &Parcel| {
                row.number.as_ref().map(TrackingNumber::key) == write.number.as_ref().map(TrackingNumber::key)
                    && row.apart == write.apart
                    && (row.number.is_some() || row.sources[0].shipment == write.sources[0].shipment)
            };
            match rows.iter_mut().find(|row| same(row)) {
                Some(row) => *row = write,
                None => rows.push(write),
            }
        }
    }
    rows
}

/// Number → state, for the rows that carry a number.
fn states(rows: &[Parcel]) -> Vec<(String, String)> {
    rows.iter().filter_map(|r| Some((r.number.as_ref()?.key(), r.state.to_string()))).collect()
}

fn current(rows: &[Parcel]) -> Vec<String> {
    let mut numbers: Vec<String> =
        rows.iter().filter(|r| !r.is_withdrawn()).filter_map(|r| r.number.as_ref()).map(TrackingNumber::key).collect();
    numbers.sort();
    numbers
}

use ShipmentStatus::{Cancelled, NotYet, Shipped as Ship};

#[test]
fn a_shipment_becomes_one_parcel_due_at_once() {
    let rows = after(&[message(vec![shipment("f1", 1, Ship, &["A"])])]);
    assert_eq!(states(&rows), [("A".to_owned(), "RECEIVED".to_owned())]);
    assert_eq!(rows[0].due, Some(at(1000)));
}

#[test]
fn a_repeated_message_writes_nothing() {
    let message = message(vec![shipment("f1", 1, Ship, &["A", "B"])]);
    let rows = after(std::slice::from_ref(&message));
    assert_eq!(absorb(&rows, &message, &store(), false, at(2000)), []);
}

#[test]
fn an_edited_number_replaces_the_older_one_and_the_new_row_is_written_first() {
    let rows = after(&[message(vec![shipment("f1", 1, Ship, &["A"])])]);
    let writes = absorb(&rows, &message(vec![shipment("f1", 2, Ship, &["B"])]), &store(), false, at(2000));
    assert_eq!(states(&writes), [("B".into(), "RECEIVED".into()), ("A".into(), "SUPERSEDED".into())]);
}

#[test]
fn a_number_that_is_stored_but_not_yet_closed_is_recognised_as_replaced() {
    let rows = after(&[message(vec![shipment("f1", 1, Ship, &["A"])])]);
    let writes = absorb(&rows, &message(vec![shipment("f1", 2, Ship, &["B"])]), &store(), false, at(2000));
    let (old, new) = (&rows[0], &writes[0]);
    assert!(is_replaced(old, &[new]) && !is_replaced(new, &[old]));
}

/// The process ended after the new number was stored; the store is read again, in the same second of the store's clock.
#[test]
fn a_number_is_not_replaced_because_another_was_taken_off_later() {
    let rows = after(&[message(vec![shipment("f1", 1, Ship, &["A"])])]);
    let edited = message(vec![shipment("f1", 2, Ship, &["B"])]);
    let half = absorb(&rows, &edited, &store(), false, at(2000)).swap_remove(0);
    let mut read_again = edited;
    read_again.shipments[0].version.seen = 3;
    let writes = absorb(&[rows[0].clone(), half.clone()], &read_again, &store(), false, at(3000));
    assert_eq!(states(&writes), [("A".into(), "SUPERSEDED".into())]);
    assert!(!is_replaced(&half, &[&writes[0]]), "{half:?} {writes:?}");
}

#[test]
fn editing_there_and_back_ends_at_the_first_number() {
    let edit = |v, n| message(vec![shipment("f1", v, Ship, &[n])]);
    let rows = after(&[edit(1, "A"), edit(2, "B"), edit(3, "A")]);
    assert_eq!(states(&rows), [("A".into(), "QUEUED".into()), ("B".into(), "SUPERSEDED".into())]);
}

#[test]
fn an_older_message_that_arrives_late_changes_nothing() {
    let rows = after(&[message(vec![shipment("f1", 2, Ship, &["B"])])]);
    assert_eq!(absorb(&rows, &message(vec![shipment("f1", 1, Ship, &["A"])]), &store(), false, at(9)), []);
}

#[test]
fn a_cancel_that_overtakes_its_create_keeps_the_number_out() {
    let rows =
        after(&[message(vec![shipment("f1", 2, Cancelled, &["A"])]), message(vec![shipment("f1", 1, Ship, &["A"])])]);
    assert_eq!(current(&rows), Vec::<String>::new());
    assert!(states(&rows).is_empty());
}

#[test]
fn a_cancelled_shipment_is_not_sent() {
    let rows =
        after(&[message(vec![shipment("f1", 1, Ship, &["A"])]), message(vec![shipment("f1", 2, Cancelled, &["A"])])]);
    assert_eq!(states(&rows), [("A".into(), "SKIPPED(CANCELLED)".into())]);
    assert_eq!(rows[0].due, None);
}

#[test]
fn a_shipment_without_a_number_is_shown_until_the_number_comes() {
    let rows = after(&[message(vec![shipment("f1", 1, Ship, &[])])]);
    assert_eq!(rows[0].state.to_string(), "HELD(TRACKING_MISSING)");
    let rows = after(&[message(vec![shipment("f1", 1, Ship, &[])]), message(vec![shipment("f1", 2, Ship, &["A"])])]);
    assert_eq!(rows[0].state, ParcelState::Superseded);
    assert_eq!(states(&rows), [("A".into(), "RECEIVED".into())]);
    let back = message(vec![shipment("f1", 3, Ship, &[])]);
    let rows =
        after(&[message(vec![shipment("f1", 1, Ship, &[])]), message(vec![shipment("f1", 2, Ship, &["A"])]), back]);
    assert_eq!(rows[0].state.to_string(), "HELD(TRACKING_MISSING)");
    assert_eq!(states(&rows), [("A".into(), "SUPERSEDED".into())]);
}

#[test]
fn a_number_outlives_the_row_without_one_that_is_closed_only_with_a_later_message() {
    let seen = |version: i64, seen: i64, numbers: &[&str]| {
        let mut told = shipment("f1", version, ShipmentStatus::Shipped, numbers);
        told.version.seen = seen;
        message(vec![told])
    };
    let mut rows = after(&[seen(1, 1, &[])]);
    // Only the first of the two writes was made.
    rows.extend(absorb(&rows, &seen(2, 2, &["A"]), &store(), true, at(1001)).into_iter().take(1));
    let closed = absorb(&rows, &seen(2, 9, &["A"]), &store(), true, at(1002));
    assert!(
        closed.len() == 1 && closed[0].number.is_none() && closed[0].state == ParcelState::Superseded,
        "{closed:?}"
    );
    assert!(!is_replaced(&rows[1], &[&closed[0]]));
}

#[test]
fn a_second_shipment_of_the_order_is_a_second_parcel() {
    let rows = after(&[message(vec![shipment("f1", 1, Ship, &["A"])]), message(vec![shipment("f2", 2, Ship, &["B"])])]);
    assert_eq!(current(&rows), ["A", "B"]);
}

#[test]
fn one_number_on_two_shipments_is_one_parcel_until_both_let_go() {
    let both = [message(vec![shipment("f1", 1, Ship, &["A"])]), message(vec![shipment("f2", 1, Ship, &["a "])])];
    let rows = after(&both);
    assert_eq!((rows.len(), rows[0].sources.len()), (1, 2));
    let [first, second] = both;
    let rows = after(&[first, second, message(vec![shipment("f1", 2, Cancelled, &[])])]);
    assert_eq!(current(&rows), ["A"]);
    assert_eq!(rows[0].state.phase(), Phase::Open);
}

#[test]
fn what_is_not_shipped_yet_is_no_news() {
    assert_eq!(after(&[message(vec![shipment("f1", 1, NotYet, &["A"])])]), []);
}

#[test]
fn a_complete_list_closes_what_it_no_longer_names() {
    let mut news = message(vec![shipment("f2", 5, Ship, &["B"])]);
    news.complete = Some(Version { changed: 5, seen: 5 });
    let rows = after(&[message(vec![shipment("f1", 1, Ship, &["A"]), shipment("f2", 1, Ship, &["B"])]), news]);
    assert_eq!(states(&rows), [("A".into(), "SUPERSEDED".into()), ("B".into(), "RECEIVED".into())]);
}

#[test]
fn a_cancelled_order_takes_its_parcels_out_and_keeps_older_shipments_out() {
    let mut cancel = message(vec![]);
    cancel.cancelled = Some(Version { changed: 5, seen: 5 });
    let ship = message(vec![shipment("f1", 1, Ship, &["A"])]);
    for order in [[ship.clone(), cancel.clone()], [cancel, ship]] {
        let rows = after(&order);
        assert_eq!(states(&rows), [("A".into(), "SKIPPED(CANCELLED)".into())]);
        assert!(rows.iter().all(|row| row.due.is_none()));
    }
}

#[test]
fn an_order_of_another_channel_leaves_no_row() {
    let mut news = message(vec![shipment("f1", 1, Ship, &["A"])]);
    news.link = OrderLink::OtherChannel;
    assert_eq!(after(&[news]), []);
}

#[test]
fn a_later_message_brings_the_order_id_to_the_waiting_parcel() {
    let first = message(vec![shipment("f1", 1, Ship, &["A"])]);
    let mut rows = after(std::slice::from_ref(&first));
    rows[0].state = ParcelState::NeedsAttention(Reason::OrderNotFound);
    rows[0].due = None;
    let link = OrderLink::Found(TikTokOrderId::parse("576000000000000017").expect("id"));
    let writes = absorb(&rows, &link_only(first.order, link.clone()), &store(), false, at(3000));
    assert_eq!((&writes[0].link, writes[0].state, writes[0].due), (&link, ParcelState::Queued, Some(at(3000))));
}

#[test]
fn another_carrier_for_a_sent_number_goes_back_to_the_queue() {
    let mut rows = after(&[message(vec![shipment("f1", 1, Ship, &["A"])])]);
    rows[0].state = ParcelState::Accepted;
    rows[0].due = None;
    let mut news = message(vec![shipment("f1", 2, Ship, &["A"])]);
    news.shipments[0].parcels[0].carrier = Some("UPS".into());
    let writes = absorb(&rows, &news, &store(), false, at(3000));
    assert_eq!((writes[0].state, writes[0].carrier.as_deref()), (ParcelState::Queued, Some("UPS")));
}

#[test]
fn a_sent_number_stays_sent_when_the_store_cancels_and_is_marked_withdrawn() {
    let mut rows = after(&[message(vec![shipment("f1", 1, Ship, &["A"])])]);
    rows[0].state = ParcelState::Accepted;
    let writes = absorb(&rows, &message(vec![shipment("f1", 2, Cancelled, &["A"])]), &store(), false, at(3000));
    assert_eq!((writes[0].state, writes[0].is_withdrawn()), (ParcelState::Accepted, true));
}

proptest! {
    /// Whatever the order of arrival and however often: the numbers of the newest version of each shipment are current.
    #[test]
    fn shuffled_and_repeated_messages_end_at_the_newest_version(
        history in prop::collection::vec((0usize..3, prop::collection::vec(0usize..4, 0..3), any::<bool>()), 1..7),
        arrival in prop::collection::vec(0usize..7, 7..25),
    ) {
        let names = ["A", "B", "C", "D"];
        let messages: Vec<Fulfilment> = history.iter().enumerate().map(|(v, (f, numbers, cancelled))| {
            let numbers: std::collections::BTreeSet<&str> = numbers.iter().map(|n| names[*n]).collect();
            let numbers: Vec<&str> = numbers.into_iter().collect();
            let status = if *cancelled { Cancelled } else { Ship };
            message(vec![shipment(&format!("f{f}"), v as i64 + 1, status, &numbers)])
        }).collect();
        // Every message arrives at least once.
        let mut order: Vec<usize> = arrival.into_iter().filter(|i| *i < messages.len()).collect();
        order.extend((0..messages.len()).filter(|i| !order.contains(i)).collect::<Vec<_>>());
        let rows = after(&order.iter().map(|i| messages[*i].clone()).collect::<Vec<_>>());
        let mut expected: Vec<String> = Vec::new();
        for f in 0..3 {
            if let Some((_, numbers, false)) = history.iter().rfind(|(g, _, _)| *g == f) {
                expected.extend(numbers.iter().map(|n| names[*n].to_owned()));
            }
        }
        expected.sort();
        expected.dedup();
        prop_assert_eq!(current(&rows), expected);
        for row in &rows {
            prop_assert_eq!(row.due.is_some(), row.state.phase() == Phase::Open);
            prop_assert!(!(row.is_withdrawn() && row.state.phase() == Phase::Open), "{:?}", row);
        }
    }
}

#[test]
fn a_parcel_whose_items_could_not_be_told_is_tried_again_when_its_rival_is_gone() {
    let mut rows = after(&[message(vec![shipment("f1", 1, Ship, &["A"]), shipment("f2", 1, Ship, &["B"])])]);
    for row in &mut rows {
        (row.state, row.due) = (ParcelState::NeedsAttention(Reason::LinesUnmatched), None);
    }
    let gone = message(vec![shipment("f2", 2, Cancelled, &["B"])]);
    let writes = absorb(&rows, &gone, &store(), false, at(2000));
    let first = writes.iter().find(|row| row.number.as_ref().is_some_and(|n| n.key() == "A")).expect("written");
    assert_eq!((first.state, first.due), (ParcelState::Queued, Some(at(2000))));
    let again = message(vec![shipment("f1", 1, Ship, &["A"]), shipment("f2", 1, Ship, &["B"])]);
    assert!(absorb(&rows, &again, &store(), false, at(2000)).is_empty(), "a repeat frees nothing");
}

const ONE: &str = "576000000000000017";
const TWO: &str = "576000000000000025";
