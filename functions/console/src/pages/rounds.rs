//! Answers of store platforms: where their OAuth comes back, where keys are posted, and why it did not work.

use super::{connect, spoken};
use crate::answer::{self, Problem};
use crate::visit::Visit;
use lambda_http::{Body, Response};
use minijinja::context;
use std::time::Duration;
use waybill::domain::connection::StoreConnection;
use waybill::domain::platform::Platform;
use waybill::flows::acts::store_act;
use waybill::flows::connect::store::StoreAddError;
use waybill::flows::connect::store_in_browser::{self as authorise_store, Arrival, ROUND_MINUTES, RoundProblem};
use waybill::table::error::TableError;
use waybill::web::cookie::Cookie;

/// The browser's cookie lives as long as the round.
pub(super) const LIFE: Duration = Duration::from_secs(15 * 60);

/// `GET /connect/shopify/callback`.
pub(super) async fn shopify(visit: &Visit<'_>) -> Result<Response<Body>, TableError> {
    let browser = visit.cookie(Cookie::Store);
    match authorise_store::finish_shopify(visit.app, &visit.raw_query, browser.as_deref()).await {
        Ok(store) => {
            let actor = connect::came_back(visit).await?;
            store_act(visit.app, &actor, &store, "connect store", &format!("{} is connected", store.address)).await?;
            Ok(forget(visit, connected(visit, &store)))
        }
        Err(RoundProblem::Table(error) | RoundProblem::Add(StoreAddError::Table(error))) => Err(error),
        Err(error) => Ok(explain(visit, Platform::Shopify, &error)),
    }
}

/// `GET /connect/bigcommerce/callback`: at the top of a window when it began here, in a frame of the control panel
/// otherwise. Either way the page that asks comes next.
pub(super) async fn bigcommerce(visit: &Visit<'_>) -> Result<Response<Body>, TableError> {
    let browser = visit.cookie(Cookie::Store);
    match authorise_store::finish_bigcommerce(visit.app, &visit.query, browser.as_deref()).await {
        Ok(Arrival { token, begun_here }) => {
            let link = format!("/connect/bigcommerce/claim?t={token}");
            if begun_here {
                return Ok(forget(visit, answer::redirect(&link)));
            }
            Ok(answer::framed(visit.app, "store_frame.html", context! { link, fresh => true, narrow => true }))
        }
        Err(RoundProblem::Table(error) | RoundProblem::Add(StoreAddError::Table(error))) => Err(error),
        Err(error) => Ok(explain(visit, Platform::BigCommerce, &error)),
    }
}

/// `GET /connect/bigcommerce/load`: the app was opened in the control panel.
pub(super) async fn bigcommerce_load(visit: &Visit<'_>) -> Result<Response<Body>, TableError> {
    let jwt = visit.query.get("signed_payload_jwt").unwrap_or_default();
    match authorise_store::bigcommerce_store(visit.app, jwt).await {
        Ok((address, store)) => {
            let link = if store.is_some() { "/shops" } else { "/connect/bigcommerce" };
            let values = context! { link, address, known => store.is_some(), narrow => true };
            Ok(answer::framed(visit.app, "store_frame.html", values))
        }
        Err(RoundProblem::Table(error)) => Err(error),
        Err(error) => Ok(explain(visit, Platform::BigCommerce, &error)),
    }
}

/// `GET /connect/bigcommerce/uninstall`, from BigCommerce's own servers. The JWT is the authority; repeating it changes
/// nothing.
pub(super) async fn bigcommerce_uninstall(visit: &Visit<'_>) -> Result<Response<Body>, TableError> {
    let jwt = visit.query.get("signed_payload_jwt").unwrap_or_default();
    match authorise_store::bigcommerce_uninstalled(visit.app, jwt).await {
        Ok(()) => Ok(answer::machine(200, "removed", "The store's credentials are erased within minutes.")),
        Err(RoundProblem::NotSigned) => Ok(answer::machine(401, "bad_signature", "BigCommerce did not sign this.")),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "uninstall not taken");
            Ok(answer::machine(503, "try_later", "Nothing was changed. Send it again."))
        }
    }
}

