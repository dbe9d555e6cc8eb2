//! Things that look a little like numbers and are none: dates, phone numbers, postcodes, ids of other systems, numbers
//! that a spreadsheet has bent.
//!
//! Some are plain as written ("112-3456789-0123456", "9.40011E+21"). Others can also be a tracking number ("07700900456"):
//! they are junk only where no shape of a carrier says otherwise.

use crate::carriers::junk::Junk;

/// The text with every digit as `9` and every ASCII letter as `A`.
fn outline(text: &str) -> String {
    let of = |c: char| match c {
        c if c.is_ascii_digit() => '9',
        c if c.is_ascii_alphabetic() => 'A',
        c => c,
    };
    text.chars().map(of).collect()
}

/// Forms that no carrier writes. `text` is tidy (see `text::tidy_number`).
pub(super) fn plain_form(text: &str) -> Option<Junk> {
    let form = outline(text);
    if is_spreadsheet(text) {
        return Some(Junk::Spreadsheet);
    }
    if is_phone(&form) {
        return Some(Junk::Phone);
    }
    if is_date(text) {
        return Some(Junk::Date);
    }
    if is_guid(text) || is_isbn(text) || is_market_order(&form) {
        return Some(Junk::OtherId);
    }
    is_spaced_postcode(&form).then_some(Junk::Postcode)
}

/// Forms that some carrier could write too: junk where no shape fits. `compact` is `0-9A-Z`.
pub(super) fn loose_form(compact: &str) -> Option<Junk> {
    let form = outline(compact);
    let digits = !form.contains('A');
    // A phone number with its trunk zero; a mobile one without it is left to the shapes.
    let trunk =
        compact.starts_with('0') && compact.as_bytes().get(1).is_some_and(|b| matches!(b, b'1'..=b'3' | b'7' | b'8'));
    if digits && trunk && matches!(compact.len(), 10 | 11) {
        return Some(Junk::Phone);
    }
    if digits && is_fiction(compact) {
        return Some(Junk::Phone);
    }
    if digits && is_run_of_date(compact) {
        return Some(Junk::Date);
    }
    let hex = compact.bytes().all(|b| b.is_ascii_hexdigit());
    let letters = compact.bytes().filter(u8::is_ascii_alphabetic).count();
    if hex && letters >= 3 && compact.len() >= 24 {
        return Some(Junk::OtherId);
    }
    if matches!(form.as_str(), "A99AA" | "A999AA" | "AA99AA" | "AA999AA" | "A9A9AA" | "AA9A9AA" | "A9A9A9") {
        return Some(Junk::Postcode);
    }
    // Amazon's inbound shipments, and its stock codes (FNSKU).
    let inbound = compact.strip_prefix("FBA").is_some_and(|rest| (8..=12).contains(&rest.len()));
    if inbound || (compact.starts_with("X00") && compact.len() == 10) {
        return Some(Junk::OtherId);
    }
    is_test_code(compact).then_some(Junk::OrderNumber)
}

/// A mobile number with its country in front: no shape outweighs it but one with a check digit.
pub(super) fn is_mobile(compact: &str) -> bool {
    let bare = compact.strip_prefix("00").unwrap_or(compact);
    compact.bytes().all(|b| b.is_ascii_digit()) && bare.len() == 12 && bare.starts_with("447")
}

/// A phone number of examples and films, 555-0100 to 555-0199 of any area: nobody has it, and no carrier's number that
/// looks like it by chance is lost (one in a hundred thousand). Source: NANPA, 555 line numbers reserved for fiction.
fn is_fiction(digits: &str) -> bool {
    let local = digits.strip_prefix('1').filter(|rest| rest.len() == 10).unwrap_or(digits);
    local.len() == 10 && local.get(3..8) == Some("55501")
}

/// "9.40011E+21", "301234567.0", "12.50": what a spreadsheet or a price looks like.
fn is_spreadsheet(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let decimal = |text: &str| {
        let split = text.split_once('.').or_else(|| text.split_once(','));
        split.is_some_and(|(whole, part)| digits(whole) && digits(part))
    };
    if let Some((head, exponent)) = text.split_once(['E', 'e']) {
        let signed = exponent.starts_with(['+', '-']);
        let exponent = exponent.trim_start_matches(['+', '-']);
        return digits(exponent) && exponent.len() <= 3 && (decimal(head) || (signed && digits(head)));
    }
    let Some((whole, part)) = text.split_once('.') else { return false };
    digits(whole) && digits(part) && (part.len() <= 2 || part.bytes().all(|b| b == b'0'))
}

