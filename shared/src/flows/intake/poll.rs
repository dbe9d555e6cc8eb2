//! Reads what changed in each store since the last time, so that a lost delivery costs time and nothing else. What a poll
//! finds goes the way of webhooks; repeats change nothing.
//!
//! ```text
//! what is due → claim the store → repair its subscriptions (daily) → read since watermark − overlap → store the rows
//!             → then the watermark → next poll in 15 min, 1 h or 24 h
//! ```

use crate::app::App;
use crate::domain::connection::{PollState, StoreConnection, StoreStatus};
use crate::domain::ids::{StoreId, StoreOrderId};
use crate::domain::platform::Platform;
use crate::domain::reason::Reason;
use crate::flows::access::store::{VaultError, ask, store_access};
use crate::flows::intake::keep::{Kept, keep};
use crate::flows::intake::subscriptions::{self as keep_subscriptions, SubscriptionError};
use crate::outbound::OutboundError;
use crate::stores::StoreAccess;
use crate::stores::error::StoreError;
use crate::stores::platforms::is_read;
use crate::stores::poll::{PollCursor, PollQuery, PollStep, overlap, poll};
use crate::stores::subscriptions::Goal;
use crate::table::error::TableError;
use crate::table::keys;
use crate::telemetry::{Metric, emit_metrics, metric};
use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::time::Duration;

/// One store's share of a run: a slow one never keeps the others waiting.
const A_STORE: Duration = Duration::from_secs(40);
/// One call to a store's API.
const CALL: Duration = Duration::from_secs(10);
/// Stores read at the same time.
const TOGETHER: usize = 32;
/// A store that is being read is nobody else's for this long: longer than a run of any kind, so that an expired claim means
/// a crash.
const CLAIM: SignedDuration = SignedDuration::from_mins(5);
/// A poll that a person asked for.
const ASKED_FOR: Duration = Duration::from_secs(120);
/// After trouble: a failed poll, a lost delivery, a subscription that was gone.
const SOON: SignedDuration = SignedDuration::from_mins(15);
/// A store that shipped something within the last day, and one that refuses our credentials.
const HOURLY: SignedDuration = SignedDuration::from_hours(1);
/// A store that did not, and the comparison of subscriptions.
const DAILY: SignedDuration = SignedDuration::from_hours(24);
/// What a first poll reads from before the store was connected.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Orders without a number that are asked for by name.
const OPEN_ORDERS: usize = 50;
/// Stores count whole seconds and start timers a little late; without this a daily check would move by a poll every day.
const SLACK: SignedDuration = SignedDuration::from_mins(30);

/// What a run of polls did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Stores read.
    pub stores_polled: u64,
    /// Stores whose poll failed, or goes on in the next run.
    pub polls_unfinished: u64,
    /// Shipments that the stores showed.
    pub shipments_seen: u64,
    /// Rows that only a poll found.
    pub found_only_by_poll: u64,
    /// Webhook subscriptions made, for the first time or again.
    pub subscriptions_repaired: u64,
    /// Stores that are due still, because the time was over.
    #[serde(skip)]
    pub left: u64,
}

impl Summary {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            stores_polled: self.stores_polled + other.stores_polled,
            polls_unfinished: self.polls_unfinished + other.polls_unfinished,
            shipments_seen: self.shipments_seen + other.shipments_seen,
            found_only_by_poll: self.found_only_by_poll + other.found_only_by_poll,
            subscriptions_repaired: self.subscriptions_repaired + other.subscriptions_repaired,
            left: self.left + other.left,
        }
    }
}

/// What reading one store gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Polled {
    /// Shipments that the store showed.
    pub shipments: u64,
    /// Rows that were not known, or not like this.
    pub found: u64,
    /// Topics of the subscriptions that were gone.
    pub repaired: Vec<String>,
    /// What is wrong, if anything.
    pub trouble: Option<String>,
    /// Everything up to the watermark was read.
    pub finished: bool,
}

/// A store could not be read.
#[derive(Debug, thiserror::Error)]
enum PollError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the store cannot be reached")]
    Unreachable(#[from] OutboundError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Subscriptions(#[from] SubscriptionError),
}

/// Reads these stores, the longest waiting first. Nothing starts after the first time, and every call has ended at the
/// second.
pub async fn run(app: &App, due: Vec<StoreId>, (start, end): (Duration, Duration)) -> Summary {
    let started = app.clock.steady();
    let elapsed = || app.clock.steady().saturating_sub(started);
    let polled = stream::iter(due).map(|id| async move {
        if elapsed() >= start {
            return Err(());
        }
        Ok(turn(app, &id, end.saturating_sub(elapsed()).min(A_STORE), false).await)
    });
    let mut polled = polled.buffer_unordered(TOGETHER);
    let mut summary = Summary::default();
    while let Some(one) = polled.next().await {
        match one {
            Err(()) => summary.left += 1,
            Ok(None) => {}
            Ok(Some(one)) => {
                summary.stores_polled += 1;
                summary.polls_unfinished += u64::from(!one.finished);
                summary.shipments_seen += one.shipments;
                summary.found_only_by_poll += one.found;
                summary.subscriptions_repaired += one.repaired.len() as u64;
            }
        }
    }
    summary
}

