//! Signatures as TikTok computes them, from the raw request. Source: Partner Center, "Sign your API request".

use crate::hmac;

/// The signature of an API request: path, sorted query without `sign` and `access_token`, raw body, between two secrets.
///
/// Values are signed decoded. Of a repeated key only the first value counts. A multipart body is left out.
#[must_use]
pub fn request(secret: &str, path: &str, query: &[(String, String)], media_type: &str, body: &[u8]) -> String {
    let mut pairs: Vec<(&str, &str)> = Vec::with_capacity(query.len());
    for (key, value) in query {
        let signed = !matches!(key.as_str(), "sign" | "access_token");
        if signed && !pairs.iter().any(|(seen, _)| seen == key) {
            pairs.push((key, value));
        }
    }
    pairs.sort_unstable();
    let mut parts: Vec<&[u8]> = vec![secret.as_bytes(), path.as_bytes()];
    for (key, value) in &pairs {
        parts.push(key.as_bytes());
        parts.push(value.as_bytes());
    }
    if !media_type.eq_ignore_ascii_case("multipart/form-data") {
        parts.push(body);
    }
    parts.push(secret.as_bytes());
    hmac::hex(secret.as_bytes(), &parts)
}

/// The `Authorization` header of a webhook: app key and raw body, keyed with the app secret.
#[must_use]
pub fn webhook(app_key: &str, secret: &str, body: &[u8]) -> String {
    hmac::hex(secret.as_bytes(), &[app_key.as_bytes(), body])
}

/// The part of a content type before its parameters.
#[must_use]
pub fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::query_pairs;
    use serde_json::Value;

    const VECTORS: &str = include_str!("../../../../../tests/fixtures/tiktok/tiktok-sign-vectors.json");

    #[test]
    fn every_request_vector_is_signed_as_three_public_clients_sign_it() {
        let vectors: Value = serde_json::from_str(VECTORS).unwrap();
        let requests = vectors["requests"].as_array().unwrap();
        assert_eq!(requests.len(), 18);
        for vector in requests {
            let text = |name: &str| vector[name].as_str().unwrap_or_default();
            let content_type = vector["headers"]["content-type"].as_str().unwrap_or_default();
            let query = query_pairs(text("encoded_query_example"));
            let sign =
                request(text("app_secret"), text("path"), &query, media_type(content_type), text("body").as_bytes());
            assert_eq!(sign, text("sign"), "{}", text("id"));
        }
    }

    #[test]
    fn every_webhook_vector_is_signed_or_shown_wrong_as_marked() {
        let vectors: Value = serde_json::from_str(VECTORS).unwrap();
        let webhooks = vectors["webhooks"].as_array().unwrap();
        assert_eq!(webhooks.len(), 6);
        for vector in webhooks {
            let text = |name: &str| vector[name].as_str().unwrap_or_default();
            let sign = webhook(text("app_key"), text("app_secret"), text("raw_body").as_bytes());
            assert_eq!(sign, text("expected_signature_of_this_body"), "{}", text("id"));
            assert_eq!(sign == text("authorization_header"), vector["valid"] == true, "{}", text("id"));
        }
    }
}
