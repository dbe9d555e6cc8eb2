//! Which line items of a TikTok order a parcel takes. TikTok has one line item per unit.
//!
//! Never a guess: when the store's words fit more than one choice that matters, the answer is an [`Unclear`].

mod bundles;
mod unnamed;

use crate::domain::ids::LineItemId;
use crate::domain::order::{OrderLine, OrderState, TikTokOrder};
use crate::domain::parcel::{Parcel, Phase};
use crate::domain::tracking::same_number;
use bundles::{is_part_of_a_bundle, with_bundles, with_gifts};
use std::collections::BTreeMap;
use unnamed::{known_part, whole_order_by_count};

/// Why the items of a parcel cannot be told. Shown to the merchant beside `LINES_UNMATCHED`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// Nothing of the order is open any more, or nothing of what the parcel holds.
    NothingOpen,
    /// The store's stock codes do not fit those of the TikTok order.
    UnknownSku,
    /// More units than are open.
    TooMany,
    /// Two numbers claim the same units.
    Contested,
    /// Several numbers share the items of one shipment, and the store does not say which is in which parcel.
    SharedLines,
    /// The store names part of a unit, and TikTok knows whole ones.
    PartOfUnit,
    /// Some of what TikTok sells as one bundle, and not all of it.
    PartOfBundle,
}

impl Unclear {
    /// For people.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NothingOpen => "no item of the order is waiting for this number",
            Self::UnknownSku => "the store's stock codes do not fit those of the TikTok order",
            Self::TooMany => "the parcel holds more units than the order has open",
            Self::Contested => "two numbers claim the same items",
            Self::SharedLines => "several numbers share the items of one shipment",
            Self::PartOfBundle => "the parcel holds part of a bundle, and TikTok ships a bundle as one item",
            Self::PartOfUnit => "the store says that part of a unit is inside, and TikTok knows whole units only",
        }
    }
}

/// Chooses the open lines for a parcel. `others` are the other parcels of the same TikTok order.
///
/// # Errors
/// [`Unclear`] when the choice would be a guess.
pub fn allocate(parcel: &Parcel, others: &[&Parcel], order: &TikTokOrder) -> Result<Vec<LineItemId>, Unclear> {
    if parcel.names_part_of_a_unit() {
        return Err(Unclear::PartOfUnit);
    }
    // One number reported by two shipments or stores is one parcel, not two that compete.
    let others: Vec<&Parcel> = others.iter().copied().filter(|other| !is_same_parcel(parcel, other)).collect();
    let (undecided, free, reserved) = competition(parcel, &others, order);
    if free.is_empty() {
        return Err(if reserved { Unclear::Contested } else { Unclear::NothingOpen });
    }
    let wanted = with_bundles(demand(parcel), &free, order);
    if wanted.is_empty() {
        return take_the_rest(parcel, &undecided, &free);
    }
    let lines = Desk { parcel, others: &others, undecided: &undecided, free: &free, order }.take(&wanted)?;
    Ok(with_gifts(lines, parcel, &others, &undecided, &free))
}

/// What is in a parcel and still lacks its number, under the number that it has already: the open units of its claim.
/// `None`: nothing is missing, or the store does not say what is inside. An error: something is, and it cannot be told.
///
/// The claim is that of every present source of the number in this store: two shipments, or two store orders, may travel
/// in one box.
pub fn missing_units(
    parcel: &Parcel,
    others: &[&Parcel],
    order: &TikTokOrder,
    number: &str,
) -> Option<Result<Vec<LineItemId>, Unclear>> {
    if sharing(parcel) > 1 || parcel.names_part_of_a_unit() {
        return None;
    }
    let mut claim = demand(parcel);
    if claim.is_empty() {
        return None;
    }
    let same_box = others.iter().filter(|other| {
        other.store == parcel.store
            && other.order != parcel.order
            && !other.is_withdrawn()
            && is_same_parcel(parcel, other)
    });
    for other in same_box {
        for (sku, quantity) in demand(other) {
            *claim.entry(sku).or_default() += quantity;
        }
    }
    let alive: Vec<&OrderLine> = order.lines.iter().filter(|line| line.state != OrderState::Cancelled).collect();
    claim = with_bundles(claim, &alive, order);
    let shows = |line: &&&OrderLine| line.tracking.as_ref().is_some_and(|t| same_number(t, number));
    let mut missing = BTreeMap::new();
    for (wanted, quantity) in claim {
        let of_it: Vec<&&OrderLine> = alive.iter().filter(|line| sku(&line.seller_sku) == wanted).collect();
        // What TikTok's order does not have cannot be missing from it.
        let most = quantity.min(count(of_it.len()));
        let shown = count(of_it.iter().copied().filter(shows).count());
        if most > shown {
            missing.insert(wanted, most - shown);
        }
    }
    if missing.is_empty() {
        return None;
    }
    let others: Vec<&Parcel> = others.iter().copied().filter(|other| !is_same_parcel(parcel, other)).collect();
    let (undecided, free, _) = competition(parcel, &others, order);
    Some(pick(&missing, &undecided, &free))
}

