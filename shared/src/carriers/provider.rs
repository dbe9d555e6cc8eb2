//! One entry of a shop's live carrier list.

use crate::domain::ids::ProviderId;
use serde::{Deserialize, Serialize};

/// One entry of a shop's live list of shipping providers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provider {
    /// TikTok's id: differs by market.
    pub id: ProviderId,
    /// TikTok's name.
    pub name: String,
}
