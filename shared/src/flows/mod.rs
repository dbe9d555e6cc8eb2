//! What the business does; the only room that composes adapters.

pub mod access;
pub mod adobe_keys;
pub mod authorise_store;
pub mod carrier;
pub mod carrier_lists;
pub mod carrier_names;
pub mod connect_shop;
pub mod connect_store;
pub mod connect_tiktok;
pub mod keep_news;
pub mod keep_subscriptions;
pub mod links;
pub mod login;
pub mod mail_feedback;
pub mod map_carrier;
pub mod poll_stores;
pub mod push_tracking;
pub mod receive_tiktok;
pub mod receive_webhook;
pub mod remind_reauthorisation;
pub mod remind_shop;
pub mod remove_shop;
pub mod store_access;
mod store_tokens;
pub mod tell;
pub mod tell_held;
