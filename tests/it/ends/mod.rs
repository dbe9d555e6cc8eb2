//! How everyday worlds end, told from outside: signed deliveries in, both schedules, TikTok's model, and what a person sees
//! and types. One file for each group of kinds.

mod field;
mod holds;
mod numbers;
mod quiet;
mod shops;
mod stores;
mod tiktok;
mod trouble;
mod units;
mod withdrawn;

use waybill_tests::world::everyday::{parcel, with};

/// The TikTok orders of a world.
pub(crate) const ONE: &str = "576000000000000001";
/// Another one.
const TWO: &str = "576000000000000002";
