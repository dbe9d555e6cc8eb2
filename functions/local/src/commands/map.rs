//! Carrier maps.

use super::{Failure, Output, account, account_of, standard_input};
use crate::cli::MapPlace;
use serde_json::{Value, json};
use waybill::app::App;
use waybill::domain::ids::ShopId;
use waybill::flows::map_carrier::{self, MapError};
use waybill::table::maps::MapScope;

/// Who saves a mapping from the command line.
const AUTHOR: &str = "command line";

async fn scope(app: &App, place: &MapPlace) -> Result<MapScope, Failure> {
    if let Some(shop) = &place.shop {
        let shop = ShopId::parse(shop).map_err(|e| Failure::usage(e.to_string(), "See waybill shop list."))?;
        if app.table.shop_get(&shop, true).await?.is_none() {
            return Err(Failure::usage("there is no such shop", "See waybill shop list."));
        }
        return Ok(MapScope::Shop(shop));
    }
    let account = match &place.account {
        Some(email) => account_of(app, email).await?,
        None => match account::all(app).await?.as_slice() {
            [only] => only.clone(),
            [] => return Err(Failure::attention("there is no account", "Make one: waybill account add.")),
            _ => {
                return Err(Failure::usage(
                    "there are several accounts",
                    "Name one: --account EMAIL, or a shop: --shop ID.",
                ));
            }
        },
    };
    Ok(MapScope::Account(account))
}

/// `waybill map list` and, as JSON lines, `waybill map export`.
///
/// # Errors
/// The table.
pub async fn list(app: &App, place: &MapPlace, output: &mut Output) -> Result<bool, Failure> {
    let map = app.table.map_get(&scope(app, place).await?, true).await?;
    let rows: Vec<Value> = map.entries.iter().map(|entry| serde_json::to_value(entry).unwrap_or_default()).collect();
    output.table(
        &["store_carrier", "tiktok_carrier", "author", "saved"],
        &rows,
        "Nothing is mapped: waybill map set.",
    )?;
    Ok(false)
}

/// `waybill map set`.
///
/// # Errors
/// Wrong use, or the words are mapped already.
pub async fn set(
    app: &App,
    place: &MapPlace,
    words: &str,
    carrier: &str,
    output: &mut Output,
) -> Result<bool, Failure> {
    let queued = map_carrier::set(app, &scope(app, place).await?, words, carrier, AUTHOR).await?;
    output.object(&json!({"store_carrier": words, "tiktok_carrier": carrier, "queued_again": queued}))?;
    Ok(false)
}

/// `waybill map remove`.
///
/// # Errors
/// When the words are not mapped.
pub async fn remove(app: &App, place: &MapPlace, words: &str, output: &mut Output) -> Result<bool, Failure> {
    map_carrier::remove(app, &scope(app, place).await?, words).await?;
    output.object(&json!({"store_carrier": words, "removed": true}))?;
    Ok(false)
}

/// `waybill map import`.
///
/// # Errors
/// A line that cannot be read, by its number; lines before it are saved.
pub async fn import(app: &App, place: &MapPlace, output: &mut Output) -> Result<bool, Failure> {
    let scope = scope(app, place).await?;
    let (mut saved, mut kept, mut queued) = (0, 0, 0);
    for (i, line) in standard_input("mappings as JSON lines")?.lines().enumerate().filter(|(_, l)| !l.trim().is_empty())
    {
        let entry: Value = serde_json::from_str(line).unwrap_or_default();
        let (Some(words), Some(carrier)) = (entry["store_carrier"].as_str(), entry["tiktok_carrier"].as_str()) else {
            return Err(Failure::usage(
                format!("line {}: store_carrier or tiktok_carrier is missing", i + 1),
                "Each line is {\"store_carrier\": \"…\", \"tiktok_carrier\": \"…\"}.",
            ));
        };
        match map_carrier::set(app, &scope, words, carrier, AUTHOR).await {
            Ok(again) => {
                saved += 1;
                queued += again;
            }
            Err(MapError::Duplicate { .. }) => kept += 1,
            Err(error) => return Err(error.into()),
        }
    }
    output.object(&json!({"saved": saved, "mapped_already": kept, "queued_again": queued}))?;
    Ok(false)
}
