//! Orders and their deadlines as people and scripts see them: one line each.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::deadline::{Bucket, Clock, Deadline, Stage, Urgency};
use crate::domain::ids::TikTokOrderId;
use crate::domain::order::ShipTo;
use crate::domain::order_row::{Rules, UnitState, state_word, tiktok_word};
use crate::domain::reason::Reason;
use crate::mail::zone;
use crate::table::error::TableError;
use crate::table::orders::Known;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// An order as last seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderLine {
    /// TikTok's id.
    pub order: String,
    /// The shop.
    pub shop: String,
    /// Our word of its state.
    pub state: &'static str,
    /// TikTok's word.
    pub tiktok_status: String,
    /// When it was placed.
    pub created: Timestamp,
    /// TikTok's time of its state.
    pub updated: Option<Timestamp>,
    /// It is ours to send.
    pub imported: bool,
    /// Why it is not, if so.
    pub skipped: Option<&'static str>,
    /// Whether TikTok shows an address.
    pub ship_to: &'static str,
    /// Which kind of order it is.
    pub kind: &'static str,
    /// The other order of its parcel.
    pub sibling: Option<String>,
    /// Its units.
    pub units: u32,
    /// Those without a number that are not cancelled.
    pub units_open: u32,
    /// The numbers TikTok has.
    pub numbers: Vec<String>,
    /// The earliest clock that is not met.
    pub clock: Option<&'static str>,
    /// When that is due.
    pub due: Option<Timestamp>,
    /// Who says so.
    pub due_source: Option<String>,
    /// It passed.
    pub late: bool,
    /// The store orders that belong to it.
    pub store_orders: Vec<String>,
}

impl OrderLine {
    /// Of what is known.
    #[must_use]
    pub fn of(known: &Known, shop: &Shop, now: Timestamp) -> Self {
        let row = &known.row;
        let facts = &row.facts;
        let clock = row.shown_clock(&Rules::of(shop));
        let skipped = facts.skipped();
        Self {
            order: row.order.to_string(),
            shop: row.shop.to_string(),
            state: state_word(&facts.state),
            tiktok_status: tiktok_word(&facts.state).to_owned(),
            created: facts.created,
            updated: facts.updated,
            imported: skipped.is_none(),
            skipped: skipped.map(Reason::code),
            ship_to: match facts.ship_to {
                ShipTo::Present => "present",
                ShipTo::Masked => "masked",
                ShipTo::Missing => "missing",
            },
            kind: facts.kind().word(),
            sibling: row.sibling.as_ref().map(ToString::to_string),
            units: facts.count(|_| true),
            units_open: facts.count(UnitState::is_open),
            numbers: facts.numbers().into_iter().map(str::to_owned).collect(),
            clock: clock.map(|deadline| deadline.clock.word()),
            due: clock.map(|deadline| deadline.due),
            due_source: clock.map(|deadline| deadline.source.to_string()),
            late: clock.is_some_and(|deadline| deadline.is_late(now)),
            store_orders: known.stores.iter().map(|(_, order)| order.to_string()).collect(),
        }
    }
}

/// Every order of a shop.
///
/// # Errors
/// [`TableError`].
pub async fn orders(app: &App, shop: &Shop) -> Result<Vec<OrderLine>, TableError> {
    let now = app.clock.now();
    let known = app.table.tiktok_orders(&shop.id, &shop.account).await?;
    Ok(known.iter().map(|known| OrderLine::of(known, shop, now)).collect())
}

/// An order's nearest deadline, and what would settle it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadlineLine {
    /// TikTok's id.
    pub order: String,
    /// The shop.
    pub shop: String,
    /// The clock: the passed one of a late order.
    pub clock: &'static str,
    /// When it is due, or was.
    pub due: Timestamp,
    /// Who says so.
    pub source: String,
    /// Late, today, tomorrow, later; in the shop's zone.
    pub bucket: &'static str,
    /// The reason that stands in the way.
    pub blocker: Option<&'static str>,
    /// What would settle it.
    pub next_step: String,
    /// The clock after a passed one.
    pub next_clock: Option<&'static str>,
    /// When that is due.
    pub next_due: Option<Timestamp>,
    /// How much of its time is gone; for pages.
    #[serde(skip)]
    pub urgency: Urgency,
}

/// The deadlines of a shop, late ones first, then nearest first; with `within`, those due by then.
///
/// # Errors
/// [`TableError`].
pub async fn deadlines(
    app: &App,
    shop: &Shop,
    within: Option<SignedDuration>,
) -> Result<Vec<DeadlineLine>, TableError> {
    let now = app.clock.now();
    let until = within.and_then(|within| now.checked_add(within).ok()).unwrap_or(Timestamp::MAX);
    let mut lines = Vec::new();
    for known in app.table.tiktok_orders(&shop.id, &shop.account).await? {
        lines.extend(line(app, shop, &known, now, until).await?);
    }
    sort(&mut lines);
    Ok(lines)
}

