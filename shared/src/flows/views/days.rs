//! Numbers at TikTok day by day, and how many of them came late: the picture of the overview.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::deadline::Clock;
use crate::domain::order_row::{OrderRow, Ours, Rules};
use crate::mail::zone;
use crate::table::error::TableError;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde::Serialize;
use std::collections::BTreeMap;

/// Orders looked at, of all shops together: what a page may cost.
const LOOKED_AT: usize = 1_500;
/// Of one shop at least.
const OF_ONE: usize = 100;

/// A day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// In the zone of each shop.
    pub date: Date,
    /// Numbers that TikTok took.
    pub numbers: u32,
    /// Those that came after their deadline.
    pub late: u32,
}

/// The last days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Days {
    /// One after the other, today last.
    pub days: Vec<Day>,
    /// Orders that were looked at, where that is not all of these days.
    pub only: Option<usize>,
}

impl Days {
    /// All numbers, and the late ones among them.
    #[must_use]
    pub fn totals(&self) -> (u32, u32) {
        self.days.iter().fold((0, 0), |(numbers, late), day| (numbers + day.numbers, late + day.late))
    }
}

/// The last `days` days of these shops, by their newest orders.
///
/// # Errors
/// [`TableError`].
pub async fn days(app: &App, shops: &[Shop], days: i64) -> Result<Days, TableError> {
    let now = app.clock.now();
    let share = (LOOKED_AT / shops.len().max(1)).max(OF_ONE);
    let (mut found, mut only, mut first) = (BTreeMap::new(), None, None);
    for shop in shops {
        let zone = zone::of(shop);
        let today = now.to_zoned(zone.clone()).date();
        let from = today.checked_sub((days - 1).days()).unwrap_or(today);
        first = Some(first.map_or(from, |first: Date| first.min(from)));
        let (rows, all) = app.table.order_rows_newest(&shop.id, &shop.account, share).await?;
        // All of these days, when the oldest that was looked at is older.
        let reached = rows.last().is_some_and(|row| row.facts.created.to_zoned(zone.clone()).date() < from);
        if !all && !reached {
            *only.get_or_insert(0) += rows.len();
        }
        for row in &rows {
            count(&mut found, shop, row, from, |at| at.to_zoned(zone.clone()).date());
        }
    }
    let Some(first) = first else { return Ok(Days::default()) };
    let one = |n: i64| {
        let date = first.checked_add(n.days()).ok()?;
        let (numbers, late) = found.get(&date).copied().unwrap_or_default();
        Some(Day { date, numbers, late })
    };
    Ok(Days { days: (0..days).filter_map(one).collect(), only })
}

fn count(
    found: &mut BTreeMap<Date, (u32, u32)>,
    shop: &Shop,
    row: &OrderRow,
    from: Date,
    day: impl Fn(Timestamp) -> Date,
) {
    if row.facts.ours != Ours::Seller {
        return;
    }
    let limit = row.limit(&Rules::of(shop), Clock::Rts);
    for package in row.facts.packages.iter().filter(|package| package.number.is_some()) {
        let date = day(package.since);
        if date >= from {
            let (numbers, late) = found.entry(date).or_default();
            *numbers += 1;
            *late += u32::from(limit.is_some_and(|limit| package.since > limit.due));
        }
    }
}
