//! Custom fields, one way: what of TikTok's order is written into which field of the store's order.
//!
//! Paths are judged by an allow-list: what is not known to be harmless may be about a buyer, and is refused until a person
//! allows that path. A value that is passed on is never kept and never shown.

mod known;

use super::platform::Platform;
use known::{HARMLESS, OF_A_BUYER, WOOCOMMERCE_OWN};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// Rules of one shop at most.
pub const MOST_RULES: usize = 20;
/// Longest path, in characters.
const LONGEST_PATH: usize = 120;
/// Longest value that is passed on, in characters; the rest is cut.
const LONGEST_VALUE: usize = 500;

/// Why a rule is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRule {
    /// No path.
    #[error("the path is none: write names of TikTok's order joined by dots, for example line_items.0.sku_id")]
    Path,
    /// No field of any platform.
    #[error(
        "the field is none: write namespace.key (Shopify, BigCommerce), _key (WooCommerce) or comment (Magento), \
         for example custom.tiktok_delivery"
    )]
    Field,
    /// A field that the store or Waybill itself works with.
    #[error("the store keeps its own data in that field; take a name of your own, for example _tiktok_delivery")]
    OwnField,
    /// From the store to TikTok.
    #[error(
        "fields go one way, from TikTok's order to the store's: TikTok takes nothing of a store but the tracking. \
         Write the path of TikTok's order first, then the store's field"
    )]
    Backwards,
    /// Not known to be harmless.
    #[error(
        "the path may be about a buyer, and such data is not passed on unless you allow this path: \
         repeat with --allow-buyer-data"
    )]
    BuyerData,
    /// Enough.
    #[error("the shop has {MOST_RULES} rules, and no more are taken; remove one first")]
    TooMany,
}

/// A place in TikTok's order: names and list places joined by dots.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Path(String);

impl Path {
    /// # Errors
    /// [`BadRule::Path`].
    pub fn parse(text: &str) -> Result<Self, BadRule> {
        let text = text.trim();
        let name = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
        let good = text.len() <= LONGEST_PATH && starts && text.split('.').all(name);
        if good { Ok(Self(text.to_owned())) } else { Err(BadRule::Path) }
    }

    /// As a person writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is known to say nothing about a buyer.
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        HARMLESS.iter().any(|known| self.fits(known))
    }

    fn fits(&self, known: &str) -> bool {
        let place = |part: &str| !part.is_empty() && part.len() <= 4 && part.bytes().all(|b| b.is_ascii_digit());
        let (mut ours, mut theirs) = (self.0.split('.'), known.split('.'));
        loop {
            match (ours.next(), theirs.next()) {
                (None, None) => return true,
                (Some(ours), Some("*")) if place(ours) => {}
                (Some(ours), Some(theirs)) if ours == theirs => {}
                _ => return false,
            }
        }
    }

    /// Whether TikTok's order begins like this anywhere.
    fn is_tiktoks(&self) -> bool {
        let first = self.0.split('.').next().unwrap_or_default();
        OF_A_BUYER.contains(&first) || HARMLESS.iter().any(|known| known.split('.').next() == Some(first))
    }

    /// The value at this place, on one line. `None`: nothing is there, or no single value.
    #[must_use]
    pub fn value(&self, order: &Value) -> Option<Passed> {
        let place = self.0.split('.').try_fold(order, |value, part| match value {
            Value::Object(fields) => fields.get(part),
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            _ => None,
        })?;
        let text = match place {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let line: String = line.trim().chars().take(LONGEST_VALUE).collect();
        // What TikTok hides is no value.
        let hidden = !self.is_harmless() && line.contains("**");
        (!line.is_empty() && !hidden).then_some(Passed(line))
    }
}

impl TryFrom<String> for Path {
    type Error = BadRule;

    fn try_from(text: String) -> Result<Self, BadRule> {
        Self::parse(&text)
    }
}

impl From<Path> for String {
    fn from(path: Path) -> Self {
        path.0
    }
}

/// A field of a store's order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Field {
    /// Shopify, BigCommerce: a metafield.
    Metafield {
        /// Its namespace.
        namespace: String,
        /// Its key.
        key: String,
    },
    /// WooCommerce: a key of the order's `meta_data`.
    Meta(String),
    /// Magento: a comment in the order's history.
    Comment,
}

