//! What a store's message changes in our rows. Pure: rows in, rows to write out.
//!
//! Supersession is per source shipment: a newer version of the *same* shipment replaces its older numbers, its older
//! TikTok order and its cancellation; another shipment is another parcel. A repeat or an older version changes nothing, so
//! deliveries may come twice and shuffled. A shipment's id means something within its store order only.

mod desk;
mod gone;
mod places;

use crate::domain::connection::StoreConnection;
use crate::domain::fulfilment::{Fulfilment, OrderLink, Shipment, ShipmentStatus, Version};
use crate::domain::ids::{ShipmentId, StoreOrderId};
use crate::domain::parcel::{Parcel, Source};
use crate::domain::platform::Platform;
use desk::Desk;
pub use gone::{is_unread, too_much, unread};
use jiff::Timestamp;

/// Stands for the whole order where a cancellation is remembered. No store writes such a shipment id.
const WHOLE_ORDER: &str = "*order";
/// Begins the id of what was announced and not read. No store writes such a shipment id.
const UNREAD: &str = "*unread:";

/// Counters are smaller than this, moments (milliseconds since 1970) of any store are larger.
pub const MOMENTS: i64 = 100_000_000_000;

/// What a message comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absorbed {
    /// The rows to write, new ones first: when we stop between two writes, the newer number already exists, and the older
    /// one is recognised as replaced by whoever reads both.
    pub rows: Vec<Parcel>,
    /// Something in it was older than what is known, and was left out.
    pub older: bool,
}

/// A sender orders its states by a counter in one message and by a moment in another: nobody can tell which is newer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("earlier messages about this parcel were ordered the other way")]
pub struct MixedVersions {
    /// Earlier ones had a counter.
    pub counted: bool,
}

/// Works out which rows of one store order a message changes.
///
/// `known` are all rows of that order.
///
/// # Errors
/// [`MixedVersions`], for warehouses that use the generic endpoint; nothing is to be written then.
pub fn absorb(
    known: &[Parcel],
    news: &Fulfilment,
    store: &StoreConnection,
    healed: bool,
    now: Timestamp,
) -> Result<Absorbed, MixedVersions> {
    if known.is_empty() && is_foreign(news) {
        return Ok(Absorbed::default());
    }
    if let [only] = news.shipments.as_slice()
        && only.status == ShipmentStatus::TooMuch
    {
        let row = gone::shows_too_much(known, store, &news.order, only, now);
        return Ok(Absorbed { rows: row.into_iter().collect(), older: false });
    }
    let claimed: Vec<i64> = news.shipments.iter().map(|shipment| shipment.version.changed).collect();
    let mut news = received(news, now);
    if store.platform == Platform::Generic {
        in_one_kind(known, &mut news)?;
    }
    let mut desk = Desk::new(known, &news, store, healed, now);
    for (shipment, claimed) in news.shipments.iter().zip(claimed) {
        desk.shipment(shipment, claimed);
    }
    if let Some(complete) = news.complete {
        desk.close_unlisted(complete);
    }
    if let Some(version) = news.cancelled {
        desk.cancel_order(version);
    }
    // A poll reads whole orders.
    desk.close_unread(healed);
    desk.link();
    desk.match_again(known);
    Ok(desk.result(known))
}

/// The message with no moment after its receipt: a sender's clock that is ahead must not shut out its later messages. Cut
/// to the second, as stores write them, so that the next message of the same second still counts.
fn received(news: &Fulfilment, now: Timestamp) -> Fulfilment {
    let now = now.as_millisecond();
    let cap = |version: Version| {
        let ahead = version.changed > now;
        let changed = if ahead { now - now.rem_euclid(1000) } else { version.changed };
        Version { changed, seen: version.seen.min(now) }
    };
    let shipment = |shipment: &Shipment| Shipment { version: cap(shipment.version), ..shipment.clone() };
    Fulfilment {
        shipments: news.shipments.iter().map(shipment).collect(),
        cancelled: news.cancelled.map(cap),
        complete: news.complete.map(cap),
        ..news.clone()
    }
}

