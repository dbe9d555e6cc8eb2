//! A web shop with an API: it keeps orders and parcels itself, and its deliveries come through the real handler.

use super::Stage;
use crate::oracle::world::{Message, Web};
use crate::world::World;
use crate::world::stores::Front;
use std::collections::BTreeMap;
use waybill_model::stores::{IdField, Kind, Plugin};

/// The shop, and what its orders and parcels are called in the plan.
pub(super) struct Shop {
    pub(super) front: Front,
    orders: BTreeMap<String, u64>,
    parcels: BTreeMap<String, u64>,
}

impl Shop {
    pub(super) async fn open(world: &World, kind: Web) -> Self {
        let kind = match kind {
            Web::Shopify => Kind::Shopify,
            Web::WooCommerce => Kind::WooCommerce(Plugin::Core),
        };
        let front = world.open_store(kind).await;
        front.model.subscribe_all(&front.added.webhook_url);
        Self { front, orders: BTreeMap::new(), parcels: BTreeMap::new() }
    }

    /// The shop's own id of an order.
    pub(super) fn order(&self, order: &str) -> Option<String> {
        self.orders.get(order).map(u64::to_string)
    }

    /// What the message says becomes so in the shop.
    fn does(&mut self, message: &Message) {
        let model = &self.front.model;
        let numbers: Vec<&str> = message.numbers.iter().map(String::as_str).collect();
        let order = *self.orders.entry(message.order.clone()).or_insert_with(|| {
            let lines = message.items.iter().fold(model.order(), |order, (sku, count)| order.line(sku, *count));
            message.tiktok.iter().fold(lines, |order, id| order.tiktok(IdField::Main, id)).place()
        });
        match self.parcels.get(&message.shipment) {
            Some(parcel) if message.cancelled => drop(model.cancel_parcel(order, *parcel)),
            Some(parcel) => drop(model.edit_tracking(order, *parcel, &numbers, message.carrier)),
            None => {
                if let Some(parcel) = model.fulfil(order, &message.items, &numbers, message.carrier) {
                    self.parcels.insert(message.shipment.clone(), parcel);
                }
            }
        }
    }
}

impl Stage<'_> {
    /// The web shop's parcel changes, and its webhooks arrive.
    pub(super) async fn ships(&mut self, message: &Message) {
        let Some(mut web) = self.web.take() else { return };
        web.does(message);
        let answers = self.world.deliver(&web.front).await;
        if answers.iter().any(|status| *status != 200) {
            self.differ("the web shop's webhooks", "are taken", &format!("{answers:?}"));
        }
        self.web = Some(web);
    }

    /// It is disconnected: asked about first where something waits.
    pub(super) async fn leaves(&mut self) {
        let Some(web) = &self.web else { return };
        let store = web.front.added.store.id.as_str().to_owned();
        let (said, asks) = self.world.command(&["store", "remove", &store]).await;
        if asks {
            self.world.command(&["store", "remove", &store, "--yes"]).await;
        }
        if said.iter().any(|row| row["error"].is_string()) && !asks {
            self.differ("store remove", "is done or asks", &format!("{said:?}"));
        }
        if let Some(web) = &self.web {
            web.front.model.drop_subscriptions();
        }
    }

    /// And connected again.
    pub(super) async fn returns(&mut self) {
        let Some(web) = &mut self.web else { return };
        web.front.added = self.world.connect_again(&web.front).await;
        web.front.model.subscribe_all(&web.front.added.webhook_url);
    }
}
