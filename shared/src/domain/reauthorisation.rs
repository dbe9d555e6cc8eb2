//! When an owner must consent again, and which mail says so at what time. Pure.
//!
//! The 90 days only remind; pushes stop when TikTok refuses, never before. So there are two stories: the time runs out
//! ([`Step::Before`], then [`Step::Overdue`]), and TikTok has refused ([`Step::Refused`]).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Days before the end on which the owner is reminded.
pub const LADDER: [u16; 6] = [30, 14, 7, 3, 2, 1];
/// After a refusal: this many mails, one a day; then one a week.
pub const DAILY: u32 = 14;

const DAY: SignedDuration = SignedDuration::from_hours(24);
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Which of the ends is the earliest. Every place that shows the end names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndSource {
    /// The product's own cycle (`REAUTH_DAYS`).
    Cycle,
    /// The period that the owner chose on TikTok's consent page (`refresh_token_expire_in`).
    Consent,
    /// TikTok's announcement (webhook type 7).
    Notice,
}

/// When the owner must have consented again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The earliest of all ends.
    pub at: Timestamp,
    /// Which one that is.
    pub source: EndSource,
}

impl End {
    /// The earliest of three: the consent plus the cycle, TikTok's own end, TikTok's announcement.
    #[must_use]
    pub fn of(granted: Timestamp, cycle_days: u16, consent: Option<Timestamp>, notice: Option<Timestamp>) -> Self {
        let cycle = granted.checked_add(days(cycle_days)).unwrap_or(Timestamp::MAX);
        let ends = [(Some(cycle), EndSource::Cycle), (consent, EndSource::Consent), (notice, EndSource::Notice)];
        let known = ends.into_iter().filter_map(|(at, source)| Some(Self { at: at?, source }));
        known.min_by_key(|end| end.at).unwrap_or(Self { at: cycle, source: EndSource::Cycle })
    }

    /// Whole days left, rounded up; negative or zero when it is over.
    #[must_use]
    pub fn days_left(self, now: Timestamp) -> i64 {
        let left = self.at.duration_since(now).as_secs();
        let a_day = DAY.as_secs();
        left.div_euclid(a_day) + i64::from(left.rem_euclid(a_day) > 0)
    }
}

impl EndSource {
    /// The rule in a merchant's words.
    #[must_use]
    pub fn explained(self, cycle_days: u16) -> String {
        match self {
            Self::Cycle => format!("a connection is renewed every {cycle_days} days"),
            Self::Consent => "the period chosen on TikTok's consent page ends then".to_owned(),
            Self::Notice => "TikTok Shop announced this end".to_owned(),
        }
    }
}

/// One mail's place in the story. Its text is the key of the ledger: stable, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// This many days before the end.
    Before(u16),
    /// The end is past and TikTok still accepts: the day itself is 0, then weeks.
    Overdue(u32),
    /// TikTok refused: the first mail is 0, daily, later weekly.
    Refused {
        /// Since when; a second refusal of the same consent is another story.
        since: Timestamp,
        /// Which mail of it.
        mail: u32,
    },
    /// The owner removed the app in Seller Center: told once.
    Removed {
        /// Since when.
        since: Timestamp,
    },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Before(days) => write!(f, "before-{days}"),
            Self::Overdue(week) => write!(f, "overdue-{week}"),
            Self::Refused { since, mail } => write!(f, "refused-{}-{mail}", since.as_millisecond()),
            Self::Removed { since } => write!(f, "removed-{}", since.as_millisecond()),
        }
    }
}

/// What keeps a shop from being pushed, as far as reminders care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// TikTok accepts our calls.
    Accepted,
    /// TikTok refuses since then.
    Refused(Timestamp),
    /// The owner removed the app then.
    Removed(Timestamp),
}

/// The step that stands now, and when the next one comes. A step that passed while nobody looked is not made up for:
/// one mail says where things stand.
#[must_use]
pub fn standing_step(end: End, standing: Standing, now: Timestamp) -> (Option<Step>, Option<Timestamp>) {
    match standing {
        Standing::Removed(since) => (Some(Step::Removed { since }), None),
        Standing::Refused(since) => {
            let days = whole(now, since, DAY);
            let mail = if days < DAILY { days } else { DAILY - 1 + (days - (DAILY - 1)) / 7 };
            let next = if mail + 1 < DAILY { mail + 1 } else { DAILY - 1 + (mail + 1 - (DAILY - 1)) * 7 };
            (Some(Step::Refused { since, mail }), plus(since, DAY, next))
        }
        Standing::Accepted if now >= end.at => {
            let week = whole(now, end.at, WEEK);
            (Some(Step::Overdue(week)), plus(end.at, WEEK, week + 1))
        }
        Standing::Accepted => {
            let moment = |ahead: u16| end.at.checked_sub(days(ahead)).unwrap_or(Timestamp::MIN);
            let step = LADDER.into_iter().rev().find(|ahead| moment(*ahead) <= now);
            let next = LADDER.into_iter().map(moment).chain([end.at]).find(|at| *at > now);
            (step.map(Step::Before), next)
        }
    }
}

fn days(number: u16) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(number))
}

