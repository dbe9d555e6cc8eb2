//! `waybill backfill`: trackings from a CSV file, each row with its verdict first.

use super::{Failure, Output, shop_named};
use clap::Args;
use std::io::Write as _;
use std::path::PathBuf;
use waybill::app::App;
use waybill::flows::acts::Actor;
use waybill::flows::intake::csv;
use waybill::flows::orders::begin;
use waybill::flows::push::visit_now;
use waybill::flows::views::backfill::{Counts, HEAD, VerdictRow};
use waybill::flows::views::rows::cells;
use waybill::web::csv::line;

/// Larger files are no list of trackings of one shop: 100,000 rows have about 10 MB.
const LARGEST: u64 = 64 * 1024 * 1024;

/// `waybill backfill`.
#[derive(Clone, Debug, Args)]
pub struct BackfillArgs {
    /// Columns `tiktok_order_id` or `store_order`, `tracking_number`, `carrier`, and `sku`, `quantity` where an order has
    /// several parcels.
    #[arg(value_name = "FILE.csv")]
    pub file: PathBuf,
    /// The TikTok shop whose orders these are.
    #[arg(long, value_name = "ID")]
    pub shop: String,
    /// Say each row's verdict, and send nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Says each row's verdict, then sends the good ones. True when a row is not good.
///
/// # Errors
/// A file that holds no trackings (2), no such shop, or the table.
pub async fn run(app: &App, args: &BackfillArgs, output: &mut Output) -> Result<bool, Failure> {
    let lines = read(&args.file)?;
    let shop = shop_named(app, &args.shop).await?;
    output.progress().begin(&format!("comparing {} rows with the shop's orders", lines.len()), None);
    if shop.parked.is_none() {
        // The orders as TikTok has them now, as far as one visit comes.
        begin::due_by(app, &shop, app.clock.now()).await?;
        visit_now(app, &shop.id).await?;
    }
    let judged = csv::judge(app, &shop, &lines).await?;
    if !output.is_json() {
        output.text(&line(HEAD))?;
    }
    for verdict in &judged.verdicts {
        let row = VerdictRow::of(verdict);
        if output.is_json() {
            output.line(&row)?;
        } else {
            output.text(&line(cells(&row, &HEAD).iter().map(String::as_str)))?;
        }
    }
    let Counts { good, wrong, .. } = Counts::of(&judged);
    if args.dry_run {
        progress(&format!("{good} rows are good, {wrong} are not; nothing was sent (--dry-run)"));
        return Ok(wrong > 0);
    }
    let file = args.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let total = judged.news.len();
    let shown = output.progress().clone();
    shown.begin("orders kept", Some(total));
    let kept = csv::send(app, &shop, &judged, &Actor::command_line(), &file, |done| shown.at(done)).await?;
    shown.clear();
    progress(&format!("{good} rows are good, {wrong} are not; {kept} new parcels go out with the next push"));
    Ok(wrong > 0)
}

fn read(file: &std::path::Path) -> Result<Vec<csv::Line>, Failure> {
    let shown = file.display();
    let next = "Give a CSV file with the columns tiktok_order_id or store_order, tracking_number, carrier.";
    let cannot = |error: std::io::Error| Failure::usage(format!("{shown} cannot be read: {error}"), next);
    if std::fs::metadata(file).map_err(cannot)?.len() > LARGEST {
        return Err(Failure::usage(format!("{shown} is larger than 64 MB"), "Split it into several files."));
    }
    let bytes = std::fs::read(file).map_err(cannot)?;
    csv::read(&bytes).map_err(|fault| Failure::usage(format!("{shown}: {fault}"), next))
}

/// A line for whoever waits; the verdicts alone are on standard output.
fn progress(words: &str) {
    let _ = writeln!(std::io::stderr().lock(), "waybill: {words}");
}
