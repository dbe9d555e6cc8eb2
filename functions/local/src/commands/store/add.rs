//! `waybill store add`: connects a store without a browser, and tries one read before it says "connected".

use super::SUBSCRIBE;
use super::check::Compared;
use crate::commands::{Failure, Output, account_of, standard_input};
use clap::Args;
use secrecy::ExposeSecret as _;
use serde::Serialize;
use std::collections::BTreeMap;
use waybill::app::App;
use waybill::config::ONLY_THIS_MACHINE;
use waybill::domain::connection::StoreSettings;
use waybill::domain::ids::ShopId;
use waybill::domain::platform::Platform;
use waybill::flows::access::store::StoreSecrets;
use waybill::flows::acts::{self, Actor};
use waybill::flows::connect::store::{self as connect_store, NewStore, StoreAddError};
use waybill::flows::intake::subscriptions::SubscriptionError;
use waybill::flows::views::standing::StoreStanding;
use waybill::flows::{intake::poll as poll_stores, intake::subscriptions as keep_subscriptions};
use waybill::stores::subscriptions::{Goal, hand_steps};
use waybill::table::heard::Heard;

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
    /// What its people call it; without it, its address.
    #[arg(long)]
    pub name: Option<String>,
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

#[derive(Serialize)]
struct AddedStore<'a> {
    store: &'a str,
    platform: &'static str,
    webhook_url: &'a str,
    readable: bool,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// Secrets that we made, under the names they are given by; shown once.
    #[serde(flatten)]
    generated: BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscriptions_not_made: Option<String>,
    #[serde(flatten)]
    compared: Compared,
}

/// Connects a store.
///
/// # Errors
/// Wrong use, with the field and the remedy.
pub(super) async fn run(app: &App, args: &StoreAdd, output: &mut Output) -> Result<bool, Failure> {
    let new = read(app, args).await?;
    let platform = new.platform;
    let added = connect_store::add(app, new).await.map_err(refused)?;
    let id = &added.store.id;
    let said = format!("{} is connected", added.store.address);
    acts::store_act(app, &Actor::command_line(), &added.store, "connect store", &said).await?;
    if let Some(name) = args.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
        connect_store::rename(app, id, name).await?;
    }
    if added.readable {
        output.say("Reading the store once …")?;
    }
    // It is kept either way: what its API refuses is shown, and tried again by itself.
    let mut shown = AddedStore {
        store: id.as_str(),
        platform: platform.as_str(),
        webhook_url: &added.webhook_url,
        readable: added.readable,
        status: "",
        trouble: None,
        generated: added.generated.iter().map(|(name, secret)| (*name, secret.expose_secret())).collect(),
        subscriptions_not_made: None,
        compared: Compared::default(),
    };
    let mut attention = false;
    match keep_subscriptions::run(app, &added.store, Goal::Ensure, SUBSCRIBE).await {
        Ok(report) => {
            attention |= !report.refused.is_empty();
            shown.compared = Compared::of(&report);
        }
        Err(SubscriptionError::OnlyThisMachine) => {
            attention = true;
            shown.subscriptions_not_made = Some(ONLY_THIS_MACHINE.to_owned());
        }
        Err(error) => {
            attention = true;
            shown.subscriptions_not_made = Some(format!("{error}; it is tried again by itself"));
            shown.compared.by_hand = hand_steps(platform, args.way.as_deref(), &added.webhook_url);
        }
    }
    if added.readable && platform != Platform::Generic {
        drop(poll_stores::now(app, id).await);
    }
    let store = app.table.store_get(id, true).await?.map_or_else(|| added.store.clone(), |store| store.row);
    let standing = StoreStanding::of(&store, Heard::default());
    (shown.status, shown.trouble) = (standing.word(), store.polls.trouble.clone());
    attention |= matches!(standing, StoreStanding::Unreachable { .. });
    say(&shown, platform, output)?;
    Ok(attention)
}

fn say(shown: &AddedStore<'_>, platform: Platform, output: &mut Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.line(shown);
    }
    let trouble = shown.trouble.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    let mut facts = vec![
        ("store", shown.store.to_owned()),
        ("state", format!("{}{trouble}", shown.status)),
        ("webhook address", shown.webhook_url.to_owned()),
    ];
    for (name, secret) in &shown.generated {
        let what = if *name == "header_secret" { "secret header value" } else { "webhook secret" };
        facts.push((what, format!("{secret} (shown once; later: waybill store secret {} --rotate)", shown.store)));
    }
    output.facts(&facts)?;
    if let Some(why) = &shown.subscriptions_not_made {
        output.say(format_args!("Webhooks are not registered: {why}"))?;
    }
    shown.compared.say(output)?;
    if !shown.readable && platform != Platform::Generic {
        output.say("No API credentials: only deliveries that carry the TikTok order id can be matched.")?;
    }
    if platform == Platform::Shopify && shown.compared.by_hand.iter().any(|step| step.contains("webhook_secret")) {
        output.say(format_args!("Give the secret that Shopify shows: waybill store secret {}", shown.store))?;
    }
    Ok(())
}

fn refused(error: StoreAddError) -> Failure {
    match error {
        StoreAddError::Known(id) => Failure::attention(
            format!("this store is connected already, as {id}"),
            format!("See waybill store check {id}; for new credentials: waybill store remove {id}, then add it again."),
        ),
        StoreAddError::Taken => Failure::attention(
            "this store is connected by another account",
            "See waybill store list; remove it there first.",
        ),
        StoreAddError::Field { .. } => Failure::usage(error.to_string(), "See waybill store add --help."),
        StoreAddError::UnknownShop(_) => Failure::attention(error.to_string(), "See waybill shop list."),
        other => other.into(),
    }
}

/// The store as the command line and standard input describe it.
async fn read(app: &App, args: &StoreAdd) -> Result<NewStore, Failure> {
    let names = Platform::ALL.map(Platform::as_str).join(", ");
    let platform = Platform::parse(&args.platform)
        .ok_or_else(|| Failure::usage(format!("{} is no platform", args.platform), format!("Use one of {names}.")))?;
    let account = account_of(app, &args.account).await?;
    let shops: Result<Vec<ShopId>, _> = args.shop.iter().map(ShopId::parse).collect();
    let shops =
        shops.map_err(|e| Failure::usage(format!("--shop: {e}"), "Use the id that waybill shop list prints."))?;
    let (address, option) = match platform {
        Platform::Shopify => (args.domain.clone(), "--domain"),
        Platform::BigCommerce => (args.store_hash.clone(), "--store-hash"),
        Platform::WooCommerce | Platform::Magento => (args.url.clone(), "--url"),
        // A warehouse has no address of its own: its name tells it from others.
        Platform::Generic => (args.url.clone().or_else(|| args.name.clone()).or_else(|| Some(String::new())), "--name"),
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
    Ok(NewStore { account, platform, shops, address, settings, secrets })
}
