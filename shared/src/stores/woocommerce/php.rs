//! PHP's own notation of values (`a:1:{i:0;s:2:"A1";}`), as some tools leave it in WordPress' meta table.
//!
//! Only plain data is read: lists, maps, texts, numbers, and the public fields of objects. Nothing is ever constructed.

use serde_json::{Map, Value};

/// Values inside values.
const DEEPEST: usize = 16;
/// Values of one text; bounds the work of a broken one.
const MOST_VALUES: usize = 20_000;

/// The value of a serialised text, if it is one as a whole.
pub(super) fn parsed(text: &str) -> Option<Value> {
    let text = text.trim();
    let bytes = text.as_bytes();
    if !matches!(bytes.first(), Some(b'a' | b's' | b'i' | b'd' | b'O')) || bytes.get(1) != Some(&b':') {
        return None;
    }
    let mut reader = Reader { rest: text, values: 0 };
    let value = reader.value(DEEPEST)?;
    reader.rest.is_empty().then_some(value)
}

struct Reader<'a> {
    rest: &'a str,
    values: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Value> {
        self.values += 1;
        if self.values > MOST_VALUES || depth == 0 {
            return None;
        }
        if self.skip("N;") {
            return Some(Value::Null);
        }
        let kind = self.rest.get(..2)?;
        self.rest = &self.rest[2..];
        match kind {
            "b:" => Some(Value::Bool(self.until(';')? == "1")),
            // A number's digits stay as they are written.
            "i:" => {
                let digits = self.until(';')?;
                Some(digits.parse::<i64>().map_or_else(|_| Value::from(digits), Value::from))
            }
            "d:" => Some(Value::from(self.until(';')?)),
            "s:" => {
                let text = self.text()?;
                self.skip(";").then(|| Value::from(text))
            }
            "a:" => self.entries(depth),
            "O:" => {
                self.text()?;
                self.skip(":").then(|| self.entries(depth))?
            }
            // References to values that were read before.
            "R:" | "r:" => self.until(';').map(|_| Value::Null),
            _ => None,
        }
    }

    /// `2:{key;value;key;value;}`: a list when the keys count from zero.
    fn entries(&mut self, depth: usize) -> Option<Value> {
        let count: usize = self.until(':')?.parse().ok()?;
        if !self.skip("{") {
            return None;
        }
        let mut entries: Vec<(String, Value)> = Vec::new();
        for _ in 0..count {
            let key = match self.value(depth - 1)? {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            // Private fields of objects carry their class's name between two zero bytes.
            let key = key.rsplit('\0').next().unwrap_or_default().to_owned();
            entries.push((key, self.value(depth - 1)?));
        }
        if !self.skip("}") {
            return None;
        }
        let is_list = entries.iter().enumerate().all(|(at, (key, _))| *key == at.to_string());
        Some(if is_list {
            Value::Array(entries.into_iter().map(|(_, value)| value).collect())
        } else {
            Value::Object(entries.into_iter().collect::<Map<_, _>>())
        })
    }

    /// `5:"bytes"`. The length counts bytes; after a change of encoding it is wrong, and the closing quote counts.
    fn text(&mut self) -> Option<&'a str> {
        let length: usize = self.until(':')?.parse().ok()?;
        if !self.skip("\"") {
            return None;
        }
        let rest = self.rest;
        let end = match rest.get(length..) {
            Some(after) if after.starts_with('"') => length,
            _ => rest.find("\";")?,
        };
        self.rest = &rest[end + 1..];
        Some(&rest[..end])
    }

    fn until(&mut self, end: char) -> Option<&'a str> {
        let (before, after) = self.rest.split_once(end)?;
        self.rest = after;
        Some(before)
    }

    fn skip(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parsed;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn every_kind_of_plain_value_is_read() {
        for (text, expected) in [
            (r#"a:2:{i:0;s:2:"A1";i:1;s:2:"A2";}"#, json!(["A1", "A2"])),
            (r#"a:1:{i:3;a:1:{s:1:"n";i:7;}}"#, json!({ "3": { "n": 7 } })),
            (r#"a:0:{}"#, json!([])),
            (r#"s:7:"a";"b}{";"#, json!("a\";\"b}{")),
            (r#"s:3:"é}";"#, json!("é}")),
            ("i:940010000000000000001799;", json!("940010000000000000001799")),
            ("d:9.4E+21;", json!("9.4E+21")),
            (r#"a:3:{s:1:"a";b:1;s:1:"b";N;s:1:"c";R:2;}"#, json!({ "a": true, "b": null, "c": null })),
            ("O:8:\"stdClass\":1:{s:4:\"\0*\0n\";i:1;}", json!({ "n": 1 })),
            // The length is of another encoding.
            (r#"a:1:{s:9:"name";s:99:"A1";}"#, json!({ "name": "A1" })),
        ] {
            assert_eq!(parsed(text), Some(expected), "{text}");
        }
        for text in ["", "a:", "A1", "a:1:{i:0;s:2:\"A1\";", "a:9:{}", "i:1;i:2;", "s:1:\"a\"", "C:1:\"x\":0:{}", "a:b"]
        {
            assert_eq!(parsed(text), None, "{text}");
        }
        assert_eq!(parsed(&"a:1:{i:0;".repeat(50)), None, "too deep");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "([asidObNR]:|[0-9]{1,3}|[:;{}\"]|\\PC){0,40}") {
            let _ = parsed(&text);
            let _ = parsed(&format!("a:1:{{i:0;{text}}}"));
        }
    }
}