/// Who else still wants units of the order, which units are free, and whether any are spoken for.
fn competition<'a>(
    parcel: &Parcel,
    others: &[&'a Parcel],
    order: &'a TikTokOrder,
) -> (Vec<&'a Parcel>, Vec<&'a OrderLine>, bool) {
    let is_rival = |p: &&Parcel| {
        let open = p.number.is_some() && !p.is_withdrawn() && p.sent.is_none();
        open && matches!(p.state.phase(), Phase::Open | Phase::Waiting) && !has_its_units(p, parcel, others, order)
    };
    let rivals: Vec<&Parcel> = others.iter().copied().filter(is_rival).collect();
    // A read may be behind: what TikTok took for another parcel is taken, even if it still shows as open.
    let taken = others.iter().filter(|other| !other.is_withdrawn()).filter_map(|other| other.sent.as_ref());
    let reserved: Vec<&LineItemId> =
        rivals.iter().flat_map(|p| &p.chosen).chain(taken.flat_map(|sent| &sent.lines)).collect();
    let free = order.lines.iter().filter(|line| line.is_open() && !reserved.contains(&&line.id)).collect();
    let undecided = rivals.iter().copied().filter(|p| p.chosen.is_empty()).collect();
    (undecided, free, !reserved.is_empty())
}

/// What it holds stands at TikTok under an earlier number of the same shipment: it waits to replace that one, and claims
/// nothing that is open.
fn has_its_units(row: &Parcel, parcel: &Parcel, others: &[&Parcel], order: &TikTokOrder) -> bool {
    let ships = |other: &Parcel| {
        other.sources.iter().any(|s| row.sources.iter().any(|own| own.present && own.shipment == s.shipment))
    };
    let mut wanted = demand(row);
    if wanted.is_empty() || sharing(row) > 1 {
        return false;
    }
    let earlier =
        others.iter().copied().chain([parcel]).filter(|other| {
            other.is_withdrawn() && other.store == row.store && other.order == row.order && ships(other)
        });
    let numbers: Vec<&str> = earlier.filter_map(|other| Some(other.number.as_ref()?.as_str())).collect();
    for line in order.lines.iter().filter(|line| line.state != OrderState::Cancelled) {
        let shown = line.tracking.as_ref().is_some_and(|shown| numbers.iter().any(|n| same_number(n, shown)));
        if shown && let Some(left) = wanted.get_mut(&sku(&line.seller_sku)) {
            *left = left.saturating_sub(1);
        }
    }
    wanted.values().all(|left| *left == 0)
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Packages first, units second: a package whose units are exactly what the store says is inside. For markets that ship
/// whole packages.
#[must_use]
pub fn allocate_package(parcel: &Parcel, others: &[&Parcel], order: &TikTokOrder) -> Option<Vec<LineItemId>> {
    let wanted = demand(parcel);
    if wanted.is_empty() || sharing(parcel) > 1 || parcel.names_part_of_a_unit() {
        return None;
    }
    let others = others.iter().filter(|other| !is_same_parcel(parcel, other) && !other.is_withdrawn());
    let reserved: Vec<&LineItemId> =
        others.flat_map(|other| other.chosen.iter().chain(other.sent.iter().flat_map(|sent| &sent.lines))).collect();
    let mut packages: BTreeMap<&str, Vec<&OrderLine>> = BTreeMap::new();
    for line in order.lines.iter().filter(|line| line.state != OrderState::Cancelled) {
        packages.entry(line.package.as_ref()?.as_str()).or_default().push(line);
    }
    packages.into_values().find_map(|lines| {
        let mut inside: BTreeMap<String, u32> = BTreeMap::new();
        for line in &lines {
            *inside.entry(sku(&line.seller_sku)).or_default() += 1;
        }
        let free = lines.iter().all(|line| line.is_open() && !reserved.contains(&&line.id));
        (free && inside == wanted).then(|| ids(&lines))
    })
}

/// Whether two parcels hold the same items, as far as the store says; also for one that was withdrawn.
#[must_use]
pub fn same_items(a: &Parcel, b: &Parcel) -> bool {
    let items = |parcel: &Parcel, withdrawn: bool| {
        let mut units: BTreeMap<String, u32> = BTreeMap::new();
        for source in parcel.sources.iter().filter(|source| withdrawn || source.present) {
            for line in &source.lines {
                *units.entry(sku(&line.sku)).or_default() += line.quantity;
            }
        }
        units
    };
    let (ours, theirs) = (items(a, a.is_withdrawn()), items(b, b.is_withdrawn()));
    !ours.is_empty() && ours == theirs
}

/// What a choice is made from.
struct Desk<'a> {
    parcel: &'a Parcel,
    others: &'a [&'a Parcel],
    undecided: &'a [&'a Parcel],
    free: &'a [&'a OrderLine],
    order: &'a TikTokOrder,
}

