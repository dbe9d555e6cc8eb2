//! Reading JSON as stores really write it: numbers as text, objects instead of lists, `""` for nothing.
//!
//! Every type here accepts any JSON value, so that one odd field never hides the rest of a message. Bodies come through
//! [`super::exact`], so numbers beyond 64 bits and fractions arrive as text with all their digits.

use crate::domain::fulfilment::StoreLine;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Text or an exact whole number as text; anything else counts as absent. Outer blanks are trimmed, and what is then
/// empty is absent too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text(Option<String>);

impl Text {
    /// The text, if there is any.
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The text, if there is any.
    pub(crate) fn take(self) -> Option<String> {
        self.0
    }

    /// The text, or an empty one.
    pub(crate) fn or_empty(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// The text as an id. What was a float in the body is none: its digits may be lost already.
    pub(crate) fn id(&self) -> Option<&str> {
        self.get().filter(|text| !(text.contains(['.', 'e', 'E']) && text.parse::<f64>().is_ok()))
    }

    fn of(text: &str) -> Self {
        let text = text.trim();
        Self((!text.is_empty()).then(|| text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }
            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text::of(text))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
                Ok(Text(Some(number.to_string())))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
                Ok(Text(Some(number.to_string())))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Text, E> {
                Ok(Text::default())
            }
            fn visit_bool<E>(self, _: bool) -> Result<Text, E> {
                Ok(Text::default())
            }
            fn visit_unit<E>(self) -> Result<Text, E> {
                Ok(Text::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Text, A::Error> {
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Text::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Text, A::Error> {
                while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A list, also when it arrives as an object with numbers for keys (PHP's list with a gap). Anything else is empty;
/// elements that are not of the wanted shape are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// An element of the wanted shape, or something else.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Element<T> {
    Wanted(T),
    Other(IgnoredAny),
}

/// An object of the wanted shape; anything else counts as absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Maybe<T>(pub(crate) Option<T>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Element::deserialize(deserializer)? {
            Element::Wanted(wanted) => Some(wanted),
            Element::Other(_) => None,
        }))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Any<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }
            fn visit_str<E>(self, _: &str) -> Result<List<T>, E> {
                Ok(List::default())
            }
            fn visit_u64<E>(self, _: u64) -> Result<List<T>, E> {
                Ok(List::default())
            }
            fn visit_i64<E>(self, _: i64) -> Result<List<T>, E> {
                Ok(List::default())
            }
            fn visit_f64<E>(self, _: f64) -> Result<List<T>, E> {
                Ok(List::default())
            }
            fn visit_bool<E>(self, _: bool) -> Result<List<T>, E> {
                Ok(List::default())
            }
            fn visit_unit<E>(self) -> Result<List<T>, E> {
                Ok(List::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = items.next_element::<Element<T>>()? {
                    if let Element::Wanted(wanted) = element {
                        list.push(wanted);
                    }
                }
                Ok(List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some((_, element)) = entries.next_entry::<IgnoredAny, Element<T>>()? {
                    if let Element::Wanted(wanted) = element {
                        list.push(wanted);
                    }
                }
                Ok(List(list))
            }
        }
        deserializer.deserialize_any(Any(std::marker::PhantomData))
    }
}

/// Whole units, and whether part of one was made whole. Stores may write `2`, `"2"`, `2.0` or `"2.0000"`; part of a unit
/// still needs a whole one, so it is rounded up, and said. Negative or unreadable counts as none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quantity(pub(crate) u32, pub(crate) bool);

impl Quantity {
    /// The units in a text.
    pub(crate) fn of_text(text: &str) -> Self {
        Self::of(text.trim().parse().unwrap_or(0.0))
    }

    /// So many units of a stock code.
    pub(crate) fn of_sku(self, sku: &str) -> StoreLine {
        StoreLine { part: self.1, ..StoreLine::new(sku, self.0) }
    }

    fn of(number: f64) -> Self {
        // `as` saturates, and turns NaN into 0.
        Self(number.ceil().max(0.0) as u32, number > 0.0 && number.fract() != 0.0)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Any {
            Number(f64),
            Text(String),
            Other(IgnoredAny),
        }
        Ok(match Any::deserialize(deserializer)? {
            Any::Number(number) => Self::of(number),
            Any::Text(text) => Self::of_text(&text),
            Any::Other(_) => Self::default(),
        })
    }
}

/// A plain number that is no id, also as text; anything else is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Amount(pub(crate) f64);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        Ok(Self(text.get().and_then(|text| text.parse().ok()).filter(|n: &f64| n.is_finite()).unwrap_or_default()))
    }
}

