//! Writes down what came out. An outcome is applied to the row as it is now: when somebody changed it meanwhile, it is
//! read again and the outcome applied to that.

use super::calls::ShopRun;
use super::summary::one;
use crate::domain::clock::Entropy;
use crate::domain::decision::Carried;
use crate::domain::ids::{LineItemId, PackageId};
use crate::domain::parcel::{Answer, Parcel, ParcelState, Phase, Sent, Tried, WaitsFor};
use crate::domain::reason::{Auto, Reason};
use crate::domain::retry;
use crate::domain::tracking::same_number;
use crate::flows::carriers::match_parcel::Maps;
use crate::table::error::TableError;
use crate::table::keys;
use crate::tiktok::{Class, TikTokError};
use jiff::Timestamp;
use std::time::Duration;

/// Gap between tries of an outcome write: what TikTok accepted must not be forgotten for a slow table.
const AGAIN: Duration = Duration::from_millis(300);
/// Automatic tries of what nobody knows.
const UNLISTED_TRIES: u32 = 2;
/// Tries until a failure that should pass is shown: 1, 5, 15, 60 minutes, then hourly for a day.
const TRIES: u32 = 27;
/// Read-backs after lost answers until a person is asked.
const READ_BACKS: u32 = 12;

/// Writes down what a call did, until the run's end. A row that somebody changed meanwhile gets it too. Returns the row
/// as written.
pub(super) async fn change(
    shop: &ShopRun<'_>,
    parcel: Parcel,
    edit: impl Fn(&mut Parcel, Timestamp),
) -> Option<Parcel> {
    write(shop, parcel, edit, true).await
}

/// Writes down what was decided about a row. When somebody changed it meanwhile (the store sent another carrier, a person
/// saved a mapping), the decision is about a row that is no more: nothing is written, and the next run decides anew.
pub(super) async fn settle(
    shop: &ShopRun<'_>,
    parcel: Parcel,
    edit: impl Fn(&mut Parcel, Timestamp),
) -> Option<Parcel> {
    write(shop, parcel, edit, false).await
}

async fn write(
    shop: &ShopRun<'_>,
    mut parcel: Parcel,
    edit: impl Fn(&mut Parcel, Timestamp),
    whatever_changed: bool,
) -> Option<Parcel> {
    let app = shop.run.app;
    'row: loop {
        // Made once for each state of the row: a repeat after a lost answer must be the same write, so that it is known.
        let mut next = parcel.clone();
        edit(&mut next, app.clock.now());
        loop {
            let error = match app.table.parcel_put(&mut next).await {
                Ok(()) => {
                    point(shop, &next).await;
                    return Some(next);
                }
                Err(TableError::Conflict) => match app.table.parcel_get(&keys::parcel(&parcel)).await {
                    // Our own write, its answer lost.
                    Ok(Some(found)) if found.rev == next.rev + 1 && same_outcome(&found, &next) => return Some(found),
                    Ok(Some(found)) if whatever_changed => {
                        parcel = found;
                        continue 'row;
                    }
                    Ok(_) => return None,
                    Err(error) => error,
                },
                Err(error) => error,
            };
            if !error.is_passing() || shop.run.left() <= AGAIN {
                return lost(&parcel, &error);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}

/// What waits under a known TikTok order is found by TikTok's own news about it. Without the pointer it is still found by
/// its due time and by the hourly sweep.
async fn point(shop: &ShopRun<'_>, row: &Parcel) {
    let Some(order) = row.tiktok_order().filter(|_| row.state.phase() == Phase::Waiting) else { return };
    let app = shop.run.app;
    let put = app.table.order_pointer_put(&row.shop, order, &row.store, &row.order, app.clock.now());
    if let Err(error) = put.await {
        tracing::warn!(error = &error as &dyn std::error::Error, "order pointer not written");
    }
}

fn same_outcome(found: &Parcel, ours: &Parcel) -> bool {
    found.state == ours.state && found.sent == ours.sent && found.due == ours.due
}

fn lost(parcel: &Parcel, error: &TableError) -> Option<Parcel> {
    tracing::error!(
        store.id = %parcel.store, store_order.id = %parcel.order, error = error as &dyn std::error::Error,
        "outcome not written: the next run reads it back"
    );
    None
}

/// What TikTok accepted.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    pub(super) carried: Carried,
    pub(super) carrier_words: Option<String>,
    pub(super) lines: Vec<LineItemId>,
    pub(super) package: Option<PackageId>,
    pub(super) edits: u32,
    pub(super) shipped_at: Timestamp,
    pub(super) warning: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) event: &'static str,
}

/// TikTok holds the number. A row that the store changed meanwhile keeps its new work, and what was sent.
pub(super) fn accept(row: &mut Parcel, done: &Accepted, now: Timestamp) {
    row.sent = Some(Sent {
        number: done.carried.number.clone(),
        provider: done.carried.provider.clone(),
        provider_name: done.carried.provider_name.clone(),
        lines: done.lines.clone(),
        package: done.package.clone(),
        at: now,
        shipped_at: done.shipped_at,
        edits: done.edits,
    });
    row.tried = None;
    row.chosen.clear();
    row.attempts = 0;
    row.crashes = 0;
    row.answer = done.warning.as_ref().map(|message| Answer {
        code: 0,
        message: message.clone(),
        request_id: done.request_id.clone().unwrap_or_default(),
    });
    row.note(now, done.event, done.carried.provider_name.clone());
    let state = if done.warning.is_some() { ParcelState::AcceptedWithWarning } else { ParcelState::Accepted };
    let changed_meanwhile = row.carrier != done.carrier_words;
    if matches!(row.state.phase(), Phase::Open | Phase::Waiting)
        && !changed_meanwhile
        && row.advance(state, now).is_ok()
    {
        row.due = None;
        row.waits_for = None;
    }
}

