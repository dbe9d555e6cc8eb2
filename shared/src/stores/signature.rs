//! Signature checks shared by several platforms. All compare in constant time, over the raw bytes.

use super::error::StoreError;
use super::{Delivery, HookSecrets};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use jiff::Timestamp;
use ring::{hmac, signature};
use secrecy::{ExposeSecret, SecretString};

/// Standard Webhooks: how far the signed time may be from ours, in seconds, each way.
const TOLERANCE: i64 = 300;
/// More signatures in one header than any sender makes; bounds the work of a forged header.
const MOST_SIGNATURES: usize = 16;

/// Headers looked at for a static secret; bounds the work of a stranger.
const MOST_HEADERS: usize = 8;

const MISSING: StoreError = StoreError::BadSignature("the header with the signature is missing");
const NO_SECRET: StoreError = StoreError::BadSignature("no secret is known for this address");
const UNREADABLE: StoreError = StoreError::BadSignature("the signature has the wrong form");
const WRONG: StoreError = StoreError::BadSignature("the signature does not match");

/// How the text of an HMAC signature is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// With padding, nothing left out.
    Base64,
    /// Either case.
    Hex,
}

/// The only value of a header. Two values are as bad as none: nobody could say which one was checked.
pub(crate) fn header<'a>(delivery: &'a Delivery, name: &str) -> Option<&'a str> {
    let mut values = delivery.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => std::str::from_utf8(value.as_bytes()).ok().map(str::trim),
        _ => None,
    }
}

/// The secrets that may have signed: the current one and the one before the last rotation. An empty secret is none:
/// anybody could sign with it.
pub(crate) fn signing_secrets(secrets: &HookSecrets) -> impl Iterator<Item = &SecretString> {
    [&secrets.current, &secrets.previous].into_iter().flatten().filter(|secret| !secret.expose_secret().is_empty())
}

/// HMAC-SHA256 of the body under one of the keys.
///
/// # Errors
/// [`StoreError::BadSignature`].
pub(crate) fn hmac_sha256(
    keys: &[impl AsRef<[u8]>],
    body: &[u8],
    given: Option<&str>,
    form: Form,
) -> Result<(), StoreError> {
    let given = given.filter(|text| !text.is_empty()).ok_or(MISSING)?;
    let tag = match form {
        Form::Base64 => BASE64.decode(given.as_bytes()).map_err(|_| UNREADABLE)?,
        Form::Hex => HEXLOWER_PERMISSIVE.decode(given.as_bytes()).map_err(|_| UNREADABLE)?,
    };
    any_key_matches(keys, body, &[tag])
}

/// Standard Webhooks v1: base64 HMAC-SHA256 of `id.timestamp.body`, several signatures separated by blanks, unknown
/// kinds ignored, signed time within 300 s of ours. Source: the Standard Webhooks specification.
///
/// # Errors
/// [`StoreError::BadSignature`].
pub(crate) fn standard_webhooks(
    keys: &[impl AsRef<[u8]>],
    delivery: &Delivery,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = header(delivery, "webhook-id").filter(|id| !id.is_empty()).ok_or(MISSING)?;
    // A full stop parts id, time and body: inside an id it would move the border, and another text would be signed.
    if id.contains('.') {
        return Err(StoreError::BadSignature("webhook-id holds a full stop"));
    }
    let digits = delivery.body.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits > 0 && delivery.body.get(digits) == Some(&b'.') {
        return Err(StoreError::BadSignature("the body begins with what was signed as a time"));
    }
    let time = header(delivery, "webhook-timestamp").ok_or(MISSING)?;
    let given = header(delivery, "webhook-signature").ok_or(MISSING)?;
    let seconds: i64 = time.parse().map_err(|_| StoreError::BadSignature("the signed time is not a number"))?;
    if now.as_second().abs_diff(seconds) > TOLERANCE.unsigned_abs() {
        return Err(StoreError::BadSignature("the signed time is more than 300 seconds from now"));
    }
    let tags: Vec<Vec<u8>> = given
        .split(' ')
        .take(MOST_SIGNATURES)
        .filter_map(|one| one.strip_prefix("v1,"))
        .filter_map(|text| BASE64.decode(text.as_bytes()).ok())
        .collect();
    let mut signed = Vec::with_capacity(id.len() + time.len() + delivery.body.len() + 2);
    for part in [id.as_bytes(), b".", time.as_bytes(), b".", &delivery.body] {
        signed.extend_from_slice(part);
    }
    any_key_matches(keys, &signed, &tags)
}

