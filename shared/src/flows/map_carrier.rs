//! A merchant says once which TikTok carrier a store's words mean; every parcel that waited for it is queued again.

use crate::app::App;
use crate::domain::ids::ShopId;
use crate::domain::parcel::{Parcel, ParcelState};
use crate::domain::reason::Reason;
use crate::flows::carrier::folded;
use crate::table::error::TableError;
use crate::table::maps::{CarrierMap, MapEntry, MapScope};

/// Holds that a mapping can free start with this.
const CARRIER_REASONS: &str = "CARRIER_";

/// A mapping cannot be saved.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// The same words are mapped already.
    #[error("{store_carrier:?} is mapped to {tiktok_carrier:?} already: remove that entry first")]
    Duplicate {
        /// The store's words.
        store_carrier: String,
        /// What they mean so far.
        tiktok_carrier: String,
    },
    /// No such entry.
    #[error("{0:?} is not mapped")]
    Unknown(String),
    /// The TikTok carrier is blank.
    #[error("name a TikTok carrier")]
    Blank,
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Saves a mapping, then queues every parcel that waits for these words. Returns how many.
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
    let (words, carrier) = (store_carrier.trim(), tiktok_carrier.trim());
    if carrier.is_empty() {
        return Err(MapError::Blank);
    }
    edit(app, scope, |map| {
        if let Some(known) = map.entries.iter().find(|e| folded(&e.store_carrier) == folded(words)) {
            return Err(MapError::Duplicate {
                store_carrier: known.store_carrier.clone(),
                tiktok_carrier: known.tiktok_carrier.clone(),
            });
        }
        map.entries.push(MapEntry {
            store_carrier: words.to_owned(),
            tiktok_carrier: carrier.to_owned(),
            author: author.to_owned(),
            saved: app.clock.now(),
        });
        Ok(())
    })
    .await?;
    Ok(requeue_scope(app, scope, words).await?)
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
    change: impl Fn(&mut CarrierMap) -> Result<(), MapError>,
) -> Result<(), MapError> {
    loop {
        let mut map = app.table.map_get(scope, true).await?;
        change(&mut map)?;
        match app.table.map_put(scope, &mut map).await {
            Err(TableError::Conflict) => {}
            other => return Ok(other?),
        }
    }
}

async fn requeue_scope(app: &App, scope: &MapScope, words: &str) -> Result<usize, TableError> {
    let shops = match scope {
        MapScope::Shop(shop) => vec![shop.clone()],
        MapScope::Account(account) => app.table.account_shops(account).await?,
    };
    let mut queued = 0;
    for shop in shops {
        queued += requeue(app, &shop, CARRIER_REASONS, |parcel| {
            folded(parcel.carrier.as_deref().unwrap_or_default()) == folded(words)
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
    let mut queued = 0;
    for key in app.table.held_keys(shop, reasons).await? {
        while let Some(mut parcel) = app.table.parcel_get(&key).await? {
            let waits = parcel.due.is_none() && parcel.state.phase() == crate::domain::parcel::Phase::Waiting;
            let sendable = parcel.state.reason() != Some(Reason::TrackingMissing);
            let now = app.clock.now();
            if !waits || !sendable || !fits(&parcel) || parcel.advance(ParcelState::Queued, now).is_err() {
                break;
            }
            parcel.due = Some(now);
            parcel.waits_for = None;
            parcel.attempts = 0;
            parcel.crashes = 0;
            parcel.note(now, "queued again", "");
            match app.table.parcel_put(&mut parcel).await {
                Ok(()) => {
                    queued += 1;
                    break;
                }
                Err(TableError::Conflict) => {}
                Err(other) => return Err(other),
            }
        }
    }
    Ok(queued)
}
