//! The landing page of a mail's reconnect link. The link only starts a consent, so a scanner may open it as often as it
//! likes; the press of the button starts a round that is bound to the browser.

use super::connect;
use crate::answer::{self, Problem};
use crate::view::ShopView;
use crate::visit::Visit;
use lambda_http::{Body, Response};
use minijinja::context;
use std::time::Duration;
use waybill::domain::connection::Shop;
use waybill::flows::tell::links::{self, LinkError};
use waybill::table::error::TableError;
use waybill::web::cookie::Cookie;
use waybill::web::link::LinkPurpose;

/// The link stays in the browser this long.
const HELD: Duration = Duration::from_secs(1800);

/// With `?t=`: keeps the link in a cookie and clears the address bar. Without: the page.
pub(super) async fn landing(visit: &Visit<'_>) -> Result<Response<Body>, TableError> {
    if let Some(text) = visit.query.get("t") {
        // Anything else could not stand in a cookie; it is read as damaged.
        let text: String =
            text.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).take(1024).collect();
        let cookie = Cookie::Reconnect.set(&visit.app.config.public_url, &text, HELD);
        return Ok(answer::with_cookie(answer::redirect("/reconnect"), &cookie));
    }
    let text = visit.cookie(Cookie::Reconnect).unwrap_or_default();
    let shop = match shop(visit, &text).await? {
        Ok(shop) => shop,
        Err(page) => return Ok(page),
    };
    let Some(form_token) = visit.form_token(&text).await else { return Ok(answer::broken(visit.app)) };
    let shop = ShopView::of(visit.app, &shop).await?;
    Ok(answer::page(visit.app, 200, "landing.html", context! { shop, form_token, narrow => true }))
}

/// The press of the button.
pub(super) async fn start(visit: &Visit<'_>) -> Result<Response<Body>, TableError> {
    let Some(text) = visit.cookie(Cookie::Reconnect) else { return Ok(super::stale_form(visit)) };
    if !visit.form_holds(&text).await {
        return Ok(super::stale_form(visit));
    }
    match shop(visit, &text).await? {
        Ok(shop) => connect::begin(visit, &shop.account, shop.app, Some(&shop)).await,
        Err(page) => Ok(page),
    }
}

/// The shop of a link that still counts, or the page that says why not.
async fn shop(visit: &Visit<'_>, text: &str) -> Result<Result<Shop, Response<Body>>, TableError> {
    let link = match links::read(visit.app, text).await {
        Ok(link) => link,
        Err(LinkError::Secret(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "link not read");
            return Ok(Err(super::unavailable(visit)));
        }
        Err(LinkError::Bad(_)) => return Ok(Err(damaged(visit))),
    };
    let LinkPurpose::Reconnect = link.purpose;
    let Some(shop) = visit.app.table.shop_get(&link.shop, true).await?.map(|shop| shop.row) else {
        return Ok(Err(damaged(visit)));
    };
    if shop.granted().as_millisecond() != link.cycle {
        return Ok(Err(superseded(visit)));
    }
    Ok(Ok(shop))
}

fn damaged(visit: &Visit<'_>) -> Response<Body> {
    answer::problem(
        visit.app,
        Problem {
            status: 400,
            title: "This link is incomplete",
            words: "A mail program may have cut it.".into(),
            remedy: "Open it once more from the mail, or sign in and press Reconnect.".into(),
            button: Some(("Sign in", "/login".into())),
        },
    )
}

fn superseded(visit: &Visit<'_>) -> Response<Body> {
    answer::problem(
        visit.app,
        Problem {
            status: 410,
            title: "Already reconnected",
            words: "The shop was reconnected after this mail was sent, so its link has done its work.".into(),
            remedy: "There is nothing to do. To see how the connection stands, open the overview.".into(),
            button: Some(("Open the overview", "/".into())),
        },
    )
}
