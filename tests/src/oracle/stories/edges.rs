//! Worlds of their own: markets that ship whole packages (M), web shops that cannot be read (Q), do not answer (R), leave
//! and come back (T), numbers taken with a warning (U), and one order or one list that alone is ill (X).

use super::{life, plain, shares, soon};
use crate::oracle::generate::Pen;
use crate::oracle::right::SETTLED;
use crate::oracle::world::{Deed, Items, Message, Minute, Trouble, Web};

/// Adds a world's stories.
pub fn tell(pen: &mut Pen) {
    match pen.upto(6) {
        0 => {
            pen.plan.packages = true;
            pen.kind('M');
            for _ in 0..=pen.upto(2) {
                if pen.happens(35) { combined(pen) } else { packed(pen) }
            }
        }
        1 => unread(pen),
        2 => slow(pen),
        3 => back(pen),
        4 => warned(pen),
        _ => ill(pen),
    }
    if pen.happens(15) {
        pen.kind('T');
        let (at, field) = (soon(pen), pen.one(&["order_id", "shipment_id", "tracking_number", "carrier"]));
        let stores = pen.plan.stores.len();
        let store = pen.upto(stores);
        pen.at(at, Deed::TooLong(store, field));
    }
}

/// An order in packages that the seller splits before, after, or when somebody asks.
fn packed(pen: &mut Pen) {
    let at = soon(pen);
    let items = pen.items();
    let order = pen.order(at, items.clone());
    let id = pen.plan.orders[order].id.clone();
    let (store, store_order) = (pen.store(), pen.store_order());
    let shares: Vec<Items> = shares(pen, &items);
    let split = at + 1 + soon(pen);
    if shares.len() > 1 && pen.happens(70) {
        pen.at(split, Deed::Split(order, shares.clone()));
    }
    let whole = shares.len() == 1;
    for share in shares {
        let told = at + 1 + soon(pen);
        let message = pen.parcel(told, store, &store_order, Some(id.clone()), share);
        pen.tells(told, message.clone());
        if whole && pen.happens(50) {
            life(pen, told, message);
        }
    }
}

/// Two orders of one buyer that TikTok puts into one package.
fn combined(pen: &mut Pen) {
    let at = soon(pen);
    let shop = pen.upto(pen.plan.shops);
    let orders = [0, 1].map(|_| {
        let items = pen.items();
        let order = pen.order(at, items);
        pen.plan.orders[order].shop = shop;
        pen.plan.orders[order].buyer = Some("one buyer");
        order
    });
    pen.at(at + 1, Deed::Combine(orders[0], orders[1]));
    let (store, mut number) = (pen.store(), None);
    let told = orders.len() - usize::from(pen.happens(15));
    for order in &orders[..told] {
        let told = at + 2 + soon(pen);
        let (id, items) = (pen.plan.orders[*order].id.clone(), pen.plan.orders[*order].items.clone());
        let store_order = pen.store_order();
        let mut message = pen.parcel(told, store, &store_order, Some(id), items);
        if let Some(first) = number.clone().filter(|_| pen.happens(70)) {
            message.numbers = vec![first];
        }
        number = Some(message.numbers[0].clone());
        pen.tells(told, message);
    }
}

/// The web shop's place among the stores; it is opened with the first that asks.
fn web(pen: &mut Pen, kind: Web) -> usize {
    pen.plan.web = Some(kind);
    pen.plan.stores.len()
}

/// An order of the first TikTok shop that the web shop ships: its place, when, and the message.
fn sold(pen: &mut Pen, store: usize) -> (usize, Minute, Message) {
    let (order, told, message) = plain(pen);
    pen.plan.orders[order].shop = 0;
    (order, told, Message { store, ..message })
}

/// Parcels of warehouses, which have nothing to do with what is ill. Gives the time of the last.
fn bystanders(pen: &mut Pen) -> Minute {
    let count = 1 + pen.upto(3);
    let told = (0..count).map(|_| {
        let (_, told, message) = plain(pen);
        pen.tells(told, message);
        told
    });
    told.max().unwrap_or(0) + 100
}

