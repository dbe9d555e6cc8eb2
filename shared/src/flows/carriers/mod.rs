//! The carrier of a parcel: the shop's list, its mappings, and the names that nobody has matched yet.

pub mod lists;
mod lost;
pub mod map;
pub mod match_parcel;
pub mod route;
pub mod unmatched;
