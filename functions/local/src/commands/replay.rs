//! `waybill replay`: reads a store again for a time and decides anew; says first what differs.

use super::orders::moment;
use super::{Failure, Output};
use crate::output::{Row, shell};
use clap::Args;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::json;
use waybill::app::App;
use waybill::domain::connection::StoreConnection;
use waybill::domain::ids::StoreId;
use waybill::flows::acts::{self, Actor};
use waybill::flows::intake::replay::{self, Difference, ReplayError};

/// Which store, for which time.
#[derive(Clone, Debug, Args)]
pub struct ReplayArgs {
    /// The store's id: waybill store list.
    #[arg(long, value_name = "ID")]
    pub store: String,
    /// From when: a time, a day, or how long ago (2d).
    #[arg(long, value_name = "T")]
    pub since: String,
    /// Until when; without it until now.
    #[arg(long, value_name = "T")]
    pub until: Option<String>,
    /// Say what differs, and do nothing.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Serialize)]
struct DifferenceRow<'a>(&'a Difference);

impl Row for DifferenceRow<'_> {
    const HEAD: &'static [&'static str] = &["order", "number", "carrier", "now", "after", "why"];
    fn cells(&self, _: &TimeZone) -> Vec<String> {
        let Difference { order, number, carrier, before, after, said } = self.0;
        let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        vec![order.clone(), or(number), or(carrier), or(before), after.clone(), (*said).to_owned()]
    }
}

/// Reads the store again, says what differs, and (without `--dry-run`) decides anew.
///
/// # Errors
/// An unknown store or one that cannot be read (1), a time that is none (2), or the table.
pub async fn run(app: &App, args: &ReplayArgs, output: &mut Output) -> Result<bool, Failure> {
    let (since, until) = (moment(app, &args.since)?, args.until.as_deref().map(|text| moment(app, text)).transpose()?);
    let until = until.unwrap_or_else(|| app.clock.now());
    if since >= until {
        return Err(Failure::usage("--since lies after --until", "Give the earlier time with --since."));
    }
    let store = store_named(app, &args.store).await?;
    let shown = output.progress().clone();
    shown.begin("orders read", None);
    let read = replay::read(app, &store, since, until, |orders| shown.at(orders));
    let read = read.await.map_err(|error| not_read(error, &args.store))?;
    shown.begin("orders compared", Some(read.news.len()));
    let mut all: Vec<Difference> = Vec::new();
    for (done, news) in (1..).zip(&read.news) {
        all.extend(replay::differences(app, &store, news).await?);
        shown.at(done);
    }
    let rows: Vec<DifferenceRow<'_>> = all.iter().map(DifferenceRow).collect();
    let orders = read.news.len();
    output.rows(&rows, "Nothing differs.")?;
    if args.dry_run {
        output.say(format_args!("{orders} orders read, {} rows differ; nothing was changed (--dry-run)", all.len()))?;
        return Ok(false);
    }
    shown.begin("orders decided", Some(orders));
    let done = acts::replay(app, &Actor::command_line(), &store, &read.news, |done| shown.at(done)).await?;
    output.done(
        &json!({"store": store.id.as_str(), "orders": done.orders, "stored": done.stored, "queued": done.queued}),
        format_args!(
            "{} orders read; {} rows changed, {} judged again with the next push",
            done.orders, done.stored, done.queued
        ),
    )?;
    Ok(false)
}

async fn store_named(app: &App, id: &str) -> Result<StoreConnection, Failure> {
    let none = || Failure::attention(format!("no store {id} is connected"), "See waybill store list.");
    let id = StoreId::parse(id).map_err(|_| none())?;
    app.table.store_get(&id, true).await?.map(|store| store.row).ok_or_else(none)
}

fn not_read(error: ReplayError, store: &str) -> Failure {
    match error {
        ReplayError::Table(error) => error.into(),
        other => {
            Failure::attention(other.to_string(), format!("waybill store check {} says what is wrong.", shell(store)))
        }
    }
}
