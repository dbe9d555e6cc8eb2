//! The process ends before and after every outside call that it makes while it connects, refreshes or reminds. Calls are
//! counted as they happen, so that a new one is covered without editing a list.

use waybill_tests::sim::connections::{Scene, play};
use waybill_tests::sim::cores::on_all_cores;
use waybill_tests::world::calls::Side;

type Death = (Scene, Option<(u64, Side)>);

/// Plays all of them. Gives the calls of each scene and what did not hold.
fn play_all(deaths: Vec<Death>) -> (Vec<(Scene, u64)>, Vec<String>) {
    let life = |(scene, death): &Death| {
        let outcome = play(*scene, *death);
        let problems = (!outcome.problems.is_empty()).then(|| format!("{scene:?} {death:?}: {:#?}", outcome.problems));
        ((*scene, outcome.calls), problems)
    };
    let panicked = |(scene, death): &Death| ((*scene, 0), Some(format!("{scene:?} {death:?} panicked")));
    let (calls, problems): (Vec<_>, Vec<_>) = on_all_cores(deaths.into_iter(), life, panicked).into_iter().unzip();
    (calls, problems.into_iter().flatten().collect())
}

#[test]
fn a_death_around_any_call_loses_no_connection_no_parcel_and_no_mail() {
    let (lives, failed) = play_all(Scene::ALL.map(|scene| (scene, None)).to_vec());
    assert!(failed.is_empty(), "without a death:\n{}", failed.join("\n"));
    let mut deaths = Vec::new();
    for (scene, calls) in lives {
        assert!(calls > 3, "{scene:?} makes {calls} calls");
        println!("{scene:?}: {calls} calls");
        let sides = [Side::Before, Side::After];
        deaths.extend((0..calls).flat_map(|call| sides.map(|side| (scene, Some((call, side))))));
    }
    println!("{} lives that end in between", deaths.len());
    let (_, failed) = play_all(deaths);
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}
