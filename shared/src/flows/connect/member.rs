//! Who a signed-in person is, and where: read from the accounts' own rows at every request, so that whoever is taken out
//! or given another role has lost the old one at once.

use crate::domain::ids::AccountId;
use crate::domain::people::{People, Person};
use crate::table::Table;
use crate::table::accounts::email_hash;
use crate::table::error::TableError;
use crate::table::once::Session;

/// A person in an account.
#[derive(Clone, Debug)]
pub struct Place {
    /// The account.
    pub account: AccountId,
    /// The person there.
    pub person: Person,
}

/// The person of an address's hash.
#[must_use]
pub fn of_hash<'a>(people: &'a People, hash: &str) -> Option<&'a Person> {
    people.people.iter().find(|person| email_hash(person.email.reveal()) == hash)
}

/// The accounts that a person is in, the one that has the person's address first.
///
/// # Errors
/// [`TableError`].
pub async fn places(table: &Table, hash: &str) -> Result<Vec<Place>, TableError> {
    let mut places = Vec::new();
    for account in table.accounts_of_email(hash).await? {
        let Some(kept) = table.people_get(&account).await? else { continue };
        if let Some(person) = of_hash(&kept.people, hash) {
            places.push(Place { account, person: person.clone() });
        }
    }
    Ok(places)
}

/// Who a session is in the account that it looks at, with all people there. `None`: nobody any more.
///
/// # Errors
/// [`TableError`].
pub async fn standing(table: &Table, session: &Session) -> Result<Option<(Person, People)>, TableError> {
    let Some(kept) = table.people_get(&session.account).await? else { return Ok(None) };
    let person = match &session.person {
        Some(hash) => of_hash(&kept.people, hash),
        None => kept.people.find(kept.people.founder.reveal()),
    };
    Ok(person.cloned().map(|person| (person, kept.people)))
}
