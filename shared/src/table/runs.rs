//! How far a run is that people left to us. Found by the hash of what its page's address holds.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::once::hashed;
use super::{If, Table, keys};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

const KIND: &str = "run";

impl Table {
    /// A run and how often it was written; `None`: unknown, or too old.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn run_get<T: DeserializeOwned>(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<(T, u64)>, TableError> {
        let Some(item) = self.get(&keys::run(&hashed(token)), true).await? else { return Ok(None) };
        let row = Reader(&item);
        let counts = row.time_if("until").is_some_and(|until| until > now);
        if !counts {
            return Ok(None);
        }
        Ok(Some((row.json("body")?, row.number("rev")?)))
    }

    /// Writes how far a run is, if nobody wrote it since it was read (`rev`; 0: it is new). Gives the next `rev`.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when somebody did.
    pub async fn run_put<T: Serialize>(
        &self,
        token: &str,
        run: &T,
        rev: u64,
        until: Timestamp,
    ) -> Result<u64, TableError> {
        let row = Writer::new(keys::run(&hashed(token)), KIND)
            .number("rev", i128::from(rev + 1))
            .json("body", run)?
            .time("until", until)
            .ttl(until);
        let condition = if rev == 0 { If::Absent } else { If::Counter("rev", rev) };
        self.put(row.done(), condition).await?;
        Ok(rev + 1)
    }
}
