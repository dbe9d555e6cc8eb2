//! To TikTok's consent page and back.

use crate::answer::{self, Problem};
use crate::visit::{Member, Visit};
use lambda_http::{Body, Response};
use minijinja::context;
use serde::Serialize;
use std::time::Duration;
use waybill::domain::connection::Shop;
use waybill::domain::ids::AccountId;
use waybill::domain::region::AppRegion;
use waybill::flows::acts::{self, Actor};
use waybill::flows::connect::shop::{ConnectError, ConnectedShop};
use waybill::flows::connect::shop_in_browser::{self as connect_tiktok, ConnectProblem, STATE_MINUTES};
use waybill::mail::zone;
use waybill::table::error::TableError;
use waybill::web::cookie::Cookie;

pub(super) async fn choose(visit: &Visit<'_>, member: &Member) -> Result<Response<Body>, TableError> {
    let some = !visit.app.table.account_shops(&member.account).await?.is_empty();
    Ok(answer::page(visit.app, 200, "connect.html", context! { some, ..member.frame("shops") }))
}

pub(super) async fn start(
    visit: &Visit<'_>,
    member: &Member,
    region: AppRegion,
    expected: Option<&Shop>,
) -> Result<Response<Body>, TableError> {
    begin(visit, &member.account, region, expected).await
}

pub(super) async fn begin(
    visit: &Visit<'_>,
    account: &AccountId,
    region: AppRegion,
    expected: Option<&Shop>,
) -> Result<Response<Body>, TableError> {
    match connect_tiktok::begin(visit.app, account, region, expected.map(|shop| &shop.id)).await {
        Ok(begun) => {
            let life = Duration::from_secs(u64::try_from(STATE_MINUTES).unwrap_or(10) * 60);
            let cookie = Cookie::Connect.set(&visit.app.config.public_url, &begun.browser, life);
            Ok(answer::with_cookie(answer::redirect(&begun.consent_url), &cookie))
        }
        Err(ConnectProblem::Table(error)) => Err(error),
        Err(error) => Ok(explain(visit, region, &error)),
    }
}

#[derive(Serialize)]
struct Done {
    name: String,
    region: String,
    option_off: bool,
    waiting: Option<String>,
    until: String,
    rule: String,
}

pub(super) async fn callback(visit: &Visit<'_>, region: AppRegion) -> Result<Response<Body>, TableError> {
    if visit.method == "HEAD" {
        return Ok(answer::missing(visit.app));
    }
    let browser = visit.cookie(Cookie::Connect);
    match Box::pin(connect_tiktok::finish(visit.app, region, &visit.query, browser.as_deref())).await {
        Ok(connected) => {
            let actor = came_back(visit).await?;
            for done in &connected {
                acts::shop_connected(visit.app, &actor, done).await?;
            }
            let again = connected.iter().any(|done| done.again);
            let title = if again { "Connected again" } else { "Connected" };
            let words = if again {
                "Thank you. Tracking goes on by itself; you need do nothing more."
            } else {
                "TikTok now takes tracking numbers from us for:"
            };
            let shops: Vec<Done> = connected.iter().map(|done| shown(visit, done)).collect();
            let page = answer::page(visit.app, 200, "connected.html", context! { shops, title, words, narrow => true });
            let used = Cookie::Connect.set(&visit.app.config.public_url, "", Duration::ZERO);
            Ok(answer::with_cookie(page, &used))
        }
        Err(ConnectProblem::Table(error)) => Err(error),
        Err(error) => Ok(explain(visit, region, &error)),
    }
}

/// Whose browser came back from a platform: it is the one that set out, so who is signed in there has begun it; from a
/// mail's link nobody need be.
pub(super) async fn came_back(visit: &Visit<'_>) -> Result<Actor, TableError> {
    let member = visit.member().await?;
    let link = || Actor { who: "the link of a mail".to_owned(), from: visit.from().to_owned() };
    Ok(member.map_or_else(link, |member| visit.actor(&member)))
}

