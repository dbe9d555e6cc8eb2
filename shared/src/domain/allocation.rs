//! Which line items of a TikTok order a parcel takes. TikTok has one line item per unit.
//!
//! Never a guess: when the store's words fit more than one choice that matters, the answer is an [`Unclear`].

use crate::domain::ids::LineItemId;
use crate::domain::order::{OrderLine, OrderState, TikTokOrder};
use crate::domain::parcel::{Parcel, Phase};
use crate::domain::tracking::same_number;
use std::collections::BTreeMap;

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
        }
    }
}

/// Chooses the open lines for a parcel. `others` are the other parcels of the same TikTok order.
///
/// # Errors
/// [`Unclear`] when the choice would be a guess.
pub fn allocate(parcel: &Parcel, others: &[&Parcel], order: &TikTokOrder) -> Result<Vec<LineItemId>, Unclear> {
    // One number reported by two shipments or stores is one parcel, not two that compete.
    let others: Vec<&Parcel> = others.iter().copied().filter(|other| !is_same_parcel(parcel, other)).collect();
    let rivals: Vec<&Parcel> = others
        .iter()
        .copied()
        .filter(|p| p.number.is_some() && !p.is_withdrawn() && p.sent.is_none())
        .filter(|p| matches!(p.state.phase(), Phase::Open | Phase::Waiting))
        .collect();
    // A read may be behind: what TikTok took for another parcel is taken, even if it still shows as open.
    let taken = others.iter().filter(|other| !other.is_withdrawn()).filter_map(|other| other.sent.as_ref());
    let reserved: Vec<&LineItemId> =
        rivals.iter().flat_map(|p| &p.chosen).chain(taken.flat_map(|sent| &sent.lines)).collect();
    let free: Vec<&OrderLine> =
        order.lines.iter().filter(|line| line.is_open() && !reserved.contains(&&line.id)).collect();
    if free.is_empty() {
        return Err(if reserved.is_empty() { Unclear::NothingOpen } else { Unclear::Contested });
    }
    let undecided: Vec<&Parcel> = rivals.into_iter().filter(|p| p.chosen.is_empty()).collect();
    let wanted = demand(parcel);
    if wanted.is_empty() {
        take_the_rest(parcel, &undecided, &free)
    } else {
        take(parcel, &wanted, &undecided, &free, order)
    }
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

/// Takes what the store names.
fn take(
    parcel: &Parcel,
    wanted: &BTreeMap<String, u32>,
    undecided: &[&Parcel],
    free: &[&OrderLine],
    order: &TikTokOrder,
) -> Result<Vec<LineItemId>, Unclear> {
    let units: u32 = wanted.values().sum();
    let shared = sharing(parcel);
    if shared > 1 {
        let mut pool = free.to_vec();
        pool.retain(|line| wanted.contains_key(&sku(&line.seller_sku)));
        let exact = units == shared && wanted.len() == 1 && pool.len() >= shared as usize;
        return match pool.first() {
            Some(first) if exact => Ok(vec![first.id.clone()]),
            Some(_) => Err(Unclear::SharedLines),
            None => Err(missing(wanted, order)),
        };
    }
    let known = |wanted_sku: &str| order.lines.iter().any(|line| sku(&line.seller_sku) == wanted_sku);
    let unknown_units: u32 = wanted.iter().filter(|(s, _)| s.is_empty() || !known(s)).map(|(_, q)| q).sum();
    if unknown_units > 0 {
        return whole_order_by_count(units, free, order)
            .or_else(|| known_part(wanted, undecided, free))
            .ok_or(Unclear::UnknownSku);
    }
    pick(wanted, undecided, free)
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

/// The store writes other stock codes than TikTok, but the parcel holds as many units as the whole order has:
/// every unit is in it.
fn whole_order_by_count(units: u32, free: &[&OrderLine], order: &TikTokOrder) -> Option<Vec<LineItemId>> {
    let all = order.lines.iter().filter(|line| line.state != OrderState::Cancelled).count();
    (units as usize == all && free.len() == all).then(|| ids(free))
}

/// The parcel holds items that TikTok does not know (a free gift, say). Certain when everything still open at TikTok is
/// named by its own stock code.
fn known_part(wanted: &BTreeMap<String, u32>, undecided: &[&Parcel], free: &[&OrderLine]) -> Option<Vec<LineItemId>> {
    let open = |wanted_sku: &str| free.iter().any(|line| sku(&line.seller_sku) == wanted_sku);
    let named = free.iter().all(|line| wanted.contains_key(&sku(&line.seller_sku)));
    let part: BTreeMap<String, u32> =
        wanted.iter().filter(|(s, _)| !s.is_empty() && open(s)).map(|(s, q)| (s.clone(), *q)).collect();
    if named && !part.is_empty() { pick(&part, undecided, free).ok() } else { None }
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
