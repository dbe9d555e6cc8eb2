//! Lenient reading of TikTok's answers: a missing, empty or oddly typed field is `None`, never an error.

use jiff::Timestamp;
use serde_json::Value;

static NOTHING: Value = Value::Null;

/// The field, or null.
pub(super) fn field<'a>(value: &'a Value, key: &str) -> &'a Value {
    value.get(key).unwrap_or(&NOTHING)
}

/// Text, or a whole number as text (ids have been seen as both). Empty is `None`.
pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    let text = match field(value, key) {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(n) if n.is_i64() || n.is_u64() => n.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// An id of ours from such text. One that cannot be ours is `None`.
pub(super) fn id<T: TryFrom<String>>(value: &Value, key: &str) -> Option<T> {
    text(value, key).and_then(|text| T::try_from(text).ok())
}

/// A whole number, also as text.
pub(super) fn whole(value: &Value, key: &str) -> Option<i64> {
    match field(value, key) {
        Value::Number(n) => n.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Unix seconds; 0 means "not yet".
pub(super) fn time(value: &Value, key: &str) -> Option<Timestamp> {
    whole(value, key).filter(|seconds| *seconds > 0).and_then(|seconds| Timestamp::from_second(seconds).ok())
}

/// A flag, also as text or number. Missing is no.
pub(super) fn flag(value: &Value, key: &str) -> bool {
    match field(value, key) {
        Value::Bool(flag) => *flag,
        Value::String(text) => text.eq_ignore_ascii_case("true") || text == "1",
        Value::Number(n) => n.as_i64().is_some_and(|n| n != 0),
        _ => false,
    }
}

/// The elements of a list; missing is empty.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    field(value, key).as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::TikTokOrderId;
    use serde_json::json;

    #[test]
    fn fields_are_read_in_every_form_they_were_seen_in() {
        let value = json!({"a": "576000000000000017", "b": 576000000000000017u64, "c": "", "d": " x ", "e": 1.5, "f": null,
            "t": 1763740800, "u": "1763740800", "z": 0, "yes": true, "y": "TRUE", "n": "false", "l": [1]});
        let order = |key| id::<TikTokOrderId>(&value, key).map(|id| id.to_string());
        assert_eq!(order("a").as_deref(), Some("576000000000000017"));
        assert_eq!(order("a"), order("b"));
        for key in ["c", "d", "e", "f", "gone"] {
            assert_eq!(order(key), None, "{key}");
        }
        assert_eq!(time(&value, "t"), time(&value, "u"));
        assert_eq!((time(&value, "z"), time(&value, "f")), (None, None));
        let flags = ["yes", "y", "t", "n", "z", "gone"].map(|key| flag(&value, key));
        assert_eq!(flags, [true, true, true, false, false, false]);
        assert_eq!((list(&value, "l").len(), list(&value, "a").len()), (1, 0));
    }
}
