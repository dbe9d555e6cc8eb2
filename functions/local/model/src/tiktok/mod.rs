//! The model TikTok Shop: keeps orders, checks every request as the gateway does, and can be told to fail.
//!
//! Rules, codes and shapes follow the Partner Center's pages. Where those are silent, the model takes the stricter
//! reading; what is not documented at all is a field of [`Settings`].
//!
//! `handle` serves the API host, the authorisation host and the consent page alike: their paths differ.

mod actions;
mod auth;
mod build;
mod calls;
mod codes;
mod correct;
mod details;
mod external;
mod faults;
mod field;
mod gate;
mod journal;
mod logistics;
mod order;
mod packages;
mod providers;
mod reads;
mod seller;
mod ship;
pub mod sign;
mod state;
mod views;
mod webhooks;

#[cfg(test)]
mod tests;

pub use build::{OrderBuilder, ShopSpec, Tokens};
pub use calls::{Call, SCOPES};
pub use codes::CODES;
pub use details::Details;
pub use faults::{Fault, FaultRule};
pub use journal::{Change, ChangeKind, Journal, Outcome, Seen};
pub use order::{External, Line, Order, Package, PackageStatus, Status};
pub use providers::{Provider, id_of as provider_id, of_region as providers_of};
pub use state::{App, RateLimits, Settings};
pub use webhooks::{Mischief, Notification};

use crate::chance::Chance;
use crate::{ModelAnswer, serve};
use bytes::Bytes;
use http::Request;
use journal::Seen as Record;
use state::State;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::Instant;
use waybill::domain::clock::Clock;

/// The model. Clones share one state.
#[derive(Clone, Debug)]
pub struct ModelTikTok(Arc<Mutex<State>>);

impl ModelTikTok {
    /// An empty TikTok with its two apps; chance runs from the seed.
    #[must_use]
    pub fn new(clock: Clock, seed: u64) -> Self {
        let state = State {
            clock,
            started: Instant::now(),
            settings: Settings::default(),
            apps: build::default_apps(),
            grants: Vec::new(),
            codes: HashMap::new(),
            shops: BTreeMap::new(),
            numbers: HashMap::new(),
            packages: HashMap::new(),
            faults: Vec::new(),
            chance: Chance::new(seed),
            journal: Journal::default(),
            outbox: Vec::new(),
            combined: HashMap::new(),
            labels: BTreeSet::new(),
            next_id: 0,
            memory: state::Memory::default(),
        };
        Self(Arc::new(Mutex::new(state)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic under the lock is a bug of the model; its state is still the best there is to look at.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one request. Everything that changes happens in one step, so a dropped future has either done nothing
    /// or everything.
    pub async fn handle(&self, request: Request<Bytes>) -> ModelAnswer {
        let (arrival, wait, fault) = self.state().receive(&request);
        pause(wait).await;
        let done = self.state().carry_out(&request, &arrival, fault);
        pause(done.wait).await;
        let mut state = self.state();
        let left = state.started.elapsed();
        state.journal.requests.push(Record {
            at: arrival.at,
            elapsed: arrival.elapsed,
            left,
            call: arrival.call,
            shop: arrival.shop,
            outcome: done.outcome,
            asked: done.answer.retry_after(),
            changed: done.changed,
        });
        done.answer
    }

    /// Serves the model over HTTP until the future is dropped: API, authorisation host and consent page on one address.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let answer = move |request| {
            let model = self.clone();
            async move { model.handle(request).await }
        };
        serve::serve(listener, answer).await
    }

    /// Adds a fault. Rules are tried in the order in which they were added.
    pub fn inject(&self, rule: FaultRule) {
        self.state().faults.push(rule);
    }

    /// Takes all faults away.
    pub fn heal(&self) {
        self.state().faults.clear();
    }

    /// Changes the settings.
    pub fn configure(&self, edit: impl FnOnce(&mut Settings)) {
        edit(&mut self.state().settings);
    }

    /// A copy of the journal so far.
    #[must_use]
    pub fn journal(&self) -> Journal {
        self.state().journal.clone()
    }

    /// Looks at the journal without copying it, for large runs. The model is locked meanwhile.
    pub fn with_journal<T>(&self, look: impl FnOnce(&Journal) -> T) -> T {
        look(&self.state().journal)
    }

    /// An order as TikTok holds it now, whatever reads may show.
    #[must_use]
    pub fn order_now(&self, shop: &str, order: &str) -> Option<Order> {
        self.state().order(shop, order).cloned()
    }

    /// The ids of a shop's orders.
    #[must_use]
    pub fn order_ids(&self, shop: &str) -> Vec<String> {
        self.state().shops.get(shop).map(|shop| shop.orders.keys().cloned().collect()).unwrap_or_default()
    }
}

async fn pause(time: Duration) {
    if !time.is_zero() {
        tokio::time::sleep(time).await;
    }
}
