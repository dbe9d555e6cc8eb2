//! Adobe's public keys for I/O Events, from the one host that the settings name.
//!
//! A key that this process has not seen is fetched before the answer: without it the delivery can neither be believed nor
//! safely kept, and Adobe gives ten seconds. A process makes at most one such call in 24 hours, to Adobe's key host only,
//! and only for a valid hook address, so strangers cannot cause it. When it fails, the sender is asked to repeat, which
//! Adobe does for a day.

use crate::app::App;
use crate::outbound::OutboundError;
use crate::stores::magento::key_paths;
use crate::stores::{Delivery, HookSecrets};
use std::time::Duration;

/// Adobe's limit for our whole answer is 10 s, connection included.
const FETCH: Duration = Duration::from_secs(3);
/// A key in PEM has less than one kB.
const LARGEST_KEY: usize = 16 * 1024;

/// A key is not at hand, and may be later.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The host cannot be reached.
    #[error("Adobe's key host cannot be reached")]
    Unreachable(#[from] OutboundError),
    /// It answers with an error.
    #[error("Adobe's key host answered with HTTP {0}")]
    Status(u16),
    /// A setting makes no address: a mistake in `ADOBE_IO_KEYS_URL`.
    #[error("ADOBE_IO_KEYS_URL and the key's path make no address")]
    Address(#[from] http::Error),
}

/// Adds the keys that a delivery names to the secrets of its hook. A key that Adobe does not have stays out, so that its
/// signature does not hold.
///
/// # Errors
/// [`KeyError`]: ask the sender to repeat.
pub async fn add(app: &App, delivery: &Delivery, secrets: &mut HookSecrets) -> Result<(), KeyError> {
    // Without a client id no event of Adobe's is meant for this hook.
    if secrets.client_id.as_deref().is_none_or(str::is_empty) {
        return Ok(());
    }
    let mut last = None;
    for path in key_paths(delivery) {
        let known = app.adobe_keys.get(&path.to_owned());
        let key = match known {
            Some(key) => Ok(Some(key)),
            None => fetch(app, path).await,
        };
        match key {
            Ok(Some(key)) => {
                app.adobe_keys.put(path.to_owned(), key.clone());
                secrets.public_keys.push((path.to_owned(), key));
            }
            Ok(None) => {}
            Err(error) => last = Some(error),
        }
    }
    // One good signature of two suffices, so one key does as well.
    match last {
        Some(error) if !secrets.public_keys.iter().any(|(path, _)| path.starts_with('/')) => Err(error),
        _ => Ok(()),
    }
}

async fn fetch(app: &App, path: &str) -> Result<Option<String>, KeyError> {
    let address = format!("{}{path}", app.config.adobe_io_keys.as_str().trim_end_matches('/'));
    let request = http::Request::get(address).body(bytes::Bytes::new())?;
    let answer = app.outbound.send(request, FETCH).await?;
    match answer.status().as_u16() {
        200 if answer.body().len() <= LARGEST_KEY => Ok(String::from_utf8(answer.body().to_vec()).ok()),
        200 | 403 | 404 | 410 => Ok(None),
        status => Err(KeyError::Status(status)),
    }
}
