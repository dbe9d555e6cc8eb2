//! Links in mails: made for a shop, read back with one reload of the keys.

use crate::app::App;
use crate::domain::connection::Shop;
use crate::tokens::SecretFault;
use crate::web::link::{BadLink, Link};

/// A link cannot be made or read.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The keys cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretFault),
    /// The text.
    #[error(transparent)]
    Bad(#[from] BadLink),
}

/// The address of a page.
#[must_use]
pub fn page(app: &App, path: &str) -> String {
    format!("{}{path}", app.config.public_url.as_str().trim_end_matches('/'))
}

/// An address for the deliveries of stores or of TikTok.
#[must_use]
pub fn hook(app: &App, path: &str) -> String {
    format!("{}{path}", app.config.hooks_url.as_str().trim_end_matches('/'))
}

/// The address of the landing page of a shop's present cycle.
///
/// # Errors
/// [`LinkError`].
pub async fn reconnect(app: &App, shop: &Shop) -> Result<String, LinkError> {
    let ring = app.secrets.web_keys().get().await?;
    let text = Link::reconnect(shop.id.clone(), shop.granted()).sign(&ring)?;
    Ok(page(app, &format!("/reconnect?t={text}")))
}

/// Reads a link's text.
///
/// # Errors
/// [`LinkError`].
pub async fn read(app: &App, text: &str) -> Result<Link, LinkError> {
    let ring = app.secrets.web_keys().get().await?;
    let now = app.clock.now();
    match Link::read(&ring, text, now) {
        Err(BadLink::UnknownKey(key)) => match app.secrets.web_keys().newer_than(&ring).await? {
            Some(newer) => Ok(Link::read(&newer, text, now)?),
            None => Err(BadLink::UnknownKey(key).into()),
        },
        other => Ok(other?),
    }
}
