//! Where notes and the public keys of proofs stand.

use super::rows::shop;
use super::{Key, key};
use crate::domain::ids::{ShopId, TikTokOrderId};
use jiff::Timestamp;

/// Something that a person added to an order.
#[must_use]
pub fn note(id: &ShopId, order: &TikTokOrderId, at: Timestamp) -> Key {
    key(shop(id), format!("{}{:013}", notes(order), at.as_millisecond()))
}

/// Prefix of an order's [`note`]s.
#[must_use]
pub fn notes(order: &TikTokOrderId) -> String {
    format!("NOTE#{}#", order.as_str())
}

/// Partition of the public keys of proofs. It moves with the installation: proofs outlive it.
pub const PROOF_KEYS: &str = "PROOF#keys";

/// A public key of proofs; a restored installation may have two of one number.
#[must_use]
pub fn proof_key(number: u32, fingerprint: &str) -> Key {
    let short: String = fingerprint.chars().take(16).collect();
    key(PROOF_KEYS.to_owned(), format!("KEY#{number:010}#{short}"))
}
