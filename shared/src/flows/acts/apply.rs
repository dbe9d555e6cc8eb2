//! One act on many parcels: each row is read again, changed as it then stands, written if nobody changed it meanwhile.

use super::hold::{hold, release};
use super::{Act, Actor, Effect};
use crate::app::App;
use crate::domain::fulfilment::OrderLink;
use crate::domain::parcel::{Parcel, ParcelState, Phase, Plain};
use crate::domain::reason::Reason;
use crate::stores::platforms::is_read;
use crate::table::audit::AuditEntry;
use crate::table::error::TableError;
use crate::table::keys;
use jiff::Timestamp;

/// Does an act to each of these parcels, or (`dry_run`) says what it would do. Each that was done stands in the audit of
/// the account whose store reported the parcel.
///
/// # Errors
/// The table. What was done before stays done, and doing it again changes nothing.
pub async fn settle(
    app: &App,
    actor: &Actor,
    act: &Act,
    parcels: &[Parcel],
    dry_run: bool,
) -> Result<Vec<Effect>, TableError> {
    let mut effects = Vec::with_capacity(parcels.len());
    for parcel in parcels {
        let effect = one(app, actor, act, parcel, dry_run).await?;
        if effect.done && !dry_run {
            let of =
                parcel.number.as_ref().map_or_else(|| parcel.order.to_string(), |number| number.as_str().to_owned());
            record(app, actor, act.word(), &of, parcel, &effect.said).await?;
        }
        effects.push(effect);
    }
    Ok(effects)
}

/// Notes in the audit what was done to a parcel.
pub(super) async fn record(
    app: &App,
    actor: &Actor,
    act: &str,
    of: &str,
    parcel: &Parcel,
    said: &str,
) -> Result<(), TableError> {
    let Some(store) = app.table.store_get(&parcel.store, false).await? else { return Ok(()) };
    let entry = AuditEntry {
        at: app.clock.now(),
        who: actor.who.clone(),
        from: actor.from.clone(),
        act: act.to_owned(),
        of: of.to_owned(),
        said: said.to_owned(),
    };
    app.table.audit_put(&store.row.account, &entry).await
}

async fn one(app: &App, actor: &Actor, act: &Act, named: &Parcel, dry_run: bool) -> Result<Effect, TableError> {
    let readable = match app.table.store_get(&named.store, false).await? {
        Some(store) => is_read(store.row.platform),
        None => false,
    };
    let key = keys::parcel(named);
    if let (Act::Link { order }, false) = (act, dry_run) {
        // Before the rows: whoever reads between the two writes follows the person's word. What is refused writes nothing.
        if change(actor, act, &mut named.clone(), readable, app.clock.now()).is_ok() {
            app.table.link_put(&named.store, &named.order, order, app.clock.now()).await?;
        }
    }
    loop {
        let Some(mut parcel) = app.table.parcel_get(&key).await? else {
            return Ok(Effect::of(named, Err("the row is gone".to_owned())));
        };
        let before = parcel.clone();
        let outcome = change(actor, act, &mut parcel, readable, app.clock.now());
        if dry_run || outcome.is_err() || parcel == before {
            return Ok(Effect::of(&before, outcome));
        }
        match app.table.parcel_put(&mut parcel).await {
            Ok(()) => return Ok(Effect::of(&parcel, outcome)),
            Err(TableError::Conflict) => {}
            Err(other) => return Err(other),
        }
    }
}

/// What the act makes of a row. `readable`: the store can be asked for its order again.
fn change(actor: &Actor, act: &Act, parcel: &mut Parcel, readable: bool, now: Timestamp) -> Result<String, String> {
    match act {
        Act::Retry => retry(parcel, readable, now),
        Act::Dismiss { note } => dismiss(parcel, note, now),
        Act::Hold { note } => hold(parcel, &actor.who, note, now),
        Act::Release => release(parcel, now),
        Act::Confirm => confirm(parcel, now),
        Act::Choose { lines } => {
            queueable(parcel)?;
            if parcel.sent.is_some() {
                return Err("TikTok holds this number already; its items cannot be chosen any more".to_owned());
            }
            queue(parcel, now)?;
            parcel.chosen.clone_from(lines);
            parcel.note(now, Plain::ItemsChosen, lines.len().to_string());
            let when = if parcel.held_by.is_some() { "when it is released" } else { "with the next push" };
            Ok(format!("goes out with {} {when}", units(lines.len())))
        }
        Act::Link { order } => {
            may_link(parcel, order)?;
            parcel.link = OrderLink::Found(order.clone());
            parcel.chosen.clear();
            parcel.forget_asked();
            if parcel.state.phase() == Phase::Open {
                parcel.bring_forward(now);
            } else {
                queueable(parcel)?;
                queue(parcel, now)?;
            }
            parcel.note(now, Plain::OrderByHand, order.as_str());
            let when = if parcel.held_by.is_some() { "when it is released" } else { "with the next push" };
            Ok(format!("belongs to TikTok order {order}; judged {when}"))
        }
    }
}

