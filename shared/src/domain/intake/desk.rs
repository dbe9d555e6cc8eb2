//! The rows of one order on the desk while a message is worked on.

use super::places::{Place, Places, place};
use super::{Absorbed, WHOLE_ORDER};
use crate::domain::connection::StoreConnection;
use crate::domain::fulfilment::{Fulfilment, OrderLink, Shipment, ShipmentStatus, StoreLine, StoreParcel, Version};
use crate::domain::ids::{ShipmentId, TikTokOrderId};
use crate::domain::parcel::{HeldBy, Parcel, ParcelState, Phase, Plain, Source, WaitsFor};
use crate::domain::reason::Reason;
use jiff::Timestamp;
use std::collections::HashSet;

pub(super) struct Desk<'a> {
    pub(super) rows: Vec<Parcel>,
    pub(super) places: Places,
    pub(super) news: &'a Fulfilment,
    store: &'a StoreConnection,
    healed: bool,
    pub(super) now: Timestamp,
    /// Rows that the message itself speaks of.
    spoken: HashSet<usize>,
    older: bool,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        known: &[Parcel],
        news: &'a Fulfilment,
        store: &'a StoreConnection,
        healed: bool,
        now: Timestamp,
    ) -> Self {
        let (places, spoken) = (Places::new(known), HashSet::new());
        Self { rows: known.to_vec(), places, news, store, healed, now, spoken, older: false }
    }

    /// What is to be written.
    pub(super) fn result(self, known: &[Parcel]) -> Absorbed {
        let (old, new) = self.rows.split_at(known.len());
        let changed = old.iter().zip(known).filter(|(after, before)| after != before).map(|(after, _)| after);
        let mut rows: Vec<Parcel> = new.iter().chain(changed).cloned().collect();
        for row in &mut rows {
            row.belong_to(&self.store.account);
        }
        Absorbed { rows, older: self.older }
    }

    fn sources(&self, shipment: &ShipmentId) -> impl Iterator<Item = &Source> {
        self.places.of_shipment(shipment).iter().filter_map(|place| self.rows[*place].source(shipment))
    }

    /// What a message says about one shipment. `claimed`: when it changed by the sender's clock.
    pub(super) fn shipment(&mut self, shipment: &Shipment, claimed: i64) {
        if matches!(shipment.status, ShipmentStatus::NotYet | ShipmentStatus::TooMuch) {
            return;
        }
        // A claim of the future that comes again is a repeat, however late.
        let ahead = (claimed > shipment.version.changed).then_some(claimed);
        let repeated = ahead.is_some() && self.sources(&shipment.id).any(|source| source.ahead == ahead);
        let known = self.sources(&shipment.id).map(|source| source.version).max();
        if repeated || known.is_some_and(|known| shipment.version < known) {
            self.older |=
                !(repeated && self.sources(&shipment.id).any(|source| source.present && source.ahead == ahead));
            return;
        }
        // The store cancelled the order in the same moment, or later.
        let cancelled = self.order_cancelled_at().is_some_and(|order| order.changed >= shipment.version.changed);
        let gone = shipment.status == ShipmentStatus::Cancelled;
        let parcels: &[StoreParcel] = if gone { &[] } else { shipment.parcels.as_slice() };
        let sharing = u32::try_from(parcels.len()).unwrap_or(u32::MAX);
        let mut carried = HashSet::new();
        let (held, now) = (self.hold_of_replaced(&shipment.id, parcels), self.now);
        for parcel in parcels {
            let source = Source {
                shipment: shipment.id.clone(),
                version: shipment.version,
                present: !cancelled,
                sharing,
                lines: shipment.lines.clone(),
                ahead,
            };
            let known = self.rows.len();
            let index = self.carry(parcel, source);
            if let Some(by) = held.as_ref().filter(|_| index >= known && !cancelled) {
                self.rows[index].hold_here(by.clone(), now);
            }
            carried.insert(index);
        }
        self.take_off(shipment, &carried, parcels.is_empty());
        if parcels.is_empty() {
            self.remember_empty(shipment);
        }
    }

    /// A person held a number of this shipment that another one replaces now: the parcel is the same, and so is the
    /// person's word, which goes with it.
    fn hold_of_replaced(&mut self, shipment: &ShipmentId, parcels: &[StoreParcel]) -> Option<HeldBy> {
        let stays = |row: &Parcel| parcels.iter().any(|parcel| row.number.as_ref() == Some(&parcel.number));
        let places = self.places.of_shipment(shipment).iter().copied();
        let mut gone = places.filter(|place| self.rows[*place].held_by.is_some() && !stays(&self.rows[*place]));
        let place = gone.next().filter(|_| !parcels.is_empty())?;
        self.rows[place].held_by.take()
    }

    /// The TikTok order that the message names.
    fn named(&self) -> Option<&'a TikTokOrderId> {
        match &self.news.link {
            OrderLink::Found(id) => Some(id),
            _ => None,
        }
    }

    /// A shipment carries this number now. Gives the row.
    fn carry(&mut self, parcel: &StoreParcel, source: Source) -> usize {
        let now = self.now;
        let of_number = self.places.of_number(&parcel.number.key());
        let index = match place(&self.rows, of_number, &source.shipment, self.named()) {
            Place::Row(index) => index,
            Place::New { apart, sent } => return self.carry_new(parcel, source, apart, sent.as_ref()),
        };
        self.spoken.insert(index);
        self.places.carries(index, &source.shipment);
        let named = self.named().cloned();
        let row = &mut self.rows[index];
        // A person was asked which of two orders it is: that the store says the same again is no answer.
        let asked = matches!(row.link, OrderLink::Ambiguous(_)) && row.apart.is_some() && row.apart == named;
        let moved = named.filter(|named| row.tiktok_order() != Some(named) && !asked);
        let was_withdrawn = row.is_withdrawn();
        let newest = row.sources.iter().all(|s| s.version <= source.version);
        let mut content = was_withdrawn && source.present;
        let withdrawn = !source.present;
        match row.sources.iter_mut().find(|s| s.shipment == source.shipment) {
            Some(old)
                if old.present == source.present && old.lines == source.lines && old.sharing == source.sharing =>
            {
                if old.version.changed != source.version.changed {
                    old.version = source.version;
                }
            }
            Some(old) => {
                content |= old.present && (old.lines != source.lines || old.sharing != source.sharing);
                content |= !old.present && source.present;
                *old = source;
            }
            None => {
                content = true;
                row.sources.push(source);
            }
        }
        let carrier_changed = newest && row.carrier != parcel.carrier;
        if carrier_changed {
            row.carrier.clone_from(&parcel.carrier);
            row.confirmed = false;
            row.note(now, Plain::CarrierChanged, parcel.carrier.clone().unwrap_or_default());
        }
        if was_withdrawn && !withdrawn {
            row.note(now, Plain::NumberBack, "");
        }
        let known = row.tiktok_order().is_some();
        if let Some(named) = &moved {
            if known {
                row.note(now, Plain::OrderNamed, named.as_str());
            }
            row.link = OrderLink::Found(named.clone());
        }
        if withdrawn {
            if row.is_withdrawn() {
                row.withdraw(ParcelState::Skipped(Reason::Cancelled), now);
            }
        } else if (content || carrier_changed || moved.is_some()) && !asked {
            requeue(row, now);
        }
        index
    }

    fn carry_new(
        &mut self,
        parcel: &StoreParcel,
        source: Source,
        apart: Option<TikTokOrderId>,
        sent: Option<&TikTokOrderId>,
    ) -> usize {
        let now = self.now;
        let cancelled = !source.present;
        let state = if cancelled { ParcelState::Skipped(Reason::Cancelled) } else { ParcelState::Received };
        let link = self.link_of(&source.shipment);
        let mut row = self.blank(state, (!cancelled).then_some(now), source);
        row.number = Some(parcel.number.clone());
        row.carrier.clone_from(&parcel.carrier);
        row.link = self.named().map_or(link, |named| OrderLink::Found(named.clone()));
        row.note(now, if self.healed { Plain::FoundByPoll } else { Plain::Received }, "");
        if let (Some(older), Some(newer), false) = (sent, &apart, cancelled) {
            let detail = format!("the number was sent for order {older}; the store now names order {newer}");
            row.link = OrderLink::Ambiguous(vec![older.clone(), newer.clone()]);
            row.hold(Reason::OrderAmbiguous, &detail, WaitsFor::Store, now);
        }
        row.apart = apart;
        let index = self.rows.len();
        self.places.add(index, &row);
        self.spoken.insert(index);
        self.rows.push(row);
        index
    }

    /// What the newest row of a shipment knows about its TikTok order.
    fn link_of(&self, shipment: &ShipmentId) -> OrderLink {
        let rows = self.places.of_shipment(shipment).iter().map(|place| &self.rows[*place]);
        let newest = rows.max_by_key(|row| row.source(shipment).map(|source| source.version));
        newest.map_or(OrderLink::NotRead, |row| row.link.clone())
    }

    /// What a message, or all other parcels of the store order alike, say about the TikTok order counts where a row does
    /// not know it yet. Parcels that name different orders say nothing about a third one.
    pub(super) fn link(&mut self) {
        let found = |row: &Parcel| row.tiktok_order().cloned();
        let mut known: Vec<TikTokOrderId> =
            self.rows.iter().filter(|row| !row.is_withdrawn()).filter_map(found).collect();
        if known.is_empty() {
            known = self.rows.iter().filter_map(found).collect();
        }
        known.sort();
        known.dedup();
        let link = match (self.named(), known.as_slice()) {
            (Some(named), [] | [_]) => OrderLink::Found(named.clone()),
            (None, [one]) => OrderLink::Found(one.clone()),
            (None, []) => self.news.link.clone(),
            _ => OrderLink::NotRead,
        };
        let now = self.now;
        for row in &mut self.rows {
            let better = match (&row.link, &link) {
                (OrderLink::Found(_), _) | (_, OrderLink::NotRead) => false,
                // Both of its orders are named in words already: only a person, or the shipment itself, says more.
                (OrderLink::Ambiguous(_), new) => matches!(new, OrderLink::Found(_)) && row.apart.is_none(),
                (OrderLink::NotRead, new) => *new != OrderLink::NotRead,
                (OrderLink::NotFound | OrderLink::OtherChannel, new) => {
                    matches!(new, OrderLink::Found(_) | OrderLink::Ambiguous(_))
                }
            };
            if !better {
                continue;
            }
            row.link = link.clone();
            match row.state {
                ParcelState::NeedsAttention(Reason::OrderNotFound | Reason::OrderAmbiguous)
                | ParcelState::Skipped(Reason::NotTikTok) => requeue(row, now),
                _ => row.bring_forward(now),
            }
        }
    }

    /// Another parcel of the order holds other items now, or is gone: what could not be told before is tried again.
    pub(super) fn match_again(&mut self, known: &[Parcel]) {
        let claims = |source: &Source| (source.present, source.sharing);
        let same = |after: &Parcel, before: &Parcel| {
            after.sources.len() == before.sources.len()
                && after.sources.iter().zip(&before.sources).all(|(a, b)| {
                    a.shipment == b.shipment && claims(a) == claims(b) && a.lines.as_slice() as &[StoreLine] == b.lines
                })
        };
        if self.rows.iter().zip(known).all(|(after, before)| same(after, before)) {
            return;
        }
        let now = self.now;
        let unmatched = ParcelState::NeedsAttention(Reason::LinesUnmatched);
        for row in self.rows.iter_mut().filter(|row| row.state == unmatched) {
            requeue(row, now);
        }
    }

    fn order_cancelled_at(&self) -> Option<Version> {
        let shipment = ShipmentId::parse(WHOLE_ORDER).ok()?;
        self.sources(&shipment).map(|source| source.version).max()
    }

    /// A row of the order with nothing known beside its source.
    pub(super) fn blank(&self, state: ParcelState, due: Option<Timestamp>, source: Source) -> Parcel {
        // Siblings may have moved to the order's own shop; until one has, the first shop's shard works on it.
        let shop = self.rows.first().map_or_else(|| self.store.shops[0].clone(), |row| row.shop.clone());
        Parcel {
            order_name: self.news.order_name.clone(),
            sources: vec![source],
            state,
            due,
            healed: self.healed,
            ..Parcel::new(self.store.id.clone(), self.news.order.clone(), shop, self.now)
        }
    }
}

/// Brings a row back to work because what it carries changed: also one that TikTok has accepted, whose new contents may
/// be open there. What a person dismissed stays dismissed.
fn requeue(row: &mut Parcel, now: Timestamp) {
    let back = match row.state {
        ParcelState::Dismissed => return,
        state if state.phase() == Phase::Open => state,
        _ => ParcelState::Queued,
    };
    if row.number.is_some() {
        row.start_over(back, now);
    }
}
