//! Hosts the functions on this machine: the same handlers that Lambda runs, behind a small HTTP server, and the schedules.
//!
//! Strangers send what they like, so before anything is read it is known how much may come; what is read is counted in
//! bytes over all requests; and a request has an end whatever its sender does.

pub mod bodies;
mod schedules;
mod sender;

use crate::metrics::Registry;
use bodies::{Bodies, Unread};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use lambda_http::Body;
use schedules::Wake;
use sender::sender;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use waybill::app::App;
use waybill::flows::intake::store_webhook as receive_webhook;
use waybill_listen::{Guest, Limits, Seen};

/// A whole request, from its head to the answer: what API Gateway gives it, too.
pub const REQUEST: Duration = Duration::from_secs(30);
/// Forms of the console have a few hundred bytes.
const FORM: usize = 16 * 1024;
/// A table of trackings that a merchant uploads.
const UPLOAD: usize = 2 * 1024 * 1024;
/// Bodies above this are worked on a few at a time, on threads of their own: others are answered meanwhile.
const LIGHT: usize = 64 * 1024;
/// How many of those.
const HEAVY_TOGETHER: usize = 2;
/// Open connections: an idle one costs about 20 kB.
const CONNECTIONS: usize = 2048;
/// Files that the table, logs and calls to the outside need.
const OWN_FILES: u64 = 256;

/// What answers on this machine.
#[derive(Debug)]
pub struct Host {
    app: Arc<App>,
    wake: Wake,
    bodies: Bodies,
    heavy: Arc<Semaphore>,
    seen: Arc<Seen>,
    metrics: Option<Metrics>,
    time: Duration,
}

/// Numbers for Prometheus.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// What was counted.
    pub registry: Arc<Registry>,
    /// Whether others than this machine may read them.
    pub to_all: bool,
}

impl Host {
    /// A host of this app.
    #[must_use]
    pub fn new(app: Arc<App>) -> Self {
        Self {
            app,
            wake: Wake::default(),
            bodies: Bodies::default(),
            heavy: Arc::new(Semaphore::new(HEAVY_TOGETHER)),
            seen: Arc::default(),
            metrics: None,
            time: REQUEST,
        }
    }

    /// The same, answering `GET /metrics`.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// The same with another time for a whole request.
    #[must_use]
    pub fn with_time(self, time: Duration) -> Self {
        Self { time, ..self }
    }

    /// Serves the functions until the future is dropped.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        let limits = Limits { connections: connections(), ..Limits::default() };
        let seen = Arc::clone(&self.seen);
        let answering = move |request, guest| Arc::clone(&self).in_time(request, guest);
        waybill_listen::serve(listener, limits, seen, answering).await;
    }

    async fn in_time(
        self: Arc<Self>,
        request: http::Request<Incoming>,
        guest: Guest,
    ) -> Result<http::Response<Full<Bytes>>, Infallible> {
        let answer = tokio::time::timeout(self.time, self.answer(request, &guest)).await;
        let answer = answer.unwrap_or_else(|_| {
            if guest.is_worked_on() {
                refused(StatusCode::SERVICE_UNAVAILABLE, "try_later", "This took too long: send it again.")
            } else {
                refused(StatusCode::REQUEST_TIMEOUT, "too_slow", "The request did not end in time.")
            }
        });
        if let Some(metrics) = &self.metrics {
            metrics.registry.answered(answer.status().as_u16());
        }
        Ok(answer)
    }

    async fn answer(&self, request: http::Request<Incoming>, guest: &Guest) -> http::Response<Full<Bytes>> {
        let (head, body) = request.into_parts();
        let path = head.uri.path();
        if path == "/metrics"
            && let Some(metrics) = self.metrics.as_ref().filter(|metrics| metrics.to_all || is_from_here(&head, guest))
        {
            return text(metrics.registry.page(&self.seen, self.app.clock.now()));
        }
        let machine = is_machine(path);
        if machine && let Some(answer) = store_webhook::ahead(&self.app, &head.method, path).await {
            return full(answer);
        }
        let limit = largest(&head.method, path);
        guest.waits();
        let read = self.bodies.read(body, &head.headers, limit).await;
        guest.works();
        let read = match read {
            Ok(read) => read,
            Err(Unread::TooLarge) => {
                return refused(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "too_large",
                    "The body is larger than this address takes.",
                );
            }
            Err(Unread::Broken) => return refused(StatusCode::BAD_REQUEST, "broken", "The body did not arrive whole."),
            Err(Unread::Crowded) => {
                let mut busy = refused(StatusCode::SERVICE_UNAVAILABLE, "busy", "Nothing is stored: send it again.");
                busy.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from_static("5"));
                return busy;
            }
        };
        let (bytes, _room) = read.into_parts();
        let heavy = bytes.len() > LIGHT;
        let from = sender(&guest.peer(), &head.headers, &self.app.config.trusted_proxy);
        let mut request = http::Request::from_parts(head, Body::Binary(bytes));
        request.extensions_mut().insert(console::Sender(from));
        full(if heavy { self.on_a_thread_of_its_own(request).await } else { self.take(request).await })
    }

    /// Answers a request that is here as a whole. Where a delivery made work, the push is woken.
    pub async fn take(&self, request: lambda_http::Request) -> http::Response<Body> {
        self.woken_by(route(&self.app, request).await)
    }

    fn woken_by(&self, answer: http::Response<Body>) -> http::Response<Body> {
        if let Some(store_webhook::NewWork(shards)) = answer.extensions().get() {
            self.wake.ask(shards);
        }
        answer
    }

    /// Reading two megabytes keeps a core busy for tens of milliseconds.
    async fn on_a_thread_of_its_own(&self, request: lambda_http::Request) -> http::Response<Body> {
        // It is never closed.
        let turn = Arc::clone(&self.heavy).acquire_owned().await;
        let (app, runtime) = (Arc::clone(&self.app), tokio::runtime::Handle::current());
        let done = tokio::task::spawn_blocking(move || {
            let answer = runtime.block_on(route(&app, request));
            drop(turn);
            answer
        });
        self.woken_by(done.await.unwrap_or_else(|_| {
            let mut broken = http::Response::new(Body::Empty);
            *broken.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            broken
        }))
    }
}

