//! The slow schedule: tokens to refresh, owners to remind, people to tell, holds to judge, stores to read. Nobody walks over
//! accounts: what a shop or a store needs is due at a time in a list, and a tick works on what is due in its slots until
//! nothing is left or its time is over.
//!
//! ```text
//! slots given → two lists each → by kind: shops and tokens │ stores to read │ custom fields → again, while something is due
//! ```
//!
//! Two ticks at once are safe: tokens and polls are claimed in their rows, mails in their ledger, every other write is
//! conditional. What a killed tick leaves is still due.

mod round;
pub mod shop;
mod telling;
mod tokens;

use crate::app::App;
use crate::flows::intake::poll as poll_stores;
use crate::flows::orders::fields;
use crate::flows::tick::shop as remind_shop;
use crate::table::keys::{Key, Slot};
use crate::table::slow::{DueJob, Job, SlowList, TakenUp};
use crate::telemetry::{Metric, emit_metrics, metric};
use futures_util::stream::{self, StreamExt as _};
use futures_util::{FutureExt as _, future};
use serde::Serialize;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// Nothing new starts after this. The function has 240 s, and a tick comes every 300.
const WORK: Duration = Duration::from_secs(180);
/// Every outside call has ended by then. A shop's calls have 50 s.
const END: Duration = Duration::from_secs(232);
/// Shops and authorisations worked on at the same time.
const TOGETHER: usize = 64;
/// Lists read at the same time.
const LISTED_TOGETHER: usize = 16;

/// What one tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Entries that were due.
    pub due: u64,
    /// Since when the oldest of them was, in seconds.
    pub oldest_due_seconds: u64,
    /// Entries left to the next tick, because the time was over.
    pub left: u64,
    /// Entries of a kind that this version does not know; they were left alone.
    pub unknown: u64,
    /// Tokens refreshed.
    pub refreshed: u64,
    /// Refreshes that failed.
    pub refresh_failed: u64,
    /// Stores cleaned up after.
    pub cleaned: u64,
    /// Mails sent.
    pub mails: u64,
    /// Mails that did not leave; a later tick tries again.
    pub mails_failed: u64,
    /// Mails that the mail service says did not arrive.
    pub mails_refused: u64,
    /// Held parcels queued again because what they waited for has moved.
    pub requeued: u64,
    /// Shops that stood in no list, and do again.
    pub repaired: u64,
    /// Custom fields written into stores' orders.
    #[serde(flatten)]
    pub fields: fields::Summary,
    /// What the polls of stores found and repaired.
    #[serde(flatten)]
    pub polls: poll_stores::Summary,
}

/// A tick under way.
struct Tick<'a> {
    app: &'a App,
    started: Duration,
}

impl Summary {
    /// With what one job did. Polls and fields sum up by themselves.
    fn add(mut self, did: Self) -> Self {
        self.refreshed += did.refreshed;
        self.refresh_failed += did.refresh_failed;
        self.cleaned += did.cleaned;
        self.mails += did.mails;
        self.mails_failed += did.mails_failed;
        self.requeued += did.requeued;
        self.left += did.left;
        self
    }
}

/// One tick over these slots.
pub async fn run(app: &App, slots: &[Slot]) -> Summary {
    let tick = Tick { app, started: app.clock.steady() };
    let mut summary = Summary::default();
    if slots.contains(&round::SLOT) {
        match round::run(app).await {
            Ok(repaired) => summary.repaired = repaired,
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "the round is not finished"),
        }
    }
    let mut taken = TakenUp::default();
    loop {
        let due = tick.list(slots, &mut taken, &mut summary).await;
        if due.is_empty() {
            break;
        }
        tick.pass(due, &mut summary).await;
        if !tick.may_start() {
            break;
        }
    }
    poll_stores::emit(app, &summary.polls);
    let metrics = [
        Metric::count(metric::REFRESHES, summary.refreshed),
        Metric::count(metric::REFRESH_FAILURES, summary.refresh_failed),
    ];
    emit_metrics(&app.metrics, "reauth-reminder", app.clock.now(), &metrics);
    summary
}

