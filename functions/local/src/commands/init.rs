//! `waybill init`: the only command that makes an installation, beside the demo.

use super::{Failure, Output};
use serde::Serialize;
use waybill::app::App;
use waybill::tokens::init as init_secrets;

#[derive(Serialize)]
struct Made<'a> {
    table: &'a str,
    table_is: &'static str,
    secrets: &'a str,
}

/// Makes what is missing of table and secrets. `folder`: as people read it; `None` in AWS.
///
/// # Errors
/// When they cannot be made.
pub async fn run(app: &App, new: bool, folder: Option<&str>, output: &mut Output) -> Result<bool, Failure> {
    let table = app.table.create_if_missing().await? || new;
    init_secrets(app.secrets.store().as_ref(), app.secrets.names(), &app.entropy).await?;
    let (table_is, words) = if table { ("created", "made") } else { ("there", "there already") };
    let made = Made { table: app.table.name(), table_is, secrets: app.secrets.names().prefix() };
    let place = folder.map_or_else(|| format!("table {}", app.table.name()), str::to_owned);
    output.done(&made, format!("The installation is {words}: {place}"))?;
    output.say("Next: waybill app set --region us --key KEY --service-id ID < app-secret.txt")?;
    Ok(false)
}
