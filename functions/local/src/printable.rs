//! Texts of stores and merchants on a terminal. What a tenant wrote must not move the operator's cursor, hide a line or
//! set a title, so controls and marks of direction are shown as what they are.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Whether a character does something to a terminal instead of being shown: controls (C0, C1, DEL), marks that change
/// the direction of text (Unicode Bidirectional Algorithm, UAX #9), line separators, invisible tags.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
        || matches!(c, '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

/// A text of one line for people.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false, |c, to| write!(to, "\\u{{{:x}}}", u32::from(c)))
}

fn escaped(
    text: &str,
    stays: impl Fn(char) -> bool,
    escape: impl Fn(char, &mut String) -> std::fmt::Result,
) -> Cow<'_, str> {
    if !text.chars().any(|c| acts(c) && !stays(c)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) && !stays(c) {
            // Writing to a String cannot fail.
            let _ = escape(c, &mut shown);
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// A writer to which only printable text passes, whoever writes. Line ends stay. In JSON, which has such characters
/// within texts only, they are written in JSON's own way.
#[derive(Debug)]
pub struct Printable<W> {
    to: W,
    json: bool,
}

impl<W: Write> Printable<W> {
    /// Writes to `to`.
    pub fn new(to: W, json: bool) -> Self {
        Self { to, json }
    }
}

impl<W: Write> Write for Printable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Texts are written whole by what formats them; other bytes are no text of ours.
        let text = String::from_utf8_lossy(bytes);
        let stays = |c| c == '\n';
        let shown = if self.json {
            let units = |c: char, to: &mut String| {
                c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(to, "\\u{unit:04x}"))
            };
            escaped(&text, stays, units)
        } else {
            escaped(&text, stays, |c, to| write!(to, "\\u{{{:x}}}", u32::from(c)))
        };
        self.to.write_all(shown.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_would_act_on_a_terminal_is_shown_as_what_it_is() {
        let forged = "\u{1b}]0;owned\u{7}\u{1b}[31mRED\u{202e}xtp.\u{9b}2J\r\nline";
        assert_eq!(printable(forged), "\\u{1b}]0;owned\\u{7}\\u{1b}[31mRED\\u{202e}xtp.\\u{9b}2J\\u{d}\\u{a}line");
        assert_eq!(printable("Österreichische Post 日本郵便 👍"), "Österreichische Post 日本郵便 👍");
        let mut out = Vec::new();
        let value = serde_json::json!({"carrier": forged, "tag": "\u{E0041}"});
        writeln!(Printable::new(&mut out, true), "{value}").expect("written");
        let text = String::from_utf8(out).expect("text");
        assert!(!text.trim_end_matches('\n').chars().any(acts), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("JSON"), value);
    }

    #[test]
    fn no_command_prints_what_a_tenant_wrote_as_it_stands() {
        use crate::commands::testing::Shared;
        use crate::commands::{Failure, Output};
        let carrier = "\u{1b}]0;owned\u{7}\u{202e}\nwaybill: all is well";
        for json in [false, true] {
            let out = Shared::default();
            let mut output = Output::to(json, out.clone());
            let row = serde_json::json!({"carrier": carrier, "list": [carrier]});
            let write = |output: &mut Output| -> Result<(), Failure> {
                output.table(&["carrier", "list"], std::slice::from_ref(&row), "")?;
                output.object(&row)?;
                output.say(carrier.replace('\n', ""))
            };
            write(&mut output).expect("written");
            let text = out.text();
            assert!(!text.chars().any(|c| acts(c) && c != '\n'), "{text:?}");
            assert!(!text.lines().any(|line| line.starts_with("waybill:")), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_acts_comes_through(text in "\\PC{0,20}[\\x00-\\x1f\\x7f-\\x9f\u{202a}-\u{202e}]{0,4}\\PC{0,20}") {
            let mut out = Vec::new();
            write!(Printable::new(&mut out, false), "{text}").expect("written");
            let shown = String::from_utf8(out).expect("text");
            prop_assert!(!shown.chars().any(|c| acts(c) && c != '\n'));
        }
    }
}
