//! Carrier maps.

use super::{Failure, Output, account_of, shop_named, standard_input};
use crate::output::{Row, local, plural, shell};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use waybill::app::App;
use waybill::domain::connection::Shop;
use waybill::domain::ids::AccountId;
use waybill::flows::acts::{self, Actor};
use waybill::flows::carriers::lists::{LostMapping, lost_mappings};
use waybill::flows::carriers::map::MapError;
use waybill::flows::carriers::match_parcel::Maps;
use waybill::flows::carriers::unmatched::{self as carrier_names, Suggestion};
use waybill::flows::views::attention::Attention;
use waybill::flows::views::command::map_command;
use waybill::table::maps::{MapEntry, MapScope};

/// What a store's carrier names mean.
#[derive(Debug, Subcommand)]
pub enum MapCommand {
    /// The entries, and those whose carrier the shop no longer has.
    List {
        /// The names that parcels were held for instead, each with the likeliest carriers.
        #[arg(long)]
        suggestions: bool,
        /// Which map.
        #[command(flatten)]
        place: MapPlace,
    },
    /// Says which TikTok carrier a store's words mean, and queues every parcel that waits for it.
    Set {
        /// The store's words; blank for "no carrier named".
        store_carrier: String,
        /// TikTok's carrier, as on the shop's list.
        tiktok_carrier: String,
        /// Which map.
        #[command(flatten)]
        place: MapPlace,
    },
    /// Takes an entry away.
    Remove {
        /// The store's words.
        store_carrier: String,
        /// Which map.
        #[command(flatten)]
        place: MapPlace,
    },
    /// Writes the entries as JSON lines.
    Export(MapPlace),
    /// Reads entries as JSON lines from standard input, from another shop's export; what is mapped already stays.
    Import(MapPlace),
    /// Copies a shop's entries to other shops, which keep what they have; `--dry-run` says what would change.
    Copy(super::map_copy::CopyArgs),
}

/// Runs one of the map commands.
///
/// # Errors
/// Wrong use, or the table.
pub async fn run(app: &App, command: MapCommand, output: &mut Output) -> Result<bool, Failure> {
    match command {
        MapCommand::List { suggestions: false, place } => list(app, &place, output).await,
        MapCommand::List { suggestions: true, place } => suggestions(app, &place, output).await,
        MapCommand::Set { store_carrier, tiktok_carrier, place } => {
            set(app, &place, &store_carrier, &tiktok_carrier, output).await
        }
        MapCommand::Remove { store_carrier, place } => remove(app, &place, &store_carrier, output).await,
        MapCommand::Export(place) => export(app, &place, output).await,
        MapCommand::Import(place) => import(app, &place, output).await,
        MapCommand::Copy(args) => super::map_copy::run(app, &args, output).await,
    }
}

/// Which carrier map.
#[derive(Clone, Debug, Args)]
pub struct MapPlace {
    /// One shop's own map; without it the account's default.
    #[arg(long)]
    pub shop: Option<String>,
    /// Mail address of the account, where there are several.
    #[arg(long)]
    pub account: Option<String>,
}

/// Who saves a mapping from the command line.
const AUTHOR: &str = "command line";

async fn scope(app: &App, place: &MapPlace) -> Result<MapScope, Failure> {
    if let Some(shop) = &place.shop {
        return Ok(MapScope::Shop(shop_named(app, shop).await?.id));
    }
    let account = match &place.account {
        Some(email) => account_of(app, email).await?,
        None => match app.table.accounts_list().await?.as_slice() {
            [only] => only.clone(),
            [] => return Err(Failure::attention("there is no account", "Make one: waybill account add.")),
            _ => {
                return Err(Failure::usage(
                    "there are several accounts",
                    "Name one: --account EMAIL, or a shop: --shop ID.",
                ));
            }
        },
    };
    Ok(MapScope::Account(account))
}

/// Whose map it is.
async fn account_of_scope(app: &App, scope: &MapScope) -> Result<AccountId, Failure> {
    match scope {
        MapScope::Account(account) => Ok(account.clone()),
        MapScope::Shop(shop) => Ok(shop_named(app, shop.as_str()).await?.account),
    }
}

/// The shops that a map is for.
async fn shops(app: &App, scope: &MapScope) -> Result<Vec<Shop>, Failure> {
    let ids = match scope {
        MapScope::Shop(shop) => vec![shop.clone()],
        MapScope::Account(account) => app.table.account_shops(account).await?,
    };
    let mut shops = Vec::new();
    for id in ids {
        shops.extend(app.table.shop_get(&id, true).await?.map(|shop| shop.row));
    }
    Ok(shops)
}

