//! One call to TikTok for a shop: its place in the rates, its time, a refresh of the token when TikTok asks for one.

use super::budget::Budget;
use crate::app::App;
use crate::app::pace::{Kind, Pace};
use crate::domain::connection::{Parked, Resting, Shop};
use crate::domain::ids::ShopId;
use crate::domain::reason::Reason;
use crate::flows::access::shop::{AccessError, ShopAccess, app_credentials, newer_credentials, shop_access};
use crate::table::connections::Versioned;
use crate::tiktok::{Call, Class, TikTokError};
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// TikTok's own calls.
const CALL: Duration = Duration::from_secs(8);
/// Kept free after a write call, to write down what came out.
const WRITE_DOWN: Duration = Duration::from_secs(3);
/// A call with less time than this is not started.
const LEAST: Duration = Duration::from_secs(2);
/// Fresh tokens tried for one call before the shop is parked.
const REFRESHES: u32 = 2;
/// A longer pause that TikTok asks for is written down: the next run may be another process.
const REMEMBERED: Duration = Duration::from_secs(5);
/// A shop that rests for the app's or its own sake is tried again after this.
const PROBED_AFTER: Duration = Duration::from_secs(300);
/// After this many failures in a row the shop rests.
const FAILURES: u32 = 5;

/// Why a call gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// No time is left, or the lease ends: nothing was sent, and the next run goes on.
    #[error("no time is left for calls to TikTok")]
    Stop,
    /// The shop waits for its owner, or rests.
    #[error("the shop waits for its owner, or rests")]
    Parked,
    /// TikTok's answer.
    #[error(transparent)]
    TikTok(#[from] TikTokError),
}

/// A shop's calls during one run.
pub struct ShopCalls<'a> {
    pub(crate) app: &'a App,
    /// The shop.
    pub id: ShopId,
    budget: &'a Budget,
    /// Writes end here, by the clock that counts suspension: the end of the lease they are made under.
    writes_end: Option<Duration>,
    pub(super) shop: Mutex<Versioned<Shop>>,
    pace: Arc<Pace>,
    access: Mutex<State>,
    /// Nothing is written, neither at TikTok nor in the table, and reads are a second apart.
    looks: bool,
}

struct State {
    access: Option<ShopAccess>,
    failures: u32,
    stopped: bool,
}

/// How a call is made. The future owns its part of [`Call`], so that it may outlive the borrow.
pub(super) type Ask<'f, T> = Box<dyn Fn(Call<'_>) -> BoxFuture<'f, Result<T, TikTokError>> + Send + Sync + 'f>;

impl<'a> ShopCalls<'a> {
    /// `writes_end`: nothing is written at TikTok after that, on the steady clock.
    #[must_use]
    pub fn new(app: &'a App, budget: &'a Budget, shop: Versioned<Shop>, writes_end: Option<Duration>) -> Self {
        let pace = app.paces.of(&shop.row.id, &app.clock);
        let id = shop.row.id.clone();
        let access = Mutex::new(State { access: None, failures: 0, stopped: false });
        Self { app, id, budget, writes_end, shop: Mutex::new(shop), pace, access, looks: false }
    }

    /// Calls that only look: at most one read a second, nothing is sent, and no row is written. A token that ran out is
    /// refreshed all the same.
    #[must_use]
    pub fn looking(app: &'a App, budget: &'a Budget, shop: Versioned<Shop>) -> Self {
        Self { looks: true, ..Self::new(app, budget, shop, None) }
    }

    /// Whether these calls only look.
    #[must_use]
    pub fn only_looks(&self) -> bool {
        self.looks
    }

    /// The shop as this run knows it.
    pub async fn shop(&self) -> Shop {
        self.shop.lock().await.row.clone()
    }

    /// Whether another call may begin.
    #[must_use]
    pub fn may_start(&self) -> bool {
        self.budget.may_start(&self.app.clock)
    }

