//! `waybill order X`: what happened to one order, as a timeline.

use super::held::{command_for, name_of};
use super::{Failure, Output, all_shops};
use crate::output::local;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use waybill::app::App;
use waybill::domain::connection::Shop;
use waybill::domain::deadline::Deadline;
use waybill::domain::history::{Event, EventKind, Plain};
use waybill::domain::ids::TikTokOrderId;
use waybill::domain::order_row::{Rules, Units};
use waybill::domain::parcel::{Answer, Parcel, ParcelState, Phase};
use waybill::domain::reason::Reason;
use waybill::flows::acts::{self, Scope};
use waybill::flows::orders::board::{self, OrderLine};
use waybill::flows::views::attention::detail;
use waybill::flows::views::waiting::wait;
use waybill::table::orders::Known;

/// TikTok takes one correction within this time after shipping.
const EDIT_WINDOW: SignedDuration = SignedDuration::from_hours(72);

/// What TikTok holds from us for a parcel.
#[derive(Serialize)]
struct SentRow {
    number: String,
    carrier: String,
    lines: usize,
    at: Timestamp,
    corrections_used: u32,
    corrections_left: u32,
}

/// One thing that happened.
#[derive(Serialize)]
pub(super) struct StepRow {
    pub(super) at: Timestamp,
    pub(super) what: String,
    pub(super) said: String,
    /// TikTok's code and words, where this was an answer of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<String>,
}

/// One parcel of the order.
#[derive(Serialize)]
struct ParcelRow {
    order: String,
    store_order: String,
    tiktok_order: Option<String>,
    number: Option<String>,
    carrier: Option<String>,
    shop: String,
    store: String,
    shipments: Vec<String>,
    state: String,
    reason: Option<&'static str>,
    sentence: Option<&'static str>,
    remedy: Option<&'static str>,
    command: Option<String>,
    who: Option<&'static str>,
    detail: Option<String>,
    since: Timestamp,
    due: Option<Timestamp>,
    /// What it waits for, in words; `None` once TikTok has the number or the parcel is closed.
    waits_for: Option<String>,
    until: Option<Timestamp>,
    sent: Option<SentRow>,
    tiktok_answer: Option<Answer>,
    events: Vec<String>,
    timeline: Vec<StepRow>,
    /// The TikTok order as last seen.
    tiktok: Option<TikTokRow>,
}

/// A clock of a TikTok order.
#[derive(Serialize)]
struct ClockRow {
    clock: &'static str,
    due: Timestamp,
    source: String,
    late: bool,
}

/// Units of one stock code.
#[derive(Serialize)]
struct ItemRow {
    sku: String,
    state: &'static str,
    units: u32,
}

/// A TikTok order as last seen.
#[derive(Serialize)]
struct TikTokRow {
    #[serde(flatten)]
    line: OrderLine,
    items: Vec<ItemRow>,
    clocks: Vec<ClockRow>,
    corrections_seen: u32,
    seen: Timestamp,
    timeline: Vec<StepRow>,
}

impl TikTokRow {
    fn of(known: &Known, shop: &Shop, now: Timestamp) -> Self {
        let row = &known.row;
        let step = |event: &waybill::domain::order_row::Event| StepRow {
            at: event.at,
            what: event.code.clone(),
            said: event.shown_as(),
            code: None,
            message: None,
            request_id: None,
        };
        let clock = |deadline: &Deadline| ClockRow {
            clock: deadline.clock.word(),
            due: deadline.due,
            source: deadline.source.to_string(),
            late: deadline.is_late(now),
        };
        let item =
            |units: &Units| ItemRow { sku: units.sku.clone(), state: units.state.shown_as(), units: units.count };
        Self {
            line: OrderLine::of(known, shop, now),
            items: row.facts.units.iter().map(item).collect(),
            clocks: row.unmet(&Rules::of(shop)).iter().map(clock).collect(),
            corrections_seen: row.edits,
            seen: row.seen,
            timeline: row.events.kept.iter().map(step).collect(),
        }
    }

    fn say(&self, shop: &Shop, output: &mut Output) -> Result<(), Failure> {
        let zone = output.zone().clone();
        output.say(format_args!("TikTok order {}, {}", self.line.order, shop.name))?;
        let kind =
            if self.line.kind == "normal" { String::new() } else { format!(", {}", self.line.kind.replace('_', " ")) };
        output.say(format_args!(
            "  {} ({}){kind}, ship-to {}, seen {}",
            self.line.state.replace('_', " "),
            self.line.tiktok_status,
            self.line.ship_to,
            local(self.seen, &zone)
        ))?;
        for item in &self.items {
            output.say(format_args!("  {} x {}: {}", item.units, item.sku, item.state))?;
        }
        for clock in &self.clocks {
            let passed = if clock.late { "passed" } else { "by" };
            output.say(format_args!("  {} {passed} {} ({})", clock.clock, local(clock.due, &zone), clock.source))?;
        }
        for step in &self.timeline {
            output.say(format_args!("    {}  {}", local(step.at, &zone), step.said))?;
        }
        Ok(())
    }
}

