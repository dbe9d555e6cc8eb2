//! The simulation: one seed drives what happens when, how long everything takes, and what goes wrong.
//!
//! ```text
//! a script → the rig plays it with faults → a quiet time without faults → what must hold is checked
//! ```

pub mod carriers;
pub mod check;
pub mod connections;
pub mod cores;
pub mod living;
mod people;
mod promises;
mod quiet;
mod rig;
mod scenes;
pub mod script;
pub mod stores;
pub mod told;

use crate::sim::living::Crash;
use crate::sim::rig::Rig;
use crate::sim::script::Script;
use crate::world::watch::Ends;
use std::time::Duration;

/// What came out of one run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What did not hold.
    pub problems: Vec<String>,
    /// Outside calls that each role made, in the order of [`living::Role::ALL`].
    pub calls: [u64; 3],
    /// Polls of the first worker's handlers.
    pub polls: u64,
    /// Where each role's processes could end, if that was watched.
    pub ends: [Ends; 3],
    /// Changes that TikTok accepted.
    pub accepted: usize,
    /// The virtual time until everything was quiet.
    pub took: Duration,
    /// Log lines, of the seeds that keep them.
    pub log: Vec<String>,
}

/// Plays a script and checks what must hold.
///
/// # Panics
/// When the runtime cannot be built.
#[must_use]
pub fn play(seed: u64, script: &dyn Fn(u64) -> Script, crash: Crash) -> Report {
    fastrand::seed(seed);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let rig = Rig::new(seed, script(seed), crash).await;
        Box::pin(rig.run()).await
    })
}
