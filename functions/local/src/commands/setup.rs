//! Setting up, and one run of a schedule.

use super::{Failure, Output, app_region, standard_input};
use secrecy::SecretString;
use serde_json::json;
use waybill::app::App;
use waybill::table::keys::SHARDS;
use waybill::tokens::{init as init_secrets, with_tiktok_app};

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
pub async fn app_set(
    app: &App,
    region: &str,
    key: &str,
    service_id: &str,
    output: &mut Output,
) -> Result<bool, Failure> {
    let region = app_region(region)?;
    let secret = SecretString::from(standard_input("the app secret")?.trim().to_owned());
    let (store, name) = (app.secrets.store(), &app.secrets.names().app);
    let known = store.get(name, None).await?;
    let text = with_tiktok_app(name, &known.text, region, key, &secret, service_id)?;
    store.put(name, &text).await?;
    output.object(&json!({"app": region.as_str(), "key": key, "stored": true}))?;
    Ok(false)
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
