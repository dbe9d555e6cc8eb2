//! The second mind: random worlds, played through the real flows, and an independent model that says how each must end.
//!
//! ```text
//! seed → generate: a plan → play: the flows, TikTok's model, people who do what remedies say → right: what must be
//!      → compare: what is not → shrink: the fewest steps that still fail
//! ```

pub mod compare;
pub mod generate;
pub mod history;
pub mod people;
pub mod play;
pub mod right;
pub mod shrink;
mod stories;
pub mod world;

use compare::Difference;
use std::collections::BTreeMap;
use world::Plan;

/// What one world gave.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// What is not right.
    pub differences: Vec<Difference>,
    /// What happened, in words.
    pub told: Vec<String>,
    /// How often each end occurred.
    pub ends: BTreeMap<String, u64>,
    /// Kinds of the table that were in it.
    pub kinds: Vec<char>,
}

impl Report {
    /// What is not right, in words.
    #[must_use]
    pub fn words(&self) -> String {
        let lines: Vec<String> = self.differences.iter().map(ToString::to_string).collect();
        format!("seed {}: {}", self.seed, lines.join("\n    "))
    }
}

/// Plays the world of a seed.
#[must_use]
pub fn world(seed: u64) -> Report {
    of_plan(seed, &generate::plan(seed))
}

/// Plays a plan; the seed drives what chance there is in the flows.
///
/// # Panics
/// When the runtime cannot be built.
#[must_use]
pub fn of_plan(seed: u64, plan: &Plan) -> Report {
    fastrand::seed(seed);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    let mut report = runtime.block_on(Box::pin(play::play(seed, plan)));
    report.seed = seed;
    report.kinds = plan.kinds.iter().copied().collect();
    report
}
