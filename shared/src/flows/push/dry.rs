//! What the push would do with parcels, without doing it: the same finding, reading and judging, in the order of a run,
//! on copies. No row is written, no try counted, nothing sent.

mod foresee;

use self::foresee::settled;
use super::judge::{self, Check};
use super::orders::{Desk, Group};
use super::resolve::{self, Sought};
use super::shop_run::ShopRun;
use super::{Run, find, holds, record, shop, split};
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::ids::{ShopId, StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::parcel::Parcel;
use crate::domain::reason::Reason;
use crate::flows::access::shop::grant_version;
use crate::flows::calls::order_reads;
use crate::flows::calls::{Budget, Trouble};
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use crate::table::keys::{self, Key};
use crate::tiktok::packages::NumberCall;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The push looks at what is due this often.
const A_RUN: SignedDuration = SignedDuration::from_mins(1);

/// How the push would end with a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Sends a first number.
    Push,
    /// Replaces a number that we sent.
    Correct,
    /// TikTok has the number.
    Done,
    /// Stays in the queue until a time.
    Wait,
    /// On the attention list.
    Hold,
    /// Never to be sent.
    Close,
}

/// What the push would do with a parcel now.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// The parcel as it stands.
    pub parcel: Parcel,
    /// The shop that would work on it.
    pub shop: ShopId,
    /// Its TikTok order, as far as it is known or was found.
    pub order: Option<TikTokOrderId>,
    /// How it ends.
    pub verdict: Verdict,
    /// Why, where there is a reason.
    pub reason: Option<Reason>,
    /// When it is looked at next; in the future.
    pub until: Option<Timestamp>,
    /// What was looked at, in this order.
    pub checks: Vec<Check>,
    /// What would be sent.
    pub call: Option<NumberCall>,
}

/// What is known before a row is judged.
#[derive(Clone, Debug)]
struct So {
    shop: ShopId,
    order: Option<TikTokOrderId>,
    checks: Vec<Check>,
}

impl So {
    fn check(mut self, check: &'static str, ok: bool, said: impl Into<String>) -> Self {
        self.checks.push(Check { check, ok, said: said.into() });
        self
    }

    fn found(mut self, order: &TikTokOrderId) -> Self {
        self.order = Some(order.clone());
        self.check("find", true, format!("TikTok order {order}"))
    }

    fn ends(self, row: &Parcel, verdict: Verdict, reason: Option<Reason>, until: Option<Timestamp>) -> Outlook {
        let Self { shop, order, checks } = self;
        Outlook { parcel: row.clone(), shop, order, verdict, reason, until, checks, call: None }
    }
}

/// The outlook of each of these parcels, in their order. One that is gone meanwhile is left out.
///
/// # Errors
/// The table.
pub async fn outlooks(app: &App, parcels: &[Parcel]) -> Result<Vec<Outlook>, TableError> {
    let run = Run::new(app, Budget::short(&app.clock), true);
    let mut view = View {
        run: &run,
        now: app.clock.now(),
        asked: parcels.iter().map(keys::parcel).collect(),
        found: BTreeMap::new(),
    };
    let mut places: Vec<(StoreId, StoreOrderId)> = Vec::new();
    for parcel in parcels {
        let place = (parcel.store.clone(), parcel.order.clone());
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let mut shops: BTreeMap<ShopId, Vec<Group>> = BTreeMap::new();
    for (store, order) in &places {
        let Some(group) = shop::load_all(&run, store, order).await else { continue };
        for row in &group.rows {
            if let Some(end) = settled(row, view.now).filter(|_| view.is_asked(row)) {
                view.say(end);
            }
        }
        for group in split::by_order(group) {
            let mut wanted: Vec<ShopId> =
                group.rows.iter().filter(|row| view.is_open(row)).map(|row| row.shop.clone()).collect();
            wanted.sort();
            wanted.dedup();
            for id in wanted {
                shops.entry(id).or_default().push(group.clone());
            }
        }
    }
    for (id, groups) in shops {
        view.shop(&id, groups).await?;
    }
    Ok(parcels.iter().filter_map(|parcel| view.found.remove(&keys::parcel(parcel))).collect())
}

struct View<'a> {
    run: &'a Run<'a>,
    now: Timestamp,
    asked: Vec<Key>,
    found: BTreeMap<Key, Outlook>,
}

