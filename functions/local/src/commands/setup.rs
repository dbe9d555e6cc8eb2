//! Setting up, and one run of a schedule.

use super::{Failure, Output, app_region, standard_input};
use clap::Args;
use secrecy::SecretString;
use serde_json::json;
use waybill::app::App;
use waybill::domain::platform::Platform;
use waybill::table::keys::SHARDS;
use waybill::tokens::{init as init_secrets, with_platform_app, with_tiktok_app};

/// `waybill app set`.
#[derive(Debug, Args)]
pub struct AppSet {
    /// TikTok: us or row (rest of world), which it registers apart.
    #[arg(long, required_unless_present = "platform", requires = "service_id")]
    pub region: Option<String>,
    /// Instead of a region: shopify or bigcommerce, whose stores then connect in the browser.
    #[arg(long, conflicts_with_all = ["region", "service_id"])]
    pub platform: Option<String>,
    /// The app key or client id.
    #[arg(long)]
    pub key: String,
    /// TikTok: the service id of the consent link.
    #[arg(long)]
    pub service_id: Option<String>,
}

/// `waybill init`.
///
/// # Errors
/// When table or secrets cannot be made.
pub async fn init(app: &App, output: &mut Output) -> Result<bool, Failure> {
    let table = app.table.create_if_missing().await?;
    init_secrets(app.secrets.store().as_ref(), app.secrets.names(), &app.entropy).await?;
    output.object(&json!({
        "table": app.table.name(), "table_is": if table { "created" } else { "there" }, "secrets": app.secrets.names().prefix(),
    }))?;
    Ok(false)
}

/// `waybill app set`.
///
/// # Errors
/// Wrong use, or the secret cannot be stored.
pub(crate) async fn app_set(app: &App, set: &AppSet, output: &mut Output) -> Result<bool, Failure> {
    let platform = set.platform.as_deref().map(platform_app).transpose()?;
    let region = set.region.as_deref().map(app_region).transpose()?;
    let secret = SecretString::from(standard_input("the app secret")?.trim().to_owned());
    let (store, name) = (app.secrets.store(), &app.secrets.names().app);
    let known = store.get(name, None).await?;
    let (word, text) = match (platform, region, &set.service_id) {
        (Some(platform), _, _) => {
            (platform.as_str(), with_platform_app(name, &known.text, platform, &set.key, &secret)?)
        }
        (None, Some(region), Some(id)) => {
            (region.as_str(), with_tiktok_app(name, &known.text, region, &set.key, &secret, id)?)
        }
        (None, _, _) => {
            return Err(Failure::usage("no app is named", "Give --region and --service-id, or --platform."));
        }
    };
    store.put(name, &text).await?;
    output.object(&json!({"app": word, "key": set.key, "stored": true}))?;
    Ok(false)
}

/// The platforms at which an operator can have an app.
fn platform_app(word: &str) -> Result<Platform, Failure> {
    match Platform::parse(word) {
        Some(platform @ (Platform::Shopify | Platform::BigCommerce)) => Ok(platform),
        _ => Err(Failure::usage(format!("there is no app at {word}"), "Give shopify or bigcommerce.")),
    }
}

/// `waybill push`.
///
/// # Errors
/// Wrong use.
pub async fn push(app: &App, shards: &[u8], output: &mut Output) -> Result<bool, Failure> {
    let shards = if shards.is_empty() { (0..SHARDS).collect() } else { shards.to_vec() };
    let summary = tracking_push::handle(app, &tracking_push::Event { shards }).await;
    let summary = summary.map_err(|e| Failure::usage(e.to_string(), "See waybill push --help."))?;
    output.object(&serde_json::to_value(&summary).unwrap_or_default())?;
    Ok(summary.held > 0 || summary.parked_shops > 0)
}

/// `waybill remind`.
///
/// # Errors
/// When the result cannot be written.
pub async fn remind(app: &App, output: &mut Output) -> Result<bool, Failure> {
    let summary = crate::host::tick(app).await;
    output.object(&serde_json::to_value(summary).unwrap_or_default())?;
    Ok(summary.refresh_failed > 0)
}
