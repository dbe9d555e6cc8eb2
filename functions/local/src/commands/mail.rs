//! Mails as files, to look at.

use super::{Failure, Output};
use crate::output::Row;
use jiff::tz::TimeZone;
use serde::Serialize;
use std::path::Path;
use waybill::mail::{render, samples};

/// `waybill mail preview`: writes every mail with invented facts, as text and as HTML.
///
/// # Errors
/// The folder cannot be written.
pub fn preview(folder: &Path, output: &mut Output) -> Result<bool, Failure> {
    std::fs::create_dir_all(folder)?;
    let mut rows = Vec::new();
    for (name, letter) in samples::all() {
        let message =
            render(&letter).map_err(|e| Failure::attention(e.to_string(), "This is a fault of the program."))?;
        std::fs::write(folder.join(format!("{name}.html")), &message.html)?;
        std::fs::write(
            folder.join(format!("{name}.txt")),
            format!("Subject: {}\n\n{}", message.subject, message.text),
        )?;
        rows.push(MailRow { mail: name.to_owned(), subject: message.subject });
    }
    output.rows(&rows, "")?;
    Ok(false)
}

#[derive(Serialize)]
struct MailRow {
    mail: String,
    subject: String,
}

impl Row for MailRow {
    const HEAD: &'static [&'static str] = &["mail", "subject"];
    fn cells(&self, _: &TimeZone) -> Vec<String> {
        vec![self.mail.clone(), self.subject.clone()]
    }
}
