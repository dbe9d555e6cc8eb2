//! Order notes, for shops whose shipping tool writes nothing else (Shippo, Click & Drop, ShipStation without Shipment
//! Tracking): `… shipped via USPS on November 21, 2026 with tracking number 9400….`
//!
//! Notes are prose. Only what stands right behind words for a tracking number, or in a link, is taken; the carrier step
//! judges it like any other number.

use super::merge::{Entry, Lines, merged};
use crate::domain::connection::StoreSettings;
use crate::domain::fulfilment::Fulfilment;
use crate::domain::markup;
use crate::stores::answer::{self, Answer};
use crate::stores::error::StoreError;
use crate::stores::json::{List, Text};
use bytes::Bytes;
use http::Response;
use serde::Deserialize;

/// The tracking field of a shop that wants its notes read.
const FIELD: &str = "order_notes";

/// Whether a person asked for notes, and the order itself holds no number.
pub(super) fn are_wanted(settings: &StoreSettings, found: &Fulfilment) -> bool {
    settings.tracking_field.as_deref().map(str::trim) == Some(FIELD) && found.shipments.is_empty()
}

/// Adds what the order's notes tell.
pub(super) fn added(mut found: Fulfilment, answer: &Response<Bytes>) -> Result<Fulfilment, StoreError> {
    let Answer::Body(body) = answer::sorted(answer)? else {
        // Not certainly everything: the notes could not be had.
        found.complete = None;
        return Ok(found);
    };
    let notes: List<Note> = answer::json(body)?;
    answer::recognised(&notes.0, |note| note.id.get())?;
    if let Some(version) = found.complete {
        found.shipments = merged(entries(&notes.0), &Lines::default(), version);
    }
    Ok(found)
}

/// A note of an order. Who wrote it is not read.
#[derive(Deserialize)]
struct Note {
    #[serde(default)]
    id: Text,
    #[serde(default)]
    note: Text,
}

/// Words behind which a number stands, longest first.
const MARKS: [&str; 14] = [
    "tracking numbers",
    "tracking number",
    "tracking no.",
    "tracking no",
    "tracking code",
    "tracking reference",
    "tracking ref",
    "tracking id",
    "tracking #",
    "tracking:",
    "consignment number",
    "sendungsnummer",
    "numéro de suivi",
    "número de seguimiento",
];
/// Words before a carrier's name, and words that end it.
const BEFORE_CARRIER: [&str; 4] = ["shipped via ", "dispatched via ", "despatched via ", " via "];
const AFTER_CARRIER: [&str; 8] = [" on ", " with ", " using ", " tracking", " (", ". ", ",", "\n"];
/// Characters of a carrier's name in prose.
const LONGEST_CARRIER: usize = 40;

/// The parcels that the notes tell of. A later note that a label was voided takes its number back.
fn entries(notes: &[Note]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut taken_back: Vec<String> = Vec::new();
    for note in notes {
        let text = markup::plain(note.note.or_empty()).replace('\u{a0}', " ");
        let lower = text.to_lowercase();
        // A few letters of other scripts change their length: places in one text would be wrong in the other.
        if lower.len() != text.len() {
            continue;
        }
        let Some(number) = number(&text, &lower) else { continue };
        if ["void", "refund", "cancel"].iter().any(|word| lower.contains(word)) {
            taken_back.push(number);
            continue;
        }
        let id = note.id.get().map(str::to_owned);
        entries.push(Entry { source: "note", id, fields: vec![(number, carrier(&text, &lower))], lines: Vec::new() });
    }
    entries.retain(|entry| !entry.fields.iter().any(|(number, _)| taken_back.contains(number)));
    entries
}

