//! `waybill completions SHELL`: what a shell needs to complete commands and options.

use super::{Failure, Output};
use clap::Command;
use clap_complete::Shell;

/// Writes the completions of a shell.
///
/// # Errors
/// When they cannot be written.
pub fn run(shell: Shell, mut grammar: Command, output: &mut Output) -> Result<bool, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut grammar, "waybill", &mut script);
    output.text(&String::from_utf8_lossy(&script))?;
    Ok(false)
}
