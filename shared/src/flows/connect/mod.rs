//! People connect shops and stores, sign in, and remove what they no longer want.

pub mod login;
pub mod member;
mod moved_in;
pub mod remove_shop;
pub mod shop;
pub mod shop_in_browser;
pub mod store;
pub mod store_in_browser;
pub mod store_secret;
