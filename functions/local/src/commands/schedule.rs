//! One run of a schedule, now.

use super::{Failure, Output};
use crate::output::plural;
use waybill::app::App;
use waybill::flows::push::Summary as Pushed;
use waybill::flows::tick::Summary as Ticked;
use waybill::table::keys::SHARDS;

/// `waybill push`. True when something that is due could not be sent.
///
/// # Errors
/// Wrong use.
pub async fn push(app: &App, shards: &[u8], output: &mut Output) -> Result<bool, Failure> {
    let shards = if shards.is_empty() { (0..SHARDS).collect() } else { shards.to_vec() };
    let summary = tracking_push::handle(app, &tracking_push::Event { shards }).await;
    let summary = summary.map_err(|e| Failure::usage(e.to_string(), "See waybill push --help."))?;
    let attention = unsent(&summary);
    if output.is_json() {
        output.line(&summary)?;
    } else {
        said(&summary, output)?;
        if attention {
            output.say("See waybill status, waybill held.")?;
        }
    }
    Ok(attention)
}

/// Whether something was due and did not reach TikTok.
fn unsent(summary: &Pushed) -> bool {
    let went = summary.pushed + summary.corrected + summary.reconciled + summary.skipped + summary.waiting;
    let stuck = summary.held + summary.parked_shops + summary.retried + summary.unknown + summary.resting_shops;
    // A paused shop, or one whose row is gone: its numbers are due and nothing at all happened to them.
    let untouched = summary.due > 0 && went == 0 && summary.look_ups == 0 && summary.left == 0;
    stuck > 0 || untouched
}

fn said(summary: &Pushed, output: &mut Output) -> Result<(), Failure> {
    if summary.due == 0 {
        return output.say("Nothing is due.");
    }
    let counts = [
        (summary.pushed, "number sent", "numbers sent"),
        (summary.corrected, "number corrected", "numbers corrected"),
        (summary.reconciled, "found at TikTok as sent before", "found at TikTok as sent before"),
        (summary.held, "held: it needs a hand", "held: they need a hand"),
        (summary.retried, "tried again later", "tried again later"),
        (summary.unknown, "answer lost; it is read back", "answers lost; they are read back"),
        (summary.parked_shops, "shop waits for its owner", "shops wait for their owners"),
        (summary.waiting, "waits for its order", "wait for their orders"),
        (summary.resting_shops, "shop rests after failures", "shops rest after failures"),
        (summary.left, "left for the next run", "left for the next run"),
    ];
    let mut any = false;
    for (n, one, many) in counts.into_iter().filter(|(n, _, _)| *n > 0) {
        any = true;
        output.say(plural(usize::try_from(n).unwrap_or(usize::MAX), one, many))?;
    }
    if any { Ok(()) } else { output.say(format_args!("{} due, none sent.", summary.due)) }
}

/// `waybill remind`.
///
/// # Errors
/// When the result cannot be written.
pub async fn remind(app: &App, output: &mut Output) -> Result<bool, Failure> {
    output.say("Looking after shops and stores …")?;
    let summary = crate::host::tick(app).await;
    if output.is_json() {
        output.line(&summary)?;
    } else {
        ticked(&summary, output)?;
    }
    Ok(summary.refresh_failed > 0 || summary.mails_failed > 0)
}

fn ticked(summary: &Ticked, output: &mut Output) -> Result<(), Failure> {
    let counts = [
        (summary.mails, "mail sent", "mails sent"),
        (summary.mails_failed, "mail could not be sent", "mails could not be sent"),
        (summary.refreshed, "access renewed", "accesses renewed"),
        (summary.refresh_failed, "access could not be renewed", "accesses could not be renewed"),
        (summary.requeued, "parcel queued again", "parcels queued again"),
        (summary.polls.stores_polled, "store read", "stores read"),
        (summary.polls.found_only_by_poll, "shipment that no webhook told of", "shipments that no webhook told of"),
    ];
    let mut any = false;
    for (n, one, many) in counts.into_iter().filter(|(n, _, _)| *n > 0) {
        any = true;
        output.say(plural(usize::try_from(n).unwrap_or(usize::MAX), one, many))?;
    }
    if any { Ok(()) } else { output.say("Nothing was due.") }
}
