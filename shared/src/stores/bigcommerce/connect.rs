//! BigCommerce's OAuth for single-click apps, sans I/O. An install starts at BigCommerce and carries no state of ours;
//! what it and later callbacks say is proved by the code's exchange or by a JWT under our client secret.
//!
//! Source: BigCommerce developer documentation, "Single-click app OAuth flow" and "Handling callbacks".

use crate::stores::answer::{self, Answer};
use crate::stores::connect::StoreTokens;
use crate::stores::error::StoreError;
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::{Request, Response};
use jiff::Timestamp;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

/// What the product reads: orders and their shipments. Webhooks need no scope of their own.
const SCOPE: &str = "store_v2_orders";
/// Clocks differ by this many seconds at most.
const LEEWAY: i64 = 60;
/// A longer token is not BigCommerce's.
const LONGEST: usize = 8 * 1024;

/// Where the merchant installs the app when the round starts on our page.
#[must_use]
pub fn install_url(login: &Url, client_id: &str) -> String {
    format!("{}/app/{client_id}/install", login.as_str().trim_end_matches('/'))
}

/// The store hash of a `context` or a JWT's subject: `stores/abc123`.
#[must_use]
pub fn store_hash(context: &str) -> Option<String> {
    let hash = context.strip_prefix("stores/")?;
    let plain = (1..=64).contains(&hash.len()) && hash.bytes().all(|b| b.is_ascii_alphanumeric());
    plain.then(|| hash.to_owned())
}

/// Exchanges the install's code.
///
/// # Errors
/// [`StoreError::Unreadable`] when the address cannot stand in a request.
pub fn exchange(
    login: &Url,
    (client_id, secret): (&str, &SecretString),
    (code, scope, context): (&str, &str, &str),
    redirect: &str,
) -> Result<Request<Bytes>, StoreError> {
    let uri = format!("{}/oauth2/token", login.as_str().trim_end_matches('/'));
    let body = json!({
        "client_id": client_id, "client_secret": secret.expose_secret(), "code": code, "scope": scope,
        "context": context, "grant_type": "authorization_code", "redirect_uri": redirect,
    });
    answer::request(http::Method::POST, &uri, &[], Some(&body))
}

/// Reads the exchange's answer: the store hash that BigCommerce vouches for, and a token that does not end.
///
/// # Errors
/// [`StoreError::Unauthorised`] when the code is wrong, used or too old. Anything else may work later.
pub fn tokens(answer: &Response<Bytes>) -> Result<(String, StoreTokens), StoreError> {
    #[derive(Deserialize)]
    struct Tokens {
        access_token: SecretString,
        #[serde(default)]
        scope: String,
        context: String,
    }
    if matches!(answer.status().as_u16(), 400..=403) {
        return Err(StoreError::Unauthorised { status: answer.status().as_u16() });
    }
    let Answer::Body(body) = answer::sorted(answer)? else {
        return Err(StoreError::Unavailable("the token address has moved".to_owned()));
    };
    let read: Tokens = answer::json(body)?;
    let hash = store_hash(&read.context).filter(|_| !read.access_token.expose_secret().is_empty());
    let hash = hash.ok_or_else(|| StoreError::Unavailable("the token answer names no store or no token".to_owned()))?;
    let scopes = read.scope.split_whitespace().map(str::to_owned).collect();
    Ok((hash, StoreTokens { access: read.access_token, expires: None, refresh: None, refresh_expires: None, scopes }))
}

/// Whether orders may be read with these scopes; an answer without scopes says nothing.
#[must_use]
pub fn scopes_suffice(granted: &[String]) -> bool {
    granted.is_empty() || granted.iter().any(|scope| scope == SCOPE || *scope == format!("{SCOPE}_read_only"))
}

/// What a `signed_payload_jwt` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The store's hash.
    pub store: String,
    /// Whether the person who acts owns the store. Any user who may open apps gets a payload by opening ours; only the
    /// owner can remove one (BigCommerce, "Multi-user support": `user` and `owner` of the payload).
    pub by_owner: bool,
}

