//! What the tests share.

pub mod openapi;
pub mod sim;
pub mod world;
