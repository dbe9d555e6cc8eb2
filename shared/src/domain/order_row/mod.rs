//! A TikTok order as Waybill keeps it from its creation to its end: what the clocks and people need, and nothing of the
//! buyer. Made from what TikTok showed by an allow-list; one rule says which news wins.

mod attention;
mod events;
mod kept;
mod limits;
mod units;
mod words;

pub use units::UnitState;
pub use words::{STATE_WORDS, state_word, tiktok_word};

use crate::domain::connection::Shop;
use crate::domain::deadline::{self, Clock, Deadline, Facts, Numbers, Pace, Stage};
use crate::domain::ids::{AccountId, PackageId, ProviderId, ShopId, TikTokOrderId};
use crate::domain::order::{
    Cancellation, Deadlines, Handling, OrderState, OrderType, Origin, ShipTo, Shipped, TikTokOrder,
};
use crate::domain::reason::Reason;
use crate::domain::region::Region;
use crate::domain::tracking::same_number;
pub use attention::Attention;
pub use events::{Chain, Event};
use jiff::Timestamp;
pub use kept::{News, facts_of};

/// Who ships an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ours {
    /// The seller: it is imported, its clocks run.
    Seller,
    /// TikTok's own shipping.
    TikTokShipping,
    /// TikTok's own stock.
    TikTokStock,
}

/// Units of one stock code in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    /// The merchant's stock code; may be empty.
    pub sku: String,
    /// Their state.
    pub state: UnitState,
    /// How many.
    pub count: u32,
}

/// A package with a number, as TikTok has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// TikTok's id.
    pub id: Option<PackageId>,
    /// The number.
    pub number: Option<String>,
    /// The carrier.
    pub provider: Option<ProviderId>,
    /// The state of the unit of it that is least far.
    pub state: UnitState,
    /// When TikTok took the number.
    pub since: Timestamp,
}

/// What TikTok showed of an order, without its buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFacts {
    /// Its state.
    pub state: OrderState,
    /// TikTok's time of that state.
    pub updated: Option<Timestamp>,
    /// When it was placed.
    pub created: Timestamp,
    /// When it was paid.
    pub paid: Option<Timestamp>,
    /// Who ships it.
    pub ours: Ours,
    /// A sample.
    pub sample: bool,
    /// TikTok's type.
    pub order_type: Option<OrderType>,
    /// A pre-order's release.
    pub release: Option<Timestamp>,
    /// The seller's handling time.
    pub handling: Option<Handling>,
    /// Placed, a replacement, an exchange.
    pub origin: Origin,
    /// TikTok's suggestion of a common parcel.
    pub group: Option<String>,
    /// Every deadline it names.
    pub named: Deadlines,
    /// Its units, as counts.
    pub units: Vec<Units>,
    /// Whether TikTok shows an address.
    pub ship_to: ShipTo,
    /// Its packages with a number.
    pub packages: Vec<Package>,
    /// First scan.
    pub scanned: Option<Timestamp>,
    /// Delivered.
    pub delivered: Option<Timestamp>,
    /// When and by whom it was cancelled, with TikTok's code.
    pub cancelled: Option<(Option<Timestamp>, Cancellation)>,
}

/// An order's place in its shop's lists of clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Under which deadline.
    pub due: Timestamp,
    /// Of which clock.
    pub clock: Clock,
    /// When it came under this deadline.
    pub since: Timestamp,
    /// A deadline has passed: it stands in LATE under its next one.
    pub late: bool,
}

