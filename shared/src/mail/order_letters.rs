//! Mails about orders: what needs tracking today (5), what is due soon (6), what happened to parcels (9).

use super::letters::{Letter, NOW, ROWS_OF_ORDERS, Row, SOON, count, letter};
use crate::domain::connection::Shop;
use crate::domain::deadline::Clock;
use crate::domain::reason::Reason;
use crate::mail::zone;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// An order with a deadline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueOrder {
    /// TikTok's id.
    pub order: String,
    /// When it was placed.
    pub created: Timestamp,
    /// What is due.
    pub clock: Clock,
    /// When.
    pub due: Timestamp,
    /// Who says so, in a person's words.
    pub source: String,
    /// What stands in the way, if anything is known to.
    pub blocker: Option<Reason>,
    /// What would settle it.
    pub next_step: String,
    /// The order was read so long ago that it has to be said.
    pub as_of: Option<Timestamp>,
}

impl DueOrder {
    fn row(&self, now: Timestamp, zone: &TimeZone) -> Row {
        let passed = if now > self.due { "passed" } else { "by" };
        let mut lines = vec![
            format!("{} {passed} {} ({})", self.clock.shown_as(), zone::moment(self.due, zone), self.source),
            format!("Placed {} ago", age(self.created, now)),
        ];
        if let Some(reason) = self.blocker {
            lines.push(format!("{} ({reason})", reason.sentence()));
        }
        lines.push(self.next_step.clone());
        if let Some(at) = self.as_of {
            lines.push(format!("As of {}", zone::moment(at, zone)));
        }
        Row { title: format!("Order {}", self.order), lines }
    }
}

fn age(from: Timestamp, now: Timestamp) -> String {
    let hours = u64::try_from(now.duration_since(from).as_hours()).unwrap_or_default();
    if hours < 48 { count(hours, "hour", "hours") } else { count(hours / 24, "day", "days") }
}

fn rest(letter: &mut Letter, total: usize) {
    if total > ROWS_OF_ORDERS {
        letter.after.push(format!("And {} more on the board.", total - ROWS_OF_ORDERS));
    }
}

/// Mail 5: the daily digest. Late ones first, then what is due before tomorrow's digest, then the rest.
#[must_use]
pub fn digest(shop: &Shop, orders: &[DueOrder], tomorrow: Timestamp, now: Timestamp, url: &str) -> Letter {
    let zone = zone::of(shop);
    let total = orders.len() as u64;
    let need = count(total, "order needs tracking today", "orders need tracking today");
    let late = orders.iter().filter(|order| order.due < now).count();
    let soon = orders.iter().filter(|order| order.due >= now && order.due < tomorrow).count();
    let tone = if late > 0 { NOW } else { SOON };
    let mut letter = letter(format!("{}: {need}", shop.name), need, tone, "Open the deadline board", url);
    letter.paragraphs = vec![format!(
        "{late} late, {soon} due before {}, {} later.",
        zone::moment(tomorrow, &zone),
        orders.len() - late - soon
    )];
    letter.rows = orders.iter().take(ROWS_OF_ORDERS).map(|order| order.row(now, &zone)).collect();
    rest(&mut letter, orders.len());
    letter
}

/// Mail 6: deadlines that come near. `orders` come with the hours that are left, the most urgent first.
#[must_use]
pub fn at_risk(shop: &Shop, orders: &[(i64, DueOrder)], now: Timestamp, url: &str) -> Letter {
    let zone = zone::of(shop);
    let mut groups: Vec<(i64, u64)> = Vec::new();
    for (hours, _) in orders {
        match groups.iter_mut().find(|(known, _)| known == hours) {
            Some((_, orders)) => *orders += 1,
            None => groups.push((*hours, 1)),
        }
    }
    groups.sort_unstable();
    let mut words = String::new();
    for (index, (hours, orders)) in groups.iter().enumerate() {
        if index == 0 {
            words = format!("{} due in {hours} h", count(*orders, "order", "orders"));
        } else {
            words.push_str(&format!(", {orders} in {hours} h"));
        }
    }
    let tone = if groups.first().is_some_and(|(hours, _)| *hours <= 4) { NOW } else { SOON };
    let mut letter = letter(format!("{}: {words}", shop.name), words, tone, "Open the deadline board", url);
    letter.rows = orders.iter().take(ROWS_OF_ORDERS).map(|(_, order)| order.row(now, &zone)).collect();
    rest(&mut letter, orders.len());
    letter
}

/// What happened to a parcel or an order after TikTok took its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// TikTok's id of the order.
    pub order: String,
    /// The number, where one is known.
    pub number: Option<String>,
    /// LOST, DELAYED or CANCELLED_AFTER_DISPATCH.
    pub reason: Reason,
    /// Since when.
    pub since: Timestamp,
    /// Who cancelled it.
    pub by: Option<String>,
    /// First scan.
    pub scanned: Option<Timestamp>,
}

impl Happened {
    fn words(&self) -> String {
        let parcel = self.number.as_ref().map_or_else(|| format!("of order {}", self.order), Clone::clone);
        match self.reason {
            Reason::Lost => format!("parcel {parcel} lost"),
            Reason::Delayed => format!("parcel {parcel} delayed"),
            _ => format!("order {} cancelled by {}", self.order, self.by.as_deref().unwrap_or("TikTok")),
        }
    }
}

/// Mail 9: lost, delayed, cancelled after dispatch.
#[must_use]
pub fn parcels(shop: &Shop, happened: &[Happened], url: &str) -> Letter {
    let zone = zone::of(shop);
    let of = |reason: Reason| happened.iter().filter(|one| one.reason == reason).count() as u64;
    let words = match happened {
        [only] => only.words(),
        _ => {
            let parts = [
                (of(Reason::Lost), "parcel lost", "parcels lost"),
                (of(Reason::Delayed), "parcel delayed", "parcels delayed"),
                (of(Reason::CancelledAfterDispatch), "order cancelled by others", "orders cancelled by others"),
            ];
            let parts = parts.into_iter().filter(|(number, _, _)| *number > 0);
            parts.map(|(number, one, many)| count(number, one, many)).collect::<Vec<_>>().join(", ")
        }
    };
    let mut letter = letter(format!("{}: {words}", shop.name), words, NOW, "Open the attention list", url);
    letter.rows = happened
        .iter()
        .take(ROWS_OF_ORDERS)
        .map(|one| {
            let mut lines = vec![one.words()];
            lines.extend(one.number.as_ref().map(|number| format!("Number {number}")));
            lines.push(match one.scanned {
                Some(at) => format!("First scan {}", zone::moment(at, &zone)),
                None => "No scan of the carrier is known".to_owned(),
            });
            lines.push(format!("Since {}", zone::moment(one.since, &zone)));
            lines.push(format!("{} {}", one.reason.sentence(), one.reason.remedy()));
            Row { title: format!("Order {}", one.order), lines }
        })
        .collect();
    if happened.len() > ROWS_OF_ORDERS {
        letter.after.push(format!("And {} more on the list.", happened.len() - ROWS_OF_ORDERS));
    }
    letter
        .after
        .push("TikTok may refund the buyer by itself; the order's page has the evidence for a ticket.".to_owned());
    letter
}
