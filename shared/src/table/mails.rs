//! The ledger of mails: each step once. Claim, send, mark; a crash in between may send twice, never zero times.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::{If, Table, keys};
use crate::domain::ids::ShopId;
use jiff::{SignedDuration, Timestamp};

/// A claim that nobody marked is a crashed sender's after this long.
const CLAIM: SignedDuration = SignedDuration::from_mins(10);
/// The ledger outlives every cycle.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// One mail's place in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailStep {
    /// The shop.
    pub shop: ShopId,
    /// Which mail: `1`, `2`, `2b`, ….
    pub kind: &'static str,
    /// Which consent it is about.
    pub cycle: String,
    /// Which step.
    pub step: String,
}

/// The right to send one mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailClaim {
    step: MailStep,
    rev: u64,
}

/// What came of claiming a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It is ours to send.
    Ours(MailClaim),
    /// It went out before.
    Sent,
    /// Somebody is sending it, or died while doing so: it is to be looked at again.
    Elsewhere,
}

impl Table {
    async fn mail_write(&self, step: &MailStep, state: &str, rev: u64, now: Timestamp) -> Result<(), TableError> {
        let row = Writer::new(keys::mail(&step.shop, step.kind, &step.cycle, &step.step), "mail")
            .text("state", state)
            .number("rev", i128::from(rev + 1))
            .time("at", now)
            .ttl(now + KEPT);
        let condition = if rev == 0 { If::Absent } else { If::Counter("rev", rev) };
        self.put(row.done(), condition).await
    }

    /// Claims a mail.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn mail_claim(&self, step: MailStep, now: Timestamp) -> Result<Claimed, TableError> {
        let known = self.get(&keys::mail(&step.shop, step.kind, &step.cycle, &step.step), true).await?;
        let rev = match known.as_ref().map(Reader) {
            None => 0,
            Some(row) => {
                if row.text("state")? != "claimed" {
                    return Ok(Claimed::Sent);
                }
                if row.time("at")? + CLAIM >= now {
                    return Ok(Claimed::Elsewhere);
                }
                row.number("rev")?
            }
        };
        match self.mail_write(&step, "claimed", rev, now).await {
            Ok(()) => Ok(Claimed::Ours(MailClaim { step, rev: rev + 1 })),
            Err(TableError::Conflict) => Ok(Claimed::Elsewhere),
            Err(other) => Err(other),
        }
    }

    /// The claimed mail went out.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn mail_sent(&self, claim: &MailClaim, now: Timestamp) -> Result<(), TableError> {
        self.mail_write(&claim.step, "sent", claim.rev, now).await
    }

    /// The claimed mail did not go out: the next tick tries again.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn mail_unclaim(&self, claim: &MailClaim) -> Result<(), TableError> {
        let step = &claim.step;
        self.delete_if(&keys::mail(&step.shop, step.kind, &step.cycle, &step.step), "rev", claim.rev).await
    }
}