/// `POST /connect/woocommerce/keys`, from the merchant's site.
pub(super) async fn woocommerce_keys(visit: &Visit<'_>) -> Result<Response<Body>, TableError> {
    match authorise_store::take_woocommerce_keys(visit.app, &visit.body).await {
        Ok(store) => {
            tracing::info!(store.id = %store.id, "a site handed over its keys");
            Ok(answer::machine(200, "connected", "Thank you."))
        }
        Err(RoundProblem::Store(_)) => Ok(answer::machine(422, "bad_keys", "Both keys with read_write are needed.")),
        Err(RoundProblem::Over) => Ok(answer::machine(410, "over", "This round is over. Start again at Waybill.")),
        Err(RoundProblem::Add(StoreAddError::Taken)) => Ok(answer::machine(409, "taken", "Connected already.")),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a site's keys not stored");
            Ok(answer::machine(503, "try_later", "Nothing was stored. Start again at Waybill."))
        }
    }
}

/// The store is connected.
pub(super) fn connected(visit: &Visit<'_>, store: &StoreConnection) -> Response<Body> {
    let values = context! { name => spoken(store.platform), address => store.address, narrow => true };
    answer::page(visit.app, 200, "store_connected.html", values)
}

fn forget(visit: &Visit<'_>, page: Response<Body>) -> Response<Body> {
    answer::with_cookie(page, &Cookie::Store.set(&visit.app.config.public_url, "", Duration::ZERO))
}

/// Why it did not work, and the next step. Nothing was changed in any of these cases.
pub(super) fn explain(visit: &Visit<'_>, platform: Platform, error: &RoundProblem) -> Response<Body> {
    let name = spoken(platform);
    let again = Some(("Start again", format!("/connect/{platform}")));
    let (status, title, words, remedy) = match error {
        RoundProblem::Declined => (
            200,
            "You said no in the store",
            "Nothing was connected and nothing was changed.".to_owned(),
            "To connect after all, start again and approve the connection in the store.".to_owned(),
        ),
        RoundProblem::Over => (
            410,
            "That took too long",
            format!("The way to {name} and back works once, within {ROUND_MINUTES} minutes."),
            "Start again; nothing was changed.".to_owned(),
        ),
        RoundProblem::OtherBrowser => (
            403,
            "Another browser started this",
            format!("The way to {name} and back must begin and end in the same browser."),
            "Start again in this one; nothing was changed.".to_owned(),
        ),
        RoundProblem::NotSigned => (
            403,
            "That did not come from the store",
            format!("The answer is not signed by {name}, so it was not used."),
            "Start again from here. If it stays, the operator checks the app's secret.".to_owned(),
        ),
        RoundProblem::OtherStore { expected, got } => (
            409,
            "That was another store",
            format!("You named {expected}, but {got} said yes."),
            "Nothing was changed. Sign in to the right store and start again.".to_owned(),
        ),
        RoundProblem::CodeRefused => (
            502,
            "The store did not take its own code",
            "It may have been used already, or be too old.".to_owned(),
            "Start again; nothing was changed.".to_owned(),
        ),
        RoundProblem::MissingScopes(scopes) => (
            409,
            "Permissions are missing",
            format!("Without these we cannot see what was shipped: {}.", scopes.join(", ")),
            "Start again and allow all that is asked for. If it stays, the operator checks the app's scopes."
                .to_owned(),
        ),
        RoundProblem::Add(StoreAddError::Taken) => (
            409,
            "This store is connected already",
            "It has a connection here, perhaps of another account or by a custom app.".to_owned(),
            "Remove that connection first; nothing was changed.".to_owned(),
        ),
        RoundProblem::Add(StoreAddError::Field { .. }) => (
            422,
            "Something is missing",
            "Choose the TikTok shop that this store's orders belong to.".to_owned(),
            "Go back and choose one; nothing was changed.".to_owned(),
        ),
        RoundProblem::Address => (
            422,
            "That address cannot be used",
            "It is not the public https address of a store.".to_owned(),
            "Check it and start again.".to_owned(),
        ),
        RoundProblem::NoApp(_)
        | RoundProblem::Store(_)
        | RoundProblem::Unreachable(_)
        | RoundProblem::Add(_)
        | RoundProblem::Secret(_)
        | RoundProblem::Vault(_)
        | RoundProblem::Table(_) => {
            tracing::error!(platform = %platform, error = error as &dyn std::error::Error, "store not connected");
            (
                503,
                "The store cannot be connected just now",
                "Nothing was changed.".to_owned(),
                "Please try again in a minute. If it stays, your operator finds the cause in the log.".to_owned(),
            )
        }
    };
    answer::problem(visit.app, Problem { status, title, words, remedy, button: again })
}
