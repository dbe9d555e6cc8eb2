//! Stores.

use super::{Failure, Output, account, account_of, standard_input};
use clap::Args;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use std::time::Duration;
use waybill::app::App;
use waybill::domain::connection::{StoreConnection, StoreSettings, StoreStatus};
use waybill::domain::ids::{ShopId, StoreId};
use waybill::domain::platform::Platform;
use waybill::flows::access::store::StoreSecrets;
use waybill::flows::connect::store::{self as connect_store, NewStore};
use waybill::flows::{intake::poll as poll_stores, intake::subscriptions as keep_subscriptions};
use waybill::stores::subscriptions::{Goal, Report, hand_steps};

/// A store to connect. Its secrets come as one JSON object on standard input.
#[derive(Debug, Args)]
pub struct StoreAdd {
    /// shopify, woocommerce, bigcommerce, magento or generic.
    pub platform: String,
    /// Mail address of the account.
    #[arg(long)]
    pub account: String,
    /// TikTok shops its orders may belong to.
    #[arg(long, required = true, num_args = 1..)]
    pub shop: Vec<String>,
    /// Shopify: the shop's myshopify.com domain.
    #[arg(long)]
    pub domain: Option<String>,
    /// WooCommerce, Magento: the site's https address.
    #[arg(long)]
    pub url: Option<String>,
    /// BigCommerce: the store hash.
    #[arg(long)]
    pub store_hash: Option<String>,
    /// Magento: mage-os, io-events, commerce-webhooks or mageplaza.
    #[arg(long)]
    pub way: Option<String>,
    /// A field in which this store keeps the TikTok order id.
    #[arg(long, value_name = "FIELD")]
    pub order_id_field: Option<String>,
    /// WooCommerce: a meta key that holds tracking numbers.
    #[arg(long, value_name = "KEY")]
    pub tracking_field: Option<String>,
    /// Do not register webhooks.
    #[arg(long)]
    pub no_subscribe: bool,
}

/// A person waits this long for a store's list of subscriptions.
const SUBSCRIBE: Duration = Duration::from_secs(60);

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
        subscribed_by_hand: args.no_subscribe,
    };
    let added = connect_store::add(app, NewStore { account, platform, shops, address, settings, secrets }).await?;
    let mut shown = json!({
        "store": added.store.id.as_str(), "platform": platform.as_str(), "webhook_url": added.webhook_url,
        "readable": added.readable,
    });
    for (name, secret) in &added.generated {
        shown[*name] = secret.expose_secret().into();
    }
    output.object(&shown)?;
    if !added.readable && platform != Platform::Generic {
        output.say("No API credentials: only deliveries that carry the TikTok order id can be matched.")?;
    }
    // It is connected; what its API refuses is shown, and tried again every day.
    match keep_subscriptions::run(app, &added.store, Goal::Ensure, SUBSCRIBE).await {
        Ok(report) => {
            output.object(&subscriptions(&report))?;
            Ok(!report.refused.is_empty())
        }
        Err(error) => {
            let steps = hand_steps(platform, args.way.as_deref(), &added.webhook_url);
            let said = format!("{error}; it is tried again by itself");
            output.object(&json!({"subscriptions_not_made": said, "by_hand": steps}))?;
            Ok(true)
        }
    }
}

/// What a comparison of subscriptions found; empty parts left out.
fn subscriptions(report: &Report) -> Value {
    let mut shown = json!({
        "subscribed": report.in_place, "subscribed_now": report.repaired, "missing": report.missing,
        "refused": report.refused.iter().map(|(topic, said)| format!("{topic}: {said}")).collect::<Vec<_>>(),
        "by_hand": report.by_hand,
    });
    if let Value::Object(members) = &mut shown {
        members.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
    }
    shown
}

