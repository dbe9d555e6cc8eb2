//! The port to a store of secrets.

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use std::fmt;

/// A secret's name: parts of `a-z A-Z 0-9 _ . + = @ -` with `/` between them, as Secrets Manager allows. No part starts
/// with a dot, so that a name is also a path below a folder and never above it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretName(String);

/// Text that cannot name a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a name of a secret: use letters, digits, `_`, `-`, `.`, `+`, `=`, `@` and `/` between parts, 400 at most")]
pub struct BadName;

impl SecretName {
    /// Checks length, characters and parts.
    ///
    /// # Errors
    /// [`BadName`].
    pub fn parse(text: impl Into<String>) -> Result<Self, BadName> {
        let text = text.into();
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_-.+=@/".contains(&b);
        let parts = text.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
        if text.len() <= 400 && parts && text.bytes().all(allowed) { Ok(Self(text)) } else { Err(BadName) }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One value a secret had or has, as its store names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretVersion(String);

impl SecretVersion {
    /// Takes a store's own name of a version.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The store's name of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A secret as it was read.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its text.
    pub text: SecretString,
    /// Which value it is.
    pub version: SecretVersion,
}

/// What a store of secrets can answer instead of a secret. No variant holds any part of a value.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// There is no such secret, or no such version of it: make it.
    #[error("there is no secret {name}")]
    Missing {
        /// Which.
        name: SecretName,
    },
    /// We may not: a permission or a file mode must change.
    #[error("secret {name} may not be used: {problem}")]
    Refused {
        /// Which.
        name: SecretName,
        /// What a person must change.
        problem: String,
    },
    /// The store does not answer; later it may.
    #[error("the store of secrets cannot answer for {name}")]
    Unavailable {
        /// Which.
        name: SecretName,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// A store of secrets: AWS Secrets Manager, or a folder. Both keep the value before the last one readable by version.
pub trait SecretStore: fmt::Debug + Send + Sync {
    /// The current value, or the one of a version.
    fn get<'a>(
        &'a self,
        name: &'a SecretName,
        version: Option<&'a SecretVersion>,
    ) -> BoxFuture<'a, Result<Stored, StoreFault>>;

    /// Replaces the value, or makes the secret. Durable when it returns.
    fn put<'a>(
        &'a self,
        name: &'a SecretName,
        text: &'a SecretString,
    ) -> BoxFuture<'a, Result<SecretVersion, StoreFault>>;

    /// Makes the secret, or leaves it as it is; `true` if it was made.
    fn create<'a>(&'a self, name: &'a SecretName, text: &'a SecretString) -> BoxFuture<'a, Result<bool, StoreFault>>;

    /// Removes the secret with all its values; a missing one is fine. Nothing can bring it back.
    fn remove<'a>(&'a self, name: &'a SecretName) -> BoxFuture<'a, Result<(), StoreFault>>;
}
