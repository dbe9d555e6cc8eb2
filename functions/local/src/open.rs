//! Opening the installation that a command line names. Only `init` and `demo` make one.

use crate::failure::Failure;
use crate::stack::{Options, Stack, TABLE, on_aws};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use waybill::app::App;
use waybill::config::FolderSettings;
use waybill::telemetry::{self, LevelFilter, Style};

/// Where the installation is.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// Folder of an installation on this machine.
    #[arg(long, global = true, value_name = "DIR", default_value = "./waybill-data")]
    pub data: PathBuf,
    /// A deployed stack instead, through the usual AWS settings.
    #[arg(long, global = true)]
    pub aws: bool,
    /// One JSON object a line instead of a table.
    #[arg(long, global = true)]
    pub json: bool,
}

/// An installation opened for one command.
pub struct Open {
    /// The app on it.
    pub app: Arc<App>,
    /// Where it is.
    pub place: Place,
    /// Another process has it open: `waybill serve`.
    pub served: bool,
    _stack: Option<Stack>,
}

/// Checks that a folder holds an installation: a mistyped folder must never read as "all is well".
///
/// # Errors
/// [`Failure`] with status 2 when it does not.
pub fn installed(folder: &Path) -> Result<(), Failure> {
    if folder.join(TABLE).is_file() {
        return Ok(());
    }
    let shown = folder.display();
    let elsewhere = if folder.is_dir() { "That folder holds none. " } else { "" };
    Err(Failure::usage(
        format!("no installation in {shown}"),
        format!("{elsewhere}Make one: waybill init --data {shown}; or give the folder of yours: --data DIR."),
    ))
}

/// The settings of the folder.
///
/// # Errors
/// When they are there and cannot be read.
pub fn settings(folder: &Path) -> Result<FolderSettings, Failure> {
    FolderSettings::read(folder).map_err(|e| {
        Failure::attention(
            format!("{}: {e}", folder.join("settings.json").display()),
            "Correct the file, or remove it and start waybill serve with its settings again.",
        )
    })
}

/// Opens the installation that the command line names.
///
/// # Errors
/// When there is none (2), or it cannot be opened.
pub async fn open(place: &Place) -> Result<Open, Failure> {
    if place.aws {
        return Ok(Open { app: on_aws(Style::Human).await?, place: place.clone(), served: true, _stack: None });
    }
    installed(&place.data)?;
    here(place).await
}

/// Makes the installation of a folder, or opens the one that is there.
///
/// # Errors
/// When it cannot be made.
pub async fn make(place: &Place) -> Result<Open, Failure> {
    if place.aws {
        return open(place).await;
    }
    here(place).await
}

async fn here(place: &Place) -> Result<Open, Failure> {
    let config = settings(&place.data)?.config().map_err(crate::stack::StackError::from)?;
    let options = Options::with(config, &place.data);
    // Commands speak for themselves; their logs are for trouble only.
    telemetry::init(LevelFilter::ERROR, Style::Human, options.clock.clone());
    let stack = Stack::start(options).await?;
    let (app, served) = (Arc::clone(&stack.app), stack.served);
    Ok(Open { app, place: place.clone(), served, _stack: Some(stack) })
}

/// What `waybill serve` runs with: the environment, then what the folder held, then the bound address. They are written
/// into the folder, so that every command on it speaks of the same address, mail server and hosts.
///
/// # Errors
/// When there is no installation (2), a setting is wrong, or the folder cannot be written.
pub fn serve_options(folder: &Path, bound: &str) -> Result<Options, Failure> {
    installed(folder)?;
    let saved = settings(folder)?.for_serve(bound);
    let config = saved.config().map_err(crate::stack::StackError::from)?;
    saved.write(folder)?;
    Ok(Options::with(config, folder))
}
