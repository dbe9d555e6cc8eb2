//! Magento 2, Mage-OS and Adobe Commerce. Magento itself sends nothing: four add-ons do, each with its own proof.
//!
//! | way | edition | proof |
//! |---|---|---|
//! | Mage-OS async events | all | hex HMAC-SHA256 of the body in `x-magento-signature` |
//! | Adobe I/O Events | Commerce | RSA over the body by two Adobe keys, then our client id inside |
//! | Adobe Commerce Webhooks | Commerce | RSA over the body's base64 text, the merchant's key |
//! | Mageplaza Webhook | all | a static header or Basic password |
//!
//! A delivery names its way by its headers; which ways a hook accepts follows from the secrets it has.

pub(crate) mod api;
mod body;
pub(crate) mod fields;
mod oauth;
pub(crate) mod poll;
pub(crate) mod subscriptions;
mod webhook;

use super::error::StoreError;
use super::json::Text;
use super::signature::{self, Form, header};
use super::{Delivery, HookSecrets, Notice, StoreAdapter, Verified};
use crate::domain::connection::StoreSettings;
use data_encoding::BASE64;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Deserialize;

/// Magento 2 in all its editions.
pub(crate) struct Magento;

/// How a delivery came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    MageOs,
    IoEvents,
    CommerceWebhooks,
    Mageplaza,
    /// Adobe I/O checks our address; unsigned.
    Registration,
}

/// The headers with the two signatures of Adobe I/O, each with the header that names its key.
const IO_SIGNATURES: [(&str, &str); 2] = [
    ("x-adobe-digital-signature-1", "x-adobe-public-key1-path"),
    ("x-adobe-digital-signature-2", "x-adobe-public-key2-path"),
];
const COMMERCE_SIGNATURE: &str = "x-adobe-commerce-webhook-signature";
/// Under this name [`HookSecrets::public_keys`] holds the merchant's own key.
const COMMERCE_KEY: &str = "commerce";

fn way(delivery: &Delivery) -> Way {
    let has = |name: &str| delivery.headers.contains_key(name);
    if has("x-magento-signature") {
        Way::MageOs
    } else if has(COMMERCE_SIGNATURE) {
        Way::CommerceWebhooks
    } else if IO_SIGNATURES.iter().any(|(signature, path)| has(signature) || has(path)) {
        Way::IoEvents
    } else if webhook::challenge(delivery).is_some() || webhook::validation_url(delivery).is_some() {
        Way::Registration
    } else {
        Way::Mageplaza
    }
}

impl StoreAdapter for Magento {
    fn verify<'a>(
        &self,
        delivery: &'a Delivery,
        secrets: &HookSecrets,
        now: Timestamp,
    ) -> Result<Verified<'a>, StoreError> {
        let way = way(delivery);
        match way {
            Way::MageOs => {
                let keys: Vec<&[u8]> =
                    signature::signing_secrets(secrets).map(|s| s.expose_secret().as_bytes()).collect();
                signature::hmac_sha256(&keys, &delivery.body, header(delivery, "x-magento-signature"), Form::Hex)?;
            }
            Way::IoEvents => {
                io_signature(delivery, secrets)?;
                our_events(delivery, secrets)?;
            }
            Way::CommerceWebhooks => commerce_signature(delivery, secrets)?,
            Way::Mageplaza => {
                let candidates = signature::static_candidates(delivery);
                let candidates: Vec<&[u8]> = candidates.iter().map(Vec::as_slice).collect();
                // A rotation leaves the header's value of before in `previous`.
                signature::static_secret(secrets.header.as_ref(), &candidates).or_else(|error| {
                    let previous = secrets.previous.as_ref().filter(|_| secrets.current.is_none());
                    signature::static_secret(previous, &candidates).map_err(|_| error)
                })?;
            }
            // Only a hook that has a client id is registered with Adobe; nobody else is asked to open an address.
            Way::Registration if webhook::challenge(delivery).is_none() && !has_client_id(secrets) => {
                return Err(StoreError::BadSignature("this address is not registered with Adobe"));
            }
            Way::Registration => {}
        }
        Ok(Verified { delivery, now, signed: way != Way::Registration })
    }

    fn read(&self, delivery: &Verified<'_>, settings: &StoreSettings) -> Result<Notice, StoreError> {
        webhook::read(delivery, way(delivery.delivery), settings)
    }

    /// Commerce Webhooks run inside the admin's save and wait for this answer.
    fn reply(&self, delivery: &Delivery) -> Option<&'static str> {
        (way(delivery) == Way::CommerceWebhooks).then_some(r#"{"op":"success"}"#)
    }
}

