//! The fewest steps that still fail.

use super::compare::Difference;
use super::world::{Deed, Plan};
use super::{Report, of_plan};

/// Drops steps while the world still fails with the same kind of difference. Gives the smallest plan found.
#[must_use]
pub fn shrink(seed: u64, plan: &Plan, report: &Report) -> (Plan, Report) {
    let class = |report: &Report| report.differences.first().map(Difference::class);
    let wanted = class(report);
    let (mut best, mut told) = (plan.clone(), report.clone());
    let mut size = best.steps.len().div_ceil(2).max(1);
    let mut left = 120;
    loop {
        let mut place = 0;
        let mut smaller = false;
        while place < best.steps.len() && left > 0 {
            let mut fewer = best.clone();
            let mut dropped = place..(place + size).min(best.steps.len());
            // An order that is not there makes another story.
            if dropped.clone().any(|step| matches!(best.steps[step].deed, Deed::Place(_))) {
                if size > 1 {
                    dropped.end = place;
                } else {
                    place += 1;
                    continue;
                }
            }
            fewer.steps.drain(dropped);
            left -= 1;
            let played = of_plan(seed, &fewer);
            if class(&played).is_some() && class(&played) == wanted {
                (best, told) = (fewer, played);
                smaller = true;
            } else {
                place += size;
            }
        }
        if left == 0 || (size == 1 && !smaller) {
            return (best, told);
        }
        size = (size / 2).max(1);
    }
}
