//! What the tests share.

pub mod openapi;
pub mod world;
