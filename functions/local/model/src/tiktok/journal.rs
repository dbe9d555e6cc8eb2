//! The model's own record: what it accepted and what it was asked. Tests check their invariants against it,
//! never against what the client believes.

use super::calls::Call;
use jiff::Timestamp;
use std::time::Duration;

/// Which kind of change was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// A first number for lines that had none.
    First,
    /// The one later correction.
    Correction,
}

/// One accepted change of a tracking number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When, by the model's clock.
    pub at: Timestamp,
    /// When, by the runtime's clock, since the model was made.
    pub elapsed: Duration,
    /// The shop.
    pub shop: String,
    /// The order.
    pub order: String,
    /// The line items the number is for, sorted.
    pub lines: Vec<String>,
    /// The number exactly as it was sent.
    pub number: String,
    /// The shipping provider's id.
    pub provider: String,
    /// First number or correction.
    pub kind: ChangeKind,
    /// The package that carries it.
    pub package: String,
}

/// How a request ended for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// An answer with this HTTP status; `code` is that of the envelope, none when the answer was made unreadable.
    Answered {
        /// HTTP status.
        http: u16,
        /// TikTok's code; 0 is success.
        code: Option<i64>,
    },
    /// The connection was dropped.
    Reset,
    /// Nothing came back.
    Hung,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When it arrived, by the model's clock.
    pub at: Timestamp,
    /// When it arrived, by the runtime's clock, since the model was made. Rate checks use this.
    pub elapsed: Duration,
    /// When its answer left, by the same clock.
    pub left: Duration,
    /// Which call it was; none for a path that is no call.
    pub call: Option<Call>,
    /// The shop its cipher names, known or not yet checked.
    pub shop: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// How long its answer asked to wait (`Retry-After`).
    pub asked: Option<Duration>,
    /// Whether it changed anything in the model: a reset with `changed` was a reset after commit.
    pub changed: bool,
}

/// Both lists.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// Accepted changes, oldest first.
    pub changes: Vec<Change>,
    /// Requests, in the order in which their answers left.
    pub requests: Vec<Seen>,
}

impl Journal {
    /// How many requests of this call arrived.
    #[must_use]
    pub fn count(&self, call: Call) -> usize {
        self.requests.iter().filter(|seen| seen.call == Some(call)).count()
    }

    /// The accepted changes of one order.
    pub fn changes_of<'a>(&'a self, order: &'a str) -> impl Iterator<Item = &'a Change> {
        self.changes.iter().filter(move |change| change.order == order)
    }

    /// The largest number of requests of one kind that one shop received within any window of this length.
    /// Requests that were refused for their rate count too: they were sent.
    #[must_use]
    pub fn busiest(&self, shop: &str, writes: bool, window: Duration) -> usize {
        let mine = self.requests.iter().filter(|seen| {
            seen.shop.as_deref() == Some(shop) && seen.call.is_some_and(|call| call.is_write() == writes)
        });
        let mut times: Vec<Duration> = mine.map(|seen| seen.elapsed).collect();
        times.sort_unstable();
        let mut first = 0;
        let mut most = 0;
        for (last, time) in times.iter().enumerate() {
            while *time >= times[first] + window {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_window_is_found_wherever_it_starts() {
        let seen = |ms| Seen {
            at: Timestamp::UNIX_EPOCH,
            elapsed: Duration::from_millis(ms),
            left: Duration::from_millis(ms),
            call: Some(Call::GetOrders),
            shop: Some("7".into()),
            outcome: Outcome::Answered { http: 200, code: Some(0) },
            asked: None,
            changed: false,
        };
        let journal = Journal { changes: vec![], requests: [0, 900, 950, 1899, 1900].into_iter().map(seen).collect() };
        assert_eq!(journal.busiest("7", false, Duration::from_secs(1)), 3);
        assert_eq!(journal.busiest("7", true, Duration::from_secs(1)), 0);
        assert_eq!(journal.busiest("8", false, Duration::from_secs(1)), 0);
    }
}
