//! Links in mails: signed, for one purpose and one shop. The reconnect link lives as long as its cycle (the caller
//! compares it with the shop); others name an end.
//!
//! A link is `<payload>.<mac>`, both base64url. The payload is JSON; the mac is HMAC-SHA256 under a key of the `web`
//! ring, with a label of its own, so that no other signature made with that key is a link.

use crate::domain::ids::ShopId;
use crate::tokens::{KeyRing, UnknownKey};
use data_encoding::BASE64URL_NOPAD;
use jiff::Timestamp;
use ring::hmac;
use serde::{Deserialize, Serialize};

const LABEL: &[u8] = b"waybill link v1\0";
/// Longer texts are not even decoded.
const LONGEST: usize = 1024;

/// What a link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// Opens the landing page that starts a new consent. Carries no authority of its own.
    Reconnect,
}

/// The contents of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What it is for.
    #[serde(rename = "p")]
    pub purpose: LinkPurpose,
    /// The shop.
    #[serde(rename = "s")]
    pub shop: ShopId,
    /// The consent it was made under, in milliseconds since 1970: a later consent ends it.
    #[serde(rename = "c")]
    pub cycle: i64,
    /// Until when, if it has an end of its own.
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The number of the key.
    #[serde(rename = "k")]
    key: u32,
}

/// A text that is no link of ours, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLink {
    /// Cut, changed, or never ours.
    #[error("the link is damaged")]
    Damaged,
    /// Signed with a key that we do not have (any more); reload the keys once.
    #[error("the link was signed with an unknown key")]
    UnknownKey(#[from] UnknownKey),
    /// Its time is over.
    #[error("the link has expired")]
    Expired,
}

impl Link {
    /// A link to the landing page of one consent's end.
    #[must_use]
    pub fn reconnect(shop: ShopId, cycle: Timestamp) -> Self {
        Self { purpose: LinkPurpose::Reconnect, shop, cycle: cycle.as_millisecond(), until: None, key: 0 }
    }

    /// The text for an address.
    ///
    /// # Errors
    /// [`BadLink::UnknownKey`] never happens to a ring that was parsed.
    pub fn sign(&self, ring: &KeyRing) -> Result<String, BadLink> {
        let (number, key) = ring.current()?;
        let payload = serde_json::to_vec(&Self { key: number, ..self.clone() }).map_err(|_| BadLink::Damaged)?;
        let tag = tag_key(key);
        let mac = hmac::sign(&tag, &payload);
        Ok(format!("{}.{}", BASE64URL_NOPAD.encode(&payload), BASE64URL_NOPAD.encode(mac.as_ref())))
    }

    /// Reads and checks a link. Constant time in the signature.
    ///
    /// # Errors
    /// [`BadLink`].
    pub fn read(ring: &KeyRing, text: &str, now: Timestamp) -> Result<Self, BadLink> {
        let (payload, mac) = text.split_once('.').filter(|_| text.len() <= LONGEST).ok_or(BadLink::Damaged)?;
        let payload = BASE64URL_NOPAD.decode(payload.as_bytes()).map_err(|_| BadLink::Damaged)?;
        let mac = BASE64URL_NOPAD.decode(mac.as_bytes()).map_err(|_| BadLink::Damaged)?;
        // The number of the key must be read before the signature can be checked; nothing else is believed until then.
        let link: Self = serde_json::from_slice(&payload).map_err(|_| BadLink::Damaged)?;
        hmac::verify(&tag_key(ring.key(link.key)?), &payload, &mac).map_err(|_| BadLink::Damaged)?;
        if link.until.is_some_and(|until| until <= now) {
            return Err(BadLink::Expired);
        }
        Ok(link)
    }
}

/// A key for this use alone.
fn tag_key(key: &[u8]) -> hmac::Key {
    let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), LABEL);
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::Entropy;
    use proptest::prelude::*;

    fn ring(seed: u8) -> KeyRing {
        KeyRing::generate(&Entropy::new(move |bytes| bytes.fill(seed)))
    }

    fn link(until: Option<i64>) -> Link {
        let at = |s| Timestamp::from_second(s).expect("time");
        let shop = ShopId::parse("7494049642642441621").expect("id");
        Link { until: until.map(at), ..Link::reconnect(shop, at(1_795_000_000)) }
    }

    #[test]
    fn a_link_is_read_until_its_end_and_only_with_its_key() {
        let now = Timestamp::from_second(1_795_000_100).expect("time");
        for (made, key, expected) in [
            (link(None), 1, Ok(())),
            (link(Some(1_795_000_101)), 1, Ok(())),
            (link(Some(1_795_000_100)), 1, Err(BadLink::Expired)),
            (link(None), 2, Err(BadLink::Damaged)),
        ] {
            let text = made.sign(&ring(1)).expect("signs");
            let read = Link::read(&ring(key), &text, now);
            assert_eq!(read.map(|_| ()), expected);
        }
    }

    #[test]
    fn a_rotated_key_still_reads_old_links_and_an_unknown_one_is_named() {
        let entropy = Entropy::new(|bytes| bytes.fill(7));
        let old = KeyRing::generate(&entropy);
        let new = old.rotated(&entropy);
        let now = Timestamp::UNIX_EPOCH;
        let text = link(None).sign(&old).expect("signs");
        assert!(Link::read(&new, &text, now).is_ok());
        let text = link(None).sign(&new).expect("signs");
        assert!(matches!(Link::read(&old, &text, now), Err(BadLink::UnknownKey(_))));
    }

    proptest! {
        #[test]
        fn a_changed_link_is_never_read(place in 0usize..200, with in "[ -~é]") {
            let text = link(None).sign(&ring(1)).expect("signs");
            let mut chars: Vec<char> = text.chars().collect();
            let place = place % chars.len();
            let other = with.chars().next().unwrap_or('x');
            prop_assume!(chars[place] != other);
            chars[place] = other;
            let changed: String = chars.into_iter().collect();
            prop_assert!(Link::read(&ring(1), &changed, Timestamp::UNIX_EPOCH).is_err());
        }

        #[test]
        fn any_text_is_a_link_or_an_error(text in "\\PC{0,80}") {
            prop_assert!(Link::read(&ring(1), &text, Timestamp::UNIX_EPOCH).is_err());
        }
    }
}
