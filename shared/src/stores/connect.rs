//! How stores are connected where their platform has a way for it: a file per platform, sans I/O.

pub use super::bigcommerce::connect as bigcommerce;
pub use super::shopify::connect as shopify;
pub use super::woocommerce::connect as woocommerce;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

/// A token that ends sooner than this is replaced before it is used: a call must not outlive it.
const SPARE: SignedDuration = SignedDuration::from_mins(3);

/// What a platform grants our app for one store.
#[derive(Clone, Debug)]
pub struct StoreTokens {
    /// For calls.
    pub access: SecretString,
    /// When it ends; `None`: it does not.
    pub expires: Option<Timestamp>,
    /// For the next tokens.
    pub refresh: Option<SecretString>,
    /// When that ends: then only the merchant helps.
    pub refresh_expires: Option<Timestamp>,
    /// What was granted; empty when the platform does not say.
    pub scopes: Vec<String>,
}

impl StoreTokens {
    /// Whether calls can be made with it for the next minutes.
    #[must_use]
    pub fn usable(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|end| now + SPARE < end)
    }
}
