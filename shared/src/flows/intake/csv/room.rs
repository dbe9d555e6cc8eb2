//! What is still without a number in an order, and whether the rows of a file fit into it.

use super::judge::{Said, folded, hold, lines_of};
use super::known::Knowledge;
use super::read::Line;
use crate::domain::fulfilment::StoreLine;
use crate::domain::ids::TikTokOrderId;
use crate::domain::order_row::OrderRow;
use crate::domain::parcel::{Parcel, Phase};
use crate::domain::reason::Reason;
use crate::domain::tracking::{TrackingNumber, same_number};
use std::collections::BTreeMap;

/// What one order and number of the file come to.
pub(super) struct Parcels<'a> {
    pub(super) lines: Vec<&'a Line>,
    pub(super) number: TrackingNumber,
}

/// Units of an order that a file may still give a number.
#[derive(Default)]
pub(super) struct Room {
    /// All units that are not cancelled, by stock code; `None`: the order was not seen yet.
    pub(super) all: Option<BTreeMap<String, u32>>,
    /// Without a number at TikTok or in the stores.
    pub(super) open: BTreeMap<String, u32>,
    /// Without a number before the file.
    pub(super) before: BTreeMap<String, u32>,
    /// Numbers of the stores that are on their way to TikTok.
    pub(super) claimed: Vec<String>,
}

/// What an order has room for: counting what the stores' own rows hold already.
pub(super) fn room_of(known: &Knowledge, order: Option<&TikTokOrderId>, row: Option<&OrderRow>, name: &str) -> Room {
    let mut room = Room::default();
    if let Some(row) = row {
        let mut all = BTreeMap::new();
        for units in &row.facts.units {
            if units.state != crate::domain::order_row::UnitState::Cancelled {
                *all.entry(folded(&units.sku)).or_default() += units.count;
            }
            if units.state.is_open() {
                *room.open.entry(folded(&units.sku)).or_default() += units.count;
            }
        }
        room.all = Some(all);
    }
    let of_order: Vec<&Parcel> = match order {
        Some(order) => known.of_order(order).collect(),
        None => known.of_name(name).collect(),
    };
    for parcel in of_order {
        let (Some(number), false) = (&parcel.number, parcel.is_withdrawn()) else { continue };
        let at_tiktok =
            row.is_some_and(|row| row.facts.numbers().iter().any(|theirs| same_number(theirs, number.as_str())));
        if at_tiktok || parcel.state.phase() == Phase::Closed {
            continue;
        }
        room.claimed.push(number.as_str().to_owned());
        let lines: Vec<&StoreLine> =
            parcel.sources.iter().filter(|source| source.present).flat_map(|source| &source.lines).collect();
        if lines.is_empty() {
            room.open.clear();
        }
        for line in lines {
            if let Some(open) = room.open.get_mut(&folded(&line.sku)) {
                *open = open.saturating_sub(line.quantity);
            }
        }
    }
    room.before = room.open.clone();
    room
}

/// Whether the items of these rows still have no number; takes them.
pub(super) fn fit(group: &Parcels<'_>, room: &mut Room, several: bool) -> Result<(), Said> {
    let left = |units: &BTreeMap<String, u32>| units.values().sum::<u32>();
    let claimed = room.claimed.join(", ");
    let shipped = || {
        let words = if claimed.is_empty() { "all its items have a number".to_owned() } else { claimed.clone() };
        hold(Reason::AlreadyShipped, format!("the order has a number already ({words}); waybill correct changes one"))
    };
    let whole = group.lines.iter().any(|line| line.sku.is_none());
    if whole {
        if room.all.is_some() && left(&room.before) == 0 {
            return Err(shipped());
        }
        if room.all.is_none() && !room.claimed.is_empty() {
            return Err(shipped());
        }
        if several || !room.claimed.is_empty() || group.lines.len() > 1 {
            let words = "the order has several numbers: say in sku and quantity which items each one carries";
            return Err(hold(Reason::LinesUnmatched, words));
        }
        let asked = group.lines.first().and_then(|line| line.quantity.as_deref()?.parse::<u32>().ok());
        if let (Some(asked), Some(_)) = (asked, &room.all)
            && asked != left(&room.open)
        {
            let words = format!("{asked} units, and {} of the order have no number: name the sku", left(&room.open));
            return Err(hold(Reason::LinesUnmatched, words));
        }
        room.open.values_mut().for_each(|open| *open = 0);
        return Ok(());
    }
    let Some(all) = &room.all else { return Ok(()) };
    let mut wanted: BTreeMap<String, u32> = BTreeMap::new();
    for line in lines_of(group) {
        *wanted.entry(folded(&line.sku)).or_default() += line.quantity;
    }
    for (sku, quantity) in &wanted {
        let of = |units: &BTreeMap<String, u32>| units.get(sku).copied().unwrap_or_default();
        if of(all) < *quantity {
            let words = format!("the order has {} of {sku}, the file says {quantity}", of(all));
            return Err(hold(Reason::LinesUnmatched, words));
        }
        if of(&room.before) < *quantity {
            return Err(shipped());
        }
        if of(&room.open) < *quantity {
            let words = format!("with the rows above, the file says more than the {} of {sku}", of(all));
            return Err(hold(Reason::LinesUnmatched, words));
        }
    }
    for (sku, quantity) in wanted {
        if let Some(open) = room.open.get_mut(&sku) {
            *open -= quantity;
        }
    }
    Ok(())
}
