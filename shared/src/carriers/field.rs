//! From what stands in a store's number field to the numbers in it: one, several, or none.
//!
//! Source: carrier fact sheet, section 3. Order matters: junk rules run before shapes, the joined text before its pieces.

use crate::carriers::carrier::{Carrier, Fit};
use crate::carriers::catalogue::{Approval, Approved, Catalogue};
use crate::carriers::forms::{is_mobile, loose_form};
use crate::carriers::junk::Junk;
use crate::carriers::link::{Link, holds_link};
use crate::carriers::shape::{CheckResult, Strength};
use crate::carriers::text::{compact, holds_word, tidy_number};
use crate::domain::markup;
use serde::Serialize;

/// Bytes of the longest field worth reading. TikTok takes 50 characters; a field may hold several numbers.
const LONGEST_FIELD: usize = 2_000;
/// Most pieces of one field, and most words of one piece, that are looked at.
const MOST_PIECES: usize = 20;
const MOST_WORDS: usize = 12;
/// Letters alone between the digits of one number: "WM 8824 4126 4 GB", "221 BB4 EFC". More are a word.
const LETTERS_INSIDE: usize = 3;
/// Letters alone in front of digits where no shape says that they belong there.
const LETTERS_BEFORE: usize = 2;
/// Digits that a number of no known shape has at least.
const FEWEST_DIGITS: usize = 4;
/// Words of up to three letters that stand in front of numbers and are no part of them.
const LABELS: &[&str] =
    &["NO", "NR", "NUM", "ID", "REF", "RE", "PO", "SO", "DN", "TEL", "MOB", "FAX", "QTY", "BOX", "BAY", "LOT"];

/// What counts while a field is read. Shapes of carriers that cannot take the parcel never change the reading.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The carriers whose shapes count.
    pub approved: &'a Approved,
    /// The carrier that somebody named; its weak shapes count too.
    pub named: Option<&'a Carrier>,
    /// The order's and the shipment's own numbers, names and ids: never tracking numbers.
    pub references: &'a [&'a str],
}

/// Where a number was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The field is the number.
    Typed,
    /// The number stands in other text, and its check digit confirms it.
    Text,
    /// The number was taken from a carrier's own tracking link.
    Link,
}

/// One number of a field.
#[derive(Clone, Debug)]
pub struct Number<'c> {
    /// Upper case, `0-9A-Z` only.
    pub compact: String,
    /// What TikTok gets: without USPS routing, without the barcode around a FedEx number.
    pub canonical: String,
    /// Every shape it has, also those whose check digit fails.
    pub fits: Vec<Fit<'c>>,
}

/// What a field holds.
#[derive(Clone, Debug)]
pub struct Reading<'c> {
    /// The whole field as one compact text.
    pub normalized: String,
    /// Why the field as written is no number; a link stays junk even when a number was taken from it.
    pub junk: Option<Junk>,
    /// The numbers, each once.
    pub numbers: Vec<Number<'c>>,
    /// How they were found.
    pub source: Source,
    /// Carriers whose link it is.
    pub hint: Vec<&'c Carrier>,
    /// Something like a number that was seen but not taken.
    pub shown: Option<String>,
}

impl<'c> Reading<'c> {
    /// The only number.
    #[must_use]
    pub fn only(&self) -> Option<&Number<'c>> {
        if let [number] = self.numbers.as_slice() { Some(number) } else { None }
    }

    /// The number when the field is nothing but that number.
    #[must_use]
    pub fn typed(&self) -> Option<&Number<'c>> {
        self.only().filter(|_| self.source == Source::Typed && self.junk.is_none())
    }
}

