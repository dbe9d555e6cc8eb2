//! `waybill decode`: what captured store deliveries say, with no effect.

use super::{Failure, Output};
use crate::decode::{CapturedFile, decode};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

/// Prints one JSON object for each thing that the captures say.
///
/// # Errors
/// When a file cannot be read, or holds no captured delivery; the others are printed all the same.
pub fn run(files: &[PathBuf], keys: Option<&Path>, output: &mut Output) -> Result<bool, Failure> {
    let mut captures = Vec::new();
    for file in files {
        let named = |e: std::io::Error| {
            Failure::usage(format!("{}: {e}", file.display()), "Name files in the form of the captured deliveries.")
        };
        let bytes = std::fs::read(file).map_err(named)?;
        let modified = std::fs::metadata(file).and_then(|about| about.modified()).map_err(named)?;
        let modified = Timestamp::try_from(modified).unwrap_or(Timestamp::UNIX_EPOCH);
        captures.push((file.display().to_string(), bytes, modified));
    }
    let captures: Vec<CapturedFile<'_>> =
        captures.iter().map(|(name, bytes, modified)| CapturedFile { name, bytes, modified: *modified }).collect();
    let keys = keys
        .map(std::fs::read)
        .transpose()
        .map_err(|e| Failure::usage(format!("--keys: {e}"), "Name a file of Adobe's public keys."))?;
    let mut strange = 0;
    for line in decode(&captures, keys.as_deref()) {
        strange += usize::from(line["action"] == "error");
        output.line(&line)?;
    }
    match strange {
        0 => Ok(false),
        n => Err(Failure::usage(
            format!("{n} of {} files hold no captured delivery", files.len()),
            "Give files in the form of the captured deliveries.",
        )),
    }
}
