//! How far something is that takes longer than two seconds: on standard error, for a person at a terminal, and gone as soon
//! as there is something to read. Scripts (`--json`) and files see nothing of it.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::future::Future;
use std::io::IsTerminal as _;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Whoever waits for less is not told.
const PATIENCE: Duration = Duration::from_secs(2);
/// A sign of life comes this often.
const BEAT: Duration = Duration::from_millis(120);

/// What is drawn at the moment, if anything. Shared by the output, which clears it before it writes.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    here: Arc<Mutex<Here>>,
}

#[derive(Debug, Default)]
struct Here {
    /// A person looks on.
    watched: bool,
    bar: Option<ProgressBar>,
    /// What is shown once the patience is over: words, and of how many.
    words: String,
    of: Option<u64>,
    at: u64,
    started: Option<tokio::time::Instant>,
}

impl Progress {
    /// For a person who looks at standard error, unless scripts are to read the output.
    #[must_use]
    pub fn on_terminal(json: bool) -> Self {
        Self::watched(!json && std::io::stderr().is_terminal())
    }

    fn watched(watched: bool) -> Self {
        Self { here: Arc::new(Mutex::new(Here { watched, ..Here::default() })) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Here) -> T) -> T {
        act(&mut self.here.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// So many of these are to come; nothing is shown before two seconds are over.
    pub fn begin(&self, words: &str, of: Option<usize>) {
        self.with(|here| {
            here.clear();
            here.words = words.to_owned();
            here.of = of.map(|of| of as u64);
            here.at = 0;
            here.started = Some(tokio::time::Instant::now());
        });
    }

    /// So many are done.
    pub fn at(&self, done: usize) {
        self.with(|here| {
            here.at = done as u64;
            here.draw_if_long();
        });
    }

    /// Takes it off the screen: something is about to be written.
    pub fn clear(&self) {
        self.with(Here::clear);
    }

    /// Waits for a command; after two seconds without a line of its own a person sees that it is at work.
    pub async fn while_waiting<T>(&self, words: &str, command: impl Future<Output = T>) -> T {
        let mut command = pin!(command);
        tokio::select! {
            done = &mut command => return done,
            () = tokio::time::sleep(PATIENCE) => {}
        }
        self.with(|here| {
            if here.started.is_none() {
                (here.words, here.of) = (words.to_owned(), None);
            }
            here.draw();
        });
        let done = command.await;
        self.clear();
        done
    }

    /// What a person would see now; for tests.
    #[cfg(test)]
    fn shown(&self) -> Option<(String, Option<u64>, u64)> {
        self.with(|here| {
            let bar = here.bar.as_ref()?;
            Some((bar.message(), bar.length(), bar.position()))
        })
    }
}

impl Here {
    fn draw_if_long(&mut self) {
        if self.started.is_some_and(|started| started.elapsed() >= PATIENCE) {
            self.draw();
        }
    }

    fn draw(&mut self) {
        if !self.watched {
            return;
        }
        if self.bar.is_none() {
            let bar = ProgressBar::with_draw_target(self.of, ProgressDrawTarget::stderr());
            let form = if self.of.is_some() { "{bar:30} {pos} of {len} {msg}, {eta} left" } else { "{spinner} {msg}" };
            if let Ok(style) = ProgressStyle::with_template(form) {
                bar.set_style(style);
            }
            bar.set_message(self.words.clone());
            bar.enable_steady_tick(BEAT);
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(self.at);
        }
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.started = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_longer_than_two_seconds_is_told_and_nobody_else() {
        let progress = Progress::watched(true);
        progress.while_waiting("reading", tokio::time::sleep(Duration::from_millis(1900))).await;
        assert_eq!(progress.shown(), None);
        let seen = progress.clone();
        let command = async {
            tokio::time::sleep(Duration::from_millis(2100)).await;
            seen.shown()
        };
        let shown = progress.while_waiting("reading", command).await;
        assert_eq!(shown, Some(("reading".to_owned(), None, 0)));
        assert_eq!(progress.shown(), None, "it is gone when the command is done");
        let scripts = Progress::watched(false);
        let seen = scripts.clone();
        let command = async {
            tokio::time::sleep(Duration::from_secs(9)).await;
            seen.shown()
        };
        assert_eq!(scripts.while_waiting("reading", command).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_list_shows_how_far_it_is_and_goes_before_the_next_line() {
        let progress = Progress::watched(true);
        progress.begin("orders kept", Some(10_000));
        progress.at(100);
        assert_eq!(progress.shown(), None, "not yet two seconds");
        tokio::time::sleep(Duration::from_secs(3)).await;
        progress.at(2_500);
        assert_eq!(progress.shown(), Some(("orders kept".to_owned(), Some(10_000), 2_500)));
        progress.clear();
        assert_eq!(progress.shown(), None);
    }
}
