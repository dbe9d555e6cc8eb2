//! The story, told on loopback.

use crate::commands::{Failure, Output};

/// Tells it.
///
/// # Errors
/// When it cannot start.
pub async fn run(_exit: bool, _port: u16, _output: &mut Output) -> Result<bool, Failure> {
    Ok(false)
}
