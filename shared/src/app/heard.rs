//! What stores' webhook addresses hear, noted without a write for each delivery.

use crate::domain::clock::Clock;
use crate::domain::ids::{ShopId, StoreId};
use crate::table::Table;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A good delivery is noted this often: the time it shows is good to that.
const DELIVERED_EVERY: Duration = Duration::from_secs(5 * 60);
/// Refused ones are counted together within this time once there are many.
const REFUSED_EVERY: Duration = Duration::from_secs(60);
/// Refused deliveries that are each written at once: a person who tries a secret sees every one.
const FEW: u64 = 20;
/// Stores kept in memory at most; beyond it the memory starts again.
const MOST: usize = 10_000;

/// The memory of one process.
#[derive(Debug, Default)]
pub struct Ears {
    stores: Mutex<HashMap<StoreId, Ear>>,
    pushes: Mutex<HashMap<ShopId, Duration>>,
}

#[derive(Debug, Default)]
struct Ear {
    delivered: Option<Duration>,
    /// Start of the minute under way, and how many were refused in it.
    minute: Option<Duration>,
    refused: u64,
    unwritten: u64,
}

impl Ears {
    fn with<T>(&self, store: &StoreId, change: impl FnOnce(&mut Ear) -> T) -> T {
        let mut ears = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        if ears.len() >= MOST && !ears.contains_key(store) {
            ears.clear();
        }
        change(ears.entry(store.clone()).or_default())
    }

    /// A delivery whose signature held. A note that fails costs the note, never the delivery.
    pub async fn delivered(&self, table: &Table, clock: &Clock, store: &StoreId) {
        let now = clock.steady();
        let due = self.with(store, |ear| {
            let due = ear.delivered.is_none_or(|last| now.saturating_sub(last) >= DELIVERED_EVERY);
            if due {
                ear.delivered = Some(now);
            }
            due
        });
        if due && let Err(error) = table.heard_delivery(store, clock.now()).await {
            tracing::warn!(store.id = %store, error = &error as &dyn std::error::Error, "last delivery not noted");
        }
    }

    /// A push that worked on a shop.
    pub async fn pushed(&self, table: &Table, clock: &Clock, shop: &ShopId) {
        let now = clock.steady();
        {
            let mut pushes = self.pushes.lock().unwrap_or_else(PoisonError::into_inner);
            if pushes.get(shop).is_some_and(|last| now.saturating_sub(*last) < DELIVERED_EVERY) {
                return;
            }
            if pushes.len() >= MOST {
                pushes.clear();
            }
            pushes.insert(shop.clone(), now);
        }
        if let Err(error) = table.pushed_note(shop, clock.now()).await {
            tracing::warn!(shop.id = %shop, error = &error as &dyn std::error::Error, "last push not noted");
        }
    }

    /// A delivery that was refused for its signature.
    pub async fn refused(&self, table: &Table, clock: &Clock, store: &StoreId) {
        let now = clock.steady();
        let more = self.with(store, |ear| {
            ear.unwritten += 1;
            if ear.minute.is_none_or(|start| now.saturating_sub(start) >= REFUSED_EVERY) {
                (ear.minute, ear.refused) = (Some(now), 0);
            }
            ear.refused += 1;
            (ear.refused <= FEW).then(|| std::mem::take(&mut ear.unwritten))
        });
        if let Some(more) = more
            && let Err(error) = table.heard_refused(store, more, clock.now()).await
        {
            tracing::warn!(store.id = %store, error = &error as &dyn std::error::Error, "refused delivery not noted");
        }
    }
}