fn whole(now: Timestamp, since: Timestamp, unit: SignedDuration) -> u32 {
    let passed = now.duration_since(since).as_secs().max(0) / unit.as_secs();
    u32::try_from(passed).unwrap_or(u32::MAX / 16)
}

fn plus(since: Timestamp, unit: SignedDuration, times: u32) -> Option<Timestamp> {
    since.checked_add(SignedDuration::from_secs(unit.as_secs().checked_mul(i64::from(times))?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const START: i64 = 1_795_000_000;

    fn at(days: f64) -> Timestamp {
        #[expect(clippy::cast_possible_truncation, reason = "small numbers of a test")]
        Timestamp::from_second(START + (days * 86_400.0) as i64).expect("time")
    }

    #[test]
    fn the_earliest_end_counts_and_is_named() {
        for (consent, notice, days, source) in [
            (None, None, 90.0, EndSource::Cycle),
            (Some(365.0), None, 90.0, EndSource::Cycle),
            (Some(30.0), None, 30.0, EndSource::Consent),
            (Some(365.0), Some(12.0), 12.0, EndSource::Notice),
            (Some(5.0), Some(12.0), 5.0, EndSource::Consent),
        ] {
            let end = End::of(at(0.0), 90, consent.map(at), notice.map(at));
            assert_eq!(end, End { at: at(days), source }, "{consent:?} {notice:?}");
        }
    }

    #[test]
    fn each_moment_has_its_step_and_knows_the_next() {
        let end = End { at: at(90.0), source: EndSource::Cycle };
        let refused = Standing::Refused(at(100.0));
        for (standing, day, step, next) in [
            (Standing::Accepted, 0.0, None, Some(60.0)),
            (Standing::Accepted, 59.9, None, Some(60.0)),
            (Standing::Accepted, 60.0, Some(Step::Before(30)), Some(76.0)),
            (Standing::Accepted, 82.9, Some(Step::Before(14)), Some(83.0)),
            (Standing::Accepted, 87.5, Some(Step::Before(3)), Some(88.0)),
            (Standing::Accepted, 89.5, Some(Step::Before(1)), Some(90.0)),
            (Standing::Accepted, 90.0, Some(Step::Overdue(0)), Some(97.0)),
            (Standing::Accepted, 104.5, Some(Step::Overdue(2)), Some(111.0)),
            (refused, 100.0, Some(Step::Refused { since: at(100.0), mail: 0 }), Some(101.0)),
            (refused, 112.2, Some(Step::Refused { since: at(100.0), mail: 12 }), Some(113.0)),
            (refused, 113.0, Some(Step::Refused { since: at(100.0), mail: 13 }), Some(120.0)),
            (refused, 119.9, Some(Step::Refused { since: at(100.0), mail: 13 }), Some(120.0)),
            (refused, 120.0, Some(Step::Refused { since: at(100.0), mail: 14 }), Some(127.0)),
            (Standing::Removed(at(3.0)), 4.0, Some(Step::Removed { since: at(3.0) }), None),
        ] {
            assert_eq!(standing_step(end, standing, at(day)), (step, next.map(at)), "{standing:?} on day {day}");
        }
    }

    #[test]
    fn a_day_that_has_begun_counts_as_a_day_left() {
        let end = End { at: at(90.0), source: EndSource::Cycle };
        for (day, left) in [(60.0, 30), (60.1, 30), (89.9, 1), (90.0, 0), (91.5, -1), (93.0, -3)] {
            assert_eq!(end.days_left(at(day)), left, "day {day}");
        }
    }

    #[test]
    fn ninety_days_of_ticks_say_each_step_of_the_ladder_once() {
        let end = End { at: at(90.0), source: EndSource::Cycle };
        let ticks = (0..90 * 288).map(|tick| at(f64::from(tick) / 288.0));
        let steps: Vec<Step> = ticks.filter_map(|now| standing_step(end, Standing::Accepted, now).0).collect();
        let seen: BTreeSet<String> = steps.iter().map(ToString::to_string).collect();
        let wanted = LADDER.map(|days| Step::Before(days).to_string());
        assert_eq!(seen, BTreeSet::from(wanted));
    }

    proptest! {
        #[test]
        fn the_next_moment_is_always_ahead(end in 0.0..400.0, now in 0.0..800.0, since in 0.0..400.0, kind in 0..3) {
            let standing = match kind {
                0 => Standing::Accepted,
                1 => Standing::Refused(at(since)),
                _ => Standing::Removed(at(since)),
            };
            let end = End { at: at(end), source: EndSource::Cycle };
            let (step, next) = standing_step(end, standing, at(now));
            prop_assert!(next.is_none_or(|next| next > at(now)));
            if let Some(next) = next {
                // Until then nothing changes, so a tick in between has nothing to say.
                let before = next - SignedDuration::from_secs(1);
                if before >= at(now) {
                    prop_assert_eq!(standing_step(end, standing, before).0, step);
                }
            }
        }

        #[test]
        fn any_times_are_judged(granted in any::<i32>(), now in any::<i32>(), consent in proptest::option::of(any::<i32>())) {
            let time = |s: i32| Timestamp::from_second(i64::from(s)).expect("time");
            let end = End::of(time(granted), 90, consent.map(time), None);
            let _ = (end.days_left(time(now)), standing_step(end, Standing::Accepted, time(now)));
        }
    }
}
