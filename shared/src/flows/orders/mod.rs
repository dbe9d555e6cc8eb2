//! Every TikTok order from its creation to its end: one row each, one reader a shop, one door for what is read.
//!
//! ```text
//! a webhook, time ─► the shop's visit is due ─► holder of the shop's shard lease: search, re-read ─► keep ─► order rows
//! the push's own read ──────────────────────────────────────────────────────────────────────────────┘
//! ```

pub mod again;
pub mod begin;
pub mod board;
pub mod fields;
mod images;
pub mod import;
pub mod keep;
mod places;
mod siblings;
mod track;
pub mod visit;
pub mod walk;
mod warnings;

use crate::domain::ids::TikTokOrderId;
use crate::domain::order::TikTokOrder;
use crate::flows::calls::order_reads::{self, Read};
use crate::flows::calls::{ShopCalls, Trouble};
use crate::table::error::TableError;
use crate::tiktok::TikTokError;
use crate::tiktok::orders::{OrderPage, OrderQuery};
use crate::tiktok::tracking::TrackingEvent;
use futures_util::future::BoxFuture;

/// Why a visit did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// No time is left: the next run goes on.
    #[error("no time is left in this run")]
    Stop,
    /// The shop waits for its owner, or rests.
    #[error("the shop waits for its owner, or rests")]
    Parked,
    /// TikTok's answer.
    #[error(transparent)]
    TikTok(Box<TikTokError>),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Reads of one shop, by whoever holds its shard's lease.
pub trait Reads: Sync {
    /// A page of the search.
    fn search<'a>(&'a self, query: &'a OrderQuery) -> BoxFuture<'a, Result<OrderPage, Broken>>;

    /// Orders by id. What TikTok does not know in this shop is missing; one that it refuses to show keeps no other back.
    fn detail<'a>(&'a self, ids: &'a [TikTokOrderId]) -> BoxFuture<'a, Result<Read, Broken>>;

    /// What the carrier told about an order's parcels.
    fn events<'a>(&'a self, order: &'a TikTokOrderId) -> BoxFuture<'a, Result<Vec<TrackingEvent>, Broken>>;

    /// A possible cause why no store got an order: its first product's images, in words.
    fn images<'a>(&'a self, order: &'a TikTokOrder) -> BoxFuture<'a, Result<Option<String>, Broken>>;

    /// Whether another read may begin.
    fn may_start(&self) -> bool;
}

impl From<Trouble> for Broken {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Stop => Self::Stop,
            Trouble::Parked => Self::Parked,
            Trouble::TikTok(error) => Self::TikTok(Box::new(error)),
        }
    }
}

impl Reads for ShopCalls<'_> {
    fn search<'a>(&'a self, query: &'a OrderQuery) -> BoxFuture<'a, Result<OrderPage, Broken>> {
        Box::pin(async move { Ok(self.order_search(query).await?) })
    }

    fn detail<'a>(&'a self, ids: &'a [TikTokOrderId]) -> BoxFuture<'a, Result<Read, Broken>> {
        Box::pin(async move { Ok(order_reads::orders(self, ids.to_vec()).await?) })
    }

    fn events<'a>(&'a self, order: &'a TikTokOrderId) -> BoxFuture<'a, Result<Vec<TrackingEvent>, Broken>> {
        Box::pin(async move { Ok(self.order_tracking(order).await?) })
    }

    fn images<'a>(&'a self, order: &'a TikTokOrder) -> BoxFuture<'a, Result<Option<String>, Broken>> {
        Box::pin(async move { Ok(self.image_fault(order, 1).await?) })
    }

    fn may_start(&self) -> bool {
        self.may_start()
    }
}
