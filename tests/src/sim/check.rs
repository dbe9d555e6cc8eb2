//! What must hold when everything is quiet, read from TikTok's own record and from the rows.

use super::rig::{Delivery, Rig};
use crate::world::HOOK_SECRET;
use crate::world::wire::TableFaults;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;
use waybill::domain::ids::{ShipmentId, ShopId, StoreOrderId};
use waybill::domain::intake::known_version;
use waybill::domain::parcel::{Parcel, ParcelState, Phase};
use waybill::domain::region::AppRegion;
use waybill::domain::tracking::same_number;
use waybill::table::keys::Shard;
use waybill_model::canary::BUYER;
use waybill_model::tiktok::{ChangeKind, Outcome};

/// Writes and reads a second that a shop may see from one worker.
const WRITES: usize = 2;
const READS: usize = 5;

/// I7: what was acknowledged is stored, now.
pub async fn durable(rig: &mut Rig, delivery: &Delivery) {
    let store = &rig.stores[delivery.store].store.id;
    let order = StoreOrderId::parse(delivery.body["id"].to_string()).expect("id");
    let rows = rig.world.app.table.order_rows(store, &order, true).await.expect("rows").parcels;
    for fulfilment in delivery.body["fulfillments"].as_array().into_iter().flatten() {
        let shipment = ShipmentId::parse(fulfilment["id"].to_string()).expect("id");
        let changed: Timestamp = fulfilment["updated_at"].as_str().expect("text").parse().expect("time");
        let known = known_version(&rows, &shipment);
        if known.is_none_or(|version| version.changed < changed.as_millisecond()) {
            rig.problems.push(format!("I7: acknowledged and not stored: shipment {shipment:?} of order {order:?}"));
        }
    }
}

/// Everything.
pub async fn all(rig: &mut Rig) {
    let rows = every_row(rig).await;
    let mut problems = Vec::new();
    arrived(rig, &rows, &mut problems);
    once(rig, &mut problems);
    held_by_tiktok(rig, &rows, &mut problems);
    listed(rig, &rows, &mut problems);
    rates(rig, &mut problems);
    readers(rig, &mut problems);
    canaries(rig, &mut problems);
    rig.problems.extend(problems);
}

async fn every_row(rig: &Rig) -> Vec<Parcel> {
    let mut rows = Vec::new();
    for store in rig.stores.iter().chain(rig.fronts.iter().map(|front| &front.added)) {
        rows.extend(rig.world.app.table.parcels_where(&store.store.id, |_| true).await.expect("rows"));
    }
    rows
}

/// I1: what the script says must arrive has arrived, and every row is where it may stay.
fn arrived(rig: &Rig, rows: &[Parcel], problems: &mut Vec<String>) {
    for wanted in &rig.script.arrives {
        let order = rig.world.tiktok.order_now(&wanted.order.0, &wanted.order.1).expect("order");
        let held = |line: &str| order.package_of(line).and_then(|package| package.number.clone());
        let units = order.lines.iter().filter_map(|line| held(&line.id)).filter(|n| same_number(n, &wanted.number));
        let units = units.count();
        if units != wanted.units {
            let states: Vec<String> = rows.iter().map(told).collect();
            problems.push(format!(
                "I1: {} is on {units} units of {}, not on {}; rows: {states:?}",
                wanted.number, wanted.order.1, wanted.units
            ));
        }
    }
    for row in rows {
        let rests = match row.state.phase() {
            Phase::Open => false,
            Phase::Waiting => row.due.is_none(),
            Phase::Done | Phase::Closed => row.due.is_none(),
        };
        let internal = matches!(row.state, ParcelState::NeedsAttention(waybill::domain::reason::Reason::Internal));
        if !rests || internal {
            problems.push(format!("I1: a row may not stay so: {}", told(row)));
        }
    }
}

