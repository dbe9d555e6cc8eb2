//! The program `waybill`: every function on loopback, the commands, and models of the outside world for demo and tests.

pub mod cli;
pub mod commands;
pub mod decode;
pub mod demo;
pub mod embedded;
pub mod failure;
pub mod host;
pub mod metrics;
pub mod open;
pub mod output;
pub mod printable;
pub mod private;
pub mod progress;
pub mod stack;
