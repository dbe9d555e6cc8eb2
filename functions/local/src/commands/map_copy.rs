//! `waybill map copy`: a shop's carrier mappings for other shops.

use super::{Failure, Output, shop_named};
use crate::output::{Row, plural};
use clap::Args;
use jiff::tz::TimeZone;
use serde::Serialize;
use waybill::app::App;
use waybill::flows::acts::{self, Actor, Copying, Fate};

/// From which shop to which.
#[derive(Clone, Debug, Args)]
pub struct CopyArgs {
    /// The shop whose mappings count: its own, and its account's.
    #[arg(long, value_name = "SHOP")]
    pub from: String,
    /// The shops that get them; what a shop has decided itself stays.
    #[arg(long, value_name = "SHOP", required = true, num_args = 1..)]
    pub to: Vec<String>,
    /// Only say what would change.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Serialize)]
struct CopyRow {
    shop: String,
    #[serde(flatten)]
    entry: Copying,
    dry_run: bool,
}

impl Row for CopyRow {
    const HEAD: &'static [&'static str] = &["shop", "store carrier", "TikTok carrier", "what happens"];
    fn cells(&self, _: &TimeZone) -> Vec<String> {
        let Copying { store_carrier, tiktok_carrier, there, fate } = &self.entry;
        let there = there.as_ref().filter(|_| *fate == Fate::Kept).map(|there| format!(" ({there})"));
        let what = format!("{}{}", fate.words(), there.unwrap_or_default());
        vec![self.shop.clone(), store_carrier.clone(), tiktok_carrier.clone(), what]
    }
}

/// Copies, or says what copying would do. True when an entry was left out that the shop does not have otherwise.
///
/// # Errors
/// No such shop, or the table.
pub async fn run(app: &App, args: &CopyArgs, output: &mut Output) -> Result<bool, Failure> {
    let from = shop_named(app, &args.from).await?;
    let mut to = Vec::new();
    for id in &args.to {
        let shop = shop_named(app, id).await?;
        if shop.id == from.id {
            return Err(Failure::usage("a shop is not copied to itself", "Name another one with --to."));
        }
        to.push(shop);
    }
    let (mut rows, mut copied, mut queued) = (Vec::new(), 0, 0);
    for shop in &to {
        let entries = if args.dry_run {
            acts::plan_copy(app, &from, shop).await?
        } else {
            let done = acts::copy_maps(app, &Actor::command_line(), &from, shop).await?;
            queued += done.queued;
            done.entries
        };
        copied += entries.iter().filter(|entry| entry.fate == Fate::Copied).count();
        let row = |entry| CopyRow { shop: shop.id.to_string(), entry, dry_run: args.dry_run };
        rows.extend(entries.into_iter().map(row));
    }
    output.rows(&rows, "The shop to copy from has no mappings.")?;
    let mappings = plural(copied, "mapping", "mappings");
    if args.dry_run {
        output.say(format_args!("{mappings} would be copied; nothing was changed."))?;
    } else {
        let parcels = plural(queued, "parcel goes out", "parcels go out");
        output.say(format_args!("{mappings} copied; {parcels} with the next push."))?;
    }
    Ok(rows.iter().any(|row| matches!(row.entry.fate, Fate::NotListed | Fate::Kept)))
}
