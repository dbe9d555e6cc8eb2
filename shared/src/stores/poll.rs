//! Polls: what changed in a store since a moment. They heal lost deliveries, so what they yield goes the way of webhooks.

use super::error::StoreError;
use super::{LookUpMachine, Step, StoreAccess, bigcommerce, json, limits, magento, shopify, woocommerce};
use crate::domain::fulfilment::Fulfilment;
use crate::domain::ids::StoreOrderId;
use crate::domain::platform::Platform;
use bytes::Bytes;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// What a poll asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollQuery {
    /// Everything that changed from here on: the last watermark less the platform's [`overlap`].
    pub since: Timestamp,
    /// Orders that wait for a number. WooCommerce's old storage and Magento's tracks change without moving the date that
    /// a poll filters by, so these are asked for by name.
    pub open_orders: Vec<StoreOrderId>,
    /// Where an earlier poll stopped; takes the place of `since`.
    pub resume: Option<PollCursor>,
}

/// Where a poll stands, to be kept when it cannot be finished at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollCursor {
    /// Everything that changed from here on is still to come.
    pub since: Timestamp,
    /// The platform's own place in the list.
    pub page: String,
    /// The watermark of the whole poll.
    pub watermark: Timestamp,
}

/// One step of a poll.
#[derive(Debug)]
pub enum PollStep {
    /// Send this and hand the answer to the next call.
    Send(Request<Bytes>),
    /// Store these, then keep the cursor, then call again with `None`. Orders that certainly came through another sales
    /// channel are left out.
    Found {
        /// What was found.
        fulfilments: Vec<Fulfilment>,
        /// Where to go on if this run ends here; `None`: nothing is left but [`PollStep::Done`].
        cursor: Option<PollCursor>,
    },
    /// Everything was seen. Keep the watermark.
    Done {
        /// All changes before this moment were seen: when the poll began, by the store's clock if that is behind ours.
        watermark: Timestamp,
    },
}

/// A poll under way: a small machine that never does I/O itself.
pub trait PollMachine: Send {
    /// The first call and the one after [`PollStep::Found`] pass `None`; every other one the answer to the request just
    /// sent.
    ///
    /// # Errors
    /// [`StoreError`] says what the caller can do. The machine is spent then; a new one goes on from the last cursor.
    fn step(&mut self, answer: Option<&Response<Bytes>>, now: Timestamp) -> Result<PollStep, StoreError>;
}

/// Begins a poll.
///
/// # Errors
/// [`StoreError::Unauthorised`] for credentials of the wrong kind, [`StoreError::Unreadable`] for a platform without an
/// API.
pub fn poll(access: &StoreAccess, query: PollQuery) -> Result<Box<dyn PollMachine>, StoreError> {
    Ok(match access.platform {
        Platform::Shopify => Box::new(shopify::poll::OrdersPoll::new(access, query)?),
        Platform::WooCommerce => Box::new(woocommerce::poll::OrdersPoll::new(access, query)?),
        Platform::BigCommerce => Box::new(bigcommerce::poll::OrdersPoll::new(access, query)?),
        Platform::Magento => Box::new(magento::poll::ShipmentsPoll::new(access, query)?),
        Platform::Generic => return Err(StoreError::Unreadable("this store has no API to read from")),
    })
}

/// How far a poll reaches back behind the last watermark: late writes and clocks that differ.
#[must_use]
pub fn overlap(platform: Platform) -> SignedDuration {
    match platform {
        Platform::Shopify | Platform::BigCommerce => SignedDuration::from_mins(10),
        Platform::WooCommerce | Platform::Magento => SignedDuration::from_hours(1),
        Platform::Generic => SignedDuration::ZERO,
    }
}

