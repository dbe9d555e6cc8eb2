//! `waybill order X`: what happened to one order, as a timeline.

use super::{Failure, Output, all_shops};
use crate::output::local;
use std::collections::BTreeMap;
use waybill::app::App;
use waybill::domain::connection::Shop;
use waybill::domain::parcel::Parcel;
use waybill::flows::acts::{self, Scope};
use waybill::flows::views::command::name_of;
use waybill::flows::views::fields;
use waybill::flows::views::order::{ParcelRow, TikTokRow, tiktok_orders};
use waybill::flows::views::timeline::state_words;

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
        let fields = fields::of_parcel(app, shop, parcel).await?;
        let row = ParcelRow { tiktok, fields, ..ParcelRow::of(parcel, shop, now) };
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
            say_order(&row, shop, output)?;
        } else if !found.iter().any(|parcel| parcel.tiktok_order() == Some(&known.row.order)) {
            // No parcel shows it.
            output.line(&row)?;
        }
    }
    let listed = orders.iter().any(|(_, known)| known.row.attention.is_some());
    Ok(listed || found.iter().any(|parcel| parcel.listed))
}

fn say_order(row: &TikTokRow, shop: &Shop, output: &mut Output) -> Result<(), Failure> {
    let zone = output.zone().clone();
    output.say(format_args!("TikTok order {}, {}", row.line.order, shop.name))?;
    let kind = if row.line.kind == "normal" { String::new() } else { format!(", {}", row.line.kind.replace('_', " ")) };
    output.say(format_args!(
        "  {} ({}){kind}, ship-to {}, seen {}",
        row.line.state.replace('_', " "),
        row.line.tiktok_status,
        row.line.ship_to,
        local(row.seen, &zone)
    ))?;
    for item in &row.items {
        output.say(format_args!("  {} x {}: {}", item.units, item.sku, item.state))?;
    }
    if let Some(cause) = &row.possible_cause {
        output.say(format_args!("  no store told of it; a possible cause, never the certain one: {cause}"))?;
    }
    for clock in &row.clocks {
        let passed = if clock.late { "passed" } else { "by" };
        output.say(format_args!("  {} {passed} {} ({})", clock.clock, local(clock.due, &zone), clock.source))?;
    }
    for step in &row.timeline {
        output.say(format_args!("    {}  {}", local(step.at, &zone), step.said))?;
    }
    Ok(())
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
                format!("one correction left until {}", local(sent.corrections_until, &zone))
            }
        };
        output.say(format_args!(
            "  TikTok has {} with {} since {}; {edits}",
            sent.number,
            sent.carrier,
            local(sent.at, &zone)
        ))?;
    }
    if let Some(fields) = &row.fields {
        output.say(format_args!("  {}", fields.said))?;
        if let Some(command) = &fields.command {
            output.say(format_args!("  {command}"))?;
        }
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
