//! `waybill carriers`: which carriers TikTok takes, by each shop's own list or the bundled one.

use super::identify::known_region;
use super::map::lost_words;
use super::{Failure, Output};
use serde_json::{Value, json};
use waybill::app::App;
use waybill::carriers::{Catalogue, bundled_list};
use waybill::domain::connection::Shop;
use waybill::domain::ids::ShopId;
use waybill::domain::region::Region;
use waybill::flows::carriers::lists::{list_words, lost_mappings, refresh};
use waybill::flows::carriers::match_parcel::{Maps, recognised};
use waybill::table::maps::OptionList;

/// Markets whose short list ships with the product.
const BUNDLED: [&str; 2] = ["UK", "US"];

/// `waybill carriers --region R`: the bundled list of a market; needs no installation.
///
/// # Errors
/// Wrong use.
pub fn of_market(region: &str, output: &mut Output) -> Result<bool, Failure> {
    bundled(&known_region(region)?, None, output)?;
    Ok(false)
}

/// `waybill carriers [--shop ID] [--refresh]`. True when a carrier that is mapped is on no list of its shop.
///
/// # Errors
/// Wrong use, the table, or TikTok.
pub async fn run(app: &App, shop: Option<&str>, now: bool, output: &mut Output) -> Result<bool, Failure> {
    let shops = shops(app, shop).await?;
    if shops.is_empty() {
        output.say("No shop is connected, so these are the bundled lists.")?;
        for region in BUNDLED {
            bundled(&Region::new(region), None, output)?;
        }
        return Ok(false);
    }
    let mut attention = false;
    for shop in &shops {
        if now {
            let done = refresh(app, shop).await?;
            let (gone, new) = (done.change.removed.len(), done.change.added.len());
            output.say(format!("read from TikTok: {gone} gone, {new} new, {} parcels queued again", done.queued))?;
        }
        attention |= one(app, shop, output).await?;
    }
    Ok(attention)
}

async fn shops(app: &App, wanted: Option<&str>) -> Result<Vec<Shop>, Failure> {
    let mut ids = Vec::new();
    match wanted {
        Some(id) => ids.push(ShopId::parse(id).map_err(|e| Failure::usage(e.to_string(), "See waybill shop list."))?),
        None => {
            for account in app.table.accounts_list().await? {
                ids.extend(app.table.account_shops(&account).await?);
            }
        }
    }
    let mut shops = Vec::new();
    for id in ids {
        match app.table.shop_get(&id, true).await? {
            Some(shop) => shops.push(shop.row),
            None if wanted.is_some() => {
                return Err(Failure::usage("there is no such shop", "See waybill shop list."));
            }
            None => {}
        }
    }
    Ok(shops)
}

async fn one(app: &App, shop: &Shop, output: &mut Output) -> Result<bool, Failure> {
    let lists = app.table.providers_all(&shop.id).await?;
    if lists.is_empty() {
        bundled(&shop.region, Some(shop), output)?;
        output.say("  TikTok's own list is read with the first push, or now: waybill carriers --refresh")?;
        return Ok(false);
    }
    let maps = Maps::read(app, shop, true).await?;
    for list in &lists {
        live(app, shop, &maps, list, output)?;
    }
    let lost = lost_mappings(shop, &maps, &lists);
    for lost in &lost {
        let words = lost_words(shop, lost);
        if output.is_json() {
            output.line(&json!({"shop": shop.id.as_str(), "warning": words, "store_carrier": lost.store_carrier}))?;
        } else {
            output.say(format!("  warning: {:?} is mapped, but {words}", lost.store_carrier))?;
        }
    }
    Ok(!lost.is_empty())
}

fn live(app: &App, shop: &Shop, maps: &Maps, entry: &OptionList, output: &mut Output) -> Result<(), Failure> {
    let list = &entry.list;
    let route = if entry.route.is_empty() { String::new() } else { format!(", route {}", entry.route) };
    output.say(format!(
        "{} ({}, {}): {}; delivery option {}{route}",
        shop.name,
        shop.id,
        shop.region,
        list_words(shop, Some(list), app.clock.now()),
        entry.option,
    ))?;
    let recognised = recognised(shop, list);
    let mapped = |id: &str| -> Vec<&str> {
        let own = maps.shop.entries.iter().chain(&maps.account.entries);
        let of_this = own.filter(|entry| {
            recognised.by_tiktok_name(&entry.tiktok_carrier).is_some_and(|provider| provider.id.as_str() == id)
        });
        of_this.map(|entry| entry.store_carrier.as_str()).collect()
    };
    let facts = json!({
        "shop": shop.id.as_str(), "list": "live", "fetched": list.fetched.to_string(),
        "option": entry.option.as_str(), "route": entry.route,
    });
    let with = |more: Value| {
        let mut row = facts.clone();
        if let (Value::Object(row), Value::Object(more)) = (&mut row, more) {
            row.extend(more);
        }
        row
    };
    let here = recognised.entries().map(|(provider, key)| {
        with(json!({
            "name": provider.name, "id": provider.id.as_str(), "carrier": key, "status": "on the list",
            "mapped_from": mapped(provider.id.as_str()),
        }))
    });
    let gone = list.gone.iter().map(|gone| {
        with(json!({
            "name": gone.name, "id": gone.id.as_str(), "carrier": null, "gone_since": gone.since.to_string(),
            "status": format!("gone since {}", gone.since), "mapped_from": [],
        }))
    });
    let rows: Vec<Value> = here.chain(gone).collect();
    output.table(
        &["name", "id", "carrier", "status", "mapped_from"],
        &rows,
        "The list is empty: enable carriers in Seller Center.",
    )
}

fn bundled(region: &Region, shop: Option<&Shop>, output: &mut Output) -> Result<(), Failure> {
    match shop {
        Some(shop) => output.say(format!("{} ({}, {}): the bundled list", shop.name, shop.id, shop.region))?,
        None => output.say(format!("The bundled list for {region}; a shop's own list wins"))?,
    }
    let row = |listed: &waybill::carriers::Listed| {
        json!({
            "shop": shop.map(|shop| shop.id.as_str()), "list": "bundled", "region": region.as_str(),
            "name": listed.name, "carrier": listed.carrier, "short_list": listed.core,
        })
    };
    let rows: Vec<Value> = bundled_list(Catalogue::bundled(), region).iter().map(row).collect();
    output.table(
        &["name", "carrier", "short_list"],
        &rows,
        "No list is known for this market: only a connected shop has one.",
    )
}
