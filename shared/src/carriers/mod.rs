//! Which carrier a parcel goes with, and whether its number can be that carrier's: pure rules over carrier data.
//!
//! Three questions, kept apart: is this text a tracking number at all ([`field`], [`junk`]), which carrier is it
//! ([`names`] from the store's word, [`catalogue`] and [`shape`] from the number), and which of the shop's providers
//! is that carrier ([`providers`]). [`verdict`] decides between them; [`report`] is what commands print.
//!
//! The data is compiled in and read on first use. Nothing here reads a clock, a network or a setting.

mod bundled;
pub mod catalogue;
pub mod check;
mod claims;
mod countries;
pub mod field;
mod forms;
pub mod junk;
mod link;
mod name_index;
pub mod names;
mod pattern;
pub mod providers;
pub mod report;
mod report_name;
pub mod shape;
pub mod suggest;
mod text;
pub mod verdict;
mod vocabulary;
mod wording;

pub use bundled::{Listed, bundled_list, suggest_bundled};
pub use catalogue::{Approval, Approved, Carrier, Catalogue, Fit, market};
pub use field::{Number, Reading, Scope, Source};
pub use names::{How, Kind, NameAnswer, Service};
pub use providers::{
    ListChange, LiveList, Provider, Question, Resolution, Warning, Way, list_changes, name_key, resolve,
};
pub use report::{IdentifyLine, identify_in_shop, identify_line};
pub use report_name::{CarrierLine, carrier_line};
pub use suggest::Candidate;
pub use text::compact;
pub use verdict::{Action, Mismatch, Named, Verdict, Wishes};
