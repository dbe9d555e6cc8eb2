//! Stores connected in the browser: OAuth with Shopify and BigCommerce, WooCommerce's key hand-over. Each round is
//! one-time, kept under a hash and used up before anything is exchanged; where the platform carries it back, it is bound
//! to the browser that began it.

use crate::app::App;
use crate::domain::connection::{StoreConnection, StoreSettings, StoreStatus};
use crate::domain::ids::{AccountId, ShopId};
use crate::domain::platform::Platform;
use crate::flows::access::store::{StoreSecrets, VaultError, open_claim, seal_claim};
use crate::flows::connect::login::secret;
use crate::flows::connect::shop_in_browser::Begun;
use crate::flows::connect::store::{self as connect_store, NewStore, StoreAddError};
use crate::flows::tell::links::page;
use crate::outbound::OutboundError;
use crate::stores::connect::{StoreTokens, bigcommerce, shopify, woocommerce};
use crate::stores::error::StoreError;
use crate::table::error::TableError;
use crate::table::once::hashed;
use crate::tokens::{PlatformApp, SecretFault};
use crate::web::form::Fields;
use jiff::SignedDuration;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// The time between our page and the platform's answer.
pub const ROUND_MINUTES: i64 = 15;
const CALL: Duration = Duration::from_secs(8);
const SHOPIFY: &str = "shopify state";
const BIGCOMMERCE: &str = "bigcommerce install";
const CLAIM: &str = "bigcommerce claim";
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

/// An install at BigCommerce. BigCommerce carries nothing of ours back, so the store that answers may be anybody's, also
/// when this browser began a round: a signed-in person takes it, on a page that names the store.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// For the address of that page.
    pub token: String,
    /// This browser began it, so it stands at the top of a window; else in a frame of the control panel.
    pub begun_here: bool,
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
    let by_app = StoreSettings { way: Some(connect_store::BY_APP.to_owned()), ..StoreSettings::default() };
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

/// Sends a merchant to the own WooCommerce site, which posts keys to us when the merchant says yes.
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
