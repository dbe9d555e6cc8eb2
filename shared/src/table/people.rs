//! The people of an account. They stand in one row: whoever changes it has seen everybody, and of two changes at once one
//! is decided anew.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::{If, Table, keys};
use crate::domain::ids::AccountId;
use crate::domain::people::{Invitation, People, Person, Role};
use crate::domain::private::Private;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The people as they were read, with the counter that a change of them must find again. Zero: nobody was ever invited.
#[derive(Clone, Debug)]
pub struct Kept {
    /// They.
    pub people: People,
    rev: u64,
}

#[derive(Serialize, Deserialize)]
struct PersonRow {
    email: String,
    role: Role,
    since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct InvitationRow {
    email: String,
    role: Role,
    at: Timestamp,
    by: String,
    until: Timestamp,
    mark: String,
}

impl Table {
    /// The people of an account: where nobody was ever invited, the one whose address it has. `None`: there is no such
    /// account.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn people_get(&self, id: &AccountId) -> Result<Option<Kept>, TableError> {
        let Some(item) = self.get(&keys::people(id), true).await? else {
            let account = self.account_get(id).await?;
            return Ok(account
                .map(|account| Kept { people: People::founded(account.email.reveal(), account.created), rev: 0 }));
        };
        let row = Reader(&item);
        let people = row.json::<Vec<PersonRow>>("people")?.into_iter().map(|row| Person {
            email: Private::new(row.email),
            role: row.role,
            since: row.since,
            by: row.by,
        });
        let invitations = row.json::<Vec<InvitationRow>>("invitations")?.into_iter().map(|row| Invitation {
            email: Private::new(row.email),
            role: row.role,
            at: row.at,
            by: row.by,
            until: row.until,
            mark: row.mark,
        });
        let founder = Private::new(row.text("founder")?);
        let people = People { founder, people: people.collect(), invitations: invitations.collect() };
        Ok(Some(Kept { people, rev: row.number("rev")? }))
    }

    /// Keeps the people as they are now.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when somebody changed them since they were read.
    pub async fn people_put(&self, id: &AccountId, kept: &Kept) -> Result<(), TableError> {
        let people = kept.people.people.iter().map(|person| PersonRow {
            email: person.email.reveal().clone(),
            role: person.role,
            since: person.since,
            by: person.by.clone(),
        });
        let invitations = kept.people.invitations.iter().map(|invitation| InvitationRow {
            email: invitation.email.reveal().clone(),
            role: invitation.role,
            at: invitation.at,
            by: invitation.by.clone(),
            until: invitation.until,
            mark: invitation.mark.clone(),
        });
        let row = Writer::new(keys::people(id), "people")
            .number("rev", i128::from(kept.rev + 1))
            .text("founder", kept.people.founder.reveal())
            .json("people", &people.collect::<Vec<_>>())?
            .json("invitations", &invitations.collect::<Vec<_>>())?;
        let condition = if kept.rev == 0 { If::Absent } else { If::Counter("rev", kept.rev) };
        self.put(row.done(), condition).await
    }

    /// Takes all people of an account away.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn people_delete(&self, id: &AccountId) -> Result<(), TableError> {
        self.delete(&keys::people(id)).await
    }

    /// Notes that the person of an address is in an account.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn membership_put(&self, email_hash: &str, id: &AccountId) -> Result<(), TableError> {
        let row = Writer::new(keys::membership(email_hash, id), "membership").text("account", id.as_str());
        self.put(row.done(), If::Always).await
    }

    /// Takes that note away.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn membership_delete(&self, email_hash: &str, id: &AccountId) -> Result<(), TableError> {
        self.delete(&keys::membership(email_hash, id)).await
    }

    /// The accounts in which the person of an address may be, the one that has the address first. Whether they are there
    /// still is for the account's own row to say.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn accounts_of_email(&self, email_hash: &str) -> Result<Vec<AccountId>, TableError> {
        let mut accounts = Vec::new();
        for item in self.rows(&keys::email(email_hash), "", true).await? {
            let account = Reader(&item).parsed("account", AccountId::parse)?;
            if !accounts.contains(&account) {
                accounts.push(account);
            }
        }
        Ok(accounts)
    }
}
