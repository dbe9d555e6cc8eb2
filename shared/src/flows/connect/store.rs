//! Stores: connected by credentials that a person hands over, removed with everything they left.

use super::store_secret::made;
use crate::app::App;
use crate::domain::connection::{PollState, StoreConnection, StoreSettings, StoreStatus};
use crate::domain::ids::{AccountId, BadId, HookId, ShopId, StoreId};
use crate::domain::platform::Platform;
use crate::flows::access::store::{
    StoreSecrets, VaultError, commerce_keys, forget_store_credentials, keep_store_credentials, seal_hook_secrets,
};
use crate::flows::intake::subscriptions::{self as keep_subscriptions, webhook_url};
use crate::stores::magento::is_public_key;
use crate::stores::platforms::{self, SecretKind, Way};
use crate::stores::subscriptions::Goal;
use crate::table::connections::{Hook, Versioned};
use crate::table::error::TableError;
use crate::table::keys;
use data_encoding::BASE32_NOPAD;
use secrecy::SecretString;
use std::time::Duration;

/// The store's subscriptions are taken away within this time, or by hand.
const GOODBYE: Duration = Duration::from_secs(20);

/// A store to connect.
#[derive(Debug)]
pub struct NewStore {
    /// Who owns it.
    pub account: AccountId,
    /// What it is.
    pub platform: Platform,
    /// The TikTok shops its orders may belong to, at least one, all of the same account.
    pub shops: Vec<ShopId>,
    /// Shopify: the `*.myshopify.com` domain; BigCommerce: the store hash; else the site's https origin.
    pub address: String,
    /// What a person set.
    pub settings: StoreSettings,
    /// Its secrets.
    pub secrets: StoreSecrets,
}

