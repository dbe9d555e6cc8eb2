//! One order of TikTok's answers, read by an allow-list: what is not named here is not kept. Nothing about the buyer is,
//! except the two-letter region and whether an address is shown at all.
//!
//! The reading is lenient: a field may be missing, empty, or of another type; only the id must be there.

use super::read::{field, flag, id, list, text, time, whole};
use crate::domain::order::{
    Cancellation, CancelledBy, Component, Deadlines, Handling, Invoice, OrderKind, OrderLine, OrderState, OrderTimes,
    OrderType, Origin, PackageState, PushRule, ShipTo, SplitTag, TikTokOrder,
};
use serde_json::Value;

/// The most pieces of a part that one bundle is believed to hold.
const MOST_UNITS: i64 = 1000;

/// An order of TikTok's answer. `None` without an id. Everything else may be missing.
pub(super) fn read_order(value: &Value) -> Option<TikTokOrder> {
    let state = OrderState::parse(&text(value, "status").unwrap_or_default());
    let split_or_combined = text(value, "split_or_combine_tag").and_then(|tag| split_tag(&tag));
    let mut lines: Vec<OrderLine> =
        list(value, "line_items").iter().filter_map(|line| read_line(line, &state)).collect();
    if split_or_combined != Some(SplitTag::Split) {
        fill_from_order(value, &state, &mut lines);
    }
    let address = field(value, "recipient_address");
    Some(TikTokOrder {
        id: id(value, "id")?,
        update_time: time(value, "update_time"),
        shipping_type: text(value, "shipping_type"),
        fulfillment_type: text(value, "fulfillment_type"),
        delivery_option: id(value, "delivery_option_id"),
        warehouse: id(value, "warehouse_id"),
        buyer_region: text(address, "region_code").and_then(|code| region(&code)),
        cancel_requested: flag(value, "is_buyer_request_cancel"),
        sample: flag(value, "is_sample_order"),
        split_or_combined,
        paid_time: time(value, "paid_time"),
        packages: list(value, "packages").iter().filter_map(|package| id(package, "id")).collect(),
        kind: kind(value),
        times: times(value),
        deadlines: deadlines(value),
        ship_to: ship_to(address),
        cancellation: cancellation(value, &state),
        state,
        lines,
    })
}

/// `SPLIT` or `COMBINED` on orders, `SPLIT` or `COMBINE` on packages.
pub(super) fn split_tag(tag: &str) -> Option<SplitTag> {
    match tag.to_ascii_uppercase().as_str() {
        "SPLIT" => Some(SplitTag::Split),
        "COMBINED" | "COMBINE" => Some(SplitTag::Combined),
        _ => None,
    }
}

/// Two letters; anything else (masked, a name) is nobody's business.
fn region(code: &str) -> Option<String> {
    (code.len() == 2 && code.bytes().all(|b| b.is_ascii_alphabetic())).then(|| code.to_ascii_uppercase())
}

fn kind(value: &Value) -> OrderKind {
    let group = text(value, "auto_combine_group_id");
    let refused = group.as_ref().is_some_and(|group| group.eq_ignore_ascii_case("N/A"));
    let on_hold = field(value, "is_on_hold_order");
    OrderKind {
        order_type: text(value, "order_type").and_then(|word| OrderType::parse(&word)),
        release: time(value, "release_date"),
        handling: handling(field(value, "handling_duration")),
        origin: origin(value),
        combine_group: group.filter(|group| !refused && group != "0").map(|group| group.chars().take(64).collect()),
        combine_refused: refused,
        invoice: Invoice::parse(&text(value, "need_upload_invoice").unwrap_or_default()),
        passes_hold: (!on_hold.is_null()).then(|| flag(value, "is_on_hold_order")),
        subscription: flag(value, "is_subscription_order"),
    }
}

/// `days` is text in TikTok's newer answers.
fn handling(value: &Value) -> Option<Handling> {
    let days = whole(value, "days").and_then(|days| u16::try_from(days).ok()).filter(|days| *days > 0)?;
    let business = text(value, "type").is_none_or(|kind| !kind.eq_ignore_ascii_case("CALENDAR_DAY"));
    Some(Handling { days, business })
}

/// The other order's id alone says as much as the flag beside it.
fn origin(value: &Value) -> Origin {
    let (replaced, source) = (id(value, "replaced_order_id"), id(value, "exchange_source_order_id"));
    if flag(value, "is_replacement_order") || replaced.is_some() {
        Origin::ReplacementOf(replaced)
    } else if flag(value, "is_exchange_order") || source.is_some() {
        Origin::ExchangeOf(source)
    } else {
        Origin::Placed
    }
}

fn times(value: &Value) -> OrderTimes {
    OrderTimes {
        created: time(value, "create_time"),
        shipped: time(value, "rts_time"),
        collected: time(value, "collection_time"),
        delivered: time(value, "delivery_time"),
        cancelled: time(value, "cancel_time"),
        cancel_requested: time(value, "request_cancel_time"),
    }
}

