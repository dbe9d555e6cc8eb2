//! A store says something: verify → read → match → store, all before the answer. A 2xx means the fact is durable.

mod proven;

use crate::app::App;
use crate::domain::connection::{StoreConnection, StoreStatus};
use crate::domain::fulfilment::Fulfilment;
use crate::domain::ids::{HookId, ShipmentId, StoreId, StoreOrderId};
use crate::domain::intake::{MixedVersions, known_version};
use crate::domain::platform::Platform;
use crate::flows::access::store::{PendingRead, VaultError, open_hook_secrets};

use crate::flows::intake::adobe_keys::{self, KeyError};
use crate::flows::intake::keep::{Kept, keep};
use crate::stores::error::StoreError;
use crate::stores::platforms::Way;
use crate::stores::{self, Delivery, HookSecrets, Notice, StoreAdapter, ThinNotice};
use crate::table::connections::Hook;
use crate::table::error::TableError;
use crate::table::notices::NoticeRow;
use crate::tokens::{AppSecrets, PlatformApp, SecretFault};
use proven::read;

/// The largest body that is read. Larger ones are verified, answered, and the store is read instead.
pub const LARGEST: usize = 2 * 1024 * 1024;

/// Where a delivery came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Signed with our Shopify app's secret; the shop stands in a header.
    ShopifyApp,
    /// An address of one store, with a secret of its own.
    Hook {
        /// As the path says.
        platform: Platform,
        /// 128 random bits.
        hook: HookId,
    },
}

