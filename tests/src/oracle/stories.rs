//! Stories: one TikTok order or two, and what a warehouse, a buyer, a seller and TikTok make of it.

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
        18 => strange_contents(pen),
        19 => unknown_carrier(pen),
        20 => doubtful(pen),
        21 => clock_ahead(pen),
        22 => not_ours(pen),
        23 => taken_back(pen),
        24 | 25 => shop_away(pen),
        26 => order_late(pen),
        27 => shipped_elsewhere(pen),
        28 => gift(pen),
        _ => silent(pen),
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

/// Something is inside that TikTok's order does not have.
fn strange_contents(pen: &mut Pen) {
    pen.kind('J');
    let (_, told, mut message) = plain(pen);
    if pen.happens(50) {
        // Only a person knows what that is.
        let count: u32 = message.items.iter().map(|(_, count)| count).sum();
        message.items = vec![("NO-SUCH-CODE", count + 1)];
    } else {
        message.items.push(("STICKER", 1));
    }
    pen.tells(told, message);
}

/// A carrier that nobody has mapped, or none at all.
fn unknown_carrier(pen: &mut Pen) {
    pen.kind('N');
    let (_, told, mut message) = plain(pen);
    message.carrier = pen.one(&["Our own van", "Bob and Sons", ""]);
    pen.tells(told, message.clone());
    life(pen, told, message);
}

/// A number that is not its carrier's, or fails its check digit.
fn doubtful(pen: &mut Pen) {
    pen.kind('V');
    let (order, told, mut message) = plain(pen);
    let id = pen.plan.orders[order].id.clone();
    let number = if pen.happens(50) {
        pen.ups()
    } else {
        let mut number = pen.number();
        let last = number.pop().and_then(|digit| digit.to_digit(10)).unwrap_or(0);
        format!("{number}{}", (last + 1) % 10)
    };
    pen.knows(&number, Some(id), &message.items);
    message.numbers = vec![number];
    pen.tells(told, message);
}

/// The sender's clock is ahead once.
fn clock_ahead(pen: &mut Pen) {
    pen.kind('O');
    let (_, told, mut message) = plain(pen);
    message.version += 86_400;
    pen.at(told, Deed::Tell(message.clone()));
    let at = told + 1 + soon(pen);
    message.version = pen.version(at);
    message.numbers = vec![pen.number()];
    pen.knows(&message.numbers[0].clone(), message.tiktok.clone(), &message.items.clone());
    pen.tells(at, message);
}

/// TikTok ships it, for a while or for good.
fn not_ours(pen: &mut Pen) {
    pen.kind('H');
    let (order, told, message) = plain(pen);
    pen.plan.orders[order].by_tiktok = true;
    pen.tells(told, message);
    if pen.happens(60) {
        let at = told + soon(pen);
        pen.at(at, Deed::ShipBySeller(order));
    }
}

/// TikTok gives items back.
fn taken_back(pen: &mut Pen) {
    pen.kind('S');
    let (order, told, message) = plain(pen);
    pen.tells(told, message);
    let at = told + 1 + soon(pen);
    pen.at(at, Deed::TakeBack(order));
}

/// The order's shop is paused, closed, revoked or removed for a while.
fn shop_away(pen: &mut Pen) {
    let (order, told, message) = plain(pen);
    pen.tells(told, message.clone());
    life(pen, told, message);
    let shop = pen.plan.orders[order].shop;
    let early = pen.upto(60) as Minute;
    let from = told.saturating_sub(early).max(1);
    let until = from + pen.one(&[10, 120, 600, 1600]);
    let (away, back, kind) = match pen.upto(4) {
        0 => (Deed::Pause(shop), Deed::Resume(shop), 'A'),
        1 => (Deed::Close(shop), Deed::Open(shop), 'W'),
        2 => (Deed::Revoke(shop), Deed::Reconnect(shop), 'W'),
        _ => (Deed::Remove(shop), Deed::Reconnect(shop), 'A'),
    };
    pen.kind(kind);
    pen.at(from, away);
    pen.at(until, back);
}

/// TikTok shows the order only after the warehouse has shipped it.
fn order_late(pen: &mut Pen) {
    pen.kind('A');
    let (order, told, message) = plain(pen);
    pen.tells(told, message);
    let at = told + pen.one(&[3, 90, 900, 2000]);
    for step in pen.plan.steps.iter_mut().filter(|step| step.deed == Deed::Place(order)) {
        step.at = at;
    }
}

/// A person ships in Seller Center, before or after the warehouse tells.
fn shipped_elsewhere(pen: &mut Pen) {
    pen.kind('K');
    let (order, told, message) = plain(pen);
    let number = if pen.happens(30) { message.numbers[0].clone() } else { pen.number() };
    let before = pen.upto(30) as Minute;
    let at = (told + 10).saturating_sub(before).max(1);
    let placed = pen.plan.steps.iter().find(|step| step.deed == Deed::Place(order)).map_or(1, |step| step.at);
    pen.at(at.max(placed + 1), Deed::ShipElsewhere(order, number));
    pen.tells(told, message);
}

/// TikTok adds a gift that no store knows.
fn gift(pen: &mut Pen) {
    pen.kind('Y');
    let (order, told, message) = plain(pen);
    pen.plan.orders[order].gift = true;
    pen.tells(told, message.clone());
    life(pen, told, message);
}

/// The warehouse does not say what is inside.
fn silent(pen: &mut Pen) {
    let (order, told, message) = plain(pen);
    let message = Message { items: Vec::new(), ..message };
    pen.tells(told, message.clone());
    let last = life(pen, told, message);
    around(pen, order, told, last);
}