impl Field {
    /// # Errors
    /// [`BadRule::Field`] and [`BadRule::OwnField`].
    pub fn parse(text: &str) -> Result<Self, BadRule> {
        let text = text.trim();
        let word = |part: &str, least: usize| {
            (least..=64).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        if text == "comment" {
            return Ok(Self::Comment);
        }
        if text.starts_with('_') {
            let lower = text.to_ascii_lowercase();
            let plain = word(text, 3) && !text.contains('-');
            return match plain {
                true if WOOCOMMERCE_OWN.iter().any(|own| lower.starts_with(own)) => Err(BadRule::OwnField),
                true => Ok(Self::Meta(text.to_owned())),
                false => Err(BadRule::Field),
            };
        }
        match text.split_once('.') {
            // The least lengths are Shopify's.
            Some((namespace, key)) if word(namespace, 3) && word(key, 2) => {
                if namespace.to_ascii_lowercase().starts_with("shopify") {
                    return Err(BadRule::OwnField);
                }
                Ok(Self::Metafield { namespace: namespace.to_owned(), key: key.to_owned() })
            }
            _ => Err(BadRule::Field),
        }
    }

    /// Whether a platform's orders have such a field.
    #[must_use]
    pub fn is_of(&self, platform: Platform) -> bool {
        match self {
            Self::Metafield { .. } => matches!(platform, Platform::Shopify | Platform::BigCommerce),
            Self::Meta(_) => platform == Platform::WooCommerce,
            Self::Comment => platform == Platform::Magento,
        }
    }

    /// Whether both are of the same platforms: then one path has one of them.
    fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metafield { namespace, key } => write!(f, "{namespace}.{key}"),
            Self::Meta(key) => f.write_str(key),
            Self::Comment => f.write_str("comment"),
        }
    }
}

impl TryFrom<String> for Field {
    type Error = BadRule;

    fn try_from(text: String) -> Result<Self, BadRule> {
        Self::parse(&text)
    }
}

impl From<Field> for String {
    fn from(field: Field) -> Self {
        field.to_string()
    }
}

/// A value on its way. It may be a buyer's: nothing prints it by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Passed(String);

impl Passed {
    /// For the store's request, and nothing else.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passed([a value])")
    }
}

/// A path of TikTok's order and the store's field that it is written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Where in TikTok's order.
    pub path: Path,
    /// Where in the store's.
    pub field: Field,
    /// A person allowed a path that may be about a buyer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub buyer_data: bool,
}

impl Rule {
    /// A rule as a person writes it.
    ///
    /// # Errors
    /// [`BadRule`], whose words say what to write instead.
    pub fn parse(path: &str, field: &str, allow_buyer_data: bool) -> Result<Self, BadRule> {
        let (from, to) = (Path::parse(path), Field::parse(field));
        let from_tiktok = from.as_ref().is_ok_and(Path::is_tiktoks);
        let to_tiktok = Path::parse(field).is_ok_and(|path| path.is_tiktoks());
        if !from_tiktok && to_tiktok {
            return Err(BadRule::Backwards);
        }
        let rule = Self { path: from?, field: to?, buyer_data: false };
        match rule.path.is_harmless() {
            true => Ok(rule),
            false if allow_buyer_data => Ok(Self { buyer_data: true, ..rule }),
            false => Err(BadRule::BuyerData),
        }
    }

    /// Adds it to a shop's rules, in place of one of the same path for the same platforms.
    ///
    /// # Errors
    /// [`BadRule::TooMany`].
    pub fn put_into(self, rules: &mut Vec<Self>) -> Result<(), BadRule> {
        let same = |known: &Self| known.path == self.path && known.field.is_like(&self.field);
        match rules.iter().position(same) {
            Some(place) => rules[place] = self,
            None if rules.len() >= MOST_RULES => return Err(BadRule::TooMany),
            None => rules.push(self),
        }
        Ok(())
    }

    /// What it takes of an order. A path that is neither harmless nor allowed gives nothing, whoever wrote the row.
    #[must_use]
    pub fn value(&self, order: &Value) -> Option<Passed> {
        (self.buyer_data || self.path.is_harmless()).then(|| self.path.value(order))?
    }
}

#[cfg(test)]
#[path = "custom_fields_tests.rs"]
mod tests;
