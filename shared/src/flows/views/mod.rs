//! What people look at, read once for all of them: console pages, commands and mails show the same rows and the same
//! counts.

pub mod attention;
pub mod backfill;
pub mod command;
pub mod days;
pub mod deadlines;
pub mod explain;
pub mod fields;
pub mod held;
pub mod inspect;
pub mod mapping;
pub mod order;
pub mod orders;
pub mod proof;
pub mod report;
pub mod rows;
pub mod shop_now;
pub mod standing;
pub mod timeline;
pub mod waiting;
pub mod warning;
pub mod words;
