//! One TikTok order: every parcel that points to it is loaded; the due ones are judged and applied in sequence, each
//! seeing the order as updated by the one before.

use super::apply::Next;
use super::judge::{self, Case, Plan};
use super::record;
use super::shop::is_due;
use super::shop_run::ShopRun;
use super::summary::one;
use crate::domain::connection::StoreConnection;
use crate::domain::decision::{Decision, goes};
use crate::domain::fulfilment::OrderLink;
use crate::domain::ids::{StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::order::TikTokOrder;
use crate::domain::parcel::{Parcel, ParcelState, Phase};
use crate::domain::platform::Platform;
use crate::domain::reason::Reason;
use crate::flows::carriers::lists::ListError;
use crate::flows::carriers::match_parcel::match_parcel;
use crate::table::error::TableError;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use std::panic::AssertUnwindSafe;

/// The rows of one store order.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) store: StoreConnection,
    pub(super) rows: Vec<Parcel>,
    /// A person's word on the TikTok order.
    pub(super) manual: Option<TikTokOrderId>,
}

impl Group {
    /// What was found out is written with the outcome, not by itself.
    pub(super) fn link(&mut self, id: &TikTokOrderId) {
        for row in &mut self.rows {
            row.link = OrderLink::Found(id.clone());
        }
    }

    /// Rows of earlier versions do not say whose they are: their next write does.
    pub(super) fn own(&mut self) {
        for row in &mut self.rows {
            row.belong_to(&self.store.account);
        }
    }

    /// TikTok showed the order in the shop that works on it.
    pub(super) fn place(&mut self) {
        for row in &mut self.rows {
            row.placed = true;
        }
    }
}

/// A TikTok order and everything that points to it.
pub(super) struct Desk<'a> {
    pub(super) shop: &'a ShopRun<'a>,
    pub(super) order: TikTokOrder,
    /// Of each row's store: its platform, and since when it is connected.
    pub(super) stores: Vec<(Platform, Timestamp)>,
    pub(super) rows: Vec<Parcel>,
}

/// Works on the due parcels of an order: parcels to be closed come first, so that they stop claiming items; then the
/// others, oldest first.
pub(super) async fn work(shop: &ShopRun<'_>, order: TikTokOrder, groups: Vec<Group>) {
    let mut desk = match Desk::load(shop, order, groups).await {
        Ok(desk) => desk,
        Err(error) => {
            tracing::warn!(shop.id = %shop.id, error = &error as &dyn std::error::Error, "order not loaded whole");
            return;
        }
    };
    for index in desk.turns() {
        if !shop.run.may_start() {
            one(&shop.run.tally.left);
            continue;
        }
        // One bad row must not end the batch.
        match AssertUnwindSafe(desk.parcel(index)).catch_unwind().await {
            Ok(Next::GoOn) => {}
            Ok(Next::Stop) => {
                one(&shop.run.tally.left);
                return;
            }
            Err(_) => {
                one(&shop.run.tally.panics);
                let row = desk.rows[index].clone();
                tracing::error!(store.id = %row.store, store_order.id = %row.order, "working on a parcel panicked");
                record::settle(shop, row, |row, now| row.crashed(&shop.run.app.entropy, now)).await;
            }
        }
    }
}