/// The stores to work on: the named one, or all.
async fn named(app: &App, id: Option<&str>) -> Result<Vec<StoreConnection>, Failure> {
    let mut stores = Vec::new();
    for account in account::all(app).await? {
        for store in app.table.account_stores(&account).await? {
            if id.is_none_or(|id| id == store.as_str()) {
                stores.extend(app.table.store_get(&store, true).await?.map(|store| store.row));
            }
        }
    }
    if stores.is_empty() && id.is_some() {
        return Err(Failure::usage("there is no such store", "See waybill store list."));
    }
    Ok(stores)
}

/// `waybill store check`.
///
/// # Errors
/// The table.
pub async fn check(app: &App, id: Option<&str>, repair: bool, output: &mut Output) -> Result<bool, Failure> {
    let (mut attention, goal) = (false, if repair { Goal::Ensure } else { Goal::Check });
    for store in named(app, id).await? {
        let heard = app.table.parcels_where(&store.id, |parcel| !parcel.healed).await?;
        let polls = &store.polls;
        let mut shown = json!({
            "store": store.id.as_str(), "platform": store.platform.as_str(), "address": store.address,
            "status": store.status, "webhook_url": keep_subscriptions::webhook_url(app, &store),
            "last_news_by_webhook": heard.iter().map(|parcel| parcel.received).max().map(|at| at.to_string()),
            "last_poll": polls.asked.map(|at| at.to_string()), "everything_seen_until": polls.watermark.map(|at| at.to_string()),
            "next_poll": store.poll_due.map(|at| at.to_string()), "found_only_by_polls": polls.found,
            "trouble": polls.trouble,
        });
        let compared = match store.status {
            StoreStatus::Connected => keep_subscriptions::run(app, &store, goal, SUBSCRIBE).await.map(|report| {
                attention |= !report.missing.is_empty() || !report.refused.is_empty();
                subscriptions(&report)
            }),
            StoreStatus::Uninstalled | StoreStatus::Erasing => Ok(json!({})),
        };
        attention |= polls.trouble.is_some() || compared.is_err();
        let compared = compared.unwrap_or_else(|error| json!({"subscriptions_unknown": error.to_string()}));
        if let (Value::Object(members), Value::Object(more)) = (&mut shown, compared) {
            members.extend(more);
            members.retain(|_, value| !value.is_null());
        }
        output.object(&shown)?;
        output.say("")?;
    }
    Ok(attention)
}

/// `waybill poll`.
///
/// # Errors
/// The table.
pub async fn poll(app: &App, id: Option<&str>, output: &mut Output) -> Result<bool, Failure> {
    let (mut attention, mut rows) = (false, Vec::new());
    for store in named(app, id).await? {
        if store.platform == Platform::Generic {
            rows.push(json!({
                "store": store.id.as_str(), "platform": store.platform.as_str(), "trouble": "has no API: it reports by itself",
            }));
            continue;
        }
        let Some(polled) = poll_stores::now(app, &store.id).await else {
            rows.push(json!({
                "store": store.id.as_str(), "platform": store.platform.as_str(), "trouble": "cannot be read: no credentials",
            }));
            continue;
        };
        attention |= polled.trouble.is_some();
        rows.push(json!({
            "store": store.id.as_str(), "platform": store.platform.as_str(), "shipments": polled.shipments,
            "found": polled.found, "subscriptions_repaired": polled.repaired, "trouble": polled.trouble,
        }));
    }
    output.table(
        &["store", "platform", "shipments", "found", "trouble"],
        &rows,
        "No store is connected: waybill store add.",
    )?;
    Ok(attention)
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
    let removed = connect_store::disconnect(app, &id).await?;
    let mut shown = json!({"store": id.as_str(), "rows_erased": removed.rows, "unsubscribed": removed.unsubscribed});
    if !removed.by_hand.is_empty() {
        shown["by_hand"] = json!(removed.by_hand);
    }
    output.object(&shown)?;
    Ok(!removed.by_hand.is_empty())
}
