//! How a shop does, in our own figures: late dispatch, valid tracking, on time, cancelled by us. Estimates from the order
//! rows; every figure names the orders behind it.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::deadline::Clock;
use crate::domain::ids::ProviderId;
use crate::domain::order::{CancelledBy, OrderState};
use crate::domain::order_row::{OrderRow, Ours, Rules, UnitState};
use crate::table::error::TableError;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// The shop.
    pub shop: String,
    /// Over the orders of how many days.
    pub days: u16,
    /// Which.
    pub measure: &'static str,
    /// Of one carrier; `None`: of all.
    pub carrier: Option<String>,
    /// A share between 0 and 1. Of nothing: as if nothing went wrong.
    pub value: f64,
    /// Of how many orders (of `valid_tracking`: parcels).
    pub of: usize,
    /// `tiktok`, or our `estimate`.
    pub source: &'static str,
    /// The orders that went wrong.
    pub orders: Vec<String>,
}

/// What is measured, and whether its value is the share of what went wrong.
const MEASURES: [(&str, bool); 4] =
    [("late_dispatch", true), ("valid_tracking", false), ("on_time", false), ("cancelled_by_us", true)];

#[derive(Default)]
struct Count {
    of: usize,
    wrong: usize,
    orders: BTreeSet<String>,
}

#[derive(Default)]
struct Counts(BTreeMap<(usize, Option<String>), Count>);

impl Counts {
    fn add(&mut self, measure: usize, carrier: Option<&str>, order: &str, wrong: bool) {
        let carriers = [None, carrier.map(str::to_owned)];
        for carrier in carriers.into_iter().take(if carrier.is_some() { 2 } else { 1 }) {
            let count = self.0.entry((measure, carrier)).or_default();
            count.of += 1;
            if wrong {
                count.wrong += 1;
                count.orders.insert(order.to_owned());
            }
        }
    }
}

/// The figures of a shop over the orders placed in the last `days` days: the totals first, then each carrier.
///
/// # Errors
/// [`TableError`].
pub async fn report(app: &App, shop: &Shop, days: u16) -> Result<Vec<Figure>, TableError> {
    let orders = app.table.tiktok_orders(&shop.id, &shop.account).await?;
    of(app, shop, days, orders.iter().map(|known| &known.row)).await
}

/// The same by the newest orders alone, at most `most`; with it, how many were read where that is not all of them. A
/// page shows this: what it costs does not grow with the shop.
///
/// # Errors
/// [`TableError`].
pub async fn newest(
    app: &App,
    shop: &Shop,
    days: u16,
    most: usize,
) -> Result<(Vec<Figure>, Option<usize>), TableError> {
    let (orders, all) = app.table.order_rows_newest(&shop.id, &shop.account, most).await?;
    let since = begin(app, days);
    let reached = orders.last().is_some_and(|row| row.facts.created < since);
    let only = (!all && !reached).then_some(orders.len());
    Ok((of(app, shop, days, orders.iter()).await?, only))
}

fn begin(app: &App, days: u16) -> Timestamp {
    let ago = SignedDuration::from_hours(24 * i64::from(days));
    app.clock.now().checked_sub(ago).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The figures of a shop over those of these orders that were placed in the last `days` days.
///
/// # Errors
/// [`TableError`].
pub async fn of(
    app: &App,
    shop: &Shop,
    days: u16,
    orders: impl Iterator<Item = &OrderRow>,
) -> Result<Vec<Figure>, TableError> {
    let since = begin(app, days);
    let mut names: HashMap<String, String> = HashMap::new();
    for list in app.table.providers_all(&shop.id).await? {
        for provider in list.list.providers {
            names.entry(provider.id.to_string()).or_insert(provider.name);
        }
    }
    let rows = orders.filter(|row| row.facts.created >= since);
    Ok(figures(shop, days, rows, &names, app.clock.now()))
}

/// The figures of these orders. Pure.
pub fn figures<'a>(
    shop: &Shop,
    days: u16,
    rows: impl Iterator<Item = &'a OrderRow>,
    names: &HashMap<String, String>,
    now: Timestamp,
) -> Vec<Figure> {
    let mut counts = Counts::default();
    for measure in 0..MEASURES.len() {
        counts.0.insert((measure, None), Count::default());
    }
    for row in rows {
        count(shop, row, names, now, &mut counts);
    }
    let figure = |((measure, carrier), count): ((usize, Option<String>), Count)| {
        let (word, is_wrong) = MEASURES.get(measure).copied().unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "counts of orders are far below 2^53")]
        let wrong = if count.of == 0 { 0.0 } else { count.wrong as f64 / count.of as f64 };
        Figure {
            shop: shop.id.to_string(),
            days,
            measure: word,
            carrier,
            value: if is_wrong { wrong } else { 1.0 - wrong },
            of: count.of,
            source: "estimate",
            orders: count.orders.into_iter().collect(),
        }
    };
    counts.0.into_iter().map(figure).collect()
}

/// A carrier's name on the shop's lists, else its id.
fn name<'a>(names: &'a HashMap<String, String>, id: &'a ProviderId) -> &'a str {
    names.get(id.as_str()).map_or(id.as_str(), String::as_str)
}

fn count(shop: &Shop, row: &OrderRow, names: &HashMap<String, String>, now: Timestamp, counts: &mut Counts) {
    let (facts, rules, order) = (&row.facts, Rules::of(shop), row.order.as_str());
    if facts.ours != Ours::Seller || facts.state == OrderState::AwaitingPayment {
        return;
    }
    let cancelled = facts.state == OrderState::Cancelled;
    if cancelled && facts.paid.is_none() && facts.packages.is_empty() {
        // Never paid: nobody's fault.
        return;
    }
    let by = facts.cancelled.as_ref().and_then(|(_, cancellation)| cancellation.by.as_ref());
    // TikTok's clock cancels what was not sent in time.
    let by_us = match by {
        Some(CancelledBy::Seller) => true,
        Some(CancelledBy::System) => facts.packages.is_empty(),
        _ => false,
    };
    counts.add(3, None, order, cancelled && by_us);
    if cancelled {
        return;
    }
    let first = facts.packages.iter().find_map(|package| package.provider.as_ref()).map(|id| name(names, id));
    // In the US the carrier's first scan counts as dispatch; elsewhere the number.
    let american = shop.region.as_str() == "US";
    let (clock, dispatched) =
        if american { (Clock::Scan, row.first_scan()) } else { (Clock::Rts, facts.accepted().or(row.first_scan())) };
    let open = facts.count(UnitState::is_open) > 0;
    let dispatched = dispatched.filter(|_| !open);
    if let Some(limit) = row.limit(&rules, clock)
        && (dispatched.is_some() || limit.is_late(now))
    {
        counts.add(0, first, order, dispatched.is_none_or(|at| at > limit.due));
    }
    let scan = row.limit(&rules, Clock::Scan);
    for package in facts.packages.iter().filter(|package| package.number.is_some()) {
        let carrier = package.provider.as_ref().map(|id| name(names, id));
        let scanned = match package.state {
            UnitState::InTransit | UnitState::Delivered | UnitState::Completed => true,
            UnitState::Lost => facts.scanned.is_some(),
            _ => false,
        };
        if scanned || scan.is_some_and(|limit| limit.is_late(now)) {
            counts.add(1, carrier, order, !scanned);
        }
    }
    if let Some(limit) = row.limit(&rules, Clock::Deliver) {
        let delivered = row.delivery();
        if delivered.is_some() || limit.is_late(now) {
            counts.add(2, first, order, delivered.is_none_or(|at| at > limit.due));
        }
    }
}