fn is_same_parcel(a: &Parcel, b: &Parcel) -> bool {
    match (&a.number, &b.number) {
        (Some(a), Some(b)) => same_number(a.as_str(), b.as_str()),
        _ => false,
    }
}

/// What the store says is in a parcel: units by stock code. Empty: it does not say.
fn demand(parcel: &Parcel) -> BTreeMap<String, u32> {
    let mut units = BTreeMap::new();
    for source in parcel.sources.iter().filter(|s| s.present) {
        if source.lines.is_empty() {
            return BTreeMap::new();
        }
        for line in &source.lines {
            *units.entry(sku(&line.sku)).or_default() += line.quantity;
        }
    }
    units.retain(|_, quantity| *quantity > 0);
    units
}

fn sku(text: &str) -> String {
    text.trim().to_lowercase()
}

fn sharing(parcel: &Parcel) -> u32 {
    parcel.sources.iter().filter(|s| s.present).map(|s| s.sharing).max().unwrap_or(1)
}

/// The store does not say what is inside: everything that is open and that no other parcel claims.
fn take_the_rest(parcel: &Parcel, undecided: &[&Parcel], free: &[&OrderLine]) -> Result<Vec<LineItemId>, Unclear> {
    let mut left: Vec<&OrderLine> = free.to_vec();
    let mut silent = 1;
    for other in undecided {
        let claims = demand(other);
        if claims.is_empty() {
            silent += 1;
        }
        for (sku_wanted, quantity) in claims {
            for _ in 0..quantity {
                if let Some(i) = left.iter().position(|line| sku(&line.seller_sku) == sku_wanted) {
                    left.remove(i);
                }
            }
        }
    }
    let parcels = silent.max(sharing(parcel) as usize);
    if parcels == 1 {
        return if left.is_empty() { Err(Unclear::Contested) } else { Ok(ids(&left)) };
    }
    // Several parcels without a word about their contents: certain only when each must hold exactly one of equal units.
    one_of_equals(parcel, parcels, &left).ok_or(Unclear::SharedLines)
}

