//! What a seller does by hand in Seller Center.

use super::ModelTikTok;
use super::order::{Package, PackageStatus, Status};
use super::webhooks::Notification;

impl ModelTikTok {
    /// Splits the open units of an order into packages. Webhook 4 tells. `false`: no such order, or a unit that is not open.
    pub fn split(&self, shop: &str, order: &str, parts: &[&[String]]) -> bool {
        let mut state = self.state();
        let now = state.now();
        let Some(open) = state.order(shop, order).map(|order| order.open_lines()) else { return false };
        if !parts.iter().flat_map(|part| part.iter()).all(|line| open.contains(line)) {
            return false;
        }
        let mut packages = Vec::new();
        for part in parts {
            let id = state.fresh_id("1153");
            state.packages.insert(id.clone(), (shop.to_owned(), order.to_owned()));
            packages.push(Package {
                id,
                lines: part.to_vec(),
                number: None,
                provider: None,
                provider_name: String::new(),
                status: PackageStatus::ToFulfill,
                created: now,
                updated: now,
                shipped: None,
                edits: 0,
            });
        }
        let done = state.change(shop, order, |order| {
            order.packages.retain(|package| package.shipped.is_some());
            order.packages.extend(packages);
            order.clone()
        });
        if let Some(order) = &done {
            let notice = Notification::packages(shop, order, "SPLIT", now);
            state.notify(notice);
        }
        done.is_some()
    }

    /// Cancels the packages of an order that have a number and no scan: their units wait for a number again. Webhook 4
    /// tells.
    pub fn take_back(&self, shop: &str, order: &str) -> bool {
        let mut state = self.state();
        let now = state.now();
        let done = state.change(shop, order, |order| {
            order.packages.retain(|package| package.status != PackageStatus::Processing);
            let shipped = order.packages.iter().any(|package| package.shipped.is_some());
            order.status = if shipped { Status::PartiallyShipping } else { Status::AwaitingShipment };
            order.clone()
        });
        let Some(order) = done else { return false };
        for users in state.numbers.values_mut() {
            users.remove(&(shop.to_owned(), order.id.clone()));
        }
        let notice = Notification::packages(shop, &order, "CANCEL", now);
        state.notify(notice);
        true
    }

    /// Sets an order to Seller Shipping, as the remedy for NOT_SELLER_SHIPPING says.
    pub fn ship_by_seller(&self, shop: &str, order: &str) -> bool {
        let mut state = self.state();
        let Some(option) = state.shops.get(shop).and_then(|shop| shop.seller_option.clone()) else { return false };
        let now = state.now();
        let done = state.change(shop, order, |order| {
            order.shipping_type = "SELLER".into();
            order.delivery_option = option;
            order.delivery_option_name = "Shipped by seller".into();
            order.clone()
        });
        if let Some(order) = &done {
            let notice = Notification::order_status(shop, order, now);
            state.notify(notice);
        }
        done.is_some()
    }
}
