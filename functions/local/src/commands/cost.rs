//! `waybill cost`: what an installation in AWS costs a month, from counted units and prices that anyone may change.

mod ways;

use super::{Failure, Output};
use crate::output::Row;
use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;
use serde::Serialize;
use waybill::domain::cost::{
    A_PUSH, A_VISIT, IDLE_SHOP_A_DAY, PARCEL_TO_ACCEPTANCE, REPEATED, SEEN_AGAIN, STORED, STORED_PARCEL,
    TIKTOK_WEBHOOK, TO_ACCEPTANCE, TO_DELIVERY, Units,
};

/// Days of a month, on average.
const DAYS: f64 = 30.4;
const MILLION: f64 = 1_000_000.0;
/// Minutes until the visit that a webhook of TikTok's brings forward; and without any, until the look at what was accepted.
const TOLD: f64 = 5.0;
const UNTOLD: f64 = 15.0;
/// Days for which they are kept.
const KEPT: f64 = 90.0;
/// Seconds of a function of 256 MB for one webhook: its warm p50, with room for cold starts.
const WEBHOOK_SECONDS: f64 = 0.005;
/// Ticks of the slow schedule, and the seconds of one that finds nothing.
const TICKS: f64 = DAYS * 24.0 * 12.0;
const TICK_SECONDS: f64 = 0.08;
/// Memory of the other functions, in GB.
const OTHERS: f64 = 0.25;
/// Lines that are logged: errors, and one in a hundred of the rest.
const LOGGED: f64 = 300.0;

/// How much is done, and at which prices.
#[derive(Debug, Args)]
pub struct CostArgs {
    /// Trackings a month.
    #[arg(long, default_value_t = 1_000_000)]
    trackings: u64,
    /// Connected shops.
    #[arg(long, default_value_t = 1)]
    shops: u64,
    /// Webhooks that a store sends for one tracking.
    #[arg(long, default_value_t = 2)]
    webhooks: u64,
    /// Webhooks that TikTok sends for one order.
    #[arg(long, default_value_t = 5)]
    tiktok_webhooks: u64,
    /// Only the parcel's way from the store to TikTok's acceptance: no order, no webhook of TikTok's, nothing after it.
    #[arg(long)]
    core: bool,
    /// Where webhooks go, as the template's `MachineRoutes`.
    #[arg(long, value_enum, default_value_t = Routes::FunctionUrl)]
    routes: Routes,
    /// What starts a push, as the template's `WakeUp`; two other ways for comparison.
    #[arg(long, value_enum, default_value_t = Wake::Stream)]
    wake: Wake,
    /// Memory of tracking-push in MB, as the template's `PushMemory`.
    #[arg(long, default_value_t = 128)]
    memory: u32,
    /// Milliseconds that TikTok takes for a call.
    #[arg(long, default_value_t = 350.0)]
    tiktok_ms: f64,
    /// Compare what can start a push: time from the webhook to TikTok's acceptance, and the month's price of tracking-push.
    #[arg(long)]
    ways: bool,
    /// Another price in US dollars, such as `--price writes=0.625`; may be given several times. The names are in the table.
    #[arg(long, value_name = "NAME=DOLLARS")]
    price: Vec<String>,
}

/// Where webhooks go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Routes {
    /// To the function's own address.
    FunctionUrl,
    /// Through the HTTP API.
    HttpApi,
}

/// What starts a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Wake {
    /// The table's stream, some seconds after a delivery.
    Stream,
    /// The schedule alone, each minute.
    Schedule,
    /// An asynchronous call of each webhook that stored something.
    Call,
    /// A run that looks again every five seconds.
    Loop,
}

impl CostArgs {
    fn gigabytes(&self) -> f64 {
        f64::from(self.memory) / 1024.0
    }
}

/// A price list: name, US dollars, for what. us-east-1, on demand, as published in 2026.
const PRICES: [(&str, f64, &str); 8] = [
    ("requests", 1.00, "a million requests of the HTTP API; a function's own address has no price"),
    ("calls", 0.20, "a million calls of functions"),
    ("seconds", 0.000_013_333_4, "a GB-second on arm64"),
    ("writes", 0.625, "a million write request units"),
    ("reads", 0.125, "a million read request units"),
    ("storage", 0.25, "a GB-month of the table"),
    ("logs", 0.50, "a GB of logs"),
    ("fixed", 4.60, "a month: four secrets, 20 alarms on 28 metrics, 14 metrics of our own; ten of either are free"),
];

