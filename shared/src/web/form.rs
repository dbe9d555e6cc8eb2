//! Forms: their fields, and the token that shows that a form came from our own page for this session.

use crate::tokens::{KeyRing, UnknownKey};
use data_encoding::BASE64URL_NOPAD;
use ring::hmac;

const LABEL: &[u8] = b"waybill form v1\0";

/// The token for forms of the browser that holds this secret.
///
/// # Errors
/// [`UnknownKey`] never happens to a ring that was parsed.
pub fn token(ring: &KeyRing, browser: &str) -> Result<String, UnknownKey> {
    let (number, key) = ring.current()?;
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), &message(browser));
    Ok(format!("{number}.{}", BASE64URL_NOPAD.encode(mac.as_ref())))
}

/// Whether a form's token is that of this browser. Constant time.
#[must_use]
pub fn token_holds(ring: &KeyRing, browser: &str, token: &str) -> bool {
    let Some((number, mac)) = token.split_once('.') else { return false };
    let key = number.parse().ok().and_then(|number| ring.key(number).ok());
    let (Some(key), Ok(mac)) = (key, BASE64URL_NOPAD.decode(mac.as_bytes())) else { return false };
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), &message(browser), &mac).is_ok()
}

fn message(browser: &str) -> Vec<u8> {
    [LABEL, browser.as_bytes()].concat()
}

/// The fields of a form or a query, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded` text. Anything is some list of fields.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(text).map(|(key, value)| (key.into_owned(), value.into_owned())).collect())
    }

    /// Fields that were decoded elsewhere.
    #[must_use]
    pub fn of(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// All values of a field.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A text as one part of an address.
#[must_use]
pub fn path_part(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The text of one part of an address.
#[must_use]
pub fn of_path_part(part: &str) -> String {
    let escaped = part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(format!("={escaped}").as_bytes())
        .next()
        .map(|(_, text)| text.into_owned())
        .unwrap_or_default()
}

/// A path with a query of these fields; those without a value are left out.
#[must_use]
pub fn address(path: &str, fields: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(fields.iter().filter(|(_, value)| !value.is_empty()));
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::Entropy;
    use proptest::prelude::*;

    #[test]
    fn a_form_token_holds_for_its_browser_only() {
        let ring = KeyRing::generate(&Entropy::new(|bytes| bytes.fill(3)));
        let made = token(&ring, "browser-a").expect("signs");
        assert!(token_holds(&ring, "browser-a", &made));
        for (browser, text) in
            [("browser-b", made.as_str()), ("browser-a", "1."), ("browser-a", ""), ("browser-a", "9.AAAA")]
        {
            assert!(!token_holds(&ring, browser, text), "{browser} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_part_of_an_address_is_read_as_it_was_written(text in any::<String>()) {
            let part = path_part(&text);
            prop_assert!(!part.contains(['/', '?', '#', ' ']), "{part}");
            prop_assert_eq!(of_path_part(&part), text);
        }

        #[test]
        fn any_body_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Fields::parse(&bytes).get("t");
        }
    }
}
