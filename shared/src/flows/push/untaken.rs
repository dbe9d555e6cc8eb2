//! A shipment that names another order than before, while nobody knew whether TikTok took its number for the older one: a
//! person is asked which it is. Once a read shows that TikTok never took it, there is nothing left to ask.

use super::orders::Group;
use super::record::settle;
use super::shop_run::ShopRun;
use crate::domain::decision::holding;
use crate::domain::fulfilment::OrderLink;
use crate::domain::ids::TikTokOrderId;
use crate::domain::order::TikTokOrder;
use crate::domain::parcel::{Parcel, ParcelState};
use jiff::{SignedDuration, Timestamp};

/// So long after a call a read shows what became of it.
const SHOWN: SignedDuration = SignedDuration::from_mins(10);

/// A parcel that waits for a person's word on its order.
pub(super) struct Doubt {
    row: Parcel,
    /// The order that the shipment named before: a read of it says more.
    pub(super) older: TikTokOrderId,
    newer: TikTokOrderId,
    numbers: Vec<String>,
}

/// The held parcels of a store order whose number may, or may not, have gone out for the order that was named before.
pub(super) fn doubts(held: impl Iterator<Item = Parcel>, group: &Group, now: Timestamp) -> Vec<Doubt> {
    held.filter_map(|row| {
        let (OrderLink::Ambiguous(_), Some(newer), Some(number)) = (&row.link, row.apart.clone(), &row.number) else {
            return None;
        };
        let of_number = |other: &&Parcel| other.number.as_ref().is_some_and(|n| n.key() == number.key());
        let before =
            group.rows.iter().filter(of_number).find(|other| other.tiktok_order().is_some_and(|o| *o != newer))?;
        let called = before.tried.as_ref().map_or(before.changed, |tried| tried.at.max(before.changed));
        if before.sent.is_some() || !before.is_withdrawn() || now < called + SHOWN {
            return None;
        }
        let older = before.tiktok_order()?.clone();
        let tried = before.tried.as_ref().map(|tried| tried.number.clone());
        let numbers = tried.into_iter().chain([number.as_str().to_owned()]).collect();
        Some(Doubt { row, older, newer, numbers })
    })
    .collect()
}

/// The older order was read. `true`: it does not show the number, so the parcel is the newer order's and on its way.
pub(super) async fn ends(shop: &ShopRun<'_>, doubt: Doubt, order: &TikTokOrder) -> bool {
    if doubt.numbers.iter().any(|number| !holding(order, number).is_empty()) {
        return false;
    }
    let newer = doubt.newer;
    settle(shop, doubt.row, |row, now| {
        row.name_anew(&newer, now);
        row.start_over(ParcelState::Queued, now);
    })
    .await
    .is_some()
}
