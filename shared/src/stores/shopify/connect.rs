//! Shopify's OAuth, sans I/O: to the consent page, back with a code, tokens that live an hour, refresh tokens that are
//! replaced at each use.
//!
//! Source: Shopify developer documentation, "Authorization code grant" and "Offline access tokens" (expiring ones,
//! December 2025; required of public apps from January 2027).

use crate::stores::answer::{self, Answer};
use crate::stores::connect::StoreTokens;
use crate::stores::error::StoreError;
use bytes::Bytes;
use data_encoding::HEXLOWER_PERMISSIVE;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use url::form_urlencoded;

/// What the product reads: orders with their fulfillments, and the fulfillment webhooks.
pub const SCOPES: [&str; 2] = ["read_orders", "read_fulfillments"];

/// The `*.myshopify.com` domain in whatever a person typed: the name alone, the domain, or an address of the admin.
#[must_use]
pub fn shop_domain(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(&text);
    let name = match text.strip_prefix("admin.shopify.com/store/") {
        Some(rest) => rest.split(['/', '?']).next()?,
        None => {
            let host = text.split(['/', '?']).next()?;
            host.strip_suffix(".myshopify.com").unwrap_or(host)
        }
    };
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let good = plain && (1..=100).contains(&name.len()) && !name.starts_with('-');
    good.then(|| format!("{name}.myshopify.com"))
}

/// Where the merchant says yes. Offline access is what Shopify grants when no mode is named.
#[must_use]
pub fn consent_url(base: &Url, client_id: &str, redirect: &str, state: &str) -> String {
    let mut url = base.clone();
    url.set_path(&format!("{}/admin/oauth/authorize", base.path().trim_end_matches('/')));
    url.query_pairs_mut()
        .append_pair("client_id", client_id)
        .append_pair("scope", &SCOPES.join(","))
        .append_pair("redirect_uri", redirect)
        .append_pair("state", state);
    url.into()
}

/// Whether Shopify signed this query with one of our app's secrets. Constant time.
///
/// The signed text is every other parameter, sorted, `key=value` with `&` between them. Older pages of the documentation
/// sign decoded values and the official library encoded ones; both name the same parameters, so both count.
#[must_use]
pub fn query_holds<'a>(query: &str, secrets: impl IntoIterator<Item = &'a SecretString>) -> bool {
    let named = |pair: &&str| !pair.is_empty() && !pair.starts_with("hmac=") && !pair.starts_with("signature=");
    let mut raw: Vec<&str> = query.split('&').filter(named).collect();
    raw.sort_unstable();
    let mut plain: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .filter(|(key, _)| key != "hmac" && key != "signature")
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    plain.sort();
    let plain: Vec<String> = plain.iter().map(|(key, value)| format!("{}={}", escaped(key), escaped(value))).collect();
    let given = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "hmac");
    let Some(tag) = given.and_then(|(_, tag)| HEXLOWER_PERMISSIVE.decode(tag.as_bytes()).ok()) else { return false };
    let texts = [raw.join("&"), plain.join("&")];
    secrets.into_iter().any(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        texts.iter().any(|text| hmac::verify(&key, text.as_bytes(), &tag).is_ok())
    })
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('&', "%26")
}

/// Exchanges the consent's code for expiring tokens.
///
/// # Errors
/// [`StoreError::Unreadable`] when the address cannot stand in a request.
pub fn exchange(base: &Url, client_id: &str, secret: &SecretString, code: &str) -> Result<Request<Bytes>, StoreError> {
    let secret = secret.expose_secret();
    token_call(base, &json!({"client_id": client_id, "client_secret": secret, "code": code, "expiring": "1"}))
}

/// Exchanges a refresh token for new tokens. Shopify keeps the old one until the new one is used, so an answer that was
/// lost is asked for again.
///
/// # Errors
/// As [`exchange`].
pub fn refresh(
    base: &Url,
    client_id: &str,
    secret: &SecretString,
    refresh: &SecretString,
) -> Result<Request<Bytes>, StoreError> {
    let body = json!({
        "client_id": client_id, "client_secret": secret.expose_secret(), "grant_type": "refresh_token",
        "refresh_token": refresh.expose_secret(),
    });
    token_call(base, &body)
}

