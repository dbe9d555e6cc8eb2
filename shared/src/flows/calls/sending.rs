//! The four calls that carry a number to TikTok.

use crate::domain::decision::{Carried, Through};
use crate::domain::ids::{LineItemId, PackageId, TikTokOrderId};
use crate::domain::region::FirstCall;
use crate::tiktok::packages::{NumberCall, Sending as Body, Shipped, Write};
use crate::tiktok::{Call, TikTok, TikTokError};
use jiff::Timestamp;

/// What is sent, and how.
#[derive(Clone, Debug)]
pub enum Sending {
    /// Mark package as shipped.
    Order {
        /// The units.
        lines: Vec<LineItemId>,
        /// No line needs naming.
        whole: bool,
    },
    /// Ship package with self-shipment.
    Package {
        /// The package.
        package: PackageId,
        /// Its units.
        lines: Vec<LineItemId>,
    },
    /// A correction, by order or (split) by package.
    Correction {
        /// The package of a split order.
        package: Option<PackageId>,
        /// The units.
        lines: Vec<LineItemId>,
        /// Corrections used, this one included.
        edits: u32,
        /// When the units were first shipped.
        shipped_at: Timestamp,
    },
}

impl Sending {
    /// The call for a first number.
    #[must_use]
    pub fn first(through: Through, lines: Vec<LineItemId>) -> Self {
        match through {
            Through::Order { whole } => Self::Order { lines, whole },
            Through::Package(package) => Self::Package { package, lines },
        }
    }

    /// The units that the number stands on.
    #[must_use]
    pub fn lines(&self) -> &[LineItemId] {
        match self {
            Self::Order { lines, .. } | Self::Package { lines, .. } | Self::Correction { lines, .. } => lines,
        }
    }

    /// The package it goes to, where one is named.
    #[must_use]
    pub fn package(&self) -> Option<&PackageId> {
        match self {
            Self::Order { .. } => None,
            Self::Package { package, .. } => Some(package),
            Self::Correction { package, .. } => package.as_ref(),
        }
    }

    /// Which of the two calls for a first number it is; `None`: a correction.
    #[must_use]
    pub fn first_call(&self) -> Option<FirstCall> {
        match self {
            Self::Order { .. } => Some(FirstCall::MarkPackageAsShipped),
            Self::Package { .. } => Some(FirstCall::ShipPackage),
            Self::Correction { .. } => None,
        }
    }

    /// It replaces a number that we sent.
    #[must_use]
    pub fn is_correction(&self) -> bool {
        matches!(self, Self::Correction { .. })
    }

    /// Corrections used, this one included.
    #[must_use]
    pub fn edits(&self) -> u32 {
        match self {
            Self::Correction { edits, .. } => *edits,
            Self::Order { .. } | Self::Package { .. } => 0,
        }
    }

    /// When the units were first shipped; `None` for a first number.
    #[must_use]
    pub fn shipped_at(&self) -> Option<Timestamp> {
        match self {
            Self::Correction { shipped_at, .. } => Some(*shipped_at),
            Self::Order { .. } | Self::Package { .. } => None,
        }
    }

    /// The call as it goes out.
    #[must_use]
    pub fn call(&self, order: &TikTokOrderId, carried: &Carried) -> NumberCall {
        self.write(order).call(body(carried))
    }

    fn write<'a>(&'a self, order: &'a TikTokOrderId) -> Write<'a> {
        match self {
            // Naming no lines ships the whole order.
            Self::Order { whole: true, .. } => Write::Mark { order, lines: &[] },
            Self::Order { lines, whole: false } => Write::Mark { order, lines },
            Self::Package { package, .. } => Write::Ship { package },
            Self::Correction { package: None, .. } => Write::UpdateOrder { order },
            Self::Correction { package: Some(package), .. } => Write::UpdatePackage { package },
        }
    }
}

fn body(carried: &Carried) -> Body<'_> {
    Body { number: &carried.number, provider: &carried.provider }
}

/// Makes the call.
pub(super) async fn made(
    tiktok: &TikTok,
    call: Call<'_>,
    order: &TikTokOrderId,
    sending: &Sending,
    carried: &Carried,
) -> Result<Shipped, TikTokError> {
    tiktok.write_number(call, sending.write(order), body(carried)).await
}
