//! The verdict of each row. Pure: rows and what is known in, verdicts and news out.

use super::known::Knowledge;
use super::read::Line;
use super::room::{Parcels, Room, fit, room_of};
use super::{Judged, Verdict, Word};
use crate::domain::fulfilment::{
    Fulfilment, OrderLink, Shipment, ShipmentStatus, StoreLine, StoreParcel, Version, whole_units,
};
use crate::domain::ids::{ShipmentId, StoreOrderId, TikTokOrderId};
use crate::domain::order::OrderState;
use crate::domain::order_row::{OrderRow, Ours};
use crate::domain::parcel::{Parcel, ParcelState, Phase};
use crate::domain::platform::Platform;
use crate::domain::reason::Reason;
use crate::domain::tracking::{TrackingNumber, same_number};
use crate::flows::carriers::match_parcel::{Match, match_parcel};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};

/// Markets where TikTok takes one number for several orders. Source: `product.md` 3, combined parcels.
const COMBINES: [&str; 9] = ["US", "UK", "GB", "IE", "ES", "DE", "FR", "IT", "JP"];

pub(super) type Said = (Word, Option<Reason>, String);

pub(super) fn hold(reason: Reason, detail: impl Into<String>) -> Said {
    (Word::Hold, Some(reason), detail.into())
}

/// Judges the rows.
pub(super) fn judge(lines: &[Line], known: &Knowledge, now: Timestamp) -> Judged {
    let mut said: Vec<Option<Said>> = vec![None; lines.len()];
    let place: HashMap<usize, usize> = lines.iter().enumerate().map(|(at, line)| (line.row, at)).collect();
    let mut groups: Vec<Parcels<'_>> = Vec::new();
    let mut of_key: HashMap<(String, String), usize> = HashMap::new();
    for (at, line) in lines.iter().enumerate() {
        match alone(line) {
            Err(wrong) => said[at] = Some(wrong),
            Ok(number) => {
                let key = (line.order().to_owned(), number.key());
                let group = *of_key.entry(key).or_insert_with(|| {
                    groups.push(Parcels { lines: Vec::new(), number });
                    groups.len() - 1
                });
                let same = groups[group].lines.iter().find(|other| {
                    other.sku == line.sku && other.quantity == line.quantity && other.carrier == line.carrier
                });
                if let Some(first) = same {
                    said[at] = Some((Word::Done, None, format!("the same as row {}", first.row)));
                } else {
                    groups[group].lines.push(line);
                }
            }
        }
    }
    // Numbers of the file an order has: who has several says which items each one carries.
    let mut numbers_of: HashMap<&str, HashSet<String>> = HashMap::new();
    for group in &groups {
        if let (Some(line), Ok(_)) = (group.lines.first(), carrier_of(group, known, None, now)) {
            numbers_of.entry(line.order()).or_default().insert(group.number.key());
        }
    }
    let mut rooms: HashMap<String, Room> = HashMap::new();
    let mut taken: HashMap<String, String> = HashMap::new();
    let mut news: Vec<Fulfilment> = Vec::new();
    let mut of_order: HashMap<String, usize> = HashMap::new();
    for group in &groups {
        let Some(first) = group.lines.first() else { continue };
        let several = numbers_of.get(first.order()).is_some_and(|numbers| numbers.len() > 1);
        let (verdict, link) = one(group, known, several, &mut rooms, &mut taken, now);
        for line in &group.lines {
            if let Some(at) = place.get(&line.row) {
                said[*at] = Some(verdict.clone());
            }
        }
        let kept = matches!(verdict.0, Word::Push | Word::Wait).then_some(link).flatten();
        if let Some(link) = kept {
            add(&mut news, &mut of_order, group, link, now);
        }
    }
    let verdicts = lines.iter().zip(said).map(|(line, said)| {
        let (word, reason, detail) = said.unwrap_or((Word::Hold, Some(Reason::OrderNotFound), String::new()));
        Verdict { line: line.clone(), word, reason, detail }
    });
    Judged { verdicts: verdicts.collect(), news }
}

/// What a row says by itself.
fn alone(line: &Line) -> Result<TrackingNumber, Said> {
    if line.order().is_empty() {
        return Err(hold(Reason::OrderNotFound, "the row names no order"));
    }
    if line.is_shortened() {
        let words = "a spreadsheet shortened the order's id; format its column as text and fill it again";
        return Err(hold(Reason::OrderNotFound, words));
    }
    if let Some(Err(_)) = line.tiktok_order.as_deref().map(TikTokOrderId::parse) {
        return Err(hold(Reason::OrderNotFound, "TikTok's order ids are digits only"));
    }
    if StoreOrderId::parse(line.order()).is_err() {
        return Err(hold(Reason::OrderNotFound, "the order's name is too long, or holds signs that no name has"));
    }
    let number = TrackingNumber::parse(&line.number)
        .map_err(|_| hold(Reason::TrackingMissing, "the row has no tracking number"))?;
    if line.quantity.as_deref().is_some_and(|text| whole_units(text).is_none()) {
        return Err(hold(Reason::LinesUnmatched, "the quantity is no whole number above 0"));
    }
    Ok(number)
}

