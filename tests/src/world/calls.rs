//! One process of the product: counts its calls to the outside as they happen, and dies where it is told to.

use super::watch::Watch;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::watch;

/// On which side of a call a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The call was never made.
    Before,
    /// The call was made, its answer never seen.
    After,
}

/// What happens between a call's answer and the next step of the caller.
pub type OnCall = Arc<dyn Fn(u64) + Send + Sync>;

/// Processes so far.
static PROCESSES: AtomicUsize = AtomicUsize::new(0);

#[derive(Default)]
struct State {
    count: u64,
    kills: Vec<(u64, Side)>,
    on_call: Option<OnCall>,
    watch: Option<(Watch, u64)>,
}

/// The calls of one process. Clones count together.
#[derive(Clone)]
pub struct Calls {
    id: usize,
    state: Arc<Mutex<State>>,
    dead: Arc<watch::Sender<bool>>,
}

impl Default for Calls {
    fn default() -> Self {
        let id = PROCESSES.fetch_add(1, Ordering::Relaxed);
        Self { id, state: Arc::default(), dead: Arc::new(watch::Sender::new(false)) }
    }
}

impl Calls {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process dies on this side of its call number `call`, counted from zero.
    pub fn kill(&self, call: u64, side: Side) {
        self.state().kills.push((call, side));
    }

    /// Something happens inside every call: after it was carried out, before the caller sees its answer.
    pub fn on_call(&self, happens: OnCall) {
        self.state().on_call = Some(happens);
    }

    /// Notes where the process could end; it is one of a line of processes that made so many calls before it.
    pub fn watch(&self, watch: Watch, before: u64) {
        self.state().watch = Some((watch, before));
    }

    /// Which process it is.
    #[must_use]
    pub fn id(&self) -> usize {
        self.id
    }

    /// Calls so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.state().count
    }

    /// Whether the process has died.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        *self.dead.borrow()
    }

    /// The process ends here and now.
    pub fn die(&self) {
        self.dead.send_replace(true);
    }

    /// A call to the outside.
    pub async fn around<T>(&self, call: impl Future<Output = T>) -> T {
        let (number, before, after, happens, watch) = {
            let mut state = self.state();
            let number = state.count;
            state.count += 1;
            let dies = |side| state.kills.contains(&(number, side));
            (number, dies(Side::Before), dies(Side::After), state.on_call.clone(), state.watch.clone())
        };
        let could_end = |side| {
            if let Some((watch, past)) = &watch {
                watch.at_call(past + number, side);
            }
        };
        could_end(Side::Before);
        if before {
            self.die();
        }
        if self.is_dead() {
            std::future::pending::<()>().await;
        }
        let answer = call.await;
        could_end(Side::After);
        if let Some(happens) = happens {
            happens(number);
        }
        if after {
            self.die();
            std::future::pending::<()>().await;
        }
        answer
    }

    /// Runs a handler of the process. `None`: the process died, and the handler with it, wherever it was.
    pub async fn live<T>(&self, handler: impl Future<Output = T>) -> Option<T> {
        let mut dead = self.dead.subscribe();
        if let Some((watch, _)) = &self.state().watch {
            watch.begins();
        }
        tokio::select! {
            biased;
            _ = dead.wait_for(|dead| *dead) => None,
            done = handler => Some(done),
        }
    }
}

/// A handler that is dropped at one of its awaits: after so many polls.
pub struct Cut<F> {
    handler: Pin<Box<F>>,
    polls: u64,
    most: u64,
    watch: Option<(Watch, u64)>,
}

impl<F: Future> Cut<F> {
    /// Cuts a handler after this many polls.
    pub fn new(handler: F, most: u64) -> Self {
        Self { handler: Box::pin(handler), polls: 0, most, watch: None }
    }

    /// Notes where it could end; handlers before it took so many polls.
    #[must_use]
    pub fn watched(self, watch: Option<Watch>, before: u64) -> Self {
        Self { watch: watch.map(|watch| (watch, before)), ..self }
    }
}

impl<F: Future> Future for Cut<F> {
    /// What came out (`None`: cut), and the polls it took.
    type Output = (Option<F::Output>, u64);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls >= self.most {
            return Poll::Ready((None, self.polls));
        }
        if let Some((watch, before)) = self.watch.as_ref().filter(|_| self.polls > 0) {
            watch.at_poll(before + self.polls);
        }
        self.polls += 1;
        let polls = self.polls;
        self.handler.as_mut().poll(context).map(|done| (Some(done), polls))
    }
}

/// A handler whose process is frozen once: nothing of it runs for a while, then everything goes on as if nothing were.
pub struct Frozen<F> {
    handler: Pin<Box<F>>,
    calls: Calls,
    at: u64,
    time: std::time::Duration,
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl<F: Future> Frozen<F> {
    /// Freezes a handler for `time` when its process has begun `at` calls.
    pub fn new(handler: F, calls: &Calls, at: u64, time: std::time::Duration) -> Self {
        Self { handler: Box::pin(handler), calls: calls.clone(), at, time, sleep: None }
    }
}

impl<F: Future> Future for Frozen<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if self.at > 0 && self.calls.count() >= self.at {
            let time = self.time;
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
            if sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.at = 0;
        }
        self.handler.as_mut().poll(context)
    }
}
