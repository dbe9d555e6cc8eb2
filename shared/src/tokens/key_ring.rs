//! Keys that seal or sign, several at a time so that they can be changed without a break.

use super::secrets::{SecretFault, parsed};
use super::store::SecretName;
use crate::domain::clock::Entropy;
use data_encoding::{BASE64, HEXLOWER};
use ring::digest;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;
/// Keys kept by a rotation. Sealed tokens are rewritten within days and links expire, so older ones open nothing.
const KEPT: usize = 4;
/// Shortest generated text that is taken as a key: 40 letters and digits are over 230 bits.
const SHORTEST_SEED: usize = 40;

/// Keys by number; the current one makes new things, all of them open old ones.
///
/// Its text is `{"current":1,"keys":{"1":"base64 of 32 bytes"}}`. A deploy template can only generate letters and
/// digits, so `{"current":1,"keys":{},"generated":"…"}` stands for key 1 = SHA-256 of that text, until the first
/// rotation writes it out.
#[derive(Clone)]
pub struct KeyRing {
    current: u32,
    keys: BTreeMap<u32, Zeroizing<[u8; KEY_BYTES]>>,
}

impl KeyRing {
    /// A ring with one fresh key.
    #[must_use]
    pub fn generate(entropy: &Entropy) -> Self {
        Self { current: 1, keys: BTreeMap::from([(1, Zeroizing::new(entropy.bytes()))]) }
    }

    /// A ring with one more fresh key, which is the current one. Processes that have not reloaded their ring will meet an
    /// unknown key and reload once, so nothing waits longer than half a minute.
    #[must_use]
    pub fn rotated(&self, entropy: &Entropy) -> Self {
        let mut keys = self.keys.clone();
        let newest = keys.last_key_value().map_or(0, |(id, _)| *id);
        let current = newest.wrapping_add(1);
        keys.insert(current, Zeroizing::new(entropy.bytes()));
        while keys.len() > KEPT {
            keys.pop_first();
        }
        Self { current, keys }
    }

    /// Reads a secret's text.
    ///
    /// # Errors
    /// [`SecretFault::Field`] names secret and field, never a value.
    pub fn parse(name: &SecretName, text: &SecretString) -> Result<Self, SecretFault> {
        let fault = |field: &str, problem| SecretFault::Field { name: name.clone(), field: field.to_owned(), problem };
        let root = parsed(name, text)?;
        let current = root
            .get("current")
            .and_then(Value::as_u64)
            .and_then(|id| u32::try_from(id).ok())
            .ok_or_else(|| fault("current", "must be the number of a key"))?;
        let listed = root.get("keys").and_then(Value::as_object).ok_or_else(|| fault("keys", "must be an object"))?;
        let mut keys = BTreeMap::new();
        for (id, key) in listed {
            let field = format!("keys.{id}");
            // One spelling a number: "01" would silently replace "1".
            let number = id.parse::<u32>().ok().filter(|n| n.to_string() == *id);
            let id = number.ok_or_else(|| fault("keys", "has a name that is no number"))?;
            let bytes = key.as_str().and_then(|text| BASE64.decode(text.as_bytes()).ok()).map(Zeroizing::new);
            let key = bytes.and_then(|bytes| <[u8; KEY_BYTES]>::try_from(bytes.as_slice()).ok());
            keys.insert(id, Zeroizing::new(key.ok_or_else(|| fault(&field, "must be 32 bytes in base64"))?));
        }
        match root.get("generated") {
            None | Some(Value::Null) => {}
            Some(Value::String(seed)) if seed.len() >= SHORTEST_SEED => {
                let digest = digest::digest(&digest::SHA256, seed.as_bytes());
                let key = <[u8; KEY_BYTES]>::try_from(digest.as_ref());
                keys.entry(1).or_insert(Zeroizing::new(key.map_err(|_| fault("generated", "must be text"))?));
            }
            Some(_) => return Err(fault("generated", "must be a text of at least 40 letters and digits")),
        }
        if keys.contains_key(&current) { Ok(Self { current, keys }) } else { Err(fault("current", "names no key")) }
    }

    /// The secret's text.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let keys: Map<String, Value> =
            self.keys.iter().map(|(id, key)| (id.to_string(), BASE64.encode(key.as_slice()).into())).collect();
        SecretString::from(json!({"current": self.current, "keys": keys}).to_string())
    }

    /// The key for new things, with its number.
    ///
    /// # Errors
    /// [`UnknownKey`] never happens to a ring that was parsed or generated.
    pub fn current(&self) -> Result<(u32, &[u8; KEY_BYTES]), UnknownKey> {
        self.key(self.current).map(|key| (self.current, key))
    }

    /// What each key looks like, by its number: enough to tell another key of the same number, and no help to find it.
    #[must_use]
    pub fn marks(&self) -> BTreeMap<u32, String> {
        let mark = |key: &[u8; KEY_BYTES]| {
            let tag = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key), b"waybill key mark 1");
            HEXLOWER.encode(tag.as_ref().get(..8).unwrap_or_default())
        };
        self.keys.iter().map(|(id, key)| (*id, mark(key))).collect()
    }

    /// A key by its number.
    ///
    /// # Errors
    /// [`UnknownKey`]: reload the secret once, for somebody may have rotated it.
    pub fn key(&self, id: u32) -> Result<&[u8; KEY_BYTES], UnknownKey> {
        self.keys.get(&id).map(|key| &**key).ok_or(UnknownKey(id))
    }
}