fn told(row: &Parcel) -> String {
    let number = row.number.as_ref().map_or("-", |number| number.as_str());
    let events: Vec<String> =
        row.events.iter().map(|event| format!("{}: {} {}", event.at, event.what, event.detail)).collect();
    format!("{number} {} due {:?} chosen {:?} {events:?}", row.state, row.due, row.chosen)
}

/// I2: nothing twice, no older number over a newer one, one edit.
fn once(rig: &Rig, problems: &mut Vec<String>) {
    rig.world.tiktok.with_journal(|journal| {
        let mut seen = HashSet::new();
        let mut edits: BTreeMap<&str, usize> = BTreeMap::new();
        for change in &journal.changes {
            let key = (&change.shop, &change.order, &change.lines, &change.number, &change.provider);
            if !seen.insert(key) {
                problems.push(format!("I2: accepted twice: {change:?}"));
            }
            if change.kind == ChangeKind::Correction {
                let count = edits.entry(&change.package).or_default();
                *count += 1;
                if *count > 1 {
                    problems.push(format!("I2: a second edit: {change:?}"));
                }
            }
        }
        for ages in &rig.script.ages {
            let age = |number: &str| ages.iter().position(|known| same_number(known, number));
            let mut newest = None;
            for change in &journal.changes {
                let this = age(&change.number);
                if this.is_some() && this < newest {
                    problems.push(format!("I2: an older number over a newer one: {change:?}"));
                }
                newest = newest.max(this);
            }
        }
    });
}

/// I3: what we call accepted is at TikTok.
fn held_by_tiktok(rig: &Rig, rows: &[Parcel], problems: &mut Vec<String>) {
    for row in rows.iter().filter(|row| row.state.phase() == Phase::Done) {
        let (Some(order), Some(number)) = (row.tiktok_order(), &row.number) else {
            problems.push(format!("I3: accepted without order or number: {}", told(row)));
            continue;
        };
        let held = rig.world.tiktok.order_now(row.shop.as_str(), order.as_str());
        let held = held.is_some_and(|order| order.numbers().iter().any(|(n, _)| same_number(n, number.as_str())));
        if !held {
            problems.push(format!("I3: accepted and not at TikTok: {}", told(row)));
        }
    }
}

/// I4: what is not done is on a list, with words.
fn listed(rig: &Rig, rows: &[Parcel], problems: &mut Vec<String>) {
    let places: HashSet<(String, String)> = rig.world.wire.listed("").into_iter().map(|(_, _, key)| key).collect();
    for row in rows.iter().filter(|row| matches!(row.state.phase(), Phase::Open | Phase::Waiting)) {
        let key = waybill::table::keys::parcel(row);
        if !places.contains(&(key.pk, key.sk)) {
            problems.push(format!("I4: on no list: {}", told(row)));
        }
        let words = row.state.reason().is_some_and(|r| !r.sentence().is_empty() && !r.remedy().is_empty());
        if !words {
            problems.push(format!("I4: without a reason: {}", told(row)));
        }
    }
}

/// I8: no second holds more calls than a shop's rate, and `Retry-After` is kept.
fn rates(rig: &Rig, problems: &mut Vec<String>) {
    // The slow schedule talks to TikTok too (webhook subscriptions of a new shop), at a rate of its own.
    let times = if rig.script.table.lease_broken || !rig.fronts.is_empty() { 2 } else { 1 };
    rig.world.tiktok.with_journal(|journal| {
        for (shop, _) in &rig.script.shops {
            for (writes, most) in [(true, WRITES), (false, READS)] {
                let busiest = journal.busiest(shop, writes, Duration::from_secs(1));
                if busiest > most * times {
                    let mine = journal.requests.iter().filter(|seen| {
                        seen.shop.as_ref() == Some(shop) && seen.call.is_some_and(|call| call.is_write() == writes)
                    });
                    let told: Vec<String> =
                        mine.map(|seen| format!("{:?} {:?} {:?}", seen.elapsed, seen.call, seen.outcome)).collect();
                    problems.push(format!("I8: {busiest} calls in a second (writes: {writes}): {told:?}"));
                }
            }
            let mine: Vec<_> =
                journal.requests.iter().filter(|seen| seen.shop.as_deref() == Some(shop.as_str())).collect();
            for refused in
                mine.iter().filter(|seen| seen.outcome == Outcome::Answered { http: 429, code: Some(36_009_002) })
            {
                // Without a time TikTok's answer means a short pause of the process that got it.
                let asked = refused.asked.unwrap_or(Duration::from_secs(1));
                let until = refused.left + asked;
                if !kept_by(rig, asked) {
                    continue;
                }
                if let Some(early) = mine.iter().find(|seen| seen.elapsed > refused.left && seen.elapsed < until) {
                    problems.push(format!("I8: {early:?} within Retry-After of {refused:?}"));
                }
            }
        }
    });
}