/// Counters and moments are two kinds. A message with neither goes by its arrival, after whatever is known.
fn in_one_kind(known: &[Parcel], news: &mut Fulfilment) -> Result<(), MixedVersions> {
    let newest = |shipment: Option<&ShipmentId>| {
        let sources = known.iter().flat_map(|row| &row.sources);
        let ours = sources.filter(|source| shipment.is_none_or(|id| *id == source.shipment));
        ours.map(|source| source.version).max_by_key(|version| (version.changed < MOMENTS, *version))
    };
    let fit = |version: &mut Version, known: Option<Version>| {
        let Some(known) = known else { return Ok(()) };
        let counted = known.changed < MOMENTS;
        let by_arrival = version.changed == version.seen;
        match (counted, version.changed < MOMENTS) {
            (true, true) | (false, false) => Ok(()),
            (true, false) if by_arrival => {
                version.changed = known.changed;
                Ok(())
            }
            _ => Err(MixedVersions { counted }),
        }
    };
    for shipment in &mut news.shipments {
        fit(&mut shipment.version, newest(Some(&shipment.id)))?;
    }
    news.cancelled.iter_mut().try_for_each(|version| fit(version, newest(None)))
}

/// Nothing to remember: the order belongs to another channel, or is a cancelled order without any TikTok id.
fn is_foreign(news: &Fulfilment) -> bool {
    match news.link {
        OrderLink::OtherChannel => true,
        OrderLink::NotFound => news.cancelled.is_some() && news.shipments.iter().all(|s| s.parcels.is_empty()),
        OrderLink::NotRead | OrderLink::Found(_) | OrderLink::Ambiguous(_) => false,
    }
}

/// The newest version of a shipment that any row of its order knows.
#[must_use]
pub fn known_version<'a>(rows: impl IntoIterator<Item = &'a Parcel>, shipment: &ShipmentId) -> Option<Version> {
    rows.into_iter().filter_map(|row| row.source(shipment)).map(|source| source.version).max()
}

/// Rows of the same store order: only there a shipment's id means the same shipment.
fn of_one_order(row: &Parcel, other: &Parcel) -> bool {
    other.order == row.order && other.store == row.store
}

/// Whether this row is superseded: each shipment that it still stands for has a newer row. True as soon as the newer row is
/// stored, even while this one is not closed yet. A newer row of the same shipment counts only if the shipment now has
/// its number, or has none at all: that some other number was removed says nothing about this one.
#[must_use]
pub fn is_replaced(row: &Parcel, others: &[&Parcel]) -> bool {
    let replaces = |other: &Parcel, ours: &Source| {
        let theirs = other.source(&ours.shipment).filter(|theirs| theirs.present || other.number.is_none());
        theirs.is_some_and(|theirs| theirs.version > ours.version)
    };
    let siblings: Vec<&Parcel> = others.iter().copied().filter(|other| of_one_order(row, other)).collect();
    row.sources.iter().all(|source| !source.present || siblings.iter().any(|other| replaces(other, source)))
}

/// Whether the store cancelled the whole order after it last spoke of this row's shipments. The cancellation closes the
/// rows it sees; one that is stored in the same moment is found here.
#[must_use]
pub fn is_cancelled(row: &Parcel, others: &[&Parcel]) -> bool {
    let mut cancelled = others
        .iter()
        .filter(|other| of_one_order(row, other))
        .flat_map(|other| &other.sources)
        .filter(|source| source.shipment.as_str() == WHOLE_ORDER);
    row.sent.is_none()
        && cancelled.any(|order| {
            row.sources.iter().all(|source| !source.present || source.version.changed <= order.version.changed)
        })
}

/// The row of a manual link, as a message that only says which TikTok order a store order is.
#[must_use]
pub fn link_only(order: StoreOrderId, link: OrderLink) -> Fulfilment {
    Fulfilment { order, order_name: None, link, cancelled: None, shipments: Vec::new(), complete: None }
}

#[cfg(test)]
mod tests;
