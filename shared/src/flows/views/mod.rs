//! What people look at, read once for all of them: console pages, commands and mails show the same rows and the same
//! counts.

pub mod attention;
pub mod backfill;
pub mod days;
pub mod deadlines;
pub mod inspect;
pub mod mapping;
pub mod orders;
pub mod report;
pub mod rows;
pub mod shop_now;
pub mod standing;
pub mod waiting;
