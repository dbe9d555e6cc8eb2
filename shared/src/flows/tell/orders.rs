//! Telling a shop's people about its orders: alerts before deadlines (mail 6), parcels that are lost, delayed or whose
//! order was cancelled (mail 9), the daily digest (mail 5), and with Monday's the week's report (mail 11).
//!
//! Once an hour a window is told: what became due after the last one, up to ten minutes ago. A window with something in
//! it is stored before anything is sent, so whoever finds it finishes that one first; the ledger of mails has its end as
//! the step. Nothing is told twice, and nothing is left out, whoever dies in between.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::deadline::{Clock, Deadline, Stage};
use crate::domain::ids::TikTokOrderId;
use crate::domain::order_row::{OrderRow, Rules};
use crate::domain::reason::Reason;
use crate::domain::telling::{ALERTS, HOUR, SETTLED, Telling, alert_in};
use crate::domain::visit::Visit;
use crate::flows::orders::board::next_step;
use crate::flows::tell::{TellError, Told, links, tell, weekly};
use crate::mail::order_letters::{self, DueOrder, Happened};
use crate::mail::zone;
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use crate::table::mails::MailStep;
use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp};

/// The digest's hour where nobody set one.
const DIGEST_HOUR: u8 = 8;
/// Where no digest can be due.
const QUIET: SignedDuration = SignedDuration::from_hours(24);

/// What a look at a shop's orders gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Mails sent.
    pub sent: u64,
    /// It has to be looked at again soon: somebody else is sending a mail, or the first import runs.
    pub again: bool,
    /// When the next digest is due.
    pub digest_at: Timestamp,
}

/// Tells what is due about a shop's orders, and notes it in its row of telling, which the caller writes.
///
/// # Errors
/// [`TellError`]; what was told before it is noted.
pub async fn look(app: &App, shop: &Shop, telling: &mut Versioned<Telling>) -> Result<Looked, TellError> {
    let now = app.clock.now();
    let visit = app.table.visit_get(&shop.id).await?.map(|visit| visit.row);
    if visit.as_ref().is_none_or(|visit| visit.imported.is_none() || visit.import.is_some()) {
        // Alerts wait until the open orders are known; then one mail tells them.
        return Ok(Looked { sent: 0, again: true, digest_at: now + QUIET });
    }
    let mut sent = 0;
    let mut elsewhere = false;
    let whole = telling.row.window.is_some() || now - SETTLED >= telling.row.looked_until + HOUR;
    if let Some(window) = telling.row.window_at(now).filter(|_| whole) {
        match Box::pin(told(app, shop, visit.as_ref(), telling, window)).await? {
            Some(mails) => sent += mails,
            None => elsewhere = true,
        }
    }
    let zone = zone::of(shop);
    let local = now.to_zoned(zone.clone());
    let hour = shop.settings.digest_hour.unwrap_or(DIGEST_HOUR).min(23);
    let today = local.date().to_string();
    if !elsewhere && telling.row.digest.as_ref() != Some(&today) && local.hour() >= i8::try_from(hour).unwrap_or(8) {
        match Box::pin(digest(app, shop, visit.as_ref(), &today, hour)).await? {
            Some(mails) => sent += mails,
            None => elsewhere = true,
        }
        if !elsewhere && local.weekday() == Weekday::Monday && shop.settings.weekly_report {
            match Box::pin(weekly::run(app, shop, &today)).await? {
                Told::Sent => sent += 1,
                Told::Before => {}
                Told::Unfinished => elsewhere = true,
            }
        }
        if !elsewhere {
            telling.row.digest = Some(today.clone());
        }
    }
    let done_today = telling.row.digest.as_ref() == Some(&today);
    let next = if done_today { local.date().tomorrow().unwrap_or(local.date()) } else { local.date() };
    let digest_at = at_hour(next, hour, shop).unwrap_or(now + QUIET);
    Ok(Looked { sent, again: elsewhere, digest_at })
}

fn at_hour(day: Date, hour: u8, shop: &Shop) -> Option<Timestamp> {
    let at = day.at(i8::try_from(hour).ok()?, 0, 0, 0).to_zoned(zone::of(shop)).ok()?;
    Some(at.timestamp())
}

/// Tells a window. `None`: somebody else is at it.
async fn told(
    app: &App,
    shop: &Shop,
    visit: Option<&Visit>,
    telling: &mut Versioned<Telling>,
    window: (Timestamp, Timestamp),
) -> Result<Option<u64>, TellError> {
    let alerts = alerts(app, shop, visit, window).await?;
    let happened = happened(app, shop, window).await?;
    let mut sent = 0;
    if !alerts.is_empty() || !happened.is_empty() {
        if telling.row.window.is_none() {
            telling.row.window = Some(window);
            match app.table.telling_put(&shop.id, telling).await {
                Ok(()) => {}
                Err(TableError::Conflict) => return Ok(None),
                Err(other) => return Err(other.into()),
            }
        }
        let step = |kind: &'static str| MailStep {
            shop: shop.id.clone(),
            kind,
            cycle: "orders".to_owned(),
            step: window.1.as_second().to_string(),
        };
        let now = app.clock.now();
        if !alerts.is_empty() {
            let url = links::page(app, "/deadlines");
            let told = tell(app, shop, step("6"), async || Ok(order_letters::at_risk(shop, &alerts, now, &url)));
            match told.await? {
                Told::Sent => sent += 1,
                Told::Before => {}
                Told::Unfinished => return Ok(None),
            }
        }
        if !happened.is_empty() {
            let url = links::page(app, "/attention");
            let told = tell(app, shop, step("9"), async || Ok(order_letters::parcels(shop, &happened, &url)));
            match told.await? {
                Told::Sent => sent += 1,
                Told::Before => {}
                Told::Unfinished => return Ok(None),
            }
        }
    }
    telling.row.looked_until = window.1;
    telling.row.window = None;
    Ok(Some(sent))
}

