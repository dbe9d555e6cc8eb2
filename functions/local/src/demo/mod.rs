//! The story, told on loopback: a demo store ships, Waybill carries the numbers, the model TikTok Shop says what it holds.
//! Handlers, HTTP, signatures and the table's protocol are those that AWS uses; only addresses differ.

mod story;
mod town;

use crate::commands::{Failure, Output, serve::stopped};
use crate::host;
use std::sync::Arc;
use town::Town;

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
    output.say(format!("\nServing on {} until Ctrl-C. The schedules run as in production.", town.origin))?;
    tokio::select! {
        () = host::schedules(Arc::clone(&town.app)) => {}
        () = stopped() => {}
    }
    Ok(!good)
}
