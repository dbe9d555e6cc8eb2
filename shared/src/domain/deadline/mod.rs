//! The clocks of an order: by when TikTok wants what, who says so, and what meets it.
//!
//! Pure: facts and a time in, deadlines out. The order's own time counts; else what a person set for the shop; else the
//! market's policy as of the day the order was placed; else the default of the product's sources ("seed").

pub mod business;
mod holidays;
pub mod policy;
mod pressing;
mod source;

pub use pressing::{Bucket, Urgency};
pub use source::Source;

use crate::domain::order::{Deadlines, Handling};
use crate::domain::region::Region;
use jiff::{SignedDuration, Timestamp};
pub use policy::{Numbers, Policy};

/// Seed: a tracking number within this time after the order.
const RTS: SignedDuration = SignedDuration::from_hours(48);
/// Seed: collected 120 h after the order, which is this long after a normal order's number was due.
const SCAN_AFTER_RTS: SignedDuration = SignedDuration::from_hours(72);
/// Seed: lost 12 days after the order without receipt.
const LOST_AFTER_RTS: SignedDuration = SignedDuration::from_hours(10 * 24);
/// Seed: cancelled 15 days after the order.
const CANCEL_AFTER_RTS: SignedDuration = SignedDuration::from_hours(13 * 24);
/// The last day before an automatic cancellation.
const LAST_DAY: SignedDuration = SignedDuration::from_hours(24);

/// What runs on an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clock {
    /// A tracking number for every unit.
    Rts,
    /// The carrier's first scan of every package.
    Scan,
    /// Delivery of every package.
    Deliver,
    /// TikTok cancels by itself.
    AutoCancel,
    /// The parcel counts as lost.
    Lost,
    /// The buyer may ask for the money back.
    Refund,
}

impl Clock {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Rts, Self::Scan, Self::Deliver, Self::AutoCancel, Self::Lost, Self::Refund];

    /// The word of interfaces and filters.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rts => "RTS",
            Self::Scan => "SCAN",
            Self::Deliver => "DELIVER",
            Self::AutoCancel => "AUTO_CANCEL",
            Self::Lost => "LOST",
            Self::Refund => "REFUND",
        }
    }

    /// The clock of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|clock| clock.word().eq_ignore_ascii_case(word))
    }

    /// One letter, for keys of lists. Rows hang on it for ever.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Rts => 'R',
            Self::Scan => 'S',
            Self::Deliver => 'D',
            Self::AutoCancel => 'A',
            Self::Lost => 'L',
            Self::Refund => 'B',
        }
    }

    /// The clock of a letter.
    #[must_use]
    pub fn of_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|clock| clock.letter() == letter)
    }

    /// What it is about, for people.
    #[must_use]
    pub fn shown_as(self) -> &'static str {
        match self {
            Self::Rts => "tracking number",
            Self::Scan => "first scan",
            Self::Deliver => "delivery",
            Self::AutoCancel => "automatic cancellation",
            Self::Lost => "lost",
            Self::Refund => "refund on request",
        }
    }

    /// Whether people are told before it passes.
    #[must_use]
    pub fn alerts(self) -> bool {
        matches!(self, Self::Rts | Self::Scan | Self::AutoCancel)
    }
}

/// A clock that is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// Which.
    pub clock: Clock,
    /// When it began to run.
    pub starts: Timestamp,
    /// By when.
    pub due: Timestamp,
    /// Who says so.
    pub source: Source,
}

impl Deadline {
    /// Whether it has passed.
    #[must_use]
    pub fn is_late(&self, now: Timestamp) -> bool {
        now > self.due
    }

    /// How near it is.
    #[must_use]
    pub fn urgency(&self, now: Timestamp) -> Urgency {
        let whole = self.due.duration_since(self.starts);
        let over = now.duration_since(self.starts);
        // `over / whole >= of / in_`, without fractions.
        let reached = |of: i32, in_: i32| over * in_ >= whole * of;
        if self.is_late(now) {
            Urgency::Late
        } else if self.clock == Clock::AutoCancel {
            if self.due.duration_since(now) <= LAST_DAY {
                Urgency::Red
            } else if reached(2, 3) {
                Urgency::Amber
            } else {
                Urgency::Calm
            }
        } else if reached(4, 5) {
            Urgency::Red
        } else if reached(1, 2) {
            Urgency::Amber
        } else {
            Urgency::Calm
        }
    }
}

