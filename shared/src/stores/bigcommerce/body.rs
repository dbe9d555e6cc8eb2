//! Shipments, orders and order lines of BigCommerce's V2 API.

use super::CANCELLED;
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Fulfilment, OrderLink, Shipment, ShipmentStatus, StoreParcel, Version};
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::domain::numbers::numbers_in;
use crate::stores::json::{Flag, List, Quantity, Text, moment};
use crate::stores::order_id::{Search, mentions_tiktok};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::HashMap;

/// Order sources that BigCommerce itself names for orders placed in the store.
const OWN_CHANNELS: [&str; 6] = ["www", "iphone", "ipad", "android", "mobile", "manual"];

/// A shipment. The address is not read.
#[derive(Deserialize)]
pub(super) struct ShipmentBody {
    #[serde(default)]
    pub(super) id: Text,
    #[serde(default)]
    date_created: Text,
    #[serde(default)]
    tracking_number: Text,
    #[serde(default)]
    shipping_provider_display_name: Text,
    #[serde(default)]
    tracking_carrier: Text,
    #[serde(default)]
    shipping_provider: Text,
    #[serde(default)]
    shipping_method: Text,
    #[serde(default)]
    items: List<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    order_product_id: Text,
    #[serde(default)]
    quantity: Quantity,
}

/// An order. Customer and address are not read.
#[derive(Deserialize)]
pub(super) struct OrderBody {
    #[serde(default)]
    pub(super) id: Text,
    #[serde(default)]
    date_modified: Text,
    #[serde(default)]
    pub(super) status_id: Text,
    #[serde(default)]
    payment_method: Text,
    #[serde(default)]
    staff_notes: Text,
    #[serde(default)]
    customer_message: Text,
    #[serde(default)]
    order_source: Text,
    #[serde(default)]
    external_source: Text,
    #[serde(default)]
    external_id: Text,
    #[serde(default)]
    external_order_id: Text,
    #[serde(default)]
    external_merchant_id: Text,
    #[serde(default)]
    items_shipped: Text,
    #[serde(default)]
    is_deleted: Flag,
}

/// A line of an order.
#[derive(Deserialize)]
pub(super) struct ProductBody {
    #[serde(default)]
    pub(super) id: Text,
    #[serde(default)]
    sku: Text,
}

impl OrderBody {
    pub(super) fn modified(&self) -> Option<Timestamp> {
        self.date_modified.get().and_then(moment)
    }

    pub(super) fn is_deleted(&self) -> bool {
        self.is_deleted.0
    }

    /// No unit has left, so there is no shipment either.
    pub(super) fn has_shipped_nothing(&self) -> bool {
        self.items_shipped.get() == Some("0")
    }

    pub(super) fn changed(&self, now: Timestamp) -> Version {
        Version::new(self.modified().unwrap_or(now), now)
    }

    /// The order without its shipments.
    pub(super) fn head(&self, order: StoreOrderId, settings: &StoreSettings, now: Timestamp) -> Fulfilment {
        let cancelled = self.status_id.get() == Some(CANCELLED.to_string().as_str());
        Fulfilment {
            order_name: Some(order.as_str().to_owned()),
            order,
            link: self.link(settings),
            cancelled: cancelled.then(|| self.changed(now)),
            shipments: Vec::new(),
            complete: None,
        }
    }

    fn link(&self, settings: &StoreSettings) -> OrderLink {
        let mut search = Search::default();
        let own = match settings.order_id_field.as_deref() {
            Some("external_order_id") => self.external_order_id.get(),
            Some("external_id") => self.external_id.get(),
            Some("staff_notes") => self.staff_notes.get(),
            Some("customer_message") => self.customer_message.get(),
            _ => None,
        };
        own.into_iter().for_each(|text| search.own_field(text));
        // Any marketplace's connector may fill these; only TikTok's is trusted with ids of another form.
        let tiktok = mentions_tiktok(self.external_source.or_empty());
        for text in [&self.external_order_id, &self.external_id].into_iter().filter_map(Text::get) {
            if tiktok { search.id_field(text) } else { search.free_text(text) }
        }
        for text in [&self.external_source, &self.payment_method].into_iter().filter_map(Text::get) {
            search.mark(text);
        }
        for text in [&self.staff_notes, &self.customer_message].into_iter().filter_map(Text::get) {
            search.free_text(text);
        }
        // Named after a merchant; some connectors put the order's number there.
        self.external_merchant_id.get().into_iter().for_each(|text| search.last_resort(text));
        let source = self.order_source.or_empty();
        search.link(OWN_CHANNELS.iter().any(|channel| source.eq_ignore_ascii_case(channel)))
    }
}

impl ShipmentBody {
    /// The first of the carrier fields that says something; `None` as a word means nothing.
    fn carrier(&self) -> Option<String> {
        [&self.shipping_provider_display_name, &self.tracking_carrier, &self.shipping_provider, &self.shipping_method]
            .into_iter()
            .filter_map(Text::get)
            .find(|text| !text.eq_ignore_ascii_case("none"))
            .map(str::to_owned)
    }

    /// The shipment, its lines still by line id.
    fn read(&self, now: Timestamp) -> Option<(Shipment, Vec<String>)> {
        let id = ShipmentId::parse(self.id.id()?).ok()?;
        let carrier = self.carrier();
        let numbers = numbers_in(self.tracking_number.or_empty()).into_iter();
        let parcels = numbers.map(|number| StoreParcel { number, carrier: carrier.clone() }).collect();
        let items: Vec<&Item> = self.items.0.iter().filter(|item| item.quantity.0 > 0).collect();
        // A shipment has no date of its last change: the moment of reading tells its states apart.
        let version = Version::new(self.date_created.get().and_then(moment).unwrap_or(now), now);
        let lines = items.iter().map(|item| item.quantity.of_sku("")).collect();
        let keys = items.iter().map(|item| item.order_product_id.or_empty().to_owned()).collect();
        Some((Shipment { id, version, status: ShipmentStatus::Shipped, parcels, lines }, keys))
    }
}

/// Shipments whose lines still wait for their stock codes.
#[derive(Debug, Default)]
pub(super) struct Unnamed(Vec<(Shipment, Vec<String>)>);

impl Unnamed {
    pub(super) fn add(&mut self, shipments: &[ShipmentBody], now: Timestamp) {
        self.0.extend(shipments.iter().filter_map(|shipment| shipment.read(now)));
    }

    /// Whether stock codes are needed at all.
    pub(super) fn has_lines(&self) -> bool {
        self.0.iter().any(|(_, keys)| !keys.is_empty())
    }

    pub(super) fn named(self, products: &[ProductBody]) -> Vec<Shipment> {
        let skus: HashMap<&str, &str> = products.iter().filter_map(|p| Some((p.id.get()?, p.sku.or_empty()))).collect();
        self.0
            .into_iter()
            .map(|(mut shipment, keys)| {
                for (line, key) in shipment.lines.iter_mut().zip(&keys) {
                    line.sku = skus.get(key.as_str()).copied().unwrap_or_default().to_owned();
                }
                shipment
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_merchants_own_number_at_the_marketplace_counts_only_where_tiktok_is_spoken_of() {
        let link = |source: &str| {
            let body = json!({"id": 1, "external_source": source, "external_merchant_id": "576910000000000056"});
            let order: OrderBody = serde_json::from_value(body).expect("an order");
            order.link(&StoreSettings::default())
        };
        assert!(matches!(link("TikTok Shop"), OrderLink::Found(_)));
        assert!(!matches!(link("Amazon"), OrderLink::Found(_)));
    }
}