/// What a `signed_payload_jwt` says, if BigCommerce made it for our app and it is not over. Constant time in the
/// signature.
///
/// # Errors
/// [`StoreError::BadSignature`].
pub fn payload<'a>(
    jwt: &str,
    client_id: &str,
    secrets: impl IntoIterator<Item = &'a SecretString>,
    now: Timestamp,
) -> Result<Payload, StoreError> {
    const BAD: StoreError = StoreError::BadSignature("this is no signed payload");
    let mut parts = jwt.split('.');
    let (Some(head), Some(body), Some(tag), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(BAD);
    };
    if jwt.len() > LONGEST {
        return Err(BAD);
    }
    let object =
        |part: &str| -> Option<Value> { serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).ok()?).ok() };
    let (header, tag) = (object(head).ok_or(BAD)?, BASE64URL_NOPAD.decode(tag.as_bytes()).map_err(|_| BAD)?);
    // Only this one algorithm: a header must not choose how it is checked.
    if header["alg"] != "HS256" {
        return Err(StoreError::BadSignature("another algorithm than HS256"));
    }
    let signed = format!("{head}.{body}");
    let holds = secrets.into_iter().any(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
        hmac::verify(&key, signed.as_bytes(), &tag).is_ok()
    });
    if !holds {
        return Err(StoreError::BadSignature("signed with another secret"));
    }
    let claims = object(body).ok_or(BAD)?;
    let seconds = |name: &str| claims[name].as_f64();
    #[expect(clippy::cast_precision_loss, reason = "seconds of this century")]
    let now = now.as_second() as f64;
    #[expect(clippy::cast_precision_loss, reason = "a minute")]
    let leeway = LEEWAY as f64;
    if claims["aud"] != client_id || claims["iss"] != "bc" {
        return Err(StoreError::BadSignature("made for another app"));
    }
    if seconds("exp").is_none_or(|end| end + leeway < now) || seconds("nbf").is_some_and(|start| start - leeway > now) {
        return Err(StoreError::BadSignature("its time is over"));
    }
    let store = claims["sub"].as_str().and_then(store_hash).ok_or(BAD)?;
    let (user, owner) = (&claims["user"]["id"], &claims["owner"]["id"]);
    Ok(Payload { store, by_owner: owner.is_number() && user == owner })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn jwt(header: &Value, claims: &Value, secret: &[u8]) -> String {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
    }

    #[test]
    fn a_payload_counts_for_our_app_in_its_time_and_under_our_secret() {
        let now = Timestamp::from_second(1_795_000_000).expect("time");
        let (head, secret) = (json!({"alg": "HS256", "typ": "JWT"}), SecretString::from("hush"));
        let claims = |change: Value| {
            let mut claims = json!({"aud": "client", "iss": "bc", "iat": 1_795_000_000, "nbf": 1_794_999_995,
                "exp": 1_795_086_400.5, "sub": "stores/abc123", "user": {"id": 1, "email": "canary@canary.example"}});
            for (key, value) in change.as_object().into_iter().flatten() {
                claims[key] = value.clone();
            }
            claims
        };
        let good = jwt(&head, &claims(json!({})), b"hush");
        let read = |text: &str| payload(text, "client", [&secret], now);
        assert_eq!(read(&good).expect("holds"), Payload { store: "abc123".into(), by_owner: false });
        for (owner, by_owner) in [(json!({"id": 1}), true), (json!({"id": 2}), false), (json!({}), false)] {
            let text = jwt(&head, &claims(json!({"owner": owner.clone()})), b"hush");
            assert_eq!(read(&text).expect("holds").by_owner, by_owner, "{owner}");
        }
        for (what, text) in [
            ("another app", jwt(&head, &claims(json!({"aud": "other"})), b"hush")),
            ("another issuer", jwt(&head, &claims(json!({"iss": "x"})), b"hush")),
            ("over", jwt(&head, &claims(json!({"exp": 1_794_999_000})), b"hush")),
            ("without an end", jwt(&head, &claims(json!({"exp": null})), b"hush")),
            ("not yet", jwt(&head, &claims(json!({"nbf": 1_795_001_000})), b"hush")),
            ("no store", jwt(&head, &claims(json!({"sub": "stores/../x"})), b"hush")),
            ("another secret", jwt(&head, &claims(json!({})), b"other")),
            ("no algorithm", jwt(&json!({"alg": "none"}), &claims(json!({})), b"hush")),
            ("cut", good[..good.len() - 4].to_owned()),
            ("one part more", format!("{good}.x")),
            ("nothing", String::new()),
        ] {
            assert!(read(&text).is_err(), "{what}");
        }
    }

    #[test]
    fn the_answer_of_the_exchange_names_the_store() {
        let answer = |status: u16, body: &str| {
            Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes())).expect("response")
        };
        let good = r#"{"access_token":"canary","scope":"store_v2_orders_read_only users_basic_information",
            "user":{"id":1,"email":"canary@canary.example"},"context":"stores/abc123"}"#;
        let (hash, tokens_read) = tokens(&answer(200, good)).expect("tokens");
        assert_eq!(hash, "abc123");
        assert!(scopes_suffice(&tokens_read.scopes) && !scopes_suffice(&["users_basic_information".to_owned()]));
        for (status, body) in [(400, "{}"), (401, "{}"), (200, "{}"), (200, r#"{"access_token":"a","context":"abc"}"#)]
        {
            assert!(tokens(&answer(status, body)).is_err(), "{status} {body}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_taken_for_a_payload(text in "[A-Za-z0-9_.-]{0,120}") {
            prop_assert!(payload(&text, "c", [&SecretString::from("s")], Timestamp::UNIX_EPOCH).is_err());
        }
    }
}
