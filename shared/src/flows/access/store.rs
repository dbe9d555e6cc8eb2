//! What opens a store: the secrets that sign its deliveries, and the credentials for its API. Both are sealed, by
//! different keys, so that the function that receives webhooks can read only the first.

use crate::app::App;
use crate::domain::connection::StoreConnection;
use crate::domain::ids::{AccountId, HookId, StoreId};
use crate::domain::platform::Platform;
pub(in crate::flows) use crate::flows::access::claims::{open_claim, seal_claim};
use crate::flows::access::store_tokens::{self, Expiring};
use crate::outbound::OutboundError;
use crate::stores::connect::StoreTokens;
use crate::stores::error::StoreError;
use crate::stores::platforms;
use crate::stores::{HookSecrets, StoreAccess, StoreCredentials, ThinNotice};
use crate::table::connections::Hook;
use crate::table::error::TableError;
use crate::table::keys::{self, Key};
use crate::table::tokens::SealedRow;
use crate::tokens::{KeyRing, OpenError, Place, Purpose, SealError, Sealed, SecretFault, open, seal};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use zeroize::Zeroizing;

/// What a notice row keeps for the scheduled work.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingRead {
    /// A thin delivery: read what it names.
    Notice(ThinNotice),
    /// Open this address once (Adobe I/O's validation).
    Open(String),
}

/// Everything that may be secret about a store, as a person hands it over. All fields optional: which apply depends on
/// the platform.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreSecrets {
    /// Signs deliveries.
    pub webhook_secret: Option<SecretString>,
    /// Signed them before the last rotation.
    pub previous_secret: Option<SecretString>,
    /// Static header value.
    pub header_secret: Option<SecretString>,
    /// API: Shopify, BigCommerce, Magento Bearer.
    pub access_token: Option<SecretString>,
    /// WooCommerce and Magento.
    pub consumer_key: Option<SecretString>,
    /// WooCommerce and Magento.
    pub consumer_secret: Option<SecretString>,
    /// Magento OAuth 1.0a.
    pub token_secret: Option<SecretString>,
    /// BigCommerce: signs deliveries.
    pub client_secret: Option<SecretString>,
    /// Adobe: the merchant's public key in PEM, or our client id.
    pub public_key: Option<String>,
    /// Adobe I/O: our client id.
    pub client_id: Option<String>,
    /// What a platform granted our app; nobody hands it over by hand.
    #[serde(skip)]
    pub granted: Option<StoreTokens>,
}

impl std::fmt::Debug for StoreSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoreSecrets([secret])")
    }
}

/// What the sealed text of a hook holds.
#[derive(Serialize, Deserialize)]
struct HookText {
    #[serde(default)]
    current: Option<String>,
    #[serde(default)]
    previous: Option<String>,
    #[serde(default)]
    header: Option<String>,
    #[serde(default)]
    commerce_key: Option<String>,
    #[serde(default)]
    client_id: Option<String>,
}

/// What the sealed text of a store's credentials holds.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::flows) enum AccessText {
    Token(String),
    Expiring(Expiring),
    Basic { key: String, secret: String },
    OAuth1 { consumer_key: String, consumer_secret: String, token: String, token_secret: String },
}

/// Credentials with the address that they were given for: who can write the row of a store must not be able to send its
/// credentials elsewhere.
#[derive(Serialize, Deserialize)]
pub(super) struct Bound {
    #[serde(rename = "for")]
    pub(super) address: String,
    pub(super) access: AccessText,
}

/// What a store's credentials turned out to be.
pub(in crate::flows) struct Opened {
    /// Themselves.
    pub(in crate::flows) access: AccessText,
    /// Sealed by a version that did not write the address into them.
    unbound: bool,
}

