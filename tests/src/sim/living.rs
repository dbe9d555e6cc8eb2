//! Processes that may die: when one did, another takes its place.

use crate::world::calls::Side;
use crate::world::watch::{Ends, Watch};
use crate::world::{Process, text};
use std::fmt;
use std::sync::Arc;
use store_webhook::handle;

/// Which of the product's functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// The first worker of the push schedule.
    #[default]
    Push,
    /// Who answers deliveries.
    Webhook,
    /// The slow schedule.
    Slow,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Push, Self::Webhook, Self::Slow];
}

/// Where processes die.
#[derive(Clone, Debug, Default)]
pub struct Crash {
    /// Whose calls are counted.
    pub role: Role,
    /// On these calls, counted over all processes of the role, one after the other.
    pub calls: Vec<(u64, Side)>,
    /// Drop the push handler at its poll of this number, counted over the whole run.
    pub poll: Option<u64>,
    /// The process lives on when its handler is dropped.
    pub survived: bool,
    /// Nobody dies; where they could is noted.
    pub watched: bool,
}

/// As a person writes it: `Push 22 Before 15 After`, `poll 7`, or `dropped 7` where the process lives on.
impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(poll) = self.poll {
            return write!(f, "{} {poll}", if self.survived { "dropped" } else { "poll" });
        }
        write!(f, "{:?}", self.role)?;
        self.calls.iter().try_for_each(|(call, side)| write!(f, " {call} {side:?}"))
    }
}

impl Crash {
    /// Reads what [`Display`](fmt::Display) writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let first = words.next()?;
        let mut crash = Self::default();
        if matches!(first, "poll" | "dropped") {
            return Some(Self { poll: Some(words.next()?.parse().ok()?), survived: first == "dropped", ..crash });
        }
        crash.role = Role::ALL.into_iter().find(|role| format!("{role:?}") == first)?;
        while let (Some(call), Some(side)) = (words.next(), words.next()) {
            let side = [Side::Before, Side::After].into_iter().find(|known| format!("{known:?}") == side)?;
            crash.calls.push((call.parse().ok()?, side));
        }
        Some(crash)
    }
}

/// The living process of one role.
pub(super) struct Living {
    process: Process,
    past: u64,
    deaths: Vec<(u64, Side)>,
    watch: Option<Watch>,
}

impl Living {
    /// A process that will die on these calls of its line.
    pub(super) fn new(process: Process, deaths: Vec<(u64, Side)>, watch: Option<Watch>) -> Self {
        let living = Self { process, past: 0, deaths, watch };
        living.arm();
        living
    }

    fn arm(&self) {
        if let Some(watch) = &self.watch {
            self.process.calls.watch(watch.clone(), self.past);
        }
        for (call, side) in &self.deaths {
            if let Some(here) = call.checked_sub(self.past) {
                self.process.calls.kill(here, *side);
            }
        }
    }

    /// The one that lives now.
    pub(super) fn now(&self) -> &Process {
        &self.process
    }

    /// Calls so far, of all that lived.
    pub(super) fn calls(&self) -> u64 {
        self.past + self.process.calls.count()
    }

    /// Who watches.
    pub(super) fn watch(&self) -> Option<Watch> {
        self.watch.clone()
    }

    /// Where its line could end.
    pub(super) fn ends(&self) -> Ends {
        self.watch.as_ref().map(Watch::ends).unwrap_or_default()
    }

    /// Another one takes its place.
    pub(super) fn replace(&mut self, process: Process) {
        self.past = self.calls();
        self.process = process;
        self.arm();
    }

    /// Who comes from now on lives on.
    pub(super) fn spare(&mut self) {
        self.deaths.clear();
    }
}

/// How a process answers a delivery: nothing, when it dies meanwhile.
pub(super) async fn answer(process: Process, request: lambda_http::Request) -> (Option<u16>, String) {
    let app = Arc::clone(&process.app);
    let answer = process.calls.live(handle(&app, request)).await;
    let answer = answer.map(|answer| answer.unwrap_or_else(|never| match never {}));
    (answer.as_ref().map(|answer| answer.status().as_u16()), answer.as_ref().map(text).unwrap_or_default())
}
