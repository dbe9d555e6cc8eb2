//! TikTok shops: a grant becomes connected shops.

use crate::app::App;
use crate::domain::connection::{Shop, ShopSettings};
use crate::domain::ids::{AccountId, ShopId};
use crate::domain::region::AppRegion;
use crate::flows::access::{AccessError, app_credentials, keep_tokens, token_set};
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use crate::table::keys;
use crate::table::tokens::SealedRow;
use crate::tiktok::TikTokError;
use crate::tiktok::authorise::TokenAnswer;
use crate::tokens::SecretFault;
use std::time::Duration;

const CALL: Duration = Duration::from_secs(8);

/// Shops cannot be connected.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// TikTok.
    #[error(transparent)]
    TikTok(#[from] TikTokError),
    /// Our app's credentials.
    #[error(transparent)]
    Secret(#[from] SecretFault),
    /// Tokens cannot be kept.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The grant covers no shop.
    #[error("this authorisation covers no TikTok shop")]
    NoShop,
    /// The shop is connected by another account.
    #[error("shop {0} belongs to another account of this installation")]
    OtherAccount(ShopId),
}

/// Stores a grant and connects the shops behind it. A shop that waited for its owner goes on by itself.
///
/// # Errors
/// [`ConnectError`]; a foreign shop is refused before anything is stored.
pub async fn connect(
    app: &App,
    account: &AccountId,
    region: AppRegion,
    answer: TokenAnswer,
) -> Result<Vec<Shop>, ConnectError> {
    let now = app.clock.now();
    let credentials = app_credentials(app, region).await?;
    let authorised = app.tiktok.authorised_shops(&credentials, &answer.access_token, CALL).await?;
    if authorised.is_empty() {
        return Err(ConnectError::NoShop);
    }
    let mut rows = Vec::new();
    for shop in &authorised {
        let known = app.table.shop_get(&shop.id, true).await?;
        if known.as_ref().is_some_and(|known| known.row.account != *account) {
            return Err(ConnectError::OtherAccount(shop.id.clone()));
        }
        rows.push(known);
    }
    let open_id = answer.open_id.clone();
    loop {
        let key = keys::grant(region, &open_id);
        let known = app.table.sealed_get(&key).await?;
        let version = known.as_ref().map_or(1, |row| row.version + 1);
        let mut row = known.unwrap_or(SealedRow {
            key,
            rev: 0,
            version: 0,
            sealed: String::new(),
            facts: String::new(),
            refreshing_until: None,
            due: None,
        });
        match keep_tokens(app, account, region, &token_set(answer.clone(), version, now), &mut row).await {
            Err(AccessError::Table(TableError::Conflict)) => {}
            other => break other?,
        }
    }
    let mut connected = Vec::new();
    for (shop, known) in authorised.into_iter().zip(rows) {
        let mut row = known.unwrap_or_else(|| Versioned {
            row: Shop {
                id: shop.id.clone(),
                account: account.clone(),
                name: String::new(),
                region: shop.region.clone(),
                app: region,
                open_id: open_id.clone(),
                cipher: String::new(),
                parked: None,
                hold_until: None,
                settings: ShopSettings::default(),
                connected: now,
            },
            rev: 0,
        });
        row.row = Shop {
            name: shop.name,
            region: shop.region,
            app: region,
            open_id: open_id.clone(),
            cipher: shop.cipher,
            parked: None,
            hold_until: None,
            ..row.row
        };
        app.table.shop_put(&mut row).await?;
        app.table.account_shop_put(account, &row.row.id).await?;
        connected.push(row.row);
    }
    Ok(connected)
}
