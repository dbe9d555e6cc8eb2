//! Mails that no parcel asks for: the carrier list changed (10), the week's report (11).

use super::letters::{CALM, Letter, Row, SOON, count, fact, letter};
use crate::domain::connection::Shop;
use crate::domain::reason::Reason;
use crate::mail::zone;
use jiff::Timestamp;

/// A mapping whose carrier left the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The store's words.
    pub store_carrier: String,
    /// TikTok's carrier.
    pub tiktok_carrier: String,
    /// Missing since this reading.
    pub since: Timestamp,
}

/// Mail 10: a mapped carrier vanished from the shop's list.
#[must_use]
pub fn carriers_gone(shop: &Shop, lost: &[Lost], url: &str) -> Letter {
    let zone = zone::of(shop);
    let subject = format!("{}: TikTok carrier list changed", shop.name);
    let heading = count(lost.len() as u64, "mapping leads nowhere now", "mappings lead nowhere now");
    let mut letter = letter(subject, heading, SOON, "Open the mapping", url);
    letter.paragraphs = vec![
        "TikTok took carriers off this shop's list. The next parcel that uses one of these mappings is held until you \
         choose another carrier, or enable it again in Seller Center."
            .to_owned(),
    ];
    letter.rows = lost
        .iter()
        .map(|lost| Row {
            title: if lost.store_carrier.trim().is_empty() {
                "No carrier named".to_owned()
            } else {
                lost.store_carrier.clone()
            },
            lines: vec![format!(
                "was sent as {}, missing since {}",
                lost.tiktok_carrier,
                zone::moment(lost.since, &zone)
            )],
        })
        .collect();
    letter
}

/// What a week was like.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Week {
    /// Orders placed in it that the seller ships.
    pub orders: u64,
    /// Numbers that TikTok has for them.
    pub numbers: u64,
    /// Of the orders, those that still lack one.
    pub open: u64,
    /// Only so many of the newest orders were read.
    pub only: Option<usize>,
    /// Our estimates: measure, share, of how many.
    pub figures: Vec<(&'static str, f64, usize)>,
    /// What needs a hand now.
    pub held: u64,
    /// Why, the most frequent first.
    pub reasons: Vec<(Reason, u64)>,
}

/// Mail 11: the week's report.
#[must_use]
pub fn weekly(shop: &Shop, week: &Week, url: &str) -> Letter {
    let subject = format!("{}: weekly tracking report", shop.name);
    let heading = format!("{} in seven days", count(week.orders, "order", "orders"));
    let mut letter = letter(subject, heading, CALM, "Open the overview", url);
    letter.facts = vec![
        fact("Orders", week.orders.to_string()),
        fact("Numbers that TikTok has", week.numbers.to_string()),
        fact("Orders without a number", week.open.to_string()),
        fact("Need a hand now", week.held.to_string()),
    ];
    for (measure, value, of) in &week.figures {
        let words = match *measure {
            "late_dispatch" => "Late dispatch (estimate)",
            "valid_tracking" => "Valid tracking (estimate)",
            "on_time" => "Delivered on time (estimate)",
            _ => "Cancelled by us (estimate)",
        };
        letter.facts.push(fact(
            words,
            if *of == 0 { "nothing to count yet".to_owned() } else { format!("{:.1} % of {of}", value * 100.0) },
        ));
    }
    letter.rows = week
        .reasons
        .iter()
        .map(|(reason, times)| Row {
            title: format!("{times} x {}", reason.sentence()),
            lines: vec![reason.remedy().to_owned()],
        })
        .collect();
    if let Some(only) = week.only {
        letter.after.push(format!("Counted over the newest {only} orders."));
    }
    letter.after.push("You asked for this report in the shop's settings, where it can be switched off.".to_owned());
    letter
}
