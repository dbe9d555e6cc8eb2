//! Signatures, pure: our requests to TikTok, and TikTok's webhooks to us.
//!
//! Source: TikTok Shop Partner Center, "Sign your API request" and "Webhooks overview".

use data_encoding::HEXLOWER;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

/// Signs a request: `hex(HMAC-SHA256(secret, secret + path + sorted(key + value)… + body + secret))`.
///
/// `path` is exactly what is sent; `query` holds decoded values; `sign` and `access_token` in it are left out. The body
/// is covered byte for byte, except that of an upload (`multipart/form-data`).
#[must_use]
pub fn request<K: AsRef<str>, V: AsRef<str>>(
    secret: &SecretString,
    path: &str,
    query: &[(K, V)],
    content_type: &str,
    body: &[u8],
) -> String {
    let secret = secret.expose_secret().as_bytes();
    let mut pairs: Vec<(&str, &str)> = query.iter().map(|(key, value)| (key.as_ref(), value.as_ref())).collect();
    pairs.retain(|(key, _)| !matches!(*key, "sign" | "access_token"));
    pairs.sort_by_key(|(key, _)| key.as_bytes());

    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
    context.update(secret);
    context.update(path.as_bytes());
    for (key, value) in pairs {
        context.update(key.as_bytes());
        context.update(value.as_bytes());
    }
    if !is_upload(content_type) {
        context.update(body);
    }
    context.update(secret);
    HEXLOWER.encode(context.sign().as_ref())
}

/// Only the media type counts; the header also carries `; boundary=…`.
fn is_upload(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("multipart/form-data")
}

/// Whether TikTok's webhook signature holds for one of the app's secrets (current, previous). Constant time.
///
/// `header` is the value of `Authorization`: lower-case hex of `HMAC-SHA256(secret, app key + raw body)`, without a
/// scheme word. The signature covers no time; the caller judges the body's `timestamp`.
#[must_use]
pub fn webhook_holds<'a>(
    app_key: &str,
    secrets: impl IntoIterator<Item = &'a SecretString>,
    header: &str,
    body: &[u8],
) -> bool {
    let Some(given) = HEXLOWER.decode(header.as_bytes()).ok().filter(|given| given.len() == 32) else { return false };
    let mut message = Vec::with_capacity(app_key.len() + body.len());
    message.extend_from_slice(app_key.as_bytes());
    message.extend_from_slice(body);
    secrets.into_iter().any(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        hmac::verify(&key, &message, &given).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::Deserialize;
    use std::collections::HashMap;

    #[derive(Deserialize)]
    struct Vectors {
        requests: Vec<RequestVector>,
        webhooks: Vec<WebhookVector>,
    }

    #[derive(Deserialize)]
    struct RequestVector {
        id: String,
        app_secret: String,
        path: String,
        query: HashMap<String, String>,
        headers: HashMap<String, String>,
        body: Option<String>,
        sign: String,
    }

    #[derive(Deserialize)]
    struct WebhookVector {
        id: String,
        app_key: String,
        app_secret: String,
        raw_body: String,
        authorization_header: String,
        valid: bool,
    }

    fn vectors() -> Vectors {
        let text = include_str!("../../../tests/fixtures/tiktok/tiktok-sign-vectors.json");
        serde_json::from_str(text).expect("the vectors")
    }

    #[test]
    fn every_request_vector_gets_its_signature() {
        let vectors = vectors().requests;
        assert_eq!(vectors.len(), 18);
        for v in vectors {
            let query: Vec<_> = v.query.iter().collect();
            let body = v.body.as_deref().unwrap_or_default();
            let content_type = v.headers.get("content-type").map_or("", String::as_str);
            let sign = request(&v.app_secret.into(), &v.path, &query, content_type, body.as_bytes());
            assert_eq!(sign, v.sign, "{}", v.id);
        }
    }

    #[test]
    fn every_webhook_vector_is_accepted_or_refused_as_marked() {
        let vectors = vectors().webhooks;
        assert_eq!(vectors.len(), 6);
        for v in vectors {
            let right = SecretString::from(v.app_secret);
            let other = SecretString::from("another-secret");
            let holds = |secrets: &[&SecretString]| {
                let secrets = secrets.iter().copied();
                webhook_holds(&v.app_key, secrets, &v.authorization_header, v.raw_body.as_bytes())
            };
            assert_eq!(holds(&[&right]), v.valid, "{}", v.id);
            assert_eq!(holds(&[&right, &other]), v.valid, "{}: current", v.id);
            assert_eq!(holds(&[&other, &right]), v.valid, "{}: previous", v.id);
            assert!(!holds(&[&other]), "{}: neither", v.id);
            assert!(!holds(&[]), "{}: no secret", v.id);
        }
    }

    #[test]
    fn a_signature_in_another_spelling_is_refused() {
        let v = &vectors().webhooks[0];
        let secret = SecretString::from(v.app_secret.clone());
        let upper = v.authorization_header.to_ascii_uppercase();
        let (half, _) = v.authorization_header.split_at(32);
        for header in ["", " ", "é", "zz", half, &upper, &format!("{half}{half}00")] {
            assert!(!webhook_holds(&v.app_key, [&secret], header, v.raw_body.as_bytes()), "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn the_order_of_the_query_does_not_matter(mut pairs in prop::collection::hash_map("[a-z_]{1,6}", "\\PC{0,9}", 0..6)) {
            let secret = SecretString::from("s");
            let pairs: Vec<_> = pairs.drain().collect();
            let reversed: Vec<_> = pairs.iter().rev().cloned().collect();
            prop_assert_eq!(
                request(&secret, "/p", &pairs, "application/json", b"{}"),
                request(&secret, "/p", &reversed, "application/json", b"{}")
            );
        }

        #[test]
        fn no_header_breaks_the_check(header in "\\PC{0,70}", body in prop::collection::vec(any::<u8>(), 0..40)) {
            let secret = SecretString::from("s");
            prop_assert!(!webhook_holds("k", [&secret], &header, &body));
        }
    }
}
