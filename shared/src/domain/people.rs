//! The people of an account: who may do what, who was invited, and that somebody always owns it.

use super::private::Private;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// An invitation works this long.
pub const INVITED_DAYS: i64 = 7;
/// People of one account; their row stays far below what the table holds.
pub const MOST_PEOPLE: usize = 100;
/// Open invitations of one account.
pub const MOST_INVITATIONS: usize = 50;

/// What a person may do; each role may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees and downloads.
    Reader,
    /// Settles parcels: maps, retries, corrects, confirms, chooses, links, dismisses, notes, holds, pauses.
    Operator,
    /// Connects and removes shops and stores, changes settings and people.
    Owner,
}

impl Role {
    /// All of them, least first.
    pub const ALL: [Self; 3] = [Self::Reader, Self::Operator, Self::Owner];

    /// Its word in rows, forms and commands.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Operator => "operator",
            Self::Owner => "owner",
        }
    }

    /// The role of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word.trim().to_ascii_lowercase())
    }

    /// What it may do, for people who choose one.
    #[must_use]
    pub fn explained(self) -> &'static str {
        match self {
            Self::Reader => "sees everything and downloads it, and changes nothing",
            Self::Operator => {
                "settles parcels too: maps carriers, retries, corrects, confirms, dismisses, pauses a shop"
            }
            Self::Owner => "also connects and removes shops and stores, and changes settings and people",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A mail address as it counts as one: without blanks around it, in small letters.
#[must_use]
pub fn address(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The address, as [`address`] writes it: links are mailed there, and the audit names it.
    pub email: Private<String>,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
    /// Who invited them; nobody invited the founder.
    pub by: Option<String>,
}

/// Somebody who may become a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Whom the mail went to, as [`address`] writes it.
    pub email: Private<String>,
    /// What they will be.
    pub role: Role,
    /// When it was sent last.
    pub at: Timestamp,
    /// Who sent it.
    pub by: String,
    /// It works until then.
    pub until: Timestamp,
    /// The hash of its link's secret.
    pub mark: String,
}

/// The people of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct People {
    /// Whose address the account had when it was made: sessions of before there were people are theirs.
    pub founder: Private<String>,
    /// Those who may sign in. One of them is an owner.
    pub people: Vec<Person>,
    /// Those who were asked.
    pub invitations: Vec<Invitation>,
}

/// What may not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Only an owner changes people.
    #[error("only an owner changes people")]
    NotAnOwner,
    /// Somebody must own the account.
    #[error("this is the last owner: make somebody else an owner first")]
    LastOwner,
    /// No such person.
    #[error("nobody with this mail address is here")]
    NoPerson,
    /// The person is here already.
    #[error("this person is here already as {0}: change the role instead")]
    Known(Role),
    /// No such invitation, or it is used, revoked or too old.
    #[error("there is no open invitation for this mail address")]
    NoInvitation,
    /// As many as an account may have.
    #[error("an account has at most {MOST_PEOPLE} people and {MOST_INVITATIONS} open invitations")]
    TooMany,
}

impl People {
    /// Those of an account in which nobody was ever invited: the one whose address it has.
    #[must_use]
    pub fn founded(email: &str, since: Timestamp) -> Self {
        let founder = Private::new(address(email));
        let owner = Person { email: founder.clone(), role: Role::Owner, since, by: None };
        Self { founder, people: vec![owner], invitations: Vec::new() }
    }

    /// The person of an address.
    #[must_use]
    pub fn find(&self, email: &str) -> Option<&Person> {
        let wanted = address(email);
        self.people.iter().find(|person| *person.email.reveal() == wanted)
    }

    /// The addresses of those who may do what this role may.
    #[must_use]
    pub fn who_can(&self, role: Role) -> Vec<&str> {
        self.people.iter().filter(|person| person.role >= role).map(|person| person.email.reveal().as_str()).collect()
    }

    /// The open invitation of an address.
    #[must_use]
    pub fn invited(&self, email: &str) -> Option<&Invitation> {
        let wanted = address(email);
        self.invitations.iter().find(|invitation| *invitation.email.reveal() == wanted)
    }

