//! Stores.

use super::{Failure, Output, account, account_of, standard_input};
use crate::cli::StoreAdd;
use serde_json::json;
use waybill::app::App;
use waybill::domain::connection::StoreSettings;
use waybill::domain::ids::{ShopId, StoreId};
use waybill::domain::platform::Platform;
use waybill::flows::connect_store::{self, NewStore};
use waybill::flows::store_access::StoreSecrets;

/// `waybill store add`.
///
/// # Errors
/// Wrong use, with the field and the remedy.
pub async fn add(app: &App, args: &StoreAdd, output: &mut Output) -> Result<bool, Failure> {
    let names = Platform::ALL.map(Platform::as_str).join(", ");
    let platform = Platform::parse(&args.platform)
        .ok_or_else(|| Failure::usage(format!("{} is no platform", args.platform), format!("Use one of {names}.")))?;
    let account = account_of(app, &args.account).await?;
    let shops: Result<Vec<ShopId>, _> = args.shop.iter().map(ShopId::parse).collect();
    let shops =
        shops.map_err(|e| Failure::usage(format!("--shop: {e}"), "Use the id that waybill shop list prints."))?;
    let address = match platform {
        Platform::Shopify => args.domain.clone(),
        Platform::BigCommerce => args.store_hash.clone(),
        Platform::WooCommerce | Platform::Magento => args.url.clone(),
        Platform::Generic => Some(args.url.clone().unwrap_or_default()),
    };
    let option = match platform {
        Platform::Shopify => "--domain",
        Platform::BigCommerce => "--store-hash",
        Platform::WooCommerce | Platform::Magento | Platform::Generic => "--url",
    };
    let address =
        address.ok_or_else(|| Failure::usage(format!("{option} is missing"), "See waybill store add --help."))?;
    let text = standard_input("the store's secrets as one JSON object")?;
    let secrets: StoreSecrets = serde_json::from_str(&text).map_err(|e| {
        // The parser's words may cite the text; its place does not.
        Failure::usage(
            format!("the secrets are not readable (line {}, column {})", e.line(), e.column()),
            "Give one JSON object, like {\"webhook_secret\": \"…\", \"access_token\": \"…\"}.",
        )
    })?;
    let settings = StoreSettings {
        order_id_field: args.order_id_field.clone(),
        tracking_field: args.tracking_field.clone(),
        way: args.way.clone(),
    };
    let added = connect_store::add(app, NewStore { account, platform, shops, address, settings, secrets }).await?;
    output.object(&json!({
        "store": added.store.id.as_str(), "platform": platform.as_str(), "webhook_url": added.webhook_url,
        "readable": added.readable,
    }))?;
    if !added.readable {
        output.say("No API credentials: only deliveries that carry the TikTok order id can be matched.")?;
    }
    Ok(false)
}

/// `waybill store list`.
///
/// # Errors
/// The table.
pub async fn list(app: &App, output: &mut Output) -> Result<bool, Failure> {
    let mut rows = Vec::new();
    for account in account::all(app).await? {
        for id in app.table.account_stores(&account).await? {
            let Some(store) = app.table.store_get(&id, true).await?.map(|s| s.row) else { continue };
            let shops: Vec<&str> = store.shops.iter().map(ShopId::as_str).collect();
            rows.push(json!({
                "store": id.as_str(), "platform": store.platform.as_str(), "address": store.address,
                "shops": shops, "status": store.status, "account": account.as_str(),
            }));
        }
    }
    output.table(
        &["store", "platform", "address", "shops", "status"],
        &rows,
        "No store is connected: waybill store add.",
    )?;
    Ok(false)
}

/// `waybill store remove`.
///
/// # Errors
/// The table.
pub async fn remove(app: &App, id: &str, output: &mut Output) -> Result<bool, Failure> {
    let id = StoreId::parse(id).map_err(|e| Failure::usage(e.to_string(), "See waybill store list."))?;
    if app.table.store_get(&id, true).await?.is_none() {
        return Err(Failure::usage("there is no such store", "See waybill store list."));
    }
    let erased = connect_store::remove(app, &id).await?;
    output.object(&json!({"store": id.as_str(), "rows_erased": erased}))?;
    Ok(false)
}
