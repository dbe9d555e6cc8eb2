//! Which sent number an edit replaces, and whether it still may.

use super::{
    Carried, Decision, EDIT_WINDOW, OrderLine, PackageId, Parcel, PushRule, Reason, Sent, Source, SplitTag,
    TikTokOrder, Timestamp, WaitsFor, hold, holding, same_items, same_number, sorted,
};

/// Whether the parcel replaces a number, or the carrier of a number, that **we** sent. Numbers of others are never
/// overwritten.
pub(super) fn correction(
    parcel: &Parcel,
    carried: &Carried,
    others: &[&Parcel],
    order: &TikTokOrder,
    now: Timestamp,
) -> Option<Decision> {
    let earlier = predecessor(parcel, carried, others, order)?;
    let lines: Vec<&OrderLine> = holding(order, &earlier.number);
    if earlier.edits >= 1 {
        return Some(hold(Reason::EditUsed, &earlier.provider_name, WaitsFor::Person));
    }
    let closed = now > earlier.shipped_at + EDIT_WINDOW || order.state.push_rule() == PushRule::No;
    if closed {
        return Some(hold(Reason::EditWindowClosed, &earlier.provider_name, WaitsFor::Person));
    }
    let mut packages: Vec<&PackageId> = order.lines.iter().filter_map(|line| line.package.as_ref()).collect();
    packages.sort();
    packages.dedup();
    let split = order.split_or_combined == Some(SplitTag::Split) || packages.len() > 1;
    let package = if split { lines.first().and_then(|line| line.package.clone()) } else { None };
    if split && package.is_none() {
        return Some(hold(Reason::LinesUnmatched, "TikTok shows no package for these items", WaitsFor::Person));
    }
    Some(Decision::Correct { lines: sorted(&lines), package, edits: earlier.edits + 1, shipped_at: earlier.shipped_at })
}

/// What we sent for these units and TikTok still shows: the same number under another carrier, or the number of a
/// parcel that the store has withdrawn since.
fn predecessor(parcel: &Parcel, carried: &Carried, others: &[&Parcel], order: &TikTokOrder) -> Option<Sent> {
    if let Some(sent) = &parcel.sent {
        let shown = holding(order, &sent.number);
        if same_number(&sent.number, &carried.number) {
            let by_old = shown.iter().any(|line| line.provider.as_ref().is_none_or(|p| *p == sent.provider));
            if !shown.is_empty() {
                return (sent.provider != carried.provider && by_old).then(|| sent.clone());
            }
        } else if !shown.is_empty() {
            return Some(sent.clone());
        }
    }
    let shipments: Vec<_> = parcel.sources.iter().filter(|s| s.present).map(|s| &s.shipment).collect();
    let withdrawn = others.iter().filter(|other| other.store == parcel.store && other.is_withdrawn());
    let candidates = withdrawn
        .filter_map(|other| {
            let sent = other.sent.clone().or_else(|| lost(other, order));
            Some((other, sent.or_else(|| unrecorded(other, parcel, others, order))?))
        })
        .filter(|(_, sent)| !same_number(&sent.number, &carried.number) && !holding(order, &sent.number).is_empty())
        .filter_map(|(other, sent)| {
            // The same shipment; or a new shipment of the same items after the old one was cancelled, or, while nothing is
            // left open, one whose items nobody names. A number that has its own items at TikTok (its answer was lost)
            // takes nobody else's, and a shipment that has another number now is that one's to correct.
            let has_heir = |s: &Source| {
                // An id means something within its store order only.
                let of_one_order = |row: &Parcel| row.store == other.store && row.order == other.order;
                let heir = |row: &Parcel| row.sources.iter().any(|own| own.present && own.shipment == s.shipment);
                others.iter().any(|row| of_one_order(row) && heir(row))
            };
            let same_shipment =
                other.order == parcel.order && other.sources.iter().any(|s| shipments.contains(&&s.shipment));
            let free = holding(order, &carried.number).is_empty() && !other.sources.iter().any(has_heir);
            let silent = |parcel: &Parcel| parcel.sources.iter().all(|source| source.lines.is_empty());
            let unnamed = (silent(other) || silent(parcel)) && !order.lines.iter().any(OrderLine::is_open);
            let claim = match (same_shipment, free && same_items(other, parcel), free && unnamed) {
                (true, _, _) => 3,
                (_, true, _) => 2,
                (_, _, true) => 1,
                _ => return None,
            };
            Some((claim, sent))
        });
    candidates.max_by_key(|(claim, sent)| (*claim, sent.at)).map(|(_, sent)| sent)
}

/// A number whose answer was lost and that the store replaced before it was read back: TikTok took it from us.
fn lost(parcel: &Parcel, order: &TikTokOrder) -> Option<Sent> {
    let tried = parcel.tried.as_ref()?;
    let shown = holding(order, &tried.number);
    let package = shown.first()?.package.clone();
    Some(Sent {
        number: tried.number.clone(),
        provider: tried.provider.clone(),
        provider_name: tried.provider_name.clone(),
        lines: sorted(&shown),
        package,
        at: tried.at,
        shipped_at: tried.at,
        edits: u32::from(tried.correction),
    })
}

/// A number that the store replaced before any of us could write down what became of it: who sent it may have died right
/// after. TikTok shows it for the store that named it, and nobody's parcel carries it any more: it is ours to correct.
fn unrecorded(withdrawn: &Parcel, parcel: &Parcel, others: &[&Parcel], order: &TikTokOrder) -> Option<Sent> {
    let number = withdrawn.number.as_ref()?.as_str();
    let carries =
        |row: &Parcel| !row.is_withdrawn() && row.number.as_ref().is_some_and(|n| same_number(n.as_str(), number));
    if carries(parcel) || others.iter().any(|row| carries(row)) {
        return None;
    }
    let shown = holding(order, number);
    let first = shown.first()?;
    let provider = first.provider.clone()?;
    Some(Sent {
        number: number.to_owned(),
        provider_name: provider.as_str().to_owned(),
        provider,
        lines: sorted(&shown),
        package: first.package.clone(),
        at: withdrawn.changed,
        // Not before that, so the window closes rather too early than too late.
        shipped_at: withdrawn.received,
        edits: 0,
    })
}
