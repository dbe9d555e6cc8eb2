//! Stories: one TikTok order or two, and what a warehouse, a buyer, a seller and TikTok make of it.

pub(super) mod edges;
pub(super) mod strange;

use super::generate::Pen;
use super::world::{Deed, Items, Message, Minute};

/// Adds a story.
pub fn tell(pen: &mut Pen) {
    match pen.upto(30) {
        0..=9 => everyday(pen),
        10 => wrong_id(pen),
        11 => no_id(pen),
        12 => two_orders_of_one_warehouse_order(pen),
        13 => labels_mixed_up(pen),
        14 | 15 => several_numbers(pen),
        16 => same_parcel_ids(pen),
        17 => two_reporters(pen),
        18 => strange::strange_contents(pen),
        19 => strange::unknown_carrier(pen),
        20 => strange::doubtful(pen),
        21 => strange::clock_ahead(pen),
        22 => strange::not_ours(pen),
        23 => strange::taken_back(pen),
        24 | 25 => strange::shop_away(pen),
        26 => strange::order_late(pen),
        27 => strange::shipped_elsewhere(pen),
        28 => strange::gift(pen),
        _ => strange::silent(pen),
    }
}

/// Shares an order's items out to parcels.
fn shares(pen: &mut Pen, items: &Items) -> Vec<Items> {
    let parcels = 1 + pen.upto(3);
    let mut shares: Vec<Items> = vec![Vec::new(); parcels];
    for (sku, count) in items {
        for _ in 0..*count {
            let share = pen.upto(parcels);
            match shares[share].iter_mut().find(|(known, _)| known == sku) {
                Some((_, known)) => *known += 1,
                None => shares[share].push((sku, 1)),
            }
        }
    }
    shares.retain(|share| !share.is_empty());
    shares
}

/// A time within the first hours.
fn soon(pen: &mut Pen) -> Minute {
    let long = pen.one(&[20, 60, 60, 240]);
    1 + pen.upto(long) as Minute
}

/// An order in some parcels, each of which may be edited, cancelled, made anew.
fn everyday(pen: &mut Pen) {
    let at = soon(pen);
    let items = pen.items();
    let order = pen.order(at, items.clone());
    let id = pen.plan.orders[order].id.clone();
    let (mut store, mut store_order) = (pen.store(), pen.store_order());
    let shares = shares(pen, &items);
    if shares.len() > 1 {
        pen.kind('E');
    }
    let mut last = at;
    for share in shares {
        if pen.happens(15) {
            // A second order of the warehouse, or of another one.
            pen.kind('K');
            (store, store_order) = (pen.store(), pen.store_order());
        }
        let told = at + 1 + soon(pen);
        let message = pen.parcel(told, store, &store_order, Some(id.clone()), share);
        pen.tells(told, message.clone());
        last = last.max(life(pen, told, message));
    }
    around(pen, order, at, last);
}

/// What becomes of a parcel. Gives the time of the last change.
fn life(pen: &mut Pen, told: Minute, mut message: Message) -> Minute {
    let mut at = told;
    for _ in 0..pen.upto(3) {
        at += 1 + soon(pen);
        match pen.upto(4) {
            0 => {
                // Another number.
                message.numbers = vec![pen.number()];
                message.version = pen.version(at);
                let truth = super::world::Truth {
                    number: message.numbers[0].clone(),
                    order: message.tiktok.clone(),
                    items: message.items.clone(),
                };
                pen.plan.truth.push(truth);
            }
            1 => {
                pen.kind('H');
                message.version = pen.version(at);
                let gone = Message { cancelled: true, ..message.clone() };
                pen.tells(at, gone);
                if pen.happens(60) {
                    // Shipped after all, as the same or as a new parcel.
                    at += 1 + soon(pen);
                    if pen.happens(50) {
                        pen.kind('L');
                        message = pen.parcel(at, message.store, &message.order, message.tiktok.clone(), message.items);
                    } else {
                        message.version = pen.version(at);
                    }
                } else {
                    return at;
                }
            }
            2 => {
                pen.kind('H');
                let version = pen.version(at);
                pen.at(at, Deed::CancelInStore { store: message.store, order: message.order.clone(), version });
                if pen.happens(60) {
                    at += 1 + soon(pen);
                    message.version = pen.version(at);
                } else {
                    return at;
                }
            }
            // The same again, newer.
            _ => message.version = pen.version(at),
        }
        pen.tells(at, message.clone());
    }
    at
}

/// What buyer, seller, carrier and TikTok do to the order meanwhile.
fn around(pen: &mut Pen, order: usize, from: Minute, until: Minute) {
    let at = from + 1 + pen.upto((until - from) as usize + 90) as Minute;
    match pen.upto(14) {
        0 => pen.plan.orders[order].on_hold = true,
        1 => {
            pen.plan.orders[order].unpaid = true;
            if pen.happens(70) {
                pen.at(at, Deed::Pay(order));
            }
        }
        2 => {
            pen.kind('H');
            pen.at(at, Deed::Cancel(order));
        }
        3 => {
            pen.kind('I');
            pen.at(at, Deed::AskToCancel(order));
            if pen.happens(50) {
                let later = at + 1 + soon(pen);
                pen.at(later, Deed::RejectCancel(order));
            }
        }
        4 => pen.at(at, Deed::CancelUnit(order, 0)),
        _ => {}
    }
}

