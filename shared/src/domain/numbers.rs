//! From what stands in a store's number field to the numbers in it: the one splitter of all stores.
//!
//! Merchants type several numbers with a comma or the like between them, paste carriers' links, and plug-ins hand out HTML
//! that was escaped on the way. A text is taken apart only where no number can go on: links and numbers that a table
//! program wrote as a float stay whole, for the carrier step to judge; pieces of one are never numbers.

use crate::domain::markup;
use crate::domain::tracking::TrackingNumber;
use std::collections::HashSet;

/// More numbers than one delivery ever has. A field gives at most one more than this, so that the excess shows.
pub const MOST_NUMBERS: usize = 200;
/// Characters that no carrier's number holds.
const BETWEEN: [char; 15] = [',', ';', '|', '&', '+', '\n', '\r', '\t', '，', '、', '；', '،', '•', '·', '\u{2028}'];
/// Words between two numbers, in the languages of the markets.
const AND: [&str; 10] = ["and", "und", "et", "y", "e", "en", "og", "och", "or", "oder"];
/// Longest host and scheme that is looked for.
const LONGEST_HOST: usize = 64;

/// The numbers in one field, each once, in their order; at most one more than [`MOST_NUMBERS`].
#[must_use]
pub fn numbers_in(field: &str) -> Vec<TrackingNumber> {
    let text = markup::plain(field);
    if is_float(&text) {
        return TrackingNumber::parse(&text).into_iter().collect();
    }
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut seen = HashSet::new();
    for piece in hard_pieces(&text) {
        let parts = if piece.link { vec![beside_link(piece.text)] } else { soft_parts(piece.text) };
        for part in parts {
            let Ok(number) = TrackingNumber::parse(part) else { continue };
            // A full stop that is left behind a separator is no piece of anything.
            if part.trim() != text.trim() && !part.contains(char::is_alphanumeric) {
                continue;
            }
            if seen.insert(number.key()) {
                pieces.push(Piece { text: part, link: piece.link && part == piece.text });
            }
        }
        if pieces.len() > MOST_NUMBERS {
            break;
        }
    }
    // "USPS, 9400…": a name beside a number says nothing that counts here.
    if pieces.iter().any(|piece| has_digit(piece.text)) {
        pieces.retain(|piece| has_digit(piece.text));
    }
    // A link that only repeats the numbers beside it is no further parcel.
    let alone: HashSet<String> = pieces.iter().filter(|piece| !piece.link).map(|piece| bare(piece.text)).collect();
    pieces.retain(|piece| !piece.link || !repeats(piece.text, &alone));
    pieces.iter().take(MOST_NUMBERS + 1).filter_map(|piece| TrackingNumber::parse(piece.text).ok()).collect()
}

/// Letters and digits in upper case.
fn bare(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Whether a link holds numbers, and all of them stand beside it.
fn repeats(link: &str, numbers: &HashSet<String>) -> bool {
    let mut inside = link.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| is_whole_number(word)).peekable();
    inside.peek().is_some() && inside.all(|word| numbers.contains(&bare(word)))
}

/// Whether a text is a number as a table program shows a long one: `9.4001E+21`, `9,4001E+21`, `771234567890,00`,
/// `9,400,100`. Its digits may be lost already; its pieces are nothing.
#[must_use]
pub fn is_float(text: &str) -> bool {
    let text = text.trim();
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !text.starts_with(|c: char| c.is_ascii_digit()) || text.len() > LONGEST_HOST {
        return false;
    }
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if let Some((mantissa, exponent)) = text.split_once(['e', 'E']) {
        let (whole, part) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
        let signed = exponent.starts_with(['-', '+']);
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        return digits(whole)
            && digits(part)
            && digits(exponent)
            && (signed || mantissa.len() > whole.len())
            && (!mantissa.contains(',') || whole.len() == 1);
    }
    if let Some((whole, part)) = text.split_once('.')
        && digits(part)
    {
        return digits(whole) || is_grouped(whole);
    }
    if let Some((whole, part)) = text.split_once(',')
        && digits(whole)
        && whole.len() >= 6
        && (1..=3).contains(&part.len())
    {
        return part.bytes().all(|b| b == b'0');
    }
    is_grouped(text)
}

/// `9,400,100,000`: groups of three digits.
fn is_grouped(text: &str) -> bool {
    let mut groups = text.split(',');
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let first = groups.next().is_some_and(|first| (1..=3).contains(&first.len()) && digits(first));
    first && text.contains(',') && groups.all(|group| group.len() == 3 && digits(group))
}

#[derive(Clone, Copy)]
struct Piece<'a> {
    text: &'a str,
    link: bool,
}

fn has_digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

