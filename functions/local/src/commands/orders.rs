//! TikTok's orders as last seen, and a read of them now.

use super::{Failure, Output, shops_named};
use crate::output::{Row, local};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;
use waybill::app::App;
use waybill::domain::connection::Shop;
use waybill::domain::order_row::STATE_WORDS;
use waybill::flows::orders::board::OrderLine;
use waybill::flows::orders::{begin, board};
use waybill::flows::push::{Visited, visit_now};
use waybill::flows::views::orders::Asked;

/// A refresh waits this long for whoever reads the shop's orders already.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);
const LOOK: Duration = Duration::from_secs(1);
/// A row of the table; scripts get the whole line.
#[derive(Serialize)]
#[serde(transparent)]
struct Shown(OrderLine);

impl Row for Shown {
    const HEAD: &'static [&'static str] = &["order", "state", "kind", "open", "numbers", "clock", "due", "says"];

    fn cells(&self, zone: &TimeZone) -> Vec<String> {
        let line = &self.0;
        let due = line.due.map(|due| local(due, zone)).unwrap_or_default();
        vec![
            line.order.clone(),
            line.skipped.map_or_else(|| line.state.replace('_', " "), |reason| format!("not imported: {reason}")),
            line.kind.replace('_', " "),
            format!("{} of {}", line.units_open, line.units),
            line.numbers.join(", "),
            line.clock.unwrap_or_default().to_owned(),
            if line.late { format!("{due} (late)") } else { due },
            line.due_source.clone().unwrap_or_default(),
        ]
    }
}

/// `waybill orders`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Orders {
    #[command(subcommand)]
    act: Option<Act>,
    /// Only this shop.
    #[arg(long, value_name = "ID")]
    shop: Option<String>,
    /// Only orders in this state, for example `awaiting_shipment`.
    #[arg(long, value_name = "S")]
    state: Option<String>,
    /// Only orders with a clock that passed.
    #[arg(long)]
    late: bool,
    /// Only orders that changed since: a time, a date, or how long ago, for example 2026-11-20 or 24h.
    #[arg(long, value_name = "T")]
    since: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Reads TikTok now: what changed since the last visit, and what is due to be looked at.
    Refresh {
        /// Only this shop.
        #[arg(long, value_name = "ID")]
        shop: Option<String>,
    },
}

/// Runs it.
///
/// # Errors
/// Wrong use; the table; TikTok.
pub async fn run(app: &App, asked: &Orders, output: &mut Output) -> Result<bool, Failure> {
    match &asked.act {
        Some(Act::Refresh { shop }) => refresh(app, shop.as_deref(), output).await,
        None => list(app, asked, output).await,
    }
}

async fn list(app: &App, asked: &Orders, output: &mut Output) -> Result<bool, Failure> {
    let state = asked.state.as_deref().map(str::to_ascii_lowercase);
    if let Some(state) = state.as_deref().filter(|state| !STATE_WORDS.contains(state)) {
        return Err(Failure::usage(format!("--state {state} is unknown"), format!("Use {}.", STATE_WORDS.join(", "))));
    }
    let since = asked.since.as_deref().map(|text| moment(app, text)).transpose()?;
    let wanted = Asked { state, late: asked.late, since };
    let (mut rows, mut late) = (Vec::new(), false);
    for shop in shops_named(app, asked.shop.as_deref()).await? {
        for line in board::orders(app, &shop).await? {
            if wanted.fits(&line) {
                late |= line.late;
                rows.push(Shown(line));
            }
        }
        if !output.is_json() {
            notes(app, &shop, output).await?;
        }
    }
    rows.sort_by(|a, b| (a.0.created, &a.0.order).cmp(&(b.0.created, &b.0.order)));
    output.rows(&rows, "No orders yet. Read them now: waybill orders refresh")?;
    Ok(late)
}

/// How far the first import is, and whether the shop ships anything itself.
async fn notes(app: &App, shop: &Shop, output: &mut Output) -> Result<(), Failure> {
    let Some(visit) = app.table.visit_get(&shop.id).await?.map(|visit| visit.row) else { return Ok(()) };
    if let Some(import) = &visit.import {
        output.say(format!("{}: the first import is under way, {} orders read so far", shop.name, import.read))?;
    }
    if visit.not_ours > 0 && visit.ours == 0 {
        output.say(format!(
            "{}: TikTok ships all {} orders seen. Set Shipping Options to Seller Shipping in Seller Center if that is not \
             what you want.",
            shop.name, visit.not_ours
        ))?;
    }
    Ok(())
}

async fn refresh(app: &App, shop: Option<&str>, output: &mut Output) -> Result<bool, Failure> {
    let mut rows: Vec<Value> = Vec::new();
    for shop in shops_named(app, shop).await? {
        let asked = app.clock.now();
        if shop.parked.is_some() {
            return Err(Failure::attention(
                format!("shop {} waits for its owner: TikTok refuses our access", shop.id),
                "The shop owner reconnects it; waybill shop list shows it.",
            ));
        }
        begin::due_by(app, &shop, asked).await?;
        let (mut read, mut new, mut changed) = (0, 0, 0);
        loop {
            match visit_now(app, &shop.id).await? {
                Visited::Made(done) => {
                    read += done.orders;
                    new += done.kept.new;
                    changed += done.kept.moved;
                    if done.ended {
                        break;
                    }
                    if !done.stopped {
                        return Err(Failure::attention(
                            format!("the orders of shop {} could not be read", shop.id),
                            "TikTok is busy or refuses; it is tried again in a quarter of an hour.",
                        ));
                    }
                }
                Visited::Busy => {
                    let visit = app.table.visit_get(&shop.id).await?;
                    if visit.is_some_and(|visit| visit.row.last.is_some_and(|last| last >= asked)) {
                        break;
                    }
                    tokio::time::sleep(LOOK).await;
                }
                Visited::NotDue => break,
            }
            if app.clock.now() > asked + PATIENCE {
                return Err(Failure::attention(
                    format!("the orders of shop {} are still being read", shop.id),
                    "waybill orders shows how far it is.",
                ));
            }
        }
        rows.push(json!({"shop": shop.id.as_str(), "read": read, "new": new, "changed": changed}));
    }
    output.table(&["shop", "read", "new", "changed"], &rows, "No shop is connected.")?;
    Ok(false)
}

/// A time, a date, or how long ago.
///
/// # Errors
/// Wrong use.
pub(super) fn moment(app: &App, text: &str) -> Result<Timestamp, Failure> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Some(at) = text.parse::<Date>().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok()) {
        return Ok(at.timestamp());
    }
    let ago = duration(text)?;
    Ok(app.clock.now().checked_sub(ago).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// A length of time, for example 90m, 24h or 2d.
///
/// # Errors
/// Wrong use.
pub(super) fn duration(text: &str) -> Result<SignedDuration, Failure> {
    let span = text.parse::<Span>().ok();
    let length = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    length.filter(|length| !length.is_negative()).ok_or_else(|| {
        Failure::usage(format!("{text} is no time"), "Write it like 24h, 2d, 2026-11-20 or 2026-11-20T09:00:00Z.")
    })
}