fn token_call(base: &Url, body: &Value) -> Result<Request<Bytes>, StoreError> {
    let uri = format!("{}/admin/oauth/access_token", base.as_str().trim_end_matches('/'));
    answer::request(http::Method::POST, &uri, &[], Some(body))
}

/// Reads the answer to either call. Life times are in seconds from now.
///
/// # Errors
/// [`StoreError::Unauthorised`] when the code or the refresh token is wrong, used or too old: only a new consent helps.
/// Anything else may work later.
pub fn tokens(answer: &Response<Bytes>, now: Timestamp) -> Result<StoreTokens, StoreError> {
    #[derive(Deserialize)]
    struct Tokens {
        access_token: SecretString,
        #[serde(default)]
        scope: String,
        expires_in: Option<i64>,
        refresh_token: Option<SecretString>,
        refresh_token_expires_in: Option<i64>,
    }
    let status = answer.status();
    if matches!(status.as_u16(), 400 | 401 | 403) {
        let word = serde_json::from_slice::<Value>(answer.body()).unwrap_or_default();
        // Our own credentials are wrong: that is the operator's, and ends no merchant's consent.
        let ours = matches!(word["error"].as_str(), Some("invalid_client" | "application_cannot_be_found"));
        return Err(if ours {
            StoreError::Unavailable("the platform does not know our app: check its client id and secret".to_owned())
        } else {
            StoreError::Unauthorised { status: status.as_u16() }
        });
    }
    let Answer::Body(body) = answer::sorted(answer)? else {
        return Err(StoreError::Unavailable("the store does not exist".to_owned()));
    };
    let read: Tokens = answer::json(body)?;
    if read.access_token.expose_secret().is_empty() {
        return Err(StoreError::Unavailable("the token answer has no token".to_owned()));
    }
    // Ten years is for ever; a larger number would not fit into a time.
    let after = |seconds: i64| now.checked_add(SignedDuration::from_secs(seconds.clamp(0, 315_360_000))).ok();
    Ok(StoreTokens {
        access: read.access_token,
        expires: read.expires_in.and_then(after),
        refresh: read.refresh_token.filter(|token| !token.expose_secret().is_empty()),
        refresh_expires: read.refresh_token_expires_in.and_then(after),
        scopes: read.scope.split(',').map(|scope| scope.trim().to_owned()).filter(|scope| !scope.is_empty()).collect(),
    })
}

