//! The forms in which text is compared: numbers keep `0-9A-Z`, names keep letters and digits of any script.

use crate::domain::markup;
use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use std::borrow::Cow;

/// Characters of the longest folded text.
pub(super) const MOST_FOLDED: usize = 2_001;

/// A number field: compatibility forms folded (NFKC), invisible characters dropped, control characters and line
/// ends turned into line ends, every dash into `-`, outer blanks trimmed.
pub(super) fn tidy_number(raw: &str) -> String {
    let folded = fold(raw);
    let tidy = folded.chars().filter(|c| !is_invisible(*c)).filter_map(|c| match c {
        '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}' | '\u{85}' => Some('\n'),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}' => Some('-'),
        c if c.is_control() => None,
        c if c.is_whitespace() => Some(' '),
        c => Some(c),
    });
    tidy.collect::<String>().trim().to_owned()
}

/// Upper case, `0-9A-Z` only: the one form in which shapes are compared. Source: carrier data, `normalise`.
#[must_use]
pub fn compact(raw: &str) -> String {
    fold(raw).chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Compatibility forms folded (NFKC). One ligature can unfold into eighteen letters, so what is no ASCII is read up to
/// [`MOST_FOLDED`] characters; no number field is longer.
fn fold(raw: &str) -> Cow<'_, str> {
    if raw.is_ascii() {
        return Cow::Borrowed(raw);
    }
    Cow::Owned(ComposingNormalizerBorrowed::new_nfkc().normalize_iter(raw.chars()).take(MOST_FOLDED).collect())
}

/// A carrier's name for comparison: HTML undone ("R&amp;L"), no ® and ™, no accents, lower case; everything that is no
/// letter or digit becomes one blank.
pub(super) fn tidy_name(raw: &str) -> String {
    let raw = &*markup::plain(raw);
    let plain: Cow<'_, str> = if raw.is_ascii() {
        Cow::Borrowed(raw)
    } else {
        let marks = |c: &char| !matches!(c, '®' | '™' | '©' | '℠');
        let split: String = raw.chars().filter(marks).collect();
        let split = DecomposingNormalizerBorrowed::new_nfkd().normalize(&split).into_owned();
        let lower = split.chars().flat_map(char::to_lowercase).filter(|c| !matches!(c, '\u{300}'..='\u{36f}'));
        let bare: String = lower.filter(|c| !is_invisible(*c)).collect();
        Cow::Owned(ComposingNormalizerBorrowed::new_nfkc().normalize(&bare).into_owned())
    };
    let mut name = String::with_capacity(plain.len());
    for c in plain.chars() {
        if c.is_alphanumeric() {
            name.extend(c.to_lowercase());
        } else if !name.is_empty() && !name.ends_with(' ') {
            name.push(' ');
        }
    }
    name.truncate(name.trim_end().len());
    name
}

/// The tidy name without blanks.
pub(super) fn join(tidy: &str) -> String {
    tidy.replace(' ', "")
}

/// Words of a tidy name; digits stand apart from letters, so that "Yodel48" holds the word "yodel".
pub(super) fn words(tidy: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for word in tidy.split(' ').filter(|w| !w.is_empty()) {
        let mut start = 0;
        let mut before: Option<char> = None;
        for (at, c) in word.char_indices() {
            if before.is_some_and(|b| b.is_numeric() != c.is_numeric()) {
                words.push(&word[start..at]);
                start = at;
            }
            before = Some(c);
        }
        words.push(&word[start..]);
    }
    words
}

/// Zero-width and direction marks that copying from web pages leaves behind.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}

/// Whether four letters stand side by side: no number has that many behind its prefix, words do.
pub(super) fn holds_word(compact: &str) -> bool {
    compact.as_bytes().windows(4).any(|four| four.iter().all(u8::is_ascii_alphabetic))
}

/// Words written as one, taken apart where a capital begins a new one: `FedExDefault` → `Fed Ex Default`,
/// `UPSSurePost` → `UPS Sure Post`.
pub(super) fn uncamel(raw: &str) -> String {
    let chars: Vec<char> = raw.chars().collect();
    let mut text = String::with_capacity(raw.len() + 4);
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at)).copied().unwrap_or(' ');
        let next_is_small = chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (before.is_lowercase() || (before.is_uppercase() && next_is_small)) {
            text.push(' ');
        }
        text.push(*c);
    }
    text
}

/// Whether one typing error separates two words: a letter too many, too few, wrong, or two neighbours swapped.
/// Equal words are not one error apart.
pub(super) fn one_typo(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a.len(), b.len()) {
        (x, y) if x == y => {
            let swapped = x >= 2 && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..];
            x >= 1 && (a[1..] == b[1..] || swapped)
        }
        (x, y) if x == y + 1 => a[1..] == *b,
        (x, y) if x + 1 == y => *a == b[1..],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_compared_without_case_accents_signs_and_punctuation() {
        for (raw, tidy) in [
            ("U.S.P.S.", "u s p s"),
            ("Royal  mail ", "royal mail"),
            ("UPS® Ground", "ups ground"),
            ("Colis Privé", "colis prive"),
            ("fedex_home_delivery", "fedex home delivery"),
            ("ＤＰＤ　ＵＫ", "dpd uk"),
            ("ヤマト運輸", "ヤマト運輸"),
            ("İnpost", "inpost"),
            ("R&amp;L Carriers", "r l carriers"),
            ("UPS&reg;&nbsp;Ground", "ups ground"),
            ("", ""),
        ] {
            assert_eq!(tidy_name(raw), tidy, "{raw}");
        }
        assert_eq!(words("yodel48 4px"), ["yodel", "48", "4", "px"]);
    }

    #[test]
    fn one_typing_error_is_one_letter_or_one_swap() {
        for (a, b, one) in [
            ("yodell", "yodel", true),
            ("parcelfroce", "parcelforce", true),
            ("fedx", "fedex", true),
            ("lazership", "lasership", true),
            ("yodel", "yodel", false),
            ("ussp", "ussp", false),
            ("fdx", "fedex", false),
            ("", "a", true),
            ("ab", "cd", false),
        ] {
            assert_eq!(one_typo(a, b), one, "{a} {b}");
            assert_eq!(one_typo(b, a), one, "{b} {a}");
        }
    }

    proptest! {
        #[test]
        fn comparing_forms_are_stable(raw in "\\PC{0,60}") {
            let number = compact(&raw);
            prop_assert_eq!(compact(&number), number);
            let tidy = tidy_number(&raw);
            prop_assert_eq!(tidy_number(&tidy), tidy);
            let name = tidy_name(&raw);
            prop_assert_eq!(join(&name), words(&name).concat());
        }
    }
}
