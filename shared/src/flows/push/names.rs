//! Carrier names that this run held parcels for. The first parcel of a name is counted before it is held, so that a
//! crash never loses a name; the others are counted in memory and written once, when the shop's share is done.

use super::shop_run::ShopRun;
use crate::domain::parcel::Parcel;
use crate::domain::reason::Reason;
use crate::flows::carriers::match_parcel::folded;
use crate::flows::carriers::unmatched::{asks_for_a_name, sighting};
use crate::table::seen::Sighting;
use std::collections::BTreeMap;

/// By name: parcels that are still to be counted, and the last of them.
pub(super) type Names = BTreeMap<String, (u64, Option<Sighting>)>;

impl ShopRun<'_> {
    /// Notes a parcel that is about to be held. What it returns is to be counted once the hold is written.
    pub(super) async fn sighted(&self, parcel: &Parcel, reason: Reason) -> Option<Sighting> {
        let seen = asks_for_a_name(reason).then(|| sighting(parcel, self.run.app.clock.now()))??;
        let first = {
            let mut names = self.names.lock().await;
            let first = !names.contains_key(&folded(&seen.name));
            names.entry(folded(&seen.name)).or_default();
            first
        };
        if first && self.count(&folded(&seen.name), 1, &seen).await { None } else { Some(seen) }
    }

    /// Counts a parcel whose hold is written.
    pub(super) async fn count_sighted(&self, seen: Option<Sighting>) {
        let Some(seen) = seen else { return };
        let mut names = self.names.lock().await;
        let (count, last) = names.entry(folded(&seen.name)).or_default();
        *count += 1;
        *last = Some(seen);
    }

    /// Writes what was counted.
    pub(super) async fn write_sighted(&self) {
        for (key, (count, last)) in std::mem::take(&mut *self.names.lock().await) {
            if let Some(last) = last {
                self.count(&key, count, &last).await;
            }
        }
    }

    async fn count(&self, key: &str, more: u64, last: &Sighting) -> bool {
        let written = self.run.app.table.seen_add(&self.id, key, more, last).await;
        if let Err(error) = &written {
            tracing::warn!(shop.id = %self.id, error = error as &dyn std::error::Error, "carrier name not counted");
        }
        written.is_ok()
    }
}