/// The verdict of one order and number; with it, how the order is named when it is kept.
fn one(
    group: &Parcels<'_>,
    known: &Knowledge,
    several: bool,
    rooms: &mut HashMap<String, Room>,
    taken: &mut HashMap<String, String>,
    now: Timestamp,
) -> (Said, Option<OrderLink>) {
    let Some(first) = group.lines.first() else { return (hold(Reason::TrackingMissing, ""), None) };
    let orders = match first.tiktok_order.as_deref().and_then(|id| TikTokOrderId::parse(id).ok()) {
        Some(order) => vec![order],
        None => known.tiktok_orders_of(first.order()),
    };
    if orders.len() > 1 {
        let names: Vec<&str> = orders.iter().map(TikTokOrderId::as_str).collect();
        return (hold(Reason::OrderAmbiguous, format!("it may be {}", names.join(" or "))), None);
    }
    let order = orders.into_iter().next();
    if let Some(said) = same_number_known(group, known, order.as_ref(), first) {
        // A hold of ours may be freed by what the file says anew of the carrier.
        return (said, None);
    }
    let row = order.as_ref().and_then(|order| known.orders.get(order));
    if let Some(said) = row.and_then(closed) {
        return (said, None);
    }
    let carrier = match carrier_of(group, known, order.as_ref(), now) {
        Ok(warning) => warning,
        Err(said) => return (said, None),
    };
    if first.tiktok_order.is_some() && row.is_none() && known.complete {
        let words = "TikTok shows no open order of this shop under this id";
        return (hold(Reason::OrderNotFound, words), None);
    }
    let shared = match duplicate(group, known, order.as_ref(), first, taken) {
        Ok(words) => words,
        Err(said) => return (said, None),
    };
    let name = order.as_ref().map_or_else(|| first.order().to_owned(), ToString::to_string);
    let room = rooms.entry(name).or_insert_with(|| room_of(known, order.as_ref(), row, first.order()));
    if let Err(said) = fit(group, room, several) {
        return (said, None);
    }
    taken.insert(group.number.key(), first.order().to_owned());
    let detail = [carrier, shared].into_iter().flatten().collect::<Vec<_>>().join("; ");
    let link = order.map_or(OrderLink::NotFound, OrderLink::Found);
    let said = match row.map(|row| &row.facts.state) {
        Some(OrderState::AwaitingPayment) => (Word::Wait, Some(Reason::Unpaid), detail),
        Some(OrderState::OnHold) => (Word::Wait, Some(Reason::OnHold), detail),
        Some(_) => (Word::Push, None, detail),
        None if link == OrderLink::NotFound => {
            let words = "no store told of this order; TikTok is asked for it before anything is sent";
            (Word::Wait, Some(Reason::OrderNotFound), words.to_owned())
        }
        None => (Word::Push, None, "not seen at TikTok yet; it is read before anything is sent".to_owned()),
    };
    (said, Some(link))
}

/// The order has this number already: here, or at TikTok.
fn same_number_known(
    group: &Parcels<'_>,
    known: &Knowledge,
    order: Option<&TikTokOrderId>,
    first: &Line,
) -> Option<Said> {
    let number = &group.number;
    let ours = |parcel: &&Parcel| {
        let same = parcel.tiktok_order() == order && order.is_some();
        let named = parcel.order.as_str() == first.order() || parcel.order_name.as_deref() == Some(first.order());
        same || (named && (order.is_none() || parcel.tiktok_order().is_none()))
    };
    let here = known.of_number(&number.key()).filter(ours).max_by_key(|parcel| match parcel.state.phase() {
        Phase::Done => 3,
        Phase::Closed => 2,
        Phase::Open => 1,
        Phase::Waiting => 0,
    });
    if let Some(parcel) = here {
        let reason = parcel.state.reason();
        return match (parcel.state.phase(), parcel.state) {
            (Phase::Done, _) => Some((Word::Done, None, "TikTok has this number already".to_owned())),
            (_, ParcelState::Dismissed) => {
                Some((Word::Done, None, "a person dismissed it; a file does not reopen it".to_owned()))
            }
            (_, ParcelState::Superseded) => {
                Some((Word::Done, None, "a newer number took its place; a file does not bring it back".to_owned()))
            }
            (Phase::Closed, _) => Some((Word::Close, reason, "closed here; a file does not reopen it".to_owned())),
            (Phase::Open, _) => Some((Word::Done, None, "known already; it is on its way to TikTok".to_owned())),
            (Phase::Waiting, _) if parcel.store != known.store || reason.is_some_and(|r| !is_of_carrier(r)) => {
                Some((Word::Hold, reason, "known already; waybill held shows what settles it".to_owned()))
            }
            (Phase::Waiting, _) => {
                let same = parcel.carrier.as_deref().unwrap_or_default() == first.carrier;
                same.then(|| (Word::Hold, reason, "known already; waybill held shows what settles it".to_owned()))
            }
        };
    }
    let row = order.and_then(|order| known.orders.get(order))?;
    let at_tiktok = row.facts.numbers().iter().any(|number| same_number(number, group.number.as_str()));
    at_tiktok.then(|| (Word::Done, None, "TikTok has this number already".to_owned()))
}

