//! The second mind: which ends are right, told from what happened in the world alone. It shares no code with the flows and
//! knows no rows; it reads `ends.md` once more.
//!
//! What TikTok took and when is TikTok's own record. Each number that it took must have been right at that moment; and
//! what it holds in the end, with what is listed, must be an end that is right now.

mod judge;
mod kinds;

use super::history::History;
use super::world::{Deed, Items, Message, Trouble};
use std::collections::{BTreeMap, BTreeSet};

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
/// TikTok takes one correction within this time.
const EDIT_WINDOW: i64 = 72 * HOUR;
/// Who has no TikTok order is tried for a day; an hour and a bit for the last try.
const A_DAY_OF_TRIES: i64 = 26 * HOUR;

/// The stock code of gifts that TikTok adds.
pub const GIFT: &str = "GIFT";

/// How a number ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// TikTok holds it on exactly these units, and nobody is asked anything.
    On(BTreeMap<String, u32>),
    /// The same, and listed because TikTok warned about it.
    Warned(BTreeMap<String, u32>),
    /// It is on the attention list for this reason.
    Listed(&'static str),
    /// Neither: it waits by itself, or is closed.
    Quiet,
}

/// What is right for a number at an order.
#[derive(Clone, Debug)]
pub struct Right {
    /// The number.
    pub number: String,
    /// The TikTok order that its message names.
    pub order: Option<String>,
    /// Each of these is right.
    pub ends: BTreeSet<End>,
    /// Why, for people.
    pub why: String,
}

/// What a warehouse says now: the newest message of a shipment.
#[derive(Clone, Debug)]
struct Claim {
    message: Message,
    /// When it was told.
    told: i64,
    /// Cancelled, alone or with its order.
    gone: bool,
}

/// Everything that is claimed for one number at one order.
#[derive(Clone, Debug, Default)]
struct Parcel {
    items: BTreeMap<String, u32>,
    silent: bool,
    /// Numbers that share the items.
    sharing: Vec<String>,
    carriers: BTreeSet<&'static str>,
    told: i64,
    store_orders: BTreeSet<(usize, String)>,
    shipments: BTreeSet<(usize, String, String)>,
}

fn sum(items: &Items) -> BTreeMap<String, u32> {
    let mut units = BTreeMap::new();
    for (sku, count) in items {
        *units.entry((*sku).to_owned()).or_default() += count;
    }
    units
}

impl History {
    /// The newest messages at a moment, by shipment.
    fn claims(&self, at: i64) -> Vec<Claim> {
        let mut newest: BTreeMap<(usize, &str, &str), Claim> = BTreeMap::new();
        let mut cancelled: BTreeMap<(usize, &str), i64> = BTreeMap::new();
        for (told, deed) in self.deeds.iter().filter(|(told, _)| *told <= at) {
            match deed {
                Deed::Tell(message) => {
                    let key = (message.store, message.order.as_str(), message.shipment.as_str());
                    // A clock that is ahead counts as the moment of receipt.
                    let version = message.version.min(*told);
                    let older = newest.get(&key).is_some_and(|known| known.message.version >= version);
                    if !older {
                        let message = Message { version, ..message.clone() };
                        newest.insert(key, Claim { gone: message.cancelled, message, told: *told });
                    }
                }
                Deed::CancelInStore { store, order, version } => {
                    let known = cancelled.entry((*store, order.as_str())).or_default();
                    *known = (*known).max((*version).min(*told));
                }
                _ => {}
            }
        }
        for claim in newest.values_mut() {
            let key = (claim.message.store, claim.message.order.as_str());
            claim.gone |= cancelled.get(&key).is_some_and(|version| *version > claim.message.version);
        }
        newest.into_values().collect()
    }

    /// What was last said of something until a moment.
    fn last<T>(&self, until: i64, said: impl Fn(i64, &Deed) -> Option<T>) -> Option<T> {
        self.deeds.iter().rev().filter(|(when, _)| *when <= until).find_map(|(when, deed)| said(*when, deed))
    }

