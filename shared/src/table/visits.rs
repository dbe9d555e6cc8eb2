//! The rows that say when a shop's orders are read, and when its people are told.

use super::codec::{Reader, Writer};
use super::connections::Versioned;
use super::error::TableError;
use super::keys;
use super::{If, Table};
use crate::domain::ids::{AccountId, ShopId, TikTokOrderId};
use crate::domain::telling::Telling;
use crate::domain::visit::{Look, Visit};
use jiff::{SignedDuration, Timestamp};

/// Looks that were made are of no use; a shop that was parked meanwhile is read as a whole.
const LOOKS_KEPT: SignedDuration = SignedDuration::from_hours(48);

impl Table {
    /// A shop's visits, read strongly: an eventual read could lose a webhook's word.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn visit_get(&self, shop: &ShopId) -> Result<Option<Versioned<Visit>>, TableError> {
        self.body_get(&keys::visit(shop), true).await
    }

    /// Writes them if nobody changed them since they were read.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when somebody did.
    pub async fn visit_put(&self, shop: &ShopId, visit: &mut Versioned<Visit>) -> Result<(), TableError> {
        let place = visit.row.due.map(|due| keys::push_due(shop, due));
        self.body_put(keys::visit(shop), "visit", visit, place).await
    }

    /// Applies a change to a shop's visits as they are now. `false` from the change: nothing is written. `None`: there
    /// are none.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn visit_change(
        &self,
        shop: &ShopId,
        edit: impl Fn(&mut Visit) -> bool,
    ) -> Result<Option<Visit>, TableError> {
        loop {
            let Some(mut visit) = self.visit_get(shop).await? else { return Ok(None) };
            if !edit(&mut visit.row) {
                return Ok(Some(visit.row));
            }
            match self.visit_put(shop, &mut visit).await {
                Ok(()) => return Ok(Some(visit.row)),
                Err(TableError::Conflict) => {}
                Err(other) => return Err(other),
            }
        }
    }

    /// Keeps orders that are to be looked at then, in a row of their own.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn looks_put(
        &self,
        shop: &ShopId,
        account: &AccountId,
        at: Timestamp,
        numbers: &[(TikTokOrderId, String)],
    ) -> Result<(), TableError> {
        let Some((first, _)) = numbers.first() else { return Ok(()) };
        let row = Writer::new(keys::look(shop, at, first), "look")
            .text("account", account.as_str())
            .time("at", at)
            .json("n", &numbers)?
            .ttl(at + LOOKS_KEPT);
        self.put(row.done(), If::Always).await
    }

    /// The orders of this account to be looked at after a time, the nearest first; those of the next minutes among them.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn looks(&self, shop: &ShopId, account: &AccountId, after: Timestamp) -> Result<Vec<Look>, TableError> {
        let (first, last) = keys::looks_after(after);
        let mut looks = Vec::new();
        // Strongly: the last of them were written a moment ago, and the next visit comes by them.
        for item in self.rows_between(&keys::shop(shop), (&first, &last), None, true).await? {
            let row = Reader(&item);
            if row.text("account")? == account.as_str() {
                let at = row.time("at")?;
                let numbers: Vec<(TikTokOrderId, String)> = row.json("n")?;
                looks.extend(numbers.into_iter().map(|(order, number)| Look { order, number, at }));
            }
        }
        Ok(looks)
    }

    /// When a shop's people are told next.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn telling_get(&self, shop: &ShopId) -> Result<Option<Versioned<Telling>>, TableError> {
        self.body_get(&keys::tell(shop), true).await
    }

    /// Writes it if nobody changed it since it was read.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when somebody did.
    pub async fn telling_put(&self, shop: &ShopId, telling: &mut Versioned<Telling>) -> Result<(), TableError> {
        let place = telling.row.due.map(|due| keys::poll_due(shop.as_str(), due));
        self.body_put(keys::tell(shop), "telling", telling, place).await
    }

    /// Applies a change to it as it is now. `false` from the change: nothing is written. `None`: there is none.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn telling_change(
        &self,
        shop: &ShopId,
        edit: impl Fn(&mut Telling) -> bool,
    ) -> Result<Option<Telling>, TableError> {
        loop {
            let Some(mut telling) = self.telling_get(shop).await? else { return Ok(None) };
            if !edit(&mut telling.row) {
                return Ok(Some(telling.row));
            }
            match self.telling_put(shop, &mut telling).await {
                Ok(()) => return Ok(Some(telling.row)),
                Err(TableError::Conflict) => {}
                Err(other) => return Err(other),
            }
        }
    }

    /// Nobody is told of a shop any more.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn telling_delete(&self, shop: &ShopId) -> Result<(), TableError> {
        self.delete(&keys::tell(shop)).await
    }
}
