//! The program `waybill`: start-up only.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    waybill_local::cli::run(std::env::args_os()).await
}
