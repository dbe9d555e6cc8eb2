//! `waybill report`: how each shop does, and which orders went wrong.

use super::{Failure, Output, shops_named};
use crate::output::Row;
use clap::Args;
use jiff::tz::TimeZone;
use serde::Serialize;
use waybill::app::App;
use waybill::flows::views::report::{Figure, report};

/// Orders that a person is shown; scripts get all.
const MOST_SHOWN: usize = 5;

/// `waybill report`.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// Only this shop.
    #[arg(long, value_name = "ID")]
    pub shop: Option<String>,
    /// Orders placed in the last days; rows of ended orders are kept for 90.
    #[arg(long, default_value_t = 30, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub days: u16,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Shown(Figure);

impl Row for Shown {
    const HEAD: &'static [&'static str] = &["shop", "measure", "carrier", "value", "of", "source", "orders"];

    fn cells(&self, _: &TimeZone) -> Vec<String> {
        let figure = &self.0;
        let mut orders = figure.orders.iter().take(MOST_SHOWN).cloned().collect::<Vec<_>>().join(", ");
        if figure.orders.len() > MOST_SHOWN {
            orders.push_str(&format!(" … and {} more", figure.orders.len() - MOST_SHOWN));
        }
        vec![
            figure.shop.clone(),
            figure.measure.replace('_', " "),
            figure.carrier.clone().unwrap_or_else(|| "all".to_owned()),
            if figure.of == 0 { "-".to_owned() } else { format!("{:.1} %", figure.value * 100.0) },
            figure.of.to_string(),
            figure.source.to_owned(),
            orders,
        ]
    }
}

/// Shows the figures.
///
/// # Errors
/// No such shop, or the table.
pub async fn run(app: &App, args: &ReportArgs, output: &mut Output) -> Result<bool, Failure> {
    let mut rows = Vec::new();
    for shop in shops_named(app, args.shop.as_deref()).await? {
        rows.extend(report(app, &shop, args.days).await?.into_iter().map(Shown));
    }
    output.rows(&rows, "No shop is connected.")?;
    Ok(false)
}
