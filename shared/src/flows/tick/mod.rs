//! The slow tick: tokens to refresh, stores to clean up after, holds whose cause has moved.

pub mod shop;

use crate::app::App;
use crate::domain::connection::StoreStatus;
use crate::domain::ids::StoreId;
use crate::flows::access::shop::{AccessError, app_credentials, open_row, refresh};
use crate::flows::connect::store as connect_store;
use crate::flows::orders::{begin, fields};
use crate::flows::push::judge_held;
use crate::flows::{
    intake::poll as poll_stores, tell::held as tell_held, tell::orders as tell_orders, tick::shop as remind_shop,
};
use crate::table::error::TableError;
use crate::table::keys::{self, Key};
use crate::telemetry::{Metric, emit_metrics, metric};
use crate::tokens::Grant;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde::Serialize;

/// Entries of each list taken in one tick.
const A_TICK: usize = 50;
/// A refresh that failed is tried again after this long.
const RETRY: SignedDuration = SignedDuration::from_mins(15);

/// What one tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Entries that were due.
    pub due: u64,
    /// Tokens refreshed.
    pub refreshed: u64,
    /// Refreshes that failed.
    pub refresh_failed: u64,
    /// Stores cleaned up after.
    pub cleaned: u64,
    /// Mails sent.
    pub mails: u64,
    /// Mails that did not leave; the next tick tries again.
    pub mails_failed: u64,
    /// Mails that the mail service says did not arrive.
    pub mails_refused: u64,
    /// Held parcels queued again because what they waited for has moved.
    pub requeued: u64,
    /// Custom fields written into stores' orders.
    #[serde(flatten)]
    pub fields: fields::Summary,
    /// What the polls of stores found and repaired.
    #[serde(flatten)]
    pub polls: poll_stores::Summary,
}

/// One tick.
pub async fn run(app: &App) -> Summary {
    let mut summary = Summary::default();
    let due = match app.table.auth_due(app.clock.now(), A_TICK).await {
        Ok(due) => due,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "what is due is not known");
            Vec::new()
        }
    };
    summary.due = due.len() as u64;
    for key in due {
        if let Some(shop) = keys::connected_shop(&key) {
            match Box::pin(remind_shop::step(app, &shop)).await {
                Ok(sent) => summary.mails += sent,
                Err(error) => {
                    summary.mails_failed += 1;
                    tracing::warn!(shop.id = %shop, error = &error as &dyn std::error::Error, "step not finished");
                }
            }
            continue;
        }
        let outcome = match keys::connected_store(&key) {
            Some(store) => clean_up(app, &store).await.map(|()| summary.cleaned += 1),
            None => refresh_due(app, &key).await.map(|done| summary.refreshed += u64::from(done)),
        };
        if let Err(error) = outcome {
            summary.refresh_failed += 1;
            tracing::warn!(error = &error as &dyn std::error::Error, "a due step failed");
        }
    }
    if is_every(app, 15) {
        match tell_all(app, &mut summary).await {
            Ok(()) => {}
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "attention lists not told"),
        }
    }
    let (told, untold) = Box::pin(tell_orders::run(app)).await;
    summary.mails += told;
    summary.mails_failed += untold;
    if is_every(app, 15) {
        match sweep(app, is_every(app, 60)).await {
            Ok(requeued) => summary.requeued = requeued,
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "sweep not finished"),
        }
    }
    summary.fields = Box::pin(fields::run(app)).await;
    // Last: polls may take long, and a refresh that comes too late stops a shop.
    summary.polls = Box::pin(poll_stores::run(app)).await;
    let metrics = [
        Metric::count(metric::REFRESHES, summary.refreshed),
        Metric::count(metric::REFRESH_FAILURES, summary.refresh_failed),
    ];
    emit_metrics(&app.metrics, "reauth-reminder", app.clock.now(), &metrics);
    summary
}

