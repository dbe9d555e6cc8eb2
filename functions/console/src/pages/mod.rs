//! Which page an address is.

mod accounts;
mod acts;
mod acts_forms;
mod attention;
mod attention_bulk;
mod audit;
mod backfill;
mod carriers;
mod connect;
mod copy_maps;
mod deadlines;
mod explain;
mod gate;
mod health;
mod held;
mod invitation;
mod list;
mod login;
mod mapping;
mod order;
mod order_delay;
mod orders;
mod overview;
mod people;
mod picture;
mod reconnect;
mod report;
mod rounds;
mod runs;
mod shop_fields;
mod shops;
mod store;
mod stores;

use crate::answer::{self, Problem};
use crate::visit::{Member, Visit};
use futures_util::future::BoxFuture;
use lambda_http::{Body, Response};
use std::future::ready;
use waybill::domain::ids::ShopId;
use waybill::domain::platform::Platform;
use waybill::domain::region::AppRegion;
use waybill::table::error::TableError;
use waybill::table::proof_keys::ProofKey;
use waybill::web::proof::{KeyLine, Signer};

type Answer = Result<Response<Body>, TableError>;

/// Answers a request; a table that cannot be reached is a page too.
pub(crate) async fn answer(visit: &Visit<'_>) -> Response<Body> {
    route(visit).await.unwrap_or_else(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "page not built");
        unavailable(visit)
    })
}

async fn route(visit: &Visit<'_>) -> Result<Response<Body>, TableError> {
    let app = visit.app;
    let parts: Vec<&str> = visit.path.trim_matches('/').split('/').collect();
    // A HEAD is answered as a GET that shows nothing; nothing that a GET does here uses anything up.
    let method = if visit.method == "HEAD" { "GET" } else { visit.method.as_str() };
    match (method, parts.as_slice()) {
        ("GET", ["healthz"]) => return Ok(answer::healthy()),
        ("GET", ["keys.js"]) => return Ok(answer::keys()),
        ("GET", ["proof-keys"]) => return proof_keys(visit).await,
        ("GET", ["login"]) => return Ok(login::form(visit)),
        ("POST", ["login"]) => return Ok(login::ask(visit).await),
        ("GET", ["login", token]) => return login::door(visit, token).await,
        ("POST", ["login", token]) => return login::enter(visit, token).await,
        ("GET", ["invitation", account, token]) => return invitation::page(visit, account, token).await,
        ("POST", ["invitation", account, token]) => return invitation::accept(visit, account, token).await,
        ("GET", ["reconnect"]) => return reconnect::landing(visit).await,
        ("POST", ["reconnect"]) => return reconnect::start(visit).await,
        ("GET", ["connect", "tiktok", word, "callback"]) => {
            return match region(word) {
                Some(region) => connect::callback(visit, region).await,
                None => Ok(answer::missing(app)),
            };
        }
        // What a platform sends to a callback uses a round up: a HEAD of a scanner must not.
        ("GET", ["connect", "shopify" | "bigcommerce", "callback"]) if visit.method == "HEAD" => {
            return Ok(answer::missing(app));
        }
        ("GET", ["connect", "shopify", "callback"]) => return rounds::shopify(visit).await,
        ("GET", ["connect", "bigcommerce", "callback"]) => return rounds::bigcommerce(visit).await,
        ("GET", ["connect", "bigcommerce", "load"]) => return rounds::bigcommerce_load(visit).await,
        ("GET", ["connect", "bigcommerce", "uninstall"]) if visit.method == "GET" => {
            return rounds::bigcommerce_uninstall(visit).await;
        }
        ("POST", ["connect", "woocommerce", "keys"]) => return rounds::woocommerce_keys(visit).await,
        _ => {}
    }
    let Some(member) = visit.member().await? else {
        return Ok(match method {
            "GET" if known(&parts) => answer::redirect(&login::way_in(visit)),
            "POST" if known(&parts) => login::signed_out(visit),
            _ => answer::missing(app),
        });
    };
    let page = for_member(visit, &member, method, &parts).await?;
    Ok(if member.renewed && !ends_session(&parts) { login::kept(visit, page, &member.secret) } else { page })
}

fn ends_session(parts: &[&str]) -> bool {
    matches!(parts, ["logout"])
}