/// The metrics of a tick's polls.
pub fn emit(app: &App, summary: &Summary) {
    if summary.stores_polled > 0 {
        let metrics = [
            Metric::count(metric::SHIPMENTS_FOUND, summary.found_only_by_poll),
            Metric::count(metric::FOUND_ONLY_BY_POLL, summary.found_only_by_poll),
        ];
        emit_metrics(&app.metrics, "reauth-reminder", app.clock.now(), &metrics);
    }
}

/// Reads one store now, due or not. `None`: it cannot be read, or somebody else is reading it.
pub async fn now(app: &App, id: &StoreId) -> Option<Polled> {
    turn(app, id, ASKED_FOR, true).await
}

/// One store's turn: claim, read, settle.
async fn turn(app: &App, id: &StoreId, limit: Duration, asked_for: bool) -> Option<Polled> {
    match try_turn(app, id, limit, asked_for).await {
        Ok(polled) => polled,
        Err(TableError::Conflict) => None,
        Err(error) => {
            tracing::warn!(store.id = %id, error = &error as &dyn std::error::Error, "store not polled");
            None
        }
    }
}

async fn try_turn(app: &App, id: &StoreId, limit: Duration, asked_for: bool) -> Result<Option<Polled>, TableError> {
    let now = app.clock.now();
    let Some(mut store) = app.table.store_get(id, true).await? else { return Ok(None) };
    if store.row.status != StoreStatus::Connected {
        if store.row.poll_due.take().is_some() {
            app.table.store_put(&mut store).await?;
        }
        return Ok(None);
    }
    if !asked_for && store.row.poll_due.is_none_or(|due| due > now) {
        return Ok(None);
    }
    let access = match store_access(app, &store.row).await {
        Ok(Some(access)) if is_read(store.row.platform) => access,
        Ok(_) => {
            if store.row.poll_due.take().is_some() {
                tracing::warn!(store.id = %id, "no credentials for this store: what its webhooks lose stays lost");
                app.table.store_put(&mut store).await?;
            }
            return Ok(None);
        }
        Err(error) => {
            tracing::error!(store.id = %id, error = &error as &dyn std::error::Error, "no credentials for this store");
            store.row.polls.trouble = Some(error.to_string());
            store.row.poll_due = Some(now + SOON);
            app.table.store_put(&mut store).await?;
            return Ok(None);
        }
    };
    let claim = now + CLAIM;
    store.row.poll_due = Some(claim);
    app.table.store_put(&mut store).await?;
    let (state, polled) = (store.row.polls.clone(), Polled::default());
    let mut turn = Turn { app, store: store.row, state, polled, limit, now, lost_subscriptions: false };
    let started = app.clock.steady();
    let outcome = turn.read(&access, started).await;
    turn.settle(claim, outcome).await.map(Some)
}

/// A store under way.
struct Turn<'a> {
    app: &'a App,
    store: StoreConnection,
    state: PollState,
    polled: Polled,
    limit: Duration,
    now: Timestamp,
    lost_subscriptions: bool,
}

