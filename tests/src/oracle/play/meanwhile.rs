//! While one order, one carrier list or one store is ill, everybody else is served (X, R), and what cannot be read from a
//! store is told after a day (Q).

use super::{SHOPS, Stage};
use crate::oracle::right::{Right, SETTLED};
use crate::oracle::world::{Deed, Trouble};
use serde_json::Value;
use std::collections::BTreeSet;

/// A notice that could not be read for so long stands on the list: a day, and the gap to the try that tells.
const UNREAD: i64 = 26 * 3600;

impl Stage<'_> {
    /// Looks at everybody else just before it is well again.
    pub(super) async fn meanwhile(&mut self) {
        let deeds = &self.history.deeds;
        let Some(place) = deeds.iter().rposition(|(_, deed)| matches!(deed, Deed::Trouble(_))) else { return };
        let (since, Deed::Trouble(trouble)) = deeds[place].clone() else { return };
        let last = deeds.last().map_or(0, |(when, _)| *when);
        let over = deeds[place..].iter().any(|(_, deed)| *deed == Deed::Well);
        if over || !trouble.is_narrow() || self.now() - self.start - last < SETTLED {
            return;
        }
        self.note();
        let store = match trouble {
            Trouble::StoreHangs(store) | Trouble::StoreRefuses(store) => Some(store),
            _ => None,
        };
        let ill = |order: usize| match trouble {
            Trouble::BadOrder(one) | Trouble::OneRead(one) => one == order,
            Trouble::OneList(shop) => self.plan.orders[order].shop == shop,
            _ => false,
        };
        let ids: Vec<String> = self.plan.orders.iter().map(|order| order.id.clone()).collect();
        let orders: BTreeSet<&String> = ids.iter().enumerate().filter(|(n, _)| ill(*n)).map(|(_, id)| id).collect();
        let told = self.history.deeds.iter().filter_map(|(when, deed)| match deed {
            Deed::Tell(message) => Some((*when, message)),
            _ => None,
        });
        let touched = told
            .clone()
            .filter(|(_, m)| Some(m.store) == store || m.tiktok.as_ref().is_none_or(|id| orders.contains(id)));
        let numbers: BTreeSet<&String> = touched.flat_map(|(_, message)| &message.numbers).collect();
        let spared = |right: &Right| right.order.is_some() && !numbers.contains(&right.number);
        let rights: Vec<Right> = self.history.right(&ids).into_iter().filter(spared).collect();
        let mut held = self.world.held().await.0;
        let unread: Vec<String> = told
            .filter(|(when, m)| Some(m.store) == store && *when >= since && self.history.now - when > UNREAD)
            .filter_map(|(_, m)| self.web.as_ref()?.order(&m.order))
            .collect();
        let listed = |order: &String| {
            held.iter().any(|row| row["reason"] == "STORE_UNREADABLE" && row["store_order"] == order.as_str())
        };
        let missing: Vec<&String> = unread.iter().filter(|order| !listed(order)).collect();
        if self.plan.web == Some(crate::oracle::world::Web::WooCommerce) && !missing.is_empty() {
            let found = format!("{missing:?} of {held:?}");
            self.differ("a store that cannot be read", "each announced parcel is listed after a day", &found);
        }
        // An order's own entry names one of its numbers, which need not be the one that is asked about.
        let of_order = |row: &Value, right: &Right| row["tiktok_order"].as_str() == right.order.as_deref();
        let of_them =
            |row: &Value| rights.iter().any(|right| row["number"] == right.number.as_str() || of_order(row, right));
        held.retain(of_them);
        self.report.told.push(format!("            {} others meanwhile, in {} shops", rights.len(), SHOPS.len()));
        self.keep("meanwhile", &rights, &held);
    }
}
