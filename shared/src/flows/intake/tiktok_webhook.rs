//! TikTok Shop's own webhooks: verify → read → act, within three seconds. They are hints: what TikTok's order says is
//! read again before anything is sent, so duplicates, delays and reordering are harmless.

use crate::app::App;
use crate::domain::connection::Parked;
use crate::domain::ids::ShopId;
use crate::domain::order::OrderState;
use crate::domain::reason::Reason;
use crate::domain::region::AppRegion;
use crate::flows::intake::store_webhook::Outcome;
use crate::flows::orders::{again, begin};
use crate::stores::Delivery;
use crate::table::error::TableError;
use crate::tiktok::sign::webhook_holds;
use crate::tiktok::webhook::{self, Message, News, NotAMessage};
use crate::tokens::{AppSecrets, SecretFault};
use jiff::{SignedDuration, Timestamp};

/// TikTok repeats for 15.5 hours; an older body is a replay.
const OLDEST: SignedDuration = SignedDuration::from_hours(72);
/// TikTok's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);
/// TikTok's messages have a few hundred bytes.
const LARGEST: usize = 256 * 1024;

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Secret(#[from] SecretFault),
}

/// Handles one delivery to the path of one of our two apps.
pub async fn run(app: &App, region: AppRegion, delivery: &Delivery) -> Outcome {
    match receive(app, region, delivery).await {
        Ok(outcome) => outcome,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "TikTok's message not taken");
            Outcome::TryLater("the table or the secrets cannot be reached")
        }
    }
}

async fn receive(app: &App, region: AppRegion, delivery: &Delivery) -> Result<Outcome, Failure> {
    if !verified(app, region, delivery).await? {
        tracing::warn!(app.region = %region, "bad signature of a TikTok message");
        return Ok(Outcome::Unauthorised);
    }
    if delivery.body.len() > LARGEST {
        return Ok(Outcome::Unreadable("the body is larger than TikTok's messages are"));
    }
    let Message { shop: id, sent, news, .. } = match webhook::read(&delivery.body) {
        Ok(message) => message,
        Err(NotAMessage::NoTime) => return Ok(Outcome::Unauthorised),
        Err(NotAMessage::NoEnvelope) => return Ok(Outcome::Unreadable("the body is not TikTok's envelope")),
        Err(NotAMessage::NoShop) => return Ok(Outcome::Unreadable("the message names no shop")),
    };
    let now = app.clock.now();
    if sent < now - OLDEST || sent > now + AHEAD {
        tracing::warn!(app.region = %region, "a TikTok message out of its time");
        return Ok(Outcome::Unauthorised);
    }
    // Most messages are of orders: the row on which their word is noted says as well whose shop it is.
    if !news.orders().is_empty() && begin::hint(app, &id, region).await? {
        return orders_moved(app, &id, &news).await;
    }
    let Some(shop) = app.table.shop_get(&id, false).await?.map(|shop| shop.row) else {
        return Ok(Outcome::UnknownStore);
    };
    if shop.app != region {
        return Ok(Outcome::UnknownStore);
    }
    match news {
        News::Nothing => Ok(Outcome::Nothing),
        News::Deauthorised => removed(app, &id, sent).await,
        News::Ends(at) => ends(app, &id, at, sent).await,
        _ => {
            begin::hint_anew(app, &shop).await?;
            orders_moved(app, &id, &news).await
        }
    }
}

/// Checks the signature, with one forced reload of the secrets when it does not hold.
async fn verified(app: &App, region: AppRegion, delivery: &Delivery) -> Result<bool, Failure> {
    let Some(header) = delivery.headers.get(http::header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else {
        return Ok(false);
    };
    let holds = |secrets: &AppSecrets| {
        let app = secrets.tiktok(region)?;
        let keys = [Some(&app.app_secret), app.previous_secret.as_ref()].into_iter().flatten();
        Ok::<_, SecretFault>(webhook_holds(&app.app_key, keys, header, &delivery.body))
    };
    let used = app.secrets.app().get().await?;
    if holds(&used)? {
        return Ok(true);
    }
    match app.secrets.app().newer_than(&used).await {
        Ok(Some(newer)) => Ok(holds(&newer)?),
        Ok(None) | Err(_) => Ok(false),
    }
}

/// Parcels that wait under these orders are judged again by the next run, which reads the orders first.
async fn orders_moved(app: &App, shop: &ShopId, news: &News) -> Result<Outcome, Failure> {
    let taken_back = may_take_back(news);
    // An order that goes on to its end takes nothing back. A hold of this very moment may be missed then, as if it had
    // been written a moment later: the shop's hourly look at what is held finds it.
    let strong = !goes_on(news);
    let mut moved = false;
    for id in news.orders() {
        for (store, order) in app.table.order_pointers(shop, id).await? {
            for parcel in app.table.order_rows(&store, &order, strong).await?.parcels {
                if parcel.tiktok_order() == Some(id) {
                    moved |= again::judge(app, parcel, taken_back).await?;
                }
            }
        }
    }
    Ok(if moved { Outcome::Stored } else { Outcome::Nothing })
}

/// A package was taken apart, or the order's status went back: what TikTok accepted may be gone. Gives how long after a
/// send such news may be the send's own echo: nothing open again is ever one.
fn may_take_back(news: &News) -> Option<SignedDuration> {
    match news {
        News::Packages { .. } | News::Status { state: OrderState::PartiallyShipped, .. } => Some(again::ECHO),
        News::Status { state: OrderState::OnHold | OrderState::AwaitingShipment, .. } => Some(SignedDuration::ZERO),
        _ => None,
    }
}

/// The order is on its way, or there.
fn goes_on(news: &News) -> bool {
    matches!(news, News::Status { state: OrderState::ReadyToShip | OrderState::Shipped(_), .. })
}

/// The seller took the authorisation back. This function may not touch tokens: the next tick erases them.
async fn removed(app: &App, shop: &ShopId, sent: Timestamp) -> Result<Outcome, Failure> {
    let now = app.clock.now();
    let mut changed = false;
    let parked = || Parked { reason: Reason::AuthRevoked, since: now, grant_version: u64::MAX };
    loop {
        let Some(mut row) = app.table.shop_get(shop, true).await? else { break };
        let known = row.row.parked.as_ref().is_some_and(|parked| parked.reason == Reason::AuthRevoked);
        // A late repeat must not undo a newer consent.
        if known || sent < row.row.granted() {
            break;
        }
        row.row.parked = Some(parked());
        match app.table.shop_put(&mut row).await {
            Ok(()) => {
                changed = true;
                tracing::warn!(shop.id = %shop, "the app was removed from a shop");
                break;
            }
            Err(TableError::Conflict) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Ok(if changed { Outcome::Stored } else { Outcome::Nothing })
}

/// TikTok announces the end of the authorisation.
async fn ends(app: &App, shop: &ShopId, at: Timestamp, sent: Timestamp) -> Result<Outcome, Failure> {
    let now = app.clock.now();
    let before = app.table.shop_get(shop, true).await?.map(|shop| shop.row.consent.notice);
    if before == Some(Some(at)) {
        return Ok(Outcome::Nothing);
    }
    let after = app.table.shop_change(shop, |row| {
        if row.consent.notice == Some(at) || sent < row.granted() {
            return false;
        }
        row.consent.notice = Some(at);
        row.consent.next_step = Some(now);
        true
    });
    Ok(if after.await?.is_some_and(|shop| shop.consent.notice == Some(at)) {
        Outcome::Stored
    } else {
        Outcome::Nothing
    })
}