/// `waybill map list`. True when a mapping leads to a carrier that its shop no longer has.
///
/// # Errors
/// The table.
pub async fn list(app: &App, place: &MapPlace, output: &mut Output) -> Result<bool, Failure> {
    let scope = scope(app, place).await?;
    let map = app.table.map_get(&scope, true).await?;
    let mut lost = Vec::new();
    for shop in shops(app, &scope).await? {
        let (maps, lists) = (Maps::read(app, &shop, true).await?, app.table.providers_all(&shop.id).await?);
        lost.extend(lost_mappings(&shop, &maps, &lists).into_iter().map(|lost| (shop.clone(), lost)));
    }
    let row = |entry: &MapEntry| EntryRow {
        entry: entry.clone(),
        warning: lost
            .iter()
            .find(|(_, lost)| lost.store_carrier == entry.store_carrier)
            .map(|(shop, lost)| lost_words(shop, lost)),
    };
    let rows: Vec<EntryRow> = map.entries.iter().map(row).collect();
    let attention = rows.iter().any(|row| row.warning.is_some());
    output.rows(&rows, "Nothing is mapped: waybill map set.")?;
    for row in &rows {
        if let Some(warning) = &row.warning {
            output.say(format_args!("Warning, {}: {warning}", quoted(&row.entry.store_carrier)))?;
        }
    }
    if let MapScope::Account(_) = &scope {
        for shop in shops(app, &scope).await? {
            let own = app.table.map_get(&MapScope::Shop(shop.id.clone()), true).await?.entries.len();
            if own > 0 {
                let entries = plural(own, "entry of its own, which wins", "entries of its own, which win");
                output.say(format_args!("{} has {entries}: waybill map list --shop {}", shop.name, shop.id))?;
            }
        }
    }
    Ok(attention)
}

#[derive(Serialize)]
struct EntryRow {
    #[serde(flatten)]
    entry: MapEntry,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

impl Row for EntryRow {
    const HEAD: &'static [&'static str] = &["store carrier", "TikTok carrier", "saved by", "saved"];
    fn cells(&self, zone: &TimeZone) -> Vec<String> {
        let MapEntry { store_carrier, tiktok_carrier, author, saved } = &self.entry;
        vec![quoted(store_carrier), tiktok_carrier.clone(), author.clone(), local(*saved, zone)]
    }
}

/// Why a mapping will hold the next parcel.
pub(super) fn lost_words(shop: &Shop, lost: &LostMapping) -> String {
    let name = &lost.tiktok_carrier;
    match lost.gone_since {
        Some(since) => format!("{name} left the carrier list of shop {} at TikTok by {since}", shop.id),
        None => format!("{name} is not on the carrier list of shop {}: is it enabled in Seller Center?", shop.id),
    }
}

/// `waybill map export`: JSON lines, whatever the output.
///
/// # Errors
/// The table.
pub async fn export(app: &App, place: &MapPlace, output: &mut Output) -> Result<bool, Failure> {
    for entry in &app.table.map_get(&scope(app, place).await?, true).await?.entries {
        output.line(entry)?;
    }
    Ok(false)
}

/// `waybill map list --suggestions`: names that parcels were held for, with the likeliest carriers.
///
/// # Errors
/// The table.
pub async fn suggestions(app: &App, place: &MapPlace, output: &mut Output) -> Result<bool, Failure> {
    let mut any = false;
    for shop in shops(app, &scope(app, place).await?).await? {
        for open in carrier_names::suggestions(app, &shop).await? {
            any = true;
            if output.is_json() {
                output.line(&OpenRow { open: &open, shop: shop.id.as_str() })?;
                continue;
            }
            output.say(format!(
                "{}  held {} times, {} wait now, last {} (order {})",
                quoted(&open.store_carrier),
                open.count,
                open.waiting,
                local(open.last_seen, &output.zone().clone()),
                open.sample_order,
            ))?;
            for candidate in &open.candidates {
                output.say(format!("    {}: {}", candidate.name, candidate.why))?;
            }
            if let Some(first) = open.candidates.first() {
                let command = map_command(&open.store_carrier, &first.name, shop.id.as_str());
                output.say(format!("    {command}"))?;
            }
            output.say(format!("    by {}", open.list))?;
        }
    }
    if !any {
        output.say("No name waits for a match.")?;
    }
    Ok(any)
}

#[derive(Serialize)]
struct OpenRow<'a> {
    #[serde(flatten)]
    open: &'a Suggestion,
    shop: &'a str,
}

fn quoted(name: &str) -> String {
    if name.is_empty() { "(no carrier named)".to_owned() } else { format!("\"{name}\"") }
}