fn is_of_carrier(reason: Reason) -> bool {
    matches!(reason, Reason::CarrierMissing | Reason::CarrierUnmapped | Reason::CarrierNotApproved)
}

/// Nothing is sent for such an order.
fn closed(row: &OrderRow) -> Option<Said> {
    let reason = match (row.facts.ours, &row.facts.state) {
        (Ours::TikTokShipping, _) => Reason::NotSellerShipping,
        (Ours::TikTokStock, _) => Reason::FulfilledByTikTok,
        (Ours::Seller, OrderState::Cancelled) => Reason::Cancelled,
        _ => return None,
    };
    Some((Word::Close, Some(reason), reason.sentence().to_owned()))
}

/// The check before a push. Gives what it warns of.
fn carrier_of(
    group: &Parcels<'_>,
    known: &Knowledge,
    order: Option<&TikTokOrderId>,
    now: Timestamp,
) -> Result<Option<String>, Said> {
    let carriers: HashSet<&str> = group.lines.iter().map(|line| line.carrier.as_str()).collect();
    let Some(first) = group.lines.first() else { return Ok(None) };
    if carriers.len() > 1 {
        return Err(hold(Reason::CarrierFormatMismatch, "the rows of this number name different carriers"));
    }
    let Ok(name) = StoreOrderId::parse(first.order()) else {
        return Err(hold(Reason::OrderNotFound, "the row names no order"));
    };
    let parcel = Parcel {
        number: Some(group.number.clone()),
        carrier: Some(first.carrier.clone()).filter(|carrier| !carrier.is_empty()),
        link: order.cloned().map_or(OrderLink::NotFound, OrderLink::Found),
        ..Parcel::new(known.store.clone(), name, known.shop.id.clone(), now)
    };
    match match_parcel(&parcel, &known.maps, &known.list, Platform::Generic, &known.shop) {
        Match::Carried { warning, .. } => Ok(warning),
        Match::Hold { reason, detail } => Err(hold(reason, detail)),
    }
}

/// The number on another order: of a store, or of the file.
fn duplicate(
    group: &Parcels<'_>,
    known: &Knowledge,
    order: Option<&TikTokOrderId>,
    first: &Line,
    taken: &HashMap<String, String>,
) -> Result<Option<String>, Said> {
    let key = group.number.key();
    let live = |parcel: &&Parcel| parcel.state.phase() != Phase::Closed && !parcel.is_withdrawn();
    let other = known.of_number(&key).filter(live).find_map(|parcel| match (parcel.tiktok_order(), order) {
        (Some(theirs), Some(ours)) if theirs != ours => Some(theirs.to_string()),
        (theirs, ours) if theirs.is_none() || ours.is_none() => {
            (parcel.order.as_str() != first.order()).then(|| parcel.order.to_string())
        }
        _ => None,
    });
    let other = other.or_else(|| taken.get(&key).filter(|other| *other != first.order()).cloned());
    match other {
        None => Ok(None),
        Some(other) if COMBINES.contains(&known.shop.region.as_str()) => {
            Ok(Some(format!("order {other} has the same number")))
        }
        Some(other) => Err(hold(Reason::TrackingDuplicate, format!("order {other} has this number"))),
    }
}

pub(super) fn folded(sku: &str) -> String {
    sku.trim().to_lowercase()
}

pub(super) fn lines_of(group: &Parcels<'_>) -> Vec<StoreLine> {
    let line = |line: &&Line| {
        let quantity = line.quantity.as_deref().and_then(whole_units).unwrap_or(1);
        line.sku.clone().map(|sku| StoreLine::new(sku, quantity))
    };
    group.lines.iter().filter_map(line).collect()
}

/// Adds a parcel to what is to be kept about its order.
fn add(
    news: &mut Vec<Fulfilment>,
    of_order: &mut HashMap<String, usize>,
    group: &Parcels<'_>,
    link: OrderLink,
    now: Timestamp,
) {
    let Some(first) = group.lines.first() else { return };
    // Long names and numbers are cut before they are put together: an id has 200 bytes.
    let key: String = group.number.key().chars().take(60).collect();
    let order: String = first.order().chars().take(30).collect();
    let (Ok(id), Ok(name)) = (ShipmentId::parse(format!("{order}:{key}")), StoreOrderId::parse(first.order())) else {
        return;
    };
    let carrier = Some(first.carrier.clone()).filter(|carrier| !carrier.is_empty());
    let shipment = Shipment {
        id,
        version: Version::new(now, now),
        status: ShipmentStatus::Shipped,
        parcels: vec![StoreParcel { number: group.number.clone(), carrier }],
        lines: lines_of(group),
    };
    let at = *of_order.entry(first.order().to_owned()).or_insert_with(|| {
        let order = name.clone();
        news.push(Fulfilment { order, order_name: None, link, cancelled: None, shipments: Vec::new(), complete: None });
        news.len() - 1
    });
    if let Some(fulfilment) = news.get_mut(at) {
        fulfilment.shipments.push(shipment);
    }
}
