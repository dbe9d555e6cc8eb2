//! Stories: one TikTok order or two, and what a warehouse, a buyer, a seller and TikTok make of it.

use super::generate::Pen;
use super::world::{Deed, Items, Message, Minute};

/// Adds a story.
pub fn tell(pen: &mut Pen) {
    everyday(pen);
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
    let long = pen.one(&[20, 120, 600]);
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
