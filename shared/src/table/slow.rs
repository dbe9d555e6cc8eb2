//! What the slow schedule works on: two lists a slot, each with one reader that tells by the row's key what is to be done.

use super::connections::Versioned;
use super::error::TableError;
use super::keys::{self, DUE, Key, Slot};
use super::{Listed, Table};
use crate::domain::ids::{AccountId, ShopId, StoreId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Entries of one list taken up in a pass; what is behind them comes in the next.
const A_PASS: usize = 2048;
/// A row that is due again at once, again and again, is left to the next tick.
const TIMES: usize = 4;

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// A shop's step: its consent, its webhooks, its carriers.
    Shop(ShopId),
    /// A store whose merchant left.
    CleanUp(StoreId),
    /// Tokens to refresh.
    Tokens(Key),
    /// A shop's people to be told, and its holds to be judged.
    Tell(ShopId),
    /// A store to be read.
    Poll(StoreId),
    /// Custom fields of an order to be written.
    Fields(Key),
}

/// A job, and since when it is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueJob {
    /// Since when.
    pub at: Timestamp,
    /// What.
    pub job: Job,
    /// Its row, and where it stood.
    pub listed: Listed,
}

/// What is due in one list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlowDue {
    /// What was not taken up before.
    pub due: Vec<DueJob>,
    /// Entries of a kind that this version does not know.
    pub unknown: u64,
}

/// Which of the two lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlowList {
    /// Authorisations, and stores to clean up after.
    Auth,
    /// Telling, polls, custom fields.
    Poll,
}

/// Places that one tick has taken up: the index is behind, and what failed stays due.
#[derive(Debug, Default)]
pub struct TakenUp(HashMap<Key, Vec<String>>);

impl TakenUp {
    fn is_fresh(&self, entry: &Listed) -> bool {
        let places = self.0.get(&entry.key);
        places.is_none_or(|places| places.len() < TIMES && !places.contains(&entry.place))
    }

    /// Takes an entry up. `false`: it was before.
    pub fn takes(&mut self, entry: &Listed) -> bool {
        let fresh = self.is_fresh(entry);
        if fresh {
            self.0.entry(entry.key.clone()).or_default().push(entry.place.clone());
        }
        fresh
    }
}

/// `None`: a kind of a later version.
fn job(list: SlowList, key: &Key) -> Option<Job> {
    match list {
        SlowList::Auth if keys::is_tokens(key) => Some(Job::Tokens(key.clone())),
        SlowList::Auth => {
            keys::connected_shop(key).map(Job::Shop).or_else(|| keys::connected_store(key).map(Job::CleanUp))
        }
        SlowList::Poll if keys::is_fields(key) => Some(Job::Fields(key.clone())),
        SlowList::Poll => keys::told_shop(key).map(Job::Tell).or_else(|| keys::connected_store(key).map(Job::Poll)),
    }
}

/// How far the daily round over all accounts has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// When it goes on, or begins again.
    pub due: Timestamp,
    /// The last account that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<AccountId>,
}

impl Table {
    /// What is due in a list of a slot and was not taken up before. What nobody knows is left alone, and hides nothing.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn slow_due(
        &self,
        list: SlowList,
        slot: Slot,
        now: Timestamp,
        taken: &TakenUp,
    ) -> Result<SlowDue, TableError> {
        let name = match list {
            SlowList::Auth => keys::auth_list(slot),
            SlowList::Poll => keys::poll_list(slot),
        };
        let mut pages = self.due_pages(&name, &keys::due_by(now));
        let mut found = SlowDue::default();
        while found.due.len() < A_PASS
            && let Some(page) = pages.next().await?
        {
            for item in &page {
                let listed = Listed::read(item, DUE)?;
                match (job(list, &listed.key), keys::read_due(&listed.place)) {
                    (Some(job), Some((at, _))) if taken.is_fresh(&listed) => found.due.push(DueJob { at, job, listed }),
                    (Some(_), Some(_)) => {}
                    _ => found.unknown += 1,
                }
            }
        }
        Ok(found)
    }

    /// How far the round has come. `None`: it never began.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn round_get(&self) -> Result<Option<Versioned<Round>>, TableError> {
        // Eventually consistent: it is written on condition.
        self.body_get(&keys::round(), false).await
    }

    /// Writes it if nobody else did.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when somebody did.
    pub async fn round_put(&self, round: &mut Versioned<Round>) -> Result<(), TableError> {
        self.body_put(keys::round(), "round", round, None).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_taken_up_once_wherever_it_stands_and_a_row_only_so_often() {
        let entry =
            |place: &str| Listed { key: Key { pk: "SHOP#1".into(), sk: "TELL".into() }, place: place.to_owned() };
        let mut taken = TakenUp::default();
        assert!(taken.takes(&entry("1")) && !taken.takes(&entry("1")));
        let more = ["2", "3", "4", "5"].map(|place| taken.takes(&entry(place)));
        assert_eq!(more, [true, true, true, false]);
    }

    #[test]
    fn a_row_of_a_later_version_is_no_job() {
        for (pk, sk) in [("SHOP#1", "DREAM"), ("STORE#s1", "ORDER#1"), ("OTHER#1", "TOKEN"), ("TOKEN#us#1", "OTHER")] {
            let key = Key { pk: pk.into(), sk: sk.into() };
            assert_eq!((job(SlowList::Auth, &key), job(SlowList::Poll, &key)), (None, None), "{pk} {sk}");
        }
    }
}