async fn for_member(visit: &Visit<'_>, member: &Member, method: &str, parts: &[&str]) -> Answer {
    if let Some(refused) = gate::refuse(visit, member, method, parts) {
        return Ok(refused);
    }
    if method == "POST" && !visit.form_of(member).await {
        return Ok(stale_form(visit));
    }
    page(visit, member, method, parts).await
}

/// The page of an address. Each is a future of its own on the heap: all of them side by side are more than a thread's
/// stack takes.
fn page<'a>(visit: &'a Visit<'a>, member: &'a Member, method: &str, parts: &[&'a str]) -> BoxFuture<'a, Answer> {
    match (method, parts) {
        ("GET", [""]) => Box::pin(overview::page(visit, member)),
        ("GET", ["orders"]) => Box::pin(orders::page(visit, member)),
        ("GET", ["orders.csv"]) => Box::pin(orders::csv(visit, member)),
        ("GET", ["deadlines"]) => Box::pin(deadlines::page(visit, member)),
        ("GET", ["deadlines.csv"]) => Box::pin(deadlines::csv(visit, member)),
        ("GET", ["audit"]) => Box::pin(audit::page(visit, member)),
        ("GET", ["audit.csv"]) => Box::pin(audit::csv(visit, member)),
        ("GET", ["mapping"]) => Box::pin(mapping::page(visit, member)),
        ("POST", ["mapping"]) => Box::pin(mapping::act(visit, member)),
        ("GET", ["mapping", "copy"]) => Box::pin(copy_maps::page(visit, member)),
        ("POST", ["mapping", "copy"]) => Box::pin(copy_maps::act(visit, member)),
        ("GET", ["people"]) => Box::pin(people::page(visit, member)),
        ("POST", ["people"]) => Box::pin(people::act(visit, member)),
        ("GET", ["accounts"]) => Box::pin(accounts::page(visit, member)),
        ("POST", ["accounts"]) => Box::pin(accounts::switch(visit, member)),
        ("GET", ["mapping.csv"]) => Box::pin(mapping::csv(visit, member)),
        ("GET", ["carriers"]) => Box::pin(carriers::page(visit, member)),
        ("POST", ["carriers"]) => Box::pin(carriers::act(visit, member)),
        ("GET", ["backfill"]) => Box::pin(backfill::page(visit, member)),
        ("POST", ["backfill"]) => Box::pin(backfill::act(visit, member)),
        ("GET", ["backfill.csv"]) => Box::pin(backfill::verdicts(visit, member)),
        ("GET", ["shops"]) => Box::pin(shops::list(visit, member)),
        ("GET", ["shops", id]) => Box::pin(shops::one(visit, member, id)),
        ("GET", ["stores", id]) => Box::pin(store::page(visit, member, id)),
        ("POST", ["stores", id]) => Box::pin(store::act(visit, member, id)),
        ("GET", ["report"]) => Box::pin(report::page(visit, member)),
        ("GET", ["report.csv"]) => Box::pin(report::csv(visit, member)),
        ("GET", ["health"]) => Box::pin(health::page(visit, member)),
        ("POST", ["shops", id]) => Box::pin(shops::act(visit, member, id)),
        ("GET", ["connect"]) => Box::pin(connect::choose(visit, member)),
        ("GET", ["connect", "tiktok", word]) => match region(word) {
            Some(region) if visit.method == "GET" => Box::pin(connect::start(visit, member, region, None)),
            _ => none(visit),
        },
        ("GET", ["connect", "bigcommerce", "claim"]) => Box::pin(stores::claim_page(visit, member)),
        ("POST", ["connect", "bigcommerce", "claim"]) => Box::pin(stores::claim(visit, member)),
        ("GET", ["connect", "woocommerce", "return"]) => Box::pin(stores::returned(visit, member)),
        ("GET" | "POST", ["connect", word]) => match Platform::parse(word) {
            Some(platform) if method == "GET" => Box::pin(stores::form(visit, member, platform)),
            Some(platform) => Box::pin(stores::act(visit, member, platform)),
            None => none(visit),
        },
        ("GET", ["attention"]) => Box::pin(attention::page(visit, member)),
        ("GET", ["attention.csv"]) => Box::pin(attention::file(visit, member)),
        ("POST", ["attention"]) => Box::pin(attention_bulk::press(visit, member)),
        ("GET", ["orders", id]) => Box::pin(order::page(visit, member, id)),
        ("POST", ["orders", id]) => Box::pin(acts::press(visit, member, id)),
        ("GET", ["orders", id, "proof.json"]) => Box::pin(order::proof(visit, member, id, "json")),
        ("GET", ["orders", id, "proof.csv"]) => Box::pin(order::proof(visit, member, id, "csv")),
        ("GET", ["orders", id, "proof.html"]) => Box::pin(order::proof(visit, member, id, "html")),
        ("GET", ["orders", id, "explain"]) => Box::pin(explain::page(visit, member, id)),
        ("GET", ["orders", id, "delay.txt"]) => Box::pin(order::delay(visit, member, id)),
        ("GET", ["runs", token]) => Box::pin(runs::page(visit, member, token)),
        ("POST", ["runs", token]) => Box::pin(runs::act(visit, member, token)),
        ("POST", ["logout"]) => Box::pin(login::leave(visit, member)),
        _ => none(visit),
    }
}

fn none<'a>(visit: &Visit<'_>) -> BoxFuture<'a, Answer> {
    Box::pin(ready(Ok(answer::missing(visit.app))))
}

