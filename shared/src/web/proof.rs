//! A signed proof of what happened to an order, and its check, which needs nothing but the file.
//!
//! Steps are chained by SHA-256, the whole is signed with Ed25519 over the exact bytes before `,"signature"`. The private
//! key is derived (HKDF-SHA256) from a key of the `web` ring for this purpose alone and never stored.

use crate::tokens::{KeyRing, UnknownKey};
use data_encoding::{BASE64, HEXLOWER};
use ring::digest::{SHA256, digest};
use ring::hkdf;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

const SALT: &[u8] = b"waybill proof v1";
const PURPOSE: &[u8] = b"ed25519 signing key";
const ALGORITHM: &str = "Ed25519";
const MARK: &str = ",\"signature\":\"";

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When, in UTC.
    pub at: String,
    /// When, in the shop's zone.
    pub at_shop: String,
    /// What.
    pub what: String,
    /// TikTok's code, where this was an answer of it.
    pub code: Option<i64>,
    /// TikTok's words.
    pub message: Option<String>,
    /// TikTok's id of the call.
    pub request_id: Option<String>,
    /// SHA-256 over the hash before and this step, in hex.
    pub hash: String,
}

impl Step {
    fn hash_after(&self, before: &str) -> String {
        let parts = (before, &self.at, &self.at_shop, &self.what, self.code, &self.message, &self.request_id);
        // Texts and numbers always have a JSON form.
        sha256(&serde_json::to_vec(&parts).unwrap_or_default())
    }
}

/// A limit of the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockLine {
    /// Which.
    pub clock: String,
    /// By when.
    pub due: String,
    /// Who says so.
    pub source: String,
}

/// A link, or a note, that a person added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Added {
    /// When.
    pub at: String,
    /// `evidence` or `note`.
    pub what: String,
    /// The address or the words.
    pub text: String,
}

/// What the chain stands on: steps that are not kept any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Earlier {
    /// How many.
    pub steps: u64,
    /// Their hash, in hex.
    pub hash: String,
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyLine {
    /// Number and the head of the fingerprint.
    pub id: String,
    /// Number of the key of the `web` ring.
    pub number: u32,
    /// SHA-256 of the public key, in hex.
    pub fingerprint: String,
    /// `Ed25519`.
    pub algorithm: String,
    /// The public key, in base64.
    pub public: String,
}

/// A proof without its signature. The key stands last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// TikTok's order.
    pub order: String,
    /// The shop.
    pub shop: String,
    /// When the proof was made.
    pub made: String,
    /// TikTok's word of the order's state.
    pub tiktok_status: String,
    /// The numbers TikTok has.
    pub numbers: Vec<String>,
    /// What the chain of steps begins with.
    pub earlier: Earlier,
    /// What happened, oldest first.
    pub steps: Vec<Step>,
    /// The order's limits.
    pub clocks: Vec<ClockLine>,
    /// What people added.
    pub evidence: Vec<Added>,
    /// SHA-256 of the CSV file beside this one.
    pub csv_sha256: String,
    /// SHA-256 of the page beside this one.
    pub page_sha256: String,
    /// Where the public keys are to be compared.
    pub keys: String,
    /// Who signed.
    pub key: KeyLine,
}

/// A key that signs proofs.
#[derive(Debug)]
pub struct Signer {
    pair: Ed25519KeyPair,
    /// How proofs name it.
    pub line: KeyLine,
}

impl Signer {
    /// Derived from the ring's current key.
    ///
    /// # Errors
    /// [`UnknownKey`] never happens to a ring that was parsed.
    pub fn of(ring: &KeyRing) -> Result<Self, UnknownKey> {
        let (number, key) = ring.current()?;
        let broken = |_| UnknownKey(number);
        let mut seed = zeroize::Zeroizing::new([0; 32]);
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT);
        let derived = salt.extract(key);
        let okm = derived.expand(&[PURPOSE], hkdf::HKDF_SHA256).map_err(broken)?;
        okm.fill(&mut *seed).map_err(broken)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).map_err(|_| UnknownKey(number))?;
        let public = pair.public_key().as_ref();
        let fingerprint = sha256(public);
        let line = KeyLine {
            id: id_of(number, &fingerprint),
            number,
            fingerprint,
            algorithm: ALGORITHM.to_owned(),
            public: BASE64.encode(public),
        };
        Ok(Self { pair, line })
    }

    /// The proof as one line of ASCII, without a line end.
    ///
    /// # Errors
    /// When it has no JSON form: a bug.
    pub fn sign(&self, body: &Body) -> Result<String, serde_json::Error> {
        let mut text = ascii(&serde_json::to_string(&Body { key: self.line.clone(), ..body.clone() })?);
        // The brace that closes the object comes after the signature.
        text.pop();
        let signature = BASE64.encode(self.pair.sign(text.as_bytes()).as_ref());
        Ok(format!("{text}{MARK}{signature}\"}}"))
    }
}

fn id_of(number: u32, fingerprint: &str) -> String {
    format!("{number}-{}", fingerprint.get(..16).unwrap_or_default())
}

/// SHA-256 in hex.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

/// Outside of strings JSON is ASCII: every other letter may be written by its number.
fn ascii(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() && c != '\u{7f}' {
            plain.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                plain.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    plain
}

/// Chains steps after what came before them.
pub fn chain(earlier: &Earlier, steps: &mut [Step]) {
    let mut before = earlier.hash.clone();
    for step in steps {
        step.hash = step.hash_after(&before);
        before.clone_from(&step.hash);
    }
}

/// Why a proof is incomplete.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// No proof, or cut.
    #[error("this is no proof, or it was cut or changed: {0}")]
    Unreadable(String),
    /// A step was changed, added, moved or taken out.
    #[error("step {0} is broken: it, or one before it, was changed, moved or taken out")]
    Step(usize),
    /// The signature does not hold.
    #[error("the signature does not hold: something in the file was changed")]
    Signature,
    /// Signed by somebody else.
    #[error("it is signed by another key: {0}")]
    OtherKey(String),
}

