//! TikTok shops.

use super::{Failure, Output, account, account_of, app_region, standard_input};
use serde_json::json;
use waybill::app::App;
use waybill::flows::access::grant_facts;
use waybill::flows::connect_shop;
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
            let grant = grant_facts(app, &shop).await?;
            let now = app.clock.now();
            let ends = grant.as_ref().map(|grant| {
                let rule = grant.issued + jiff::SignedDuration::from_hours(24 * i64::from(app.config.reauth_days));
                grant.refresh_expires.min(rule)
            });
            let days = ends.map(|ends| ends.duration_since(now).as_hours() / 24);
            let state = match &shop.parked {
                Some(parked) => parked.reason.code(),
                None if shop.settings.sync => "connected",
                None => "paused",
            };
            attention |= shop.parked.is_some();
            rows.push(json!({
                "shop": id.as_str(), "name": shop.name, "region": shop.region.as_str(), "state": state,
                "days_to_reauthorisation": days, "account": account.as_str(),
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
