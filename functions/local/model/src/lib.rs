//! The outside world in miniature: a model TikTok Shop and model stores, for the demo and the tests. Never deployed.
//!
//! The models are a **second opinion**. They share no signing and no parsing code with the client: what both get right,
//! two people read the same way in the documentation. Ids are plain text here, because that is how the outside speaks.
//!
//! A model is asked in process ([`tiktok::ModelTikTok::handle`]; no sockets, so it works under paused time) or over
//! HTTP ([`serve()`]). Time comes from a clock that is handed in, chance from a seed.

pub mod answer;
pub mod canary;
pub mod chance;
pub mod hmac;
pub mod serve;
pub mod stores;
pub mod tiktok;

pub use answer::ModelAnswer;
pub use serve::serve;
