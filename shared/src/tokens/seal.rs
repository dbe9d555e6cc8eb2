//! Sealing: what stands in the table is of use only in its own place and only with a key from the store of secrets.
//!
//! AES-256-GCM under a key made for one purpose and one tenant, HKDF-SHA256(key of the ring, purpose ‖ tenant). The
//! associated data name the place: format, table, row, field, key number and the value's version. So a blob that is
//! copied to another row, field or table, or put back after a newer one, does not open; and one tenant's key, should it
//! leak, opens nothing of another's.

use super::key_ring::{KEY_BYTES, KeyRing, UnknownKey};
use crate::domain::clock::Entropy;
use data_encoding::BASE64URL_NOPAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// First byte of a blob. Another layout or cipher takes another number.
const FORMAT: u8 = 1;
/// Format, key number, nonce.
const HEAD: usize = 1 + 4 + NONCE_LEN;
/// What GCM adds.
const TAG: usize = 16;

/// What a sealed value is for. Keys of different purposes differ even from the same ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// TikTok access and refresh tokens.
    TikTokTokens,
    /// Access to a store's API.
    StoreAccess,
    /// What webhooks of a store are signed with.
    HookSecrets,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::TikTokTokens => "tiktok-tokens",
            Self::StoreAccess => "store-access",
            Self::HookSecrets => "hook-secrets",
        }
    }
}

/// Where a sealed value stands, and which of its versions it is. All of it must be the same again to open it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Whose it is: the account, as text.
    pub tenant: &'a str,
    /// The table's name.
    pub table: &'a str,
    /// Its row's partition key.
    pub pk: &'a str,
    /// Its row's sort key.
    pub sk: &'a str,
    /// The attribute.
    pub field: &'a str,
    /// Grows with every write of the value.
    pub version: u64,
}

/// A sealed value: format, key number, nonce, ciphertext with tag.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sealed(Vec<u8>);

/// Bytes or text that no sealing made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no sealed value, or one of a later version")]
pub struct NotSealed;

/// Why a value cannot be sealed. Neither happens with keys this crate made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The ring has no current key.
    #[error("the key ring has no current key")]
    NoKey(#[from] UnknownKey),
    /// The cipher refuses, which it does from 64 GiB upwards.
    #[error("the value cannot be sealed")]
    Refused,
}

/// Why a value does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Sealed with a key this process does not have: reload the ring once.
    #[error("sealed with a key that is not in the ring")]
    UnknownKey(#[from] UnknownKey),
    /// Altered, moved, put back after a newer one, or sealed with another key of the same number. Never retry.
    #[error("the sealed value was altered, or it belongs to another place or version")]
    Tampered,
}

impl Sealed {
    /// Takes bytes as stored.
    ///
    /// # Errors
    /// [`NotSealed`] for another format or too few bytes.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, NotSealed> {
        if bytes.first() == Some(&FORMAT) && bytes.len() >= HEAD + TAG { Ok(Self(bytes)) } else { Err(NotSealed) }
    }

    /// Takes text: base64 for URLs, unpadded.
    ///
    /// # Errors
    /// [`NotSealed`] for anything else.
    pub fn from_text(text: &str) -> Result<Self, NotSealed> {
        BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| NotSealed).and_then(Self::from_bytes)
    }

    /// For a binary attribute.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// For text.
    #[must_use]
    pub fn to_text(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// The number of the key it is sealed with: a sweep reseals those with an old one.
    #[must_use]
    pub fn key_id(&self) -> u32 {
        self.split().map_or(0, |(id, _, _)| id)
    }

    fn split(&self) -> Option<(u32, [u8; NONCE_LEN], &[u8])> {
        let (_, rest) = self.0.split_first()?;
        let (id, rest) = rest.split_first_chunk()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        Some((u32::from_be_bytes(*id), *nonce, rest))
    }
}