#[derive(Serialize)]
struct CostRow {
    part: &'static str,
    amount: f64,
    price: &'static str,
    each: f64,
    of: &'static str,
    dollars: f64,
}

impl Row for CostRow {
    const HEAD: &'static [&'static str] = &["part", "amount", "price", "US dollars each", "US dollars a month"];
    fn cells(&self, _: &TimeZone) -> Vec<String> {
        let each = if self.of.is_empty() { String::new() } else { format!("{} for {}", self.each, self.of) };
        vec![self.part.to_owned(), amount(self.amount), self.price.to_owned(), each, format!("{:.2}", self.dollars)]
    }
}

/// Prints the table; its last line is the sum.
///
/// # Errors
/// A price that is none (2).
pub fn run(args: &CostArgs, output: &mut Output) -> Result<bool, Failure> {
    if args.ways {
        let prices = prices(&args.price)?;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let shops = args.shops as f64;
        output.rows(&ways::compared(args, shops, [prices[1].1, prices[2].1, prices[4].1]), "")?;
    } else {
        output.rows(&rows(args)?, "Nothing costs anything.")?;
    }
    Ok(false)
}

fn rows(args: &CostArgs) -> Result<Vec<CostRow>, Failure> {
    let prices = prices(&args.price)?;
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let (trackings, shops, webhooks) = (args.trackings as f64, args.shops as f64, args.webhooks as f64);
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let (units, news, stored) = if args.core {
        (PARCEL_TO_ACCEPTANCE, 0.0, STORED_PARCEL)
    } else {
        let (first, then, each) = (TO_ACCEPTANCE, TO_DELIVERY, args.tiktok_webhooks as f64);
        let writes = first.writes + then.writes + SEEN_AGAIN.writes + each * TIKTOK_WEBHOOK.writes;
        let reads = first.reads + then.reads + SEEN_AGAIN.reads + each * TIKTOK_WEBHOOK.reads;
        (Units { writes, reads }, each, STORED)
    };
    let visits = if args.core { 0.0 } else { visits(trackings, shops, news) };
    let requests = trackings * (webhooks + news);
    let paid = if args.routes == Routes::HttpApi { requests } else { 0.0 };
    let push = ways::way(args.wake, args, trackings, shops);
    let others = requests * WEBHOOK_SECONDS + TICKS * TICK_SECONDS;
    let idle = shops * DAYS;
    let repeated = trackings * (webhooks - 1.0).max(0.0);
    let shared = |a_push: f64, a_visit: f64, a_day: f64| push.runs * a_push + visits * a_visit + idle * a_day;
    let writes = trackings * units.writes + shared(A_PUSH.writes, A_VISIT.writes, IDLE_SHOP_A_DAY.writes);
    let reads = trackings * units.reads
        + repeated * REPEATED.reads
        + shared(A_PUSH.reads, A_VISIT.reads, IDLE_SHOP_A_DAY.reads)
        + push.reads;
    let parts = [
        ("webhooks", paid / MILLION, 0),
        ("function calls", (requests + TICKS + push.calls) / MILLION, 1),
        ("webhooks' and ticks' time", others * OTHERS, 2),
        ("pushes' time", push.seconds * args.gigabytes(), 2),
        ("table, writes", writes / MILLION, 3),
        ("table, reads", reads / MILLION, 4),
        ("table, storage", trackings * stored * KEPT / DAYS / 1e9, 5),
        ("logs", trackings * LOGGED / 1e9, 6),
        ("fixed", 1.0, 7),
    ];
    let row = |(part, amount, at): (&'static str, f64, usize)| {
        let (price, each, of) = prices[at];
        CostRow { part, amount, price, each, of, dollars: amount * each }
    };
    let mut rows: Vec<CostRow> = parts.into_iter().map(row).collect();
    let dollars = rows.iter().map(|row| row.dollars).sum();
    rows.push(CostRow { part: "together", amount: trackings, price: "", each: dollars, of: "", dollars });
    Ok(rows)
}

/// Visits a month beside the daily ones: in each span in which a shop has news there is one.
fn visits(trackings: f64, shops: f64, news: f64) -> f64 {
    let span = if news > 0.0 { TOLD } else { UNTOLD };
    let spans = shops * ways::MINUTES / span;
    spans * (1.0 - (-trackings * news.max(1.0) / spans.max(1.0)).exp())
}

