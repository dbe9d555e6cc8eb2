//! BigCommerce: an install is named to a person before it is attached, wherever it began.

use super::{CALL, ROUND_MINUTES, Round, RoundProblem, attach, exchanged, keep_round, platform_app, with_tokens};
use crate::app::App;
use crate::domain::connection::{StoreConnection, StoreSettings, StoreStatus};
use crate::domain::ids::{AccountId, ShopId};
use crate::domain::platform::Platform;
use crate::flows::access::store::{open_claim, seal_claim};
use crate::flows::connect::login::secret;
use crate::flows::connect::shop_in_browser::Begun;
use crate::flows::connect::store as connect_store;
use crate::flows::tell::links::page;
use crate::stores::connect::{StoreTokens, bigcommerce};
use crate::stores::platforms::BY_APP;
use crate::table::once::hashed;
use crate::tokens::PlatformApp;
use crate::web::form::Fields;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const BIGCOMMERCE: &str = "bigcommerce install";
const CLAIM: &str = "bigcommerce claim";

/// An install that waits for a signed-in person to take it, on a page that names the store.
#[derive(Serialize, Deserialize)]
struct Claim {
    address: String,
    sealed: String,
    /// Who began it here; nobody when it began at the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<AccountId>,
    /// What that person chose.
    #[serde(default)]
    shops: Vec<ShopId>,
}

/// What the page says that asks before an install is taken.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The store.
    pub address: String,
    /// The shops that were chosen when the round began.
    pub shops: Vec<ShopId>,
}

/// An install at BigCommerce. BigCommerce carries nothing of ours back, so the store that answers may be anybody's, also
/// when this browser began a round: a signed-in person takes it, on a page that names the store.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// For the address of that page.
    pub token: String,
    /// This browser began it, so it stands at the top of a window; else in a frame of the control panel.
    pub begun_here: bool,
}

/// Sends a merchant to BigCommerce to install the app. BigCommerce carries nothing of ours back, so the browser's cookie
/// is the round.
///
/// # Errors
/// [`RoundProblem`].
pub async fn begin_bigcommerce(app: &App, account: &AccountId, shops: Vec<ShopId>) -> Result<Begun, RoundProblem> {
    let ours = platform_app(app, Platform::BigCommerce).await?;
    let browser = secret(app);
    let round = Round { account: account.clone(), address: String::new(), shops, browser: String::new() };
    keep_round(app, &browser, BIGCOMMERCE, &round).await?;
    Ok(Begun { consent_url: bigcommerce::install_url(&app.config.bigcommerce_login, &ours.client_id), browser })
}

/// Takes an install: exchanges its code. Its tokens wait, sealed, for a signed-in person, who is shown which store it is;
/// for the one who began the round, if this browser did.
///
/// # Errors
/// [`RoundProblem`]; nothing is stored then.
pub async fn finish_bigcommerce(app: &App, answer: &Fields, browser: Option<&str>) -> Result<Arrival, RoundProblem> {
    let field = |name: &str| answer.get(name).filter(|text| !text.is_empty());
    let (Some(code), Some(context)) = (field("code"), field("context")) else { return Err(RoundProblem::Declined) };
    let named = bigcommerce::store_hash(context).ok_or(RoundProblem::Address)?;
    let ours = platform_app(app, Platform::BigCommerce).await?;
    let round: Option<Round> = match browser {
        Some(browser) => app.table.once_take(browser, BIGCOMMERCE, app.clock.now()).await?,
        None => None,
    };
    let request = bigcommerce::exchange(
        &app.config.bigcommerce_login,
        (&ours.client_id, &ours.client_secret),
        (code, field("scope").unwrap_or_default(), context),
        &page(app, "/connect/bigcommerce/callback"),
    )?;
    let answer = app.outbound.send(request, CALL).await?;
    let (address, granted) = bigcommerce::tokens(&answer).map_err(exchanged)?;
    if address != named {
        return Err(RoundProblem::OtherStore { expected: named, got: address });
    }
    if !bigcommerce::scopes_suffice(&granted.scopes) {
        return Err(RoundProblem::MissingScopes(vec!["Orders (read-only)".to_owned()]));
    }
    let token = secret(app);
    let sealed = seal_claim(app, &hashed(&token), &address, &granted.access).await?;
    let until = app.clock.now() + SignedDuration::from_mins(ROUND_MINUTES);
    let begun_here = round.is_some();
    let (account, shops) = round.map_or((None, Vec::new()), |round| (Some(round.account), round.shops));
    app.table.once_put(&token, CLAIM, &Claim { address, sealed, account, shops }, until).await?;
    Ok(Arrival { token, begun_here })
}

