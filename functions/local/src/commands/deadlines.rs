//! What is due when, who says so, and what would settle it.

use super::orders::duration;
use super::{Failure, Output, shops_named};
use crate::output::{Row, local};
use clap::Args;
use jiff::tz::TimeZone;
use serde::Serialize;
use waybill::app::App;
use waybill::flows::orders::board::{self, DeadlineLine};

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

/// A row of the table; scripts get the whole line.
#[derive(Serialize)]
#[serde(transparent)]
struct Shown(DeadlineLine);

impl Row for Shown {
    const HEAD: &'static [&'static str] = &["when", "order", "clock", "due", "says", "blocker", "next step"];

    fn cells(&self, zone: &TimeZone) -> Vec<String> {
        let line = &self.0;
        vec![
            line.bucket.to_owned(),
            line.order.clone(),
            line.clock.to_owned(),
            local(line.due, zone),
            line.source.clone(),
            line.blocker.unwrap_or_default().to_owned(),
            line.next_step.clone(),
        ]
    }
}

/// Runs it. `true`: something is late.
///
/// # Errors
/// Wrong use; the table.
pub async fn run(app: &App, asked: &Deadlines, output: &mut Output) -> Result<bool, Failure> {
    let within = asked.within.as_deref().map(duration).transpose()?;
    let mut lines = Vec::new();
    for shop in shops_named(app, asked.shop.as_deref()).await? {
        lines.extend(board::deadlines(app, &shop, within).await?);
    }
    board::sort(&mut lines);
    let late = lines.iter().any(|line| line.bucket == "late");
    let rows: Vec<Shown> = lines.into_iter().map(Shown).collect();
    output.rows(&rows, "Nothing is due.")?;
    Ok(late)
}
