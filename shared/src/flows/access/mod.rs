//! Credentials for calls to TikTok and to stores, where they are kept and how they are renewed.

mod claims;
pub mod key_marks;
pub mod shop;
pub mod store;
mod store_tokens;
