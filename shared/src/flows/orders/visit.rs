//! A visit: what changed since the last one, what is due to be looked at, and once a day everything that is open.
//!
//! The watermark is the newest `update_time` that is *stored*. The next page asks from the last row's time on, without a
//! page token, since pages shift while they are read; a token is used only inside one second that fills a page.

use super::keep::change;
use super::track::track;
use super::walk::{Done, PAGE, Walk};
use super::{Broken, Reads, again, begin, images, import, places};
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::deadline::Stage;
use crate::domain::ids::TikTokOrderId;
use crate::domain::order_row::OrderRow;
use crate::domain::telling::ALERTS;
use crate::domain::visit::{AGAIN, DAILY, HOURLY, LONG_OVERLAP, Look, OVERLAP, QUARTER};
use crate::table::error::TableError;
use crate::tiktok::orders::{MOST_IDS, OrderQuery, OrderTime};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Orders of accepted numbers read from the table at the same time.
const TOGETHER: usize = 16;
/// Every order near a deadline is read at each visit from so long before it on.
const NEAR: SignedDuration = SignedDuration::from_hours(5);
/// Late orders are read hourly so long, then daily.
const FRESH: SignedDuration = SignedDuration::from_hours(24);
/// And weekly after this.
const OLD: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Orders placed so long ago are searched in the daily round, whatever the search by change showed.
const PLACED: SignedDuration = SignedDuration::from_hours(3 * 24);

/// Makes the visit of a shop, if it is due. The caller holds the shop's shard.
///
/// # Errors
/// [`Broken::Table`] when not even the next time could be written down: the visit stays due.
pub async fn run<R: Reads>(app: &App, shop: &Shop, reads: &R) -> Result<Option<Done>, Broken> {
    let Some(visit) = app.table.visit_get(&shop.id).await? else { return Ok(None) };
    let now = app.clock.now();
    if visit.row.account != shop.account || visit.row.due.is_none_or(|due| due > now) {
        return Ok(None);
    }
    let again = visit.row.again;
    let mut walk = Walk { app, shop, reads, visit, again, ahead: None, done: Done::default(), tracked: 0, pictured: 0 };
    let outcome = walk.all(now).await;
    let ended = match &outcome {
        Ok(()) => true,
        // The next run goes on where this one stopped.
        Err(Broken::Stop) => false,
        Err(Broken::Parked) => {
            tracing::info!(shop.id = %shop.id, "a visit ended early: the shop waits or rests");
            false
        }
        Err(error) => {
            tracing::warn!(shop.id = %shop.id, error = error as &dyn std::error::Error, "a visit ended early");
            false
        }
    };
    let stopped = matches!(outcome, Err(Broken::Stop));
    walk.close(now, ended, stopped).await?;
    Ok(Some(Done { ended, stopped, ..walk.done }))
}

