//! Stores connected in the browser: OAuth with Shopify and BigCommerce, WooCommerce's key hand-over. Each round is
//! one-time, kept under a hash and used up before anything is exchanged; where the platform carries it back, it is bound
//! to the browser that began it.

mod bigcommerce;

use crate::app::App;
use crate::domain::connection::{StoreConnection, StoreSettings};
use crate::domain::ids::{AccountId, ShopId};
use crate::domain::platform::Platform;
use crate::flows::access::store::{StoreSecrets, VaultError};
use crate::flows::connect::login::secret;
use crate::flows::connect::shop_in_browser::Begun;
use crate::flows::connect::store::{self as connect_store, NewStore, StoreAddError};
use crate::flows::tell::links::page;
use crate::outbound::OutboundError;
use crate::stores::connect::{StoreTokens, shopify, woocommerce};
use crate::stores::error::StoreError;
use crate::table::error::TableError;
use crate::table::once::hashed;
use crate::tokens::{PlatformApp, SecretFault};
use crate::web::form::Fields;
use jiff::SignedDuration;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::Url;

pub use bigcommerce::{
    Arrival, Claimed, begin_bigcommerce, bigcommerce_store, bigcommerce_uninstalled, claim_bigcommerce, claimed,
    finish_bigcommerce,
};

/// The time between our page and the platform's answer.
pub const ROUND_MINUTES: i64 = 15;
const CALL: Duration = Duration::from_secs(8);
const SHOPIFY: &str = "shopify state";
const WOOCOMMERCE: &str = "woocommerce keys";

/// A round under way.
#[derive(Serialize, Deserialize)]
struct Round {
    account: AccountId,
    /// The store; absent where the platform names it.
    #[serde(default)]
    address: String,
    shops: Vec<ShopId>,
    /// Hash of the browser's cookie; absent where it is the key of the round itself.
    #[serde(default)]
    browser: String,
}