/// The public keys of proofs, for strangers who hold one: those that ever signed, and the one that signs now.
async fn proof_keys(visit: &Visit<'_>) -> Result<Response<Body>, TableError> {
    let mut keys = visit.app.table.proof_keys().await?;
    let ring = visit.app.secrets.web_keys().get().await;
    if let Some(now) = ring.ok().and_then(|ring| Signer::of(&ring).ok())
        && !keys.iter().any(|key| key.fingerprint == now.line.fingerprint)
    {
        let KeyLine { number, fingerprint, public, .. } = now.line;
        keys.push(ProofKey { number, fingerprint, public, since: visit.app.clock.now() });
    }
    let key = |key: &ProofKey| {
        let id = format!("{}-{}", key.number, key.fingerprint.get(..16).unwrap_or_default());
        serde_json::json!({
            "id": id, "number": key.number, "fingerprint": key.fingerprint, "algorithm": "Ed25519",
            "public": key.public, "since": key.since,
        })
    };
    let keys: Vec<serde_json::Value> = keys.iter().map(key).collect();
    Ok(answer::json(&serde_json::json!({"keys": keys})))
}

/// Addresses that exist for signed-in people.
fn known(parts: &[&str]) -> bool {
    match parts {
        [""] | ["shops" | "orders" | "stores", ..] | ["connect"] | ["connect", "tiktok", "us" | "row"] => true,
        ["attention" | "deadlines" | "mapping" | "carriers" | "backfill" | "report" | "audit" | "health"] => true,
        ["attention.csv" | "orders.csv" | "deadlines.csv" | "mapping.csv" | "report.csv" | "audit.csv"] => true,
        ["backfill.csv" | "people" | "accounts"] | ["mapping", "copy"] | ["runs", _] => true,
        ["connect", "bigcommerce", "claim"] | ["connect", "woocommerce", "return"] => true,
        ["connect", word] => Platform::parse(word).is_some(),
        _ => false,
    }
}

fn region(word: &str) -> Option<AppRegion> {
    AppRegion::ALL.into_iter().find(|region| region.as_str() == word)
}

/// A shop of the member's account; a foreign one is as good as none.
async fn own_shop(
    visit: &Visit<'_>,
    member: &Member,
    id: &str,
) -> Result<Option<waybill::domain::connection::Shop>, TableError> {
    let Ok(id) = ShopId::parse(id) else { return Ok(None) };
    let shop = visit.app.table.shop_get(&id, true).await?.map(|shop| shop.row);
    Ok(shop.filter(|shop| shop.account == member.account))
}

fn stale_form(visit: &Visit<'_>) -> Response<Body> {
    answer::problem(
        visit.app,
        Problem {
            status: 403,
            title: "Please press that button again",
            words: "The form was not sent from this page, or the page was open for too long.".into(),
            remedy: "Nothing was changed. Open the page afresh and try once more.".into(),
            button: Some(("Open the overview", "/".into())),
        },
    )
}

fn unavailable(visit: &Visit<'_>) -> Response<Body> {
    answer::problem(
        visit.app,
        Problem {
            status: 503,
            title: "One moment",
            words: "Our table cannot be reached just now. Nothing is lost.".into(),
            remedy: "Please try again in a minute.".into(),
            button: Some(("Try again", "/".into())),
        },
    )
}

/// A platform's name within a sentence.
fn spoken(platform: Platform) -> &'static str {
    match platform {
        Platform::Magento => "Magento or Adobe Commerce",
        Platform::Generic => "a warehouse",
        other => other.title(),
    }
}