    /// The TikTok order of a claim: what its message names, else what a person linked.
    fn order_of(&self, claim: &Claim, at: i64) -> Option<String> {
        let linked = |_, deed: &Deed| match deed {
            Deed::Link(store_order, order) if *store_order == claim.message.order => Some(order.clone()),
            _ => None,
        };
        claim.message.tiktok.clone().or_else(|| self.last(at, linked))
    }

    /// The parcels that the warehouses claim at a moment, by order and number.
    fn parcels(&self, at: i64) -> BTreeMap<(Option<String>, String), Parcel> {
        let mut parcels: BTreeMap<(Option<String>, String), Parcel> = BTreeMap::new();
        let mut by_store: BTreeMap<(Option<String>, String, usize), BTreeMap<String, u32>> = BTreeMap::new();
        for claim in self.claims(at).into_iter().filter(|claim| !claim.gone) {
            let order = self.order_of(&claim, at);
            let message = &claim.message;
            for number in &message.numbers {
                let key = (order.clone(), number.clone());
                let mine = by_store.entry((order.clone(), number.clone(), message.store)).or_default();
                for (sku, count) in sum(&message.items) {
                    *mine.entry(sku).or_default() += count;
                }
                let parcel = parcels.entry(key).or_default();
                parcel.silent |= message.items.is_empty();
                if message.numbers.len() > parcel.sharing.len() {
                    parcel.sharing.clone_from(&message.numbers);
                }
                parcel.carriers.insert(message.carrier);
                parcel.told = parcel.told.max(claim.told);
                parcel.store_orders.insert((message.store, message.order.clone()));
                parcel.shipments.insert((message.store, message.order.clone(), message.shipment.clone()));
            }
        }
        // One store's shipments under one number travel in one box; two stores report the same box twice.
        for ((order, number, _), items) in by_store {
            let parcel = parcels.entry((order, number)).or_default();
            for (sku, count) in items {
                let known = parcel.items.entry(sku).or_default();
                *known = (*known).max(count);
            }
        }
        for ((_, number), parcel) in &mut parcels {
            if let Some(chosen) = self.chosen(number, at) {
                (parcel.items, parcel.silent, parcel.sharing) = (chosen, false, vec![number.clone()]);
            }
        }
        parcels
    }

    fn chosen(&self, number: &str, at: i64) -> Option<BTreeMap<String, u32>> {
        self.last(at, |_, deed| match deed {
            Deed::Choose(chosen, items) if chosen == number => Some(sum(items)),
            _ => None,
        })
    }

    fn dismissed(&self, number: &str) -> Option<i64> {
        self.last(self.now, |when, deed| matches!(deed, Deed::Dismiss(one) if one == number).then_some(when))
    }

    fn confirmed(&self, number: &str, at: i64) -> bool {
        self.last(at, |_, deed| matches!(deed, Deed::Confirm(one) if one == number).then_some(())).is_some()
    }

    /// Whether TikTok refused to show the order for the best part of a day.
    fn refused_for_a_day(&self, id: &str, ids: &[String]) -> bool {
        let mut since = None;
        let mut longest = 0;
        for (when, deed) in &self.deeds {
            match deed {
                Deed::Trouble(Trouble::BadOrder(place)) if ids.get(*place).is_some_and(|known| known == id) => {
                    since = Some(*when);
                }
                Deed::Well => longest = longest.max(since.take().map_or(0, |since| when - since)),
                _ => {}
            }
        }
        longest > 20 * HOUR
    }

    fn retried(&self, number: &str) -> bool {
        self.last(self.now, |_, deed| matches!(deed, Deed::Retry(one) if one == number).then_some(())).is_some()
    }