/// Seals a value for its place with the ring's current key.
///
/// # Errors
/// [`SealError`].
pub fn seal(
    ring: &KeyRing,
    purpose: Purpose,
    place: &Place<'_>,
    plain: &[u8],
    entropy: &Entropy,
) -> Result<Sealed, SealError> {
    let (id, key) = ring.current()?;
    let cipher = cipher(key, purpose, place.tenant).ok_or(SealError::Refused)?;
    let nonce: [u8; NONCE_LEN] = entropy.bytes();
    let mut bytes = Vec::with_capacity(HEAD + plain.len() + TAG);
    bytes.push(FORMAT);
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(&nonce);
    // The buffer is encrypted in place; on success nothing of the plain text is left in it.
    let mut body = Zeroizing::new(Vec::with_capacity(plain.len() + TAG));
    body.extend_from_slice(plain);
    cipher
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context(place, id)), &mut *body)
        .map_err(|_| SealError::Refused)?;
    bytes.extend_from_slice(&body);
    Ok(Sealed(bytes))
}

/// Opens a value in its place.
///
/// # Errors
/// [`OpenError`]; only an unknown key is worth another try, after a reload of the ring.
pub fn open(
    ring: &KeyRing,
    purpose: Purpose,
    place: &Place<'_>,
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (id, nonce, body) = sealed.split().ok_or(OpenError::Tampered)?;
    let cipher = cipher(ring.key(id)?, purpose, place.tenant).ok_or(OpenError::Tampered)?;
    let mut body = Zeroizing::new(body.to_vec());
    let length = cipher
        .open_in_place(Nonce::assume_unique_for_key(nonce), Aad::from(context(place, id)), &mut body)
        .map_err(|_| OpenError::Tampered)?
        .len();
    body.truncate(length);
    Ok(body)
}

fn cipher(key: &[u8; KEY_BYTES], purpose: Purpose, tenant: &str) -> Option<LessSafeKey> {
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, b"waybill seal 1").extract(key);
    let info = joined(&[purpose.as_str().as_bytes(), tenant.as_bytes()]);
    let info = [info.as_slice()];
    let made = secret.expand(&info, &AES_256_GCM).ok()?;
    Some(LessSafeKey::new(UnboundKey::from(made)))
}

fn context(place: &Place<'_>, key_id: u32) -> Vec<u8> {
    joined(&[
        &[FORMAT],
        place.table.as_bytes(),
        place.pk.as_bytes(),
        place.sk.as_bytes(),
        place.field.as_bytes(),
        &key_id.to_be_bytes(),
        &place.version.to_be_bytes(),
    ])
}

/// Each part with its length before it, so that no two lists of parts give the same bytes.
fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| 8 + part.len()).sum());
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(key {}, {} bytes)", self.key_id(), self.0.len())
    }
}

impl TryFrom<String> for Sealed {
    type Error = NotSealed;
    fn try_from(text: String) -> Result<Self, NotSealed> {
        Self::from_text(&text)
    }
}

