//! A usable access token for a shop: read, or refresh under a lease. One refresher at a time; the loser re-reads.

use crate::app::App;
use crate::config::TokenStoreKind;
use crate::domain::connection::Shop;
use crate::domain::ids::{AccountId, OpenId};
use crate::domain::region::AppRegion;
use crate::table::error::TableError;
use crate::table::keys::{self, Key};
use crate::table::tokens::SealedRow;
use crate::tiktok::authorise::{AuthoriseError, TokenAnswer};
use crate::tiktok::{Class, Credentials, ShopAuth, TikTokError};
use crate::tokens::{
    self, AppSecrets, Grant, GrantError, KeepError, OpenError, Owner, Row, SecretFault, TokenSet, erase_grant,
    fetch_grant, open_grant, seal_grant, store_grant,
};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;

/// Whoever refreshes holds the row this long; a crashed refresher blocks nobody for longer.
const REFRESH_LEASE: SignedDuration = SignedDuration::from_secs(30);
/// TikTok's token call.
const TOKEN_CALL: Duration = Duration::from_secs(8);
/// A loser looks again after this long.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How often.
const LOOKS: usize = 24;

/// Tokens cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// TikTok ended the authorisation, or there is none: the owner must reconnect.
    #[error("the shop's authorisation has ended")]
    Ended {
        /// The grant version that was refused; a newer one frees the shop.
        version: u64,
    },
    /// Our app's credentials for this part of the world are missing.
    #[error(transparent)]
    Secret(#[from] SecretFault),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The sealed tokens do not open.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// New tokens cannot be kept.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// TikTok cannot answer now.
    #[error(transparent)]
    TikTok(#[from] TikTokError),
    /// TikTok said yes and left out a field. That ends nothing: the next refresh asks again.
    #[error("TikTok's token answer is incomplete")]
    Unreadable(#[source] AuthoriseError),
    /// Somebody else refreshes and takes too long.
    #[error("another refresh is under way")]
    Busy,
}

/// Credentials for TikTok calls on behalf of a shop, and the version of the grant that they come from.
#[derive(Clone, Debug)]
pub struct ShopAccess {
    /// Our app.
    pub app: Credentials,
    /// The shop's token and key.
    pub auth: ShopAuth,
    /// Which tokens these are.
    pub version: u64,
}

/// Our apps, read again once when the one for these shops is missing: a server often starts before it is set up.
///
/// # Errors
/// [`SecretFault`] also when there is none.
pub async fn apps(app: &App, region: AppRegion) -> Result<Arc<AppSecrets>, SecretFault> {
    let known = app.secrets.app().get().await?;
    match known.tiktok(region) {
        Ok(_) => Ok(known),
        Err(missing) => app.secrets.app().newer_than(&known).await?.ok_or(missing),
    }
}

/// Credentials of one of our two apps.
///
/// # Errors
/// [`SecretFault`] when they are missing or cannot be had.
pub async fn app_credentials(app: &App, region: AppRegion) -> Result<Credentials, SecretFault> {
    let secrets = apps(app, region).await?;
    let tiktok = secrets.tiktok(region)?;
    Ok(Credentials { app_key: tiktok.app_key.clone(), app_secret: tiktok.app_secret.clone() })
}

/// Credentials that are not those that TikTok just refused: somebody stored new ones, which this process may not know yet.
/// One forced reload; `None` when there are none.
pub async fn newer_credentials(app: &App, region: AppRegion, refused: &Credentials) -> Option<Credentials> {
    let differs = |secrets: &AppSecrets| {
        let ours = secrets.tiktok(region).ok()?;
        let same =
            ours.app_key == refused.app_key && ours.app_secret.expose_secret() == refused.app_secret.expose_secret();
        (!same).then(|| Credentials { app_key: ours.app_key.clone(), app_secret: ours.app_secret.clone() })
    };
    let used = app.secrets.app().get().await.ok()?;
    match differs(&used) {
        Some(newer) => Some(newer),
        None => differs(&*app.secrets.app().newer_than(&used).await.ok()??),
    }
}

/// A usable token for a shop. `refused` names a grant version that TikTok just refused: then a newer one is fetched, by
/// refreshing if nobody else did.
///
/// # Errors
/// [`AccessError`].
pub async fn shop_access(app: &App, shop: &Shop, refused: Option<u64>) -> Result<ShopAccess, AccessError> {
    let credentials = app_credentials(app, shop.app).await?;
    let tokens = grant_tokens(app, &credentials, shop.app, &shop.open_id, refused).await?;
    let auth = ShopAuth { access_token: tokens.access_token, cipher: shop.cipher.clone() };
    Ok(ShopAccess { app: credentials, auth, version: tokens.version })
}

/// The version of a shop's grant, zero when there is none: what a parked shop waits for.
///
/// # Errors
/// [`TableError`].
pub async fn grant_version(app: &App, shop: &Shop) -> Result<u64, TableError> {
    let row = app.table.sealed_get(&keys::grant(shop.app, &shop.open_id)).await?;
    Ok(row.map_or(0, |row| row.version))
}

async fn grant_tokens(
    app: &App,
    credentials: &Credentials,
    region: AppRegion,
    open_id: &OpenId,
    refused: Option<u64>,
) -> Result<TokenSet, AccessError> {
    let key = keys::grant(region, open_id);
    for _ in 0..LOOKS {
        let Some(row) = app.table.sealed_get(&key).await? else { return Err(AccessError::Ended { version: 0 }) };
        let tokens = open_row(app, &row).await?;
        let now = app.clock.now();
        if tokens.usable(now) && refused != Some(tokens.version) {
            return Ok(tokens);
        }
        if row.refreshing_until.is_some_and(|until| until > now) {
            tokio::time::sleep(LOOK_AGAIN).await;
            continue;
        }
        match refresh(app, credentials, row, &tokens).await {
            Err(AccessError::Table(TableError::Conflict)) => {}
            other => return other,
        }
    }
    Err(AccessError::Busy)
}

/// Refreshes the tokens of a row under its lease: one call, kept until the deadline.
///
/// # Errors
/// [`AccessError::Table`] with a conflict when somebody else was first; [`AccessError::Ended`] when TikTok refuses and
/// nobody stored newer tokens meanwhile.
pub async fn refresh(
    app: &App,
    credentials: &Credentials,
    mut row: SealedRow,
    tokens: &TokenSet,
) -> Result<TokenSet, AccessError> {
    row.refreshing_until = Some(app.clock.now() + REFRESH_LEASE);
    app.table.sealed_put(&mut row).await?;
    let answer = app.tiktok.token_refresh(credentials, &tokens.refresh_token, TOKEN_CALL).await;
    match answer {
        Ok(answer) => {
            let grant = grant_of(&row)?;
            let mut newer = token_set(answer, tokens.version + 1, app.clock.now());
            if newer.scopes.is_empty() {
                newer.scopes.clone_from(&tokens.scopes);
            }
            keep_tokens(app, &grant.account, grant.app, &newer, &mut row).await?;
            tracing::info!(app.region = %grant.app, "tokens refreshed");
            Ok(newer)
        }
        Err(error) => {
            // A refused refresh re-reads before it gives up: somebody may have connected the shop again meanwhile.
            let read = app.table.sealed_get(&row.key).await?;
            if let Some(read) = read.filter(|read| read.version > tokens.version) {
                return open_row(app, &read).await;
            }
            row.refreshing_until = None;
            if let Err(lost) = app.table.sealed_put(&mut row).await {
                tracing::warn!(error = &lost as &dyn std::error::Error, "the refresh lease was not given back");
            }
            Err(refused(error, tokens.version))
        }
    }
}

fn refused(error: AuthoriseError, version: u64) -> AccessError {
    match error {
        AuthoriseError::TikTok(error) => match error.class {
            Class::Park(_) | Class::ConsentAgain | Class::RefreshToken => AccessError::Ended { version },
            _ => AccessError::TikTok(error),
        },
        AuthoriseError::NotASeller { .. } => AccessError::Ended { version },
        AuthoriseError::Incomplete { .. } => AccessError::Unreadable(error),
    }
}

/// A token answer as tokens of a version.
#[must_use]
pub fn token_set(answer: TokenAnswer, version: u64, now: Timestamp) -> TokenSet {
    TokenSet {
        open_id: answer.open_id,
        access_token: answer.access_token,
        refresh_token: answer.refresh_token,
        issued: now,
        access_expires: answer.access_expires,
        refresh_expires: answer.refresh_expires,
        scopes: answer.granted_scopes,
        seller_name: answer.seller_name,
        seller_region: answer.seller_base_region.unwrap_or_else(|| crate::domain::region::Region::new("")),
        version,
    }
}

/// Seals tokens (or puts them into a secret of their own, by setting) and writes their row, tried until the deadline.
///
/// # Errors
/// [`AccessError::Table`] with a conflict when somebody else was first.
pub async fn keep_tokens(
    app: &App,
    account: &AccountId,
    region: AppRegion,
    tokens: &TokenSet,
    row: &mut SealedRow,
) -> Result<(), AccessError> {
    let owner = Owner { account, app: region };
    let grant = match app.config.token_store {
        TokenStoreKind::Sealed => {
            let ring = app.secrets.token_keys().get().await?;
            let place = Row { table: app.table.name(), pk: &row.key.pk, sk: &row.key.sk };
            seal_grant(&ring, place, owner, tokens, &app.entropy)?
        }
        TokenStoreKind::SecretsManager => {
            let store = app.secrets.store().as_ref();
            store_grant(store, app.secrets.names().prefix(), owner, tokens, &app.entropy).await?
        }
    };
    row.version = tokens.version;
    row.due = Some(grant.refresh_due);
    row.refreshing_until = None;
    row.facts = serde_json::to_string(&grant).map_err(|_| GrantError::Corrupt)?;
    let mut tries = 0;
    loop {
        match app.table.sealed_put(row).await {
            Err(error) if error.is_passing() && tries < 20 => {
                // The old refresh token may be dead already: losing these tokens would end the authorisation.
                tries += 1;
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Err(TableError::Conflict) => {
                let read = app.table.sealed_get(&row.key).await?;
                // Our own write may have succeeded with its answer lost.
                return match read {
                    Some(read) if read.facts == row.facts => {
                        *row = read;
                        Ok(())
                    }
                    _ => Err(TableError::Conflict.into()),
                };
            }
            other => return Ok(other?),
        }
    }
}

fn grant_of(row: &SealedRow) -> Result<Grant, GrantError> {
    serde_json::from_str(&row.facts).map_err(|_| GrantError::Corrupt)
}

/// Opens the tokens of a row, with one reload of the keys when the key number is unknown.
///
/// # Errors
/// [`GrantError`] when they do not open.
pub async fn open_row(app: &App, row: &SealedRow) -> Result<TokenSet, AccessError> {
    let grant = grant_of(row)?;
    let place = Row { table: app.table.name(), pk: &row.key.pk, sk: &row.key.sk };
    if let tokens::Kept::Secret { .. } = grant.kept {
        let store = app.secrets.store().as_ref();
        return Ok(fetch_grant(store, app.secrets.names().prefix(), &grant).await?);
    }
    let ring = app.secrets.token_keys().get().await?;
    match open_grant(&ring, place, &grant) {
        Err(GrantError::Open(OpenError::UnknownKey(key))) => match app.secrets.token_keys().newer_than(&ring).await? {
            Some(newer) => Ok(open_grant(&newer, place, &grant)?),
            None => Err(GrantError::Open(OpenError::UnknownKey(key)).into()),
        },
        other => Ok(other?),
    }
}

/// What anyone may know about a grant.
///
/// # Errors
/// [`AccessError`].
pub async fn grant_facts(app: &App, shop: &Shop) -> Result<Option<Grant>, AccessError> {
    let row = app.table.sealed_get(&keys::grant(shop.app, &shop.open_id)).await?;
    Ok(row.as_ref().map(grant_of).transpose()?)
}

/// Erases tokens at once.
///
/// # Errors
/// [`AccessError`].
pub async fn erase(app: &App, key: &Key) -> Result<(), AccessError> {
    if let Some(row) = app.table.sealed_get(key).await? {
        erase_grant(app.secrets.store().as_ref(), app.secrets.names().prefix(), &grant_of(&row)?).await?;
        app.table.sealed_delete(key).await?;
    }
    Ok(())
}