impl Tick<'_> {
    fn may_start(&self) -> bool {
        self.elapsed() < WORK
    }

    fn elapsed(&self) -> Duration {
        self.app.clock.steady().saturating_sub(self.started)
    }

    /// What is due in these slots and was not taken up before, the longest due first.
    async fn list(&self, slots: &[Slot], taken: &mut TakenUp, summary: &mut Summary) -> Vec<DueJob> {
        let now = self.app.clock.now();
        let lists = slots.iter().flat_map(|slot| [(SlowList::Auth, *slot), (SlowList::Poll, *slot)]);
        let before = &*taken;
        let read = stream::iter(lists)
            .map(|(list, slot)| async move { self.app.table.slow_due(list, slot, now, before).await })
            .buffer_unordered(LISTED_TOGETHER)
            .collect::<Vec<_>>()
            .await;
        let (mut due, mut unknown) = (Vec::new(), 0);
        for list in read {
            match list {
                Ok(list) => {
                    unknown += list.unknown;
                    due.extend(list.due.into_iter().filter(|entry| taken.takes(&entry.listed)));
                }
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "what is due is not known");
                }
            }
        }
        if unknown > summary.unknown {
            tracing::warn!(count = unknown, "entries of an unknown kind are left alone: a later version made them");
            summary.unknown = unknown;
        }
        due.sort_by(|a, b| a.listed.place.cmp(&b.listed.place));
        summary.due += due.len() as u64;
        let oldest = due.iter().map(|entry| entry.at).min().map_or(0, |at| now.duration_since(at).as_secs());
        summary.oldest_due_seconds = summary.oldest_due_seconds.max(oldest.unsigned_abs());
        due
    }

    /// Works on what is due. Stores that do not answer keep no shop waiting: they have places of their own.
    async fn pass(&self, due: Vec<DueJob>, summary: &mut Summary) {
        let (mut shops, mut polls, mut marks): (Vec<DueJob>, Vec<_>, Vec<Key>) = Default::default();
        for entry in due {
            match entry.job {
                Job::Poll(store) => polls.push(store),
                Job::Fields(key) => marks.push(key),
                _ => shops.push(entry),
            }
        }
        let shops = async {
            let jobs = shops.into_iter().map(|entry| self.contained(entry.job));
            stream::iter(jobs).buffer_unordered(TOGETHER).fold(Summary::default(), async |all, did| all.add(did)).await
        };
        let (start, end) = (WORK.saturating_sub(self.elapsed()), END.saturating_sub(self.elapsed()));
        let fields = Box::pin(fields::run(self.app, marks, (start, end)));
        let polls = Box::pin(poll_stores::run(self.app, polls, (start, end)));
        let (shops, fields, polls) = future::join3(shops, fields, polls).await;
        *summary = summary.add(shops);
        summary.left += polls.left;
        summary.fields = summary.fields.and(fields);
        summary.polls = summary.polls.and(polls);
    }

    /// One shop's bad data must not end the tick of all others.
    async fn contained(&self, job: Job) -> Summary {
        if !self.may_start() {
            return Summary { left: 1, ..Summary::default() };
        }
        match AssertUnwindSafe(Box::pin(self.work(&job))).catch_unwind().await {
            Ok(did) => did,
            Err(_) => {
                tracing::error!("a job of the slow schedule panicked");
                Summary::default()
            }
        }
    }

    async fn work(&self, job: &Job) -> Summary {
        let app = self.app;
        match job {
            Job::Shop(shop) => match remind_shop::step(app, shop).await {
                Ok(mails) => Summary { mails, ..Summary::default() },
                Err(error) => {
                    tracing::warn!(shop.id = %shop, error = &error as &dyn std::error::Error, "step not finished");
                    Summary { mails_failed: 1, ..Summary::default() }
                }
            },
            Job::Tell(shop) => telling::step(app, shop).await,
            Job::CleanUp(store) => match tokens::clean_up(app, store).await {
                Ok(()) => Summary { cleaned: 1, ..Summary::default() },
                Err(error) => not_done(&error),
            },
            Job::Tokens(key) => match tokens::refresh_due(app, key).await {
                Ok(done) => Summary { refreshed: u64::from(done), ..Summary::default() },
                Err(error) => not_done(&error),
            },
            Job::Poll(_) | Job::Fields(_) => Summary::default(),
        }
    }
}

fn not_done(error: &(dyn std::error::Error + 'static)) -> Summary {
    tracing::warn!(error, "a due step failed");
    Summary { refresh_failed: 1, ..Summary::default() }
}
