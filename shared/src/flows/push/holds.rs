//! Held parcels are judged where they stand: their orders are read again, hourly while a hold is young, then daily, and only
//! another verdict is written. What is more than a look takes goes on in the next, so that every order comes round before any
//! comes twice. Nothing is sent from here: what may go is queued.

use super::judge::Plan;
use super::orders::{Desk, Group};
use super::record::{not_read, settle};
use super::shop_run::ShopRun;
use super::{Run, resolve, shop, split, twins, untaken};
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::decision::Decision;
use crate::domain::ids::{StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::order::Invoice;
use crate::domain::parcel::{Parcel, ParcelState, Phase};
use crate::domain::reason::{Auto, Reason};
use crate::domain::telling::Sweep;
use crate::flows::calls::order_reads;
use crate::flows::calls::{Budget, Trouble};
use crate::flows::carriers::lists;
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use crate::table::keys::{self, Key};
use crate::table::parcels::HeldEntry;
use crate::tiktok::error::lacks_invoice;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A hold is looked at hourly for so long, then daily at an hour of its own.
const YOUNG: SignedDuration = SignedDuration::from_hours(24);
/// A list that grew so long before a round is news to it: the reading and the round cross.
const CROSSED: SignedDuration = SignedDuration::from_mins(15);
/// Orders read for one shop in one look.
const MOST: usize = 200;

/// What a look at held parcels gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Parcels on their way again.
    pub freed: u64,
    /// The last order that was judged; the round goes on behind it.
    pub rest: Option<(StoreId, StoreOrderId)>,
    /// Nothing could be judged now: the shop is paused or rests.
    pub rests: bool,
}

/// Judges held parcels of a shop: those whose turn came since `swept`, behind the order at which an unfinished round stopped.
///
/// # Errors
/// [`TableError`]. What TikTok refuses is left for the next round.
pub async fn judge_held(
    app: &App,
    shop: Versioned<Shop>,
    held: &[HeldEntry],
    swept: Option<Timestamp>,
    sweep: Option<&Sweep>,
) -> Result<Judged, TableError> {
    let now = app.clock.now();
    let rests = shop.row.hold_until.is_some_and(|until| until > now);
    if rests || shop.row.parked.is_some() || !shop.row.settings.sync {
        return Ok(Judged { rests: true, ..Judged::default() });
    }
    if held.is_empty() {
        return Ok(Judged::default());
    }
    // A round has one time, however many looks it takes.
    let began = sweep.map_or(now, |sweep| sweep.began);
    let mut turns: Vec<(StoreId, StoreOrderId)> = Vec::new();
    // A carrier that joined the shop's list frees holds of any age.
    let grew = lists::grew(app, &shop.row).await?.filter(|at| swept.is_none_or(|swept| *at > swept - CROSSED));
    for entry in held {
        if entry.reason == Reason::AcceptedWithWarning {
            // TikTok has the number: there is nothing to judge.
            continue;
        }
        let news = grew.is_some_and(|at| entry.since < at) && entry.reason.auto() == Auto::OnMapping;
        if let Some(place) = keys::order_of(&entry.key).filter(|_| news || has_its_turn(entry, swept, began)) {
            turns.push(place);
        }
    }
    let (turns, rest) = this_look(turns, sweep.map(|sweep| &sweep.after));
    let freed = if turns.is_empty() { 0 } else { judge(app, shop, turns).await? };
    Ok(Judged { freed, rest, rests: false })
}

