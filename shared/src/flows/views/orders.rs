//! The list of orders, a page at a time, and the search through it. The command reads the whole list; both ask by the
//! same rule.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::ids::TikTokOrderId;
use crate::flows::acts::Scope;
use crate::flows::orders::board::{OrderLine, known};
use crate::flows::views::order::{meant, page_of};
use crate::flows::views::rows::Part;
use crate::table::error::TableError;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The fields of a row, in the order of its JSON.
pub const HEAD: [&str; 19] = [
    "order",
    "shop",
    "state",
    "tiktok_status",
    "created",
    "updated",
    "imported",
    "skipped",
    "ship_to",
    "kind",
    "sibling",
    "units",
    "units_open",
    "numbers",
    "clock",
    "due",
    "due_source",
    "late",
    "store_orders",
];

/// Orders of a shop that one page looks through when a filter leaves most of them out.
const LOOKED_THROUGH: usize = 2_000;
/// Orders read in one go.
const TOGETHER: usize = 250;
/// Orders read beside each other, each by its own key.
const BESIDE: usize = 32;

/// Which orders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// In this state: a word of `STATE_WORDS`.
    pub state: Option<String>,
    /// Only with a clock that passed.
    pub late: bool,
    /// Only those that changed since.
    pub since: Option<Timestamp>,
}

impl Asked {
    /// Whether an order is among them.
    #[must_use]
    pub fn fits(&self, line: &OrderLine) -> bool {
        self.state.as_deref().is_none_or(|state| line.state == state)
            && (!self.late || line.late)
            && self.since.is_none_or(|since| line.updated.unwrap_or(line.created) >= since)
    }
}

/// Part of the orders of these shops, the highest of TikTok's ids first, from below `after` on. A part may be short, or
/// empty, and still not be the last: then it says where to look on.
///
/// # Errors
/// [`TableError`].
pub async fn page(
    app: &App,
    shops: &[Shop],
    asked: &Asked,
    after: Option<&TikTokOrderId>,
    most: usize,
) -> Result<Part<OrderLine>, TableError> {
    let mut found: Vec<OrderLine> = Vec::new();
    // The highest place where a shop's look ended: below it, orders of that shop may be missing.
    let mut ended_at: Option<String> = None;
    for shop in shops {
        let (lines, end) = if asked.late {
            late_lines(app, shop, asked, after, most + 1).await?
        } else {
            lines(app, shop, asked, after, most + 1).await?
        };
        found.extend(lines);
        ended_at = ended_at.max(end);
    }
    found.sort_by(|a, b| b.order.cmp(&a.order));
    if let Some(end) = &ended_at {
        found.retain(|line| line.order >= *end);
    }
    let more = found.len() > most;
    found.truncate(most);
    let next = if more { found.last().map(|line| line.order.clone()) } else { ended_at };
    Ok(Part { rows: found, next })
}

/// The first fitting orders of a shop, and where the look ended if not at the end.
async fn lines(
    app: &App,
    shop: &Shop,
    asked: &Asked,
    after: Option<&TikTokOrderId>,
    most: usize,
) -> Result<(Vec<OrderLine>, Option<String>), TableError> {
    let now = app.clock.now();
    let (mut found, mut before, mut looked) = (Vec::new(), after.cloned(), 0);
    let filtered = asked != &Asked::default();
    while looked < LOOKED_THROUGH {
        let step = if filtered { TOGETHER } else { most };
        let (rows, ended) = app.table.tiktok_orders_before(&shop.id, &shop.account, before.as_ref(), step).await?;
        looked += rows.len();
        for known in &rows {
            let line = OrderLine::of(known, shop, now);
            if asked.fits(&line) {
                found.push(line);
            }
            if found.len() >= most {
                return Ok((found, Some(known.row.order.to_string())));
            }
        }
        if ended {
            return Ok((found, None));
        }
        let last = rows.last().map(|known| known.row.order.clone());
        if last.is_none() {
            break;
        }
        before = last;
    }
    Ok((found, before.map(|order| order.to_string())))
}

/// The same for late orders, by the shop's lists of clocks.
async fn late_lines(
    app: &App,
    shop: &Shop,
    asked: &Asked,
    after: Option<&TikTokOrderId>,
    most: usize,
) -> Result<(Vec<OrderLine>, Option<String>), TableError> {
    let now = app.clock.now();
    let listed = app.table.late(&shop.id).await?.into_iter().chain(app.table.clocks(&shop.id, now).await?);
    let mut orders: Vec<TikTokOrderId> = listed.map(|entry| entry.at.order).collect();
    orders.sort_by(|a, b| b.as_str().cmp(a.as_str()));
    orders.dedup();
    orders.retain(|order| after.is_none_or(|after| order.as_str() < after.as_str()));
    let mut rows = stream::iter(orders).map(|order| async move { known(app, shop, &order).await }).buffered(BESIDE);
    let mut found = Vec::new();
    while let Some(known) = rows.try_next().await? {
        let Some(known) = known else { continue };
        let line = OrderLine::of(&known, shop, now);
        if asked.fits(&line) {
            let order = line.order.clone();
            found.push(line);
            if found.len() >= most {
                return Ok((found, Some(order)));
            }
        }
    }
    Ok((found, None))
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Exactly one order, by the name of its page.
    One(String),
    /// These.
    Several(Vec<Hit>),
    /// None.
    Nothing,
}

/// An order that a search found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Hit {
    /// The name of its page: TikTok's id, else the store's.
    pub order: String,
    /// The store's name of it, where known.
    pub store_order: Option<String>,
    /// Its numbers.
    pub numbers: Vec<String>,
    /// The shop.
    pub shop: String,
}

/// The orders that a person means by an order id, a store's number of it, a tracking number or a shipment.
///
/// # Errors
/// [`TableError`].
pub async fn search(app: &App, scope: &Scope, shops: &[Shop], x: &str) -> Result<Found, TableError> {
    let meant = meant(app, scope, shops, x).await?;
    let mut hits: BTreeMap<String, Hit> = BTreeMap::new();
    for parcel in &meant.parcels {
        let order = page_of(parcel);
        let hit = hits.entry(order.clone()).or_insert_with(|| Hit {
            order,
            store_order: parcel.order_name.clone().or_else(|| Some(parcel.order.to_string())),
            numbers: Vec::new(),
            shop: parcel.shop.to_string(),
        });
        hit.numbers.extend(parcel.number.as_ref().map(|number| number.as_str().to_owned()));
    }
    for (shop, known) in &meant.orders {
        let order = known.row.order.to_string();
        let store_order = known.stores.first().map(|(_, order)| order.to_string());
        let hit = || Hit { order: order.clone(), store_order, numbers: Vec::new(), shop: shop.id.to_string() };
        hits.entry(order.clone()).or_insert_with(hit);
    }
    let mut hits: Vec<Hit> = hits.into_values().collect();
    Ok(match hits.len() {
        0 => Found::Nothing,
        1 => Found::One(hits.remove(0).order),
        _ => Found::Several(hits),
    })
}