fn shown(visit: &Visit<'_>, done: &ConnectedShop) -> Done {
    let (shop, days) = (&done.shop, visit.app.config.reauth_days);
    let end = shop.reauthorise_by(days);
    let waiting = shop.consent.resumed.map(|resumed| resumed.waiting).filter(|waiting| *waiting > 0);
    Done {
        name: shop.name.clone(),
        region: shop.region.to_string(),
        option_off: shop.consent.seller_shipping == Some(false),
        waiting: waiting.map(|n| if n == 1 { "1 tracking".to_owned() } else { format!("{n} trackings") }),
        until: zone::moment(end.at, &zone::of(shop)),
        rule: end.source.explained(days),
    }
}

/// Why it did not work, and the next step. Nothing was changed in any of these cases.
fn explain(visit: &Visit<'_>, region: AppRegion, error: &ConnectProblem) -> Response<Body> {
    let again = Some(("Start again", format!("/connect/tiktok/{region}")));
    let (status, title, words, remedy, button) = match error {
        ConnectProblem::Declined => (
            200,
            "You said no at TikTok",
            "Nothing was connected and nothing was changed.".to_owned(),
            "To connect after all, start again and press Authorize on TikTok's page.".to_owned(),
            again,
        ),
        ConnectProblem::NotStartedHere => (
            200,
            "One more step",
            "You came from TikTok's app store. To be sure who you are, the connection starts from here.".to_owned(),
            "Sign in if asked, then continue to TikTok once more.".to_owned(),
            Some(("Continue", format!("/connect/tiktok/{region}"))),
        ),
        ConnectProblem::Over => (
            410,
            "That took too long",
            format!("The way to TikTok and back works once, within {STATE_MINUTES} minutes."),
            "Start again; nothing was changed. From a mail: open its link once more.".to_owned(),
            again,
        ),
        ConnectProblem::OtherBrowser => (
            403,
            "Another browser started this",
            "The way to TikTok and back must begin and end in the same browser.".to_owned(),
            "Start again in this one. From a mail: open its link here.".to_owned(),
            again,
        ),
        ConnectProblem::CodeRefused => (
            502,
            "TikTok did not take its own code",
            "It may have been used already, or be too old.".to_owned(),
            "Start again; nothing was changed.".to_owned(),
            again,
        ),
        ConnectProblem::NotASeller => (
            403,
            "That is not a seller's account",
            "TikTok says that you signed in with a creator's or a partner's account.".to_owned(),
            "Sign out at TikTok, then start again with the shop owner's main account.".to_owned(),
            again,
        ),
        ConnectProblem::Connect(ConnectError::WrongShop { expected, got }) => (
            409,
            "That was another shop",
            format!("You authorised {}, but this link is for {expected}.", got.join(", ")),
            format!("Nothing was changed. Sign in at TikTok as the owner of {expected} and start again."),
            again,
        ),
        ConnectProblem::Connect(ConnectError::OtherAccount(_)) => (
            409,
            "This shop has another account here",
            "The shop is connected by another Waybill account, so it was not connected to this one.".to_owned(),
            "Sign in with that account, or ask its people to remove the shop first.".to_owned(),
            Some(("Open the overview", "/".to_owned())),
        ),
        ConnectProblem::Connect(ConnectError::MissingScopes(scopes)) => (
            409,
            "Permissions are missing",
            format!("Without these we cannot send tracking: {}.", scopes.join(", ")),
            "The operator switches them on for the app in TikTok's Partner Center; then start again.".to_owned(),
            again,
        ),
        ConnectProblem::Connect(ConnectError::NoShop) => (
            409,
            "No shop behind this account",
            "The account that said yes has no TikTok shop in this part of the world.".to_owned(),
            "Check that you chose the right market, and the shop owner's main account.".to_owned(),
            Some(("Choose again", "/connect".to_owned())),
        ),
        ConnectProblem::Secret(_) | ConnectProblem::Table(_) | ConnectProblem::Connect(_) => {
            tracing::error!(error = error as &dyn std::error::Error, "shop not connected");
            (
                503,
                "TikTok cannot be asked just now",
                "The connection was not made. Nothing was changed.".to_owned(),
                "Please try again in a minute. If it stays, your operator finds the cause in the log.".to_owned(),
                again,
            )
        }
    };
    answer::problem(visit.app, Problem { status, title, words, remedy, button })
}