    /// Asks somebody. A second invitation takes the place of the first, whose link works no more.
    ///
    /// # Errors
    /// [`Refused::Known`], [`Refused::TooMany`].
    pub fn invite(&mut self, invitation: Invitation) -> Result<(), Refused> {
        if let Some(person) = self.find(invitation.email.reveal()) {
            return Err(Refused::Known(person.role));
        }
        self.invitations.retain(|known| known.email != invitation.email);
        if self.invitations.len() >= MOST_INVITATIONS || self.people.len() >= MOST_PEOPLE {
            return Err(Refused::TooMany);
        }
        self.invitations.push(invitation);
        Ok(())
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// [`Refused::NoInvitation`].
    pub fn revoke(&mut self, email: &str) -> Result<(), Refused> {
        let (before, wanted) = (self.invitations.len(), address(email));
        self.invitations.retain(|invitation| *invitation.email.reveal() != wanted);
        if self.invitations.len() == before { Err(Refused::NoInvitation) } else { Ok(()) }
    }

    /// The invitation of a link, while it works.
    #[must_use]
    pub fn of_mark(&self, mark: &str, now: Timestamp) -> Option<&Invitation> {
        self.invitations.iter().find(|invitation| invitation.mark == mark && invitation.until > now)
    }

    /// Takes an invitation up. It is gone then: of two presses at once one finds it.
    ///
    /// # Errors
    /// [`Refused::NoInvitation`], [`Refused::TooMany`].
    pub fn accept(&mut self, mark: &str, now: Timestamp) -> Result<Person, Refused> {
        let invitation = self.of_mark(mark, now).cloned().ok_or(Refused::NoInvitation)?;
        if self.people.len() >= MOST_PEOPLE {
            return Err(Refused::TooMany);
        }
        self.invitations.retain(|other| other.mark != mark);
        let Invitation { email, role, by, .. } = invitation;
        let person = Person { email, role, since: now, by: Some(by) };
        self.people.push(person.clone());
        Ok(person)
    }

    /// Gives somebody another role.
    ///
    /// # Errors
    /// [`Refused::NoPerson`], [`Refused::LastOwner`].
    pub fn set_role(&mut self, email: &str, role: Role) -> Result<Role, Refused> {
        let old = self.find(email).ok_or(Refused::NoPerson)?.role;
        if old == Role::Owner && role != Role::Owner && self.owners() < 2 {
            return Err(Refused::LastOwner);
        }
        let wanted = address(email);
        for person in self.people.iter_mut().filter(|person| *person.email.reveal() == wanted) {
            person.role = role;
        }
        Ok(old)
    }

    /// Takes somebody out.
    ///
    /// # Errors
    /// [`Refused::NoPerson`], [`Refused::LastOwner`].
    pub fn remove(&mut self, email: &str) -> Result<(), Refused> {
        let person = self.find(email).ok_or(Refused::NoPerson)?;
        if person.role == Role::Owner && self.owners() < 2 {
            return Err(Refused::LastOwner);
        }
        let wanted = address(email);
        self.people.retain(|person| *person.email.reveal() != wanted);
        Ok(())
    }

    fn owners(&self) -> usize {
        self.people.iter().filter(|person| person.role == Role::Owner).count()
    }
}

/// Until when an invitation of now works.
#[must_use]
pub fn invited_until(now: Timestamp) -> Timestamp {
    now + SignedDuration::from_hours(24 * INVITED_DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn invitation(email: &str, role: Role, mark: &str) -> Invitation {
        let at = Timestamp::UNIX_EPOCH;
        let email = Private::new(address(email));
        Invitation { email, role, at, by: "owner@example.com".into(), until: invited_until(at), mark: mark.into() }
    }

    #[test]
    fn a_role_may_do_what_those_before_it_may() {
        assert!(Role::Reader < Role::Operator && Role::Operator < Role::Owner);
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("admin"), None);
    }

    #[test]
    fn an_invitation_works_once_for_seven_days_and_a_second_one_takes_its_place() {
        let mut people = People::founded(" Owner@Example.com ", Timestamp::UNIX_EPOCH);
        let (now, late) = (Timestamp::UNIX_EPOCH, invited_until(Timestamp::UNIX_EPOCH));
        people.invite(invitation("Reader@example.com", Role::Reader, "one")).expect("invited");
        people.invite(invitation("reader@example.com", Role::Operator, "two")).expect("again");
        assert_eq!(people.accept("one", now), Err(Refused::NoInvitation));
        assert_eq!(people.accept("two", late), Err(Refused::NoInvitation));
        assert_eq!(people.accept("two", now).expect("in").role, Role::Operator);
        assert_eq!(people.accept("two", now), Err(Refused::NoInvitation));
        let known = people.invite(invitation("READER@example.com", Role::Owner, "three"));
        assert_eq!(known, Err(Refused::Known(Role::Operator)));
    }

    proptest! {
        #[test]
        fn whatever_is_done_somebody_owns_the_account(acts in prop::collection::vec((0..4u8, 0..4u8, 0..3usize), 0..60)) {
            let mut people = People::founded("p0@example.com", Timestamp::UNIX_EPOCH);
            for (act, who, role) in acts {
                let (email, role) = (format!("p{who}@example.com"), Role::ALL[role]);
                let _ = match act {
                    0 => people.invite(invitation(&email, role, &email)),
                    1 => people.accept(&email, Timestamp::UNIX_EPOCH).map(drop),
                    2 => people.set_role(&email, role).map(drop),
                    _ => people.remove(&email),
                };
                prop_assert!(people.owners() > 0);
            }
        }
    }
}
