//! Writes down what came out. An outcome is applied to the row as it is now: when somebody changed it meanwhile, it is
//! read again and the outcome applied to that.

use super::Run;
use super::shop_run::ShopRun;
use super::summary::one;
use crate::domain::clock::Entropy;
use crate::domain::decision::Carried;
use crate::domain::ids::{LineItemId, PackageId};
use crate::domain::moves::{Accepted, Patience};
use crate::domain::order::{OrderState, TikTokOrder};
use crate::domain::parcel::{Answer, Parcel, Plain, WaitsFor};
use crate::domain::reason::Auto;
use crate::domain::tracking::same_number;
use crate::table::error::TableError;
use crate::table::keys;
use crate::tiktok::{Class, TikTokError};
use jiff::Timestamp;
use std::time::Duration;

/// Gap between tries of an outcome write: what TikTok accepted must not be forgotten for a slow table.
const AGAIN: Duration = Duration::from_millis(300);

/// Writes down what a call did, trying until the run's end. It is applied even if the row changed in between. Returns
/// the row as written.
pub(super) async fn change(
    shop: &ShopRun<'_>,
    parcel: Parcel,
    edit: impl Fn(&mut Parcel, Timestamp),
) -> Option<Parcel> {
    write(shop.run, parcel, edit, true).await
}

/// Writes down what was decided about a row. When somebody changed it meanwhile (the store sent another carrier, a person
/// saved a mapping), the decision is about a row that is no more: nothing is written, and the next run decides anew.
pub(super) async fn settle(
    shop: &ShopRun<'_>,
    parcel: Parcel,
    edit: impl Fn(&mut Parcel, Timestamp),
) -> Option<Parcel> {
    write(shop.run, parcel, edit, false).await
}

/// As [`settle`], without a shop at hand.
pub(super) async fn settle_in(run: &Run<'_>, parcel: Parcel, edit: impl Fn(&mut Parcel, Timestamp)) -> Option<Parcel> {
    write(run, parcel, edit, false).await
}

async fn write(
    run: &Run<'_>,
    mut parcel: Parcel,
    edit: impl Fn(&mut Parcel, Timestamp),
    whatever_changed: bool,
) -> Option<Parcel> {
    let app = run.app;
    'row: loop {
        // Made once for each state of the row: a repeat after a lost answer must be the same write, so that it is known.
        let mut next = parcel.clone();
        edit(&mut next, app.clock.now());
        if next == parcel {
            // The same verdict again writes nothing.
            return Some(next);
        }
        if next.listed {
            run.will_be_told(&next.shop).await;
        }
        loop {
            let error = match app.table.parcel_put(&mut next).await {
                Ok(()) => return Some(next),
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
            if !error.is_passing() || run.left() <= AGAIN {
                return lost(&parcel, &error);
            }
            tokio::time::sleep(AGAIN).await;
        }
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

/// The number was found at TikTok by a read.
pub(super) fn reconciled(
    parcel: &Parcel,
    carried: &Carried,
    (lines, package): (Vec<LineItemId>, Option<PackageId>),
    order: &TikTokOrder,
    now: Timestamp,
) -> Accepted {
    let tried = parcel.tried.as_ref().filter(|tried| same_number(&tried.number, &carried.number));
    let before = parcel.sent.as_ref();
    let corrected = tried.is_some_and(|tried| tried.correction);
    let said = standing_answer(parcel, carried);
    let warning = said.map(|answer| &answer.message).filter(|words| !words.is_empty() && !is_scanned(order, &lines));
    let (event, edits) = match (tried, before) {
        (Some(_), _) => (Plain::Reconciled, u32::from(corrected)),
        (None, Some(sent)) => (Plain::Unchanged, sent.edits),
        (None, None) => (Plain::AlreadyThere, 0),
    };
    Accepted {
        carried: Carried {
            number: carried.number.clone(),
            provider: tried.map_or_else(|| carried.provider.clone(), |tried| tried.provider.clone()),
            provider_name: tried.map_or_else(|| carried.provider_name.clone(), |tried| tried.provider_name.clone()),
        },
        warning: warning.cloned(),
        carrier_words: parcel.carrier.clone(),
        lines,
        package,
        edits,
        shipped_at: before.map_or(tried.map_or(now, |tried| tried.at), |sent| sent.shipped_at),
        shared: Vec::new(),
        request_id: said.map(|answer| answer.request_id.clone()),
        event,
    }
}

fn is_scanned(order: &TikTokOrder, lines: &[LineItemId]) -> bool {
    let mut theirs = order.lines.iter().filter(|line| lines.contains(&line.id));
    theirs.all(|line| matches!(line.state, OrderState::Shipped(_)))
}

/// A read shows neither warnings nor request ids. What TikTok answered when we sent this number under this carrier stands,
/// also where the store took the parcel back meanwhile and told it again, however often.
fn standing_answer<'a>(parcel: &'a Parcel, carried: &Carried) -> Option<&'a Answer> {
    let sent = parcel.sent.as_ref()?;
    let same =
        same_number(&sent.number, &carried.number) && sent.provider == carried.provider && parcel.tried.is_none();
    // Rows of earlier versions may hold a fault of the way here as code 0: TikTok's own answers have a request id.
    parcel.answer.as_ref().filter(|answer| same && answer.code == 0 && !answer.request_id.is_empty())
}

