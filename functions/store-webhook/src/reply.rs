//! Outcome → HTTP: the one place that knows status codes.

use lambda_http::{Body, Response};
use waybill::flows::intake::store_webhook::Outcome;

/// The answer to a delivery.
pub(crate) fn from_outcome(outcome: &Outcome) -> Response<Body> {
    match outcome {
        // 200 also for nobody's address: a 4xx would make BigCommerce block the whole domain.
        Outcome::Stored | Outcome::Nothing | Outcome::UnknownStore | Outcome::Unreadable(_) => plain(200, Body::Empty),
        Outcome::Older => {
            let message = "A newer state of this parcel is known: this older one changed nothing.";
            let body = serde_json::json!({"result": "older", "message": message});
            with_type(200, "application/json", body.to_string().into())
        }
        Outcome::Echo(text) => with_type(200, "text/plain; charset=utf-8", text.as_str().into()),
        Outcome::Reply(json) => with_type(200, "application/json", (*json).into()),
        Outcome::Field { field, remedy } => error(422, "field", &format!("{field}: {remedy}")),
        Outcome::Unauthorised => error(401, "signature", "The signature is missing or wrong."),
        Outcome::TryLater(why) => error(503, "try_later", &format!("Nothing is stored, {why}: send it again.")),
    }
}

/// Our own fault.
pub(crate) fn broken() -> Response<Body> {
    error(500, "internal", "Nothing is stored: send it again.")
}

/// No such address.
pub(crate) fn not_found() -> Response<Body> {
    error(404, "not_found", "There is nothing at this address.")
}

/// `GET /healthz`: touches nothing.
pub(crate) fn healthy() -> Response<Body> {
    let body = serde_json::json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")});
    with_type(200, "application/json", body.to_string().into())
}

/// A JSON document that never changes while this version runs.
pub(crate) fn document(json: &'static str) -> Response<Body> {
    let mut response = with_type(200, "application/json", json.into());
    let hour = http::HeaderValue::from_static("public, max-age=3600");
    response.headers_mut().insert(http::header::CACHE_CONTROL, hour);
    response
}

fn error(status: u16, code: &str, message: &str) -> Response<Body> {
    let body = serde_json::json!({"error": code, "message": message});
    with_type(status, "application/json", body.to_string().into())
}

fn with_type(status: u16, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = plain(status, body);
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response
}

fn plain(status: u16, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response
}
