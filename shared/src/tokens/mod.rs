//! Secrets, what they seal, and TikTok's tokens.
//!
//! - [`SecretStore`]: AWS Secrets Manager ([`SecretsManager`]) or a folder ([`SecretFolder`]).
//! - [`Secrets`]: our four secrets through a cache: fresh for five minutes, usable for a day while the store is down.
//! - [`seal()`] and [`open()`]: a value that is of use only in its own row.
//! - [`Grant`] and [`TokenSet`]: an authorisation as the table keeps it and as a call needs it. There are two ways to
//!   keep the tokens: sealed in the row ([`seal_grant`], [`open_grant`]), or in a secret of their own that the row
//!   points to by version ([`store_grant`], [`fetch_grant`], [`erase_grant`]). In both the row's conditional write
//!   decides which set counts, so two refreshers cannot both win. Rows and leases are not known here.

mod app;
mod grant;
mod key_ring;
mod seal;
mod secret_file;
mod secrets;
mod secrets_manager;
mod store;

pub use app::{AppSecrets, PlatformApp, TikTokApp, with_platform_app, with_tiktok_app, without_broken_apps};
pub use grant::{
    Grant, GrantError, GrantRow, KeepError, Kept, Owner, Row, TokenSet, erase_grant, fetch_grant, open_grant,
    seal_grant, store_grant,
};
pub use key_ring::{KEY_BYTES, KeyRing, UnknownKey};
pub use seal::{NotSealed, OpenError, Place, Purpose, SealError, Sealed, open, seal};
pub use secret_file::SecretFolder;
pub use secrets::{Cached, SecretFault, SecretNames, Secrets, init};
pub use secrets_manager::SecretsManager;
pub use store::{BadName, SecretName, SecretStore, SecretVersion, StoreFault, Stored};

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
