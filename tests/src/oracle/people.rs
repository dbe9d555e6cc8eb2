//! People who do what the remedy says.

use super::history::History;
use super::play::SHOPS;
use super::world::{Deed, Message, Plan, Truth};
use serde_json::Value;

/// What a person does about an entry of the attention list. `None`: nothing that helps sooner.
#[must_use]
pub fn remedy(row: &Value, again: bool, plan: &Plan, history: &History) -> Option<Deed> {
    let text = |field: &str| row[field].as_str().unwrap_or_default();
    let number = text("number").to_owned();
    let truth = plan.truth.iter().find(|truth| truth.number == number);
    let known = plan.orders.iter().position(|order| order.id == text("tiktok_order"));
    let dismiss = || (!number.is_empty()).then(|| Deed::Dismiss(number.clone()));
    if again {
        return match text("reason") {
            "CANCELLED_AFTER_DISPATCH" => None,
            _ => dismiss(),
        };
    }
    match text("reason") {
        "CARRIER_UNMAPPED" | "CARRIER_MISSING" => {
            let words = plan.words().find(|words| *words == text("carrier"))?;
            Some(Deed::Map(words, "USPS"))
        }
        "ORDER_NOT_FOUND" => match truth.and_then(|truth| truth.order.clone()) {
            Some(order) if text("tiktok_order").is_empty() => Some(Deed::Link(text("store_order").to_owned(), order)),
            Some(order) if text("tiktok_order") == order => Some(Deed::Retry(number)),
            Some(order) => corrected(&number, |message| message.tiktok = Some(order.clone()), history),
            None => dismiss(),
        },
        "ORDER_AMBIGUOUS" => {
            let named = newest(&number, history)?.tiktok.clone()?;
            Some(Deed::Link(text("store_order").to_owned(), named))
        }
        "LINES_UNMATCHED" if plan.packages => {
            let place = known?;
            let of_it = plan.truth.iter().filter(|truth| truth.order.as_ref() == Some(&plan.orders[place].id));
            let parts = of_it.filter(|truth| newest(&truth.number, history).is_some());
            Some(Deed::Split(place, parts.map(|truth| truth.items.clone()).collect()))
        }
        "SIBLING_OPEN" => {
            // The warehouse names one number for both: the smaller one.
            let place = known?;
            let mate = plan.steps.iter().find_map(|step| match step.deed {
                Deed::Combine(one, other) if one == place => Some(other),
                Deed::Combine(other, one) if one == place => Some(other),
                _ => None,
            })?;
            let mate = Some(&plan.orders[mate].id);
            let theirs = history.deeds.iter().rev().find_map(|(_, deed)| match deed {
                Deed::Tell(message) if message.tiktok.as_ref() == mate => message.numbers.first(),
                _ => None,
            });
            let first = theirs.filter(|first| **first < number)?;
            corrected(&number, |message| message.numbers = vec![first.clone()], history)
        }
        "LINES_UNMATCHED" => match truth.filter(|truth| is_free(truth, history)) {
            Some(truth) => Some(Deed::Choose(number, truth.items.clone())),
            None => dismiss(),
        },
        "CARRIER_FORMAT_MISMATCH" | "TRACKING_INVALID" => Some(Deed::Confirm(number)),
        "CANCEL_REQUESTED" => known.map(Deed::RejectCancel),
        "SHOP_GONE" => SHOPS.iter().position(|shop| *shop == text("shop")).map(Deed::Reconnect),
        "CANCELLED_AFTER_DISPATCH" => None,
        "CANCELLED"
        | "ALREADY_SHIPPED"
        | "ACCEPTED_WITH_WARNING"
        | "EDIT_USED"
        | "EDIT_WINDOW_CLOSED"
        | "TRACKING_DUPLICATE" => dismiss(),
        _ => (!number.is_empty()).then_some(Deed::Retry(number)),
    }
}

/// The newest message of a number.
fn newest<'a>(number: &str, history: &'a History) -> Option<&'a Message> {
    let told = history.deeds.iter().filter_map(|(_, deed)| match deed {
        Deed::Tell(message) if message.numbers.iter().any(|n| n == number) => Some(message),
        _ => None,
    });
    told.max_by_key(|message| message.version)
}

/// The warehouse sends the newest message of this number anew, mended.
fn corrected(number: &str, mend: impl Fn(&mut Message), history: &History) -> Option<Deed> {
    let mut message = newest(number, history)?.clone();
    mend(&mut message);
    message.version = history.now;
    Some(Deed::Tell(message))
}

/// Whether TikTok's order has the items open.
fn is_free(truth: &Truth, history: &History) -> bool {
    let Some(order) = truth.order.as_ref().and_then(|id| history.orders.get(id)) else { return false };
    truth.items.iter().all(|(sku, count)| {
        let open = order.units.iter().filter(|unit| unit.sku == *sku && !unit.cancelled && unit.number.is_none());
        open.count() >= *count as usize
    })
}
