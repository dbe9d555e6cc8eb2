//! A shop during one run: its calls, and what is read once for all its parcels.

use super::names::Names;
use super::{Held, Run};
use crate::carriers::LiveList;
use crate::domain::connection::Shop;
use crate::domain::ids::{ShopId, TikTokOrderId};
use crate::flows::calls::ShopCalls;
use crate::flows::carriers::match_parcel::Maps;
use crate::table::connections::Versioned;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::{Mutex, MutexGuard};

/// A shop during one run.
pub(super) struct ShopRun<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) careful: bool,
    pub(super) id: ShopId,
    pub(super) calls: ShopCalls<'a>,
    pub(super) kept_maps: Mutex<Option<Maps>>,
    pub(super) kept_lists: Mutex<HashMap<String, Arc<LiveList<'static>>>>,
    pub(super) names: Mutex<Names>,
    /// Orders for which TikTok took a number in this run, with the number.
    pub(super) accepted: Mutex<Vec<(TikTokOrderId, String)>>,
    /// TikTok does not say whose labels they are: nobody asks again in this run.
    pub(super) labels_silent: AtomicBool,
    /// A number went out that TikTok may not count.
    pub(super) labels_warned: AtomicBool,
    /// TikTok does not show products: nobody asks again in this run.
    pub(super) images_silent: AtomicBool,
}

impl<'a> ShopRun<'a> {
    pub(super) fn new(run: &'a Run<'a>, lease: Option<Held>, shop: Versioned<Shop>) -> Self {
        Self {
            run,
            careful: lease.is_some_and(|lease| lease.careful),
            id: shop.row.id.clone(),
            calls: run.calls(shop, lease.map(|lease| lease.until)),
            kept_maps: Mutex::default(),
            kept_lists: Mutex::default(),
            names: Mutex::default(),
            accepted: Mutex::default(),
            labels_silent: AtomicBool::default(),
            labels_warned: AtomicBool::default(),
            images_silent: AtomicBool::default(),
        }
    }

    /// The turn of a careful call: no other one of the run is under way while it is kept. The shop's own rate is waited
    /// for before it, so that a shop keeps no other one waiting.
    pub(super) async fn alone(&self) -> Option<MutexGuard<'a, ()>> {
        if !self.careful {
            return None;
        }
        self.calls.until_write().await;
        Some(self.run.alone.lock().await)
    }
}
