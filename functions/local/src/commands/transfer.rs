//! Moving an installation: from this machine to AWS and back, into a backup and out of it. One file, one form, which is
//! written and read line by line: memory does not grow with the rows.

mod import;

use super::{Failure, Output};
use data_encoding::HEXLOWER;
pub use import::import;
use jiff::Timestamp;
use ring::digest::{SHA256, digest as sha256};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, BufWriter};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use waybill::app::App;
use waybill::config::FolderSettings;

const VERSION: u64 = 1;
/// Who does not look at a terminal reads in a log that it goes on.
const TOLD_EVERY: u64 = 100_000;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    /// Tells what the file is; its value is the form's version.
    waybill_export: u64,
    table: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made: Option<Timestamp>,
    /// Absent in files of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Option<FolderSettings>,
    /// A last line says how many rows there are. Not so in files of earlier versions.
    #[serde(default)]
    ends: bool,
}

/// Any other line.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Secret { secret: String, text: String },
    Row { row: Value },
    End { end: u64 },
}

#[derive(Serialize)]
struct Exported<'a> {
    file: &'a str,
    rows: u64,
    secrets: bool,
}

/// `waybill export`.
///
/// # Errors
/// The file is there already, or table or secrets cannot be read.
pub async fn export(app: &App, file: &Path, secrets: bool, output: &mut Output) -> Result<bool, Failure> {
    let rows = write_all(app, file, secrets, None, output).await?;
    let shown = file.display().to_string();
    output.done(&Exported { file: &shown, rows, secrets }, format!("{rows} rows are in {shown}."))?;
    if secrets {
        output.say("The file opens every token: delete it when it has been imported.")?;
    }
    Ok(false)
}

/// Writes everything into a new file that only its owner may read; gives how many rows. It has its name when it is whole:
/// what a killed run left is written anew by the next one.
pub(super) async fn write_all(
    app: &App,
    file: &Path,
    secrets: bool,
    settings: Option<FolderSettings>,
    output: &mut Output,
) -> Result<u64, Failure> {
    let there = || named(file, &std::io::ErrorKind::AlreadyExists.into());
    if file.try_exists()? {
        return Err(there());
    }
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let made = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&part);
    let made = made.map_err(|e| named(file, &e))?;
    if flock(&made, FlockOperation::NonBlockingLockExclusive).is_err() {
        let message = format!("{} is being written by another command", part.display());
        return Err(Failure::attention(message, "Wait for it, or name another file."));
    }
    made.set_len(0)?;
    let mut to = BufWriter::new(made);
    let rows = match write_lines(app, &mut to, secrets, settings, output).await {
        Ok(rows) => rows,
        Err(failure) => {
            drop(std::fs::remove_file(&part));
            return Err(failure);
        }
    };
    let made = to.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    made.sync_all()?;
    if file.try_exists()? {
        return Err(there());
    }
    std::fs::rename(&part, file)?;
    Ok(rows)
}

async fn write_lines(
    app: &App,
    to: &mut impl std::io::Write,
    secrets: bool,
    settings: Option<FolderSettings>,
    output: &mut Output,
) -> Result<u64, Failure> {
    let head = Head {
        waybill_export: VERSION,
        table: app.table.name().to_owned(),
        made: Some(app.clock.now()),
        settings,
        ends: true,
    };
    writeln!(to, "{}", serde_json::to_string(&head).map_err(Failure::bug)?)?;
    if secrets {
        for (kind, name) in names(app) {
            let text = app.secrets.store().get(name, None).await?.text;
            writeln!(to, "{}", json!({"secret": kind, "text": secrecy::ExposeSecret::expose_secret(&text)}))?;
        }
    }
    let mut rows = 0_u64;
    output.progress().begin("rows are written", None);
    app.table
        .export(|row| {
            rows += 1;
            shown(rows, None, output)?;
            Ok::<_, Failure>(writeln!(to, "{}", json!({"row": row}))?)
        })
        .await?;
    writeln!(to, "{}", json!({"end": rows}))?;
    Ok(rows)
}

/// How far it is: at a terminal as it goes, else a line now and then.
fn shown(rows: u64, of: Option<u64>, output: &mut Output) -> Result<(), Failure> {
    output.progress().at(usize::try_from(rows).unwrap_or(usize::MAX));
    match of {
        _ if !rows.is_multiple_of(TOLD_EVERY) => Ok(()),
        Some(all) => output.say(format_args!("{rows} of {all} rows …")),
        None => output.say(format_args!("{rows} rows …")),
    }
}

