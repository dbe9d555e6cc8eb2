//! Held parcels are judged where they stand: their orders are read again, hourly while a hold is young, then daily (more
//! than a round holds come round in turn), and
//! only another verdict is written. Nothing is sent from here: what may go is queued.

use super::judge::Plan;
use super::orders::{Desk, Group};
use super::record::{not_read, settle};
use super::shop_run::ShopRun;
use super::{Run, read, resolve, shop, split};
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::decision::Decision;
use crate::domain::ids::{StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::parcel::{Parcel, ParcelState, Phase};
use crate::domain::reason::{Auto, Reason};
use crate::flows::calls::{Budget, Trouble};
use crate::flows::carriers::lists;
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use crate::table::keys::{self, Key};
use crate::table::parcels::HeldEntry;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A hold is looked at hourly for so long, then daily at an hour of its own.
const YOUNG: SignedDuration = SignedDuration::from_hours(24);
/// For so long a longer carrier list is news to older holds: two rounds.
const LIST_IS_NEWS: SignedDuration = SignedDuration::from_hours(2);
/// Orders read for one shop in a round.
const MOST: usize = 200;
/// From round to round, in seconds.
const QUARTER: i64 = 900;

/// Judges the held parcels of a shop. Returns how many are on their way again.
///
/// # Errors
/// [`TableError`]. What TikTok refuses is left for the next round.
pub async fn judge_held(app: &App, shop: Versioned<Shop>) -> Result<u64, TableError> {
    let now = app.clock.now();
    let rests = shop.row.hold_until.is_some_and(|until| until > now);
    if rests || shop.row.parked.is_some() || !shop.row.settings.sync {
        return Ok(0);
    }
    let mut turns: Vec<(StoreId, StoreOrderId)> = Vec::new();
    // A carrier that joined the shop's list frees holds of any age.
    let grew = lists::grew(app, &shop.row).await?.filter(|at| now.duration_since(*at) < LIST_IS_NEWS);
    for entry in app.table.held_reasons(&shop.row.id).await? {
        if matches!(entry.reason, Reason::AcceptedWithWarning | Reason::TrackingShared) {
            // TikTok has the number: there is nothing to judge.
            continue;
        }
        let news = grew.is_some_and(|at| entry.since < at) && entry.reason.auto() == Auto::OnMapping;
        if let Some(place) = keys::order_of(&entry.key).filter(|_| news || has_its_turn(&entry, now)) {
            turns.push(place);
        }
    }
    turns.sort();
    turns.dedup();
    let places = this_round(turns, now);
    if places.is_empty() {
        return Ok(0);
    }
    let run = Run::beside(app, Budget::short(&app.clock), false);
    let shop = ShopRun::new(&run, None, shop);
    let mut by_order: BTreeMap<TikTokOrderId, Vec<Group>> = BTreeMap::new();
    for (store, order) in &places {
        let Some(group) = shop::load_all(&run, store, order).await else { continue };
        for mut group in split::by_order(group) {
            let held = group.rows.iter().any(|row| waits(row, &shop));
            if let Some(id) = resolve::known(&group).cloned().filter(|_| held) {
                group.link(&id);
                by_order.entry(id).or_default().push(group);
            }
        }
    }
    let read = match read::orders(&shop.calls, by_order.keys().cloned().collect()).await {
        Ok(read) => read,
        Err(Trouble::Stop | Trouble::Parked | Trouble::TikTok(_)) => return Ok(0),
    };
    let mut freed = 0;
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

pub(super) fn waits(row: &Parcel, shop: &ShopRun<'_>) -> bool {
    // What TikTok took with a warning is listed for a person, not judged again.
    row.listed && row.state.phase() != Phase::Done && row.due.is_none() && row.number.is_some() && row.shop == shop.id
}

fn has_its_turn(entry: &HeldEntry, now: Timestamp) -> bool {
    let hours = now.as_second().div_euclid(3600);
    now.duration_since(entry.since) < YOUNG || hours.rem_euclid(24) == hour_of(&entry.key)
}

/// Those of a round. What fits into one is judged in the hour's first; more than that is shared out over the quarters, and
/// over the hours if it must be, so that every order comes round before any comes twice.
fn this_round(turns: Vec<(StoreId, StoreOrderId)>, now: Timestamp) -> Vec<(StoreId, StoreOrderId)> {
    let quarter = now.as_second().div_euclid(QUARTER);
    let rounds = turns.len().div_ceil(MOST);
    if rounds <= 1 {
        return if quarter.rem_euclid(4) == 0 { turns } else { Vec::new() };
    }
    let round = usize::try_from(quarter).unwrap_or_default() % rounds;
    turns.into_iter().skip(round * MOST).take(MOST).collect()
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
        refused && by_hand && !news
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