/// A store cannot be connected or removed.
#[derive(Debug, thiserror::Error)]
pub enum StoreAddError {
    /// A field is missing or wrong.
    #[error("{field}: {problem}")]
    Field {
        /// Which.
        field: &'static str,
        /// What to do.
        problem: String,
    },
    /// A shop is not connected, or belongs to somebody else.
    #[error("shop {0} is not connected for this account: connect it first")]
    UnknownShop(ShopId),
    /// Another connection has this address.
    #[error("this store is connected already")]
    Taken,
    /// The account has a connection of this store.
    #[error("this store is connected already, as {0}")]
    Known(StoreId),
    /// Sealing.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// An id we made is not one: a bug.
    #[error(transparent)]
    Id(#[from] BadId),
}

/// A connected store and where its webhooks go.
#[derive(Clone, Debug)]
pub struct Added {
    /// The connection.
    pub store: StoreConnection,
    /// The address for the store's webhooks.
    pub webhook_url: String,
    /// Whether its API can be read.
    pub readable: bool,
    /// Secrets that we made, keyed by the input field that would take them: the store needs them, and they are shown
    /// once.
    pub generated: Vec<(&'static str, SecretString)>,
}

/// What was left of a store that was taken away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Rows erased, the connection not counted.
    pub rows: usize,
    /// Topics whose webhook subscriptions were taken away.
    pub unsubscribed: Vec<String>,
    /// What a person must do in the store.
    pub by_hand: Vec<String>,
}

/// Connects a store.
///
/// # Errors
/// [`StoreAddError`] names the field and the remedy; nothing is stored then.
pub async fn add(app: &App, mut new: NewStore) -> Result<Added, StoreAddError> {
    let address = checked_address(app, &new)?;
    let way = known_way(&new)?;
    readable_key(&new)?;
    let generated = generate(app, &mut new, way);
    own_shops(app, &new.account, &new.shops).await?;
    let others = connections(app, &new.account).await?;
    let address = if new.address.trim().is_empty() {
        free_name(&others, &address)
    } else if let Some(known) =
        others.into_iter().find(|known| known.status == StoreStatus::Connected && is_same(known, &new, &address))
    {
        return Err(StoreAddError::Known(known.id));
    } else {
        address
    };
    let own_secret = new.secrets.webhook_secret.is_some()
        || new.secrets.client_secret.is_some()
        || (new.secrets.header_secret.is_some() && platforms::header_proves(new.platform))
        || new.secrets.public_key.is_some()
        || new.secrets.client_id.is_some();
    let by_app = platforms::our_app_signs(new.platform) && !own_secret;
    let installed = way == Way::Installed;
    if !own_secret && !by_app && !installed {
        let name = way.proof(new.platform);
        return Err(field(name, "is missing: without it nobody can prove that a webhook is the store's"));
    }
    let id = StoreId::parse(random(app, 10))?;
    let hook = if by_app { None } else { Some(HookId::parse(random(app, 16))?) };
    let mut store = StoreConnection {
        name: None,
        id: id.clone(),
        account: new.account.clone(),
        platform: new.platform,
        shops: new.shops,
        address: address.clone(),
        hook: hook.clone(),
        settings: new.settings,
        status: StoreStatus::Connected,
        connected: app.clock.now(),
        due: None,
        poll_due: None,
        polls: PollState::default(),
        placed: true,
    };
    match &hook {
        Some(hook) => {
            let sealed = seal_hook_secrets(app, &new.account, hook, &new.secrets).await?;
            app.table.hook_put(hook, &hook_row(&store, keys::hook(hook), Some(sealed))).await?;
            if installed {
                take_address(app, &store).await?;
            }
        }
        None => take_address(app, &store).await?,
    }
    let readable = keep_store_credentials(app, &store, &new.secrets).await?;
    if readable {
        // The next tick reads it for the first time, and sees to its subscriptions.
        store.poll_due = Some(store.connected);
    }
    // The pointer first: one that leads nowhere is passed over, a store that no list names could not be found again.
    app.table.account_store_put(&new.account, &id).await?;
    app.table.store_put(&mut Versioned { row: store.clone(), rev: 0 }).await?;
    let webhook_url = webhook_url(app, &store);
    Ok(Added { store, webhook_url, readable, generated })
}

/// A store of a platform whose app names the store itself: one connection each.
async fn take_address(app: &App, store: &StoreConnection) -> Result<(), StoreAddError> {
    let platform = store.platform.as_str();
    let row = hook_row(store, keys::hook_of_address(platform, &store.address), None);
    match app.table.hook_of_address_put(platform, &store.address, &row).await {
        Err(TableError::Conflict) => Err(StoreAddError::Taken),
        other => Ok(other?),
    }
}

/// Checks that shops are connected and belong to the account.
///
/// # Errors
/// [`StoreAddError`].
pub async fn own_shops(app: &App, account: &AccountId, shops: &[ShopId]) -> Result<(), StoreAddError> {
    if shops.is_empty() {
        return Err(field("--shop", "name at least one connected TikTok shop"));
    }
    for shop in shops {
        let known = app.table.shop_get(shop, true).await?;
        if known.is_none_or(|known| known.row.account != *account) {
            return Err(StoreAddError::UnknownShop(shop.clone()));
        }
    }
    Ok(())
}

/// Connects a store that its merchant just allowed. If the account has a connection to it already, this renews its
/// credentials; it is then in use again, and read at once.
///
/// # Errors
/// [`StoreAddError`].
pub async fn add_or_renew(app: &App, new: NewStore) -> Result<StoreConnection, StoreAddError> {
    let address = checked_address(app, &new)?;
    for known in connections(app, &new.account).await? {
        if !is_same(&known, &new, &address) {
            continue;
        }
        let id = known.id;
        own_shops(app, &new.account, &new.shops).await?;
        let now = app.clock.now();
        // The row first: whoever cleans up after an uninstall looks at it before it erases credentials.
        let changed = app.table.store_change(&id, |row| {
            row.status = StoreStatus::Connected;
            row.due = None;
            row.poll_due = Some(now);
            row.shops.clone_from(&new.shops);
            row.polls.trouble = None;
            row.polls.subscriptions_checked = None;
            true
        });
        let Some(store) = changed.await? else { continue };
        keep_store_credentials(app, &store, &new.secrets).await?;
        app.stores.forget(&id);
        return Ok(store);
    }
    Ok(add(app, new).await?.store)
}

/// The stores of an account.
async fn connections(app: &App, account: &AccountId) -> Result<Vec<StoreConnection>, TableError> {
    let mut stores = Vec::new();
    for id in app.table.account_stores(account).await? {
        let known = app.table.store_get(&id, true).await?.map(|store| store.row);
        stores.extend(known.filter(|known| known.account == *account));
    }
    Ok(stores)
}

/// Whether a connection is the one that would be made anew: a store is connected once, by whatever signs it.
fn is_same(known: &StoreConnection, new: &NewStore, address: &str) -> bool {
    let by_our_app = |settings| Way::of(new.platform, settings) == Some(Way::Installed);
    let none_given = new.secrets.webhook_secret.is_none() && new.secrets.client_secret.is_none();
    let alike = by_our_app(&known.settings) == by_our_app(&new.settings)
        // With a hook of its own the store's custom app signs, not ours.
        && (!platforms::our_app_signs(new.platform) || known.hook.is_none() == none_given);
    let same = known.platform == new.platform && known.address.eq_ignore_ascii_case(address);
    same && alike && known.status != StoreStatus::Erasing
}

/// A name that no other warehouse of the account has.
fn free_name(others: &[StoreConnection], name: &str) -> String {
    let taken = |name: &str| others.iter().any(|other| other.platform == Platform::Generic && other.address == name);
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

/// Makes the secret that the store takes from us, where the person gave none.
fn generate(app: &App, new: &mut NewStore, way: Way) -> Vec<(&'static str, SecretString)> {
    let (name, place) = match way.secret(new.platform) {
        SecretKind::Theirs => return Vec::new(),
        SecretKind::Letters | SecretKind::Standard => ("webhook_secret", &mut new.secrets.webhook_secret),
        SecretKind::Header => ("header_secret", &mut new.secrets.header_secret),
    };
    if place.is_some() {
        return Vec::new();
    }
    let secret = made(app, way.secret(new.platform));
    *place = Some(secret.clone());
    vec![(name, secret)]
}

fn hook_row(store: &StoreConnection, key: keys::Key, secrets: Option<String>) -> Hook {
    Hook { store: store.id.clone(), account: store.account.clone(), key, secrets }
}

fn random(app: &App, bytes: usize) -> String {
    let all = app.entropy.bytes::<16>();
    BASE32_NOPAD.encode(&all[..bytes.min(all.len())]).to_lowercase()
}

fn field(field: &'static str, problem: &str) -> StoreAddError {
    StoreAddError::Field { field, problem: problem.to_owned() }
}

fn known_way(new: &NewStore) -> Result<Way, StoreAddError> {
    let unknown = || field("--way", "give mage-os, io-events, commerce-webhooks or mageplaza");
    Way::of(new.platform, &new.settings).ok_or_else(unknown)
}

/// A key that nobody can read would refuse every delivery of the store, each with the same words.
fn readable_key(new: &NewStore) -> Result<(), StoreAddError> {
    let Some(pem) = &new.secrets.public_key else { return Ok(()) };
    let mut keys = commerce_keys(pem).peekable();
    if keys.peek().is_some() && keys.all(|(_, pem)| is_public_key(&pem)) {
        Ok(())
    } else {
        let remedy = "paste it whole, from -----BEGIN PUBLIC KEY----- to -----END PUBLIC KEY-----";
        Err(field("public_key", &format!("cannot be read: {remedy}")))
    }
}

fn checked_address(app: &App, new: &NewStore) -> Result<String, StoreAddError> {
    let address = platforms::address(new.platform, &new.address).map_err(|bad| field(bad.field, bad.remedy))?;
    if platforms::is_read(new.platform) && platforms::is_merchant_host(new.platform) {
        // Judged again at every request; said here, a person can still do something about it.
        app.outbound.judge(&address).map_err(|refusal| {
            let remedy = "for a store inside a private network, name host:port in OUTBOUND_ALLOW";
            field("--url", &format!("{refusal}; {remedy}"))
        })?;
    }
    Ok(address)
}

/// Gives a store a name of its people's choice.
///
/// # Errors
/// [`TableError`].
pub async fn rename(app: &App, id: &StoreId, name: &str) -> Result<(), TableError> {
    app.table.store_change(id, |row| row.name.replace(name.to_owned()).as_deref() != Some(name)).await?;
    Ok(())
}

/// Disconnects a store: its webhook subscriptions first, while its credentials are there, then everything as
/// [`remove`] does. A store that cannot be reached is disconnected all the same; its deliveries find nobody.
///
/// # Errors
/// [`TableError`].
pub async fn disconnect(app: &App, id: &StoreId) -> Result<Removed, TableError> {
    let Some(store) = app.table.store_get(id, true).await?.map(|store| store.row) else {
        return Ok(Removed::default());
    };
    let mut removed = Removed::default();
    if store.status == StoreStatus::Connected {
        match keep_subscriptions::run(app, &store, Goal::Remove, GOODBYE).await {
            // Steps to set up are no steps to take away.
            Ok(report) if report.removed.is_empty() && !report.by_hand.is_empty() => {
                removed.by_hand.push(by_hand(app, &store));
            }
            Ok(report) => {
                removed.unsubscribed = report.removed;
                removed.by_hand = report.by_hand;
            }
            Err(error) => {
                tracing::warn!(store.id = %id, error = &error as &dyn std::error::Error, "subscriptions not taken away");
                removed.by_hand.push(by_hand(app, &store));
            }
        }
    }
    removed.rows = remove(app, id).await?;
    Ok(removed)
}

fn by_hand(app: &App, store: &StoreConnection) -> String {
    format!("In the store, remove the webhooks that deliver to {}", webhook_url(app, store))
}

/// Takes a store away: its addresses, credentials and every row. Repeating it after a crash finishes it.
///
/// # Errors
/// [`TableError`].
pub async fn remove(app: &App, id: &StoreId) -> Result<usize, TableError> {
    let Some(store) = app.table.store_get(id, true).await? else { return Ok(0) };
    app.table.hooks_delete(&store.row).await?;
    forget_store_credentials(app, id).await?;
    app.table.account_store_delete(&store.row.account, id).await?;
    app.stores.forget(id);
    app.table.store_erase(id).await
}