/// The text parted where no number can go on. Links and floats are walked over as a whole.
fn hard_pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut start = 0;
    let mut finished = false;
    std::iter::from_fn(move || {
        if finished {
            return None;
        }
        let (mut at, mut link) = (start, false);
        let mut before = None;
        while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = &text[at..];
            let begins = !before.is_some_and(char::is_alphanumeric);
            if begins
                && c.is_alphanumeric()
                && let Some(length) = link_at(rest)
            {
                (at, before, link) = (at + length, Some('x'), true);
                continue;
            }
            if begins
                && c.is_ascii_digit()
                && let Some(length) = float_at(rest)
            {
                (at, before) = (at + length, Some('0'));
                continue;
            }
            let slash = c == '/' && before == Some(' ') && rest[1..].starts_with(' ');
            if BETWEEN.contains(&c) || slash {
                let piece = Piece { text: &text[start..at], link };
                start = at + c.len_utf8();
                return Some(piece);
            }
            (at, before) = (at + c.len_utf8(), Some(c));
        }
        finished = true;
        Some(Piece { text: &text[start..], link })
    })
}

/// A slash, a word or a blank alone parts only what looks like a whole number on either side: numbers are printed in groups
/// (`9400 1000 0000`), and some hold a slash.
fn soft_parts(text: &str) -> Vec<&str> {
    let slashed: Vec<&str> = text.split('/').map(str::trim).filter(|part| !part.is_empty()).collect();
    if slashed.len() > 1 && slashed.iter().all(|part| is_whole_number(part)) {
        return slashed;
    }
    let words = || text.split_whitespace().filter(|word| !AND.iter().any(|and| and.eq_ignore_ascii_case(word)));
    if words().nth(1).is_some() && words().all(is_whole_number) {
        return words().collect();
    }
    vec![text]
}

/// The number in front of or behind a link that only repeats it (`1Z… https://…?tracknum=1Z…`), or the whole text.
fn beside_link(text: &str) -> &str {
    let word = |word: &'_ str| word.trim_matches(['(', ')', '[', ']', '<', '>', ':', '-']).len();
    let mut numbers = text.split_whitespace().filter(|word| is_whole_number(word));
    let (Some(number), None) = (numbers.next(), numbers.next()) else { return text };
    let known = HashSet::from([bare(number)]);
    let rest = text.split_whitespace().filter(|part| *part != number && word(part) > 0);
    if rest.into_iter().all(|part| repeats(part, &known)) { number } else { text }
}

/// Long enough for a whole number, and mostly digits: a group of a printed number is shorter, prose has no digits.
fn is_whole_number(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    (10..=40).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()) && digits * 2 >= part.len()
}

/// Bytes of the link that a text begins with, if it does: with a scheme, with `www.`, or a host with a path behind it.
fn link_at(text: &str) -> Option<usize> {
    if !begins_link(text) {
        return None;
    }
    let end =
        text.find(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"')).unwrap_or(text.len());
    let word = &text[..end];
    // The next link begins right behind a separator.
    let next = word
        .char_indices()
        .filter(|(_, c)| matches!(c, ',' | ';' | '|' | '+' | '&'))
        .find(|(at, c)| begins_absolute(&word[at + c.len_utf8()..]));
    let word = next.map_or(word, |(at, _)| &word[..at]);
    Some(word.trim_end_matches([',', ';', '|', '.', ')', '、', '，', '；', '،']).len())
}

fn begins_absolute(text: &str) -> bool {
    let lower = |length: usize| text.get(..length).unwrap_or(text).to_ascii_lowercase();
    lower(4) == "www." || lower(7) == "http://" || lower(8) == "https://"
}

fn begins_link(text: &str) -> bool {
    if begins_absolute(text) {
        return true;
    }
    let head = text.bytes().take(LONGEST_HOST);
    let length = head.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'+')).count();
    let (word, rest) = text.split_at(length);
    if rest.starts_with("://") {
        return word.starts_with(|c: char| c.is_ascii_alphabetic());
    }
    // `ups.com/track?…`: the last part of a host has letters only, a number's does not.
    let end = word.rsplit_once('.').map_or("", |(_, end)| end);
    rest.starts_with(['/', '?'])
        && (2..=12).contains(&end.len())
        && end.bytes().all(|b| b.is_ascii_alphabetic())
        && !word.contains('+')
}

/// Bytes of the number with an exponent that a text begins with, if it does.
fn float_at(text: &str) -> Option<usize> {
    let length = text
        .bytes()
        .take(LONGEST_HOST)
        .take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'e' | b'E' | b'+' | b'-'))
        .count();
    let word = text[..length].trim_end_matches(['.', ',', '+', '-']);
    // A comma may end one number of a list; the float then ends before it.
    let candidates = [Some(word), word.match_indices(',').nth(1).map(|(at, _)| &word[..at]), word.split(',').next()];
    let ends = |length: usize| !text[length..].starts_with(|c: char| c.is_alphanumeric());
    let float = |word: &&str| word.contains(['e', 'E']) && is_float(word) && ends(word.len());
    candidates.into_iter().flatten().find(float).map(str::len)
}

#[cfg(test)]
#[path = "numbers_tests.rs"]
mod tests;
