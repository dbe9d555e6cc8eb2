//! The operator's daily work: what waits, one order, try again.

use super::{Failure, Output, account};
use serde_json::{Value, json};
use waybill::app::App;
use waybill::domain::ids::{ShopId, StoreOrderId, TikTokOrderId};
use waybill::domain::parcel::Parcel;
use waybill::domain::tracking::TrackingNumber;
use waybill::flows::carriers::map::{confirm, requeue};
use waybill::flows::carriers::match_parcel::folded;
use waybill::flows::carriers::unmatched::{asks_for_a_name, suggestions};

fn row(parcel: &Parcel) -> Value {
    let reason = parcel.state.reason();
    json!({
        "order": parcel.order_name.as_deref().unwrap_or(parcel.order.as_str()),
        "store_order": parcel.order.as_str(),
        "tiktok_order": parcel.tiktok_order().map(TikTokOrderId::as_str),
        "number": parcel.number.as_ref().map(TrackingNumber::as_str),
        "carrier": parcel.carrier,
        "shop": parcel.shop.as_str(),
        "state": parcel.state.to_string(),
        "reason": reason.map(waybill::domain::reason::Reason::code),
        "sentence": reason.map(waybill::domain::reason::Reason::sentence),
        "remedy": reason.map(waybill::domain::reason::Reason::remedy),
        "who": reason.map(|reason| reason.who().as_str()),
        "since": parcel.changed.to_string(),
    })
}

async fn shops(app: &App) -> Result<Vec<ShopId>, Failure> {
    let mut shops = Vec::new();
    for account in account::all(app).await? {
        shops.extend(app.table.account_shops(&account).await?);
    }
    Ok(shops)
}

/// `waybill held`.
///
/// # Errors
/// The table.
pub async fn held(app: &App, output: &mut Output) -> Result<bool, Failure> {
    let mut rows = Vec::new();
    for shop in shops(app).await? {
        let Some(connection) = app.table.shop_get(&shop, false).await?.map(|shop| shop.row) else { continue };
        let open = suggestions(app, &connection).await?;
        for key in app.table.held_keys(&shop, "").await? {
            if let Some(parcel) = app.table.parcel_get(&key).await? {
                let mut shown = row(&parcel);
                let name = folded(parcel.carrier.as_deref().unwrap_or_default());
                let asks = parcel.state.reason().is_some_and(asks_for_a_name);
                if let Some(open) = open.iter().find(|open| asks && folded(&open.store_carrier) == name) {
                    shown["candidates"] = json!(open.candidates);
                    shown["list"] = open.list.as_str().into();
                }
                rows.push(shown);
            }
        }
    }
    if output.is_json() || rows.is_empty() {
        output.table(&[], &rows, "Nothing waits for a hand.")?;
    } else {
        for held in &rows {
            let text = |name: &str| held[name].as_str().unwrap_or("-").to_owned();
            output.say(format!(
                "{}  {}  {}  {}\n    {} {}\n    acts: {}, since {}",
                text("order"),
                text("number"),
                text("carrier"),
                text("reason"),
                text("sentence"),
                text("remedy"),
                text("who"),
                text("since"),
            ))?;
            let candidates = held["candidates"].as_array().map(Vec::as_slice).unwrap_or_default();
            for candidate in candidates {
                let part = |name: &str| candidate[name].as_str().unwrap_or_default();
                output.say(format!("    perhaps {}: {}", part("name"), part("why")))?;
            }
        }
    }
    Ok(!rows.is_empty())
}

/// `waybill retry`.
///
/// # Errors
/// Wrong use.
pub async fn retry(
    app: &App,
    order: Option<&str>,
    reason: Option<&str>,
    as_it_stands: bool,
    output: &mut Output,
) -> Result<bool, Failure> {
    if order.is_none() && reason.is_none() {
        return Err(Failure::usage(
            "say what to try again",
            "Name an order, or --reason CODE (waybill held shows both).",
        ));
    }
    let mut queued = 0;
    for shop in shops(app).await? {
        let fits = |parcel: &Parcel| order.is_none_or(|order| is_of(parcel, order));
        queued += if as_it_stands {
            let wanted = |parcel: &Parcel| {
                fits(parcel)
                    && reason.is_none_or(|code| parcel.state.reason().is_some_and(|reason| reason.code() == code))
            };
            confirm(app, &shop, wanted).await?
        } else {
            requeue(app, &shop, reason.unwrap_or_default(), fits).await?
        };
    }
    output.object(&json!({"queued_again": queued}))?;
    Ok(queued == 0)
}

fn is_of(parcel: &Parcel, order: &str) -> bool {
    parcel.order.as_str() == order
        || parcel.order_name.as_deref() == Some(order)
        || parcel.tiktok_order().is_some_and(|id| id.as_str() == order)
}

/// `waybill order`.
///
/// # Errors
/// The table.
pub async fn order(app: &App, order: &str, output: &mut Output) -> Result<bool, Failure> {
    let mut found = Vec::new();
    for account in account::all(app).await? {
        for store in app.table.account_stores(&account).await? {
            let direct = match StoreOrderId::parse(order) {
                Ok(id) => app.table.order_rows(&store, &id, true).await?.parcels,
                Err(_) => Vec::new(),
            };
            if direct.is_empty() {
                found.extend(app.table.parcels_where(&store, |parcel| is_of(parcel, order)).await?);
            } else {
                found.extend(direct);
            }
        }
    }
    if found.is_empty() {
        return Err(Failure::attention(
            format!("no parcel of order {order} is known"),
            "Was it shipped in the store? See waybill store list.",
        ));
    }
    let attention = found.iter().any(|parcel| parcel.state.phase() == waybill::domain::parcel::Phase::Waiting);
    for parcel in &found {
        let mut shown = row(parcel);
        if let Value::Object(members) = &mut shown {
            members.insert("due".into(), json!(parcel.due.map(|due| due.to_string())));
            members.insert("sent".into(), json!(parcel.sent.as_ref().map(|sent| json!({
                "number": sent.number, "carrier": sent.provider_name, "lines": sent.lines.len(), "at": sent.at.to_string(),
                "corrections_used": sent.edits,
            }))));
            members.insert("tiktok_answer".into(), json!(parcel.answer));
            let events =
                parcel.events.iter().map(|e| format!("{} {} {}", e.at, e.what, e.detail).trim_end().to_owned());
            members.insert("events".into(), json!(events.collect::<Vec<_>>()));
            members.retain(|_, value| !value.is_null());
        }
        output.object(&shown)?;
        output.say("")?;
    }
    Ok(attention)
}
