//! How the product grows: many shops and stores on the slow schedule, many workers on the push, the time after an outage,
//! one large shop beside many small ones. With the real flows, the SDK, the table's emulator and the model TikTok Shop in
//! one process.
//!
//! ```text
//! cargo bench -p waybill-tests --bench growth                   every table, in its full size
//! cargo bench -p waybill-tests --bench growth -- slow 10000     one of: slow, workers, outage, tenant; and how many shops
//! ```
//!
//! Time is virtual: answers of TikTok (350 ms), of stores (300 ms) and of the table (up to 10 ms) pass without being waited
//! for, and the machine's own time does not count; it stands beside as processor time. What is printed is what one worker
//! (256 or 512 MB in AWS) would be waiting for.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "the tables are what it is for; what fails ends it")]

mod life;
mod measure;
mod push;
mod slow;

use measure::alone;
use std::time::Duration;
use waybill_model::tiktok::{Fault, FaultRule};
use waybill_tests::world::World;
use waybill_tests::world::wire::TableFaults;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// TikTok's answers.
const TIKTOK: Duration = Duration::from_millis(350);
/// A store's answers.
const STORE: Duration = Duration::from_millis(300);
/// The table's answers take up to this long.
const TABLE: Duration = Duration::from_millis(10);

/// Everything takes its time from now on.
fn takes_time(world: &World) {
    world.tiktok.inject(FaultRule::new(Fault::Delay(TIKTOK)));
    world.wire.set_faults(TableFaults { latency: TABLE, ..TableFaults::default() });
}

/// The value below which this part of sorted ones lies.
fn share(sorted: &[f64], part: f64) -> f64 {
    let at = (sorted.len() as f64 * part) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let which = words.first().map(String::as_str);
    let asked = words.get(1).and_then(|text| text.parse::<usize>().ok());
    let runs = |name: &str| which.is_none() || which == Some(name);
    println!("{} build; times in seconds", if cfg!(debug_assertions) { "debug" } else { "optimised" });
    if runs("slow") {
        alone(slow::hours(asked.unwrap_or(10_000)));
    }
    if runs("workers") {
        for workers in [1, 8, 64] {
            alone(push::workers(workers, asked.unwrap_or(10_000)));
        }
    }
    if runs("outage") {
        alone(push::outage(asked.unwrap_or(1000)));
    }
    if runs("life") {
        let rate = words.get(2).and_then(|text| text.parse().ok());
        alone(life::life(asked.unwrap_or(1), rate.unwrap_or(23)));
    }
    if runs("tenant") {
        alone(push::tenant(asked.unwrap_or(10_000)));
    }
}
