//! What people settle about an order that stands on the attention list by itself, without a parcel that waits.

use super::{Actor, Effect};
use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::order_row::{Event, OrderRow};
use crate::domain::reason::Reason;
use crate::domain::tracking::{TrackingNumber, same_number};
use crate::flows::intake::csv::{self, Line, Word};
use crate::flows::orders::keep::change;
use crate::table::audit::AuditEntry;
use crate::table::error::TableError;
use crate::table::orders::Known;

/// Takes an order from the attention list: what it is listed for now is not listed again, another reason is. `dry_run`
/// only says what would be.
///
/// # Errors
/// The table.
pub async fn dismiss_order(
    app: &App,
    actor: &Actor,
    shop: &Shop,
    known: &Known,
    note: &str,
    dry_run: bool,
) -> Result<Effect, TableError> {
    let Some(reason) = known.row.attention.as_ref().map(|entry| entry.reason) else {
        return Ok(effect(known, None, Err("nothing about the order waits for a hand".to_owned())));
    };
    let said = format!("leaves the list ({}); another reason is listed again", reason.code());
    if !dry_run {
        let now = app.clock.now();
        change(app, shop, &known.row.order, |row| {
            for settled in same_matter(reason) {
                if !row.dismissed.contains(settled) {
                    row.dismissed.push(*settled);
                }
            }
            row.events.add(Event::dismissed(now, reason));
        })
        .await?;
        audit(app, actor, shop, &known.row, "dismiss", &format!("{said}; note: {note}")).await?;
    }
    Ok(effect(known, None, Ok(said)))
}

/// A parcel that is given up as lost is not listed for being late as well.
fn same_matter(reason: Reason) -> &'static [Reason] {
    match reason {
        Reason::Lost => &[Reason::Lost, Reason::Delayed, Reason::NotScanned],
        Reason::Delayed => &[Reason::Delayed],
        Reason::NotScanned => &[Reason::NotScanned],
        Reason::AcceptedNotMoved => &[Reason::AcceptedNotMoved],
        Reason::Late => &[Reason::Late],
        Reason::SiblingOpen => &[Reason::SiblingOpen],
        _ => &[Reason::CancelledAfterDispatch],
    }
}

/// The order travels in the parcel of its sibling: that number goes out for this order too. It goes the way of a file's
/// row, so that what a store or another person said meanwhile is counted.
///
/// # Errors
/// The table.
pub async fn same_parcel(
    app: &App,
    actor: &Actor,
    shop: &Shop,
    known: &Known,
    dry_run: bool,
) -> Result<Effect, TableError> {
    let row = &known.row;
    let asked = row.attention.as_ref().is_some_and(|entry| entry.reason == Reason::SiblingOpen);
    let (true, Some(sibling), Some(number)) = (asked, &row.sibling, &row.sibling_number) else {
        return Ok(effect(known, None, Err("no other order of its parcel has a number".to_owned())));
    };
    let carrier = carrier_of(app, shop, sibling, number).await?.unwrap_or_default();
    let line = Line {
        row: 1,
        tiktok_order: Some(row.order.to_string()),
        number: number.clone(),
        carrier: carrier.clone(),
        ..Line::default()
    };
    let judged = csv::judge(app, shop, &[line]).await?;
    let parsed = TrackingNumber::parse(number).ok();
    let verdict = judged.verdicts.first();
    if !verdict.is_some_and(|verdict| matches!(verdict.word, Word::Push | Word::Wait)) {
        let why = verdict.map(|verdict| match (verdict.reason, verdict.detail.as_str()) {
            (Some(reason), "") => reason.sentence().to_owned(),
            (_, detail) => detail.to_owned(),
        });
        return Ok(effect(known, parsed, Err(why.unwrap_or_else(|| "it cannot be sent".to_owned()))));
    }
    let said = format!("travels with order {sibling}: {number} by {carrier} goes out with the next push");
    if !dry_run {
        // Before the parcel goes out: nobody is asked again whether they share it.
        change(app, shop, &row.order, |row| {
            if !row.dismissed.contains(&Reason::TrackingShared) {
                row.dismissed.push(Reason::TrackingShared);
            }
        })
        .await?;
        csv::store(app, shop, &judged, |_| {}).await?;
        audit(app, actor, shop, row, "confirm", &said).await?;
    }
    Ok(effect(known, parsed, Ok(said)))
}

/// An order that stands on the list by itself has no parcel that a retry or a word could send.
#[must_use]
pub fn nothing_to_send(known: &Known) -> Effect {
    effect(known, None, Err("the order has no parcel that waits; dismiss it when it is settled".to_owned()))
}

/// The carrier that TikTok has for the sibling's number, by its name on the shop's list; else the store's word for it.
async fn carrier_of(
    app: &App,
    shop: &Shop,
    sibling: &crate::domain::ids::TikTokOrderId,
    number: &str,
) -> Result<Option<String>, TableError> {
    let Some(known) = app.table.tiktok_order_known(&shop.id, sibling).await? else { return Ok(None) };
    let mut packages = known.row.facts.packages.iter();
    let theirs = packages.find(|package| package.number.as_deref().is_some_and(|theirs| same_number(theirs, number)));
    if let Some(id) = theirs.and_then(|package| package.provider.as_ref()) {
        for list in app.table.providers_all(&shop.id).await? {
            if let Some(provider) = list.list.providers.iter().find(|provider| provider.id == *id) {
                return Ok(Some(provider.name.clone()));
            }
        }
    }
    for (store, order) in &known.stores {
        let parcels = app.table.order_rows(store, order, false).await?.parcels;
        let is = |ours: &TrackingNumber| same_number(ours.as_str(), number);
        if let Some(parcel) = parcels.into_iter().find(|parcel| parcel.number.as_ref().is_some_and(is)) {
            return Ok(parcel.carrier);
        }
    }
    Ok(None)
}

fn effect(known: &Known, number: Option<TrackingNumber>, outcome: Result<String, String>) -> Effect {
    let done = outcome.is_ok();
    Effect {
        store_order: known.stores.first().map(|(_, order)| order.clone()),
        tiktok_order: Some(known.row.order.clone()),
        number,
        shop: known.row.shop.clone(),
        said: outcome.unwrap_or_else(|why_not| why_not),
        done,
    }
}

async fn audit(app: &App, actor: &Actor, shop: &Shop, row: &OrderRow, act: &str, said: &str) -> Result<(), TableError> {
    let entry = AuditEntry {
        at: app.clock.now(),
        who: actor.who.clone(),
        from: actor.from.clone(),
        act: act.to_owned(),
        of: row.order.to_string(),
        said: said.to_owned(),
    };
    app.table.audit_put(&shop.account, &entry).await
}