/// The price list with what a person changed.
fn prices(changed: &[String]) -> Result<[(&'static str, f64, &'static str); 8], Failure> {
    let mut prices = PRICES;
    for text in changed {
        let names = || PRICES.map(|(name, ..)| name).join(", ");
        let wrong = || {
            Failure::usage(
                format!("--price {text}: no price"),
                format!("Write NAME=DOLLARS; the names are {}.", names()),
            )
        };
        let (name, dollars) = text.split_once('=').ok_or_else(wrong)?;
        let dollars: f64 = dollars.trim().parse().map_err(|_| wrong())?;
        let price = prices.iter_mut().find(|(known, ..)| *known == name.trim()).ok_or_else(wrong)?;
        if !dollars.is_finite() || dollars < 0.0 {
            return Err(wrong());
        }
        price.1 = dollars;
    }
    Ok(prices)
}

/// Three digits that matter.
fn amount(number: f64) -> String {
    if number >= 100.0 { format!("{number:.0}") } else { format!("{number:.2}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(more: &[&str]) -> CostArgs {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            args: CostArgs,
        }
        <Line as clap::Parser>::parse_from(["cost"].iter().chain(more)).args
    }

    fn dollars(more: &[&str]) -> f64 {
        rows(&args(more)).map_err(|_| ()).expect("a table").last().map_or(0.0, |row| row.dollars)
    }

    /// What a million trackings add.
    fn a_million(more: &[&str]) -> f64 {
        dollars(more) - dollars(&[more, &["--trackings", "0"]].concat())
    }

    #[test]
    fn prices_are_the_readers_and_a_wrong_name_is_said() {
        let changed = prices(&["writes=0.5".to_owned()]).map_err(|_| ()).expect("a price");
        assert_eq!(changed[3], ("writes", 0.5, PRICES[3].2));
        for wrong in ["writes", "writes=much", "paper=1", "writes=-1", "writes=NaN"] {
            assert!(prices(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_guide_shows_what_the_command_prints() {
        let guide = include_str!("../../OPERATING.md");
        for row in rows(&args(&[])).map_err(|_| ()).expect("a table") {
            let cells = [row.part.to_owned(), format!("{:.2}", row.dollars)];
            let shown =
                guide.lines().any(|line| line.starts_with(&format!("| {} |", cells[0])) && line.contains(&cells[1]));
            assert!(shown, "the guide's table of costs: {cells:?}");
        }
    }

    #[test]
    fn a_million_trackings_and_an_idle_installation_stay_within_what_is_promised() {
        let idle = dollars(&["--trackings", "0"]);
        assert!(idle < 5.0, "{idle}");
        // Everything counted, also what a push and a visit cost beside their numbers: see the guide for what remains.
        let (whole, bare) = (a_million(&[]), a_million(&["--tiktok-webhooks", "0"]));
        assert!(bare <= 18.1 && whole <= 20.5, "{bare} {whole}");
        let (core, unwaiting) = (a_million(&["--core"]), a_million(&["--core", "--tiktok-ms", "0"]));
        assert!(unwaiting <= 9.5 && core <= 10.5, "{unwaiting} {core}");
        assert!(a_million(&["--routes", "http-api"]) > whole + 6.9, "what the HTTP API would add");
    }

    #[test]
    fn the_default_is_the_way_that_is_fast_and_cheap_and_the_guide_shows_all_of_them() {
        let args = args(&[]);
        let rows = ways::compared(&args, 1.0, [PRICES[1].1, PRICES[2].1, PRICES[4].1]);
        let guide = include_str!("../../OPERATING.md");
        for row in &rows {
            let line = format!("| {} |", row.cells(&TimeZone::UTC).join(" | "));
            assert!(guide.contains(&line), "the guide's table of ways: {line}");
        }
        let (p50, p99) = ways::way(args.wake, &args, MILLION, 1.0).latency;
        assert!(p50 < 5.0 && p99 < 70.0, "{p50} {p99}");
        assert!(60.0 + 2.0 * args.tiktok_ms / 1000.0 < 70.0, "also when its news are lost");
        let template = include_str!("../../../../template.yaml");
        for (parameter, default) in [("PushMemory", "128"), ("WakeUp", "stream"), ("MachineRoutes", "function-url")] {
            let about = template.split(&format!("\n  {parameter}:\n")).nth(1).expect("a parameter");
            let said = about.lines().find_map(|line| line.trim().strip_prefix("Default: "));
            assert_eq!(said, Some(default), "{parameter}: the command's default is the template's");
        }
        let window = format!("MaximumBatchingWindowInSeconds: {}\n", ways::WINDOW);
        assert!(template.contains(&window), "{window}");
    }
}
