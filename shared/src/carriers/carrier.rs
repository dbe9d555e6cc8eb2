//! One carrier as the data knows it, and a shape of its numbers that a text has.

use crate::carriers::shape::{CheckResult, Shape, Strength};
use serde::Deserialize;
use std::collections::BTreeMap;

/// One carrier.
#[derive(Debug)]
pub struct Carrier {
    /// Stable key, for example `royal_mail`.
    pub key: String,
    /// The name people know.
    pub name: String,
    /// Other names, services and slugs, from every source.
    pub aliases: Vec<String>,
    /// What TikTok Shop says about it, by market (`UK`, `US`, …).
    pub listings: BTreeMap<String, Listing>,
    /// Shapes of its numbers; empty: none is public.
    pub shapes: Vec<Shape>,
    /// What a person should know.
    pub note: Option<String>,
    /// Place in the catalogue.
    pub(super) index: usize,
    pub(super) platform_names: BTreeMap<String, Vec<String>>,
}

/// A carrier in one market. TikTok's ids in the data are deliberately not read: only a live list gives one.
#[derive(Clone, Debug, Deserialize)]
pub struct Listing {
    /// `None`: it stood on an old list only; ask the live list.
    pub approved: Option<bool>,
    /// TikTok's name for it.
    pub tiktok_name: String,
    /// Which lists name it.
    pub list_sources: Vec<String>,
    #[serde(default)]
    other_providers: Vec<OtherName>,
}

#[derive(Clone, Debug, Deserialize)]
struct OtherName {
    tiktok_name: String,
}

impl Listing {
    /// Every name under which TikTok lists the carrier in this market.
    pub fn tiktok_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.tiktok_name.as_str()).chain(self.other_providers.iter().map(|o| o.tiktok_name.as_str()))
    }
}

/// A carrier's shape that a text has, and what its check digit says.
#[derive(Clone, Copy, Debug)]
pub struct Fit<'c> {
    /// Whose shape.
    pub carrier: &'c Carrier,
    /// Which shape.
    pub shape: &'c Shape,
    /// What the check digit says; see [`CheckResult::fits`].
    pub check: CheckResult,
}

impl Fit<'_> {
    /// The text is a number of this shape, strong enough to speak for the carrier without its name.
    #[must_use]
    pub fn speaks(&self) -> bool {
        self.check.fits() && self.shape.strength != Strength::Weak
    }

    /// The check digit is right, and passing it proves something.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.check == CheckResult::Passed && self.shape.is_proof()
    }

    /// The shape points at this carrier, and a check digit or a prefix of its own bears that out. Without either it is a
    /// form that other papers have too ("two letters and seven digits"), good only to confirm a carrier that was named.
    #[must_use]
    pub fn stands_alone(&self, compact: &str) -> bool {
        self.check.fits()
            && self.shape.strength == Strength::Exclusive
            && (self.is_proven() || self.shape.is_marked(compact))
    }
}

/// Each carrier once, in the order given.
pub(super) fn distinct<'c>(carriers: impl Iterator<Item = &'c Carrier>) -> Vec<&'c Carrier> {
    let mut kept: Vec<&'c Carrier> = Vec::new();
    for carrier in carriers {
        if kept.iter().all(|known| known.index != carrier.index) {
            kept.push(carrier);
        }
    }
    kept
}
