//! JSON numbers that keep every digit.
//!
//! A parser turns a number beyond 64 bits into a float and its digits are gone, and stores do write tracking numbers
//! without quotes. So each number that a 64-bit integer does not hold exactly becomes a JSON text of the same characters
//! before the body is parsed; whoever wants a quantity reads it from the text.

use serde::de::DeserializeOwned;
use std::borrow::Cow;

/// Parses JSON, numbers beyond 64 bits and fractions as text.
///
/// # Errors
/// As `serde_json`.
pub(crate) fn from_slice<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(&quoted(body))
}

/// The same JSON with quotes around every number that a 64-bit integer does not hold exactly. Linear; copies only when
/// there is such a number. What is no JSON is left to the parser.
fn quoted(body: &[u8]) -> Cow<'_, [u8]> {
    let mut out: Vec<u8> = Vec::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(byte) = body.get(at) {
        match byte {
            b'"' => at = after_text(body, at + 1),
            b'-' | b'0'..=b'9' => {
                let length = body[at..]
                    .iter()
                    .take_while(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
                    .count();
                let number = &body[at..at + length];
                if !is_exact(number) {
                    out.extend_from_slice(&body[copied..at]);
                    out.push(b'"');
                    out.extend_from_slice(number);
                    out.push(b'"');
                    copied = at + length;
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(body);
    }
    out.extend_from_slice(&body[copied..]);
    Cow::Owned(out)
}

/// Where the text that began before `at` has ended.
fn after_text(body: &[u8], mut at: usize) -> usize {
    while let Some(byte) = body.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// An integer of 64 bits in its only spelling. A leading zero is a digit that a parser would refuse or lose.
fn is_exact(number: &[u8]) -> bool {
    let digits = number.strip_prefix(b"-").unwrap_or(number);
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if !plain || (digits.len() > 1 && digits[0] == b'0') {
        return false;
    }
    digits.len() <= 18
        || std::str::from_utf8(number).is_ok_and(|text| text.parse::<u64>().is_ok() || text.parse::<i64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::json::Text;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn what_a_64_bit_integer_does_not_hold_becomes_text() {
        for (body, expected) in [
            ("[1,-1,0,18446744073709551615]", json!([1, -1, 0, 18_446_744_073_709_551_615_u64])),
            ("[18446744073709551616]", json!(["18446744073709551616"])),
            ("{\"a\":9400100000000000000017}", json!({ "a": "9400100000000000000017" })),
            ("{\"a\": 00340434161094003052 }", json!({ "a": "00340434161094003052" })),
            ("[1.0,9.4E+21,-2e3]", json!(["1.0", "9.4E+21", "-2e3"])),
            ("[\"1.5 \\\" 99999999999999999999\",1.5]", json!(["1.5 \" 99999999999999999999", "1.5"])),
            ("[\"\\\\\",1.5]", json!(["\\", "1.5"])),
        ] {
            assert_eq!(from_slice::<Value>(body.as_bytes()).expect("JSON"), expected, "{body}");
        }
        for body in ["", "{", "[1,]", "\"", "\"\\", "nul", "1 2"] {
            assert!(from_slice::<Value>(body.as_bytes()).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_digit_of_a_number_is_lost(number in "-?(0|[1-9][0-9]{0,39})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", blank in "[ \n]{0,2}") {
            let text: Text = from_slice(format!("{blank}{number}{blank}").as_bytes()).expect("JSON");
            prop_assume!(number != "-0");
            prop_assert_eq!(text.get(), Some(number.as_str()));
        }

        #[test]
        fn any_bytes_are_parsed_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let exact = from_slice::<Value>(&body).is_ok();
            prop_assert!(exact || serde_json::from_slice::<Value>(&body).is_err(), "a good body is refused");
        }
    }
}
