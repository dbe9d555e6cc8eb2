//! What starts a push, and what that means for time and money: counted steps, so that the choice can be judged again with
//! other numbers.

use super::{CostArgs, DAYS, MILLION, Wake};
use crate::output::Row;
use jiff::tz::TimeZone;
use serde::Serialize;

const MINUTE: f64 = 60.0;
pub(super) const MINUTES: f64 = DAYS * 24.0 * 60.0;
/// Lambda looks at each shard of a stream this often. Source: Lambda developer guide, "Polling and batching streams".
const LOOK: f64 = 0.25;
/// Seconds in which the stream's news are gathered, as the template says.
pub(super) const WINDOW: f64 = 2.0;
/// Shards of the stream, each with its own gathering: a new table on demand has four partitions.
/// Source: DynamoDB developer guide, on-demand capacity mode, initial throughput.
const LANES: f64 = 4.0;
/// A loop asks again after this many seconds, in the first part of each minute.
const LOOP: (f64, f64) = (5.0, 45.0);
/// A call that is queued starts after this. Lambda promises no number; tens of milliseconds are usual.
const QUEUED: f64 = 0.05;
/// Calls to TikTok for one number: its order is read, then it is sent.
const CALLS: f64 = 2.0;
/// Our own seconds of a run with one number, at the smallest memory: ten calls to the table, and 5 ms of a processor at a
/// fourteenth of its speed.
const OWN: f64 = 0.15;
/// The same of a run that finds nothing: 64 lists.
const NOTHING: f64 = 0.125;
/// Read units of such a run: half of one for each list.
const LISTS: f64 = 32.0;
/// Writes a second that TikTok takes of one shop.
const RATE: f64 = 2.0;

/// One way, with this many trackings a month.
pub(super) struct Way {
    /// Calls of tracking-push in a month.
    pub(super) calls: f64,
    /// Seconds for which it runs.
    pub(super) seconds: f64,
    /// Runs that find something.
    pub(super) runs: f64,
    /// Read units of lists in which nothing is due.
    pub(super) reads: f64,
    /// From the store's webhook to TikTok's acceptance: the median, and what one in a hundred exceeds.
    pub(super) latency: (f64, f64),
}

/// Seconds of a run with one number.
fn one(args: &CostArgs) -> f64 {
    CALLS * args.tiktok_ms / 1000.0 + OWN
}

pub(super) fn way(wake: Wake, args: &CostArgs, trackings: f64, shops: f64) -> Way {
    let (one, a_second) = (one(args), trackings / (MINUTES * MINUTE));
    // The minute schedule, which every way keeps.
    let idle =
        Way { calls: MINUTES, seconds: MINUTES * NOTHING, runs: 0.0, reads: MINUTES * LISTS, latency: (0.0, 0.0) };
    match wake {
        Wake::Schedule => {
            let each = trackings / MINUTES;
            // Numbers of different shops go out side by side, those of one shop by its rate.
            let long = one.max(each / shops.max(1.0) / RATE);
            let busy = MINUTES * (1.0 - (-each).exp());
            Way {
                seconds: idle.seconds + busy * long,
                runs: busy,
                latency: (MINUTE / 2.0 + one, MINUTE * 0.99 + one),
                ..idle
            }
        }
        Wake::Stream => {
            let batch = 1.0 + a_second / LANES * WINDOW;
            let calls = trackings / batch;
            Way {
                calls: idle.calls + calls,
                seconds: idle.seconds + calls * one,
                runs: calls,
                // At worst a batch waits for the one before it, and for a whole look.
                latency: (LOOK / 2.0 + WINDOW + one, LOOK + WINDOW + 2.0 * one),
                ..idle
            }
        }
        Wake::Call => Way {
            calls: idle.calls + trackings,
            seconds: idle.seconds + trackings * one,
            runs: trackings,
            latency: (QUEUED + one, QUEUED + 2.0 * one),
            ..idle
        },
        Wake::Loop => {
            let (every, until) = LOOP;
            let share = until / MINUTE;
            // Whoever comes in the first part waits for the next look, whoever comes later for the next minute.
            let rest = MINUTE - until;
            let median = 0.5 / (share / every + (1.0 - share) / rest);
            let looks = until / every;
            Way {
                seconds: MINUTES * until,
                runs: MINUTES * looks * (1.0 - (-trackings / MINUTES / looks).exp()),
                reads: MINUTES * LISTS * looks,
                latency: (median + one, (0.99 - share) / (1.0 - share) * rest + one),
                ..idle
            }
        }
    }
}

/// One line of the comparison.
#[derive(Serialize)]
pub(super) struct WayRow {
    way: &'static str,
    p50_seconds: f64,
    p99_seconds: f64,
    lost_seconds: f64,
    dollars_at_0: f64,
    dollars_at_1000: f64,
    dollars_at_1000000: f64,
}

impl Row for WayRow {
    const HEAD: &'static [&'static str] =
        &["a push starts by", "p50, s", "p99, s", "news lost, s", "$ at 0", "$ at 1,000", "$ at 1,000,000"];
    fn cells(&self, _: &TimeZone) -> Vec<String> {
        let seconds = [self.p50_seconds, self.p99_seconds, self.lost_seconds].map(|number| format!("{number:.1}"));
        let dollars = [self.dollars_at_0, self.dollars_at_1000, self.dollars_at_1000000];
        let dollars = dollars.map(|number| format!("{number:.2}"));
        [vec![self.way.to_owned()], seconds.to_vec(), dollars.to_vec()].concat()
    }
}

/// All ways side by side, at the prices of a million calls, a GB-second, and a million read units.
pub(super) fn compared(args: &CostArgs, shops: f64, [call, second, reads]: [f64; 3]) -> Vec<WayRow> {
    let dollars = |wake, trackings| {
        let way = way(wake, args, trackings, shops);
        way.calls / MILLION * call + way.seconds * args.gigabytes() * second + way.reads / MILLION * reads
    };
    let ways = [
        ("the schedule alone", Wake::Schedule),
        ("the table's stream", Wake::Stream),
        ("a call of each webhook", Wake::Call),
        ("a loop in each minute", Wake::Loop),
    ];
    let row = |(name, wake): (&'static str, Wake)| {
        let (p50, p99) = way(wake, args, MILLION, shops).latency;
        WayRow {
            way: name,
            p50_seconds: p50,
            p99_seconds: p99,
            // Whatever was lost, the schedule's next run finds it.
            lost_seconds: MINUTE + one(args),
            dollars_at_0: dollars(wake, 0.0),
            dollars_at_1000: dollars(wake, 1000.0),
            dollars_at_1000000: dollars(wake, MILLION),
        }
    };
    ways.map(row).into_iter().collect()
}