impl<R: Reads> Walk<'_, R> {
    async fn all(&mut self, now: Timestamp) -> Result<(), Broken> {
        if self.visit.row.needs_import(now) {
            import::begin(self, now).await?;
        }
        self.changes(now).await?;
        import::go_on(self).await?;
        let round = self.visit.row.round_is_due(now);
        self.look_again(now, round).await?;
        if round {
            self.placed_lately(now).await?;
            places::give(self.app, self.shop).await?;
            self.visit.row.round = Some(now);
        }
        Ok(())
    }

    /// What changed since the watermark.
    async fn changes(&mut self, now: Timestamp) -> Result<(), Broken> {
        let Some(watermark) = self.visit.row.watermark else { return Ok(()) };
        let overlap = if self.visit.row.is_first_of_hour(now) { LONG_OVERLAP } else { OVERLAP };
        let query = OrderQuery {
            by: OrderTime::Updated,
            from: Some(watermark - overlap),
            to: None,
            status: None,
            seller_shipped: false,
            page_size: PAGE,
            page_token: None,
        };
        self.pages(
            query,
            |order| order.update_time,
            |visit, last| {
                visit.watermark = visit.watermark.max(Some(last));
            },
        )
        .await
    }

    async fn placed_lately(&mut self, now: Timestamp) -> Result<(), Broken> {
        let query = OrderQuery {
            by: OrderTime::Created,
            from: Some(now - PLACED),
            to: None,
            status: None,
            seller_shipped: false,
            page_size: PAGE,
            page_token: None,
        };
        self.pages(query, |order| order.times.created, |_, _| {}).await
    }

    /// Reads by id what a search by change need not show.
    async fn look_again(&mut self, now: Timestamp, round: bool) -> Result<(), Broken> {
        let mut orders: BTreeSet<TikTokOrderId> = BTreeSet::new();
        let looks = self.looks(now).await?;
        orders.extend(looks.iter().map(|look| look.order.clone()));
        let until = if round { Timestamp::MAX } else { now + SignedDuration::from_hours(ALERTS[0] + 1) };
        for entry in self.app.table.clocks(&self.shop.id, until).await? {
            if round || is_near(entry.at.due, now) {
                orders.insert(entry.at.order);
            }
        }
        for entry in self.app.table.late(&self.shop.id).await? {
            let age = now.duration_since(entry.at.since);
            let weekly = entry.at.since.as_second() / DAILY.as_secs() % 7 == now.as_second() / DAILY.as_secs() % 7;
            if age < FRESH || is_near(entry.at.due, now) || round && (age < OLD || weekly) {
                orders.insert(entry.at.order);
            }
        }
        let orders: Vec<TikTokOrderId> = orders.into_iter().collect();
        let mut refused = BTreeSet::new();
        for part in orders.chunks(MOST_IDS) {
            self.turn().await?;
            let begun = self.app.clock.now();
            let mut read = Vec::new();
            for (order, outcome) in self.reads.detail(part).await? {
                match outcome {
                    Ok(order) => read.push(order),
                    Err(error) => {
                        tracing::warn!(shop.id = %self.shop.id, order.id = %order, error = &error as &dyn std::error::Error, "an order cannot be read");
                        refused.insert(order);
                    }
                }
            }
            self.done.orders += read.len() as u64;
            self.keep(&read, begun).await?;
            track(self, &read).await?;
            images::look(self, &read).await?;
            for order in part.iter().filter(|order| !read.iter().any(|read| read.id == **order)) {
                // TikTok does not show it any more; its clocks run on.
                change(self.app, self.shop, order, |_| {}).await?;
            }
        }
        let (unread, looks): (Vec<Look>, Vec<Look>) = looks.into_iter().partition(|look| refused.contains(&look.order));
        for look in &looks {
            let unmoved = change(self.app, self.shop, &look.order, |row| {
                row.unmoved = (!row.has_settled(&look.number)).then(|| look.number.clone());
            })
            .await?;
            // Taken back while nobody looked: its parcels are judged again, and say themselves what becomes of them.
            if let Some(row) = unmoved.filter(|row| taken_back(row, look))
                && again::begin(self.app, &row).await?
            {
                change(self.app, self.shop, &look.order, |row| row.unmoved = None).await?;
            }
        }
        self.visit.row.looks.retain(|look| look.at > now);
        // What an order that cannot be read became of is looked for again.
        self.visit.row.looks.extend(unread.into_iter().map(|look| Look { at: now + HOURLY, ..look }));
        self.visit.row.looked = Some(now);
        Ok(())
    }

    /// What was accepted a quarter of an hour ago and has not been seen moved.
    async fn looks(&mut self, now: Timestamp) -> Result<Vec<Look>, TableError> {
        let (app, shop) = (self.app, self.shop);
        let after = self.visit.row.looked.unwrap_or(now - DAILY);
        let (due, ahead): (Vec<Look>, Vec<Look>) =
            app.table.looks(&shop.id, &shop.account, after).await?.into_iter().partition(|look| look.at <= now);
        self.ahead = ahead.iter().map(|look| look.at).min();
        let due = self.visit.row.looks.iter().filter(|look| look.at <= now).cloned().chain(due);
        // The last number of an order is the one to look for: an earlier one may have been corrected since.
        let mut last: BTreeMap<TikTokOrderId, Look> = BTreeMap::new();
        for look in due {
            match last.get(&look.order) {
                Some(known) if known.at > look.at => {}
                _ => drop(last.insert(look.order.clone(), look)),
            }
        }
        let unmoved = stream::iter(last.into_values().collect::<Vec<_>>()).map(|look| async move {
            let row = app.table.tiktok_order(&shop.id, &look.order, false).await?;
            let settled = row.is_some_and(|row| row.unmoved.is_none() && row.has_settled(&look.number));
            Ok((!settled).then_some(look))
        });
        let unmoved: Vec<Option<Look>> = unmoved.buffered(TOGETHER).try_collect().await?;
        Ok(unmoved.into_iter().flatten().collect())
    }

    /// Writes the next time down. On a conflict, or when a webhook had come when the row was read, the visit is due
    /// again in a minute: nothing that was said meanwhile is lost.
    async fn close(&mut self, began: Timestamp, ended: bool, stopped: bool) -> Result<(), Broken> {
        let now = self.app.clock.now();
        let open = self.app.table.has_clocks(&self.shop.id).await?;
        if open || self.app.table.has_held(&self.shop.id).await? {
            begin::told(self.app, &self.shop.id).await?;
        }
        loop {
            let found = self.done.kept.found();
            let (again, ahead) = (self.again, self.ahead);
            let row = &mut self.visit.row;
            row.due = Some(match (ended, stopped) {
                _ if again => now + AGAIN,
                (true, _) => row.next(now, found, open, ahead),
                (false, true) => now,
                (false, false) => now + QUARTER,
            });
            if ended {
                row.last = Some(began);
                row.told = false;
            }
            row.again = false;
            row.app = Some(self.shop.app);
            match self.app.table.visit_put(&self.shop.id, &mut self.visit).await {
                Ok(()) => return Ok(()),
                Err(TableError::Conflict) => self.merge().await?,
                Err(other) => return Err(other.into()),
            }
        }
    }
}

/// TikTok changed the order after the time by which it shows an accepted number, and shows it open without.
fn taken_back(row: &OrderRow, look: &Look) -> bool {
    let later = row.facts.updated.is_some_and(|at| at >= look.at);
    later && row.unmoved.is_some() && row.facts.stage() == Stage::Open
}

/// A deadline is close, has passed, or has an alert within the hour.
fn is_near(due: Timestamp, now: Timestamp) -> bool {
    let left = due.duration_since(now);
    let alert = |hours: &i64| {
        let at = SignedDuration::from_hours(*hours);
        left > at && left <= at + SignedDuration::from_hours(1)
    };
    left <= NEAR || ALERTS.iter().any(alert)
}
