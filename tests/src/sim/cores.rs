//! Many lives at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

/// Whole stories in one future are larger than a test's thread expects in a debug build.
const STACK: usize = 32 * 1024 * 1024;

/// Does the work for each item, on all cores, the first items first. What panics counts as `panicked`.
///
/// # Panics
/// When no thread can be started.
pub fn on_all_cores<I: Send, R: Send>(
    items: impl Iterator<Item = I> + Send,
    work: impl Fn(&I) -> R + Sync,
    panicked: impl Fn(&I) -> R + Sync,
) -> Vec<R> {
    let (items, results) = (Mutex::new(items), Mutex::new(Vec::new()));
    let worker = || {
        loop {
            let Some(item) = items.lock().unwrap_or_else(PoisonError::into_inner).next() else { return };
            let result = catch_unwind(AssertUnwindSafe(|| work(&item))).unwrap_or_else(|_| panicked(&item));
            results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, worker).expect("a thread");
        }
    });
    results.into_inner().unwrap_or_else(PoisonError::into_inner)
}