/// Refreshes tokens that are due. `false`: somebody else did.
async fn refresh_due(app: &App, key: &Key) -> Result<bool, AccessError> {
    let now = app.clock.now();
    let Some(mut row) = app.table.sealed_get(key).await? else { return Ok(false) };
    if row.due.is_none_or(|due| due > now) || row.refreshing_until.is_some_and(|until| until > now) {
        return Ok(false);
    }
    let Ok(grant) = serde_json::from_str::<Grant>(&row.facts) else { return Ok(false) };
    let tokens = open_row(app, &row).await?;
    let credentials = app_credentials(app, grant.app).await?;
    match refresh(app, &credentials, row.clone(), &tokens).await {
        Ok(_) => Ok(true),
        Err(AccessError::Table(TableError::Conflict)) => Ok(false),
        Err(AccessError::Ended { version }) => {
            // TikTok refused for good: nobody asks again before the owner has consented.
            for id in app.table.account_shops(&grant.account).await? {
                let shop = app.table.shop_get(&id, true).await?.map(|shop| shop.row);
                if shop.is_some_and(|shop| shop.app == grant.app && shop.open_id == grant.open_id) {
                    remind_shop::park(app, &id, version).await;
                }
            }
            if let Some(mut read) = app.table.sealed_get(key).await?.filter(|read| read.version == version) {
                read.due = None;
                app.table.sealed_put(&mut read).await?;
            }
            Err(AccessError::Ended { version })
        }
        Err(error) => {
            // Not due again at once: TikTok may be down, and the push flow refreshes when it must.
            if let Some(read) = app.table.sealed_get(key).await? {
                row = read;
                row.due = Some(now + RETRY);
                app.table.sealed_put(&mut row).await?;
            }
            Err(error)
        }
    }
}

/// The merchant left: tokens go at once, and every row when the platform asked for it.
async fn clean_up(app: &App, id: &StoreId) -> Result<(), AccessError> {
    // Read before the connection: credentials of a merchant who comes back meanwhile are newer, and stay.
    let credentials = app.table.sealed_get(&keys::store_token(id)).await?;
    let Some(mut store) = app.table.store_get(id, true).await? else { return Ok(()) };
    match store.row.status {
        StoreStatus::Erasing => {
            connect_store::remove(app, id).await?;
        }
        StoreStatus::Uninstalled => {
            if let Some(seen) = &credentials {
                match app.table.sealed_delete_seen(seen).await {
                    Ok(()) | Err(TableError::Conflict) => {}
                    Err(other) => return Err(other.into()),
                }
            }
            store.row.due = None;
            store.row.poll_due = None;
            app.table.store_put(&mut store).await?;
        }
        StoreStatus::Connected => {
            store.row.due = None;
            app.table.store_put(&mut store).await?;
        }
    }
    Ok(())
}

/// Every so many minutes: the one tick in their first five.
fn is_every(app: &App, minutes: i8) -> bool {
    app.clock.now().to_zoned(TimeZone::UTC).minute() % minutes < 5
}

/// Mails about the attention list of every shop. One shop's trouble delays no other.
async fn tell_all(app: &App, summary: &mut Summary) -> Result<(), TableError> {
    for account in app.table.accounts_list().await? {
        for id in app.table.account_shops(&account).await? {
            let Some(shop) = app.table.shop_get(&id, true).await?.map(|shop| shop.row) else { continue };
            match tell_held::run(app, &shop).await {
                Ok(sent) => summary.mails += sent,
                Err(error) => {
                    summary.mails_failed += 1;
                    tracing::warn!(shop.id = %id, error = &error as &dyn std::error::Error, "mail not sent");
                }
            }
        }
    }
    Ok(())
}

/// Judges every hold where it stands: nobody waits for ever, even when a change raced with the hold. `whole`, once an hour:
/// what has lost its time is given one.
async fn sweep(app: &App, whole: bool) -> Result<u64, TableError> {
    let mut requeued = 0;
    for account in app.table.accounts_list().await? {
        for id in app.table.account_shops(&account).await? {
            let Some(shop) = app.table.shop_get(&id, true).await?.map(|shop| shop.row) else { continue };
            if whole
                && shop.parked.is_none()
                && app.table.visit_get(&id).await?.is_none_or(|visit| visit.row.due.is_none())
            {
                // Connected by an earlier version, or freed without a new consent.
                begin::connected(app, &shop).await?;
            }
            if whole && shop.step_due().is_none() && shop.parked.is_none() {
                // A row of an earlier version, or a lost schedule: nobody ends unwarned.
                app.table.shop_change(&id, |shop| shop.consent.next_step.replace(app.clock.now()).is_none()).await?;
            }
            if let Some(read) = app.table.shop_get(&id, true).await? {
                requeued += judge_held(app, read).await?;
            }
        }
    }
    Ok(requeued)
}
