//! Days of a shop's orders: each deadline that comes near is told once, whoever dies in between.

use waybill_tests::sim::cores::on_all_cores;
use waybill_tests::sim::told::{Told, play};
use waybill_tests::world::calls::Side;

/// Lives that every change plays: from this seed on, so many.
const FIRST: u64 = 8;
const LIVES: u64 = 12;
/// Lives of which each end of the slow schedule's process is played: so many ends of each.
const DYING: u64 = 2;
const ENDS: usize = 8;

type Life = (u64, Vec<(u64, Side)>);

fn play_all(lives: Vec<Life>) -> Vec<(Life, Told)> {
    let panicked = || Told { problems: vec!["panicked".to_owned()], ..Told::default() };
    let life = |(seed, deaths): &Life| ((*seed, deaths.clone()), play(*seed, deaths, false));
    on_all_cores(lives.into_iter(), life, |life| (life.clone(), panicked()))
}

fn failed(lives: &[(Life, Told)]) -> Vec<String> {
    let failed = lives.iter().filter(|(_, told)| !told.problems.is_empty());
    failed.map(|((seed, deaths), told)| format!("life {seed} {deaths:?}: {:#?}", told.problems)).collect()
}

#[test]
fn a_deadline_that_comes_near_is_in_one_mail_and_no_mail_speaks_of_another() {
    let lives = play_all((FIRST..FIRST + LIVES).map(|seed| (seed, Vec::new())).collect());
    let failed = failed(&lives);
    let alerts: usize = lives.iter().map(|(_, told)| told.alerts).sum();
    println!("{alerts} alerts in {LIVES} lives");
    assert!(failed.is_empty(), "{} of {LIVES} failed:\n{}", failed.len(), failed.join("\n"));
    assert!(alerts > 80, "only {alerts} alerts came up");
}

#[test]
fn a_deadline_that_comes_near_is_told_whoever_dies_before_the_mail_is_out() {
    let mut lives = Vec::new();
    for seed in 0..DYING {
        let ends = play(seed, &[], true).ends.calls;
        let step = ends.len().div_ceil(ENDS).max(1);
        lives.extend(ends.iter().step_by(step).map(|end| (seed, vec![*end])));
    }
    assert!(lives.len() > 10, "{} ends", lives.len());
    let failed = failed(&play_all(lives));
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}
