//! What pages and mails need beside their words: signed links, cookies, form tokens, headers. Pure; no I/O.

pub mod cookie;
pub mod csv;
pub mod form;
pub mod headers;
pub mod link;
pub mod multipart;
pub mod proof;
