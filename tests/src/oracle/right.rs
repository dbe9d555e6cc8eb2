//! The second mind: which ends are right, told from what happened in the world alone. It shares no code with the flows and
//! knows no rows; it reads `ends.md` once more.
//!
//! What TikTok took and when is TikTok's own record. Each number that it took must have been right at that moment; and
//! what it holds in the end, with what is listed, must be an end that is right now.

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

/// One unit of an order as TikTok holds it.
#[derive(Clone, Debug)]
pub struct Unit {
    /// TikTok's id.
    pub id: String,
    /// Stock code.
    pub sku: String,
    /// Cancelled by itself.
    pub cancelled: bool,
    /// Its number.
    pub number: Option<String>,
    /// The package it travels in.
    pub package: Option<String>,
}

/// TikTok's word about an order, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It waits for its buyer.
    NotYet,
    /// It takes numbers.
    Open,
    /// All shipped; a number may still be corrected.
    Shipped,
    /// Delivered.
    Over,
    /// Cancelled.
    Cancelled,
}

/// An order as TikTok holds it in the end.
#[derive(Clone, Debug)]
pub struct AtTikTok {
    /// Place of its shop.
    pub shop: usize,
    /// Its status.
    pub standing: Standing,
    /// TikTok ships it.
    pub by_tiktok: bool,
    /// The buyer's request waits for an answer.
    pub cancel_asked: bool,
    /// Buyer.
    pub buyer: Option<String>,
    /// Its units.
    pub units: Vec<Unit>,
}

/// A number that TikTok took from us.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Seconds since the world began.
    pub at: i64,
    /// The order.
    pub order: String,
    /// The units' ids.
    pub units: Vec<String>,
    /// The number.
    pub number: String,
    /// The carrier's name.
    pub carrier: String,
    /// It replaced another number.
    pub correction: bool,
    /// The package.
    pub package: String,
}

/// Everything that happened.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Deeds, by the second at which they were done.
    pub deeds: Vec<(i64, Deed)>,
    /// What TikTok took.
    pub taken: Vec<Taken>,
    /// Its orders.
    pub orders: BTreeMap<String, AtTikTok>,
    /// Now.
    pub now: i64,
}

