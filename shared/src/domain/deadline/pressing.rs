//! How pressing a deadline is: on the board, and by colour.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How near a deadline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// There is time.
    Calm,
    /// Half of the time is over; two thirds before an automatic cancellation.
    Amber,
    /// Four fifths are over; the last day before an automatic cancellation.
    Red,
    /// It passed.
    Late,
}

/// In which part of the board a deadline stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// It passed.
    Late,
    /// Later today, in the shop's zone.
    Today,
    /// Tomorrow there.
    Tomorrow,
    /// After that.
    Later,
}

impl Bucket {
    /// Of a due time.
    #[must_use]
    pub fn of(due: Timestamp, now: Timestamp, zone: &TimeZone) -> Self {
        let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
        let today = day(now);
        if now > due {
            Self::Late
        } else if day(due) == today {
            Self::Today
        } else if today.tomorrow().is_ok_and(|tomorrow| day(due) == tomorrow) {
            Self::Tomorrow
        } else {
            Self::Later
        }
    }

    /// The word of interfaces.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Today => "today",
            Self::Tomorrow => "tomorrow",
            Self::Later => "later",
        }
    }
}
