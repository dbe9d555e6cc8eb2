//! Custom fields: what a shop's rules take of TikTok's order is written into the store's order, once.
//!
//! ```text
//! push: the two orders are linked ─► a mark, due at once ─► tick: read TikTok's order, write the store's ─► finished
//! ```
//!
//! The push only leaves the mark; a store that does not answer delays no tracking number. Values pass through: neither row
//! nor log has one. A mark that is worked on twice, after a crash, writes the same values again.

use crate::app::App;
use crate::domain::connection::{Shop, StoreConnection, StoreStatus};
use crate::domain::custom_fields::{Passed, Rule};
use crate::domain::ids::{ShopId, StoreId, StoreOrderId, TikTokOrderId};
use crate::domain::retry;
use crate::flows::access::store::{VaultError, ask, store_access};
use crate::flows::calls::{Budget, ShopCalls, Trouble};
use crate::outbound::OutboundError;
use crate::stores::custom_fields::{FieldStep, Outcome, Value, write};
use crate::stores::error::StoreError;
use crate::table::custom_fields::{FieldsMark, StoredMark};
use crate::table::error::TableError;
use crate::table::keys::Key;
use crate::table::parcels::Pointer;
use crate::tiktok::orders::MOST_IDS;
use crate::tiktok::{Class, TikTokError};
use futures_util::stream::{self, StreamExt as _};
use jiff::SignedDuration;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// One call to a store's API.
const CALL: Duration = Duration::from_secs(8);
/// A write is a handful of calls; more means that the store's answers lead nowhere.
const CALLS: usize = 60;
/// Orders of one shop written at the same time.
const TOGETHER: usize = 4;
/// Shops worked on at the same time, and marks read.
const SHOPS_TOGETHER: usize = 16;
/// A value that is not there yet (a carrier before the parcel is accepted) is looked for again after these.
const LOOKS: [SignedDuration; 3] =
    [SignedDuration::from_mins(5), SignedDuration::from_hours(1), SignedDuration::from_hours(24)];

/// What one tick did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Store orders into which custom fields were written.
    pub fields_written: u64,
    /// Writes that failed; they are tried again for a day.
    pub fields_failed: u64,
}

impl Summary {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            fields_written: self.fields_written + other.fields_written,
            fields_failed: self.fields_failed + other.fields_failed,
        }
    }
}

