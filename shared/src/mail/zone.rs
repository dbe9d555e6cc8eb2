//! The shop's time zone, and times as its people write them.

use crate::domain::connection::Shop;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The zone a person set, else the usual one of the market, else UTC.
#[must_use]
pub fn of(shop: &Shop) -> TimeZone {
    let usual = match shop.region.as_str() {
        // TikTok's own days in the US end at midnight Pacific time.
        "US" => "America/Los_Angeles",
        "GB" => "Europe/London",
        "IE" => "Europe/Dublin",
        "DE" => "Europe/Berlin",
        "FR" => "Europe/Paris",
        "ES" => "Europe/Madrid",
        "IT" => "Europe/Rome",
        "JP" => "Asia/Tokyo",
        "SG" => "Asia/Singapore",
        "MY" => "Asia/Kuala_Lumpur",
        "TH" => "Asia/Bangkok",
        "VN" => "Asia/Ho_Chi_Minh",
        "ID" => "Asia/Jakarta",
        "PH" => "Asia/Manila",
        "MX" => "America/Mexico_City",
        "BR" => "America/Sao_Paulo",
        _ => "UTC",
    };
    let named = shop.settings.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
    named.or_else(|| TimeZone::get(usual).ok()).unwrap_or(TimeZone::UTC)
}

/// For example `20 December 2026`.
#[must_use]
pub fn date(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%-d %B %Y").to_string()
}

/// For example `Sun 20 December 2026, 18:04 GMT`.
#[must_use]
pub fn moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %-d %B %Y, %H:%M %Z").to_string()
}