fn number(text: &str, lower: &str) -> Option<String> {
    let behind = MARKS
        .iter()
        .filter_map(|mark| lower.find(mark).map(|at| (at, at + mark.len())))
        .min_by_key(|(at, end)| (*at, usize::MAX - end))
        .map(|(_, end)| end);
    let Some(behind) = behind else {
        // A link alone is a number where the note speaks of shipping.
        let speaks = ["track", "shipped", "dispatched", "despatched", "versendet"].iter().any(|w| lower.contains(w));
        let link = lower.find("https://").or_else(|| lower.find("http://")).filter(|_| speaks)?;
        return text[link..].split_whitespace().next().map(|link| link.trim_end_matches(['.', ',', ')']).to_owned());
    };
    let rest =
        text.get(behind..)?.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '#' | '-' | '='));
    let rest = ["is ", "was ", "are "].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
    // Groups of a printed number: words of capitals and digits, until prose goes on.
    let group = |word: &&str| {
        let word = word.trim_end_matches(['.', ',', ';', ')', ':']);
        word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-') && !word.is_empty()
    };
    let mut found = String::new();
    for word in rest.split_whitespace() {
        if found.is_empty() && word.contains("://") {
            return Some(word.trim_end_matches(['.', ',', ')']).to_owned());
        }
        let first = found.is_empty() && word.bytes().any(|b| b.is_ascii_digit());
        if !group(&word) && !first {
            break;
        }
        if !found.is_empty() {
            found.push(' ');
        }
        found.push_str(word);
        if word.ends_with(['.', ';', ')']) {
            break;
        }
    }
    let found = found.trim_end_matches(['.', ',', ';', ')', ':']).to_owned();
    (found.bytes().filter(u8::is_ascii_digit).count() >= 6).then_some(found)
}

fn carrier(text: &str, lower: &str) -> Option<String> {
    let start = BEFORE_CARRIER.iter().find_map(|word| lower.find(word).map(|at| at + word.len()))?;
    let rest = lower.get(start..)?;
    let end = AFTER_CARRIER.iter().filter_map(|word| rest.find(word)).min().unwrap_or(rest.len());
    let name = text.get(start..start + end)?.trim().trim_end_matches('.');
    (!name.is_empty() && name.chars().count() <= LONGEST_CARRIER).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(notes: &[&str]) -> Vec<String> {
        let notes: Vec<Note> = notes
            .iter()
            .enumerate()
            .map(|(id, note)| serde_json::from_value(json!({ "id": id, "note": note })).expect("a note"))
            .collect();
        let shown = |entry: Entry| {
            let (number, carrier) = entry.fields.into_iter().next().expect("a field");
            format!("{number} {}", carrier.as_deref().unwrap_or("-"))
        };
        entries(&notes).into_iter().map(shown).collect()
    }

    #[test]
    fn a_number_in_a_note_is_found_behind_the_words_for_it() {
        for (note, expected) in [
            (
                "MUG-BLUE x 2 shipped via USPS on November 21, 2026 with tracking number 9400100000000000003215.",
                "9400100000000000003215 USPS",
            ),
            (
                "Order dispatched via Royal Mail. Tracking number: AB 123 456 785 GB. Thank you",
                "AB 123 456 785 GB Royal Mail",
            ),
            ("Your tracking number is 1Z0000000000003239", "1Z0000000000003239 -"),
            ("Tracking no. <a href=\"https://t.example/\">JD014600000000003031</a>", "JD014600000000003031 -"),
            (
                "Shipped! Follow it at https://t.example/?n=9400100000000000003215.",
                "https://t.example/?n=9400100000000000003215 -",
            ),
            ("Sendungsnummer: 00340434161094003052", "00340434161094003052 -"),
        ] {
            assert_eq!(told(&[note]), [expected], "{note}");
        }
    }

    #[test]
    fn other_notes_tell_of_no_parcel_and_a_voided_label_takes_its_number_back() {
        for note in [
            "Order status changed from Processing to Completed.",
            "Payment 576000000000000017 received",
            "Tracking number follows",
            "Refund 9400100000000000003215",
        ] {
            assert_eq!(told(&[note]), Vec::<String>::new(), "{note}");
        }
        let (bought, voided) =
            ("Tracking number: 9400100000000000003215", "Label voided. Tracking number: 9400100000000000003215");
        assert_eq!(told(&[voided, bought]), Vec::<String>::new());
    }
}
