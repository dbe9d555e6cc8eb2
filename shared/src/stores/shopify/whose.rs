//! Whether a signed body is a webhook at all, and of the shop that the headers name.
//!
//! Shopify signs more than webhooks with the app's secret: the query of every redirect to the app too, and shows it to
//! the merchant. Such a query is no JSON object. The shop and the topic stand in headers that nothing signs, so what ends a
//! connection must name its shop inside the body as well.

use super::header;
use crate::stores::Delivery;
use crate::stores::error::StoreError;
use crate::stores::json::Text;
use serde::Deserialize;

/// The names by which the bodies of these topics call the shop.
#[derive(Deserialize)]
struct Shop {
    /// `app/uninstalled` carries the shop itself.
    #[serde(default)]
    myshopify_domain: Text,
    /// The shop's main domain, which may be another one.
    #[serde(default)]
    domain: Text,
    /// The privacy topics.
    #[serde(default)]
    shop_domain: Text,
}

/// Refuses what is signed but was never sent as a webhook of this shop.
pub(super) fn checked(delivery: &Delivery) -> Result<(), StoreError> {
    // A struct would also be read from a list.
    let object = delivery.body.trim_ascii_start().starts_with(b"{");
    let shop = object.then(|| serde_json::from_slice::<Shop>(&delivery.body).ok()).flatten();
    let shop = shop.ok_or(StoreError::BadSignature("what was signed is no webhook"))?;
    let ends_something = matches!(
        header(delivery, "topic"),
        Some("app/uninstalled" | "shop/redact" | "customers/redact" | "customers/data_request")
    );
    let sender = header(delivery, "shop-domain").unwrap_or_default();
    let ours = |domain: &&str| domain.to_ascii_lowercase().ends_with(".myshopify.com");
    let main = shop.domain.get().filter(ours);
    let named = [shop.myshopify_domain.get(), shop.shop_domain.get(), main].into_iter().flatten();
    let same = |name: &str| name.eq_ignore_ascii_case(sender);
    if ends_something && !(named.clone().next().is_some() && named.clone().all(same)) {
        return Err(StoreError::BadSignature("the body names another shop than the header"));
    }
    Ok(())
}