/// What an answer of a platform led to.
#[derive(Debug, thiserror::Error)]
pub enum RoundProblem {
    /// This installation has no app at the platform.
    #[error("this installation has no app at {0}")]
    NoApp(Platform),
    /// The address is none of the platform's.
    #[error("this is no address of a store")]
    Address,
    /// The merchant said no.
    #[error("the connection was declined")]
    Declined,
    /// Unknown, used, or too old.
    #[error("the round is over")]
    Over,
    /// Another browser began it.
    #[error("another browser started this round")]
    OtherBrowser,
    /// The platform did not sign this answer.
    #[error("the platform did not sign this answer")]
    NotSigned,
    /// The answer is for another store than the one that was named.
    #[error("the answer is for {got}, not for {expected}")]
    OtherStore {
        /// The store that was named.
        expected: String,
        /// The store that answered.
        got: String,
    },
    /// The code is wrong, used or too old.
    #[error("the platform did not take the code")]
    CodeRefused,
    /// Less was allowed than is needed.
    #[error("permissions are missing: {}", .0.join(", "))]
    MissingScopes(Vec<String>),
    /// The platform cannot answer now.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The platform cannot be reached.
    #[error("the platform cannot be reached")]
    Unreachable(#[from] OutboundError),
    /// It cannot be stored.
    #[error(transparent)]
    Add(#[from] StoreAddError),
    /// Our app's credentials.
    #[error(transparent)]
    Secret(#[from] SecretFault),
    /// Sealing.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// One of our platform apps.
async fn platform_app(app: &App, platform: Platform) -> Result<PlatformApp, RoundProblem> {
    let secrets = app.secrets.app().get().await?;
    let found = match platform {
        Platform::Shopify => secrets.shopify(),
        Platform::BigCommerce => secrets.bigcommerce(),
        Platform::WooCommerce | Platform::Magento | Platform::Generic => None,
    };
    found.cloned().ok_or(RoundProblem::NoApp(platform))
}

/// Whether this installation has an app at the platform.
///
/// # Errors
/// [`RoundProblem::Secret`].
pub async fn has_app(app: &App, platform: Platform) -> Result<bool, RoundProblem> {
    match platform_app(app, platform).await {
        Ok(_) => Ok(true),
        Err(RoundProblem::NoApp(_)) => Ok(false),
        Err(other) => Err(other),
    }
}

async fn keep_round(app: &App, token: &str, kind: &str, round: &Round) -> Result<(), TableError> {
    app.table.once_put(token, kind, round, app.clock.now() + SignedDuration::from_mins(ROUND_MINUTES)).await
}

/// Sends a merchant to Shopify's consent page.
///
/// # Errors
/// [`RoundProblem`].
pub async fn begin_shopify(
    app: &App,
    account: &AccountId,
    address: &str,
    shops: Vec<ShopId>,
) -> Result<Begun, RoundProblem> {
    let ours = platform_app(app, Platform::Shopify).await?;
    let address = shopify::shop_domain(address).ok_or(RoundProblem::Address)?;
    let base = app.config.shopify_api.for_shop(&address).ok_or(RoundProblem::Address)?;
    let (state, browser) = (secret(app), secret(app));
    let round = Round { account: account.clone(), address, shops, browser: hashed(&browser) };
    keep_round(app, &state, SHOPIFY, &round).await?;
    let consent_url = shopify::consent_url(&base, &ours.client_id, &page(app, "/connect/shopify/callback"), &state);
    Ok(Begun { consent_url, browser })
}

/// Takes Shopify's answer: signature, browser, round, then the code.
///
/// # Errors
/// [`RoundProblem`]; nothing is stored then.
pub async fn finish_shopify(app: &App, query: &str, browser: Option<&str>) -> Result<StoreConnection, RoundProblem> {
    let answer = Fields::parse(query.as_bytes());
    let state = answer.get("state").filter(|state| !state.is_empty()).ok_or(RoundProblem::Over)?;
    let kept: Option<Round> = app.table.once_peek(state, SHOPIFY, app.clock.now()).await?;
    let kept = kept.ok_or(RoundProblem::Over)?;
    if browser.is_none_or(|browser| hashed(browser) != kept.browser) {
        return Err(RoundProblem::OtherBrowser);
    }
    // A refusal comes without a signature: it changes nothing, and the round may go on.
    if answer.get("error").is_some() {
        return Err(RoundProblem::Declined);
    }
    if !shopify_signed(app, query).await? {
        return Err(RoundProblem::NotSigned);
    }
    let got = answer.get("shop").and_then(shopify::shop_domain).unwrap_or_default();
    if got != kept.address {
        return Err(RoundProblem::OtherStore { expected: kept.address, got });
    }
    let kept: Round = app.table.once_take(state, SHOPIFY, app.clock.now()).await?.ok_or(RoundProblem::Over)?;
    let code = answer.get("code").filter(|code| !code.is_empty()).ok_or(RoundProblem::Declined)?;
    let ours = platform_app(app, Platform::Shopify).await?;
    let base = app.config.shopify_api.for_shop(&kept.address).ok_or(RoundProblem::Address)?;
    let request = shopify::exchange(&base, &ours.client_id, &ours.client_secret, code)?;
    let answer = app.outbound.send(request, CALL).await?;
    let granted = shopify::tokens(&answer, app.clock.now()).map_err(exchanged)?;
    let missing = shopify::missing_scopes(&granted.scopes);
    if !missing.is_empty() {
        return Err(RoundProblem::MissingScopes(missing));
    }
    attach(app, kept, Platform::Shopify, StoreSettings::default(), with_tokens(granted)).await
}

/// Checks Shopify's signature, with one forced reload of our secrets.
async fn shopify_signed(app: &App, query: &str) -> Result<bool, RoundProblem> {
    let used = app.secrets.app().get().await?;
    let holds = |ours: Option<&PlatformApp>| {
        let keys = ours.into_iter().flat_map(|ours| std::iter::once(&ours.client_secret).chain(&ours.previous_secret));
        shopify::query_holds(query, keys)
    };
    if holds(used.shopify()) {
        return Ok(true);
    }
    Ok(matches!(app.secrets.app().newer_than(&used).await, Ok(Some(newer)) if holds(newer.shopify())))
}

/// Sends a merchant to the merchant's own WooCommerce site, which posts keys to us when the merchant agrees.
///
/// # Errors
/// [`RoundProblem`].
pub async fn begin_woocommerce(
    app: &App,
    account: &AccountId,
    address: &str,
    shops: Vec<ShopId>,
) -> Result<String, RoundProblem> {
    let site = site(app, address)?;
    connect_store::own_shops(app, account, &shops).await?;
    let token = secret(app);
    let address = site.as_str().trim_end_matches('/').to_owned();
    let round = Round { account: account.clone(), address, shops, browser: String::new() };
    keep_round(app, &token, WOOCOMMERCE, &round).await?;
    let back = page(app, "/connect/woocommerce/return");
    Ok(woocommerce::consent_url(&site, &token, &back, &page(app, "/connect/woocommerce/keys")))
}

/// The address of a site that a merchant typed; plain `http` and private hosts only where the operator allows them.
///
/// # Errors
/// [`RoundProblem::Address`].
pub fn site(app: &App, address: &str) -> Result<Url, RoundProblem> {
    let address = address.trim();
    let address = if address.contains("://") { address.to_owned() } else { format!("https://{address}") };
    app.outbound.judge(&address).map_err(|_| RoundProblem::Address)?;
    let mut url = Url::parse(&address).map_err(|_| RoundProblem::Address)?;
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// Takes the keys that a site posts. Only the holder of the round can have sent them, and they are of use only for the
/// site that the round names.
///
/// # Errors
/// [`RoundProblem`]; nothing is stored then.
pub async fn take_woocommerce_keys(app: &App, body: &[u8]) -> Result<StoreConnection, RoundProblem> {
    let keys = woocommerce::keys(body)?;
    let round: Option<Round> = app.table.once_take(&keys.round, WOOCOMMERCE, app.clock.now()).await?;
    let round = round.ok_or(RoundProblem::Over)?;
    let secrets =
        StoreSecrets { consumer_key: Some(keys.key), consumer_secret: Some(keys.secret), ..StoreSecrets::default() };
    attach(app, round, Platform::WooCommerce, StoreSettings::default(), secrets).await
}

fn with_tokens(granted: StoreTokens) -> StoreSecrets {
    StoreSecrets { granted: Some(granted), ..StoreSecrets::default() }
}

/// A code that was refused asks for a new round; all else is the platform's trouble.
fn exchanged(error: StoreError) -> RoundProblem {
    match error {
        StoreError::Unauthorised { .. } => RoundProblem::CodeRefused,
        other => RoundProblem::Store(other),
    }
}

/// Connects the round's store, or gives its connection new credentials.
async fn attach(
    app: &App,
    round: Round,
    platform: Platform,
    settings: StoreSettings,
    secrets: StoreSecrets,
) -> Result<StoreConnection, RoundProblem> {
    let Round { account, address, shops, .. } = round;
    let new = NewStore { account, platform, shops, address, settings, secrets };
    Ok(connect_store::add_or_renew(app, new).await?)
}

/// A secret as a person typed it; nothing when the field was left empty.
#[must_use]
pub fn typed(fields: &Fields, name: &str) -> Option<SecretString> {
    fields.get(name).map(str::trim).filter(|text| !text.is_empty()).map(SecretString::from)
}
