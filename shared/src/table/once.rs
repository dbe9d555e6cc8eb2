//! Values that count once, and signed-in browsers. Both are found by the hash of what the browser holds, so a reader of
//! the table cannot use them.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::{If, Table, keys};
use crate::domain::ids::AccountId;
use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The hash under which a secret text of a browser is kept.
#[must_use]
pub fn hashed(secret: &str) -> String {
    HEXLOWER.encode(digest(&SHA256, secret.as_bytes()).as_ref())
}

/// A signed-in browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What it looks at.
    pub account: AccountId,
    /// Who it is: the hash of the person's address. Absent in rows of before there were several people: the founder.
    pub person: Option<String>,
    /// The person was in several accounts when this was written.
    pub several: bool,
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
        self.put(session_row(secret, session).done(), If::Absent).await
    }

    /// Moves the end of a session that is as it was seen, or what it looks at.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when it was moved or ended meanwhile.
    pub async fn session_move(&self, secret: &str, seen: &Session, next: &Session) -> Result<(), TableError> {
        let seen = u64::try_from(seen.until.as_millisecond()).unwrap_or_default();
        self.put(session_row(secret, next).done(), If::Counter("until", seen)).await
    }

    /// Who a browser is.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn session_get(&self, secret: &str, now: Timestamp) -> Result<Option<Session>, TableError> {
        let Some(item) = self.get(&keys::session(&hashed(secret)), true).await? else { return Ok(None) };
        let row = Reader(&item);
        let person = row.text_if("person");
        let session = Session {
            account: row.parsed(if person.is_some() { OF_PERSON } else { WHOLE }, AccountId::parse)?,
            person,
            several: row.text_if("several").is_some(),
            until: row.time("until")?,
        };
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

/// The account's name in the row of a session of before there were people.
const WHOLE: &str = "account";
/// Its name where the session is a person's. A program that knows no roles would take everybody for an owner: it cannot
/// read these.
const OF_PERSON: &str = "looks_at";

fn session_row(secret: &str, session: &Session) -> Writer {
    let name = if session.person.is_some() { OF_PERSON } else { WHOLE };
    Writer::new(keys::session(&hashed(secret)), "session")
        .text(name, session.account.as_str())
        .text_if("person", session.person.as_deref())
        .text_if("several", session.several.then_some("yes"))
        .time("until", session.until)
        .ttl(session.until)
}

/// How often something may happen.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The least time between two.
    pub gap: SignedDuration,
    /// The most within [`window`](Self::window).
    pub most: usize,
    /// See there.
    pub window: SignedDuration,
}

impl Table {
    /// Whether something may happen once more now; if so, it is counted. Of two callers at once, one may.
    ///
    /// # Errors
    /// [`TableError`], never [`TableError::Conflict`].
    pub async fn paced(&self, what: &str, pace: Pace, now: Timestamp) -> Result<bool, TableError> {
        let key = keys::pace(&hashed(what));
        let (mut times, rev) = match self.get(&key, true).await? {
            Some(item) => {
                let row = Reader(&item);
                (row.json::<Vec<i64>>("times")?, row.number::<u64>("rev")?)
            }
            None => (Vec::new(), 0),
        };
        let within = |time: i64, span: SignedDuration| i128::from(now.as_millisecond() - time) < span.as_millis();
        times.retain(|time| within(*time, pace.window));
        if times.len() >= pace.most || times.iter().any(|time| within(*time, pace.gap)) {
            return Ok(false);
        }
        times.push(now.as_millisecond());
        let row = Writer::new(key, "pace").number("rev", i128::from(rev + 1)).json("times", &times)?;
        let condition = if rev == 0 { If::Absent } else { If::Counter("rev", rev) };
        match self.put(row.ttl(now + pace.window).done(), condition).await {
            Ok(()) => Ok(true),
            Err(TableError::Conflict) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// What the keys of this installation look like, as last written down.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn key_marks_get<T: DeserializeOwned>(&self) -> Result<Option<T>, TableError> {
        self.get(&keys::key_marks(), true).await?.map(|item| Reader(&item).json("marks")).transpose()
    }

    /// Writes down what they look like.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn key_marks_put<T: Serialize>(&self, marks: &T) -> Result<(), TableError> {
        self.put(Writer::new(keys::key_marks(), "key marks").json("marks", marks)?.done(), If::Always).await
    }
}

/// DynamoDB deletes hours late, so the time is compared here.
fn counts(row: &Reader<'_>, kind: &str, now: Timestamp) -> bool {
    row.text_if("kind").as_deref() == Some(kind) && row.time_if("until").is_some_and(|until| until > now)
}
