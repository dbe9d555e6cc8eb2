//! Moving an installation: from this machine to AWS, and back.

use super::{Failure, Output};
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use waybill::app::App;

/// The first line's member that tells what the file is; its value is the form's version.
const FORM: &str = "waybill_export";
const VERSION: u64 = 1;
/// People see that it goes on.
const TOLD_EVERY: u64 = 10_000;

/// `waybill export`.
///
/// # Errors
/// The file is there already, or table or secrets cannot be read.
pub async fn export(app: &App, file: &Path, secrets: bool, output: &mut Output) -> Result<bool, Failure> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let mut to = BufWriter::new(made.map_err(|e| named(file, &e))?);
    writeln!(to, "{}", json!({FORM: VERSION, "table": app.table.name()}))?;
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
    to.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    output.object(&json!({"file": file.display().to_string(), "rows": rows, "secrets": secrets}))?;
    if secrets {
        output.say("The file opens every token: delete it when it has been imported.")?;
    }
    Ok(false)
}

/// `waybill import`.
///
/// # Errors
/// The file is no export or of another table, or the installation is in use already.
pub async fn import(app: &App, file: &Path, output: &mut Output) -> Result<bool, Failure> {
    let from = BufReader::new(std::fs::File::open(file).map_err(|e| named(file, &e))?);
    let mut lines = from.lines();
    let head: Value = lines.next().transpose()?.and_then(|line| serde_json::from_str(&line).ok()).unwrap_or_default();
    if head[FORM].as_u64() != Some(VERSION) {
        return Err(Failure::usage(
            format!("{} is no export of this version", file.display()),
            "Make it: waybill export FILE.",
        ));
    }
    let table = head["table"].as_str().unwrap_or_default();
    if table != app.table.name() {
        let message = format!(
            "the export is of a table named {table}, this one is {}; tokens open in a table of the same name only",
            app.table.name()
        );
        return Err(Failure::usage(message, format!("Set TABLE_NAME={table}.")));
    }
    if !app.table.is_unused().await? {
        return Err(Failure::attention(
            "this installation holds rows already",
            "Import into a new one: nothing is merged or overwritten.",
        ));
    }
    let (mut rows, mut secrets) = (0_u64, 0_u64);
    for (number, line) in lines.enumerate() {
        let line: Value = serde_json::from_str(&line?).map_err(|e| broken(number, &e.to_string()))?;
        if let (Some(kind), Some(text)) = (line["secret"].as_str(), line["text"].as_str()) {
            let known = names(app).into_iter().find(|(known, _)| *known == kind);
            let (_, name) = known.ok_or_else(|| broken(number, "an unknown secret"))?;
            app.secrets.store().put(name, &text.into()).await?;
            secrets += 1;
        } else {
            app.table.import(&line["row"]).await.map_err(|e| broken(number, &e.to_string()))?;
            rows += 1;
            if rows.is_multiple_of(TOLD_EVERY) {
                output.say(format_args!("{rows} rows …"))?;
            }
        }
    }
    waybill::flows::access::key_marks::forget(app).await?;
    output.object(&json!({"rows": rows, "secrets": secrets}))?;
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
    Failure::attention(
        message,
        "What was imported so far stays: start again with a new installation and a whole export.",
    )
}
