//! Who gets the mails about a shop: the address of its account, or people of the account that somebody chose. Mails carry
//! links that act, so nobody else can stand on the list, and whoever leaves the account gets no mail from then on.

use super::people::{People, address};
use super::private::Private;
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Serialize, Serializer};

/// People on one shop's list; its row stays small.
pub const MOST_LISTED: usize = 10;

/// The addresses of a shop's list, each as [`address`] writes it, in the order in which the account has its people. Empty:
/// nobody was chosen, and the account's address gets the mails.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct MailList(Vec<Private<String>>);

/// What cannot be a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotListed {
    /// Not one of the people.
    #[error("mail_to: {0} is none of this account's people, and nobody else gets its mails: invite them first")]
    Stranger(String),
    /// Longer than a list may be.
    #[error("mail_to: at most {MOST_LISTED} people get the mails about a shop")]
    TooMany,
}

impl MailList {
    /// Reads addresses with commas between them. Blank, or the word `default`: the account's address.
    ///
    /// # Errors
    /// [`NotListed`].
    pub fn typed(text: &str, people: &People) -> Result<Self, NotListed> {
        let words = || text.split(',').map(address).filter(|word| !word.is_empty());
        if words().eq(["default".to_owned()]) {
            return Ok(Self::default());
        }
        if let Some(stranger) = words().find(|word| people.find(word).is_none()) {
            return Err(NotListed::Stranger(stranger));
        }
        let chosen = people.people.iter().filter(|person| words().any(|word| word == *person.email.reveal()));
        let list: Vec<_> = chosen.map(|person| person.email.clone()).collect();
        if list.len() > MOST_LISTED { Err(NotListed::TooMany) } else { Ok(Self(list)) }
    }

    /// Nobody was chosen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether somebody was chosen.
    #[must_use]
    pub fn has(&self, email: &str) -> bool {
        self.0.iter().any(|listed| *listed.reveal() == address(email))
    }

    /// Those of the list who are people of the account at this moment.
    #[must_use]
    pub fn readers(&self, people: &People) -> Vec<Private<String>> {
        self.0.iter().filter(|listed| people.find(listed.reveal()).is_some()).cloned().collect()
    }

    /// Takes somebody off. `false`: they were not on it.
    pub fn leave(&mut self, email: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|listed| *listed.reveal() != address(email));
        self.0.len() != before
    }

    /// The list in words, for the audit and for the people of the account.
    #[must_use]
    pub fn words(&self) -> String {
        if self.is_empty() {
            return "the account's address".to_owned();
        }
        self.0.iter().map(|listed| listed.reveal().as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// Into the shop's row, beside the people's own.
impl Serialize for MailList {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for listed in &self.0 {
            list.serialize_element(listed.reveal())?;
        }
        list.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::people::{Person, Role};
    use jiff::Timestamp;

    fn people(count: usize) -> People {
        let mut people = People::founded("p0@example.com", Timestamp::UNIX_EPOCH);
        people.people.extend((1..count).map(|n| Person {
            email: Private::new(format!("p{n}@example.com")),
            role: Role::Reader,
            since: Timestamp::UNIX_EPOCH,
            by: None,
        }));
        people
    }

    #[test]
    fn only_people_of_the_account_stand_on_a_list_each_once() {
        let people = people(3);
        let list = MailList::typed(" P2@Example.com,p0@example.com , p2@example.com,", &people).expect("people");
        assert_eq!(list.words(), "p0@example.com, p2@example.com");
        assert_eq!(serde_json::to_string(&list).expect("JSON"), r#"["p0@example.com","p2@example.com"]"#);
        assert_eq!(format!("{list:?}"), "MailList([[private], [private]])");
        for nobody in ["", "  ", ",", "default", " Default "] {
            assert!(MailList::typed(nobody, &people).expect("nobody").is_empty(), "{nobody:?}");
        }
        let stranger = MailList::typed("p0@example.com,x@elsewhere.example", &people);
        assert_eq!(stranger, Err(NotListed::Stranger("x@elsewhere.example".to_owned())));
    }

    #[test]
    fn whoever_leaves_the_account_is_no_reader_any_more() {
        let mut all = people(3);
        let mut list = MailList::typed("p1@example.com,p2@example.com", &all).expect("people");
        all.remove("p1@example.com").expect("not the last owner");
        assert_eq!(list.readers(&all), [Private::new("p2@example.com".to_owned())]);
        assert!(list.leave("P1@example.com") && !list.leave("p1@example.com") && !list.has("p1@example.com"));
    }

    #[test]
    fn a_list_has_an_end() {
        let all = people(MOST_LISTED + 1);
        let text = (0..=MOST_LISTED).map(|n| format!("p{n}@example.com")).collect::<Vec<_>>().join(",");
        assert_eq!(MailList::typed(&text, &all), Err(NotListed::TooMany));
        let (fewer, _) = text.rsplit_once(',').expect("several");
        assert!(MailList::typed(fewer, &all).is_ok());
    }
}