fn any_key_matches(keys: &[impl AsRef<[u8]>], signed: &[u8], tags: &[Vec<u8>]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Err(NO_SECRET);
    }
    let mut good = false;
    for key in keys {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_ref());
        for tag in tags {
            good |= hmac::verify(&key, signed, tag).is_ok();
        }
    }
    if good { Ok(()) } else { Err(WRONG) }
}

/// RSA PKCS#1 v1.5 with SHA-256; `given` is base64, `pem` a public key.
///
/// # Errors
/// [`StoreError::BadSignature`], also for a key that cannot be read.
pub(crate) fn rsa_sha256(pem: &str, signed: &[u8], given: &str) -> Result<(), StoreError> {
    let tag = BASE64.decode(given.as_bytes()).map_err(|_| UNREADABLE)?;
    let key = rsa_key(pem).ok_or(StoreError::BadSignature("the public key cannot be read"))?;
    signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, key)
        .verify(signed, &tag)
        .map_err(|_| WRONG)
}

/// Whether [`rsa_sha256`] can read this key.
pub(crate) fn is_rsa_key(pem: &str) -> bool {
    rsa_key(pem).is_some()
}

/// A secret sent as it is, compared in constant time.
///
/// # Errors
/// [`StoreError::BadSignature`].
pub(crate) fn static_secret(expected: Option<&SecretString>, given: &[&[u8]]) -> Result<(), StoreError> {
    let expected = expected.map(ExposeSecret::expose_secret).filter(|text| !text.is_empty()).ok_or(NO_SECRET)?;
    if given.is_empty() {
        return Err(MISSING);
    }
    let mut good = false;
    for one in given {
        good |= same(expected.as_bytes(), one);
    }
    if good { Ok(()) } else { Err(StoreError::BadSignature("the static secret does not match")) }
}

/// Compares without telling by the time it takes how much agrees: both sides are hashed first.
fn same(left: &[u8], right: &[u8]) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"comparison");
    let tag = hmac::sign(&key, left);
    hmac::verify(&key, right, tag.as_ref()).is_ok()
}

/// The values a static secret may stand in: `X-Tracking-Auth` or `Authorization`, bare, as `Bearer`, or as the password of
/// `Basic`; then any other header that is named after a secret, since some add-ons let the merchant name it.
pub(crate) fn static_candidates(delivery: &Delivery) -> Vec<Vec<u8>> {
    let named = ["x-tracking-auth", "authorization"];
    let others = delivery.headers.keys().map(http::HeaderName::as_str).filter(|name| {
        !named.contains(name) && ["secret", "token", "auth", "key", "password"].iter().any(|word| name.contains(word))
    });
    let mut found = Vec::new();
    for value in named.into_iter().chain(others.take(MOST_HEADERS)).filter_map(|name| header(delivery, name)) {
        found.push(value.as_bytes().to_vec());
        let Some((scheme, rest)) = value.split_once(' ') else { continue };
        found.push(rest.trim().as_bytes().to_vec());
        if !scheme.eq_ignore_ascii_case("basic") {
            continue;
        }
        let Ok(pair) = BASE64.decode(rest.trim().as_bytes()) else { continue };
        if let Some(colon) = pair.iter().position(|byte| *byte == b':') {
            found.push(pair.get(colon + 1..).unwrap_or_default().to_vec());
        }
        found.push(pair);
    }
    found
}