enum Piece<'c> {
    Number(Number<'c>),
    /// Numbers among other words, each confirmed by its check digit or its shape.
    Among(Vec<Number<'c>>),
    Junk(Junk),
}

impl Catalogue {
    /// Reads a number field.
    #[must_use]
    pub fn read(&self, raw: &str, scope: &Scope<'_>) -> Reading<'_> {
        let none = |normalized, junk| Reading {
            normalized,
            junk: Some(junk),
            numbers: vec![],
            source: Source::Typed,
            hint: vec![],
            shown: None,
        };
        if raw.len() > LONGEST_FIELD {
            let head: String = raw.chars().take(LONGEST_FIELD / 8).collect();
            return none(compact(&head), Junk::TooLong);
        }
        // Stores' splitter has done so before; a number that a person types or pastes has not been through it.
        let text = tidy_number(&markup::plain(raw));
        if text.len() > LONGEST_FIELD {
            // One ligature can unfold into eighteen letters.
            return none(compact(&raw.chars().take(LONGEST_FIELD / 8).collect::<String>()), Junk::TooLong);
        }
        let normalized = compact(&text);
        if !normalized.is_empty() && scope.references.iter().any(|own| compact(own) == normalized) {
            return none(normalized, Junk::OwnReference);
        }
        if holds_link(&text) {
            return match self.link(&text) {
                Some(link) => self.read_link(normalized, link, scope),
                None => none(normalized, Junk::Link),
            };
        }
        if let Some(junk) = self.junk_as_written(&text) {
            return none(normalized, junk);
        }
        let pieces = split(&text);
        if pieces.len() > MOST_PIECES {
            return none(normalized, Junk::Text);
        }
        let mut numbers: Vec<Number<'_>> = Vec::new();
        let mut source = Source::Typed;
        let mut junk = None;
        for piece in &pieces {
            match self.read_piece(piece, scope) {
                Piece::Number(number) => numbers.push(number),
                Piece::Among(found) => {
                    source = Source::Text;
                    numbers.extend(found);
                }
                // "UPS, 1Z…": a carrier's name or a label word beside a number is like text around it.
                Piece::Junk(Junk::NoDigit | Junk::CarrierName) if pieces.len() > 1 => source = Source::Text,
                Piece::Junk(found) => junk = junk.or(Some(found)),
            }
        }
        let mut seen = std::collections::HashSet::new();
        numbers.retain(|number| seen.insert(number.canonical.clone()));
        if numbers.is_empty() && junk.is_none() {
            junk = Some(Junk::NoDigit);
        }
        let confirmed = |number: &Number<'_>| {
            number.fits.iter().any(|fit| fit.check == CheckResult::Passed && self.counts(fit, scope))
        };
        if source == Source::Text && !numbers.iter().all(confirmed) {
            junk = junk.or(Some(Junk::Text));
        }
        if let Some(junk) = junk {
            // One fragment and one remark: a person decides.
            return none(normalized, if pieces.len() > 1 { Junk::Text } else { junk });
        }
        Reading { normalized, junk: None, numbers, source, hint: vec![], shown: None }
    }

    fn read_link<'c>(&'c self, normalized: String, link: Link<'c>, scope: &Scope<'_>) -> Reading<'c> {
        let owner = |fit: &Fit<'_>| link.carriers.iter().any(|carrier| carrier.index == fit.carrier.index);
        let shapeless = link.carriers.iter().all(|carrier| carrier.shapes.is_empty());
        let valid = |text: &String| {
            let compact = compact(text);
            if self.junk_compact(&compact).is_some() {
                return None;
            }
            let fits = self.fits_in(&compact, scope.approved);
            let good = fits.iter().any(|fit| self.counts(fit, scope) || (fit.check.fits() && owner(fit)));
            (good || shapeless).then(|| self.number(compact, fits, scope))
        };
        let mut numbers: Vec<Number<'c>> = Vec::new();
        for number in link.texts.iter().take(MOST_PIECES).filter_map(valid) {
            if numbers.iter().all(|known| known.canonical != number.canonical) {
                numbers.push(number);
            }
        }
        let shown = link.shown.iter().take(MOST_PIECES).filter_map(valid).map(|number| number.canonical).next();
        let shown = shown.filter(|_| numbers.is_empty());
        Reading { normalized, junk: Some(Junk::Link), numbers, source: Source::Link, hint: link.carriers, shown }
    }

    fn read_piece<'c>(&'c self, piece: &str, scope: &Scope<'_>) -> Piece<'c> {
        if let Some(junk) = self.junk_as_written(piece) {
            return Piece::Junk(junk);
        }
        let joined = compact(piece);
        let words: Vec<&str> = piece
            .split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '.' | '_'))
            .filter(|w| !w.is_empty())
            .collect();
        let junk = self.junk_compact(&joined);
        match junk {
            Some(Junk::TooLong) if words.len() > 1 => {}
            Some(junk) => return Piece::Junk(junk),
            None => {}
        }
        // A letter of another script looks like a Latin one; dropping it would invent a number.
        let foreign = |word: &str| word.chars().any(|c| c.is_alphanumeric() && !c.is_ascii());
        let fits = self.fits_in(&joined, scope.approved);
        let passed = fits.iter().any(|fit| fit.check == CheckResult::Passed && self.counts(fit, scope));
        if !passed && is_mobile(&joined) {
            return Piece::Junk(Junk::Phone);
        }
        // Some digits that only the named carrier's widest shape takes say no more than no shape at all.
        let known = passed
            || fits.iter().any(|fit| {
                let vague = fit.shape.is_some_digits() && fit.shape.strength == Strength::Weak;
                self.counts(fit, scope) && !vague && self.joins(&words)
            });
        if !foreign(piece) && known {
            return Piece::Number(self.number(joined, fits, scope));
        }
        if words.len() > 1 && words.len() <= MOST_WORDS {
            let found = self.among(&words, foreign, scope);
            if !found.is_empty() {
                return Piece::Among(found);
            }
        }
        let shaped = fits.iter().any(|fit| fit.check.fits() && scope.approved.of(fit.carrier) != Approval::No);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '.' | '_' | '/');
        if junk.is_some() || !piece.chars().all(plain) || !self.is_sane(&joined, &words, !shaped) {
            return Piece::Junk(junk.unwrap_or(Junk::Text));
        }
        if let Some(junk) = loose_form(&joined) {
            return Piece::Junk(junk);
        }
        Piece::Number(self.number(joined, fits, scope))
    }

    /// Whether any carrier's shape begins with these letters: "TBA", "JD", "SPX".
    fn begins_a_number(&self, letters: &str) -> bool {
        self.carriers().iter().flat_map(|carrier| &carrier.shapes).any(|shape| shape.begins_with(letters))
    }

    /// Whether the words of a text are pieces of one number that has a known shape: each holds a digit, or is a few
    /// letters that numbers have.
    fn joins(&self, words: &[&str]) -> bool {
        let piece = |word: &&str| {
            let upper = word.to_ascii_uppercase();
            holds_digit(word)
                || (word.len() <= LETTERS_INSIDE && !LABELS.contains(&upper.as_str()))
                || self.begins_a_number(&upper)
        };
        words.len() <= 1 || words.iter().all(piece)
    }

    /// Whether a text of no known shape can be a number of a carrier that publishes none: words are no numbers.
    fn is_sane(&self, joined: &str, words: &[&str], unknown: bool) -> bool {
        let digits = joined.bytes().filter(u8::is_ascii_digit).count();
        if words.len() <= 1 {
            return !unknown || (digits >= FEWEST_DIGITS && !holds_spoken_word(joined));
        }
        if !unknown && self.joins(words) {
            return true;
        }
        let piece = |(at, word): (usize, &&str)| {
            let upper = word.to_ascii_uppercase();
            let short = at == 0 && word.len() <= LETTERS_BEFORE && !LABELS.contains(&upper.as_str());
            (holds_digit(word) && !holds_word(&compact(word))) || short || (at == 0 && self.begins_a_number(&upper))
        };
        digits >= FEWEST_DIGITS && words.iter().enumerate().all(piece)
    }

    /// Numbers among words: either every word is a number by itself, or one run of words holds every digit and passes
    /// a check digit.
    fn among<'c>(&'c self, words: &[&str], foreign: impl Fn(&str) -> bool, scope: &Scope<'_>) -> Vec<Number<'c>> {
        let digits = |word: &&str| word.bytes().any(|b| b.is_ascii_digit());
        let try_text = |text: String, strict: bool| {
            let fits = self.fits_in(&text, scope.approved);
            let sure = |fit: &Fit<'_>| self.counts(fit, scope) && (!strict || fit.check == CheckResult::Passed);
            (self.junk_compact(&text).is_none() && fits.iter().any(sure)).then(|| self.number(text, fits, scope))
        };
        if words.iter().any(|word| foreign(word) && digits(word)) {
            return vec![];
        }
        let each: Vec<_> = words.iter().map_while(|word| try_text(compact(word), false)).collect();
        if each.len() == words.len() {
            return each;
        }
        let (Some(first), Some(last)) = (words.iter().position(&digits), words.iter().rposition(digits)) else {
            return vec![];
        };
        let mut found: Vec<Number<'c>> = Vec::new();
        for start in 0..=first {
            for end in last..words.len() {
                let run = &words[start..=end];
                if run.iter().any(|word| foreign(word)) {
                    continue;
                }
                let number = try_text(compact(&run.concat()), true);
                found.extend(number.filter(|n| found.iter().all(|known| known.canonical != n.canonical)));
            }
        }
        if found.len() == 1 { found } else { vec![] }
    }

    /// Whether a fit counts in this scope: it speaks for a carrier of the list, or confirms the named one.
    fn counts(&self, fit: &Fit<'_>, scope: &Scope<'_>) -> bool {
        let named = scope.named.is_some_and(|named| named.index == fit.carrier.index);
        (named && fit.check.fits()) || (fit.speaks() && scope.approved.of(fit.carrier) != Approval::No)
    }

    fn number<'c>(&self, compact: String, fits: Vec<Fit<'c>>, scope: &Scope<'_>) -> Number<'c> {
        let named =
            |fit: &&Fit<'_>| fit.check.fits() && scope.named.is_some_and(|named| named.index == fit.carrier.index);
        let best = fits.iter().find(named).or_else(|| fits.iter().find(|fit| self.counts(fit, scope)));
        let canonical = best.map_or(compact.as_str(), |fit| fit.shape.canonical(&compact)).to_owned();
        Number { compact, canonical, fits }
    }
}

