//! What is due when, who says so, and what would settle it.

use super::orders::{duration, shops};
use super::{Failure, Output};
use clap::Args;
use serde_json::json;
use waybill::app::App;
use waybill::flows::orders::board;

/// `waybill deadlines`.
#[derive(Debug, Args)]
pub struct Deadlines {
    /// Only this shop.
    #[arg(long, value_name = "ID")]
    shop: Option<String>,
    /// Only what is late or due within this time, for example 24h.
    #[arg(long, value_name = "TIME")]
    within: Option<String>,
}

/// What people see of a row.
const COLUMNS: [&str; 7] = ["bucket", "order", "clock", "due", "source", "blocker", "next_step"];

/// Runs it. `true`: something is late.
///
/// # Errors
/// Wrong use; the table.
pub async fn run(app: &App, asked: &Deadlines, output: &mut Output) -> Result<bool, Failure> {
    let within = asked.within.as_deref().map(duration).transpose()?;
    let mut lines = Vec::new();
    for shop in shops(app, asked.shop.as_deref()).await? {
        lines.extend(board::deadlines(app, &shop, within).await?);
    }
    board::sort(&mut lines);
    let late = lines.iter().any(|line| line.bucket == "late");
    let rows: Vec<_> = lines.iter().map(|line| json!(line)).collect();
    output.table(&COLUMNS, &rows, "Nothing is due.")?;
    Ok(late)
}
