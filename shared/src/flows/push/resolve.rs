//! Which TikTok order a store order is: what the rows say, a person's link, the store's own order, TikTok's external
//! references. One candidate or none; never a guess.

use super::orders::Group;
use super::shop::is_due;
use super::shop_run::ShopRun;
use super::summary::one;
use super::{LOOK_UPS, record};
use crate::domain::connection::StoreConnection;
use crate::domain::fulfilment::{Fulfilment, OrderLink};
use crate::domain::ids::{StoreOrderId, TikTokOrderId};
use crate::domain::intake::{is_unread, link_only};
use crate::domain::parcel::{Parcel, WaitsFor};
use crate::domain::reason::Reason;
use crate::domain::retry;
use crate::flows::access::store::{PendingRead, ask, store_access};
use crate::flows::calls::Trouble;
use crate::flows::intake::keep::keep;
use crate::flows::intake::notices;
use crate::stores::error::StoreError;
use crate::stores::{self, LookUp, Step, StoreAccess};
use crate::table::error::TableError;
use crate::table::keys::Key;
use jiff::SignedDuration;
use std::time::Duration;

/// A store that does not answer is left alone for so long.
const STORE_RESTS: SignedDuration = SignedDuration::from_mins(5);
/// A parcel that could not be read is looked at again after so long; its notice is tried meanwhile.
const UNREAD_AGAIN: SignedDuration = SignedDuration::from_hours(1);
/// One read of a store's API.
const READ: Duration = Duration::from_secs(10);
/// A look-up is a handful of reads; more means that the store's answers lead nowhere.
const READS: usize = 40;

/// Why a store order has no TikTok order.
const NO_ID: &str = "no TikTok order id in the store's order";

/// What came out.
#[derive(Debug)]
pub(super) enum Resolved {
    /// This order.
    Found(TikTokOrderId),
    /// Written down: to be tried later, held, or closed.
    Later,
    /// The shop is done for this run.
    Stop,
}

/// A store could not be asked.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the store cannot be reached")]
    Unreachable(#[from] crate::outbound::OutboundError),
    #[error("no time is left for reads from stores")]
    NoTime,
}

/// The TikTok order that the rows or a person name.
pub(super) fn known(group: &Group) -> Option<&TikTokOrderId> {
    group.manual.as_ref().or_else(|| group.rows.iter().find_map(Parcel::tiktok_order))
}

/// Finds the TikTok order of a store order.
pub(super) async fn order_of(shop: &ShopRun<'_>, group: &Group) -> Resolved {
    if let Some(id) = known(group) {
        return Resolved::Found(id.clone());
    }
    let link = match group.rows.iter().map(|row| &row.link).find(|link| **link != OrderLink::NotRead) {
        Some(link @ (OrderLink::Ambiguous(_) | OrderLink::OtherChannel)) => link.clone(),
        _ => match ask_store(shop, &group.store, group).await {
            Ok(link) => link,
            Err(AskError::NoTime) => return Resolved::Later,
            Err(error) => {
                tracing::warn!(store.id = %group.store.id, error = &error as &dyn std::error::Error, "order not looked up");
                later(shop, group, &OrderLink::NotRead, "the store could not be asked").await;
                return Resolved::Later;
            }
        },
    };
    match link {
        OrderLink::Found(id) => Resolved::Found(id),
        OrderLink::NotFound | OrderLink::NotRead => match ask_tiktok(shop, group).await {
            Ok(ids) => match <[_; 1]>::try_from(ids) {
                Ok([id]) => Resolved::Found(id),
                Err(ids) if ids.is_empty() => {
                    later(shop, group, &OrderLink::NotFound, NO_ID).await;
                    Resolved::Later
                }
                Err(ids) => decided(shop, group, OrderLink::Ambiguous(ids)).await,
            },
            Err(Trouble::TikTok(_)) => {
                later(shop, group, &OrderLink::NotFound, NO_ID).await;
                Resolved::Later
            }
            Err(Trouble::Stop | Trouble::Parked) => Resolved::Stop,
        },
        link @ (OrderLink::Ambiguous(_) | OrderLink::OtherChannel) => decided(shop, group, link).await,
    }
}

