//! What a model does with a request.

use bytes::Bytes;
use http::Response;
use std::time::Duration;

/// The end of one request, as the network shows it.
#[derive(Debug)]
pub enum ModelAnswer {
    /// An HTTP answer, good or bad.
    Reply(Response<Bytes>),
    /// The connection is dropped without an answer. Whether anything was changed before, only the model knows.
    Reset,
    /// Nothing comes back, ever: the caller's time limit has to end it.
    Hang,
}

impl ModelAnswer {
    /// The HTTP answer, if there was one.
    #[must_use]
    pub fn reply(self) -> Option<Response<Bytes>> {
        match self {
            Self::Reply(response) => Some(response),
            Self::Reset | Self::Hang => None,
        }
    }

    /// How long the answer asks to wait, in whole seconds.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let Self::Reply(response) = self else { return None };
        let seconds = response.headers().get(http::header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
        Some(Duration::from_secs(seconds))
    }
}

/// Builds an answer; a header that is not allowed in HTTP is left out.
pub(crate) fn respond(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        let name = http::HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_str(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

/// Decodes a query string: `+` is a blank, as most servers read it, so a client must encode a real plus.
pub(crate) fn query_pairs(query: &str) -> Vec<(String, String)> {
    let text = |part: &str| {
        let part = part.replace('+', " ");
        percent_encoding::percent_decode_str(&part).decode_utf8_lossy().into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (text(key), text(value))
        })
        .collect()
}

/// Encodes one query value or path segment.
pub(crate) fn encode(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_once_and_a_bare_plus_is_a_blank() {
        let pairs = query_pairs("a=1%2C2&b=x+y&c=%2B%2F%3D&&d&e==");
        let expected = [("a", "1,2"), ("b", "x y"), ("c", "+/="), ("d", ""), ("e", "=")];
        assert_eq!(pairs, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }
}