    /// The same shipment named another order before, TikTok took the number for that one, and no person has said since
    /// which it is.
    fn was_sent_for_another(&self, id: &str, number: &str, parcel: &Parcel) -> bool {
        let told = || {
            self.deeds.iter().filter_map(|(when, deed)| match deed {
                Deed::Tell(m) if m.numbers.iter().any(|n| n == number) => Some((*when, m)),
                _ => None,
            })
        };
        let own = |m: &Message| parcel.shipments.contains(&(m.store, m.order.clone(), m.shipment.clone()));
        let Some((moved, now)) = told().find(|(_, m)| own(m) && m.tiktok.as_deref() == Some(id)) else { return false };
        let same = |m: &Message| (m.store, &m.order, &m.shipment) == (now.store, &now.order, &now.shipment);
        let sent_before = told().any(|(when, m)| {
            when < moved
                && same(m)
                && m.tiktok.as_deref() != Some(id)
                && self
                    .taken
                    .iter()
                    .any(|taken| Some(&taken.order) == m.tiktok.as_ref() && taken.number == number && taken.at <= moved)
        });
        let linked = |(when, deed): &(i64, Deed)| {
            *when >= moved && matches!(deed, Deed::Link(own, order) if *own == now.order && order == id)
        };
        sent_before && !self.deeds.iter().any(linked)
    }

    /// What a warehouse's words for a carrier mean at TikTok.
    fn meaning(&self, words: &str, at: i64) -> Option<&'static str> {
        let mapped = self.last(at, |_, deed| match deed {
            Deed::Map(mapped, carrier) if *mapped == words => Some(*carrier),
            _ => None,
        });
        mapped.or_else(|| ["USPS", "UPS", "FedEx", "J&T Express"].into_iter().find(|known| *known == words))
    }

    /// Whether a shop was connected here at a moment, and whether it sent.
    fn shop(&self, shop: usize, at: i64) -> (bool, bool) {
        let (mut connected, mut sends, mut granted, mut open) = (true, true, true, true);
        for (_, deed) in self.deeds.iter().filter(|(when, _)| *when <= at) {
            match deed {
                Deed::Pause(s) if *s == shop => sends = false,
                Deed::Resume(s) if *s == shop => sends = true,
                Deed::Close(s) if *s == shop => open = false,
                Deed::Open(s) if *s == shop => open = true,
                Deed::Revoke(s) if *s == shop => granted = false,
                Deed::Remove(s) | Deed::TakeOver(s) if *s == shop => connected = false,
                Deed::Reconnect(s) if *s == shop => (connected, granted) = (true, true),
                _ => {}
            }
        }
        (connected, sends && granted && open)
    }

    /// Since when the order can be found: it is placed, and its shop answers.
    fn findable(&self, id: &str, shop: usize, ids: &[String]) -> i64 {
        let since = |when, deed: &Deed| match deed {
            Deed::Place(place) => ids.get(*place).is_some_and(|known| known == id).then_some(when),
            Deed::Reconnect(s) | Deed::Resume(s) | Deed::Open(s) => (*s == shop).then_some(when),
            Deed::Well => Some(when),
            _ => None,
        };
        self.last(self.now, since).unwrap_or(0)
    }

    /// Numbers that TikTok holds from us and that no warehouse claims any more: they may stay quietly.
    #[must_use]
    pub fn withdrawn(&self) -> BTreeSet<String> {
        let claimed: BTreeSet<String> = self.parcels(self.now).into_keys().map(|(_, number)| number).collect();
        let told = self.deeds.iter().filter_map(|(_, deed)| match deed {
            Deed::Tell(message) => Some(&message.numbers),
            _ => None,
        });
        told.flatten().filter(|number| !claimed.contains(*number)).cloned().collect()
    }
}

/// So long after the last event everything that goes by itself has gone, in seconds: the hold's hour, the last gap, and
/// the quarter of an hour after which a visit looks.
pub const SETTLED: i64 = 3 * HOUR + 5 * MINUTE;
