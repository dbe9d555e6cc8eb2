//! How a store's API misbehaves.

use super::{Kind, Shelf};
use crate::ModelAnswer;
use crate::answer::respond;
use bytes::Bytes;
use http::Response;
use std::time::Duration;

/// One way to misbehave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// No answer.
    Hang,
    /// The connection is dropped.
    Reset,
    /// The right answer, this much later.
    Slow(Duration),
    /// An answer of this many bytes.
    Huge(usize),
    /// A redirect to this address, for example one inside the private network.
    Redirect(String),
    /// JSON of a shape that no version of the API has.
    ChangedSchema,
    /// An HTML page instead of JSON, as a firewall sends it.
    NotJson,
    /// This status with a short text.
    Status(u16),
    /// Too many requests, said the platform's way; the seconds to wait where it names them.
    Throttle(Option<u32>),
    /// The credentials are refused.
    Unauthorised,
}

impl Mischief {
    pub(super) fn answer(self, kind: Kind, api: impl FnOnce() -> Response<Bytes>) -> (ModelAnswer, Duration) {
        let json = &[("content-type", "application/json")];
        let response = match self {
            Self::Hang => return (ModelAnswer::Hang, Duration::ZERO),
            Self::Reset => return (ModelAnswer::Reset, Duration::ZERO),
            Self::Slow(time) => return (ModelAnswer::Reply(api()), time),
            Self::Huge(bytes) => respond(200, json, format!("[\"{}\"]", "x".repeat(bytes))),
            Self::Redirect(place) => respond(302, &[("location", &place)], ""),
            Self::ChangedSchema => respond(200, json, r#"{"result":{"v":99,"rows":[{"ref":"a"}]}}"#),
            Self::NotJson => respond(200, &[("content-type", "text/html")], "<html>Checking your browser</html>"),
            Self::Status(status) => respond(status, &[("content-type", "text/plain")], "no"),
            Self::Throttle(wait) => throttle(kind, wait),
            Self::Unauthorised => respond(401, json, r#"{"errors":"[API] Invalid API key or access token"}"#),
        };
        (ModelAnswer::Reply(response), Duration::ZERO)
    }
}

/// GraphQL says it with HTTP 200, BigCommerce in milliseconds, others with `Retry-After`.
fn throttle(kind: Kind, wait: Option<u32>) -> Response<Bytes> {
    let seconds = wait.map(|wait| wait.to_string());
    match kind {
        Kind::Shopify => {
            let body = r#"{"errors":[{"message":"Throttled","extensions":{"code":"THROTTLED"}}],"extensions":{"cost":{
                "requestedQueryCost":52,"actualQueryCost":null,"throttleStatus":{
                "maximumAvailable":2000.0,"currentlyAvailable":2,"restoreRate":100.0}}}}"#;
            respond(200, &[("content-type", "application/json")], body)
        }
        Kind::BigCommerce => {
            let millis = wait.map(|wait| (u64::from(wait) * 1000).to_string());
            let headers = millis.as_deref().map(|millis| [("x-rate-limit-time-reset-ms", millis)]);
            respond(429, headers.as_ref().map(<[_; 1]>::as_slice).unwrap_or_default(), "")
        }
        _ => {
            let headers = seconds.as_deref().map(|seconds| [("retry-after", seconds)]);
            respond(429, headers.as_ref().map(<[_; 1]>::as_slice).unwrap_or_default(), "")
        }
    }
}

impl Shelf {
    pub(super) fn next_mischief(&mut self) -> Option<Mischief> {
        let (mischief, times) = self.mischief.first_mut()?;
        let mischief = mischief.clone();
        if let Some(left) = times {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.mischief.remove(0);
            }
        }
        Some(mischief)
    }
}