/// The American way of writing a phone number, in any of its dresses, and numbers with the area in brackets.
fn is_phone(form: &str) -> bool {
    let form = form.strip_prefix("9-").or_else(|| form.strip_prefix("9 ")).unwrap_or(form);
    let bracketed = form.starts_with("(9") && {
        let count = form.bytes().filter(|b| *b == b'9').count();
        (10..=11).contains(&count) && form.bytes().all(|b| matches!(b, b'9' | b'(' | b')' | b' ' | b'-'))
    };
    bracketed || matches!(form, "999-999-9999" | "999.999.9999" | "999-9999" | "999 999-9999")
}

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

fn is_year(text: &str) -> bool {
    text.len() == 4 && (text.starts_with("19") || text.starts_with("20")) && text.bytes().all(|b| b.is_ascii_digit())
}

fn within(text: &str, most: u32) -> bool {
    (1..=2).contains(&text.len()) && text.parse::<u32>().is_ok_and(|n| (1..=most).contains(&n))
}

fn is_month(text: &str) -> bool {
    let named =
        text.get(..3).is_some_and(|head| MONTHS.contains(&head)) && text.bytes().all(|b| b.is_ascii_alphabetic());
    within(text, 12) || (named && text.len() <= 9)
}

/// Day, month and year in any usual order and dress, with or without the time of day.
fn is_date(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut parts: Vec<String> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).map(str::to_owned).collect();
    // "26T14" of 2026-11-26T14:30.
    if let Some(third) = parts.get(2).cloned()
        && let Some((day, hour)) = third.split_once('t')
        && within(day, 31)
        && hour.bytes().next().is_some_and(|b| b.is_ascii_digit())
    {
        parts.splice(2..3, [day.to_owned(), hour.to_owned()]);
    }
    let weekday = |part: &String| {
        part.get(..3).is_some_and(|day| ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].contains(&day))
    };
    if parts.first().is_some_and(weekday) {
        parts.remove(0);
    }
    let [a, b, c, rest @ ..] = parts.as_slice() else { return false };
    let day = |text: &str| {
        ["st", "nd", "rd", "th"].iter().any(|end| text.strip_suffix(end).is_some_and(|bare| within(bare, 31)))
            || within(text, 31)
    };
    let short_year = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    let written = (is_year(a) && is_month(b) && day(c))
        || (is_year(c) && ((day(a) && is_month(b)) || (is_month(a) && day(b))))
        || (short_year(c) && a.len() <= 2 && ((day(a) && is_month(b)) || (is_month(a) && day(b))));
    let time =
        |part: &String| part.trim_end_matches('z').len() <= 2 || part == "utc" || part == "gmt" || part.len() == 3;
    written && rest.len() <= 5 && rest.iter().all(time)
}

/// "20261126", "26112026", "20261126143000".
fn is_run_of_date(digits: &str) -> bool {
    let Some(date) = digits.get(..8).filter(|_| matches!(digits.len(), 8 | 12 | 14)) else { return false };
    let recent = |year: &str| is_year(year) && year.starts_with("20") && year <= "2049";
    let day_and_month = |a: &str, b: &str| (within(a, 31) && within(b, 12)) || (within(a, 12) && within(b, 31));
    let year_first = recent(&date[..4]) && day_and_month(&date[4..6], &date[6..8]);
    let year_last = digits.len() == 8 && recent(&date[4..8]) && day_and_month(&date[..2], &date[2..4]);
    year_first || year_last
}

fn is_guid(text: &str) -> bool {
    let bare = text.trim_matches(['{', '}']);
    let mut parts = bare.split('-');
    let lengths = [8, 4, 4, 4, 12];
    let fits = lengths.iter().all(|length| {
        parts.next().is_some_and(|part| part.len() == *length && part.bytes().all(|b| b.is_ascii_hexdigit()))
    });
    fits && parts.next().is_none()
}

