//! `waybill login-link`: a link that signs one browser in, for an operator to hand over.

use super::{Failure, Output};
use serde::Serialize;
use waybill::app::App;
use waybill::flows::connect::{login, member};
use waybill::table::accounts::email_hash;

#[derive(Serialize)]
struct Link {
    link: String,
    works_once_within_hours: i64,
}

/// Prints a link that works once.
///
/// # Errors
/// There is no such person.
pub async fn run(app: &App, email: &str, output: &mut Output) -> Result<bool, Failure> {
    let place = member::places(&app.table, &email_hash(email)).await?.into_iter().next();
    let place = place.ok_or_else(|| {
        Failure::attention("nobody with this mail address may sign in", "See waybill account list and account people.")
    })?;
    let link = login::printed_link_for(app, &place.account, &place.person).await?;
    output.say(&link)?;
    output.say(format_args!("It signs one browser in, once, within {} hours.", login::PRINTED_HOURS))?;
    if output.is_json() {
        output.line(&Link { link, works_once_within_hours: login::PRINTED_HOURS })?;
    }
    Ok(false)
}