impl<'a> Desk<'a> {
    /// The order with every row that points to it, whichever store or store order it stands under.
    pub(super) async fn load(
        shop: &'a ShopRun<'a>,
        order: TikTokOrder,
        groups: Vec<Group>,
    ) -> Result<Desk<'a>, TableError> {
        let app = shop.run.app;
        let mut desk = Desk { shop, order, stores: Vec::new(), rows: Vec::new() };
        let pointers = app.table.order_pointers(&shop.id, &desk.order.id).await?;
        let mut known: Vec<(StoreId, StoreOrderId)> = Vec::new();
        for group in groups {
            let Some(first) = group.rows.first() else { continue };
            let place = (first.store.clone(), first.order.clone());
            known.push(place);
            desk.add((group.store.platform, group.store.connected), group.rows);
        }
        let account = shop.calls.shop().await.account;
        for (store, order) in pointers.into_iter().filter(|place| !known.contains(place)) {
            let Some(connection) = app.table.store_get(&store, false).await? else { continue };
            if connection.row.account == account {
                let mut rows = app.table.order_rows(&store, &order, true).await?.parcels;
                rows.iter_mut().for_each(|row| row.belong_to(&account));
                desk.add((connection.row.platform, connection.row.connected), rows);
            }
        }
        Ok(desk)
    }

    /// The due rows in the order in which they are worked on: what is to be closed first, so that it stops claiming items.
    pub(super) fn turns(&self) -> Vec<usize> {
        let due = |i: &usize| is_due(&self.rows[*i], &self.shop.id, self.shop.run);
        let mut due: Vec<usize> = (0..self.rows.len()).filter(due).collect();
        due.sort_by_key(|i| {
            let closes = goes(&self.rows[*i], &self.others(*i)).is_some();
            (!closes, self.rows[*i].received, self.rows[*i].number.clone())
        });
        due
    }

    /// Rows of this order; one store order may hold several TikTok orders.
    fn add(&mut self, store: (Platform, Timestamp), rows: Vec<Parcel>) {
        for row in rows {
            if row.tiktok_order().is_none_or(|id| *id == self.order.id) {
                self.stores.push(store);
                self.rows.push(row);
            }
        }
    }

    pub(super) fn others(&self, index: usize) -> Vec<&Parcel> {
        self.rows.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, row)| row).collect()
    }

    async fn parcel(&mut self, index: usize) -> Next {
        let plan = match self.judge(index).await {
            Ok(plan) => plan,
            Err(ListError::TikTok(error)) => return self.list_refused(index, &error).await,
            Err(ListError::NoOption) => judge::without_option(),
            Err(ListError::Table(_) | ListError::Stop) => return Next::Stop,
        };
        let plan = self.label(index, plan).await;
        self.apply(index, plan).await
    }

    /// What to do with a row. Reads carrier maps and lists where the decision needs them.
    pub(super) async fn judge(&self, index: usize) -> Result<Plan, ListError> {
        let plan = self.judge_freely(index).await?;
        Ok(match &self.rows[index].held_by {
            Some(by) => plan.held_by(by),
            None => plan,
        })
    }

    async fn judge_freely(&self, index: usize) -> Result<Plan, ListError> {
        let connection = self.shop.calls.shop().await;
        let (rules, others) = (judge::rules(&connection), self.others(index));
        let row = &self.rows[index];
        let case = Case { row, others: &others, order: &self.order, rules: &rules, now: self.shop.run.app.clock.now() };
        if let Some(plan) = judge::before_carrier(&case) {
            return self.beside_others(index, plan).await;
        }
        let maps = self.shop.maps(&connection).await?;
        let list = self.shop.providers(&connection, &self.order).await?;
        let matched = match_parcel(row, &maps, &list, self.stores[index].0, &connection);
        let mut plan = judge::with_carrier(&case, matched, &maps);
        // Somebody shipped it by other means before the store was connected: nobody is asked about it.
        if matches!(plan.decision, Decision::Hold { reason: Reason::AlreadyShipped, .. }) && self.is_from_before(index)
        {
            plan.decision = Decision::Close(ParcelState::Skipped(Reason::AlreadyShipped));
        }
        let plan = self.beside_its_replacement(index, plan).await?;
        self.beside_others(index, plan).await
    }

    /// A first poll found it, from before the store was connected.
    fn is_from_before(&self, index: usize) -> bool {
        let connected = self.stores[index].1.as_millisecond();
        let row = &self.rows[index];
        row.healed && row.sent.is_none() && row.sources.iter().all(|source| source.version.changed < connected)
    }

    /// Whether TikTok still shows what it took from us for a row that is done.
    pub(super) fn still_shows(&self, row: &Parcel) -> bool {
        row.state.phase() == Phase::Done
            && row.sent.as_ref().is_some_and(|sent| {
                let lines = self.order.lines.iter().filter(|line| sent.lines.contains(&line.id));
                let mut shown =
                    lines.filter(|line| line.state != crate::domain::order::OrderState::Cancelled).peekable();
                shown.peek().is_none() || shown.all(|line| line.tracking.is_some())
            })
    }
}
