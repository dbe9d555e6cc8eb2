//! The story, told on loopback: a demo store ships, Waybill carries the numbers, the model TikTok Shop says what it holds.
//! Handlers, HTTP, signatures and the table's protocol are those that AWS uses; only addresses differ.

mod life;
mod story;
mod town;

use crate::commands::{Failure, Output, serve::stopped};
use crate::host;
use serde::Serialize;
use std::sync::Arc;
use town::Town;
use waybill::flows::connect::login;

/// What to say where only the program itself can be at fault.
const FAULT: &str = "This is a fault of the program.";

/// Tells the story; then serves on until Ctrl-C, unless `exit`. `true`: TikTok does not hold what it should.
///
/// # Errors
/// When ports or the temporary folder cannot be had.
pub async fn run(exit: bool, port: u16, output: &mut Output) -> Result<bool, Failure> {
    let town = Town::build(port).await?;
    output.say(format!(
        "Waybill {} in one process: table, functions, a model TikTok Shop, demo stores.",
        env!("CARGO_PKG_VERSION")
    ))?;
    output.say(format!("Webhooks and console: {}", town.origin))?;
    let good = story::tell(&town, output).await?;
    if exit {
        return Ok(!good);
    }
    let link = login::printed_link(&town.app, &town.account).await?;
    output.say("")?;
    let console = Console { console: &town.origin, login_link: &link };
    output.done(&console, format_args!("The console, signed in by this link: {link}"))?;
    output.say("Serving until Ctrl-C; the schedules run as in production.")?;
    tokio::select! {
        () = host::schedules(Arc::clone(&town.app)) => {}
        () = stopped() => {}
    }
    Ok(!good)
}

/// Where people look at what the story left.
#[derive(Serialize)]
struct Console<'a> {
    console: &'a str,
    login_link: &'a str,
}
