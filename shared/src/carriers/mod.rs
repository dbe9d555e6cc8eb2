//! Which carrier a parcel goes with, and whether its number can be that carrier's: pure rules over carrier data.
//!
//! Three questions, kept apart: is this text a tracking number at all ([`field`], [`junk`]), which carrier is it
//! ([`names`] from the store's word, [`catalogue`] and [`shape`] from the number), and which of the shop's providers
//! is that carrier ([`providers`]). [`verdict`] decides between them; [`report`] is what commands print.
//!
//! The data is compiled in and read on first use. Nothing here reads a clock, a network or a setting.

mod bundled;
mod carrier;
pub mod catalogue;
pub mod check;
mod claims;
mod countries;
pub mod field;
mod forms;
pub mod junk;
mod likeness;
mod link;
mod name_index;
pub mod names;
mod not_a_number;
mod pattern;
mod provider;
pub mod providers;
pub mod report;
mod report_name;
pub mod shape;
pub mod suggest;
mod text;
pub mod verdict;
mod vocabulary;
mod web_domain;
mod wishes;
mod wording;

pub use bundled::{Listed, bundled_list, suggest_bundled};
pub use carrier::{Carrier, Fit, Listing};
pub use catalogue::{Approval, Approved, Catalogue, market};
pub use field::{Number, Reading, Scope, Source};
pub use names::{How, Kind, NameAnswer, Service};
pub use provider::Provider;
pub use providers::{ListChange, LiveList, Question, Resolution, Warning, Way, list_changes, name_key, resolve};
pub use report::{IdentifyLine, identify_in_shop, identify_line};
pub use report_name::{CarrierLine, carrier_line};
pub use suggest::Candidate;
pub use text::compact;
pub use verdict::{Action, Named, Verdict};
pub use wishes::{Mismatch, Wishes};
