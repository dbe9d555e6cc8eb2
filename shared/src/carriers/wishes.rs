//! What the merchant's side wants where a number is in doubt.

use serde::{Deserialize, Serialize};

/// A shop's setting: what happens when a number does not look like its carrier's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mismatch {
    /// Send it and tell the merchant.
    Warn,
    /// Wait for the merchant.
    #[default]
    Hold,
}

/// The merchant's side of a decision.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// The shop's setting.
    pub mismatch: Mismatch,
    /// A person confirmed this number with this carrier: what would hold it only warns. Junk is never sent.
    pub confirmed: bool,
}
