//! Stores: connecting, listing, naming, removing.

mod add;
mod check;
mod secret;

pub use add::StoreAdd;
pub use check::{check, poll};

use super::{Failure, Output, all_stores};
use crate::output::{Row, local, plural};
use clap::Subcommand;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::time::Duration;
use waybill::app::App;
use waybill::domain::connection::StoreConnection;
use waybill::domain::ids::ShopId;
use waybill::domain::parcel::{Parcel, Phase};
use waybill::domain::tracking::TrackingNumber;
use waybill::flows::acts::{self, Actor};
use waybill::flows::connect::store as connect_store;
use waybill::flows::views::standing::{StoreStanding, store_name};
use waybill::table::heard::Heard;

/// Stores that send shipments.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Connects a store; prints its id and webhook address.
    Add(StoreAdd),
    /// The connected stores: state, last delivery, last poll, refused signatures.
    List,
    /// Disconnects a store: takes its webhook subscriptions away and erases its rows.
    Remove {
        /// The store's id, as `store list` prints it.
        id: String,
        /// Also when numbers of it still wait.
        #[arg(long)]
        yes: bool,
    },
    /// Webhook subscriptions, last delivery and last poll of each store.
    Check {
        /// Only this store.
        id: Option<String>,
        /// Make what is missing.
        #[arg(long)]
        repair: bool,
    },
    /// Gives a store a name that people know it by.
    Rename {
        /// The store's id.
        id: String,
        /// The name.
        name: String,
    },
    /// The secret that signs a store's deliveries: stores one from standard input, or makes a new one.
    Secret {
        /// The store's id.
        id: String,
        /// Make a new secret and print it once; the old one counts until the next change.
        #[arg(long)]
        rotate: bool,
    },
}

/// A person waits this long for a store's list of subscriptions.
const SUBSCRIBE: Duration = Duration::from_secs(60);

/// Runs one of the store commands.
///
/// # Errors
/// Wrong use, no such store, or the table.
pub async fn run(app: &App, command: StoreCommand, output: &mut Output) -> Result<bool, Failure> {
    match command {
        StoreCommand::Add(given) => add::run(app, &given, output).await,
        StoreCommand::List => list(app, output).await,
        StoreCommand::Remove { id, yes } => remove(app, &id, yes, output).await,
        StoreCommand::Check { id, repair } => check(app, id.as_deref(), repair, output).await,
        StoreCommand::Rename { id, name } => rename(app, &id, &name, output).await,
        StoreCommand::Secret { id, rotate } => secret::run(app, &id, rotate, output).await,
    }
}

/// The stores to work on: the named one, or all.
async fn named(app: &App, id: Option<&str>) -> Result<Vec<StoreConnection>, Failure> {
    let mut stores = all_stores(app).await?;
    stores.retain(|store| id.is_none_or(|id| id == store.id.as_str()));
    match id {
        Some(id) if stores.is_empty() => {
            Err(Failure::attention(format!("no store {id} is connected"), "See waybill store list."))
        }
        _ => Ok(stores),
    }
}

/// The named store.
async fn one(app: &App, id: &str) -> Result<StoreConnection, Failure> {
    let mut found = named(app, Some(id)).await?;
    found.pop().ok_or_else(|| Failure::attention(format!("no store {id} is connected"), "See waybill store list."))
}

#[derive(Serialize)]
struct StoreRow {
    store: String,
    name: String,
    platform: &'static str,
    address: String,
    shops: Vec<String>,
    /// `connected`, `waiting for the first parcel`, `cannot be reached` …
    status: &'static str,
    trouble: Option<String>,
    last_delivery: Option<Timestamp>,
    last_poll: Option<Timestamp>,
    everything_seen_until: Option<Timestamp>,
    refused_signatures: u64,
    last_refused: Option<Timestamp>,
    account: String,
}

impl StoreRow {
    fn of(store: &StoreConnection, heard: Heard) -> Self {
        Self {
            store: store.id.to_string(),
            name: store_name(store).to_owned(),
            platform: store.platform.as_str(),
            address: store.address.clone(),
            shops: store.shops.iter().map(ShopId::to_string).collect(),
            status: StoreStanding::of(store, heard).word(),
            trouble: store.polls.trouble.clone(),
            last_delivery: heard.delivered,
            last_poll: store.polls.asked,
            everything_seen_until: store.polls.watermark,
            refused_signatures: heard.refused,
            last_refused: heard.refused_at,
            account: store.account.to_string(),
        }
    }
}

