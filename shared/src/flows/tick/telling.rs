//! A shop's row of telling: mails about what needs a hand and about its orders, and a look at what is held. It stands in its
//! list while there is something to tell or to judge: an open order, something held, a report that somebody wants. Whatever
//! comes up beside it brings it forward (`flows/orders/begin`).

use super::Summary;
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::ids::ShopId;
use crate::domain::telling::{HOUR, SOON, Sweep, Telling};
use crate::flows::push::{is_young, judge_held};
use crate::flows::tell::{held as tell_held, orders as tell_orders};
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use jiff::{SignedDuration, Timestamp};

/// After a mail that somebody else is sending, while the first import runs, or within a long round over holds.
const AGAIN: SignedDuration = SignedDuration::from_mins(15);
/// After trouble. The next tick.
const RETRY: SignedDuration = SignedDuration::from_mins(5);
/// Holds that are all older than a day are judged daily, each in an hour of its own, which is found within this.
const OLD: SignedDuration = SignedDuration::from_hours(6);

/// A shop's turn, if it is due.
pub(super) async fn step(app: &App, id: &ShopId) -> Summary {
    let mut did = Summary::default();
    if let Err(error) = try_step(app, id, &mut did).await {
        failed(&mut did, id, &error, "people of a shop not told");
    }
    did
}

fn failed(did: &mut Summary, id: &ShopId, error: &(dyn std::error::Error + 'static), what: &'static str) {
    did.mails_failed += 1;
    tracing::warn!(shop.id = %id, error, "{what}");
}

async fn try_step(app: &App, id: &ShopId, did: &mut Summary) -> Result<(), TableError> {
    let now = app.clock.now();
    let Some(mut telling) = app.table.telling_get(id).await? else { return Ok(()) };
    if telling.row.due.is_none_or(|due| due > now) {
        return Ok(());
    }
    let read = app.table.shop_get(id, true).await?;
    let Some(read) = read.filter(|shop| shop.row.account == telling.row.account) else {
        // Gone: the row outlived its shop.
        return app.table.telling_delete(id).await;
    };
    let shop = read.row.clone();
    let mut next = Next::default();
    match Box::pin(tell_held::run(app, &shop)).await {
        Ok(mails) => {
            did.mails += mails.sent;
            if mails.unfinished {
                next.by(now + AGAIN);
            }
        }
        Err(error) => {
            failed(did, id, &error, "attention list not told");
            next.by(now + RETRY);
        }
    }
    if shop.parked.is_some() && next.0.is_none() {
        // The mails about the disconnection say what waits. Reconnecting makes this due again.
        telling.row.due = None;
        return put(app, &shop, &mut telling).await;
    }
    if shop.parked.is_none() {
        let held = app.table.held_reasons(id).await?;
        if telling.row.sweep_is_due(now) {
            let (swept, sweep) = (telling.row.swept, telling.row.sweep.clone());
            let judged = Box::pin(judge_held(app, read, &held, swept, sweep.as_ref())).await?;
            did.requeued += judged.freed;
            if !judged.rests {
                let began = sweep.map_or(now, |sweep| sweep.began);
                telling.row.sweep = judged.rest.map(|after| Sweep { began, after });
                if telling.row.sweep.is_none() {
                    telling.row.swept = Some(began);
                }
            }
        }
        if telling.row.sweep.is_some() {
            next.by(now + AGAIN);
        }
        if !held.is_empty() {
            // From the beginning of one round to that of the next, however many looks a round takes.
            let round = telling.row.swept.unwrap_or(now) + HOUR;
            next.by(if held.iter().any(|entry| is_young(entry, now)) { round.max(now + AGAIN) } else { now + OLD });
        }
        orders(app, &shop, &mut telling, did, &mut next, now).await?;
    }
    if let Some(listed) = telling.row.listed.filter(|at| *at <= now && now.duration_since(*at) < SOON) {
        // What was announced may have been written after this look.
        next.by(listed + SOON);
    }
    telling.row.due = next.0;
    put(app, &shop, &mut telling).await
}

async fn orders(
    app: &App,
    shop: &Shop,
    telling: &mut Versioned<Telling>,
    did: &mut Summary,
    next: &mut Next,
    now: Timestamp,
) -> Result<(), TableError> {
    match Box::pin(tell_orders::look(app, shop, telling)).await {
        Ok(looked) => {
            did.mails += looked.sent;
            if looked.again {
                next.by(now + AGAIN);
            }
            if app.table.has_clocks(&shop.id).await? {
                next.by(telling.row.next_window(now));
                next.by(looked.digest_at.max(now + SignedDuration::from_mins(1)));
            } else if shop.settings.weekly_report {
                next.by(looked.digest_at.max(now + SignedDuration::from_mins(1)));
            }
        }
        Err(error) => {
            failed(did, &shop.id, &error, "people of a shop not told");
            next.by(now + RETRY);
        }
    }
    Ok(())
}

/// The earliest of several times.
#[derive(Default)]
struct Next(Option<Timestamp>);

impl Next {
    fn by(&mut self, at: Timestamp) {
        self.0 = Some(self.0.map_or(at, |known| known.min(at)));
    }
}

/// Writes the row; who wrote it meanwhile wants another look, and it stays due.
async fn put(app: &App, shop: &Shop, telling: &mut Versioned<Telling>) -> Result<(), TableError> {
    match app.table.telling_put(&shop.id, telling).await {
        Ok(()) | Err(TableError::Conflict) => Ok(()),
        Err(other) => Err(other),
    }
}
