//! JSON as PHP writes it: slashes escaped, everything beyond ASCII as `\u` escapes.

use serde_json::Value;
use std::fmt::Write as _;

/// Encodes a value the way `json_encode` does by itself.
pub(super) fn json(value: &Value) -> String {
    let plain = value.to_string();
    let mut text = String::with_capacity(plain.len() + plain.len() / 8);
    for c in plain.chars() {
        match c {
            '/' => text.push_str("\\/"),
            c if c.is_ascii() => text.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn php_escapes_slashes_and_everything_beyond_ascii() {
        let value = json!({"url": "https://x/é", "box": "📦", "quote": "\"\\"});
        let text = json(&value);
        assert_eq!(text, r#"{"box":"\ud83d\udce6","quote":"\"\\","url":"https:\/\/x\/\u00e9"}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