/// TikTok's words; none where no answer came, or one that is not TikTok's.
pub(super) fn answer(error: &TikTokError) -> Option<Answer> {
    Some(Answer {
        code: error.code?,
        message: error.message.chars().take(200).collect(),
        request_id: error.request_id.clone().unwrap_or_default(),
    })
}

/// TikTok refused. What that means stands in the class of its code. `mapping`: what a hold for the carrier waits for; or,
/// where the order could not even be read, [`not_read`].
pub(super) fn refused(
    row: &mut Parcel,
    error: &TikTokError,
    mapping: Option<&WaitsFor>,
    entropy: &Entropy,
    now: Timestamp,
) {
    row.answered(answer(error));
    let reason = error.class.reason();
    match error.class {
        Class::Retry(_) | Class::ClockSkew | Class::OutcomeUnknown | Class::RouteNeeded => {
            row.again(reason, &error.message, Patience::Usual, error.retry_after, entropy, now);
        }
        Class::Wait(_) => row.again(reason, &error.message, Patience::Hourly, None, entropy, now),
        Class::Unlisted => row.again(reason, &error.message, Patience::Twice, error.retry_after, entropy, now),
        _ => {
            let waits_for = match (reason.auto(), mapping) {
                (Auto::OnMapping, Some(mapping)) => mapping.clone(),
                (_, Some(unread @ WaitsFor::OrderStatus(_))) => unread.clone(),
                (Auto::OnUpdate, _) => WaitsFor::Store,
                _ => WaitsFor::Person,
            };
            row.hold(reason, &error.message, waits_for, now);
        }
    }
}

/// What a hold waits for whose order could not be read: any status at all.
pub(super) fn not_read() -> WaitsFor {
    WaitsFor::OrderStatus(String::new())
}

/// A read of this order alone was refused.
pub(super) async fn refused_read(shop: &ShopRun<'_>, parcel: Parcel, error: &TikTokError) {
    let unread = not_read();
    settle(shop, parcel, |row, now| refused(row, error, Some(&unread), &shop.run.app.entropy, now)).await;
    one(if error.is_passing() { &shop.run.tally.retried } else { &shop.run.tally.held });
    if error.is_unknown() {
        one(&shop.run.tally.held_unexpected);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::parcel::ParcelState;
    use crate::domain::reason::Reason;
    use crate::domain::samples::{at, parcel};

    fn classes(reason: Reason) -> [Class; 18] {
        [
            Class::Retry(reason),
            Class::Park(reason),
            Class::Wait(reason),
            Class::Hold(reason),
            Class::Operator(reason),
            Class::RestApp(reason),
            Class::RestShop(reason),
            Class::OutcomeUnknown,
            Class::RefreshToken,
            Class::ConsentAgain,
            Class::ReloadShops,
            Class::ClockSkew,
            Class::NotThisShop,
            Class::AlreadyDone,
            Class::NumberUsed,
            Class::EditUsed,
            Class::RouteNeeded,
            Class::Unlisted,
        ]
    }

    type Hold = fn(&mut Parcel, Reason, &Entropy, Timestamp);

    /// Every move that holds a row, whatever its reason.
    const HOLDS: [Hold; 8] = [
        |row, reason, _, now| row.hold(reason, "", WaitsFor::Person, now),
        |row, reason, _, now| row.set_adrift(reason, "", now),
        |row, reason, entropy, now| row.again(reason, "", Patience::Usual, None, entropy, now),
        |row, reason, entropy, now| row.again(reason, "", Patience::Twice, None, entropy, now),
        |row, reason, entropy, now| row.again(reason, "", Patience::Hourly, None, entropy, now),
        |row, _, entropy, now| row.crashed(entropy, now),
        |row, _, entropy, now| row.not_found_yet("", entropy, now),
        |row, _, entropy, now| row.nobody_has_it("", entropy, now),
    ];

    fn comes_by_itself(row: &Parcel, how: &str) {
        let Some(reason) = row.state.reason().filter(|reason| reason.auto() == Auto::Yes) else { return };
        assert!(row.due.is_some(), "{how}: {reason} comes right by itself, and nothing is due");
        assert_ne!(row.waits_for, Some(WaitsFor::Person), "{how}: {reason}");
    }

    #[test]
    fn what_comes_right_by_itself_is_never_stored_as_waiting_for_a_person() {
        let entropy = Entropy::new(|bytes| bytes.fill(7));
        let states =
            [ParcelState::Queued, ParcelState::Sending, ParcelState::OutcomeUnknown, ParcelState::Held(Reason::Unpaid)];
        let fresh = |state| {
            let mut row = parcel("1Z99", "f1", &[]);
            (row.state, row.due) = (state, Some(at(10)));
            row
        };
        for reason in Reason::ALL {
            for state in states {
                for class in classes(*reason) {
                    let mut row = fresh(state);
                    let error = TikTokError {
                        code: Some(1),
                        message: "words".to_owned(),
                        request_id: None,
                        http_status: Some(200),
                        retry_after: None,
                        class,
                        source: None,
                    };
                    // The fourth is past every patience; the last a day later.
                    for second in [100, 200, 300, 400, 200_000] {
                        refused(&mut row, &error, None, &entropy, at(second));
                        comes_by_itself(&row, &format!("{class:?} from {state}"));
                    }
                }
                for (n, hold) in HOLDS.iter().enumerate() {
                    let mut row = fresh(state);
                    for second in [100, 200, 300, 400, 200_000] {
                        hold(&mut row, *reason, &entropy, at(second));
                        comes_by_itself(&row, &format!("move {n} from {state}"));
                    }
                }
            }
        }
    }
}