/// Sealing or opening failed, or the key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretFault),
    /// It cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// It does not open: moved, changed, or sealed with a key that is gone.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// It opens, and is not what it should be.
    #[error("the sealed text of {0} cannot be read")]
    Unreadable(&'static str),
    /// They were given for another address than the one that the store's row names now: somebody changed the row.
    #[error("the store's credentials were given for another address, and are not sent to this one")]
    OtherAddress,
    /// The platform ended our access: only the merchant can give it back.
    #[error("the store no longer accepts us: connect it again")]
    Ended,
    /// Tokens cannot be renewed now.
    #[error("the store's tokens cannot be renewed now")]
    Renewal(#[from] StoreError),
    /// The platform cannot be reached.
    #[error("the platform cannot be reached for new tokens")]
    Unreachable(#[from] OutboundError),
    /// Somebody else renews the tokens and takes too long.
    #[error("another renewal is under way")]
    Busy,
}

fn place<'a>(app: &'a App, account: &'a AccountId, key: &'a Key, field: &'a str, version: u64) -> Place<'a> {
    Place { tenant: account.as_str(), table: app.table.name(), pk: &key.pk, sk: &key.sk, field, version }
}

/// Opens with the keys we have, and once more with freshly loaded ones when the key number is unknown.
pub(super) async fn open_with(
    cached: &crate::tokens::Cached<KeyRing>,
    purpose: Purpose,
    place: &Place<'_>,
    text: &str,
    what: &'static str,
) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let sealed = Sealed::from_text(text).map_err(|_| VaultError::Unreadable(what))?;
    let ring = cached.get().await?;
    match open(&ring, purpose, place, &sealed) {
        Err(OpenError::UnknownKey(key)) => match cached.newer_than(&ring).await? {
            Some(newer) => Ok(open(&newer, purpose, place, &sealed)?),
            None => Err(OpenError::UnknownKey(key).into()),
        },
        other => Ok(other?),
    }
}

pub(super) fn json<T: Serialize>(value: &T, what: &'static str) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    serde_json::to_vec(value).map(Zeroizing::new).map_err(|_| VaultError::Unreadable(what))
}

const HOOK: &str = "a webhook address";
pub(super) const ACCESS: &str = "a store's credentials";

/// The secrets of one webhook address.
///
/// # Errors
/// [`SecretFault`] when the key cannot be had, or the row does not open: then nothing can be verified, and the sender
/// is asked to repeat.
pub async fn open_hook_secrets(app: &App, hook: &Hook, sealed: &str) -> Result<HookSecrets, VaultError> {
    let key = hook.key.clone();
    let place = place(app, &hook.account, &key, "secrets", 1);
    let plain = open_with(app.secrets.hook_keys(), Purpose::HookSecrets, &place, sealed, HOOK).await?;
    let text: HookText = serde_json::from_slice(&plain).map_err(|_| VaultError::Unreadable(HOOK))?;
    Ok(HookSecrets {
        current: text.current.map(SecretString::from),
        previous: text.previous.map(SecretString::from),
        header: text.header.map(SecretString::from),
        public_keys: text.commerce_key.iter().flat_map(|pem| commerce_keys(pem)).collect(),
        client_id: text.client_id,
    })
}

/// A merchant's public keys under the name that the adapter looks for: two while the merchant changes them, one after
/// the other as a person pastes them.
pub(in crate::flows) fn commerce_keys(pem: &str) -> impl Iterator<Item = (String, String)> {
    const BEGIN: &str = "-----BEGIN";
    let keys = pem.split(BEGIN).skip(1).take(4);
    keys.map(|key| ("commerce".to_owned(), format!("{BEGIN}{key}")))
}

/// Seals the secrets of a webhook address for its row.
///
/// # Errors
/// [`VaultError`].
pub async fn seal_hook_secrets(
    app: &App,
    account: &AccountId,
    hook: &HookId,
    secrets: &StoreSecrets,
) -> Result<String, VaultError> {
    let reveal = |s: &Option<SecretString>| s.as_ref().map(|s| s.expose_secret().to_owned());
    let text = HookText {
        current: reveal(&secrets.webhook_secret).or_else(|| reveal(&secrets.client_secret)),
        previous: reveal(&secrets.previous_secret),
        header: reveal(&secrets.header_secret),
        commerce_key: secrets.public_key.clone(),
        client_id: secrets.client_id.clone(),
    };
    let key = keys::hook(hook);
    let place = place(app, account, &key, "secrets", 1);
    let ring = app.secrets.hook_keys().get().await?;
    Ok(seal(&ring, Purpose::HookSecrets, &place, &json(&text, HOOK)?, &app.entropy)?.to_text())
}

/// The credentials that a person handed over, in the form of their platform; `None` when they do not suffice.
fn access_text(platform: Platform, secrets: &StoreSecrets) -> Option<AccessText> {
    let reveal = |s: &Option<SecretString>| s.as_ref().map(|s| s.expose_secret().to_owned());
    if let Some(granted) = &secrets.granted {
        return Some(store_tokens::text(granted));
    }
    let token = reveal(&secrets.access_token);
    match (platform, reveal(&secrets.consumer_key), reveal(&secrets.consumer_secret), token) {
        (Platform::WooCommerce, Some(key), Some(secret), _) => Some(AccessText::Basic { key, secret }),
        (Platform::Magento, Some(consumer_key), Some(consumer_secret), Some(token)) => {
            let token_secret = reveal(&secrets.token_secret)?;
            Some(AccessText::OAuth1 { consumer_key, consumer_secret, token, token_secret })
        }
        (Platform::Shopify | Platform::BigCommerce | Platform::Magento, _, _, Some(token)) => {
            Some(AccessText::Token(token))
        }
        _ => None,
    }
}

/// Keeps a store's API credentials, sealed, in the tokens' own partition. Returns whether there were any.
///
/// # Errors
/// [`VaultError`].
pub async fn keep_store_credentials(
    app: &App,
    store: &StoreConnection,
    secrets: &StoreSecrets,
) -> Result<bool, VaultError> {
    let Some(text) = access_text(store.platform, secrets) else { return Ok(false) };
    let key = keys::store_token(&store.id);
    let known = app.table.sealed_get(&key).await?;
    let version = known.as_ref().map_or(1, |row| row.version + 1);
    let mut row = SealedRow {
        key: key.clone(),
        rev: known.map_or(0, |row| row.rev),
        version: version - 1,
        sealed: String::new(),
        facts: "{}".to_owned(),
        refreshing_until: None,
        due: None,
    };
    seal_access(app, store, &mut row, text).await?;
    app.table.sealed_put(&mut row).await?;
    Ok(true)
}

/// Seals credentials, for the address of their store, as the next version of a row, which is not written yet.
pub(in crate::flows) async fn seal_access(
    app: &App,
    store: &StoreConnection,
    row: &mut SealedRow,
    access: AccessText,
) -> Result<(), VaultError> {
    let version = row.version + 1;
    let place = place(app, &store.account, &row.key, "tokens", version);
    let ring = app.secrets.token_keys().get().await?;
    let text = json(&Bound { address: store.address.clone(), access }, ACCESS)?;
    row.sealed = seal(&ring, Purpose::StoreAccess, &place, &text, &app.entropy)?.to_text();
    row.version = version;
    Ok(())
}

/// Opens the credentials of a row, for the address that they were given for and no other.
pub(in crate::flows) async fn open_access(
    app: &App,
    store: &StoreConnection,
    row: &SealedRow,
) -> Result<Opened, VaultError> {
    let place = place(app, &store.account, &row.key, "tokens", row.version);
    let plain = open_with(app.secrets.token_keys(), Purpose::StoreAccess, &place, &row.sealed, ACCESS).await?;
    match serde_json::from_slice::<Bound>(&plain) {
        Ok(bound) if bound.address == store.address => Ok(Opened { access: bound.access, unbound: false }),
        Ok(_) => {
            tracing::error!(store.id = %store.id, "a store's address is not the one that its credentials were given for");
            Err(VaultError::OtherAddress)
        }
        Err(_) => {
            let access = serde_json::from_slice(&plain).map_err(|_| VaultError::Unreadable(ACCESS))?;
            Ok(Opened { access, unbound: true })
        }
    }
}

/// Writes the address into credentials that have none yet. Whoever was first, or renews them, has done it.
async fn bind(app: &App, store: &StoreConnection, mut row: SealedRow) -> Result<(), VaultError> {
    let opened = open_access(app, store, &row).await?;
    seal_access(app, store, &mut row, opened.access).await?;
    match app.table.sealed_put(&mut row).await {
        Ok(()) | Err(TableError::Conflict) => Ok(()),
        Err(other) => Err(other.into()),
    }
}

/// Address and credentials for reads from a store; `None` when no credentials were given. Tokens that are about to end
/// are renewed first.
///
/// # Errors
/// [`VaultError`].
pub async fn store_access(app: &App, store: &StoreConnection) -> Result<Option<StoreAccess>, VaultError> {
    let key = keys::store_token(&store.id);
    let Some(row) = app.table.sealed_get(&key).await? else { return Ok(None) };
    let opened = open_access(app, store, &row).await?;
    if opened.unbound
        && row.refreshing_until.is_none_or(|until| until <= app.clock.now())
        && let Err(error) = bind(app, store, row).await
    {
        // They open; the next use tries again.
        tracing::warn!(store.id = %store.id, error = &error as &dyn std::error::Error, "credentials not bound");
    }
    let credentials = match opened.access {
        AccessText::Token(token) => StoreCredentials::Token(token.into()),
        AccessText::Expiring(tokens) if tokens.usable(app.clock.now()) => StoreCredentials::Token(tokens.access()),
        AccessText::Expiring(_) => StoreCredentials::Token(store_tokens::renewed(app, store).await?),
        AccessText::Basic { key, secret } => StoreCredentials::Basic { key: key.into(), secret: secret.into() },
        AccessText::OAuth1 { consumer_key, consumer_secret, token, token_secret } => StoreCredentials::OAuth1 {
            consumer_key: consumer_key.into(),
            consumer_secret: consumer_secret.into(),
            token: token.into(),
            token_secret: token_secret.into(),
        },
    };
    Ok(base(app, store).map(|base| StoreAccess {
        platform: store.platform,
        base,
        credentials,
        settings: store.settings.clone(),
    }))
}

/// Where a store's API is.
fn base(app: &App, store: &StoreConnection) -> Option<String> {
    let shopify = app.config.shopify_api.for_shop(&store.address);
    platforms::api(store.platform, &store.address, shopify.as_ref(), &app.config.bigcommerce_api)
}

/// Sends a request to a store's API: guarded where the merchant named the host.
///
/// # Errors
/// [`OutboundError`].
pub async fn ask(
    app: &App,
    platform: Platform,
    request: http::Request<bytes::Bytes>,
    limit: Duration,
) -> Result<http::Response<bytes::Bytes>, OutboundError> {
    if platforms::is_merchant_host(platform) {
        app.outbound.merchant(request, limit).await
    } else {
        app.outbound.send(request, limit).await
    }
}

/// Forgets a store's credentials.
///
/// # Errors
/// [`TableError`].
pub async fn forget_store_credentials(app: &App, store: &StoreId) -> Result<(), TableError> {
    app.table.sealed_delete(&keys::store_token(store)).await
}
