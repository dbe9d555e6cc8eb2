//! The four calls that carry a number to TikTok.

use super::calls::{ShopRun, Trouble};
use crate::domain::decision::{Carried, Through};
use crate::domain::ids::{LineItemId, PackageId, TikTokOrderId};
use crate::tiktok::packages::{Sending as Body, Shipped};
use crate::tiktok::{Call, TikTok, TikTokError};
use jiff::Timestamp;

/// What is sent, and how.
#[derive(Clone, Debug)]
pub(super) enum Sending {
    /// Mark package as shipped.
    Order { lines: Vec<LineItemId>, whole: bool },
    /// Ship package with self-shipment.
    Package { package: PackageId, lines: Vec<LineItemId> },
    /// A correction, by order or (split) by package.
    Correction { package: Option<PackageId>, lines: Vec<LineItemId>, edits: u32, shipped_at: Timestamp },
}

impl Sending {
    pub(super) fn first(through: Through, lines: Vec<LineItemId>) -> Self {
        match through {
            Through::Order { whole } => Self::Order { lines, whole },
            Through::Package(package) => Self::Package { package, lines },
        }
    }

    pub(super) fn lines(&self) -> &[LineItemId] {
        match self {
            Self::Order { lines, .. } | Self::Package { lines, .. } | Self::Correction { lines, .. } => lines,
        }
    }

    pub(super) fn package(&self) -> Option<&PackageId> {
        match self {
            Self::Order { .. } => None,
            Self::Package { package, .. } => Some(package),
            Self::Correction { package, .. } => package.as_ref(),
        }
    }

    pub(super) fn is_correction(&self) -> bool {
        matches!(self, Self::Correction { .. })
    }

    pub(super) fn edits(&self) -> u32 {
        match self {
            Self::Correction { edits, .. } => *edits,
            Self::Order { .. } | Self::Package { .. } => 0,
        }
    }

    pub(super) fn shipped_at(&self) -> Option<Timestamp> {
        match self {
            Self::Correction { shipped_at, .. } => Some(*shipped_at),
            Self::Order { .. } | Self::Package { .. } => None,
        }
    }
}

/// Makes the call.
pub(super) async fn call(
    shop: &ShopRun<'_>,
    order: &TikTokOrderId,
    sending: &Sending,
    carried: &Carried,
) -> Result<Shipped, Trouble> {
    let tiktok = &shop.run.app.tiktok;
    shop.write(Box::new(move |call: Call<'_>| {
        let (tiktok, order, sending, carried) = (tiktok.clone(), order.clone(), sending.clone(), carried.clone());
        let (app, auth, limit) = (call.app.clone(), call.shop.clone(), call.limit);
        Box::pin(async move { made(&tiktok, Call { app: &app, shop: &auth, limit }, &order, &sending, &carried).await })
    }))
    .await
}

async fn made(
    tiktok: &TikTok,
    call: Call<'_>,
    order: &TikTokOrderId,
    sending: &Sending,
    carried: &Carried,
) -> Result<Shipped, TikTokError> {
    let body = Body { number: &carried.number, provider: &carried.provider };
    match sending {
        // Naming no lines ships the whole order.
        Sending::Order { whole: true, .. } => tiktok.mark_package_as_shipped(call, order, &[], body).await,
        Sending::Order { lines, whole: false } => tiktok.mark_package_as_shipped(call, order, lines, body).await,
        Sending::Package { package, .. } => tiktok.ship_package(call, package, body).await,
        Sending::Correction { package: None, .. } => tiktok.update_order_shipping(call, order, body).await,
        Sending::Correction { package: Some(package), .. } => tiktok.update_package_shipping(call, package, body).await,
    }
}
