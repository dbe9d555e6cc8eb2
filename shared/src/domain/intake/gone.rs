//! What a message takes away: numbers taken off, shipments without one, cancellations; and what could not be read.

use super::desk::Desk;
use super::{UNREAD, WHOLE_ORDER};
use crate::domain::connection::StoreConnection;
use crate::domain::fulfilment::{Fulfilment, OrderLink, Shipment, ShipmentStatus, Version};
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::domain::parcel::{Parcel, ParcelState, Phase, Source, WaitsFor};
use crate::domain::reason::Reason;
use jiff::Timestamp;
use std::collections::HashSet;

/// Shown beside `STORE_UNREADABLE`.
const TOO_MUCH: &str = "it holds more than 200 shipments, numbers or lines, which is more than Waybill takes from one \
                        message: split it in the store, or send its numbers from a file";

impl Desk<'_> {
    /// What was announced, or too much at once, can be read now.
    pub(super) fn close_unread(&mut self, whole: bool) {
        let (now, news) = (self.now, self.news);
        for row in self.rows.iter_mut().filter(|row| row.state.phase() != Phase::Closed) {
            if is_read_by(row, news, whole) {
                row.close(ParcelState::Superseded, now);
            }
        }
    }

    /// Rows that carried this shipment and do so no longer.
    pub(super) fn take_off(&mut self, shipment: &Shipment, carried: &HashSet<usize>, without: bool) {
        let now = self.now;
        for place in self.places.of_shipment(&shipment.id) {
            let row = &mut self.rows[*place];
            let empty = row.number.is_none();
            let Some(source) = row.sources.iter_mut().find(|s| s.shipment == shipment.id) else { continue };
            if carried.contains(place) || (empty && without) || source.version > shipment.version {
                continue;
            }
            // That there was no number stays as old as it is: it must not seem to be newer than the number.
            if !empty && (source.present || source.version.changed != shipment.version.changed) {
                source.version = shipment.version;
            }
            source.present = false;
            let cancelled = shipment.status == ShipmentStatus::Cancelled;
            let state = if cancelled { ParcelState::Skipped(Reason::Cancelled) } else { ParcelState::Superseded };
            close_if_withdrawn(row, state, now);
        }
    }

    /// A shipment without a number, or cancelled: a fact too. It is remembered on a row of its own, so that it is seen
    /// (without a number) and so that an older message that arrives late does not bring a number back.
    pub(super) fn remember_empty(&mut self, shipment: &Shipment) {
        let now = self.now;
        let cancelled = shipment.status == ShipmentStatus::Cancelled;
        let state = if cancelled {
            ParcelState::Skipped(Reason::Cancelled)
        } else {
            ParcelState::Held(Reason::TrackingMissing)
        };
        let source = Source {
            shipment: shipment.id.clone(),
            version: shipment.version,
            present: !cancelled,
            sharing: 1,
            lines: shipment.lines.clone(),
            ahead: None,
        };
        let places = self.places.of_shipment(&shipment.id);
        let numbered = places.iter().any(|place| self.rows[*place].number.is_some());
        let marker = places.iter().copied().find(|place| self.rows[*place].number.is_none());
        if let Some(place) = marker {
            let marker = &mut self.rows[place];
            let same = marker.source(&shipment.id).is_some_and(|old| {
                old.version.changed == source.version.changed
                    && old.present == source.present
                    && old.lines == source.lines
            });
            if !same || marker.state.phase() == Phase::Open {
                marker.sources = vec![source];
                marker.mark(state, now);
            }
        } else if !(cancelled && numbered) {
            let row = self.blank(state, None, source);
            self.places.add(self.rows.len(), &row);
            self.rows.push(row);
        }
    }

    /// The message listed every shipment of the order: others are gone.
    pub(super) fn close_unlisted(&mut self, complete: Version) {
        let now = self.now;
        let listed: HashSet<&ShipmentId> = self.news.shipments.iter().map(|s| &s.id).collect();
        for row in &mut self.rows {
            let mut touched = false;
            for source in &mut row.sources {
                let ours = source.shipment.as_str() == WHOLE_ORDER || listed.contains(&source.shipment);
                if !ours && source.present && source.version < complete {
                    source.present = false;
                    source.version = complete;
                    touched = true;
                }
            }
            if touched {
                close_if_withdrawn(row, ParcelState::Superseded, now);
            }
        }
    }

    /// The whole order is cancelled in the store: a version of each of its shipments that a newer message of the same
    /// shipment ends. What is not yet at TikTok stays here.
    pub(super) fn cancel_order(&mut self, version: Version) {
        let now = self.now;
        for row in &mut self.rows {
            let mut touched = false;
            for source in row.sources.iter_mut().filter(|source| source.shipment.as_str() != WHOLE_ORDER) {
                if source.present && source.version.changed <= version.changed {
                    source.present = false;
                    source.version = source.version.max(version);
                    touched = true;
                }
            }
            // A row of an earlier version was closed without a word on its sources.
            if touched || (row.is_withdrawn() && matches!(row.state.phase(), Phase::Open | Phase::Waiting)) {
                close_if_withdrawn(row, ParcelState::Skipped(Reason::Cancelled), now);
            }
        }
        let Ok(shipment) = ShipmentId::parse(WHOLE_ORDER) else { return };
        let marker = self.places.of_shipment(&shipment).first().copied();
        match marker.and_then(|place| self.rows[place].sources.iter_mut().find(|s| s.shipment == shipment)) {
            Some(known) if known.version.changed < version.changed => known.version = version,
            Some(_) => {}
            None => {
                let source = Source { shipment, version, present: false, sharing: 1, lines: Vec::new(), ahead: None };
                let row = self.blank(ParcelState::Skipped(Reason::Cancelled), None, source);
                self.places.add(self.rows.len(), &row);
                self.rows.push(row);
            }
        }
    }
}

