//! Units that stand for more than themselves: bundles, and gifts that no store names.

use super::{BTreeMap, LineItemId, OrderLine, Parcel, TikTokOrder, count, demand, sku};

/// A bundle's unit may stand in the store as its components. Components that are units of their own here are those
/// first; what is left over makes bundles. A component alone stays what it is, and is not guessed about.
pub(super) fn with_bundles(
    mut wanted: BTreeMap<String, u32>,
    free: &[&OrderLine],
    order: &TikTokOrder,
) -> BTreeMap<String, u32> {
    let own = |name: &str| count(order.lines.iter().filter(|line| sku(&line.seller_sku) == name).count());
    for line in free.iter().filter(|line| !line.components.is_empty()) {
        let parts: Vec<(String, u32)> =
            line.components.iter().map(|part| (sku(&part.seller_sku), part.units.max(1))).collect();
        let whole = parts.iter().all(|(name, needed)| {
            !name.is_empty() && wanted.get(name).copied().unwrap_or_default().saturating_sub(own(name)) >= *needed
        });
        if !whole {
            continue;
        }
        for (name, needed) in parts {
            if let Some(left) = wanted.get_mut(&name) {
                *left -= needed;
            }
        }
        *wanted.entry(sku(&line.seller_sku)).or_default() += 1;
        wanted.retain(|_, quantity| *quantity > 0);
    }
    wanted
}

/// Whether a stock code is that of a piece of a bundle of the order. By itself it says nothing about which unit it goes with.
pub(super) fn is_part_of_a_bundle(name: &str, order: &TikTokOrder) -> bool {
    order.lines.iter().flat_map(|line| &line.components).any(|part| sku(&part.seller_sku) == name)
}

/// A gift that no store names goes with the number that ships all the rest: then the store has shipped everything.
pub(super) fn with_gifts(
    mut lines: Vec<LineItemId>,
    parcel: &Parcel,
    others: &[&Parcel],
    undecided: &[&Parcel],
    free: &[&OrderLine],
) -> Vec<LineItemId> {
    let named = |line: &OrderLine| {
        let name = sku(&line.seller_sku);
        std::iter::once(&parcel).chain(others).any(|one| demand(one).contains_key(&name))
    };
    let left: Vec<&OrderLine> = free.iter().copied().filter(|line| !lines.contains(&line.id)).collect();
    if undecided.is_empty() && left.iter().all(|line| line.gift && !named(line)) {
        lines.extend(left.iter().map(|line| line.id.clone()));
        lines.sort();
    }
    lines
}
