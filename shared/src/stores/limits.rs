//! What one delivery may hold, and texts that people and terminals can bear.

use super::error::StoreError;
use crate::domain::fulfilment::Fulfilment;
pub(crate) use crate::domain::numbers::MOST_NUMBERS as MOST;
use jiff::Timestamp;

/// Characters of a carrier's name or an order's name at most.
pub(crate) const LONGEST_NAME: usize = 200;

/// A message within the limits: at most [`MOST`] shipments and numbers, and lines in each shipment. Names lose control and
/// direction characters, which could rewrite what an operator's terminal shows, and what is longer than any name.
///
/// # Errors
/// [`StoreError::TooMany`].
pub(crate) fn checked(mut message: Fulfilment) -> Result<Fulfilment, StoreError> {
    let numbers: usize = message.shipments.iter().map(|shipment| shipment.parcels.len()).sum();
    let full = message.shipments.iter().find(|shipment| shipment.parcels.len() > MOST || shipment.lines.len() > MOST);
    let too_many = |what| StoreError::TooMany {
        what,
        order: Some(message.order.clone()),
        // Where the message lists the whole order, that is what cannot be taken.
        shipment: full.filter(|_| message.complete.is_none()).map(|shipment| shipment.id.clone()),
    };
    if message.shipments.len() > MOST {
        return Err(too_many("shipments"));
    }
    if numbers > MOST {
        return Err(too_many("tracking numbers"));
    }
    if message.shipments.iter().any(|shipment| shipment.lines.len() > MOST) {
        return Err(too_many("lines in one shipment"));
    }
    message.order_name = message.order_name.as_deref().and_then(name);
    for parcel in message.shipments.iter_mut().flat_map(|shipment| &mut shipment.parcels) {
        parcel.carrier = parcel.carrier.as_deref().and_then(name);
    }
    Ok(message)
}

/// Keeps a message that is within the limits. One that is not must not hide all others: what is kept of it shows a person
/// that there is one.
pub(crate) fn keep(found: &mut Vec<Fulfilment>, message: Fulfilment, now: Timestamp) {
    match checked(message) {
        Ok(message) => found.push(message),
        Err(error) => left_out(found, &error, now),
    }
}

/// What is kept of an order that cannot be taken.
pub(crate) fn left_out(found: &mut Vec<Fulfilment>, error: &StoreError, now: Timestamp) {
    tracing::warn!(error = error as &dyn std::error::Error, "an order is left out of a poll");
    found.extend(error.too_much(now));
}

/// Whether a character changes what stands around it: a terminal's control, or a change of writing direction.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A name fit to be shown: blanks for controls, trimmed, cut; nothing when nothing is left.
fn name(text: &str) -> Option<String> {
    if !text.chars().any(is_control) && text.len() <= LONGEST_NAME {
        return Some(text.to_owned()).filter(|text| !text.is_empty());
    }
    let plain: String = text
        .chars()
        .filter(|c| !is_control(*c) || c.is_whitespace())
        .map(|c| if is_control(c) { ' ' } else { c })
        .take(LONGEST_NAME)
        .collect();
    Some(plain.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_name_never_holds_what_a_terminal_obeys() {
        for (text, shown) in [
            ("UPS", Some("UPS")),
            ("\u{1b}]0;owned\u{7}\u{1b}[31mRED", Some("]0;owned[31mRED")),
            ("abc\u{202e}txt\u{2069}", Some("abctxt")),
            ("two\nlines", Some("two lines")),
            ("\u{1b}", None),
            ("", None),
        ] {
            assert_eq!(name(text).as_deref(), shown, "{text:?}");
        }
        assert_eq!(name(&"é".repeat(500)).map(|n| n.chars().count()), Some(200));
    }
}