/// The TikTok orders that are meant: by their own id, or as those of the parcels.
pub(super) async fn tiktok_orders(
    app: &App,
    x: &str,
    found: &[Parcel],
    shops: &[Shop],
) -> Result<Vec<(Shop, Known)>, Failure> {
    let mut ids: Vec<TikTokOrderId> = found.iter().filter_map(|parcel| parcel.tiktok_order().cloned()).collect();
    ids.extend(TikTokOrderId::parse(x).ok());
    ids.sort();
    ids.dedup();
    let mut orders = Vec::new();
    for shop in shops {
        for id in &ids {
            orders.extend(board::known(app, shop, id).await?.map(|known| (shop.clone(), known)));
        }
    }
    Ok(orders)
}

/// Shows everything about an order. True when one of its parcels waits for somebody.
///
/// # Errors
/// Nothing is known by that name (1), or the table.
pub async fn run(app: &App, x: &str, output: &mut Output) -> Result<bool, Failure> {
    let found = acts::find(app, &Scope::All, x).await?;
    let connected = all_shops(app).await?;
    let orders = tiktok_orders(app, x.trim(), &found, &connected).await?;
    if found.is_empty() && orders.is_empty() {
        return Err(Failure::attention(
            format!("nothing is known of {x}: no TikTok order, store order, tracking number or shipment has this name"),
            "Was it shipped in the store? waybill store list shows when each store was last heard; waybill poll reads them now.",
        ));
    }
    let shops: BTreeMap<String, Shop> = connected.into_iter().map(|shop| (shop.id.to_string(), shop)).collect();
    let now = app.clock.now();
    let mut last_order = None;
    for parcel in &found {
        let shop = shops.get(parcel.shop.as_str());
        let theirs =
            orders.iter().find(|(of, known)| of.id == parcel.shop && Some(&known.row.order) == parcel.tiktok_order());
        let tiktok = theirs.map(|(shop, known)| TikTokRow::of(known, shop, now));
        let row = ParcelRow { tiktok, ..row(parcel, shop, now) };
        if output.is_json() {
            output.line(&row)?;
            continue;
        }
        let order = (parcel.store.clone(), parcel.order.clone());
        if last_order.as_ref() != Some(&order) {
            heading(parcel, shop, output)?;
        }
        last_order = Some(order);
        say(parcel, &row, output)?;
    }
    for (shop, known) in &orders {
        let row = TikTokRow::of(known, shop, now);
        if !output.is_json() {
            output.say("")?;
            row.say(shop, output)?;
        } else if !found.iter().any(|parcel| parcel.tiktok_order() == Some(&known.row.order)) {
            // No parcel shows it.
            output.line(&row)?;
        }
    }
    let listed = orders.iter().any(|(_, known)| known.row.attention.is_some());
    Ok(listed || found.iter().any(|parcel| parcel.listed))
}

fn row(parcel: &Parcel, shop: Option<&Shop>, now: Timestamp) -> ParcelRow {
    let on_its_way = matches!(parcel.state.phase(), Phase::Open | Phase::Waiting);
    let gone = shop.is_none() && on_its_way;
    let reason = if gone { Some(Reason::ShopGone) } else { parcel.state.reason() };
    let waits = wait(parcel, shop, now);
    let held = parcel.listed || gone;
    let sent = parcel.sent.as_ref().map(|sent| SentRow {
        number: sent.number.clone(),
        carrier: sent.provider_name.clone(),
        lines: sent.lines.len(),
        at: sent.at,
        corrections_used: sent.edits,
        corrections_left: u32::from(sent.edits == 0 && now < sent.shipped_at + EDIT_WINDOW),
    });
    ParcelRow {
        order: name_of(parcel).to_owned(),
        store_order: parcel.order.to_string(),
        tiktok_order: parcel.tiktok_order().map(TikTokOrderId::to_string),
        number: parcel.number.as_ref().map(|number| number.as_str().to_owned()),
        carrier: parcel.carrier.clone(),
        shop: parcel.shop.to_string(),
        store: parcel.store.to_string(),
        shipments: parcel.sources.iter().map(|source| source.shipment.to_string()).collect(),
        state: parcel.state.to_string(),
        reason: reason.map(Reason::code),
        sentence: reason.map(Reason::sentence),
        remedy: reason.map(Reason::remedy),
        command: reason.filter(|_| held).map(|reason| command_for(parcel, reason, None)),
        who: reason.map(|reason| reason.who().as_str()),
        detail: detail(parcel),
        since: parcel.changed,
        due: parcel.due,
        waits_for: waits.as_ref().map(|wait| wait.said.clone()),
        until: waits.and_then(|wait| wait.until),
        sent,
        tiktok_answer: parcel.answer.clone(),
        events: parcel
            .events
            .iter()
            .map(|e| format!("{} {} {}", e.at, e.what, e.detail).trim_end().to_owned())
            .collect(),
        timeline: timeline(parcel),
        tiktok: None,
    }
}

