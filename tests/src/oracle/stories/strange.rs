//! Stories in which something is odd: contents, carriers, clocks, shops.

use super::{around, life, plain, soon};
use crate::oracle::generate::Pen;
use crate::oracle::world::{Deed, Message, Minute};

/// Something is inside that TikTok's order does not have.
pub(super) fn strange_contents(pen: &mut Pen) {
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
pub(super) fn unknown_carrier(pen: &mut Pen) {
    pen.kind('N');
    let (_, told, mut message) = plain(pen);
    message.carrier = pen.one(&["Our own van", "Bob and Sons", ""]);
    pen.tells(told, message.clone());
    life(pen, told, message);
}

/// A number that is not its carrier's, or fails its check digit.
pub(super) fn doubtful(pen: &mut Pen) {
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
pub(super) fn clock_ahead(pen: &mut Pen) {
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
pub(super) fn not_ours(pen: &mut Pen) {
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
pub(super) fn taken_back(pen: &mut Pen) {
    pen.kind('S');
    let (order, told, message) = plain(pen);
    pen.tells(told, message);
    let at = told + 1 + soon(pen);
    pen.at(at, Deed::TakeBack(order));
}

/// The order's shop is paused, closed, revoked or removed for a while.
pub(super) fn shop_away(pen: &mut Pen) {
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

/// The order's shop goes to another account of the installation, and perhaps comes back: its numbers are this account's
/// alone to send, and wait for it.
pub(in crate::oracle) fn taken_over(pen: &mut Pen) {
    pen.kind('P');
    let (order, told, message) = plain(pen);
    let shop = pen.plan.orders[order].shop;
    pen.tells(told, message.clone());
    let last = life(pen, told, message);
    let from = 1 + pen.upto(last as usize + 30) as Minute;
    pen.at(from, Deed::TakeOver(shop));
    // What is told meanwhile.
    let (order, later, message) = plain(pen);
    pen.plan.orders[order].shop = shop;
    pen.tells(later.max(from + 1), message);
    if pen.happens(50) {
        let until = from + pen.one(&[10, 120, 600, 1600]);
        pen.at(until, Deed::Remove(shop));
        pen.at(until + 1, Deed::Reconnect(shop));
    }
}

/// TikTok shows the order only after the warehouse has shipped it.
pub(super) fn order_late(pen: &mut Pen) {
    pen.kind('A');
    let (order, told, message) = plain(pen);
    pen.tells(told, message);
    let at = told + pen.one(&[3, 90, 900, 2000]);
    for step in pen.plan.steps.iter_mut().filter(|step| step.deed == Deed::Place(order)) {
        step.at = at;
    }
}

/// A person ships in Seller Center, before or after the warehouse tells.
pub(super) fn shipped_elsewhere(pen: &mut Pen) {
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
pub(super) fn gift(pen: &mut Pen) {
    pen.kind('Y');
    let (order, told, message) = plain(pen);
    pen.plan.orders[order].gift = true;
    pen.tells(told, message.clone());
    life(pen, told, message);
}

/// The warehouse does not say what is inside.
pub(super) fn silent(pen: &mut Pen) {
    let (order, told, message) = plain(pen);
    let message = Message { items: Vec::new(), ..message };
    pen.tells(told, message.clone());
    let last = life(pen, told, message);
    around(pen, order, told, last);
}