impl View<'_> {
    fn is_asked(&self, row: &Parcel) -> bool {
        self.asked.contains(&keys::parcel(row))
    }

    /// Asked about, and nothing was said yet.
    fn is_open(&self, row: &Parcel) -> bool {
        self.is_asked(row) && !self.found.contains_key(&keys::parcel(row))
    }

    fn say(&mut self, outlook: Outlook) {
        self.found.insert(keys::parcel(&outlook.parcel), outlook);
    }

    /// The same end for all rows of a shop in these groups.
    fn say_all(&mut self, groups: &[Group], so: &So, verdict: Verdict, reason: Reason, until: Option<Timestamp>) {
        let rows: Vec<Parcel> = groups.iter().flat_map(|group| &group.rows).cloned().collect();
        for row in rows.iter().filter(|row| row.shop == so.shop) {
            if self.is_open(row) {
                let so = So { order: so.order.clone().or_else(|| row.tiktok_order().cloned()), ..so.clone() };
                self.say(so.ends(row, verdict, Some(reason), until));
            }
        }
    }

    /// Rows of one shop: where that is stopped, they wait, unless another shop has their order.
    async fn shop(&mut self, id: &ShopId, groups: Vec<Group>) -> Result<(), TableError> {
        let so = So { shop: id.clone(), order: None, checks: Vec::new() };
        let shop = self.run.app.table.shop_get(id, true).await?;
        if let Some((reason, until)) = self.stopped(shop.as_ref().map(|shop| &shop.row)).await? {
            let (own, others): (Vec<Group>, Vec<Group>) = groups.into_iter().partition(|group| {
                resolve::known(group).is_none()
                    || group.rows.iter().all(|row| find::is_its_own(row) || !self.is_open(row))
            });
            let others = self.at_others(id, others).await?;
            let so = so.check("shop", false, reason.sentence());
            self.say_all(&own, &so, Verdict::Wait, reason, Some(until));
            self.say_all(&others, &so, Verdict::Wait, reason, Some(until));
            return Ok(());
        }
        let Some(shop) = shop else { return Ok(()) };
        let account = shop.row.account.clone();
        let (groups, foreign): (Vec<Group>, Vec<Group>) =
            groups.into_iter().partition(|group| group.store.account == account);
        let moved = so.clone().check("shop", false, "another account connected it");
        self.say_all(&foreign, &moved, Verdict::Hold, Reason::ShopGone, None);
        let so = so.check("shop", true, "the shop is connected and sends");
        let shop = ShopRun::new(self.run, None, shop);
        let mut by_order: BTreeMap<TikTokOrderId, Vec<Group>> = BTreeMap::new();
        for mut group in groups {
            let one = std::slice::from_ref(&group);
            match resolve::seek(&shop, &group).await {
                Sought::Found(order) => {
                    group.link(&order);
                    by_order.entry(order).or_default().push(group);
                }
                Sought::Ambiguous => {
                    let so = so.clone().check("find", false, Reason::OrderAmbiguous.sentence());
                    self.say_all(one, &so, Verdict::Hold, Reason::OrderAmbiguous, None);
                }
                Sought::OtherChannel => {
                    let so = so.clone().check("find", false, Reason::NotTikTok.sentence());
                    self.say_all(one, &so, Verdict::Close, Reason::NotTikTok, None);
                }
                Sought::Cancelled => {
                    let so = so.clone().check("store", false, "the store has cancelled the order");
                    self.say_all(one, &so, Verdict::Close, Reason::Cancelled, None);
                }
                Sought::NotYet(why) => self.not_found_yet(&group, &so.clone().check("find", false, why)),
            }
        }
        let elsewhere = self.read(&shop, &so, by_order).await?;
        self.elsewhere(&shop, &so, elsewhere).await
    }

    /// Whether nothing is sent for a shop now: why, and when it is looked at again.
    async fn stopped(&self, shop: Option<&Shop>) -> Result<Option<(Reason, Timestamp)>, TableError> {
        let next = self.now + A_RUN;
        let Some(shop) = shop else { return Ok(Some((Reason::ShopGone, next))) };
        if let Some(parked) = &shop.parked
            && grant_version(self.run.app, shop).await? <= parked.grant_version
        {
            return Ok(Some((parked.reason, next)));
        }
        if !shop.settings.sync {
            return Ok(Some((Reason::ShopPaused, next)));
        }
        Ok(shop.hold_until.filter(|until| *until > self.now).map(|until| (rests_for(shop), until)))
    }

    /// Tried for a day, then a person must say.
    fn not_found_yet(&mut self, group: &Group, so: &So) {
        for row in group.rows.iter().filter(|row| row.shop == so.shop) {
            if self.is_open(row) {
                let mut next = row.clone();
                next.not_found_yet("", &self.run.app.entropy, self.now);
                self.say(self.of_row(row, &next, Reason::OrderNotFound, so.clone()));
            }
        }
    }

    /// As a row would stand after a try that did not come through.
    fn of_row(&self, row: &Parcel, next: &Parcel, reason: Reason, so: So) -> Outlook {
        let until = next.due.map(|due| due.max(self.now + SignedDuration::from_secs(1)));
        let (verdict, until) = match until {
            Some(until) if !next.listed => (Verdict::Wait, Some(until)),
            until => (Verdict::Hold, until),
        };
        so.ends(row, verdict, Some(next.state.reason().unwrap_or(reason)), until)
    }

    /// Reads orders and judges what belongs to them. Gives back those that this shop does not have.
    async fn read(
        &mut self,
        shop: &ShopRun<'_>,
        so: &So,
        mut by_order: BTreeMap<TikTokOrderId, Vec<Group>>,
    ) -> Result<Vec<find::Wanted>, TableError> {
        let ids: Vec<TikTokOrderId> = by_order.keys().cloned().collect();
        let read = match order_reads::orders(&shop.calls, ids).await {
            Ok(read) => read,
            Err(trouble) => {
                let (reason, until) = self.no_answer(shop, &trouble).await;
                for (order, groups) in by_order {
                    let so = so.clone().found(&order).check("order", false, trouble.to_string());
                    self.say_all(&groups, &so, Verdict::Wait, reason, Some(until));
                }
                return Ok(Vec::new());
            }
        };
        for (id, order) in read {
            let (Some(mut groups), so) = (by_order.remove(&id), so.clone().found(&id)) else { continue };
            match order {
                Ok(order) => {
                    groups.iter_mut().for_each(Group::place);
                    self.desk(Desk::load(shop, order, groups).await?, &so).await;
                }
                Err(error) => {
                    let so = so.check("order", false, error.message.clone());
                    for row in groups.iter().flat_map(|group| &group.rows).filter(|row| row.shop == shop.id) {
                        if self.is_open(row) {
                            let mut next = row.clone();
                            record::refused(&mut next, &error, None, &self.run.app.entropy, self.now);
                            self.say(self.of_row(row, &next, error.class.reason(), so.clone()));
                        }
                    }
                }
            }
        }
        Ok(by_order.into_iter().collect())
    }

    /// TikTok could not be asked: why, and when it is asked again.
    async fn no_answer(&self, shop: &ShopRun<'_>, trouble: &Trouble) -> (Reason, Timestamp) {
        let next = self.now + A_RUN;
        match trouble {
            Trouble::TikTok(error) => (error.class.reason(), next),
            Trouble::Stop => (Reason::TikTokError, next),
            Trouble::Parked => {
                let shop = shop.calls.shop().await;
                match &shop.parked {
                    Some(parked) => (parked.reason, next),
                    None => (rests_for(&shop), shop.hold_until.map_or(next, |until| until.max(next))),
                }
            }
        }
    }

    /// This shop does not have these orders: another one of the account, or nobody.
    async fn elsewhere(&mut self, shop: &ShopRun<'_>, so: &So, wanted: Vec<find::Wanted>) -> Result<(), TableError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let account = shop.calls.shop().await.account;
        let Some(asked) = find::ask(self.run, &account, &shop.id, &wanted).await else { return Ok(()) };
        for (order, groups) in wanted {
            if let Some((_, other)) = asked.found.iter().find(|(found, _)| *found == order) {
                self.hand_over(other, &order, groups).await?;
                continue;
            }
            let so = so.clone().check("find", false, format!("TikTok order {order} is in no shop that could be asked"));
            for group in groups {
                if asked.left {
                    let until = group.rows.iter().filter_map(|row| row.due).max().unwrap_or(self.now);
                    let until = until.max(self.now + A_RUN);
                    self.say_all(&[group], &so, Verdict::Wait, Reason::OrderNotFound, Some(until));
                    continue;
                }
                // The merchant may have mended the id in the store meanwhile.
                let anew = resolve::named_anew(shop, &group).await;
                let left = match anew {
                    Some(id) => {
                        let mut group = group.clone();
                        group.link(&id);
                        self.read(shop, &so, BTreeMap::from([(id, vec![group])])).await?
                    }
                    None => Vec::new(),
                };
                drop(left);
                self.say_all(&[group], &so, Verdict::Hold, Reason::OrderNotFound, None);
            }
        }
        Ok(())
    }

    /// Rows of a shop that is stopped: what another shop has is judged there. Gives back the rest.
    async fn at_others(&mut self, id: &ShopId, groups: Vec<Group>) -> Result<Vec<Group>, TableError> {
        let Some(account) = groups.first().map(|group| group.store.account.clone()) else { return Ok(groups) };
        let mut wanted: Vec<find::Wanted> = Vec::new();
        for mut group in groups {
            let Some(order) = resolve::known(&group).cloned() else { continue };
            group.link(&order);
            wanted.push((order, vec![group]));
        }
        let asked = find::ask(self.run, &account, id, &wanted).await;
        let mut left = Vec::new();
        for (order, groups) in wanted {
            let other = asked.as_ref().and_then(|asked| asked.found.iter().find(|(found, _)| *found == order));
            match other {
                Some((_, other)) => self.hand_over(other, &order, groups).await?,
                None => left.extend(groups),
            }
        }
        Ok(left)
    }

    /// Judges rows in the shop that has their order.
    async fn hand_over(
        &mut self,
        id: &ShopId,
        order: &TikTokOrderId,
        mut groups: Vec<Group>,
    ) -> Result<(), TableError> {
        let Some(shop) = self.run.app.table.shop_get(id, true).await? else { return Ok(()) };
        let so =
            So { shop: id.clone(), order: None, checks: Vec::new() }.check("shop", true, "another shop has the order");
        for row in groups.iter_mut().flat_map(|group| &mut group.rows) {
            row.hand_to(id, self.now);
        }
        let shop: Versioned<Shop> = shop;
        let shop = ShopRun::new(self.run, None, shop);
        let missing = Box::pin(self.read(&shop, &so, BTreeMap::from([(order.clone(), groups)]))).await?;
        for (_, groups) in missing {
            self.say_all(&groups, &so, Verdict::Wait, Reason::OrderNotFound, Some(self.now + A_RUN));
        }
        Ok(())
    }
}

/// Why a shop rests.
fn rests_for(shop: &Shop) -> Reason {
    shop.resting.as_ref().map_or(Reason::TikTokError, |resting| resting.reason)
}