/// The parcel's history, oldest first; TikTok's last answer stands with the step that it answered.
pub(super) fn timeline(parcel: &Parcel) -> Vec<StepRow> {
    let answered = parcel.answer.as_ref().and_then(|answer| {
        let fits = |event: &Event| if answer.code == 0 { is_success(&event.what) } else { is_refusal(&event.what) };
        parcel.events.iter().rposition(fits)
    });
    let step = |(place, event): (usize, &Event)| {
        let answer = parcel.answer.as_ref().filter(|_| answered == Some(place));
        StepRow {
            at: event.at,
            what: event.what.to_string(),
            said: words(event),
            code: answer.map(|answer| answer.code),
            message: answer.map(|answer| answer.message.clone()).filter(|message| !message.is_empty()),
            request_id: answer.map(|answer| answer.request_id.clone()).filter(|id| !id.is_empty()),
        }
    };
    let mut steps: Vec<StepRow> = parcel.events.iter().enumerate().map(step).collect();
    if answered.is_none()
        && let Some(answer) = &parcel.answer
    {
        // Its own step is among those that were dropped.
        steps.push(StepRow {
            at: parcel.changed,
            what: "answer".to_owned(),
            said: "TikTok's last answer".to_owned(),
            code: Some(answer.code),
            message: Some(answer.message.clone()).filter(|message| !message.is_empty()),
            request_id: Some(answer.request_id.clone()).filter(|id| !id.is_empty()),
        });
    }
    steps
}

/// A step at which TikTok said yes.
fn is_success(what: &EventKind) -> bool {
    use Plain as P;
    matches!(what, EventKind::Plain(P::Accepted | P::Corrected | P::Reconciled | P::Unchanged | P::AlreadyThere))
}

/// A step at which TikTok may have said no.
fn is_refusal(what: &EventKind) -> bool {
    matches!(what, EventKind::Reason(_) | EventKind::Plain(Plain::Closed | Plain::AnswerLost))
}

/// An event in a person's words.
fn words(event: &Event) -> String {
    let detail = event.detail.as_str();
    let with = |words: &str| if detail.is_empty() { words.to_owned() } else { format!("{words}: {detail}") };
    let plain = match &event.what {
        EventKind::Reason(reason) if detail.is_empty() => return reason.sentence().to_owned(),
        EventKind::Reason(reason) => return format!("{} ({detail})", reason.sentence().trim_end_matches('.')),
        EventKind::Other(word) => word.as_str(),
        EventKind::Plain(plain) => match plain {
            Plain::Received => "received from the store",
            Plain::FoundByPoll => "found by reading the store; its webhook did not tell",
            Plain::Accepted => "TikTok took the number",
            Plain::Corrected => "TikTok took the corrected number",
            Plain::Reconciled => "found at TikTok, as we sent it",
            Plain::Unchanged => "TikTok has it as we sent it",
            Plain::AlreadyThere => "TikTok had the number already, from somebody else",
            Plain::Closed => return closed(detail),
            Plain::AnswerLost => "TikTok's answer was lost: the order is read before anything else",
            Plain::OrderMoved => "TikTok told that the order moved",
            Plain::NextShop => "not in this TikTok shop; the store's next one is asked",
            other => other.word(),
        },
    };
    with(plain)
}

/// What a parcel was closed as; the detail is its state.
fn closed(detail: &str) -> String {
    ParcelState::parse(detail).map_or_else(|| "closed".to_owned(), |state| format!("closed: {}", state_words(state)))
}