/// One good signature of two suffices. Keys come from Adobe's fixed host by a path that is checked, never from a host
/// that the request names.
fn io_signature(delivery: &Delivery, secrets: &HookSecrets) -> Result<(), StoreError> {
    let mut result = Err(StoreError::BadSignature("the header with the signature is missing"));
    for (signature, path) in IO_SIGNATURES {
        let (Some(signature), Some(path)) = (header(delivery, signature), header(delivery, path)) else { continue };
        if !is_key_path(path) {
            result = Err(StoreError::BadSignature("the key's path is not one of Adobe's"));
            continue;
        }
        let Some((_, pem)) = secrets.public_keys.iter().find(|(known, _)| known == path) else {
            result = Err(StoreError::BadSignature("the public key is not at hand"));
            continue;
        };
        match signature::rsa_sha256(pem, &delivery.body, signature) {
            Ok(()) => return Ok(()),
            Err(error) => result = Err(error),
        }
    }
    result
}

/// Whether a path names a key on Adobe's host: `/prod/keys/….pem`, or the same on stage.
fn is_key_path(path: &str) -> bool {
    let name = ["/prod/keys/", "/stage/keys/"].into_iter().find_map(|folder| path.strip_prefix(folder));
    name.and_then(|name| name.strip_suffix(".pem")).is_some_and(|name| {
        (1..=100).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

/// The paths of the public keys that a delivery of Adobe I/O names, as far as they are Adobe's. Fetch them from the fixed
/// host, keep them for at most 24 hours, and put them into [`HookSecrets::public_keys`] before `verify`.
#[must_use]
pub fn key_paths(delivery: &Delivery) -> Vec<&str> {
    IO_SIGNATURES.into_iter().filter_map(|(_, path)| header(delivery, path)).filter(|path| is_key_path(path)).collect()
}

fn has_client_id(secrets: &HookSecrets) -> bool {
    secrets.client_id.as_deref().is_some_and(|id| !id.is_empty())
}

/// The events must be meant for us: anybody's events carry Adobe's signature.
fn our_events(delivery: &Delivery, secrets: &HookSecrets) -> Result<(), StoreError> {
    #[derive(Deserialize)]
    struct Recipient {
        #[serde(default)]
        recipientclientid: Text,
        /// The older name.
        #[serde(default)]
        recipient_client_id: Text,
    }
    const NOT_OURS: StoreError = StoreError::BadSignature("the event is not meant for our client id");
    let ours = secrets.client_id.as_deref().filter(|id| !id.is_empty()).ok_or(NOT_OURS)?;
    let recipients: Vec<Recipient> = webhook::one_or_many(&delivery.body).ok_or(NOT_OURS)?;
    // Every name that is there must be ours: a publisher may be able to set one of the two.
    let all = recipients.iter().all(|recipient| {
        let mut names =
            [&recipient.recipientclientid, &recipient.recipient_client_id].into_iter().filter_map(Text::get);
        names.clone().next().is_some() && names.all(|id| id == ours)
    });
    if all && !recipients.is_empty() { Ok(()) } else { Err(NOT_OURS) }
}

/// RSA over the base64 **text** of the body. The documentation says HMAC, its published samples verify RSA.
fn commerce_signature(delivery: &Delivery, secrets: &HookSecrets) -> Result<(), StoreError> {
    let given = header(delivery, COMMERCE_SIGNATURE)
        .ok_or(StoreError::BadSignature("the header with the signature is missing"))?;
    let text = BASE64.encode(&delivery.body);
    let mut result = Err(StoreError::BadSignature("the merchant's public key is not known"));
    // Two entries while the merchant changes keys.
    for (_, pem) in secrets.public_keys.iter().filter(|(name, _)| name == COMMERCE_KEY) {
        result = signature::rsa_sha256(pem, text.as_bytes(), given);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Whether a text can be the public key that a Commerce admin shows: RSA, in PEM.
#[must_use]
pub fn is_public_key(pem: &str) -> bool {
    signature::is_rsa_key(pem)
}

#[cfg(test)]
mod tests {
    use super::is_key_path;

    #[test]
    fn only_a_path_on_adobes_host_names_a_key() {
        for (path, expected) in [
            ("/prod/keys/pub-key-voy5XEbWmT.pem", true),
            ("/stage/keys/a_b.pem", true),
            ("@evil.example/k.pem", false),
            ("/../../evil.pem", false),
            ("/prod/keys/../../evil.pem", false),
            ("/prod/keys/.pem", false),
            ("/prod/keys/a/b.pem", false),
            ("//evil.example/prod/keys/a.pem", false),
            ("https://evil.example/prod/keys/a.pem", false),
            ("/prod/keys/a.pem?x", false),
            ("/prod/keys/é.pem", false),
        ] {
            assert_eq!(is_key_path(path), expected, "{path}");
        }
    }
}
