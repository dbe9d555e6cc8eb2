//! What a store's carrier names mean, on both levels, with the names that were seen: one row a name and shop.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::flows::carriers::lists::lost_mappings;
use crate::flows::carriers::match_parcel::{Maps, folded, recognised};
use crate::flows::carriers::unmatched::{asks_for_a_name, suggestions};
use crate::flows::views::attention::Counts;
use crate::table::error::TableError;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The fields of a row.
pub const HEAD: [&str; 12] = [
    "shop",
    "scope",
    "store_carrier",
    "tiktok_carrier",
    "verdict",
    "suggestion",
    "count",
    "waiting",
    "last_seen",
    "author",
    "saved",
    "gone_since",
];

/// A store's carrier name in a shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MapRow {
    /// The shop; blank: an entry of the account that no shop has seen.
    pub shop: String,
    /// `shop` or `account`: where its entry stands; blank without one.
    pub scope: &'static str,
    /// As the store writes it; blank: the store names none.
    pub store_carrier: String,
    /// What it means, where somebody said so.
    pub tiktok_carrier: Option<String>,
    /// `open`, `mapped`, `recognised` by itself, or `gone`: what it means left the shop's list.
    pub verdict: &'static str,
    /// The likeliest carrier of an open name.
    pub suggestion: Option<String>,
    /// Why.
    pub why: Option<String>,
    /// Parcels held for it so far.
    pub count: u64,
    /// Parcels that wait for it now.
    pub waiting: u64,
    /// When the last parcel was held for it.
    pub last_seen: Option<Timestamp>,
    /// Who saved its entry.
    pub author: Option<String>,
    /// When.
    pub saved: Option<Timestamp>,
    /// Since when its carrier is off the list, where that is known.
    pub gone_since: Option<Timestamp>,
}

impl MapRow {
    fn rank(&self) -> (u8, std::cmp::Reverse<u64>, std::cmp::Reverse<u64>, &str, &str) {
        let order = match self.verdict {
            "open" => 0,
            "gone" => 1,
            _ => 2,
        };
        let (waiting, count) = (std::cmp::Reverse(self.waiting), std::cmp::Reverse(self.count));
        (order, waiting, count, &self.store_carrier, &self.shop)
    }
}

/// The names of these shops of one account: open ones first, most waiting first.
///
/// # Errors
/// [`TableError`].
pub async fn rows(app: &App, shops: &[Shop]) -> Result<Vec<MapRow>, TableError> {
    let (mut rows, mut met) = (Vec::new(), BTreeSet::new());
    let mut account = None;
    for shop in shops {
        let maps = Maps::read(app, shop, false).await?;
        of_shop(app, shop, &maps, &mut rows, &mut met).await?;
        account = Some(maps.account);
    }
    // The account's entries that no shop has met.
    for entry in account.into_iter().flat_map(|map| map.entries) {
        if met.insert(folded(&entry.store_carrier)) {
            rows.push(MapRow {
                shop: String::new(),
                scope: "account",
                tiktok_carrier: Some(entry.tiktok_carrier),
                verdict: "mapped",
                author: Some(entry.author),
                saved: Some(entry.saved),
                ..blank(entry.store_carrier)
            });
        }
    }
    rows.sort_by(|a, b| a.rank().cmp(&b.rank()));
    Ok(rows)
}

fn blank(store_carrier: String) -> MapRow {
    MapRow {
        shop: String::new(),
        scope: "",
        store_carrier,
        tiktok_carrier: None,
        verdict: "open",
        suggestion: None,
        why: None,
        count: 0,
        waiting: 0,
        last_seen: None,
        author: None,
        saved: None,
        gone_since: None,
    }
}

async fn of_shop(
    app: &App,
    shop: &Shop,
    maps: &Maps,
    rows: &mut Vec<MapRow>,
    met: &mut BTreeSet<String>,
) -> Result<(), TableError> {
    let mut found: BTreeMap<String, MapRow> = BTreeMap::new();
    for seen in app.table.seen_all(&shop.id).await? {
        let key = folded(&seen.last.name);
        let row = found.entry(key).or_insert_with(|| blank(seen.last.name.clone()));
        row.count += seen.count;
        row.last_seen = row.last_seen.max(Some(seen.last.at));
    }
    let open = suggestions(app, shop).await?;
    for entry in &maps.shop.entries {
        found.entry(folded(&entry.store_carrier)).or_insert_with(|| blank(entry.store_carrier.clone()));
    }
    let lists = app.table.providers_all(&shop.id).await?;
    let lost = lost_mappings(shop, maps, &lists);
    let live = lists.first().map(|list| recognised(shop, &list.list));
    for (key, mut row) in found {
        row.shop = shop.id.to_string();
        let own = maps.shop.entries.iter().find(|entry| folded(&entry.store_carrier) == key);
        let default = maps.account.entries.iter().find(|entry| folded(&entry.store_carrier) == key);
        if let Some((entry, scope)) = own.map(|own| (own, "shop")).or(default.map(|entry| (entry, "account"))) {
            row.scope = scope;
            row.tiktok_carrier = Some(entry.tiktok_carrier.clone());
            (row.author, row.saved) = (Some(entry.author.clone()), Some(entry.saved));
            row.verdict = "mapped";
        } else if live.as_ref().is_some_and(|live| live.knows(&row.store_carrier, None)) {
            row.verdict = "recognised";
        }
        if let Some(lost) = lost.iter().find(|lost| folded(&lost.store_carrier) == key) {
            row.verdict = "gone";
            row.gone_since = lost.gone_since;
        }
        if let Some(open) = open.iter().find(|open| folded(&open.store_carrier) == key) {
            row.waiting = open.waiting;
            if row.verdict == "recognised" {
                row.verdict = "open";
            }
            let first = open.candidates.first();
            row.suggestion = first.map(|candidate| candidate.name.clone());
            row.why = first.map(|candidate| candidate.why.clone());
        }
        met.insert(key);
        rows.push(row);
    }
    Ok(())
}

/// Parcels of these shops that wait for a match: from the lists alone.
///
/// # Errors
/// [`TableError`].
pub async fn waiting(app: &App, shops: &[Shop]) -> Result<usize, TableError> {
    let mut total = 0;
    for shop in shops {
        total += Counts::of_shop(app, &shop.id).await?.of_reasons(asks_for_a_name);
    }
    Ok(total)
}
