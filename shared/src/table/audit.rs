//! Who did what, when, from where: a row for each act of a person, kept for 400 days.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::{If, Table, keys};
use crate::domain::ids::AccountId;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// Longer than any appeal at TikTok.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// One act of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// When.
    pub at: Timestamp,
    /// Who: a mail address of the account, or the command line.
    pub who: String,
    /// From where.
    pub from: String,
    /// The command's or button's word.
    pub act: String,
    /// What it was done to.
    pub of: String,
    /// What it did, in words.
    pub said: String,
}

impl AuditEntry {
    pub(super) fn read(row: Reader<'_>) -> Result<Self, TableError> {
        Ok(Self {
            at: row.time("at")?,
            who: row.text("who")?,
            from: row.text("from")?,
            act: row.text("act")?,
            of: row.text("of")?,
            said: row.text("said")?,
        })
    }
}

impl Table {
    /// Keeps an act. Two in the same millisecond stand beside each other.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn audit_put(&self, account: &AccountId, entry: &AuditEntry) -> Result<(), TableError> {
        for beside in 0..1_000u32 {
            let row = Writer::new(keys::audit(account, entry.at, beside), "audit")
                .time("at", entry.at)
                .text("who", &entry.who)
                .text("from", &entry.from)
                .text("act", &entry.act)
                .text("of", &entry.of)
                .text("said", &entry.said)
                .ttl(entry.at + KEPT);
            match self.put(row.done(), If::Absent).await {
                Err(TableError::Conflict) => {}
                other => return other,
            }
        }
        Err(TableError::Conflict)
    }

    /// The acts of an account since then, oldest first.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn audit_since(&self, account: &AccountId, since: Timestamp) -> Result<Vec<AuditEntry>, TableError> {
        let mut entries = Vec::new();
        for item in self.rows(&keys::account(account), keys::AUDITS, false).await? {
            let row = Reader(&item);
            let at = row.time("at")?;
            if at >= since {
                entries.push(AuditEntry::read(row)?);
            }
        }
        Ok(entries)
    }
}
