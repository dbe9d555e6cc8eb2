//! The functions as AWS runs them: the built binaries under Lambda's Runtime Interface Emulator, with DynamoDB and
//! Secrets Manager spoken over the wire to an emulator that is none of ours, behind a gate that knows each one's role.

pub mod cloud;
pub mod deployed;
pub mod event;
pub mod gate;
pub mod process;
pub mod town;

use std::net::TcpListener;

/// Programs from outside that `tests/run` installs, and where the binaries are.
#[derive(Clone, Debug)]
pub struct Tools {
    /// The folder with the functions' binaries.
    pub binaries: std::path::PathBuf,
    /// The Runtime Interface Emulator.
    pub rie: std::path::PathBuf,
    /// The AWS emulator.
    pub aws: std::path::PathBuf,
    /// The SAM CLI.
    pub sam: std::path::PathBuf,
    /// The `waybill` program.
    pub waybill: std::path::PathBuf,
}

/// A loopback port that is free now; programs that cannot be given port 0 take it a moment later.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}