/// A plain order with one parcel that holds all of it, told at a time after it.
fn plain(pen: &mut Pen) -> (usize, Minute, Message) {
    let at = soon(pen);
    let items = pen.items();
    let order = pen.order(at, items.clone());
    let id = pen.plan.orders[order].id.clone();
    let (store, store_order, told) = (pen.store(), pen.store_order(), at + 1 + soon(pen));
    let message = pen.parcel(told, store, &store_order, Some(id), items);
    (order, told, message)
}

/// The id is mistyped, and corrected by the warehouse now or never; then a person sees to it.
fn wrong_id(pen: &mut Pen) {
    pen.kind('C');
    let (_, told, message) = plain(pen);
    let wrong = Message { tiktok: Some("576000000000099999".into()), ..message.clone() };
    pen.tells(told, wrong);
    if pen.happens(60) {
        let late = pen.one(&[5, 120, 1600]);
        let at = told + late;
        let version = pen.version(at);
        pen.tells(at, Message { version, ..message });
    }
}

/// The warehouse does not know TikTok's id.
fn no_id(pen: &mut Pen) {
    pen.kind('C');
    let (_, told, message) = plain(pen);
    pen.tells(told, Message { tiktok: None, ..message });
}

/// One warehouse order holds two TikTok orders; now and then they travel under one number.
fn two_orders_of_one_warehouse_order(pen: &mut Pen) {
    pen.kind('C');
    let (first, told, message) = plain(pen);
    let items = pen.items();
    let second = pen.order(told, items.clone());
    pen.plan.orders[second].shop = pen.plan.orders[first].shop;
    if pen.happens(50) {
        pen.plan.orders[first].buyer = Some("one buyer");
        pen.plan.orders[second].buyer = Some("one buyer");
    }
    let at = told + soon(pen);
    let id = pen.plan.orders[second].id.clone();
    let mut other = pen.parcel(at, message.store, &message.order, Some(id), items);
    if pen.happens(40) {
        other.numbers.clone_from(&message.numbers);
    }
    if pen.happens(20) {
        // The same parcel id, as if the id had been corrected.
        other.shipment.clone_from(&message.shipment);
    }
    pen.tells(told, message);
    pen.tells(at, other);
}

/// The label of one order stands on another too, until that is corrected.
fn labels_mixed_up(pen: &mut Pen) {
    pen.kind('I');
    let (_, told, message) = plain(pen);
    let (_, other_told, other) = plain(pen);
    let wrong = Message { numbers: other.numbers.clone(), ..message.clone() };
    pen.tells(told, wrong);
    pen.tells(other_told, other);
    if pen.happens(70) {
        let at = told.max(other_told) + 1 + soon(pen);
        let version = pen.version(at);
        pen.tells(at, Message { version, ..message });
    }
}

/// One parcel, several numbers: as many as units, or not.
fn several_numbers(pen: &mut Pen) {
    pen.kind('F');
    let at = soon(pen);
    let count = 2 + pen.upto(2) as u32;
    let mut items: Items = vec![("MUG", count)];
    if pen.happens(20) {
        items.push(("CAP", 1));
    }
    let order = pen.order(at, items.clone());
    let id = pen.plan.orders[order].id.clone();
    let (store, store_order, told) = (pen.store(), pen.store_order(), at + 1 + soon(pen));
    let mut message = pen.parcel(told, store, &store_order, Some(id), items);
    let numbers = if pen.happens(80) { count as usize } else { 2 };
    while message.numbers.len() < numbers {
        message.numbers.push(pen.number());
    }
    pen.tells(told, message.clone());
    if pen.happens(25) {
        // One number more or less, or another one.
        let at = told + soon(pen);
        message.version = pen.version(at);
        message.numbers[0] = pen.number();
        pen.tells(at, message);
    }
}

/// A warehouse splits an order into two of its own and counts parcels from 1 in each.
fn same_parcel_ids(pen: &mut Pen) {
    pen.kind('G');
    let at = soon(pen);
    let order = pen.order(at, vec![("MUG", 1), ("CAP", 2)]);
    let id = pen.plan.orders[order].id.clone();
    let store = pen.store();
    for share in [vec![("MUG", 1)], vec![("CAP", 2)]] {
        let (store_order, told) = (pen.store_order(), at + 1 + soon(pen));
        let message = pen.parcel(told, store, &store_order, Some(id.clone()), share);
        let message = Message { shipment: "1".into(), ..message };
        pen.tells(told, message.clone());
        if pen.happens(40) {
            life(pen, told, message);
        }
    }
}

/// Two reporters of one parcel: the same number, or two that contradict.
fn two_reporters(pen: &mut Pen) {
    pen.kind('K');
    let (_, told, message) = plain(pen);
    let (store_order, at) = (pen.store_order(), told + soon(pen));
    let store = pen.store();
    let mut other = pen.parcel(at, store, &store_order, message.tiktok.clone(), message.items.clone());
    let same = pen.happens(60);
    if same {
        other.numbers.clone_from(&message.numbers);
        other.shipment.clone_from(&message.shipment);
        if pen.happens(50) {
            pen.kind('N');
            other.carrier = "Our own van";
        }
    }
    if !same || store != message.store {
        pen.tells(at, other);
    }
    pen.tells(told, message);
}
