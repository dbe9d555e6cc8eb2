//! What stores and TikTok tell us becomes rows: webhooks and polls in, kept once, worked on by the push.

pub mod adobe_keys;
pub mod csv;
pub mod keep;
pub mod notices;
pub mod poll;
pub mod replay;
pub mod store_webhook;
pub mod subscriptions;
pub mod tiktok_webhook;
pub mod wake;
