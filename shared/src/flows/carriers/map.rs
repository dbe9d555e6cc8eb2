//! A merchant says once which TikTok carrier a store's words mean; every parcel that waited for it is queued again.

use crate::app::App;
use crate::domain::ids::{ShopId, StoreId};
use crate::domain::intake::is_unread;
use crate::domain::parcel::{Parcel, Plain};
use crate::domain::reason::Reason;
use crate::flows::carriers::match_parcel::{folded, recognised};
use crate::flows::intake::notices;
use crate::table::error::TableError;
use crate::table::keys::Key;
use crate::table::maps::{CarrierMap, MapEntry, MapScope};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;

/// Holds that a mapping can free start with this.
pub const CARRIER_REASONS: &str = "CARRIER_";

/// Characters of the longest name on either side.
const LONGEST_NAME: usize = 200;
/// Entries of the longest map: a row of the table holds more, and nobody's store has so many carriers.
const MOST_ENTRIES: usize = 500;
/// Parcels that are queued again at the same time.
const QUEUED_TOGETHER: usize = 16;

/// A mapping cannot be saved.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// The same words are mapped already.
    #[error(
        "{asked:?} is mapped already: {:?} stands for {:?} (saved by {} at {}); remove that entry first",
        known.store_carrier, known.tiktok_carrier, known.author, known.saved
    )]
    Duplicate {
        /// The words that were to be mapped.
        asked: String,
        /// The entry that stands.
        known: Box<MapEntry>,
    },
    /// No such entry.
    #[error("{0:?} is not mapped")]
    Unknown(String),
    /// The TikTok carrier is blank.
    #[error("name a TikTok carrier")]
    Blank,
    /// A name or the map itself is too long.
    #[error("a name has at most {LONGEST_NAME} characters, and a map at most {MOST_ENTRIES} entries")]
    TooLong,
    /// No shop in the map's reach has this carrier on its list.
    #[error(
        "{tiktok_carrier:?} is not on the carrier list at TikTok{}",
        if likely.is_empty() { String::new() } else { format!("; did you mean {}?", likely.join(", ")) }
    )]
    NotListed {
        /// As asked.
        tiktok_carrier: String,
        /// Names of the list that are alike.
        likely: Vec<String>,
    },
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Saves a mapping, then queues every parcel that waits for these words. Returns how many. The carrier must be on a list
/// of a shop that the map is for, as far as lists have been read.
///
/// # Errors
/// [`MapError`].
pub async fn set(
    app: &App,
    scope: &MapScope,
    store_carrier: &str,
    tiktok_carrier: &str,
    author: &str,
) -> Result<usize, MapError> {
    let (author, saved) = (author.to_owned(), app.clock.now());
    let entry = checked(MapEntry {
        store_carrier: store_carrier.to_owned(),
        tiktok_carrier: tiktok_carrier.to_owned(),
        author,
        saved,
    })?;
    let shops = shops(app, scope).await?;
    if let Err(likely) = listed(app, &shops, &entry.tiktok_carrier).await? {
        return Err(MapError::NotListed { tiktok_carrier: entry.tiktok_carrier, likely });
    }
    edit(app, scope, |map| {
        if let Some(known) = find(map, &entry.store_carrier) {
            // Our own write, its answer lost.
            if *known == entry {
                return Ok(());
            }
            return Err(MapError::Duplicate { asked: entry.store_carrier.clone(), known: Box::new(known.clone()) });
        }
        push(map, entry.clone())
    })
    .await?;
    Ok(requeue_names(app, &shops, &BTreeSet::from([folded(&entry.store_carrier)])).await?)
}

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Entries that are new.
    pub saved: usize,
    /// Entries whose words stood for the same carrier before.
    pub same: usize,
    /// Entries whose words are mapped to another carrier: what stood before stands.
    pub kept: Vec<MapEntry>,
    /// Saved carriers that no shop of the map has on its list: parcels of these names will be held.
    pub not_listed: Vec<String>,
    /// Parcels queued again.
    pub queued_again: usize,
}

