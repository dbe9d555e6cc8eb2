//! What the tests share.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "an expectation that fails is a test that fails")]

pub mod captures;
pub mod lambda;
pub mod openapi;
pub mod oracle;
pub mod sim;
pub mod template;
pub mod world;
