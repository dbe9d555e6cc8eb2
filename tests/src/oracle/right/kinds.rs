//! Kinds of their own: heirs, whole packages, warnings, stores that come back.

use super::judge::count;
use super::{End, Parcel, sum};
use crate::oracle::history::{AtTikTok, History, Unit};
use crate::oracle::world::{Deed, Message, Trouble};
use std::collections::{BTreeMap, BTreeSet};

type Parcels = BTreeMap<(Option<String>, String), Parcel>;

fn ships(parcel: &Parcel, message: &Message) -> bool {
    parcel.shipments.contains(&(message.store, message.order.clone(), message.shipment.clone()))
}

impl History {
    /// What was told of a number at an order.
    fn told_of<'a>(&'a self, id: &'a str, number: &'a str) -> impl Iterator<Item = &'a Message> {
        self.deeds.iter().filter_map(move |(_, deed)| match deed {
            Deed::Tell(m) if m.tiktok.as_deref() == Some(id) && m.numbers.iter().any(|n| n == number) => Some(m),
            _ => None,
        })
    }

    /// Whether this parcel takes the place of a number that its store withdrew.
    pub(super) fn is_heir(&self, id: &str, parcel: &Parcel, theirs: &str) -> bool {
        self.told_of(id, theirs).any(|message| ships(parcel, message) || sum(&message.items) == parcel.items)
    }

    /// The withdrawn number is for another parcel of its own shipment to replace.
    pub(super) fn waits_for_another(
        &self,
        id: &str,
        number: &str,
        parcel: &Parcel,
        parcels: &Parcels,
        theirs: &str,
    ) -> bool {
        let others = || parcels.iter().filter(|((order, n), _)| order.as_deref() == Some(id) && n != number);
        self.told_of(id, theirs).any(|m| !ships(parcel, m) && others().any(|(_, other)| ships(other, m)))
    }

    /// When a shop last came back, also from a rest that TikTok asked for: what nobody found is looked for anew from then on.
    pub(super) fn asked_anew(&self) -> i64 {
        let rested = self.deeds.iter().any(|(_, deed)| matches!(deed, Deed::Trouble(Trouble::Throttled(..))));
        let back = |deed: &Deed| match deed {
            Deed::Well => rested,
            other => matches!(other, Deed::Reconnect(_) | Deed::Resume(_) | Deed::Open(_)),
        };
        self.last(self.now, |when, deed| back(deed).then_some(when)).unwrap_or(0)
    }

    /// Where TikTok ships whole packages a number takes one, and what is combined ships under one number.
    pub(super) fn whole_packages(
        &self,
        id: &str,
        number: &str,
        parcel: &Parcel,
        order: &AtTikTok,
        parcels: &Parcels,
        block: &mut impl FnMut(&'static str, &str),
    ) {
        let ours = |n: &String| parcels.contains_key(&(Some(id.to_owned()), n.clone()));
        let open = |unit: &&Unit| !unit.cancelled && unit.number.as_ref().is_none_or(|n| n == number || !ours(n));
        let packages: BTreeSet<_> = order.units.iter().filter(open).map(|unit| &unit.package).collect();
        let inside = |package: &Option<String>| {
            count(order.units.iter().filter(|unit| !unit.cancelled && unit.package == *package))
        };
        if !packages.iter().any(|package| inside(package) == parcel.items || parcel.silent) {
            block("LINES_UNMATCHED", "no package holds exactly this");
        }
        let mates = self.orders.iter().filter(|(other, mate)| {
            *other != id && mate.units.iter().any(|unit| unit.package.is_some() && packages.contains(&unit.package))
        });
        for (mate, _) in mates {
            if !parcels.contains_key(&(Some(mate.clone()), number.to_owned())) {
                block("SIBLING_OPEN", "another order of its package has no number, or another one");
            }
        }
    }

    /// TikTok's warning keeps a number on the list until it is scanned, over, or a person has seen it; and what a first
    /// poll finds shipped by other means is closed.
    pub(super) fn after_warnings(
        &self,
        id: Option<&str>,
        number: &str,
        parcel: &Parcel,
        ids: &[String],
        ends: &mut BTreeSet<End>,
    ) {
        let back =
            |deed: &Deed| matches!(deed, Deed::ConnectStore(s) if parcel.shipments.iter().all(|(own, ..)| own == s));
        if self.deeds.iter().any(|(when, deed)| *when > parcel.told && back(deed))
            && ends.remove(&End::Listed("ALREADY_SHIPPED"))
        {
            *ends = [End::Quiet].into();
        }
        let Some(taken) = self.taken.iter().rev().find(|taken| Some(&*taken.order) == id && taken.number == number)
        else {
            return;
        };
        // TikTok knows whose number it is, whatever a person said.
        let misnamed = number.starts_with("1Z") && parcel.carriers.contains("USPS");
        let mut warned = misnamed;
        for (when, deed) in &self.deeds {
            match deed {
                Deed::Trouble(Trouble::Warned) if *when <= taken.at && !taken.correction => warned = true,
                Deed::Well if *when <= taken.at => warned = misnamed,
                Deed::Scan(place) if *when >= taken.at && id == ids.get(*place).map(String::as_str) => warned = false,
                Deed::Dismiss(seen) if *when >= taken.at && seen == number => warned = false,
                _ => {}
            }
        }
        if warned {
            let of = std::mem::take(ends).into_iter();
            *ends = of.map(|end| if let End::On(units) = end { End::Warned(units) } else { end }).collect();
        }
    }
}
