//! What the platforms do not have in common beside their bodies: which secret proves a delivery and who makes it, how an
//! address looks, where the API is. Everyone else asks here.

use crate::domain::connection::StoreSettings;
use crate::domain::platform::Platform;
use url::Url;

/// How a store on which our app was installed stands in its settings.
pub const BY_APP: &str = "app";
/// The ways in which Magento's extensions deliver.
const MAGENTO: [(&str, Way); 4] = [
    ("mage-os", Way::MageOs),
    ("io-events", Way::IoEvents),
    ("commerce-webhooks", Way::CommerceWebhooks),
    ("mageplaza", Way::Mageplaza),
];

/// How a store delivers, where its platform has several ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The platform's only one.
    Usual,
    /// BigCommerce: our app was installed there, and its secret signs.
    Installed,
    /// Magento: Mage-OS' own webhooks.
    MageOs,
    /// Adobe I/O Events.
    IoEvents,
    /// Adobe Commerce Webhooks.
    CommerceWebhooks,
    /// Mageplaza's extension.
    Mageplaza,
}

/// Who makes the secret that proves a store's deliveries, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// We: letters and digits (WooCommerce decodes HTML entities in its secrets).
    Letters,
    /// We: a key of Standard Webhooks.
    Standard,
    /// We: a static header value.
    Header,
    /// The store, its platform or our app there.
    Theirs,
}

/// An address that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadAddress {
    /// The command's option.
    pub field: &'static str,
    /// What to give.
    pub remedy: &'static str,
}

impl Way {
    /// The way that settings name; Magento's default is Mage-OS. `None`: nobody reads it.
    #[must_use]
    pub fn of(platform: Platform, settings: &StoreSettings) -> Option<Self> {
        match (platform, settings.way.as_deref()) {
            (Platform::Magento, None) => Some(Self::MageOs),
            (Platform::Magento, Some(word)) => MAGENTO.iter().find(|(name, _)| *name == word).map(|(_, way)| *way),
            (Platform::BigCommerce, Some(BY_APP)) => Some(Self::Installed),
            _ => Some(Self::Usual),
        }
    }

    /// Who makes the secret.
    #[must_use]
    pub fn secret(self, platform: Platform) -> SecretKind {
        match (self, platform) {
            (Self::MageOs, _) | (Self::Usual, Platform::WooCommerce) => SecretKind::Letters,
            (Self::Usual, Platform::Generic) => SecretKind::Standard,
            (Self::Mageplaza | Self::Installed, _) | (Self::Usual, Platform::BigCommerce) => SecretKind::Header,
            (Self::IoEvents | Self::CommerceWebhooks, _) | (Self::Usual, Platform::Shopify | Platform::Magento) => {
                SecretKind::Theirs
            }
        }
    }

    /// The field without which nobody can prove that a delivery is the store's.
    #[must_use]
    pub fn proof(self, platform: Platform) -> &'static str {
        match (self, platform) {
            (Self::IoEvents, _) => "client_id",
            (Self::CommerceWebhooks, _) => "public_key",
            (_, Platform::BigCommerce) => "client_secret",
            _ => "webhook_secret",
        }
    }
}

/// Whether a static header alone proves a delivery: BigCommerce's stands beside a signature.
#[must_use]
pub fn header_proves(platform: Platform) -> bool {
    platform != Platform::BigCommerce
}

/// Whether our app at the platform signs the deliveries of stores that have no secret of their own.
#[must_use]
pub fn our_app_signs(platform: Platform) -> bool {
    platform == Platform::Shopify
}

/// Whether the platform has an API that is read: a warehouse only delivers.
#[must_use]
pub fn is_read(platform: Platform) -> bool {
    platform != Platform::Generic
}

/// Whether a store's API is on a host that the merchant named, so that requests to it are guarded.
#[must_use]
pub fn is_merchant_host(platform: Platform) -> bool {
    matches!(platform, Platform::WooCommerce | Platform::Magento | Platform::Generic)
}