/// A write that did not come to its end.
#[derive(Debug, thiserror::Error)]
enum Unwritten {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the store cannot be reached")]
    Unreachable(#[from] OutboundError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error("the store would not take it ({0})")]
    Refused(String),
    #[error("no credentials for the store's API")]
    NoAccess,
    #[error("TikTok does not show the order")]
    NotShown,
    #[error(transparent)]
    TikTok(#[from] TikTokError),
}

/// TikTok orders and store orders were just linked: where a rule of the shop fits, their fields are to be written.
pub async fn linked(app: &App, shop: &Shop, fresh: &[(TikTokOrderId, Pointer)]) {
    if shop.settings.fields.is_empty() {
        return;
    }
    for (tiktok, to) in fresh {
        if let Err(error) = begin(app, shop, tiktok, &to.store, &to.order).await {
            tracing::warn!(store.id = %to.store, error = &error as &dyn std::error::Error, "custom fields not noted");
        }
    }
}

async fn begin(
    app: &App,
    shop: &Shop,
    tiktok: &TikTokOrderId,
    id: &StoreId,
    order: &StoreOrderId,
) -> Result<(), TableError> {
    let Some(store) = connection(app, id).await? else { return Ok(()) };
    if !shop.settings.fields.iter().any(|rule| rule.field.is_of(store.platform)) {
        return Ok(());
    }
    let now = app.clock.now();
    let mark = FieldsMark {
        shop: shop.id.clone(),
        tiktok: tiktok.clone(),
        store: id.clone(),
        order: order.clone(),
        since: now,
        due: Some(now),
        failures: 0,
        looks: 0,
        written: Vec::new(),
        trouble: None,
    };
    app.table.fields_begin(&mark).await
}

async fn connection(app: &App, id: &StoreId) -> Result<Option<StoreConnection>, TableError> {
    match app.stores.get(id) {
        Some(known) => Ok(Some(known)),
        None => Ok(app.table.store_get(id, false).await?.map(|store| store.row)),
    }
}

/// Writes what is due under these keys. Nothing starts after the first time, and every call has ended at the second.
pub async fn run(app: &App, keys: Vec<Key>, (start, end): (Duration, Duration)) -> Summary {
    if keys.is_empty() {
        return Summary::default();
    }
    let budget = &Budget::new(&app.clock, start, end, false);
    let shops = stream::iter(due(app, keys).await).map(|(id, marks)| async move {
        let mut summary = Summary::default();
        if budget.may_start(&app.clock)
            && let Err(error) = of_shop(app, budget, &id, marks, &mut summary).await
        {
            tracing::warn!(shop.id = %id, error = &error as &dyn std::error::Error, "custom fields wait");
        }
        summary
    });
    shops.buffer_unordered(SHOPS_TOGETHER).fold(Summary::default(), async |all, one| all.and(one)).await
}

/// The marks, by shop. The index is behind its rows.
async fn due(app: &App, keys: Vec<Key>) -> BTreeMap<ShopId, Vec<StoredMark>> {
    let now = app.clock.now();
    let read = stream::iter(keys).map(|key| async move { app.table.fields_get(&key).await });
    let mut read = read.buffer_unordered(SHOPS_TOGETHER);
    let mut by_shop: BTreeMap<ShopId, Vec<StoredMark>> = BTreeMap::new();
    while let Some(stored) = read.next().await {
        match stored {
            Ok(stored) => {
                if let Some(stored) = stored.filter(|stored| stored.mark.due.is_some_and(|due| due <= now)) {
                    by_shop.entry(stored.mark.shop.clone()).or_default().push(stored);
                }
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "custom fields not read");
            }
        }
    }
    by_shop
}

/// The marks of one shop. What cannot be read now stays due.
async fn of_shop(
    app: &App,
    budget: &Budget,
    id: &ShopId,
    marks: Vec<StoredMark>,
    summary: &mut Summary,
) -> Result<(), TableError> {
    let Some(stored) = app.table.shop_get(id, true).await? else {
        for mark in marks {
            finish(app, mark, Some("the shop is not connected any more")).await;
        }
        return Ok(());
    };
    let rules = stored.row.settings.fields.clone();
    let rests = stored.row.hold_until.is_some_and(|until| until > app.clock.now());
    if stored.row.parked.is_some() || rests {
        return Ok(());
    }
    if rules.is_empty() {
        for mark in marks {
            finish(app, mark, None).await;
        }
        return Ok(());
    }
    let account = stored.row.account.clone();
    let calls = ShopCalls::new(app, budget, stored, None);
    for part in marks.chunks(MOST_IDS) {
        let Some(read) = read(&calls, part, &rules).await else { return Ok(()) };
        let work = part.iter().cloned().zip(read).map(|(stored, values)| {
            let (account, rules) = (&account, &rules);
            async move {
                let store = connection(app, &stored.mark.store).await.ok().flatten();
                let store = store.filter(|store| store.account == *account && store.status == StoreStatus::Connected);
                one(app, stored, store, rules, values).await
            }
        });
        let outcomes: Vec<Option<bool>> = stream::iter(work).buffer_unordered(TOGETHER).collect().await;
        summary.fields_written += outcomes.iter().filter(|done| **done == Some(true)).count() as u64;
        summary.fields_failed += outcomes.iter().filter(|done| **done == Some(false)).count() as u64;
        if !budget.may_start(&app.clock) {
            break;
        }
    }
    Ok(())
}

type Values = Result<Vec<Option<Passed>>, Unwritten>;

/// Reads TikTok's orders of these marks, in their order; one that spoils the read is read alone. `None`: not now.
async fn read(calls: &ShopCalls<'_>, marks: &[StoredMark], rules: &[Rule]) -> Option<Vec<Values>> {
    let ids: Vec<TikTokOrderId> = marks.iter().map(|stored| stored.mark.tiktok.clone()).collect();
    let mut read: BTreeMap<TikTokOrderId, Values> = BTreeMap::new();
    let mut todo: Vec<&[TikTokOrderId]> = vec![&ids];
    while let Some(part) = todo.pop() {
        match (calls.order_values(part, rules).await, part) {
            (Ok(orders), _) => read.extend(orders.into_iter().map(|(id, values)| (id, Ok(values)))),
            (Err(Trouble::Stop | Trouble::Parked), _) => return None,
            (Err(Trouble::TikTok(error)), _) if matches!(error.class, Class::Retry(_)) => {
                calls.count_failure(&error).await;
                return None;
            }
            (Err(Trouble::TikTok(error)), [only]) => {
                read.insert(only.clone(), Err(error.into()));
            }
            (Err(Trouble::TikTok(_)), several) => {
                let (left, right) = several.split_at(several.len() / 2);
                todo.extend([left, right]);
            }
        }
    }
    Some(ids.iter().map(|id| read.remove(id).unwrap_or(Err(Unwritten::NotShown))).collect())
}

/// One store order. `Some(true)`: written; `Some(false)`: failed; `None`: nothing was to be done.
async fn one(
    app: &App,
    stored: StoredMark,
    store: Option<StoreConnection>,
    rules: &[Rule],
    read: Values,
) -> Option<bool> {
    let Some(store) = store else {
        finish(app, stored, Some("the store is not connected any more")).await;
        return None;
    };
    let read = match read {
        Ok(read) => read,
        Err(error) => return again(app, stored, &error).await,
    };
    let (mut values, mut missing) = (Vec::new(), false);
    for (rule, value) in rules.iter().zip(read).filter(|(rule, _)| rule.field.is_of(store.platform)) {
        match value {
            // One comment holds them all, so that each path counts.
            _ if stored.mark.written.contains(&name(rule)) => {}
            Some(value) => values.push(Value { path: rule.path.clone(), field: rule.field.clone(), value }),
            None => missing = true,
        }
    }
    let names: Vec<String> = values.iter().map(|value| format!("{} {}", value.path.as_str(), value.field)).collect();
    let outcome =
        if values.is_empty() { Ok(Outcome::Written) } else { put(app, &store, &stored.mark.order, values).await };
    match outcome {
        Ok(Outcome::Written) => {
            let wrote = !names.is_empty();
            look_again(app, stored, names, missing).await;
            wrote.then_some(true)
        }
        Ok(Outcome::Gone) => {
            finish(app, stored, Some("the store does not know the order")).await;
            None
        }
        Ok(Outcome::Refused(said)) => again(app, stored, &Unwritten::Refused(said)).await,
        Err(error) => again(app, stored, &error).await,
    }
}

fn name(rule: &Rule) -> String {
    format!("{} {}", rule.path.as_str(), rule.field)
}

async fn put(
    app: &App,
    store: &StoreConnection,
    order: &StoreOrderId,
    values: Vec<Value>,
) -> Result<Outcome, Unwritten> {
    let access = store_access(app, store).await?.ok_or(Unwritten::NoAccess)?;
    let mut machine = write(&access, order, values)?;
    let mut answer = None;
    for _ in 0..CALLS {
        match machine.step(answer.as_ref(), app.clock.now())? {
            FieldStep::Send(request) => answer = Some(ask(app, store.platform, request, CALL).await?),
            FieldStep::Done(outcome) => return Ok(outcome),
        }
    }
    Err(StoreError::Unreadable("the store's answers lead nowhere").into())
}

/// What was there is written. What was not is looked for again a few times, then it is left.
async fn look_again(app: &App, mut stored: StoredMark, names: Vec<String>, missing: bool) {
    let mark = &mut stored.mark;
    mark.written.extend(names);
    mark.failures = 0;
    mark.trouble = None;
    let gap = LOOKS.get(mark.looks as usize).filter(|_| missing);
    mark.looks += 1;
    mark.due = gap.map(|gap| app.clock.now() + *gap);
    save(app, &stored).await;
}

/// Tried again with the usual gaps, for a day.
async fn again(app: &App, mut stored: StoredMark, error: &Unwritten) -> Option<bool> {
    let (now, mark) = (app.clock.now(), &mut stored.mark);
    mark.failures += 1;
    mark.trouble = Some(error.to_string().chars().take(200).collect());
    let asked = match error {
        Unwritten::Store(StoreError::Throttled { after }) => *after,
        _ => None,
    };
    let patient = now.duration_since(mark.since).unsigned_abs() < retry::GIVE_UP_AFTER;
    mark.due = patient.then(|| retry::next_try(mark.failures, asked, &app.entropy, now));
    tracing::warn!(
        store.id = %mark.store, store_order.id = %mark.order, error = error as &dyn std::error::Error, tries = mark.failures,
        given_up = !patient, "custom fields not written"
    );
    save(app, &stored).await;
    Some(false)
}

async fn finish(app: &App, mut stored: StoredMark, why: Option<&str>) {
    stored.mark.due = None;
    stored.mark.trouble = why.map(str::to_owned);
    save(app, &stored).await;
}

async fn save(app: &App, stored: &StoredMark) {
    if let Err(error) = app.table.fields_put(stored).await {
        // It stays due: the next tick writes the same values again.
        tracing::warn!(error = &error as &dyn std::error::Error, "custom fields not noted as written");
    }
}
