//! TikTok Shop's own webhooks: verify → read → act, within three seconds. They are hints: what TikTok's order says is
//! read again before anything is sent. So a repeat, a late one or a swapped pair changes nothing that the read does not.

use crate::app::App;
use crate::domain::connection::Parked;
use crate::domain::ids::{ShopId, TikTokOrderId};
use crate::domain::order::OrderState;
use crate::domain::parcel::{Parcel, Phase, WaitsFor};
use crate::domain::reason::Reason;
use crate::domain::region::AppRegion;
use crate::flows::intake::store_webhook::Outcome;
use crate::stores::Delivery;
use crate::table::error::TableError;
use crate::tiktok::sign::webhook_holds;
use crate::tokens::{AppSecrets, SecretFault};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;

/// TikTok repeats for 15.5 hours; an older body is a replay.
const OLDEST: SignedDuration = SignedDuration::from_hours(72);
/// TikTok's clock may be ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);
/// TikTok's messages have a few hundred bytes.
const LARGEST: usize = 256 * 1024;

/// TikTok's envelope. Ids come as text, in older messages as numbers.
#[derive(Debug, Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: i64,
    shop_id: Value,
    timestamp: i64,
    #[serde(default)]
    data: Value,
}

/// What a message says to us.
#[derive(Clone, Debug, PartialEq, Eq)]
enum News {
    /// Types 1, 3, 4, 11, 12: something about these orders moved.
    Orders { ids: Vec<TikTokOrderId>, cancelled: bool },
    /// Type 6.
    Removed,
    /// Type 7, with the announced end.
    Ends(Timestamp),
    /// A type that is not for us, or one that this version does not know.
    Nothing,
}

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
    let Ok(envelope) = serde_json::from_slice::<Envelope>(&delivery.body) else {
        return Ok(Outcome::Unreadable("the body is not TikTok's envelope"));
    };
    let now = app.clock.now();
    let Ok(sent) = Timestamp::from_second(envelope.timestamp) else { return Ok(Outcome::Unauthorised) };
    if sent < now - OLDEST || sent > now + AHEAD {
        tracing::warn!(app.region = %region, "a TikTok message out of its time");
        return Ok(Outcome::Unauthorised);
    }
    let Some(id) = id_text(&envelope.shop_id).and_then(|text| ShopId::parse(text).ok()) else {
        return Ok(Outcome::Unreadable("the message names no shop"));
    };
    let Some(shop) = app.table.shop_get(&id, false).await?.map(|shop| shop.row) else {
        return Ok(Outcome::UnknownStore);
    };
    if shop.app != region {
        return Ok(Outcome::UnknownStore);
    }
    match news(&envelope) {
        News::Nothing => Ok(Outcome::Nothing),
        News::Orders { ids, cancelled } => orders_moved(app, &id, &ids, cancelled).await,
        News::Removed => removed(app, &id, sent).await,
        News::Ends(at) => ends(app, &id, at, sent).await,
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

fn id_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Source of the types: TikTok Shop Partner Center, webhooks.
fn news(envelope: &Envelope) -> News {
    let data = &envelope.data;
    let order = |value: &Value| id_text(value).and_then(|text| TikTokOrderId::parse(text).ok());
    let word = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
    match envelope.kind {
        1 | 3 | 12 => {
            let cancelled = OrderState::parse(word("order_status")) == OrderState::Cancelled;
            News::Orders { ids: data.get("order_id").and_then(order).into_iter().collect(), cancelled }
        }
        // A buyer asks to cancel, or it was decided: whatever was about to be sent is judged again.
        11 => News::Orders { ids: data.get("order_id").and_then(order).into_iter().collect(), cancelled: true },
        4 => {
            let packages = data.get("package_list").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let lists = packages.iter().filter_map(|package| package.get("order_id_list")?.as_array());
            let mut ids: Vec<TikTokOrderId> = lists.flatten().filter_map(order).take(100).collect();
            ids.sort();
            ids.dedup();
            News::Orders { ids, cancelled: false }
        }
        6 => News::Removed,
        7 => {
            let seconds = data.get("expiration_time").and_then(id_text).and_then(|text| text.trim().parse().ok());
            seconds.and_then(|s| Timestamp::from_second(s).ok()).map_or(News::Nothing, News::Ends)
        }
        _ => News::Nothing,
    }
}

/// Parcels that wait under these orders are judged again by the next run, which reads the orders first.
async fn orders_moved(app: &App, shop: &ShopId, ids: &[TikTokOrderId], cancelled: bool) -> Result<Outcome, Failure> {
    let mut moved = false;
    for id in ids {
        for (store, order) in app.table.order_pointers(shop, id).await? {
            for parcel in app.table.order_rows(&store, &order, true).await?.parcels {
                if parcel.tiktok_order() == Some(id) {
                    moved |= judge_again(app, parcel, cancelled).await?;
                }
            }
        }
    }
    Ok(if moved { Outcome::Stored } else { Outcome::Nothing })
}

async fn judge_again(app: &App, mut parcel: Parcel, cancelled: bool) -> Result<bool, TableError> {
    loop {
        let now = app.clock.now();
        if !concerned(&parcel, cancelled, now) || !parcel.judge_now(now) {
            return Ok(false);
        }
        match app.table.parcel_put(&mut parcel).await {
            Ok(()) => return Ok(true),
            Err(TableError::Conflict) => {}
            Err(other) => return Err(other),
        }
        match app.table.parcel_get(&crate::table::keys::parcel(&parcel)).await? {
            Some(found) => parcel = found,
            None => return Ok(false),
        }
    }
}

/// What waits for time or for the order's status; when the order is cancelled, everything that is still open.
fn concerned(parcel: &Parcel, cancelled: bool, now: Timestamp) -> bool {
    if parcel.state.reason() == Some(Reason::TrackingMissing) || parcel.tried.is_some() {
        return false;
    }
    match (parcel.state.phase(), parcel.due, &parcel.waits_for) {
        (Phase::Open | Phase::Waiting, Some(due), _) => due > now,
        (Phase::Waiting, None, Some(WaitsFor::OrderStatus(_))) => true,
        (Phase::Waiting, None, _) => cancelled,
        _ => false,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(kind: i64, data: Value) -> News {
        news(&Envelope { kind, shop_id: json!("7"), timestamp: 0, data })
    }

    #[test]
    fn each_type_says_what_its_page_says() {
        let order = || TikTokOrderId::parse("576461413038785752").expect("id");
        let moved = |cancelled| News::Orders { ids: vec![order()], cancelled };
        let end = Timestamp::from_second(1_627_587_506).expect("time");
        for (kind, data, expected) in [
            (1, json!({"order_id": "576461413038785752", "order_status": "AWAITING_SHIPMENT"}), moved(false)),
            (1, json!({"order_id": 576_461_413_038_785_752_u64, "order_status": "CANCEL"}), moved(true)),
            (3, json!({"order_id": "576461413038785752"}), moved(false)),
            (
                4,
                json!({"package_list": [{"package_id": "1", "order_id_list": ["576461413038785752", "576461413038785752"]}]}),
                moved(false),
            ),
            (6, json!({"message": "x"}), News::Removed),
            (7, json!({"expiration_time": "1627587506"}), News::Ends(end)),
            (7, json!({"expiration_time": 1_627_587_506}), News::Ends(end)),
            (7, json!({"expiration_time": "soon"}), News::Nothing),
            (
                11,
                json!({"order_id": "576461413038785752", "cancel_status": "CANCELLATION_REQUEST_PENDING"}),
                moved(true),
            ),
            (12, json!({"order_id": "576461413038785752"}), moved(false)),
            (5, json!({"order_id": "576461413038785752"}), News::Nothing),
            (999, Value::Null, News::Nothing),
        ] {
            assert_eq!(read(kind, data.clone()), expected, "{kind} {data}");
        }
    }

    proptest! {
        #[test]
        fn any_data_is_news_or_nothing(kind in -5i64..80, id in "\\PC{0,40}", list in proptest::collection::vec("\\PC{0,10}", 0..4)) {
            let _ = read(kind, json!({"order_id": id, "package_list": list, "expiration_time": id}));
            let _ = read(kind, json!(list));
        }
    }
}