/// What the sender is answered, and why. `reply.rs` of the function knows the status codes.
#[derive(Debug)]
pub enum Outcome {
    /// New facts are stored.
    Stored,
    /// Known already, or not for us.
    Nothing,
    /// A newer state is known: nothing was changed, and the sender is told so.
    Older,
    /// Nobody has this address, or the store is no longer connected.
    UnknownStore,
    /// The platform checks the address and wants this text back.
    Echo(String),
    /// The sender wants to see this JSON with our 200.
    Reply(&'static str),
    /// Signed by the store and not understood: the store is read instead.
    Unreadable(&'static str),
    /// Generic endpoint: a field is wrong; its reader is a developer.
    Field {
        /// Where in the body.
        field: String,
        /// What to send instead.
        remedy: &'static str,
    },
    /// Missing or wrong signature.
    Unauthorised,
    /// Nothing is stored: send it again.
    TryLater(&'static str),
}

/// Handles one delivery.
pub async fn run(app: &App, route: &Route, delivery: &Delivery) -> Outcome {
    match receive(app, route, delivery).await {
        Ok(outcome) => outcome,
        Err(Failure::Table(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "webhook not stored");
            Outcome::TryLater("the table cannot be reached")
        }
        Err(Failure::Vault(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "webhook not verified: its secrets do not open");
            Outcome::TryLater("the secrets cannot be reached")
        }
        Err(Failure::Secret(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "webhook not verified: no secret");
            Outcome::TryLater("the secrets cannot be reached")
        }
        Err(Failure::Key(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "webhook not verified: no public key");
            Outcome::TryLater("the sender's public key cannot be had")
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Secret(#[from] SecretFault),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Key(#[from] KeyError),
}

async fn receive(app: &App, route: &Route, delivery: &Delivery) -> Result<Outcome, Failure> {
    let (platform, hook) = match route {
        Route::ShopifyApp => (Platform::Shopify, None),
        Route::Hook { platform, hook } => {
            let Some(hook) = hook_of(app, hook).await? else { return Ok(Outcome::UnknownStore) };
            (*platform, Some(hook))
        }
    };
    let adapter = stores::adapter(platform);
    let store = match &hook {
        Some(hook) => connected(app, &hook.store).await?,
        None => None,
    };
    if store.as_ref().is_some_and(|store| store.platform != platform) {
        return Ok(Outcome::UnknownStore);
    }
    let settings = store.as_ref().map(|store| store.settings.clone()).unwrap_or_default();
    let notice = match read(app, platform, hook.as_ref(), &settings, delivery).await? {
        Ok(notice) => notice,
        Err(StoreError::BadSignature(why)) => {
            tracing::warn!(platform = %platform, reason = why, "bad signature");
            if let Some(store) = &store {
                app.ears.refused(&app.table, &app.clock, &store.id).await;
            }
            return Ok(Outcome::Unauthorised);
        }
        Err(StoreError::Field { field, remedy }) => return Ok(Outcome::Field { field, remedy }),
        Err(error) => {
            tracing::warn!(platform = %platform, error = &error as &dyn std::error::Error, "unreadable delivery");
            if let Some(news) = error.too_much(app.clock.now()) {
                return shown(app, platform, store, delivery, &news).await;
            }
            // Under the app's secret only a header says whose it is, and what cannot be read confirms no header.
            if let Some(store) = store {
                poll_soon(app, &store.id).await?;
            }
            return Ok(Outcome::Unreadable("the store will be read instead"));
        }
    };
    match notice {
        Notice::NotForUs | Notice::Ping => return Ok(acknowledged(adapter, delivery)),
        Notice::EchoChallenge(text) => return Ok(Outcome::Echo(text)),
        _ => {}
    }
    let store = match store {
        Some(store) => Some(store),
        None => app_store(app, platform, delivery).await?,
    };
    let Some(store) = store.filter(|store| is_heard(store, &notice)) else { return Ok(Outcome::UnknownStore) };
    let absorbed = absorb(app, &store, notice).await?;
    if store.status == StoreStatus::Connected {
        app.ears.delivered(&app.table, &app.clock, &store.id).await;
    }
    match absorbed {
        Outcome::Stored | Outcome::Nothing | Outcome::Older if adapter.reply(delivery).is_some() => {
            Ok(acknowledged(adapter, delivery))
        }
        outcome => Ok(outcome),
    }
}

/// An order holds more than is taken at once: nothing of it is worked on, and a person sees it.
async fn shown(
    app: &App,
    platform: Platform,
    store: Option<StoreConnection>,
    delivery: &Delivery,
    news: &Fulfilment,
) -> Result<Outcome, Failure> {
    let store = match store {
        Some(store) => Some(store),
        None => app_store(app, platform, delivery).await?,
    };
    let Some(store) = store.filter(|store| store.status == StoreStatus::Connected) else {
        return Ok(Outcome::UnknownStore);
    };
    keep(app, &store, news, false).await?;
    Ok(Outcome::Unreadable("it holds more than is taken at once: a person sees the order"))
}

/// Whether a store's notice counts: of one that left, only what the platform asks for after it has left. Shopify asks for
/// a shop's data to be erased 48 hours after the app was uninstalled.
fn is_heard(store: &StoreConnection, notice: &Notice) -> bool {
    match store.status {
        StoreStatus::Connected => true,
        StoreStatus::Uninstalled | StoreStatus::Erasing => matches!(notice, Notice::Compliance { .. }),
    }
}

fn acknowledged(adapter: &dyn StoreAdapter, delivery: &Delivery) -> Outcome {
    adapter.reply(delivery).map_or(Outcome::Nothing, Outcome::Reply)
}

/// Whose webhook address this is, if it is anybody's.
///
/// # Errors
/// [`TableError`].
pub async fn hook_of(app: &App, id: &HookId) -> Result<Option<Hook>, TableError> {
    let known = app.hooks.get(&id.as_str().to_owned());
    if known.is_some() {
        return Ok(known);
    }
    let found = app.table.hook_get(id).await?;
    if let Some(hook) = &found {
        app.hooks.put(id.as_str().to_owned(), hook.clone());
    }
    Ok(found)
}

/// The store of a delivery that our app's secret signed.
pub(super) async fn app_store(
    app: &App,
    platform: Platform,
    delivery: &Delivery,
) -> Result<Option<StoreConnection>, TableError> {
    let Some(address) = stores::sender(platform, delivery) else { return Ok(None) };
    let key = format!("{platform}:{address}");
    let hook = match app.hooks.get(&key) {
        Some(hook) => Some(hook),
        None => app.table.hook_of_address(platform.as_str(), &address).await?,
    };
    let Some(hook) = hook else { return Ok(None) };
    app.hooks.put(key, hook.clone());
    connected(app, &hook.store).await
}

pub(super) async fn connected(app: &App, id: &StoreId) -> Result<Option<StoreConnection>, TableError> {
    let known = app.stores.get(id);
    if known.is_some() {
        return Ok(known);
    }
    let found = app.table.store_get(id, false).await?.map(|store| store.row);
    if let Some(store) = &found {
        app.stores.put(id.clone(), store.clone());
    }
    Ok(found)
}

/// Stores what a notice says.
async fn absorb(app: &App, store: &StoreConnection, notice: Notice) -> Result<Outcome, Failure> {
    match notice {
        Notice::Fulfilled(news) => kept(keep(app, store, &news, false).await?),
        Notice::Thin(thin) => thin_notice(app, store, &thin).await,
        Notice::Deleted(order) => kept(keep(app, store, &deleted(order, app), false).await?),
        Notice::Uninstalled => leave(app, store, StoreStatus::Uninstalled).await,
        Notice::Compliance { topic } if topic == "shop/redact" => leave(app, store, StoreStatus::Erasing).await,
        Notice::ErrorBody { lost_rights: true } => {
            tracing::error!(store.id = %store.id, "the store's own user lost its rights: its webhooks say nothing");
            poll_soon(app, &store.id).await?;
            Ok(Outcome::Nothing)
        }
        // Opening it is a call to the outside: the scheduled work does it, within the five minutes the platform gives.
        Notice::ValidationUrl(url) => open_later(app, store, &url).await,
        Notice::Batch(notices) => {
            let mut outcome = Outcome::Nothing;
            for notice in notices {
                match (Box::pin(absorb(app, store, notice)).await?, &outcome) {
                    (Outcome::Stored, _) => outcome = Outcome::Stored,
                    (Outcome::Older, Outcome::Nothing) => outcome = Outcome::Older,
                    _ => {}
                }
            }
            Ok(outcome)
        }
        // No buyer's data is stored, so the two customer requests find nothing.
        Notice::Compliance { .. }
        | Notice::ErrorBody { lost_rights: false }
        | Notice::Ping
        | Notice::NotForUs
        | Notice::EchoChallenge(_) => Ok(Outcome::Nothing),
    }
}

/// Remembers that a shipment must be read from the store. A repeat of what was read already writes nothing.
async fn thin_notice(app: &App, store: &StoreConnection, thin: &ThinNotice) -> Result<Outcome, Failure> {
    if let (Some(order), Some(shipment)) = (&thin.order, &thin.shipment) {
        let rows = app.table.order_rows(&store.id, order, false).await?;
        let seen = known_version(&rows.parcels, shipment);
        if seen.is_some_and(|version| version.changed >= thin.at.as_millisecond()) {
            return Ok(Outcome::Nothing);
        }
    }
    let order = thin.order.as_ref().map_or("", StoreOrderId::as_str);
    let shipment = thin.shipment.as_ref().map_or("", ShipmentId::as_str);
    let body = serde_json::to_string(&PendingRead::Notice(thin.clone())).unwrap_or_default();
    store_notice(app, store, order, shipment, body).await
}

async fn open_later(app: &App, store: &StoreConnection, url: &str) -> Result<Outcome, Failure> {
    let body = serde_json::to_string(&PendingRead::Open(url.to_owned())).unwrap_or_default();
    store_notice(app, store, "", "validation", body).await
}

async fn store_notice(
    app: &App,
    store: &StoreConnection,
    order: &str,
    shipment: &str,
    body: String,
) -> Result<Outcome, Failure> {
    let mut notice = NoticeRow::new(&store.id, &store.shops[0], order, shipment, body, app.clock.now());
    loop {
        match app.table.notice_get(&notice.key).await? {
            Some(known) if known.body == notice.body => return Ok(Outcome::Nothing),
            Some(known) => notice.rev = known.rev,
            None => notice.rev = 0,
        }
        match app.table.notice_put(&mut notice).await {
            Ok(()) => return Ok(Outcome::Stored),
            Err(TableError::Conflict) => {}
            Err(other) => return Err(other.into()),
        }
    }
}

fn kept(kept: Kept) -> Result<Outcome, Failure> {
    Ok(match kept {
        Kept::Stored { .. } => Outcome::Stored,
        Kept::Unchanged => Outcome::Nothing,
        Kept::Older => Outcome::Older,
        Kept::Mixed(MixedVersions { counted: true }) => Outcome::Field {
            field: "updated_at".to_owned(),
            remedy: "earlier messages about this parcel were ordered by version: go on sending version",
        },
        Kept::Mixed(MixedVersions { counted: false }) => Outcome::Field {
            field: "version".to_owned(),
            remedy: "earlier messages about this parcel were ordered by updated_at or by arrival: leave version out",
        },
    })
}

fn deleted(order: StoreOrderId, app: &App) -> Fulfilment {
    use crate::domain::fulfilment::{OrderLink, Version};
    let now = app.clock.now();
    Fulfilment {
        order,
        order_name: None,
        link: OrderLink::NotFound,
        cancelled: Some(Version::new(now, now)),
        shipments: Vec::new(),
        complete: None,
    }
}

/// The merchant left: nothing more is accepted, and the next tick erases tokens (and, when asked, every row).
async fn leave(app: &App, store: &StoreConnection, status: StoreStatus) -> Result<Outcome, Failure> {
    change(app, &store.id, |row| {
        let done = row.status == status || row.status == StoreStatus::Erasing;
        if !done {
            row.status = status;
            row.due = Some(app.clock.now());
        }
        !done
    })
    .await
}

/// Asks for the store to be read soon.
async fn poll_soon(app: &App, id: &StoreId) -> Result<Outcome, Failure> {
    change(app, id, |row| {
        let now = app.clock.now();
        let sooner = row.poll_due.is_none_or(|due| due > now);
        if sooner {
            row.poll_due = Some(now);
        }
        sooner
    })
    .await
}

async fn change(app: &App, id: &StoreId, edit: impl Fn(&mut StoreConnection) -> bool) -> Result<Outcome, Failure> {
    loop {
        let Some(mut store) = app.table.store_get(id, true).await? else { return Ok(Outcome::UnknownStore) };
        if !edit(&mut store.row) {
            return Ok(Outcome::Nothing);
        }
        match app.table.store_put(&mut store).await {
            Ok(()) => {
                app.stores.forget(id);
                return Ok(Outcome::Stored);
            }
            Err(TableError::Conflict) => {}
            Err(other) => return Err(other.into()),
        }
    }
}
