//! `waybill hold`, `release`: a parcel that a person keeps here, whatever comes.

use super::acts::{WhichArgs, settled, show};
use super::{Failure, Output};
use clap::Args;
use waybill::app::App;
use waybill::flows::acts::{self, Act, Actor};

/// What stays here.
#[derive(Clone, Debug, Args)]
pub struct HoldArgs {
    /// What it is about.
    #[command(flatten)]
    pub which: WhichArgs,
    /// Why, for the page and the audit. Nothing about a buyer.
    #[arg(long, value_name = "TEXT")]
    pub note: String,
}

/// `waybill hold`.
///
/// # Errors
/// A note that says nothing or too much, an unknown parcel, or the table.
pub async fn hold(app: &App, args: &HoldArgs, output: &mut Output) -> Result<bool, Failure> {
    let next = "Say why in a sentence: --note \"the buyer asked to wait\". Nothing about a buyer's name or address.";
    let note = acts::checked_note(&args.note, false).map_err(|problem| Failure::usage(problem, next))?;
    apply(app, &Act::Hold { note }, &args.which, output).await
}

/// `waybill release`.
///
/// # Errors
/// An unknown parcel, or the table.
pub async fn release(app: &App, args: &WhichArgs, output: &mut Output) -> Result<bool, Failure> {
    apply(app, &Act::Release, args, output).await
}

/// Parcels alone can be held: an order that stands on the list by itself has nothing to send.
async fn apply(app: &App, act: &Act, which: &WhichArgs, output: &mut Output) -> Result<bool, Failure> {
    let (parcels, _) = settled(app, &which.orders, |_| false).await?;
    let effects = acts::settle(app, &Actor::command_line(), act, &parcels, which.dry_run).await?;
    show(act, &effects, which.dry_run, output)
}
