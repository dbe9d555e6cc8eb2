//! OAuth 1.0a with HMAC-SHA256, as Magento checks an integration's calls (RFC 5849).

use super::Account;
use crate::answer::query_pairs;
use crate::hmac;
use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::BTreeSet;

/// Everything but letters, digits and `-._~` is encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How far a timestamp may be off, in seconds.
const TOLERANCE: i64 = 600;

fn encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// The parameters of an `Authorization: OAuth …` header, decoded.
fn parameters(header: &str) -> Option<Vec<(String, String)>> {
    let list = header.strip_prefix("OAuth ")?;
    let pair = |part: &str| {
        let (name, value) = part.trim().split_once('=')?;
        let value = value.strip_prefix('"')?.strip_suffix('"')?;
        Some((name.to_owned(), percent_decode_str(value).decode_utf8().ok()?.into_owned()))
    };
    list.split(',').map(pair).collect()
}

/// The address a request was made to: as the caller saw it, without the query.
fn address(request: &Request<Bytes>) -> String {
    let uri = request.uri();
    let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
    let scheme = uri.scheme_str().unwrap_or("http").to_ascii_lowercase();
    let authority = uri.authority().map_or(host.unwrap_or_default(), http::uri::Authority::as_str);
    let authority = authority.to_ascii_lowercase();
    let default = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.strip_suffix(default).unwrap_or(&authority).to_owned();
    format!("{scheme}://{authority}{}", uri.path())
}

/// Checks one call; a nonce works once.
pub(super) fn is_valid(
    request: &Request<Bytes>,
    account: &Account,
    now: Timestamp,
    nonces: &mut BTreeSet<String>,
) -> bool {
    let header = request.headers().get(http::header::AUTHORIZATION).and_then(|header| header.to_str().ok());
    let Some(mut all) = header.and_then(parameters) else {
        return false;
    };
    let get = |name: &str| all.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone()).unwrap_or_default();
    let (signature, nonce) = (get("oauth_signature"), get("oauth_nonce"));
    let time = get("oauth_timestamp").parse::<i64>().unwrap_or_default();
    let known = get("oauth_consumer_key") == account.consumer_key
        && get("oauth_token") == account.token
        && get("oauth_signature_method") == "HMAC-SHA256";
    if !known || nonce.is_empty() || (time - now.as_second()).abs() > TOLERANCE {
        return false;
    }
    all.retain(|(name, _)| name != "oauth_signature" && name != "realm");
    all.extend(query_pairs(request.uri().query().unwrap_or_default()));
    let mut pairs: Vec<String> =
        all.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.sort_unstable();
    let text = format!("{}&{}&{}", request.method(), encode(&address(request)), encode(&pairs.join("&")));
    let key = format!("{}&{}", encode(&account.consumer_secret), encode(&account.token_secret));
    signature == hmac::base64(key.as_bytes(), &[text.as_bytes()]) && nonces.insert(format!("{time}:{nonce}"))
}
