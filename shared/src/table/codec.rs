//! Attribute values ↔ types: the only place that names attribute types.

use super::error::TableError;
use super::keys::{self, DUE, FIND, Index, IndexKey, Key, LIST};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// A row as DynamoDB has it.
pub type Item = HashMap<String, AttributeValue>;

/// Puts a row together.
#[derive(Debug)]
pub struct Writer(Item);

impl Writer {
    /// A row of a kind at a place. `kind` is for people and filters.
    #[must_use]
    pub fn new(key: Key, kind: &str) -> Self {
        let mut item = Item::new();
        item.insert(keys::PK.into(), AttributeValue::S(key.pk));
        item.insert(keys::SK.into(), AttributeValue::S(key.sk));
        item.insert("kind".into(), AttributeValue::S(kind.into()));
        Self(item)
    }

    /// Text.
    #[must_use]
    pub fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.insert(name.into(), AttributeValue::S(value.into()));
        self
    }

    /// Text that may be absent.
    #[must_use]
    pub fn text_if(self, name: &str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// A whole number.
    #[must_use]
    pub fn number(mut self, name: &str, value: impl Into<i128>) -> Self {
        self.0.insert(name.into(), AttributeValue::N(value.into().to_string()));
        self
    }

    /// A moment, in milliseconds since 1970.
    #[must_use]
    pub fn time(self, name: &str, at: Timestamp) -> Self {
        self.number(name, at.as_millisecond())
    }

    /// A structure, as compact JSON text.
    ///
    /// # Errors
    /// [`TableError::Corrupt`] when it cannot be written as JSON: a bug.
    pub fn json(self, name: &str, value: &impl Serialize) -> Result<Self, TableError> {
        let text = serde_json::to_string(value)
            .map_err(|e| TableError::Corrupt { row: name.into(), problem: e.to_string() })?;
        Ok(self.text(name, text))
    }

    /// The row's list of what is to be worked on, if it is in one.
    #[must_use]
    pub fn list(self, place: Option<IndexKey>) -> Self {
        self.at(DUE, place)
    }

    /// The row's list of what needs a hand, if it is in one.
    #[must_use]
    pub fn attention(self, place: Option<IndexKey>) -> Self {
        self.at(LIST, place)
    }

    /// What the row is found by, if by anything.
    #[must_use]
    pub fn found_by(self, place: Option<IndexKey>) -> Self {
        self.at(FIND, place)
    }

    fn at(self, index: Index, place: Option<IndexKey>) -> Self {
        match place {
            Some(place) => self.text(index.pk, place.pk).text(index.sk, place.sk),
            None => self,
        }
    }

    /// When DynamoDB may forget the row.
    #[must_use]
    pub fn ttl(self, at: Timestamp) -> Self {
        self.number(keys::TTL, at.as_second())
    }

    /// The finished row.
    #[must_use]
    pub fn done(self) -> Item {
        self.0
    }
}

/// Takes a row apart.
#[derive(Debug)]
pub struct Reader<'a>(pub &'a Item);

impl Reader<'_> {
    fn corrupt(&self, name: &str, problem: &str) -> TableError {
        let part = |k| self.0.get(k).and_then(|v| v.as_s().ok()).map_or("?", String::as_str);
        TableError::Corrupt {
            row: format!("{} {}", part(keys::PK), part(keys::SK)),
            problem: format!("{name} {problem}"),
        }
    }

    /// The row's place.
    ///
    /// # Errors
    /// [`TableError::Corrupt`].
    pub fn key(&self) -> Result<Key, TableError> {
        Ok(Key { pk: self.text(keys::PK)?, sk: self.text(keys::SK)? })
    }

    /// Text.
    ///
    /// # Errors
    /// [`TableError::Corrupt`] when absent or of another type.
    pub fn text(&self, name: &str) -> Result<String, TableError> {
        self.text_if(name).ok_or_else(|| self.corrupt(name, "is missing"))
    }

    /// Text that may be absent.
    #[must_use]
    pub fn text_if(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(|value| value.as_s().ok()).cloned()
    }

    /// A whole number.
    ///
    /// # Errors
    /// [`TableError::Corrupt`].
    pub fn number<N: TryFrom<i128>>(&self, name: &str) -> Result<N, TableError> {
        self.number_if(name).ok_or_else(|| self.corrupt(name, "is missing or no number of its range"))
    }

    /// A whole number that may be absent.
    #[must_use]
    pub fn number_if<N: TryFrom<i128>>(&self, name: &str) -> Option<N> {
        let text = self.0.get(name)?.as_n().ok()?;
        N::try_from(text.parse::<i128>().ok()?).ok()
    }

    /// A moment.
    ///
    /// # Errors
    /// [`TableError::Corrupt`].
    pub fn time(&self, name: &str) -> Result<Timestamp, TableError> {
        self.time_if(name).ok_or_else(|| self.corrupt(name, "is missing or no time"))
    }

    /// A moment that may be absent.
    #[must_use]
    pub fn time_if(&self, name: &str) -> Option<Timestamp> {
        Timestamp::from_millisecond(self.number_if(name)?).ok()
    }

    /// A typed word.
    ///
    /// # Errors
    /// [`TableError::Corrupt`].
    pub fn parsed<T, E>(&self, name: &str, parse: impl Fn(String) -> Result<T, E>) -> Result<T, TableError> {
        parse(self.text(name)?).map_err(|_| self.corrupt(name, "has a value this version does not know"))
    }

    /// A structure from JSON text.
    ///
    /// # Errors
    /// [`TableError::Corrupt`].
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, TableError> {
        serde_json::from_str(&self.text(name)?).map_err(|_| self.corrupt(name, "cannot be read"))
    }

    /// A structure from JSON text that may be absent.
    ///
    /// # Errors
    /// [`TableError::Corrupt`].
    pub fn json_if<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, TableError> {
        if self.0.contains_key(name) { self.json(name).map(Some) } else { Ok(None) }
    }

    /// Whether the row's time to live has passed. DynamoDB deletes hours late.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.number_if::<i64>(keys::TTL).is_some_and(|ttl| ttl <= now.as_second())
    }
}
