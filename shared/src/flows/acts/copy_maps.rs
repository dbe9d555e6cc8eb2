//! A shop's carrier mappings for other shops: what would change is said first, and what a shop has decided for itself
//! stays.

use super::{Actor, noted};
use crate::app::App;
use crate::domain::connection::Shop;
use crate::flows::carriers::map::{self, MapError};
use crate::flows::carriers::match_parcel::{Maps, folded, recognised};
use crate::table::error::TableError;
use crate::table::maps::{MapEntry, MapScope};
use serde::Serialize;

/// What copying one entry to one shop comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is new there, and is copied.
    Copied,
    /// The words mean the same carrier there already.
    Same,
    /// The words mean another carrier there, which stays.
    Kept,
    /// The carrier is on no list of that shop: its parcels would be held, so it is not copied.
    NotListed,
}

impl Fate {
    /// In a person's words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Copied => "is copied",
            Self::Same => "means the same there already",
            Self::Kept => "means another carrier there, which stays",
            Self::NotListed => "is not copied: that shop does not have the carrier",
        }
    }
}

/// One entry, and what becomes of it in one shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Copying {
    /// The store's words; blank stands for "no carrier named".
    pub store_carrier: String,
    /// What they mean in the shop that is copied from.
    pub tiktok_carrier: String,
    /// What they mean in the other one now.
    pub there: Option<String>,
    /// What happens.
    pub fate: Fate,
}

/// What copying would do to one shop: the entries that count in `from`, its own before its account's, in the order in
/// which they were saved.
///
/// # Errors
/// [`TableError`].
pub async fn plan_copy(app: &App, from: &Shop, to: &Shop) -> Result<Vec<Copying>, TableError> {
    let (ours, theirs) = (Maps::read(app, from, true).await?, Maps::read(app, to, true).await?);
    let lists = app.table.providers_all(&to.id).await?;
    let live: Vec<_> = lists.iter().map(|list| recognised(to, &list.list)).collect();
    let mut plan: Vec<Copying> = Vec::new();
    for MapEntry { store_carrier, tiktok_carrier, .. } in ours.shop.entries.iter().chain(&ours.account.entries) {
        if plan.iter().any(|known| folded(&known.store_carrier) == folded(store_carrier)) {
            continue;
        }
        let there = theirs.choice(store_carrier).map(str::to_owned);
        let fate = match &there {
            Some(there) if folded(there) == folded(tiktok_carrier) => Fate::Same,
            Some(_) => Fate::Kept,
            None if live.is_empty() || live.iter().any(|list| list.by_tiktok_name(tiktok_carrier).is_some()) => {
                Fate::Copied
            }
            None => Fate::NotListed,
        };
        let (store_carrier, tiktok_carrier) = (store_carrier.clone(), tiktok_carrier.clone());
        plan.push(Copying { store_carrier, tiktok_carrier, there, fate });
    }
    Ok(plan)
}

/// What copying did to one shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyDone {
    /// Each entry, and what became of it.
    pub entries: Vec<Copying>,
    /// Parcels that go out with the next push.
    pub queued: usize,
}

impl CopyDone {
    /// How many entries are new there.
    #[must_use]
    pub fn copied(&self) -> usize {
        self.entries.iter().filter(|entry| entry.fate == Fate::Copied).count()
    }
}

/// Copies a shop's mappings to another one, which keeps what it has. In the audit of the account that is changed.
///
/// # Errors
/// [`MapError`]; nothing is saved then.
pub async fn copy_maps(app: &App, actor: &Actor, from: &Shop, to: &Shop) -> Result<CopyDone, MapError> {
    let entries = plan_copy(app, from, to).await?;
    let saved = app.clock.now();
    let new = entries.iter().filter(|entry| entry.fate == Fate::Copied).map(|entry| MapEntry {
        store_carrier: entry.store_carrier.clone(),
        tiktok_carrier: entry.tiktok_carrier.clone(),
        author: actor.who.clone(),
        saved,
    });
    let done = map::import(app, &MapScope::Shop(to.id.clone()), new.collect()).await?;
    if done.saved > 0 {
        let what = if done.saved == 1 { "1 mapping".to_owned() } else { format!("{} mappings", done.saved) };
        let said = format!("{what} of {} ({}) copied; {} queued again", from.name, from.id, done.queued_again);
        noted(app, actor, &to.account, "copy mappings", to.id.as_str(), said).await?;
    }
    Ok(CopyDone { entries, queued: done.queued_again })
}