/// How a number ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// TikTok holds it on exactly these units, and nobody is asked anything.
    On(BTreeMap<String, u32>),
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

    /// The TikTok order of a claim: what its message names, else what a person linked.
    fn order_of(&self, claim: &Claim, at: i64) -> Option<String> {
        let linked = || {
            let links = self.deeds.iter().filter(|(when, _)| *when <= at);
            links
                .filter_map(|(_, deed)| match deed {
                    Deed::Link(store_order, order) if *store_order == claim.message.order => Some(order.clone()),
                    _ => None,
                })
                .next_back()
        };
        claim.message.tiktok.clone().or_else(linked)
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
        let said = |(when, deed): &(i64, Deed)| match deed {
            Deed::Choose(chosen, items) if *when <= at && chosen == number => Some(sum(items)),
            _ => None,
        };
        self.deeds.iter().filter_map(said).next_back()
    }

    fn dismissed(&self, number: &str) -> Option<i64> {
        let said = |(when, deed): &(i64, Deed)| match deed {
            Deed::Dismiss(dismissed) if dismissed == number => Some(*when),
            _ => None,
        };
        self.deeds.iter().filter_map(said).next_back()
    }

    fn confirmed(&self, number: &str) -> bool {
        self.deeds.iter().any(|(_, deed)| matches!(deed, Deed::Confirm(confirmed) if confirmed == number))
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
        self.deeds.iter().any(|(_, deed)| matches!(deed, Deed::Retry(retried) if retried == number))
    }

    /// What a warehouse's words for a carrier mean at TikTok.
    fn meaning(&self, words: &str, at: i64) -> Option<&'static str> {
        let said = |(when, deed): &(i64, Deed)| match deed {
            Deed::Map(mapped, carrier) if *when <= at && *mapped == words => Some(*carrier),
            _ => None,
        };
        let mapped = self.deeds.iter().filter_map(said).next_back();
        mapped.or_else(|| ["USPS", "UPS", "FedEx"].into_iter().find(|known| *known == words))
    }

    /// Whether a shop is connected here, and whether it sends.
    fn shop(&self, shop: usize) -> (bool, bool) {
        let (mut connected, mut sends, mut granted, mut open) = (true, true, true, true);
        for (_, deed) in &self.deeds {
            match deed {
                Deed::Pause(s) if *s == shop => sends = false,
                Deed::Resume(s) if *s == shop => sends = true,
                Deed::Close(s) if *s == shop => open = false,
                Deed::Open(s) if *s == shop => open = true,
                Deed::Revoke(s) if *s == shop => granted = false,
                Deed::Remove(s) if *s == shop => connected = false,
                Deed::Reconnect(s) if *s == shop => (connected, granted) = (true, true),
                _ => {}
            }
        }
        (connected, sends && granted && open)
    }

    /// Since when the order can be found: it is placed, and its shop answers.
    fn findable(&self, id: &str, shop: usize, ids: &[String]) -> i64 {
        let since = self.deeds.iter().filter(|(_, deed)| match deed {
            Deed::Place(place) => ids.get(*place).is_some_and(|known| known == id),
            Deed::Reconnect(s) | Deed::Resume(s) | Deed::Open(s) => *s == shop,
            Deed::Well => true,
            _ => false,
        });
        since.map(|(when, _)| *when).max().unwrap_or(0)
    }

    /// What TikTok took although no warehouse said so at that moment.
    #[must_use]
    pub fn wrongly_taken(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for taken in &self.taken {
            // Deeds and answers within one second of each other have no order.
            let moments = [taken.at, taken.at - 2].map(|at| self.parcels(at));
            let key = (Some(taken.order.clone()), taken.number.clone());
            let Some(parcel) = moments.iter().find_map(|parcels| parcels.get(&key)) else {
                wrong.push(format!("nobody said so then: {taken:?}"));
                continue;
            };
            let Some(order) = self.orders.get(&taken.order) else { continue };
            let mut inside: BTreeMap<String, u32> = BTreeMap::new();
            for unit in order.units.iter().filter(|unit| taken.units.contains(&unit.id)) {
                *inside.entry(unit.sku.clone()).or_default() += 1;
            }
            inside.remove(GIFT);
            let too_many = inside.iter().find(|(sku, count)| parcel.items.get(*sku).is_none_or(|said| said < count));
            if let Some((sku, count)) = too_many.filter(|_| !parcel.silent && !taken.correction) {
                wrong.push(format!("{count} {sku} are not inside: {taken:?}"));
            }
            let meant: Vec<_> = parcel.carriers.iter().filter_map(|words| self.meaning(words, taken.at)).collect();
            if !meant.is_empty() && !meant.contains(&taken.carrier.as_str()) {
                wrong.push(format!("not by {meant:?}: {taken:?}"));
            }
        }
        wrong
    }

    /// What is right for each number now. `ids`: TikTok's orders in the order in which they are counted.
    #[must_use]
    pub fn right(&self, ids: &[String]) -> Vec<Right> {
        let parcels = self.parcels(self.now);
        let right = |((order, number), parcel): (&(Option<String>, String), &Parcel)| {
            let mut why = Vec::new();
            let ends = self.ends(order.as_deref(), number, parcel, &parcels, ids, &mut why);
            Right { number: number.clone(), order: order.clone(), ends, why: why.join("; ") }
        };
        parcels.iter().map(right).collect()
    }

    fn ends(
        &self,
        id: Option<&str>,
        number: &str,
        parcel: &Parcel,
        parcels: &BTreeMap<(Option<String>, String), Parcel>,
        ids: &[String],
        why: &mut Vec<String>,
    ) -> BTreeSet<End> {
        let mut ends = BTreeSet::new();
        let fresh = self.now - parcel.told < A_DAY_OF_TRIES;
        if self.dismissed(number).is_some_and(|when| when >= parcel.told) {
            why.push("a person closed it".into());
            ends.insert(End::Quiet);
        }
        let Some(id) = id else {
            why.push("no TikTok order is named".into());
            if self.dismissed(number).is_none() {
                ends.insert(End::Listed("ORDER_NOT_FOUND"));
            }
            if fresh {
                ends.insert(End::Quiet);
            }
            return ends;
        };
        let Some(order) = self.orders.get(id) else {
            why.push("no shop has the order".into());
            if ends.is_empty() {
                ends.insert(End::Listed("ORDER_NOT_FOUND"));
            }
            return ends;
        };
        let shows = |unit: &&Unit| unit.number.as_deref() == Some(number);
        let on = count(order.units.iter().filter(|unit| !unit.cancelled).filter(shows));
        let ours = self.taken.iter().any(|taken| taken.order == *id && taken.number == *number);
        if !ends.is_empty() {
            if !on.is_empty() {
                ends.insert(End::On(on));
            }
            return ends;
        }
        if self.findable(id, order.shop, ids) > parcel.told + A_DAY_OF_TRIES - 3 * HOUR && !self.retried(number) {
            why.push("the order came when nobody looked any more".into());
            ends.insert(End::Listed("ORDER_NOT_FOUND"));
        }
        if self.refused_for_a_day(id, ids) && !self.retried(number) {
            why.push("its reads were refused for so long that it is looked at once a day".into());
            ends.insert(End::Listed("TIKTOK_RULE"));
        }
        match self.shop(order.shop) {
            (false, _) => {
                why.push("its shop is not connected".into());
                ends.extend([End::Listed("SHOP_GONE"), End::Listed("ORDER_NOT_FOUND")]);
                if ours {
                    ends.insert(End::On(on));
                }
                return ends;
            }
            (_, false) => {
                why.push("its shop does not send".into());
                ends.insert(End::Quiet);
                if ours {
                    ends.insert(End::On(on));
                }
                return ends;
            }
            _ => {}
        }
        if order.by_tiktok {
            why.push("TikTok ships it".into());
            return [End::Quiet].into();
        }
        match order.standing {
            Standing::Cancelled => {
                why.push("cancelled at TikTok".into());
                ends.insert(End::Listed(if ours { "CANCELLED_AFTER_DISPATCH" } else { "CANCELLED" }));
                return ends;
            }
            Standing::NotYet => {
                why.push("not paid, or the buyer may still cancel".into());
                return [End::Quiet].into();
            }
            Standing::Open | Standing::Shipped | Standing::Over => {}
        }
        let wanted = self.wanted(parcel, order);
        if self.is_done(number, parcel, order, &wanted) {
            why.push("TikTok holds it where it belongs".into());
            ends.insert(End::On(on));
            return ends;
        }
        let before = ends.len();
        self.blockers(id, number, parcel, order, parcels, &mut ends, why);
        if ends.len() == before {
            why.push("nothing stands in its way".into());
            ends.insert(End::On(wanted));
        }
        ends
    }

    /// What TikTok can hold of what is inside. A gift that no store knows goes along when all the rest does.
    fn wanted(&self, parcel: &Parcel, order: &AtTikTok) -> BTreeMap<String, u32> {
        let mut wanted = self.said_to_be_inside(parcel, order);
        let alive = count(order.units.iter().filter(|unit| !unit.cancelled));
        let rest = || alive.iter().filter(|(sku, _)| *sku != GIFT);
        if let Some(gifts) = alive.get(GIFT)
            && rest().all(|(sku, n)| wanted.get(sku) == Some(n))
        {
            wanted.insert(GIFT.to_owned(), *gifts);
        }
        wanted
    }

    fn said_to_be_inside(&self, parcel: &Parcel, order: &AtTikTok) -> BTreeMap<String, u32> {
        let alive = count(order.units.iter().filter(|unit| !unit.cancelled));
        if parcel.silent {
            return alive;
        }
        let known = |(sku, said): (&String, &u32)| {
            let most = alive.get(sku).copied().unwrap_or_default().min(*said);
            (most > 0).then(|| (sku.clone(), most))
        };
        parcel.items.iter().filter_map(known).collect()
    }

    /// Every claimed unit shows the number (or one of those that share it), and what shows it beyond that was right when
    /// it was sent.
    fn is_done(&self, number: &str, parcel: &Parcel, order: &AtTikTok, wanted: &BTreeMap<String, u32>) -> bool {
        let alive = || order.units.iter().filter(|unit| !unit.cancelled);
        let own = count(alive().filter(|unit| unit.number.as_deref() == Some(number)));
        if own.is_empty() {
            return false;
        }
        if parcel.sharing.len() > 1 {
            let all = count(alive().filter(|unit| unit.number.as_ref().is_some_and(|n| parcel.sharing.contains(n))));
            return wanted.iter().all(|(sku, n)| all.get(sku).is_some_and(|on| on >= n));
        }
        if parcel.silent {
            return true;
        }
        let gift_left = wanted.contains_key(GIFT) && !own.contains_key(GIFT);
        if gift_left {
            return false;
        }
        !parcel.items.is_empty() && wanted.iter().all(|(sku, n)| own.get(sku).is_some_and(|on| on >= n))
    }

    #[expect(clippy::too_many_arguments, reason = "what a parcel is judged by")]
    fn blockers(
        &self,
        id: &str,
        number: &str,
        parcel: &Parcel,
        order: &AtTikTok,
        parcels: &BTreeMap<(Option<String>, String), Parcel>,
        ends: &mut BTreeSet<End>,
        why: &mut Vec<String>,
    ) {
        let mut block = |reason: &'static str, words: &str| {
            ends.insert(End::Listed(reason));
            why.push(words.to_owned());
        };
        if order.cancel_asked {
            block("CANCEL_REQUESTED", "the buyer asked to cancel");
        }
        for words in &parcel.carriers {
            if words.is_empty() && self.meaning(words, self.now).is_none() {
                block("CARRIER_MISSING", "no carrier is named");
            } else if self.meaning(words, self.now).is_none() {
                block("CARRIER_UNMAPPED", "nobody said what the carrier is");
            }
        }
        if !self.confirmed(number) {
            match doubt(number, &parcel.carriers) {
                Some(reason) => block(reason, "number and carrier do not fit"),
                None => {}
            }
        }
        let same_buyer =
            |other: &AtTikTok| order.buyer.is_some() && other.buyer == order.buyer && other.shop == order.shop;
        let elsewhere = self.orders.iter().filter(|(other, _)| *other != id);
        let mut elsewhere = elsewhere.filter(|(_, other)| !same_buyer(other));
        if elsewhere.any(|(_, other)| other.units.iter().any(|unit| unit.number.as_deref() == Some(number))) {
            block("TRACKING_DUPLICATE", "another order has the number");
            block("LINES_UNMATCHED", "it is named by two orders");
        }
        self.items(id, number, parcel, order, parcels, &mut block);
    }

    /// Whether its units are there, free, and its own.
    fn items(
        &self,
        id: &str,
        number: &str,
        parcel: &Parcel,
        order: &AtTikTok,
        parcels: &BTreeMap<(Option<String>, String), Parcel>,
        block: &mut impl FnMut(&'static str, &str),
    ) {
        let alive = count(order.units.iter().filter(|unit| !unit.cancelled));
        if parcel.items.keys().any(|sku| !alive.contains_key(sku)) && !parcel.silent {
            block("LINES_UNMATCHED", "TikTok's order does not have what is inside");
        }
        if parcel.items.iter().any(|(sku, said)| alive.get(sku).is_some_and(|n| n < said)) {
            block("LINES_UNMATCHED", "more is inside than TikTok's order has");
        }
        let named: u32 = parcel.items.values().sum();
        if parcel.sharing.len() > 1 && !(parcel.items.len() == 1 && named as usize == parcel.sharing.len()) {
            block("LINES_UNMATCHED", "several numbers, and nobody says which is on what");
        }
        // What everybody claims, and what stands under numbers that nobody claims.
        let mut claims: BTreeMap<String, u32> = BTreeMap::new();
        let mut silent = 0;
        let mut shared_seen: BTreeSet<&Vec<String>> = BTreeSet::new();
        for ((other, _), claim) in parcels.iter().filter(|((other, _), _)| other.as_deref() == Some(id)) {
            let _ = other;
            if claim.sharing.len() > 1 && !shared_seen.insert(&claim.sharing) {
                continue;
            }
            if claim.silent {
                silent += 1;
            }
            for (sku, n) in &claim.items {
                *claims.entry(sku.clone()).or_default() += n;
            }
        }
        let claimed =
            |unit: &Unit| unit.number.as_ref().is_some_and(|n| parcels.contains_key(&(Some(id.to_owned()), n.clone())));
        let wanted = self.wanted(parcel, order);
        let lost: Vec<&Unit> = order
            .units
            .iter()
            .filter(|unit| !unit.cancelled && unit.number.is_some() && !claimed(unit))
            .filter(|unit| wanted.contains_key(&unit.sku))
            .collect();
        for (sku, said) in &claims {
            if wanted.contains_key(sku) && alive.get(sku).is_some_and(|n| n < said) {
                block("LINES_UNMATCHED", "others claim the same units");
                self.foreign(order, block);
            }
        }
        if silent > 1 || (silent > 0 && parcel.silent && !claims.is_empty()) {
            block("LINES_UNMATCHED", "nobody says what is in which parcel");
        }
        for unit in lost {
            let theirs = unit.number.as_deref().unwrap_or_default();
            let Some(first) = self.taken.iter().find(|taken| taken.order == *id && taken.number == *theirs) else {
                block("ALREADY_SHIPPED", "somebody else's number is on it");
                block("LINES_UNMATCHED", "somebody else's number is on it");
                continue;
            };
            if !self.is_heir(id, number, parcel, theirs) {
                block("LINES_UNMATCHED", "a number that was withdrawn is on it");
            }
            let package = unit.package.as_deref().unwrap_or_default();
            let mut of_it = self.taken.iter().filter(|taken| taken.package == package);
            let began = of_it.clone().map(|taken| taken.at).min().unwrap_or(first.at);
            if of_it.any(|taken| taken.correction) {
                block("EDIT_USED", "its one correction is used");
            }
            if self.now - began > EDIT_WINDOW - HOUR || order.standing == Standing::Over {
                block("EDIT_WINDOW_CLOSED", "the time for a correction is over");
            }
        }
        if order.standing != Standing::Open && !order.units.iter().any(|unit| unit.number.is_none() && !unit.cancelled)
        {
            let any_void = order.units.iter().any(|unit| unit.number.is_some() && !claimed(unit));
            if !any_void {
                block("LINES_UNMATCHED", "nothing is open");
                self.foreign(order, block);
            }
        }
    }

    fn foreign(&self, order: &AtTikTok, block: &mut impl FnMut(&'static str, &str)) {
        let not_ours =
            |unit: &&Unit| unit.number.as_ref().is_some_and(|n| !self.taken.iter().any(|taken| taken.number == *n));
        if order.units.iter().any(|unit| not_ours(&unit)) {
            block("ALREADY_SHIPPED", "somebody else's number is on it");
        }
    }

    /// Whether this parcel takes the place of a number that its store withdrew.
    fn is_heir(&self, id: &str, number: &str, parcel: &Parcel, theirs: &str) -> bool {
        let mut older: Vec<&Message> = Vec::new();
        for (_, deed) in &self.deeds {
            if let Deed::Tell(message) = deed
                && message.numbers.iter().any(|n| n == theirs)
                && message.tiktok.as_deref() == Some(id)
            {
                older.push(message);
            }
        }
        let same = |message: &&Message| {
            let own = (message.store, message.order.clone(), message.shipment.clone());
            parcel.shipments.contains(&own) || sum(&message.items) == parcel.items
        };
        let _ = number;
        older.iter().any(same)
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

fn count<'a>(units: impl Iterator<Item = &'a Unit>) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for unit in units {
        *counts.entry(unit.sku.clone()).or_default() += 1;
    }
    counts
}

/// What speaks against a number and its carrier: the numbers of these worlds are made so that there is one answer.
fn doubt(number: &str, carriers: &BTreeSet<&'static str>) -> Option<&'static str> {
    let usps = number.len() == 22 && number.starts_with("94");
    if number.starts_with("1Z") && carriers.contains("USPS") {
        return Some("CARRIER_FORMAT_MISMATCH");
    }
    if usps && !check_digit(number) {
        return Some("TRACKING_INVALID");
    }
    None
}

/// USPS: weights 3 and 1 from the right.
fn check_digit(number: &str) -> bool {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| u32::from(digit - b'0') * if place % 2 == 1 { 3 } else { 1 })
        .sum();
    sum.is_multiple_of(10)
}

/// So long after the last event everything that goes by itself has gone, in seconds: the hold's hour, the last gap, and
/// the quarter of an hour after which a visit looks.
pub const SETTLED: i64 = 3 * HOUR + 5 * MINUTE;
