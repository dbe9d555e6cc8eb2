//! TikTok shops: a grant becomes connected shops.

use super::moved_in;
use crate::app::App;
use crate::domain::connection::{Consent, Learned, Resumed, Shop, ShopSettings};
use crate::domain::ids::{AccountId, OpenId, ShopId};
use crate::domain::reason::{Auto, Reason};
use crate::domain::region::AppRegion;
use crate::flows::access::shop::{AccessError, app_credentials, keep_tokens, token_set};
use crate::flows::carriers::map::requeue;
use crate::flows::orders::begin;
use crate::table::connections::Versioned;
use crate::table::error::TableError;
use crate::table::keys;
use crate::table::tokens::SealedRow;
use crate::tiktok::TikTokError;
use crate::tiktok::authorise::TokenAnswer;
use crate::tiktok::shops::AuthorisedShop;
use crate::tokens::SecretFault;
use jiff::Timestamp;
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
    /// Another shop than the one to be reconnected.
    #[error("this authorisation is for {}, not for {expected}", got.join(", "))]
    WrongShop {
        /// Name of the shop that was to be reconnected.
        expected: String,
        /// Names of the shops that were authorised instead.
        got: Vec<String>,
    },
    /// The owner allowed less than the product needs.
    #[error("permissions are missing: {}", .0.join(", "))]
    MissingScopes(Vec<String>),
}

/// What the product needs. Source: TikTok Shop Partner Center, scopes of the calls in `tiktok/paths.rs`.
pub const SCOPES: [&str; 4] =
    ["seller.authorization.info", "seller.order.info", "seller.fulfillment.basic", "seller.logistics"];

/// A shop after its owner consented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectedShop {
    /// As it is stored now.
    pub shop: Shop,
    /// It was connected before.
    pub again: bool,
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
    let connected = connect_expecting(app, account, region, answer, None).await?;
    Ok(connected.into_iter().map(|connected| connected.shop).collect())
}

/// The same; with `expected`, that shop must be among them.
///
/// # Errors
/// [`ConnectError`]; nothing is stored then.
pub async fn connect_expecting(
    app: &App,
    account: &AccountId,
    region: AppRegion,
    answer: TokenAnswer,
    expected: Option<&Shop>,
) -> Result<Vec<ConnectedShop>, ConnectError> {
    let now = app.clock.now();
    let missing: Vec<String> = SCOPES
        .iter()
        // An answer without scopes says nothing; the first call will.
        .filter(|scope| !answer.granted_scopes.is_empty() && !answer.granted_scopes.iter().any(|s| s == *scope))
        .map(|scope| (*scope).to_owned())
        .collect();
    if !missing.is_empty() {
        return Err(ConnectError::MissingScopes(missing));
    }
    let credentials = app_credentials(app, region).await?;
    let authorised = app.tiktok.authorised_shops(&credentials, &answer.access_token, CALL).await?;
    if authorised.is_empty() {
        return Err(ConnectError::NoShop);
    }
    if let Some(expected) = expected.filter(|expected| !authorised.iter().any(|shop| shop.id == expected.id)) {
        let got = authorised.into_iter().map(|shop| shop.name).collect();
        return Err(ConnectError::WrongShop { expected: expected.name.clone(), got });
    }
    let mut new = Vec::new();
    for shop in &authorised {
        match app.table.shop_get(&shop.id, true).await? {
            Some(known) if known.row.account != *account => {
                return Err(ConnectError::OtherAccount(shop.id.clone()));
            }
            Some(_) => {}
            None => new.push(&shop.id),
        }
    }
    for shop in new {
        moved_in::clear_out(app, shop, account).await?;
    }
    let (open_id, ends) = (answer.open_id.clone(), answer.refresh_expires);
    loop {
        let key = keys::grant(region, &open_id);
        let known = app.table.sealed_get(&key).await?;
        // Tokens that were erased left their version on the shops: a refusal of then must not outlive them.
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
    for shop in authorised {
        let grant = Granted { account, region, open_id: &open_id, ends };
        let done = put_shop(app, &grant, shop).await?;
        app.table.account_shop_put(account, &done.shop.id).await?;
        Box::pin(begin::connected(app, &done.shop)).await?;
        connected.push(done);
    }
    // An order that no shop had may be in one of these: it is looked for again, in all.
    for id in app.table.account_shops(account).await? {
        requeue(app, &id, Reason::OrderNotFound.code(), |_| true).await?;
    }
    Ok(connected)
}

/// What all shops of one consent share.
struct Granted<'a> {
    account: &'a AccountId,
    region: AppRegion,
    open_id: &'a OpenId,
    ends: Timestamp,
}