/// Serves the functions of an app until the future is dropped.
pub async fn serve(app: Arc<App>, listener: TcpListener) {
    Arc::new(Host::new(app)).serve(listener).await;
}

/// Machines' addresses are the webhook function's, people's the console's.
fn is_machine(path: &str) -> bool {
    path.starts_with("/hooks/") || path == "/healthz"
}

/// The largest body that an address takes, in bytes.
fn largest(method: &Method, path: &str) -> usize {
    match path {
        _ if method == Method::GET || method == Method::HEAD => 0,
        path if path.starts_with("/hooks/") => receive_webhook::LARGEST,
        "/backfill" => UPLOAD,
        _ => FORM,
    }
}

/// Whether a request was made on this machine and not handed on by a proxy.
fn is_from_here(head: &http::request::Parts, guest: &Guest) -> bool {
    let handed_on = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];
    let host = head.headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    guest.peer().is_local()
        && matches!(host, "127.0.0.1" | "[::1]" | "localhost")
        && !handed_on.iter().any(|name| head.headers.contains_key(*name))
}

/// As many connections as the process has files for. Its soft limit is raised to what it may have.
fn connections() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let files = files.unwrap_or(u64::MAX).saturating_sub(OWN_FILES);
    usize::try_from(files).unwrap_or(CONNECTIONS).clamp(16, CONNECTIONS)
}

fn full(answer: http::Response<Body>) -> http::Response<Full<Bytes>> {
    answer.map(|body| Full::new(Bytes::from(body.to_vec())))
}

fn text(page: String) -> http::Response<Full<Bytes>> {
    let mut answer = http::Response::new(Full::new(Bytes::from(page)));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    answer.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    answer
}

/// An answer without the functions. The connection ends with it, since its body may not have been read.
fn refused(status: StatusCode, code: &str, message: &str) -> http::Response<Full<Bytes>> {
    let body = serde_json::json!({"error": code, "message": message}).to_string();
    let mut answer = http::Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(http::header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// The routes of the HTTP API, as in the template: machines to the webhook function, people to the console.
pub async fn route(app: &App, request: lambda_http::Request) -> http::Response<Body> {
    let machine = is_machine(request.uri().path());
    let answer = if machine { store_webhook::handle(app, request).await } else { console::handle(app, request).await };
    answer.unwrap_or_else(|never| match never {})
}

/// One run of the push schedule over all shards, as the schedule's own event asks for it.
pub async fn push(app: &App) -> waybill::flows::push::Summary {
    let event = tracking_push::Event { shards: (0..waybill::table::keys::SHARDS).collect() };
    // The shards of the constant event all exist.
    tracking_push::handle(app, &event).await.unwrap_or_default()
}

/// One tick of the slow schedule.
pub async fn tick(app: &App) -> waybill::flows::tick::Summary {
    reauth_reminder::handle(app, &reauth_reminder::Event::tick()).await
}

/// Both schedules of an app, until the future is dropped.
pub async fn schedules(app: Arc<App>) {
    Arc::new(Host::new(app)).schedules().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::{Options, Stack};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    #[expect(clippy::disallowed_methods, reason = "aborted by each test")]
    async fn hosted(time: Duration) -> (tempfile::TempDir, Stack, std::net::SocketAddr, tokio::task::JoinHandle<()>) {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = |name: &str| (name == "PUBLIC_URL").then(|| "http://127.0.0.1:8787".to_owned());
        let config = waybill::config::Config::parse(settings).expect("settings");
        let mut options = Options::with(config, folder.path());
        options.in_memory = true;
        let stack = Stack::start(options).await.expect("a stack");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let host = Arc::new(Host::new(Arc::clone(&stack.app)).with_time(time));
        (folder, stack, address, tokio::spawn(host.serve(listener)))
    }

    #[tokio::test]
    async fn a_request_whose_body_never_ends_is_ended() {
        let (_folder, _stack, address, serving) = hosted(Duration::from_millis(200)).await;
        let mut slow = TcpStream::connect(address).await.expect("a connection");
        slow.write_all(b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nemail=").await.expect("sent");
        let mut answer = String::new();
        let read = tokio::time::timeout(Duration::from_secs(20), slow.read_to_string(&mut answer)).await;
        read.expect("it ends by itself").expect("text");
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        serving.abort();
    }

    #[test]
    fn each_address_takes_what_its_senders_need_and_no_more() {
        for (method, path, most) in [
            (Method::POST, "/hooks/shopify", 2 << 20),
            (Method::POST, "/hooks/magento/abc234", 2 << 20),
            (Method::POST, "/login", 16 << 10),
            (Method::POST, "/nowhere", 16 << 10),
            (Method::PUT, "/", 16 << 10),
            (Method::GET, "/hooks/magento/abc234", 0),
            (Method::GET, "/", 0),
        ] {
            assert_eq!(largest(&method, path), most, "{method} {path}");
        }
    }
}
