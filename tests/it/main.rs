//! One binary, one link step: the modules below are the tests.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "an expectation that fails is a test that fails")]

mod store_contract;
mod store_healing;
mod store_samples;
mod story;
mod tiktok_client;