    /// Waits until the shop's rate lets a write through, at most as long as calls may start.
    pub async fn until_write(&self) {
        let clock = &self.app.clock;
        let wait = self.pace.wait(Kind::Write, clock);
        tokio::time::sleep(wait.min(self.budget.latest_start().saturating_sub(clock.steady()))).await;
    }

    /// A read whose refusal says nothing about the shop: the call has a scope of its own.
    pub(super) async fn read_extra<T>(&self, ask: Ask<'_, T>) -> Result<T, Trouble> {
        let access = self.access(None).await?;
        self.once(Kind::Read, &access, &ask).await?.map_err(Trouble::TikTok)
    }

    /// Reads are asked for again a few times within the run; nothing about a row changes meanwhile.
    pub(super) async fn read<T>(&self, ask: Ask<'_, T>) -> Result<T, Trouble> {
        loop {
            match self.call(Kind::Read, &ask).await {
                Err(Trouble::TikTok(error)) if matches!(error.class, Class::Retry(_)) => {
                    if self.failed(&error).await {
                        return Err(Trouble::Parked);
                    }
                }
                other => return other,
            }
        }
    }

    /// A read that is tried twice, and whose failure its caller judges.
    pub(super) async fn read_twice<T>(&self, ask: Ask<'_, T>) -> Result<T, Trouble> {
        match self.call(Kind::Read, &ask).await {
            Err(Trouble::TikTok(error)) if matches!(error.class, Class::Retry(_)) => self.call(Kind::Read, &ask).await,
            other => other,
        }
    }

    /// Counts a failure that was not one order's: at the fifth in a row the shop rests.
    pub async fn count_failure(&self, error: &TikTokError) {
        if matches!(error.class, Class::Retry(_)) {
            self.failed(error).await;
        }
    }

    /// Writes are made once; what their failure means is the caller's to say.
    pub(super) async fn write<T>(&self, ask: Ask<'_, T>) -> Result<T, Trouble> {
        let answer = self.call(Kind::Write, &ask).await;
        if let Err(Trouble::TikTok(error)) = &answer
            && matches!(error.class, Class::Retry(Reason::TikTokError) | Class::OutcomeUnknown)
        {
            self.failed(error).await;
        }
        answer
    }

    /// A call, repeated once after a refresh, a reload of the shop's key, or a correction of the clock.
    async fn call<T>(&self, kind: Kind, ask: &Ask<'_, T>) -> Result<T, Trouble> {
        let (mut repeated, mut refreshed) = (false, 0);
        loop {
            let access = self.access(None).await?;
            let answer = self.once(kind, &access, ask).await?;
            let error = match answer {
                Ok(value) => {
                    self.access.lock().await.failures = 0;
                    self.well_again().await;
                    return Ok(value);
                }
                Err(error) => error,
            };
            match error.class {
                // A refused refresh parks by itself. A fresh token that is refused may have crossed with an older answer:
                // the owner is asked only when a second fresh one is refused too.
                Class::RefreshToken if refreshed == REFRESHES => {
                    return Err(self.park(Reason::AuthExpired, access.version).await);
                }
                Class::RefreshToken => {
                    refreshed += 1;
                    drop(self.access(Some(access.version)).await?);
                    continue;
                }
                Class::Park(reason) => return Err(self.park(reason, access.version).await),
                Class::ReloadShops if !repeated => self.reload_key(&access).await?,
                Class::ClockSkew if !repeated => {}
                _ if error.is_signature() && !repeated && self.reload_app(&access).await => {}
                _ => {
                    return Err(match error.rests_app().or_else(|| error.rests_shop()) {
                        Some(reason) => self.rest_for(reason, &error).await,
                        None => Trouble::TikTok(error),
                    });
                }
            }
            repeated = true;
        }
    }

    /// Takes a newer secret of our app into use. `false`: there is none.
    async fn reload_app(&self, access: &ShopAccess) -> bool {
        let region = self.shop.lock().await.row.app;
        let Some(newer) = newer_credentials(self.app, region, &access.app).await else { return false };
        if let Some(access) = &mut self.access.lock().await.access {
            access.app = newer;
        }
        true
    }