/// A book's number in its five parts: 978-3-16-148410-0. Source: ISBN users' manual, 7th edition.
fn is_isbn(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    plain && parts.len() == 5 && digits == 13 && matches!(parts.first(), Some(&("978" | "979")))
}

/// Order ids of marketplaces: 3-7-7 (Amazon), 2-5-5 (eBay).
fn is_market_order(form: &str) -> bool {
    matches!(form, "999-9999999-9999999" | "A99-9999999-9999999" | "99-99999-99999")
}

fn is_spaced_postcode(form: &str) -> bool {
    matches!(
        form,
        "A9 9AA" | "A99 9AA" | "AA9 9AA" | "AA99 9AA" | "A9A 9AA" | "AA9A 9AA" | "A9A 9A9" | "99999-9999" | "9999 AA"
    )
}

/// EasyPost's test codes: EZ, a digit, zeros, the digit again.
fn is_test_code(compact: &str) -> bool {
    let Some(rest) = compact.strip_prefix("EZ").filter(|rest| rest.len() == 10) else { return false };
    rest.as_bytes().first() == rest.as_bytes().last() && rest[1..9].bytes().all(|b| b == b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_systems_write_is_no_number() {
        for (text, junk) in [
            ("9.40011E+21", Junk::Spreadsheet),
            ("7,94645e+11", Junk::Spreadsheet),
            ("1E+21", Junk::Spreadsheet),
            ("301234567.0", Junk::Spreadsheet),
            ("9400111206206406260787.00", Junk::Spreadsheet),
            ("555-010-0123", Junk::Phone),
            ("1-555-010-0123", Junk::Phone),
            ("1 (555) 010-0123", Junk::Phone),
            ("555-0100", Junk::Phone),
            ("(0161) 496 0000", Junk::Phone),
            ("26 11 2026", Junk::Date),
            ("26/11/26", Junk::Date),
            ("26 November 2026", Junk::Date),
            ("Thu, Nov 26th 2026", Junk::Date),
            ("2026-11-26 14:30", Junk::Date),
            ("2026-11-26T14:30:00Z", Junk::Date),
            ("112-3456789-0123456", Junk::OtherId),
            ("978-3-16-148410-0", Junk::OtherId),
            ("03-12345-67890", Junk::OtherId),
            ("{c56a4180-65aa-42ec-a945-5fd21dec0538}", Junk::OtherId),
            ("SW1A 1AA", Junk::Postcode),
            ("M1 1AE", Junk::Postcode),
            ("K1A 0B6", Junk::Postcode),
            ("90210-1234", Junk::Postcode),
        ] {
            assert_eq!(plain_form(text), Some(junk), "{text}");
        }
        for (compact, junk) in [
            ("07700900456", Junk::Phone),
            ("01632960001", Junk::Phone),
            ("2025550123", Junk::Phone),
            ("13125550199", Junk::Phone),
            ("X001ABC123", Junk::OtherId),
            ("20261126", Junk::Date),
            ("26112026", Junk::Date),
            ("C56A418065AA42ECA9455FD21DEC0538", Junk::OtherId),
            ("507F1F77BCF86CD799439011", Junk::OtherId),
            ("FBA15DH7K2QX", Junk::OtherId),
            ("SW1A1AA", Junk::Postcode),
            ("EZ4000000004", Junk::OrderNumber),
        ] {
            assert_eq!(loose_form(compact), Some(junk), "{compact}");
        }
    }

    #[test]
    fn what_carriers_print_stays_a_number() {
        for text in [
            "9400 1112 0620 6406 2607 87",
            "1Z 999 AA1 01 2345 6784",
            "H 06R4 A 101129962 3",
            "32-001 925 4000-221 BB4 EFC",
            "15501234567890",
            "1234/12345670",
            "AB-123 456 789",
            "9400.1112.0620.6406.2607.87",
            "12 345 678 90",
            "94E1234567",
            "331 8810 025",
        ] {
            assert_eq!(plain_form(text), None, "{text}");
        }
        for compact in [
            "1Z999AA10123456784",
            "3318810025",
            "794682221930",
            "AA1234567",
            "20991340",
            "2345671",
            "UUS1234567890123456",
        ] {
            assert_eq!(loose_form(compact), None, "{compact}");
        }
        assert!(is_mobile("447700900456") && is_mobile("00447700900456") && !is_mobile("467700900456"));
    }
}