/// The install that waits for this person, if it does; nothing is used up.
///
/// # Errors
/// [`RoundProblem::Over`] when there is none any more, or somebody else began it.
pub async fn claimed(app: &App, account: &AccountId, token: &str) -> Result<Claimed, RoundProblem> {
    let claim: Option<Claim> = app.table.once_peek(token, CLAIM, app.clock.now()).await?;
    let claim = claim.filter(|claim| claim.may_be_taken_by(account)).ok_or(RoundProblem::Over)?;
    Ok(Claimed { address: claim.address, shops: claim.shops })
}

impl Claim {
    fn may_be_taken_by(&self, account: &AccountId) -> bool {
        self.account.as_ref().is_none_or(|begun| begun == account)
    }
}

/// A signed-in person takes an install.
///
/// # Errors
/// [`RoundProblem`].
pub async fn claim_bigcommerce(
    app: &App,
    account: &AccountId,
    token: &str,
    shops: Vec<ShopId>,
) -> Result<StoreConnection, RoundProblem> {
    // A wrong choice of shops must not use up the install.
    connect_store::own_shops(app, account, &shops).await?;
    claimed(app, account, token).await?;
    let claim: Option<Claim> = app.table.once_take(token, CLAIM, app.clock.now()).await?;
    let claim = claim.filter(|claim| claim.may_be_taken_by(account)).ok_or(RoundProblem::Over)?;
    let access = open_claim(app, &hashed(token), &claim.address, &claim.sealed).await?;
    let granted = StoreTokens { access, expires: None, refresh: None, refresh_expires: None, scopes: Vec::new() };
    let round = Round { account: account.clone(), address: claim.address, shops, browser: String::new() };
    attach_bigcommerce(app, round, granted).await
}

async fn attach_bigcommerce(app: &App, round: Round, granted: StoreTokens) -> Result<StoreConnection, RoundProblem> {
    let by_app = StoreSettings { way: Some(BY_APP.to_owned()), ..StoreSettings::default() };
    attach(app, round, Platform::BigCommerce, by_app, with_tokens(granted)).await
}

/// The store that a signed callback of BigCommerce is about (`load`, `uninstall`), and its connection if there is one.
///
/// # Errors
/// [`RoundProblem::NotSigned`] when BigCommerce did not make it for our app.
pub async fn bigcommerce_store(app: &App, jwt: &str) -> Result<(String, Option<StoreConnection>), RoundProblem> {
    let (payload, store) = signed_payload(app, jwt).await?;
    Ok((payload.store, store))
}

async fn signed_payload(app: &App, jwt: &str) -> Result<(bigcommerce::Payload, Option<StoreConnection>), RoundProblem> {
    let used = app.secrets.app().get().await?;
    let now = app.clock.now();
    let read = |ours: Option<&PlatformApp>| {
        let ours = ours?;
        let keys = std::iter::once(&ours.client_secret).chain(&ours.previous_secret);
        bigcommerce::payload(jwt, &ours.client_id, keys, now).ok()
    };
    let payload = match read(used.bigcommerce()) {
        Some(payload) => payload,
        None => match app.secrets.app().newer_than(&used).await {
            Ok(Some(newer)) => read(Arc::as_ref(&newer).bigcommerce()).ok_or(RoundProblem::NotSigned)?,
            Ok(None) | Err(_) => return Err(RoundProblem::NotSigned),
        },
    };
    let hook = app.table.hook_of_address(Platform::BigCommerce.as_str(), &payload.store).await?;
    let store = match hook {
        Some(hook) => app.table.store_get(&hook.store, true).await?.map(|store| store.row),
        None => None,
    };
    Ok((payload, store))
}

/// The merchant removed the app at BigCommerce: nothing is accepted any more, and the next tick erases the token. Only a
/// store's owner can remove an app; other users of the store get the same kind of payload when they open it.
///
/// # Errors
/// [`RoundProblem::NotSigned`] for a payload of anybody but the owner; others as they come.
pub async fn bigcommerce_uninstalled(app: &App, jwt: &str) -> Result<(), RoundProblem> {
    let (payload, store) = signed_payload(app, jwt).await?;
    if !payload.by_owner {
        return Err(RoundProblem::NotSigned);
    }
    let Some(store) = store else { return Ok(()) };
    let now = app.clock.now();
    app.table
        .store_change(&store.id, |row| {
            let connected = row.status == StoreStatus::Connected;
            if connected {
                row.status = StoreStatus::Uninstalled;
                row.due = Some(now);
            }
            connected
        })
        .await?;
    app.stores.forget(&store.id);
    tracing::info!(store.id = %store.id, "the app was removed from a store");
    Ok(())
}
