//! What people look at, read once for all of them: console pages, commands and mails show the same rows and the same
//! counts.

pub mod attention;
pub mod inspect;
pub mod report;
pub mod standing;
pub mod waiting;
pub mod warning;
