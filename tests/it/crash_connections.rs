//! The process ends before and after every outside call that it makes while it connects, refreshes or reminds. Calls are
//! counted as they happen, so that a new one is covered without editing a list.

use std::sync::{Arc, Mutex};
use waybill_tests::sim::connections::{Scene, play};
use waybill_tests::world::calls::Side;

type Death = (Scene, Option<(u64, Side)>);

/// Whole stories in one future are larger than a test's thread expects in a debug build.
const STACK: usize = 32 * 1024 * 1024;

/// Plays all of them, on every core. Gives the calls of each scene and what did not hold.
fn play_all(deaths: Vec<Death>) -> (Vec<(Scene, u64)>, Vec<String>) {
    let deaths = Arc::new(Mutex::new(deaths));
    let results = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let threads: Vec<_> = (0..std::thread::available_parallelism().map_or(2, usize::from))
        .map(|_| {
            let (deaths, results) = (Arc::clone(&deaths), Arc::clone(&results));
            let work = move || {
                loop {
                    let Some((scene, death)) = deaths.lock().expect("lock").pop() else { return };
                    let outcome = play(scene, death);
                    let mut results = results.lock().expect("lock");
                    results.0.push((scene, outcome.calls));
                    if !outcome.problems.is_empty() {
                        results.1.push(format!("{scene:?} {death:?}: {:#?}", outcome.problems));
                    }
                }
            };
            std::thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread")
        })
        .collect();
    for thread in threads {
        thread.join().expect("a thread that ended well");
    }
    let mut results = results.lock().expect("lock");
    std::mem::take(&mut *results)
}

#[test]
fn a_death_around_any_call_loses_no_connection_no_parcel_and_no_mail() {
    let (lives, failed) = play_all(Scene::ALL.map(|scene| (scene, None)).to_vec());
    assert!(failed.is_empty(), "without a death:\n{}", failed.join("\n"));
    let mut deaths = Vec::new();
    for (scene, calls) in lives {
        assert!(calls > 3, "{scene:?} makes {calls} calls");
        println!("{scene:?}: {calls} calls");
        // A tick asks 16 lists of two kinds, which all look alike to a process that dies: there, every fourth call.
        let every = if calls > 40 { 4 } else { 1 };
        let points = (0..calls).flat_map(|call| [Side::Before, Side::After].map(|side| (scene, Some((call, side)))));
        deaths.extend(points.filter(|(_, death)| death.is_some_and(|(call, _)| call % every == 0)));
    }
    println!("{} lives that end in between", deaths.len());
    let (_, failed) = play_all(deaths);
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}
