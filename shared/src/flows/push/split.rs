//! The rows of one store order by the TikTok orders that they name: parcels of different orders are worked on apart.

use super::orders::Group;
use crate::domain::fulfilment::OrderLink;
use crate::domain::ids::TikTokOrderId;
use crate::domain::parcel::Parcel;

/// One group for each TikTok order that the rows name. Rows that name none go with the only one there is; with several,
/// nothing says which, and they stay among themselves.
pub(super) fn by_order(mut group: Group) -> Vec<Group> {
    // Which order a parcel belongs to that names several is a person's to say: it goes with nobody.
    let unclear = |row: &Parcel| matches!(row.link, OrderLink::Ambiguous(_));
    if group.manual.is_none() && group.rows.iter().any(unclear) && !group.rows.iter().all(unclear) {
        let (apart, rest) = group.rows.into_iter().partition(unclear);
        let apart = Group { store: group.store.clone(), rows: apart, manual: None };
        group.rows = rest;
        return std::iter::once(apart).chain(by_order(group)).collect();
    }
    let mut named: Vec<TikTokOrderId> = group.rows.iter().filter_map(|row| row.tiktok_order().cloned()).collect();
    named.sort();
    named.dedup();
    if named.len() < 2 || group.manual.is_some() {
        return vec![group];
    }
    let mut groups = Vec::new();
    for order in &named {
        let (rows, rest) = group.rows.into_iter().partition(|row| row.tiktok_order() == Some(order));
        group.rows = rest;
        groups.push(Group { store: group.store.clone(), rows, manual: None });
    }
    if !group.rows.is_empty() {
        groups.push(group);
    }
    groups
}