/// `waybill map set`.
///
/// # Errors
/// Wrong use, or the words are mapped already.
pub async fn set(
    app: &App,
    place: &MapPlace,
    words: &str,
    carrier: &str,
    output: &mut Output,
) -> Result<bool, Failure> {
    let scope = scope(app, place).await?;
    let queued =
        match acts::map(app, &Actor::command_line(), &account_of_scope(app, &scope).await?, &scope, words, carrier)
            .await
        {
            Ok(queued) => queued,
            Err(error @ MapError::Duplicate { .. }) => {
                let next = format!("waybill map remove {}", shell(words));
                return Err(Failure::attention(error.to_string(), next));
            }
            Err(error @ MapError::NotListed { .. }) => {
                let next =
                    "See waybill carriers; after enabling a carrier in Seller Center: waybill carriers --refresh.";
                return Err(Failure::attention(error.to_string(), next));
            }
            Err(error) => return Err(error.into()),
        };
    let done =
        Saved { store_carrier: words, tiktok_carrier: Some(carrier), queued_again: Some(queued), removed: false };
    let said = format!(
        "{} means {carrier} now; {} with the next push.",
        quoted(words),
        plural(queued, "parcel goes out", "parcels go out")
    );
    output.done(&done, said)?;
    if queued == 0 && !output.is_json() {
        let waiting: Vec<String> = names_that_wait(app, &scope).await?;
        if !waiting.is_empty() {
            output.say(format_args!("Names that do wait: {}", waiting.join(", ")))?;
        }
    }
    Ok(false)
}

#[derive(Serialize)]
struct Saved<'a> {
    store_carrier: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tiktok_carrier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queued_again: Option<usize>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    removed: bool,
}

/// The names that parcels of a map's shops wait for.
async fn names_that_wait(app: &App, scope: &MapScope) -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for shop in shops(app, scope).await? {
        let open = Attention::of(app, &shop.id).await?.names(app).await?;
        names.extend(open.iter().map(|open| format!("{} ({})", quoted(&open.name), open.waiting)));
    }
    Ok(names)
}

/// `waybill map remove`: an error when the words are not mapped.
pub async fn remove(app: &App, place: &MapPlace, words: &str, output: &mut Output) -> Result<bool, Failure> {
    let scope = scope(app, place).await?;
    acts::unmap(app, &Actor::command_line(), &account_of_scope(app, &scope).await?, &scope, words).await?;
    let done = Saved { store_carrier: words, tiktok_carrier: None, queued_again: None, removed: true };
    output.done(&done, format!("{} is not mapped any more.", quoted(words)))?;
    Ok(false)
}

/// One line of an import.
#[derive(Deserialize)]
struct Line {
    store_carrier: String,
    tiktok_carrier: String,
    author: Option<String>,
    saved: Option<Timestamp>,
}

/// `waybill map import`. True when an entry was not taken over as it is, or leads nowhere.
///
/// # Errors
/// A line that cannot be read, by its number; nothing is saved then.
pub async fn import(app: &App, place: &MapPlace, output: &mut Output) -> Result<bool, Failure> {
    let scope = scope(app, place).await?;
    let text = standard_input("mappings as JSON lines")?;
    let now = app.clock.now();
    let mut entries = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line).map_err(|_| {
            Failure::usage(
                format!("line {} cannot be read; nothing is saved", at + 1),
                "Each line is {\"store_carrier\": \"…\", \"tiktok_carrier\": \"…\"}, as waybill map export writes it.",
            )
        })?;
        entries.push(MapEntry {
            store_carrier: line.store_carrier,
            tiktok_carrier: line.tiktok_carrier,
            author: line.author.unwrap_or_else(|| AUTHOR.to_owned()),
            // Who decided it and when goes along; nothing is decided in the future.
            saved: line.saved.map_or(now, |saved| saved.min(now)),
        });
    }
    let (actor, account) = (Actor::command_line(), account_of_scope(app, &scope).await?);
    let done = acts::import_maps(app, &actor, &account, &scope, entries).await?;
    let kept: Vec<String> =
        done.kept.iter().map(|known| format!("{:?} stays {:?}", known.store_carrier, known.tiktok_carrier)).collect();
    let attention = !kept.is_empty() || !done.not_listed.is_empty();
    let row = ImportedRow {
        saved: done.saved,
        mapped_already: done.same,
        kept: &kept,
        not_on_the_list: &done.not_listed,
        queued_again: done.queued_again,
    };
    let said = format!(
        "{} saved, {} mapped already; {} with the next push.",
        done.saved,
        done.same,
        plural(done.queued_again, "parcel goes out", "parcels go out")
    );
    output.done(&row, said)?;
    for words in &kept {
        output.say(format_args!("Mapped before: {words}"))?;
    }
    for carrier in &done.not_listed {
        output.say(format_args!("{carrier:?} is on no carrier list: parcels of it will be held."))?;
    }
    Ok(attention)
}

#[derive(Serialize)]
struct ImportedRow<'a> {
    saved: usize,
    mapped_already: usize,
    kept: &'a [String],
    not_on_the_list: &'a [String],
    queued_again: usize,
}
