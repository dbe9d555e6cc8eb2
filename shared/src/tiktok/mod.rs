//! TikTok Shop: what we call, how a call is signed, and what its answer means.
//!
//! One method per call, one try per call: retries, rates and reading back are the push flow's. The page of each call
//! is named beside its path in `paths.rs`; the meaning of each code stands in [`error`].

pub mod authorise;
mod clock;
mod envelope;
pub mod error;
pub mod logistics;
mod order_reader;
pub mod orders;
pub mod packages;
mod paths;
pub mod products;
mod read;
pub mod shops;
pub mod sign;
#[cfg(test)]
mod tests;
pub mod tracking;
pub mod webhook;

use crate::domain::clock::Clock;
use crate::domain::reason::Reason;
use crate::outbound::Outbound;
use bytes::Bytes;
pub use error::{Class, Effect, TikTokError};
use http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method};
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::fmt;
use std::time::Duration;
use url::Url;

/// Also on reads: any other type is refused (36009022).
const JSON: &str = "application/json";

/// The hourly limit of a development shop names no time to wait.
const NEXT_HOUR: Duration = Duration::from_secs(3600);
const DEVELOPMENT_LIMIT: i64 = 36_009_037;

/// The key and secret of one of our two apps (US, rest of world).
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Public; stands in every URL.
    pub app_key: String,
    /// Signs; never sent except in the two token calls.
    pub app_secret: SecretString,
}

/// What lets us act for one shop.
#[derive(Clone)]
pub struct ShopAuth {
    /// Goes into a header.
    pub access_token: SecretString,
    /// TikTok's per-shop key, credential-like.
    pub cipher: String,
}

impl fmt::Debug for ShopAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShopAuth([secret])")
    }
}

/// What every call for a shop needs.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Our app in the shop's part of the world.
    pub app: &'a Credentials,
    /// The shop.
    pub shop: &'a ShopAuth,
    /// The most time the call may take: its own limit, or what is left if that is less.
    pub limit: Duration,
}

/// The client. A cheap handle; all clones share connections and what they learnt about TikTok's clock.
#[derive(Clone)]
pub struct TikTok {
    outbound: Outbound,
    api: String,
    auth: String,
    clock: Clock,
    offset: clock::Offset,
}

/// The answer to a call that succeeded.
#[derive(Debug)]
struct Answer {
    data: Option<Value>,
    request_id: Option<String>,
}

/// One request before it is signed.
struct Spec<'a> {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    effect: Effect,
    app: &'a Credentials,
    token: &'a SecretString,
    cipher: Option<&'a str>,
    limit: Duration,
}

impl<'a> Spec<'a> {
    fn shop(call: Call<'a>, method: Method, path: impl Into<String>, effect: Effect) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            effect,
            app: call.app,
            token: &call.shop.access_token,
            cipher: Some(&call.shop.cipher),
            limit: call.limit,
        }
    }

    fn read(call: Call<'a>, path: impl Into<String>) -> Self {
        Self::shop(call, Method::GET, path, Effect::Read)
    }

    fn write(call: Call<'a>, path: impl Into<String>, body: Value) -> Self {
        Self::shop(call, Method::POST, path, Effect::Write).with(body)
    }

    /// Sets the body. An empty object is left out: implementations disagree on whether `{}` is signed.
    fn with(mut self, body: Value) -> Self {
        self.body = Some(body).filter(|body| body.as_object().is_none_or(|object| !object.is_empty()));
        self
    }

    /// Adds a query parameter; an empty one is left out of both URL and signature.
    fn query(mut self, key: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.query.push((key, value));
        }
        self
    }
}

impl TikTok {
    /// A client for these hosts: the API's and that of the token calls.
    #[must_use]
    pub fn new(outbound: Outbound, api: &Url, auth: &Url, clock: Clock) -> Self {
        let base = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
        Self { outbound, api: base(api), auth: base(auth), clock, offset: clock::Offset::default() }
    }

    /// How far TikTok's clock is ahead of ours, as last seen. Alarm above 10 s.
    #[must_use]
    pub fn clock_offset(&self) -> SignedDuration {
        self.offset.get()
    }