/// The wanted scopes that were not granted. A right to write holds the right to read.
#[must_use]
pub fn missing_scopes(granted: &[String]) -> Vec<String> {
    // An answer without scopes says nothing; the first call will.
    if granted.is_empty() {
        return Vec::new();
    }
    let held = |wanted: &str| granted.iter().any(|g| g == wanted || *g == wanted.replace("read_", "write_"));
    SCOPES.iter().filter(|scope| !held(scope)).map(|scope| (*scope).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secret() -> SecretString {
        SecretString::from("hush")
    }

    fn signed(text: &str) -> String {
        data_encoding::HEXLOWER
            .encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"hush"), text.as_bytes()).as_ref())
    }

    #[test]
    fn a_shop_is_found_in_whatever_a_person_types() {
        for (text, expected) in [
            ("tiny-mugs", Some("tiny-mugs.myshopify.com")),
            (" Tiny-Mugs.myshopify.com ", Some("tiny-mugs.myshopify.com")),
            ("https://tiny-mugs.myshopify.com/admin/orders", Some("tiny-mugs.myshopify.com")),
            ("https://admin.shopify.com/store/tiny-mugs?x=1", Some("tiny-mugs.myshopify.com")),
            ("tiny-mugs.example.com", None),
            ("evil.example/tiny.myshopify.com", None),
            ("evil.example?.myshopify.com", None),
            ("tiny@evil.myshopify.com", None),
            ("-mugs", None),
            ("", None),
        ] {
            assert_eq!(shop_domain(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_query_counts_only_as_shopify_signed_it() {
        let text = "code=0907a61c&shop=tiny-mugs.myshopify.com&state=0.67&timestamp=1337178173";
        let good =
            format!("shop=tiny-mugs.myshopify.com&timestamp=1337178173&code=0907a61c&state=0.67&hmac={}", signed(text));
        assert!(query_holds(&good, [&secret()]));
        assert!(query_holds(&good, [&SecretString::from("newer"), &secret()]), "the secret before the last rotation");
        let other = SecretString::from("other");
        for (what, query, secret) in [
            ("another secret", good.clone(), &other),
            ("a changed value", good.replace("0907", "0908"), &secret()),
            ("one more parameter", format!("{good}&x=1"), &secret()),
            ("no signature", text.to_owned(), &secret()),
            ("a broken signature", format!("{text}&hmac=zz"), &secret()),
        ] {
            assert!(!query_holds(&query, [secret]), "{what}");
        }
        let encoded = format!("a=1%2F2&b=x%26y&hmac={}", signed("a=1%2F2&b=x%26y"));
        let decoded = format!("a=1%2F2&b=x%26y&hmac={}", signed("a=1/2&b=x%26y"));
        assert!(query_holds(&encoded, [&secret()]) && query_holds(&decoded, [&secret()]));
    }

    fn answer(status: u16, body: &str) -> Response<Bytes> {
        Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes())).expect("response")
    }

    #[test]
    fn tokens_are_read_with_their_ends_and_refusals_by_what_helps() {
        let now = Timestamp::from_second(1_795_000_000).expect("time");
        let body = r#"{"access_token":"shpat_canary","scope":"read_fulfillments,write_orders","expires_in":3600,
            "refresh_token":"shprt_canary","refresh_token_expires_in":7776000}"#;
        let read = tokens(&answer(200, body), now).expect("tokens");
        assert_eq!(read.expires.map(|at| at.as_second()), Some(1_795_003_600));
        assert_eq!(read.refresh_expires.map(|at| at.as_second()), Some(1_802_776_000));
        assert!(missing_scopes(&read.scopes).is_empty() && !format!("{read:?}").contains("canary"));
        assert_eq!(missing_scopes(&["read_orders".to_owned()]), ["read_fulfillments"]);
        let lasting = tokens(&answer(200, r#"{"access_token":"shpat_1","scope":""}"#), now).expect("tokens");
        assert!(lasting.expires.is_none() && lasting.refresh.is_none());
        for (status, body, told) in [
            (400, r#"{"error":"invalid_grant"}"#, "ended"),
            (401, "", "ended"),
            (403, "<html>", "ended"),
            (400, r#"{"error":"invalid_client"}"#, "later"),
            (200, "<html>", "later"),
            (200, r#"{"access_token":""}"#, "later"),
            (404, "{}", "later"),
            (503, "{}", "later"),
        ] {
            let said = match tokens(&answer(status, body), now) {
                Err(StoreError::Unauthorised { .. }) => "ended",
                Err(_) => "later",
                Ok(_) => "tokens",
            };
            assert_eq!(said, told, "{status} {body}");
        }
    }

    proptest! {
        #[test]
        fn no_text_or_query_or_answer_breaks_a_reader(text in "\\PC{0,60}", body in "\\PC{0,60}", life in any::<i64>()) {
            if let Some(domain) = shop_domain(&text) {
                prop_assert!(domain.ends_with(".myshopify.com") && !domain.contains(['/', '@', '?', ':']));
            }
            prop_assert!(!query_holds(&text, [&secret()]));
            let _ = tokens(&answer(200, &body), Timestamp::UNIX_EPOCH);
            let body = format!(r#"{{"access_token":"a","expires_in":{life}}}"#);
            prop_assert!(tokens(&answer(200, &body), Timestamp::UNIX_EPOCH).is_ok());
        }
    }
}
