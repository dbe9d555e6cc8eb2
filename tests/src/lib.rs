//! What the tests share.

pub mod openapi;
pub mod template;
pub mod world;
