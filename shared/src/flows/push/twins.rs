//! What other orders say about a number before it goes out: another order that has the same one, and the other orders of a
//! package that TikTok combined.

use super::judge::Plan;
use super::orders::Desk;
use crate::app::App;
use crate::domain::decision::{Decision, Through};
use crate::domain::ids::{PackageId, ShopId, TikTokOrderId};
use crate::domain::moves::orders_in_words;
use crate::domain::order::SplitTag;
use crate::domain::parcel::{Parcel, ParcelState, Phase};
use crate::domain::reason::Reason;
use crate::domain::tracking::{TrackingNumber, found_as, same_number};
use crate::flows::carriers::lists::ListError;
use crate::table::error::TableError;
use crate::table::keys::{self, Key};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// A number that was sent longer ago may come again: carriers use theirs anew.
const LATELY: SignedDuration = SignedDuration::from_hours(90 * 24);
/// TikTok takes one number for at most twenty orders (21011026).
const MOST: usize = 20;
/// Rows of one number that are read; more would be no number.
const MOST_ROWS: usize = 60;

impl Desk<'_> {
    /// The plan, once the other orders were looked at. A person's word that number and carrier are right ends the
    /// question.
    pub(super) async fn beside_others(&self, index: usize, plan: Plan) -> Result<Plan, ListError> {
        let row = &self.rows[index];
        if row.confirmed || plan.carried.is_none() {
            return Ok(plan);
        }
        match plan.decision.clone() {
            Decision::Push { through: Through::Package(package), .. } => {
                if self.order.split_or_combined == Some(SplitTag::Combined) {
                    self.combined(plan, &package).await
                } else {
                    self.same_number(row, plan, Some(&package)).await
                }
            }
            Decision::Push { .. } | Decision::Correct { .. } => self.same_number(row, plan, None).await,
            // A lost answer is found by a read: the question is the same.
            Decision::Done { package, .. } if row.sent.is_none() && row.state.phase() != Phase::Done => {
                self.same_number(row, plan, package.as_ref()).await
            }
            _ => Ok(plan),
        }
    }

    /// The same number on another order: one parcel where TikTok combines by number, a mistake elsewhere.
    async fn same_number(&self, row: &Parcel, mut plan: Plan, package: Option<&PackageId>) -> Result<Plan, ListError> {
        let (app, Some(carried)) = (self.shop.run.app, &plan.carried) else { return Ok(plan) };
        let found = match rows_with(app, row, &carried.number).await {
            Ok(found) => found,
            Err(error) => {
                // The index may still be building: TikTok's own refusal of a number that is used remains.
                tracing::warn!(shop.id = %self.shop.id, error = &error as &dyn std::error::Error, "a number was not looked for");
                return Ok(plan);
            }
        };
        let others = others_among(app, row, &self.order.id, found, &carried.number, package).await?;
        if others.is_empty() {
            return Ok(plan);
        }
        let sends = !matches!(plan.decision, Decision::Done { .. });
        let sent: Vec<TikTokOrderId> = others.iter().filter(|(_, (_, sent))| *sent).map(|(id, _)| id.clone()).collect();
        if sends && sent.len() >= MOST {
            let said = format!("{} have this number already, and TikTok takes no more", orders_in_words(&sent));
            return Ok(plan.held(Reason::TrackingDuplicate, &said));
        }
        let mut apart = BTreeMap::new();
        for (id, (shop, sent)) in others {
            if !self.travels_with(&shop, &id).await? {
                apart.insert(id, sent);
            }
        }
        let combines = self.shop.calls.shop().await.combines_by_number();
        if sends && combines == Some(false) {
            let sent: Vec<_> = apart.into_iter().filter(|(_, sent)| *sent).map(|(id, _)| id).collect();
            if sent.is_empty() {
                return Ok(plan);
            }
            return Ok(plan.held(Reason::TrackingDuplicate, &format!("{} has this number", orders_in_words(&sent))));
        }
        plan.shared = apart.into_keys().collect();
        Ok(plan)
    }

    /// TikTok suggested one parcel for both orders, or a person said that they travel together.
    async fn travels_with(&self, shop: &ShopId, other: &TikTokOrderId) -> Result<bool, TableError> {
        let table = &self.shop.run.app.table;
        if let Some(group) = &self.order.kind.combine_group {
            let theirs = table.tiktok_order(shop, other, false).await?;
            if theirs.is_some_and(|theirs| theirs.facts.group.as_ref() == Some(group)) {
                return Ok(true);
            }
        }
        let ours = table.tiktok_order(&self.shop.id, &self.order.id, false).await?;
        Ok(ours.is_some_and(|ours| {
            ours.sibling.as_ref() == Some(other) && ours.dismissed.contains(&Reason::TrackingShared)
        }))
    }

    /// A combined package waits until all its orders name one number: shipping it ships them all.
    async fn combined(&self, plan: Plan, package: &PackageId) -> Result<Plan, ListError> {
        let Some(number) = plan.carried.as_ref().map(|carried| carried.number.clone()) else { return Ok(plan) };
        let orders = self.shop.calls.package(package).await?.orders;
        let (mut silent, mut other) = (Vec::new(), Vec::new());
        for order in orders.into_iter().filter(|order| *order != self.order.id) {
            let numbers = self.numbers_of(&order).await?;
            if numbers.is_empty() {
                silent.push(order);
            } else if !numbers.iter().any(|theirs| same_number(theirs, &number)) {
                other.push(order);
            }
        }
        let said = match (silent.as_slice(), other.as_slice()) {
            ([], []) => return Ok(plan),
            ([], other) => format!("{} of the same package has another number", orders_in_words(other)),
            (silent, _) => format!("{} of the same package has no number yet", orders_in_words(silent)),
        };
        Ok(plan.held(Reason::SiblingOpen, &said))
    }

    /// The numbers that stores name for another order of this shop.
    async fn numbers_of(&self, order: &TikTokOrderId) -> Result<Vec<String>, TableError> {
        let (table, account) = (&self.shop.run.app.table, self.shop.calls.shop().await.account);
        let mut numbers = Vec::new();
        for (store, store_order) in table.order_pointers(&self.shop.id, order).await? {
            let ours = table.store_get(&store, false).await?.is_some_and(|store| store.row.account == account);
            let rows = if ours { table.order_rows(&store, &store_order, true).await?.parcels } else { Vec::new() };
            let theirs = rows.iter().filter(|row| row.tiktok_order() == Some(order) && !row.is_withdrawn());
            numbers.extend(theirs.filter_map(|row| Some(row.number.as_ref()?.as_str().to_owned())));
        }
        Ok(numbers)
    }
}