/// I18: only who holds the lease of a shop's shard reads its orders.
fn readers(rig: &Rig, problems: &mut Vec<String>) {
    if rig.script.table.lease_broken || rig.script.freeze_at > 0 {
        return;
    }
    let reads = rig.world.wire.readers().reads();
    for (id, _) in &rig.script.shops {
        let cipher = rig.world.tiktok.cipher(id);
        let lease = waybill::table::keys::lease(Shard::of(&ShopId::parse(id.as_str()).expect("id"))).pk;
        let mut mine = reads.iter().filter(|read| read.cipher == cipher);
        if let Some(stranger) = mine.find(|read| !read.leases.contains(&lease)) {
            problems.push(format!("I18: {id} was read by who held {:?} and not {lease}", stranger.leases));
        }
    }
}

/// Whether every process must know of a pause: a short one lives in the memory of one worker, a long one in the table,
/// as long as the table takes it and one worker at a time works for the shop.
fn kept_by(rig: &Rig, asked: Duration) -> bool {
    let TableFaults { throttled, failing, lost_before, lost_after, lease_broken, .. } = rig.script.table;
    let sound = !lease_broken && [throttled, failing, lost_before, lost_after].iter().all(|p| *p <= 0.0);
    // Where the slow schedule works beside the push, a run that is under way hears of nothing.
    let alone = rig.script.workers == 1 && rig.script.fronts.is_empty();
    if asked > Duration::from_secs(5) { sound && rig.script.fronts.is_empty() } else { alone && !lease_broken }
}

/// I5: no secret and no buyer in any row, line, metric or answer.
fn canaries(rig: &Rig, problems: &mut Vec<String>) {
    let mut secrets: Vec<String> = BUYER.iter().map(|text| (*text).to_owned()).collect();
    secrets.extend(
        ["canary-buyer@canary.example", "Canary Buyer", "1 Canary Street", HOOK_SECRET, "shpat_world"]
            .map(str::to_owned),
    );
    for about in rig.fronts.iter().map(|front| front.model.account()) {
        secrets.extend([about.secret, about.header.1, about.access_token, about.consumer_secret, about.token_secret]);
    }
    for region in AppRegion::ALL {
        secrets.push(rig.world.tiktok.app(region).secret);
    }
    let mut texts: Vec<(&str, String)> = Vec::new();
    let rows = rig.world.wire.all_rows(rig.world.app.table.name());
    texts.extend(rows.iter().map(|row| ("row", row.to_string())));
    texts.extend(rig.log.lines().into_iter().map(|line| ("log line", line)));
    texts.extend(rig.world.metrics.lines().into_iter().map(|line| ("metric line", line)));
    texts.extend(rig.answers.iter().map(|answer| ("answer", answer.clone())));
    for (shop, _) in &rig.script.shops {
        let cipher = rig.world.tiktok.cipher(shop);
        texts.iter().filter(|(what, _)| *what != "row").for_each(|(what, text)| {
            if text.contains(&cipher) {
                problems.push(format!("I5: a {what} holds a shop's key"));
            }
        });
    }
    for (what, text) in &texts {
        for secret in secrets.iter().filter(|secret| text.contains(secret.as_str())) {
            problems.push(format!("I5: a {what} holds {secret:?}"));
        }
    }
}