/// Deadlines whose most urgent alert falls into a window, and that are unmet in the row read for it.
async fn alerts(
    app: &App,
    shop: &Shop,
    visit: Option<&Visit>,
    window: (Timestamp, Timestamp),
) -> Result<Vec<(i64, DueOrder)>, TellError> {
    let until = window.1 + SignedDuration::from_hours(ALERTS[0]);
    let mut entries = app.table.clocks(&shop.id, until).await?;
    entries.extend(app.table.late(&shop.id).await?);
    let now = app.clock.now();
    let mut found = Vec::new();
    for entry in entries {
        let place = &entry.at;
        let Some(hours) = alert_in(place.due, place.since, window).filter(|_| place.clock.alerts()) else { continue };
        let Some(row) = current(app, shop, &place.order).await? else { continue };
        let unmet = row.unmet(&Rules::of(shop));
        let same = unmet.iter().find(|deadline| deadline.clock == place.clock && deadline.due == place.due);
        if let Some(deadline) = same.filter(|deadline| !deadline.is_late(now)) {
            let left = deadline.due.duration_since(now).as_secs().max(0);
            // A window is told up to seventy minutes after its alerts; what is much nearer is named as near as it is.
            let left = (left + 3599) / 3600;
            let shown = if left + 1 >= hours { hours } else { left.max(1) };
            found.push((shown, due_order(&row, deadline, visit, now)));
        }
    }
    found.sort_by(|a, b| (a.1.due, &a.1.order).cmp(&(b.1.due, &b.1.order)));
    Ok(found)
}

async fn current(app: &App, shop: &Shop, order: &TikTokOrderId) -> Result<Option<OrderRow>, TableError> {
    let row = app.table.tiktok_order(&shop.id, order, true).await?;
    Ok(row.filter(|row| row.account == shop.account))
}

fn due_order(row: &OrderRow, deadline: &Deadline, visit: Option<&Visit>, now: Timestamp) -> DueOrder {
    // Orders near a deadline are read again at each visit.
    let read = visit.and_then(|visit| visit.last).map_or(row.seen, |last| last.max(row.seen));
    let listed = row.attention.as_ref().map(|entry| entry.reason).filter(|reason| *reason != Reason::Late);
    DueOrder {
        order: row.order.to_string(),
        created: row.facts.created,
        clock: deadline.clock,
        due: deadline.due,
        source: deadline.source.shown_as(),
        blocker: listed,
        next_step: next_step(deadline.clock, row.facts.stage(), listed),
        as_of: (read < now - HOUR).then_some(read),
    }
}

/// Parcels that came on the attention list within a window as lost, delayed or cancelled, and still are there.
async fn happened(app: &App, shop: &Shop, window: (Timestamp, Timestamp)) -> Result<Vec<Happened>, TellError> {
    let mut found = Vec::new();
    for reason in [Reason::Lost, Reason::Delayed, Reason::CancelledAfterDispatch] {
        for (order, listed, since) in app.table.tiktok_orders_held(&shop.id, reason.code()).await? {
            if listed != reason || since <= window.0 || since > window.1 {
                continue;
            }
            let Some(row) = current(app, shop, &order).await? else { continue };
            let Some(entry) = row.attention.as_ref().filter(|entry| entry.reason == reason) else { continue };
            found.push(Happened {
                order: order.to_string(),
                number: (!entry.detail.is_empty()).then(|| entry.detail.clone()),
                reason,
                since,
                by: row.facts.cancelled.as_ref().and_then(|(_, how)| Some(how.by.as_ref()?.shown_as().to_owned())),
                scanned: row.facts.scanned,
            });
        }
    }
    Ok(found)
}

/// The daily digest: every order without a number. `None`: somebody else is sending it.
async fn digest(
    app: &App,
    shop: &Shop,
    visit: Option<&Visit>,
    today: &str,
    hour: u8,
) -> Result<Option<u64>, TellError> {
    let now = app.clock.now();
    let mut entries = app.table.late(&shop.id).await?;
    entries.extend(app.table.clocks(&shop.id, Timestamp::MAX).await?);
    let mut orders = Vec::new();
    for entry in entries.iter().filter(|entry| entry.late || entry.at.clock == Clock::Rts) {
        let Some(row) = current(app, shop, &entry.at.order).await? else { continue };
        if row.facts.stage() != Stage::Open {
            continue;
        }
        if let Some(deadline) = row.shown_clock(&Rules::of(shop)) {
            orders.push(due_order(&row, &deadline, visit, now));
        }
    }
    if orders.is_empty() {
        return Ok(Some(0));
    }
    orders.sort_by(|a, b| (a.due, &a.order).cmp(&(b.due, &b.order)));
    let day = now.to_zoned(zone::of(shop)).date().tomorrow().ok();
    let tomorrow = day.and_then(|day| at_hour(day, hour, shop)).unwrap_or(now + QUIET);
    let step = MailStep { shop: shop.id.clone(), kind: "5", cycle: "digest".to_owned(), step: today.to_owned() };
    let url = links::page(app, "/deadlines");
    let told = tell(app, shop, step, async || Ok(order_letters::digest(shop, &orders, tomorrow, now, &url)));
    Ok(match told.await? {
        Told::Sent => Some(1),
        Told::Before => Some(0),
        Told::Unfinished => None,
    })
}
