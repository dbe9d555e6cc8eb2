//! The secret that signs a store's deliveries, changed after the store was connected. Deliveries that are under way with
//! the old one still count.

use crate::app::App;
use crate::domain::connection::StoreConnection;
use crate::flows::access::store::{StoreSecrets, VaultError, open_hook_secrets, seal_hook_secrets};
use crate::stores::HookSecrets;
use crate::stores::platforms::{SecretKind, Way};
use crate::table::error::TableError;
use data_encoding::{BASE32_NOPAD, BASE64};
use secrecy::{ExposeSecret as _, SecretString};

/// A secret cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum SecretProblem {
    /// Our app's secret signs, for all its stores.
    #[error("our app's secret signs this store's deliveries; the store has none of its own")]
    ByApp,
    /// The store makes its own secret, or signs with a key.
    #[error("this store makes the secret itself")]
    Theirs,
    /// Nothing was given, or more than one word.
    #[error("the secret is blank or holds blanks")]
    Blank,
    /// The store has no webhook address any more.
    #[error("the store's webhook address is gone")]
    Gone,
    /// Sealing.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// What was changed.
#[derive(Debug)]
pub struct SecretChange {
    /// It is a static header value, of which only one counts.
    pub header: bool,
    /// The secret, where we made it: shown once.
    pub made: Option<SecretString>,
}

fn kind(store: &StoreConnection) -> SecretKind {
    Way::of(store.platform, &store.settings).map_or(SecretKind::Theirs, |way| way.secret(store.platform))
}

/// A new secret.
pub(super) fn made(app: &App, kind: SecretKind) -> SecretString {
    SecretString::from(match kind {
        SecretKind::Standard => format!("whsec_{}", BASE64.encode(&app.entropy.bytes::<24>())),
        _ => BASE32_NOPAD.encode(&app.entropy.bytes::<25>()).to_lowercase(),
    })
}

/// Stores the secret that a person gives, or makes a new one where we make the store's secrets.
///
/// # Errors
/// [`SecretProblem`]; nothing is changed then.
pub async fn set(app: &App, store: &StoreConnection, given: Option<&str>) -> Result<SecretChange, SecretProblem> {
    let Some(id) = &store.hook else { return Err(SecretProblem::ByApp) };
    if given.is_some_and(|text| text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control())) {
        return Err(SecretProblem::Blank);
    }
    let hook = app.table.hook_get(id).await?.ok_or(SecretProblem::Gone)?;
    let old = match &hook.secrets {
        Some(sealed) => open_hook_secrets(app, &hook, sealed).await?,
        None => HookSecrets::default(),
    };
    let mut secrets = StoreSecrets {
        webhook_secret: old.current.clone(),
        previous_secret: old.previous.clone(),
        header_secret: old.header.clone(),
        public_key: joined(&old),
        client_id: old.client_id.clone(),
        ..StoreSecrets::default()
    };
    let (header, secret, made) = match (given, kind(store)) {
        // A given header value stands where only a header is compared.
        (Some(text), SecretKind::Header) if old.current.is_none() => (true, SecretString::from(text), None),
        (Some(text), _) => (false, SecretString::from(text), None),
        (None, SecretKind::Theirs) => return Err(SecretProblem::Theirs),
        (None, kind) => {
            let secret = made(app, kind);
            (matches!(kind, SecretKind::Header), secret.clone(), Some(secret))
        }
    };
    if header {
        secrets.header_secret = Some(secret);
    } else {
        let same = old.current.as_ref().is_some_and(|old| old.expose_secret() == secret.expose_secret());
        if !same {
            secrets.previous_secret = old.current;
        }
        secrets.webhook_secret = Some(secret);
    }
    let sealed = seal_hook_secrets(app, &store.account, id, &secrets).await?;
    app.table.hook_put(id, &crate::table::connections::Hook { secrets: Some(sealed), ..hook }).await?;
    app.hooks.forget(&id.as_str().to_owned());
    // Subscriptions carry the secret: the next comparison gives the store the new one.
    app.table.store_change(&store.id, |row| row.polls.subscriptions_checked.take().is_some()).await?;
    Ok(SecretChange { header, made })
}

/// A merchant's public keys as they were pasted.
fn joined(secrets: &HookSecrets) -> Option<String> {
    let keys: String = secrets.public_keys.iter().map(|(_, pem)| pem.as_str()).collect();
    (!keys.is_empty()).then_some(keys)
}