/// The number was found at TikTok by a read.
pub(super) fn reconciled(
    parcel: &Parcel,
    carried: &Carried,
    lines: Vec<LineItemId>,
    package: Option<PackageId>,
    now: Timestamp,
) -> Accepted {
    let tried = parcel.tried.as_ref().filter(|tried| same_number(&tried.number, &carried.number));
    let before = parcel.sent.as_ref();
    let corrected = tried.is_some_and(|tried| tried.correction);
    let (event, edits) = match (tried, before) {
        (Some(_), _) => ("reconciled", u32::from(corrected)),
        (None, Some(sent)) => ("unchanged at TikTok", sent.edits),
        (None, None) => ("already at TikTok", 0),
    };
    Accepted {
        carried: Carried {
            number: carried.number.clone(),
            provider: tried.map_or_else(|| carried.provider.clone(), |tried| tried.provider.clone()),
            provider_name: tried.map_or_else(|| carried.provider_name.clone(), |tried| tried.provider_name.clone()),
        },
        carrier_words: parcel.carrier.clone(),
        lines,
        package,
        edits,
        shipped_at: before.map_or(tried.map_or(now, |tried| tried.at), |sent| sent.shipped_at),
        warning: None,
        request_id: None,
        event,
    }
}

/// Leaves the queue for the attention list.
pub(super) fn hold(row: &mut Parcel, reason: Reason, detail: &str, waits_for: WaitsFor, now: Timestamp) {
    if !matches!(row.state.phase(), Phase::Open | Phase::Waiting) {
        return;
    }
    if row.advance(ParcelState::for_reason(reason), now).is_ok() {
        row.changed = now;
        row.due = None;
        row.waits_for = Some(waits_for);
        row.note(now, reason.code(), detail);
    }
}

/// Closes without sending.
pub(super) fn close(row: &mut Parcel, state: ParcelState, now: Timestamp) {
    if row.advance(state, now).is_ok() {
        row.due = None;
        row.waits_for = None;
        row.note(now, "closed", state.to_string());
    }
}

/// Stays in the queue with a reason and a later time.
pub(super) fn wait(row: &mut Parcel, reason: Reason, until: Timestamp, now: Timestamp) {
    if !matches!(row.state.phase(), Phase::Open | Phase::Waiting) {
        return;
    }
    if row.state.reason() != Some(reason) {
        row.note(now, reason.code(), "");
    }
    if row.advance(ParcelState::Held(reason), now).is_ok() {
        row.due = Some(until);
    }
}

/// The answer to a write was lost.
pub(super) fn unknown(row: &mut Parcel, tried: &Tried, entropy: &Entropy, now: Timestamp) {
    row.tried = Some(tried.clone());
    row.attempts += 1;
    row.crashes = 0;
    if row.attempts > READ_BACKS {
        hold(row, Reason::TikTokError, "many answers were lost in a row", WaitsFor::Person, now);
        return;
    }
    row.note(now, "answer lost", "");
    if matches!(row.state.phase(), Phase::Open | Phase::Waiting)
        && row.advance(ParcelState::OutcomeUnknown, now).is_ok()
    {
        row.due = Some(retry::read_back(entropy, now));
    }
}

/// TikTok refused. What that means stands in the class of its code.
pub(super) fn refused(row: &mut Parcel, error: &TikTokError, maps: &Maps, entropy: &Entropy, now: Timestamp) {
    row.answer = Some(Answer {
        code: error.code.unwrap_or_default(),
        message: error.message.chars().take(200).collect(),
        request_id: error.request_id.clone().unwrap_or_default(),
    });
    // An answer came, so whatever ended the last owner was not this call.
    row.crashes = 0;
    let reason = error.class.reason();
    let again = |row: &mut Parcel, most: u32| {
        row.attempts += 1;
        if row.attempts > most {
            hold(row, reason, &error.message, WaitsFor::Person, now);
        } else {
            let due = retry::next_try(row.attempts, error.retry_after, entropy, now);
            wait(row, reason, due, now);
        }
    };
    match error.class {
        Class::Retry(_) | Class::ClockSkew | Class::OutcomeUnknown => again(row, TRIES),
        Class::Wait(_) => {
            row.attempts += 1;
            wait(row, reason, retry::next_try(4, None, entropy, now), now);
        }
        Class::Unlisted => again(row, UNLISTED_TRIES),
        _ => {
            let waits_for = match reason.auto() {
                Auto::OnMapping => maps.version(),
                Auto::OnUpdate => WaitsFor::Store,
                _ => WaitsFor::Person,
            };
            hold(row, reason, &error.message, waits_for, now);
        }
    }
}

/// A whole read was refused, for a reason that does not pass by itself.
pub(super) async fn refused_read(shop: &ShopRun<'_>, parcel: Parcel, error: &TikTokError) {
    settle(shop, parcel, |row, now| refused(row, error, &Maps::default(), &shop.run.app.entropy, now)).await;
    one(&shop.run.tally.held);
    one(&shop.run.tally.held_unexpected);
}