/// An order's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// Who owns the shop.
    pub account: AccountId,
    /// The shop.
    pub shop: ShopId,
    /// TikTok's id.
    pub order: TikTokOrderId,
    /// What TikTok showed last.
    pub facts: OrderFacts,
    /// When the read began that this is from.
    pub seen: Timestamp,
    /// When the row last changed.
    pub changed: Timestamp,
    /// Corrections of a number that were seen.
    pub edits: u32,
    /// Deliveries that failed, and when the last one did.
    pub failed: Option<(u32, Timestamp)>,
    /// When its tracking events were read last.
    pub tracked: Option<Timestamp>,
    /// The other order of its parcel, where one is known.
    pub sibling: Option<TikTokOrderId>,
    /// That order's number.
    pub sibling_number: Option<String>,
    /// A number that TikTok accepted and does not show.
    pub unmoved: Option<String>,
    /// What was found about its product's images while no store told of it; empty: nothing. `None`: nobody looked.
    pub images: Option<String>,
    /// What happened, the oldest first.
    pub events: Chain,
    /// Its place in the lists of clocks.
    pub place: Option<Place>,
    /// Why it needs a hand.
    pub attention: Option<Attention>,
    /// What a person dismissed about it.
    pub dismissed: Vec<Reason>,
    /// Counts its writes; zero: not stored yet.
    pub rev: u64,
}

/// Which kind of order it is; the first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// None of the others.
    Normal,
    /// A sample.
    Sample,
    /// A pre-order.
    PreOrder,
    /// Replaces what went wrong in another order.
    Replacement,
    /// Sent in exchange.
    Exchange,
}

impl Kind {
    /// The word of interfaces.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Sample => "sample",
            Self::PreOrder => "pre_order",
            Self::Replacement => "replacement",
            Self::Exchange => "exchange",
        }
    }
}

impl OrderFacts {
    /// How far it is, by its units.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self.state {
            OrderState::Cancelled
            | OrderState::AwaitingPayment
            | OrderState::Shipped(Shipped::Delivered | Shipped::Completed) => return Stage::Ended,
            _ => {}
        }
        let live = || self.units.iter().map(|units| units.state).filter(|state| *state < UnitState::Lost);
        if self.units.is_empty() {
            return match UnitState::of(&self.state) {
                state if state.is_open() => Stage::Open,
                UnitState::Accepted => Stage::Accepted,
                _ => Stage::InTransit,
            };
        }
        match live().min() {
            None => Stage::Ended,
            Some(state) if state.is_open() => Stage::Open,
            Some(UnitState::Accepted) => Stage::Accepted,
            Some(UnitState::InTransit) => Stage::InTransit,
            Some(_) => Stage::Ended,
        }
    }

    /// Why it is not imported, if so.
    #[must_use]
    pub fn skipped(&self) -> Option<Reason> {
        match self.ours {
            Ours::TikTokShipping => return Some(Reason::NotSellerShipping),
            Ours::TikTokStock => return Some(Reason::FulfilledByTikTok),
            Ours::Seller => {}
        }
        // Elsewhere the address is always hidden.
        let shippable = matches!(
            self.state,
            OrderState::AwaitingShipment
                | OrderState::PartiallyShipped
                | OrderState::ReadyToShip
                | OrderState::Shipped(Shipped::InTransit)
        );
        match self.ship_to {
            ShipTo::Masked if shippable => Some(Reason::AddressMasked),
            ShipTo::Missing if shippable => Some(Reason::NoShipTo),
            _ => None,
        }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match (&self.origin, self.sample, &self.order_type) {
            (Origin::ReplacementOf(_), ..) => Kind::Replacement,
            (Origin::ExchangeOf(_), ..) => Kind::Exchange,
            (_, true, _) => Kind::Sample,
            (_, _, Some(OrderType::PreOrder)) => Kind::PreOrder,
            _ => Kind::Normal,
        }
    }

    /// How many units in a state that `wanted` takes.
    pub fn count(&self, wanted: impl Fn(UnitState) -> bool) -> u32 {
        self.units.iter().filter(|units| wanted(units.state)).map(|units| units.count).sum()
    }

    /// The numbers TikTok has, each once.
    #[must_use]
    pub fn numbers(&self) -> Vec<&str> {
        let mut numbers: Vec<&str> = Vec::new();
        for number in self.packages.iter().filter_map(|package| package.number.as_deref()) {
            if !numbers.iter().any(|known| same_number(known, number)) {
                numbers.push(number);
            }
        }
        numbers
    }

    /// When TikTok took its first number.
    #[must_use]
    pub fn accepted(&self) -> Option<Timestamp> {
        self.packages.iter().map(|package| package.since).min()
    }

    fn pace(&self) -> Pace {
        match self.order_type {
            Some(OrderType::PreOrder) => Pace::PreOrder,
            Some(OrderType::MadeToOrder | OrderType::BackOrder) => Pace::Handling,
            _ if self.release.is_some_and(|release| release > self.created) => Pace::PreOrder,
            _ => Pace::Normal,
        }
    }
}

