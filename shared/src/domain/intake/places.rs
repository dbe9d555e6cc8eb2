//! Where the rows of an order are found by number and by shipment: a delivery of thousands of numbers is worked on in time
//! that grows with its size.

use crate::domain::ids::{ShipmentId, TikTokOrderId};
use crate::domain::parcel::{Parcel, ParcelState};
use std::collections::HashMap;

/// Places of rows, by what they stand on.
#[derive(Default)]
pub(super) struct Places {
    numbers: HashMap<String, Vec<usize>>,
    shipments: HashMap<ShipmentId, Vec<usize>>,
}

impl Places {
    /// The places of these rows.
    pub(super) fn new(rows: &[Parcel]) -> Self {
        let mut places = Self::default();
        rows.iter().enumerate().for_each(|(place, row)| places.add(place, row));
        places
    }

    /// Notes a row.
    pub(super) fn add(&mut self, place: usize, row: &Parcel) {
        if let Some(number) = &row.number {
            self.numbers.entry(number.key()).or_default().push(place);
        }
        for source in &row.sources {
            self.carries(place, &source.shipment);
        }
    }

    /// Notes that a row stands on a shipment.
    pub(super) fn carries(&mut self, place: usize, shipment: &ShipmentId) {
        let places = self.shipments.entry(shipment.clone()).or_default();
        if !places.contains(&place) {
            places.push(place);
        }
    }

    /// Rows of a number.
    pub(super) fn of_number(&self, key: &str) -> &[usize] {
        self.numbers.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// Rows that stand or stood on a shipment.
    pub(super) fn of_shipment(&self, shipment: &ShipmentId) -> &[usize] {
        self.shipments.get(shipment).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Which row of a number a message is about.
pub(super) enum Place {
    /// This one; where the message names a TikTok order, it is that order's row from now on.
    Row(usize),
    /// A new one. `apart`: the number has a row of another TikTok order. `sent`: this shipment's number was sent under
    /// that older order.
    New { apart: Option<TikTokOrderId>, sent: Option<TikTokOrderId> },
}

/// Finds the row for a number of a shipment. Rows of one number whose messages name different TikTok orders are
/// different parcels.
pub(super) fn place(
    rows: &[Parcel],
    of_number: &[usize],
    shipment: &ShipmentId,
    named: Option<&TikTokOrderId>,
) -> Place {
    let find = |fits: &dyn Fn(&Parcel) -> bool| of_number.iter().copied().find(|place| fits(&rows[*place]));
    let carries = |row: &Parcel| row.source(shipment).is_some();
    let present = |row: &Parcel| row.source(shipment).is_some_and(|source| source.present);
    let Some(named) = named else {
        let known = find(&present).or_else(|| find(&carries)).or_else(|| find(&|row| row.apart.is_none()));
        let first = known.or_else(|| of_number.first().copied());
        return first.map_or(Place::New { apart: None, sent: None }, Place::Row);
    };
    if let Some(place) = find(&|row| row.tiktok_order() == Some(named)) {
        return Place::Row(place);
    }
    if let Some(place) = find(&present).or_else(|| find(&|row| row.tiktok_order().is_none())) {
        let row = &rows[place];
        let Some(older) = row.tiktok_order() else { return Place::Row(place) };
        let alone = row.sources.iter().all(|source| !source.present || source.shipment == *shipment);
        if alone && !may_be_sent(row) {
            return Place::Row(place);
        }
        let sent = may_be_sent(row).then(|| older.clone());
        return Place::New { apart: Some(named.clone()), sent };
    }
    Place::New { apart: (!of_number.is_empty()).then(|| named.clone()), sent: None }
}

/// TikTok has, or may have, this row's number from us.
fn may_be_sent(row: &Parcel) -> bool {
    row.sent.is_some() || row.tried.is_some() || matches!(row.state, ParcelState::Sending | ParcelState::OutcomeUnknown)
}