/// How far an order is, as its units tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// A unit has no number yet.
    Open,
    /// Every unit has one; a package was not scanned yet.
    Accepted,
    /// Every package was scanned; one is not delivered.
    InTransit,
    /// Delivered, cancelled, or nothing of it is left to wait for.
    Ended,
}

/// Which handling time an order has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The market's.
    Normal,
    /// Made to order, back order, custom.
    Handling,
    /// Ships from its release on.
    PreOrder,
}

/// What deadlines are made of.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The shop's market.
    pub market: &'a Region,
    /// When the order was placed.
    pub created: Timestamp,
    /// A pre-order's release.
    pub release: Option<Timestamp>,
    /// The seller's own handling time.
    pub handling: Option<Handling>,
    /// Which of them counts.
    pub pace: Pace,
    /// What the order names.
    pub named: &'a Deadlines,
    /// What a person set for the shop.
    pub edited: &'a Numbers,
    /// How far it is.
    pub stage: Stage,
    /// When TikTok took a number whose package is still without a scan; the first of them.
    pub unscanned_since: Option<Timestamp>,
    /// A number was taken.
    pub any_accepted: bool,
    /// When the second delivery failed.
    pub failed_twice: Option<Timestamp>,
}

/// Every clock that runs and is not met, nearest first.
#[must_use]
pub fn unmet(facts: &Facts<'_>) -> Vec<Deadline> {
    if facts.stage == Stage::Ended {
        return Vec::new();
    }
    let rts = facts.rts();
    let cancel = facts.auto_cancel(&rts);
    let mut all = vec![cancel];
    if facts.stage == Stage::Open {
        all.push(rts);
    }
    if facts.stage <= Stage::Accepted {
        all.push(facts.scan(&rts, &cancel));
    }
    all.extend(facts.deliver(&rts));
    all.extend(facts.lost(&rts));
    all.extend(facts.refund());
    all.sort_by_key(|deadline| (deadline.due, deadline.clock));
    all
}

