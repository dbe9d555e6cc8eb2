//! What earlier deliveries to the same store said, to tell changed from unchanged.

use std::collections::{BTreeMap, HashMap};
use waybill::domain::fulfilment::{Fulfilment, Shipment, ShipmentStatus, StoreLine, StoreParcel, Version};
use waybill::domain::ids::{ShipmentId, StoreOrderId};
use waybill::domain::platform::Platform;

/// The shipments of every order seen so far, at their newest version.
#[derive(Debug, Default)]
pub(super) struct History(HashMap<(Platform, StoreOrderId), BTreeMap<ShipmentId, State>>);

#[derive(Debug)]
struct State {
    version: Version,
    status: ShipmentStatus,
    parcels: Vec<StoreParcel>,
    lines: Vec<StoreLine>,
}

/// How a message compares with what was known.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// Some shipment of the message was known before.
    pub(super) known: bool,
    /// Nothing in the message is news.
    pub(super) unchanged: bool,
    /// A known shipment has other numbers than before.
    pub(super) replaced: bool,
    /// Numbers known from earlier deliveries that are gone now.
    pub(super) removed: Vec<String>,
}

impl History {
    /// Compares a message with the past and makes it part of the past.
    pub(super) fn take(&mut self, platform: Platform, message: &Fulfilment) -> Change {
        let order = self.0.entry((platform, message.order.clone())).or_default();
        let before = numbers(order);
        let mut change = Change { unchanged: true, ..Change::default() };
        if let Some(version) = message.complete {
            order.retain(|id, state| {
                state.version > version || message.shipments.iter().any(|shipment| shipment.id == *id)
            });
        }
        for shipment in &message.shipments {
            if let Some(state) = order.get(&shipment.id) {
                change.known = true;
                if state.version > shipment.version {
                    continue;
                }
                change.unchanged &= state.same(shipment);
                change.replaced |= keys(&state.parcels) != keys(&shipment.parcels);
            } else {
                change.unchanged = false;
            }
            order.insert(shipment.id.clone(), State::of(shipment));
        }
        let after = numbers(order);
        change.removed = before.iter().filter(|key| !after.contains(key)).cloned().collect();
        // Shopify and BigCommerce edit the number of a shipment in place: the shipment is superseded, nothing is removed.
        // WooCommerce and Magento list trackings one by one: what is no longer listed was taken away.
        let edited_in_place = matches!(platform, Platform::Shopify | Platform::BigCommerce | Platform::Generic)
            && after.iter().any(|key| !before.contains(key));
        if edited_in_place {
            change.removed.clear();
        }
        change.unchanged &= change.removed.is_empty();
        change
    }
}

impl State {
    fn of(shipment: &Shipment) -> Self {
        Self {
            version: shipment.version,
            status: shipment.status,
            parcels: shipment.parcels.clone(),
            lines: shipment.lines.clone(),
        }
    }

    fn same(&self, shipment: &Shipment) -> bool {
        self.status == shipment.status
            && self.lines == shipment.lines
            && keys(&self.parcels) == keys(&shipment.parcels)
            && self.parcels.iter().map(|p| &p.carrier).eq(shipment.parcels.iter().map(|p| &p.carrier))
    }
}

fn keys(parcels: &[StoreParcel]) -> Vec<String> {
    parcels.iter().map(|parcel| parcel.number.key()).collect()
}

/// The numbers of all shipments that count.
fn numbers(order: &BTreeMap<ShipmentId, State>) -> Vec<String> {
    order
        .values()
        .filter(|state| state.status == ShipmentStatus::Shipped)
        .flat_map(|state| keys(&state.parcels))
        .collect()
}
