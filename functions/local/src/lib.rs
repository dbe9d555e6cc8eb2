//! The program `waybill`: every function on loopback, the commands, and models of the outside world for demo and tests.

pub mod decode;
pub mod host;
pub mod model;
pub mod stack;