impl Facts<'_> {
    fn policy(&self) -> Option<&'static Policy> {
        let zone = business::zone(self.market.as_str())?;
        policy::on(self.market.as_str(), self.created.to_zoned(zone).date())
    }

    /// When handling begins.
    fn base(&self) -> Timestamp {
        self.release.filter(|release| *release > self.created).unwrap_or(self.created)
    }

    /// A number of business days, as a person set it or the policy has it.
    fn days(&self, clock: Clock, of: impl Fn(&Numbers) -> Option<u16>) -> Option<(u16, Source)> {
        if let Some(days) = of(self.edited) {
            return Some((days, Source::Shop(clock)));
        }
        let policy = self.policy()?;
        Some((of(&policy.numbers)?, Source::Policy(policy)))
    }

    fn after(&self, from: Timestamp, days: u16) -> Timestamp {
        business::after(self.market.as_str(), from, days)
            .or_else(|| business::after_calendar_days(self.market.as_str(), from, days))
            .unwrap_or(from)
    }

    fn named(&self, clock: Clock, fields: &[(&'static str, Option<Timestamp>)]) -> Option<Deadline> {
        // Before a pre-order's release TikTok takes no number: a time that lies there is not meant.
        let meant = |due: &Timestamp| self.release.is_none_or(|release| *due > release);
        let (field, due) = fields.iter().find_map(|(field, due)| Some((*field, due.filter(&meant)?)))?;
        Some(Deadline { clock, starts: self.created, due, source: Source::Order(field) })
    }

    fn rts(&self) -> Deadline {
        let clock = Clock::Rts;
        if let Some(named) = self.named(clock, &[("rts_sla_time", self.named.rts_sla)]) {
            return named;
        }
        let base = self.base();
        let own = self.handling.filter(|handling| self.pace != Pace::Normal && handling.days > 0);
        let (due, source) = if let Some(handling) = own {
            let market = self.market.as_str();
            let due = if handling.business {
                self.after(base, handling.days)
            } else {
                business::after_calendar_days(market, base, handling.days).unwrap_or(base)
            };
            (due, Source::Order("handling_duration"))
        } else {
            match self.days(clock, |numbers| numbers.rts) {
                Some((days, source)) => (self.after(base, days), source),
                None => (base + RTS, Source::Seed("48h")),
            }
        };
        Deadline { clock, starts: base, due, source }
    }

    /// A policy's number counts from the order; where handling takes its own time, the days beyond the number of RTS
    /// count from RTS.
    fn by_policy(&self, clock: Clock, rts: &Deadline, of: impl Fn(&Numbers) -> Option<u16>) -> Option<Deadline> {
        let (days, source) = self.days(clock, of)?;
        let due = if self.pace == Pace::Normal {
            self.after(self.created, days)
        } else {
            let ready = self.days(Clock::Rts, |numbers| numbers.rts).map_or(0, |(days, _)| days);
            self.after(rts.due, days.saturating_sub(ready))
        };
        Some(Deadline { clock, starts: self.created, due, source })
    }

    fn scan(&self, rts: &Deadline, cancel: &Deadline) -> Deadline {
        let clock = Clock::Scan;
        let scan = self
            .named(clock, &[("tts_sla_time", self.named.tts_sla)])
            .or_else(|| self.by_policy(clock, rts, |numbers| numbers.scan))
            .unwrap_or_else(|| Deadline {
                clock,
                starts: rts.starts,
                due: rts.due + SCAN_AFTER_RTS,
                source: Source::Seed("120h"),
            });
        if scan.due <= cancel.due { scan } else { Deadline { due: cancel.due, source: cancel.source, ..scan } }
    }

    fn auto_cancel(&self, rts: &Deadline) -> Deadline {
        let clock = Clock::AutoCancel;
        let named = self.named;
        let of_stage = match self.stage {
            Stage::Open => ("shipping_due_time", named.shipping_due),
            Stage::Accepted => ("collection_due_time", named.collection_due),
            Stage::InTransit | Stage::Ended => ("delivery_due_time", named.delivery_due),
        };
        let any = named.shipping_due.or(named.collection_due).or(named.delivery_due).is_some();
        let old = named.cancel_order_sla.filter(|_| !any);
        if let Some(named) = self.named(clock, &[of_stage, ("cancel_order_sla_time", old)]) {
            return named;
        }
        // The rule is about orders without valid tracking: a scanned number is valid.
        let rule = match self.pace {
            _ if self.stage > Stage::Accepted => None,
            Pace::Normal => self.days(clock, |numbers| numbers.auto_cancel).map(|rule| (rule, self.created)),
            Pace::Handling => self.days(clock, |numbers| numbers.auto_cancel_handling).map(|rule| (rule, rts.due)),
            Pace::PreOrder => self.days(clock, |numbers| numbers.auto_cancel_pre_order).map(|rule| (rule, rts.due)),
        };
        let (due, source) = match rule {
            Some(((days, source), from)) => (self.after(from, days), source),
            None => (rts.due + CANCEL_AFTER_RTS, Source::Seed("15d")),
        };
        Deadline { clock, starts: self.created, due, source }
    }

    fn deliver(&self, rts: &Deadline) -> Option<Deadline> {
        self.named(Clock::Deliver, &[("delivery_sla_time", self.named.delivery_sla)])
            .or_else(|| self.by_policy(Clock::Deliver, rts, |numbers| numbers.deliver))
    }

    /// Three rules run side by side; the first to pass names itself.
    fn lost(&self, rts: &Deadline) -> Option<Deadline> {
        let clock = Clock::Lost;
        let unscanned = self.unscanned_since.and_then(|since| {
            let (days, source) = self.days(clock, |numbers| numbers.lost)?;
            let due = since + SignedDuration::from_hours(i64::from(days) * 24);
            Some(Deadline { clock, starts: since, due, source })
        });
        let undelivered = self.any_accepted.then(|| Deadline {
            clock,
            starts: rts.starts,
            due: rts.due + LOST_AFTER_RTS,
            source: Source::Seed("12d"),
        });
        let failed = self.failed_twice.map(|at| Deadline {
            clock,
            starts: self.created,
            due: at,
            source: Source::Seed("2-attempts"),
        });
        [unscanned, undelivered, failed].into_iter().flatten().min_by_key(|deadline| deadline.due)
    }

    fn refund(&self) -> Option<Deadline> {
        let since = self.unscanned_since.filter(|_| self.stage == Stage::Accepted)?;
        let (days, source) = self.days(Clock::Refund, |numbers| numbers.refund)?;
        Some(Deadline { clock: Clock::Refund, starts: since, due: self.after(since, days), source })
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
