//! `waybill serve` on one machine, tried as its people and its enemies use it, with the real program in a process of its
//! own and the model TikTok Shop beside it: `one-machine WAYBILL first-hour|siege|soak [MINUTES]`.
//!
//! `first-hour` follows the guide: init, connect, one number sent, backup, kill -9, restore. `siege` attacks one tenant
//! while another's deliveries go on, and prints how long those took. `soak` is ordinary load for a while.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test's own program"
)]

mod first_hour;
mod person;
mod place;
mod siege;
mod soak;

use std::path::PathBuf;
use std::time::Duration;

#[tokio::main]
async fn main() {
    let mut words = std::env::args().skip(1);
    let program = words.next().map(PathBuf::from).expect("the program's path");
    let what = words.next().unwrap_or_default();
    waybill::aws::install_crypto();
    place::raise_file_limit();
    match what.as_str() {
        "first-hour" => first_hour::play(program).await,
        "siege" => siege::play(program).await,
        "soak" => {
            let minutes = words.next().map_or(60, |text| text.parse().expect("minutes"));
            soak::play(program, Duration::from_secs(60 * minutes)).await;
        }
        _ => panic!("one-machine WAYBILL first-hour|siege|soak [MINUTES]"),
    }
}
