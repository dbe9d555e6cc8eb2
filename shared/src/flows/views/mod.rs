//! What people look at, read once for all of them: console pages, commands and mails show the same rows and the same
//! counts.

pub mod attention;
pub mod command;
pub mod explain;
pub mod held;
pub mod inspect;
pub mod order;
pub mod proof;
pub mod report;
pub mod standing;
pub mod timeline;
pub mod waiting;
