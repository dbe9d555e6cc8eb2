//! Moving an installation: from this machine to AWS and back, into a backup and out of it. One file, one form.

use super::{Failure, Output};
use jiff::Timestamp;
use ring::digest::{SHA256, digest as sha256};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, BufWriter};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use waybill::app::App;
use waybill::config::FolderSettings;

const VERSION: u64 = 1;
/// People see that it goes on.
const TOLD_EVERY: u64 = 10_000;

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
}

/// Any other line.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Secret { secret: String, text: String },
    Row { row: Value },
}

#[derive(Serialize)]
struct Exported<'a> {
    file: &'a str,
    rows: u64,
    secrets: bool,
}

#[derive(Serialize)]
struct Imported {
    rows: u64,
    secrets: u64,
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

/// Writes everything into a new file that only its owner may read; gives how many rows.
pub(super) async fn write_all(
    app: &App,
    file: &Path,
    secrets: bool,
    settings: Option<FolderSettings>,
    output: &mut Output,
) -> Result<u64, Failure> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut to = BufWriter::new(made.map_err(|e| named(file, &e))?);
    let written = write_lines(app, &mut to, secrets, settings, output).await;
    let rows = match written {
        Ok(rows) => rows,
        Err(failure) => {
            // Half a file must not pass for a whole one.
            drop(std::fs::remove_file(file));
            return Err(failure);
        }
    };
    to.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    Ok(rows)
}

async fn write_lines(
    app: &App,
    to: &mut impl std::io::Write,
    secrets: bool,
    settings: Option<FolderSettings>,
    output: &mut Output,
) -> Result<u64, Failure> {
    let head =
        Head { waybill_export: VERSION, table: app.table.name().to_owned(), made: Some(app.clock.now()), settings };
    writeln!(to, "{}", serde_json::to_string(&head).map_err(Failure::bug)?)?;
    if secrets {
        for (kind, name) in names(app) {
            let text = app.secrets.store().get(name, None).await?.text;
            writeln!(to, "{}", json!({"secret": kind, "text": secrecy::ExposeSecret::expose_secret(&text)}))?;
        }
    }
    let mut rows = 0_u64;
    app.table
        .export(|row| {
            rows += 1;
            if rows.is_multiple_of(TOLD_EVERY) {
                output.say(format_args!("{rows} rows …"))?;
            }
            Ok::<_, Failure>(writeln!(to, "{}", json!({"row": row}))?)
        })
        .await?;
    Ok(rows)
}

/// An export or backup, read through once: it is whole before anything is done with it.
pub(super) struct Contents {
    file: PathBuf,
    head: Head,
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
        let head: Option<Head> = lines.next().and_then(Result::ok).and_then(|line| serde_json::from_str(&line).ok());
        let head = head.filter(|head| head.waybill_export == VERSION).ok_or_else(|| {
            Failure::usage(
                format!("{} is no export or backup of this version", file.display()),
                "Make one: waybill backup FILE, or waybill export FILE.",
            )
        })?;
        let (mut rows, mut secrets) = (0, 0);
        for (number, line) in lines.enumerate() {
            match read_line(number, line)? {
                Line::Secret { .. } => secrets += 1,
                Line::Row { .. } => rows += 1,
            }
        }
        Ok(Self { file: file.to_owned(), made: head.made, head, rows, has_secrets: secrets == 4 })
    }

    /// The settings it was made with.
    pub(super) fn settings(&self) -> Option<FolderSettings> {
        self.head.settings.clone()
    }

    /// A digest of each row, by its key.
    pub(super) fn rows_by_key(&self) -> Result<HashMap<String, [u8; 32]>, Failure> {
        let mut known = HashMap::new();
        for (number, line) in lines(&self.file)?.skip(1).enumerate() {
            if let Line::Row { row } = read_line(number, line)? {
                known.insert(key_of(&row), digest(&row));
            }
        }
        Ok(known)
    }

    /// Writes rows and secrets into an installation that holds none.
    pub(super) async fn put_into(&self, app: &App, output: &mut Output) -> Result<(u64, u64), Failure> {
        let (mut rows, mut secrets) = (0_u64, 0_u64);
        for (number, line) in lines(&self.file)?.skip(1).enumerate() {
            match read_line(number, line)? {
                Line::Secret { secret, text } => {
                    let known = names(app).into_iter().find(|(known, _)| *known == secret);
                    let (_, name) = known.ok_or_else(|| broken(number, "an unknown secret"))?;
                    app.secrets.store().put(name, &text.into()).await?;
                    secrets += 1;
                }
                Line::Row { row } => {
                    app.table.import(&row).await.map_err(|e| broken(number, &e.to_string()))?;
                    rows += 1;
                    if rows.is_multiple_of(TOLD_EVERY) {
                        output.say(format_args!("{rows} of {} rows …", self.rows))?;
                    }
                }
            }
        }
        waybill::flows::access::key_marks::forget(app).await?;
        Ok((rows, secrets))
    }
}

fn lines(file: &Path) -> Result<impl Iterator<Item = std::io::Result<String>> + use<>, Failure> {
    Ok(BufReader::new(std::fs::File::open(file).map_err(|e| named(file, &e))?).lines())
}

fn read_line(number: usize, line: std::io::Result<String>) -> Result<Line, Failure> {
    let line = line.map_err(|e| broken(number, &e.to_string()))?;
    // The parser's own words may cite a secret.
    serde_json::from_str(&line).map_err(|_| broken(number, "it is incomplete"))
}

/// Partition and place of a row, as one text.
pub(super) fn key_of(row: &Value) -> String {
    format!("{}\u{0}{}", row["pk"]["S"].as_str().unwrap_or_default(), row["sk"]["S"].as_str().unwrap_or_default())
}

/// Tells whether two rows are the same.
pub(super) fn digest(row: &Value) -> [u8; 32] {
    let digest = sha256(&SHA256, row.to_string().as_bytes());
    digest.as_ref().try_into().unwrap_or_default()
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

/// `waybill import`.
///
/// # Errors
/// The file is no export or of another table, or the installation is in use already.
pub async fn import(app: &App, file: &Path, output: &mut Output) -> Result<bool, Failure> {
    let contents = Contents::read(file)?;
    read_head(app, &contents)?;
    if !app.table.is_unused().await? {
        return Err(Failure::attention(
            "this installation holds rows already",
            "Import into a new one: nothing is merged or overwritten.",
        ));
    }
    let (rows, secrets) = contents.put_into(app, output).await?;
    output.done(&Imported { rows, secrets }, format!("{rows} rows are imported."))?;
    if secrets == 0 && rows > 0 {
        output.say("No secrets were in the file: tokens open only if this installation has the same keys.")?;
    }
    Ok(false)
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
    Failure::attention(message, "Use a whole file; what was imported so far needs a new installation (waybill init).")
}