/// What a shop adds to an order's clocks.
#[derive(Clone, Debug)]
pub struct Rules<'a> {
    /// Its market.
    pub market: &'a Region,
    /// The numbers a person set.
    pub edited: &'a Numbers,
}

impl<'a> Rules<'a> {
    /// Of a shop.
    #[must_use]
    pub fn of(shop: &'a Shop) -> Self {
        Self { market: &shop.region, edited: &shop.settings.clocks }
    }
}

impl OrderRow {
    /// Every clock that runs and is not met, nearest first.
    #[must_use]
    pub fn unmet(&self, rules: &Rules<'_>) -> Vec<Deadline> {
        let facts = &self.facts;
        if facts.ours != Ours::Seller {
            return Vec::new();
        }
        let unscanned = facts.packages.iter().filter(|package| package.state == UnitState::Accepted);
        deadline::unmet(&Facts {
            market: rules.market,
            created: facts.created,
            release: facts.release,
            handling: facts.handling,
            pace: facts.pace(),
            named: &facts.named,
            edited: rules.edited,
            stage: facts.stage(),
            unscanned_since: unscanned.map(|package| package.since).min(),
            any_accepted: !facts.packages.is_empty(),
            failed_twice: self.failed.filter(|(count, _)| *count >= 2).map(|(_, at)| at),
        })
    }

    /// Puts the row where it belongs at a time: under its clock, and on the attention list. `true`: something moved.
    pub fn settle(&mut self, rules: &Rules<'_>, now: Timestamp) -> bool {
        let unmet = self.unmet(rules);
        let late = unmet.iter().any(|deadline| deadline.is_late(now));
        let under =
            if late { unmet.iter().find(|deadline| !deadline.is_late(now)).or(unmet.last()) } else { unmet.first() };
        let place = under.map(|deadline| {
            let same = self.place.filter(|known| known.due == deadline.due && known.clock == deadline.clock);
            let since = same.map_or(now, |known| known.since);
            Place { due: deadline.due, clock: deadline.clock, since, late }
        });
        let attention = attention::of(self, &unmet, now);
        let moved = place != self.place || attention != self.attention;
        if let Some(new) =
            attention.as_ref().filter(|new| self.attention.as_ref().map(|a| a.reason) != Some(new.reason))
        {
            self.events.add(Event::listed(now, new.reason));
        }
        self.place = place;
        self.attention = attention;
        moved
    }

    /// The clock shown for it: the earliest that is not met, passed or not.
    #[must_use]
    pub fn shown_clock(&self, rules: &Rules<'_>) -> Option<Deadline> {
        self.unmet(rules).into_iter().next()
    }

    /// A possible cause why no store got it, never the certain one: while it is open and no store told of it.
    #[must_use]
    pub fn possible_cause(&self, stores: usize) -> Option<&str> {
        let open = stores == 0 && self.facts.stage() == Stage::Open;
        self.images.as_deref().filter(|found| open && !found.is_empty())
    }

    /// Nothing more is expected of it.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.facts.stage() == Stage::Ended
    }
}

/// What a read says about a known order.
impl TikTokOrder {
    /// Who ships it. What TikTok leaves out counts as ours.
    #[must_use]
    pub fn ours(&self) -> Ours {
        let is = |value: &Option<String>, word: &str| value.as_ref().is_none_or(|v| v.eq_ignore_ascii_case(word));
        if !is(&self.fulfillment_type, "FULFILLMENT_BY_SELLER") {
            Ours::TikTokStock
        } else if !is(&self.shipping_type, "SELLER") {
            Ours::TikTokShipping
        } else {
            Ours::Seller
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