async fn judge(app: &App, shop: Versioned<Shop>, places: Vec<(StoreId, StoreOrderId)>) -> Result<u64, TableError> {
    let run = Run::new(app, Budget::short(&app.clock), false);
    let shop = ShopRun::new(&run, None, shop);
    let mut by_order: BTreeMap<TikTokOrderId, Vec<Group>> = BTreeMap::new();
    let mut doubts = Vec::new();
    let account = shop.calls.shop().await.account;
    for (store, order) in &places {
        let Some(group) = shop::load_all(&run, store, order).await else { continue };
        if group.store.account != account {
            for row in group.rows.into_iter().filter(|row| row.listed && row.shop == shop.id) {
                settle(&shop, row, Parcel::shop_went).await;
            }
            continue;
        }
        let_go_of_shared(&shop, &group).await?;
        let held = group.rows.iter().filter(|row| waits(row, &shop)).cloned();
        doubts.extend(untaken::doubts(held, &group, app.clock.now()));
        for mut group in split::by_order(group) {
            let held = group.rows.iter().any(|row| waits(row, &shop));
            if let Some(id) = resolve::known(&group).cloned().filter(|_| held) {
                group.link(&id);
                by_order.entry(id).or_default().push(group);
            }
        }
    }
    let orders: BTreeSet<_> = by_order.keys().chain(doubts.iter().map(|doubt| &doubt.older)).cloned().collect();
    let read = match order_reads::orders(&shop.calls, orders.into_iter().collect()).await {
        Ok(read) => read,
        Err(Trouble::Stop | Trouble::Parked | Trouble::TikTok(_)) => return Ok(0),
    };
    let mut freed = 0;
    for doubt in doubts {
        if let Some(Ok(order)) = read.get(&doubt.older) {
            freed += u64::from(untaken::ends(&shop, doubt, order).await);
        }
    }
    for (id, order) in read {
        let groups = by_order.remove(&id);
        if let (Ok(order), Some(groups)) = (order, groups) {
            let mut desk = Desk::load(&shop, order, groups).await?;
            freed += desk.judge_where_they_stand().await;
        }
    }
    // Held because a read was refused, and this shop does not have the order at all: looked for anew.
    for row in by_order.into_values().flatten().flat_map(|group| group.rows) {
        if waits(&row, &shop) && row.waits_for == Some(not_read()) {
            freed += 1;
            settle(&shop, row, |row, now| {
                row.start_over(ParcelState::Queued, now);
            })
            .await;
        }
    }
    shop.write_sighted().await;
    Ok(freed)
}

/// A number that two orders had, and that only one has now, asks nobody any more.
async fn let_go_of_shared(shop: &ShopRun<'_>, group: &Group) -> Result<(), TableError> {
    for row in group.rows.iter().filter(|row| row.state == ParcelState::AcceptedShared && row.shop == shop.id) {
        if row.listed && row.due.is_none() && !twins::is_shared(shop.run.app, row).await? {
            settle(shop, row.clone(), |row, now| row.stands_alone(now)).await;
        }
    }
    Ok(())
}

pub(super) fn waits(row: &Parcel, shop: &ShopRun<'_>) -> bool {
    // What TikTok took with a warning is listed for a person, not judged again.
    row.listed && row.state.phase() != Phase::Done && row.due.is_none() && row.number.is_some() && row.shop == shop.id
}

/// A hold is judged in every round while it is young.
#[must_use]
pub fn is_young(entry: &HeldEntry, now: Timestamp) -> bool {
    now.duration_since(entry.since) < YOUNG
}

/// A hold is young, or its hour of the day has come since the last round.
fn has_its_turn(entry: &HeldEntry, swept: Option<Timestamp>, now: Timestamp) -> bool {
    let hour = |at: Timestamp| at.as_second().div_euclid(3600);
    let Some(before) = swept.map(hour).filter(|before| hour(now) - before < 24) else { return true };
    let own = hour_of(&entry.key);
    is_young(entry, now) || (before + 1..=hour(now)).any(|hour| hour.rem_euclid(24) == own)
}

/// The store orders of one look, behind the last of the look before; and where the next one goes on, if there is more.
fn this_look<T: Ord + Clone>(mut turns: Vec<T>, after: Option<&T>) -> (Vec<T>, Option<T>) {
    turns.sort();
    turns.dedup();
    turns.retain(|place| after.is_none_or(|after| place > after));
    let more = turns.len() > MOST;
    turns.truncate(MOST);
    let rest = turns.last().filter(|_| more).cloned();
    (turns, rest)
}

fn hour_of(key: &Key) -> i64 {
    let mut hasher = DefaultHasher::new();
    (&key.pk, &key.sk).hash(&mut hasher);
    i64::try_from(hasher.finish() % 24).unwrap_or_default()
}