/// Checks a proof: its steps, its signature, and, where one is given, its key by fingerprint (or its head, at least 16
/// signs).
///
/// # Errors
/// [`Broken`].
pub fn check(file: &[u8], fingerprint: Option<&str>) -> Result<Body, Broken> {
    let unreadable = |problem: &str| Broken::Unreadable(problem.to_owned());
    let text = std::str::from_utf8(file).map_err(|_| unreadable("it is no text"))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let (signed, rest) = text.rsplit_once(MARK).ok_or_else(|| unreadable("it has no signature"))?;
    let signature = rest.strip_suffix("\"}").ok_or_else(|| unreadable("it does not end as a proof does"))?;
    let signature = BASE64.decode(signature.as_bytes()).map_err(|_| Broken::Signature)?;
    let body: Body =
        serde_json::from_str(&format!("{signed}}}")).map_err(|error| Broken::Unreadable(error.to_string()))?;
    let mut before = body.earlier.hash.as_str();
    for (at, step) in body.steps.iter().enumerate() {
        if step.hash != step.hash_after(before) {
            return Err(Broken::Step(at + 1));
        }
        before = &step.hash;
    }
    let public = BASE64.decode(body.key.public.as_bytes()).map_err(|_| Broken::Signature)?;
    UnparsedPublicKey::new(&ED25519, &public).verify(signed.as_bytes(), &signature).map_err(|_| Broken::Signature)?;
    let own = sha256(&public);
    let named = own == body.key.fingerprint && body.key.id == id_of(body.key.number, &own);
    if !named || body.key.algorithm != ALGORITHM {
        return Err(Broken::Signature);
    }
    if let Some(wanted) = fingerprint {
        let plain: String = wanted.chars().filter(|c| !matches!(c, ':' | ' ')).flat_map(char::to_lowercase).collect();
        let wanted = plain.rsplit_once('-').map_or(plain.as_str(), |(_, head)| head);
        if wanted.len() < 16 || !own.starts_with(wanted) {
            return Err(Broken::OtherKey(own));
        }
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clock::Entropy;

    fn entropy(seed: u8) -> Entropy {
        Entropy::new(move |bytes| bytes.fill(seed))
    }

    fn proof() -> (Signer, String) {
        let signer = Signer::of(&KeyRing::generate(&entropy(5))).expect("a key");
        let earlier = Earlier { steps: 2, hash: "00".repeat(32) };
        let step = |what: &str| Step {
            at: "2026-11-21T09:00:00Z".into(),
            at_shop: "2026-11-21 04:00 America/New_York".into(),
            what: what.into(),
            code: Some(0),
            message: Some("Success é".into()),
            request_id: None,
            hash: String::new(),
        };
        let mut steps = vec![step("received"), step("TikTok took the number")];
        chain(&earlier, &mut steps);
        let body = Body {
            order: "576000000000000001".into(),
            shop: "7494049642642441621".into(),
            made: "2026-11-26T09:00:00Z".into(),
            tiktok_status: "IN_TRANSIT".into(),
            numbers: vec!["9400111".into()],
            earlier,
            steps,
            clocks: Vec::new(),
            evidence: Vec::new(),
            csv_sha256: sha256(b"csv"),
            page_sha256: sha256(b"page"),
            keys: "https://waybill.example/proof-keys".into(),
            key: signer.line.clone(),
        };
        let line = signer.sign(&body).expect("signed");
        (signer, line)
    }

    #[test]
    fn a_stranger_finds_every_changed_character() {
        let (signer, line) = proof();
        assert!(line.is_ascii());
        assert_eq!(
            check(format!("{line}\n").as_bytes(), Some(&signer.line.fingerprint)).map(|body| body.steps.len()),
            Ok(2)
        );
        for at in 0..line.len() {
            for with in [b'0', b'1', b' ', b'A', b'"'] {
                let mut changed = line.clone().into_bytes();
                if changed[at] != with {
                    changed[at] = with;
                    assert!(check(&changed, None).is_err(), "{at}: {}", line.get(at..at + 1).unwrap_or_default());
                }
            }
        }
    }

    #[test]
    fn the_first_broken_step_and_another_signer_are_named() {
        let (_, line) = proof();
        assert_eq!(check(line.replace("TikTok took", "TikTok lost").as_bytes(), None), Err(Broken::Step(2)));
        let other = Signer::of(&KeyRing::generate(&entropy(6))).expect("a key");
        assert!(matches!(check(line.as_bytes(), Some(&other.line.fingerprint)), Err(Broken::OtherKey(_))));
        assert_eq!(check(line.replace("IN_TRANSIT", "DELIVERED").as_bytes(), None), Err(Broken::Signature));
    }

    #[test]
    fn a_key_of_the_ring_always_signs_as_the_same_key_and_no_other() {
        let ring = KeyRing::generate(&entropy(5));
        let rotated = ring.rotated(&entropy(7));
        let of = |ring: &KeyRing| Signer::of(ring).expect("a key").line;
        assert_eq!(of(&ring), of(&ring));
        assert!(of(&ring) != of(&rotated) && of(&rotated).number == 2);
    }
}
