//! Identifiers: parsed once at the edge, impossible to swap afterwards.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Text that is not an identifier of the named kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: {problem}")]
pub struct BadId {
    /// What it should have been, in a person's words.
    pub kind: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

fn parse(kind: &'static str, text: &str, longest: usize, allowed: fn(char) -> bool) -> Result<String, BadId> {
    let problem = if text.is_empty() {
        "it is empty"
    } else if text.len() > longest {
        "it is too long"
    } else if !text.chars().all(allowed) {
        "it holds a character that such ids never have"
    } else {
        return Ok(text.to_owned());
    };
    Err(BadId { kind, problem })
}

fn printable(c: char) -> bool {
    !c.is_control()
}

fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '=' | '+' | '/')
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $longest:literal, $allowed:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks length and characters.
            ///
            /// # Errors
            /// [`BadId`] names the kind and the problem, never the text itself.
            pub fn parse(text: impl AsRef<str>) -> Result<Self, BadId> {
                parse($kind, text.as_ref(), $longest, $allowed).map(Self)
            }

            /// The id as the outside wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// One account: the people who see the same shops and stores. Ours.
    AccountId, "account id", 40, token
);
id!(
    /// One store connection. Ours, so that two accounts can never meet on a platform's own id.
    StoreId, "store id", 40, token
);
id!(
    /// The store's own order id as text, for example Shopify's 64-bit number or a 3PL's free order number.
    StoreOrderId, "store order id", 200, printable
);
id!(
    /// The store's id of one shipment (Shopify: fulfillment). Unique within the store order.
    ShipmentId, "shipment id", 200, printable
);
id!(
    /// The unguessable part of a store's webhook address: 128 random bits in base32.
    HookId, "hook id", 40, token
);
id!(
    /// TikTok's shop id: decimal digits.
    ShopId, "TikTok shop id", 32, digit
);
id!(
    /// TikTok's order number: decimal digits, more than an `f64` keeps exactly, hence text.
    TikTokOrderId, "TikTok order id", 32, digit
);
id!(
    /// One unit of a TikTok order: TikTok has one line item per unit, so quantity 3 gives three ids.
    LineItemId, "TikTok line item id", 40, token
);
id!(
    /// TikTok's package id.
    PackageId, "TikTok package id", 40, token
);
id!(
    /// TikTok's shipping provider id. Ids differ by market: only the shop's live list gives one.
    ProviderId, "shipping provider id", 40, token
);
id!(
    /// TikTok's delivery option id; it leads to the list of carriers.
    DeliveryOptionId, "delivery option id", 40, token
);
id!(
    /// TikTok's warehouse id.
    WarehouseId, "warehouse id", 40, token
);
id!(
    /// TikTok's id of the person who authorised one of our two apps.
    OpenId, "TikTok open id", 120, token
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_id_longer_than_a_float_keeps_survives_as_text() {
        let id = TikTokOrderId::parse("576000000000000017").map(|id| id.to_string());
        assert_eq!(id.as_deref(), Ok("576000000000000017"));
    }

    #[test]
    fn text_that_is_no_order_id_is_refused_with_the_reason() {
        for (text, problem) in [("", "it is empty"), ("57600x", "it holds a character that such ids never have")] {
            assert_eq!(TikTokOrderId::parse(text).map_err(|e| e.problem), Err(problem), "{text:?}");
        }
        assert!(TikTokOrderId::parse("1".repeat(33)).is_err());
        assert!(StoreOrderId::parse("a\nb").is_err());
    }
}