/// Saves many entries in one go, each with the author and time it carries, then queues every parcel that waits for one of
/// them. Words that are mapped already keep what they have.
///
/// # Errors
/// [`MapError`]; nothing is saved then.
pub async fn import(app: &App, scope: &MapScope, entries: Vec<MapEntry>) -> Result<Imported, MapError> {
    let entries = entries.into_iter().map(checked).collect::<Result<Vec<_>, _>>()?;
    let mut done = Imported::default();
    let mut new: Vec<MapEntry> = Vec::new();
    edit(app, scope, |map| {
        (done, new) = (Imported::default(), Vec::new());
        for entry in &entries {
            match find(map, &entry.store_carrier).cloned() {
                Some(known) if folded(&known.tiktok_carrier) == folded(&entry.tiktok_carrier) => done.same += 1,
                Some(known) => done.kept.push(known),
                None => {
                    push(map, entry.clone())?;
                    new.push(entry.clone());
                }
            }
        }
        Ok(())
    })
    .await?;
    done.saved = new.len();
    let shops = shops(app, scope).await?;
    let carriers: BTreeSet<&str> = new.iter().map(|entry| entry.tiktok_carrier.as_str()).collect();
    for carrier in carriers {
        if listed(app, &shops, carrier).await?.is_err() {
            done.not_listed.push(carrier.to_owned());
        }
    }
    let names = new.iter().map(|entry| folded(&entry.store_carrier)).collect();
    done.queued_again = requeue_names(app, &shops, &names).await?;
    Ok(done)
}

fn checked(entry: MapEntry) -> Result<MapEntry, MapError> {
    let (words, carrier) = (entry.store_carrier.trim().to_owned(), entry.tiktok_carrier.trim().to_owned());
    if folded(&carrier).is_empty() {
        return Err(MapError::Blank);
    }
    let author: String = entry.author.chars().take(LONGEST_NAME).collect();
    if [&words, &carrier].iter().any(|name| name.chars().count() > LONGEST_NAME) {
        return Err(MapError::TooLong);
    }
    Ok(MapEntry { store_carrier: words, tiktok_carrier: carrier, author, saved: entry.saved })
}

fn find<'m>(map: &'m CarrierMap, words: &str) -> Option<&'m MapEntry> {
    let wanted = folded(words);
    map.entries.iter().find(|entry| folded(&entry.store_carrier) == wanted)
}

fn push(map: &mut CarrierMap, entry: MapEntry) -> Result<(), MapError> {
    if map.entries.len() >= MOST_ENTRIES {
        return Err(MapError::TooLong);
    }
    map.entries.push(entry);
    Ok(())
}

/// The shops that a map is for.
async fn shops(app: &App, scope: &MapScope) -> Result<Vec<ShopId>, TableError> {
    match scope {
        MapScope::Shop(shop) => Ok(vec![shop.clone()]),
        MapScope::Account(account) => app.table.account_shops(account).await,
    }
}

/// `Ok` if one of the shops lists the carrier, or if no list was read yet; else `Err` with the listed names that are
/// similar.
async fn listed(app: &App, shops: &[ShopId], carrier: &str) -> Result<Result<(), Vec<String>>, TableError> {
    let mut likely: Vec<String> = Vec::new();
    let mut read = false;
    for id in shops {
        let Some(shop) = app.table.shop_get(id, false).await?.map(|shop| shop.row) else { continue };
        let lists = app.table.providers_all(id).await?;
        if lists.is_empty() {
            return Ok(Ok(()));
        }
        for list in &lists {
            let live = recognised(&shop, &list.list);
            if live.by_tiktok_name(carrier).is_some() {
                return Ok(Ok(()));
            }
            let alike = live.suggest(Some(carrier), None).into_iter().map(|candidate| candidate.name);
            for name in alike {
                if likely.len() < 3 && !likely.contains(&name) {
                    likely.push(name);
                }
            }
            read = true;
        }
    }
    Ok(if read { Err(likely) } else { Ok(()) })
}

/// Takes an entry away. What waits for its words goes on waiting.
///
/// # Errors
/// [`MapError`].
pub async fn remove(app: &App, scope: &MapScope, store_carrier: &str) -> Result<(), MapError> {
    edit(app, scope, |map| {
        let before = map.entries.len();
        map.entries.retain(|entry| folded(&entry.store_carrier) != folded(store_carrier));
        if map.entries.len() == before { Err(MapError::Unknown(store_carrier.to_owned())) } else { Ok(()) }
    })
    .await
}

