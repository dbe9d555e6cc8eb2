//! Carrier maps.

use super::{Failure, Output, account, account_of, standard_input};
use clap::Args;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use waybill::app::App;
use waybill::domain::connection::Shop;
use waybill::domain::ids::ShopId;
use waybill::flows::carriers::lists::{LostMapping, lost_mappings};
use waybill::flows::carriers::map::{self as map_carrier, MapError};
use waybill::flows::carriers::match_parcel::Maps;
use waybill::flows::carriers::unmatched as carrier_names;
use waybill::table::maps::{MapEntry, MapScope};

/// Which carrier map.
#[derive(Clone, Debug, Args)]
pub struct MapPlace {
    /// One shop's own map; without it the account's default.
    #[arg(long)]
    pub shop: Option<String>,
    /// Mail address of the account, where there are several.
    #[arg(long)]
    pub account: Option<String>,
}

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

/// The shops that a map is for.
async fn shops(app: &App, scope: &MapScope) -> Result<Vec<Shop>, Failure> {
    let ids = match scope {
        MapScope::Shop(shop) => vec![shop.clone()],
        MapScope::Account(account) => app.table.account_shops(account).await?,
    };
    let mut shops = Vec::new();
    for id in ids {
        shops.extend(app.table.shop_get(&id, true).await?.map(|shop| shop.row));
    }
    Ok(shops)
}

/// `waybill map list`. True when a mapping leads to a carrier that its shop no longer has.
///
/// # Errors
/// The table.
pub async fn list(app: &App, place: &MapPlace, output: &mut Output) -> Result<bool, Failure> {
    let scope = scope(app, place).await?;
    let map = app.table.map_get(&scope, true).await?;
    let mut lost = Vec::new();
    for shop in shops(app, &scope).await? {
        let (maps, lists) = (Maps::read(app, &shop, true).await?, app.table.providers_all(&shop.id).await?);
        lost.extend(lost_mappings(&shop, &maps, &lists).into_iter().map(|lost| (shop.clone(), lost)));
    }
    let warning = |entry: &MapEntry| {
        let (shop, lost) = lost.iter().find(|(_, lost)| lost.store_carrier == entry.store_carrier)?;
        Some(lost_words(shop, lost))
    };
    let row = |entry: &MapEntry| {
        let mut row = entry_row(entry);
        if let Some(warning) = warning(entry) {
            row["warning"] = warning.into();
        }
        row
    };
    let rows: Vec<Value> = map.entries.iter().map(row).collect();
    let attention = rows.iter().any(|row| row.get("warning").is_some());
    let columns = ["store_carrier", "tiktok_carrier", "author", "saved", "warning"];
    let columns = &columns[..if attention { 5 } else { 4 }];
    output.table(columns, &rows, "Nothing is mapped: waybill map set.")?;
    Ok(attention)
}

/// Why a mapping will hold the next parcel.
pub(super) fn lost_words(shop: &Shop, lost: &LostMapping) -> String {
    let name = &lost.tiktok_carrier;
    match lost.gone_since {
        Some(since) => format!("{name} left the carrier list of shop {} at TikTok by {since}", shop.id),
        None => format!("{name} is not on the carrier list of shop {}: is it enabled in Seller Center?", shop.id),
    }
}

fn entry_row(entry: &MapEntry) -> Value {
    serde_json::to_value(entry).unwrap_or_default()
}

/// `waybill map export`: JSON lines, whatever the output.
///
/// # Errors
/// The table.
pub async fn export(app: &App, place: &MapPlace, output: &mut Output) -> Result<bool, Failure> {
    for entry in &app.table.map_get(&scope(app, place).await?, true).await?.entries {
        output.line(&entry_row(entry))?;
    }
    Ok(false)
}

/// `waybill map list --suggestions`: names that parcels were held for, with the likeliest carriers.
///
/// # Errors
/// The table.
pub async fn suggestions(app: &App, place: &MapPlace, output: &mut Output) -> Result<bool, Failure> {
    let mut any = false;
    for shop in shops(app, &scope(app, place).await?).await? {
        for open in carrier_names::suggestions(app, &shop).await? {
            any = true;
            if output.is_json() {
                let mut row = serde_json::to_value(&open).unwrap_or_default();
                row["shop"] = shop.id.as_str().into();
                output.line(&row)?;
                continue;
            }
            output.say(format!(
                "{}  held {} times, {} wait now, last {} (order {})",
                quoted(&open.store_carrier),
                open.count,
                open.waiting,
                open.last_seen,
                open.sample_order,
            ))?;
            for candidate in &open.candidates {
                output.say(format!("    {}: {}", candidate.name, candidate.why))?;
            }
            if let Some(first) = open.candidates.first() {
                let (words, name) = (shell(&open.store_carrier), shell(&first.name));
                output.say(format!("    waybill map set {words} {name} --shop {}", shop.id))?;
            }
            output.say(format!("    by {}", open.list))?;
        }
    }
    if !any {
        output.say("No name waits for a match.")?;
    }
    Ok(any)
}

fn quoted(name: &str) -> String {
    if name.is_empty() { "(no carrier named)".to_owned() } else { format!("\"{name}\"") }
}

/// A word as a shell takes it.
pub(super) fn shell(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
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
    let scope = scope(app, place).await?;
    let queued = match map_carrier::set(app, &scope, words, carrier, AUTHOR).await {
        Ok(queued) => queued,
        Err(error @ MapError::Duplicate { .. }) => {
            let next = format!("waybill map remove {}", shell(words));
            return Err(Failure::attention(error.to_string(), next));
        }
        Err(error @ MapError::NotListed { .. }) => {
            let next = "See waybill carriers; after enabling a carrier in Seller Center: waybill carriers --refresh.";
            return Err(Failure::attention(error.to_string(), next));
        }
        Err(error) => return Err(error.into()),
    };
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

/// One line of an import.
#[derive(Deserialize)]
struct Line {
    store_carrier: String,
    tiktok_carrier: String,
    author: Option<String>,
    saved: Option<Timestamp>,
}

/// `waybill map import`. True when an entry was not taken over as it is, or leads nowhere.
///
/// # Errors
/// A line that cannot be read, by its number; nothing is saved then.
pub async fn import(app: &App, place: &MapPlace, output: &mut Output) -> Result<bool, Failure> {
    let scope = scope(app, place).await?;
    let text = standard_input("mappings as JSON lines")?;
    let now = app.clock.now();
    let mut entries = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line).map_err(|_| {
            Failure::usage(
                format!("line {} cannot be read; nothing is saved", at + 1),
                "Each line is {\"store_carrier\": \"…\", \"tiktok_carrier\": \"…\"}, as waybill map export writes it.",
            )
        })?;
        entries.push(MapEntry {
            store_carrier: line.store_carrier,
            tiktok_carrier: line.tiktok_carrier,
            author: line.author.unwrap_or_else(|| AUTHOR.to_owned()),
            // Who decided it and when goes along; nothing is decided in the future.
            saved: line.saved.map_or(now, |saved| saved.min(now)),
        });
    }
    let done = map_carrier::import(app, &scope, entries).await?;
    let kept: Vec<String> =
        done.kept.iter().map(|known| format!("{:?} stays {:?}", known.store_carrier, known.tiktok_carrier)).collect();
    let attention = !kept.is_empty() || !done.not_listed.is_empty();
    output.object(&json!({
        "saved": done.saved, "mapped_already": done.same, "kept": kept, "not_on_the_list": done.not_listed,
        "queued_again": done.queued_again,
    }))?;
    Ok(attention)
}
