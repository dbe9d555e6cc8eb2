//! Sealed tokens. They have partitions of their own, so that the webhook function has no right to them.

use super::codec::{Item, Reader, Writer};
use super::error::TableError;
use super::keys::{self, Key};
use super::{If, Table};
use jiff::Timestamp;

/// A sealed row: what anyone may know about tokens, and the tokens for those who hold the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// Where it is; part of what the seal binds.
    pub key: Key,
    /// The fence: counts every write of the row. Zero: not stored yet.
    pub rev: u64,
    /// The token version: counts every change of the tokens, and is bound by the seal.
    pub version: u64,
    /// The sealed tokens.
    pub sealed: String,
    /// Clear facts as JSON text: when tokens end, which scopes they have.
    pub facts: String,
    /// Until when somebody refreshes.
    pub refreshing_until: Option<Timestamp>,
    /// When the next refresh or reminder is due.
    pub due: Option<Timestamp>,
}

fn write(row: &SealedRow) -> Item {
    let place = row.due.map(|at| keys::auth_due_of_tokens(&row.key, at));
    let mut writer = Writer::new(row.key.clone(), "token")
        .number("rev", i128::from(row.rev))
        .number("tv", i128::from(row.version))
        .text("sealed", row.sealed.clone())
        .text("facts", row.facts.clone())
        .list(place);
    if let Some(due) = row.due {
        writer = writer.time("due", due);
    }
    if let Some(until) = row.refreshing_until {
        writer = writer.time("refreshing", until);
    }
    writer.done()
}

fn read(item: &Item) -> Result<SealedRow, TableError> {
    let row = Reader(item);
    Ok(SealedRow {
        key: row.key()?,
        rev: row.number("rev")?,
        version: row.number("tv")?,
        sealed: row.text("sealed")?,
        facts: row.text("facts")?,
        refreshing_until: row.time_if("refreshing"),
        due: row.time_if("due"),
    })
}

impl Table {
    /// Writes a row if nobody changed it since it was read (`rev`), and counts `rev` up.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when somebody else was first.
    pub async fn sealed_put(&self, row: &mut SealedRow) -> Result<(), TableError> {
        let condition = if row.rev == 0 { If::Absent } else { If::Counter("rev", row.rev) };
        let next = SealedRow { rev: row.rev + 1, ..row.clone() };
        self.put(write(&next), condition).await?;
        *row = next;
        Ok(())
    }

    /// A sealed row by its key.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn sealed_get(&self, key: &Key) -> Result<Option<SealedRow>, TableError> {
        self.get(key, true).await?.as_ref().map(read).transpose()
    }

    /// Forgets tokens that nobody changed since they were read.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when somebody did.
    pub async fn sealed_delete_seen(&self, seen: &SealedRow) -> Result<(), TableError> {
        self.delete_if(&seen.key, "rev", seen.rev).await
    }

    /// Forgets tokens.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn sealed_delete(&self, key: &Key) -> Result<(), TableError> {
        self.delete(key).await
    }
}
