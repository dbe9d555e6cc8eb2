//! WooCommerce's key hand-over, sans I/O: the merchant says yes on a page of the own site, which posts fresh keys to us
//! and sends the browser back.
//!
//! Source: WooCommerce REST API documentation, "Authentication endpoint".

use crate::stores::error::StoreError;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

/// Keys that a site handed over.
#[derive(Debug)]
pub struct Keys {
    /// Our own word for the round, as we sent it.
    pub round: String,
    /// `ck_…`
    pub key: SecretString,
    /// `cs_…`
    pub secret: SecretString,
}

/// The page on which the merchant says yes. Webhooks can only be made with the right to write.
#[must_use]
pub fn consent_url(site: &Url, round: &str, back: &str, keys_to: &str) -> String {
    let mut url = site.clone();
    url.set_path(&format!("{}/wc-auth/v1/authorize", site.path().trim_end_matches('/')));
    url.query_pairs_mut()
        .append_pair("app_name", "Waybill")
        .append_pair("scope", "read_write")
        .append_pair("user_id", round)
        .append_pair("return_url", back)
        .append_pair("callback_url", keys_to);
    url.into()
}

/// Reads what the site posts.
///
/// # Errors
/// [`StoreError::Unreadable`] when it is incomplete, or the keys may not write.
pub fn keys(body: &[u8]) -> Result<Keys, StoreError> {
    #[derive(Deserialize)]
    struct Posted {
        user_id: serde_json::Value,
        consumer_key: SecretString,
        consumer_secret: SecretString,
        key_permissions: String,
    }
    // The parser's own error may cite the keys.
    let posted: Posted =
        serde_json::from_slice(body).map_err(|_| StoreError::Unreadable("these are no keys of WooCommerce"))?;
    let round = posted.user_id.as_str().ok_or(StoreError::Unreadable("user_id is not a text of ours"))?;
    let whole = |text: &SecretString, start: &str| {
        let text = text.expose_secret();
        text.starts_with(start) && text.len() <= 200 && text.bytes().all(|b| b.is_ascii_graphic())
    };
    if !whole(&posted.consumer_key, "ck_") || !whole(&posted.consumer_secret, "cs_") {
        return Err(StoreError::Unreadable("the keys are incomplete"));
    }
    if posted.key_permissions != "read_write" {
        return Err(StoreError::Unreadable("the keys may not write, so they cannot subscribe webhooks"));
    }
    Ok(Keys { round: round.to_owned(), key: posted.consumer_key, secret: posted.consumer_secret })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_site_in_a_folder_keeps_its_folder() {
        for (site, start) in [
            (
                "https://shop.example",
                "https://shop.example/wc-auth/v1/authorize?app_name=Waybill&scope=read_write&user_id=r&",
            ),
            ("https://shop.example/store/", "https://shop.example/store/wc-auth/v1/authorize?"),
        ] {
            let url = consent_url(&Url::parse(site).expect("url"), "r", "https://w.example/b", "https://w.example/k");
            assert!(url.starts_with(start), "{url}");
            assert!(url.ends_with("return_url=https%3A%2F%2Fw.example%2Fb&callback_url=https%3A%2F%2Fw.example%2Fk"));
        }
    }

    #[test]
    fn keys_are_taken_whole_and_with_the_right_to_write() {
        let body = |key: &str, secret: &str, may: &str| {
            format!(
                r#"{{"key_id":1,"user_id":"round-1","consumer_key":"{key}","consumer_secret":"{secret}","key_permissions":"{may}"}}"#
            )
        };
        let read = keys(body("ck_canary", "cs_canary", "read_write").as_bytes()).expect("keys");
        assert!(read.round == "round-1" && !format!("{read:?}").contains("canary"));
        for bad in [
            body("ck_1", "cs_1", "read"),
            body("xx_1", "cs_1", "read_write"),
            body("ck_1", "", "read_write"),
            body("ck_1\\n", "cs_1", "read_write"),
            r#"{"user_id":7}"#.to_owned(),
            String::new(),
        ] {
            assert!(keys(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_body_breaks_the_reader(body in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(keys(&body).is_err());
        }
    }
}
