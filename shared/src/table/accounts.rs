//! Accounts and what belongs to them.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::keys;
use super::{If, Table};
use crate::domain::ids::{AccountId, ShopId, StoreId};
use crate::domain::private::Private;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// The people who see the same shops and stores.
#[derive(Clone, Debug)]
pub struct Account {
    /// Ours.
    pub id: AccountId,
    /// What they call themselves.
    pub name: String,
    /// Where mails go.
    pub email: Private<String>,
    /// Since when.
    pub created: Timestamp,
}

/// Why mails to an account do not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// The address does not take them.
    Bounced,
    /// Their reader marked one as spam.
    Complained,
    /// The mail service did not take one for the address.
    Refused,
}

impl TroubleKind {
    /// The word in rows and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::Refused => "refused",
        }
    }
}

/// Mails to an account do not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MailTrouble {
    /// Why.
    pub kind: TroubleKind,
    /// When the mail service last said so.
    pub since: Timestamp,
}

impl MailTrouble {
    fn read(row: &Reader<'_>) -> Result<Self, TableError> {
        let word = row.text("trouble")?;
        let kinds = [TroubleKind::Complained, TroubleKind::Refused];
        let kind = kinds.into_iter().find(|kind| kind.as_str() == word).unwrap_or(TroubleKind::Bounced);
        Ok(Self { kind, since: row.time("since")? })
    }
}

/// What does not arrive of the mails to an account and to its people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailTroubles {
    /// Of those to the account's address.
    pub account: Option<MailTrouble>,
    /// Of those to its people, by the hash of the address.
    pub people: BTreeMap<String, MailTrouble>,
}

impl MailTroubles {
    /// Whose mails the mail service does not take: the hashes of their addresses.
    #[must_use]
    pub fn refused(&self) -> BTreeSet<String> {
        let refused = self.people.iter().filter(|(_, trouble)| trouble.kind == TroubleKind::Refused);
        refused.map(|(hash, _)| hash.clone()).collect()
    }
}

/// The hash under which an account is found by its mail address.
#[must_use]
pub fn email_hash(email: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, email.trim().to_lowercase().as_bytes());
    HEXLOWER.encode(digest.as_ref())
}

impl Table {
    /// Makes an account. The mail address is claimed first, so that two at once cannot both have it.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when the address has an account already.
    pub async fn account_create(&self, account: &Account) -> Result<(), TableError> {
        let email = account.email.reveal().trim().to_lowercase();
        let claim =
            Writer::new(keys::account_of_email(&email_hash(&email)), "email").text("account", account.id.as_str());
        self.put(claim.done(), If::Absent).await?;
        let row = Writer::new(keys::account_row(&account.id), "account")
            .text("name", account.name.clone())
            .text("email", email)
            .time("created", account.created);
        self.put(row.done(), If::Always).await?;
        let entry = Writer::new(keys::account_entry(&account.id), "account entry").text("account", account.id.as_str());
        self.put(entry.done(), If::Always).await
    }

