//! The process ends before and after every call it makes, and at every await: nothing is lost, nothing is sent twice.
//! A recorded run finds the crash points, so that a new call is covered without editing a list; crash points with the
//! same resulting state are tried once.

use waybill_model::chance::Chance;
use waybill_tests::sim::cores::on_all_cores;
use waybill_tests::sim::living::{Crash, Role};
use waybill_tests::sim::play;
use waybill_tests::sim::script::{self, Scenario, Script};
use waybill_tests::world::calls::Side;
use waybill_tests::world::wire::{NO_LAG, TableFaults};

/// Pairs of ends are too many to try all: so many of each role in each scenario; `WAYBILL_PAIRS` asks for more.
const PAIRS: u64 = 4;
/// Dropped handlers of one scenario, spread over all of its awaits.
const DROPS: u64 = 12;

#[expect(clippy::disallowed_methods, reason = "a person asks for more")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn again(name: &str, crash: &Crash) -> String {
    format!(
        "WAYBILL_SCENARIO={name} WAYBILL_CRASH='{crash}' cargo test -p waybill-tests --test it crash::replay -- --nocapture"
    )
}

/// The scenario without its chance faults, so that the numbers of the calls stay.
fn calm(name: &str) -> impl Fn(u64) -> Script {
    let (_, build) = script::by_name(name).expect("a scenario of this name");
    move |seed| {
        let mut script = build(seed);
        script.faults.clear();
        script.table = TableFaults { index_lag: NO_LAG, ..TableFaults::default() };
        script.read_lag = std::time::Duration::ZERO;
        script
    }
}

/// Plays every one of these lives; gives what did not hold.
fn play_all(crashes: Vec<(&'static str, Crash)>) -> Vec<String> {
    let told = |(name, crash): &(&str, Crash), problems: &[String]| {
        (!problems.is_empty()).then(|| format!("{}\n  {}", again(name, crash), problems.join("\n  ")))
    };
    let life = |life: &(&'static str, Crash)| told(life, &play(1, &calm(life.0), life.1.clone()).problems);
    let failed = on_all_cores(crashes.into_iter(), life, |life| told(life, &["panicked".to_owned()]));
    failed.into_iter().flatten().collect()
}

#[test]
fn a_process_that_dies_around_any_call_or_at_any_await_loses_nothing_and_sends_nothing_twice() {
    let pairs = setting("WAYBILL_PAIRS").and_then(|text| text.parse().ok()).unwrap_or(PAIRS);
    let watched = || Crash { watched: true, ..Crash::default() };
    let whole = |(name, _): &Scenario| (*name, play(1, &calm(name), watched()));
    let mut wholes = on_all_cores(script::all(), whole, |(name, _)| panic!("{name} panicked"));
    wholes.sort_by_key(|(name, _)| *name);
    let mut chance = Chance::new(3);
    let mut crashes = Vec::new();
    let mut all = 0;
    for (name, whole) in wholes {
        all += whole.calls.iter().sum::<u64>() * 2 + whole.polls;
        for (role, ends) in Role::ALL.into_iter().zip(whole.ends) {
            let at_call = |calls: Vec<(u64, Side)>| (name, Crash { role, calls, ..Crash::default() });
            crashes.extend(ends.calls.iter().map(|end| at_call(vec![*end])));
            crashes.extend(ends.polls.iter().map(|poll| (name, Crash { poll: Some(*poll), ..Crash::default() })));
            for _ in 0..if ends.calls.is_empty() { 0 } else { pairs } {
                let mut any = || ends.calls[usize::try_from(chance.bits() % ends.calls.len() as u64).expect("small")];
                crashes.push(at_call(vec![any(), any()]));
            }
        }
    }
    println!("a process can end in {all} ways; {} lives are all that differ, and pairs", crashes.len());
    let failed = play_all(crashes);
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn a_handler_dropped_while_its_process_lives_on_loses_nothing_and_sends_nothing_twice() {
    let mut crashes = Vec::new();
    for (name, _) in script::all() {
        let polls = play(1, &calm(name), Crash::default()).polls;
        let step = usize::try_from(polls.div_ceil(DROPS)).expect("small");
        let drops = (0..polls).step_by(step).map(Some);
        crashes.extend(drops.map(|poll| (name, Crash { poll, survived: true, ..Crash::default() })));
    }
    println!("{} handlers dropped", crashes.len());
    let failed = play_all(crashes);
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

/// Plays one death back and tells what happened; without one, a death after the first scenario's fourth call.
#[test]
fn replay() {
    let scenario = setting("WAYBILL_SCENARIO").unwrap_or_else(|| script::SHORT[0].0.to_owned());
    let crash = setting("WAYBILL_CRASH").unwrap_or_else(|| "Push 3 After".to_owned());
    let crash = Crash::parse(&crash).expect("a death as the test prints it");
    let report = play(1, &calm(&scenario), crash.clone());
    println!("{scenario} {crash}: {report:#?}");
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
}
