//! `waybill backup` and `waybill restore`: everything of a one-machine installation in one file, while it serves.

use super::transfer::{Contents, read_head, write_all};
use super::{Failure, Open, Output, open};
use crate::open::{Place, installed};
use crate::output::{local, plural, shell};
use crate::stack::{Claim, Options, Stack, TABLE};
use jiff::Timestamp;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};
use waybill::app::App;
use waybill::config::FolderSettings;

/// What a folder is restored in, before it takes the place of what is there.
const BESIDE: &str = "restoring";

#[derive(Serialize)]
struct Saved<'a> {
    file: &'a str,
    rows: u64,
    at: Timestamp,
}

/// `waybill backup`: table, keys, app credentials and settings.
///
/// # Errors
/// The file is there already, or something cannot be read.
pub async fn backup(open: &Open, file: &Path, output: &mut Output) -> Result<bool, Failure> {
    local_only(open)?;
    let at = open.app.clock.now();
    let settings = crate::open::settings(&open.place.data)?;
    let rows = write_all(&open.app, file, true, Some(settings), output).await?;
    let shown = file.display().to_string();
    let said = format!(
        "{} are in {shown}. It opens every token: keep it as you keep a password.",
        plural(usize::try_from(rows).unwrap_or(usize::MAX), "row and all keys", "rows and all keys")
    );
    output.done(&Saved { file: &shown, rows, at }, said)?;
    Ok(false)
}

fn local_only(open: &Open) -> Result<(), Failure> {
    if !open.place.aws {
        return Ok(());
    }
    Err(Failure::usage(
        "a stack in AWS is kept by AWS: point-in-time recovery of the table, versions of the secrets",
        "To move it into a file: waybill export FILE --with-secrets --aws.",
    ))
}

#[derive(Serialize)]
struct Loss {
    /// Rows that are here and not in the backup, or are newer here.
    lost: u64,
    rows_here: u64,
    rows_in_backup: u64,
    backup_made: Option<Timestamp>,
    restored: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept_in: Option<String>,
}

/// `waybill restore`: says what would be lost, and does it when nothing is, or when asked to.
///
/// # Errors
/// No installation (2), a `serve` that runs, or a file that is no backup.
pub async fn restore(place: &Place, file: &Path, yes: bool, output: &mut Output) -> Result<bool, Failure> {
    if place.aws {
        return Err(Failure::usage("restore is for one machine", "Into AWS: waybill import FILE --aws."));
    }
    installed(&place.data)?;
    let contents = Contents::read(file)?;
    if !contents.has_secrets {
        return Err(Failure::usage(
            format!("{} holds no keys, so its tokens would stay closed", file.display()),
            "Use a file that waybill backup wrote, or waybill export FILE --with-secrets.",
        ));
    }
    let mut loss = what_is_lost(place, &contents).await?;
    let made = loss.backup_made.map_or_else(|| "at an unknown time".to_owned(), |at| local(at, output.zone()));
    if loss.rows_here > 0 {
        output.say(format_args!(
            "The backup was made {made} and holds {}; here are {}. What would be lost: {}, and the keys of this folder.",
            plural(usize::try_from(loss.rows_in_backup).unwrap_or(usize::MAX), "row", "rows"),
            loss.rows_here,
            plural(usize::try_from(loss.lost).unwrap_or(usize::MAX), "row that is newer or only here", "rows that are newer or only here"),
        ))?;
    }
    if loss.rows_here > 0 && !yes {
        let again = format!(
            "waybill restore {} --data {} --yes",
            shell(&file.display().to_string()),
            shell(&place.data.display().to_string())
        );
        output.say(format_args!("Nothing is changed. To restore all the same: {again}"))?;
        if output.is_json() {
            output.line(&loss)?;
        }
        return Ok(true);
    }
    let Some(_claim) = Claim::take(&place.data)? else {
        return Err(Failure::attention(
            "waybill serve runs on this folder: restoring under it would lose what arrives meanwhile",
            "Stop it, then restore.",
        ));
    };
    output.say("Restoring …")?;
    let kept = replace(place, &contents, output).await?;
    loss.restored = true;
    loss.kept_in = Some(kept.display().to_string());
    let said = format!("Restored: {} rows. What was here before is kept in {}.", loss.rows_in_backup, kept.display());
    output.done(&loss, said)?;
    output.say("Each order is read again before anything is sent, so nothing goes out twice. Start waybill serve.")?;
    Ok(false)
}

/// Compares what is here with the backup.
async fn what_is_lost(place: &Place, contents: &Contents) -> Result<Loss, Failure> {
    let (mut here, mut lost) = (0, 0);
    // A folder whose table does not open any more has nothing left to lose.
    if let Ok(open) = open(place).await {
        let known = contents.known()?;
        open.app
            .table
            .export(|row| {
                here += 1;
                lost += u64::from(!known.has(&row));
                Ok::<_, Failure>(())
            })
            .await?;
    }
    Ok(Loss {
        lost,
        rows_here: here,
        rows_in_backup: contents.rows,
        backup_made: contents.made,
        restored: false,
        kept_in: None,
    })
}

/// Builds the restored installation beside the one that is there, then swaps both. What was there is kept: nothing that
/// a restore replaces is gone.
async fn replace(place: &Place, contents: &Contents, output: &mut Output) -> Result<PathBuf, Failure> {
    let beside = place.data.join(BESIDE);
    if beside.exists() {
        fs::remove_dir_all(&beside)?;
    }
    private(&beside)?;
    let saved = contents.settings().unwrap_or_default();
    {
        let config = saved.config().map_err(crate::stack::StackError::from)?;
        let stack = Stack::start(Options::with(config, &beside)).await?;
        fill(&stack.app, contents, output).await?;
    }
    let now = waybill::app::system_clock().now();
    let before = place.data.join(format!("before-restore-{}", now.strftime("%Y%m%dT%H%M%SZ")));
    private(&before)?;
    let old = crate::open::settings(&place.data).unwrap_or_default();
    for name in [TABLE.to_owned(), format!("{TABLE}-wal"), format!("{TABLE}-shm"), "secrets".to_owned()] {
        let (here, new) = (place.data.join(&name), beside.join(&name));
        if here.exists() {
            fs::rename(&here, before.join(&name))?;
        }
        if new.exists() {
            fs::rename(&new, &here)?;
        }
    }
    if old == FolderSettings::default() && saved != FolderSettings::default() {
        saved.write(&place.data)?;
    }
    fs::remove_dir_all(&beside)?;
    Ok(before)
}

async fn fill(app: &App, contents: &Contents, output: &mut Output) -> Result<(), Failure> {
    read_head(app, contents)?;
    contents.put_into(app, 0, output).await.map(drop)
}

fn private(folder: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt as _;
    Ok(fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?)
}