/// TikTok knows the named order in no shop: what the store's order names now, where that is another one.
pub(super) async fn named_anew(shop: &ShopRun<'_>, group: &Group) -> Option<TikTokOrderId> {
    let known = group.rows.iter().find_map(Parcel::tiktok_order);
    match ask_store(shop, &group.store, group).await {
        Ok(OrderLink::Found(id)) if Some(&id) != known && group.manual.is_none() => Some(id),
        _ => None,
    }
}

/// A store that does not answer rests for a while, and its parcels with it: they stand in nobody's way.
async fn rest(shop: &ShopRun<'_>, group: &Group) {
    let until = shop.run.app.clock.now() + STORE_RESTS;
    for row in group.rows.iter().filter(|row| is_due(row, &shop.id, shop.run)) {
        record::settle(shop, row.clone(), |row, _| row.look_later(until)).await;
    }
}

/// Reads the store's order, and keeps a cancellation that it tells. No credentials: nothing is known.
async fn ask_store(shop: &ShopRun<'_>, store: &StoreConnection, group: &Group) -> Result<OrderLink, AskError> {
    let Some(order) = group.rows.first().map(|row| row.order.clone()) else { return Ok(OrderLink::NotRead) };
    if shop.run.is_slow(&store.id) {
        rest(shop, group).await;
        return Err(AskError::NoTime);
    }
    let news = match read_order(shop, store, order).await? {
        StoreSays::NotAsked => return Ok(OrderLink::NotRead),
        StoreSays::Unknown => return Ok(OrderLink::NotFound),
        StoreSays::Order(news) => news,
    };
    if news.cancelled.is_some()
        && let Err(error) = keep(shop.run.app, store, &news, false).await
    {
        tracing::warn!(store.id = %store.id, error = &error as &dyn std::error::Error, "cancellation not stored");
    }
    Ok(news.link)
}

/// A store's answer about one of its orders.
enum StoreSays {
    /// There are no credentials to ask with.
    NotAsked,
    /// It knows no such order.
    Unknown,
    /// The order.
    Order(Box<Fulfilment>),
}

/// Reads a store's order; nothing is written.
async fn read_order(shop: &ShopRun<'_>, store: &StoreConnection, order: StoreOrderId) -> Result<StoreSays, AskError> {
    let access = match store_access(shop.run.app, store).await {
        Ok(Some(access)) => access,
        Ok(None) => return Ok(StoreSays::NotAsked),
        Err(error) => {
            tracing::error!(store.id = %store.id, error = &error as &dyn std::error::Error, "no credentials for this store");
            return Ok(StoreSays::NotAsked);
        }
    };
    let answer = look_up(shop, &access, LookUp::Link { order }).await;
    if !matches!(answer, Err(AskError::NoTime)) {
        shop.run.looked_up(&store.id, answer.is_err());
    }
    Ok(answer?.map_or(StoreSays::Unknown, |news| StoreSays::Order(Box::new(news))))
}

