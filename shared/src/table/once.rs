//! Values that count once, and signed-in browsers. Both are found by the hash of what the browser holds, so a reader of
//! the table cannot use them.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::{If, Table, keys};
use crate::domain::ids::AccountId;
use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The hash under which a secret text of a browser is kept.
#[must_use]
pub fn hashed(secret: &str) -> String {
    hex::encode(digest(&SHA256, secret.as_bytes()).as_ref())
}

/// A signed-in browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub account: AccountId,
    /// Until when.
    pub until: Timestamp,
}

impl Table {
    /// Keeps a value that counts once, until `until`.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when the same secret exists.
    pub async fn once_put<T: Serialize>(
        &self,
        secret: &str,
        kind: &str,
        value: &T,
        until: Timestamp,
    ) -> Result<(), TableError> {
        let row = Writer::new(keys::once(&hashed(secret)), kind).json("body", value)?.time("until", until).ttl(until);
        self.put(row.done(), If::Absent).await
    }

    /// Looks at such a value without using it up. `None`: unknown, used, too old, or of another kind.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn once_peek<T: DeserializeOwned>(
        &self,
        secret: &str,
        kind: &str,
        now: Timestamp,
    ) -> Result<Option<T>, TableError> {
        let item = self.get(&keys::once(&hashed(secret)), true).await?;
        item.filter(|item| counts(&Reader(item), kind, now)).map(|item| Reader(&item).json("body")).transpose()
    }

    /// Uses such a value up. Of two callers at once, one gets it.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn once_take<T: DeserializeOwned>(
        &self,
        secret: &str,
        kind: &str,
        now: Timestamp,
    ) -> Result<Option<T>, TableError> {
        let item = self.take(&keys::once(&hashed(secret))).await?;
        item.filter(|item| counts(&Reader(item), kind, now)).map(|item| Reader(&item).json("body")).transpose()
    }

    /// Signs a browser in.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn session_put(&self, secret: &str, session: &Session) -> Result<(), TableError> {
        let row = Writer::new(keys::session(&hashed(secret)), "session")
            .text("account", session.account.as_str())
            .time("until", session.until)
            .ttl(session.until);
        self.put(row.done(), If::Absent).await
    }

    /// Who a browser is.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn session_get(&self, secret: &str, now: Timestamp) -> Result<Option<Session>, TableError> {
        let Some(item) = self.get(&keys::session(&hashed(secret)), true).await? else { return Ok(None) };
        let row = Reader(&item);
        let session = Session { account: row.parsed("account", AccountId::parse)?, until: row.time("until")? };
        Ok(Some(session).filter(|session| session.until > now))
    }

    /// Signs a browser out.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn session_delete(&self, secret: &str) -> Result<(), TableError> {
        self.delete(&keys::session(&hashed(secret))).await
    }
}

/// DynamoDB deletes hours late, so the time is compared here.
fn counts(row: &Reader<'_>, kind: &str, now: Timestamp) -> bool {
    row.text_if("kind").as_deref() == Some(kind) && row.time_if("until").is_some_and(|until| until > now)
}