fn units(count: usize) -> String {
    if count == 1 { "1 item".to_owned() } else { format!("{count} items") }
}

fn may_link(parcel: &Parcel, order: &crate::domain::ids::TikTokOrderId) -> Result<(), String> {
    match (parcel.tiktok_order(), &parcel.sent) {
        (Some(known), Some(_)) if known != order => {
            Err(format!("TikTok holds this number under order {known} already; correct it in Seller Center"))
        }
        _ => Ok(()),
    }
}

/// What can be judged again: everything that is not at its end, and whatever was left out.
fn queueable(parcel: &Parcel) -> Result<(), String> {
    match (parcel.state, parcel.state.phase()) {
        (state, _) if state.reason() == Some(Reason::TrackingMissing) => {
            Err("its shipment has no tracking number yet: add it in the store".to_owned())
        }
        (ParcelState::Superseded, _) => Err("the store replaced this number by another".to_owned()),
        (ParcelState::Dismissed, _) => Err("a person dismissed it".to_owned()),
        (_, Phase::Done) => Err("TikTok has this number".to_owned()),
        (_, Phase::Open | Phase::Waiting | Phase::Closed) => Ok(()),
    }
}

fn queue(parcel: &mut Parcel, now: Timestamp) -> Result<(), String> {
    if parcel.held_by.is_some() {
        // It stays where it is until it is released.
        return Ok(());
    }
    let moved = match parcel.state.phase() {
        // Its tries and what a lost answer left open stay as they are.
        Phase::Open => {
            parcel.bring_forward(now);
            true
        }
        _ => parcel.queue_again(now),
    };
    if moved { Ok(()) } else { Err(format!("it cannot be sent from where it stands ({})", parcel.state)) }
}

fn retry(parcel: &mut Parcel, readable: bool, now: Timestamp) -> Result<String, String> {
    queueable(parcel)?;
    if let Some(by) = &parcel.held_by {
        return Err(format!("{} holds it here: release it", by.who));
    }
    let unknown_order = matches!(parcel.state.reason(), Some(Reason::OrderNotFound | Reason::OrderAmbiguous));
    queue(parcel, now)?;
    parcel.forget_asked();
    // The merchant may have mended the id in the store: read it there again.
    if unknown_order && readable && parcel.sent.is_none() {
        parcel.link = OrderLink::NotRead;
    }
    Ok("judged again with the next push".to_owned())
}

fn dismiss(parcel: &mut Parcel, note: &str, now: Timestamp) -> Result<String, String> {
    if parcel.state == ParcelState::Dismissed {
        return Err("it is dismissed already".to_owned());
    }
    let listed_at_tiktok = parcel.listed && parcel.state.is_listed_although_done();
    if parcel.state.phase() == Phase::Done && !listed_at_tiktok {
        return Err("TikTok has this number, and nothing waits for a hand".to_owned());
    }
    parcel.close(ParcelState::Dismissed, now);
    if parcel.state != ParcelState::Dismissed {
        return Err(format!("it cannot be dismissed from where it stands ({})", parcel.state));
    }
    parcel.held_by = None;
    parcel.note(now, Plain::DismissedByHand, note);
    Ok(if listed_at_tiktok {
        "leaves the list; TikTok keeps the number as it is".to_owned()
    } else {
        "leaves the list and is never sent".to_owned()
    })
}

fn confirm(parcel: &mut Parcel, now: Timestamp) -> Result<String, String> {
    use Reason as R;
    if parcel.listed && parcel.is_one_parcel(now) {
        return Ok("the orders with this number travel in one parcel; it leaves the list".to_owned());
    }
    let doubts = [R::CarrierFormatMismatch, R::TrackingInvalid, R::TrackingDuplicate, R::SiblingOpen];
    let doubted = parcel.state.reason().is_some_and(|reason| doubts.contains(&reason));
    if !doubted {
        return Err("nothing about its number or carrier is in doubt".to_owned());
    }
    queue(parcel, now)?;
    parcel.confirmed = true;
    parcel.note(now, Plain::Confirmed, "");
    Ok("number and carrier count as right; sent with the next push".to_owned())
}
