//! What a store's message changes in our rows. Pure: rows in, rows to write out.
//!
//! Supersession is per source shipment: a newer version of the *same* shipment replaces its older numbers; another
//! shipment is another parcel. A repeat or an older version changes nothing, so deliveries may come twice and shuffled.

use crate::domain::connection::StoreConnection;
use crate::domain::fulfilment::{Fulfilment, OrderLink, Shipment, ShipmentStatus, StoreLine, StoreParcel, Version};
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::domain::parcel::{Parcel, ParcelState, Phase, Plain, Source};
use crate::domain::reason::Reason;
use jiff::Timestamp;

/// Stands for the whole order where a cancellation is remembered. No store writes such a shipment id.
const WHOLE_ORDER: &str = "*order";

/// Works out which rows of one store order a message changes.
///
/// `known` are all rows of that order. New rows come first in the answer: when we stop between two writes, the newer
/// number already exists, and the older one is recognised as replaced by whoever reads both.
#[must_use]
pub fn absorb(
    known: &[Parcel],
    news: &Fulfilment,
    store: &StoreConnection,
    healed: bool,
    now: Timestamp,
) -> Vec<Parcel> {
    if known.is_empty() && is_foreign(news) {
        return Vec::new();
    }
    let mut desk = Desk { rows: known.to_vec(), news, store, healed, now };
    for shipment in &news.shipments {
        desk.shipment(shipment);
    }
    if let Some(complete) = news.complete {
        desk.close_unlisted(complete);
    }
    if let Some(version) = news.cancelled {
        desk.cancel_order(version);
    }
    desk.link();
    desk.match_again(known);
    let (old, new) = desk.rows.split_at(known.len());
    let changed = old.iter().zip(known).filter(|(after, before)| after != before).map(|(after, _)| after);
    new.iter().chain(changed).cloned().collect()
}

/// Nothing to remember: the order belongs to another channel, or is a cancelled order without any TikTok id.
fn is_foreign(news: &Fulfilment) -> bool {
    match news.link {
        OrderLink::OtherChannel => true,
        OrderLink::NotFound => news.cancelled.is_some() && news.shipments.iter().all(|s| s.parcels.is_empty()),
        OrderLink::NotRead | OrderLink::Found(_) | OrderLink::Ambiguous(_) => false,
    }
}

/// The newest version of a shipment that any row knows.
#[must_use]
pub fn known_version<'a>(rows: impl IntoIterator<Item = &'a Parcel>, shipment: &ShipmentId) -> Option<Version> {
    rows.into_iter().filter_map(|row| row.source(shipment)).map(|source| source.version).max()
}

/// Whether newer rows of the same shipments have replaced everything this row stands on. True also in the moment in
/// which the newer row is stored and this one is not yet closed. That another number was taken off says nothing about
/// this one: only a number that took its place does, or that there is none any more.
#[must_use]
pub fn is_replaced(row: &Parcel, others: &[&Parcel]) -> bool {
    let replaces = |other: &Parcel, ours: &Source| {
        let theirs = other.source(&ours.shipment).filter(|theirs| theirs.present || other.number.is_none());
        theirs.is_some_and(|theirs| theirs.version > ours.version)
    };
    row.sources.iter().all(|source| !source.present || others.iter().any(|other| replaces(other, source)))
}

/// Whether the store cancelled the whole order after it last spoke of this row's shipments. The cancellation closes the
/// rows it sees; one that is stored in the same moment is found here.
#[must_use]
pub fn is_cancelled(row: &Parcel, others: &[&Parcel]) -> bool {
    let mut cancelled = others
        .iter()
        .filter(|other| other.order == row.order)
        .flat_map(|other| &other.sources)
        .filter(|source| source.shipment.as_str() == WHOLE_ORDER);
    row.sent.is_none()
        && cancelled.any(|order| {
            row.sources.iter().all(|source| !source.present || source.version.changed <= order.version.changed)
        })
}

struct Desk<'a> {
    rows: Vec<Parcel>,
    news: &'a Fulfilment,
    store: &'a StoreConnection,
    healed: bool,
    now: Timestamp,
}

