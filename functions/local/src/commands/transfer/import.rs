//! Reading an export into an installation. It may be killed at any moment and goes on where it stopped.

use super::super::{Failure, Output};
use super::{Contents, Line, broken, lines, names, read_head, read_line, shown};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Serialize;
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use waybill::app::App;
use waybill::table::error::TableError;
use waybill::table::transfer::TOGETHER;

/// Writes on their way at the same time.
const SIDE_BY_SIDE: usize = 8;
/// After so many rows it is written down how far it has come: more are looked at again after a crash.
const NOTED_EVERY: usize = 1_000;
/// A table that asks to slow down, or cannot be reached, is asked again so often, a second apart.
const PATIENCE: u32 = 60;

#[derive(Serialize)]
struct Imported {
    rows: u64,
    secrets: u64,
    /// Rows that an earlier run of the same command had imported.
    before: u64,
}

/// `waybill import`.
///
/// # Errors
/// The file is no export or of another table, or the installation is in use already.
pub async fn import(app: &App, file: &Path, output: &mut Output) -> Result<bool, Failure> {
    let contents = Contents::read(file)?;
    read_head(app, &contents)?;
    let before = match app.table.import_mark().await? {
        Some((mark, rows)) if mark == contents.mark => rows,
        Some(_) => {
            return Err(Failure::attention(
                "another file was being imported here and did not come to its end",
                "Import that file: it goes on where it stopped. Or import into a new installation.",
            ));
        }
        None if app.table.is_unused().await? => 0,
        None => {
            return Err(Failure::attention(
                "this installation holds rows already",
                "Import into a new one: nothing is merged or overwritten.",
            ));
        }
    };
    if before > 0 {
        output.say(format_args!("{before} of {} rows are here already: it goes on behind them.", contents.rows))?;
    }
    let secrets = contents.put_into(app, before, output).await?;
    let rows = contents.rows;
    output.done(&Imported { rows, secrets, before }, format!("{rows} rows are imported."))?;
    if secrets == 0 && rows > 0 {
        output.say("No secrets were in the file: tokens open only if this installation has the same keys.")?;
    }
    Ok(false)
}

impl Contents {
    /// Writes secrets and rows into an installation that holds none, or the first `before` rows of this file. Gives how
    /// many secrets.
    pub(in super::super) async fn put_into(&self, app: &App, before: u64, output: &mut Output) -> Result<u64, Failure> {
        let (mut rows, mut secrets) = (0_u64, 0_u64);
        let mut next: Vec<(usize, Value)> = Vec::with_capacity(NOTED_EVERY);
        app.table.import_mark_put(&self.mark, before).await?;
        // From here on the keys change: whoever goes on after a crash must get as far as this again.
        waybill::flows::access::key_marks::forget(app).await?;
        output.progress().begin("rows are imported", usize::try_from(self.rows).ok());
        for (number, line) in lines(&self.file)?.skip(1).enumerate() {
            match read_line(number, line)? {
                Line::Secret { secret, text } => {
                    let known = names(app).into_iter().find(|(known, _)| *known == secret);
                    let (_, name) = known.ok_or_else(|| broken(number, "an unknown secret"))?;
                    app.secrets.store().put(name, &text.into()).await?;
                    secrets += 1;
                }
                Line::Row { row } => {
                    rows += 1;
                    if rows > before {
                        next.push((number, row));
                    }
                    if next.len() == NOTED_EVERY {
                        put(app, &mut next).await?;
                        app.table.import_mark_put(&self.mark, rows).await?;
                    }
                    shown(rows, Some(self.rows), output)?;
                }
                Line::End { .. } => {}
            }
        }
        put(app, &mut next).await?;
        waybill::flows::access::key_marks::forget(app).await?;
        app.table.import_mark_delete().await?;
        Ok(secrets)
    }
}

/// Writes these rows, and leaves the list empty.
async fn put(app: &App, rows: &mut Vec<(usize, Value)>) -> Result<(), Failure> {
    let (numbers, rows): (Vec<usize>, Vec<Value>) = rows.drain(..).unzip();
    let parts = numbers.chunks(TOGETHER).zip(rows.chunks(TOGETHER));
    let parts: Vec<_> = parts.map(|(numbers, rows)| part(app, numbers, rows)).collect();
    stream::iter(parts).buffer_unordered(SIDE_BY_SIDE).try_collect::<()>().await
}

async fn part(app: &App, numbers: &[usize], rows: &[Value]) -> Result<(), Failure> {
    let mut tries = 0;
    loop {
        let Err((place, error)) = app.table.import(rows).await else { return Ok(()) };
        let number = numbers.get(place).copied().unwrap_or_default();
        match error {
            error if error.is_passing() && tries < PATIENCE => {
                tries += 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            TableError::Conflict => return Err(broken(number, "another row has its key here")),
            error => return Err(broken(number, &error.to_string())),
        }
    }
}