/// Yes or no: `true`, `1`, `"1"` and `"true"` are yes, everything else is no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Any {
            Flag(bool),
            Text(Text),
        }
        Ok(Self(match Any::deserialize(deserializer)? {
            Any::Flag(flag) => flag,
            Any::Text(text) => matches!(text.get(), Some("1" | "true")),
        }))
    }
}

/// A moment as any of the stores writes it: RFC 3339, the same without a zone (which then is UTC), or RFC 2822.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.len() > 64 {
        return None;
    }
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp()))
        .or_else(|| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_beyond_a_float_stay_exact_and_floats_are_no_ids() {
        for (value, expected) in [
            (json!(9007199254740993_u64), Some("9007199254740993")),
            (json!(18446744073709551615_u64), Some("18446744073709551615")),
            (json!(" 576000000000000017 "), Some("576000000000000017")),
            (json!(5.76e17), None),
            (json!(""), None),
            (json!(null), None),
            (json!(false), None),
            (json!(["x"]), None),
            (json!({"x": 1}), None),
        ] {
            let text: Text = serde_json::from_value(value.clone()).expect("any value is accepted");
            assert_eq!(text.get(), expected, "{value}");
        }
    }

    #[test]
    fn a_php_list_may_be_an_object_or_nothing() {
        for (value, expected) in [
            (json!([{"a": 1}, {"a": "2"}]), vec!["1", "2"]),
            (json!({"1": {"a": 1}, "7": {"a": 2}}), vec!["1", "2"]),
            (json!([{"a": 1}, 7, {"a": 3}]), vec!["1", "3"]),
            (json!(""), vec![]),
            (json!(null), vec![]),
            (json!([]), vec![]),
        ] {
            #[derive(serde::Deserialize)]
            struct Entry {
                a: Text,
            }
            let list: List<Entry> = serde_json::from_value(value.clone()).expect("any value is accepted");
            assert_eq!(list.0.iter().filter_map(|e| e.a.get()).collect::<Vec<_>>(), expected, "{value}");
        }
    }

    #[test]
    fn a_part_of_a_unit_needs_a_whole_unit() {
        for (value, expected, part) in [
            (json!(2), 2, false),
            (json!(2.0), 2, false),
            (json!("2.0"), 2, false),
            (json!("2.0000"), 2, false),
            (json!(1.5), 2, true),
            (json!("0.25"), 1, true),
            (json!(-1.5), 0, false),
            (json!("many"), 0, false),
            (json!(null), 0, false),
            (json!(1e300), u32::MAX, false),
        ] {
            let quantity: Quantity = serde_json::from_value(value.clone()).expect("any value is accepted");
            assert_eq!((quantity.0, quantity.1), (expected, part), "{value}");
        }
    }

    #[test]
    fn every_way_a_store_writes_a_moment_is_read() {
        for text in [
            "2026-11-21T05:15:40-05:00",
            "2026-11-21T10:15:40Z",
            "2026-11-21T10:15:40",
            "2026-11-21 10:15:40",
            "Sat, 21 Nov 2026 10:15:40 +0000",
        ] {
            assert_eq!(moment(text).map(|m| m.to_string()).as_deref(), Some("2026-11-21T10:15:40Z"), "{text}");
        }
        for text in ["", "soon", "2026-13-01", "0000-00-00 00:00:00"] {
            assert_eq!(moment(text), None, "{text}");
        }
    }
}
