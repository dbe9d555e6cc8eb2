//! The deployed functions, told as stories. `tests/run` installs what they run in and starts this program:
//! `lambda-tests --binaries DIR --rie FILE --aws FILE --sam FILE --waybill FILE [STORY]`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test program reports to a person")]

mod deployed;
mod stories;

use anyhow::{Context as _, Result, bail};
use futures_util::FutureExt as _;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::ExitCode;
use waybill_tests::lambda::Tools;
use waybill_tests::lambda::town::Town;

fn arguments() -> Result<(Tools, Option<String>)> {
    let mut only = None;
    let mut paths = BTreeMap::new();
    let mut rest = std::env::args().skip(1);
    while let Some(argument) = rest.next() {
        match argument.strip_prefix("--") {
            Some(name) => {
                let path = rest.next().map(PathBuf::from).with_context(|| format!("{argument} wants a path"))?;
                paths.insert(name.to_owned(), path);
            }
            None => only = Some(argument),
        }
    }
    let mut path = |name: &str| paths.remove(name).with_context(|| format!("--{name} is missing"));
    let (binaries, rie, aws) = (path("binaries")?, path("rie")?, path("aws")?);
    let tools = Tools { binaries, rie, aws, sam: path("sam")?, waybill: path("waybill")? };
    if let Some(unknown) = paths.keys().next() {
        bail!("--{unknown} is unknown");
    }
    Ok((tools, only))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

async fn run() -> Result<bool> {
    let (tools, only) = arguments()?;
    let town = Town::build(&tools).await?;
    let (mut passed, mut failed) = (0, 0);
    println!("running the stories of the deployed functions");
    for (name, story) in stories::ALL {
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let ended = AssertUnwindSafe(story(&town)).catch_unwind().await;
        let problem = match ended {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(format!("{error:#}")),
            Err(_) => Some("it panicked".to_owned()),
        };
        match problem {
            None => {
                passed += 1;
                println!("test {name} ... ok");
            }
            Some(problem) => {
                failed += 1;
                println!("test {name} ... FAILED\n    {problem}");
            }
        }
    }
    println!("\ntest result: {passed} passed; {failed} failed;");
    Ok(failed == 0)
}
