//! Webhook subscriptions of a store: made when it is connected, compared and repaired every day, taken away at the end.

use crate::app::App;
use crate::config::ONLY_THIS_MACHINE;
use crate::domain::connection::StoreConnection;
use crate::flows::access::store::{VaultError, ask, open_hook_secrets, store_access};
use crate::outbound::OutboundError;
use crate::stores::error::StoreError;
use crate::stores::subscriptions::{Goal, Report, SubscriptionStep, Wanted, hand_steps, subscriptions};
use crate::table::error::TableError;
use std::time::Duration;
use url::Url;

/// One call to a store's API.
const CALL: Duration = Duration::from_secs(10);
/// A store has a handful of subscriptions; more calls than this lead nowhere.
const CALLS: usize = 200;

/// Subscriptions could not be compared. Beginning anew is always safe.
#[derive(Debug, thiserror::Error)]
pub enum SubscriptionError {
    /// The store's API.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The way to it.
    #[error("the store cannot be reached")]
    Unreachable(#[from] OutboundError),
    /// Its secrets do not open.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// No time was left.
    #[error("no time is left for this store")]
    NoTime,
    /// The store could not deliver to our address.
    #[error("{ONLY_THIS_MACHINE}")]
    OnlyThisMachine,
}

/// The address that a store delivers to.
#[must_use]
pub fn webhook_url(app: &App, store: &StoreConnection) -> String {
    at(&app.config.hooks_url, store)
}

fn at(origin: &Url, store: &StoreConnection) -> String {
    let origin = origin.as_str().trim_end_matches('/');
    match &store.hook {
        Some(hook) => format!("{origin}/hooks/{}/{hook}", store.platform),
        None => format!("{origin}/hooks/{}", store.platform),
    }
}

/// Compares a store's subscriptions with the wanted ones and does what the goal says, for at most `limit`. Where we hold
/// no credentials, or the platform has no API for it, the report holds the steps for a person.
///
/// # Errors
/// [`SubscriptionError`].
pub async fn run(app: &App, store: &StoreConnection, goal: Goal, limit: Duration) -> Result<Report, SubscriptionError> {
    let address = webhook_url(app, store);
    let by_hand =
        || Report { by_hand: hand_steps(store.platform, store.settings.way.as_deref(), &address), ..Report::default() };
    if store.settings.subscribed_by_hand {
        return Ok(by_hand());
    }
    let Some(access) = store_access(app, store).await? else { return Ok(by_hand()) };
    if matches!(goal, Goal::Ensure | Goal::Check) && !app.config.reaches_outside() {
        return Err(SubscriptionError::OnlyThisMachine);
    }
    let mut machine = subscriptions(&access, wanted(app, store).await?, goal)?;
    let started = app.clock.steady();
    let mut answer = None;
    for _ in 0..CALLS {
        match machine.step(answer.as_ref(), app.clock.now())? {
            SubscriptionStep::Send(request) => {
                let left = limit.saturating_sub(app.clock.steady().saturating_sub(started));
                if left.is_zero() {
                    return Err(SubscriptionError::NoTime);
                }
                answer = Some(ask(app, store.platform, request, CALL.min(left)).await?);
            }
            SubscriptionStep::Done(report) => return Ok(report),
        }
    }
    Err(StoreError::Unreadable("the list of subscriptions has no end").into())
}

/// Address and secrets of the deliveries that we want.
async fn wanted(app: &App, store: &StoreConnection) -> Result<Wanted, SubscriptionError> {
    let former = app.config.former_hooks.iter().map(|origin| at(origin, store)).collect();
    let mut wanted = Wanted { address: webhook_url(app, store), former, secret: None, header: None };
    let Some(hook) = &store.hook else { return Ok(wanted) };
    let Some(hook) = app.table.hook_get(hook).await? else { return Ok(wanted) };
    if let Some(sealed) = &hook.secrets {
        let secrets = open_hook_secrets(app, &hook, sealed).await?;
        wanted.secret = secrets.current;
        wanted.header = secrets.header;
    }
    Ok(wanted)
}
