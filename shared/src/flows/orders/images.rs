//! A possible cause why no store got an order: images of its product that break TikTok's rules. Looked at once for an order
//! that no store has told of while its time to ship runs out, within the reads of its shop's visit; never the reason.
//!
//! The scope (Product Basic) is optional. Without it TikTok is asked once a day and shop, and nothing else suffers.

use super::keep::change;
use super::walk::Walk;
use super::{Broken, Reads, board};
use crate::domain::deadline::{Clock, Stage};
use crate::domain::order::{OrderState, TikTokOrder};
use crate::domain::order_row::{Ours, Rules};
use crate::domain::reason::Reason;
use crate::domain::visit::DAILY;
use crate::table::orders::Known;
use crate::tiktok::Class;
use jiff::{SignedDuration, Timestamp};

/// Orders of one visit that are looked at; the next visit goes on.
const MOST: u64 = 5;
/// Connectors import within minutes, and a merchant ships within a day or two: an order that no store has told of so long
/// before the end of its time to ship, or after it, may never have reached one.
const BEFORE: SignedDuration = SignedDuration::from_hours(12);
/// Characters kept of what is found.
const LONGEST: usize = 120;

/// Looks at those orders of a read for which it may matter.
pub(super) async fn look<R: Reads>(walk: &mut Walk<'_, R>, orders: &[TikTokOrder]) -> Result<(), Broken> {
    for order in orders.iter().filter(|order| order.state == OrderState::AwaitingShipment) {
        let now = walk.app.clock.now();
        let quiet = walk.visit.row.images_refused.is_some_and(|at| at + DAILY > now);
        if quiet || walk.pictured >= MOST {
            return Ok(());
        }
        // Most orders have time, by their own word: their rows are not read for this.
        let in_time = order.deadlines.rts_sla.is_some_and(|due| due.duration_since(now) > BEFORE);
        if in_time || order.lines.iter().all(|line| line.product.is_none()) {
            continue;
        }
        let known = board::known(walk.app, walk.shop, &order.id).await?;
        if known.is_some_and(|known| matters(&known, &Rules::of(walk.shop), now)) {
            walk.pictured += 1;
            one(walk, order).await?;
        }
    }
    Ok(())
}

/// Nobody knows why it is in no store, and nobody looked yet.
fn matters(known: &Known, rules: &Rules<'_>, now: Timestamp) -> bool {
    let row = &known.row;
    let open = row.facts.ours == Ours::Seller && row.facts.stage() == Stage::Open && row.facts.packages.is_empty();
    let explained = row.facts.skipped().is_some() || row.sibling.is_some();
    let pressing = |due: Timestamp| due.duration_since(now) <= BEFORE;
    open && !explained
        && known.stores.is_empty()
        && row.images.is_none()
        && row.unmet(rules).iter().any(|deadline| deadline.clock == Clock::Rts && pressing(deadline.due))
}

async fn one<R: Reads>(walk: &mut Walk<'_, R>, order: &TikTokOrder) -> Result<(), Broken> {
    let found = match walk.images(order).await {
        Ok(found) => found,
        Err(Broken::TikTok(error)) => {
            tracing::debug!(order.id = %order.id, error = &*error as &dyn std::error::Error, "no images of a product");
            if error.class == Class::Park(Reason::ScopeMissing) {
                walk.visit.row.images_refused = Some(walk.app.clock.now());
                return Ok(());
            }
            // A product that TikTok does not show is asked for once.
            None
        }
        Err(other) => return Err(other),
    };
    let found: String = found.unwrap_or_default().chars().take(LONGEST).collect();
    change(walk.app, walk.shop, &order.id, |row| row.images = Some(found.clone())).await?;
    Ok(())
}
