//! Looks at a shop or a store from outside without changing anything: no token is renewed, no row is written.

use crate::app::App;
use crate::domain::connection::{Shop, StoreConnection};
use crate::flows::access::shop::{AccessError, app_credentials, open_row};
use crate::flows::access::store::{VaultError, ask, store_access};
use crate::flows::carriers::lists::SELLER_SHIPPING;
use crate::outbound::OutboundError;
use crate::stores::error::StoreError;
use crate::stores::poll::{PollQuery, PollStep, overlap, poll};
use crate::table::error::TableError;
use crate::table::keys;
use crate::tiktok::shops::WebhookSetting;
use crate::tiktok::{Call, ShopAuth, TikTokError};
use std::time::Duration;

/// What TikTok says about a shop.
#[derive(Debug)]
pub struct ShopSeen {
    /// It is among the shops of its authorisation.
    pub authorised: Result<bool, TikTokError>,
    /// What its owner allowed; empty where TikTok did not say.
    pub scopes: Vec<String>,
    /// The Seller Shipping option is on.
    pub seller_shipping: Result<bool, TikTokError>,
    /// The addresses that TikTok tells.
    pub webhooks: Result<Vec<WebhookSetting>, TikTokError>,
}

/// Asks TikTok about a shop with the tokens that are there.
///
/// # Errors
/// [`AccessError`] when there is nothing to ask with.
pub async fn shop(app: &App, shop: &Shop, limit: Duration) -> Result<ShopSeen, AccessError> {
    let credentials = app_credentials(app, shop.app).await?;
    let row = app.table.sealed_get(&keys::grant(shop.app, &shop.open_id)).await?;
    let row = row.ok_or(AccessError::Ended { version: 0 })?;
    let tokens = open_row(app, &row).await?;
    let auth = ShopAuth { access_token: tokens.access_token.clone(), cipher: shop.cipher.clone() };
    let call = Call { app: &credentials, shop: &auth, limit };
    let authorised = app.tiktok.authorised_shops(&credentials, &tokens.access_token, limit).await;
    let authorised = authorised.map(|shops| shops.iter().any(|known| known.id == shop.id));
    Ok(ShopSeen {
        seller_shipping: has_option(app, call).await,
        webhooks: app.tiktok.webhook_list(call).await,
        scopes: tokens.scopes,
        authorised,
    })
}

/// Whether the Seller Shipping option is on for one of the shop's warehouses.
async fn has_option(app: &App, call: Call<'_>) -> Result<bool, TikTokError> {
    for warehouse in app.tiktok.warehouses(call).await?.into_iter().filter(|w| w.sales && w.enabled) {
        let options = app.tiktok.delivery_options(call, &warehouse.id).await?;
        if options.iter().any(|option| option.kind == SELLER_SHIPPING) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A store could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The store's API.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The way to it.
    #[error("it cannot be reached")]
    Unreachable(#[from] OutboundError),
    /// Its credentials do not open, or have ended.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Makes the first request of a poll and drops what it says. `false`: there are no credentials to read with.
///
/// # Errors
/// [`Unread`].
pub async fn store(app: &App, store: &StoreConnection, limit: Duration) -> Result<bool, Unread> {
    let Some(access) = store_access(app, store).await? else { return Ok(false) };
    let since = app.clock.now() - overlap(store.platform);
    let mut machine = poll(&access, PollQuery { since, open_orders: Vec::new(), resume: None })?;
    if let PollStep::Send(request) = machine.step(None, app.clock.now())? {
        let answer = ask(app, store.platform, request, limit).await?;
        machine.step(Some(&answer), app.clock.now())?;
    }
    Ok(true)
}
