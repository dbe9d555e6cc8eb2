//! Random worlds against the second mind: `--seed N` plays one and tells it, `--from A --count N` plays many.

#![allow(clippy::expect_used, reason = "a program of the tests")]
use std::collections::BTreeMap;
use std::iter::StepBy;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use waybill_tests::oracle::{Report, generate, of_plan, shrink, world};
use waybill_tests::sim::cores::on_all_cores;

/// Failing worlds that are shrunk and told, unless `--shown` says otherwise.
const SHOWN: u64 = 6;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(clippy::print_stdout, reason = "a command for people")]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| {
        let place = args.iter().position(|arg| arg == name)?;
        args.get(place + 1)?.parse::<u64>().ok()
    };
    if let Some(seed) = value("--seed") {
        let plan = generate::plan(seed);
        let mut report = of_plan(seed, &plan);
        if !report.differences.is_empty() && args.iter().any(|arg| arg == "--shrink") {
            report = shrink::shrink(seed, &plan, &report).1;
        }
        println!("world {seed}, kinds {:?}, stores {:?}", report.kinds, plan.stores);
        report.told.iter().for_each(|line| println!("{line}"));
        println!("{}", if report.differences.is_empty() { "all right".to_owned() } else { report.words() });
        return ExitCode::from(u8::from(!report.differences.is_empty()));
    }
    let (Some(from), Some(count)) = (value("--from").or(Some(0)), value("--count")) else {
        println!("worlds --seed N [--shrink] | --from A --count N [--every N] [--shown N]");
        return ExitCode::from(2);
    };
    let every = usize::try_from(value("--every").unwrap_or(1).max(1)).unwrap_or(1);
    many((from..from + count).step_by(every), value("--shown").unwrap_or(SHOWN))
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a command for people")]
fn many(seeds: StepBy<Range<u64>>, shown: u64) -> ExitCode {
    let count = seeds.clone().count();
    let done = AtomicU64::new(0);
    let (kinds, ends) = (Mutex::new(BTreeMap::<char, u64>::new()), Mutex::new(BTreeMap::<String, u64>::new()));
    let play = |seed: &u64| {
        let report = world(*seed);
        let mut counted = kinds.lock().expect("whole");
        report.kinds.iter().for_each(|kind| *counted.entry(*kind).or_default() += 1);
        drop(counted);
        let mut counted = ends.lock().expect("whole");
        report.ends.iter().for_each(|(end, n)| *counted.entry(end.clone()).or_default() += n);
        drop(counted);
        let played = done.fetch_add(1, Ordering::Relaxed) + 1;
        if played.is_multiple_of(100) {
            eprintln!("{played} of {count}");
        }
        if let Some(first) = report.differences.first() {
            println!("world {seed}: {first}");
        }
        (!report.differences.is_empty()).then_some(report)
    };
    let panicked = |seed: &u64| {
        println!("world {seed} panicked");
        Some(Report { seed: *seed, ..Report::default() })
    };
    let mut failed: Vec<Report> = on_all_cores(seeds, play, panicked).into_iter().flatten().collect();
    failed.sort_by_key(|report| report.seed);
    let mut classes: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for report in &failed {
        let class = report.differences.first().map_or_else(|| "panicked".to_owned(), |first| first.class());
        classes.entry(class).or_default().push(report.seed);
    }
    println!("kinds: {:?}", kinds.lock().expect("whole"));
    for (end, n) in ends.lock().expect("whole").iter() {
        println!("{n:>8}  {end}");
    }
    let mut classes: Vec<_> = classes.into_iter().collect();
    classes.sort_by_key(|(_, seeds)| std::cmp::Reverse(seeds.len()));
    for (class, seeds) in &classes {
        println!("{:>5} x {class}: seeds {:?}", seeds.len(), &seeds[..seeds.len().min(6)]);
    }
    for (_, seeds) in classes.iter().take(usize::try_from(shown).unwrap_or(0)) {
        let seed = seeds[0];
        let plan = generate::plan(seed);
        let report = of_plan(seed, &plan);
        if report.differences.is_empty() {
            println!("\nworld {seed} does not fail alone");
            continue;
        }
        let (_, report) = shrink::shrink(seed, &plan, &report);
        println!("\nworld {seed}, shrunk:");
        report.told.iter().for_each(|line| println!("{line}"));
        println!("{}", report.words());
    }
    println!("{} of {count} worlds are not right", failed.len());
    ExitCode::from(u8::from(!failed.is_empty()))
}