fn holds_digit(word: &str) -> bool {
    word.bytes().any(|b| b.is_ascii_digit())
}

/// Five letters side by side with a vowel among them: a word, not a shipper's code.
fn holds_spoken_word(compact: &str) -> bool {
    let word = |five: &[u8]| {
        five.iter().all(u8::is_ascii_alphabetic) && five.iter().any(|b| matches!(b, b'A' | b'E' | b'I' | b'O' | b'U'))
    };
    compact.as_bytes().windows(5).any(word)
}

/// Splits a field into the texts that can be numbers of their own.
fn split(text: &str) -> Vec<String> {
    const BETWEEN: [&str; 4] = [" and ", " & ", " + ", " / "];
    let mut pieces: Vec<String> = Vec::new();
    for part in text.split([',', ';', '|', '\n']) {
        // Same length as `part`: only ASCII letters change.
        let lower = part.to_ascii_lowercase();
        let mut start = 0;
        while let Some((at, word)) = BETWEEN
            .iter()
            .filter_map(|word| lower[start..].find(word).map(|at| (start + at, word)))
            .min_by_key(|(at, _)| *at)
        {
            pieces.push(part[start..at].trim().to_owned());
            // The blank behind the word may be the blank before the next one.
            start = at + word.len() - 1;
        }
        pieces.push(part[start..].trim().to_owned());
    }
    let mut seen = std::collections::HashSet::new();
    pieces.retain(|piece| piece.chars().any(char::is_alphanumeric) && seen.insert(piece.clone()));
    pieces
}

#[cfg(test)]
#[path = "field_tests.rs"]
mod tests;