/// Where a store order stands at TikTok, as far as looking tells.
pub(super) enum Sought {
    /// Under this order.
    Found(TikTokOrderId),
    /// One of these; a person must say which.
    Ambiguous,
    /// It came through another channel.
    OtherChannel,
    /// The store has cancelled it.
    Cancelled,
    /// Nobody can say yet; in words, why.
    NotYet(&'static str),
}

/// As [`order_of`], writing nothing.
pub(super) async fn seek(shop: &ShopRun<'_>, group: &Group) -> Sought {
    if let Some(id) = known(group) {
        return Sought::Found(id.clone());
    }
    let Some(first) = group.rows.first() else { return Sought::NotYet(NO_ID) };
    let link = match group.rows.iter().map(|row| &row.link).find(|link| **link != OrderLink::NotRead) {
        Some(link @ (OrderLink::Ambiguous(_) | OrderLink::OtherChannel)) => link.clone(),
        _ => match read_order(shop, &group.store, first.order.clone()).await {
            Ok(StoreSays::Order(news)) if news.cancelled.is_some() => return Sought::Cancelled,
            Ok(StoreSays::Order(news)) => news.link,
            Ok(StoreSays::NotAsked | StoreSays::Unknown) => OrderLink::NotFound,
            Err(_) => return Sought::NotYet("the store could not be asked"),
        },
    };
    match link {
        OrderLink::Found(id) => Sought::Found(id),
        OrderLink::Ambiguous(_) => Sought::Ambiguous,
        OrderLink::OtherChannel => Sought::OtherChannel,
        OrderLink::NotFound | OrderLink::NotRead => match ask_tiktok(shop, group).await.as_deref() {
            Ok([id]) => Sought::Found(id.clone()),
            Ok([_, _, ..]) => Sought::Ambiguous,
            Ok([]) | Err(_) => Sought::NotYet(NO_ID),
        },
    }
}

/// Runs a look-up. `None`: the store does not know the order.
async fn look_up(shop: &ShopRun<'_>, access: &StoreAccess, what: LookUp) -> Result<Option<Fulfilment>, AskError> {
    if !shop.run.may_look_up() {
        return Err(AskError::NoTime);
    }
    one(&shop.run.tally.look_ups);
    let app = shop.run.app;
    let mut machine = stores::look_up(access, what)?;
    let mut answer = None;
    for _ in 0..READS {
        match machine.step(answer.as_ref(), app.clock.now())? {
            Step::Send(request) => {
                if shop.run.looks {
                    shop.run.budget.next_look(&app.clock).await;
                    shop.run.budget.looked(&app.clock).await;
                }
                let limit = READ.min(LOOK_UPS.saturating_sub(shop.run.elapsed()).max(Duration::from_secs(2)));
                answer = Some(ask(app, access.platform, request, limit).await?);
            }
            Step::Done(news) => return Ok(Some(news)),
            Step::Gone => return Ok(None),
        }
    }
    Err(StoreError::Unreadable("the store's answers lead nowhere").into())
}

/// Another system may have told TikTok which of its orders this one is.
async fn ask_tiktok(shop: &ShopRun<'_>, group: &Group) -> Result<Vec<TikTokOrderId>, Trouble> {
    let Some(order) = group.rows.first().map(|row| row.order.as_str().to_owned()) else { return Ok(Vec::new()) };
    let named = shop.calls.external_orders(group.store.platform, &order).await?;
    if named.is_empty() || is_the_only_one(shop, &group.store).await { Ok(named) } else { Ok(Vec::new()) }
}

/// A reference names a platform's order and no store: it counts only while one store of the platform serves the shop.
async fn is_the_only_one(shop: &ShopRun<'_>, store: &StoreConnection) -> bool {
    let app = shop.run.app;
    let others = async {
        for id in app.table.account_stores(&store.account).await? {
            let other = app.table.store_get(&id, false).await?.map(|other| other.row);
            let serves = |other: &StoreConnection| other.platform == store.platform && other.shops.contains(&shop.id);
            if id != store.id && other.as_ref().is_some_and(serves) {
                return Ok::<_, TableError>(true);
            }
        }
        Ok(false)
    };
    matches!(others.await, Ok(false))
}

/// Not known yet: by the retry schedule, for a day; then a person must say.
async fn later(shop: &ShopRun<'_>, group: &Group, link: &OrderLink, detail: &str) {
    for parcel in group.rows.iter().filter(|parcel| is_due(parcel, &shop.id, shop.run)) {
        record::settle(shop, parcel.clone(), |row, now| {
            if is_unread(row) {
                // Only its notice, once it is read, says more; until then it is the store that cannot be read.
                return row.look_later(now + UNREAD_AGAIN);
            }
            if *link != OrderLink::NotRead {
                row.link = link.clone();
            }
            row.not_found_yet(detail, &shop.run.app.entropy, now);
        })
        .await;
        one(&shop.run.tally.retried);
    }
}

/// Several orders, or certainly none.
async fn decided(shop: &ShopRun<'_>, group: &Group, link: OrderLink) -> Resolved {
    for parcel in group.rows.iter().filter(|parcel| is_due(parcel, &shop.id, shop.run)) {
        record::settle(shop, parcel.clone(), |row, now| {
            row.link = link.clone();
            if link == OrderLink::OtherChannel {
                row.close(crate::domain::parcel::ParcelState::Skipped(Reason::NotTikTok), now);
            } else {
                row.hold(Reason::OrderAmbiguous, "", WaitsFor::Person, now);
            }
        })
        .await;
    }
    Resolved::Later
}

/// Reads what a thin delivery left out, stores it, and forgets the notice.
pub(super) async fn read_notice(shop: &ShopRun<'_>, key: &Key) {
    if let Err(error) = try_notice(shop, key).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "notice not read");
    }
}

