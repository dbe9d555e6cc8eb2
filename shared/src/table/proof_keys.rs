//! The public keys that signed proofs, kept for ever: a proof outlives the key that made it.

use super::codec::{Reader, Writer};
use super::error::TableError;
use super::{If, Table, keys};
use jiff::Timestamp;

/// A public key of proofs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofKey {
    /// Number of the key of the `web` ring that it was derived from.
    pub number: u32,
    /// SHA-256 of the public key, in hex.
    pub fingerprint: String,
    /// The public key, 32 bytes in base64.
    pub public: String,
    /// When it first signed.
    pub since: Timestamp,
}

impl Table {
    /// Keeps a public key, if it is not kept yet.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn proof_key_put(&self, proof: &ProofKey) -> Result<(), TableError> {
        let row = Writer::new(keys::proof_key(proof.number, &proof.fingerprint), "proof-key")
            .number("number", i128::from(proof.number))
            .text("fingerprint", &proof.fingerprint)
            .text("public", &proof.public)
            .time("since", proof.since);
        match self.put(row.done(), If::Absent).await {
            Err(TableError::Conflict) => Ok(()),
            other => other,
        }
    }

    /// Every public key that ever signed, by its number.
    ///
    /// # Errors
    /// [`TableError`].
    pub async fn proof_keys(&self) -> Result<Vec<ProofKey>, TableError> {
        let mut all = Vec::new();
        for item in self.rows(keys::PROOF_KEYS, "", false).await? {
            let row = Reader(&item);
            all.push(ProofKey {
                number: row.number("number")?,
                fingerprint: row.text("fingerprint")?,
                public: row.text("public")?,
                since: row.time("since")?,
            });
        }
        all.sort_by(|a, b| (a.number, &a.fingerprint).cmp(&(b.number, &b.fingerprint)));
        Ok(all)
    }
}
