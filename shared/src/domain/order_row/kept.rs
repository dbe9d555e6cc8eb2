//! What is kept of TikTok's answer, and which news wins.

use super::{Chain, Event, OrderFacts, OrderRow, Ours, Package, UnitState, Units};
use crate::domain::connection::Shop;
use crate::domain::deadline::Stage;
use crate::domain::order::{OrderLine, OrderState, OrderType, PackageState, Shipped, TikTokOrder};
use crate::domain::tracking::same_number;
use jiff::Timestamp;

/// The longest stock code that is kept.
const SKU: usize = 50;

/// What a read means for the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing: it says what is known, or less.
    Nothing,
    /// The row as it is now.
    Row(Box<OrderRow>),
}

/// The allow-list: what of TikTok's answer is kept. `begun`: when the read began.
#[must_use]
pub fn facts_of(order: &TikTokOrder, begun: Timestamp) -> OrderFacts {
    let reached = order.update_time.unwrap_or(begun);
    let state = &order.state;
    let mut units: Vec<Units> = Vec::new();
    let mut packages: Vec<Package> = Vec::new();
    for line in &order.lines {
        let unit = unit_state(line);
        let sku: String = line.seller_sku.chars().take(SKU).collect();
        match units.iter_mut().find(|known| known.sku == sku && known.state == unit) {
            Some(known) => known.count += 1,
            None => units.push(Units { sku, state: unit, count: 1 }),
        }
        if let Some(package) = package_of(order, line, unit, reached) {
            join(&mut packages, package);
        }
    }
    units.sort_by(|a, b| (&a.sku, a.state).cmp(&(&b.sku, b.state)));
    let times = &order.times;
    let moving = |reached_by: Shipped| matches!(state, OrderState::Shipped(shipped) if *shipped >= reached_by);
    OrderFacts {
        state: state.clone(),
        updated: order.update_time,
        created: times.created.unwrap_or(reached),
        paid: order.paid_time,
        ours: order.ours(),
        sample: order.sample,
        // TikTok leaves it empty at times: a normal one.
        order_type: order.kind.order_type.clone().or(Some(OrderType::Normal)),
        release: order.kind.release,
        handling: order.kind.handling,
        origin: order.kind.origin.clone(),
        group: order.kind.combine_group.clone(),
        named: order.deadlines,
        units,
        ship_to: order.ship_to,
        packages,
        scanned: times.collected.or_else(|| moving(Shipped::InTransit).then_some(reached)),
        delivered: times.delivered.or_else(|| moving(Shipped::Delivered).then_some(reached)),
        cancelled: (*state == OrderState::Cancelled)
            .then(|| (times.cancelled, order.cancellation.clone().unwrap_or_default())),
    }
}

fn unit_state(line: &OrderLine) -> UnitState {
    // A unit that is cancelled itself is no lost parcel.
    match (UnitState::of(&line.state), &line.package_state) {
        (UnitState::Cancelled, _) => UnitState::Cancelled,
        (_, Some(PackageState::LostOrDamaged)) => UnitState::Lost,
        (state, _) => state,
    }
}

/// The package of a unit, once it has a number or is on its way.
fn package_of(order: &TikTokOrder, line: &OrderLine, unit: UnitState, reached: Timestamp) -> Option<Package> {
    if line.tracking.is_none() && (unit.is_open() || unit == UnitState::Cancelled) {
        return None;
    }
    Some(Package {
        id: line.package.clone(),
        number: line.tracking.clone(),
        provider: line.provider.clone(),
        state: unit,
        since: line.shipped.or(order.times.shipped).unwrap_or(reached),
    })
}

fn join(packages: &mut Vec<Package>, new: Package) {
    let same = |known: &&mut Package| match (&known.id, &new.id) {
        (Some(known), Some(new)) => known == new,
        _ => known.number == new.number,
    };
    match packages.iter_mut().find(same) {
        Some(known) => {
            known.state = known.state.min(new.state);
            known.since = known.since.min(new.since);
            known.number = known.number.take().or(new.number);
        }
        None => packages.push(new),
    }
}

impl OrderRow {
    /// What a read that began at `begun` means for what is known.
    #[must_use]
    pub fn news(known: Option<&Self>, shop: &Shop, order: &TikTokOrder, begun: Timestamp) -> News {
        let facts = facts_of(order, begun);
        // What another account's people added is neither shown nor used.
        let ours = known.filter(|known| known.account == shop.account);
        let Some(known) = ours else {
            if known.is_none() && facts.state == OrderState::AwaitingPayment {
                return News::Nothing;
            }
            let mut row = Self::first(shop, order, facts, begun);
            row.rev = known.map_or(0, |known| known.rev);
            return News::Row(Box::new(row));
        };
        if !known.yields_to(&facts, begun) {
            return News::Nothing;
        }
        let created = order.times.created.unwrap_or(known.facts.created);
        known.after(OrderFacts { created, ..facts }, begun)
    }

