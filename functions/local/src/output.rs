//! Where results go: tables and sentences for people, one JSON object a line for scripts. Rows are structs: their names
//! in JSON are a contract, their cells for people are not.

use crate::failure::Failure;
use crate::printable::{Printable, printable};
use crate::progress::Progress;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;
use std::fmt;
use std::io::Write;
pub use waybill::flows::views::command::shell;

/// One row of a command's answer.
pub trait Row: Serialize {
    /// What stands above the table.
    const HEAD: &'static [&'static str];

    /// One cell below each of [`Row::HEAD`], in a person's words and time.
    fn cells(&self, zone: &TimeZone) -> Vec<String>;
}

/// Where results go.
pub struct Output {
    json: bool,
    zone: TimeZone,
    progress: Progress,
    to: Box<dyn Write + Send>,
}

impl Output {
    /// Standard output, times in this machine's zone.
    #[must_use]
    pub fn stdout(json: bool) -> Self {
        let progress = Progress::on_terminal(json);
        Self { zone: TimeZone::system(), progress, ..Self::to(json, std::io::stdout()) }
    }

    /// Any writer, for tests; times in UTC.
    pub fn to(json: bool, to: impl Write + Send + 'static) -> Self {
        // What stores and merchants wrote passes through here too.
        Self { json, zone: TimeZone::UTC, progress: Progress::default(), to: Box::new(Printable::new(to, json)) }
    }

    /// How far something is that takes long; it is off the screen before the next line.
    #[must_use]
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Whether JSON was asked for.
    #[must_use]
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// The zone that people read times in.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    fn write(&mut self, line: &str) -> Result<(), Failure> {
        self.progress.clear();
        writeln!(self.to, "{line}").map_err(|e| Failure::output(&e))
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.to.flush().map_err(|e| Failure::output(&e))
    }

    /// One line for people; nothing in JSON. A line end within a text from outside makes no second line.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn say(&mut self, line: impl fmt::Display) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        self.write(&printable(&line.to_string()))?;
        self.flush()
    }

    /// What was done: an object for scripts, a sentence for people.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn done(&mut self, value: &impl Serialize, words: impl fmt::Display) -> Result<(), Failure> {
        if self.json { self.line(value) } else { self.say(words) }
    }

    /// Rows: JSON lines, or a table. An empty table says so.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn rows<T: Row>(&mut self, rows: &[T], empty: &str) -> Result<(), Failure> {
        if self.json {
            for row in rows {
                let line = json(row)?;
                self.write(&line)?;
            }
        } else if rows.is_empty() {
            self.write(empty)?;
        } else {
            let cells: Vec<Vec<String>> = rows.iter().map(|row| row.cells(&self.zone)).collect();
            self.aligned(T::HEAD, &cells)?;
        }
        self.flush()
    }

    /// One JSON line, whatever the form of the output.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn line(&mut self, value: &impl Serialize) -> Result<(), Failure> {
        let line = json(value)?;
        self.write(&line)?;
        self.flush()
    }

    /// Text as it is: it was made by us, for a program to read.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.progress.clear();
        self.to.write_all(text.as_bytes()).map_err(|e| Failure::output(&e))?;
        self.flush()
    }

    /// Names and values for people, one a line, the values below each other; nothing in JSON.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn facts(&mut self, facts: &[(&str, String)]) -> Result<(), Failure> {
        let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        for (name, value) in facts {
            self.say(format_args!("{name:width$}  {value}"))?;
        }
        Ok(())
    }

    /// One object: a JSON line, or `name: value` lines for people.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn object(&mut self, value: &Value) -> Result<(), Failure> {
        if self.json {
            return self.line(value);
        }
        if let Value::Object(members) = value {
            let width = members.keys().map(String::len).max().unwrap_or_default();
            for (name, value) in members {
                self.say(format_args!("{:width$}  {}", name.replace('_', " "), shown(value)))?;
            }
        }
        Ok(())
    }

    /// Rows that are JSON already: JSON lines, or a table of some of their members. An empty table says so.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn table(&mut self, columns: &[&str], rows: &[Value], empty: &str) -> Result<(), Failure> {
        if self.json {
            for row in rows {
                self.line(row)?;
            }
            return Ok(());
        }
        if rows.is_empty() {
            self.write(empty)?;
        } else {
            let cells: Vec<Vec<String>> =
                rows.iter().map(|row| columns.iter().map(|c| shown(&row[*c])).collect()).collect();
            self.aligned(columns, &cells)?;
        }
        self.flush()
    }

    fn aligned(&mut self, columns: &[&str], cells: &[Vec<String>]) -> Result<(), Failure> {
        let cells: Vec<Vec<String>> =
            cells.iter().map(|row| row.iter().map(|cell| printable(cell).into_owned()).collect()).collect();
        let width = |i: usize| {
            let widest = cells.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count()).max();
            widest.unwrap_or_default().max(columns[i].chars().count())
        };
        let widths: Vec<usize> = (0..columns.len()).map(width).collect();
        let line = |cells: &[String]| -> String {
            let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, w)| format!("{cell:w$}")).collect();
            padded.join("  ").trim_end().to_owned()
        };
        let head: Vec<String> = columns.iter().map(|c| c.replace('_', " ").to_uppercase()).collect();
        self.write(&line(&head))?;
        for row in &cells {
            self.write(&line(row))?;
        }
        Ok(())
    }
}

