//! What happened to an order: few bytes each, at most ten, chained so that a changed or missing one is found.

use crate::domain::order::OrderState;
use crate::domain::order_row::UnitState;
use crate::domain::reason::Reason;
use jiff::Timestamp;
use ring::digest::{Context, SHA256};

/// The most that are kept. The first one stays: it says how the order came in.
const MOST: usize = 10;

/// One thing that happened: a letter, and a detail that is never about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// A letter, and a detail behind a colon.
    pub code: String,
}

impl Event {
    fn of(at: Timestamp, code: impl Into<String>) -> Self {
        Self { at, code: code.into() }
    }

    /// First seen, in this state.
    #[must_use]
    pub fn imported(at: Timestamp, state: &OrderState) -> Self {
        Self::of(at, format!("i:{}", letter(state)))
    }

    /// The state moved on.
    #[must_use]
    pub fn moved(at: Timestamp, state: &OrderState) -> Self {
        Self::of(at, format!("s:{}", letter(state)))
    }

    /// The state went back: TikTok took something back.
    #[must_use]
    pub fn taken_back(at: Timestamp, state: &OrderState) -> Self {
        Self::of(at, format!("b:{}", letter(state)))
    }

    /// A number was added, or another one stands in its place.
    #[must_use]
    pub fn number(at: Timestamp, corrected: bool) -> Self {
        Self::of(at, if corrected { "c" } else { "n" })
    }

    /// TikTok moved a deadline.
    #[must_use]
    pub fn deadline(at: Timestamp) -> Self {
        Self::of(at, "d")
    }

    /// It became ours, or TikTok's.
    #[must_use]
    pub fn kind(at: Timestamp, ours: bool) -> Self {
        Self::of(at, if ours { "k:s" } else { "k:t" })
    }

    /// A delivery failed.
    #[must_use]
    pub fn failed(at: Timestamp) -> Self {
        Self::of(at, "f")
    }

    /// It came on the attention list.
    #[must_use]
    pub fn listed(at: Timestamp, reason: Reason) -> Self {
        Self::of(at, format!("w:{reason}"))
    }

    /// A person dismissed a reason.
    #[must_use]
    pub fn dismissed(at: Timestamp, reason: Reason) -> Self {
        Self::of(at, format!("v:{reason}"))
    }

    /// For people.
    #[must_use]
    pub fn shown_as(&self) -> String {
        let (kind, detail) = self.code.split_once(':').unwrap_or((&self.code, ""));
        let state = || match detail.chars().next() {
            Some('p') => "partly shipped",
            letter => letter.and_then(UnitState::of_letter).map_or("unknown", UnitState::shown_as),
        };
        let reason = || Reason::parse(detail).map_or(detail, |reason| reason.sentence().trim_end_matches('.'));
        match kind {
            "i" => format!("first seen: {}", state()),
            "s" => format!("TikTok: {}", state()),
            "b" => format!("TikTok took it back: {}", state()),
            "n" => "TikTok has a number".to_owned(),
            "c" => "the number was corrected".to_owned(),
            "d" => "TikTok moved a deadline".to_owned(),
            "k" if detail == "s" => "Seller Shipping now".to_owned(),
            "k" => "TikTok ships it now".to_owned(),
            "f" => "a delivery failed".to_owned(),
            "w" => format!("needs a hand: {}", reason()),
            "v" => format!("dismissed by a person: {}", reason()),
            _ => self.code.clone(),
        }
    }
}

fn letter(state: &OrderState) -> char {
    if *state == OrderState::PartiallyShipped { 'p' } else { UnitState::of(state).letter() }
}

/// The events of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// Those that are kept, oldest first.
    pub kept: Vec<Event>,
    /// How many are not kept any more.
    pub dropped: u32,
    /// SHA-256 over the hash before and the event, from the first event on.
    pub hash: [u8; 32],
}

impl Chain {
    /// Adds an event.
    pub fn add(&mut self, event: Event) {
        let mut context = Context::new(&SHA256);
        context.update(&self.hash);
        context.update(event.at.as_second().to_string().as_bytes());
        context.update(event.code.as_bytes());
        self.hash.copy_from_slice(context.finish().as_ref());
        if self.kept.len() >= MOST {
            self.kept.remove(1);
            self.dropped += 1;
        }
        self.kept.push(event);
    }
}
