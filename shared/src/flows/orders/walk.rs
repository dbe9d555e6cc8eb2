//! One visit under way: its reads, at most one a second, and how far it has come.

use super::keep::{Kept, keep};
use super::{Broken, Reads};
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::ids::TikTokOrderId;
use crate::domain::order::TikTokOrder;
use crate::domain::visit::{OVERLAP, Visit};
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use crate::tiktok::orders::OrderQuery;
use crate::tiktok::tracking::TrackingEvent;
use jiff::Timestamp;
use std::time::Duration;

/// The largest page.
pub(super) const PAGE: u8 = 100;
/// All reads of a shop's orders by visits, together.
const GAP: Duration = Duration::from_secs(1);

/// What a visit did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Calls.
    pub reads: u64,
    /// Orders read.
    pub orders: u64,
    /// What they changed.
    pub kept: Kept,
    /// It came to its end.
    pub ended: bool,
    /// The time was up: the next run goes on at once.
    pub stopped: bool,
}

/// One visit under way.
pub(super) struct Walk<'a, R> {
    pub(super) app: &'a App,
    pub(super) shop: &'a Shop,
    pub(super) reads: &'a R,
    pub(super) visit: Versioned<Visit>,
    /// A webhook had come when the row was read.
    pub(super) again: bool,
    /// The first look that is still ahead.
    pub(super) ahead: Option<Timestamp>,
    pub(super) done: Done,
    /// Orders whose events were read.
    pub(super) tracked: u64,
    /// Orders whose product's images were asked for.
    pub(super) pictured: u64,
}

impl<R: Reads> Walk<'_, R> {
    /// A page, at most one read a second.
    pub(super) async fn search(&mut self, query: &OrderQuery) -> Result<(Vec<TikTokOrder>, Option<String>), Broken> {
        self.turn().await?;
        let begun = self.app.clock.now();
        let page = self.reads.search(query).await?;
        self.done.orders += page.orders.len() as u64;
        self.keep(&page.orders, begun).await?;
        Ok((page.orders, page.next))
    }

    /// The carrier's events of an order.
    pub(super) async fn events(&mut self, order: &TikTokOrderId) -> Result<Vec<TrackingEvent>, Broken> {
        self.turn().await?;
        self.reads.events(order).await
    }

    /// A possible cause why no store got an order.
    pub(super) async fn images(&mut self, order: &TikTokOrder) -> Result<Option<String>, Broken> {
        self.turn().await?;
        self.reads.images(order).await
    }

    /// Waits for the second to pass; ends the visit when the time is up.
    pub(super) async fn turn(&mut self) -> Result<(), Broken> {
        if self.done.reads > 0 {
            tokio::time::sleep(GAP).await;
        }
        if !self.reads.may_start() {
            return Err(Broken::Stop);
        }
        self.done.reads += 1;
        Ok(())
    }

    /// Stores what was read.
    pub(super) async fn keep(&mut self, orders: &[TikTokOrder], begun: Timestamp) -> Result<(), Broken> {
        let kept = keep(self.app, self.shop, orders, begun).await?;
        self.visit.row.not_ours += kept.not_ours;
        self.visit.row.ours += kept.new - kept.not_ours;
        self.done.kept = self.done.kept.and(kept);
        Ok(())
    }

    /// Writes down how far it has come. A webhook's word meanwhile is kept for the end.
    pub(super) async fn note(&mut self) -> Result<(), Broken> {
        loop {
            match self.app.table.visit_put(&self.shop.id, &mut self.visit).await {
                Ok(()) => return Ok(()),
                Err(TableError::Conflict) => self.merge().await?,
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Takes over what others wrote: their looks and their word that something moved.
    pub(super) async fn merge(&mut self) -> Result<(), Broken> {
        let Some(found) = self.app.table.visit_get(&self.shop.id).await? else { return Err(Broken::Stop) };
        self.again = true;
        for look in found.row.looks {
            if !self.visit.row.looks.contains(&look) && look.at > self.app.clock.now() {
                self.visit.row.looks.push(look);
            }
        }
        self.visit.rev = found.rev;
        Ok(())
    }

    /// Pages in ascending order, each asked from the last row's time on.
    pub(super) async fn pages(
        &mut self,
        mut query: OrderQuery,
        time: impl Fn(&TikTokOrder) -> Option<Timestamp>,
        reached: impl Fn(&mut Visit, Timestamp),
    ) -> Result<(), Broken> {
        loop {
            let (orders, next) = self.search(&query).await?;
            // What another clock stamped ahead of ours is no place to go on from.
            let last = orders.iter().filter_map(&time).max().filter(|last| *last <= self.app.clock.now() + OVERLAP);
            if let Some(last) = last {
                reached(&mut self.visit.row, last);
            }
            let Some(next) = next.filter(|_| !orders.is_empty()) else { return Ok(()) };
            match last {
                Some(last) if query.from.is_none_or(|from| last > from) => {
                    query.from = Some(last);
                    query.page_token = None;
                }
                // One second fills the page.
                _ => query.page_token = Some(next),
            }
            self.note().await?;
        }
    }
}
