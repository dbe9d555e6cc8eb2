//! The one list of store platforms.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a merchant's shipments come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Shopify.
    Shopify,
    /// WooCommerce.
    WooCommerce,
    /// BigCommerce.
    BigCommerce,
    /// Magento 2, Mage-OS and Adobe Commerce.
    Magento,
    /// Any warehouse or 3PL that signs our documented body.
    Generic,
}

impl Platform {
    /// Every platform, in the order in which people read them.
    pub const ALL: [Self; 5] = [Self::Shopify, Self::WooCommerce, Self::BigCommerce, Self::Magento, Self::Generic];

    /// The word used in addresses, commands and rows.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shopify => "shopify",
            Self::WooCommerce => "woocommerce",
            Self::BigCommerce => "bigcommerce",
            Self::Magento => "magento",
            Self::Generic => "generic",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Shopify => "Shopify",
            Self::WooCommerce => "WooCommerce",
            Self::BigCommerce => "BigCommerce",
            Self::Magento => "Magento",
            Self::Generic => "Warehouse",
        }
    }

    /// The platform of a word from an address or a command.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str().eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
