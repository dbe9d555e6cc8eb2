//! Reads a store again for a time and says what of it differs from our rows: for a person who wants it decided anew. A
//! watermark is not touched, and what a person dismissed stays so.

use crate::app::App;
use crate::domain::connection::StoreConnection;
use crate::domain::fulfilment::{Fulfilment, OrderLink, Version};
use crate::domain::intake::absorb;
use crate::domain::parcel::{Parcel, ParcelState, Phase};
use crate::domain::reason::Reason;
use crate::flows::access::store::{VaultError, ask, store_access};
use crate::flows::intake::keep::{Kept, keep_fitting};
use crate::outbound::OutboundError;
use crate::stores::error::StoreError;
use crate::stores::poll::{PollQuery, PollStep, poll};
use crate::table::error::TableError;
use crate::table::keys;
use jiff::Timestamp;
use serde::Serialize;
use std::time::Duration;

/// One call to a store's API.
const CALL: Duration = Duration::from_secs(10);

/// A store could not be read again.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// It has no API, or no credentials to read it with.
    #[error("this store cannot be read: it has no API, or Waybill has no credentials for it")]
    NoAccess,
    /// Its API.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The way to it.
    #[error("the store cannot be reached")]
    Unreachable(#[from] OutboundError),
    /// Its credentials.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// What a parcel is now, and what reading the store again makes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The store's order.
    pub order: String,
    /// The number.
    pub number: Option<String>,
    /// The store's word for the carrier, as just read.
    pub carrier: Option<String>,
    /// Its state now; `None`: not known yet.
    pub before: Option<String>,
    /// Its state after the replay, before the next push.
    pub after: String,
    /// In words.
    pub said: &'static str,
}

/// What a store showed for the time.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// Its orders, as messages.
    pub news: Vec<Fulfilment>,
}

/// Reads what changed in a store from `since` to `until`. `progress`: orders read so far.
///
/// # Errors
/// [`ReplayError`].
pub async fn read(
    app: &App,
    store: &StoreConnection,
    since: Timestamp,
    until: Timestamp,
    progress: impl Fn(usize),
) -> Result<Read, ReplayError> {
    let access = store_access(app, store).await?.ok_or(ReplayError::NoAccess)?;
    let query = PollQuery { since, open_orders: Vec::new(), resume: None };
    let mut machine = poll(&access, query).map_err(|_| ReplayError::NoAccess)?;
    let (mut read, mut answer) = (Read::default(), None);
    loop {
        match machine.step(answer.take().as_ref(), app.clock.now())? {
            PollStep::Send(request) => answer = Some(ask(app, store.platform, request, CALL).await?),
            PollStep::Found { fulfilments, .. } => {
                read.news.extend(fulfilments.into_iter().filter(|news| is_within(news, since, until)));
                progress(read.news.len());
            }
            PollStep::Done { .. } => return Ok(read),
        }
    }
}

/// Something of it changed in that time.
fn is_within(news: &Fulfilment, since: Timestamp, until: Timestamp) -> bool {
    let within = |version: Version| (since.as_millisecond()..=until.as_millisecond()).contains(&version.changed);
    let shipments = news.shipments.iter().map(|shipment| shipment.version);
    shipments.chain(news.cancelled).any(within)
}

/// What an order's message changes, with nothing written: rows that would be, or that wait and are judged anew.
///
/// # Errors
/// [`TableError`].
pub async fn differences(app: &App, store: &StoreConnection, news: &Fulfilment) -> Result<Vec<Difference>, TableError> {
    let known = app.table.order_rows(&store.id, &news.order, true).await?;
    let mut news = news.in_plain_names();
    if let Some(link) = known.link {
        news.link = OrderLink::Found(link);
    }
    let changed = absorb(&known.parcels, &news, store, true, app.clock.now()).map(|done| done.rows).unwrap_or_default();
    let before = |row: &Parcel| known.parcels.iter().find(|old| keys::parcel(old) == keys::parcel(row));
    let mut all: Vec<Difference> = changed
        .iter()
        .filter(|row| may_change(before(row)))
        .filter(|row| !before(row).is_some_and(|old| says_the_same(old, row)))
        .map(|row| {
            difference(before(row), row, if before(row).is_some() { "changed in the store" } else { "not known yet" })
        })
        .collect();
    let unchanged = |row: &&Parcel| !changed.iter().any(|new| keys::parcel(new) == keys::parcel(row));
    for row in known.parcels.iter().filter(unchanged).filter(|row| is_judged_anew(row)) {
        all.push(Difference {
            after: ParcelState::Queued.to_string(),
            ..difference(Some(row), row, "waits; judged anew")
        });
    }
    Ok(all)
}

fn difference(before: Option<&Parcel>, row: &Parcel, said: &'static str) -> Difference {
    Difference {
        order: row.order_name.clone().unwrap_or_else(|| row.order.to_string()),
        number: row.number.as_ref().map(|number| number.as_str().to_owned()),
        carrier: row.carrier.clone(),
        before: before.map(|row| row.state.to_string()),
        after: row.state.to_string(),
        said,
    }
}

/// What a merchant would see is as it was.
fn says_the_same(old: &Parcel, new: &Parcel) -> bool {
    (old.state, &old.number, &old.carrier, old.is_withdrawn(), &old.link)
        == (new.state, &new.number, &new.carrier, new.is_withdrawn(), &new.link)
}

/// A person dismissed it: no reading of the store changes that.
fn may_change(known: Option<&Parcel>) -> bool {
    known.is_none_or(|row| row.state != ParcelState::Dismissed)
}

/// It waits for something that a new look may answer. What TikTok has, and what is closed, is not judged again.
#[must_use]
pub fn is_judged_anew(row: &Parcel) -> bool {
    row.state.phase() == Phase::Waiting && row.may_be_retried() && row.state.reason() != Some(Reason::TrackingMissing)
}

/// Keeps an order's message as a poll would. Gives the rows of the order that wait and are to be judged anew.
///
/// # Errors
/// [`TableError`].
pub async fn keep(app: &App, store: &StoreConnection, news: &Fulfilment) -> Result<(usize, Vec<Parcel>), TableError> {
    let kept = keep_fitting(app, store, news, true, may_change).await?;
    let rows = app.table.order_rows(&store.id, &news.order, true).await?.parcels;
    let stored = if let Kept::Stored { rows } = kept { rows } else { 0 };
    Ok((stored, rows.into_iter().filter(is_judged_anew).collect()))
}
