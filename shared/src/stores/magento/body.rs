//! Shipments and orders of Magento's REST API: bodies of Mage-OS events and of reads alike.

use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Fulfilment, OrderLink, Shipment, ShipmentStatus, StoreParcel, Version};
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::domain::numbers::numbers_in;
use crate::stores::json::{List, Maybe, Quantity, Text, moment};
use crate::stores::limits::MOST;
use crate::stores::order_id::{Search, mentions_tiktok};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::HashMap;

/// A shipment. `items` is what is in **this** shipment; tracks share them, the split is not known.
#[derive(Deserialize)]
pub(super) struct ShipmentBody {
    #[serde(default)]
    pub(super) entity_id: Text,
    #[serde(default)]
    pub(super) order_id: Text,
    #[serde(default)]
    pub(super) updated_at: Text,
    #[serde(default)]
    items: List<Item>,
    #[serde(default)]
    tracks: List<Track>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    sku: Text,
    /// Decimals, for goods that are sold by length or weight.
    #[serde(default)]
    qty: Text,
}

#[derive(Deserialize)]
struct Track {
    #[serde(default)]
    track_number: Text,
    #[serde(default)]
    title: Text,
    #[serde(default)]
    carrier_code: Text,
}

impl Track {
    /// The title is what a person sees; the code `custom` means nothing.
    fn carrier(&self) -> Option<String> {
        self.title.get().or_else(|| self.carrier_code.get().filter(|code| *code != "custom")).map(str::to_owned)
    }
}

impl ShipmentBody {
    /// The shipment with every track. `None` without an id.
    pub(super) fn shipment(&self, now: Timestamp) -> Option<Shipment> {
        let id = ShipmentId::parse(self.entity_id.id()?).ok()?;
        let mut parcels: Vec<StoreParcel> = Vec::new();
        // Where a number stands, and whether its carrier is a title. The same number twice is one parcel.
        let mut known: HashMap<String, (usize, bool)> = HashMap::new();
        for track in &self.tracks.0 {
            let titled = track.title.get().is_some();
            for number in numbers_in(track.track_number.or_empty()) {
                match known.get_mut(&number.key()) {
                    None => {
                        known.insert(number.key(), (parcels.len(), titled));
                        parcels.push(StoreParcel { number, carrier: track.carrier() });
                    }
                    Some((at, has_title)) => {
                        if let Some(parcel) = parcels.get_mut(*at)
                            && (titled && !*has_title || parcel.carrier.is_none())
                        {
                            parcel.carrier = track.carrier();
                            *has_title |= titled;
                        }
                    }
                }
            }
            if parcels.len() > MOST {
                break;
            }
        }
        let line = |item: &Item| {
            let quantity = Quantity::of_text(item.qty.or_empty());
            (quantity.0 > 0).then(|| quantity.of_sku(item.sku.or_empty()))
        };
        let lines = self.items.0.iter().filter_map(line).collect();
        // A track's change need not touch the shipment's date: the moment of reading tells such states apart.
        let version = Version::new(self.updated_at.get().and_then(moment).unwrap_or(now), now);
        Some(Shipment { id, version, status: ShipmentStatus::Shipped, parcels, lines })
    }

    pub(super) fn order(&self) -> Option<StoreOrderId> {
        StoreOrderId::parse(self.order_id.id()?).ok()
    }
}

/// An order. Addresses and the customer's e-mail are not read.
#[derive(Deserialize)]
pub(super) struct OrderBody {
    #[serde(default)]
    pub(super) entity_id: Text,
    #[serde(default)]
    increment_id: Text,
    #[serde(default)]
    pub(super) state: Text,
    #[serde(default)]
    updated_at: Text,
    #[serde(default)]
    customer_note: Text,
    #[serde(default)]
    ext_order_id: Text,
    #[serde(default)]
    status_histories: List<History>,
    #[serde(default)]
    payment: Maybe<Payment>,
    #[serde(default)]
    extension_attributes: Maybe<Extensions>,
}

#[derive(Deserialize)]
struct History {
    #[serde(default)]
    comment: Text,
}

#[derive(Deserialize)]
struct Payment {
    #[serde(default)]
    method: Text,
    /// Values only, without their keys.
    #[serde(default)]
    additional_information: List<Text>,
}

#[derive(Deserialize)]
struct Extensions {
    #[serde(default)]
    tiktok_order_id: Text,
    #[serde(default)]
    payment_additional_info: List<Info>,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    key: Text,
    #[serde(default)]
    value: Text,
}

impl OrderBody {
    /// Cancelled, with one l. An order that has shipments is refunded instead and ends `closed`.
    pub(super) fn is_cancelled(&self) -> bool {
        self.state.get() == Some("canceled")
    }

    /// The order without its shipments.
    pub(super) fn head(&self, order: StoreOrderId, settings: &StoreSettings, now: Timestamp) -> Fulfilment {
        let version = Version::new(self.updated_at.get().and_then(moment).unwrap_or(now), now);
        Fulfilment {
            order,
            order_name: self.increment_id.get().map(str::to_owned),
            link: self.link(settings),
            cancelled: self.is_cancelled().then_some(version),
            shipments: Vec::new(),
            complete: None,
        }
    }

    /// When the order changed last.
    pub(super) fn version(&self, now: Timestamp) -> Version {
        Version::new(self.updated_at.get().and_then(moment).unwrap_or(now), now)
    }

    fn link(&self, settings: &StoreSettings) -> OrderLink {
        let mut search = Search::default();
        let infos = self.extension_attributes.0.iter().flat_map(|extensions| &extensions.payment_additional_info.0);
        if let Some(field) = settings.order_id_field.as_deref() {
            let direct = match field {
                "ext_order_id" => self.ext_order_id.get(),
                "increment_id" => self.increment_id.get(),
                "customer_note" => self.customer_note.get(),
                _ => None,
            };
            let named = infos.clone().filter(|info| info.key.get() == Some(field)).filter_map(|info| info.value.get());
            direct.into_iter().chain(named).for_each(|text| search.own_field(text));
        }
        let named = self.extension_attributes.0.as_ref().and_then(|extensions| extensions.tiktok_order_id.get());
        named.into_iter().for_each(|text| search.id_field(text));
        for info in infos {
            search.attribute(info.key.or_empty(), info.value.or_empty());
        }
        if let Some(payment) = &self.payment.0 {
            search.mark(payment.method.or_empty());
            // These values have lost their keys; only TikTok's payment method says what they may be.
            if mentions_tiktok(payment.method.or_empty()) {
                payment.additional_information.0.iter().filter_map(Text::get).for_each(|text| search.free_text(text));
            }
        }
        let comments = self.status_histories.0.iter().map(|history| &history.comment);
        let texts = [&self.increment_id, &self.ext_order_id, &self.customer_note].into_iter().chain(comments);
        texts.filter_map(Text::get).for_each(|text| search.free_text(text));
        // Magento does not say where an order was placed.
        search.link(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_connectors_own_attribute_names_the_order_whatever_its_first_digit() {
        let body = json!({"entity_id": 1, "extension_attributes": {"tiktok_order_id": "176910000000000056"}});
        let order: OrderBody = serde_json::from_value(body).expect("an order");
        let OrderLink::Found(found) = order.link(&StoreSettings::default()) else { panic!("no order is named") };
        assert_eq!(found.as_str(), "176910000000000056");
    }
}
