//! HTTP: connect a store or shop, see status and errors. Transport ↔ flow; nothing is decided here.

use lambda_http::{Body, Request, Response};
use std::convert::Infallible;
use waybill::app::App;

/// Answers one request.
///
/// # Errors
/// Never: every failure is an answer.
pub async fn handle(_app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let (status, body) = match (request.method().as_str(), request.uri().path()) {
        ("GET", "/healthz") => (200, serde_json::json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")})),
        _ => (404, serde_json::json!({"error": "not_found", "message": "There is nothing at this address."})),
    };
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    Ok(response)
}
