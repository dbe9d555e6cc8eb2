//! Business days: Monday to Friday without the market's holidays, in the market's zone.

use super::holidays;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// Where a market's days begin and end. `None`: a market whose business days nobody told us.
#[must_use]
pub fn zone(market: &str) -> Option<TimeZone> {
    let name = match market {
        // TikTok's days in the US end in Pacific time.
        "US" => "America/Los_Angeles",
        "GB" => "Europe/London",
        "IE" => "Europe/Dublin",
        "ES" => "Europe/Madrid",
        "DE" => "Europe/Berlin",
        "FR" => "Europe/Paris",
        "IT" => "Europe/Rome",
        _ => return None,
    };
    TimeZone::get(name).ok()
}

/// Whether a market works on a day.
#[must_use]
pub fn is_business_day(market: &str, day: Date) -> bool {
    let number = u32::try_from(i32::from(day.year()) * 10_000 + i32::from(day.month()) * 100 + i32::from(day.day()));
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
        && !number.is_ok_and(|number| holidays::of(market).contains(&number))
}

/// 23:59 of the n-th business day after a moment's own day, which never counts.
#[must_use]
pub fn after(market: &str, from: Timestamp, days: u16) -> Option<Timestamp> {
    let zone = zone(market)?;
    let mut day = from.to_zoned(zone.clone()).date();
    let mut left = days;
    while left > 0 {
        day = day.tomorrow().ok()?;
        left -= u16::from(is_business_day(market, day));
    }
    end_of(day, &zone)
}

/// 23:59 of the n-th calendar day after a moment's own day.
#[must_use]
pub fn after_calendar_days(market: &str, from: Timestamp, days: u16) -> Option<Timestamp> {
    let zone = zone(market).unwrap_or(TimeZone::UTC);
    let day = from.to_zoned(zone.clone()).date().checked_add(jiff::Span::new().days(i64::from(days))).ok()?;
    end_of(day, &zone)
}

fn end_of(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    day.at(23, 59, 0, 0).to_zoned(zone.clone()).ok().map(|end: Zoned| end.timestamp())
}