/// Writes the shop's row as the consent makes it: free, with a new cycle, due at once for what comes after a consent.
async fn put_shop(app: &App, grant: &Granted<'_>, shop: AuthorisedShop) -> Result<ConnectedShop, ConnectError> {
    loop {
        let now = app.clock.now();
        let known = app.table.shop_get(&shop.id, true).await?;
        let again = known.is_some();
        let waiting = if again { waiting(app, &shop.id, now).await? } else { 0 };
        let mut row = known.unwrap_or_else(|| Versioned { row: fresh(grant, &shop, now), rev: 0 });
        row.row = Shop {
            name: shop.name.clone(),
            region: shop.region.clone(),
            app: grant.region,
            open_id: grant.open_id.clone(),
            cipher: shop.cipher.clone(),
            parked: None,
            hold_until: None,
            resting: None,
            consent: Consent {
                granted: Some(now),
                ends: Some(grant.ends),
                next_step: Some(now),
                resumed: again.then_some(Resumed { at: now, waiting }),
                seller_shipping: row.row.consent.seller_shipping,
                refusals_told: row.row.consent.refusals_told,
                ..Consent::default()
            },
            // Another market takes other calls.
            learned: if row.row.region == shop.region { row.row.learned } else { Learned::default() },
            ..row.row
        };
        match app.table.shop_put(&mut row).await {
            Ok(()) => return Ok(ConnectedShop { shop: row.row, again }),
            Err(TableError::Conflict) => {}
            Err(other) => return Err(other.into()),
        }
    }
}

fn fresh(grant: &Granted<'_>, shop: &AuthorisedShop, now: Timestamp) -> Shop {
    Shop {
        id: shop.id.clone(),
        account: grant.account.clone(),
        name: String::new(),
        region: shop.region.clone(),
        app: grant.region,
        open_id: grant.open_id.clone(),
        cipher: String::new(),
        parked: None,
        hold_until: None,
        resting: None,
        // TikTok takes one correction: a shop of today waits. Rows of earlier shops keep what they were stored with.
        settings: ShopSettings { hold_on_mismatch: true, ..ShopSettings::default() },
        connected: now,
        consent: Consent::default(),
        label_warning: None,
        learned: Learned::default(),
    }
}

/// Rows looked at to find the oldest one that waits.
const LOOKED_AT: usize = 200;

/// When a store reported the oldest tracking that waits in a shop's queue.
///
/// # Errors
/// [`TableError`].
pub async fn oldest_waiting(app: &App, shop: &ShopId) -> Result<Option<Timestamp>, TableError> {
    let mut oldest: Option<Timestamp> = None;
    let rows = app.table.push_waiting_rows(shop, LOOKED_AT).await?;
    // A notice holds no parcel yet.
    for key in rows.into_iter().filter(|key| keys::notice_store(key).is_none()) {
        if let Some(parcel) = app.table.parcel_get(&key).await? {
            oldest = Some(oldest.map_or(parcel.received, |known| known.min(parcel.received)));
        }
    }
    Ok(oldest)
}

/// Trackings of a shop that wait for their turn or for its owner.
///
/// # Errors
/// [`TableError`].
pub async fn waiting(app: &App, shop: &ShopId, now: Timestamp) -> Result<u64, TableError> {
    let queued = app.table.push_waiting(shop, now).await?;
    let held = app.table.held_reasons(shop).await?;
    let owner = held.iter().filter(|entry| entry.reason.auto() == Auto::OnReconnect).count() as u64;
    Ok(queued + owner)
}
