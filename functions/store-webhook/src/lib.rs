//! HTTP: a store says something was shipped. Transport ↔ flow; nothing is decided here.

mod reply;

use futures_util::FutureExt as _;
use http::Method;
use lambda_http::{Body, Request, Response};
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use waybill::app::App;
use waybill::domain::ids::HookId;
use waybill::domain::platform::Platform;
use waybill::domain::region::AppRegion;
use waybill::flows::intake::store_webhook::{self as receive_webhook, Outcome, Route};
use waybill::flows::intake::{tiktok_webhook as receive_tiktok, wake};
use waybill::stores::Delivery;
use waybill::stores::generic::OPENAPI;
use waybill::table::keys::Shard;
use waybill::telemetry::{Metric, emit_metrics, metric};

/// What a warehouse's developer reads about the generic endpoint.
const DESCRIPTION: &str = "/hooks/generic/openapi.json";

/// A metric line is written after this many deliveries.
const A_LINE: u64 = 100;

/// Counts since the last metric line.
static SEEN: AtomicU64 = AtomicU64::new(0);
static STORED: AtomicU64 = AtomicU64::new(0);
static BAD: AtomicU64 = AtomicU64::new(0);
static UNKNOWN: AtomicU64 = AtomicU64::new(0);

/// Answers one request.
///
/// # Errors
/// Never: every failure is an answer.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    let answer = AssertUnwindSafe(answer(app, request)).catch_unwind().await;
    Ok(answer.unwrap_or_else(|_| {
        tracing::error!("the handler of a webhook delivery panicked");
        reply::broken()
    }))
}

/// Where a delivery that was stored made work, as an extension of its answer: for a host that need not wait for the next
/// run of the schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWork(pub Vec<Shard>);

/// The answer to a request that needs no body for it: there is nothing at its address, or nobody has it. `None`: the body
/// counts.
pub async fn ahead(app: &App, method: &Method, path: &str) -> Option<Response<Body>> {
    if path == "/healthz" {
        return Some(reply::healthy());
    }
    if path == DESCRIPTION && method == Method::GET {
        return Some(reply::document(OPENAPI));
    }
    if tiktok_app(method, path).is_some() {
        return None;
    }
    match route(method, path) {
        None => Some(reply::not_found()),
        Some(Route::ShopifyApp) => None,
        Some(Route::Hook { hook, .. }) => match receive_webhook::hook_of(app, &hook).await {
            Ok(None) => {
                count(app, &Outcome::UnknownStore);
                Some(reply::from_outcome(&Outcome::UnknownStore))
            }
            // A table that cannot be reached has its answer below.
            Ok(Some(_)) | Err(_) => None,
        },
    }
}

async fn answer(app: &App, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    if path == "/healthz" {
        return reply::healthy();
    }
    if let Some(region) = tiktok_app(request.method(), &path) {
        let delivery = delivery(request);
        let outcome = receive_tiktok::run(app, region, &delivery).await;
        count(app, &outcome);
        let work = if matches!(outcome, Outcome::Stored) { wake::of_tiktok(&delivery) } else { None };
        return with_work(reply::from_outcome(&outcome), work.into_iter().collect());
    }
    if path == DESCRIPTION && request.method() == Method::GET {
        return reply::document(OPENAPI);
    }
    let Some(route) = route(request.method(), &path) else { return reply::not_found() };
    let delivery = delivery(request);
    let outcome = receive_webhook::run(app, &route, &delivery).await;
    count(app, &outcome);
    let work = match outcome {
        // Without an answer the next run of the schedule finds it.
        Outcome::Stored => wake::of_store(app, &route, &delivery).await.unwrap_or_default(),
        _ => Vec::new(),
    };
    with_work(reply::from_outcome(&outcome), work)
}

fn with_work(mut answer: Response<Body>, shards: Vec<Shard>) -> Response<Body> {
    if !shards.is_empty() {
        answer.extensions_mut().insert(NewWork(shards));
    }
    answer
}

/// TikTok's own messages: one path for each of our two apps, since each has its own secret.
fn tiktok_app(method: &Method, path: &str) -> Option<AppRegion> {
    let word = path.strip_prefix("/hooks/tiktok/").filter(|_| method == Method::POST)?;
    AppRegion::ALL.into_iter().find(|app| app.as_str() == word)
}

/// Which flow an address belongs to.
fn route(method: &Method, path: &str) -> Option<Route> {
    let mut parts = path.strip_prefix("/hooks/")?.split('/');
    let platform = Platform::parse(parts.next()?)?;
    let hook = parts.next().filter(|hook| !hook.is_empty());
    if parts.next().is_some() {
        return None;
    }
    // Adobe I/O checks an address with a GET.
    let allowed = method == Method::POST || (method == Method::GET && platform == Platform::Magento);
    match (hook, platform) {
        _ if !allowed => None,
        (Some(hook), platform) => Some(Route::Hook { platform, hook: HookId::parse(hook).ok()? }),
        (None, Platform::Shopify) => Some(Route::ShopifyApp),
        (None, _) => None,
    }
}

/// The request as bytes and headers, unread.
fn delivery(request: Request) -> Delivery {
    let (parts, body) = request.into_parts();
    Delivery {
        method: parts.method,
        headers: parts.headers,
        query: parts.uri.query().map(str::to_owned),
        body: body.to_vec().into(),
    }
}

fn count(app: &App, outcome: &Outcome) {
    match outcome {
        Outcome::Unauthorised => drop(BAD.fetch_add(1, Ordering::Relaxed)),
        Outcome::Stored => drop(STORED.fetch_add(1, Ordering::Relaxed)),
        Outcome::UnknownStore => drop(UNKNOWN.fetch_add(1, Ordering::Relaxed)),
        _ => {}
    }
    if SEEN.fetch_add(1, Ordering::Relaxed) + 1 >= A_LINE {
        let metrics = [
            Metric::count(metric::WEBHOOKS, SEEN.swap(0, Ordering::Relaxed)),
            Metric::count(metric::SHIPMENTS_FOUND, STORED.swap(0, Ordering::Relaxed)),
            Metric::count(metric::BAD_SIGNATURES, BAD.swap(0, Ordering::Relaxed)),
            Metric::count(metric::UNKNOWN_STORE, UNKNOWN.swap(0, Ordering::Relaxed)),
        ];
        emit_metrics(&app.metrics, "store-webhook", app.clock.now(), &metrics);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_address_finds_its_flow_and_no_other_does() {
        let hook = |platform| Some(Route::Hook { platform, hook: HookId::parse("abc234").expect("id") });
        for (method, path, expected) in [
            (Method::POST, "/hooks/shopify", Some(Route::ShopifyApp)),
            (Method::POST, "/hooks/shopify/abc234", hook(Platform::Shopify)),
            (Method::POST, "/hooks/woocommerce/abc234", hook(Platform::WooCommerce)),
            (Method::POST, "/hooks/generic/abc234", hook(Platform::Generic)),
            (Method::GET, "/hooks/magento/abc234", hook(Platform::Magento)),
            (Method::GET, "/hooks/shopify/abc234", None),
            (Method::POST, "/hooks/woocommerce", None),
            (Method::POST, "/hooks/etsy/abc234", None),
            (Method::POST, "/hooks/shopify/abc234/more", None),
            (Method::POST, "/", None),
        ] {
            assert_eq!(route(&method, path), expected, "{method} {path}");
        }
    }
}
