//! The process ends before and after every call it makes, and at every await: nothing is lost, nothing is sent twice.
//! Calls are counted as they happen, so that a new one is covered without editing a list.

use waybill_local::model::chance::Chance;
use waybill_tests::sim::cores::on_all_cores;
use waybill_tests::sim::living::{Crash, Role};
use waybill_tests::sim::play;
use waybill_tests::sim::script::{self, Script};
use waybill_tests::world::calls::Side;

/// The slow schedule asks sixteen lists of two kinds at each tick, which all look alike to a process that dies: every
/// how many of its calls is tried. `WAYBILL_CRASHES=all` tries every one.
const SLOW_STEP: usize = 20;
/// Pairs of crashes are too many to try all: so many of each scenario.
const PAIRS: usize = 4;
/// Dropped handlers of one scenario, spread over all of its awaits.
const DROPS: u64 = 40;

#[expect(clippy::disallowed_methods, reason = "a person asks for more")]
fn every_call() -> bool {
    std::env::var("WAYBILL_CRASHES").is_ok_and(|text| text == "all")
}

/// The scenario without its chance faults, so that the numbers of the calls stay.
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

/// Plays every one of these lives; gives what did not hold.
fn play_all(crashes: Vec<(&'static str, Crash)>) -> Vec<String> {
    let told = |(name, crash): &(&str, Crash), problems: &[String]| {
        (!problems.is_empty()).then(|| format!("{name} {crash:?}: {problems:#?}"))
    };
    let life = |life: &(&'static str, Crash)| told(life, &play(1, &calm(life.0), life.1.clone()).problems);
    let failed = on_all_cores(crashes.into_iter(), life, |life| told(life, &["panicked".to_owned()]));
    failed.into_iter().flatten().collect()
}

#[test]
fn a_process_that_dies_around_any_call_loses_nothing_and_sends_nothing_twice() {
    let mut chance = Chance::new(3);
    let mut crashes = Vec::new();
    for (name, _) in script::all() {
        let calls = play(1, &calm(name), Crash::default()).calls;
        println!("{name}: calls of pushes, webhooks, the slow schedule: {calls:?}");
        for (role, calls) in Role::ALL.into_iter().zip(calls) {
            let sides = [Side::Before, Side::After];
            let points: Vec<(u64, Side)> = (0..calls).flat_map(|call| sides.map(|side| (call, side))).collect();
            let step = if role == Role::Slow && !every_call() { SLOW_STEP } else { 1 };
            let singles = points.iter().step_by(step);
            crashes.extend(singles.map(|point| (name, Crash { role, calls: vec![*point], poll: None })));
            for _ in 0..if points.is_empty() { 0 } else { PAIRS } {
                let mut any = || points[usize::try_from(chance.bits() % points.len() as u64).expect("small")];
                crashes.push((name, Crash { role, calls: vec![any(), any()], poll: None }));
            }
        }
    }
    println!("{} lives that end in between", crashes.len());
    let failed = play_all(crashes);
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn a_handler_dropped_at_any_await_loses_nothing_and_sends_nothing_twice() {
    let mut crashes = Vec::new();
    for (name, _) in script::all() {
        let polls = play(1, &calm(name), Crash::default()).polls;
        let step = usize::try_from(polls.div_ceil(DROPS)).expect("small");
        crashes.extend((0..polls).step_by(step).map(|poll| (name, Crash { poll: Some(poll), ..Crash::default() })));
    }
    println!("{} handlers dropped", crashes.len());
    let failed = play_all(crashes);
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}
