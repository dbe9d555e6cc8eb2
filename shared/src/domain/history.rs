//! What happens to a parcel, as kept in its row: a closed list of kinds, each with the word that rows store.

use crate::domain::reason::Reason;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that happened to a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: EventKind,
    /// A detail, never about a person.
    pub detail: String,
}

/// What kind of thing it was. The code asks for the kind; the word is for rows and for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Held, waiting or warned, for this reason.
    Reason(Reason),
    /// Any other kind of this version.
    Plain(Plain),
    /// A word that another version stored: shown as it is, and no decision hangs on it.
    Other(String),
}

macro_rules! plain {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// Kinds without a reason.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Plain {
            $($(#[$doc])* $name,)*
        }

        impl Plain {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stored word. Never changed: rows of earlier versions are read by it.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

plain! {
    /// A webhook brought the number.
    Received = "received",
    /// A poll brought the number: no webhook did.
    FoundByPoll = "found by poll",
    /// The store names another carrier; holds for the old name no longer count.
    CarrierChanged = "carrier changed in the store",
    /// A number that was taken off is in use again.
    NumberBack = "number is back in the store",
    /// The store named another TikTok order for the shipment; the detail is the order.
    OrderNamed = "the store names another order",
    /// Another number took its place.
    Replaced = "replaced in the store",
    /// The shipment or the order was cancelled in the store.
    CancelledInStore = "cancelled in the store",
    /// TikTok took the first number.
    Accepted = "accepted",
    /// TikTok took a correction.
    Corrected = "corrected",
    /// A read found what a lost answer left open.
    Reconciled = "reconciled",
    /// A read found at TikTok what we had sent.
    Unchanged = "unchanged at TikTok",
    /// TikTok had the number, and not from us.
    AlreadyThere = "already at TikTok",
    /// Closed without sending; the detail is the state.
    Closed = "closed",
    /// A write got no readable answer.
    AnswerLost = "answer lost",
    /// A person queued it again.
    QueuedAgain = "queued again",
    /// A person said that number and carrier are right.
    Confirmed = "confirmed by a person",
    /// A person closed it; the detail is the note.
    DismissedByHand = "dismissed by a person",
    /// A person holds it here; the detail is the note.
    HeldByHand = "held by a person",
    /// A person released it.
    ReleasedByHand = "released by a person",
    /// A hold came to nothing because TikTok has the number; the detail says how.
    HoldEnded = "the hold ended: TikTok has the number",
    /// A person chose its items; the detail is how many.
    ItemsChosen = "items chosen by a person",
    /// A person named its TikTok order; the detail is the order.
    OrderByHand = "order named by a person",
    /// TikTok's webhook spoke of the order.
    OrderMoved = "TikTok: the order moved",
    /// TikTok does not know the order in one shop; the next is asked.
    NextShop = "another shop of the store is asked",
}

impl EventKind {
    /// The stored word: a reason's code, a kind's word.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Reason(reason) => reason.code(),
            Self::Plain(plain) => plain.word(),
            Self::Other(word) => word,
        }
    }

    /// Reads a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        if let Some(reason) = Reason::parse(word) {
            return Self::Reason(reason);
        }
        let known = Plain::ALL.iter().copied().find(|plain| plain.word() == word);
        known.map_or_else(|| Self::Other(word.to_owned()), Self::Plain)
    }

    /// The reason it was held, made to wait or warned for.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Reason(reason) => Some(*reason),
            _ => None,
        }
    }
}

impl From<Reason> for EventKind {
    fn from(reason: Reason) -> Self {
        Self::Reason(reason)
    }
}

impl From<Plain> for EventKind {
    fn from(plain: Plain) -> Self {
        Self::Plain(plain)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for EventKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for EventKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back_as_its_kind_and_no_word_means_two_things() {
        let mut words = std::collections::HashSet::new();
        let all = Plain::ALL.iter().map(|plain| EventKind::Plain(*plain));
        for kind in all.chain(Reason::ALL.iter().map(|reason| EventKind::Reason(*reason))) {
            assert!(words.insert(kind.word().to_owned()), "{kind} twice");
            assert_eq!(EventKind::parse(kind.word()), kind);
        }
    }
}
