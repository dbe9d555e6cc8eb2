//! `waybill login-link`: a link that signs one browser in, for an operator to hand over.

use super::{Failure, Output, account_of};
use serde::Serialize;
use waybill::app::App;
use waybill::flows::connect::login;

#[derive(Serialize)]
struct Link {
    link: String,
    works_once_within_hours: i64,
}

/// Prints a link that works once.
///
/// # Errors
/// There is no such account.
pub async fn run(app: &App, email: &str, output: &mut Output) -> Result<bool, Failure> {
    let account = account_of(app, email).await?;
    let link = login::printed_link(app, &account).await?;
    output.say(&link)?;
    output.say(format_args!("It signs one browser in, once, within {} hours.", login::PRINTED_HOURS))?;
    if output.is_json() {
        output.line(&Link { link, works_once_within_hours: login::PRINTED_HOURS })?;
    }
    Ok(false)
}
