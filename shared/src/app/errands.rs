//! Work for somebody who need not wait for it, and who must not learn from the time that it takes whether there was any.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Where work is done before the answer, the answer leaves at a whole number of these. Longer than the work nearly always
/// takes: a row or four, and a call to the mail service.
const STEP: Duration = Duration::from_secs(1);
/// Errands under way at a time; the others wait, and cost a few hundred bytes each.
const TOGETHER: usize = 16;
/// Errands that may wait. More come only from somebody who wants to hurt, and no mail is worth the memory.
const WAITING: usize = 20_000;

/// How a process does work that nobody waits for.
#[derive(Clone, Debug)]
pub struct Errands(Option<Queue>);

#[derive(Clone, Debug)]
struct Queue {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Default for Errands {
    fn default() -> Self {
        Self::before_the_answer()
    }
}

impl Errands {
    /// For a process that may be frozen as soon as it has answered, like a function on Lambda: the work comes first, and
    /// the answer leaves at a moment that does not tell how long it took.
    #[must_use]
    pub fn before_the_answer() -> Self {
        Self(None)
    }

    /// For a process that lives on.
    #[must_use]
    pub fn after_the_answer() -> Self {
        Self(Some(Queue { turns: Arc::new(Semaphore::new(TOGETHER)), places: Arc::new(Semaphore::new(WAITING)) }))
    }

    /// Does the work, or sees to it that it is done. Until its turn comes an errand is what it needs to know, not the
    /// calls it will make: those are many times as large.
    pub async fn run<F: Future<Output = ()> + Send + 'static>(&self, errand: impl FnOnce() -> F + Send + 'static) {
        let Some(queue) = &self.0 else { return at_a_whole_step(errand()).await };
        let Ok(place) = Arc::clone(&queue.places).try_acquire_owned() else {
            tracing::warn!("too much is asked for at once: an errand is left out");
            return;
        };
        let turns = Arc::clone(&queue.turns);
        #[expect(
            clippy::disallowed_methods,
            reason = "only on one machine, whose process lives on; the places bound it"
        )]
        tokio::spawn(async move {
            // It is never closed.
            let _turn = turns.acquire().await;
            Box::pin(errand()).await;
            drop(place);
        });
    }
}

async fn at_a_whole_step(errand: impl Future<Output = ()>) {
    let mut errand = std::pin::pin!(errand);
    let mut done = false;
    while !done {
        let mut step = std::pin::pin!(tokio::time::sleep(STEP));
        tokio::select! {
            () = &mut errand => {
                done = true;
                step.await;
            }
            () = &mut step => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn the_moment_of_the_answer_does_not_tell_how_long_the_work_took() {
        for (work, answer) in [(0, 1000), (1, 1000), (700, 1000), (999, 1000), (1400, 2000)] {
            let started = Instant::now();
            Errands::before_the_answer().run(move || tokio::time::sleep(Duration::from_millis(work))).await;
            assert_eq!(started.elapsed(), Duration::from_millis(answer), "{work}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_lives_on_answers_first() {
        let (done, heard) = tokio::sync::oneshot::channel();
        let started = Instant::now();
        let errand = || async move {
            tokio::time::sleep(Duration::from_secs(9)).await;
            let _ = done.send(());
        };
        Errands::after_the_answer().run(errand).await;
        assert_eq!(started.elapsed(), Duration::ZERO);
        heard.await.expect("the work is done all the same");
    }
}
