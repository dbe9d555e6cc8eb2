//! Another number or carrier, by a person's word: kept as if the store had said it just now, so that it goes the way of
//! every edit and an older message of the store cannot undo it.

use super::apply::record;
use super::{Actor, Effect};
use crate::app::App;
use crate::domain::decision::EDIT_WINDOW;
use crate::domain::fulfilment::{Fulfilment, OrderLink, Shipment, ShipmentStatus, StoreParcel, Version};
use crate::domain::intake::MOMENTS;
use crate::domain::parcel::{Parcel, ParcelState, Phase, Source};
use crate::domain::tracking::TrackingNumber;
use crate::flows::intake::keep::{Kept, keep};
use crate::table::error::TableError;
use jiff::Timestamp;

/// The correction cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CorrectError {
    /// TikTok takes one correction for a number.
    #[error("the single correction for this number is used; open a ticket at TikTok")]
    EditUsed,
    /// It takes it for 72 hours.
    #[error("the 72 hours for a correction have passed; open a ticket at TikTok")]
    WindowClosed,
    /// The store has taken the number back.
    #[error("the store has replaced or cancelled this number")]
    Withdrawn,
    /// Number and carrier are what they were.
    #[error("number and carrier are as they were")]
    Same,
    /// The parcel's store is not connected any more.
    #[error("its store is not connected any more")]
    NoStore,
    /// Somebody else changes the order just now.
    #[error("the order changes just now; try again")]
    Busy,
}

/// Corrections left for a parcel: one for 72 hours once TikTok has the number, any number before.
///
/// # Errors
/// [`CorrectError`] says why there is none.
pub fn corrections_left(parcel: &Parcel, now: Timestamp) -> Result<Option<u32>, CorrectError> {
    match &parcel.sent {
        _ if parcel.is_withdrawn() || parcel.state == ParcelState::Dismissed => Err(CorrectError::Withdrawn),
        Some(sent) if parcel.state.phase() == Phase::Done && sent.edits > 0 => Err(CorrectError::EditUsed),
        Some(sent) if parcel.state.phase() == Phase::Done && now > sent.shipped_at + EDIT_WINDOW => {
            Err(CorrectError::WindowClosed)
        }
        Some(sent) => Ok(Some(1u32.saturating_sub(sent.edits))),
        None => Ok(None),
    }
}

/// Gives a parcel another number, another carrier, or both; what is not named stays. `dry_run` only says what would be.
///
/// # Errors
/// The table; within: [`CorrectError`].
pub async fn correct(
    app: &App,
    actor: &Actor,
    parcel: &Parcel,
    number: Option<&TrackingNumber>,
    carrier: Option<&str>,
    dry_run: bool,
) -> Result<Result<Effect, CorrectError>, TableError> {
    let now = app.clock.now();
    let left = match corrections_left(parcel, now) {
        Ok(left) => left,
        Err(error) => return Ok(Err(error)),
    };
    let wanted = StoreParcel {
        number: match number.or(parcel.number.as_ref()) {
            Some(number) => number.clone(),
            None => return Ok(Err(CorrectError::Same)),
        },
        carrier: carrier
            .map(|words| words.trim().to_owned())
            .filter(|words| !words.is_empty())
            .or_else(|| parcel.carrier.clone()),
    };
    if parcel.number.as_ref() == Some(&wanted.number) && parcel.carrier == wanted.carrier {
        return Ok(Err(CorrectError::Same));
    }
    let Some(store) = app.table.store_get(&parcel.store, true).await? else { return Ok(Err(CorrectError::NoStore)) };
    let said = said(&wanted, left);
    if !dry_run {
        let rows = app.table.order_rows(&parcel.store, &parcel.order, true).await?.parcels;
        let news = Fulfilment {
            order: parcel.order.clone(),
            order_name: parcel.order_name.clone(),
            link: match parcel.tiktok_order() {
                Some(id) => OrderLink::Found(id.clone()),
                None => OrderLink::NotRead,
            },
            cancelled: None,
            shipments: parcel
                .sources
                .iter()
                .filter(|s| s.present)
                .map(|s| shipment(s, parcel, &rows, &wanted, now))
                .collect(),
            complete: None,
        };
        match keep(app, &store.row, &news, false).await {
            Ok(Kept::Stored { .. } | Kept::Unchanged) => {}
            Ok(Kept::Older | Kept::Mixed(_)) | Err(TableError::Conflict) => return Ok(Err(CorrectError::Busy)),
            Err(other) => return Err(other),
        }
        let of = parcel.number.as_ref().map_or_else(|| parcel.order.to_string(), |number| number.as_str().to_owned());
        record(app, actor, "correct", &of, parcel, &said).await?;
    }
    let mut effect = Effect::of(parcel, Ok(said));
    effect.number = Some(wanted.number);
    Ok(Ok(effect))
}

fn said(wanted: &StoreParcel, left: Option<u32>) -> String {
    let carrier = wanted.carrier.as_deref().unwrap_or("no carrier named");
    let edits = match left {
        Some(left) => {
            format!("; uses the only correction that TikTok takes ({} left after it)", left.saturating_sub(1))
        }
        None => String::new(),
    };
    format!("becomes {} by {carrier}, sent with the next push{edits}", wanted.number.as_str())
}

/// The shipment as the person says it is: the numbers that share it stay beside the new one.
fn shipment(source: &Source, parcel: &Parcel, rows: &[Parcel], wanted: &StoreParcel, now: Timestamp) -> Shipment {
    let beside = rows.iter().filter(|row| row.number.is_some() && row.number != parcel.number);
    let beside = beside.filter(|row| row.source(&source.shipment).is_some_and(|s| s.present));
    let kept = beside.filter_map(|row| Some(StoreParcel { number: row.number.clone()?, carrier: row.carrier.clone() }));
    let version = if source.version.changed < MOMENTS {
        // A sender that counts: its next count is newer, its last one is not.
        Version { changed: source.version.changed, seen: now.as_millisecond() }
    } else {
        Version::new(now, now)
    };
    Shipment {
        id: source.shipment.clone(),
        version,
        status: ShipmentStatus::Shipped,
        parcels: kept.chain([wanted.clone()]).collect(),
        lines: source.lines.clone(),
    }
}
