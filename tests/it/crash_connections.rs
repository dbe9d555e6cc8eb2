//! The process ends before and after every outside call that it makes while it connects, refreshes or reminds. A
//! recorded run finds these points, so that a new call is covered without editing a list.

use waybill_tests::sim::connections::{Outcome, Scene, play};
use waybill_tests::sim::cores::on_all_cores;
use waybill_tests::world::calls::Side;

type Death = (Scene, Option<(u64, Side)>);

/// Plays all of them.
fn play_all(deaths: Vec<Death>) -> Vec<(Death, Outcome)> {
    let panicked = |_: &Death| Outcome { problems: vec!["panicked".to_owned()], ..Outcome::default() };
    let life = |(scene, death): &Death| play(*scene, *death);
    on_all_cores(deaths.into_iter(), |death| (*death, life(death)), |death| (*death, panicked(death)))
}

fn failed(lives: &[(Death, Outcome)]) -> Vec<String> {
    let failed = lives.iter().filter(|(_, outcome)| !outcome.problems.is_empty());
    failed.map(|((scene, death), outcome)| format!("{scene:?} {death:?}: {:#?}", outcome.problems)).collect()
}

#[test]
fn a_death_around_any_call_loses_no_connection_no_parcel_and_no_mail() {
    let whole = play_all(Scene::ALL.map(|scene| (scene, None)).to_vec());
    assert!(failed(&whole).is_empty(), "without a death:\n{}", failed(&whole).join("\n"));
    let mut deaths = Vec::new();
    for ((scene, _), outcome) in whole {
        assert!(outcome.calls > 3, "{scene:?} makes {} calls", outcome.calls);
        println!("{scene:?}: {} calls, {} ends that differ", outcome.calls, outcome.ends.calls.len());
        deaths.extend(outcome.ends.calls.into_iter().map(|end| (scene, Some(end))));
    }
    println!("{} lives that end in between", deaths.len());
    let failed = failed(&play_all(deaths));
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}