/// An export or backup, read through once: it is whole before anything is done with it.
pub(super) struct Contents {
    file: PathBuf,
    head: Head,
    /// Tells this file from others: its first line, which says when it was made, and how many rows follow.
    mark: String,
    /// How many rows it holds.
    pub(super) rows: u64,
    /// It holds the keys.
    pub(super) has_secrets: bool,
    /// When it was made; unknown for files of earlier versions.
    pub(super) made: Option<Timestamp>,
}

impl Contents {
    /// Reads a file through.
    pub(super) fn read(file: &Path) -> Result<Self, Failure> {
        let mut lines = lines(file)?;
        let first = lines.next().and_then(Result::ok).unwrap_or_default();
        let head: Option<Head> = serde_json::from_str(&first).ok();
        let head = head.filter(|head| head.waybill_export == VERSION).ok_or_else(|| {
            Failure::usage(
                format!("{} is no export or backup of this version", file.display()),
                "Make one: waybill backup FILE, or waybill export FILE.",
            )
        })?;
        let (mut rows, mut secrets, mut end) = (0, 0, None);
        for (number, line) in lines.enumerate() {
            match read_line(number, line)? {
                Line::Secret { .. } => secrets += 1,
                Line::Row { .. } => rows += 1,
                Line::End { end: said } => end = Some(said),
            }
        }
        if head.ends && end != Some(rows) {
            return Err(broken(
                usize::try_from(rows).unwrap_or_default(),
                "the file is incomplete: its end is missing",
            ));
        }
        let mark = HEXLOWER.encode(sha256(&SHA256, format!("{first}\n{rows}").as_bytes()).as_ref());
        Ok(Self { file: file.to_owned(), made: head.made, head, mark, rows, has_secrets: secrets == 4 })
    }

    /// The settings it was made with.
    pub(super) fn settings(&self) -> Option<FolderSettings> {
        self.head.settings.clone()
    }

    /// Tells for each row whether the file holds exactly it. What is kept of a row are eight bytes.
    pub(super) fn known(&self) -> Result<Known, Failure> {
        let mut known = Vec::with_capacity(usize::try_from(self.rows).unwrap_or_default());
        for (number, line) in lines(&self.file)?.skip(1).enumerate() {
            if let Line::Row { row } = read_line(number, line)? {
                known.push(digest(&row));
            }
        }
        known.sort_unstable();
        Ok(Known(known))
    }
}

/// The rows of a file, as digests.
pub(super) struct Known(Vec<u64>);

impl Known {
    /// Whether this very row is in the file.
    pub(super) fn has(&self, row: &Value) -> bool {
        self.0.binary_search(&digest(row)).is_ok()
    }
}

fn lines(file: &Path) -> Result<impl Iterator<Item = std::io::Result<String>> + use<>, Failure> {
    Ok(BufReader::new(File::open(file).map_err(|e| named(file, &e))?).lines())
}

fn read_line(number: usize, line: std::io::Result<String>) -> Result<Line, Failure> {
    let line = line.map_err(|e| broken(number, &e.to_string()))?;
    // The parser's own words may cite a secret.
    serde_json::from_str(&line).map_err(|_| broken(number, "it is incomplete"))
}

/// Of a million rows compared with a million others, one in twenty million such comparisons takes two different rows for
/// the same.
fn digest(row: &Value) -> u64 {
    let digest = sha256(&SHA256, row.to_string().as_bytes());
    digest.as_ref().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Checks that a file is of a table of the same name: tokens open in no other.
pub(super) fn read_head(app: &App, contents: &Contents) -> Result<(), Failure> {
    let table = &contents.head.table;
    if table == app.table.name() {
        return Ok(());
    }
    let message = format!(
        "the file is of a table named {table}, this one is {}; tokens open in a table of the same name only",
        app.table.name()
    );
    Err(Failure::usage(message, format!("Set TABLE_NAME={table}.")))
}

/// The four secrets, by the words of an export.
fn names(app: &App) -> [(&'static str, &waybill::tokens::SecretName); 4] {
    let names = app.secrets.names();
    [("app", &names.app), ("kek/token", &names.token), ("kek/hook", &names.hook), ("web", &names.web)]
}

fn named(file: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(
        format!("{}: {error}", file.display()),
        "Name a file that can be written, and is not there yet; or an export to read.",
    )
}

fn broken(number: usize, problem: &str) -> Failure {
    let message = format!("line {}: {problem}", number + 2);
    Failure::attention(message, "Use a whole file. What was imported so far stays: the same command goes on behind it.")
}