/// TikTok said no to this very number. A refusal to show the order says nothing once the order was read.
fn refused_it(row: &Parcel) -> bool {
    row.answer.as_ref().is_some_and(|answer| answer.code != 0) && row.waits_for != Some(not_read())
}

impl Desk<'_> {
    fn stays_refused(&self, index: usize) -> bool {
        let row = &self.rows[index];
        let refused = refused_it(row);
        let by_hand = row.state.reason().is_some_and(|r| r.auto() == Auto::No);
        let news = self.order.update_time.is_none_or(|at| at > row.changed);
        refused && by_hand && !news && !self.invoice_came(row)
    }

    /// It was refused for want of an invoice, which TikTok has now: nothing else of the order moves with that.
    fn invoice_came(&self, row: &Parcel) -> bool {
        let wanted = row.answer.as_ref().is_some_and(|answer| lacks_invoice(answer.code));
        wanted && self.order.kind.invoice == Invoice::Uploaded
    }

    /// A held row stays as it stands under this plan. TikTok refused this very number, and the order is as it was: only a
    /// person, or news, changes that; the order as read does not unsay it.
    pub(super) fn stays_held(&self, index: usize, plan: &Plan) -> bool {
        match &plan.decision {
            Decision::Push { .. } | Decision::Correct { .. } => self.stays_refused(index),
            Decision::Hold { .. } => refused_it(&self.rows[index]),
            Decision::Close(state) => *state == self.rows[index].state,
            _ => false,
        }
    }

    /// Judges every row that is held. Another hold is written as such; what may go is queued.
    async fn judge_where_they_stand(&mut self) -> u64 {
        let mut freed = 0;
        for index in 0..self.rows.len() {
            if !waits(&self.rows[index], self.shop) {
                continue;
            }
            let Ok(plan) = self.judge(index).await else { continue };
            match plan.decision {
                _ if self.stays_held(index, &plan) => {}
                // TikTok has it after all: nothing is left to hold.
                Decision::Done { .. } if self.rows[index].held_by.is_some() => {
                    self.apply(index, plan).await;
                }
                Decision::Push { .. } | Decision::Correct { .. } | Decision::Done { .. } => {
                    self.write(index, |row, now, _| {
                        row.start_over(ParcelState::Queued, now);
                    })
                    .await;
                    freed += 1;
                }
                _ => {
                    self.apply(index, plan).await;
                }
            }
        }
        freed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_comes_round_before_any_comes_twice() {
        let held: Vec<u32> = (0..1000).rev().collect();
        let (mut seen, mut after, mut looks) = (Vec::new(), None, 0);
        loop {
            let (turns, rest) = this_look(held.clone(), after.as_ref());
            assert!(turns.len() <= MOST);
            seen.extend(turns);
            looks += 1;
            after = rest;
            if after.is_none() {
                break;
            }
        }
        assert_eq!((seen, looks), ((0..1000).collect::<Vec<u32>>(), 5));
    }

    #[test]
    fn an_old_hold_has_its_turn_once_a_day_however_far_apart_the_rounds_are() {
        let at = |minutes: i64| Timestamp::from_second(1_795_000_000 + minutes * 60).expect("time");
        for gap in [55, 61, 90, 360, 700, 1440, 3000] {
            for n in 0..24 {
                let key = Key { pk: "STORE#s1".into(), sk: format!("ORDER#{n}#PARCEL#1Z") };
                let entry = HeldEntry { key, reason: Reason::TrackingInvalid, since: at(-3 * 1440) };
                let (mut swept, mut turns) = (Some(at(0)), 0);
                for round in 1..=(10 * 1440 / gap) {
                    let now = at(round * gap);
                    turns += i64::from(has_its_turn(&entry, swept, now));
                    swept = Some(now);
                }
                let wanted = (10 * 1440 / gap * gap / 1440).min(10 * 1440 / gap);
                assert!((turns - wanted).abs() <= 1, "every {gap} min: {turns} turns in ten days, {wanted} wanted");
            }
        }
    }
}
