//! A small memory with an age limit: what a warm function knows already.

use crate::domain::clock::Clock;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Entries kept at most; beyond it the memory starts again. 10,000 stores at half a kB are 5 MB.
const MOST: usize = 10_000;

/// Values by key, forgotten after a while.
pub struct Remembered<K, V> {
    age: Duration,
    clock: Clock,
    entries: Mutex<HashMap<K, (Duration, V)>>,
}

impl<K: Hash + Eq, V: Clone> Remembered<K, V> {
    /// A memory whose entries live this long.
    #[must_use]
    pub fn new(age: Duration, clock: Clock) -> Self {
        Self { age, clock, entries: Mutex::default() }
    }

    /// What is known and young enough.
    pub fn get(&self, key: &K) -> Option<V> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, value) = entries.get(key)?;
        (self.clock.steady().saturating_sub(*since) < self.age).then(|| value.clone())
    }

    /// Keeps a value.
    pub fn put(&self, key: K, value: V) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST {
            entries.clear();
        }
        entries.insert(key, (self.clock.steady(), value));
    }

    /// Forgets a value that turned out old.
    pub fn forget(&self, key: &K) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl<K, V> fmt::Debug for Remembered<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remembered")
    }
}
