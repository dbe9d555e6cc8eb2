//! TikTok's envelope: `{code, message, request_id, data}`, and everything that comes instead of it.
//!
//! Business errors often come with HTTP 200, so only the code decides. The code has been seen as text, and errors have
//! been seen as JSON inside the message of another error.

use super::error::is_listed;
use serde_json::{Map, Value};

/// The most of TikTok's words that is kept, in characters.
pub(super) const LONGEST_MESSAGE: usize = 200;

/// How deep errors inside errors are followed.
const DEEPEST: u8 = 5;

/// The code that must be found wherever it hides: the access token has expired.
const TOKEN_EXPIRED: i64 = 105_002;

/// An envelope that could be read. `code` 0 is success.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) request_id: Option<String>,
    pub(super) data: Option<Value>,
}

/// Reads a body. `None`: no JSON, or no code anywhere in it.
pub(super) fn read(body: &[u8]) -> Option<Envelope> {
    let text = std::str::from_utf8(body).ok()?;
    let mut value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    // The whole envelope as a JSON string.
    for _ in 0..DEEPEST {
        let Value::String(inner) = &value else { break };
        value = serde_json::from_str(inner).ok()?;
    }
    let Value::Object(mut object) = value else { return None };
    let request_id = text_of(&object, "request_id").filter(|id| !id.is_empty()).map(|id| cut(&id, 80));
    let own = object.get("code").and_then(code_of);

    let inner = inner_error(&object, 0).filter(|(code, _)| *code != 0);
    let hidden = own != Some(0) && object.values().any(|value| says_expired(value, 0));
    let (code, message) = match (own, inner) {
        _ if hidden && own != Some(TOKEN_EXPIRED) => (TOKEN_EXPIRED, "the access token has expired".to_owned()),
        (Some(own), Some((inner, words))) if own == 0 || is_listed(inner) => (inner, words),
        (None, Some((inner, words))) => (inner, words),
        (Some(own), _) => (own, message_of(&object)),
        (None, None) => return None,
    };
    let data = object.remove("data").filter(|data| !data.is_null());
    Some(Envelope { code, message: cut(&message, LONGEST_MESSAGE), request_id, data })
}

