//! What every list has: the shops it is about, its filters in the address, its next part, the same rows as CSV.

use crate::visit::{Member, Visit};
use serde::Serialize;
use waybill::domain::connection::Shop;
use waybill::domain::deadline::Urgency;
use waybill::table::error::TableError;
use waybill::web::form;

/// Rows on a page: with them it stays under 30 kB.
pub(super) const ROWS: usize = 40;
/// Rows of one file: an answer of a function has at most 6 MB. The next part of a longer list is named in a header.
pub(super) const FILE_ROWS: usize = 10_000;

/// The shops that a list is about.
pub(super) struct Shops {
    /// All of the account.
    pub(super) all: Vec<Shop>,
    /// Those that were asked for.
    pub(super) asked: Vec<Shop>,
    /// The one that was asked for, if so.
    pub(super) chosen: String,
}

/// The account's shops, narrowed by `?shop=`. `None`: that one is somebody else's, or none.
pub(super) async fn shops(visit: &Visit<'_>, member: &Member) -> Result<Option<Shops>, TableError> {
    let all = super::shops::shops(visit, member).await?;
    let chosen = visit.query.get("shop").unwrap_or_default().to_owned();
    let asked: Vec<Shop> = all.iter().filter(|shop| chosen.is_empty() || shop.id.as_str() == chosen).cloned().collect();
    let foreign = !chosen.is_empty() && asked.is_empty();
    Ok((!foreign).then_some(Shops { all, asked, chosen }))
}

/// Something to choose in a filter.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Choice {
    value: String,
    words: String,
    chosen: bool,
}

impl Choice {
    pub(super) fn new(value: &str, words: &str, chosen: &str) -> Self {
        Self { value: value.to_owned(), words: words.to_owned(), chosen: value == chosen }
    }
}

impl Shops {
    /// The shops to choose from; none where there is only one.
    pub(super) fn choices(&self) -> Vec<Choice> {
        if self.all.len() < 2 {
            return Vec::new();
        }
        let every = Choice::new("", "All shops", &self.chosen);
        let one = |shop: &Shop| Choice::new(shop.id.as_str(), &shop.name, &self.chosen);
        std::iter::once(every).chain(self.all.iter().map(one)).collect()
    }

    /// A shop's name, where there are several.
    pub(super) fn name(&self, id: &str) -> &str {
        let named = self.all.iter().find(|shop| shop.id.as_str() == id).filter(|_| self.all.len() > 1);
        named.map_or("", |shop| shop.name.as_str())
    }

    /// The zone of a shop's people.
    pub(super) fn zone(&self, id: &str) -> jiff::tz::TimeZone {
        let shop = self.all.iter().find(|shop| shop.id.as_str() == id);
        shop.map_or(jiff::tz::TimeZone::UTC, waybill::mail::zone::of)
    }
}

/// Where a list's parts lie.
#[derive(Debug, Serialize)]
pub(super) struct Links {
    /// The next part.
    next: Option<String>,
    /// The first one, from a later one.
    first: Option<String>,
    /// The same rows as CSV.
    csv: String,
}

/// The links of a list at a path with these filters.
pub(super) fn links(visit: &Visit<'_>, path: &str, filters: &[(&str, &str)], next: Option<&str>) -> Links {
    let with = |after: &str| {
        let fields: Vec<(&str, &str)> = filters.iter().copied().chain([("after", after)]).collect();
        form::address(path, &fields)
    };
    Links {
        next: next.map(with),
        first: visit.query.get("after").map(|_| with("")),
        csv: form::address(&format!("{path}.csv"), filters),
    }
}

/// How near a deadline is: a colour and its word, so that nobody needs the colour.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Near {
    tone: &'static str,
    word: &'static str,
}

impl Near {
    pub(super) fn of(urgency: Urgency) -> Self {
        let (tone, word) = match urgency {
            Urgency::Late => ("now", "Late"),
            Urgency::Red => ("now", "Urgent"),
            Urgency::Amber => ("soon", "Soon"),
            Urgency::Calm => ("off", ""),
        };
        Self { tone, word }
    }
}

/// A moment in a row: short, in the zone of its shop.
pub(super) fn short(at: jiff::Timestamp, zone: &jiff::tz::TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %-d %b, %H:%M %Z").to_string()
}
