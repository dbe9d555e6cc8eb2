//! Runs that people leave to us, and that go on after the answer where the process lives on.

use std::collections::VecDeque;
use std::sync::{Mutex, OnceLock, PoisonError};
use tokio::sync::Notify;

/// Runs that may wait at a time. Whoever brings more does it within the own request.
const WAITING: usize = 64;

/// Who goes on with a run: where a part of the process asks for the [`next`](Self::next) one, that part; a process that may
/// be frozen as soon as it has answered, like a function on Lambda, has no such part and takes nothing on.
#[derive(Debug, Default)]
pub struct Runs(OnceLock<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<VecDeque<String>>,
    news: Notify,
}

impl Runs {
    /// From now on somebody asks for the next one.
    pub fn live_on(&self) {
        self.0.get_or_init(Queue::default);
    }

    /// Takes a run on. `false`: whoever brings it must do it.
    #[must_use]
    pub fn take_on(&self, token: &str) -> bool {
        let Some(queue) = self.0.get() else { return false };
        let mut waiting = queue.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING {
            return false;
        }
        if !waiting.iter().any(|known| known == token) {
            waiting.push_back(token.to_owned());
        }
        queue.news.notify_one();
        true
    }

    /// The next run that was taken on; waits for it.
    pub async fn next(&self) -> String {
        let queue = self.0.get_or_init(Queue::default);
        loop {
            let next = queue.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            if let Some(token) = next {
                return token;
            }
            queue.news.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn runs_come_in_their_order_each_once_and_only_where_the_process_lives_on() {
        assert!(!Runs::default().take_on("a"));
        let runs = Runs::default();
        runs.live_on();
        assert!(runs.take_on("a") && runs.take_on("b") && runs.take_on("a"));
        assert_eq!((runs.next().await, runs.next().await), ("a".to_owned(), "b".to_owned()));
        let none = tokio::time::timeout(std::time::Duration::from_secs(9), runs.next()).await;
        assert!(none.is_err(), "nothing more waits");
        for n in 0..WAITING {
            assert!(runs.take_on(&n.to_string()));
        }
        assert!(!runs.take_on("one too many"));
    }
}
