//! The schedules in process: as the templates' own, and a push at once where a delivery has just made work.

use super::{Host, push, tick};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use waybill::app::App;
use waybill::flows::acts::bulk;
use waybill::flows::push::Summary;
use waybill::table::keys::{self, Shard};

const PUSH_EVERY: Duration = Duration::from_secs(60);
const TICK_EVERY: Duration = Duration::from_secs(300);
/// The schedule's own run has the shard: look again after this long.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Runs of single shards at the same time: all of them. A run waits for TikTok, at most two numbers of a shop a second, and
/// hardly needs the machine.
const TOGETHER: usize = keys::SHARDS as usize;

/// Shards with new work.
#[derive(Debug, Default)]
pub(super) struct Wake {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    asked: BTreeSet<Shard>,
    running: BTreeSet<Shard>,
}

impl Wake {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is work in these shards.
    pub(super) fn ask(&self, shards: &[Shard]) {
        self.lock().asked.extend(shards);
        self.news.notify_one();
    }

    /// One that was asked for and is not running; it runs from now on.
    fn take(&self) -> Option<Shard> {
        let mut state = self.lock();
        let free = state.asked.difference(&state.running).next().copied()?;
        state.asked.remove(&free);
        state.running.insert(free);
        Some(free)
    }

    /// A run has ended. What was asked for meanwhile is taken up again.
    fn done(&self, shard: Shard) {
        self.lock().running.remove(&shard);
        self.news.notify_one();
    }
}

impl Host {
    /// The schedules, until the future is dropped. A run that is still going on delays the next one.
    pub async fn schedules(self: Arc<Self>) {
        let pushes = async {
            let mut every = tokio::time::interval(PUSH_EVERY);
            every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                every.tick().await;
                say(&push(&self.app).await);
            }
        };
        let ticks = async {
            let mut every = tokio::time::interval(TICK_EVERY);
            every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                every.tick().await;
                tick(&self.app).await;
            }
        };
        // The first run leaves out what the last server had under way: each shard is looked at until it is free.
        self.wake.ask(&(0..keys::SHARDS).filter_map(Shard::new).collect::<Vec<_>>());
        let wakes = async {
            let mut runs = FuturesUnordered::new();
            loop {
                tokio::select! {
                    () = self.wake.news.notified() => {}
                    Some(shard) = runs.next() => self.wake.done(shard),
                }
                while runs.len() < TOGETHER
                    && let Some(shard) = self.wake.take()
                {
                    runs.push(until_free(&self.app, shard));
                }
            }
        };
        let runs = async {
            loop {
                let token = self.app.runs.next().await;
                // Its page says that it has stopped, and offers to go on.
                if let Err(error) = Box::pin(bulk::go_on(&self.app, &token, None)).await {
                    tracing::error!(error = &error as &dyn std::error::Error, "a run has stopped");
                }
            }
        };
        tokio::join!(pushes, ticks, wakes, runs);
    }
}

/// Runs one shard; again, when another run holds it, since that one may have looked before the work came.
async fn until_free(app: &App, shard: Shard) -> Shard {
    loop {
        let event = tracking_push::Event { shards: vec![shard.number()] };
        let summary = tracking_push::handle(app, &event).await.unwrap_or_default();
        say(&summary);
        if summary.busy_shards == 0 {
            return shard;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// A run that did something is a line in the log.
fn say(summary: &Summary) {
    let sent = summary.pushed + summary.corrected + summary.reconciled;
    if sent + summary.held + summary.retried > 0 {
        tracing::info!(sent, held = summary.held, retried = summary.retried, "numbers went to TikTok");
    }
}