/// Where a store's API is, given the hosts of the platforms that have one for all stores.
#[must_use]
pub fn api(platform: Platform, address: &str, shopify: Option<&Url>, bigcommerce: &Url) -> Option<String> {
    let trimmed = |url: &Url| url.as_str().trim_end_matches('/').to_owned();
    match platform {
        Platform::Shopify => shopify.map(trimmed),
        Platform::BigCommerce => Some(format!("{}/stores/{address}", trimmed(bigcommerce))),
        Platform::WooCommerce | Platform::Magento => Some(address.trim_end_matches('/').to_owned()),
        Platform::Generic => None,
    }
}

/// A store's address in the one form in which it is kept.
///
/// # Errors
/// The field, and what to give.
pub fn address(platform: Platform, given: &str) -> Result<String, BadAddress> {
    let given = given.trim().trim_end_matches('/');
    let bad = |field, remedy| Err(BadAddress { field, remedy });
    match platform {
        Platform::Shopify => {
            let domain = given.trim_start_matches("https://").to_lowercase();
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
            if domain.is_empty() || !domain.chars().all(plain) {
                return bad("--domain", "give the shop's myshopify.com domain, like tiny-mugs.myshopify.com");
            }
            Ok(domain)
        }
        Platform::BigCommerce if given.is_empty() || !given.chars().all(|c| c.is_ascii_alphanumeric()) => {
            bad("--store-hash", "give the store hash from the API account's path")
        }
        Platform::WooCommerce | Platform::Magento => match Url::parse(given) {
            Err(_) => bad("--url", "give the site's address, like https://shop.example"),
            Ok(url) if url.host_str().is_none() || !matches!(url.scheme(), "https" | "http") => {
                bad("--url", "give the site's https address")
            }
            Ok(_) => Ok(given.to_owned()),
        },
        Platform::Generic if given.is_empty() => Ok("generic".to_owned()),
        Platform::BigCommerce | Platform::Generic => Ok(given.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(platform: Platform, word: Option<&str>) -> Option<Way> {
        Way::of(platform, &StoreSettings { way: word.map(str::to_owned), ..StoreSettings::default() })
    }

    #[test]
    fn each_way_says_who_makes_its_secret_and_what_proves_a_delivery() {
        for (platform, word, kind, proof) in [
            (Platform::Shopify, None, SecretKind::Theirs, "webhook_secret"),
            (Platform::WooCommerce, None, SecretKind::Letters, "webhook_secret"),
            (Platform::BigCommerce, None, SecretKind::Header, "client_secret"),
            (Platform::BigCommerce, Some("app"), SecretKind::Header, "client_secret"),
            (Platform::Magento, None, SecretKind::Letters, "webhook_secret"),
            (Platform::Magento, Some("mage-os"), SecretKind::Letters, "webhook_secret"),
            (Platform::Magento, Some("io-events"), SecretKind::Theirs, "client_id"),
            (Platform::Magento, Some("commerce-webhooks"), SecretKind::Theirs, "public_key"),
            (Platform::Magento, Some("mageplaza"), SecretKind::Header, "webhook_secret"),
            (Platform::Generic, None, SecretKind::Standard, "webhook_secret"),
        ] {
            let way = way(platform, word).expect("a known way");
            assert_eq!((way.secret(platform), way.proof(platform)), (kind, proof), "{platform} {word:?}");
        }
        assert_eq!(way(Platform::Magento, Some("mage")), None, "a way that nobody reads is not taken");
    }

    #[test]
    fn addresses_are_kept_in_one_form_or_refused_with_what_to_give() {
        for (platform, given, kept) in [
            (Platform::Shopify, " https://Tiny-Mugs.myshopify.com/ ", Ok("tiny-mugs.myshopify.com")),
            (Platform::Shopify, "tiny mugs", Err("--domain")),
            (Platform::BigCommerce, "abc123", Ok("abc123")),
            (Platform::BigCommerce, "abc/123", Err("--store-hash")),
            (Platform::WooCommerce, "https://shop.example/", Ok("https://shop.example")),
            (Platform::WooCommerce, "shop.example", Err("--url")),
            (Platform::Magento, "ftp://shop.example", Err("--url")),
            (Platform::Generic, "", Ok("generic")),
            (Platform::Generic, "north", Ok("north")),
        ] {
            let found = address(platform, given);
            assert_eq!(found.as_deref().map_err(|bad| bad.field), kept, "{platform} {given:?}");
        }
    }
}
