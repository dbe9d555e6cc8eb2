//! OAuth with TikTok Shop: to the consent page and back. The state is one-time, kept hashed, bound to the browser that
//! started, and used up before the code is exchanged.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::domain::ids::{AccountId, ShopId};
use crate::domain::parcel::WaitsFor;
use crate::domain::region::AppRegion;
use crate::flows::access::shop::{app_credentials, apps};
use crate::flows::carriers::map::{requeue, requeue_of_store};
use crate::flows::connect::login::secret;
use crate::flows::connect::shop::{ConnectError, ConnectedShop, connect_expecting};
use crate::flows::tick::shop as remind_shop;
use crate::table::error::TableError;
use crate::table::once::hashed;
use crate::tiktok::Class;
use crate::tiktok::authorise::AuthoriseError;
use crate::tokens::SecretFault;
use crate::web::form::Fields;
use jiff::SignedDuration;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The time between our page and TikTok's answer.
pub const STATE_MINUTES: i64 = 10;
const KIND: &str = "tiktok state";
const CALL: Duration = Duration::from_secs(8);

#[derive(Serialize, Deserialize)]
struct State {
    account: AccountId,
    region: AppRegion,
    /// Hash of the browser's cookie.
    browser: String,
    /// The shop to be reconnected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expected: Option<ShopId>,
}

/// The way to TikTok's consent page.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub consent_url: String,
    /// The browser's cookie.
    pub browser: String,
}

/// What TikTok's answer led to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectProblem {
    /// The owner said no.
    #[error("the authorisation was declined")]
    Declined,
    /// TikTok sent the browser without our state: an install that started in TikTok's app store. It proves nothing about
    /// who is signed in here, so the round starts again from our side.
    #[error("the round did not start here")]
    NotStartedHere,
    /// The state is unknown, used, or older than ten minutes.
    #[error("the round is over")]
    Over,
    /// Another browser started it.
    #[error("another browser started this round")]
    OtherBrowser,
    /// The code is wrong, used or too old.
    #[error("TikTok did not take the code")]
    CodeRefused,
    /// A creator's or a partner's account.
    #[error("the account is not a seller's")]
    NotASeller,
    /// Shops, scopes, accounts.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// Our app's credentials.
    #[error(transparent)]
    Secret(#[from] SecretFault),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Starts a round: for a new shop, or for the one that is to be reconnected.
///
/// # Errors
/// [`ConnectProblem`]: credentials or table.
pub async fn begin(
    app: &App,
    account: &AccountId,
    region: AppRegion,
    expected: Option<&ShopId>,
) -> Result<Begun, ConnectProblem> {
    let service_id = apps(app, region).await?.tiktok(region)?.service_id.clone();
    let (state, browser) = (secret(app), secret(app));
    let kept = State { account: account.clone(), region, browser: hashed(&browser), expected: expected.cloned() };
    let until = app.clock.now() + SignedDuration::from_mins(STATE_MINUTES);
    app.table.once_put(&state, KIND, &kept, until).await?;
    let mut url = match region {
        AppRegion::Us => app.config.tiktok_consent_us.clone(),
        AppRegion::Row => app.config.tiktok_consent_row.clone(),
    };
    // The redirect address is fixed in the Partner Center; it is not a parameter.
    url.query_pairs_mut().append_pair("service_id", &service_id).append_pair("state", &state);
    Ok(Begun { consent_url: url.into(), browser })
}

/// Takes TikTok's answer. `browser` is the cookie of the browser that brought it.
///
/// # Errors
/// [`ConnectProblem`]; nothing is stored then.
pub async fn finish(
    app: &App,
    region: AppRegion,
    answer: &Fields,
    browser: Option<&str>,
) -> Result<Vec<ConnectedShop>, ConnectProblem> {
    let now = app.clock.now();
    let state = answer.get("state").filter(|state| !state.is_empty()).ok_or(ConnectProblem::NotStartedHere)?;
    let kept: Option<State> = app.table.once_peek(state, KIND, now).await?;
    let kept = kept.filter(|kept| kept.region == region).ok_or(ConnectProblem::Over)?;
    if browser.is_none_or(|browser| hashed(browser) != kept.browser) {
        return Err(ConnectProblem::OtherBrowser);
    }
    let kept: State = app.table.once_take(state, KIND, now).await?.ok_or(ConnectProblem::Over)?;
    // A refusal reads `code=null&error=auth_denied`.
    let code = answer.get("code").filter(|code| !code.is_empty() && *code != "null" && answer.get("error").is_none());
    let code = SecretString::from(code.ok_or(ConnectProblem::Declined)?);

    let expected: Option<Shop> = match &kept.expected {
        Some(id) => app.table.shop_get(id, true).await?.map(|shop| shop.row),
        None => None,
    };
    let credentials = app_credentials(app, region).await?;
    let tokens = app.tiktok.token_get(&credentials, &code, CALL).await.map_err(|error| match error {
        AuthoriseError::NotASeller { .. } => ConnectProblem::NotASeller,
        AuthoriseError::TikTok(error) if error.class == Class::ConsentAgain => ConnectProblem::CodeRefused,
        AuthoriseError::TikTok(error) => ConnectError::TikTok(error).into(),
        AuthoriseError::Incomplete { .. } => ConnectProblem::CodeRefused,
    })?;
    let mut connected = Box::pin(connect_expecting(app, &kept.account, region, tokens, expected.as_ref())).await?;
    for done in &mut connected {
        resume(app, &done.shop).await?;
        if let Some(shop) = Box::pin(remind_shop::look_after(app, &done.shop)).await {
            done.shop = shop;
        }
    }
    Ok(connected)
}

/// Queues what waited for the owner.
///
/// # Errors
/// [`TableError`].
pub async fn resume(app: &App, shop: &Shop) -> Result<usize, TableError> {
    for store in app.table.account_stores(&shop.account).await? {
        requeue_of_store(app, &store, |parcel| parcel.shop == shop.id).await?;
    }
    requeue(app, &shop.id, "", |parcel| {
        matches!(parcel.waits_for, Some(WaitsFor::Grant(_)))
            || parcel.state.reason().is_some_and(|reason| reason.auto() == crate::domain::reason::Auto::OnReconnect)
    })
    .await
}