impl From<Sealed> for String {
    fn from(sealed: Sealed) -> Self {
        sealed.to_text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::testing;
    use proptest::prelude::*;

    const HERE: Place<'static> =
        Place { tenant: "a1", table: "waybill", pk: "TOKEN#us#o1", sk: "TOKEN", field: "tokens", version: 3 };

    fn ring() -> KeyRing {
        KeyRing::generate(&testing::entropy(1))
    }

    fn sealed(plain: &[u8]) -> Sealed {
        seal(&ring(), Purpose::TikTokTokens, &HERE, plain, &testing::entropy(2)).expect("sealed")
    }

    #[test]
    fn a_blob_moved_anywhere_fails_to_open() {
        let blob = sealed(b"canary");
        let moved = [
            ("tenant", Place { tenant: "a2", ..HERE }),
            ("table", Place { table: "waybill2", ..HERE }),
            ("row", Place { pk: "TOKEN#us#o2", ..HERE }),
            ("sort key", Place { sk: "TOKEN2", ..HERE }),
            ("field", Place { field: "other", ..HERE }),
            ("older version", Place { version: 2, ..HERE }),
            ("newer version", Place { version: 4, ..HERE }),
            ("shifted names", Place { table: "waybillTOKEN", pk: "#us#o1", ..HERE }),
        ];
        for (what, place) in moved {
            let opened = open(&ring(), Purpose::TikTokTokens, &place, &blob);
            assert_eq!(opened.expect_err(what), OpenError::Tampered, "{what}");
        }
        assert_eq!(open(&ring(), Purpose::StoreAccess, &HERE, &blob).expect_err("purpose"), OpenError::Tampered);
        assert_eq!(open(&ring(), Purpose::TikTokTokens, &HERE, &blob).expect("in place").as_slice(), b"canary");
    }

    #[test]
    fn a_blob_survives_a_rotation_and_an_unknown_key_says_so() {
        let (old, blob) = (ring(), sealed(b"x"));
        let new = old.rotated(&testing::entropy(9));
        assert!(open(&new, Purpose::TikTokTokens, &HERE, &blob).is_ok());
        let later = seal(&new, Purpose::TikTokTokens, &HERE, b"x", &testing::entropy(2)).expect("sealed");
        assert_eq!((blob.key_id(), later.key_id()), (1, 2));
        let opened = open(&old, Purpose::TikTokTokens, &HERE, &later);
        assert_eq!(opened.expect_err("not rotated here"), OpenError::UnknownKey(UnknownKey(2)));
    }

    #[test]
    fn another_key_of_the_same_number_does_not_open_it() {
        let other = KeyRing::generate(&testing::entropy(77));
        let opened = open(&other, Purpose::TikTokTokens, &HERE, &sealed(b"x"));
        assert_eq!(opened.expect_err("another key"), OpenError::Tampered);
    }

    #[test]
    fn the_same_value_sealed_twice_looks_different() {
        let entropy = testing::entropy(5);
        let one = seal(&ring(), Purpose::HookSecrets, &HERE, b"same", &entropy).expect("sealed");
        let two = seal(&ring(), Purpose::HookSecrets, &HERE, b"same", &entropy).expect("sealed");
        assert_ne!(one, two);
    }

    #[test]
    fn the_layout_is_the_one_of_format_one() {
        // A change of this text makes every stored token unreadable: give the layout another number instead.
        let ring = KeyRing::parse(
            &crate::tokens::SecretName::parse("t").expect("a name"),
            &r#"{"current":7,"keys":{"7":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="}}"#.into(),
        )
        .expect("good");
        let entropy = Entropy::new(|bytes| bytes.fill(0xab));
        let blob = seal(&ring, Purpose::TikTokTokens, &HERE, b"token", &entropy).expect("sealed");
        assert_eq!(blob.to_text(), KNOWN);
        assert_eq!(open(&ring, Purpose::TikTokTokens, &HERE, &blob).expect("in place").as_slice(), b"token");
    }
    // Made with another implementation: Python cryptography.
    const KNOWN: &str = "AQAAAAerq6urq6urq6urq6sWrjncy_vEy34FAq6jMS4m4bNt0sE";

    proptest! {
        #[test]
        fn what_is_sealed_opens_again(plain in proptest::collection::vec(any::<u8>(), 0..3000), tenant in "\\PC{0,40}") {
            let place = Place { tenant: &tenant, ..HERE };
            let blob = seal(&ring(), Purpose::StoreAccess, &place, &plain, &testing::entropy(4)).expect("sealed");
            let again = Sealed::from_text(&blob.to_text()).expect("its own text");
            let opened = open(&ring(), Purpose::StoreAccess, &place, &again).expect("in place");
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
        }

        #[test]
        fn any_flipped_bit_fails(plain in proptest::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>(), bit in 0..8) {
            let mut bytes = sealed(&plain).as_bytes().to_vec();
            let at = at.index(bytes.len());
            bytes[at] ^= 1u8 << bit;
            if let Ok(blob) = Sealed::from_bytes(bytes) {
                prop_assert!(open(&ring(), Purpose::TikTokTokens, &HERE, &blob).is_err());
            }
        }

        #[test]
        fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80), text in "\\PC{0,60}") {
            let _ = Sealed::from_text(&text);
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() { *first = FORMAT }
            if let Ok(blob) = Sealed::from_bytes(bytes) {
                prop_assert!(open(&ring(), Purpose::TikTokTokens, &HERE, &blob).is_err());
            }
        }
    }
}
