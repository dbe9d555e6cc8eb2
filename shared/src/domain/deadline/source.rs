//! Where a deadline comes from.

use super::Clock;
use super::policy::Policy;
use std::fmt;

/// Who says when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A field of TikTok's order.
    Order(&'static str),
    /// A number that a person set for the shop.
    Shop(Clock),
    /// The market's policy.
    Policy(&'static Policy),
    /// The product's default.
    Seed(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(field) => write!(f, "order:{field}"),
            Self::Shop(clock) => write!(f, "shop:{}", clock.word()),
            Self::Policy(policy) => policy.fmt(f),
            Self::Seed(number) => write!(f, "seed:{number}"),
        }
    }
}

impl Source {
    /// The same for people.
    #[must_use]
    pub fn shown_as(&self) -> String {
        match self {
            Self::Order(field) => format!("the order's {field}"),
            Self::Shop(_) => "this shop's setting".to_owned(),
            Self::Policy(policy) => {
                format!("TikTok's rule in {} since {}", policy.word.to_uppercase(), policy.valid_from)
            }
            Self::Seed(_) => "estimate".to_owned(),
        }
    }
}