async fn edit(
    app: &App,
    scope: &MapScope,
    mut change: impl FnMut(&mut CarrierMap) -> Result<(), MapError>,
) -> Result<(), MapError> {
    loop {
        let mut map = app.table.map_get(scope, true).await?;
        let before = map.entries.clone();
        change(&mut map)?;
        if map.entries == before {
            return Ok(());
        }
        match app.table.map_put(scope, &mut map).await {
            Err(TableError::Conflict) => {}
            other => return Ok(other?),
        }
    }
}

async fn requeue_names(app: &App, shops: &[ShopId], names: &BTreeSet<String>) -> Result<usize, TableError> {
    let mut queued = 0;
    for shop in shops.iter().filter(|_| !names.is_empty()) {
        queued += requeue(app, shop, CARRIER_REASONS, |parcel| {
            names.contains(&folded(parcel.carrier.as_deref().unwrap_or_default()))
        })
        .await?;
    }
    Ok(queued)
}

/// Queues the parcels of a shop's attention list that fit. A row that changes meanwhile is judged again.
///
/// # Errors
/// [`TableError`].
pub async fn requeue(
    app: &App,
    shop: &ShopId,
    reasons: &str,
    fits: impl Fn(&Parcel) -> bool,
) -> Result<usize, TableError> {
    queue_held(app, shop, reasons, fits, |_, _| {}).await
}

/// Queues those of some parcels that are held and fit.
///
/// # Errors
/// [`TableError`].
pub async fn requeue_these(app: &App, keys: &[Key], fits: impl Fn(&Parcel) -> bool) -> Result<(), TableError> {
    for key in keys {
        queue_one(app, key, &fits, |_, _| {}).await?;
    }
    Ok(())
}

/// Queues what waits for a shop of the store's account.
///
/// # Errors
/// [`TableError`].
pub async fn requeue_of_store(app: &App, store: &StoreId, fits: impl Fn(&Parcel) -> bool) -> Result<usize, TableError> {
    let mut queued = 0;
    for entry in app.table.store_held_reasons(store).await? {
        queued += usize::from(queue_one(app, &entry.key, &fits, |_, _| {}).await?);
    }
    Ok(queued)
}

/// Queues parcels whose number or carrier was doubted: a person says that both are right as they stand.
///
/// # Errors
/// [`TableError`].
pub async fn confirm(app: &App, shop: &ShopId, fits: impl Fn(&Parcel) -> bool) -> Result<usize, TableError> {
    let doubted = |parcel: &Parcel| {
        let reason = parcel.state.reason();
        matches!(reason, Some(Reason::CarrierFormatMismatch | Reason::TrackingInvalid)) && fits(parcel)
    };
    queue_held(app, shop, "", doubted, |parcel, now| {
        parcel.confirmed = true;
        parcel.note(now, Plain::Confirmed, "");
    })
    .await
}

async fn queue_held(
    app: &App,
    shop: &ShopId,
    reasons: &str,
    fits: impl Fn(&Parcel) -> bool,
    change: impl Fn(&mut Parcel, Timestamp),
) -> Result<usize, TableError> {
    let keys = app.table.held_keys(shop, reasons).await?;
    let (fits, change) = (&fits, &change);
    let queued: Vec<bool> = stream::iter(keys)
        .map(|key| async move { queue_one(app, &key, fits, change).await })
        .buffer_unordered(QUEUED_TOGETHER)
        .try_collect()
        .await?;
    Ok(queued.into_iter().filter(|queued| *queued).count())
}

async fn queue_one(
    app: &App,
    key: &Key,
    fits: impl Fn(&Parcel) -> bool,
    change: impl Fn(&mut Parcel, Timestamp),
) -> Result<bool, TableError> {
    while let Some(mut parcel) = app.table.parcel_get(key).await? {
        if is_unread(&parcel) && fits(&parcel) {
            return notices::read_soon(app, &parcel).await;
        }
        let now = app.clock.now();
        if !parcel.may_be_retried() || !fits(&parcel) || !parcel.queue_again(now) {
            return Ok(false);
        }
        change(&mut parcel, now);
        match app.table.parcel_put(&mut parcel).await {
            Ok(()) => return Ok(true),
            Err(TableError::Conflict) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(false)
}
