//! What the tests share.

pub mod lambda;
pub mod openapi;
pub mod template;
pub mod world;
