//! What people add to an order: words, and links to evidence. Rows of their own beside the order.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::{If, Table, keys};
use crate::domain::ids::{AccountId, ShopId, TikTokOrderId};
use jiff::{SignedDuration, Timestamp};

/// As long as the audit: longer than any appeal at TikTok.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// A note, or a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// When it was added.
    pub at: Timestamp,
    /// Who added it.
    pub who: String,
    /// It is a link to evidence; else words.
    pub evidence: bool,
    /// The words or the address, at most 300 characters.
    pub text: String,
}

impl Table {
    /// Keeps a note. Two in the same millisecond stand beside each other. Gives the moment it stands under.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn note_put(
        &self,
        account: &AccountId,
        shop: &ShopId,
        order: &TikTokOrderId,
        note: &Note,
    ) -> Result<Timestamp, TableError> {
        for beside in 0..1_000 {
            let at = note.at + SignedDuration::from_millis(beside);
            let row = Writer::new(keys::note(shop, order, at), "note")
                .text("account", account.as_str())
                .time("at", at)
                .text("who", &note.who)
                .text("what", if note.evidence { "evidence" } else { "note" })
                .text("text", &note.text)
                .ttl(at + KEPT);
            match self.put(row.done(), If::Absent).await {
                Err(TableError::Conflict) => {}
                other => return other.map(|()| at),
            }
        }
        Err(TableError::Conflict)
    }

    /// What was added to an order by this account, oldest first.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn notes(
        &self,
        account: &AccountId,
        shop: &ShopId,
        order: &TikTokOrderId,
    ) -> Result<Vec<Note>, TableError> {
        let mut notes = Vec::new();
        for item in self.rows(&keys::shop(shop), &keys::notes(order), false).await? {
            let row = Reader(&item);
            if row.text("account")? == account.as_str() {
                notes.push(Note {
                    at: row.time("at")?,
                    who: row.text("who")?,
                    evidence: row.text("what")? == "evidence",
                    text: row.text("text")?,
                });
            }
        }
        Ok(notes)
    }
}
