//! The process ends before and after every call it makes, and at every await: nothing is lost, nothing is sent twice.
//! Calls are counted as they happen, so that a new one is covered without editing a list.

use waybill_local::model::chance::Chance;
use waybill_tests::sim::play;
use waybill_tests::sim::rig::Crash;
use waybill_tests::sim::script::{self, Script};
use waybill_tests::world::calls::Side;

/// Scenarios whose every call is tried. The seed has no other faults, so that the numbers of the calls stay.
const SCENES: [&str; 5] = [
    "one_parcel",
    "three_parcels_of_one_order",
    "partial_quantities",
    "market_that_ships_packages",
    "expired_token_in_mid_batch",
];
/// Pairs of crashes are too many to try all.
const PAIRS: usize = 6;

/// The scenario without its faults.
fn calm(name: &str) -> impl Fn(u64) -> Script {
    let (_, build) = script::by_name(name).expect("a scenario of this name");
    move |seed| {
        let mut script = build(seed);
        script.faults.clear();
        script.table = Default::default();
        script.read_lag = std::time::Duration::ZERO;
        script
    }
}

fn play_all(crashes: Vec<(String, Crash)>) -> Vec<String> {
    let crashes = std::sync::Arc::new(std::sync::Mutex::new(crashes));
    let threads: Vec<_> = (0..std::thread::available_parallelism().map_or(2, usize::from))
        .map(|_| {
            let crashes = std::sync::Arc::clone(&crashes);
            std::thread::spawn(move || {
                let mut failed = Vec::new();
                loop {
                    let Some((name, crash)) = crashes.lock().expect("lock").pop() else { return failed };
                    let report = play(1, &calm(&name), crash.clone());
                    if !report.problems.is_empty() {
                        failed.push(format!("{name} {crash:?}: {:#?}", report.problems));
                    }
                }
            })
        })
        .collect();
    threads.into_iter().flat_map(|thread| thread.join().expect("thread")).collect()
}

#[test]
fn a_worker_that_dies_around_any_call_loses_nothing_and_sends_nothing_twice() {
    let mut crashes = Vec::new();
    let mut chance = Chance::new(3);
    for name in SCENES {
        let calls = play(1, &calm(name), Crash::default()).calls;
        assert!(calls > 5, "{name} makes {calls} calls");
        let sides = [Side::Before, Side::After];
        let points: Vec<(u64, Side)> = (0..calls).flat_map(|call| sides.map(|side| (call, side))).collect();
        // The long scenes repeat the same calls for each parcel: every third of them is enough there.
        let step = if points.len() > 150 { 3 } else { 1 };
        for point in points.iter().step_by(step) {
            crashes.push((name.to_owned(), Crash { calls: vec![*point], poll: None }));
        }
        for _ in 0..PAIRS {
            let mut any = || points[usize::try_from(chance.bits() % points.len() as u64).expect("small")];
            crashes.push((name.to_owned(), Crash { calls: vec![any(), any()], poll: None }));
        }
    }
    println!("{} lives that end in between", crashes.len());
    let failed = play_all(crashes);
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn a_handler_dropped_at_any_await_loses_nothing_and_sends_nothing_twice() {
    let mut crashes = Vec::new();
    for name in ["one_parcel", "three_parcels_of_one_order"] {
        let polls = play(1, &calm(name), Crash::default()).polls;
        for poll in (0..polls).step_by(usize::try_from(polls / 120 + 1).expect("small")) {
            crashes.push((name.to_owned(), Crash { calls: Vec::new(), poll: Some(poll) }));
        }
    }
    println!("{} handlers dropped", crashes.len());
    let failed = play_all(crashes);
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}