impl Desk<'_> {
    fn shipment(&mut self, shipment: &Shipment) {
        let known = known_version(&self.rows, &shipment.id);
        if shipment.status == ShipmentStatus::NotYet || known.is_some_and(|v| shipment.version < v) {
            return;
        }
        let parcels: &[StoreParcel] =
            if shipment.status == ShipmentStatus::Cancelled { &[] } else { shipment.parcels.as_slice() };
        let sharing = u32::try_from(parcels.len()).unwrap_or(u32::MAX);
        for parcel in parcels {
            let source = Source {
                shipment: shipment.id.clone(),
                version: shipment.version,
                present: true,
                sharing,
                lines: shipment.lines.clone(),
            };
            self.carry(parcel, source);
        }
        self.take_off(shipment, parcels);
        if parcels.is_empty() {
            self.remember_empty(shipment);
        }
    }

    /// A shipment carries this number now.
    fn carry(&mut self, parcel: &StoreParcel, source: Source) {
        let key = parcel.number.key();
        let now = self.now;
        let cancelled = self.order_cancelled_at().is_some_and(|v| v.changed >= source.version.changed);
        let Some(row) = self.rows.iter_mut().find(|row| row.number.as_ref().is_some_and(|n| n.key() == key)) else {
            let state = if cancelled { ParcelState::Skipped(Reason::Cancelled) } else { ParcelState::Received };
            let due = (!cancelled).then_some(now);
            let mut row = self.blank(state, due, source);
            row.number = Some(parcel.number.clone());
            row.carrier.clone_from(&parcel.carrier);
            row.note(now, if self.healed { Plain::FoundByPoll } else { Plain::Received }, "");
            self.rows.push(row);
            return;
        };
        let was_withdrawn = row.is_withdrawn();
        let newest = row.sources.iter().all(|s| s.version <= source.version);
        let mut content = was_withdrawn;
        match row.sources.iter_mut().find(|s| s.shipment == source.shipment) {
            Some(old) if old.present && old.lines == source.lines && old.sharing == source.sharing => {
                if old.version.changed != source.version.changed {
                    old.version = source.version;
                }
            }
            Some(old) => {
                content |= old.lines != source.lines || old.sharing != source.sharing;
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
        if was_withdrawn {
            row.note(now, Plain::NumberBack, "");
        }
        if content || carrier_changed {
            requeue(row, carrier_changed, now);
        }
    }

    /// Rows that carried this shipment and do so no longer.
    fn take_off(&mut self, shipment: &Shipment, parcels: &[StoreParcel]) {
        let now = self.now;
        let kept: Vec<String> = parcels.iter().map(|p| p.number.key()).collect();
        for row in &mut self.rows {
            let (listed, empty) = (row.number.as_ref().is_some_and(|n| kept.contains(&n.key())), row.number.is_none());
            let Some(source) = row.sources.iter_mut().find(|s| s.shipment == shipment.id) else { continue };
            if listed || (empty && parcels.is_empty()) || source.version > shipment.version {
                continue;
            }
            // That there was no number stays as old as it is: it must not seem to be newer than the number.
            if !empty && (source.present || source.version.changed != shipment.version.changed) {
                source.version = shipment.version;
            }
            source.present = false;
            let state = if shipment.status == ShipmentStatus::Cancelled {
                ParcelState::Skipped(Reason::Cancelled)
            } else {
                ParcelState::Superseded
            };
            close_if_withdrawn(row, state, now);
        }
    }

    /// A shipment without a number, or cancelled: a fact too. It is remembered on a row of its own, so that it is seen
    /// (without a number) and so that an older message that arrives late does not bring a number back.
    fn remember_empty(&mut self, shipment: &Shipment) {
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
        };
        let numbered = self.rows.iter().any(|row| row.number.is_some() && row.source(&shipment.id).is_some());
        if let Some(marker) = self.marker(&shipment.id) {
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
            self.rows.push(row);
        }
    }

    /// The message listed every shipment of the order: others are gone.
    fn close_unlisted(&mut self, complete: Version) {
        let now = self.now;
        let listed: Vec<&ShipmentId> = self.news.shipments.iter().map(|s| &s.id).collect();
        for row in &mut self.rows {
            let mut touched = false;
            for source in &mut row.sources {
                let ours = source.shipment.as_str() == WHOLE_ORDER || listed.contains(&&source.shipment);
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

    /// The whole order is cancelled in the store: what is not yet at TikTok stays here.
    fn cancel_order(&mut self, version: Version) {
        let now = self.now;
        for row in &mut self.rows {
            let older = row.sources.iter().all(|s| s.version.changed <= version.changed);
            if older && matches!(row.state.phase(), Phase::Open | Phase::Waiting) {
                row.withdraw(ParcelState::Skipped(Reason::Cancelled), now);
            }
        }
        if self.order_cancelled_at().is_none()
            && let Ok(shipment) = ShipmentId::parse(WHOLE_ORDER)
        {
            let source = Source { shipment, version, present: false, sharing: 1, lines: Vec::new() };
            let row = self.blank(ParcelState::Skipped(Reason::Cancelled), None, source);
            self.rows.push(row);
        }
    }

    /// Every row of a store order belongs to the same TikTok order: what one knows, all know.
    fn link(&mut self) {
        let known = self.rows.iter().map(|row| &row.link).find(|link| matches!(link, OrderLink::Found(_))).cloned();
        let link = known.unwrap_or_else(|| self.news.link.clone());
        let now = self.now;
        for row in &mut self.rows {
            let better = match (&row.link, &link) {
                (OrderLink::Found(_), _) | (_, OrderLink::NotRead) => false,
                (OrderLink::Ambiguous(_), new) => matches!(new, OrderLink::Found(_)),
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
                | ParcelState::Skipped(Reason::NotTikTok) => requeue(row, false, now),
                _ => row.bring_forward(now),
            }
        }
    }

    /// Another parcel of the order holds other items now, or is gone: what could not be told before is tried again.
    fn match_again(&mut self, known: &[Parcel]) {
        let claims = |row: &Parcel| -> Vec<(ShipmentId, bool, u32, Vec<StoreLine>)> {
            row.sources.iter().map(|s| (s.shipment.clone(), s.present, s.sharing, s.lines.clone())).collect()
        };
        if self.rows.iter().zip(known).all(|(after, before)| claims(after) == claims(before)) {
            return;
        }
        let now = self.now;
        let unmatched = ParcelState::NeedsAttention(Reason::LinesUnmatched);
        for row in self.rows.iter_mut().filter(|row| row.state == unmatched) {
            requeue(row, false, now);
        }
    }

    fn order_cancelled_at(&self) -> Option<Version> {
        self.rows.iter().flat_map(|row| &row.sources).find(|s| s.shipment.as_str() == WHOLE_ORDER).map(|s| s.version)
    }

    fn marker(&mut self, shipment: &ShipmentId) -> Option<&mut Parcel> {
        self.rows.iter_mut().find(|row| row.number.is_none() && row.source(shipment).is_some())
    }

    fn blank(&self, state: ParcelState, due: Option<Timestamp>, source: Source) -> Parcel {
        Parcel {
            store: self.store.id.clone(),
            order: self.news.order.clone(),
            order_name: self.news.order_name.clone(),
            number: None,
            carrier: None,
            sources: vec![source],
            link: OrderLink::NotRead,
            // Siblings may have moved to the order's own shop; until one has, the first shop's shard works on it.
            shop: self.rows.first().map_or_else(|| self.store.shops[0].clone(), |row| row.shop.clone()),
            state,
            due,
            received: self.now,
            changed: self.now,
            attempts: 0,
            crashes: 0,
            confirmed: false,
            placed: false,
            asked: Vec::new(),
            trouble: None,
            listed: false,
            adrift: false,
            chosen: Vec::new(),
            sent: None,
            tried: None,
            waits_for: None,
            answer: None,
            events: Vec::new(),
            healed: self.healed,
            rev: 0,
        }
    }
}

/// Brings a row back to work because its contents changed. What TikTok accepted goes back only for another carrier;
/// what a person dismissed stays dismissed.
fn requeue(row: &mut Parcel, carrier_changed: bool, now: Timestamp) {
    let back = match row.state {
        ParcelState::Dismissed => return,
        state => match state.phase() {
            Phase::Open => state,
            Phase::Waiting | Phase::Closed => ParcelState::Queued,
            Phase::Done if carrier_changed => ParcelState::Queued,
            Phase::Done => return,
        },
    };
    if row.number.is_some() {
        row.start_over(back, now);
    }
}

fn close_if_withdrawn(row: &mut Parcel, state: ParcelState, now: Timestamp) {
    if row.is_withdrawn() {
        row.withdraw(state, now);
    }
}

/// The row of a manual link, as a message that only says which TikTok order a store order is.
#[must_use]
pub fn link_only(order: StoreOrderId, link: OrderLink) -> Fulfilment {
    Fulfilment { order, order_name: None, link, cancelled: None, shipments: Vec::new(), complete: None }
}

#[cfg(test)]
#[path = "intake_tests.rs"]
mod tests;