    async fn send(&self, spec: Spec<'_>) -> Result<Answer, TikTokError> {
        let (effect, limit) = (spec.effect, spec.limit);
        let secrets =
            [spec.app.app_secret.expose_secret(), spec.token.expose_secret(), spec.cipher.unwrap_or_default()];
        let request = self.signed(&spec)?;
        let sent = self.clock.now();
        let answer = self.outbound.send(request, limit).await.map_err(|e| TikTokError::unanswered(e, effect))?;
        let envelope = envelope::read(answer.body());
        if let (Some(_), Some(date)) = (&envelope, text(answer.headers(), DATE)) {
            // Only TikTok's own answers: whoever else answers in its place has another clock.
            self.offset.learn(date, sent, self.clock.now());
        }
        self.judge(envelope, &answer, effect, &secrets)
    }

    fn judge(
        &self,
        envelope: Option<envelope::Envelope>,
        answer: &http::Response<Bytes>,
        effect: Effect,
        secrets: &[&str],
    ) -> Result<Answer, TikTokError> {
        let status = answer.status();
        let code = envelope.as_ref().map(|envelope| envelope.code);
        let (message, request_id, data) = match envelope {
            Some(envelope) => (without(&envelope.message, secrets), envelope.request_id, envelope.data),
            None => ("the answer is not TikTok's".to_owned(), None, None),
        };
        if code == Some(0) && status.is_success() {
            return Ok(Answer { data, request_id });
        }
        let now = self.offset.apply(self.clock.now());
        let mut retry_after = text(answer.headers(), RETRY_AFTER).and_then(|value| clock::retry_after(value, now));
        if code == Some(DEVELOPMENT_LIMIT) {
            retry_after = retry_after.or(Some(NEXT_HOUR));
        }
        let class = error::classify(code, &message, status.as_u16(), effect);
        let http_status = Some(status.as_u16());
        Err(TikTokError { code, message, request_id, http_status, retry_after, class, source: None })
    }

    /// Serialises once, signs those bytes, sends those bytes.
    fn signed(&self, spec: &Spec<'_>) -> Result<http::Request<Bytes>, TikTokError> {
        let body = match &spec.body {
            Some(body) => serde_json::to_vec(body).map_err(|_| our_bug("the body cannot be serialised"))?,
            None => Vec::new(),
        };
        let mut query = spec.query.clone();
        query.push(("app_key", spec.app.app_key.clone()));
        query.push(("timestamp", self.offset.apply(self.clock.now()).as_second().to_string()));
        if let Some(cipher) = spec.cipher {
            query.push(("shop_cipher", cipher.to_owned()));
        }
        let sign = sign::request(&spec.app.app_secret, &spec.path, &query, JSON, &body);
        query.push(("sign", sign));

        let mut token = HeaderValue::from_str(spec.token.expose_secret())
            .map_err(|_| our_bug("the access token holds characters that no header may hold"))?;
        token.set_sensitive(true);
        let uri = format!("{}{}?{}", self.api, spec.path, query_string(&query));
        http::Request::builder()
            .method(spec.method.clone())
            .uri(uri)
            .header(CONTENT_TYPE, JSON)
            .header("x-tts-access-token", token)
            .body(Bytes::from(body))
            .map_err(|_| our_bug("the request cannot be built"))
    }
}

impl fmt::Debug for TikTok {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TikTok").field("api", &self.api).field("auth", &self.auth).finish_non_exhaustive()
    }
}

impl Answer {
    /// The data of a read. Without it the answer is as good as none.
    fn data(&self) -> Result<&Value, TikTokError> {
        self.data.as_ref().filter(|data| data.is_object()).ok_or_else(|| self.incomplete("the answer has no data"))
    }

    fn incomplete(&self, what: &str) -> TikTokError {
        let mut error = TikTokError::local(what, Class::Retry(Reason::TikTokError), None);
        error.request_id.clone_from(&self.request_id);
        error
    }
}

fn our_bug(what: &str) -> TikTokError {
    TikTokError::local(what, Class::Operator(Reason::Internal), None)
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn query_string(query: &[(&'static str, String)]) -> String {
    let pairs = query.iter().map(|(key, value)| format!("{key}={}", paths::encode(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// TikTok's words without our secrets, should it ever quote them.
fn without(message: &str, secrets: &[&str]) -> String {
    secrets
        .iter()
        .filter(|secret| secret.len() >= 4)
        .fold(message.to_owned(), |message, secret| message.replace(*secret, "[secret]"))
}