    /// One request, counted everywhere.
    async fn once<T>(
        &self,
        kind: Kind,
        access: &ShopAccess,
        ask: &Ask<'_, T>,
    ) -> Result<Result<T, TikTokError>, Trouble> {
        let (budget, clock) = (self.budget, &self.app.clock);
        if !budget.may_start(clock) || (self.only_looks() && kind == Kind::Write) {
            return Err(Trouble::Stop);
        }
        if self.looks {
            budget.next_look(clock).await;
        }
        self.pace.place(kind, clock, budget.latest_start()).await.ok_or(Trouble::Stop)?;
        let _in_flight = loop {
            let in_flight = budget.flow.enter().await;
            match self.pace.start(kind, clock) {
                Ok(()) => break in_flight,
                Err(wait) if clock.steady() + wait > budget.latest_start() => return Err(Trouble::Stop),
                Err(wait) => {
                    drop(in_flight);
                    tokio::time::sleep(wait).await;
                }
            }
        };
        let kept = if kind == Kind::Write { WRITE_DOWN } else { Duration::ZERO };
        let limit = CALL.min(budget.left(clock).saturating_sub(kept));
        // The lease is compared with a clock that counts suspension: a worker that was frozen must not write.
        let lease_ends = kind == Kind::Write && self.writes_end.is_some_and(|end| clock.steady() >= end);
        if limit < LEAST || lease_ends || budget.breaker.is_open() {
            return Err(Trouble::Stop);
        }
        if self.looks {
            budget.looked(clock).await;
        }
        let answer = ask(Call { app: &access.app, shop: &access.auth, limit }).await;
        let failed = match &answer {
            Ok(_) => false,
            Err(error) => error.http_status.is_none_or(|status| status >= 500),
        };
        budget.breaker.count(clock.steady(), &self.id, failed);
        match &answer {
            Err(error) if error.http_status == Some(429) || error.class == Class::Retry(Reason::RateLimited) => {
                self.pace.refused(kind, error.retry_after, clock);
                budget.flow.trouble(clock);
                if let Some(asked) = error.retry_after.filter(|asked| *asked > REMEMBERED) {
                    self.rest(asked).await;
                }
            }
            Err(_) if failed => budget.flow.trouble(clock),
            _ => {
                self.pace.answered(kind);
                budget.flow.clean();
            }
        }
        Ok(answer)
    }

    /// The shop's token; `refused` names a version that TikTok just refused.
    async fn access(&self, refused: Option<u64>) -> Result<ShopAccess, Trouble> {
        let mut state = self.access.lock().await;
        if state.stopped {
            return Err(Trouble::Parked);
        }
        if let Some(access) = state.access.as_ref().filter(|access| refused != Some(access.version)) {
            return Ok(access.clone());
        }
        let shop = self.shop.lock().await.row.clone();
        match shop_access(self.app, &shop, refused).await {
            Ok(access) => {
                state.access = Some(access.clone());
                Ok(access)
            }
            Err(AccessError::Ended { version }) => {
                drop(state);
                Err(self.park(Reason::AuthExpired, version).await)
            }
            Err(error) => {
                // Not the shop's fault: its rows stay as they are, and the next run tries again.
                tracing::error!(shop.id = %shop.id, error = &error as &dyn std::error::Error, "no access for this shop");
                state.stopped = true;
                Err(Trouble::Parked)
            }
        }
    }

    /// The shop waits for its owner: one write on its connection, its rows untouched.
    async fn park(&self, reason: Reason, version: u64) -> Trouble {
        tracing::warn!(shop.id = %self.id, reason = %reason, "shop parked");
        self.change(|shop, now| {
            let parked = Parked { reason, since: now, grant_version: version };
            shop.parked.get_or_insert(parked);
        })
        .await;
        self.budget.count_parked();
        Trouble::Parked
    }