/// Decodes the HTML entities that WordPress decodes in a webhook secret before it signs (`wp_specialchars_decode` with
/// both quotes): `&amp; &lt; &gt; &quot; &#039;` and their numeric twins, one pass.
pub(crate) fn html_decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        let (before, entity) = rest.split_at(start);
        decoded.push_str(before);
        match entity.find(';').and_then(|end| Some((html_entity(entity.get(1..end)?)?, entity.get(end + 1..)?))) {
            Some((character, after)) => {
                decoded.push(character);
                rest = after;
            }
            None => {
                decoded.push('&');
                rest = entity.get(1..).unwrap_or_default();
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

fn html_entity(name: &str) -> Option<char> {
    let code = match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        _ => {
            let digits = name.strip_prefix('#')?;
            match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            }
        }
    };
    char::from_u32(code).filter(|c| matches!(c, '&' | '<' | '>' | '"' | '\''))
}

/// The PKCS#1 key inside a PEM: either `RSA PUBLIC KEY` itself or wrapped in a `PUBLIC KEY` (SPKI).
fn rsa_key(pem: &str) -> Option<Vec<u8>> {
    let (wrapped, text) =
        [("PUBLIC KEY", true), ("RSA PUBLIC KEY", false)].into_iter().find_map(|(label, wrapped)| {
            let inside = pem.split_once(&format!("-----BEGIN {label}-----"))?.1;
            Some((wrapped, inside.split_once(&format!("-----END {label}-----"))?.0))
        })?;
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let der = BASE64.decode(text.as_bytes()).ok()?;
    if !wrapped {
        return Some(der);
    }
    // SEQUENCE { SEQUENCE { OID rsaEncryption, NULL }, BIT STRING { 0 unused bits, PKCS#1 key } }
    const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let (outer, _) = der_value(0x30, &der)?;
    let (algorithm, rest) = der_value(0x30, outer)?;
    let (oid, _) = der_value(0x06, algorithm)?;
    let (bits, _) = der_value(0x03, rest)?;
    match bits.split_first() {
        Some((0, key)) if oid == RSA_ENCRYPTION => Some(key.to_vec()),
        _ => None,
    }
}

/// One DER value with the given tag: its contents and what follows.
fn der_value(tag: u8, input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = input.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f).min(5))?;
        (bytes.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))?, rest)
    };
    let (value, after) = rest.split_at_checked(length)?;
    (first == tag).then_some((value, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entities_in_a_secret_are_decoded_as_wordpress_does() {
        for (text, expected) in [
            ("k&amp;y&lt;1&quot;z&#039;", "k&y<1\"z'"),
            ("&#38;&#x26;&#0038;&#X26;&#x0027;", "&&&&'"),
            ("&amp;lt;", "&lt;"),
            ("a&b;c&;&#;&#x;&eacute;&", "a&b;c&;&#;&#x;&eacute;&"),
            ("K8#)v<3>,;.e&w?!^(Zx 0", "K8#)v<3>,;.e&w?!^(Zx 0"),
            ("é&é;&lt", "é&é;&lt"),
        ] {
            assert_eq!(html_decoded(text), expected, "{text}");
        }
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        let secrets = HookSecrets { current: Some(String::new().into()), ..HookSecrets::default() };
        assert_eq!(signing_secrets(&secrets).count(), 0);
        assert!(hmac_sha256(&[] as &[&[u8]], b"{}", Some("AAAA"), Form::Base64).is_err());
        assert!(static_secret(Some(&String::new().into()), &[b""]).is_err());
        assert!(static_secret(None, &[b"x"]).is_err());
    }

    #[test]
    fn a_key_that_is_no_rsa_key_is_refused() {
        for pem in ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----"] {
            assert!(rsa_sha256(pem, b"x", "AAAA").is_err(), "{pem}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_decoders(text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = html_decoded(&text);
            let _ = rsa_key(&text);
            let _ = rsa_key(&format!("-----BEGIN PUBLIC KEY-----{}-----END PUBLIC KEY-----", BASE64.encode(&bytes)));
            let _ = der_value(0x30, &bytes);
        }
    }
}
