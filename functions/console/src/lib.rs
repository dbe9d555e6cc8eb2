//! HTTP for people: connect a shop, see how connections stand, sign in. Transport ↔ flow; nothing is decided here.

mod answer;
mod pages;
mod view;
mod visit;

use futures_util::FutureExt as _;
use lambda_http::{Body, Request, Response};
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use visit::Visit;
use waybill::app::App;

/// Where a request came from, as whoever took the connection knows it; no header is believed.
#[derive(Clone, Debug)]
pub struct Sender(pub String);

/// Answers one request.
///
/// # Errors
/// Never: every failure is an answer.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let visit = Visit::of(app, request);
    let answer = AssertUnwindSafe(pages::answer(&visit)).catch_unwind().await;
    Ok(answer.unwrap_or_else(|_| {
        tracing::error!("a console page panicked while answering a request");
        answer::broken(app)
    }))
}
