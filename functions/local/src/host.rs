//! Hosts the functions on loopback: the same handlers that Lambda runs, behind a small HTTP server, and the schedules.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use lambda_http::Body;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use waybill::app::App;

/// API Gateway's own limit.
const LARGEST: usize = 10 * 1024 * 1024;
/// A client that does not finish its headers is dropped.
const HEADERS: Duration = Duration::from_secs(10);
const PUSH_EVERY: Duration = Duration::from_secs(60);
const TICK_EVERY: Duration = Duration::from_secs(300);

/// Serves the functions until the future is dropped.
///
/// # Errors
/// When the listener itself fails.
pub async fn serve(app: Arc<App>, listener: TcpListener) -> std::io::Result<()> {
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted?.0,
            Some(_) = connections.join_next() => continue,
        };
        let _ = stream.set_nodelay(true);
        let app = Arc::clone(&app);
        connections.spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&app), request));
            let http = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS)
                .serve_connection(TokioIo::new(stream), service);
            // A client that goes away is no news.
            let _ = http.await;
        });
    }
}

async fn answer(app: Arc<App>, request: http::Request<Incoming>) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST).collect().await else {
        let mut refused = http::Response::new(Full::new(Bytes::from_static(b"{\"error\":\"too_large\"}")));
        *refused.status_mut() = http::StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(refused);
    };
    let request = http::Request::from_parts(head, Body::Binary(body.to_bytes().to_vec()));
    Ok(route(&app, request).await.map(|body| Full::new(Bytes::from(body.to_vec()))))
}

/// The routes of the HTTP API, as in the template: machines to the webhook function, people to the console.
pub async fn route(app: &App, request: lambda_http::Request) -> http::Response<Body> {
    let machine = request.uri().path().starts_with("/hooks/") || request.uri().path() == "/healthz";
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
    reauth_reminder::handle(app, &reauth_reminder::Event::Tick).await
}

/// Both schedules, until the future is dropped. A run that is still going on delays the next one.
pub async fn schedules(app: Arc<App>) {
    let pushes = async {
        let mut every = tokio::time::interval(PUSH_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            push(&app).await;
        }
    };
    let ticks = async {
        let mut every = tokio::time::interval(TICK_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            tick(&app).await;
        }
    };
    futures_util::future::join(pushes, ticks).await;
}
