//! Where the people of accounts stand.

use super::rows::account;
use super::{Key, clean, key};
use crate::domain::ids::AccountId;

/// The people of an account, in one row.
#[must_use]
pub fn people(id: &AccountId) -> Key {
    key(account(id), "PEOPLE")
}

/// Partition of a mail address, by its hash: the account that has it, and those to which its person was invited.
#[must_use]
pub fn email(sha256_hex: &str) -> String {
    format!("EMAIL#{sha256_hex}")
}

/// An address's pointer to an account that it was invited to.
#[must_use]
pub fn membership(sha256_hex: &str, id: &AccountId) -> Key {
    key(email(sha256_hex), format!("MEMBER#{}", clean(id.as_str())))
}

/// Where what the mail service said stands: of the account's address, and of its people's.
pub const MAIL_TROUBLES: &str = "MAIL";

/// What the mail service said about the address of one of an account's people, by the address's hash.
#[must_use]
pub fn person_mail(id: &AccountId, sha256_hex: &str) -> Key {
    key(account(id), format!("MAIL#{sha256_hex}"))
}

/// The hash in such a place; `None`: it is the account's own.
#[must_use]
pub fn person_of_mail(sk: &str) -> Option<&str> {
    sk.strip_prefix("MAIL#")
}
