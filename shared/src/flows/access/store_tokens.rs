//! Store tokens that end: renewed when they are needed, by one process at a time; the loser re-reads.

use crate::app::App;
use crate::domain::connection::StoreConnection;
use crate::flows::access::store::{AccessText, VaultError, open_access, seal_access};
use crate::stores::connect::{StoreTokens, shopify};
use crate::stores::error::StoreError;
use crate::table::error::TableError;
use crate::table::keys;
use crate::table::tokens::SealedRow;
use crate::tokens::SecretFault;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Whoever renews holds the row this long; a crashed process blocks nobody for longer.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// The platform's token call.
const CALL: Duration = Duration::from_secs(8);
/// A loser looks again after this long.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// How often.
const LOOKS: usize = 24;
/// New tokens are kept by this many tries: the old ones may be of no use any more.
const KEEPS: usize = 20;

/// Tokens that end, as they are sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(in crate::flows) struct Expiring {
    access: String,
    expires: Timestamp,
    refresh: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_expires: Option<Timestamp>,
}

impl Expiring {
    pub(in crate::flows) fn access(&self) -> SecretString {
        SecretString::from(self.access.as_str())
    }

    fn tokens(&self) -> StoreTokens {
        StoreTokens {
            access: self.access(),
            expires: Some(self.expires),
            refresh: Some(SecretString::from(self.refresh.as_str())),
            refresh_expires: self.refresh_expires,
            scopes: Vec::new(),
        }
    }

    pub(in crate::flows) fn usable(&self, now: Timestamp) -> bool {
        self.tokens().usable(now)
    }
}

/// Granted tokens in the form in which they are sealed. A token that ends and cannot be renewed is kept like one that
/// does not: the platform will say when it is over.
pub(in crate::flows) fn text(granted: &StoreTokens) -> AccessText {
    let access = granted.access.expose_secret().to_owned();
    match (granted.expires, &granted.refresh) {
        (Some(expires), Some(refresh)) => AccessText::Expiring(Expiring {
            access,
            expires,
            refresh: refresh.expose_secret().to_owned(),
            refresh_expires: granted.refresh_expires,
        }),
        _ => AccessText::Token(access),
    }
}

/// A usable token of a store: somebody else's fresh one, or one that is asked for under a lease.
pub(in crate::flows) async fn renewed(app: &App, store: &StoreConnection) -> Result<SecretString, VaultError> {
    let key = keys::store_token(&store.id);
    for _ in 0..LOOKS {
        let now = app.clock.now();
        let Some(row) = app.table.sealed_get(&key).await? else { return Err(VaultError::Ended) };
        let tokens = match open_access(app, store, &row).await?.access {
            AccessText::Expiring(tokens) if !tokens.usable(now) => tokens,
            AccessText::Expiring(tokens) => return Ok(tokens.access()),
            AccessText::Token(token) => return Ok(token.into()),
            AccessText::Basic { .. } | AccessText::OAuth1 { .. } => return Err(VaultError::Ended),
        };
        if row.refreshing_until.is_some_and(|until| until > now) {
            tokio::time::sleep(LOOK_AGAIN).await;
            continue;
        }
        match renew(app, store, row, &tokens).await {
            Err(VaultError::Table(TableError::Conflict)) => {}
            other => return other,
        }
    }
    Err(VaultError::Busy)
}

async fn renew(
    app: &App,
    store: &StoreConnection,
    mut row: SealedRow,
    tokens: &Expiring,
) -> Result<SecretString, VaultError> {
    row.refreshing_until = Some(app.clock.now() + LEASE);
    app.table.sealed_put(&mut row).await?;
    match ask(app, store, tokens).await {
        Ok(mut granted) => {
            if granted.refresh.is_none() {
                granted.refresh = Some(SecretString::from(tokens.refresh.as_str()));
                granted.refresh_expires = tokens.refresh_expires;
            }
            let token = granted.access.clone();
            seal_access(app, store, &mut row, text(&granted)).await?;
            row.refreshing_until = None;
            keep(app, &mut row).await?;
            tracing::info!(store.id = %store.id, "a store's tokens were renewed");
            Ok(token)
        }
        Err(error) => {
            // Somebody may have connected the store again meanwhile; the next look finds their tokens.
            let read = app.table.sealed_get(&row.key).await?;
            if read.is_some_and(|read| read.version > row.version) {
                return Err(TableError::Conflict.into());
            }
            row.refreshing_until = None;
            if let Err(lost) = app.table.sealed_put(&mut row).await {
                tracing::warn!(error = &lost as &dyn std::error::Error, "the renewal lease was not given back");
            }
            Err(match error {
                VaultError::Renewal(StoreError::Unauthorised { .. }) => VaultError::Ended,
                other => other,
            })
        }
    }
}

async fn ask(app: &App, store: &StoreConnection, tokens: &Expiring) -> Result<StoreTokens, VaultError> {
    let secrets = app.secrets.app().get().await?;
    let ours = secrets.shopify().ok_or_else(|| missing(app))?;
    let base = app.config.shopify_api.for_shop(&store.address);
    let base = base.ok_or(StoreError::Unreadable("the store's address is no host name"))?;
    let refresh = SecretString::from(tokens.refresh.as_str());
    let request = shopify::refresh(&base, &ours.client_id, &ours.client_secret, &refresh)?;
    let answer = app.outbound.send(request, CALL).await?;
    Ok(shopify::tokens(&answer, app.clock.now())?)
}

/// Our Shopify app was taken out of the secret.
fn missing(app: &App) -> SecretFault {
    SecretFault::Field {
        name: app.secrets.names().app.clone(),
        field: "shopify".to_owned(),
        problem: "is not set; run: waybill app set --platform shopify",
    }
}

/// Writes new tokens, tried until they are there.
async fn keep(app: &App, row: &mut SealedRow) -> Result<(), VaultError> {
    let mut tries = 0;
    loop {
        match app.table.sealed_put(row).await {
            Err(error) if error.is_passing() && tries < KEEPS => {
                tries += 1;
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Err(TableError::Conflict) => {
                let read = app.table.sealed_get(&row.key).await?;
                // Our own write may have succeeded with its answer lost.
                return match read {
                    Some(read) if read.sealed == row.sealed => Ok(()),
                    _ => Err(TableError::Conflict.into()),
                };
            }
            other => return Ok(other?),
        }
    }
}
