//! What an answer of a store's API means before anybody reads its body.

use super::error::StoreError;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// Longer than any wait a store asks for; a larger value is a mistake on its side.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// An answer with a usable status.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer<'a> {
    /// 2xx with this body; empty for 204.
    Body(&'a [u8]),
    /// 404 or 410, with its body.
    Gone(&'a [u8]),
}

/// Sorts an answer by its status.
///
/// # Errors
/// [`StoreError`] for refused credentials, throttling, and whatever else may work later.
pub(crate) fn sorted(answer: &Response<Bytes>) -> Result<Answer<'_>, StoreError> {
    let status = answer.status();
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(StoreError::Unauthorised { status: status.as_u16() }),
        StatusCode::TOO_MANY_REQUESTS => Err(StoreError::Throttled { after: wait(answer) }),
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Answer::Gone(answer.body())),
        StatusCode::NO_CONTENT => Ok(Answer::Body(b"")),
        _ if status.is_success() => Ok(Answer::Body(answer.body())),
        _ if status.is_redirection() => {
            Err(StoreError::Unavailable(format!("HTTP {}: the store's address has moved", status.as_u16())))
        }
        _ => Err(StoreError::Unavailable(format!("HTTP {}", status.as_u16()))),
    }
}

/// Reads a JSON answer. Sites answer with HTML while they are under maintenance, hence "later".
///
/// # Errors
/// [`StoreError::Unavailable`].
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, StoreError> {
    super::exact::from_slice(body)
        .map_err(|_| StoreError::Unavailable("the answer is not the JSON that the platform documents".to_owned()))
}

/// Refuses a page on which nothing has an id: its schema has changed, and an empty page would pass for "nothing new".
///
/// # Errors
/// [`StoreError::Unavailable`].
pub(crate) fn recognised<'a, T>(rows: &'a [T], id: impl Fn(&'a T) -> Option<&'a str>) -> Result<(), StoreError> {
    if rows.is_empty() || rows.iter().any(|row| id(row).is_some()) {
        return Ok(());
    }
    Err(StoreError::Unavailable("nothing on this page has an id".to_owned()))
}

/// `Retry-After` in seconds, or BigCommerce's `X-Rate-Limit-Time-Reset-Ms`.
fn wait(answer: &Response<Bytes>) -> Option<Duration> {
    let number = |name: &str| answer.headers().get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    number("retry-after")
        .map(Duration::from_secs)
        .or_else(|| number("x-rate-limit-time-reset-ms").map(Duration::from_millis))
        .map(|wait| wait.min(LONGEST_WAIT))
}

/// A request with a JSON body (`Some`) or without one.
///
/// # Errors
/// [`StoreError::Unreadable`] when address or credential cannot stand in a request.
pub(crate) fn request(
    method: http::Method,
    uri: &str,
    headers: &[(&'static str, &str)],
    body: Option<&serde_json::Value>,
) -> Result<Request<Bytes>, StoreError> {
    let mut builder = Request::builder().method(method).uri(uri).header("accept", "application/json");
    for (name, value) in headers {
        let mut value = http::HeaderValue::from_str(value).map_err(|_| UNSENDABLE)?;
        value.set_sensitive(true);
        builder = builder.header(*name, value);
    }
    let body = match body {
        Some(json) => {
            builder = builder.header("content-type", "application/json");
            Bytes::from(json.to_string())
        }
        None => Bytes::new(),
    };
    builder.body(body).map_err(|_| UNSENDABLE)
}

const UNSENDABLE: StoreError = StoreError::Unreadable("the store's address or credential cannot stand in a request");

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, header: Option<(&'static str, &'static str)>) -> Response<Bytes> {
        let mut builder = Response::builder().status(status);
        if let Some((name, value)) = header {
            builder = builder.header(name, value);
        }
        builder.body(Bytes::from_static(b"{}")).expect("a response")
    }

    #[test]
    fn each_status_says_what_to_do() {
        for (status, expected) in [
            (200, "body"),
            (204, "body"),
            (404, "gone"),
            (410, "gone"),
            (401, "credentials"),
            (403, "credentials"),
            (429, "wait"),
            (301, "later"),
            (402, "later"),
            (500, "later"),
            (503, "later"),
        ] {
            let said = match sorted(&answer(status, None)) {
                Ok(Answer::Body(_)) => "body",
                Ok(Answer::Gone(_)) => "gone",
                Err(StoreError::Unauthorised { .. }) => "credentials",
                Err(StoreError::Throttled { .. }) => "wait",
                Err(StoreError::Unavailable(_)) => "later",
                Err(_) => "?",
            };
            assert_eq!(said, expected, "{status}");
        }
    }

    #[test]
    fn a_store_that_names_a_wait_gets_it() {
        for (header, expected) in [
            (Some(("retry-after", "7")), Some(7_000)),
            (Some(("x-rate-limit-time-reset-ms", "2500")), Some(2_500)),
            (Some(("retry-after", "99999999")), Some(3_600_000)),
            (Some(("retry-after", "soon")), None),
            (None, None),
        ] {
            let Err(StoreError::Throttled { after }) = sorted(&answer(429, header)) else { panic!("{header:?}") };
            assert_eq!(after.map(|d| d.as_millis()), expected, "{header:?}");
        }
    }
}
