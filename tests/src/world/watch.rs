//! Where a process can end: ends that leave the same world behind are one end, and need one life.
//!
//! What a process had in memory ends with it. What goes on sees only the outside: the table, secrets and mails, what was
//! asked of others. So between two changes of the outside it does not matter at which read a process ends; and no list
//! of calls says which of them change something, the outside itself is compared.

use super::World;
use super::calls::Side;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use waybill_model::stores::ModelStore;

/// The outside as it is at this moment, as one number.
pub type Look = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The ends of one line of processes. Clones watch together.
#[derive(Clone)]
pub struct Watch {
    look: Look,
    each: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    handlers: u64,
    seen: HashSet<(u64, u64)>,
    ends: Ends,
}

/// Ends that leave a world which no earlier one leaves.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// Around calls, counted over all processes of the line.
    pub calls: Vec<(u64, Side)>,
    /// Of those that are around no call: after so many polls of a handler, counted over all handlers.
    pub polls: Vec<u64>,
}

impl Watch {
    /// Watches with these eyes.
    #[must_use]
    pub fn new(look: Look) -> Self {
        Self { look, each: false, state: Arc::default() }
    }

    /// A handler that ends takes what it was told with it: ends of different handlers differ.
    #[must_use]
    pub fn each_handler(self) -> Self {
        Self { each: true, ..self }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A handler begins.
    pub fn begins(&self) {
        self.state().handlers += u64::from(self.each);
    }

    fn is_new(&self, state: &mut State) -> bool {
        let handler = state.handlers;
        state.seen.insert((handler, (self.look)()))
    }

    /// The process could end on this side of this call.
    pub fn at_call(&self, call: u64, side: Side) {
        let mut state = self.state();
        if self.is_new(&mut state) {
            state.ends.calls.push((call, side));
        }
    }

    /// The handler could end here.
    pub fn at_poll(&self, poll: u64) {
        let mut state = self.state();
        if self.is_new(&mut state) {
            state.ends.polls.push(poll);
        }
    }

    /// What was found.
    #[must_use]
    pub fn ends(&self) -> Ends {
        self.state().ends.clone()
    }
}

impl World {
    /// Everything that the next process could tell apart: what is stored and sent, and which of the moments that the
    /// table holds have passed. Who reads leaves nothing behind, but uses up a failure of `fronts` that comes a number
    /// of times.
    #[must_use]
    pub fn eyes(&self, fronts: Vec<ModelStore>) -> Look {
        let (wire, net, tiktok, time) =
            (self.wire.clone(), Arc::clone(&self.net), self.tiktok.clone(), self.time.clone());
        let (table, folder) = (self.app.config.table.clone(), self.folder.path().to_owned());
        Arc::new(move || {
            let mut hash = DefaultHasher::new();
            let now = time.now().as_millisecond();
            for row in wire.all_rows(table.as_str()) {
                let row = row.to_string();
                row.hash(&mut hash);
                passed(&row, now).for_each(|passed| passed.hash(&mut hash));
            }
            wire.secrets().texts().hash(&mut hash);
            files(&folder, &mut hash);
            let troubled = fronts.iter().any(ModelStore::misbehaves);
            let sent = if troubled { net.calls() } else { net.changes() };
            let changed = tiktok.with_journal(|journal| {
                (journal.changes.len(), journal.requests.iter().filter(|seen| seen.changed).count())
            });
            (troubled, sent, changed).hash(&mut hash);
            hash.finish()
        })
    }
}

/// Of each moment in a row, whether it has passed. Moments are milliseconds or seconds since 1970.
fn passed(row: &str, now: i64) -> impl Iterator<Item = bool> {
    let numbers = row.split(|c: char| !c.is_ascii_digit());
    numbers.filter_map(move |number| match (number.len(), number.parse::<i64>().ok()?) {
        (13, moment) => Some(moment <= now),
        (10, moment) => Some(moment * 1000 <= now),
        _ => None,
    })
}

/// Mails.
fn files(folder: &Path, hash: &mut DefaultHasher) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        path.hash(hash);
        std::fs::read(&path).ok().hash(hash);
        files(&path, hash);
    }
}
