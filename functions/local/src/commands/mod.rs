//! The commands. Each takes the app and a place to write to, and says whether something needs attention.

pub mod account;
pub mod carrier;
pub mod carriers;
pub mod deadlines;
pub mod identify;
pub mod look;
pub mod mail;
pub mod map;
pub mod orders;
pub mod serve;
pub mod setup;
pub mod shop;
pub mod store;
pub mod transfer;

use crate::decode::CapturedFile;
use crate::printable::{Printable, printable};
use crate::stack::{Options, Stack, StackError, on_aws};
use clap::Args;
use jiff::Timestamp;
use serde_json::Value;
use std::fmt;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use waybill::app::App;
use waybill::domain::ids::AccountId;
use waybill::domain::region::AppRegion;
use waybill::table::error::TableError;
use waybill::telemetry::{self, Style};

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

/// A command that could not do its work.
#[derive(Debug)]
pub struct Failure {
    message: String,
    next: Option<String>,
    status: u8,
}

impl Failure {
    /// Wrong use: exit status 2.
    pub fn usage(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self { message: message.into(), next: Some(next.into()), status: 2 }
    }

    /// Something needs attention: exit status 1.
    pub fn attention(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self { message: message.into(), next: Some(next.into()), status: 1 }
    }

    /// What to do next.
    #[must_use]
    pub fn next_step(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// The exit status.
    #[must_use]
    pub fn status(&self) -> u8 {
        self.status
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

macro_rules! failures {
    ($($error:ty => $next:literal),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::attention(error.to_string(), $next)
            }
        })*
    };
}

failures! {
    TableError => "Check that the table exists: waybill init.",
    std::io::Error => "Check the file and its rights.",
    waybill::tokens::SecretFault => "Store the app first: waybill app set.",
    waybill::tokens::StoreFault => "Check the secrets: waybill init.",
    waybill::flows::connect::shop::ConnectError => "Check the app credentials (waybill app set) and the token answer.",
    waybill::flows::connect::store::StoreAddError => "See waybill store add --help.",
    waybill::flows::carriers::map::MapError => "See waybill map list.",
    waybill::flows::carriers::lists::RefreshError => "Try again in a minute; waybill shop list shows whether the shop must be reconnected.",
    waybill::flows::access::shop::AccessError => "See waybill shop list.",
}

impl From<StackError> for Failure {
    fn from(error: StackError) -> Self {
        let next = error.next_step();
        Self::attention(error.to_string(), next)
    }
}

/// Where results go: a table for people, or one JSON object a line.
pub struct Output {
    json: bool,
    to: Box<dyn Write + Send>,
}

impl Output {
    /// Standard output.
    #[must_use]
    pub fn stdout(json: bool) -> Self {
        Self::to(json, std::io::stdout())
    }

    /// Any writer, for tests.
    pub fn to(json: bool, to: impl Write + Send + 'static) -> Self {
        // What stores and merchants wrote passes through here too.
        Self { json, to: Box::new(Printable::new(to, json)) }
    }