impl Turn<'_> {
    async fn read(&mut self, access: &StoreAccess, started: Duration) -> Result<(), PollError> {
        let left = |turn: &Self| turn.limit.saturating_sub(turn.app.clock.steady().saturating_sub(started));
        // Subscriptions first: whatever changes from now on is delivered, whatever changed before is read below. When
        // they cannot be compared, the store is read all the same.
        let subscriptions = self.subscriptions(left(self)).await;
        let read = self.changes(access, |turn| left(turn)).await;
        subscriptions.and(read)
    }

    async fn subscriptions(&mut self, left: Duration) -> Result<(), PollError> {
        let checked = self.state.subscriptions_checked;
        if checked.is_some_and(|at| self.now.duration_since(at) < DAILY - SLACK) {
            return Ok(());
        }
        let report = match keep_subscriptions::run(self.app, &self.store, Goal::Ensure, left).await {
            // The store is read all the same; `waybill status` says what is missing.
            Err(SubscriptionError::OnlyThisMachine) => return Ok(()),
            other => other?,
        };
        self.state.subscriptions_checked = Some(self.now);
        // The first comparison makes them; later ones find what was lost.
        self.lost_subscriptions = checked.is_some() && !report.repaired.is_empty();
        if self.lost_subscriptions {
            tracing::warn!(store.id = %self.store.id, count = report.repaired.len(), "webhook subscriptions were gone");
        }
        self.polled.repaired = report.repaired;
        Ok(())
    }

    async fn changes(&mut self, access: &StoreAccess, left: impl Fn(&Self) -> Duration) -> Result<(), PollError> {
        let resume = self.state.unfinished.as_deref().and_then(|text| serde_json::from_str::<PollCursor>(text).ok());
        // A store that was away (removed and connected again, say) shipped meanwhile.
        let since = self.state.watermark.unwrap_or(self.store.connected - LOOK_BACK) - overlap(self.store.platform);
        let open_orders = if resume.is_some() { Vec::new() } else { self.open_orders().await? };
        let mut machine = poll(access, PollQuery { since, open_orders, resume })?;
        let mut answer = None;
        loop {
            match machine.step(answer.take().as_ref(), self.app.clock.now())? {
                PollStep::Send(request) => {
                    let left = left(self);
                    if left.is_zero() {
                        return Ok(());
                    }
                    answer = Some(ask(self.app, self.store.platform, request, CALL.min(left)).await?);
                }
                PollStep::Found { fulfilments, cursor } => {
                    for news in &fulfilments {
                        self.polled.shipments += news.shipments.len() as u64;
                        if let Kept::Stored { rows } = keep(self.app, &self.store, news, true).await? {
                            self.polled.found += rows as u64;
                        }
                    }
                    // Only now: what a crash leaves out is read again.
                    if let Some(cursor) = cursor {
                        self.state.unfinished = serde_json::to_string(&cursor).ok();
                    }
                }
                PollStep::Done { watermark } => {
                    self.state.watermark = Some(watermark.max(self.state.watermark.unwrap_or(watermark)));
                    self.state.unfinished = None;
                    self.polled.finished = true;
                    return Ok(());
                }
            }
        }
    }

    /// Orders of this store that were marked shipped without a number: their number may come without moving the date
    /// that a poll filters by.
    async fn open_orders(&self) -> Result<Vec<StoreOrderId>, TableError> {
        let mut open: Vec<StoreOrderId> = Vec::new();
        if !matches!(self.store.platform, Platform::WooCommerce | Platform::Magento) {
            return Ok(open);
        }
        for shop in &self.store.shops {
            for key in self.app.table.held_keys(shop, Reason::TrackingMissing.code()).await? {
                match keys::order_of(&key) {
                    Some((store, order)) if store == self.store.id && !open.contains(&order) => open.push(order),
                    _ => {}
                }
                if open.len() >= OPEN_ORDERS {
                    return Ok(open);
                }
            }
        }
        Ok(open)
    }

    /// When to read this store again.
    fn next(&self, error: Option<&PollError>) -> Timestamp {
        let active = self.state.active.unwrap_or(self.store.connected);
        let wait = match error {
            Some(PollError::Store(StoreError::Throttled { after: Some(after) })) => {
                SignedDuration::try_from(*after).unwrap_or(SOON).max(SOON)
            }
            Some(PollError::Store(StoreError::Unauthorised { .. })) => HOURLY,
            // What the store shows was read; only its list of subscriptions was not.
            Some(PollError::Subscriptions(_)) if self.polled.finished => HOURLY,
            Some(_) => SOON,
            None if !self.polled.finished => SignedDuration::ZERO,
            None if self.polled.found > 0 || self.lost_subscriptions => SOON,
            None if self.now.duration_since(active) < DAILY => HOURLY,
            None => DAILY,
        };
        self.app.clock.now() + wait
    }

    /// Writes down how far the poll came. A wish for another poll that came in meanwhile stays.
    async fn settle(mut self, claim: Timestamp, outcome: Result<(), PollError>) -> Result<Polled, TableError> {
        let error = outcome.err();
        if let Some(error) = &error {
            tracing::warn!(store.id = %self.store.id, error = error as &dyn std::error::Error, "poll not finished");
            self.polled.trouble = Some(error.to_string());
        }
        if self.polled.shipments > 0 {
            self.state.active = Some(self.now);
        }
        self.state.asked = Some(self.now);
        self.state.found += self.polled.found;
        self.state.trouble = self.polled.trouble.clone();
        let next = self.next(error.as_ref());
        loop {
            let Some(mut store) = self.app.table.store_get(&self.store.id, true).await? else {
                return Ok(self.polled);
            };
            if store.row.status != StoreStatus::Connected {
                return Ok(self.polled);
            }
            if store.row.poll_due.is_none_or(|due| due == claim) {
                store.row.poll_due = Some(next);
            }
            store.row.polls = self.state.clone();
            match self.app.table.store_put(&mut store).await {
                Ok(()) => {
                    self.app.stores.forget(&self.store.id);
                    return Ok(self.polled);
                }
                Err(TableError::Conflict) => {}
                Err(other) => return Err(other),
            }
        }
    }
}
