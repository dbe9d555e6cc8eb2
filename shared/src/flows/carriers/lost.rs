//! Mappings whose carrier the shop cannot use, and which list an answer rests on.

use crate::carriers::LiveList;
use crate::domain::connection::Shop;
use crate::flows::carriers::match_parcel::{Maps, folded, recognised};
use crate::table::maps::{OptionList, ProviderList};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;

/// A mapping whose carrier the shop cannot use: the next parcel of this name will be held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LostMapping {
    /// The store's words.
    pub store_carrier: String,
    /// TikTok's carrier that they stand for.
    pub tiktok_carrier: String,
    /// Since when it is missing; absent: it never was on a list that we read, so it may not be enabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone_since: Option<Timestamp>,
}

/// The mappings of a shop that lead to no carrier on any of its lists. The account's default is judged only by what
/// left: it may be meant for shops of other markets.
#[must_use]
pub fn lost_mappings(shop: &Shop, maps: &Maps, lists: &[OptionList]) -> Vec<LostMapping> {
    if lists.is_empty() {
        return Vec::new();
    }
    let live: Vec<LiveList<'_>> = lists.iter().map(|entry| recognised(shop, &entry.list)).collect();
    let own: BTreeSet<String> = maps.shop.entries.iter().map(|entry| folded(&entry.store_carrier)).collect();
    let inherited = maps.account.entries.iter().filter(|entry| !own.contains(&folded(&entry.store_carrier)));
    let all = maps.shop.entries.iter().map(|entry| (entry, true)).chain(inherited.map(|entry| (entry, false)));
    all.filter(|(entry, _)| live.iter().all(|list| list.by_tiktok_name(&entry.tiktok_carrier).is_none()))
        .filter_map(|(entry, own)| {
            let name = folded(&entry.tiktok_carrier);
            let mut gone = lists.iter().flat_map(|entry| &entry.list.gone).filter(|gone| folded(&gone.name) == name);
            let gone_since = gone.next().map(|gone| gone.since);
            (own || gone_since.is_some()).then(|| LostMapping {
                store_carrier: entry.store_carrier.clone(),
                tiktok_carrier: entry.tiktok_carrier.clone(),
                gone_since,
            })
        })
        .collect()
}

/// Which list an answer rests on, in a person's words.
#[must_use]
pub fn list_words(shop: &Shop, list: Option<&ProviderList>, now: Timestamp) -> String {
    match list {
        Some(list) => {
            let minutes = now.duration_since(list.fetched).as_mins().max(0);
            let age = if minutes < 120 { format!("{minutes} min") } else { format!("{} h", minutes / 60) };
            format!("this shop's carrier list at TikTok, read {age} ago")
        }
        None => format!("the bundled list for {}; TikTok's own has not been read yet", shop.region),
    }
}