/// The first lines of a shop's board, read by its lists of clocks: what a page shows costs what it shows.
///
/// # Errors
/// [`TableError`].
pub async fn first(app: &App, shop: &Shop, most: usize) -> Result<Vec<DeadlineLine>, TableError> {
    let now = app.clock.now();
    let late = app.table.late(&shop.id).await?;
    let ahead = app.table.clocks_first(&shop.id, most.saturating_sub(late.len())).await?;
    let mut lines = Vec::new();
    for entry in late.into_iter().chain(ahead).take(most) {
        let known = app.table.tiktok_order_known(&shop.id, &entry.at.order).await?;
        if let Some(known) = known.filter(|known| known.row.account == shop.account) {
            lines.extend(line(app, shop, &known, now, Timestamp::MAX).await?);
        }
    }
    sort(&mut lines);
    Ok(lines)
}

/// Late ones first, then nearest first.
pub fn sort(lines: &mut [DeadlineLine]) {
    lines.sort_by(|a, b| {
        let late = |line: &DeadlineLine| line.bucket != Bucket::Late.word();
        (late(a), a.due, &a.order).cmp(&(late(b), b.due, &b.order))
    });
}

/// The line of an order whose earliest unmet deadline is due by `until`.
pub(crate) async fn line(
    app: &App,
    shop: &Shop,
    known: &Known,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<DeadlineLine>, TableError> {
    let row = &known.row;
    let unmet = row.unmet(&Rules::of(shop));
    let Some(first) = unmet.first().filter(|first| first.due <= until) else { return Ok(None) };
    let late = first.is_late(now);
    let next = unmet.iter().find(|deadline| !deadline.is_late(now)).filter(|_| late);
    let blocker = blocker(app, shop, known, first).await?;
    Ok(Some(DeadlineLine {
        order: row.order.to_string(),
        shop: row.shop.to_string(),
        clock: first.clock.word(),
        due: first.due,
        source: first.source.to_string(),
        bucket: Bucket::of(first.due, now, &zone::of(shop)).word(),
        blocker: blocker.map(Reason::code),
        next_step: next_step(first.clock, row.facts.stage(), blocker),
        next_clock: next.map(|deadline| deadline.clock.word()),
        next_due: next.map(|deadline| deadline.due),
        urgency: first.urgency(now),
    }))
}

/// What stands in the way: of the parcels while a number is missing, of the shop, of the order.
async fn blocker(app: &App, shop: &Shop, known: &Known, first: &Deadline) -> Result<Option<Reason>, TableError> {
    if let Some(parked) = &shop.parked {
        return Ok(Some(parked.reason));
    }
    if known.row.facts.stage() == Stage::Open {
        for (store, order) in &known.stores {
            let parcels = app.table.order_rows(store, order, false).await?.parcels;
            let ours = parcels.iter().filter(|parcel| parcel.tiktok_order() == Some(&known.row.order));
            if let Some(reason) = ours.filter_map(|parcel| parcel.state.reason()).next() {
                return Ok(Some(reason));
            }
        }
    }
    // That the shown clock has passed is said by its bucket.
    let listed = known.row.attention.as_ref().map(|entry| entry.reason);
    Ok(listed.filter(|reason| *reason != Reason::Late || first.clock != Clock::Rts))
}

/// What a person does about a deadline.
#[must_use]
pub fn next_step(clock: Clock, stage: Stage, blocker: Option<Reason>) -> String {
    if let Some(reason) = blocker {
        return reason.remedy().to_owned();
    }
    match (clock, stage) {
        (_, Stage::Open) => "Ship it and add the tracking number in your store; it is sent by itself.",
        (Clock::Lost | Clock::Deliver, _) | (_, Stage::InTransit | Stage::Ended) => {
            "Ask the carrier where the parcel is, and tell the buyer in Seller Center."
        }
        _ => "Hand the parcel to the carrier; the clock stops at its first scan.",
    }
    .to_owned()
}

/// Which orders of a shop stand on its attention list, with what is said about them.
///
/// # Errors
/// [`TableError`].
pub async fn held(app: &App, shop: &Shop, prefix: &str) -> Result<Vec<Known>, TableError> {
    let mut rows = Vec::new();
    for (order, _, _) in app.table.tiktok_orders_held(&shop.id, prefix).await? {
        rows.extend(known(app, shop, &order).await?.filter(|known| known.row.attention.is_some()));
    }
    Ok(rows)
}

/// One order of a shop's account.
///
/// # Errors
/// [`TableError`].
pub async fn known(app: &App, shop: &Shop, order: &TikTokOrderId) -> Result<Option<Known>, TableError> {
    let known = app.table.tiktok_order_known(&shop.id, order).await?;
    Ok(known.filter(|known| known.row.account == shop.account))
}