/// A code as number or text.
fn code_of(value: &Value) -> Option<i64> {
    match value {
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range: checked beside it")]
        Value::Number(n) => {
            n.as_i64().or_else(|| n.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 1e15).map(|f| f as i64))
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn text_of(object: &Map<String, Value>, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn message_of(object: &Map<String, Value>) -> String {
    ["message", "msg"].iter().find_map(|key| text_of(object, key)).unwrap_or_default()
}

/// The innermost error told in the words of another one.
fn inner_error(object: &Map<String, Value>, depth: u8) -> Option<(i64, String)> {
    if depth >= DEEPEST {
        return None;
    }
    let words = ["message", "msg", "error", "error_message", "error_msg", "detail"];
    words.iter().filter_map(|key| object.get(*key)).find_map(|value| {
        let inner = as_object(value)?;
        let deeper = inner_error(&inner, depth + 1);
        deeper.or_else(|| Some((inner.get("code").and_then(code_of)?, message_of(&inner))))
    })
}

/// An object, or text that holds one (`rpc error: {"code":…}`).
fn as_object(value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object.clone()),
        Value::String(text) => {
            let json = text.get(text.find('{')?..=text.rfind('}')?)?;
            serde_json::from_str(json).ok().or_else(|| {
                // Escaped once more.
                let unescaped: String = serde_json::from_str(&format!("\"{json}\"")).ok()?;
                serde_json::from_str(&unescaped).ok()
            })
        }
        _ => None,
    }
}

/// Whether the expired-token code hides anywhere in a failed answer.
fn says_expired(value: &Value, depth: u8) -> bool {
    if depth >= DEEPEST {
        return false;
    }
    let of_object = |object: &Map<String, Value>| {
        object.get("code").and_then(code_of) == Some(TOKEN_EXPIRED)
            || object.values().any(|value| says_expired(value, depth + 1))
    };
    match value {
        Value::Object(object) => of_object(object),
        Value::Array(items) => items.iter().any(|item| says_expired(item, depth + 1)),
        Value::String(text) if text.contains("105002") => as_object(value).is_some_and(|object| of_object(&object)),
        _ => false,
    }
}

/// Cuts to a number of characters and turns control characters into blanks, for logs and pages.
pub(super) fn cut(text: &str, longest: usize) -> String {
    let tame = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    tame.take(longest).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_envelope_is_found_in_every_wrapping() {
        for (body, expected) in [
            (r#"{"code":0,"message":"Success","request_id":"r","data":{}}"#, Some(0)),
            (r#"{"code":"0","message":"Success"}"#, Some(0)),
            (r#"{"code":0.0}"#, Some(0)),
            ("\u{feff}{\"code\":0}", Some(0)),
            (r#"{"code":"105002","message":"expired"}"#, Some(105_002)),
            (r#""{\"code\":105002,\"message\":\"expired\"}""#, Some(105_002)),
            (r#"{"code":36009003,"message":"{\"code\":105002,\"message\":\"Expired credentials\"}"}"#, Some(105_002)),
            (r#"{"code":36009003,"message":"rpc: {\"code\":105002}"}"#, Some(105_002)),
            (r#"{"code":36009003,"message":"{\\\"code\\\":105002}"}"#, Some(105_002)),
            (r#"{"message":"{\"code\":105002}"}"#, Some(105_002)),
            (r#"{"error":{"code":105002,"message":"expired"}}"#, Some(105_002)),
            (r#"{"code":1,"data":{"error":"{\"code\":\"105002\"}"}}"#, Some(105_002)),
            (r#"{"code":1,"errors":[{"code":105002}]}"#, Some(105_002)),
            (r#"{"code":0,"message":"{\"code\":21011022,\"message\":\"x\"}"}"#, Some(21_011_022)),
            (r#"{"code":36009003,"message":"{\"code\":21011022,\"message\":\"x\"}"}"#, Some(21_011_022)),
            // An inner code nobody knows explains nothing.
            (r#"{"code":21011006,"message":"{\"code\":77,\"message\":\"x\"}"}"#, Some(21_011_006)),
            // Success stays success whatever its data holds: shops have a `code` of their own.
            (r#"{"code":0,"data":{"shops":[{"code":"105002"}]}}"#, Some(0)),
            (r#"{"data":{}}"#, None),
            (r#"{"code":null}"#, None),
            (r#"{"code":0,"#, None),
            ("<html>502</html>", None),
            ("[]", None),
            ("", None),
            ("null", None),
        ] {
            assert_eq!(read(body.as_bytes()).map(|e| e.code), expected, "{body}");
        }
    }

    #[test]
    fn words_are_cut_and_the_request_id_is_kept() {
        let body = serde_json::json!({"code": 1, "message": "ü\n".repeat(300), "request_id": "20261121R"});
        let envelope = read(body.to_string().as_bytes()).expect("an envelope");
        assert!(envelope.message.chars().count() <= LONGEST_MESSAGE && !envelope.message.contains('\n'));
        assert_eq!(envelope.request_id.as_deref(), Some("20261121R"));
    }

    #[test]
    fn an_error_keeps_the_innermost_words() {
        let body = r#"{"code":36009003,"message":"{\"code\":21011022,\"message\":\"Invalid tracking number\"}"}"#;
        assert_eq!(read(body.as_bytes()).expect("an envelope").message, "Invalid tracking number");
    }

    proptest! {
        #[test]
        fn no_body_breaks_the_reader(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body);
        }

        #[test]
        fn no_words_break_the_reader(words in "\\PC{0,60}") {
            let body = serde_json::json!({"code": 5, "message": format!("{{{words}}}"), "data": words});
            prop_assert!(read(body.to_string().as_bytes()).is_some());
            let _ = read(words.as_bytes());
        }
    }
}
