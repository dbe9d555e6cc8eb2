//! Where rows stand in the lists of the three indexes.

use super::{IndexKey, Shard, clean, sortable, unclean};
use crate::domain::deadline::Clock;
use crate::domain::ids::{AccountId, ShopId, StoreId, TikTokOrderId};
use crate::domain::reason::Reason;
use jiff::Timestamp;

/// The list of parcels, orders and notices to work on.
#[must_use]
pub fn push_list(shard: Shard) -> String {
    format!("PUSH#{:02x}", shard.0)
}

/// A place in it.
#[must_use]
pub fn push_due(shop: &ShopId, at: Timestamp) -> IndexKey {
    IndexKey { pk: push_list(Shard::of(shop)), sk: format!("{}#{}", sortable(at), shop.as_str()) }
}

/// Upper bound for everything due by then.
#[must_use]
pub fn due_by(now: Timestamp) -> String {
    // `~` sorts after every shop id.
    format!("{}#~", sortable(now))
}

/// When and for whom a place in a due list is.
#[must_use]
pub fn read_due(sk: &str) -> Option<(Timestamp, &str)> {
    let (ms, owner) = sk.split_once('#')?;
    Some((Timestamp::from_millisecond(ms.parse().ok()?).ok()?, owner))
}

/// A shop's attention list.
#[must_use]
pub fn held_list(shop: &ShopId) -> String {
    format!("HELD#{}", shop.as_str())
}

/// A place in it.
#[must_use]
pub fn held(shop: &ShopId, reason: Reason, since: Timestamp) -> IndexKey {
    IndexKey { pk: held_list(shop), sk: format!("{}#{}", reason.code(), sortable(since)) }
}

/// Reason and time of a place in it.
#[must_use]
pub fn read_held(sk: &str) -> Option<(Reason, Timestamp)> {
    let (code, ms) = sk.split_once('#')?;
    Some((Reason::parse(code)?, Timestamp::from_millisecond(ms.parse().ok()?).ok()?))
}

/// The list of a shop's store orders whose custom fields were given up.
#[must_use]
pub fn fields_list(shop: &ShopId) -> String {
    format!("FIELDS#{}", shop.as_str())
}

/// A place in it.
#[must_use]
pub fn fields_given_up(shop: &ShopId, since: Timestamp) -> IndexKey {
    IndexKey { pk: fields_list(shop), sk: sortable(since) }
}

/// The list of what needs a hand while no shop is known.
#[must_use]
pub fn held_store_list(store: &StoreId) -> String {
    format!("HELD#store:{}", clean(store.as_str()))
}

/// A place in it.
#[must_use]
pub fn held_store(store: &StoreId, reason: Reason, since: Timestamp) -> IndexKey {
    IndexKey { pk: held_store_list(store), sk: format!("{}#{}", reason.code(), sortable(since)) }
}

/// A shop's orders with nothing overdue, by their earliest unmet deadline.
#[must_use]
pub fn clock_list(shop: &ShopId) -> String {
    format!("CLOCK#{}", shop.as_str())
}

/// A shop's orders with a deadline that passed unmet, by the next one ahead.
#[must_use]
pub fn late_list(shop: &ShopId) -> String {
    format!("LATE#{}", shop.as_str())
}

/// An order's place in one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockPlace {
    /// The deadline.
    pub due: Timestamp,
    /// Of which clock.
    pub clock: Clock,
    /// When the row came under this deadline.
    pub since: Timestamp,
    /// The order.
    pub order: TikTokOrderId,
}

impl ClockPlace {
    /// Its sort key.
    #[must_use]
    pub fn sk(&self) -> String {
        let since = self.since.as_second().max(0);
        format!("{}#{}#{since}#{}", sortable(self.due), self.clock.letter(), self.order.as_str())
    }

    /// A sort key's meaning.
    #[must_use]
    pub fn read(sk: &str) -> Option<Self> {
        let mut parts = sk.splitn(4, '#');
        let due = Timestamp::from_millisecond(parts.next()?.parse().ok()?).ok()?;
        let mut letters = parts.next()?.chars();
        let clock = Clock::of_letter(letters.next()?)?;
        let since = Timestamp::from_second(parts.next()?.parse().ok()?).ok()?;
        Some(Self { due, clock, since, order: TikTokOrderId::parse(parts.next()?).ok()? })
    }
}

/// Lower bound for everything due from then on.
#[must_use]
pub fn due_from(at: Timestamp) -> String {
    sortable(at)
}

/// What a parcel is found by: its number, in the form in which spellings count as one. The account stands in front, so
/// that nobody finds another's.
#[must_use]
pub fn find_number(account: &AccountId, number: &str) -> String {
    format!("{}#N#{}", clean(account.as_str()), clean(number))
}

/// Whose row stands at a place of `find`.
#[must_use]
pub fn finder(pk: &str) -> Option<AccountId> {
    AccountId::parse(unclean(pk.split('#').next()?)).ok()
}

/// What a store order's pointer is found by: the name people know the order under.
#[must_use]
pub fn find_name(account: &AccountId, name: &str) -> String {
    format!("{}#O#{}", clean(account.as_str()), clean(name))
}

/// What the orders of one combine group are found by.
#[must_use]
pub fn find_group(account: &AccountId, group: &str) -> String {
    format!("{}#G#{}", clean(account.as_str()), clean(group))
}

/// A place under one of them; it never changes.
#[must_use]
pub fn found(pk: String, received: Timestamp) -> IndexKey {
    IndexKey { pk, sk: received.as_second().max(0).to_string() }
}
