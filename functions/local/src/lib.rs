//! The program `waybill` on one machine.

pub mod decode;
