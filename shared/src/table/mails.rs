//! The ledger of mails: each step once. Claim, send, mark; a crash in between may send twice, never zero times. Of a mail
//! to several people it also says who has it: a fault of one address sends it to nobody else again.

use super::accounts::email_hash;
use super::codec::{Reader, Writer};
use super::error::TableError;
use super::{If, Table, keys};
use crate::domain::ids::ShopId;
use jiff::{SignedDuration, Timestamp};

/// A claim that nobody marked is a crashed sender's after this long.
const CLAIM: SignedDuration = SignedDuration::from_mins(10);
/// The ledger outlives every cycle.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// Somebody is sending it.
const CLAIMED: &str = "claimed";
/// Some of its readers have it, and nobody is at it.
const PART: &str = "part";
/// Nothing is left to do.
const SENT: &str = "sent";

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
    /// When it was claimed first: by us, or by whoever got it to some of its readers.
    pub since: Timestamp,
    /// Hashes of the addresses that have it.
    reached: Vec<String>,
}

impl MailClaim {
    /// Whether this address has the mail.
    #[must_use]
    pub fn has_reached(&self, email: &str) -> bool {
        self.reached.contains(&email_hash(email))
    }

    /// Whether anybody has it.
    #[must_use]
    pub fn has_reached_somebody(&self) -> bool {
        !self.reached.is_empty()
    }
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
    async fn mail_write(&self, claim: &mut MailClaim, state: &str, now: Timestamp) -> Result<(), TableError> {
        let step = &claim.step;
        let mut row = Writer::new(keys::mail(&step.shop, step.kind, &step.cycle, &step.step), "mail")
            .text("state", state)
            .number("rev", i128::from(claim.rev + 1))
            .time("at", now)
            .ttl(now + KEPT);
        if claim.has_reached_somebody() {
            row = row.time("since", claim.since).json("reached", &claim.reached)?;
        }
        let condition = if claim.rev == 0 { If::Absent } else { If::Counter("rev", claim.rev) };
        self.put(row.done(), condition).await?;
        claim.rev += 1;
        Ok(())
    }

    /// Claims a mail.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn mail_claim(&self, step: MailStep, now: Timestamp) -> Result<Claimed, TableError> {
        let known = self.get(&keys::mail(&step.shop, step.kind, &step.cycle, &step.step), true).await?;
        let mut claim = MailClaim { step, rev: 0, since: now, reached: Vec::new() };
        if let Some(row) = known.as_ref().map(Reader) {
            match row.text("state")?.as_str() {
                PART => {}
                CLAIMED if row.time("at")? + CLAIM >= now => return Ok(Claimed::Elsewhere),
                CLAIMED => {}
                _ => return Ok(Claimed::Sent),
            }
            claim.rev = row.number("rev")?;
            // Absent until somebody has it, and from rows of before a mail had several readers.
            claim.since = row.time_if("since").unwrap_or(now);
            claim.reached = row.json_if("reached")?.unwrap_or_default();
        }
        match self.mail_write(&mut claim, CLAIMED, now).await {
            Ok(()) => Ok(Claimed::Ours(claim)),
            Err(TableError::Conflict) => Ok(Claimed::Elsewhere),
            Err(other) => Err(other),
        }
    }

    /// One of the readers of the claimed mail has it.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn mail_reached(&self, claim: &mut MailClaim, email: &str, now: Timestamp) -> Result<(), TableError> {
        claim.reached.push(email_hash(email));
        self.mail_write(claim, CLAIMED, now).await
    }

    /// The claimed mail went out.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn mail_sent(&self, claim: &mut MailClaim, now: Timestamp) -> Result<(), TableError> {
        self.mail_write(claim, SENT, now).await
    }

    /// Some readers of the claimed mail have it, others not: the next look tries those again.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn mail_part(&self, claim: &mut MailClaim, now: Timestamp) -> Result<(), TableError> {
        self.mail_write(claim, PART, now).await
    }

    /// The claimed mail went out to nobody: the next tick tries again.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn mail_unclaim(&self, claim: &MailClaim) -> Result<(), TableError> {
        let step = &claim.step;
        self.delete_if(&keys::mail(&step.shop, step.kind, &step.cycle, &step.step), "rev", claim.rev).await
    }
}