/// A state in a person's words.
fn state_words(state: ParcelState) -> String {
    let plain = match state {
        ParcelState::Received => "received, not sent yet",
        ParcelState::Checked | ParcelState::Queued => "waits for its turn",
        ParcelState::Sending => "is being sent",
        ParcelState::Accepted => "TikTok has the number",
        ParcelState::AcceptedWithWarning => "TikTok has the number, and warns about it",
        ParcelState::AwaitingScan => "TikTok has the number; no scan yet",
        ParcelState::InTransit => "in transit",
        ParcelState::Delivered => "delivered",
        ParcelState::OutcomeUnknown => "the answer was lost; it is read back",
        ParcelState::Superseded => "replaced by a newer number of the store",
        ParcelState::Lost => "lost",
        ParcelState::Delayed => "delayed",
        ParcelState::Dismissed => "dismissed by a person",
        ParcelState::Held(reason) => return format!("waits: {}", reason.sentence().trim_start_matches("Waiting: ")),
        ParcelState::Skipped(reason) => {
            return format!("not sent: {}", reason.sentence().trim_start_matches("Not sent: "));
        }
        ParcelState::NeedsMapping(reason) | ParcelState::NeedsReauth(reason) | ParcelState::NeedsAttention(reason) => {
            return format!("needs a hand: {}", reason.sentence());
        }
    };
    plain.to_owned()
}

fn heading(parcel: &Parcel, shop: Option<&Shop>, output: &mut Output) -> Result<(), Failure> {
    let tiktok = parcel
        .tiktok_order()
        .map_or_else(|| "TikTok order not known yet".to_owned(), |id| format!("TikTok order {id}"));
    let store_order =
        if parcel.order_name.is_some() { format!(", store order {}", parcel.order) } else { String::new() };
    let shop = shop.map_or_else(|| format!("shop {}", parcel.shop), |shop| shop.name.clone());
    output.say(format_args!("Order {}{store_order}, {tiktok}, {shop}", name_of(parcel)))
}

fn say(parcel: &Parcel, row: &ParcelRow, output: &mut Output) -> Result<(), Failure> {
    let zone = output.zone().clone();
    let number = row.number.as_deref().unwrap_or("without a number");
    let carrier = row.carrier.as_deref().unwrap_or("no carrier named");
    output.say("")?;
    output.say(format_args!("  {number}  {carrier}"))?;
    output.say(format_args!("  {}", state_words(parcel.state)))?;
    if parcel.due.is_some()
        && let Some(what) = &row.waits_for
    {
        let until = row.until.map(|at| format!(" Looked at again {}.", local(at, &zone))).unwrap_or_default();
        output.say(format_args!("  {what}{until}"))?;
    } else if let (Some(remedy), Some(_)) = (row.remedy, &row.waits_for) {
        output.say(format_args!("  {remedy}"))?;
    }
    if let Some(detail) = &row.detail {
        output.say(format_args!("  {detail}"))?;
    }
    if let Some(command) = &row.command {
        output.say(format_args!("  {command}"))?;
    }
    if let Some(sent) = &row.sent {
        let edits = match sent.corrections_left {
            0 => "no correction left".to_owned(),
            _ => {
                let until = parcel.sent.as_ref().map(|sent| sent.shipped_at + EDIT_WINDOW);
                let until = until.map(|at| format!(" until {}", local(at, &zone))).unwrap_or_default();
                format!("one correction left{until}")
            }
        };
        output.say(format_args!(
            "  TikTok has {} with {} since {}; {edits}",
            sent.number,
            sent.carrier,
            local(sent.at, &zone)
        ))?;
    }
    for step in &row.timeline {
        output.say(format_args!("    {}  {}", local(step.at, &zone), step.said))?;
        if let Some(code) = step.code {
            let id = step.request_id.as_deref().map(|id| format!(" (request {id})")).unwrap_or_default();
            let message = step.message.as_deref().map(|message| format!(" {message}")).unwrap_or_default();
            output.say(format_args!("      TikTok: {code}{message}{id}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: i64, what: &str, detail: &str) -> Event {
        Event { at: Timestamp::from_second(at).expect("time"), what: EventKind::parse(what), detail: detail.into() }
    }

    #[test]
    fn no_step_of_a_timeline_is_a_code_or_a_bare_word_of_ours() {
        for reason in Reason::ALL {
            let said = words(&event(0, reason.code(), "check digit is wrong"));
            assert!(!said.contains(reason.code()) && said.contains("check digit is wrong"), "{said}");
        }
        assert_eq!(words(&event(0, "accepted", "USPS")), "TikTok took the number: USPS");
        for reason in Reason::ALL {
            assert!(!state_words(ParcelState::for_reason(*reason)).contains(reason.code()), "{reason}");
        }
    }
}