async fn try_notice(shop: &ShopRun<'_>, key: &Key) -> Result<(), TableError> {
    let app = shop.run.app;
    let now = app.clock.now();
    let Some(mut notice) = app.table.notice_get(key).await?.filter(|notice| notice.due <= now) else { return Ok(()) };
    let Some(store) = app.table.store_get(&notice.store, false).await?.map(|store| store.row) else {
        return app.table.notice_delete(&notice).await;
    };
    match answer(shop, &store, &notice.body).await {
        Ok(Some(news)) => {
            keep(app, &store, &news, false).await?;
            if notice.attempts > 0 {
                notices::settled(app, &store, &news.order).await?;
            }
            app.table.notice_delete(&notice).await
        }
        Ok(None) => app.table.notice_delete(&notice).await,
        Err(AskError::NoTime) => Ok(()),
        Err(AskError::Store(error)) if error.too_much(now).is_some() => {
            tracing::warn!(store.id = %store.id, error = &error as &dyn std::error::Error, "an order is not taken");
            if let Some(news) = error.too_much(now) {
                keep(app, &store, &news, false).await?;
            }
            app.table.notice_delete(&notice).await
        }
        Err(error) => {
            tracing::warn!(store.id = %store.id, error = &error as &dyn std::error::Error, "store not read");
            notice.attempts += 1;
            notice.due = retry::next_try(notice.attempts, None, &app.entropy, now);
            one(&shop.run.tally.retried);
            app.table.notice_put(&mut notice).await?;
            notices::failed(app, &store, &notice).await
        }
    }
}

/// What the store says about a notice; `None` when there is nothing to store.
async fn answer(shop: &ShopRun<'_>, store: &StoreConnection, body: &str) -> Result<Option<Fulfilment>, AskError> {
    let pending: PendingRead =
        serde_json::from_str(body).map_err(|_| StoreError::Unreadable("a notice of another version"))?;
    match pending {
        PendingRead::Open(url) => {
            if !shop.run.may_look_up() {
                return Err(AskError::NoTime);
            }
            let request = http::Request::get(url).body(bytes::Bytes::new());
            let request = request.map_err(|_| StoreError::Unreadable("the validation address"))?;
            shop.run.app.outbound.merchant(request, READ).await?;
            Ok(None)
        }
        PendingRead::Notice(thin) => {
            let access = store_access(shop.run.app, store).await.ok().flatten();
            let Some(access) = access else { return Err(StoreError::Unauthorised { status: 0 }.into()) };
            let order = thin.order.clone();
            match look_up(shop, &access, LookUp::Shipments(thin)).await? {
                Some(news) => Ok(Some(news)),
                None => Ok(order.map(|order| link_only(order, OrderLink::NotFound))),
            }
        }
    }
}
