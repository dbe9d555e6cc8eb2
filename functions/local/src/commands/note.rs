//! `waybill note`, `waybill evidence`: what a person adds to an order.

use super::{Failure, Output, all_shops};
use crate::output::shell;
use clap::Args;
use serde_json::json;
use waybill::app::App;
use waybill::flows::acts::{self, Actor, Scope};
use waybill::flows::views::order::tiktok_orders;

/// What to add to which order.
#[derive(Clone, Debug, Args)]
pub struct NoteArgs {
    /// A TikTok order, a store order (id or name), a tracking number or a shipment.
    #[arg(value_name = "X")]
    pub order: String,
    /// At most 300 characters. Nothing about a buyer.
    #[arg(value_name = "TEXT")]
    pub text: String,
}

/// A link to add to which order.
#[derive(Clone, Debug, Args)]
pub struct EvidenceArgs {
    /// A TikTok order, a store order (id or name), a tracking number or a shipment.
    #[arg(value_name = "X")]
    pub order: String,
    /// Where the evidence is: http or https, at most 300 characters.
    #[arg(value_name = "URL")]
    pub url: String,
}

/// Adds words.
///
/// # Errors
/// Words that say nothing or too much (2), an unknown order (1), or the table.
pub async fn note(app: &App, args: &NoteArgs, output: &mut Output) -> Result<bool, Failure> {
    add(app, &args.order, &args.text, false, output).await
}

/// Adds a link.
///
/// # Errors
/// An address that is none (2), an unknown order (1), or the table.
pub async fn evidence(app: &App, args: &EvidenceArgs, output: &mut Output) -> Result<bool, Failure> {
    add(app, &args.order, &args.url, true, output).await
}

async fn add(app: &App, x: &str, text: &str, evidence: bool, output: &mut Output) -> Result<bool, Failure> {
    let text = acts::checked_note(text, evidence)
        .map_err(|problem| Failure::usage(problem, "See waybill note --help. Write nothing about a buyer."))?;
    let found = acts::find(app, &Scope::All, x).await?;
    let orders = tiktok_orders(app, x.trim(), &found, &all_shops(app).await?).await?;
    if orders.is_empty() {
        return Err(Failure::attention(
            format!("no TikTok order is known for {x}"),
            "waybill orders lists them; waybill orders refresh reads TikTok now.",
        ));
    }
    for (shop, known) in &orders {
        let order = &known.row.order;
        let at = acts::add_note(app, &Actor::command_line(), shop, order, &text, evidence).await?;
        let act = if evidence { "evidence" } else { "note" };
        if output.is_json() {
            output.line(
                &json!({"order": order.as_str(), "shop": shop.id.as_str(), "at": at, "act": act, "text": text}),
            )?;
        } else {
            output.say(format_args!(
                "{act} added to order {order}; it is in its proof: waybill proof {}",
                shell(order.as_str())
            ))?;
        }
    }
    Ok(false)
}
