//! Seeds: many short lives of the product, each checked against what must always hold.

use std::collections::BTreeMap;
use std::ops::Range;
use waybill_tests::sim::cores::on_all_cores;
use waybill_tests::sim::living::Crash;
use waybill_tests::sim::{Report, play, script};

/// Seeds that every change runs; `WAYBILL_SEEDS`, `WAYBILL_FROM` and `WAYBILL_SCENARIO` ask for more.
const SEEDS: u64 = 2000;

#[expect(clippy::disallowed_methods, reason = "a person names the seed to play back")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn again(scenario: &str, seed: u64) -> String {
    format!(
        "WAYBILL_SCENARIO={scenario} WAYBILL_SEED={seed} cargo test -p waybill-tests --test it sim::replay -- --nocapture"
    )
}

/// Plays seeds on all cores; returns what failed, as the command that plays it back.
fn run(seeds: Range<u64>, only: Option<&str>) -> Vec<String> {
    let scenario = |seed: u64| only.and_then(script::by_name).unwrap_or_else(|| script::of(seed));
    let judged = |seed: u64, problems: &[String]| {
        if problems.is_empty() {
            return None;
        }
        let command = again(scenario(seed).0, seed);
        println!("{command}");
        Some(format!("{command}\n  {}", problems.join("\n  ")))
    };
    let life = |seed: &u64| judged(*seed, &play(*seed, &scenario(*seed).1, Crash::default()).problems);
    let failed = on_all_cores(seeds, life, |seed| judged(*seed, &["panicked".to_owned()]));
    failed.into_iter().flatten().collect()
}

#[test]
fn every_seed_keeps_what_must_always_hold() {
    let from = setting("WAYBILL_FROM").and_then(|text| text.parse().ok()).unwrap_or(0);
    let seeds = setting("WAYBILL_SEEDS").and_then(|text| text.parse().ok()).unwrap_or(SEEDS);
    let failed = run(from..from + seeds, setting("WAYBILL_SCENARIO").as_deref());
    let mut by_scenario: BTreeMap<String, usize> = BTreeMap::new();
    for text in &failed {
        *by_scenario.entry(text.split(' ').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    let shown = failed.iter().take(12).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(failed.is_empty(), "{} of {seeds} seeds failed: {by_scenario:?}\n{shown}", failed.len());
}

/// A seed that failed is of use only if it fails again.
#[test]
fn a_seed_is_the_same_life_every_time() {
    let life = |(name, build): &script::Scenario| {
        let told = |report: Report| (report.calls, report.polls, report.accepted, report.took);
        let lives = [1, 2].map(|_| told(play(5, build, Crash::default())));
        (lives[0] != lives[1]).then(|| format!("{name}: {lives:?}"))
    };
    let different = on_all_cores(script::all(), life, |(name, _)| Some(format!("{name} panicked")));
    let different: Vec<String> = different.into_iter().flatten().collect();
    assert!(different.is_empty(), "{different:#?}");
}

/// Plays one seed back and tells what happened; without a seed, seed 1 of the first scenario.
#[test]
fn replay() {
    let seed = setting("WAYBILL_SEED").and_then(|text| text.parse().ok()).unwrap_or(1);
    let scenario = setting("WAYBILL_SCENARIO").unwrap_or_else(|| script::SHORT[0].0.to_owned());
    let (name, build) = script::by_name(&scenario).expect("a scenario of this name");
    let report = play(seed, &build, Crash::default());
    println!("{name} {seed}: {report:#?}");
    assert!(report.problems.is_empty(), "{:#?}", report.problems);
}