impl Desk<'_> {
    /// Takes what the store names.
    fn take(&self, wanted: &BTreeMap<String, u32>) -> Result<Vec<LineItemId>, Unclear> {
        let units: u32 = wanted.values().sum();
        let shared = sharing(self.parcel);
        if shared > 1 {
            let mut pool = self.free.to_vec();
            pool.retain(|line| wanted.contains_key(&sku(&line.seller_sku)));
            let open = count(pool.len()).saturating_add(self.placed_siblings());
            let exact = units == shared && wanted.len() == 1 && open >= shared;
            return match pool.first() {
                Some(first) if exact => Ok(vec![first.id.clone()]),
                Some(_) => Err(Unclear::SharedLines),
                None => Err(missing(wanted, self.order)),
            };
        }
        let unknown = |name: &str| name.is_empty() || !self.is_of_the_order(name);
        if wanted.keys().any(|name| unknown(name) && is_part_of_a_bundle(name, self.order)) {
            return Err(Unclear::PartOfBundle);
        }
        let unknown_units: u32 = wanted.iter().filter(|(s, _)| unknown(s)).map(|(_, q)| q).sum();
        if unknown_units > 0 {
            // By count only when no stock code says anything: none of ours is known here, and none of the order's is
            // claimed elsewhere.
            let silent = wanted.keys().all(|name| unknown(name))
                && !self
                    .others
                    .iter()
                    .filter(|p| !p.is_withdrawn())
                    .any(|p| demand(p).keys().any(|name| !unknown(name)));
            let whole = if silent { whole_order_by_count(units, self.free, self.order) } else { None };
            return whole.or_else(|| known_part(wanted, self.undecided, self.free)).ok_or(Unclear::UnknownSku);
        }
        pick(wanted, self.undecided, self.free)
    }

    fn is_of_the_order(&self, name: &str) -> bool {
        self.order.lines.iter().any(|line| sku(&line.seller_sku) == name)
    }

    /// Numbers of the same shipment that hold a unit already: sent, chosen, or shown by TikTok.
    fn placed_siblings(&self) -> u32 {
        let ours: Vec<_> = self.parcel.sources.iter().filter(|s| s.present).map(|s| &s.shipment).collect();
        let shown = |number: &str| {
            self.order.lines.iter().any(|line| line.tracking.as_ref().is_some_and(|t| same_number(t, number)))
        };
        let placed = self.others.iter().filter(|other| {
            other.store == self.parcel.store
                && other.order == self.parcel.order
                && other.sources.iter().any(|source| source.present && ours.contains(&&source.shipment))
                && (other.sent.is_some()
                    || !other.chosen.is_empty()
                    || other.number.as_ref().is_some_and(|number| shown(number.as_str())))
        });
        count(placed.count())
    }
}

/// Takes named units from the free ones, lowest line id first, unless somebody else claims them too.
fn pick(
    wanted: &BTreeMap<String, u32>,
    undecided: &[&Parcel],
    free: &[&OrderLine],
) -> Result<Vec<LineItemId>, Unclear> {
    let mut chosen = Vec::new();
    for (wanted_sku, quantity) in wanted {
        let matching: Vec<&OrderLine> =
            free.iter().copied().filter(|line| sku(&line.seller_sku) == *wanted_sku).collect();
        let claimed: u32 = undecided.iter().filter_map(|other| demand(other).get(wanted_sku).copied()).sum();
        let open = u32::try_from(matching.len()).unwrap_or(u32::MAX);
        if open < *quantity {
            return Err(if open == 0 { Unclear::NothingOpen } else { Unclear::TooMany });
        }
        if open < quantity.saturating_add(claimed) {
            return Err(Unclear::Contested);
        }
        chosen.extend(ids(&matching).into_iter().take(*quantity as usize));
    }
    chosen.sort();
    Ok(chosen)
}

fn missing(wanted: &BTreeMap<String, u32>, order: &TikTokOrder) -> Unclear {
    if order.lines.iter().any(|line| wanted.contains_key(&sku(&line.seller_sku))) {
        Unclear::NothingOpen
    } else {
        Unclear::UnknownSku
    }
}

fn one_of_equals(parcel: &Parcel, parcels: usize, left: &[&OrderLine]) -> Option<Vec<LineItemId>> {
    let first = left.first()?;
    let equal = left.iter().all(|line| sku(&line.seller_sku) == sku(&first.seller_sku));
    (equal && left.len() == parcels && parcel.number.is_some()).then(|| vec![first.id.clone()])
}

fn ids(lines: &[&OrderLine]) -> Vec<LineItemId> {
    let mut ids: Vec<LineItemId> = lines.iter().map(|line| line.id.clone()).collect();
    ids.sort();
    ids
}

#[cfg(test)]
#[path = "allocation_tests.rs"]
mod tests;