/// The web shop refuses our keys: its deliveries announce parcels that cannot be read.
fn unread(pen: &mut Pen) {
    pen.kind('Q');
    let store = web(pen, Web::WooCommerce);
    let mut last = bystanders(pen);
    pen.at(1, Deed::Trouble(Trouble::StoreRefuses(store)));
    for _ in 0..=pen.upto(2) {
        let (_, told, message) = sold(pen, store);
        pen.at(told, Deed::Tell(message));
        last = last.max(told);
    }
    let lasts = pen.one(&[400, 1000, 1900, 3000]);
    pen.at(last + lasts, Deed::Well);
}

/// The web shop does not answer, or answers with nothing: its parcels wait, and nobody else does.
fn slow(pen: &mut Pen) {
    pen.kind('R');
    let kind = pen.one(&[Web::Shopify, Web::WooCommerce]);
    let store = web(pen, kind);
    let mut last = bystanders(pen);
    let from = pen.one(&[1, 1, 60]);
    pen.at(from, Deed::Trouble(Trouble::StoreHangs(store)));
    for _ in 0..=pen.upto(5) {
        let (_, told, message) = sold(pen, store);
        pen.at(told, Deed::Tell(message));
        last = last.max(told);
    }
    let lasts = pen.one(&[200, 400, 1000]);
    pen.at(last + lasts, Deed::Well);
}

/// The web shop is disconnected and connected again: what was shipped meanwhile is found, and what was shipped by other
/// means is nobody's business.
fn back(pen: &mut Pen) {
    pen.kind('T');
    let store = web(pen, Web::Shopify);
    let mut last = 0;
    for _ in 0..=pen.upto(2) {
        let (order, told, message) = sold(pen, store);
        if pen.happens(30) {
            pen.plan.orders[order].on_hold = true;
        }
        pen.at(told, Deed::Tell(message));
        last = last.max(told);
    }
    let gone = last + 1 + soon(pen);
    pen.at(gone, Deed::RemoveStore(store));
    let (order, _, message) = sold(pen, store);
    for step in pen.plan.steps.iter_mut().filter(|step| step.deed == Deed::Place(order)) {
        step.at = gone;
    }
    let version = pen.version(gone + 5);
    pen.at(gone + 5, Deed::Tell(Message { version, ..message }));
    if pen.happens(50) {
        let number = pen.number();
        pen.at(gone + 20, Deed::ShipElsewhere(order, number));
    }
    let away = pen.one(&[30, 300, 1500, 2800]);
    pen.at(gone + away, Deed::ConnectStore(store));
}

/// Everything that TikTok takes for a while carries a warning.
fn warned(pen: &mut Pen) {
    pen.kind('U');
    pen.at(1, Deed::Trouble(Trouble::Warned));
    let mut last = 0;
    for _ in 0..=pen.upto(2) {
        let (order, told, message) = plain(pen);
        pen.tells(told, message.clone());
        last = last.max(told);
        match pen.upto(5) {
            0 => {
                let at = told + 30 + soon(pen);
                pen.at(at, Deed::Scan(order));
            }
            1 => last = last.max(life(pen, told, message)),
            2 => {
                let at = told + 30 + soon(pen);
                pen.at(at, Deed::Cancel(order));
            }
            _ => {}
        }
    }
    pen.at(last + 400, Deed::Well);
}

/// One order's reads, or one shop's list, fail with a code that passes. Nobody else waits.
fn ill(pen: &mut Pen) {
    pen.kind('X');
    let last = bystanders(pen).max(bystanders(pen));
    let one = pen.upto(pen.plan.orders.len());
    let shop = pen.plan.orders[one].shop;
    let trouble =
        pen.one(&[Trouble::OneRead(one), Trouble::OneRead(one), Trouble::OneList(shop), Trouble::BadOrder(one)]);
    pen.at(1, Deed::Trouble(trouble));
    let lasts = pen.one(&[SETTLED as Minute / 60 + 1, 400, 1000]);
    pen.at(last + lasts, Deed::Well);
}
