//! The judgement: from what is known to the ends that are right.

use super::{A_DAY_OF_TRIES, EDIT_WINDOW, End, GIFT, HOUR, Parcel, Right};
use crate::oracle::history::{AtTikTok, History, Standing, Unit};
use crate::oracle::world::{Deed, Message};
use std::collections::{BTreeMap, BTreeSet};

impl History {
    /// What TikTok took although no warehouse said so at that moment.
    #[must_use]
    pub fn wrongly_taken(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for taken in &self.taken {
            // Deeds and answers within one second of each other have no order.
            let moments = [taken.at, taken.at - 2].map(|at| self.parcels(at));
            let key = (Some(taken.order.clone()), taken.number.clone());
            let Some(parcel) = moments.iter().find_map(|parcels| parcels.get(&key)) else {
                if !self.was_just_told(&taken.order, &taken.number, taken.at) {
                    wrong.push(format!("nobody said so then: {taken:?}"));
                }
                continue;
            };
            let Some(order) = self.orders.get(&taken.order) else { continue };
            if [taken.at, taken.at - 2].iter().all(|at| !self.shop(order.shop, *at).0) {
                wrong.push(format!("the shop was not this account's then: {taken:?}"));
            }
            let mut inside = count(order.units.iter().filter(|unit| taken.units.contains(&unit.id)));
            inside.remove(GIFT);
            if doubt(&taken.number, &parcel.carriers).is_some() && !self.confirmed(&taken.number, taken.at) {
                wrong.push(format!("a doubt that nobody answered: {taken:?}"));
            }
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

    /// A warehouse said so in these two seconds, and may have taken it back in them.
    fn was_just_told(&self, order: &str, number: &str, at: i64) -> bool {
        let said = |message: &Message| {
            message.tiktok.as_deref() == Some(order) && message.numbers.iter().any(|told| told == number)
        };
        let mut lately = self.deeds.iter().filter(|(told, _)| (at - 2..=at).contains(told));
        lately.any(|(_, deed)| matches!(deed, Deed::Tell(message) if said(message)))
    }

    /// What is right for each number now. `ids`: TikTok's orders in the order in which they are counted.
    #[must_use]
    pub fn right(&self, ids: &[String]) -> Vec<Right> {
        let parcels = self.parcels(self.now);
        let right = |((order, number), parcel): (&(Option<String>, String), &Parcel)| {
            let mut why = Vec::new();
            let mut ends = self.ends(order.as_deref(), number, parcel, &parcels, ids, &mut why);
            self.after_warnings(order.as_deref(), number, parcel, ids, &mut ends);
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
        let fresh = self.now - parcel.told.max(self.asked_anew()) < A_DAY_OF_TRIES;
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
        if ends.is_empty() && self.was_sent_for_another(id, number, parcel) {
            why.push("it was sent for the order that the warehouse named before".into());
            ends.insert(End::Listed("ORDER_AMBIGUOUS"));
            return ends;
        }
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
            if ours && !on.is_empty() {
                // What went out before stays as it is meanwhile.
                ends.insert(End::On(on.clone()));
            }
        }
        match self.shop(order.shop, self.now) {
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
                // What was in its way before stands where it stood.
                self.blockers(id, number, parcel, order, parcels, &mut ends, why);
                return ends;
            }
            _ => {}
        }
        if order.by_tiktok {
            why.push("TikTok ships it".into());
            ends.insert(End::Quiet);
            return ends;
        }
        match order.standing {
            Standing::Cancelled => {
                why.push("cancelled at TikTok".into());
                ends.insert(End::Listed(if ours { "CANCELLED_AFTER_DISPATCH" } else { "CANCELLED" }));
                return ends;
            }
            Standing::NotYet => {
                why.push("not paid, or the buyer may still cancel".into());
                ends.insert(End::Quiet);
                return ends;
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
        if let Some(reason) = doubt(number, &parcel.carriers).filter(|_| !self.confirmed(number, self.now)) {
            block(reason, "number and carrier do not fit");
        }
        let same_buyer =
            |other: &AtTikTok| order.buyer.is_some() && other.buyer == order.buyer && other.shop == order.shop;
        let elsewhere = self.orders.iter().filter(|(other, _)| *other != id);
        let mut elsewhere = elsewhere.filter(|(_, other)| !same_buyer(other));
        if elsewhere.any(|(_, other)| other.units.iter().any(|unit| unit.number.as_deref() == Some(number))) {
            block("TRACKING_DUPLICATE", "another order has the number");
            block("LINES_UNMATCHED", "it is named by two orders");
        }
        if order.packages {
            self.whole_packages(id, number, parcel, order, parcels, &mut block);
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
        for (_, claim) in parcels.iter().filter(|((other, _), _)| other.as_deref() == Some(id)) {
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
            if self.waits_for_another(id, number, parcel, parcels, theirs) {
                continue;
            }
            if !self.is_heir(id, parcel, theirs) {
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
}

pub(super) fn count<'a>(units: impl Iterator<Item = &'a Unit>) -> BTreeMap<String, u32> {
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
