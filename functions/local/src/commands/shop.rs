//! TikTok shops.

use super::{Failure, Output, account, account_of, app_region, standard_input};
use serde_json::json;
use waybill::app::App;
use waybill::domain::ids::ShopId;
use waybill::flows::{connect::remove_shop, connect::shop as connect_shop};
use waybill::tiktok::authorise::TokenAnswer;

/// `waybill shop add`.
///
/// # Errors
/// Wrong use, or TikTok refuses the tokens.
pub async fn add(app: &App, email: &str, region: &str, output: &mut Output) -> Result<bool, Failure> {
    let account = account_of(app, email).await?;
    let region = app_region(region)?;
    let text = standard_input("TikTok's token answer as JSON")?;
    let answer = TokenAnswer::read(text.as_bytes())
        .map_err(|e| Failure::usage(e.to_string(), "Give the whole answer of TikTok's token call."))?;
    let shops = connect_shop::connect(app, &account, region, answer).await?;
    let rows: Vec<_> = shops
        .iter()
        .map(|shop| json!({"shop": shop.id.as_str(), "name": shop.name, "region": shop.region.as_str()}))
        .collect();
    output.table(&["shop", "name", "region"], &rows, "")?;
    Ok(false)
}

/// `waybill shop set`.
///
/// # Errors
/// Wrong use, or the table.
pub async fn set(app: &App, id: &str, hold_on_mismatch: bool, output: &mut Output) -> Result<bool, Failure> {
    let id = ShopId::parse(id).map_err(|e| Failure::usage(e.to_string(), "See waybill shop list."))?;
    let changed = app.table.shop_change(&id, |shop| {
        shop.settings.hold_on_mismatch = hold_on_mismatch;
        true
    });
    if changed.await?.is_none() {
        return Err(Failure::usage("there is no such shop", "See waybill shop list."));
    }
    output.object(&json!({"shop": id.as_str(), "mismatch": if hold_on_mismatch { "hold" } else { "warn" }}))?;
    Ok(false)
}

/// `waybill shop list`.
///
/// # Errors
/// The table.
pub async fn list(app: &App, output: &mut Output) -> Result<bool, Failure> {
    let mut rows = Vec::new();
    let mut attention = false;
    for account in account::all(app).await? {
        for id in app.table.account_shops(&account).await? {
            let Some(shop) = app.table.shop_get(&id, true).await?.map(|s| s.row) else { continue };
            let end = shop.reauthorise_by(app.config.reauth_days);
            let days = end.days_left(app.clock.now());
            let state = match &shop.parked {
                Some(parked) => parked.reason.code(),
                None if shop.settings.sync => "connected",
                None => "paused",
            };
            attention |= shop.parked.is_some();
            rows.push(json!({
                "shop": id.as_str(), "name": shop.name, "region": shop.region.as_str(), "state": state,
                "days_to_reauthorisation": days, "reauthorise_by": end.at.to_string(), "because": end.source,
                "account": account.as_str(),
            }));
        }
    }
    output.table(
        &["shop", "name", "region", "state", "days_to_reauthorisation"],
        &rows,
        "No shop is connected: waybill shop add, or connect one in the browser.",
    )?;
    Ok(attention)
}

/// `waybill shop remove`: its tokens go at once; what TikTok holds stays there.
///
/// # Errors
/// No such shop, or the table.
pub async fn remove(app: &App, id: &str, output: &mut Output) -> Result<bool, Failure> {
    let none = || Failure::attention("no such shop is connected", "See waybill shop list.");
    let id = ShopId::parse(id).map_err(|_| none())?;
    let shop = app.table.shop_get(&id, true).await?.ok_or_else(none)?.row;
    remove_shop::run(app, &shop).await?;
    output.object(&json!({"removed": id.as_str(), "name": shop.name}))?;
    Ok(false)
}