fn deadlines(value: &Value) -> Deadlines {
    Deadlines {
        rts_sla: time(value, "rts_sla_time"),
        tts_sla: time(value, "tts_sla_time"),
        delivery_sla: time(value, "delivery_sla_time"),
        shipping_due: time(value, "shipping_due_time"),
        collection_due: time(value, "collection_due_time"),
        delivery_due: time(value, "delivery_due_time"),
        cancel_order_sla: time(value, "cancel_order_sla_time"),
    }
}

/// Looks at the address and forgets it. A masked telephone number alone hides no address.
fn ship_to(address: &Value) -> ShipTo {
    const WHERE: [&str; 7] = [
        "full_address",
        "address_detail",
        "address_line1",
        "address_line2",
        "address_line3",
        "address_line4",
        "post_town",
    ];
    let masked = |text: &String| {
        let star = |c: char| matches!(c, '*' | '\u{ff0a}' | '\u{2022}');
        text.contains("**") || text.chars().filter(|c| !c.is_whitespace()).all(star)
    };
    let filled: Vec<String> = WHERE.iter().filter_map(|key| text(address, key)).collect();
    let beside = ["name", "postal_code"].iter().filter_map(|key| text(address, key));
    if filled.iter().chain(beside.collect::<Vec<_>>().iter()).any(masked) {
        ShipTo::Masked
    } else if filled.is_empty() {
        ShipTo::Missing
    } else {
        ShipTo::Present
    }
}

/// `cancel_reason` is display text in the buyer's language ("Autre") unless it is one of TikTok's codes.
fn cancellation(value: &Value, state: &OrderState) -> Option<Cancellation> {
    if *state != OrderState::Cancelled {
        return None;
    }
    let by = text(value, "cancellation_initiator").and_then(|word| CancelledBy::parse(&word));
    let code = text(value, "cancel_reason").filter(|reason| is_code(reason));
    Some(Cancellation { by, code })
}

/// TikTok's codes of reasons begin like this and hold no blank: nothing a person would type.
fn is_code(reason: &str) -> bool {
    const FAMILIES: [&str; 4] = ["ecom_order_", "seller_cancel_", "buyer_cancel_", "system_cancel_"];
    let plain = |b: u8| b.is_ascii_lowercase() || b == b'_';
    reason.len() <= 100 && FAMILIES.iter().any(|family| reason.starts_with(family)) && reason.bytes().all(plain)
}

fn read_line(value: &Value, order: &OrderState) -> Option<OrderLine> {
    // The parts of a virtual bundle carry the number instead of the line; the line has one when all its parts have.
    let parts = list(value, "sub_item_info");
    let shipped = |part: &Value| text(part, "tracking_number").is_some();
    let carrier = if !shipped(value) && !parts.is_empty() && parts.iter().all(shipped) { &parts[0] } else { value };
    let tracking = text(carrier, "tracking_number");
    let state = match text(value, "display_status") {
        Some(word) => OrderState::parse(&word),
        None if *order != OrderState::PartiallyShipped => order.clone(),
        None if tracking.is_some() => OrderState::ReadyToShip,
        None => OrderState::AwaitingShipment,
    };
    Some(OrderLine {
        id: id(value, "id")?,
        seller_sku: text(value, "seller_sku").unwrap_or_default(),
        state,
        package: id(carrier, "package_id"),
        provider: id(carrier, "shipping_provider_id"),
        tracking,
        sku_id: text(value, "sku_id"),
        product: text(value, "product_id"),
        gift: flag(value, "is_gift"),
        components: list(value, "combined_listing_skus").iter().filter_map(component).collect(),
        package_state: text(carrier, "package_status").map(|word| PackageState::parse(&word)),
        shipped: time(carrier, "rts_time"),
        cancelled_by: text(value, "cancel_user").and_then(|word| CancelledBy::parse(&word)),
    })
}

/// A part of a bundle. One without any name cannot be claimed by anybody.
fn component(value: &Value) -> Option<Component> {
    let (seller_sku, sku_id) = (text(value, "seller_sku").unwrap_or_default(), text(value, "sku_id"));
    let units = whole(value, "sku_count").unwrap_or(1).clamp(1, MOST_UNITS);
    let units = u32::try_from(units).unwrap_or(1);
    (!seller_sku.is_empty() || sku_id.is_some()).then_some(Component { seller_sku, sku_id, units })
}

/// Where an order was shipped whole, its number may stand on the order alone.
fn fill_from_order(value: &Value, state: &OrderState, lines: &mut [OrderLine]) {
    let shipped = matches!(state.push_rule(), PushRule::CorrectOnly | PushRule::No);
    let (Some(number), true) = (text(value, "tracking_number"), shipped) else { return };
    if lines.iter().any(|line| line.tracking.is_some()) {
        return;
    }
    for line in lines.iter_mut().filter(|line| line.state != OrderState::Cancelled) {
        line.tracking = Some(number.clone());
        line.provider = line.provider.take().or_else(|| id(value, "shipping_provider_id"));
    }
}

#[cfg(test)]
#[path = "order_reader_tests.rs"]
mod tests;