    /// Takes an account away; its mail address may have another one then. What is connected for it must be gone.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn account_delete(&self, id: &AccountId, email: &str) -> Result<(), TableError> {
        // The entry last: one that leads nowhere is passed over, and deleting again finishes it.
        self.email_release(id, email).await?;
        self.delete(&keys::account_row(id)).await?;
        self.delete(&keys::account_mail(id)).await?;
        self.delete(&keys::account_entry(id)).await
    }

    /// Mails of an account go to another address from now on, which finds the account too, unless another one has it.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when the account was taken away meanwhile.
    pub async fn account_mail_to(&self, id: &AccountId, email: &str) -> Result<(), TableError> {
        let Some(account) = self.account_get(id).await? else { return Err(TableError::Conflict) };
        let new = email.trim().to_lowercase();
        let claim = Writer::new(keys::account_of_email(&email_hash(&new)), "email").text("account", id.as_str());
        match self.put(claim.done(), If::Absent).await {
            Ok(()) | Err(TableError::Conflict) => {}
            Err(other) => return Err(other),
        }
        let row = Writer::new(keys::account_row(id), "account")
            .text("name", account.name)
            .text("email", new)
            .time("created", account.created);
        self.put(row.done(), If::Always).await?;
        self.email_release(id, account.email.reveal()).await
    }

    /// An address may have another account, if it has this one.
    async fn email_release(&self, id: &AccountId, email: &str) -> Result<(), TableError> {
        if self.account_of_email(email).await?.as_ref() == Some(id) {
            self.delete(&keys::account_of_email(&email_hash(email))).await?;
        }
        Ok(())
    }

    /// Gives an account another name.
    ///
    /// # Errors
    /// [`TableError::Conflict`] when it was taken away meanwhile.
    pub async fn account_rename(&self, id: &AccountId, name: &str) -> Result<(), TableError> {
        let Some(account) = self.account_get(id).await? else { return Err(TableError::Conflict) };
        let row = Writer::new(keys::account_row(id), "account")
            .text("name", name)
            .text("email", account.email.reveal().as_str())
            .time("created", account.created);
        self.put(row.done(), If::Always).await
    }

    /// An account.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn account_get(&self, id: &AccountId) -> Result<Option<Account>, TableError> {
        let Some(item) = self.get(&keys::account_row(id), false).await? else { return Ok(None) };
        let row = Reader(&item);
        Ok(Some(Account {
            id: id.clone(),
            name: row.text("name")?,
            email: Private::new(row.text("email")?),
            created: row.time("created")?,
        }))
    }

    /// Keeps that mails to an account do not arrive.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn mail_trouble_put(&self, id: &AccountId, trouble: MailTrouble) -> Result<(), TableError> {
        self.trouble_put(keys::account_mail(id), trouble).await
    }

    /// Keeps that mails to one of its people do not arrive, by the hash of the address.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn person_trouble_put(&self, id: &AccountId, hash: &str, trouble: MailTrouble) -> Result<(), TableError> {
        self.trouble_put(keys::person_mail(id, hash), trouble).await
    }

    async fn trouble_put(&self, at: keys::Key, trouble: MailTrouble) -> Result<(), TableError> {
        let row = Writer::new(at, "mail trouble").text("trouble", trouble.kind.as_str());
        self.put(row.time("since", trouble.since).done(), If::Always).await
    }

    /// Whether mails to an account and its people arrive, as far as the mail service says.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn mail_troubles(&self, id: &AccountId) -> Result<MailTroubles, TableError> {
        let mut troubles = MailTroubles::default();
        for item in self.rows(&keys::account(id), keys::MAIL_TROUBLES, true).await? {
            let row = Reader(&item);
            let trouble = MailTrouble::read(&row)?;
            match keys::person_of_mail(&row.text("sk")?) {
                Some(hash) => drop(troubles.people.insert(hash.to_owned(), trouble)),
                None => troubles.account = Some(trouble),
            }
        }
        Ok(troubles)
    }

    /// A mail to the account has arrived.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn mail_trouble_delete(&self, id: &AccountId) -> Result<(), TableError> {
        self.delete(&keys::account_mail(id)).await
    }

    /// A mail to one of its people has arrived, or they are none any more.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn person_trouble_delete(&self, id: &AccountId, hash: &str) -> Result<(), TableError> {
        self.delete(&keys::person_mail(id, hash)).await
    }

    /// The account of a mail address.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn account_of_email(&self, email: &str) -> Result<Option<AccountId>, TableError> {
        let item = self.get(&keys::account_of_email(&email_hash(email)), true).await?;
        item.map(|item| Reader(&item).parsed("account", AccountId::parse)).transpose()
    }

    /// Every account of this installation.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn accounts_list(&self) -> Result<Vec<AccountId>, TableError> {
        let rows = self.rows(keys::INSTALLATION, "", true).await?;
        rows.iter().map(|item| Reader(item).parsed("account", AccountId::parse)).collect()
    }

    /// At most `limit` accounts behind one, in the order of their ids.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn accounts_after(&self, after: Option<&AccountId>, limit: u16) -> Result<Vec<AccountId>, TableError> {
        let (first, last) = keys::account_entries_after(after);
        let rows = self.rows_between(keys::INSTALLATION, (&first, &last), Some(limit), false).await?;
        rows.iter().map(|item| Reader(item).parsed("account", AccountId::parse)).collect()
    }

    /// Notes that a shop belongs to an account.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn account_shop_put(&self, account: &AccountId, shop: &ShopId) -> Result<(), TableError> {
        let row = Writer::new(keys::account_shop(account, shop), "pointer").text("id", shop.as_str());
        self.put(row.done(), If::Always).await
    }

    /// Notes that a store belongs to an account.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn account_store_put(&self, account: &AccountId, store: &StoreId) -> Result<(), TableError> {
        let row = Writer::new(keys::account_store(account, store), "pointer").text("id", store.as_str());
        self.put(row.done(), If::Always).await
    }

    /// Takes a store out of an account.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn account_store_delete(&self, account: &AccountId, store: &StoreId) -> Result<(), TableError> {
        self.delete(&keys::account_store(account, store)).await
    }

    /// Takes a shop out of an account.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn account_shop_delete(&self, account: &AccountId, shop: &ShopId) -> Result<(), TableError> {
        self.delete(&keys::account_shop(account, shop)).await
    }

    /// The shops of an account.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn account_shops(&self, account: &AccountId) -> Result<Vec<ShopId>, TableError> {
        let rows = self.rows(&keys::account(account), keys::SHOP_POINTERS, true).await?;
        rows.iter().map(|item| Reader(item).parsed("id", ShopId::parse)).collect()
    }

    /// The stores of an account.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn account_stores(&self, account: &AccountId) -> Result<Vec<StoreId>, TableError> {
        let rows = self.rows(&keys::account(account), keys::STORE_POINTERS, true).await?;
        rows.iter().map(|item| Reader(item).parsed("id", StoreId::parse)).collect()
    }
}