/// A moment as a person on this machine writes it, for example `Sat 21 Nov 2026, 10:04`.
#[must_use]
pub fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %-d %b %Y, %H:%M").to_string()
}

/// A span of time as people say it: the two largest units, for example `2 h 5 min` or `3 days`.
#[must_use]
pub fn span(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.duration_since(from).as_secs().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let one = |n: i64, unit: &str| if n == 1 { format!("1 {unit}") } else { format!("{n} {unit}s") };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => one(days, "day"),
        (days, hours, _) => format!("{} {hours} h", one(days, "day")),
    }
}

/// `1 parcel`, `2 parcels`.
#[must_use]
pub fn counted(n: usize, one: &str) -> String {
    plural(n, one, &format!("{one}s"))
}

/// `1 parcel waits`, `2 parcels wait`.
#[must_use]
pub fn plural(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(Failure::bug)
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

#[cfg(test)]
mod tests {
    use super::testing::{Shared, lines};
    use super::*;

    #[derive(Serialize)]
    struct Parcel {
        number: &'static str,
        since: Timestamp,
    }

    impl Row for Parcel {
        const HEAD: &'static [&'static str] = &["number", "since"];
        fn cells(&self, zone: &TimeZone) -> Vec<String> {
            vec![self.number.to_owned(), local(self.since, zone)]
        }
    }

    fn row(number: &'static str) -> Parcel {
        Parcel { number, since: "2026-11-21T09:04:05.123Z".parse().expect("time") }
    }

    #[test]
    fn people_read_words_and_scripts_the_names_of_the_contract() {
        let out = Shared::default();
        Output::to(false, out.clone()).rows(&[row("1Z99")], "none").expect("written");
        assert_eq!(out.text(), "NUMBER  SINCE\n1Z99    Sat 21 Nov 2026, 09:04\n");
        let out = Shared::default();
        Output::to(true, out.clone()).rows(&[row("1Z99")], "none").expect("written");
        assert_eq!(lines(&out)[0]["since"], "2026-11-21T09:04:05.123Z");
    }

    #[test]
    fn a_carrier_name_can_neither_move_the_cursor_nor_make_a_line_of_its_own() {
        let hostile = "\u{1b}[2JVan\u{9b}31m\u{202e}\u{7f}\nok    all is well";
        let out = Shared::default();
        Output::to(false, out.clone()).rows(&[row(hostile)], "").expect("written");
        assert!(!out.text().contains('\u{1b}') && out.text().lines().count() == 2, "{:?}", out.text());
        let out = Shared::default();
        Output::to(true, out.clone()).rows(&[row(hostile)], "").expect("written");
        assert_eq!(lines(&out)[0]["number"], hostile, "a script reads it as it was");
    }

    #[test]
    fn a_reader_that_went_away_is_no_error() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let failure = Output::to(true, Closed).rows(&[row("1")], "").expect_err("nobody reads");
        assert_eq!(failure.status(), 0);
    }

    #[test]
    fn a_printed_command_can_be_pasted_into_a_shell() {
        for (word, pasted) in [
            ("SO-1042-1", "SO-1042-1"),
            ("Our van", "'Our van'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("-x", "'-x'"),
            ("#1042", "'#1042'"),
        ] {
            assert_eq!(shell(word), pasted);
        }
    }

    #[test]
    fn spans_read_as_people_say_them() {
        let from: Timestamp = "2026-11-21T09:00:00Z".parse().expect("time");
        for (seconds, words) in
            [(5, "5 s"), (300, "5 min"), (7_500, "2 h 5 min"), (86_400, "1 day"), (266_400, "3 days 2 h")]
        {
            assert_eq!(span(from, from + jiff::SignedDuration::from_secs(seconds)), words);
        }
    }
}