/// One more step in the reading of a single order: its machine and the next request, while there is one. What it found
/// is kept; one order that nobody can read must not hide all others.
pub(super) fn read_on<M: LookUpMachine>(
    mut machine: M,
    answer: Option<&Response<Bytes>>,
    now: Timestamp,
    found: &mut Vec<Fulfilment>,
) -> Result<Option<(M, Request<Bytes>)>, StoreError> {
    match machine.step(answer, now) {
        Ok(Step::Send(request)) => return Ok(Some((machine, request))),
        Ok(Step::Done(order)) => found.push(order),
        Ok(Step::Gone) => {}
        Err(error @ (StoreError::Unreadable(_) | StoreError::TooMany { .. })) => limits::left_out(found, &error, now),
        Err(error) => return Err(error),
    }
    Ok(None)
}

/// The watermark of a poll: set by the first answer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watermark(Option<Timestamp>);

impl Watermark {
    pub(super) fn resumed(cursor: Option<&PollCursor>) -> Self {
        Self(cursor.map(|cursor| cursor.watermark))
    }

    /// The earlier of our clock and the store's `Date`.
    pub(super) fn note(&mut self, answer: &Response<Bytes>, now: Timestamp) {
        let store = answer.headers().get("date").and_then(|value| json::moment(value.to_str().ok()?));
        self.0.get_or_insert(store.map_or(now, |store| store.min(now)));
    }

    pub(super) fn get(self, now: Timestamp) -> Timestamp {
        self.0.unwrap_or(now)
    }
}

/// A place in a list that is sorted by the time of the last change and grows while it is read. Page numbers alone would
/// skip an order whenever an earlier one changes and moves to the end, so the place follows the time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) since: Timestamp,
    pub(super) page: u32,
}

impl Place {
    pub(super) fn new(query: &PollQuery) -> Self {
        match &query.resume {
            Some(cursor) => Self { since: cursor.since, page: cursor.page.parse().unwrap_or(1) },
            None => Self { since: query.since, page: 1 },
        }
    }

    /// The place after a full page whose last entry changed at `last`. Stores count whole seconds, so entries of that
    /// second come once more; only when a whole page lies within one second does the page number move.
    pub(super) fn after(self, last: Option<Timestamp>) -> Self {
        let second = |at: Timestamp| Timestamp::from_second(at.as_second().saturating_sub(1)).unwrap_or(at);
        match last.map(second) {
            Some(since) if since > self.since => Self { since, page: 1 },
            _ => Self { since: self.since, page: self.page.saturating_add(1) },
        }
    }

    pub(super) fn cursor(self, watermark: Timestamp) -> PollCursor {
        PollCursor { since: self.since, page: self.page.to_string(), watermark }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a moment")
    }

    #[test]
    fn the_place_follows_the_time_and_turns_pages_only_within_one_second() {
        let start = Place { since: at(100), page: 1 };
        for (last, since, page) in
            [(Some(at(200)), 199, 1), (Some(at(101)), 100, 2), (Some(at(50)), 100, 2), (None, 100, 2)]
        {
            let next = start.after(last);
            assert_eq!((next.since, next.page), (at(since), page), "{last:?}");
        }
    }

    #[test]
    fn the_watermark_never_lies_ahead_of_the_stores_clock() {
        for (date, expected) in [
            (Some("Sat, 21 Nov 2026 10:15:40 GMT"), "2026-11-21T10:15:40Z"),
            (Some("Sat, 21 Nov 2026 12:15:40 GMT"), "2026-11-21T11:00:00Z"),
            (Some("soon"), "2026-11-21T11:00:00Z"),
            (None, "2026-11-21T11:00:00Z"),
        ] {
            let mut answer = Response::new(Bytes::new());
            if let Some(date) = date {
                answer.headers_mut().insert("date", date.parse().expect("a header"));
            }
            let now = "2026-11-21T11:00:00Z".parse().expect("a moment");
            let mut watermark = Watermark::default();
            watermark.note(&answer, now);
            watermark.note(&Response::new(Bytes::new()), at(0));
            assert_eq!(watermark.get(now).to_string(), expected, "{date:?}");
        }
    }
}
