//! An order of WooCommerce's REST API v3: the body of its webhooks and of its reads alike.

use super::{notes, trackings, value};
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::{Fulfilment, OrderLink, Version};
use crate::domain::ids::StoreOrderId;
use crate::stores::error::StoreError;
use crate::stores::json::{List, Quantity, Text, moment};
use crate::stores::order_id::{Search, mentions_tiktok, words};
use crate::stores::{Known, Notice, ThinNotice, limits};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// Ways in which WooCommerce itself makes an order. `rest-api` may be anybody, also TikTok's own plug-in.
const OWN_CHANNELS: [&str; 4] = ["checkout", "admin", "store-api", "subscription"];

/// An order. Billing and shipping address are not read.
#[derive(Deserialize)]
pub(super) struct OrderBody {
    #[serde(default)]
    pub(super) id: Text,
    #[serde(default)]
    number: Text,
    #[serde(default)]
    status: Text,
    #[serde(default)]
    date_modified_gmt: Text,
    #[serde(default)]
    customer_note: Text,
    #[serde(default)]
    created_via: Text,
    #[serde(default)]
    payment_method_title: Text,
    /// A random text of WooCommerce's own; some imports put the other system's order number there.
    #[serde(default)]
    order_key: Text,
    #[serde(default)]
    transaction_id: Text,
    #[serde(default)]
    pub(super) meta_data: List<Meta>,
    #[serde(default)]
    pub(super) line_items: List<LineItem>,
}

/// One meta entry: any plug-in, any JSON.
#[derive(Deserialize)]
pub(super) struct Meta {
    #[serde(default)]
    pub(super) key: Text,
    #[serde(default)]
    pub(super) value: Value,
}

/// An order line.
#[derive(Deserialize)]
pub(super) struct LineItem {
    #[serde(default)]
    pub(super) id: Text,
    #[serde(default)]
    pub(super) sku: Text,
    #[serde(default)]
    pub(super) quantity: Quantity,
    #[serde(default)]
    pub(super) product_id: Text,
    #[serde(default)]
    pub(super) variation_id: Text,
    #[serde(default)]
    pub(super) meta_data: List<Meta>,
}

impl OrderBody {
    /// What the order says, or that its fulfillments must be read.
    pub(super) fn notice(
        &self,
        id: StoreOrderId,
        settings: &StoreSettings,
        now: Timestamp,
    ) -> Result<Notice, StoreError> {
        if self.status.get() == Some("trash") {
            return Ok(Notice::Deleted(id));
        }
        let fulfilment = limits::checked(self.fulfilment(id.clone(), settings, now))?;
        let fulfillments = self.has_core_fulfillments();
        let more = fulfillments || (!self.is_unpaid() && notes::are_wanted(settings, &fulfilment));
        if !more || fulfilment.cancelled.is_some() || fulfilment.link == OrderLink::OtherChannel {
            return Ok(Notice::Fulfilled(fulfilment));
        }
        let known = Known { fulfilment, lines: self.skus(), fulfillments };
        Ok(Notice::Thin(ThinNotice {
            order: Some(id),
            shipment: None,
            deleted: false,
            at: self.modified().unwrap_or(now),
            known: Some(Box::new(known)),
        }))
    }

    /// The order and every tracking that its body holds: the list is whole, so what is missing from it is gone.
    pub(super) fn fulfilment(&self, order: StoreOrderId, settings: &StoreSettings, now: Timestamp) -> Fulfilment {
        let version = Version::new(self.modified().unwrap_or(now), now);
        let cancelled = self.status.get() == Some("cancelled");
        Fulfilment {
            order,
            order_name: self.number.get().map(str::to_owned),
            link: self.link(settings),
            cancelled: cancelled.then_some(version),
            shipments: trackings::shipments(self, settings, version),
            complete: Some(version),
        }
    }

    /// The body shows only a status; the parcels of WooCommerce's own fulfillments (10.1 and later) need a read.
    pub(super) fn has_core_fulfillments(&self) -> bool {
        self.meta_data
            .0
            .iter()
            .filter(|meta| meta.key.get() == Some("_fulfillment_status"))
            .any(|meta| !matches!(meta.value.as_str(), None | Some("" | "unfulfilled" | "no_fulfillments")))
    }

    /// Nothing has left for such an order yet, so its notes tell of no parcel.
    fn is_unpaid(&self) -> bool {
        matches!(self.status.get(), Some("pending" | "on-hold" | "failed" | "checkout-draft" | "auto-draft"))
    }

    /// Stock codes by line id.
    pub(super) fn skus(&self) -> Vec<(String, String)> {
        self.line_items
            .0
            .iter()
            .filter_map(|line| Some((line.id.get()?.to_owned(), line.sku.or_empty().to_owned())))
            .collect()
    }

    pub(super) fn modified(&self) -> Option<Timestamp> {
        self.date_modified_gmt.get().and_then(moment)
    }

    fn link(&self, settings: &StoreSettings) -> OrderLink {
        let mut search = Search::default();
        let own = settings.order_id_field.as_deref();
        match own {
            Some("number") => self.number.get().into_iter().for_each(|text| search.own_field(text)),
            Some("customer_note") => self.customer_note.get().into_iter().for_each(|text| search.own_field(text)),
            _ => {}
        }
        for meta in &self.meta_data.0 {
            let key = meta.key.or_empty();
            let value = value::text(&meta.value).unwrap_or_default();
            if own == Some(key) {
                search.own_field(&value);
            }
            match key {
                "tiktok_order_id" | "_tiktok_order_id" => search.id_field(&value),
                _ if speaks_of_an_order_elsewhere(key) => search.attribute(key, &value),
                _ => {}
            }
        }
        self.payment_method_title.get().into_iter().for_each(|text| search.mark(text));
        for text in [&self.customer_note, &self.number, &self.order_key].into_iter().filter_map(Text::get) {
            search.free_text(text);
        }
        // Any payment's number; an order's only where nothing better stands and TikTok is spoken of.
        self.transaction_id.get().into_iter().for_each(|text| search.last_resort(text));
        search.link(OWN_CHANNELS.contains(&self.created_via.or_empty()))
    }
}

/// Orders carry dozens of meta entries of all kinds of plug-ins, tracking numbers among them: only keys that promise an
/// order number of another place are searched.
fn speaks_of_an_order_elsewhere(key: &str) -> bool {
    let words = words(key);
    let has = |stem: &str| words.iter().any(|word| word.starts_with(stem));
    mentions_tiktok(key) || (has("order") && ["channel", "marketplace", "external"].into_iter().any(has))
}