    /// Whether JSON was asked for.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// One line for people; nothing in JSON.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn say(&mut self, line: impl fmt::Display) -> Result<(), Failure> {
        if !self.json {
            writeln!(self.to, "{line}")?;
            self.to.flush()?;
        }
        Ok(())
    }

    /// One object: a JSON line, or `name: value` lines for people.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn object(&mut self, value: &Value) -> Result<(), Failure> {
        if self.json {
            writeln!(self.to, "{value}")?;
        } else if let Value::Object(members) = value {
            let width = members.keys().map(String::len).max().unwrap_or_default();
            for (name, value) in members {
                writeln!(self.to, "{:width$}  {}", name.replace('_', " "), shown(value))?;
            }
        }
        self.to.flush()?;
        Ok(())
    }

    /// One JSON line, whatever the form of the output.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn line(&mut self, value: &Value) -> Result<(), Failure> {
        writeln!(self.to, "{value}")?;
        self.to.flush()?;
        Ok(())
    }

    /// Rows: JSON lines, or a table. An empty table says so.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn table(&mut self, columns: &[&str], rows: &[Value], empty: &str) -> Result<(), Failure> {
        if self.json {
            for row in rows {
                writeln!(self.to, "{row}")?;
            }
        } else if rows.is_empty() {
            writeln!(self.to, "{empty}")?;
        } else {
            let cells: Vec<Vec<String>> =
                rows.iter().map(|row| columns.iter().map(|c| shown(&row[*c])).collect()).collect();
            let width = |i: usize| cells.iter().map(|row| row[i].chars().count()).chain([columns[i].len()]).max();
            let widths: Vec<usize> = (0..columns.len()).map(|i| width(i).unwrap_or_default()).collect();
            let line = |cells: &[String]| -> String {
                let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, w)| format!("{cell:w$}")).collect();
                padded.join("  ").trim_end().to_owned()
            };
            let head: Vec<String> = columns.iter().map(|c| c.replace('_', " ").to_uppercase()).collect();
            writeln!(self.to, "{}", line(&head))?;
            for row in &cells {
                writeln!(self.to, "{}", line(row))?;
            }
        }
        self.to.flush()?;
        Ok(())
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        // A line end would make a second line that looks like ours.
        Value::String(text) => printable(text).into_owned(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// An installation opened for one command.
pub struct Open {
    /// The app on it.
    pub app: Arc<App>,
    _stack: Option<Stack>,
}

/// Opens the installation that the command line names.
///
/// # Errors
/// When it cannot be opened.
pub async fn open(place: &Place) -> Result<Open, Failure> {
    if place.aws {
        return Ok(Open { app: on_aws(Style::Human).await?, _stack: None });
    }
    let options = Options::from_env(&place.data, "http://127.0.0.1:8787")?;
    telemetry::init(tracing_level(), Style::Human, options.clock.clone());
    let stack = Stack::start(options).await?;
    Ok(Open { app: Arc::clone(&stack.app), _stack: Some(stack) })
}

/// Commands speak for themselves; their logs are for trouble only.
fn tracing_level() -> waybill::telemetry::LevelFilter {
    waybill::telemetry::LevelFilter::ERROR
}

/// What a person pipes in.
///
/// # Errors
/// When standard input is empty or cannot be read.
pub fn standard_input(what: &str) -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    if text.trim().is_empty() {
        return Err(Failure::usage(
            format!("{what} is expected on standard input"),
            "Pipe it in; it is never taken from the command line.",
        ));
    }
    Ok(text)
}

/// One of our two apps.
///
/// # Errors
/// Wrong use.
pub fn app_region(word: &str) -> Result<AppRegion, Failure> {
    AppRegion::parse(word).ok_or_else(|| Failure::usage(format!("--region {word} is unknown"), "Use us or row."))
}

/// The account of a mail address.
///
/// # Errors
/// When there is none.
pub async fn account_of(app: &App, email: &str) -> Result<AccountId, Failure> {
    let found = app.table.account_of_email(email).await?;
    found.ok_or_else(|| {
        Failure::attention("there is no account with this mail address", "Make it: waybill account add.")
    })
}

/// `waybill decode`.
///
/// # Errors
/// When a file cannot be read.
pub fn decode(files: &[std::path::PathBuf], keys: Option<&Path>, output: &mut Output) -> Result<bool, Failure> {
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
    let keys = keys.map(std::fs::read).transpose()?;
    for line in crate::decode::decode(&captures, keys.as_deref()) {
        writeln!(output.to, "{line}")?;
    }
    Ok(false)
}

#[cfg(test)]
pub(crate) mod testing {
    //! A writer whose text a test can read afterwards.

    use std::io::Write;
    use std::sync::{Arc, Mutex};

    /// Collects what a command writes.
    #[derive(Clone, Default)]
    pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Shared {
        /// Everything written so far.
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("one thread").clone()).expect("UTF-8")
        }
    }

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("one thread").write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// The JSON lines written so far.
    pub(crate) fn lines(out: &Shared) -> Vec<serde_json::Value> {
        out.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}