impl Row for StoreRow {
    const HEAD: &'static [&'static str] =
        &["store", "platform", "name", "state", "last delivery", "last poll", "refused signatures"];
    fn cells(&self, zone: &TimeZone) -> Vec<String> {
        let when = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| local(at, zone));
        vec![
            self.store.clone(),
            self.platform.to_owned(),
            self.name.clone(),
            self.status.to_owned(),
            when(self.last_delivery),
            when(self.last_poll),
            self.refused_signatures.to_string(),
        ]
    }
}

async fn list(app: &App, output: &mut Output) -> Result<bool, Failure> {
    let mut rows = Vec::new();
    let mut attention = false;
    for store in all_stores(app).await? {
        let heard = app.table.heard_get(&store.id).await?;
        let standing = StoreStanding::of(&store, heard);
        attention |= matches!(standing, StoreStanding::Unreachable { .. } | StoreStanding::Removed);
        rows.push(StoreRow::of(&store, heard));
    }
    output.rows(&rows, "No store is connected: waybill store add.")?;
    for row in rows.iter().filter(|row| row.trouble.is_some()) {
        output.say(format_args!("{}: {}", row.store, row.trouble.as_deref().unwrap_or_default()))?;
    }
    Ok(attention)
}

#[derive(Serialize)]
struct Renamed<'a> {
    store: &'a str,
    name: &'a str,
}

async fn rename(app: &App, id: &str, name: &str, output: &mut Output) -> Result<bool, Failure> {
    let (store, name) = (one(app, id).await?, name.trim());
    if name.is_empty() || name.chars().count() > 200 {
        return Err(Failure::usage("a name has 1 to 200 characters", "Give one that people know the store by."));
    }
    acts::rename_store(app, &Actor::command_line(), &store, name).await?;
    output.done(&Renamed { store: id, name }, format!("The store {id} is called {name} now."))?;
    Ok(false)
}

#[derive(Serialize)]
struct RemovedStore<'a> {
    store: &'a str,
    rows_erased: usize,
    unsubscribed: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    by_hand: &'a [String],
}

#[derive(Serialize)]
struct WaitingRow<'a> {
    store: &'a str,
    order: &'a str,
    number: Option<&'a str>,
    state: String,
}

/// What still waits is named, and goes only with `--yes`.
async fn remove(app: &App, id: &str, yes: bool, output: &mut Output) -> Result<bool, Failure> {
    let store = one(app, id).await?;
    let waits = |row: &Parcel| row.number.is_some() && matches!(row.state.phase(), Phase::Open | Phase::Waiting);
    let waiting = if yes { Vec::new() } else { app.table.parcels_where(&store.id, waits).await? };
    if !waiting.is_empty() {
        for row in &waiting {
            let order = row.order_name.as_deref().unwrap_or(row.order.as_str());
            let number = row.number.as_ref().map(TrackingNumber::as_str);
            let words = format!("waits: order {order}, number {}", number.unwrap_or("-"));
            output.done(&WaitingRow { store: id, order, number, state: row.state.to_string() }, words)?;
        }
        return Err(Failure::attention(
            format!(
                "{} of this store not at TikTok yet; nothing was removed",
                plural(waiting.len(), "number is", "numbers are")
            ),
            format!("Send or dismiss them first, or give them up: waybill store remove {id} --yes"),
        ));
    }
    let done = connect_store::disconnect(app, &store.id).await?;
    let said = format!("{} is removed", store_name(&store));
    acts::store_act(app, &Actor::command_line(), &store, "remove store", &said).await?;
    let removed =
        RemovedStore { store: id, rows_erased: done.rows, unsubscribed: &done.unsubscribed, by_hand: &done.by_hand };
    let said = format!("{} is disconnected; {} of its rows are erased.", store_name(&store), done.rows);
    output.done(&removed, said)?;
    for step in &done.by_hand {
        output.say(format_args!("By hand: {step}"))?;
    }
    Ok(!done.by_hand.is_empty())
}
