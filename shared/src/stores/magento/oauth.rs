//! OAuth 1.0a with HMAC-SHA256, as integrations of Magento sign their requests.
//!
//! Source: RFC 5849, section 3; the signature method is Magento's (HMAC-SHA1 is gone since 2.4.4).

use data_encoding::{BASE64, HEXLOWER};
use http::Method;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use std::sync::atomic::{AtomicU64, Ordering};

/// Nonces made so far.
static MADE: AtomicU64 = AtomicU64::new(0);

/// Everything but the unreserved characters of RFC 3986.
pub(super) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The four credentials of an integration.
#[derive(Clone, Debug)]
pub(super) struct Credentials {
    pub(super) consumer_key: SecretString,
    pub(super) consumer_secret: SecretString,
    pub(super) token: SecretString,
    pub(super) token_secret: SecretString,
}

impl Credentials {
    /// The `Authorization` header for one request. `uri` is absolute, its query already encoded. `counter` keeps requests
    /// of one moment apart.
    pub(super) fn authorization(&self, method: &Method, uri: &str, now: Timestamp, counter: u64) -> String {
        let nonce = self.nonce(uri, now, counter);
        let timestamp = now.as_second().to_string();
        let own = [
            ("oauth_consumer_key", self.consumer_key.expose_secret()),
            ("oauth_nonce", nonce.as_str()),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", timestamp.as_str()),
            ("oauth_token", self.token.expose_secret()),
            ("oauth_version", "1.0"),
        ];
        let key =
            format!("{}&{}", encoded(self.consumer_secret.expose_secret()), encoded(self.token_secret.expose_secret()));
        let signature = sign(&key, &base_string(method, uri, &own));
        let mut header = String::from("OAuth ");
        for (name, value) in own {
            header.push_str(&format!("{name}=\"{}\", ", encoded(value)));
        }
        header.push_str(&format!("oauth_signature=\"{}\"", encoded(&signature)));
        header
    }

    /// Magento refuses a nonce that it saw before with the same time. No randomness is needed: what must differ is hashed,
    /// under a key that nobody else has. Two reads of one address may begin in the same moment of a coarse clock, hence
    /// the count over all reads of this process.
    fn nonce(&self, uri: &str, now: Timestamp, counter: u64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.token_secret.expose_secret().as_bytes());
        let made = MADE.fetch_add(1, Ordering::Relaxed);
        let tag = hmac::sign(&key, format!("{uri} {} {counter} {made}", now.as_nanosecond()).as_bytes());
        HEXLOWER.encode(tag.as_ref().get(..16).unwrap_or_default())
    }
}

fn sign(key: &str, text: &str) -> String {
    BASE64.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), text.as_bytes()).as_ref())
}

/// Method, address and sorted parameters, RFC 5849 section 3.4.1.
fn base_string(method: &Method, uri: &str, own: &[(&str, &str)]) -> String {
    let (address, query) = uri.split_once('?').unwrap_or((uri, ""));
    let mut parameters: Vec<(String, String)> =
        own.iter().map(|(name, value)| (encoded(name), encoded(value))).collect();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text: &str| encoded(&percent_decode_str(text).decode_utf8_lossy());
        parameters.push((decoded(name), decoded(value)));
    }
    parameters.sort();
    let parameters: Vec<String> = parameters.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{method}&{}&{}", encoded(&normal_address(address)), encoded(&parameters.join("&")))
}

/// Scheme and host in lower case, without a default port.
fn normal_address(address: &str) -> String {
    match url::Url::parse(address) {
        Ok(url) => url.to_string(),
        Err(_) => address.to_owned(),
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_string_is_the_one_of_the_standard() {
        // RFC 5849, section 3.4.1.1; its body parameters are written as query here, which gives the same string.
        let text = base_string(
            &Method::POST,
            "HTTP://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b&c2=&a3=2%20q",
            &[
                ("oauth_consumer_key", "9djdj82h48djs9d2"),
                ("oauth_token", "kkk9d7dh3k39sjv7"),
                ("oauth_signature_method", "HMAC-SHA1"),
                ("oauth_timestamp", "137131201"),
                ("oauth_nonce", "7d8f3e4a"),
            ],
        );
        assert_eq!(
            text,
            "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2\
             %3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oa\
             uth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
        );
    }

    #[test]
    fn a_request_is_signed_with_both_secrets() {
        let credentials = Credentials {
            consumer_key: "key".to_owned().into(),
            consumer_secret: "consumer secret".to_owned().into(),
            token: "token".to_owned().into(),
            token_secret: "token&secret".to_owned().into(),
        };
        let now = Timestamp::from_second(1_795_253_747).expect("a moment");
        let header = credentials.authorization(&Method::GET, "https://store.example/rest/V1/orders/7?a=b", now, 1);
        let nonce = header.split("oauth_nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a nonce");
        let own = [
            ("oauth_consumer_key", "key"),
            ("oauth_nonce", nonce),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", "1795253747"),
            ("oauth_token", "token"),
            ("oauth_version", "1.0"),
        ];
        let base = base_string(&Method::GET, "https://store.example/rest/V1/orders/7?a=b", &own);
        let expected = encoded(&sign("consumer%20secret&token%26secret", &base));
        assert!(header.ends_with(&format!("oauth_signature=\"{expected}\"")), "{header}");
        let again = credentials.authorization(&Method::GET, "https://store.example/rest/V1/orders/7?a=b", now, 2);
        assert!(!again.contains(nonce), "each request has its own nonce");
    }
}
