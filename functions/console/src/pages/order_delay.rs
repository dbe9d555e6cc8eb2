//! The text of a delay report: the facts that a seller sends to TikTok where a delay was beyond their control.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use waybill::domain::connection::Shop;
use waybill::domain::deadline::Clock;
use waybill::domain::order_row::{Rules, tiktok_word};
use waybill::domain::parcel::Parcel;
use waybill::flows::views::timeline::timeline;
use waybill::mail::zone;
use waybill::table::notes::Note;
use waybill::table::orders::Known;

/// Plain text, a line a fact. What happened is told by the seller: their notes and links stand in it.
pub(super) fn text(shop: &Shop, known: &Known, parcels: &[Parcel], notes: &[Note], now: Timestamp) -> String {
    let (row, zone) = (&known.row, zone::of(shop));
    let mut lines = vec![
        "Delay report".to_owned(),
        String::new(),
        format!("Shop: {} ({})", shop.name, shop.id),
        format!("TikTok order: {}", row.order),
        format!("State at TikTok: {}", tiktok_word(&row.facts.state)),
        format!("Placed: {}", both(row.facts.created, &zone)),
    ];
    let stores: Vec<String> = known.stores.iter().map(|(_, order)| order.to_string()).collect();
    if !stores.is_empty() {
        lines.push(format!("Store order: {}", stores.join(", ")));
    }
    let numbers = row.facts.numbers();
    lines.push(match numbers.is_empty() {
        true => "Tracking numbers at TikTok: none".to_owned(),
        false => format!("Tracking numbers at TikTok: {}", numbers.join(", ")),
    });
    let times = [
        ("Number accepted", row.facts.accepted()),
        ("First scan", row.facts.scanned),
        ("Delivered", row.facts.delivered),
    ];
    lines.extend(times.iter().filter_map(|(what, at)| at.map(|at| format!("{what}: {}", both(at, &zone)))));
    lines.extend([String::new(), "Limits:".to_owned()]);
    for deadline in row.limits(&Rules::of(shop)) {
        let passed = if deadline.due < now { ", passed" } else { "" };
        let name = Clock::shown_as(deadline.clock);
        lines.push(format!("- {name}: {}{passed}; source {}", both(deadline.due, &zone), deadline.source));
    }
    lines.extend([String::new(), "What we knew, and when:".to_owned()]);
    let mut known_at: Vec<(Timestamp, String)> =
        row.events.kept.iter().map(|event| (event.at, event.shown_as())).collect();
    for parcel in parcels {
        let number = parcel.number.as_ref().map_or("a shipment without a number", |number| number.as_str());
        for step in timeline(parcel) {
            let code = step.code.map(|code| format!("; TikTok {code}")).unwrap_or_default();
            let request = step.request_id.map(|id| format!(", request {id}")).unwrap_or_default();
            known_at.push((step.at, format!("{number}: {}{code}{request}", step.said)));
        }
    }
    known_at.sort_by_key(|(at, _)| *at);
    lines.extend(known_at.into_iter().map(|(at, said)| format!("- {}: {said}", both(at, &zone))));
    lines.extend([String::new(), "What happened (in the seller's words):".to_owned()]);
    let words: Vec<&Note> = notes.iter().filter(|note| !note.evidence).collect();
    lines.extend(words.iter().map(|note| format!("- {}: {}", both(note.at, &zone), note.text)));
    if words.is_empty() {
        lines.push("- (add a note to the order, and it stands here)".to_owned());
    }
    lines.extend([String::new(), "Evidence:".to_owned()]);
    let links: Vec<&Note> = notes.iter().filter(|note| note.evidence).collect();
    lines.extend(links.iter().map(|note| format!("- {}", note.text)));
    if links.is_empty() {
        lines.push("- (add a link to the order, and it stands here)".to_owned());
    }
    lines.extend([String::new(), format!("Written: {}", both(now, &zone)), String::new()]);
    lines.join("\n")
}

/// A time as a report writes it: in the shop's zone and in UTC.
fn both(at: Timestamp, zone: &TimeZone) -> String {
    format!("{} ({at})", zone::moment(at, zone))
}
