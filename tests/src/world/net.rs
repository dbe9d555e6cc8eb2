//! The network: requests go to the model of their host. Every request to TikTok is judged by its OpenAPI description.

use super::calls::Calls;
use super::readers::Readers;
use crate::openapi::OpenApi;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{Request, Response};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use waybill::domain::clock::Clock;
use waybill::outbound::{BoxFuture, Lost, OutboundError, Transport};
use waybill_model::ModelAnswer;
use waybill_model::tiktok::ModelTikTok;

/// TikTok's API host in this world.
pub const API: &str = "https://open-api.tiktok.example";
/// TikTok's token host in this world.
pub const AUTH: &str = "https://auth.tiktok.example";

/// Answers requests to a host.
pub type Host = Box<dyn Fn(Request<Bytes>) -> BoxFuture<'static, ModelAnswer> + Send + Sync>;

/// Routes requests by host name.
pub struct Net {
    tiktok: ModelTikTok,
    api: &'static OpenApi,
    hosts: Mutex<HashMap<String, Host>>,
    calls: AtomicUsize,
    changes: AtomicUsize,
    numbers: Mutex<Vec<(String, Value)>>,
}

impl Net {
    /// A network with TikTok on it.
    #[must_use]
    pub fn new(tiktok: ModelTikTok, api: &'static OpenApi) -> Self {
        Self {
            tiktok,
            api,
            hosts: Mutex::default(),
            calls: AtomicUsize::new(0),
            changes: AtomicUsize::new(0),
            numbers: Mutex::default(),
        }
    }

    /// Puts a host on the network.
    pub fn host(&self, name: &str, answer: Host) {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), answer);
    }

    /// Requests to anybody so far.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Requests so far that may have changed something: all but reads, and what is asked of TikTok's token host.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.changes.load(Ordering::Relaxed)
    }

    /// Every call so far that carried a number to TikTok: its path and its body.
    #[must_use]
    pub fn numbers(&self) -> Vec<(String, Value)> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, request: &Request<Bytes>) {
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        let carries = |body: &Value| body["tracking_number"].is_string();
        if carries(&body) || carries(&body["self_shipment"]) {
            let path = request.uri().path().to_owned();
            self.numbers.lock().unwrap_or_else(PoisonError::into_inner).push((path, body));
        }
    }

    fn answer(&self, request: Request<Bytes>) -> BoxFuture<'static, ModelAnswer> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let host = request.uri().host().unwrap_or_default().to_owned();
        if AUTH.ends_with(&host) || request.method() != http::Method::GET {
            self.changes.fetch_add(1, Ordering::Relaxed);
        }
        if API.ends_with(&host) || AUTH.ends_with(&host) {
            self.note(&request);
            // Products are no part of the subset that the specification's tests cover; the model answers for them.
            let covered = !request.uri().path().starts_with("/product/");
            if API.ends_with(&host)
                && covered
                && let Err(problem) = self.api.judge(&request)
            {
                panic!("TikTok would refuse this request: {problem}");
            }
            let tiktok = self.tiktok.clone();
            return async move { tiktok.handle(request).await }.boxed();
        }
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        match hosts.get(&host) {
            Some(answer) => answer(request),
            None => async move { ModelAnswer::Reset }.boxed(),
        }
    }
}

impl Transport for Net {
    fn send(&self, request: Request<Bytes>, limit: Duration) -> BoxFuture<'_, Result<Response<Bytes>, OutboundError>> {
        let answer = self.answer(request);
        async move {
            match tokio::time::timeout(limit, answer).await {
                Ok(ModelAnswer::Reply(response)) => Ok(response),
                Ok(ModelAnswer::Reset) => Err(OutboundError::maybe_sent(Lost::Reset)),
                Ok(ModelAnswer::Hang) => {
                    tokio::time::sleep(limit).await;
                    Err(OutboundError::maybe_sent(Lost::TimedOut))
                }
                Err(_) => Err(OutboundError::maybe_sent(Lost::TimedOut)),
            }
        }
        .boxed()
    }
}

/// The network as one process sees it.
pub struct Line {
    /// The network.
    pub net: Arc<Net>,
    /// The process's calls.
    pub calls: Calls,
    /// Who reads orders.
    pub readers: Arc<Readers>,
    /// Now.
    pub clock: Clock,
}

impl Transport for Line {
    fn send(&self, request: Request<Bytes>, limit: Duration) -> BoxFuture<'_, Result<Response<Bytes>, OutboundError>> {
        self.readers.sends(&self.calls, &request, self.clock.now().as_millisecond());
        self.calls.around(self.net.send(request, limit)).boxed()
    }
}