fn close_if_withdrawn(row: &mut Parcel, state: ParcelState, now: Timestamp) {
    if row.is_withdrawn() {
        row.withdraw(state, now);
    }
}

/// The row that shows a shipment which was announced and could not be read. `None`: there is one, or the ids say nothing.
#[must_use]
pub fn unread(
    known: &[Parcel],
    store: &StoreConnection,
    order: &StoreOrderId,
    shipment: Option<&ShipmentId>,
    announced: Timestamp,
    now: Timestamp,
) -> Option<Parcel> {
    unread_as(known, store, order, unread_id(shipment)?, "", Version::new(announced, announced), now)
}

/// No store writes such an id, so nothing that is read later can seem older than this.
fn unread_id(shipment: Option<&ShipmentId>) -> Option<ShipmentId> {
    let id = format!("{UNREAD}{}", shipment.map_or("", ShipmentId::as_str));
    ShipmentId::parse(id.chars().take(200).collect::<String>()).ok()
}

/// A message that only says that an order, or one shipment of it, holds more than is taken at once.
#[must_use]
pub fn too_much(order: &StoreOrderId, shipment: Option<&ShipmentId>, now: Timestamp) -> Option<Fulfilment> {
    let (version, status) = (Version::new(now, now), ShipmentStatus::TooMuch);
    let id = unread_id(shipment)?;
    let shipment = Shipment { id, version, status, parcels: Vec::new(), lines: Vec::new() };
    Some(Fulfilment { shipments: vec![shipment], ..super::link_only(order.clone(), OrderLink::NotRead) })
}

/// The row that such a message comes to; `None`: it is there already.
pub(super) fn shows_too_much(
    known: &[Parcel],
    store: &StoreConnection,
    order: &StoreOrderId,
    shipment: &Shipment,
    now: Timestamp,
) -> Option<Parcel> {
    let mut row = unread_as(known, store, order, shipment.id.clone(), TOO_MUCH, shipment.version, now)?;
    row.belong_to(&store.account);
    Some(row)
}

fn unread_as(
    known: &[Parcel],
    store: &StoreConnection,
    order: &StoreOrderId,
    shipment: ShipmentId,
    detail: &str,
    version: Version,
    now: Timestamp,
) -> Option<Parcel> {
    let news = super::link_only(order.clone(), OrderLink::NotRead);
    let desk = Desk::new(known, &news, store, false, now);
    if desk.places.of_shipment(&shipment).iter().any(|place| desk.rows[*place].state.phase() == Phase::Waiting) {
        return None;
    }
    let source = Source { shipment, version, present: true, sharing: 1, lines: Vec::new(), ahead: None };
    let closed = known.iter().find(|row| row.source(&source.shipment).is_some()).cloned();
    let mut row = closed.unwrap_or_else(|| desk.blank(ParcelState::Received, None, source.clone()));
    row.sources = vec![source];
    if let Some(known) = known.iter().find(|row| row.order_name.is_some()) {
        row.order_name.clone_from(&known.order_name);
    }
    if row.state.phase() == Phase::Closed && !row.start_over(ParcelState::Queued, now) {
        return None;
    }
    row.hold(Reason::StoreUnreadable, detail, WaitsFor::Store, now);
    Some(row)
}

/// Whether a message shows what this row says could not be read: the same shipment, or everything that the order has.
pub(super) fn is_read_by(row: &Parcel, news: &Fulfilment, whole: bool) -> bool {
    let of_shipment = |id: &str| news.shipments.iter().any(|shipment| shipment.id.as_str() == id);
    let ids = || row.sources.iter().filter_map(|source| source.shipment.as_str().strip_prefix(UNREAD));
    is_unread(row) && (news.complete.is_some() || ids().any(|id| if id.is_empty() { whole } else { of_shipment(id) }))
}

/// Whether a row only shows that something could not be read.
#[must_use]
pub fn is_unread(row: &Parcel) -> bool {
    row.number.is_none() && row.sources.iter().any(|source| source.shipment.as_str().starts_with(UNREAD))
}
