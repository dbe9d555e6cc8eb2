//! The carrier's events, read only where they can change something: in transit past half of the delivery time, or late; at
//! most once a day. How often a delivery failed is kept; the carrier's words are not.

use super::keep::change;
use super::walk::Walk;
use super::{Broken, Reads};
use crate::domain::deadline::{Clock, Urgency};
use crate::domain::ids::TikTokOrderId;
use crate::domain::order::{OrderState, Shipped, TikTokOrder};
use crate::domain::order_row::{Event, OrderRow, Rules};
use crate::domain::tracking_event::EventRules;
use crate::domain::visit::DAILY;
use jiff::Timestamp;

/// Orders of a visit whose events are read; the next visit goes on.
const MOST: u64 = 20;

/// Reads the events of those orders for which they matter.
pub(super) async fn track<R: Reads>(walk: &mut Walk<'_, R>, orders: &[TikTokOrder]) -> Result<(), Broken> {
    let moving = orders.iter().filter(|order| order.state == OrderState::Shipped(Shipped::InTransit));
    for order in moving {
        let row = walk.app.table.tiktok_order(&walk.shop.id, &order.id, false).await?;
        let now = walk.app.clock.now();
        let Some(row) = row.filter(|row| row.account == walk.shop.account && matters(row, &Rules::of(walk.shop), now))
        else {
            continue;
        };
        if walk.tracked >= MOST {
            return Ok(());
        }
        walk.tracked += 1;
        one(walk, &row.order, now).await?;
    }
    Ok(())
}

fn matters(row: &OrderRow, rules: &Rules<'_>, now: Timestamp) -> bool {
    let lately = row.tracked.is_some_and(|at| at + DAILY > now);
    let pressing = |clock: Clock, urgency: Urgency| {
        clock == Clock::Deliver && urgency >= Urgency::Amber || urgency == Urgency::Late
    };
    !lately && row.unmet(rules).iter().any(|deadline| pressing(deadline.clock, deadline.urgency(now)))
}

async fn one<R: Reads>(walk: &mut Walk<'_, R>, order: &TikTokOrderId, now: Timestamp) -> Result<(), Broken> {
    let events = match walk.events(order).await {
        Ok(events) => events,
        Err(Broken::TikTok(error)) => {
            // A scope of its own, or an order that TikTok has no events of: the clocks run without them.
            tracing::debug!(order.id = %order, error = &*error as &dyn std::error::Error, "no events of an order");
            Vec::new()
        }
        Err(other) => return Err(other),
    };
    let rules = EventRules::default();
    let told = events.iter().map(|event| (event.at, event.action_code, event.description.as_str()));
    let failed = u32::try_from(rules.failed_attempts(told)).unwrap_or(u32::MAX);
    let failures =
        events.iter().filter(|event| event.class(&rules) == crate::domain::tracking_event::EventClass::AttemptFailed);
    let last = failures.filter_map(|event| event.at).max().unwrap_or(now);
    change(walk.app, walk.shop, order, |row| {
        row.tracked = Some(now);
        if failed > row.failed.map_or(0, |(known, _)| known) {
            row.events.add(Event::failed(last));
            row.failed = Some((failed, last));
        }
    })
    .await?;
    Ok(())
}
