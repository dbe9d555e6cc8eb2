//! The deadline board a page at a time: late orders first, then the others by what is due next. Counts come from the
//! lists of clocks alone, so they are true at any size.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::deadline::Clock;
use crate::domain::ids::TikTokOrderId;
use crate::flows::orders::board::{self, DeadlineLine};
use crate::flows::views::rows::Part;
use crate::mail::zone;
use crate::table::error::TableError;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::Serialize;

/// The fields of a row, in the order of its JSON.
pub const HEAD: [&str; 10] =
    ["order", "shop", "clock", "due", "source", "bucket", "blocker", "next_step", "next_clock", "next_due"];

/// Orders read beside each other.
const BESIDE: usize = 32;
/// Orders that one page looks at when a filter leaves most of them out.
const LOOKED_AT: usize = 600;

/// How many orders of a shop are how near their next deadline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// A deadline passed unmet.
    pub late: usize,
    /// Due later today, in the shop's zone.
    pub today: usize,
    /// Due tomorrow there.
    pub tomorrow: usize,
    /// Due after that, at least: nobody acts on their number, and a shop may have a hundred thousand.
    pub later: usize,
    /// There are more of them than were counted.
    pub more: bool,
}

/// Deadlines after tomorrow are counted so far.
const COUNTED: u16 = 10_000;

impl Counts {
    /// Those of several shops together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            late: self.late + other.late,
            today: self.today + other.today,
            tomorrow: self.tomorrow + other.tomorrow,
            later: self.later + other.later,
            more: self.more || other.more,
        }
    }
}

/// Counts a shop's deadlines up to tomorrow; what is due after that is left at zero.
///
/// # Errors
/// [`TableError`].
pub async fn near(app: &App, shop: &Shop) -> Result<Counts, TableError> {
    let now = app.clock.now();
    let (tomorrow, after) = (midnight(shop, now, 1), midnight(shop, now, 2));
    let (ms, table) = (SignedDuration::from_millis(1), &app.table);
    let before = |at: Timestamp| at.checked_sub(ms).unwrap_or(at);
    // What is due at this very moment is not late yet.
    let passed = table.clocks_count(&shop.id, Timestamp::UNIX_EPOCH, before(now)).await?;
    Ok(Counts {
        late: table.late_count(&shop.id).await? + passed,
        today: table.clocks_count(&shop.id, now, before(tomorrow)).await?,
        tomorrow: table.clocks_count(&shop.id, tomorrow, before(after)).await?,
        ..Counts::default()
    })
}

/// Counts all of a shop's deadlines.
///
/// # Errors
/// [`TableError`].
pub async fn counts(app: &App, shop: &Shop) -> Result<Counts, TableError> {
    let after = midnight(shop, app.clock.now(), 2);
    let later = app.table.clocks_from_count(&shop.id, after, COUNTED).await?;
    Ok(Counts { later, more: later >= usize::from(COUNTED), ..near(app, shop).await? })
}

/// When the day after so many begins where the shop is.
fn midnight(shop: &Shop, now: Timestamp, days: i64) -> Timestamp {
    let zone = zone::of(shop);
    let day = now.to_zoned(zone.clone()).date().checked_add(days.days()).and_then(|day| day.to_zoned(zone));
    day.map_or(Timestamp::MAX, |day| day.timestamp())
}

/// A place in the board: late ones stand before the others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    ahead: bool,
    sk: String,
}

impl Place {
    fn read(text: &str) -> Option<Self> {
        let (letter, sk) = text.split_at_checked(1)?;
        let ahead = match letter {
            "l" => false,
            "c" => true,
            _ => return None,
        };
        Some(Self { ahead, sk: sk.to_owned() })
    }

    fn written(&self) -> String {
        format!("{}{}", if self.ahead { 'c' } else { 'l' }, self.sk)
    }
}

/// Part of the board of these shops after a place; only one clock if asked.
///
/// # Errors
/// [`TableError`].
pub async fn page(
    app: &App,
    shops: &[Shop],
    clock: Option<Clock>,
    after: Option<&str>,
    most: usize,
) -> Result<Part<DeadlineLine>, TableError> {
    let now = app.clock.now();
    let mut after = after.and_then(Place::read);
    let (mut rows, mut looked) = (Vec::new(), 0);
    loop {
        let entries = entries(app, shops, after.as_ref(), most + 1).await?;
        let ended = entries.len() <= most;
        looked += entries.len();
        let mut lines = stream::iter(entries)
            .map(|(place, at, order)| async move {
                let Some(shop) = shops.get(at) else { return Ok((place, None)) };
                let known = board::known(app, shop, &order).await?;
                let line = match &known {
                    Some(known) => board::line(app, shop, known, now, Timestamp::MAX).await?,
                    None => None,
                };
                Ok::<_, TableError>((place, line))
            })
            .buffered(BESIDE);
        while let Some((place, line)) = lines.try_next().await? {
            if let Some(line) = line.filter(|line| clock.is_none_or(|clock| line.clock == clock.word())) {
                if rows.len() == most {
                    return Ok(part(rows, after));
                }
                rows.push(line);
            }
            after = Some(place);
        }
        if ended {
            return Ok(part(rows, None));
        }
        if looked >= LOOKED_AT {
            return Ok(part(rows, after));
        }
    }
}

fn part(mut rows: Vec<DeadlineLine>, next: Option<Place>) -> Part<DeadlineLine> {
    board::sort(&mut rows);
    Part { rows, next: next.map(|place| place.written()) }
}

/// The next entries of these shops' lists after a place, each with the number of its shop, at most `most`.
async fn entries(
    app: &App,
    shops: &[Shop],
    after: Option<&Place>,
    most: usize,
) -> Result<Vec<(Place, usize, TikTokOrderId)>, TableError> {
    let mut found = Vec::new();
    for (at, shop) in shops.iter().enumerate() {
        let mut of_shop = Vec::new();
        for ahead in [false, true] {
            let from = match after {
                Some(after) if after.ahead == ahead => after.sk.as_str(),
                // Another list: passed already, or still to come.
                Some(after) if after.ahead => continue,
                _ => "0",
            };
            let more = most.saturating_sub(of_shop.len());
            if more > 0 {
                of_shop.extend(app.table.clock_entries_after(&shop.id, !ahead, from, more).await?);
            }
        }
        found.extend(of_shop.into_iter().map(|entry| {
            let place = Place { ahead: !entry.late, sk: entry.at.sk() };
            (place, at, entry.at.order)
        }));
    }
    found.sort_by(|(left, ..), (right, ..)| left.cmp(right));
    found.truncate(most);
    Ok(found)
}
