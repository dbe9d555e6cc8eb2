//! One binary, one link step: the modules below are the tests.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "an expectation that fails is a test that fails")]

mod models;
mod connect;
mod console;
mod reminders;
mod budget;
mod crash;
mod sim;
mod architecture;
mod story;
mod template;
mod tiktok_client;
mod tiktok_webhooks;