    fn first(shop: &Shop, order: &TikTokOrder, facts: OrderFacts, begun: Timestamp) -> Self {
        let mut events = Chain::default();
        events.add(Event::imported(begun, &facts.state));
        Self {
            account: shop.account.clone(),
            shop: shop.id.clone(),
            order: order.id.clone(),
            sibling: facts.origin.source().cloned(),
            facts,
            seen: begun,
            changed: begun,
            edits: 0,
            failed: None,
            tracked: None,
            sibling_number: None,
            unmoved: None,
            images: None,
            events,
            place: None,
            attention: None,
            dismissed: Vec::new(),
            rev: 0,
        }
    }

    /// A newer `update_time` wins, whatever its state; an older one never does. With equal or missing times the read
    /// that began later wins, and the state never goes back.
    fn yields_to(&self, news: &OrderFacts, begun: Timestamp) -> bool {
        match (self.facts.updated, news.updated) {
            (Some(known), Some(new)) if new != known => new > known,
            _ => begun >= self.seen && self.facts.state.may_become(&news.state),
        }
    }

    fn after(&self, mut facts: OrderFacts, begun: Timestamp) -> News {
        let known = &self.facts;
        let back = facts.state != known.state && !known.state.may_become(&facts.state);
        if facts.ours != Ours::Seller && facts.ours == known.ours {
            return News::Nothing;
        }
        // Delivered is the end for us; nothing is written for the days after which no more returns are possible.
        let completed = OrderState::Shipped(Shipped::Completed);
        if facts.state == completed
            && known.state == OrderState::Shipped(Shipped::Delivered)
            && facts.ours == known.ours
        {
            return News::Nothing;
        }
        if !back {
            facts.scanned = known.scanned.or(facts.scanned);
            facts.delivered = known.delivered.or(facts.delivered);
        }
        for package in &mut facts.packages {
            let before = known.packages.iter().find(|before| before.number == package.number);
            package.since = before.map_or(package.since, |before| before.since);
        }
        if facts.cancelled.is_some() && facts.packages.is_empty() {
            // The packages of a cancelled order may be gone from TikTok's answer; the parcel is on its way all the same.
            facts.packages.clone_from(&known.packages);
        }
        if facts == *known {
            return News::Nothing;
        }
        let mut row = self.clone();
        let mut note = |event| row.events.add(event);
        if back {
            note(Event::taken_back(begun, &facts.state));
        } else if facts.state != known.state {
            note(Event::moved(begun, &facts.state));
        }
        if facts.named != known.named {
            note(Event::deadline(begun));
        }
        if (facts.ours == Ours::Seller) != (known.ours == Ours::Seller) {
            note(Event::kind(begun, facts.ours == Ours::Seller));
        }
        let (added, corrected) = numbers_between(known, &facts);
        if corrected {
            note(Event::number(begun, true));
            row.edits += 1;
        } else if added && facts.state == known.state {
            note(Event::number(begun, false));
        }
        if row.unmoved.as_ref().is_some_and(|number| has_moved(&facts, number)) {
            row.unmoved = None;
        }
        row.sibling = facts.origin.source().cloned().or(row.sibling);
        // Once it is shipped nobody asks any more why no store had it.
        row.images = row.images.filter(|_| facts.packages.is_empty());
        row.facts = facts;
        row.seen = begun;
        row.changed = begun;
        News::Row(Box::new(row))
    }

    /// Whether there is nothing to wait for after TikTok accepted a number: its units are past waiting for shipment, or
    /// another number has taken its place since.
    #[must_use]
    pub fn has_settled(&self, number: &str) -> bool {
        let shown = self.facts.numbers().iter().any(|known| same_number(known, number));
        let replaced = !shown && (self.edits > 0 || self.facts.stage() > Stage::Open);
        replaced || has_moved(&self.facts, number) || self.is_ended()
    }
}

fn has_moved(facts: &OrderFacts, number: &str) -> bool {
    let with = |package: &&Package| package.number.as_deref().is_some_and(|known| same_number(known, number));
    facts.packages.iter().find(with).is_some_and(|package| !package.state.is_open())
}

/// Whether a number was added, and whether one took the place of another.
fn numbers_between(known: &OrderFacts, now: &OrderFacts) -> (bool, bool) {
    let (before, after) = (known.numbers(), now.numbers());
    let has = |list: &[&str], number: &str| list.iter().any(|other| same_number(other, number));
    let added = after.iter().any(|number| !has(&before, number));
    let gone = before.iter().any(|number| !has(&after, number));
    (added, added && gone)
}