    /// Counts a failure; at the fifth in a row the shop rests, its rows untouched.
    async fn failed(&self, error: &TikTokError) -> bool {
        let mut state = self.access.lock().await;
        state.failures += 1;
        if state.failures < FAILURES {
            return false;
        }
        drop(state);
        tracing::warn!(shop.id = %self.id, error = error as &dyn std::error::Error, "shop rests");
        self.rest(error.retry_after.unwrap_or_default().max(Duration::from_secs(300))).await;
        true
    }

    /// Pauses the shop for `time`, in every process: one write on its connection, its rows untouched.
    async fn rest(&self, time: Duration) {
        let until = self.app.clock.now() + time;
        if self.shop.lock().await.row.hold_until.is_some_and(|known| known >= until) {
            return;
        }
        self.change(|shop, _| shop.hold_until = Some(until)).await;
        self.budget.count_resting();
    }

    /// TikTok refuses our app, or the shop as a whole: nothing is written on parcels. The shop rests with that reason, is
    /// tried again by its next work afterwards, and goes on by itself. Said once.
    async fn rest_for(&self, reason: Reason, error: &TikTokError) -> Trouble {
        let known = self.shop.lock().await.row.resting.as_ref().is_some_and(|resting| resting.reason == reason);
        let app = self.shop.lock().await.row.app;
        // What refuses our app refuses it for every shop: that is one alarm.
        if !known && (error.rests_app().is_none() || self.budget.rings(app, reason)) {
            tracing::error!(
                shop.id = %self.id, reason = %reason, tiktok.code = error.code, tiktok.request_id = error.request_id,
                "TikTok refuses the app or the shop: the shop rests, its parcels wait"
            );
        }
        self.change(|shop, now| {
            shop.hold_until = Some(now + PROBED_AFTER);
            if shop.resting.as_ref().is_none_or(|resting| resting.reason != reason) {
                shop.resting = Some(Resting { reason, since: now });
            }
        })
        .await;
        self.budget.count_resting();
        Trouble::Parked
    }

    /// A call worked: what the shop rested for is over.
    async fn well_again(&self) {
        let mut shop = self.shop.lock().await;
        if shop.row.resting.take().is_some() {
            if self.only_looks() {
                return;
            }
            tracing::info!(shop.id = %self.id, "TikTok takes the shop's calls again");
            if let Err(error) = self.app.table.shop_put(&mut shop).await {
                tracing::warn!(shop.id = %self.id, error = &error as &dyn std::error::Error, "shop not updated");
            }
        }
    }

    async fn change(&self, edit: impl Fn(&mut Shop, jiff::Timestamp)) {
        self.access.lock().await.stopped = true;
        let mut shop = self.shop.lock().await;
        edit(&mut shop.row, self.app.clock.now());
        if self.only_looks() {
            return;
        }
        if let Err(error) = self.app.table.shop_put(&mut shop).await {
            // Somebody changed the connection meanwhile (a reconnect, say): what they wrote stands.
            tracing::warn!(shop.id = %shop.row.id, error = &error as &dyn std::error::Error, "shop not updated");
        }
    }

    /// TikTok says that the shop's key does not fit the token: reads the authorised shops again.
    async fn reload_key(&self, access: &ShopAccess) -> Result<(), Trouble> {
        let app = self.app;
        let region = self.shop.lock().await.row.app;
        let credentials = app_credentials(app, region).await.map_err(|_| Trouble::Parked)?;
        let limit = CALL.min(self.budget.left(&app.clock));
        let shops = app.tiktok.authorised_shops(&credentials, &access.auth.access_token, limit).await;
        let shops = shops.map_err(Trouble::TikTok)?;
        let mut shop = self.shop.lock().await;
        let Some(found) = shops.into_iter().find(|found| found.id == shop.row.id) else { return Ok(()) };
        shop.row.cipher = found.cipher;
        if !self.only_looks()
            && let Err(error) = app.table.shop_put(&mut shop).await
        {
            tracing::warn!(shop.id = %shop.row.id, error = &error as &dyn std::error::Error, "shop key not stored");
        }
        if let Some(access) = &mut self.access.lock().await.access {
            access.auth.cipher.clone_from(&shop.row.cipher);
        }
        Ok(())
    }
}
