//! Held parcels are judged where they stand: their orders are read again, hourly while a hold is young, then daily, and
//! only another verdict is written. Nothing is sent from here: what may go is queued.

use super::orders::{Desk, Group};
use super::shop_run::ShopRun;
use super::summary::Tally;
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
use std::sync::Mutex;

/// A hold is looked at hourly for so long, then daily at an hour of its own.
const YOUNG: SignedDuration = SignedDuration::from_hours(24);
/// For so long a longer carrier list is news to older holds: two rounds.
const LIST_IS_NEWS: SignedDuration = SignedDuration::from_hours(2);
/// Orders read for one shop in a round.
const MOST: usize = 200;

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
    let mut places: Vec<(StoreId, StoreOrderId)> = Vec::new();
    // A carrier that joined the shop's list frees holds of any age.
    let grew = lists::grew(app, &shop.row).await?.filter(|at| now.duration_since(*at) < LIST_IS_NEWS);
    for entry in app.table.held_reasons(&shop.row.id).await? {
        let news = grew.is_some_and(|at| entry.since < at) && entry.reason.auto() == Auto::OnMapping;
        if let Some(place) = keys::order_of(&entry.key).filter(|_| news || has_its_turn(&entry, now))
            && !places.contains(&place)
            && places.len() < MOST
        {
            places.push(place);
        }
    }
    if places.is_empty() {
        return Ok(0);
    }
    let run = Run {
        app,
        started: app.clock.steady(),
        budget: Budget::short(&app.clock),
        tally: Tally::default(),
        slow: Mutex::default(),
    };
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
        if let (Ok(order), Some(groups)) = (order, by_order.remove(&id)) {
            let mut desk = Desk::load(&shop, order, groups).await?;
            freed += desk.judge_where_they_stand().await;
        }
    }
    shop.write_sighted().await;
    Ok(freed)
}

fn waits(row: &Parcel, shop: &ShopRun<'_>) -> bool {
    // What TikTok took with a warning is listed for a person, not judged again.
    row.listed && row.state.phase() != Phase::Done && row.due.is_none() && row.number.is_some() && row.shop == shop.id
}

fn has_its_turn(entry: &HeldEntry, now: Timestamp) -> bool {
    let hours = now.as_second().div_euclid(3600);
    now.duration_since(entry.since) < YOUNG || hours.rem_euclid(24) == hour_of(&entry.key)
}

fn hour_of(key: &Key) -> i64 {
    let mut hasher = DefaultHasher::new();
    (&key.pk, &key.sk).hash(&mut hasher);
    i64::try_from(hasher.finish() % 24).unwrap_or_default()
}

impl Desk<'_> {
    fn stays_refused(&self, index: usize) -> bool {
        let row = &self.rows[index];
        let refused = row.answer.as_ref().is_some_and(|answer| answer.code != 0);
        let by_hand = row.state.reason().is_some_and(|r| r.auto() == Auto::No && r != Reason::TrackingDuplicate);
        let news = self.order.update_time.is_none_or(|at| at > row.changed);
        refused && by_hand && !news
    }

    /// Judges every row that is held. Another hold is written as such; what may go is queued.
    async fn judge_where_they_stand(&mut self) -> u64 {
        let mut freed = 0;
        for index in 0..self.rows.len() {
            if !waits(&self.rows[index], self.shop) {
                continue;
            }
            let Ok(plan) = self.judge(index).await else { continue };
            let before = self.rows[index].state;
            match plan.decision {
                // TikTok refused this very number, and the order is as it was: only a person, or news, changes that. A
                // number that was used elsewhere may have become free meanwhile.
                Decision::Push { .. } | Decision::Correct { .. } if self.stays_refused(index) => {}
                Decision::Push { .. } | Decision::Correct { .. } | Decision::Done { .. } => {
                    self.write(index, |row, now, _| {
                        row.start_over(ParcelState::Queued, now);
                    })
                    .await;
                    freed += 1;
                }
                // TikTok said no to this very number; the order as read does not unsay it.
                Decision::Hold { .. } if self.rows[index].answer.as_ref().is_some_and(|answer| answer.code != 0) => {}
                Decision::Close(state) if state == before => {}
                _ => {
                    self.apply(index, plan).await;
                }
            }
        }
        freed
    }
}
