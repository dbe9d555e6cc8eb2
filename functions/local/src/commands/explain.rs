//! `waybill explain X`: what the next push would do with an order or a parcel, and why. Nothing is written or sent.

use super::{Failure, Output};
use crate::output::local;
use waybill::app::App;
use waybill::flows::acts::Scope;
use waybill::flows::push::Verdict;
use waybill::flows::views::explain::{self, Explained};

/// Says what would happen. True when something of it is held.
///
/// # Errors
/// Nothing is known by that name (1), or the table.
pub async fn run(app: &App, x: &str, output: &mut Output) -> Result<bool, Failure> {
    let rows = explain::explain(app, &Scope::All, x).await?;
    if rows.is_empty() {
        return Err(Failure::attention(
            format!("nothing is known of {x}: no TikTok order, store order, tracking number or shipment has this name"),
            "Was it shipped in the store? waybill store list shows when each store was last heard; waybill poll reads them now.",
        ));
    }
    for row in &rows {
        if output.is_json() { output.line(row)? } else { say(row, output)? }
    }
    Ok(rows.iter().any(|row| row.held))
}

fn say(row: &Explained, output: &mut Output) -> Result<(), Failure> {
    let number = row.number.as_deref().unwrap_or("without a number");
    output.say(format_args!("Order {}, {number}: {}", row.order, verdict(row.verdict)))?;
    if let Some(sentence) = row.sentence {
        output.say(format_args!("  {sentence}"))?;
    }
    for check in &row.checks {
        output.say(format_args!("  {:<3} {:<8} {}", if check.ok { "ok" } else { "no" }, check.check, check.said))?;
    }
    if let Some(call) = &row.call {
        output.say(format_args!("  call: {} {}", call.method, call.path))?;
        output.say(format_args!("        {}", call.body))?;
    }
    if let Some(until) = row.until {
        output.say(format_args!("  looked at next {}", local(until, output.zone())))?;
    }
    output.say(format_args!("  {}", row.next_step))
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Push => "would be sent",
        Verdict::Correct => "would be corrected at TikTok",
        Verdict::Done => "TikTok has it",
        Verdict::Wait => "waits",
        Verdict::Hold => "needs a hand",
        Verdict::Close => "is not sent",
    }
}
