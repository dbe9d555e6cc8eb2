//! Parcels whose stock codes TikTok's order does not have: what is certain about them all the same.

use super::{BTreeMap, LineItemId, OrderLine, OrderState, Parcel, TikTokOrder, demand, ids, pick, sku};

/// The store writes other stock codes than TikTok, but the parcel holds as many units as the whole order has:
/// every unit is in it.
pub(super) fn whole_order_by_count(units: u32, free: &[&OrderLine], order: &TikTokOrder) -> Option<Vec<LineItemId>> {
    let all = order.lines.iter().filter(|line| line.state != OrderState::Cancelled).count();
    (units as usize == all && free.len() == all).then(|| ids(free))
}

/// The parcel holds items that TikTok does not know (a free gift, say). Certain when everything still open at TikTok is
/// named by its own stock code.
pub(super) fn known_part(
    wanted: &BTreeMap<String, u32>,
    undecided: &[&Parcel],
    free: &[&OrderLine],
) -> Option<Vec<LineItemId>> {
    let open = |wanted_sku: &str| free.iter().any(|line| sku(&line.seller_sku) == wanted_sku);
    // What other parcels name is theirs.
    let mut left: Vec<&OrderLine> = free.to_vec();
    for (name, quantity) in undecided.iter().flat_map(|other| demand(other)) {
        for _ in 0..quantity {
            if let Some(i) = left.iter().position(|line| sku(&line.seller_sku) == name) {
                left.remove(i);
            }
        }
    }
    let named = left.iter().all(|line| wanted.contains_key(&sku(&line.seller_sku)));
    let part: BTreeMap<String, u32> =
        wanted.iter().filter(|(s, _)| !s.is_empty() && open(s)).map(|(s, q)| (s.clone(), *q)).collect();
    if named && !part.is_empty() { pick(&part, undecided, free).ok() } else { None }
}