/// The other parcels of its account that the index names for this number.
async fn rows_with(app: &App, row: &Parcel, number: &str) -> Result<BTreeSet<Key>, TableError> {
    let Some(account) = &row.account else { return Ok(BTreeSet::new()) };
    let mut found: BTreeSet<Key> = app.table.parcels_found(account, number).await?.into_iter().collect();
    // The store's spelling may be longer than the carrier's own form.
    if let Some(written) = row.number.as_ref().map(TrackingNumber::as_str)
        && found_as(written) != found_as(number)
    {
        found.extend(app.table.parcels_found(account, written).await?);
    }
    found.remove(&keys::parcel(row));
    Ok(found)
}

/// Orders, other than this one, that have a number: in which shop, and whether TikTok has it.
async fn others_among(
    app: &App,
    row: &Parcel,
    order: &TikTokOrderId,
    found: BTreeSet<Key>,
    number: &str,
    package: Option<&PackageId>,
) -> Result<BTreeMap<TikTokOrderId, (ShopId, bool)>, TableError> {
    let (mut others, now) = (BTreeMap::new(), app.clock.now());
    for key in found.iter().take(MOST_ROWS) {
        let Some(other) = app.table.parcel_get(key).await? else { continue };
        let Some(theirs) = other.tiktok_order().filter(|theirs| *theirs != order) else { continue };
        let packed = package.is_some() && other.sent.as_ref().is_some_and(|sent| sent.package.as_ref() == package);
        if let (Some(sent), false) = (has(&other, number, now), packed || other.account != row.account) {
            let known: &mut (ShopId, bool) = others.entry(theirs.clone()).or_insert_with(|| (other.shop.clone(), sent));
            known.1 |= sent;
        }
    }
    Ok(others)
}

/// Whether the number that TikTok has of this parcel is that of another order too.
pub(super) async fn is_shared(app: &App, row: &Parcel) -> Result<bool, TableError> {
    let (Some(order), Some(sent)) = (row.tiktok_order(), &row.sent) else { return Ok(false) };
    let found = rows_with(app, row, &sent.number).await?;
    Ok(!others_among(app, row, order, found, &sent.number, sent.package.as_ref()).await?.is_empty())
}

/// Whether a parcel has a number, and (`true`) whether TikTok has it from us since lately. One that is on its way counts: of
/// two that go out at once neither is first.
fn has(parcel: &Parcel, number: &str, now: Timestamp) -> Option<bool> {
    if parcel.state == ParcelState::Superseded {
        return None;
    }
    match &parcel.sent {
        Some(sent) => (same_number(&sent.number, number) && now.duration_since(sent.at) < LATELY).then_some(true),
        None => (parcel.state.phase() == Phase::Open && !parcel.is_withdrawn()).then_some(false),
    }
}