/// A key number that is not in the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no key {0}")]
pub struct UnknownKey(pub u32);

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.keys.keys().collect();
        f.debug_struct("KeyRing").field("current", &self.current).field("ids", &ids).finish_non_exhaustive()
    }
}

impl PartialEq for KeyRing {
    /// For tests and for "has it changed?"; not in constant time.
    fn eq(&self, other: &Self) -> bool {
        self.to_text().expose_secret() == other.to_text().expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::testing;
    use proptest::prelude::*;

    fn name() -> SecretName {
        SecretName::parse("waybill/kek/token").expect("a name")
    }

    fn parse(text: &str) -> Result<KeyRing, SecretFault> {
        KeyRing::parse(&name(), &SecretString::from(text))
    }

    fn key(fill: u8) -> String {
        BASE64.encode(&[fill; KEY_BYTES])
    }

    #[test]
    fn a_ring_survives_its_text_and_a_rotation_keeps_the_old_key() {
        let entropy = testing::entropy(1);
        let first = KeyRing::generate(&entropy);
        let second = first.rotated(&entropy);
        assert_eq!(KeyRing::parse(&name(), &second.to_text()).expect("good"), second);
        assert_eq!(second.current().map(|(id, _)| id), Ok(2));
        assert_eq!(second.key(1), first.key(1));
        assert_ne!(second.key(2), first.key(1));
        assert_eq!(first.key(2), Err(UnknownKey(2)));
    }

    #[test]
    fn a_rotation_keeps_four_keys() {
        let entropy = testing::entropy(1);
        let ring = (0..9).fold(KeyRing::generate(&entropy), |ring, _| ring.rotated(&entropy));
        assert_eq!(format!("{ring:?}"), "KeyRing { current: 10, ids: [7, 8, 9, 10], .. }");
    }

    #[test]
    fn a_text_that_a_template_generated_is_key_one_and_stays_it() {
        let seed = "abcdefghij0123456789abcdefghij0123456789ABCD";
        let ring = parse(&format!(r#"{{"current":1,"keys":{{}},"generated":"{seed}"}}"#)).expect("good");
        assert_eq!(
            ring.key(1).map(|key| HEXLOWER.encode(key)),
            Ok(HEXLOWER.encode(digest::digest(&digest::SHA256, seed.as_bytes()).as_ref()))
        );
        let rotated = KeyRing::parse(&name(), &ring.rotated(&testing::entropy(2)).to_text()).expect("good");
        assert_eq!(rotated.key(1), ring.key(1));
    }

    #[test]
    fn a_wrong_secret_is_told_by_name_and_field_and_never_by_value() {
        for (text, field) in [
            ("canary".to_owned(), ""),
            (r#"["canary"]"#.to_owned(), ""),
            (r#"{"keys":{"1":"canary"}}"#.to_owned(), "current"),
            (r#"{"current":1}"#.to_owned(), "keys"),
            (r#"{"current":1,"keys":{"1":"canary"}}"#.to_owned(), "keys.1"),
            (format!(r#"{{"current":2,"keys":{{"1":"{}"}}}}"#, key(7)), "current"),
            (format!(r#"{{"current":1,"keys":{{"01":"{}"}}}}"#, key(7)), "keys"),
            (format!(r#"{{"current":1,"keys":{{"canary":"{}"}}}}"#, key(7)), "keys"),
            (r#"{"current":1,"keys":{},"generated":"canary"}"#.to_owned(), "generated"),
        ] {
            let fault = parse(&text).expect_err(&text);
            assert!(fault.to_string().starts_with("secret waybill/kek/token"), "{fault}");
            assert!(fault.to_string().contains(field) && !format!("{fault:?} {fault}").contains("canary"), "{fault}");
        }
    }

    #[test]
    fn a_ring_does_not_show_its_keys() {
        let ring = KeyRing::generate(&testing::entropy(3));
        let shown = format!("{ring:?} {:?}", ring.to_text());
        let bytes = ring.key(1).expect("there");
        assert!(
            !shown.contains(&HEXLOWER.encode(bytes)) && !shown.contains(&BASE64.encode(bytes)) && shown.len() < 120
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,80}", id in "\\PC{0,6}", key in "\\PC{0,50}") {
            let _ = parse(&text);
            let _ = parse(&json!({"current": 1, "keys": {id: key.clone()}, "generated": key}).to_string());
        }
    }
}
